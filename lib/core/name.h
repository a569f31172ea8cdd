/* SPDX-License-Identifier: MIT */
/*
 * name.h - which names and user ids can be ours, and how names of strangers
 * are written into log lines.
 */
#ifndef COG_NAME_H
#define COG_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Room for a local user name and its NUL (useradd(8) allows 32 bytes). */
#define COG_NAME_BYTES 33
/* Longest pool user name in characters (Cognito API, UsernameType). */
#define COG_NAME_POOL_CHARS 128
/* Room for a pool user name and its NUL: 4 bytes to a UTF-8 character. */
#define COG_NAME_POOL_BYTES (4 * COG_NAME_POOL_CHARS + 1)
/* Ids below belong to the system on every distribution. */
#define COG_NAME_UID_MIN 1000

/* A local user name: [a-z_][a-z0-9_.-]{0,31}. */
bool cog_name_valid(const char *name);

/*
 * Ids that are never ours, whatever min_uid says: 0-999 (the system),
 * 61184-65519 (systemd's dynamic users), 65534 (nobody), 2^31 and above
 * (not user ids on every kernel and file system; (uid_t)-1 among them).
 * Source: systemd, docs/UIDS-GIDS.
 */
bool cog_name_uid_reserved(uid_t uid);

/*
 * A pool user or pool group name: 1-128 characters of valid UTF-8 without
 * spaces, control characters, invisible formatting (the Cognito API allows
 * only letters, marks, symbols, numbers and punctuation).
 */
bool cog_name_pool_valid(const char *name);

/* Well-formed UTF-8 (RFC 3629): no overlong form, surrogate or stray byte.
 * NUL bytes are well-formed. */
bool cog_name_utf8_valid(const void *bytes, size_t len);

/*
 * What a person can have typed: well-formed UTF-8 without control characters
 * (C0, DEL). sshd puts some in place of the password of a user it refuses.
 */
bool cog_name_typed_valid(const void *bytes, size_t len);

/*
 * Write bytes from outside so that they can stand between double quotes in a
 * log line: `"` and `\` get a backslash; every byte of a control character,
 * an invisible or direction-changing character, or malformed UTF-8 becomes
 * \xNN. The result is valid UTF-8, NUL-terminated, and ends in "..." where
 * `size` (at least 4) was too small; nothing is cut in the middle.
 */
void cog_name_escape(const void *bytes, size_t len, char *buf, size_t size);

#endif
