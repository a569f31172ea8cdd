/* SPDX-License-Identifier: MIT */
#include "lib/pool/timestamp.h"

#include <stdbool.h>
#include <stdio.h>

#define SECONDS_PER_DAY 86400
/* 9999-12-31T23:59:59Z: a fifth digit would not fit the buffer. */
#define LAST_SECOND INT64_C(253402300799)

static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed",
                                       "Thu", "Fri", "Sat"};

static const struct {
    const char *name;
    unsigned days; /* in a common year */
} months[] = {
    {"Jan", 31}, {"Feb", 28}, {"Mar", 31}, {"Apr", 30},
    {"May", 31}, {"Jun", 30}, {"Jul", 31}, {"Aug", 31},
    {"Sep", 30}, {"Oct", 31}, {"Nov", 30}, {"Dec", 31},
};

static bool
is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned
days_of_year(unsigned year)
{
    return is_leap(year) ? 366 : 365;
}

static unsigned
days_of_month(unsigned month, unsigned year)
{
    return months[month].days + (month == 1 && is_leap(year) ? 1 : 0);
}

int
cog_timestamp_format(int64_t unix_s, char ret[COG_TIMESTAMP_BYTES],
                     struct cog_err *err)
{
    unsigned second;
    unsigned day;
    unsigned weekday;
    unsigned year = 1970;
    unsigned month = 0;

    if (unix_s < 0 || unix_s > LAST_SECOND)
        return cog_fail(err, COG_E_SYSTEM, "the host's clock is out of range");
    second = (unsigned)(unix_s % SECONDS_PER_DAY);
    day = (unsigned)(unix_s / SECONDS_PER_DAY);
    weekday = (day + 4) % 7; /* 1970 began on a Thursday */
    for (; day >= days_of_year(year); year++)
        day -= days_of_year(year);
    for (; day >= days_of_month(month, year); month++)
        day -= days_of_month(month, year);

    (void)snprintf(ret, COG_TIMESTAMP_BYTES, "%s %s %u %02u:%02u:%02u UTC %u",
                   weekdays[weekday], months[month].name, day + 1,
                   second / 3600, second / 60 % 60, second % 60, year);
    return 0;
}
