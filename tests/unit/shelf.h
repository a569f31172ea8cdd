/* SPDX-License-Identifier: MIT */
/*
 * shelf.h - a store in a fresh directory, for each test of one.
 */
#ifndef COG_SHELF_H
#define COG_SHELF_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/core/secret.h"
#include "lib/store/store.h"

#define SHELF_PATH_BYTES 512
/* The largest file a test reads, in bytes. */
#define SHELF_FILE_MAX ((size_t)256 * 1024)

/* Set-up and teardown of a test: the directory comes and goes, with all that
 * is in it, and an alarm ends what blocks. */
int shelf_setup(void **state);
int shelf_teardown(void **state);

/* A path below the directory: "state/records/..." or "run/...". The result
 * stays for the next few calls. */
const char *shelf_path(const char *below);

/* The store with its directories "state" and "run", ours, as a sign-in opens
 * it. */
struct cog_store_input shelf_input(void);
struct cog_store *shelf_open(void);

/* How many names are in a directory; the only one in it. */
size_t shelf_count(const char *below);
const char *shelf_only(const char *below);

/* Whole files by path. What is written has mode 0600. */
void shelf_read(const char *path, struct cog_secret *ret);
void shelf_write(const char *path, const void *bytes, size_t len);

/*
 * Put something in the place of the file at `path`, which is moved to
 * path.moved for those that lead there: kinds 0 to SHELF_KINDS - 1. None of
 * them counts as a file of ours. Returns its name.
 */
#define SHELF_KINDS 9
const char *shelf_replace(const char *path, size_t kind);

#endif
