/* SPDX-License-Identifier: MIT */
/*
 * pack.h - fields behind one another in bytes, each with its length, so that
 * no two lists of fields look alike.
 *
 * A field is its length (4 bytes, most significant first) and its bytes; a
 * number is 8 bytes, most significant first.
 */
#ifndef COG_PACK_H
#define COG_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* What a field costs beyond its bytes. */
#define COG_PACK_LENGTH_BYTES 4

/* Append. Errors as cog_secret_append(). */
int cog_pack_field(struct cog_secret *ret, const void *bytes, size_t len,
                   struct cog_err *err) COG_MUST_USE;
int cog_pack_text(struct cog_secret *ret, const char *text,
                  struct cog_err *err) COG_MUST_USE;
int cog_pack_number(struct cog_secret *ret, uint64_t number,
                    struct cog_err *err) COG_MUST_USE;

/* What is left to be read; borrowed. */
struct cog_unpack {
    const unsigned char *at;
    size_t left;
};

/* Take what comes next. COG_E_IDENTITY: it is not there as a whole, is longer
 * than `max`, or does not fit. Nothing is taken then. */
int cog_unpack_field(struct cog_unpack *from, size_t max,
                     const unsigned char **ret, size_t *ret_len,
                     struct cog_err *err) COG_MUST_USE;
int cog_unpack_number(struct cog_unpack *from, uint64_t max, uint64_t *ret,
                      struct cog_err *err) COG_MUST_USE;

#endif
