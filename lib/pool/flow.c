/* SPDX-License-Identifier: MIT */
#include "lib/pool/flow.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "lib/core/name.h"
#include "lib/net/json.h"
#include "lib/pool/timestamp.h"

/* Replies to one sign-in, so that a pool (or somebody in its place) that
 * poses challenges for ever comes to an end. The longest chain has six. */
#define ROUNDS_MAX 10
/* A wrong code or a refused new password is asked for again this often. */
#define REASKS_MAX 3
/* More tries of the first request: after an outage, and when throttled. */
#define RETRIES_OUTAGE   2
#define RETRIES_THROTTLE 4
/* Waits before them: random up to this, doubled each time, milliseconds. */
#define BACKOFF_MS 500
/* Longest answer to a question, in bytes (Linux-PAM's limit is 511). */
#define ANSWER_MAX 511

/* The flow in progress. */
struct run {
    const struct cog_env *env;
    const struct cog_flow *flow;
    struct cog_api_reply *reply; /* the last one */
    struct cog_flow_facts *facts;
    /* Who answers challenges: see "Which username" in api.h's answer. */
    char username[COG_NAME_POOL_BYTES];
};

/* 0..max_ms, evenly: spreads a fleet's retries. */
static int64_t
jitter_ms(int64_t max_ms)
{
    uint32_t random = 0;

    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return max_ms;
    return (int64_t)(random % (uint64_t)(max_ms + 1));
}

/* How often a first request that ended so is worth another try. A refusal of
 * the user never is: it would count against him. */
static int
retries_for(enum cog_refusal refusal, enum cog_errc code)
{
    if (refusal == COG_REFUSAL_THROTTLED)
        return RETRIES_THROTTLE;
    return code == COG_E_NET ? RETRIES_OUTAGE : 0;
}

/* The first request: nothing of it is used up by a failure. */
static int
initiate_once(struct run *run, struct cog_err *err)
{
    const struct cog_flow *f = run->flow;

    if (f->srp == NULL) {
        return cog_api_start_password(f->api, f->username, f->password,
                                      run->reply, &run->facts->refusal, err);
    }
    return cog_api_start_srp(f->api, f->username, cog_srp_public(f->srp),
                             run->reply, &run->facts->refusal, err);
}

static int
initiate(struct run *run, struct cog_err *err)
{
    for (int tries = 0;; tries++) {
        struct cog_err why = COG_ERR_INIT;
        struct cog_err tired = COG_ERR_INIT;

        if (initiate_once(run, &why) == 0)
            return 0;
        if (tries >= retries_for(run->facts->refusal, why.code) ||
            run->env->transport.pause == NULL ||
            run->env->transport.pause(run->env->transport.ctx,
                                      jitter_ms((int64_t)BACKOFF_MS << tries),
                                      &tired) < 0)
            return cog_fail(err, why.code, "%s", why.msg);
    }
}

/* Answer the challenge at hand; its reply takes the old one's place. On
 * failure the challenge stays, so a question can be put again. */
static int
respond(struct run *run, const struct cog_api_field *fields, size_t count,
        struct cog_err *err)
{
    struct cog_api_reply next = COG_API_REPLY_INIT;
    const struct cog_api_answer answer = {
        .challenge = run->reply->challenge,
        .username = run->username,
        .session = &run->reply->session,
        .fields = fields,
        .count = count,
        .proven = run->facts->proven,
    };

    if (cog_api_respond(run->flow->api, &answer, &next, &run->facts->refusal,
                        err) < 0)
        return -1;
    cog_api_clear(run->reply);
    *run->reply = next;
    return 0;
}

static int
ask(struct run *run, bool echo, enum cog_text text, struct cog_secret *answer,
    struct cog_err *err)
{
    const struct cog_question question = {.echo = echo, .text = text};

    return run->env->ui.ask(run->env->ui.ctx, &question, answer, err);
}

/* PASSWORD_VERIFIER: the proof that we know the password. */
static int
answer_password_verifier(struct run *run, struct cog_err *err)
{
    const struct cog_clock *clock = &run->env->clock;
    const struct cog_srp_challenge challenge = {
        .pool_name = run->flow->pool_name,
        .user_id = cog_api_parameter(run->reply, "USER_ID_FOR_SRP"),
        .password = run->flow->password,
        .salt = cog_api_parameter(run->reply, "SALT"),
        .b = cog_api_parameter(run->reply, "SRP_B"),
        .secret_block = cog_api_parameter(run->reply, "SECRET_BLOCK"),
    };
    struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    char timestamp[COG_TIMESTAMP_BYTES];
    int rc = -1;

    if (run->flow->srp == NULL) {
        return cog_fail(err, COG_E_PROTOCOL,
                        "the pool wants an SRP proof nobody offered");
    }
    if (cog_timestamp_format(clock->unix_s(clock->ctx), timestamp, err) < 0 ||
        cog_srp_sign(run->flow->srp, &challenge, timestamp, &signature, err) <
            0)
        goto out;
    {
        const struct cog_api_field fields[] = {
            {"PASSWORD_CLAIM_SIGNATURE", cog_secret_str(&signature)},
            {"PASSWORD_CLAIM_SECRET_BLOCK", challenge.secret_block},
            {"TIMESTAMP", timestamp},
        };

        if (respond(run, fields, COG_COUNT(fields), err) < 0)
            goto out;
    }
    run->facts->proven = true;
    rc = 0;

out:
    cog_secret_clear(&signature);
    return rc;
}

