/* SPDX-License-Identifier: MIT */
/*
 * identity.h - the one function that lets somebody in.
 *
 * Every way to sign in ends here, and only verified claims can get here.
 */
#ifndef COG_IDENTITY_H
#define COG_IDENTITY_H

#include "lib/core/err.h"
#include "lib/core/list.h"
#include "lib/core/macros.h"
#include "lib/host/config.h"
#include "lib/login/scope.h"
#include "lib/token/claims.h"

/*
 * Do these claims belong to this local user, and may he come in? `pool_user`
 * is the pool user name he maps to. On success *ret_rule names the rule that
 * allows him (static text, for the log). Pure.
 * COG_E_IDENTITY: anything else: another pool user, no such local user, a
 * deny rule, no allow rule.
 */
int cog_identity_check(const struct cog_config *config,
                       const struct cog_local *local, const char *pool_user,
                       const struct cog_claims *claims, const char **ret_rule,
                       struct cog_err *err) COG_MUST_USE;

/* What the pool said last of a user who signed in on this host; borrowed. */
struct cog_identity_kept {
    const char *username; /* the pool's own name for him */
    const struct cog_list *groups;
};

/*
 * Would he still be let in who was all this when the pool last answered? Of
 * who he is only the name is known, where the configuration goes by that.
 * Result and errors as cog_identity_check().
 */
int cog_identity_still(const struct cog_config *config,
                       const struct cog_local *local, const char *pool_user,
                       const struct cog_identity_kept *kept,
                       const char **ret_rule, struct cog_err *err) COG_MUST_USE;

#endif
