/* SPDX-License-Identifier: MIT */
#include "lib/core/name.h"

#include <stdint.h>
#include <string.h>

#include "lib/core/macros.h"

bool
cog_name_valid(const char *name)
{
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz_";
    static const char more[] = "abcdefghijklmnopqrstuvwxyz_0123456789.-";
    size_t len = strnlen(name, COG_NAME_BYTES);

    return len > 0 && len < COG_NAME_BYTES && strchr(lower, name[0]) != NULL &&
           strspn(name, more) == len;
}

bool
cog_name_uid_reserved(uid_t uid)
{
    return uid < COG_NAME_UID_MIN || (uid >= 61184 && uid <= 65519) ||
           uid == 65534 || uid > INT32_MAX;
}

/* What the first byte of a UTF-8 sequence says of it (RFC 3629 section 3). */
static const struct {
    unsigned char mask, lead;
    unsigned char bytes;
    uint32_t min; /* below it the form is overlong */
} forms[] = {
    {0x80, 0x00, 1, 0},
    {0xe0, 0xc0, 2, 0x80},
    {0xf0, 0xe0, 3, 0x800},
    {0xf8, 0xf0, 4, 0x10000},
};

/* The bytes of the well-formed character at p, or 0; *ret is its number. */
static size_t
decode(const unsigned char *p, size_t len, uint32_t *ret)
{
    size_t form = 0;
    uint32_t c;

    while (form < COG_COUNT(forms) &&
           (p[0] & forms[form].mask) != forms[form].lead)
        form++;
    if (form == COG_COUNT(forms) || forms[form].bytes > len)
        return 0;
    c = p[0] & (uint32_t)(unsigned char)~forms[form].mask;
    for (size_t i = 1; i < forms[form].bytes; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fU);
    }
    if (c < forms[form].min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret = c;
    return forms[form].bytes;
}

/*
 * Characters that hide, reorder or imitate others: controls, separators,
 * formatting (Unicode categories Cc, Cf, Zl, Zp, and all of Zs but the space),
 * private use and non-characters. They would let a name forge a log line or
 * look like another one.
 */
static bool
is_deceptive(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x0000, 0x001f},   {0x007f, 0x00a0},   {0x00ad, 0x00ad},
        {0x0600, 0x0605},   {0x061c, 0x061c},   {0x06dd, 0x06dd},
        {0x070f, 0x070f},   {0x0890, 0x0891},   {0x08e2, 0x08e2},
        {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},
        {0x2028, 0x202f},   {0x205f, 0x206f},   {0x3000, 0x3000},
        {0xe000, 0xf8ff},   {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},
        {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x110bd, 0x110bd},
        {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
        {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
    };

    for (size_t i = 0; i < COG_COUNT(ranges); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

bool
cog_name_pool_valid(const char *name)
{
    const unsigned char *p = (const unsigned char *)name;
    size_t left = strlen(name);
    size_t chars = 0;

    while (left > 0) {
        uint32_t c = 0;
        size_t bytes = decode(p, left, &c);

        if (bytes == 0 || c == ' ' || is_deceptive(c))
            return false;
        p += bytes;
        left -= bytes;
        chars++;
    }
    return chars >= 1 && chars <= COG_NAME_POOL_CHARS;
}

bool
cog_name_utf8_valid(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint32_t c;

    while (len > 0) {
        size_t n = decode(p, len, &c);

        if (n == 0)
            return false;
        p += n;
        len -= n;
    }
    return true;
}

bool
cog_name_typed_valid(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < len; i++) {
        if (p[i] < 0x20 || p[i] == 0x7f)
            return false;
    }
    return cog_name_utf8_valid(bytes, len);
}

/* Room for one escaped character: four bytes of \xNN. */
#define ESCAPED_BYTES (4 * 4)

/* Write what stands for the character at p; *written bytes of it. Returns how
 * many bytes of p it stands for. */
static size_t
escape_one(const unsigned char *p, size_t len, char *out, size_t *written)
{
    static const char hex[] = "0123456789abcdef";
    uint32_t c = 0;
    size_t bytes = decode(p, len, &c);
    size_t n = 0;

    if (bytes > 0 && !is_deceptive(c)) {
        if (c == '"' || c == '\\')
            out[n++] = '\\';
        memcpy(out + n, p, bytes);
        *written = n + bytes;
        return bytes;
    }
    if (bytes == 0)
        bytes = 1; /* malformed: this byte alone, then look again */
    for (size_t i = 0; i < bytes; i++) {
        out[n++] = '\\';
        out[n++] = 'x';
        out[n++] = hex[p[i] >> 4];
        out[n++] = hex[p[i] & 0xf];
    }
    *written = n;
    return bytes;
}

void
cog_name_escape(const void *bytes, size_t len, char *buf, size_t size)
{
    static const char dots[] = "...";
    const unsigned char *p = bytes;
    char one[ESCAPED_BYTES];
    size_t used = 0;
    size_t dots_at = 0; /* the last place where the dots still fit */

    while (len > 0) {
        size_t written = 0;
        size_t taken = escape_one(p, len, one, &written);

        if (written >= size - used) {
            memcpy(buf + dots_at, dots, sizeof(dots));
            return;
        }
        memcpy(buf + used, one, written);
        used += written;
        if (used + sizeof(dots) <= size)
            dots_at = used;
        p += taken;
        len -= taken;
    }
    buf[used] = '\0';
}
