/* SPDX-License-Identifier: MIT */
/*
 * tokens.h - a pool for the unit tests of sign-in: its configuration, its
 * signing key (made at start), ID tokens of alice, and claims that come out
 * of them the only way claims come: verified.
 */
#ifndef COG_TESTS_TOKENS_H
#define COG_TESTS_TOKENS_H

#include "lib/core/secret.h"
#include "lib/host/config.h"
#include "lib/token/claims.h"

#define TOKENS_ENDPOINT  "https://cognito-idp.us-east-1.amazonaws.com/"
#define TOKENS_POOL      "us-east-1_Example1"
#define TOKENS_ISSUER    TOKENS_ENDPOINT TOKENS_POOL
#define TOKENS_JWKS_URL  TOKENS_ISSUER "/.well-known/jwks.json"
#define TOKENS_CLIENT_ID "7pub1example2client3id4xyz"
#define TOKENS_SUB       "3f25a1c0-0000-4000-8000-000000000001"
/* When they were signed: ten seconds before world.h's time. */
#define TOKENS_NOW INT64_C(1794999990)

/* cmocka group fixtures. */
int tokens_setup(void **state);
int tokens_teardown(void **state);

/* The key set document that has the key. */
const char *tokens_jwks(void);

/*
 * Append an ID token of alice with these changes: the members of a JSON
 * object, null to leave one out. "" for none. tokens_forge() signs it with
 * another key under the same id.
 */
void tokens_sign(const char *changes, struct cog_secret *ret);
void tokens_forge(const char *changes, struct cog_secret *ret);

/* The claims of such a token; cog_claims_close() them. */
struct cog_claims *tokens_claims(const char *changes);

/* A configuration for this pool with these lines more, read for `service`
 * (NULL for none) without asking for an allow rule; cog_config_clear() it. */
struct cog_config tokens_config(const char *lines, const char *service);

#endif
