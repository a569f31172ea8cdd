/* SPDX-License-Identifier: MIT */
#include "lib/host/settings.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/core/lines.h"
#include "lib/core/name.h"
#include "lib/core/secret.h"
#include "lib/host/file.h"
#include "lib/host/keys.h"

/* Most settings we keep, over all files and services: far more than anybody
 * writes, and few enough to compare each with each. */
#define SETTINGS_MAX 1024
/* How much of a wrong key a message repeats, in bytes. */
#define QUOTE_BYTES 64
/* How much of a file name a message repeats, in bytes. */
#define NAME_BYTES 1024

static const char *
current_file(const struct cog_settings *s)
{
    return s->files.item[s->files.count - 1];
}

static int
add_problem(void *ctx, size_t line, const char *text, struct cog_err *err)
{
    struct cog_settings *s = ctx;

    return cog_list_append_format(&s->problems->errors, err, "%s:%zu: %s",
                                  current_file(s), line, text);
}

static int complain(struct cog_settings *s, size_t line, struct cog_err *err,
                    const char *fmt, ...) COG_PRINTF(4, 5);

static int
complain(struct cog_settings *s, size_t line, struct cog_err *err,
         const char *fmt, ...)
{
    char text[COG_ERR_MSG_BYTES];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return add_problem(s, line, text, err);
}

static int
complain_unknown(struct cog_settings *s, const struct cog_lines_entry *entry,
                 struct cog_err *err)
{
    const char *nearest =
        cog_options_nearest(cog_keys_table, cog_keys_count, entry->key);
    char quoted[QUOTE_BYTES];

    cog_name_escape(entry->key, strlen(entry->key), quoted, sizeof(quoted));
    if (nearest == NULL)
        return complain(s, entry->line, err, "unknown key '%s'", quoted);
    return complain(s, entry->line, err, "unknown key '%s': did you mean '%s'?",
                    quoted, nearest);
}

/* The list's own copy of a string, appended if it has none yet. */
static int
intern(struct cog_list *list, const char *text, const char **ret,
       struct cog_err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->item[i], text) == 0) {
            *ret = list->item[i];
            return 0;
        }
    }
    if (cog_list_append(list, text, strlen(text), err) < 0)
        return -1;
    *ret = list->item[list->count - 1];
    return 0;
}

/* An earlier setting of the same key for the same service in this file.
 * Services are interned, so their pointers tell. */
static const struct cog_setting *
find_duplicate(const struct cog_settings *s, const struct cog_setting *wanted)
{
    for (size_t i = s->file_first; i < s->count; i++) {
        if (s->setting[i].key == wanted->key &&
            s->setting[i].service == wanted->service &&
            s->setting[i].line != wanted->line)
            return &s->setting[i];
    }
    return NULL;
}

static int
add_setting(struct cog_settings *s, const struct cog_setting *wanted,
            struct cog_err *err)
{
    struct cog_setting *grown =
        reallocarray(s->setting, s->count + 1, sizeof(*grown));

    if (grown == NULL)
        return cog_fail_memory(err);
    s->setting = grown;
    s->setting[s->count++] = *wanted;
    return 0;
}

/* Add it for each service of its section, or for all outside of one. */
static int
add_for_services(struct cog_settings *s, struct cog_setting *setting,
                 const struct cog_lines_entry *entry, struct cog_err *err)
{
    size_t services = entry->in_section ? entry->services->count : 1;
    const struct cog_setting *earlier = NULL;

    if (services > SETTINGS_MAX - s->count) {
        return complain(s, entry->line, err, "more than %d settings",
                        SETTINGS_MAX);
    }
    for (size_t i = 0; earlier == NULL && i < services; i++) {
        if (entry->in_section && intern(&s->services, entry->services->item[i],
                                        &setting->service, err) < 0)
            return -1;
        earlier = find_duplicate(s, setting);
        if (earlier == NULL && add_setting(s, setting, err) < 0)
            return -1;
    }
    if (earlier == NULL)
        return 0;
    return complain(s, entry->line, err, "'%s' was already set in line %zu",
                    entry->key, earlier->line);
}

/* Does the value fit? Otherwise the problem is noted, and *ret is false. */
static int
try_value(struct cog_settings *s, const struct cog_option *key,
          const struct cog_lines_entry *entry, bool *ret, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    *ret = cog_options_set(key, entry->value, &s->scratch, &why) == 0;
    if (*ret)
        return 0;
    if (why.code != COG_E_CONFIG)
        return cog_fail(err, why.code, "%s", why.msg);
    return add_problem(s, entry->line, why.msg, err);
}

static int
add_entry(void *ctx, const struct cog_lines_entry *entry, struct cog_err *err)
{
    struct cog_settings *s = ctx;
    struct cog_setting setting = {
        .key = cog_options_find(cog_keys_table, cog_keys_count, entry->key),
        .file = current_file(s),
        .line = entry->line,
    };

    if (setting.key == NULL)
        return complain_unknown(s, entry, err);
    if (entry->in_section &&
        (setting.key->flags & COG_OPTION_PER_SERVICE) == 0) {
        return complain(s, entry->line, err,
                        "'%s' holds for all services: move it above the first "
                        "section",
                        entry->key);
    }
    if (try_value(s, setting.key, entry, &setting.good, err) < 0 ||
        cog_list_append(&s->values, entry->value, strlen(entry->value), err) <
            0)
        return -1;
    setting.value = s->values.item[s->values.count - 1];
    return add_for_services(s, &setting, entry, err);
}

