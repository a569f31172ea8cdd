/* SPDX-License-Identifier: MIT */
/*
 * qr.h - QR codes drawn with characters.
 */
#ifndef COG_QR_H
#define COG_QR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/host/config.h"

/* Longest drawing in bytes: leaves a quarter of COG_TEXT_MAX to the question,
 * and takes an enrolment code (37 modules) in every style. */
#define COG_QR_MAX ((size_t)12 * 1024)

/* Room for a drawing, in characters. */
struct cog_qr_room {
    size_t columns;
    size_t rows;
};

/*
 * Append `text` as a QR code to `ret` (empty, COG_QR_MAX), a line for each row
 * of characters. *ret_fits is false and nothing is drawn when it does not fit
 * into the room or into any code, for COG_QR_AUTO and COG_QR_OFF, and in a
 * build without libqrencode. The code is as secret as the text.
 *
 *   COG_QR_UTF8   half blocks, two modules on top of each other a character
 *   COG_QR_ASCII  two characters a module
 *   COG_QR_ANSI   two blanks a module on a background set by escape sequences
 *
 * The first two draw what is light, for light ink on a dark ground: on a light
 * one the code is inverted, which not every reader takes.
 * COG_E_NOMEM
 */
int cog_qr_render(const char *text, enum cog_qr_style style,
                  const struct cog_qr_room *room, struct cog_secret *ret,
                  bool *ret_fits, struct cog_err *err) COG_MUST_USE;

#endif
