/* SPDX-License-Identifier: MIT */
/*
 * change.h - passwd(1): a new pool password, by the current one or by a code
 * the pool sends. Local files are never touched.
 *
 *   current password?  -> signin, all its factors -> new one -> ChangePassword
 *   Enter, or the pool
 *   demands a reset    -> "yes" -> ForgotPassword -> code, new one
 *                               -> ConfirmForgotPassword
 */
#ifndef COG_CHANGE_H
#define COG_CHANGE_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/login/login.h"
#include "lib/net/env.h"

/*
 * Before any module changes anything: is the user ours, and does the pool
 * answer? Asks nothing and sends one GET that names nobody.
 * COG_E_SCOPE: not ours. COG_E_NET, COG_E_PROTOCOL: the pool cannot be
 * reached. COG_E_SYSTEM.
 */
int cog_change_check(const struct cog_env *env, const struct cog_login *login,
                     struct cog_err *err) COG_MUST_USE;

/*
 * Change it. `facts` is filled in any case; after a code there is no token,
 * hence no sub.
 * COG_E_SCOPE: not ours. COG_E_DENIED: nobody is proven, or does not want to.
 * COG_E_IDENTITY: genuine, but not his or not allowed, as at sign-in.
 * COG_E_AUTHTOK: he is proven, and no new password was accepted. COG_E_LATE: it
 * took him too long. COG_E_SYSTEM: nothing was sent while the old password
 * would still have worked offline. Otherwise as cog_login_authenticate().
 */
int cog_change_password(const struct cog_env *env,
                        const struct cog_login *login,
                        struct cog_login_facts *facts,
                        struct cog_err *err) COG_MUST_USE;

#endif
