/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the two clocks, injectable so that tests can set them.
 */
#ifndef COG_CLOCK_H
#define COG_CLOCK_H

#include <stdint.h>

struct cog_clock {
    int64_t (*unix_s)(void *ctx);  /* seconds since 1970, for token times */
    int64_t (*mono_ms)(void *ctx); /* milliseconds, for deadlines */
    int64_t (*boot_s)(void *ctx);  /* seconds since boot, asleep or not */
    void *ctx;
};

/* The system's clocks. Nothing to free. */
struct cog_clock cog_clock_system(void);

#endif
