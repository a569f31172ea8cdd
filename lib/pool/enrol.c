/* SPDX-License-Identifier: MIT */
#include "lib/pool/answers.h"

#include <string.h>

#include "lib/pool/menu.h"
#include "lib/pool/names.h"
#include "lib/pool/totp.h"

/* Source: RespondToAuthChallenge, MFA_SETUP. */
static const struct cog_menu_way ways[] = {
    {"SOFTWARE_TOKEN_MFA", COG_TEXT_OPTION_TOTP},
    {"EMAIL_OTP", COG_TEXT_OPTION_EMAIL},
    {"EMAIL_MFA", COG_TEXT_OPTION_EMAIL},
};
static const struct cog_menu menu = {
    .title = COG_TEXT_CHOOSE_SETUP,
    .way = ways,
    .count = COG_COUNT(ways),
    .refusal = "none of these can be set up here (for SMS_MFA an administrator "
               "must set phone_number)",
};

/* A new authenticator. All secrets but the question, which borrows them. */
struct enrolment {
    struct cog_secret seed;
    struct cog_secret uri;
    struct cog_secret session;  /* to verify with, any number of times */
    struct cog_secret verified; /* the session a right code leads to */
    struct cog_secret refused;  /* the last code that was sent */
    struct cog_question question;
};

#define ENROLMENT_INIT                                    \
    {                                                     \
        .seed = COG_SECRET_INIT(COG_TOTP_SECRET_MAX),     \
        .uri = COG_SECRET_INIT(COG_TOTP_URI_MAX),         \
        .session = COG_SECRET_INIT(COG_API_SESSION_MAX),  \
        .verified = COG_SECRET_INIT(COG_API_SESSION_MAX), \
        .refused = COG_SECRET_INIT(COG_RUN_ANSWER_MAX),   \
    }

static void
clear(struct enrolment *e)
{
    cog_secret_clear(&e->seed);
    cog_secret_clear(&e->uri);
    cog_secret_clear(&e->session);
    cog_secret_clear(&e->verified);
    cog_secret_clear(&e->refused);
}

static int
associate(struct cog_run *run, struct enrolment *e, struct cog_err *err)
{
    const struct cog_flow *flow = run->flow;

    if (cog_totp_associate(flow->api, &run->reply->session, &e->seed,
                           &e->session, &run->facts->refused, err) < 0 ||
        cog_totp_uri(flow->pool_name, flow->username, &e->seed, &e->uri, err) <
            0)
        return -1;
    e->question = (struct cog_question){
        .echo = true,
        .text = COG_TEXT_ENROL_QR,
        .plain = COG_TEXT_ENROL_PLAIN,
        .qr = cog_secret_str(&e->uri),
        .arg = {NULL, cog_secret_str(&e->seed), cog_secret_str(&e->uri)},
    };
    return 0;
}

static int
try_first_code(struct cog_run *run, void *ctx, bool *ret_again,
               struct cog_err *err)
{
    struct enrolment *e = ctx;
    const enum cog_refusal *refused = &run->facts->refused.kind;
    const struct cog_question again = {.echo = true,
                                       .text = COG_TEXT_ENROL_WRONG};
    struct cog_secret code = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = -1;

    if (cog_run_ask_code(run, &e->question, &code, err) < 0)
        goto out;
    e->question = again;
    if (code.len == 0) {
        *ret_again = true;
        cog_fail(err, COG_E_DENIED,
                 "no usable code of the new authenticator was given");
        goto out;
    }
    if (cog_run_check_name(run, &code, err) < 0 ||
        cog_run_check_news(&e->refused, &code, err) < 0 ||
        cog_run_copy(&e->refused, &code, err) < 0)
        goto out;
    rc = cog_totp_verify(run->flow->api, &e->session, &code, &e->verified,
                         &run->facts->refused, err);
    *ret_again =
        *refused == COG_REFUSAL_CODE_WRONG || *refused == COG_REFUSAL_CODE_OVER;

out:
    cog_secret_clear(&code);
    return rc;
}

static int
enrol_totp(struct cog_run *run, struct cog_err *err)
{
    struct enrolment e = ENROLMENT_INIT;
    int rc = -1;

    if (associate(run, &e, err) < 0 ||
        cog_run_retry(run, try_first_code, &e, err) < 0 ||
        cog_run_copy(&run->reply->session, &e.verified, err) < 0)
        goto out;
    rc = cog_run_respond(run, NULL, 0, err);
    if (rc == 0 && run->accepted)
        run->facts->mfa = "totp";

out:
    clear(&e);
    return rc;
}

static int
try_email(struct cog_run *run, void *ctx, bool *ret_again, struct cog_err *err)
{
    static const struct cog_question question = {.echo = true,
                                                 .text = COG_TEXT_SETUP_EMAIL};
    struct cog_secret address = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = -1;

    (void)ctx; /* the user's name is fine where it is an address */
    if (cog_run_ask_code(run, &question, &address, err) < 0)
        goto out;
    if (address.len == 0) {
        *ret_again = true;
        cog_fail(err, COG_E_DENIED, "no usable e-mail address was given");
        goto out;
    }
    {
        const struct cog_api_field field = {"EMAIL", cog_secret_str(&address)};

        rc = cog_run_respond(run, &field, 1, err);
    }
    *ret_again = run->facts->refused.kind == COG_REFUSAL_ATTRIBUTE;

out:
    cog_secret_clear(&address);
    return rc;
}

/* MFA_SETUP. */
int
cog_enrol_factor(struct cog_run *run, struct cog_err *err)
{
    const char *list = cog_api_parameter(run->reply, "MFAS_CAN_SETUP");
    const char *choice = NULL;
    json_t *offered = NULL;
    int rc = -1;

    if (list == NULL)
        return cog_fail(err, COG_E_PROTOCOL, "MFAS_CAN_SETUP is missing");
    if (cog_names_parse(list, &offered, err) < 0 ||
        cog_menu_choose(run, &menu, offered, &choice, err) < 0)
        goto out;
    rc = strcmp(choice, "SOFTWARE_TOKEN_MFA") == 0
             ? enrol_totp(run, err)
             : cog_run_retry(run, try_email, NULL, err);

out:
    json_decref(offered);
    return rc;
}
