/* SPDX-License-Identifier: MIT */
#include "lib/store/tombstone.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/core/number.h"
#include "lib/store/store_private.h"
#include "lib/store/usersheet.h"

/* The longest word below, and the digits of a time, with the NUL. */
#define WORD_BYTES   16
#define NUMBER_BYTES 21
/* On disk no value is empty: no service. */
#define NO_SERVICE "-"

static const struct {
    const char *word; /* on disk: never change one */
    const char *text;
} reasons[] = {
    [COG_TOMBSTONE_DISABLED] = {"disabled", "disabled in the pool"},
    [COG_TOMBSTONE_NOT_FOUND] = {"not-found", "not in the pool any more"},
    [COG_TOMBSTONE_TOKEN] = {"token", "sign-in revoked or expired"},
    [COG_TOMBSTONE_REUSED] = {"reused", "a used refresh token came back"},
    [COG_TOMBSTONE_GROUPS] = {"groups", "not in an allowed pool group any "
                                        "more"},
};
_Static_assert(COG_COUNT(reasons) == COG_TOMBSTONE_REASONS_, "all of them");

const char *
cog_tombstone_text(enum cog_tombstone_reason reason)
{
    return reasons[reason].text;
}

/* The fields of a tombstone, as binding.c has them. */
struct form {
    struct cog_tombstone tombstone;
    char reason[WORD_BYTES];
    char time[NUMBER_BYTES];
    struct cog_sheet_field fields[6];
    struct cog_usersheet sheet;
};

static int
understand(void *ctx, struct cog_err *err)
{
    struct form *form = ctx;
    size_t i = 0;

    while (i < COG_COUNT(reasons) && strcmp(form->reason, reasons[i].word) != 0)
        i++;
    if (i == COG_COUNT(reasons))
        return cog_fail(err, COG_E_IDENTITY, "an unknown reason");
    if (!cog_number_parse(form->time, 0, INT64_MAX, &form->tombstone.time_s))
        return cog_fail(err, COG_E_IDENTITY, "its time is no number");
    form->tombstone.reason = (enum cog_tombstone_reason)i;
    if (strcmp(form->tombstone.service, NO_SERVICE) == 0)
        form->tombstone.service[0] = '\0';
    return 0;
}

static void
lay_out(const struct cog_store *store, struct form *form)
{
    struct cog_tombstone *t = &form->tombstone;
    const struct cog_sheet_field fields[] = {
        {"user", t->user, sizeof(t->user)},
        {"issuer", t->issuer, sizeof(t->issuer)},
        {"sub", t->sub, sizeof(t->sub)},
        {"reason", form->reason, sizeof(form->reason)},
        {"service", t->service, sizeof(t->service)},
        {"time", form->time, sizeof(form->time)},
    };

    _Static_assert(sizeof(fields) == sizeof(form->fields), "all of them");
    memcpy(form->fields, fields, sizeof(fields));
    form->sheet = (struct cog_usersheet){
        .store = store,
        .dir = store->tombstones,
        .title = "tombstone",
        .sign_in_mends = true,
        .fields = form->fields,
        .count = COG_COUNT(fields),
        .understand = understand,
        .form = form,
    };
}

int
cog_tombstone_read(const struct cog_store *store, const char *user,
                   struct cog_tombstone *ret, bool *ret_found,
                   struct cog_err *err)
{
    struct form form = {0};
    bool found = false;

    lay_out(store, &form);
    if (cog_usersheet_read(&form.sheet, user, &found, err) < 0)
        return -1;
    if (found)
        *ret = form.tombstone;
    *ret_found = found;
    return 0;
}

int
cog_tombstone_write(const struct cog_store *store,
                    const struct cog_tombstone *tombstone, struct cog_err *err)
{
    struct form form = {.tombstone = *tombstone};

    lay_out(store, &form);
    (void)snprintf(form.reason, sizeof(form.reason), "%s",
                   reasons[tombstone->reason].word);
    if (form.tombstone.service[0] == '\0')
        memcpy(form.tombstone.service, NO_SERVICE, sizeof(NO_SERVICE));
    /* A clock that is wrong must not make one that nobody can read. */
    (void)snprintf(form.time, sizeof(form.time), "%" PRId64,
                   tombstone->time_s < 0 ? 0 : tombstone->time_s);
    return cog_usersheet_write(&form.sheet, err);
}

int
cog_tombstone_erase(const struct cog_store *store, const char *user,
                    struct cog_err *err)
{
    struct form form = {0};

    lay_out(store, &form);
    return cog_usersheet_erase(&form.sheet, user, err);
}
