/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/macros.h"
#include "lib/core/name.h"

#define A31  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A128 A31 A31 A31 A31 "aaaa"

static void
local_names(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } cases[] = {
        {"alice", true},
        {"_pam-cognito", true},
        {"a", true},
        {"_", true},
        {"z9_.-", true},
        {"a" A31, true}, /* 32 bytes */
        {"aa" A31, false},
        {"", false},
        {"Alice", false},
        {"aliCe", false},
        {"9lives", false},
        {"-r", false},
        {".profile", false},
        {"alice smith", false},
        {"alice\n", false},
        {"alice/..", false},
        {"alice:x", false},
        {"alice$", false},
        {"al\xc3\xad"
         "ce",
         false},
        {"alice@example.com", false},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        if (cog_name_valid(cases[i].name) != cases[i].valid)
            fail_msg("'%s'", cases[i].name);
    }
}

static void
reserved_ids(void **state)
{
    static const struct {
        uid_t uid;
        bool reserved;
    } cases[] = {
        {0, true},           {1, true},           {999, true},
        {1000, false},       {61183, false},      {61184, true},
        {65519, true},       {65520, false},      {65533, false},
        {65534, true},       {65535, false},      {100000, false},
        {2147483647, false}, {2147483648U, true}, {(uid_t)-2, true},
        {(uid_t)-1, true},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        if (cog_name_uid_reserved(cases[i].uid) != cases[i].reserved)
            fail_msg("%lu", (unsigned long)cases[i].uid);
    }
}

static void
pool_names(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } cases[] = {
        {"alice", true},
        {"Alice@Example.com", true},
        {"+4915112345678", true},
        {"9d1c3f70-0011-4e7b-a3b5-2f6d1c8e9a77", true},
        {"\xc3\xa4lice", true},
        {"\xe7\x94\xb0\xe4\xb8\xad", true},
        {"\xf0\x9f\x99\x82", true},
        {"google_1234|x!\"#$%&'()*", true},
        {A128, true},
        {A128 "a", false},
        {"", false},
        {"alice smith", false},
        {"alice\t", false},
        {"alice\n", false},
        {"alice\x7f", false},
        {"alice\x1b[2J", false},
        {"alice\xc2\x85", false},     /* next line, C1 */
        {"alice\xc2\xa0", false},     /* no-break space */
        {"alice\xc2\xad", false},     /* soft hyphen */
        {"alice\xe2\x80\x8b", false}, /* zero width space */
        {"alice\xe2\x80\xae", false}, /* right-to-left override */
        {"alice\xe2\x81\xa6", false}, /* left-to-right isolate */
        {"alice\xe3\x80\x80", false}, /* ideographic space */
        {"\xef\xbb\xbf"
         "alice",
         false},                          /* byte order mark */
        {"alice\xee\x80\x80", false},     /* private use */
        {"alice\xf3\xa0\x80\x81", false}, /* tag */
        {"alice\xff", false},
        {"alice\xc3", false},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        if (cog_name_pool_valid(cases[i].name) != cases[i].valid)
            fail_msg("case %zu: '%s'", i, cases[i].name);
    }
}

/* The limit counts characters: 128 of four bytes each. */
static void
pool_names_count_characters(void **state)
{
    char name[4 * 129 + 1];

    (void)state;
    for (size_t i = 0; i < 129; i++)
        memcpy(name + 4 * i, "\xf0\x9f\x99\x82", 4);
    name[sizeof(name) - 1] = '\0';
    assert_false(cog_name_pool_valid(name));
    name[sizeof(name) - 5] = '\0';
    assert_true(cog_name_pool_valid(name));
    assert_true(strlen(name) < COG_NAME_POOL_BYTES);
}

