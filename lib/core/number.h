/* SPDX-License-Identifier: MIT */
/*
 * number.h - decimal numbers from text, strictly.
 */
#ifndef COG_NUMBER_H
#define COG_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * True when text is nothing but decimal digits, without sign or leading
 * zeros, and its value lies in min..max; only then *ret is written.
 */
bool cog_number_parse(const char *text, int64_t min, int64_t max, int64_t *ret);

#endif
