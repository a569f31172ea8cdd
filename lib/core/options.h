/* SPDX-License-Identifier: MIT */
/*
 * options.h - values of configuration keys, converted by a table.
 *
 * One row says what a key is: its name, type, field, bounds and default.
 * Adding a key is a row and a field.
 */
#ifndef COG_OPTIONS_H
#define COG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/list.h"
#include "lib/core/macros.h"

/* What a value is and, in brackets, the type of its field. */
enum cog_option_type {
    COG_OPTION_STRING,  /* text as it stands (char *) */
    COG_OPTION_PATH,    /* absolute path (char *) */
    COG_OPTION_URL,     /* https URL without user, query, fragment (char *) */
    COG_OPTION_LIST,    /* items between spaces and commas (cog_list) */
    COG_OPTION_BOOL,    /* yes or no (bool) */
    COG_OPTION_SECONDS, /* 90, 90s, 15m, 24h, 7d (int64_t, seconds) */
    COG_OPTION_UID,     /* decimal user id (uid_t) */
    COG_OPTION_CHOICE   /* one word of `choices` (an enum, its index) */
};

/* The value of a COG_OPTION_SECONDS field that was written `off`. */
#define COG_OPTIONS_OFF (-1)

enum {
    COG_OPTION_PER_SERVICE = 1 << 0, /* may stand in a section */
    COG_OPTION_MAY_BE_OFF = 1 << 1,  /* seconds: `off` is a value too */
    COG_OPTION_HIDDEN = 1 << 2       /* never quote the value in messages */
};

struct cog_option {
    const char *name;
    enum cog_option_type type;
    unsigned flags;
    size_t offset;               /* of the field in the caller's struct */
    const char *fallback;        /* the value when not written; may be NULL */
    int64_t min;                 /* seconds and user ids: bounds */
    int64_t max;                 /* (both included) */
    const char *const *choices;  /* choice: words, NULL-terminated */
    bool (*check)(const char *); /* string, list item: is it well-formed? */
    const char *form;            /* for people: what `check` wants */
};

/* The row of that name, or NULL. */
const struct cog_option *cog_options_find(const struct cog_option *table,
                                          size_t rows, const char *name);

/* The name most like a misspelt one, or NULL when none is near. */
const char *cog_options_nearest(const struct cog_option *table, size_t rows,
                                const char *name);

/*
 * Convert a value by its row into its field of `config`, replacing (freeing)
 * what was there. An empty value is an error except for lists, which become
 * empty and given.
 * COG_E_CONFIG: "key: what is wrong"; the field is as before. COG_E_NOMEM.
 */
int cog_options_set(const struct cog_option *option, const char *value,
                    void *config, struct cog_err *err) COG_MUST_USE;

/* Free the strings and lists of all rows. */
void cog_options_clear(const struct cog_option *table, size_t rows,
                       void *config);

/*
 * SCHEME://HOST[:PORT][/PATH] of plain ASCII: no user, query or fragment.
 * `scheme` is "https", or another where plain text does no harm.
 */
bool cog_options_url_valid(const char *url, const char *scheme);

#endif
