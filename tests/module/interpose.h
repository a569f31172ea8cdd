/* SPDX-License-Identifier: MIT */
/*
 * interpose.h - the parts of the C library that libpam and the module call
 * and that these tests replace: user look-up, system log, clock, spawning;
 * and the calls a test can make fail.
 *
 * A program may define them itself; it is linked with -rdynamic, so its own
 * come first for everything it loads.
 */
#ifndef COG_TESTS_INTERPOSE_H
#define COG_TESTS_INTERPOSE_H

#include <stdint.h>
#include <sys/types.h>

/* Room for all lines one test logs. */
#define INTERPOSE_LOG_BYTES (64 * 1024)

/* Change or (as UINT32_MAX) remove a user of the table in interpose.c. */
void interpose_set_uid(const char *user, uid_t uid);

/* "authpriv.notice pam_cognito(sshd:auth): ..." and a line feed for each
 * line since the start of the process. */
const char *interpose_log(void);

/* Move the monotonic clock this far ahead of the kernel's. */
void interpose_advance_ms(int64_t ms);

/* Run this instead of the program posix_spawn is asked for; NULL: no. */
void interpose_spawn(const char *path);

/* How often posix_spawn was called. */
unsigned interpose_spawns(void);

/* From now on getrandom, or pam_set_data, fails; the latter also only where
 * it is to keep something; or pam_set_item of an old password. */
enum interpose_call {
    INTERPOSE_NOTHING,
    INTERPOSE_GETRANDOM,
    INTERPOSE_SET_DATA,
    INTERPOSE_KEEP_DATA,
    INTERPOSE_SET_OLD
};

void interpose_break(enum interpose_call call);

#endif
