/* SPDX-License-Identifier: MIT */
/*
 * fuzz_usermap.c - no text crashes the map parser; an accepted map is one to
 * one, and so are the names composed with it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/host/usermap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool promise)
{
    if (!promise)
        __builtin_trap();
}

static void
check_line(const struct cog_usermap *map, const struct cog_usermap_line *line)
{
    static char format[] = "%u";
    const struct cog_config config = {.username_format = format};
    struct cog_err err = COG_ERR_INIT;
    char name[COG_NAME_POOL_BYTES];

    must(cog_name_valid(line->local));
    must(cog_name_pool_valid(line->pool));
    must(strcmp(cog_usermap_lookup(map, line->local), line->pool) == 0);
    must(strcmp(cog_usermap_reverse(map, line->pool), line->local) == 0);
    must(cog_usermap_pool_name(&config, map, line->local, name, sizeof(name),
                               &err) == 0);
    must(strcmp(name, line->pool) == 0);
    /* Whoever has that pool name as his local one does not share it. */
    if (strcmp(line->local, line->pool) != 0 &&
        cog_usermap_pool_name(&config, map, line->pool, name, sizeof(name),
                              &err) == 0)
        must(strcmp(name, line->pool) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cog_config_text text = {"fuzz", (const char *)data, size};
    struct cog_usermap map = COG_USERMAP_INIT;
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    struct cog_err err = COG_ERR_INIT;

    if (cog_usermap_read(&text, &map, &problems, &err) == 0) {
        for (size_t i = 0; i < map.count; i++)
            check_line(&map, &map.by_local[i]);
    } else {
        must(err.code == COG_E_CONFIG && problems.errors.count > 0);
    }
    cog_usermap_clear(&map);
    cog_config_problems_clear(&problems);
    return 0;
}
