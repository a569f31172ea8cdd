/* SPDX-License-Identifier: MIT */
/*
 * sign.h - tokens and key sets of our own, for tests that need claims or
 * tokens which the files of known answers do not have.
 */
#ifndef COG_SIGN_H
#define COG_SIGN_H

#include <openssl/types.h>
#include <stddef.h>

#include "lib/core/secret.h"
#include "lib/token/jwks.h"

/* Longest document and token below, in bytes. */
#define SIGN_MAX ((size_t)96 * 1024)

/* A new RSA key; EVP_PKEY_free() it. NULL on failure. */
EVP_PKEY *sign_key(unsigned bits);

/* Append the key as one JWK, e.g. {"kty":"RSA",...}. 0 or -1. */
int sign_jwk(EVP_PKEY *key, const char *kid, struct cog_secret *ret);

/* Append a key set document of one key. 0 or -1. */
int sign_jwks(EVP_PKEY *key, const char *kid, struct cog_secret *ret);

/* Append a compact RS256 token of these very bytes. 0 or -1. */
int sign_bytes(EVP_PKEY *key, const char *header, size_t header_len,
               const char *payload, size_t payload_len, struct cog_secret *ret);

/* Append "text.signature": a token whose first two segments are not made by
 * us. 0 or -1. */
int sign_text(EVP_PKEY *key, const char *text, struct cog_secret *ret);

/* Append a token with a header of alg RS256 and `kid`. 0 or -1. */
int sign_token(EVP_PKEY *key, const char *kid, const char *payload,
               struct cog_secret *ret);

#endif
