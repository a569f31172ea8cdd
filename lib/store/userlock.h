/* SPDX-License-Identifier: MIT */
/*
 * userlock.h - one process at a time changes a user's record. Never held while
 * a question is open.
 */
#ifndef COG_USERLOCK_H
#define COG_USERLOCK_H

#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/store/store.h"

/* Nobody waits longer for a lock, whoever holds it, in milliseconds. */
#define COG_USERLOCK_WAIT_MS 2000

/* Take the lock of a local user; *ret is released by close(2), also by dying.
 * The file is never removed. COG_E_NET: somebody else held it all that time.
 * COG_E_SYSTEM: there can be no lock. */
int cog_userlock_take(const struct cog_store *store, const char *user,
                      int64_t wait_ms, int *ret,
                      struct cog_err *err) COG_MUST_USE;

#endif
