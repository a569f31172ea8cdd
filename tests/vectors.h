/* SPDX-License-Identifier: MIT */
/*
 * vectors.h - the sections of a file of known answers, one function each.
 *
 * To understand another section, write its function in a
 * tests/vectors_<room>.c and add a row to the table in vectors_main.c.
 */
#ifndef COG_VECTORS_H
#define COG_VECTORS_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/core/macros.h"

struct vectors_count {
    unsigned passed;
    unsigned failed;
};

/*
 * Count one case. When it failed, print its identity (`id` of the case, or its
 * name, or both) and what went wrong.
 */
void vectors_check(struct vectors_count *count, const json_t *one_case, bool ok,
                   const char *fmt, ...) COG_PRINTF(4, 5);

/* A member that must be there, as a string; "" (and a message on stderr) when
 * the file lacks it. */
const char *vectors_string(const json_t *one_case, const char *name);

/* `section` is what the file has under the function's name. */
void vectors_jwt(const json_t *section, struct vectors_count *count);

/* tests/vectors_pool.c */
void vectors_srp_user(const json_t *section, struct vectors_count *count);
void vectors_srp_device(const json_t *section, struct vectors_count *count);
void vectors_srp_reject(const json_t *section, struct vectors_count *count);
void vectors_timestamp(const json_t *section, struct vectors_count *count);
void vectors_secret_hash(const json_t *section, struct vectors_count *count);
void vectors_basic_auth(const json_t *section, struct vectors_count *count);
void vectors_pkce(const json_t *section, struct vectors_count *count);
void vectors_error_parse(const json_t *section, struct vectors_count *count);
void vectors_otpauth_uri(const json_t *section, struct vectors_count *count);

/* tests/vectors_host.c */
void vectors_endpoints(const json_t *section, struct vectors_count *count);
void vectors_pool_id_parse(const json_t *section, struct vectors_count *count);

#endif
