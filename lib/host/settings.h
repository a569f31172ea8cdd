/* SPDX-License-Identifier: MIT */
/*
 * settings.h - all that is written in the configuration files, each value
 * checked by itself, before it is known for which service it is read.
 */
#ifndef COG_SETTINGS_H
#define COG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/list.h"
#include "lib/core/macros.h"
#include "lib/core/options.h"
#include "lib/host/config.h"

/* One key of one service. Strings are borrowed from struct cog_settings. */
struct cog_setting {
    const struct cog_option *key;
    const char *service; /* NULL: for all services */
    const char *value;
    bool good; /* the value fits the key */
    const char *file;
    size_t line;
};

struct cog_settings {
    const struct cog_config_reader *reader; /* borrowed, set by the caller */
    struct cog_config_problems *problems;   /* borrowed, set by the caller */
    struct cog_setting *setting;            /* in the order of reading */
    size_t count;
    struct cog_list files;    /* as messages name them; the main file first */
    struct cog_list services; /* every service that has a setting */
    bool incomplete;          /* a file was refused as a whole */

    struct cog_list values;    /* what settings borrow */
    size_t file_first;         /* first setting of the file being read */
    struct cog_config scratch; /* where values are tried */
};

/*
 * Read a file and its drop-ins (PATH.d, *.conf, in the order of their names),
 * or a text. What is wrong is appended to `problems`.
 * COG_E_SYSTEM, COG_E_NOMEM: could not be read.
 */
int cog_settings_read_path(struct cog_settings *s, const char *path,
                           struct cog_err *err) COG_MUST_USE;
int cog_settings_read_text(struct cog_settings *s,
                           const struct cog_config_text *text,
                           struct cog_err *err) COG_MUST_USE;

/*
 * The setting of a key that holds for a service: the last one in its own
 * sections, else the last one outside of all, else NULL.
 */
const struct cog_setting *cog_settings_find(const struct cog_settings *s,
                                            const struct cog_option *key,
                                            const char *service);

void cog_settings_clear(struct cog_settings *s);

#endif
