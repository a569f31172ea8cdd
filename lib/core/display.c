/* SPDX-License-Identifier: MIT */
#include "lib/core/display.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/core/macros.h"
#include "lib/core/name.h"

/* Longest UTF-8 form of a character in bytes (RFC 3629 section 3). */
#define CHAR_BYTES_MAX 4

/* Unicode categories Cc, Cf, Zl, Zp, Co, and letters and marks that show
 * nothing. Unlike names (name.c), words may hold any space with a width. */
static const struct {
    uint32_t first, last;
} unsafe[] = {
    {0x0000, 0x001f},   /* C0 controls */
    {0x007f, 0x009f},   /* DEL, C1 controls */
    {0x00ad, 0x00ad},   /* soft hyphen */
    {0x034f, 0x034f},   /* grapheme joiner */
    {0x0600, 0x0605},   /* Arabic number signs */
    {0x061c, 0x061c},   /* Arabic letter mark */
    {0x06dd, 0x06dd},   /* end of ayah */
    {0x070f, 0x070f},   /* Syriac abbreviation mark */
    {0x0890, 0x0891},   /* Arabic pound and piastre marks */
    {0x08e2, 0x08e2},   /* disputed end of ayah */
    {0x115f, 0x1160},   /* Hangul fillers */
    {0x17b4, 0x17b5},   /* Khmer inherent vowels */
    {0x180b, 0x180f},   /* Mongolian selectors, vowel separator */
    {0x200b, 0x200f},   /* zero width, direction marks */
    {0x2028, 0x202e},   /* separators, embedding, overrides */
    {0x2060, 0x206f},   /* word joiner, invisible operators, isolates */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xe000, 0xf8ff},   /* private use */
    {0xfdd0, 0xfdef},   /* no characters */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xffa0, 0xffa0},   /* Hangul filler */
    {0xfff0, 0xfffb},   /* unassigned, interlinear annotation */
    {0xfffe, 0xffff},   /* no characters */
    {0x110bd, 0x110bd}, /* Kaithi number signs */
    {0x110cd, 0x110cd},  {0x13430, 0x1343f}, /* hieroglyph format controls */
    {0x1bca0, 0x1bca3},                      /* shorthand format controls */
    {0x1d173, 0x1d17a},                      /* musical beams and slurs */
    {0xe0000, 0xe0fff},                      /* tags, selectors */
    {0xf0000, 0x10ffff},                     /* private use */
};

static bool
is_unsafe(uint32_t c)
{
    for (size_t i = 0; i < COG_COUNT(unsafe); i++) {
        if (c >= unsafe[i].first && c <= unsafe[i].last)
            return true;
    }
    return false;
}

/* The bytes of the well-formed character that `text` begins with, or 0. */
static size_t
char_bytes(const char *text, size_t len)
{
    for (size_t n = 1; n <= len && n <= CHAR_BYTES_MAX; n++) {
        if (cog_name_utf8_valid(text, n))
            return n;
    }
    return 0;
}

/* The number of a well-formed character of `bytes` bytes. */
static uint32_t
number_of(const char *text, size_t bytes)
{
    uint32_t lead = (unsigned char)text[0];
    uint32_t c = bytes == 1 ? lead : lead & (0x7fU >> bytes);

    for (size_t i = 1; i < bytes; i++)
        c = c << 6 | ((unsigned char)text[i] & 0x3fU);
    return c;
}

void
cog_display_clean(const char *text, char *ret, size_t size)
{
    size_t left = strlen(text);
    size_t used = 0;

    while (left > 0) {
        size_t taken = char_bytes(text, left);
        bool shows = taken > 0 && !is_unsafe(number_of(text, taken));
        size_t written = shows ? taken : 1;

        if (written >= size - used)
            break;
        memcpy(ret + used, shows ? text : "?", written);
        used += written;
        if (taken == 0)
            taken = 1; /* malformed: this byte alone, then look again */
        text += taken;
        left -= taken;
    }
    ret[used] = '\0';
}
