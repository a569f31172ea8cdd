/* SPDX-License-Identifier: MIT */
/*
 * fuzz_binding.c - no text crashes the reader of sheets, as it is and with the
 * checksum that belongs to it; and there is one way to write each.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/binding.h"
#include "lib/store/seal.h"
#include "lib/store/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool promise)
{
    if (!promise)
        __builtin_trap();
}

/* The fields of a binding. */
static void
check(const char *text, size_t len)
{
    struct cog_binding b;
    char recorded[4];
    const struct cog_sheet_field fields[] = {
        {"user", b.user, sizeof(b.user)},
        {"issuer", b.issuer, sizeof(b.issuer)},
        {"sub", b.sub, sizeof(b.sub)},
        {"recorded", recorded, sizeof(recorded)},
    };
    struct cog_secret again = COG_SECRET_INIT(COG_SHEET_MAX);
    struct cog_err err = COG_ERR_INIT;

    if (cog_sheet_parse("binding", text, len, fields, COG_COUNT(fields),
                        &err) == 0) {
        must(cog_sheet_format("binding", fields, COG_COUNT(fields), &again,
                              &err) == 0);
        must(again.len == len && memcmp(again.data, text, len) == 0);
    } else {
        must(err.code == COG_E_IDENTITY);
    }
    cog_secret_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cog_secret whole = COG_SECRET_INIT(size + 128);
    struct cog_err err = COG_ERR_INIT;
    char hex[COG_SEAL_HEX_BYTES];

    check((const char *)data, size);
    must(cog_seal_hex(data, size, hex, &err) == 0 &&
         cog_secret_append(&whole, data, size, &err) == 0 &&
         cog_secret_append_str(&whole, "sha256 = ", &err) == 0 &&
         cog_secret_append_str(&whole, hex, &err) == 0 &&
         cog_secret_append_str(&whole, "\n", &err) == 0);
    check(whole.data, whole.len);
    cog_secret_clear(&whole);
    return 0;
}
