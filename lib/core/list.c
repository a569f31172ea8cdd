/* SPDX-License-Identifier: MIT */
#include "lib/core/list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Take over `item`, which is freed when there is no room. */
static int
append_owned(struct cog_list *list, char *item, struct cog_err *err)
{
    char **grown = NULL;

    if (item != NULL)
        grown = reallocarray(list->item, list->count + 1, sizeof(*grown));
    if (grown == NULL) {
        free(item);
        return cog_fail_memory(err);
    }
    list->item = grown;
    list->item[list->count++] = item;
    return 0;
}

int
cog_list_append(struct cog_list *list, const char *text, size_t len,
                struct cog_err *err)
{
    return append_owned(list, strndup(text, len), err);
}

int
cog_list_append_format(struct cog_list *list, struct cog_err *err,
                       const char *fmt, ...)
{
    char *item = NULL;
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vasprintf(&item, fmt, ap);
    va_end(ap);
    return append_owned(list, len < 0 ? NULL : item, err);
}

bool
cog_list_contains(const struct cog_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->item[i], text) == 0)
            return true;
    }
    return false;
}

void
cog_list_clear(struct cog_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->item[i]);
    free(list->item);
    list->item = NULL;
    list->count = 0;
    list->given = false;
}
