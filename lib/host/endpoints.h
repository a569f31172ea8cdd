/* SPDX-License-Identifier: MIT */
/*
 * endpoints.h - where a pool lives: names made from its id and region.
 *
 * Source: the AWS SDKs (botocore's endpoint rule set and
 * partitions.json).
 */
#ifndef COG_ENDPOINTS_H
#define COG_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

/* Longest user pool id in bytes (Cognito API, UserPoolIdType). */
#define COG_ENDPOINTS_POOL_ID_MAX 55
/* Room for any URL made here and its NUL. */
#define COG_ENDPOINTS_URL_BYTES 256

struct cog_pool_id {
    char region[COG_ENDPOINTS_POOL_ID_MAX + 1]; /* us-east-1 */
    char name[COG_ENDPOINTS_POOL_ID_MAX + 1];   /* what follows the '_' */
};

/* Which of a region's endpoints. */
enum {
    COG_ENDPOINTS_FIPS = 1 << 0,
    COG_ENDPOINTS_DUALSTACK = 1 << 1 /* no configuration key asks for it */
};

/* The form of a region name: lower-case words between hyphens, a number last
 * (us-east-1, us-gov-west-1, eusc-de-east-1). */
bool cog_endpoints_region_valid(const char *region);

/* Is this REGION_NAME, as cog_endpoints_parse_pool_id() reads it? */
bool cog_endpoints_pool_id_valid(const char *pool_id);

/* Take REGION_NAME apart. COG_E_CONFIG: it has another form. */
int cog_endpoints_parse_pool_id(const char *pool_id, struct cog_pool_id *ret,
                                struct cog_err *err) COG_MUST_USE;

/*
 * The API endpoint of a region, https and ending in '/'. `which` is a set of
 * COG_ENDPOINTS_ bits.
 * COG_E_CONFIG: not a region, no such endpoint there, or `size` is too small.
 */
int cog_endpoints_api(const char *region, unsigned which, char *buf,
                      size_t size, struct cog_err *err) COG_MUST_USE;

/*
 * The issuer of a pool's tokens (`iss`), without a final '/'. `updated` asks
 * for the newer of the two forms a pool can be switched to
 * (https://issuer-cognito-idp...). A FIPS or custom endpoint does not change
 * it. Errors as cog_endpoints_api().
 */
int cog_endpoints_issuer(const char *pool_id, bool updated, char *buf,
                         size_t size, struct cog_err *err) COG_MUST_USE;

#endif
