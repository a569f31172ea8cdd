/* SPDX-License-Identifier: MIT */
/*
 * seal.h - what the store needs of OpenSSL: a key made from the host's, bytes
 * sealed with it, and names of files that say nothing.
 *
 * Sealed bytes are nonce (12), tag (16), cipher text: AES-256-GCM, NIST SP
 * 800-38D, with a random nonce each time (section 8.2.2).
 */
#ifndef COG_SEAL_H
#define COG_SEAL_H

#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* Sizes in bytes. */
#define COG_SEAL_KEY_BYTES   32
#define COG_SEAL_NONCE_BYTES 12
#define COG_SEAL_TAG_BYTES   16
#define COG_SEAL_MORE_BYTES  (COG_SEAL_NONCE_BYTES + COG_SEAL_TAG_BYTES)
/* SHA-256 in hexadecimal, with the NUL. */
#define COG_SEAL_HEX_BYTES 65

/* Append COG_SEAL_KEY_BYTES random bytes. COG_E_SYSTEM. */
int cog_seal_random_key(struct cog_secret *ret,
                        struct cog_err *err) COG_MUST_USE;

/*
 * Append a key for one purpose, made from the host's: HKDF-SHA256 (RFC 5869)
 * without salt, `purpose` as its info. COG_E_SYSTEM, COG_E_NOMEM.
 */
int cog_seal_derive(const struct cog_secret *host_key, const char *purpose,
                    struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/* Append `plain` sealed under `key` and bound to `about`. COG_E_SYSTEM,
 * COG_E_NOMEM; COG_E_PROTOCOL: ret is too small. */
int cog_seal_close(const struct cog_secret *key, const struct cog_secret *about,
                   const struct cog_secret *plain, struct cog_secret *ret,
                   struct cog_err *err) COG_MUST_USE;

/* Append what was sealed in `bytes`. COG_E_IDENTITY: not under this key, not
 * about this, or changed. Others as cog_seal_close(). */
int cog_seal_open(const struct cog_secret *key, const struct cog_secret *about,
                  const void *bytes, size_t len, struct cog_secret *ret,
                  struct cog_err *err) COG_MUST_USE;

/* SHA-256 of `len` bytes in lower-case hexadecimal. COG_E_SYSTEM. */
int cog_seal_hex(const void *bytes, size_t len, char ret[COG_SEAL_HEX_BYTES],
                 struct cog_err *err) COG_MUST_USE;

#endif
