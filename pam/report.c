/* SPDX-License-Identifier: MIT */
#include "pam/report.h"

#include <security/pam_ext.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "lib/core/decision.h"
#include "lib/core/text.h"
#include "pam/conv.h"

/* No default: a new code without a row here does not compile. */
int
cog_report_status(enum cog_errc code)
{
    switch (code) {
    case COG_E_NOMEM:
        return PAM_BUF_ERR;
    case COG_E_CONFIG:
        return PAM_SERVICE_ERR;
    case COG_E_CONV:
        return PAM_CONV_ERR;
    case COG_E_NET:
    case COG_E_UNREACHABLE:
    case COG_E_PROTOCOL:
    case COG_E_CLIENT:
    case COG_E_THROTTLED:
    case COG_E_TOKEN:
    case COG_E_LOOKUP:
    case COG_E_PRIVILEGE:
        return PAM_AUTHINFO_UNAVAIL;
    case COG_E_DENIED:
    case COG_E_CHALLENGE:
    case COG_E_NEVER:
    case COG_E_BROWSER:
    case COG_E_REFUSED:
    case COG_E_LATE:
        return PAM_AUTH_ERR;
    case COG_E_MAXTRIES:
        return PAM_MAXTRIES;
    case COG_E_IDENTITY:
    case COG_E_LOST:
        return PAM_PERM_DENIED;
    case COG_E_SCOPE:
        return PAM_USER_UNKNOWN;
    case COG_E_DISABLED:
        return PAM_ACCT_EXPIRED;
    case COG_E_AUTHTOK:
        return PAM_AUTHTOK_ERR;
    case COG_OK:
    case COG_E_SYSTEM:
    case COG_E_COUNT_:
        break;
    }
    return PAM_SYSTEM_ERR;
}

static const char *
status_name(int status)
{
    static const struct {
        int status;
        const char *name;
    } names[] = {
        {PAM_SUCCESS, "PAM_SUCCESS"},
        {PAM_BUF_ERR, "PAM_BUF_ERR"},
        {PAM_SERVICE_ERR, "PAM_SERVICE_ERR"},
        {PAM_CONV_ERR, "PAM_CONV_ERR"},
        {PAM_AUTHINFO_UNAVAIL, "PAM_AUTHINFO_UNAVAIL"},
        {PAM_AUTH_ERR, "PAM_AUTH_ERR"},
        {PAM_MAXTRIES, "PAM_MAXTRIES"},
        {PAM_PERM_DENIED, "PAM_PERM_DENIED"},
        {PAM_USER_UNKNOWN, "PAM_USER_UNKNOWN"},
        {PAM_ACCT_EXPIRED, "PAM_ACCT_EXPIRED"},
        {PAM_AUTHTOK_ERR, "PAM_AUTHTOK_ERR"},
        {PAM_SYSTEM_ERR, "PAM_SYSTEM_ERR"},
    };

    for (size_t i = 0; i < COG_COUNT(names); i++) {
        if (names[i].status == status)
            return names[i].name;
    }
    return "PAM_SYSTEM_ERR";
}

static const char *
item(const struct cog_call *call, int type)
{
    const void *value = NULL;

    if (pam_get_item(call->pamh, type, &value) != PAM_SUCCESS || value == NULL)
        return "";
    return value;
}

static int
priority(int status)
{
    if (status == PAM_SUCCESS || status == PAM_USER_UNKNOWN)
        return LOG_INFO;
    if (status == PAM_SERVICE_ERR || status == PAM_SYSTEM_ERR ||
        status == PAM_BUF_ERR)
        return LOG_ERR;
    return LOG_NOTICE;
}

/*
 * Root's cron jobs would fill the log with lines about nothing. But why the
 * helper took somebody who tried to sign in for nobody of ours is worth
 * knowing; it is not asked about users whom the module skips. That a password
 * may be changed decides nothing yet: the change has a line of its own.
 */
static bool
worth_a_line(const struct cog_call *call, const struct cog_verdict *verdict,
             int status)
{
    if (call->args->debug || verdict->debug)
        return true;
    if (status == PAM_SUCCESS)
        return call->request.operation != COG_OP_PRELIM;
    return status != PAM_USER_UNKNOWN ||
           call->request.operation == COG_OP_AUTHENTICATE;
}

