/* SPDX-License-Identifier: MIT */
/*
 * verifier.h - a password's yescrypt hash, for offline sign-in.
 * Source: crypt(5), yescrypt with its default cost (some 15 ms, 16 MiB).
 */
#ifndef COG_VERIFIER_H
#define COG_VERIFIER_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* Append the verifier of a password. COG_E_SYSTEM: no random bytes, or this
 * libcrypt has no yescrypt. COG_E_DENIED: not a password (NUL, too long). */
int cog_verifier_make(const struct cog_secret *password, struct cog_secret *ret,
                      struct cog_err *err) COG_MUST_USE;

/* Is this the password? Errors are no. */
bool cog_verifier_fits(const struct cog_secret *verifier,
                       const struct cog_secret *password);

#endif
