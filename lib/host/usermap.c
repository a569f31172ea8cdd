/* SPDX-License-Identifier: MIT */
#include "lib/host/usermap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/lines.h"
#include "lib/core/name.h"
#include "lib/core/secret.h"
#include "lib/host/file.h"

/* How much of a name or file name a message repeats, in bytes. */
#define QUOTE_BYTES 128

/* A map while it is being read. */
struct reading {
    struct cog_list *errors;
    const char *file; /* escaped */
    struct cog_usermap map;
    size_t room; /* lines that fit into map.by_local */
};

static int
add_problem(void *ctx, size_t line, const char *text, struct cog_err *err)
{
    struct reading *r = ctx;

    return cog_list_append_format(r->errors, err, "%s:%zu: %s", r->file, line,
                                  text);
}

/* Make room for one more line, doubling so that large maps stay linear. */
static int
grow(struct reading *r, struct cog_err *err)
{
    size_t room = r->room == 0 ? 64 : 2 * r->room;
    struct cog_usermap_line *grown;

    if (r->map.count < r->room)
        return 0;
    grown = reallocarray(r->map.by_local, room, sizeof(*grown));
    if (grown == NULL)
        return cog_fail_memory(err);
    r->map.by_local = grown;
    r->room = room;
    return 0;
}

static int
append_line(struct reading *r, const struct cog_lines_entry *entry,
            struct cog_err *err)
{
    struct cog_usermap_line line = {.line = entry->line};

    if (grow(r, err) < 0)
        return -1;
    line.local = strdup(entry->key);
    line.pool = strdup(entry->value);
    if (line.local == NULL || line.pool == NULL) {
        free(line.local);
        free(line.pool);
        return cog_fail_memory(err);
    }
    r->map.by_local[r->map.count++] = line;
    return 0;
}

static int
complain_form(struct reading *r, size_t line, const char *name,
              const char *form, struct cog_err *err)
{
    char quoted[QUOTE_BYTES];

    cog_name_escape(name, strlen(name), quoted, sizeof(quoted));
    return cog_list_append_format(r->errors, err, "%s:%zu: '%s' is not %s",
                                  r->file, line, quoted, form);
}

static int
add_entry(void *ctx, const struct cog_lines_entry *entry, struct cog_err *err)
{
    struct reading *r = ctx;

    if (!cog_name_valid(entry->key)) {
        return complain_form(r, entry->line, entry->key,
                             "a local user name (a-z 0-9 _ . -, at most 32)",
                             err);
    }
    if (!cog_name_pool_valid(entry->value)) {
        return complain_form(r, entry->line, entry->value, "a pool user name",
                             err);
    }
    return append_line(r, entry, err);
}

