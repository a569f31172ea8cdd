/* SPDX-License-Identifier: MIT */
/*
 * offline.h - sign-in with the last good password while nothing of the pool is
 * to be heard.
 *
 * Only for a password that was given for this sign-in, after the first request
 * failed with COG_E_UNREACHABLE. Each try is counted on disk before the
 * password is looked at, and given back when it was right. What stands against
 * the user is said only to whoever has his password.
 */
#ifndef COG_OFFLINE_H
#define COG_OFFLINE_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/login/login.h"
#include "lib/net/env.h"
#include "lib/pool/refusal.h"

/*
 * 0 lets the user in (facts->method "offline"). COG_E_DENIED: wrong password.
 * COG_E_IDENTITY: the right one, of somebody the rules no longer admit.
 * COG_E_UNREACHABLE: not allowed, not possible or no longer possible offline;
 * msg says which. COG_E_NET, COG_E_SYSTEM, COG_E_NOMEM: the try could not be
 * counted.
 */
int cog_offline_run(const struct cog_env *env, const struct cog_login *login,
                    const struct cog_secret *password,
                    struct cog_login_facts *facts,
                    struct cog_err *err) COG_MUST_USE;

/*
 * The pool refused this password before any proof: it opens nothing offline
 * either. A stranger's typing error costs nobody anything, but what the pool
 * says of the user himself does. Best effort, with a note.
 */
void cog_offline_refused(const struct cog_login *login,
                         const struct cog_refused *refused,
                         const struct cog_secret *password,
                         struct cog_err *note);

#endif
