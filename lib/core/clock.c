/* SPDX-License-Identifier: MIT */
#include "lib/core/clock.h"

#include <stddef.h>
#include <time.h>

#include "lib/core/macros.h"

static int64_t
unix_s(void *ctx COG_UNUSED)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return INT64_MAX; /* every token has expired: fail closed */
    return (int64_t)now.tv_sec;
}

static int64_t
mono_ms(void *ctx COG_UNUSED)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return INT64_MAX; /* every deadline has passed */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
boot_s(void *ctx COG_UNUSED)
{
    struct timespec now;

    if (clock_gettime(CLOCK_BOOTTIME, &now) < 0)
        return INT64_MAX; /* every ticket is too old */
    return (int64_t)now.tv_sec;
}

struct cog_clock
cog_clock_system(void)
{
    struct cog_clock clock = {unix_s, mono_ms, boot_s, NULL};

    return clock;
}