static int
compare_lines(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int
compare_local(const void *a, const void *b)
{
    const struct cog_usermap_line *x = a;
    const struct cog_usermap_line *y = b;
    int order = strcmp(x->local, y->local);

    return order != 0 ? order : compare_lines(x->line, y->line);
}

static int
compare_pool(const void *a, const void *b)
{
    const struct cog_usermap_line *x = a;
    const struct cog_usermap_line *y = b;
    int order = strcmp(x->pool, y->pool);

    return order != 0 ? order : compare_lines(x->line, y->line);
}

/* Sort both ways; neighbours with one name are named twice. */
static int
index_map(struct reading *r, struct cog_err *err)
{
    struct cog_usermap *map = &r->map;

    if (map->count == 0)
        return 0;
    qsort(map->by_local, map->count, sizeof(*map->by_local), compare_local);
    map->by_pool = calloc(map->count, sizeof(*map->by_pool));
    if (map->by_pool == NULL)
        return cog_fail_memory(err);
    memcpy(map->by_pool, map->by_local, map->count * sizeof(*map->by_pool));
    qsort(map->by_pool, map->count, sizeof(*map->by_pool), compare_pool);
    return 0;
}

static int
check_unique(struct reading *r, struct cog_err *err)
{
    const struct cog_usermap_line *local = r->map.by_local;
    const struct cog_usermap_line *pool = r->map.by_pool;

    for (size_t i = 1; i < r->map.count; i++) {
        if (strcmp(local[i - 1].local, local[i].local) == 0 &&
            cog_list_append_format(r->errors, err,
                                   "%s:%zu: '%s' was already mapped in line "
                                   "%zu",
                                   r->file, local[i].line, local[i].local,
                                   local[i - 1].line) < 0)
            return -1;
        if (strcmp(pool[i - 1].pool, pool[i].pool) == 0 &&
            cog_list_append_format(
                r->errors, err,
                "%s:%zu: pool user '%s' already belongs to '%s' in line %zu",
                r->file, pool[i].line, pool[i].pool, pool[i - 1].local,
                pool[i - 1].line) < 0)
            return -1;
    }
    return 0;
}

int
cog_usermap_read(const struct cog_config_text *text, struct cog_usermap *map,
                 struct cog_config_problems *problems, struct cog_err *err)
{
    char file[QUOTE_BYTES];
    struct reading r = {.errors = &problems->errors, .file = file};
    const struct cog_lines_sink sink = {
        .entry = add_entry,
        .problem = add_problem,
        .ctx = &r,
    };
    size_t before = problems->errors.count;
    int rc = -1;

    cog_name_escape(text->name, strlen(text->name), file, sizeof(file));
    if (cog_lines_parse(text->text, text->len, &sink, err) < 0)
        goto out;
    if (index_map(&r, err) < 0)
        goto out;
    if (check_unique(&r, err) < 0)
        goto out;
    if (problems->errors.count > before) {
        (void)cog_config_judge(problems, err);
        goto out;
    }
    *map = r.map;
    rc = 0;

out:
    if (rc < 0)
        cog_usermap_clear(&r.map);
    return rc;
}

int
cog_usermap_load(const char *path, const struct cog_config_reader *reader,
                 struct cog_usermap *map, struct cog_config_problems *problems,
                 struct cog_err *err)
{
    const struct cog_file_rule rule = {
        .owner = {reader->owner},
        .max_bytes = COG_USERMAP_MAX_BYTES,
    };
    struct cog_secret content = COG_SECRET_INIT(0);
    struct cog_config_text text = {.name = path};
    struct cog_err why = COG_ERR_INIT;
    int rc;

    if (cog_file_read(path, &rule, &content, &why) < 0) {
        if (why.code == COG_E_CONFIG &&
            cog_list_append(&problems->errors, why.msg, strlen(why.msg), err) <
                0)
            return -1;
        return cog_fail(err, why.code, "%s", why.msg);
    }
    text.text = cog_secret_str(&content);
    text.len = content.len;
    rc = cog_usermap_read(&text, map, problems, err);
    cog_secret_clear(&content);
    return rc;
}

static int
match_local(const void *name, const void *line)
{
    return strcmp(name, ((const struct cog_usermap_line *)line)->local);
}

static int
match_pool(const void *name, const void *line)
{
    return strcmp(name, ((const struct cog_usermap_line *)line)->pool);
}

const char *
cog_usermap_lookup(const struct cog_usermap *map, const char *local)
{
    const struct cog_usermap_line *line = NULL;

    if (map->count > 0) {
        line = bsearch(local, map->by_local, map->count, sizeof(*line),
                       match_local);
    }
    return line == NULL ? NULL : line->pool;
}

const char *
cog_usermap_reverse(const struct cog_usermap *map, const char *pool)
{
    const struct cog_usermap_line *line = NULL;

    if (map->count > 0) {
        line =
            bsearch(pool, map->by_pool, map->count, sizeof(*line), match_pool);
    }
    return line == NULL ? NULL : line->local;
}

/* username_format with the local name in place of %u. */
static int
format_name(const struct cog_config *config, const char *local, char *buf,
            size_t size)
{
    const char *format = config->username_format;
    const char *mark = strstr(format, "%u");
    int n;

    if (mark == NULL)
        return -1;
    n = snprintf(buf, size, "%.*s%s%s", (int)(mark - format), format, local,
                 mark + strlen("%u"));
    return n > 0 && (size_t)n < size ? 0 : -1;
}

/* A format that meets a line of the map would let two local users sign in as
 * one pool user. */
static int
check_not_taken(const struct cog_usermap *map, const char *local,
                const char *pool, struct cog_err *err)
{
    const char *owner = map == NULL ? NULL : cog_usermap_reverse(map, pool);

    if (owner == NULL)
        return 0;
    return cog_fail(err, COG_E_IDENTITY,
                    "username_format gives '%s' the pool user that "
                    "username_map_file gives to '%s'",
                    local, owner);
}

int
cog_usermap_pool_name(const struct cog_config *config,
                      const struct cog_usermap *map, const char *local,
                      char *buf, size_t size, struct cog_err *err)
{
    char name[COG_NAME_POOL_BYTES];
    const char *mapped = NULL;
    size_t len;

    if (!cog_name_valid(local))
        return cog_fail(err, COG_E_IDENTITY, "not a local user name");
    if (map != NULL)
        mapped = cog_usermap_lookup(map, local);
    if (mapped == NULL) {
        if (format_name(config, local, name, sizeof(name)) < 0 ||
            !cog_name_pool_valid(name)) {
            return cog_fail(err, COG_E_IDENTITY,
                            "username_format makes no pool user name of '%s'",
                            local);
        }
        if (check_not_taken(map, local, name, err) < 0)
            return -1;
        mapped = name;
    }
    len = strlen(mapped);
    if (len >= size)
        return cog_fail(err, COG_E_IDENTITY, "the pool user name is too long");
    memcpy(buf, mapped, len + 1);
    return 0;
}

void
cog_usermap_clear(struct cog_usermap *map)
{
    for (size_t i = 0; i < map->count; i++) {
        free(map->by_local[i].local);
        free(map->by_local[i].pool);
    }
    free(map->by_local);
    free(map->by_pool);
    map->by_local = NULL;
    map->by_pool = NULL;
    map->count = 0;
}
