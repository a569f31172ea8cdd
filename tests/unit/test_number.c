/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/core/macros.h"
#include "lib/core/number.h"

/* What a failed call must leave behind. */
#define UNTOUCHED INT64_C(-77)

static const struct {
    const char *text;
    int64_t min, max;
    int64_t want;
} accepted[] = {
    {"0", 0, 0, 0},
    {"1", 1, 1, 1},
    {"7", 0, 9, 7},
    {"10", 0, 10, 10},
    {"60000", 0, 60000, 60000},
    {"9223372036854775807", 0, INT64_MAX, INT64_MAX},
};

static const struct {
    const char *text;
    int64_t min, max;
} refused[] = {
    {"", 0, 9},
    {"0", 1, 9}, /* below and above the bounds */
    {"10", 0, 9},
    {"18", 0, 17},
    {"00", 0, 9}, /* one number, one text */
    {"01", 0, 9},
    {"+1", 0, 9},
    {"-1", 0, 9},
    {"-1", -9, 9},
    {"-0", 0, 9},
    {" 1", 0, 9},
    {"1 ", 0, 9},
    {"1\n", 0, 9},
    {"1.0", 0, 9},
    {"1e1", 0, 99},
    {"0x1", 0, 9},
    {"a", 0, 99},
    {"/", 0, 99}, /* the neighbours of the digits in ASCII */
    {":", 0, 99},
    {"1\xb2", 0, 99},
    {"\xd9\xa1", 0, 9}, /* a digit in Unicode */
    {"9223372036854775808", 0, INT64_MAX},
    {"9223372036854775810", 0, INT64_MAX},
    {"18446744073709551617", 0, INT64_MAX}, /* 1 modulo 2^64 */
    {"99999999999999999999999999999999999999", 0, INT64_MAX},
};

static void
numbers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(accepted); i++) {
        int64_t value = UNTOUCHED;

        assert_true(cog_number_parse(accepted[i].text, accepted[i].min,
                                     accepted[i].max, &value));
        assert_true(value == accepted[i].want);
    }
}

static void
all_else_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(refused); i++) {
        int64_t value = UNTOUCHED;

        if (cog_number_parse(refused[i].text, refused[i].min, refused[i].max,
                             &value))
            fail_msg("'%s' is accepted", refused[i].text);
        assert_true(value == UNTOUCHED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(all_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
