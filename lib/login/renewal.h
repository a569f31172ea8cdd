/* SPDX-License-Identifier: MIT */
/*
 * renewal.h - ask the pool again about a user who signed in here before, with
 * the refresh token of his record and without him.
 */
#ifndef COG_RENEWAL_H
#define COG_RENEWAL_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/login/signin.h"
#include "lib/store/binding.h"

enum cog_renewal {
    COG_RENEWAL_GOOD,        /* the pool and the rules say yes */
    COG_RENEWAL_REFUSED,     /* one of them says no: a tombstone was left */
    COG_RENEWAL_LOST,        /* no record to ask with */
    COG_RENEWAL_UNREACHABLE, /* nothing of the pool was heard */
    COG_RENEWAL_BUSY,        /* out of order, throttled, or somebody else is
                              * asking: nothing new is known */
    COG_RENEWAL_FAILED       /* anything else: refuse */
};

/*
 * Renew with an open `s`, under the user's lock. A rotated refresh token is on
 * disk before anything else is done with the reply; then the same checks as
 * after a sign-in; then the record takes the new groups and time. Returns 0
 * exactly with *ret GOOD; s->claims are then his.
 * COG_E_DISABLED, COG_E_IDENTITY: refused. Otherwise as refresh.h, signin.h
 * and record.h.
 */
int cog_renewal_run(struct cog_signin *s, const struct cog_binding *binding,
                    enum cog_renewal *ret, struct cog_err *err) COG_MUST_USE;

#endif