/* Worth sending. The next sign-in would refuse a new password that has control
 * characters, and lock its owner out. */
static bool
usable(const struct cog_secret *answer)
{
    return answer->len > 0 &&
           cog_name_typed_valid(cog_secret_str(answer), answer->len);
}

/* A code without the blanks people put into it. */
static int
without_blanks(const struct cog_secret *typed, struct cog_secret *ret,
               struct cog_err *err)
{
    const char *p = cog_secret_str(typed);

    while (*p != '\0') {
        const size_t len = strcspn(p, " \t");

        if (cog_secret_append(ret, p, len, err) < 0)
            return -1;
        p += len + strspn(p + len, " \t");
    }
    return 0;
}

/* Ask for a code and send it. *ret_again: it was wrong but another will do;
 * *text is then what to ask with. Codes have any length: e-mail ones have had
 * 6 and 8 digits. */
static int
try_totp(struct run *run, enum cog_text *text, bool *ret_again,
         struct cog_err *err)
{
    struct cog_secret typed = COG_SECRET_INIT(ANSWER_MAX);
    struct cog_secret code = COG_SECRET_INIT(ANSWER_MAX);
    int rc = -1;

    *ret_again = false;
    if (ask(run, true, *text, &typed, err) < 0 ||
        without_blanks(&typed, &code, err) < 0)
        goto out;
    if (!usable(&code)) {
        *ret_again = true;
        *text = COG_TEXT_TOTP_WRONG;
        cog_fail(err, COG_E_DENIED, "no usable authenticator code was given");
        goto out;
    }
    {
        const struct cog_api_field field = {"SOFTWARE_TOKEN_MFA_CODE",
                                            cog_secret_str(&code)};

        rc = respond(run, &field, 1, err);
    }
    *ret_again = rc < 0 && (run->facts->refusal == COG_REFUSAL_CODE_WRONG ||
                            run->facts->refusal == COG_REFUSAL_CODE_OVER);
    *text = run->facts->refusal == COG_REFUSAL_CODE_OVER ? COG_TEXT_TOTP_USED
                                                         : COG_TEXT_TOTP_WRONG;

out:
    cog_secret_clear(&typed);
    cog_secret_clear(&code);
    return rc;
}

/* Asked with echo: sshd's password method would answer an echo-off question
 * with the password, and the wrong code would count. */
static int
answer_totp(struct run *run, struct cog_err *err)
{
    enum cog_text text = COG_TEXT_TOTP;

    for (int reasks = 0;; reasks++) {
        struct cog_err why = COG_ERR_INIT;
        bool again = false;

        if (try_totp(run, &text, &again, &why) == 0) {
            run->facts->mfa = "totp";
            return 0;
        }
        if (!again || reasks == REASKS_MAX)
            return cog_fail(err, why.code, "%s", why.msg);
    }
}

/* Ask twice for a new password. *text changes to why it must be asked for
 * once more (return 0 with an empty `ret`). */
static int
ask_new_password(struct run *run, enum cog_text *text, struct cog_secret *ret,
                 struct cog_err *err)
{
    struct cog_secret again = COG_SECRET_INIT(ANSWER_MAX);
    int rc = -1;

    if (ask(run, false, *text, ret, err) < 0 ||
        ask(run, false, COG_TEXT_NEW_PASSWORD_AGAIN, &again, err) < 0)
        goto out;
    if (!cog_secret_equal(ret, &again)) {
        *text = COG_TEXT_NEW_PASSWORD_DIFFERS;
    } else if (cog_secret_equal(ret, run->flow->password)) {
        *text = COG_TEXT_NEW_PASSWORD_SAME;
    } else {
        *text = COG_TEXT_NEW_PASSWORD;
    }
    if (*text != COG_TEXT_NEW_PASSWORD)
        cog_secret_clear(ret);
    rc = 0;

out:
    cog_secret_clear(&again);
    return rc;
}

static int
try_new_password(struct run *run, enum cog_text *text, bool *ret_again,
                 struct cog_err *err)
{
    struct cog_secret password = COG_SECRET_INIT(ANSWER_MAX);
    int rc = -1;

    *ret_again = false;
    if (ask_new_password(run, text, &password, err) < 0)
        goto out;
    if (!usable(&password)) {
        *ret_again = true;
        if (*text == COG_TEXT_NEW_PASSWORD)
            *text = COG_TEXT_NEW_PASSWORD_REFUSED;
        cog_fail(err, COG_E_DENIED, "no usable new password was given");
        goto out;
    }
    {
        const struct cog_api_field field = {"NEW_PASSWORD",
                                            cog_secret_str(&password)};

        rc = respond(run, &field, 1, err);
    }
    *ret_again = rc < 0 && run->facts->refusal == COG_REFUSAL_NEW_PASSWORD;
    *text = COG_TEXT_NEW_PASSWORD_REFUSED;

out:
    cog_secret_clear(&password);
    return rc;
}

