/* SPDX-License-Identifier: MIT */
/*
 * timestamp.h - the TIMESTAMP of an SRP answer.
 *
 * Cognito parses `EEE MMM d HH:mm:ss z yyyy` with English names: "Sat Nov 1
 * 03:04:05 UTC 2025". No strftime() directive gives a day without padding,
 * its names follow the locale, and gmtime() follows /etc/localtime where that
 * counts leap seconds, so this is computed by hand.
 */
#ifndef COG_TIMESTAMP_H
#define COG_TIMESTAMP_H

#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

/* "Wed Nov 11 11:11:11 UTC 2026" with its NUL. */
#define COG_TIMESTAMP_BYTES 29

/*
 * Write the time (seconds since 1970) as text.
 * COG_E_SYSTEM: before 1970 or after 9999: the host's clock is broken.
 */
int cog_timestamp_format(int64_t unix_s, char ret[COG_TIMESTAMP_BYTES],
                         struct cog_err *err) COG_MUST_USE;

#endif
