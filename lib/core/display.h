/* SPDX-License-Identifier: MIT */
/*
 * display.h - text from elsewhere, made safe to show on a terminal.
 */
#ifndef COG_DISPLAY_H
#define COG_DISPLAY_H

#include <stddef.h>

/*
 * Copy `text` into `ret` (NUL-terminated, at most size - 1 bytes, cut at a
 * character; size at least 1). What could move the cursor, reorder, hide or
 * forge output is replaced by '?': C0 and C1 controls, DEL, bidirectional
 * controls (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), line
 * separators, zero-width and other format characters, private use, tags, and
 * bytes that are not UTF-8 (one '?' each).
 */
void cog_display_clean(const char *text, char *ret, size_t size);

#endif
