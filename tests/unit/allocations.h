/* SPDX-License-Identifier: MIT */
/*
 * allocations.h - every allocation may fail.
 *
 * The functions below stand in for the C library's in the program that
 * includes this (once); while `fail_at` is not 0, call number `fail_at`
 * fails. A test lets each call fail in turn until none is left.
 */
#ifndef COG_ALLOCATIONS_H
#define COG_ALLOCATIONS_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static unsigned allocations;
static unsigned fail_at;

static bool
allocation_fails(void)
{
    return fail_at != 0 && ++allocations == fail_at;
}

/* Begin a round in which call number `n` fails. */
static void
fail_allocation(unsigned n)
{
    allocations = 0;
    fail_at = n;
}

/* End it. Was there such a call? */
static bool
allocation_failed(void)
{
    bool failed = allocations >= fail_at;

    fail_at = 0;
    return failed;
}

char *
strndup(const char *text, size_t len)
{
    size_t n = strnlen(text, len);
    char *copy = allocation_fails() ? NULL : malloc(n + 1);

    if (copy != NULL) {
        memcpy(copy, text, n);
        copy[n] = '\0';
    }
    return copy;
}

char *
strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = allocation_fails() ? NULL : malloc(n);

    return copy == NULL ? NULL : memcpy(copy, text, n);
}

void *
reallocarray(void *old, size_t count, size_t size)
{
    return allocation_fails() ? NULL : realloc(old, count * size);
}

#endif
