/* SPDX-License-Identifier: MIT */
/*
 * json.h - JSON from outside, with limits, and members of a known type.
 *
 * Everything that parses a reply, a token or a cache file goes through
 * cog_json_parse(); everything that reads a member says which type it wants
 * and gets an error for any other, so "expected a string, got an array" can
 * never become a NULL that somebody compares.
 */
#ifndef COG_JSON_H
#define COG_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* Deepest nesting we read. Cognito's replies have 4. */
#define COG_JSON_DEPTH_MAX 16
/* Most members and elements in one text. A key set with a thousand keys of a
 * dozen members must still be read; past that a text is an attack. */
#define COG_JSON_ITEMS_MAX 16384

/*
 * Make jansson wipe all memory it frees, since tokens and passwords pass
 * through it, and tell us when it ran out of memory. Once, before any other
 * use of jansson in the process.
 */
void cog_json_setup(void);

/*
 * Parse a text that must be one JSON object and nothing else: UTF-8, no
 * duplicate members, no U+0000 in strings, integers within int64_t. `*ret` is
 * new: json_decref() it.
 * COG_E_PROTOCOL: anything else, or over the limits above. The message never
 * quotes the text. COG_E_NOMEM: memory ran out, once cog_json_setup() was
 * called.
 */
int cog_json_parse(const char *text, size_t len, json_t **ret,
                   struct cog_err *err) COG_MUST_USE;

/*
 * Append the compact text of `json` (object or array) to `ret`.
 * COG_E_PROTOCOL: longer than `ret` holds, or `json` cannot be encoded (NULL,
 * as json_pack() returns for text that is not UTF-8). COG_E_NOMEM as above.
 */
int cog_json_encode(const json_t *json, struct cog_secret *ret,
                    struct cog_err *err) COG_MUST_USE;

/* Whether `object` has the member at all, be it null. */
bool cog_json_has(const json_t *object, const char *name);

/*
 * The required member `name` of `object`. Results are borrowed from `object`.
 * COG_E_PROTOCOL: absent, or of another JSON type: a real is no integer, a
 * string "true" is no boolean, null is nothing.
 */
int cog_json_get_string(const json_t *object, const char *name,
                        const char **ret, struct cog_err *err) COG_MUST_USE;
int cog_json_get_integer(const json_t *object, const char *name, int64_t *ret,
                         struct cog_err *err) COG_MUST_USE;
int cog_json_get_boolean(const json_t *object, const char *name, bool *ret,
                         struct cog_err *err) COG_MUST_USE;
int cog_json_get_object(const json_t *object, const char *name,
                        const json_t **ret, struct cog_err *err) COG_MUST_USE;
int cog_json_get_array(const json_t *object, const char *name,
                       const json_t **ret, struct cog_err *err) COG_MUST_USE;

/*
 * The optional member: NULL in `*ret` when it is absent or null, else as
 * above; another type is still COG_E_PROTOCOL.
 */
int cog_json_find_string(const json_t *object, const char *name,
                         const char **ret, struct cog_err *err) COG_MUST_USE;
int cog_json_find_object(const json_t *object, const char *name,
                         const json_t **ret, struct cog_err *err) COG_MUST_USE;

#endif
