/* SPDX-License-Identifier: MIT */
/*
 * rows.h - what a tool found, on standard output: a line of `key=value` for
 * each row or, with --json, an array of the same as objects.
 */
#ifndef COG_ROWS_H
#define COG_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

struct cog_rows {
    json_t *array; /* NULL: lines */
};

/* COG_E_NOMEM. */
int cog_rows_open(bool json, struct cog_rows *ret,
                  struct cog_err *err) COG_MUST_USE;

/*
 * Add a row: a flat object whose values are strings of cog_rows_text() and
 * words of ours, numbers, true, false and null. Takes it over; NULL, which
 * json_pack() gives when there is no memory, is COG_E_NOMEM. A line is printed
 * at once. COG_E_SYSTEM: that failed.
 */
int cog_rows_add(struct cog_rows *rows, json_t *row,
                 struct cog_err *err) COG_MUST_USE;

/* Print what is left. COG_E_SYSTEM: not everything could be printed. */
int cog_rows_end(struct cog_rows *rows, struct cog_err *err) COG_MUST_USE;

void cog_rows_close(struct cog_rows *rows);

/* One row on its own: an object with --json. Otherwise as cog_rows_add(). */
int cog_rows_print(bool json, json_t *row, struct cog_err *err) COG_MUST_USE;

/* A string that harms neither terminal nor JSON, whatever it holds; null for
 * an empty one. NULL: no memory. */
json_t *cog_rows_text(const char *text);

/* ISO 8601, in UTC; null for 0. NULL: no memory. */
json_t *cog_rows_time(int64_t unix_s);

#endif
