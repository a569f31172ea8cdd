/* SPDX-License-Identifier: MIT */
#include "lib/pool/flow.h"

#include <stddef.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/pool/answers.h"
#include "lib/pool/proof.h"
#include "lib/pool/run.h"
#include "lib/pool/start.h"

/* Challenges of one session, so that a pool (or somebody in its place) that
 * poses them for ever comes to an end. The longest chain has seven. A sign-in
 * can begin again for each of three reasons, once. */
#define ROUNDS_MAX 10

/*
 * Source: RespondToAuthChallenge, ChallengeName. To answer another challenge,
 * add a row and its function; nothing else changes.
 */
static const struct {
    const char *name;
    int (*answer)(struct cog_run *run, struct cog_err *err);
} challenges[] = {
    {"CUSTOM_CHALLENGE", cog_custom_answer},
    {"DEVICE_PASSWORD_VERIFIER", cog_proof_device_verifier},
    {"DEVICE_SRP_AUTH", cog_proof_device_srp},
    {"EMAIL_OTP", cog_codes_email},
    {"MFA_SETUP", cog_enrol_factor},
    {"NEW_PASSWORD_REQUIRED", cog_renew_password},
    {"PASSWORD", cog_proof_password},
    {"PASSWORD_SRP", cog_proof_password_srp},
    {"PASSWORD_VERIFIER", cog_proof_verifier},
    {"SELECT_CHALLENGE", cog_choose_first},
    {"SELECT_MFA_TYPE", cog_choose_second},
    {"SMS_MFA", cog_codes_sms_mfa},
    {"SMS_OTP", cog_codes_sms_otp},
    {"SOFTWARE_TOKEN_MFA", cog_codes_totp},
    {"WEB_AUTHN", cog_choose_not_passkey},
};

/* From now on the pool's own name for the user answers, where it gives one:
 * an alias is not accepted there. */
static int
take_username(struct cog_run *run, struct cog_err *err)
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

/* A pool that asks for the password itself where SRP was to prove it, say, or
 * has questions of its own where no Lambda is asked, is none we know. */
static int
check_expected(const struct cog_run *run, struct cog_err *err)
{
    const char *challenge = run->reply->challenge;
    const bool first = cog_run_asks_first(challenge);
    const bool custom = strcmp(challenge, "CUSTOM_CHALLENGE") == 0;

    if ((!first || run->flow->kind == COG_API_CHOICE) &&
        (!custom || run->flow->kind == COG_API_CUSTOM))
        return 0;
    return cog_fail(err, COG_E_CHALLENGE,
                    "the pool poses challenge %s, which belongs to auth_flow "
                    "= %s",
                    challenge, custom ? "custom" : "user_auth");
}

static int
answer_challenge(struct cog_run *run, struct cog_err *err)
{
    if (check_expected(run, err) < 0 || take_username(run, err) < 0)
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

/* May the sign-in begin again after this refusal? Once when the user took too
 * long to answer, once when the pool has forgotten this host. */
static bool
can_begin_again(struct cog_run *run)
{
    const enum cog_refusal kind = run->facts->refused.kind;

    if (kind == COG_REFUSAL_DEVICE && run->device != NULL) {
        run->facts->device_unknown = true;
        run->device = NULL;
        return true;
    }
    if (kind == COG_REFUSAL_SESSION && run->begun && !run->restarted) {
        run->restarted = true;
        return true;
    }
    return false;
}

/* One reply further. */
static int
advance(struct cog_run *run, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    int rc =
        run->begun ? answer_challenge(run, &why) : cog_start_run(run, &why);

    if (rc == 0)
        return 0;
    if (!can_begin_again(run))
        return cog_fail(err, why.code, "%s", why.msg);
    run->begun = false;
    return 0;
}

/* Follow the challenges to tokens. */
static int
follow(struct cog_run *run, struct cog_err *err)
{
    while (!run->begun || run->reply->challenge[0] != '\0') {
        if (run->begun && run->rounds++ == ROUNDS_MAX) {
            return cog_fail(err, COG_E_MAXTRIES,
                            "the pool poses challenges without end");
        }
        if (advance(run, err) < 0)
            return -1;
    }
    if (!run->proven) {
        return cog_fail(err, COG_E_PROTOCOL,
                        "the pool gave tokens without a proof of the "
                        "password");
    }
    return 0;
}

/* Before anything is sent. */
static int
check_flow(const struct cog_flow *flow, struct cog_err *err)
{
    if (!cog_name_pool_valid(flow->username))
        return cog_fail(err, COG_E_DENIED, "not a pool user name");
    if (flow->kind != COG_API_CHOICE && flow->password->len == 0)
        return cog_fail(err, COG_E_DENIED, "the password is empty");
    return 0;
}

int
cog_flow_run(const struct cog_env *env, const struct cog_flow *flow,
             struct cog_api_reply *ret, struct cog_flow_facts *facts,
             struct cog_err *err)
{
    const struct cog_device *device = flow->device;
    struct cog_run run = {
        .env = env,
        .flow = flow,
        .reply = ret,
        .facts = facts,
        .device = device != NULL && device->key.len > 0 ? device : NULL,
        .password = COG_SECRET_INIT(COG_FLOW_PASSWORD_MAX),
    };
    int rc = -1;

    *facts = (struct cog_flow_facts)COG_FLOW_FACTS_INIT;
    if (check_flow(flow, err) < 0 ||
        cog_run_copy(&run.password, flow->password, err) < 0)
        goto out;
    rc = follow(&run, err);

out:
    if (rc < 0)
        cog_api_clear(ret);
    cog_proof_clear(&run);
    cog_secret_clear(&run.password);
    json_decref(run.available);
    return rc;
}

void
cog_flow_facts_clear(struct cog_flow_facts *facts)
{
    cog_secret_clear(&facts->password);
}
