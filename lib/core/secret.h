/* SPDX-License-Identifier: MIT */
/*
 * secret.h - bytes that must not outlive their use.
 *
 * A secret is allocated once at its full capacity and never moved, so no
 * realloc() leaves a stale copy behind. cog_secret_clear() wipes the whole
 * capacity, not only the part in use.
 *
 * Ownership: the struct owns `data`. Passwords, codes, session strings,
 * tokens, request and reply bodies live in one of these and nowhere else.
 */
#ifndef COG_SECRET_H
#define COG_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

struct cog_secret {
    char *data; /* NUL-terminated; NULL until the first append */
    size_t len; /* bytes in use, without the NUL */
    size_t max; /* capacity in bytes, without the NUL */
};

#define COG_SECRET_INIT(capacity) \
    {                             \
        .max = (capacity)         \
    }

/*
 * Append len bytes.
 * COG_E_PROTOCOL: the result would exceed max (nothing is appended).
 * COG_E_NOMEM: the first append could not allocate.
 */
int cog_secret_append(struct cog_secret *s, const void *bytes, size_t len,
                      struct cog_err *err) COG_MUST_USE;

/* Append a NUL-terminated string. Errors as cog_secret_append(). */
int cog_secret_append_str(struct cog_secret *s, const char *text,
                          struct cog_err *err) COG_MUST_USE;

/*
 * Make room for `len` bytes in an empty secret and count them as used: for
 * functions that write into a buffer themselves. The bytes start as zeros.
 * Errors as cog_secret_append().
 */
int cog_secret_resize(struct cog_secret *s, size_t len,
                      struct cog_err *err) COG_MUST_USE;

/* The contents as a string; "" when empty. Valid until the next clear. */
const char *cog_secret_str(const struct cog_secret *s);

/* Same length and same bytes, compared in constant time for equal lengths. */
bool cog_secret_equal(const struct cog_secret *a, const struct cog_secret *b);

/* Wipe, free and become empty again with the same capacity. Safe on an
 * initialised, a cleared or a half-built secret. */
void cog_secret_clear(struct cog_secret *s);

#endif
