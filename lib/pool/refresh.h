/* SPDX-License-Identifier: MIT */
/*
 * refresh.h - new tokens from a refresh token, and its end.
 * Source: GetTokensFromRefreshToken, InitiateAuth REFRESH_TOKEN_AUTH,
 * RevokeToken.
 */
#ifndef COG_REFRESH_H
#define COG_REFRESH_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/pool/api.h"
#include "lib/pool/refusal.h"

struct cog_refresh {
    const struct cog_secret *token;      /* the refresh token */
    const struct cog_secret *device_key; /* NULL or empty: none */
    /* The pool's own name of the user (claim cognito:username), which
     * REFRESH_TOKEN_AUTH hashes into SECRET_HASH. */
    const char *username;
};

/*
 * GetTokensFromRefreshToken, and REFRESH_TOKEN_AUTH only when the pool or app
 * client says that it does not offer the former. Sent once each: with rotation
 * a successful call ends the old token. `ret` then has access and ID token,
 * and a refresh token only when the pool rotates: it replaces the old one and
 * must be on disk before anything else happens.
 * refused->kind: TOKEN (expired, revoked, invalid), REUSED (a rotated token
 * came back: theft or a lost reply), DISABLED, NOT_FOUND.
 * COG_E_NET, COG_E_THROTTLED: nothing is known. Otherwise as in api.h.
 */
int cog_refresh_run(const struct cog_api *api,
                    const struct cog_refresh *refresh,
                    struct cog_api_reply *ret, struct cog_refused *refused,
                    struct cog_err *err) COG_MUST_USE;

/* RevokeToken: end a refresh token and what descends from it. */
int cog_refresh_revoke(const struct cog_api *api,
                       const struct cog_secret *token,
                       struct cog_refused *refused,
                       struct cog_err *err) COG_MUST_USE;

#endif
