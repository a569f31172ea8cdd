/* SPDX-License-Identifier: MIT */
/*
 * floor.h - the earliest moment at which a refusal may show.
 */
#ifndef COG_FLOOR_H
#define COG_FLOOR_H

#include <stdint.h>

/*
 * Wait until 2 s plus 0 to 200 ms, fixed for each user, have passed since
 * `answered_ms` (CLOCK_MONOTONIC, milliseconds), so that the time says nothing
 * about how far a password got. 0: nothing was answered, nothing to wait for.
 */
void cog_floor_wait(const char *user, int64_t answered_ms);

#endif
