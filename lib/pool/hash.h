/* SPDX-License-Identifier: MIT */
/*
 * hash.h - the digests Cognito and OAuth ask of a client: SECRET_HASH, PKCE
 * challenge, Basic credentials, and the two primitives they and SRP rest on.
 *
 * Every result goes into a `struct cog_secret` because most of them prove
 * knowledge of one. A result is appended whole or not at all.
 */
#ifndef COG_HASH_H
#define COG_HASH_H

#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

#define COG_HASH_BYTES     32 /* SHA-256 and HMAC-SHA256 */
#define COG_HASH_B64_BYTES 44 /* base64 of COG_HASH_BYTES, without a NUL */

/* RFC 7636 section 4.1: 43 to 128 characters. */
#define COG_HASH_VERIFIER_MIN 43
#define COG_HASH_VERIFIER_MAX 128

/* The Authorization value "Basic ..." of the longest client id and secret
 * Cognito issues (128 and 64 characters) with room to spare. */
#define COG_HASH_BASIC_MAX 512

/* One piece of what is hashed; the pieces are hashed in order. Borrowed. */
struct cog_hash_part {
    const void *bytes;
    size_t len;
};

/*
 * Append the 32 raw bytes of SHA-256 over the parts.
 * COG_E_SYSTEM: OpenSSL failed. Others as cog_secret_append().
 */
int cog_hash_sha256(const struct cog_hash_part *parts, size_t count,
                    struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/*
 * Append the 32 raw bytes of HMAC-SHA256 (RFC 2104) over the parts. The key
 * must not be empty.
 * COG_E_SYSTEM: empty key, or OpenSSL failed. Others as cog_secret_append().
 */
int cog_hash_hmac(const struct cog_hash_part *key,
                  const struct cog_hash_part *parts, size_t count,
                  struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/*
 * Append SECRET_HASH: base64(HMAC-SHA256(client secret, username client_id)).
 * The user name is the one sent in the same call, byte for byte.
 * Source: Amazon Cognito developer guide, "Computing secret hash values".
 * Errors as cog_hash_hmac().
 */
int cog_hash_secret(const char *username, const char *client_id,
                    const struct cog_secret *client_secret,
                    struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/*
 * Append the value of an Authorization header: "Basic " and
 * base64(client_id ":" client secret). Ids and secrets that Cognito issues
 * need no form encoding (RFC 6749 section 2.3.1); one with a colon in the id
 * would be ambiguous and is refused.
 * COG_E_CONFIG: colon in the client id. Others as cog_secret_append().
 */
int cog_hash_basic(const char *client_id,
                   const struct cog_secret *client_secret,
                   struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/* Append the PKCE code verifier made of 32 random octets: base64url without
 * padding, 43 characters (RFC 7636 section 4.1). Errors as
 * cog_secret_append(). */
int cog_hash_verifier(const unsigned char octets[COG_HASH_BYTES],
                      struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/*
 * Append the S256 code challenge of a verifier (RFC 7636 section 4.2).
 * COG_E_SYSTEM: the verifier is not 43 to 128 unreserved characters, or
 * OpenSSL failed. Others as cog_secret_append().
 */
int cog_hash_challenge(const struct cog_secret *verifier,
                       struct cog_secret *ret,
                       struct cog_err *err) COG_MUST_USE;

#endif
