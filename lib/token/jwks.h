/* SPDX-License-Identifier: MIT */
/*
 * jwks.h - a pool's public signing keys: the usable RSA keys of one JSON Web
 * Key Set document (RFC 7517 section 5).
 */
#ifndef COG_JWKS_H
#define COG_JWKS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

/* Longest key id in bytes; Cognito's have 44 (base64 of 32 bytes). */
#define COG_JWKS_KID_MAX 128

struct cog_jwks;

/*
 * Read a document. Keys we could not use are skipped: only kty RSA counts,
 * with a modulus of 2048 to 4096 bits, exponent 65537, a printable kid, and
 * use "sig" and alg "RS256" where those are given. `*ret` is new: close it.
 * COG_E_PROTOCOL: no key set, or none of its keys is usable.
 */
int cog_jwks_parse(const char *text, size_t len, struct cog_jwks **ret,
                   struct cog_err *err) COG_MUST_USE;

/* Whether the set has exactly one usable key of this id. The same key given
 * twice is one; different keys under one id are none. */
bool cog_jwks_has(const struct cog_jwks *jwks, const char *kid);

/* That key, built for use: EVP_PKEY_free() it. NULL when cog_jwks_has() says
 * no or memory is short. */
EVP_PKEY *cog_jwks_find(const struct cog_jwks *jwks, const char *kid);

void cog_jwks_close(struct cog_jwks *jwks);

/* 1 to COG_JWKS_KID_MAX printable ASCII bytes, no blank. A kid is compared
 * and quoted in messages, and nothing else is ever done with it. */
bool cog_jwks_valid_kid(const char *kid);

#endif
