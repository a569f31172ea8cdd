/* SPDX-License-Identifier: MIT */
#include "lib/store/pack.h"

#include <string.h>

#define NUMBER_BYTES 8

static void
put(uint64_t value, unsigned char *out, size_t len)
{
    for (size_t i = len; i > 0; i--) {
        out[i - 1] = (unsigned char)(value & 0xff);
        value >>= 8;
    }
}

static uint64_t
get(const unsigned char *in, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | in[i];
    return value;
}

int
cog_pack_field(struct cog_secret *ret, const void *bytes, size_t len,
               struct cog_err *err)
{
    unsigned char prefix[COG_PACK_LENGTH_BYTES];

    if (len > UINT32_MAX)
        return cog_fail(err, COG_E_PROTOCOL, "a field of %zu bytes", len);
    put(len, prefix, sizeof(prefix));
    if (cog_secret_append(ret, prefix, sizeof(prefix), err) < 0)
        return -1;
    return cog_secret_append(ret, bytes, len, err);
}

int
cog_pack_text(struct cog_secret *ret, const char *text, struct cog_err *err)
{
    return cog_pack_field(ret, text, strlen(text), err);
}

int
cog_pack_number(struct cog_secret *ret, uint64_t number, struct cog_err *err)
{
    unsigned char bytes[NUMBER_BYTES];

    put(number, bytes, sizeof(bytes));
    return cog_secret_append(ret, bytes, sizeof(bytes), err);
}

int
cog_unpack_field(struct cog_unpack *from, size_t max, const unsigned char **ret,
                 size_t *ret_len, struct cog_err *err)
{
    uint64_t len;

    if (from->left < COG_PACK_LENGTH_BYTES)
        return cog_fail(err, COG_E_IDENTITY, "a field is cut off");
    len = get(from->at, COG_PACK_LENGTH_BYTES);
    if (len > from->left - COG_PACK_LENGTH_BYTES || len > max)
        return cog_fail(err, COG_E_IDENTITY, "a field is too long");
    *ret = from->at + COG_PACK_LENGTH_BYTES;
    *ret_len = (size_t)len;
    from->at += COG_PACK_LENGTH_BYTES + len;
    from->left -= COG_PACK_LENGTH_BYTES + (size_t)len;
    return 0;
}

int
cog_unpack_number(struct cog_unpack *from, uint64_t max, uint64_t *ret,
                  struct cog_err *err)
{
    uint64_t number;

    if (from->left < NUMBER_BYTES)
        return cog_fail(err, COG_E_IDENTITY, "a number is cut off");
    number = get(from->at, NUMBER_BYTES);
    if (number > max)
        return cog_fail(err, COG_E_IDENTITY, "a number is too large");
    *ret = number;
    from->at += NUMBER_BYTES;
    from->left -= NUMBER_BYTES;
    return 0;
}
