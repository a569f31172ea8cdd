/* SPDX-License-Identifier: MIT */
#include "lib/core/b64.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char std_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits a character stands for, or -1. */
static int
value_of(char c, enum cog_b64_kind kind)
{
    bool lenient = kind == COG_B64_LENIENT;

    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-' || (lenient && c == '+'))
        return 62;
    if (c == '_' || (lenient && c == '/'))
        return 63;
    return -1;
}

/* Characters before the padding. Incomplete padding is left in place, where
 * it is no character of the alphabet. */
static size_t
without_padding(const char *text, size_t len)
{
    if (len == 0 || len % 4 != 0 || text[len - 1] != '=')
        return len;
    return text[len - 2] == '=' ? len - 2 : len - 1;
}

/* Write the decoded bytes to `out`; false at the first wrong character. */
static bool
decode(const char *text, size_t len, enum cog_b64_kind kind, char *out)
{
    uint32_t pending = 0; /* bits read and not yet written */
    unsigned bits = 0;    /* how many */

    for (size_t i = 0; i < len; i++) {
        int value = value_of(text[i], kind);

        if (value < 0)
            return false;
        pending = pending << 6 | (uint32_t)value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (char)(pending >> bits);
            pending &= (UINT32_C(1) << bits) - 1;
        }
    }
    return pending == 0 || kind == COG_B64_LENIENT;
}

int
cog_b64_decode(const char *text, size_t len, enum cog_b64_kind kind,
               struct cog_secret *ret, struct cog_err *err)
{
    if (kind == COG_B64_LENIENT)
        len = without_padding(text, len);
    if (len % 4 == 1)
        return cog_fail(err, COG_E_PROTOCOL, "base64: wrong length");
    if (cog_secret_resize(ret, len / 4 * 3 + len % 4 * 3 / 4, err) < 0)
        return -1;
    if (!decode(text, len, kind, ret->data)) {
        cog_secret_clear(ret);
        return cog_fail(err, COG_E_PROTOCOL, "base64: wrong character");
    }
    return 0;
}

/* Write one to three bytes as four characters. */
static void
encode_group(const unsigned char *in, size_t n, const char *chars, char out[4])
{
    unsigned char group[3] = {0};

    memcpy(group, in, n);
    out[0] = chars[group[0] >> 2];
    out[1] = chars[(group[0] & 0x03) << 4 | group[1] >> 4];
    out[2] = chars[(group[1] & 0x0f) << 2 | group[2] >> 6];
    out[3] = chars[group[2] & 0x3f];
    memset(out + n + 1, '=', 3 - n);
}

int
cog_b64_encode(const void *bytes, size_t len, enum cog_b64_alphabet alphabet,
               struct cog_secret *ret, struct cog_err *err)
{
    bool std = alphabet == COG_B64_STD;
    const unsigned char *in = bytes;
    char quad[4];

    while (len > 0) {
        size_t n = len < 3 ? len : 3;

        encode_group(in, n, std ? std_chars : url_chars, quad);
        if (cog_secret_append(ret, quad, std ? 4 : n + 1, err) < 0)
            return -1;
        in += n;
        len -= n;
    }
    return cog_secret_append(ret, "", 0, err);
}
