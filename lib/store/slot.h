/* SPDX-License-Identifier: MIT */
/*
 * slot.h - one small file in a directory of ours, read with suspicion and
 * replaced as a whole.
 *
 * A file counts only when it is a regular file of ours with mode 0600 and one
 * link, judged by its descriptor; links are never followed and nothing blocks.
 * Writing goes through "NAME.tmp": whoever writes holds flock(2) on that file
 * until it has its place, so that an unlocked one is what a crash left, and is
 * replaced by the next writer.
 */
#ifndef COG_SLOT_H
#define COG_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* Where a file is and what it may be; strings are borrowed. */
struct cog_slot {
    int dir;           /* or AT_FDCWD, with an absolute path as name */
    const char *name;  /* in dir */
    uid_t uid;         /* whose file it must be */
    size_t max_bytes;  /* larger ones are not ours */
    bool first_wins;   /* a file that is there stays, which is success */
    bool until_reboot; /* lost at a crash anyway: no fsync(2) */
};

/*
 * Read it into `ret`, which must be empty; its capacity becomes the file's
 * size. *ret_found is false when there is no such file.
 * COG_E_IDENTITY: there is something else in its place, or it is not ours.
 * COG_E_SYSTEM, COG_E_NOMEM: it could not be read.
 */
int cog_slot_read(const struct cog_slot *slot, struct cog_secret *ret,
                  bool *ret_found, struct cog_err *err) COG_MUST_USE;

/*
 * Put `content` in its place. COG_E_SYSTEM: the old file stays, unless only
 * the last fsync(2) of the directory failed: then the new one is there and a
 * power cut may bring the old one back.
 */
int cog_slot_write(const struct cog_slot *slot,
                   const struct cog_secret *content, struct cog_err *err);

/* Remove it and what a crash left of it; none is fine. COG_E_SYSTEM. */
int cog_slot_erase(const struct cog_slot *slot, struct cog_err *err);

/*
 * Make it empty where it lies, which takes no room; none is fine.
 * COG_E_IDENTITY, COG_E_SYSTEM: what is there stays.
 */
int cog_slot_empty(const struct cog_slot *slot,
                   struct cog_err *err) COG_MUST_USE;

/* Length of a name without what makes it a temporary file's. */
size_t cog_slot_stem(const char *name);

/* Call `visit` with each name in a directory. Stops when it returns non-zero,
 * which is then returned. COG_E_SYSTEM. */
int cog_slot_each(int dir, int (*visit)(void *ctx, const char *name), void *ctx,
                  struct cog_err *err) COG_MUST_USE;

/* Is this open file a regular file of `uid`, mode 0600, without other links? If
 * not COG_E_IDENTITY, or COG_E_SYSTEM. */
int cog_slot_check(int fd, uid_t uid, struct stat *ret,
                   struct cog_err *err) COG_MUST_USE;

/* Take flock(2) of an open file, trying for at most wait_ms milliseconds.
 * Returns 0, or -1 with errno; EWOULDBLOCK: somebody else has it. */
int cog_slot_flock(int fd, int64_t wait_ms) COG_MUST_USE;

#endif
