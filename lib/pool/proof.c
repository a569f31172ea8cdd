/* SPDX-License-Identifier: MIT */
#include "lib/pool/proof.h"

#include <string.h>

#include "lib/pool/answers.h"
#include "lib/pool/timestamp.h"

static void
drop_pair(const struct cog_run *run, struct cog_srp **pair)
{
    if (*pair != run->flow->srp) /* which is the caller's */
        cog_srp_close(*pair);
    *pair = NULL;
}

/* The first is the one made while the user typed. */
static int
fresh_pair(struct cog_run *run, struct cog_srp **pair, struct cog_err *err)
{
    struct cog_srp *fresh = NULL;

    if (run->flow->srp != NULL && !run->flow_pair_used) {
        fresh = run->flow->srp;
        run->flow_pair_used = true;
    } else if (cog_srp_start(&fresh, err) < 0) {
        return -1;
    }
    drop_pair(run, pair);
    *pair = fresh;
    return 0;
}

int
cog_proof_need_password(struct cog_run *run, struct cog_err *err)
{
    const struct cog_question question = {.text = COG_TEXT_PASSWORD_PROMPT};

    if (run->password.len > 0)
        return 0;
    if (cog_run_ask(run, &question, &run->password, err) < 0)
        return -1;
    if (!cog_run_usable(&run->password))
        return cog_fail(err, COG_E_DENIED, "no usable password was given");
    return 0;
}

int
cog_proof_offer(struct cog_run *run, const char **ret, struct cog_err *err)
{
    if (fresh_pair(run, &run->user_pair, err) < 0)
        return -1;
    *ret = cog_srp_public(run->user_pair);
    return 0;
}

int
cog_proof_first(struct cog_run *run, const char *factor, struct cog_err *err)
{
    const bool srp = strcmp(factor, "PASSWORD_SRP") == 0;
    const bool menu = strcmp(run->reply->challenge, "SELECT_CHALLENGE") == 0;
    struct cog_api_field fields[] = {
        {srp ? "SRP_A" : "PASSWORD", NULL},
        {"ANSWER", factor},
    };

    if (cog_proof_need_password(run, err) < 0)
        return -1;
    fields[0].value = cog_secret_str(&run->password);
    if ((srp && cog_proof_offer(run, &fields[0].value, err) < 0) ||
        cog_run_respond(run, fields, menu ? 2 : 1, err) < 0)
        return -1;
    return srp || !run->accepted ? 0 : cog_run_prove_password(run, err);
}

int
cog_proof_password(struct cog_run *run, struct cog_err *err)
{
    return cog_proof_first(run, "PASSWORD", err);
}

int
cog_proof_password_srp(struct cog_run *run, struct cog_err *err)
{
    return cog_proof_first(run, "PASSWORD_SRP", err);
}

/* Answer with the second half: whose proof it is stands in `challenge`. */
static int
send_proof(struct cog_run *run, struct cog_srp **pair,
           struct cog_srp_challenge *challenge, struct cog_err *err)
{
    const struct cog_clock *clock = &run->env->clock;
    struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    char timestamp[COG_TIMESTAMP_BYTES];
    int rc = -1;

    challenge->salt = cog_api_parameter(run->reply, "SALT");
    challenge->b = cog_api_parameter(run->reply, "SRP_B");
    challenge->secret_block = cog_api_parameter(run->reply, "SECRET_BLOCK");
    if (*pair == NULL) {
        return cog_fail(err, COG_E_PROTOCOL,
                        "the pool wants an SRP proof nobody offered");
    }
    if (cog_timestamp_format(clock->unix_s(clock->ctx), timestamp, err) < 0 ||
        cog_srp_sign(*pair, challenge, timestamp, &signature, err) < 0)
        goto out;
    {
        const struct cog_api_field fields[] = {
            {"PASSWORD_CLAIM_SIGNATURE", cog_secret_str(&signature)},
            {"PASSWORD_CLAIM_SECRET_BLOCK", challenge->secret_block},
            {"TIMESTAMP", timestamp},
        };

        rc = cog_run_respond(run, fields, COG_COUNT(fields), err);
    }

out:
    drop_pair(run, pair);
    cog_secret_clear(&signature);
    return rc;
}

int
cog_proof_verifier(struct cog_run *run, struct cog_err *err)
{
    struct cog_srp_challenge challenge = {
        .pool_name = run->flow->pool_name,
        .user_id = cog_api_parameter(run->reply, "USER_ID_FOR_SRP"),
        .password = &run->password,
    };

    if (send_proof(run, &run->user_pair, &challenge, err) < 0)
        return -1;
    return run->accepted ? cog_run_prove_password(run, err) : 0;
}

static int
check_device(const struct cog_run *run, struct cog_err *err)
{
    if (run->device != NULL)
        return 0;
    return cog_fail(err, COG_E_CHALLENGE,
                    "the pool poses challenge %s, and this host is no device "
                    "of the user's",
                    run->reply->challenge);
}

int
cog_proof_device_srp(struct cog_run *run, struct cog_err *err)
{
    struct cog_api_field field = {.name = "SRP_A"};

    if (check_device(run, err) < 0 ||
        fresh_pair(run, &run->device_pair, err) < 0)
        return -1;
    field.value = cog_srp_public(run->device_pair);
    return cog_run_respond(run, &field, 1, err);
}

int
cog_proof_device_verifier(struct cog_run *run, struct cog_err *err)
{
    struct cog_srp_challenge challenge = {.pool_name = NULL};

    if (check_device(run, err) < 0)
        return -1;
    challenge.pool_name = cog_secret_str(&run->device->group_key);
    challenge.user_id = cog_secret_str(&run->device->key);
    challenge.password = &run->device->password;
    if (send_proof(run, &run->device_pair, &challenge, err) < 0) {
        /* The user's password was right: what is refused is the device, and
         * one whose proof fails is as good as unknown. */
        if (run->facts->refused.kind == COG_REFUSAL_CREDENTIALS ||
            run->facts->refused.kind == COG_REFUSAL_NOT_FOUND)
            run->facts->refused.kind = COG_REFUSAL_DEVICE;
        return -1;
    }
    if (run->accepted)
        run->facts->mfa = "device";
    return 0;
}

void
cog_proof_clear(struct cog_run *run)
{
    drop_pair(run, &run->user_pair);
    drop_pair(run, &run->device_pair);
}
