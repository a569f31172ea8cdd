/* SPDX-License-Identifier: MIT */
/*
 * login.h - read this first: what happens between a question and a decision.
 *
 *   reauth: proven on this terminal just now, and the pool agrees?  -> let in
 *   scope: is this user ours?
 *     -> signin   ask the password -> flow: to the pool's tokens
 *                 -> key set -> jwt: verify to claims
 *                 -> identity: his, and allowed?  -> keep: bound to him?
 *        offline  where nothing of the pool is heard: the last password
 *     -> keep     leave what later calls need: binding, sealed record
 *     -> let in
 *
 * change.h goes the same way up to "bound to him?". recheck.h is what later
 * calls without a password come to; it and reauth ask by way of renewal.h.
 */
#ifndef COG_LOGIN_H
#define COG_LOGIN_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/protocol.h"
#include "lib/host/session.h"
#include "lib/login/prepare.h"
#include "lib/net/env.h"
#include "lib/store/store.h"

/* The facts of the call; all borrowed. */
struct cog_login {
    const struct cog_prepared *prepared;
    int cache_dir; /* descriptor, or -1 for none */
    enum cog_stacked stacked;
    struct cog_store *store; /* NULL: nothing is read or kept */
    const char *no_store;    /* why not, for the log, or NULL */
    /* There is one, but not as it must be: nobody is let in, since whom the
     * user is bound to cannot be told. */
    bool store_unsound;
    /* A test: nothing is kept or changed, and the refresh token ends. */
    bool read_only;
    const char *service;               /* PAM service; NULL: none */
    const struct cog_session *session; /* NULL: not known */
    const char *ruser;                 /* PAM_RUSER; "" or NULL: not said */
    /* The network of reauth.h, with a budget of its own: what nobody typed for
     * must not use up that of the sign-in. NULL: env's. */
    const struct cog_transport *renewals;
    /* Called after each step with its name, may be NULL; for a tool that
     * shows how long each takes. */
    void (*step)(void *ctx, const char *name);
    void *step_ctx;
};

/* What became known, for the log line; filled as far as it got. */
struct cog_login_facts {
    char sub[COG_SUB_SIZE]; /* of a verified token, or of the binding */
    const char *method;     /* "password", "email_otp", "refresh", "offline",
                             * ...; static */
    const char *mfa;        /* second factor used, or ""; static */
    bool proven;            /* the pool accepted the first factor */
    const char *rule;       /* what allowed the user, or ""; static */
    struct cog_err note;    /* what went wrong on the side */
};

#define COG_LOGIN_FACTS_INIT                        \
    {                                               \
        .method = "password", .mfa = "", .rule = "" \
    }

/*
 * Sign the user in. 0 means let him in: verified tokens, his, allowed; or,
 * offline, the last such sign-in's password. `facts` is filled in any case.
 * COG_E_SCOPE: not ours. COG_E_DENIED: refused before proof; COG_E_REFUSED,
 * COG_E_LATE: after it. COG_E_IDENTITY: genuine, but not his or not allowed.
 * Any other code refuses as well.
 */
int cog_login_authenticate(const struct cog_env *env,
                           const struct cog_login *login,
                           struct cog_login_facts *facts,
                           struct cog_err *err) COG_MUST_USE;

/* Add one more thing that went wrong on the side to a note, as long as there
 * is room. */
void cog_login_note(struct cog_err *note, const char *fmt, ...)
    COG_PRINTF(2, 3);

/* Why, for the log: what refused the user (err), or else what allowed him; and
 * the note. Where there is no room for both, each has half. */
void cog_login_reason(const struct cog_login_facts *facts,
                      const struct cog_err *err, char ret[COG_ERR_MSG_BYTES]);

#endif
