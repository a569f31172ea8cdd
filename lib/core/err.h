/* SPDX-License-Identifier: MIT */
/*
 * err.h - the one error type.
 *
 * Every function that can fail returns 0 on success and -1 on failure, and
 * takes a `struct cog_err *` as its last argument. On -1 the struct says why;
 * on 0 it is untouched. The first failure recorded wins, so cleanup code that
 * fails again cannot hide the cause.
 *
 * msg is for the system log. It may quote the server, so it is never shown to
 * the person signing in: what they see is chosen from `code`. It never holds
 * a secret.
 */
#ifndef COG_ERR_H
#define COG_ERR_H

#include "lib/core/macros.h"

/*
 * What went wrong, in the terms in which PAM answers (pam/report.c maps each
 * code to one PAM status). The numbers travel over the wire between helper
 * and module, which are installed together; COG_OK is the only success.
 */
enum cog_errc {
    COG_OK = 0,
    COG_E_NOMEM,       /* an allocation failed */
    COG_E_SYSTEM,      /* a system call failed; msg carries strerror */
    COG_E_CONFIG,      /* configuration missing, malformed, unsafely owned */
    COG_E_CONV,        /* the application would not or could not ask */
    COG_E_NET,         /* no usable reply in time, or HTTP 5xx */
    COG_E_UNREACHABLE, /* DNS, connect, silence: nothing of the pool heard */
    COG_E_PROTOCOL,    /* a reply arrived but breaks its documented form */
    COG_E_CLIENT,      /* the pool says the app client is misconfigured */
    COG_E_THROTTLED,   /* the pool asks us to slow down */
    COG_E_DENIED,      /* refused before the password is proven */
    COG_E_CHALLENGE,   /* a challenge this build cannot answer */
    COG_E_MAXTRIES,    /* too many tries, after the password is proven */
    COG_E_TOKEN,       /* signature, issuer, audience or time check failed */
    COG_E_IDENTITY,    /* genuine, but not this user or not allowed */
    COG_E_SCOPE,       /* not ours: other modules decide */
    COG_E_NEVER,       /* account: never signed in on this host */
    COG_E_DISABLED,    /* account: the pool has disabled the user */
    COG_E_BROWSER,     /* only a browser can finish this sign-in */
    COG_E_AUTHTOK,     /* no new password was accepted */
    COG_E_LOOKUP,      /* user or group look-up failed (not: not found) */
    COG_E_PRIVILEGE,   /* the helper was not started as root */
    COG_E_REFUSED,     /* refused after the password is proven */
    COG_E_LATE,        /* an answer came when it was over */
    COG_E_LOST,        /* account: a full sign-in mends it, nothing else */
    COG_E_COUNT_       /* keep last */
};

/* msg holds whole sentences of configuration errors with their file:line. */
#define COG_ERR_MSG_BYTES 400

struct cog_err {
    enum cog_errc code;
    char msg[COG_ERR_MSG_BYTES]; /* NUL-terminated, truncated to fit */
};

#define COG_ERR_INIT   \
    {                  \
        .code = COG_OK \
    }

/* Record a failure unless one is already recorded. Always returns -1. */
int cog_fail(struct cog_err *err, enum cog_errc code, const char *fmt, ...)
    COG_PRINTF(3, 4);

/* "out of memory" with COG_E_NOMEM. Always returns -1. */
int cog_fail_memory(struct cog_err *err);

#endif
