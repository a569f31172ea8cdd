/* SPDX-License-Identifier: MIT */
/*
 * sandbox.h - the helper makes itself safe: first as root, whatever process
 * started it, then for good as an unprivileged user.
 */
#ifndef COG_SANDBOX_H
#define COG_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

/*
 * The very first thing the helper does: ids, descriptors, limits, signals,
 * directory, no core dumps, no new privileges, an alarm as the last word. Keeps
 * descriptor 0 and /dev/null on 1 and 2. COG_E_PRIVILEGE: not started as root.
 * COG_E_SYSTEM: a step failed.
 */
int cog_sandbox_enter(struct cog_err *err) COG_MUST_USE;

/*
 * Die with the process that started us, which must be at the other end of
 * descriptor 0. Again after each change of ids: the kernel then forgets.
 * COG_E_SYSTEM: descriptor 0 is no such socket, or that process is gone.
 */
int cog_sandbox_follow_parent(struct cog_err *err) COG_MUST_USE;

/*
 * Become uid and gid for ever, without any capability, and check that it is
 * so. Neither may be 0. From now on no terminal can stop the process.
 * COG_E_SYSTEM: a step failed; do not go on.
 */
int cog_sandbox_drop(uid_t uid, gid_t gid, struct cog_err *err) COG_MUST_USE;

#endif
