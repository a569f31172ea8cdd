/* SPDX-License-Identifier: MIT */
/*
 * totp.h - a new authenticator: its secret, its address for a QR code, the
 * first code.
 * Source: AssociateSoftwareToken, VerifySoftwareToken.
 */
#ifndef COG_TOTP_H
#define COG_TOTP_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/pool/api.h"
#include "lib/pool/refusal.h"

/* Base32 secret (52 characters today; no maximum is documented). */
#define COG_TOTP_SECRET_MAX ((size_t)256)
/* otpauth address. */
#define COG_TOTP_URI_MAX ((size_t)1024)

/*
 * AssociateSoftwareToken with a challenge's session. Both results are secrets:
 * `ret_secret` (capacity COG_TOTP_SECRET_MAX) the base32 seed, `ret_session`
 * (COG_API_SESSION_MAX) the session to verify with. Contract as in api.h;
 * COG_E_PROTOCOL also when the secret is not base32.
 */
int cog_totp_associate(const struct cog_api *api,
                       const struct cog_secret *session,
                       struct cog_secret *ret_secret,
                       struct cog_secret *ret_session,
                       struct cog_refused *refused,
                       struct cog_err *err) COG_MUST_USE;

/*
 * VerifySoftwareToken: the first code from the new authenticator. Status ERROR
 * in a 200 reply is a wrong code as well (refused->kind CODE_WRONG).
 */
int cog_totp_verify(const struct cog_api *api, const struct cog_secret *session,
                    const struct cog_secret *code,
                    struct cog_secret *ret_session, struct cog_refused *refused,
                    struct cog_err *err) COG_MUST_USE;

/*
 * otpauth://totp/ISSUER:ACCOUNT?secret=SECRET&issuer=ISSUER, issuer and account
 * percent-encoded (all but RFC 3986 unreserved). `ret` is a secret: it holds
 * the seed. Source: Key Uri Format of Google Authenticator.
 */
int cog_totp_uri(const char *issuer, const char *account,
                 const struct cog_secret *secret, struct cog_secret *ret,
                 struct cog_err *err) COG_MUST_USE;

#endif
