/* SPDX-License-Identifier: MIT */
/*
 * storeroom.h - what sign-ins left on this host, for a tool: configuration and
 * store are opened as root, everything in them is touched as run_as.
 */
#ifndef COG_STOREROOM_H
#define COG_STOREROOM_H

#include <stdbool.h>

#include "helper/tool.h"
#include "lib/core/err.h"
#include "lib/core/list.h"
#include "lib/core/macros.h"
#include "lib/host/usermap.h"
#include "lib/login/prepare.h"

struct cog_storeroom {
    struct cog_prepared prepared; /* `local`, `pool_user`: see below */
    struct cog_usermap map;
    struct cog_store *store; /* NULL: nobody has signed in on this host */
    int cache_dir;           /* of the pool's keys, or -1 */
};

#define COG_STOREROOM_INIT                                      \
    {                                                           \
        .prepared = COG_PREPARED_INIT, .map = COG_USERMAP_INIT, \
        .cache_dir = -1,                                        \
    }

/*
 * Open it and become run_as for good; `with_keys`: the pool's keys are wanted
 * too. `ret` (COG_STOREROOM_INIT) is to be closed in any case. Several mistakes
 * of the configuration are printed on standard error; `err` has the first.
 * COG_E_CONFIG: not started as root, or the configuration is wrong.
 * COG_E_SYSTEM: there is a store, but not as it must be. COG_E_LOOKUP,
 * COG_E_NOMEM.
 */
int cog_storeroom_open(const struct cog_tool_options *options, bool with_keys,
                       struct cog_storeroom *ret,
                       struct cog_err *err) COG_MUST_USE;

/*
 * Local users who are bound to a pool user, by name; and the files of bindings
 * that are damaged, so that nobody can tell whose they are. Both are for the
 * caller to clear. COG_E_SYSTEM, COG_E_NOMEM.
 */
int cog_storeroom_users(const struct cog_storeroom *room,
                        struct cog_list *ret_users,
                        struct cog_list *ret_damaged,
                        struct cog_err *err) COG_MUST_USE;

/* Make `prepared` speak of this user's account, as far as his record needs it.
 * COG_E_LOOKUP, COG_E_NOMEM. */
int cog_storeroom_find(struct cog_storeroom *room, const char *user,
                       struct cog_err *err) COG_MUST_USE;

/* Make it what cog_prepare() would have made for this user. COG_E_SCOPE: the
 * skip rules exempt him. COG_E_LOOKUP, COG_E_SYSTEM, COG_E_NOMEM. */
int cog_storeroom_prepare(struct cog_storeroom *room, const char *user,
                          struct cog_err *err) COG_MUST_USE;

void cog_storeroom_close(struct cog_storeroom *room);

#endif
