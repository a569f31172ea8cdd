/* SPDX-License-Identifier: MIT */
/*
 * refusal.h - what the pool means when it says no.
 *
 * One table (refusal.c) turns Cognito's error type and, where one type means
 * many things, its message into three things: the error code PAM answers
 * with, a reason an administrator can act on, and a fact a sign-in flow can
 * act on. Message texts are no contract of Amazon's: an unknown one falls
 * back to what its type means, an unknown type refuses.
 */
#ifndef COG_REFUSAL_H
#define COG_REFUSAL_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/net/env.h"

/* Longest error type we compare, and longest message we read, in bytes with
 * the NUL (a client id inside a message can be 128 long). */
#define COG_REFUSAL_TYPE_BYTES    64
#define COG_REFUSAL_MESSAGE_BYTES 256
/* Most bytes of server text one log line quotes. */
#define COG_REFUSAL_QUOTE_BYTES 120

/* What a flow can do something about. Everything else is OTHER. */
enum cog_refusal {
    COG_REFUSAL_NONE = 0,     /* the pool did not refuse */
    COG_REFUSAL_OTHER,        /* nothing to do but give up */
    COG_REFUSAL_CREDENTIALS,  /* wrong password; maybe unknown user */
    COG_REFUSAL_NOT_FOUND,    /* the pool says that there is no such user */
    COG_REFUSAL_LOCKED,       /* too many tries of this user */
    COG_REFUSAL_DISABLED,     /* an administrator disabled the user */
    COG_REFUSAL_UNCONFIRMED,  /* sign-up is not finished */
    COG_REFUSAL_RESET,        /* must run forgot-password first */
    COG_REFUSAL_INVITATION,   /* the temporary password has expired */
    COG_REFUSAL_CODE_WRONG,   /* wrong code: ask again, same session */
    COG_REFUSAL_CODE_OVER,    /* code expired or used: another one, if any */
    COG_REFUSAL_SESSION,      /* session expired or used: start again */
    COG_REFUSAL_NEW_PASSWORD, /* the policy refuses the new password */
    COG_REFUSAL_DEVICE,       /* the pool does not know this device */
    COG_REFUSAL_ATTRIBUTE,    /* an attribute's value is not accepted */
    COG_REFUSAL_TOKEN,        /* refresh or access token no longer good */
    COG_REFUSAL_REUSED,       /* a rotated refresh token came back */
    COG_REFUSAL_UNSUPPORTED,  /* the pool does not offer this operation */
    COG_REFUSAL_SECRET_MISSING,
    COG_REFUSAL_SECRET_UNWANTED,
    COG_REFUSAL_SECRET_WRONG,  /* wrong secret, or hash of another name */
    COG_REFUSAL_FLOW_DISABLED, /* the app client does not allow the flow */
    COG_REFUSAL_OUTAGE,        /* 5xx: an outage, worth another try */
    COG_REFUSAL_THROTTLED      /* slow down, worth another try later */
};

/* Longest text of the pool's that a user is shown, in bytes with the NUL. */
#define COG_REFUSED_SHOWN_BYTES 200

/* A refusal as the flow sees it. */
struct cog_refused {
    enum cog_refusal kind;
    /* The pool's own words for the user, cleaned (display.h); "" unless the
     * table's row says that they may be shown. */
    char shown[COG_REFUSED_SHOWN_BYTES];
};

/* A reply that is not 200, taken apart. Both texts are printable ASCII. */
struct cog_refusal_text {
    char type[COG_REFUSAL_TYPE_BYTES];       /* "" when there is none */
    char message[COG_REFUSAL_MESSAGE_BYTES]; /* "" when there is none */
};

/*
 * Take the error type from the body (`__type`, else `code`, after the last
 * '#') or else from the x-amzn-ErrorType header (up to the first ':'), and
 * the message from `message` or `Message`. Never fails: what is not there or
 * makes no sense is "".
 */
void cog_refusal_parse(const struct cog_http_reply *reply,
                       struct cog_refusal_text *ret);

/*
 * Record in err what a reply other than a success means, and put it as a fact
 * into `refused`. `call` names the operation in the log. `proven`: the user
 * was proven earlier in this sign-in, so a lock-out is COG_E_MAXTRIES and no
 * longer hidden among the refusals, and the words of a Lambda trigger may be
 * shown.
 * Codes: COG_E_DENIED, COG_E_MAXTRIES (only when proven), COG_E_THROTTLED,
 * COG_E_CLIENT, COG_E_NET, COG_E_PROTOCOL. Never COG_OK.
 */
void cog_refusal_explain(const char *call, const struct cog_http_reply *reply,
                         bool proven, struct cog_refused *refused,
                         struct cog_err *err);

#endif
