/* SPDX-License-Identifier: MIT */
/*
 * srp.h - the client's half of Cognito's variant of SRP-6a, for a user's
 * password and for a remembered device.
 *
 * The variant: 3072-bit group of RFC 3526 with g = 2, SHA-256, integers
 * hashed in the form of Java's BigInteger.toByteArray() (shortest big-endian
 * two's complement, so 00 goes first when the top bit is set), a 16-byte
 * HKDF key, and a signature over a secret block and a timestamp in place of
 * SRP's M1. The server never proves itself (there is no M2): TLS does.
 * Source: amazon-cognito-identity-js, AuthenticationHelper.js, checked against
 * the vectors in tests/data.
 *
 * Everything that depends on a secret runs in constant time and is wiped.
 */
#ifndef COG_SRP_H
#define COG_SRP_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* Bits of the ephemeral secret. RFC 5054 section 2.5.4 asks for at least 256;
 * up to 512 costs nothing after B arrives. */
#define COG_SRP_EPHEMERAL_BITS 384
/* Base64 of HMAC-SHA256. */
#define COG_SRP_SIGNATURE_BYTES 44
/* Salt a device registers with, in bytes (what Cognito's own clients use). */
#define COG_SRP_SALT_BYTES 16
/* Capacity for cog_srp_device_register()'s base64 results: a verifier is at
 * most 385 bytes. */
#define COG_SRP_VERIFIER_MAX 516

/* One attempt's ephemeral key pair. Answers one challenge. */
struct cog_srp;

/*
 * Draw a fresh `a` and compute A = g^a mod N (some 0.7 ms: meant to run while
 * the user types). Close the result.
 * COG_E_SYSTEM: OpenSSL failed, which includes the random generator.
 */
int cog_srp_start(struct cog_srp **ret, struct cog_err *err) COG_MUST_USE;

/* The same with a given `a` (hex): for test vectors and benchmarks only.
 * COG_E_PROTOCOL: not hex, zero or longer than 2048 digits. */
int cog_srp_start_with(const char *a_hex, struct cog_srp **ret,
                       struct cog_err *err) COG_MUST_USE;

/* SRP_A: A in lower-case hex without leading zeros. Valid until close. */
const char *cog_srp_public(const struct cog_srp *srp);

/* What PASSWORD_VERIFIER or DEVICE_PASSWORD_VERIFIER brought (server's words,
 * NULL when missing: refused), and whose proof is wanted. All borrowed. */
struct cog_srp_challenge {
    const char *pool_name;             /* pool id after "_"; DeviceGroupKey */
    const char *user_id;               /* USER_ID_FOR_SRP; DeviceKey */
    const struct cog_secret *password; /* UTF-8, as typed */
    const char *salt;                  /* SALT: hex */
    const char *b;                     /* SRP_B: hex */
    const char *secret_block;          /* SECRET_BLOCK: base64 */
};

/*
 * Append PASSWORD_CLAIM_SIGNATURE (base64). The timestamp is the text that is
 * sent as TIMESTAMP beside it (timestamp.h). Consumes the pair's secret: a
 * second challenge needs a new pair, whether this one was answered or not.
 * COG_E_PROTOCOL: a value of the challenge is missing, malformed or out of
 * bounds; B mod N or u is zero; B is not below N.
 * COG_E_SYSTEM: OpenSSL failed, or the pair is used up.
 */
int cog_srp_sign(struct cog_srp *srp, const struct cog_srp_challenge *challenge,
                 const char *timestamp, struct cog_secret *ret,
                 struct cog_err *err) COG_MUST_USE;

/* A device as its first sign-in named it. All borrowed. */
struct cog_srp_device {
    const char *group_key;             /* DeviceGroupKey, opaque */
    const char *key;                   /* DeviceKey */
    const struct cog_secret *password; /* ours, random, base64 */
};

/*
 * Append what ConfirmDevice's DeviceSecretVerifierConfig wants, both base64:
 * Salt and PasswordVerifier = g^x mod N for the given random salt. On failure
 * what was appended is of no use: clear both.
 * COG_E_PROTOCOL: a key is missing or too long. COG_E_SYSTEM: OpenSSL failed.
 */
int cog_srp_device_register(const struct cog_srp_device *device,
                            const unsigned char salt[COG_SRP_SALT_BYTES],
                            struct cog_secret *ret_salt,
                            struct cog_secret *ret_verifier,
                            struct cog_err *err) COG_MUST_USE;

/* Wipe and free. NULL is fine. */
void cog_srp_close(struct cog_srp *srp);

#endif
