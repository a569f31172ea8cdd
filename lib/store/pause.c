/* SPDX-License-Identifier: MIT */
#include "lib/store/pause.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/core/number.h"
#include "lib/store/seal.h"
#include "lib/store/sheet.h"
#include "lib/store/slot.h"
#include "lib/store/store_private.h"

#define PREFIX "pause-"
/* Digits of a number with its NUL. */
#define NUMBER_BYTES 21

struct name {
    char text[sizeof(PREFIX) - 1 + COG_SEAL_HEX_BYTES];
};

static int
locate(const struct cog_store *store, const char *endpoint,
       struct cog_slot *ret, struct name *name)
{
    struct cog_err ignored = COG_ERR_INIT;
    char hex[COG_SEAL_HEX_BYTES];

    if (store->run < 0)
        return -1;
    if (cog_seal_hex(endpoint, strlen(endpoint), hex, &ignored) < 0)
        return -1;
    (void)snprintf(name->text, sizeof(name->text), PREFIX "%s", hex);
    *ret = (struct cog_slot){
        .dir = store->run,
        .name = name->text,
        .uid = store->uid,
        .max_bytes = COG_SHEET_MAX,
        .until_reboot = true,
    };
    return 0;
}

bool
cog_pause_holds(const struct cog_store *store, const char *endpoint,
                int64_t boot_s)
{
    char since[NUMBER_BYTES];
    const struct cog_sheet_field field = {"since", since, sizeof(since)};
    struct cog_secret text = COG_SECRET_INIT(COG_SHEET_MAX);
    struct cog_err ignored = COG_ERR_INIT;
    struct cog_slot slot;
    struct name name;
    int64_t since_s = 0;
    bool found = false;
    bool holds;

    if (locate(store, endpoint, &slot, &name) < 0)
        return false;
    holds = cog_slot_read(&slot, &text, &found, &ignored) == 0 && found &&
            cog_sheet_parse("pause", cog_secret_str(&text), text.len, &field, 1,
                            &ignored) == 0 &&
            cog_number_parse(since, 0, INT64_MAX, &since_s) &&
            since_s <= boot_s && boot_s - since_s < COG_PAUSE_S;
    cog_secret_clear(&text);
    return holds;
}

void
cog_pause_begin(const struct cog_store *store, const char *endpoint,
                int64_t boot_s)
{
    char since[NUMBER_BYTES];
    const struct cog_sheet_field field = {"since", since, sizeof(since)};
    struct cog_secret text = COG_SECRET_INIT(COG_SHEET_MAX);
    struct cog_err ignored = COG_ERR_INIT;
    struct cog_slot slot;
    struct name name;

    (void)snprintf(since, sizeof(since), "%" PRId64, boot_s);
    if (locate(store, endpoint, &slot, &name) == 0 &&
        cog_sheet_format("pause", &field, 1, &text, &ignored) == 0)
        (void)cog_slot_write(&slot, &text, &ignored);
    cog_secret_clear(&text);
}

void
cog_pause_end(const struct cog_store *store, const char *endpoint)
{
    struct cog_err ignored = COG_ERR_INIT;
    struct cog_slot slot;
    struct name name;

    if (locate(store, endpoint, &slot, &name) == 0)
        (void)cog_slot_erase(&slot, &ignored);
}
