/* SPDX-License-Identifier: MIT */
/*
 * scope.h - who is ours to decide, before anything is known from the pool.
 *
 * The facts about the local user are gathered once, as root; the decisions
 * over them are pure.
 */
#ifndef COG_SCOPE_H
#define COG_SCOPE_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/host/account.h"
#include "lib/host/config.h"

/* What this host says of the local user, as far as the rules ask. */
struct cog_local {
    struct cog_account account;
    const char *privileged; /* a group as good as root, or NULL; static */
};

/*
 * Gather them through NSS, from the nearest question to the farthest: a user
 * whom skip_users, the uid rules or skip_groups exempt is let go before
 * anything else is asked, so that he is whatever else is broken.
 * COG_E_SCOPE: such a user, unless he is denied.
 * COG_E_LOOKUP, COG_E_SYSTEM: NSS could not answer.
 */
int cog_scope_gather(const struct cog_config *config, const char *user,
                     struct cog_local *ret, struct cog_err *err) COG_MUST_USE;

/* Named in deny_users. */
bool cog_scope_denied(const struct cog_config *config,
                      const struct cog_local *local);

/*
 * The rules that need nothing but the user's own entry: skip_users, uids.
 * COG_E_SCOPE: they say that he is not ours.
 */
int cog_scope_check_skipped(const struct cog_config *config,
                            const struct cog_local *local,
                            struct cog_err *err) COG_MUST_USE;

/*
 * Is this user ours? A denied user always is: he is asked like anyone and
 * refused after proof. Others must not be skipped, and some rule must be able
 * to admit them. The name may be unknown to NSS (see local->account.exists):
 * then the rules that go by name alone answer, so that nobody can tell.
 * COG_E_SCOPE: not ours.
 */
int cog_scope_check(const struct cog_config *config,
                    const struct cog_local *local,
                    struct cog_err *err) COG_MUST_USE;

#endif
