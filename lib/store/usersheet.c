/* SPDX-License-Identifier: MIT */
#include "lib/store/usersheet.h"

#include <string.h>

#include "lib/core/name.h"
#include "lib/store/seal.h"
#include "lib/store/slot.h"
#include "lib/store/store_private.h"

/* How much of a file's name a message repeats, in bytes. */
#define SHOWN_BYTES 80

static struct cog_slot
slot_of(const struct cog_usersheet *sheet, const char *name)
{
    const struct cog_slot slot = {
        .dir = sheet->dir,
        .name = name,
        .uid = sheet->store->uid,
        .max_bytes = COG_SHEET_MAX,
    };

    return slot;
}

/* The name of a user's file. Only a name that can be ours has one: it is
 * repeated in messages. */
static int
name_of(const char *user, char ret[COG_SEAL_HEX_BYTES], struct cog_err *err)
{
    if (!cog_name_valid(user))
        return cog_fail(err, COG_E_IDENTITY, "not a local user's name");
    return cog_seal_hex(user, strlen(user), ret, err);
}

static int
parse(const struct cog_usersheet *sheet, const char *name,
      const struct cog_secret *text, struct cog_err *err)
{
    char want[COG_SEAL_HEX_BYTES];

    if (cog_sheet_parse(sheet->title, cog_secret_str(text), text->len,
                        sheet->fields, sheet->count, err) < 0 ||
        name_of(sheet->fields[0].value, want, err) < 0)
        return -1;
    if (strcmp(name, want) != 0)
        return cog_fail(err, COG_E_IDENTITY, "it is another user's");
    return sheet->understand(sheet->form, err);
}

static int
read_file(const struct cog_usersheet *sheet, const char *name, bool *ret_found,
          struct cog_err *err)
{
    const struct cog_slot slot = slot_of(sheet, name);
    struct cog_secret text = COG_SECRET_INIT(COG_SHEET_MAX);
    bool found = false;
    int rc = cog_slot_read(&slot, &text, &found, err);

    if (rc == 0 && found)
        rc = parse(sheet, name, &text, err);
    cog_secret_clear(&text);
    if (rc == 0)
        *ret_found = found;
    return rc;
}

/* Which file, what is wrong with it and, for whom that is known, what helps. */
static int
fail_file(const struct cog_usersheet *sheet, const char *name, const char *user,
          const struct cog_err *why, struct cog_err *err)
{
    char shown[SHOWN_BYTES];

    cog_name_escape(name, strlen(name), shown, sizeof(shown));
    if (user == NULL || why->code != COG_E_IDENTITY) {
        return cog_fail(err, why->code, "%ss/%s: %s", sheet->title, shown,
                        why->msg);
    }
    if (sheet->sign_in_mends) {
        return cog_fail(err, why->code,
                        "%s of %s (%ss/%s): %s: a full sign-in mends that",
                        sheet->title, user, sheet->title, shown, why->msg);
    }
    return cog_fail(err, why->code,
                    "%s of %s (%ss/%s): %s: 'pam-cognito cache forget %s', and "
                    "a full sign-in right after it: until then a lax account "
                    "line lets in whoever has the user's key",
                    sheet->title, user, sheet->title, shown, why->msg, user);
}

int
cog_usersheet_read(const struct cog_usersheet *sheet, const char *user,
                   bool *ret_found, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    char name[COG_SEAL_HEX_BYTES];

    if (name_of(user, name, err) < 0)
        return -1;
    if (read_file(sheet, name, ret_found, &why) < 0)
        return fail_file(sheet, name, user, &why, err);
    return 0;
}

int
cog_usersheet_read_file(const struct cog_usersheet *sheet, const char *name,
                        bool *ret_found, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    if (read_file(sheet, name, ret_found, &why) < 0)
        return fail_file(sheet, name, NULL, &why, err);
    return 0;
}

int
cog_usersheet_write(const struct cog_usersheet *sheet, struct cog_err *err)
{
    const char *user = sheet->fields[0].value;
    struct cog_secret text = COG_SECRET_INIT(COG_SHEET_MAX);
    struct cog_err why = COG_ERR_INIT;
    char name[COG_SEAL_HEX_BYTES];
    struct cog_slot slot;
    int rc = -1;

    if (name_of(user, name, err) < 0)
        return -1;
    slot = slot_of(sheet, name);
    if (cog_sheet_format(sheet->title, sheet->fields, sheet->count, &text,
                         &why) == 0)
        rc = cog_slot_write(&slot, &text, &why);
    cog_secret_clear(&text);
    if (rc < 0)
        (void)fail_file(sheet, name, NULL, &why, err);
    return rc;
}

int
cog_usersheet_erase(const struct cog_usersheet *sheet, const char *user,
                    struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    char name[COG_SEAL_HEX_BYTES];
    struct cog_slot slot;

    if (name_of(user, name, err) < 0)
        return -1;
    slot = slot_of(sheet, name);
    if (cog_slot_erase(&slot, &why) < 0)
        return fail_file(sheet, name, NULL, &why, err);
    return 0;
}
