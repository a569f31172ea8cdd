/* SPDX-License-Identifier: MIT */
#include "pam/phase.h"

#include <stdbool.h>

#include "pam/args.h"
#include "pam/floor.h"
#include "pam/mark.h"
#include "pam/relay.h"
#include "pam/report.h"
#include "pam/skip.h"

/* Everything one PAM call knows. */
struct phase {
    bool new_attempt; /* to sign in */
    unsigned flags;   /* as given */
    struct cog_args args;
    struct cog_call call;
    struct cog_who who;
    struct cog_verdict verdict;
};

typedef int step(struct phase *phase, struct cog_err *err);

/* Whom is this about, and is the call one we can answer? Skipped users come
 * before a complaint about the arguments: they keep their way in. */
static int
begin(struct phase *phase, int flags, int argc, const char **argv,
      struct cog_err *err)
{
    struct cog_err bad_args = COG_ERR_INIT;
    const int parsed =
        cog_args_parse(flags, argc, argv, &phase->args, &bad_args);

    phase->flags = (unsigned)flags;
    phase->call.args = &phase->args;
    /* A mark of an earlier sign-in must not outlive a new attempt. */
    if (phase->new_attempt && cog_mark_clear(phase->call.pamh, err) < 0)
        return -1;
    if (cog_skip_check(phase->call.pamh, &phase->args, &phase->who, err) < 0 ||
        cog_relay_begin(&phase->call, err) < 0)
        return -1;
    if (parsed < 0)
        return cog_fail(err, bad_args.code, "%s", bad_args.msg);
    return 0;
}

/* Ask the helper. Whatever is not its plain yes is a failure. */
static int
consult(struct phase *phase, enum cog_operation operation, struct cog_err *err)
{
    if (cog_relay_prepare(&phase->call, operation, phase->who.user, err) < 0 ||
        cog_relay_run(&phase->call, &phase->verdict, err) < 0)
        return -1;
    if (phase->verdict.code != COG_OK) {
        return cog_fail(err, phase->verdict.code, "%s", phase->verdict.reason);
    }
    return 0;
}

/* A user spelled in another way than his account: never served so. Asking
 * the helper as the account phase does only tells whether he is ours. */
static int
refuse_spelling(struct phase *phase, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    if (consult(phase, COG_OP_ACCOUNT, &why) < 0 && why.code == COG_E_SCOPE)
        return cog_fail(err, COG_E_SCOPE, "%s", why.msg);
    return cog_fail(err, COG_E_IDENTITY, "the account is spelled '%s'",
                    phase->who.user);
}

static int
authenticate(struct phase *phase, struct cog_err *err)
{
    if (phase->who.other_spelling)
        return refuse_spelling(phase, err);
    if (consult(phase, COG_OP_AUTHENTICATE, err) < 0 ||
        cog_skip_recheck(phase->call.pamh, &phase->args, &phase->who, err) < 0)
        return -1;
    return cog_mark_set(phase->call.pamh, &phase->who, err);
}

static int
account(struct phase *phase, struct cog_err *err)
{
    if (cog_mark_holds(phase->call.pamh, &phase->who)) {
        phase->verdict = (struct cog_verdict){.reason = "signed in just now"};
        return 0;
    }
    return consult(phase, COG_OP_ACCOUNT, err);
}

/* The first half. A module above does its second half before ours, so what it
 * finds there has to be in place now. A module below would not ask for its old
 * password any more: it can only where the line says that we are first. */
static int
look_ahead(struct phase *phase, struct cog_err *err)
{
    if (consult(phase, COG_OP_PRELIM, err) < 0)
        return -1;
    return phase->args.first ? 0 : cog_authtok_guard(phase->call.pamh, err);
}

/* The second half. Whatever comes of it, modules below may go on. */
static int
change(struct phase *phase, struct cog_err *err)
{
    const int rc = consult(phase, COG_OP_PASSWORD, err);

    if (rc < 0 && err->code == COG_E_SCOPE)
        return -1; /* their user after all */
    if (cog_authtok_guard(phase->call.pamh, err) < 0)
        return -1;
    return rc;
}

/*
 * Which half of chauthtok this is: PAM says exactly one. "Only if it has
 * expired" is about another module's password, since the account phase never
 * says that of ours: that module decides, and a stack without one refuses.
 */
static int
password(struct phase *phase, struct cog_err *err)
{
    const unsigned half =
        phase->flags & (PAM_PRELIM_CHECK | PAM_UPDATE_AUTHTOK);

    if (half != PAM_PRELIM_CHECK && half != PAM_UPDATE_AUTHTOK)
        return cog_fail(err, COG_E_SYSTEM, "neither half of chauthtok");
    if ((phase->flags & PAM_CHANGE_EXPIRED_AUTHTOK) != 0) {
        return cog_fail(err, COG_E_SCOPE,
                        "asked for expired passwords only; pool passwords "
                        "never are");
    }
    if (phase->who.other_spelling)
        return refuse_spelling(phase, err);
    return half == PAM_PRELIM_CHECK ? look_ahead(phase, err)
                                    : change(phase, err);
}

/* Run one phase from a standing refusal to its report. */
static int
run(pam_handle_t *pamh, step *decide, int flags, int argc, const char **argv)
{
    /* A verdict nobody gave is a refusal too. */
    struct phase phase = {
        .call.pamh = pamh,
        .new_attempt = decide == authenticate,
        .verdict.code = COG_E_SYSTEM,
    };
    struct cog_err err = COG_ERR_INIT;
    int status;

    if (begin(&phase, flags, argc, argv, &err) == 0 &&
        decide(&phase, &err) == 0) {
        status = PAM_SUCCESS; /* the only one that lets somebody in */
    } else {
        status = cog_report_status(err.code);
    }
    if (status != PAM_SUCCESS)
        cog_floor_wait(phase.who.user, phase.call.answered_ms);
    cog_report_log(&phase.call, phase.who.user, &phase.verdict, &err, status);
    if (status != PAM_SUCCESS)
        cog_report_tell(&phase.call, err.code);
    return status;
}

int
cog_phase_authenticate(pam_handle_t *pamh, int flags, int argc,
                       const char **argv)
{
    return run(pamh, authenticate, flags, argc, argv);
}

int
cog_phase_account(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return run(pamh, account, flags, argc, argv);
}

int
cog_phase_password(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return run(pamh, password, flags, argc, argv);
}
