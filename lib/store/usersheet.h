/* SPDX-License-Identifier: MIT */
/*
 * usersheet.h - one sheet for each local user in a directory of the store:
 * bindings and tombstones. Its name is the SHA-256 of the user's, its first
 * field is the user.
 */
#ifndef COG_USERSHEET_H
#define COG_USERSHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/store/sheet.h"
#include "lib/store/store.h"

/* One kind of sheet; strings are borrowed. */
struct cog_usersheet {
    const struct cog_store *store;
    int dir;
    const char *title; /* singular; the directory has its plural */
    /* A full sign-in removes a damaged one; else only an administrator can. */
    bool sign_in_mends;
    const struct cog_sheet_field *fields; /* [0] is the user */
    size_t count;
    /* Make of the fields' texts what they mean; refuses with
     * COG_E_IDENTITY. */
    int (*understand)(void *form, struct cog_err *err);
    void *form;
};

/*
 * Fill the fields' buffers with those of `user`.
 * *ret_found is false only when there is no such file.
 * COG_E_IDENTITY: damaged, not a file of ours, or about somebody else; the
 * message names the file and the remedy. COG_E_SYSTEM, COG_E_NOMEM.
 */
int cog_usersheet_read(const struct cog_usersheet *sheet, const char *user,
                       bool *ret_found, struct cog_err *err) COG_MUST_USE;

/* The same by the name of the file. */
int cog_usersheet_read_file(const struct cog_usersheet *sheet, const char *name,
                            bool *ret_found, struct cog_err *err) COG_MUST_USE;

/* Write or replace it. COG_E_IDENTITY: the user's name is none. Others as
 * cog_slot_write(). */
int cog_usersheet_write(const struct cog_usersheet *sheet,
                        struct cog_err *err) COG_MUST_USE;

/* Remove it; none is fine. COG_E_SYSTEM. */
int cog_usersheet_erase(const struct cog_usersheet *sheet, const char *user,
                        struct cog_err *err) COG_MUST_USE;

#endif
