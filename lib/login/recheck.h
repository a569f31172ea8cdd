/* SPDX-License-Identifier: MIT */
/*
 * recheck.h - the account phase: may somebody come in who proved himself by
 * other means (a key, root, a running session), going by his last sign-in with
 * the pool on this host and by what the pool says of him now?
 *
 *   scope -> binding -> tombstone -> record -> young, and the rules hold?
 *                                      yes: let in
 *                                      no -> renewal: ask the pool
 *                                         nothing new -> within the grace?
 */
#ifndef COG_RECHECK_H
#define COG_RECHECK_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/login/login.h"
#include "lib/net/env.h"

/*
 * 0 lets the user in; facts->sub is the binding's, and facts->method says on
 * what grounds: "cached" (the pool said so a short while ago), "recheck" (it
 * says so now), "grace" (it cannot be asked, and said so lately) or "bound" (it
 * is not asked in this service).
 * COG_E_SCOPE: not ours. COG_E_NEVER: has to sign in with the pool first.
 * COG_E_LOST: has to do so again. COG_E_IDENTITY, COG_E_DISABLED: refused.
 * COG_E_SYSTEM: the store is not as it must be. COG_E_UNREACHABLE, COG_E_NET
 * and others: the pool could not be asked, and the grace is over or does not
 * cover why. Uses env's network only when the pool has to be asked, and its
 * user not at all.
 */
int cog_recheck_account(const struct cog_env *env,
                        const struct cog_login *login,
                        struct cog_login_facts *facts,
                        struct cog_err *err) COG_MUST_USE;

/* A tombstone refuses, unless it is of another service only: there the rules
 * decide, going by the record. COG_E_DISABLED, COG_E_IDENTITY; COG_E_LOST (also
 * when it cannot be read): a full sign-in is all it takes; COG_E_SYSTEM. */
int cog_recheck_tombstone(const struct cog_login *login,
                          struct cog_err *err) COG_MUST_USE;

#endif
