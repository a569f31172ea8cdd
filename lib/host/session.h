/* SPDX-License-Identifier: MIT */
/*
 * session.h - who called, from which terminal session: as the kernel says.
 */
#ifndef COG_SESSION_H
#define COG_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

#define COG_SESSION_BOOT_ID_BYTES 37

struct cog_session {
    uid_t real_uid;        /* inherited: of whoever runs su or sudo */
    pid_t sid;             /* session */
    uint64_t leader_start; /* start time of its living leader, clock ticks
                            * since boot; 0: the leader is gone */
    uint64_t tty;          /* number of the controlling terminal; 0: none */
    char boot_id[COG_SESSION_BOOT_ID_BYTES];
};

/*
 * Read it from /proc, as root. real_uid is what the process had before it
 * changed its ids: the caller passes it in. Source: proc(5), /proc/PID/stat
 * fields 6, 7 and 22; /proc/sys/kernel/random/boot_id.
 * COG_E_SYSTEM: /proc cannot be read.
 */
int cog_session_read(uid_t real_uid, struct cog_session *ret,
                     struct cog_err *err) COG_MUST_USE;

#endif
