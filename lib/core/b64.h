/* SPDX-License-Identifier: MIT */
/*
 * b64.h - base64 in the two forms Cognito uses.
 *
 * JSON Web Signatures are base64url without padding (RFC 7515 section 2);
 * SRP's SECRET_BLOCK, SECRET_HASH and Basic credentials are standard base64
 * (RFC 4648 section 4). Bytes land in a secret, since most of them are one.
 */
#ifndef COG_B64_H
#define COG_B64_H

#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

enum cog_b64_kind {
    /* base64url, no padding, unused bits zero: every byte string has exactly
     * one text, so nobody can vary a signed text without changing it. */
    COG_B64_URL_STRICT,
    /* Either alphabet, padding complete or absent, unused bits ignored. */
    COG_B64_LENIENT
};

enum cog_b64_alphabet {
    COG_B64_STD, /* "+/", padded */
    COG_B64_URL  /* "-_", not padded */
};

/*
 * Decode `len` characters into `ret`, which must be empty and stays empty on
 * failure. No characters decode to no bytes.
 * COG_E_PROTOCOL: not base64 of that kind, or more bytes than `ret` holds.
 * COG_E_NOMEM: `ret` could not be allocated.
 */
int cog_b64_decode(const char *text, size_t len, enum cog_b64_kind kind,
                   struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/*
 * Append the base64 text of `len` bytes to `ret`. A capacity of
 * COG_B64_ENCODED(len) always suffices. Errors as cog_secret_append().
 */
int cog_b64_encode(const void *bytes, size_t len,
                   enum cog_b64_alphabet alphabet, struct cog_secret *ret,
                   struct cog_err *err) COG_MUST_USE;

/* Characters, padding included, that `len` bytes encode to. */
#define COG_B64_ENCODED(len) (((size_t)(len) + 2) / 3 * 4)

#endif
