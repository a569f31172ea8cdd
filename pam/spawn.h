/* SPDX-License-Identifier: MIT */
/*
 * spawn.h - start and reap the helper from inside somebody else's process.
 *
 * The host's signals, umask, directory, descriptors and environment stay as
 * they are; the helper gets none of them.
 */
#ifndef COG_SPAWN_H
#define COG_SPAWN_H

#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

struct cog_child {
    pid_t pid;
    int pidfd;
    int fd; /* our end of the socket */
};

/*
 * Start the helper at `path` with an empty environment and the other end of
 * a fresh SOCK_SEQPACKET pair as its descriptor 0.
 * COG_E_SYSTEM: no descriptors, no process, or nothing to run at path.
 */
int cog_spawn_helper(const char *path, struct cog_child *ret,
                     struct cog_err *err) COG_MUST_USE;

/*
 * End it: close the socket, wait grace_ms for it to leave by itself, kill it
 * through its pidfd otherwise, reap. Fine when the host reaps all children
 * itself or ignores SIGCHLD.
 */
void cog_spawn_reap(struct cog_child *child, int grace_ms);

#endif
