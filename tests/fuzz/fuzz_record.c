/* SPDX-License-Identifier: MIT */
/*
 * fuzz_record.c - no opened record crashes the reader, and there is one way to
 * write each.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/recordbody.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool promise)
{
    if (!promise)
        __builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cog_record record = COG_RECORD_INIT;
    struct cog_secret bytes = COG_SECRET_INIT(COG_RECORDBODY_MAX);
    struct cog_err err = COG_ERR_INIT;

    if (cog_recordbody_decode(data, size, &record, &err) == 0) {
        must(record.tries_left <= COG_RECORD_TRIES);
        must(record.online_s >= 0 && record.interactive_s >= 0);
        must(strlen(record.username) < sizeof(record.username));
        must(cog_recordbody_encode(&record, &bytes, &err) == 0);
        must(bytes.len == size && memcmp(bytes.data, data, size) == 0);
    } else {
        must(err.code == COG_E_IDENTITY);
        must(record.refresh_token.data == NULL && record.groups.count == 0);
    }
    cog_secret_clear(&bytes);
    cog_record_clear(&record);
    return 0;
}
