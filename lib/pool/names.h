/* SPDX-License-Identifier: MIT */
/*
 * names.h - lists of names that travel as JSON text inside a string, as some
 * ChallengeParameters do: MFAS_CAN_CHOOSE, MFAS_CAN_SETUP, requiredAttributes.
 */
#ifndef COG_NAMES_H
#define COG_NAMES_H

#include <jansson.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

/* Most names in one list. A pool has 20 standard and 50 custom attributes,
 * and nobody types more than a few. */
#define COG_NAMES_MAX 32
/* Longest name, in bytes: "userAttributes." and 32 (service model,
 * AttributeNameType). */
#define COG_NAMES_LENGTH_MAX 47
/* Longest text of a list, in bytes. */
#define COG_NAMES_TEXT_MAX ((size_t)4 * 1024)

/*
 * Parse `text`, a JSON array of strings of 1 to COG_NAMES_LENGTH_MAX printable
 * ASCII characters without blanks. *ret is new: json_decref() it.
 * COG_E_PROTOCOL: anything else, or over the limits above. COG_E_NOMEM.
 */
int cog_names_parse(const char *text, json_t **ret,
                    struct cog_err *err) COG_MUST_USE;

#endif
