/* SPDX-License-Identifier: MIT */
/*
 * sheet.h - small text files of fixed fields, with a checksum.
 *
 *     pam_cognito TITLE 1
 *     KEY = VALUE            each field once, in their one order
 *     sha256 = HEX           of all bytes before this line
 *
 * There is one way to write a sheet: one that differs in any byte is refused.
 */
#ifndef COG_SHEET_H
#define COG_SHEET_H

#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* Largest sheet in bytes. */
#define COG_SHEET_MAX ((size_t)4096)

struct cog_sheet_field {
    const char *key;
    char *value; /* a buffer, read into or written from */
    size_t size; /* of it, with the NUL */
};

/* Append the text. COG_E_PROTOCOL: a value is empty, has control characters,
 * or the sheet is too large. COG_E_SYSTEM, COG_E_NOMEM. */
int cog_sheet_format(const char *title, const struct cog_sheet_field *fields,
                     size_t count, struct cog_secret *ret,
                     struct cog_err *err) COG_MUST_USE;

/* Fill the fields' buffers; half filled when this fails. COG_E_IDENTITY: not
 * such a sheet. COG_E_SYSTEM. */
int cog_sheet_parse(const char *title, const char *text, size_t len,
                    const struct cog_sheet_field *fields, size_t count,
                    struct cog_err *err) COG_MUST_USE;

#endif