void
cog_report_log(const struct cog_call *call, const char *user,
               const struct cog_verdict *verdict, const struct cog_err *err,
               int status)
{
    const struct cog_decision decision = {
        .accepted = status == PAM_SUCCESS,
        .code = status_name(status),
        /* Not a name we serve: as the application put it. */
        .user = *user == '\0' ? item(call, PAM_USER) : user,
        .verdict = verdict,
        .rhost = item(call, PAM_RHOST),
        .reason = status == PAM_SUCCESS ? verdict->reason : err->msg,
        .nonce = call->request.nonce,
    };
    char line[COG_DECISION_SIZE];

    if (!worth_a_line(call, verdict, status))
        return;
    cog_decision_format(&decision, line);
    pam_syslog(call->pamh, priority(status), "%s", line);
}

static enum cog_text
text_of(enum cog_errc code)
{
    switch (code) {
    case COG_E_NET:
    case COG_E_UNREACHABLE:
    case COG_E_PROTOCOL:
    case COG_E_CLIENT:
    case COG_E_TOKEN:
    case COG_E_LOOKUP:
    case COG_E_PRIVILEGE:
        return COG_TEXT_UNAVAILABLE;
    case COG_E_THROTTLED:
        return COG_TEXT_THROTTLED;
    case COG_E_DENIED:
    case COG_E_CHALLENGE:
        return COG_TEXT_REFUSED;
    case COG_E_REFUSED:
        return COG_TEXT_REFUSED_PROVEN;
    case COG_E_LATE:
        return COG_TEXT_LATE;
    case COG_E_MAXTRIES:
        return COG_TEXT_MAXTRIES;
    case COG_E_IDENTITY:
        return COG_TEXT_NOT_ALLOWED;
    case COG_E_CONFIG:
        return COG_TEXT_MISCONFIGURED;
    case COG_E_CONV:
        return COG_TEXT_NO_CONVERSATION;
    case COG_E_NEVER:
        return COG_TEXT_NEVER;
    case COG_E_LOST:
        return COG_TEXT_LOST;
    case COG_E_DISABLED:
        return COG_TEXT_DISABLED;
    case COG_E_BROWSER:
        return COG_TEXT_BROWSER;
    case COG_E_AUTHTOK:
        return COG_TEXT_AUTHTOK;
    case COG_E_SCOPE:
        return COG_TEXT_NONE; /* another module's user: not our business */
    case COG_OK:
    case COG_E_NOMEM:
    case COG_E_SYSTEM:
    case COG_E_COUNT_:
        break;
    }
    return COG_TEXT_INTERNAL;
}

/* Whoever changes a password does not sign in. */
static enum cog_text
text_for(const struct cog_call *call, enum cog_errc code)
{
    const enum cog_operation operation = call->request.operation;
    const enum cog_text text = text_of(code);

    if (text == COG_TEXT_REFUSED && operation == COG_OP_PASSWORD)
        return COG_TEXT_AUTHTOK;
    if (text == COG_TEXT_NOT_ALLOWED &&
        (operation == COG_OP_PRELIM || operation == COG_OP_PASSWORD))
        return COG_TEXT_NOT_ALLOWED_AUTHTOK;
    return text;
}

void
cog_report_tell(const struct cog_call *call, enum cog_errc code)
{
    const enum cog_text id = text_for(call, code);
    struct cog_secret text = COG_SECRET_INIT(COG_TEXT_MAX);
    struct cog_err err = COG_ERR_INIT;
    char tail[sizeof(" (ref )") + COG_DECISION_REF_DIGITS];
    char ref[COG_DECISION_REF_DIGITS + 1];

    if (call->args->silent || id == COG_TEXT_NONE)
        return;
    /* So that he can quote it and the administrator can find the line. */
    cog_decision_ref(call->request.nonce, ref);
    (void)snprintf(tail, sizeof(tail), " (ref %s)", ref);
    if (cog_text_render(id, NULL, cog_relay_translate, &text, &err) == 0 &&
        cog_secret_append_str(&text, tail, &err) == 0)
        cog_conv_tell(call->pamh, true, cog_secret_str(&text));
    cog_secret_clear(&text);
}
