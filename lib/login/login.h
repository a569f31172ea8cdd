/* SPDX-License-Identifier: MIT */
/*
 * login.h - read this first: what happens between a question and a decision.
 *
 *   scope: is this user ours?  ->  ask the password  ->  flow: to tokens
 *     ->  key set  ->  jwt: verify to claims  ->  identity: let in or refuse
 */
#ifndef COG_LOGIN_H
#define COG_LOGIN_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/protocol.h"
#include "lib/login/prepare.h"
#include "lib/net/env.h"

struct cog_login {
    const struct cog_prepared *prepared;
    int cache_dir; /* descriptor, or -1 for none */
    enum cog_stacked stacked;
    /* End the refresh token at once (a test keeps nothing). */
    bool revoke;
    /* Called after each step with its name, may be NULL; for a tool that
     * shows how long each takes. */
    void (*step)(void *ctx, const char *name);
    void *step_ctx;
};

/* What became known, for the log line; filled as far as it got. */
struct cog_login_facts {
    char sub[COG_SUB_SIZE]; /* of a verified token */
    const char *method;     /* "password"; static */
    const char *mfa;        /* second factor used, or ""; static */
    const char *rule;       /* what allowed the user, or ""; static */
};

/*
 * Sign the user in. 0 means let him in: verified tokens, his, allowed.
 * COG_E_SCOPE: not ours. COG_E_DENIED: refused before proof. COG_E_IDENTITY:
 * genuine, but not his or not allowed. Any other code refuses as well.
 */
int cog_login_authenticate(const struct cog_env *env,
                           const struct cog_login *login,
                           struct cog_login_facts *facts,
                           struct cog_err *err) COG_MUST_USE;

/*
 * The account phase of a user who did not just sign in through this handle.
 * No record of earlier sign-ins is kept, so nobody passes.
 * COG_E_IDENTITY: denied. COG_E_SCOPE: not ours, or not asked about in this
 * service. COG_E_NEVER: has to sign in with the pool password.
 */
int cog_login_account(const struct cog_login *login,
                      struct cog_err *err) COG_MUST_USE;

/* chauthtok. COG_E_SCOPE: not ours. COG_E_UNSUPPORTED: not in this version. */
int cog_login_password(const struct cog_login *login,
                       struct cog_err *err) COG_MUST_USE;

#endif
