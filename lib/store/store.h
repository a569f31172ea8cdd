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
    /* Has the mark that there was a store once, so that one that is missing
     * is not made anew. */
    const char *cache_dir;
    /* The key, and the first store of this host; never in the account phase,
     * which leaves nothing behind. */
    bool may_make_key;
};

/*
 * Open the store. Its state directories are made together, where may_make_key
 * says so, there is nothing at or in state_dir, and none was ever made here;
 * the seal key only where may_make_key and default_key say so and no record
 * exists yet. Neither a missing or unusable key nor run_dir is an error here:
 * see cog_store_no_key() and cog_store_no_run(). COG_E_NEVER: there is none and
 * never was: nobody signed in, nobody was refused. COG_E_SYSTEM: it is missing,
 * or a directory is or has another owner or mode, is a link, or could not be
 * opened.
 */
int cog_store_open(const struct cog_store_input *input, struct cog_store **ret,
                   struct cog_err *err) COG_MUST_USE;

/* Why records can neither be read nor written (text for the log, borrowed), or
 * NULL when they can. */
const char *cog_store_no_key(const struct cog_store *store);

/* Why there are no tickets, and perhaps no pauses (as above), or NULL. */
const char *cog_store_no_run(const struct cog_store *store);

/* NULL is fine. */
void cog_store_close(struct cog_store *store);

#endif
