/* SPDX-License-Identifier: MIT */
/*
 * renewal.h - ask the pool again about a user who signed in here before, with
 * the refresh token of his record and without him.
 *
 *   lock -> record -> refresh: new tokens -> a rotated one to disk
 *     -> verify, rules, binding as after a sign-in -> record: groups, time
 */
#ifndef COG_RENEWAL_H
#define COG_RENEWAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/login/signin.h"
#include "lib/store/binding.h"

/* The pool is given this long for an answer, in milliseconds: nobody typed
 * anything, and somebody waits. */
#define COG_RENEWAL_NETWORK_MS ((int64_t)3000)

enum cog_renewal {
    COG_RENEWAL_GOOD,        /* the pool and the rules say yes */
    COG_RENEWAL_REFUSED,     /* one of them says no */
    COG_RENEWAL_LOST,        /* no record to ask with */
    COG_RENEWAL_UNREACHABLE, /* nothing of the pool was heard, now or within
                              * the pause after such a silence */
    COG_RENEWAL_BUSY,        /* out of order or throttled: nothing new is
                              * known */
    COG_RENEWAL_LOCKED,      /* another process has the user's lock: it is
                              * asking, or was stopped */
    COG_RENEWAL_FAILED       /* anything else: refuse */
};

/* An error after which nothing new is known: UNREACHABLE or BUSY. */
bool cog_renewal_is_outage(enum cog_errc code);

/*
 * Renew with an open `s`, under the user's lock. An answer that another
 * process got while this one waited, and that is younger than young_s, is as
 * good as one of our own (s->claims are NULL then); 0: the pool is asked.
 * A refusal that will stand leaves a tombstone: the pool has disabled, deleted
 * or reset the user, or ended his token, which ends the record as well; or it
 * has taken him out of the groups that let him into this service, which the
 * record knows from then on. One that may pass leaves none. What cannot be
 * rewritten on the way is removed or emptied. Returns 0 exactly with *ret GOOD.
 * COG_E_DISABLED, COG_E_IDENTITY: refused. COG_E_LOST: the same until a full
 * sign-in. COG_E_NET with LOCKED. Otherwise as refresh.h, signin.h and
 * record.h.
 */
int cog_renewal_run(struct cog_signin *s, const struct cog_binding *binding,
                    int64_t young_s, enum cog_renewal *ret,
                    struct cog_err *err) COG_MUST_USE;

#endif
