/* SPDX-License-Identifier: MIT */
/*
 * claims_private.h - how claims are made: for jwt.c and claims.c alone.
 *
 * It is apart from claims.h so that nobody who only reads claims can make
 * them; tests/rules checks who includes it.
 */
#ifndef COG_CLAIMS_PRIVATE_H
#define COG_CLAIMS_PRIVATE_H

#include <jansson.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/token/claims.h"

/*
 * Claims from the payload of a token whose signature and policy hold. Keeps a
 * reference of its own to `payload`. `*ret` is new.
 * COG_E_PROTOCOL: the payload lacks what every Cognito token of this use has.
 * COG_E_NOMEM: memory ran out.
 */
int cog_claims_make(json_t *payload, enum cog_token_use use,
                    struct cog_claims **ret, struct cog_err *err) COG_MUST_USE;

#endif
