/* SPDX-License-Identifier: MIT */
/*
 * store.h - the directories in which sign-ins leave what later ones need.
 *
 *   state_dir (root, 0755)           run_dir (run_as, 0700, gone at boot)
 *     seal.key    key of records        tickets/  who signed in here just now
 *     bindings/   local user -> sub     pause-*   the pool did not answer
 *     records/    sealed: tokens, ...
 *     tombstones/ refused for good
 *     locks/      one a user
 *
 * Opened as root, used as run_as: afterwards only descriptors are used, never
 * a path. docs/cache-format.md describes every byte.
 */
#ifndef COG_STORE_H
#define COG_STORE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

struct cog_store;

struct cog_store_input {
    const char *state_dir;
    const char *run_dir;
    const char *seal_key_file; /* as configured */
    bool default_key;          /* seal_key_file was not configured */
    uid_t uid;                 /* of run_as, who owns everything but state_dir
                                * and seal.key */
    gid_t gid;
    /* The key, and the state directories; never in the account phase, where
     * a store that is gone must not look like a user who never signed in. */
    bool may_make_key;
};

/*
 * Open the store, making directories that are missing: run_dir always, those of
 * state_dir where may_make_key says so. The seal key is made only where
 * may_make_key and default_key say so and no record exists yet.
 * A missing or unusable key is no error here: see cog_store_no_key().
 * COG_E_SYSTEM: a directory has another owner or mode, is a link, or could not
 * be made or opened.
 */
int cog_store_open(const struct cog_store_input *input, struct cog_store **ret,
                   struct cog_err *err) COG_MUST_USE;

/* Why records can neither be read nor written (text for the log, borrowed), or
 * NULL when they can. */
const char *cog_store_no_key(const struct cog_store *store);

/* NULL is fine. */
void cog_store_close(struct cog_store *store);

#endif
