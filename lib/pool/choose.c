/* SPDX-License-Identifier: MIT */
#include "lib/pool/answers.h"

#include <string.h>

#include "lib/pool/menu.h"
#include "lib/pool/names.h"
#include "lib/pool/proof.h"

/* Source: InitiateAuth, AvailableChallenges. */
static const struct cog_menu_way first_ways[] = {
    {"PASSWORD_SRP", COG_TEXT_OPTION_PASSWORD},
    {"PASSWORD", COG_TEXT_OPTION_PASSWORD},
    {"SMS_OTP", COG_TEXT_OPTION_SMS},
    {"EMAIL_OTP", COG_TEXT_OPTION_EMAIL},
};
static const struct cog_menu first_menu = {
    .title = COG_TEXT_CHOOSE_FIRST,
    .always = true,
    .way = first_ways,
    .count = COG_COUNT(first_ways),
    .refusal = "none of these can be answered here",
};

/* Source: RespondToAuthChallenge, SELECT_MFA_TYPE. Its text says EMAIL_MFA,
 * lists that were seen say EMAIL_OTP. */
static const struct cog_menu_way second_ways[] = {
    {"SOFTWARE_TOKEN_MFA", COG_TEXT_OPTION_TOTP},
    {"SMS_MFA", COG_TEXT_OPTION_SMS},
    {"EMAIL_OTP", COG_TEXT_OPTION_EMAIL},
    {"EMAIL_MFA", COG_TEXT_OPTION_EMAIL},
};
static const struct cog_menu second_menu = {
    .title = COG_TEXT_CHOOSE_SECOND,
    .way = second_ways,
    .count = COG_COUNT(second_ways),
    .refusal = "none of these can be answered here",
};

static bool
is_password(const char *factor)
{
    return strcmp(factor, "PASSWORD") == 0 ||
           strcmp(factor, "PASSWORD_SRP") == 0;
}

static int
answer(struct cog_run *run, const char *choice, struct cog_err *err)
{
    const struct cog_api_field field = {"ANSWER", choice};

    return cog_run_respond(run, &field, 1, err);
}

/* SELECT_CHALLENGE. */
int
cog_choose_first(struct cog_run *run, struct cog_err *err)
{
    if (cog_menu_choose(run, &first_menu, run->available, &run->preferred,
                        err) < 0)
        return -1;
    return is_password(run->preferred)
               ? cog_proof_first(run, run->preferred, err)
               : answer(run, run->preferred, err);
}

/* SELECT_MFA_TYPE. */
int
cog_choose_second(struct cog_run *run, struct cog_err *err)
{
    const char *list = cog_api_parameter(run->reply, "MFAS_CAN_CHOOSE");
    const char *choice = NULL;
    json_t *offered = NULL;
    int rc = -1;

    if (list == NULL)
        return cog_fail(err, COG_E_PROTOCOL, "MFAS_CAN_CHOOSE is missing");
    if (cog_names_parse(list, &offered, err) == 0 &&
        cog_menu_choose(run, &second_menu, offered, &choice, err) == 0)
        rc = answer(run, choice, err);
    json_decref(offered);
    return rc;
}

/* What to begin again with: what the user chooses, or, as long as nobody knows
 * what there is to choose, nothing. */
static int
choose_other(struct cog_run *run, struct cog_err *err)
{
    if (run->available == NULL) {
        run->preferred = NULL;
        run->undecided = true;
        return 0;
    }
    if (cog_menu_choose(run, &first_menu, run->available, &run->preferred,
                        err) < 0)
        return -1;
    return is_password(run->preferred) ? cog_proof_need_password(run, err) : 0;
}

/* WEB_AUTHN: a passkey needs a browser, so the sign-in begins again, once, with
 * something else. */
int
cog_choose_not_passkey(struct cog_run *run, struct cog_err *err)
{
    if (run->avoided) {
        return cog_fail(err, COG_E_BROWSER,
                        "the pool insists on a passkey, which takes a browser");
    }
    if (choose_other(run, err) < 0)
        return -1;
    run->avoided = true;
    run->begun = false;
    return 0;
}
