/* SPDX-License-Identifier: MIT */
/*
 * shelf.h - a store in a fresh directory, for each test of one.
 */
#ifndef COG_SHELF_H
#define COG_SHELF_H

#include <stddef.h>
#include <stdint.h>
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
#define SHELF_TEST(test) \
    cmocka_unit_test_setup_teardown(test, shelf_setup, shelf_teardown)

/* A fresh one, for the next case of the test. */
void shelf_renew(void **state);

/* Set-up and teardown with the store in it open too. A test may close it and
 * open another in its place. */
extern struct cog_store *shelf_store;
int shelf_setup_open(void **state);
int shelf_teardown_open(void **state);
#define SHELF_TEST_OPEN(test) \
    cmocka_unit_test_setup_teardown(test, shelf_setup_open, shelf_teardown_open)

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

/* Call `check` with `file` at `path`, each of its bits wrong in turn, or cut to
 * each length. The last damage stays. */
void shelf_each_bit(const char *path, struct cog_secret *file,
                    void (*check)(void));
void shelf_each_length(const char *path, const struct cog_secret *file,
                       void (*check)(void));

/*
 * Put something in the place of the file at `path`, which is moved to
 * path.moved for those that lead there: kinds 0 to SHELF_KINDS - 1. None of
 * them counts as a file of ours. Returns its name.
 */
#define SHELF_KINDS 9
const char *shelf_replace(const char *path, size_t kind);

/* What this process may write: nothing, as on a full disk; all it could. */
void shelf_fill_disk(void);
void shelf_free_disk(void);

/* Milliseconds from no particular time, for how long a lock was waited for. */
int64_t shelf_now_ms(void);

#endif