/* The pool may want attributes (an e-mail address, say) with the password. */
static int
check_no_attributes(struct run *run, struct cog_err *err)
{
    const char *list = cog_api_parameter(run->reply, "requiredAttributes");

    if (list == NULL || strcmp(list, "[]") == 0)
        return 0;
    return cog_fail(err, COG_E_CHALLENGE,
                    "challenge NEW_PASSWORD_REQUIRED wants attributes, which "
                    "this version cannot ask for");
}

/* The question before the new password is asked with echo: sshd's password
 * method then fails here, and never sends the old password as the new. A bare
 * Enter is no yes: ssh without a terminal answers so by itself. */
static int
answer_new_password(struct run *run, struct cog_err *err)
{
    struct cog_secret yes = COG_SECRET_INIT(ANSWER_MAX);
    enum cog_text text = COG_TEXT_NEW_PASSWORD;
    int rc = -1;

    if (check_no_attributes(run, err) < 0 ||
        ask(run, true, COG_TEXT_MUST_CHANGE, &yes, err) < 0)
        goto out;
    if (strcasecmp(cog_secret_str(&yes), "yes") != 0) {
        cog_fail(err, COG_E_DENIED,
                 "the user did not want to choose a new password");
        goto out;
    }
    for (int reasks = 0; rc < 0; reasks++) {
        struct cog_err why = COG_ERR_INIT;
        bool again = false;

        rc = try_new_password(run, &text, &again, &why);
        if (rc < 0 && (!again || reasks == REASKS_MAX)) {
            cog_fail(err, why.code, "%s", why.msg);
            goto out;
        }
    }

out:
    cog_secret_clear(&yes);
    return rc;
}

/*
 * Source: RespondToAuthChallenge, ChallengeName. To answer another challenge,
 * add a row and its function; nothing else changes.
 */
static const struct {
    const char *name;
    int (*answer)(struct run *run, struct cog_err *err);
} challenges[] = {
    {"PASSWORD_VERIFIER", answer_password_verifier},
    {"SOFTWARE_TOKEN_MFA", answer_totp},
    {"NEW_PASSWORD_REQUIRED", answer_new_password},
};

/* From now on the pool's own name for the user answers, where it gives one:
 * an alias is not accepted there. */
static int
take_username(struct run *run, struct cog_err *err)
{
    const char *name = cog_api_parameter(run->reply, "USER_ID_FOR_SRP");

    if (name == NULL)
        name = cog_api_parameter(run->reply, "USERNAME");
    if (name == NULL)
        return 0;
    if (!cog_name_pool_valid(name)) {
        return cog_fail(err, COG_E_PROTOCOL,
                        "the pool names a user in a form it cannot have");
    }
    memcpy(run->username, name, strlen(name) + 1);
    return 0;
}

static int
answer_challenge(struct run *run, struct cog_err *err)
{
    if (take_username(run, err) < 0)
        return -1;
    for (size_t i = 0; i < COG_COUNT(challenges); i++) {
        if (strcmp(challenges[i].name, run->reply->challenge) == 0)
            return challenges[i].answer(run, err);
    }
    return cog_fail(err, COG_E_CHALLENGE,
                    "the pool poses challenge %s, which this version cannot "
                    "answer",
                    run->reply->challenge);
}

/* Follow the challenges to tokens. */
static int
follow(struct run *run, struct cog_err *err)
{
    for (int rounds = 0; run->reply->challenge[0] != '\0'; rounds++) {
        if (rounds == ROUNDS_MAX) {
            return cog_fail(err, COG_E_MAXTRIES,
                            "the pool poses challenges without end");
        }
        if (answer_challenge(run, err) < 0)
            return -1;
    }
    if (!run->facts->proven) {
        return cog_fail(err, COG_E_PROTOCOL,
                        "the pool gave tokens without a proof of the "
                        "password");
    }
    return 0;
}

int
cog_flow_run(const struct cog_env *env, const struct cog_flow *flow,
             struct cog_api_reply *ret, struct cog_flow_facts *facts,
             struct cog_err *err)
{
    struct run run = {
        .env = env,
        .flow = flow,
        .reply = ret,
        .facts = facts,
    };

    *facts = (struct cog_flow_facts){.mfa = ""};
    if (!cog_name_pool_valid(flow->username))
        return cog_fail(err, COG_E_DENIED, "not a pool user name");
    memcpy(run.username, flow->username, strlen(flow->username) + 1);
    if (initiate(&run, err) < 0)
        goto fail;
    /* Any answer to a password sent as it is means that it was right. */
    facts->proven = flow->srp == NULL;
    if (follow(&run, err) < 0)
        goto fail;
    return 0;

fail:
    cog_api_clear(ret);
    return -1;
}
