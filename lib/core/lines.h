/* SPDX-License-Identifier: MIT */
/*
 * lines.h - reading strict `key = value` text.
 *
 * Lines hold `key = value`, a `# comment` or nothing; `[service a b]` begins
 * a section. There is no quoting, no continuation and no comment behind a
 * value: a line that could be read in two ways is refused, because here a
 * misread deny list is an allow rule.
 */
#ifndef COG_LINES_H
#define COG_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/list.h"
#include "lib/core/macros.h"

/* Longest line in bytes, without its line feed. */
#define COG_LINES_MAX 4096

/* One `key = value` line. Valid only during the call that passes it. */
struct cog_lines_entry {
    const char *key;
    const char *value; /* "" when nothing follows the equals sign */
    size_t line;       /* the first line is 1 */
    bool in_section;
    /* Services of the section; empty outside of one and in a section whose
     * header was refused. */
    const struct cog_list *services;
};

/* Who receives what is read. Either call may fail, which ends the reading. */
struct cog_lines_sink {
    int (*entry)(void *ctx, const struct cog_lines_entry *entry,
                 struct cog_err *err);
    /* Something is wrong in this line; `text` says what (no file, no line). */
    int (*problem)(void *ctx, size_t line, const char *text,
                   struct cog_err *err);
    void *ctx;
    bool sections; /* may the text have sections? */
};

/*
 * Read a whole text. Every problem is reported, then reading goes on.
 * Fails only when a call of the sink fails, with its error, or COG_E_NOMEM.
 */
int cog_lines_parse(const char *text, size_t len,
                    const struct cog_lines_sink *sink,
                    struct cog_err *err) COG_MUST_USE;

#endif
