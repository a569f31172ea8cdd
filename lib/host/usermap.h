/* SPDX-License-Identifier: MIT */
/*
 * usermap.h - which pool user a local user is.
 *
 * Lines `local = pool-user-name` of username_map_file, and username_format
 * for everyone not in there. A mapping only names; it never allows.
 */
#ifndef COG_USERMAP_H
#define COG_USERMAP_H

#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/host/config.h"

/* Largest map file in bytes: some 100,000 users. */
#define COG_USERMAP_MAX_BYTES ((size_t)4 * 1024 * 1024)

struct cog_usermap_line {
    char *local;
    char *pool;
    size_t line;
};

struct cog_usermap {
    struct cog_usermap_line *by_local; /* sorted by local name; owns it all */
    struct cog_usermap_line *by_pool;  /* the same, sorted by pool user name */
    size_t count;
};

#define COG_USERMAP_INIT \
    {                    \
        .count = 0       \
    }

/*
 * Read a map from its file (COG_FILE rules of the reader) or from a text.
 * Both directions are unique: a local user or a pool user named twice is
 * refused. `map` must be empty.
 * COG_E_CONFIG: refused; every problem is in `problems`, the first in err.
 * COG_E_SYSTEM, COG_E_NOMEM.
 */
int cog_usermap_load(const char *path, const struct cog_config_reader *reader,
                     struct cog_usermap *map,
                     struct cog_config_problems *problems,
                     struct cog_err *err) COG_MUST_USE;
int cog_usermap_read(const struct cog_config_text *text,
                     struct cog_usermap *map,
                     struct cog_config_problems *problems,
                     struct cog_err *err) COG_MUST_USE;

/* The pool user a line names for this local user (borrowed), or NULL. */
const char *cog_usermap_lookup(const struct cog_usermap *map,
                               const char *local);

/* The local user a line names for this pool user (borrowed), or NULL. */
const char *cog_usermap_reverse(const struct cog_usermap *map,
                                const char *pool);

/*
 * The pool user name of a local user: his line of the map (which may be NULL
 * or empty), else username_format. buf of COG_NAME_POOL_BYTES always fits.
 * COG_E_IDENTITY: not a local user name; the result is not a pool user name;
 * or the format gives a name that a line gives to somebody else.
 */
int cog_usermap_pool_name(const struct cog_config *config,
                          const struct cog_usermap *map, const char *local,
                          char *buf, size_t size,
                          struct cog_err *err) COG_MUST_USE;

void cog_usermap_clear(struct cog_usermap *map);

#endif
