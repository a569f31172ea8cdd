/* SPDX-License-Identifier: MIT */
/*
 * claims.h - what a verified token says.
 *
 * cog_jwt_verify() is the only source of a `struct cog_claims`, so whoever
 * holds one holds statements the pool signed for this app client. All text is
 * borrowed from the claims.
 */
#ifndef COG_CLAIMS_H
#define COG_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cog_token_use {
    COG_TOKEN_ID,
    COG_TOKEN_ACCESS
};

struct cog_claims;

enum cog_token_use cog_claims_use(const struct cog_claims *claims);

/* The user's immutable id in the pool. Never NULL or empty. */
const char *cog_claims_sub(const struct cog_claims *claims);

/* The pool user name ("cognito:username" of an ID token, "username" of an
 * access token). Never NULL or empty. */
const char *cog_claims_username(const struct cog_claims *claims);

/* The issuer, in the form the token has (one the policy accepts). */
const char *cog_claims_issuer(const struct cog_claims *claims);

/* The e-mail address, or NULL. Proves nothing unless it is verified. */
const char *cog_claims_email(const struct cog_claims *claims);

/* True only for the JSON boolean true (the string "true" is not). */
bool cog_claims_email_verified(const struct cog_claims *claims);

/* The i-th pool group, or NULL past the last. A claim that is no list means
 * no groups, and members that are no strings are skipped. */
const char *cog_claims_group(const struct cog_claims *claims, size_t i);

/* The value of a "custom:..." attribute, or NULL when it is absent or no
 * string. NULL for any other name: those have their own functions. */
const char *cog_claims_custom(const struct cog_claims *claims,
                              const char *name);

/* Whether the space-separated "scope" claim has exactly this scope. */
bool cog_claims_has_scope(const struct cog_claims *claims, const char *scope);

/* Seconds since 1970: when the token ends, and when the user last signed in
 * interactively (a refresh does not change that). */
int64_t cog_claims_expiry_s(const struct cog_claims *claims);
int64_t cog_claims_auth_time_s(const struct cog_claims *claims);

void cog_claims_close(struct cog_claims *claims);

#endif
