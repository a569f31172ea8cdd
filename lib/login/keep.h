/* SPDX-License-Identifier: MIT */
/*
 * keep.h - what a sign-in finds on this host of earlier ones, and what it
 * leaves for later calls.
 *
 *   before the question   the record's device, which spares a second factor
 *   before letting in     the binding: the same pool user as ever?
 *   after                 binding, record, no tombstone
 *
 * A check that cannot be made refuses. What cannot be kept costs nobody his
 * sign-in: it becomes a note for the log.
 */
#ifndef COG_KEEP_H
#define COG_KEEP_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/list.h"
#include "lib/core/macros.h"
#include "lib/login/login.h"
#include "lib/login/prepare.h"
#include "lib/net/env.h"
#include "lib/pool/api.h"
#include "lib/pool/device.h"
#include "lib/pool/flow.h"
#include "lib/store/binding.h"
#include "lib/store/record.h"
#include "lib/token/claims.h"

/* Whose record that of this user with this sub is; borrows from both. */
struct cog_record_key cog_keep_key(const struct cog_prepared *prepared,
                                   const char *sub);

/*
 * The user's binding. *ret_found is false only when he never signed in here.
 * COG_E_IDENTITY: it is damaged, or names another pool. COG_E_SYSTEM: the
 * store is not as it must be, or there is none.
 */
int cog_keep_bound(const struct cog_login *login, struct cog_binding *ret,
                   bool *ret_found, struct cog_err *err) COG_MUST_USE;

/* This host as the device the user's last sign-in registered. `ret`
 * (COG_DEVICE_INIT) stays empty when there is none, or none may be used. */
void cog_keep_device(const struct cog_login *login, struct cog_device *ret);

/*
 * Is the local user bound to whoever these claims are of, or to nobody yet?
 * COG_E_IDENTITY: to somebody else, or the binding is damaged. COG_E_SYSTEM:
 * that cannot be told. Without any store there is nobody he could be bound
 * to.
 */
int cog_keep_check(const struct cog_login *login,
                   const struct cog_claims *claims,
                   struct cog_err *err) COG_MUST_USE;

/* Append the pool groups that these claims name. COG_E_NOMEM. */
int cog_keep_groups(const struct cog_claims *claims, struct cog_list *ret,
                    struct cog_err *err) COG_MUST_USE;

/* What a good sign-in brought; all borrowed. */
struct cog_keep_signin {
    const struct cog_api *api;
    const struct cog_api_tokens *tokens;
    const struct cog_claims *claims; /* checked */
    const struct cog_flow_facts *flow;
};

/*
 * Leave it here. `note` says what of it could not be kept.
 * COG_E_IDENTITY, COG_E_SYSTEM: as cog_keep_check(), when another sign-in of
 * the same name was faster; the user is not let in then.
 */
int cog_keep_write(const struct cog_env *env, const struct cog_login *login,
                   const struct cog_keep_signin *signin, struct cog_err *note,
                   struct cog_err *err) COG_MUST_USE;

/*
 * Would the rules still let in whom this record is of? As
 * cog_identity_still().
 */
int cog_keep_still(const struct cog_prepared *prepared,
                   const struct cog_record *record, const char **ret_rule,
                   struct cog_err *err) COG_MUST_USE;

/*
 * Three ways in which the record as it is on disk is not used again; each with
 * the user's lock held. COG_E_SYSTEM: the old one is still there.
 *
 * Of somebody the pool refuses: write it anew, or, as on a full disk, spoil it
 * (`note` says so).
 */
int cog_keep_replace(const struct cog_login *login,
                     const struct cog_binding *binding,
                     const struct cog_record *record, struct cog_err *note,
                     struct cog_err *err) COG_MUST_USE;

/* Leave an empty file in its place: it refuses until the next full sign-in, in
 * services that do not ask the pool as well. */
int cog_keep_spoil(const struct cog_login *login,
                   const struct cog_binding *binding,
                   struct cog_err *err) COG_MUST_USE;

/* Of somebody the pool does not refuse: without it he signs in once more, and
 * services that do not ask go on. Spoilt, where it would not be missed. */
int cog_keep_remove(const struct cog_login *login,
                    const struct cog_binding *binding,
                    struct cog_err *err) COG_MUST_USE;

/* That there is a record, if the binding does not say so yet: without that, a
 * lost one would look like none. Best effort, with a note. */
void cog_keep_mark(const struct cog_login *login,
                   const struct cog_binding *binding, struct cog_err *note);

/*
 * The record of the user's binding, into `ret` (COG_RECORD_INIT), and whose it
 * is (*ret_binding). *ret_found is false when he is not bound, or there is no
 * record that can be opened. Errors as cog_keep_bound() and record.h.
 */
int cog_keep_record(const struct cog_login *login,
                    struct cog_binding *ret_binding, struct cog_record *ret,
                    bool *ret_found, struct cog_err *err) COG_MUST_USE;

/*
 * The last password no longer opens anything offline: the pool has a new one.
 * The next sign-in makes a new verifier. Where the record can be neither
 * rewritten nor opened, all of it goes (`note` says so) if it may_go: for a
 * stranger's sake it must not. COG_E_SYSTEM (also when it must not, when the
 * store is unsound, or the key of his record is not there now), COG_E_NET,
 * COG_E_IDENTITY, COG_E_NOMEM: the password may still open something.
 */
int cog_keep_drop_verifier(const struct cog_login *login, bool may_go,
                           struct cog_err *note,
                           struct cog_err *err) COG_MUST_USE;

#endif
