/* SPDX-License-Identifier: MIT */
#include "lib/pool/start.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "lib/pool/proof.h"

/* More tries of the request: after an outage, and when throttled. */
#define RETRIES_OUTAGE   2
#define RETRIES_THROTTLE 4
/* Waits before them: random up to this, doubled each time, milliseconds. */
#define BACKOFF_MS 500

/* 0..max_ms, evenly: spreads a fleet's retries. */
static int64_t
jitter_ms(int64_t max_ms)
{
    uint32_t random = 0;

    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return max_ms;
    return (int64_t)(random % (uint64_t)(max_ms + 1));
}

/* How often a request that ended so is worth another try. A refusal of the
 * user never is: it would count against him. */
static int
retries_for(enum cog_refusal refusal, enum cog_errc code)
{
    if (refusal == COG_REFUSAL_THROTTLED)
        return RETRIES_THROTTLE;
    return code == COG_E_NET || code == COG_E_UNREACHABLE ? RETRIES_OUTAGE : 0;
}

static int
initiate(struct cog_run *run, const struct cog_api_start *start,
         struct cog_err *err)
{
    for (int tries = 0;; tries++) {
        struct cog_err why = COG_ERR_INIT;
        struct cog_err tired = COG_ERR_INIT;

        if (cog_api_start(run->flow->api, start, run->reply,
                          &run->facts->refused, &why) == 0)
            return 0;
        if (run->facts->refused.kind != COG_REFUSAL_NONE)
            run->facts->answered = true;
        if (tries >= retries_for(run->facts->refused.kind, why.code) ||
            run->env->transport.pause == NULL ||
            run->env->transport.pause(run->env->transport.ctx,
                                      jitter_ms((int64_t)BACKOFF_MS << tries),
                                      &tired) < 0)
            return cog_fail(err, why.code, "%s", why.msg);
    }
}

/* The factor a user who may choose has chosen: in a menu, or by typing a
 * password. NULL: none yet. */
static const char *
preferred(const struct cog_run *run)
{
    if (run->flow->kind != COG_API_CHOICE || run->preferred != NULL ||
        run->undecided || run->password.len == 0)
        return run->preferred;
    return run->flow->srp == NULL ? "PASSWORD" : "PASSWORD_SRP";
}

static bool
is(const char *factor, const char *name)
{
    return factor != NULL && strcmp(factor, name) == 0;
}

/*
 * What the reply says of a password that was sent as it is. With the choice
 * only preferred, the pool may pose another first factor instead. An EMAIL_OTP
 * may be either, unless the password was among what the pool had offered.
 */
static int
judge_password(struct cog_run *run, const struct cog_api_start *start,
               struct cog_err *err)
{
    if (start->password == NULL || cog_run_asks_first(run->reply->challenge))
        return 0;
    run->unclear = start->flow == COG_API_CHOICE && run->preferred == NULL &&
                   is(run->reply->challenge, "EMAIL_OTP");
    return run->unclear ? 0 : cog_run_prove_password(run, err);
}

static void
forget_session(struct cog_run *run)
{
    cog_api_clear(run->reply);
    memcpy(run->username, run->flow->username, strlen(run->flow->username) + 1);
    cog_secret_clear(&run->facts->password);
    run->facts->method = "";
    run->facts->mfa = "";
    run->proven = false;
    run->unclear = false;
    run->rounds = 0;
    run->sent_before = run->sent;
    run->sent = false;
}

int
cog_start_run(struct cog_run *run, struct cog_err *err)
{
    const enum cog_api_flow kind = run->flow->kind;
    const char *factor = preferred(run);
    struct cog_api_start start = {
        .flow = kind,
        .username = run->flow->username,
        .preferred = factor,
    };

    forget_session(run);
    if (kind == COG_API_PASSWORD || is(factor, "PASSWORD"))
        start.password = &run->password;
    if ((kind == COG_API_SRP || kind == COG_API_CUSTOM ||
         is(factor, "PASSWORD_SRP")) &&
        cog_proof_offer(run, &start.srp_a, err) < 0)
        return -1;
    if (kind != COG_API_CHOICE && run->device != NULL)
        start.device_key = cog_secret_str(&run->device->key);
    if (initiate(run, &start, err) < 0)
        return -1;
    run->begun = true;
    run->facts->answered = true;
    cog_run_keep_offer(run);
    return judge_password(run, &start, err);
}