static void
utf8(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool valid;
    } cases[] = {
        {"", 0, true},
        {"a\0b", 3, true},
        {"\x7f", 1, true},
        {"\x80", 1, false},         /* continuation alone */
        {"\xc2\x80", 2, true},      /* U+0080 */
        {"\xc1\xbf", 2, false},     /* overlong U+007F */
        {"\xc0\x80", 2, false},     /* overlong NUL */
        {"\xc2", 1, false},         /* cut */
        {"\xc2\x41", 2, false},     /* no continuation */
        {"\xe0\xa0\x80", 3, true},  /* U+0800 */
        {"\xe0\x9f\xbf", 3, false}, /* overlong */
        {"\xe2\x82", 2, false},     /* cut */
        {"\xed\x9f\xbf", 3, true},  /* U+D7FF */
        {"\xed\xa0\x80", 3, false}, /* surrogate */
        {"\xed\xbf\xbf", 3, false},
        {"\xee\x80\x80", 3, true},
        {"\xf0\x90\x80\x80", 4, true},  /* U+10000 */
        {"\xf0\x8f\xbf\xbf", 4, false}, /* overlong */
        {"\xf4\x8f\xbf\xbf", 4, true},  /* U+10FFFF */
        {"\xf4\x90\x80\x80", 4, false}, /* beyond Unicode */
        {"\xf8\x88\x80\x80\x80", 5, false},
        {"\xff", 1, false},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        if (cog_name_utf8_valid(cases[i].bytes, cases[i].len) != cases[i].valid)
            fail_msg("case %zu", i);
    }
}

static void
typed(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool valid;
    } cases[] = {
        {"", 0, true},
        {"correct horse", 13, true},
        {"\xc3\xa4\xf0\x9f\x99\x82", 6, true},
        {"\b\n\r\177INCORRECT", 13, false}, /* sshd, auth-pam.c */
        {"a\0", 2, false},
        {"a\n", 2, false},
        {"a\x1f", 2, false},
        {"a\x7f", 2, false},
        {"a\xff", 2, false},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        if (cog_name_typed_valid(cases[i].bytes, cases[i].len) !=
            cases[i].valid)
            fail_msg("case %zu", i);
    }
}

static void
escapes(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        size_t size;
        const char *want;
    } cases[] = {
        {"", 0, 4, ""},
        {"alice smith", 11, 64, "alice smith"},
        {"a\"b\\c", 5, 64, "a\\\"b\\\\c"},
        {"a\nresult=ok", 11, 64, "a\\x0aresult=ok"},
        {"a\0b", 3, 64, "a\\x00b"},
        {"\x1b[2J\x7f", 5, 64, "\\x1b[2J\\x7f"},
        {"\xc3\xa4", 2, 64, "\xc3\xa4"},
        {"\xc3", 1, 64, "\\xc3"},
        {"\xffok", 3, 64, "\\xffok"},
        {"\xc2\x9b", 2, 64, "\\xc2\\x9b"},
        {"\xe2\x80\xae", 3, 64, "\\xe2\\x80\\xae"},
        {"\xe2\x80\xa8", 3, 64, "\\xe2\\x80\\xa8"},
        /* Too small: whole characters, then dots. */
        {"abcdef", 6, 7, "abcdef"},
        {"abcdef", 6, 6, "ab..."},
        {"abcdef", 6, 4, "..."},
        {"ab\n", 3, 7, "ab\\x0a"},
        {"ab\n", 3, 6, "ab..."},
        {"a\xc3\xa4zzz", 6, 6, "a..."},
        {"\"\"\"\"", 4, 6, "\\\"..."},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char *buf = malloc(cases[i].size); /* the sanitizer guards its end */

        assert_non_null(buf);
        cog_name_escape(cases[i].bytes, cases[i].len, buf, cases[i].size);
        assert_string_equal(buf, cases[i].want);
        free(buf);
    }
}

/* Whatever comes in: what goes out is UTF-8 without a control character, and
 * fits. */
static void
escapes_every_pair_of_bytes(void **state)
{
    char buf[16];

    (void)state;
    for (unsigned i = 0; i < 0x10000; i++) {
        const unsigned char in[2] = {(unsigned char)(i >> 8), (unsigned char)i};
        size_t len;

        cog_name_escape(in, sizeof(in), buf, sizeof(buf));
        len = strlen(buf);
        assert_true(cog_name_utf8_valid(buf, len));
        for (size_t j = 0; j < len; j++)
            assert_true((unsigned char)buf[j] >= 0x20 && buf[j] != 0x7f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_names),
        cmocka_unit_test(reserved_ids),
        cmocka_unit_test(pool_names),
        cmocka_unit_test(pool_names_count_characters),
        cmocka_unit_test(utf8),
        cmocka_unit_test(typed),
        cmocka_unit_test(escapes),
        cmocka_unit_test(escapes_every_pair_of_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
