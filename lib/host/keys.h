/* SPDX-License-Identifier: MIT */
/*
 * keys.h - the table of configuration keys, and what is not built yet.
 */
#ifndef COG_KEYS_H
#define COG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/options.h"

/* Room for one thing per key (checked in keys.c). */
#define COG_KEYS_MAX 64

/* One row per key; offsets are into struct cog_config. */
extern const struct cog_option cog_keys_table[];
extern const size_t cog_keys_count;

/* The default of a key for a service (NULL: none), or NULL. Static. */
const char *cog_keys_fallback(const struct cog_option *key,
                              const char *service);

/* A key, or one value of it, whose feature this version does not have. */
struct cog_keys_unbuilt {
    const char *key;
    const char *value;  /* NULL: any, if written */
    bool restricts;     /* refused, because ignoring it would widen access */
    const char *remedy; /* NULL: say only that it is not available */
};

extern const struct cog_keys_unbuilt cog_keys_unbuilt_table[];
extern const size_t cog_keys_unbuilt_count;

#endif
