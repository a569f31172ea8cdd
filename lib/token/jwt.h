/* SPDX-License-Identifier: MIT */
/*
 * jwt.h - strict verification of Cognito's signed tokens (RFC 7515, RFC 7519).
 *
 * One algorithm (RS256), one compact form, one place where claims come from.
 * A token that fails any check is of no use to anybody: there is no function
 * that reads claims from an unverified one.
 */
#ifndef COG_JWT_H
#define COG_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/token/claims.h"
#include "lib/token/jwks.h"

/* Longest token in bytes. 100 groups and long attributes make 20 KiB. */
#define COG_JWT_MAX ((size_t)64 * 1024)
/* Largest clock difference a policy may forgive. */
#define COG_JWT_LEEWAY_MAX_S 120

struct cog_jwt_policy {
    const char *issuer;        /* compared byte for byte */
    const char *second_issuer; /* another accepted form, or NULL */
    const char *client_id;     /* "aud" of an ID token, else "client_id" */
    enum cog_token_use use;
    const char *nonce; /* what we sent to the hosted UI; NULL: not checked */
    /* For times that must not lie in the future (iat, auth_time, nbf). Never
     * for exp: a token is refused from the second it names. */
    int64_t leeway_s;
};

/*
 * Which key a token asks for, so that the caller can get the key set that has
 * it. The token is NOT verified; nothing but the look-up may depend on this.
 * COG_E_TOKEN: no such header as cog_jwt_verify() would accept.
 */
int cog_jwt_kid(const struct cog_secret *token, char ret[COG_JWKS_KID_MAX + 1],
                struct cog_err *err) COG_MUST_USE;

/*
 * Verify form, key, signature, times, issuer, use, audience, nonce, and that
 * the token names a user. `now_s` is seconds since 1970. `*ret` is new:
 * cog_claims_close() it.
 * COG_E_TOKEN: any check failed; the message says which.
 * COG_E_NOMEM: memory ran out.
 */
int cog_jwt_verify(const struct cog_secret *token,
                   const struct cog_jwt_policy *policy,
                   const struct cog_jwks *keys, int64_t now_s,
                   struct cog_claims **ret, struct cog_err *err) COG_MUST_USE;

#endif
