/* SPDX-License-Identifier: MIT */
#include "pam/floor.h"

#include <errno.h>
#include <time.h>

#define FLOOR_MS  2000
#define SPREAD_MS 200

/* FNV-1a: spread over users is all that is asked of it. */
static int64_t
user_delay_ms(const char *user)
{
    uint32_t hash = 2166136261U;

    for (; *user != '\0'; user++)
        hash = (hash ^ (unsigned char)*user) * 16777619U;
    return (int64_t)(hash % (SPREAD_MS + 1));
}

void
cog_floor_wait(const char *user, int64_t answered_ms)
{
    const int64_t until_ms = answered_ms + FLOOR_MS + user_delay_ms(user);
    const struct timespec until = {
        .tv_sec = until_ms / 1000,
        .tv_nsec = until_ms % 1000 * 1000000,
    };

    if (answered_ms == 0)
        return;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
           EINTR)
        continue;
}