/* Begin a file: its name in messages, its own duplicates. */
static int
begin_file(struct cog_settings *s, const char *name, struct cog_err *err)
{
    char quoted[NAME_BYTES];

    cog_name_escape(name, strlen(name), quoted, sizeof(quoted));
    s->file_first = s->count;
    return cog_list_append(&s->files, quoted, strlen(quoted), err);
}

int
cog_settings_read_text(struct cog_settings *s,
                       const struct cog_config_text *text, struct cog_err *err)
{
    const struct cog_lines_sink sink = {
        .entry = add_entry,
        .problem = add_problem,
        .ctx = s,
        .sections = true,
    };

    if (begin_file(s, text->name, err) < 0)
        return -1;
    return cog_lines_parse(text->text, text->len, &sink, err);
}

static struct cog_file_rule
file_rule(const struct cog_settings *s)
{
    struct cog_file_rule rule = {
        .owner = {s->reader->owner},
        .max_bytes = COG_CONFIG_MAX_BYTES,
    };

    return rule;
}

/* A file we refuse is a problem like others; failing to read is not. */
static int
note_refusal(struct cog_settings *s, const struct cog_err *why,
             struct cog_err *err)
{
    if (why->code != COG_E_CONFIG)
        return cog_fail(err, why->code, "%s", why->msg);
    s->incomplete = true;
    return cog_list_append(&s->problems->errors, why->msg, strlen(why->msg),
                           err);
}

static int
read_file(struct cog_settings *s, const char *path, struct cog_err *err)
{
    struct cog_file_rule rule = file_rule(s);
    struct cog_secret content = COG_SECRET_INIT(0);
    struct cog_config_text text = {.name = path};
    struct cog_err why = COG_ERR_INIT;
    int rc;

    if (cog_file_read(path, &rule, &content, &why) < 0)
        return note_refusal(s, &why, err);
    text.text = cog_secret_str(&content);
    text.len = content.len;
    rc = cog_settings_read_text(s, &text, err);
    cog_secret_clear(&content);
    return rc;
}

static bool
is_dropin(const char *name)
{
    static const char suffix[] = ".conf";
    size_t len = strlen(name);

    return name[0] != '.' && len > strlen(suffix) &&
           strcmp(name + len - strlen(suffix), suffix) == 0;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The drop-ins of a directory in the order in which they apply. Takes `fd`. */
static int
list_dropins(int fd, struct cog_list *ret, struct cog_err *err)
{
    DIR *dir = fdopendir(fd);
    const struct dirent *entry;
    int rc = 0;

    if (dir == NULL) {
        (void)close(fd);
        return cog_fail_memory(err);
    }
    errno = 0;
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        if (is_dropin(entry->d_name)) {
            rc =
                cog_list_append(ret, entry->d_name, strlen(entry->d_name), err);
        }
        errno = 0;
    }
    if (rc == 0 && errno != 0) {
        rc = cog_fail(err, COG_E_SYSTEM, "reading the drop-in directory: %s",
                      strerror(errno));
    }
    (void)closedir(dir);
    if (ret->count > 0)
        qsort(ret->item, ret->count, sizeof(*ret->item), compare_names);
    return rc;
}

static int
read_listed(struct cog_settings *s, const char *dir,
            const struct cog_list *names, struct cog_err *err)
{
    struct cog_list paths = {.count = 0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < names->count; i++) {
        rc = cog_list_append_format(&paths, err, "%s/%s", dir, names->item[i]);
        if (rc == 0)
            rc = read_file(s, paths.item[i], err);
    }
    cog_list_clear(&paths);
    return rc;
}

static int
read_dropins(struct cog_settings *s, const char *dir, struct cog_err *err)
{
    struct cog_file_rule rule = file_rule(s);
    struct cog_list names = {.count = 0};
    struct cog_err why = COG_ERR_INIT;
    int fd = -1;
    int rc;

    if (cog_file_open_dir(dir, &rule, &fd, &why) < 0)
        return note_refusal(s, &why, err);
    if (fd < 0)
        return 0;
    rc = list_dropins(fd, &names, err);
    if (rc == 0)
        rc = read_listed(s, dir, &names, err);
    cog_list_clear(&names);
    return rc;
}

int
cog_settings_read_path(struct cog_settings *s, const char *path,
                       struct cog_err *err)
{
    struct cog_list dir = {.count = 0};
    int rc;

    if (cog_list_append_format(&dir, err, "%s.d", path) < 0)
        return -1;
    rc = read_file(s, path, err);
    if (rc == 0)
        rc = read_dropins(s, dir.item[0], err);
    cog_list_clear(&dir);
    return rc;
}

const struct cog_setting *
cog_settings_find(const struct cog_settings *s, const struct cog_option *key,
                  const char *service)
{
    const struct cog_setting *general = NULL;
    const struct cog_setting *own = NULL;

    for (size_t i = 0; i < s->count; i++) {
        const struct cog_setting *set = &s->setting[i];

        if (set->key != key)
            continue;
        if (set->service == NULL) {
            general = set;
        } else if (service != NULL && strcmp(set->service, service) == 0) {
            own = set;
        }
    }
    return own != NULL ? own : general;
}

void
cog_settings_clear(struct cog_settings *s)
{
    cog_list_clear(&s->files);
    cog_list_clear(&s->services);
    cog_list_clear(&s->values);
    free(s->setting);
    s->setting = NULL;
    s->count = 0;
    cog_config_clear(&s->scratch);
}
