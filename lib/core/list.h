/* SPDX-License-Identifier: MIT */
/*
 * list.h - a list of strings.
 */
#ifndef COG_LIST_H
#define COG_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

struct cog_list {
    char **item; /* NUL-terminated, owned */
    size_t count;
    bool given; /* written in the configuration, even if written empty */
};

/* Append a copy of the first `len` bytes of `text`. COG_E_NOMEM. */
int cog_list_append(struct cog_list *list, const char *text, size_t len,
                    struct cog_err *err) COG_MUST_USE;

/* Append a formatted string. COG_E_NOMEM. */
int cog_list_append_format(struct cog_list *list, struct cog_err *err,
                           const char *fmt, ...) COG_PRINTF(3, 4) COG_MUST_USE;

/* Is `text` one of the items, byte for byte? An empty list contains nothing. */
bool cog_list_contains(const struct cog_list *list, const char *text);

/* Free the items; the list is empty and not given again. */
void cog_list_clear(struct cog_list *list);

#endif
