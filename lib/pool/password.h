/* SPDX-License-Identifier: MIT */
/*
 * password.h - changing a pool password, and getting a new one by a code.
 * Source: ChangePassword, ForgotPassword, ConfirmForgotPassword. None of these
 * is ever sent twice by us: each counts against the user's quota.
 */
#ifndef COG_PASSWORD_H
#define COG_PASSWORD_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/pool/api.h"
#include "lib/pool/refusal.h"

/* Where a code went, as the pool masks it ("d***@e***"), cleaned for display;
 * "" when not said. */
#define COG_PASSWORD_DESTINATION_BYTES 128

/* ChangePassword. refused->kind NEW_PASSWORD: the pool's rules refuse it, and
 * refused->shown says why. Contract as in api.h. */
int cog_password_change(const struct cog_api *api,
                        const struct cog_secret *access_token,
                        const struct cog_secret *old_password,
                        const struct cog_secret *new_password,
                        struct cog_refused *refused,
                        struct cog_err *err) COG_MUST_USE;

/* ForgotPassword: the pool sends the user a code. The user name is hashed as
 * it is sent. */
int cog_password_forgot(const struct cog_api *api, const char *username,
                        char ret_destination[COG_PASSWORD_DESTINATION_BYTES],
                        struct cog_refused *refused,
                        struct cog_err *err) COG_MUST_USE;

/* ConfirmForgotPassword: code and new password. */
int cog_password_reset(const struct cog_api *api, const char *username,
                       const struct cog_secret *code,
                       const struct cog_secret *new_password,
                       struct cog_refused *refused,
                       struct cog_err *err) COG_MUST_USE;

#endif
