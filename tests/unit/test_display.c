/* SPDX-License-Identifier: MIT */
#include "lib/core/display.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/macros.h"

static void
texts_are_cleaned(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"", ""},
        {"Password not long enough", "Password not long enough"},
        {" ~", " ~"},
        {"{1} %s \\ \"", "{1} %s \\ \""},
        /* Writing that is somebody's. */
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"\xd7\xa9\xd7\x9c", "\xd7\xa9\xd7\x9c"},
        {"\xe5\xaf\x86\xe3\x80\x80\xe7\xa0\x81", /* U+3000 */
         "\xe5\xaf\x86\xe3\x80\x80\xe7\xa0\x81"},
        {"mot de passe\xc2\xa0:", "mot de passe\xc2\xa0:"}, /* U+00A0 */
        {"\xf0\x9f\x99\x82", "\xf0\x9f\x99\x82"},           /* U+1F642 */
        /* C0, DEL, C1. */
        {"a\x1b[2Jb", "a?[2Jb"},
        {"a\r\n\tb\x7f", "a???b?"},
        {"\x01\x1f", "??"},
        {"\xc2\x80\xc2\x9b\xc2\x9f", "???"},
        {"\xc2\xad", "?"}, /* soft hyphen */
        /* Bidirectional: U+061C, U+200E, U+200F, U+202A, U+202E, U+2066,
         * U+2069. */
        {"\xd8\x9c", "?"},
        {"\xe2\x80\x8e\xe2\x80\x8f", "??"},
        {"user\xe2\x80\xaexcod.exe", "user?xcod.exe"},
        {"\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9", "???"},
        /* Zero width: U+200B, U+200D, U+2060, U+FEFF, U+3164. */
        {"a\xe2\x80\x8b\xe2\x80\x8d\xe2\x81\xa0z", "a???z"},
        {"\xef\xbb\xbfx", "?x"},
        {"\xe3\x85\xa4", "?"},
        /* Lines: U+2028, U+2029; a neighbour, U+2027, is a dot. */
        {"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7", "??\xe2\x80\xa7"},
        /* Tags: U+E0001, U+E0041. Private use: U+E000, U+F8FF, U+F0000,
         * U+10FFFF. Nothing: U+FFFE, U+FFFF, U+FDD0. */
        {"\xf3\xa0\x80\x81\xf3\xa0\x81\x81", "??"},
        {"\xee\x80\x80\xef\xa3\xbf", "??"},
        {"\xf3\xb0\x80\x80\xf4\x8f\xbf\xbf", "??"},
        {"\xef\xbf\xbe\xef\xbf\xbf\xef\xb7\x90", "???"},
        /* Not UTF-8: one '?' to a byte, and nothing after it is swallowed. */
        {"a\xff"
         "b",
         "a?b"},
        {"\x80\xbf", "??"},
        {"\xc0\x9b[2J", "??[2J"},     /* overlong ESC */
        {"\xe0\x80\x9b", "???"},      /* overlong ESC */
        {"\xf0\x80\x80\x9b", "????"}, /* overlong ESC */
        {"\xed\xa0\x80", "???"},      /* surrogate */
        {"\xf4\x90\x80\x80", "????"}, /* beyond Unicode */
        {"\xf8\x88\x80\x80\x80", "?????"},
        {"\xc3", "?"},
        {"\xe2\x80", "??"},
        {"\xe2\x80"
         "A",
         "??A"},
        {"\xf0\x9f\x99", "???"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char got[64];

        memset(got, 'x', sizeof(got));
        cog_display_clean(cases[i].text, got, sizeof(got));
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("case %zu: '%s'", i, got);
    }
}

static void
texts_are_cut_between_characters(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *want;
    } cases[] = {
        {"abc", 4, "abc"},
        {"abc", 3, "ab"},
        {"abc", 1, ""},
        {"", 1, ""},
        {"a\xc3\xa9", 4, "a\xc3\xa9"},
        {"a\xc3\xa9", 3, "a"},
        {"\xf0\x9f\x99\x82", 5, "\xf0\x9f\x99\x82"},
        {"\xf0\x9f\x99\x82", 4, ""},
        {"\xf0\x9f\x99\x82"
         "a",
         4, ""}, /* nothing after a gap */
        {"\xe2\x80\xae"
         "bc",
         3, "?b"}, /* three bytes become one */
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char got[8];

        memset(got, 'x', sizeof(got));
        cog_display_clean(cases[i].text, got, cases[i].size);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("case %zu: '%s'", i, got);
        for (size_t j = cases[i].size; j < sizeof(got); j++)
            assert_int_equal(got[j], 'x');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cleaned),
        cmocka_unit_test(texts_are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
