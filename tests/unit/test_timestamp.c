/* SPDX-License-Identifier: MIT */
#include "lib/pool/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static void
times_are_written_as_cognito_reads_them(void **state)
{
    static const struct {
        int64_t unix_s;
        const char *want;
    } cases[] = {
        {0, "Thu Jan 1 00:00:00 UTC 1970"},
        {951782400, "Tue Feb 29 00:00:00 UTC 2000"},
        {951868800, "Wed Mar 1 00:00:00 UTC 2000"},
        {1072915199, "Wed Dec 31 23:59:59 UTC 2003"},
        {1761966245, "Sat Nov 1 03:04:05 UTC 2025"},
        {1762906271, "Wed Nov 12 00:11:11 UTC 2025"},
        {2147483648, "Tue Jan 19 03:14:08 UTC 2038"},
        {4107542399, "Sun Feb 28 23:59:59 UTC 2100"},
        {4107542400, "Mon Mar 1 00:00:00 UTC 2100"},
        {253402300799, "Fri Dec 31 23:59:59 UTC 9999"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char text[COG_TIMESTAMP_BYTES];
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_timestamp_format(cases[i].unix_s, text, &err), 0);
        assert_string_equal(text, cases[i].want);
    }
}

static void
a_broken_clock_is_refused(void **state)
{
    static const int64_t cases[] = {-1, INT64_MIN, 253402300800, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char text[COG_TIMESTAMP_BYTES] = "untouched";
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_timestamp_format(cases[i], text, &err), -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
        assert_string_equal(text, "untouched");
    }
}

/* The same instant by the C library's calendar, which the tests may trust
 * since no leap-second zone is set here. */
static void
by_libc(int64_t unix_s, char *ret, size_t size)
{
    static const char weekdays[][4] = {"Sun", "Mon", "Tue", "Wed",
                                       "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const time_t when = (time_t)unix_s;
    struct tm tm;

    assert_non_null(gmtime_r(&when, &tm));
    (void)snprintf(ret, size, "%s %s %d %02d:%02d:%02d UTC %d",
                   weekdays[tm.tm_wday], months[tm.tm_mon], tm.tm_mday,
                   tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
}

static void
four_centuries_agree_with_the_c_library(void **state)
{
    const int64_t step_s = 86400 * 3 + 3661; /* every few days, any hour */

    (void)state;
    for (int64_t t = 0; t < INT64_C(13000000000); t += step_s) {
        char text[COG_TIMESTAMP_BYTES];
        char want[64];
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_timestamp_format(t, text, &err), 0);
        by_libc(t, want, sizeof(want));
        assert_string_equal(text, want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_as_cognito_reads_them),
        cmocka_unit_test(a_broken_clock_is_refused),
        cmocka_unit_test(four_centuries_agree_with_the_c_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
