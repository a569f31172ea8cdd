/* SPDX-License-Identifier: MIT */
/*
 * pause.h - after the pool could not be reached, this host does not try again
 * for 30 s in the account phase. One per endpoint, gone at boot.
 */
#ifndef COG_PAUSE_H
#define COG_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/store/store.h"

#define COG_PAUSE_S 30

/* boot_s: CLOCK_BOOTTIME in seconds. One from the future does not hold. */
bool cog_pause_holds(const struct cog_store *store, const char *endpoint,
                     int64_t boot_s);
/* Best effort. */
void cog_pause_begin(const struct cog_store *store, const char *endpoint,
                     int64_t boot_s);
void cog_pause_end(const struct cog_store *store, const char *endpoint);

#endif
