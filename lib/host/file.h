/* SPDX-License-Identifier: MIT */
/*
 * file.h - reading files only when the right people wrote them.
 *
 * A file is opened without following a link in its last component and
 * without ever blocking, then judged by its descriptor, so what was checked
 * is what is read.
 */
#ifndef COG_FILE_H
#define COG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* Whose files are trusted, besides root's. */
#define COG_FILE_OWNERS 2

struct cog_file_rule {
    uid_t owner[COG_FILE_OWNERS]; /* 0 where unused: root is always trusted */
    bool secret;                  /* no access for group and others at all */
    size_t max_bytes;
};

/*
 * The owner a program may trust besides root when it reads configuration:
 * the person running it as a plain user (real = effective uid), else 0. The
 * PAM helper never asks.
 */
uid_t cog_file_self(void);

/*
 * Read a whole file into `ret`, which must be empty; its capacity becomes the
 * file's size. The path must be absolute and name a regular file, owned by
 * root or one of the rule's owners, writable by its owner only.
 * COG_E_CONFIG: missing, not so, too large, or changed while it was read.
 * COG_E_SYSTEM, COG_E_NOMEM: could not be read.
 */
int cog_file_read(const char *path, const struct cog_file_rule *rule,
                  struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/*
 * Open a directory of configuration files, owned and protected as
 * cog_file_read() asks. *ret_fd is -1 when there is none; else the caller
 * closes it. Errors as cog_file_read().
 */
int cog_file_open_dir(const char *path, const struct cog_file_rule *rule,
                      int *ret_fd, struct cog_err *err) COG_MUST_USE;

struct cog_file_owner {
    uid_t uid;
    gid_t gid;   /* given to a new directory; without access, not compared */
    mode_t mode; /* permission bits, compared exactly */
};

/*
 * Open one of our own directories and check that it is a real directory with
 * exactly this owner and mode; a missing one is made first, so that it appears
 * complete or not at all. The caller closes *ret_fd. A directory found
 * otherwise is refused and left as it is.
 * COG_E_SYSTEM: refused, or could not be made or opened (a missing parent
 * is never made).
 */
int cog_file_state_dir(const char *path, const struct cog_file_owner *owner,
                       int *ret_fd, struct cog_err *err) COG_MUST_USE;

#endif
