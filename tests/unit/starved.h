/* SPDX-License-Identifier: MIT */
/*
 * starved.h - a program in which one allocation fails, ours, jansson's or
 * OpenSSL's, while it is `armed`: the one that `countdown` comes to. For whole
 * calls in a scripted world, which has memory of its own. Included once, by a
 * program linked with --wrap for the functions below.
 */
#ifndef COG_TESTS_STARVED_H
#define COG_TESTS_STARVED_H

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/macros.h"
#include "tests/unit/world.h"

/* Counts only while the code under test runs, not its world. */
static bool armed;
static unsigned long countdown; /* to the allocation that fails */

static bool
fails(void)
{
    return armed && countdown > 0 && --countdown == 0;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
char *__wrap_strndup(const char *text, size_t len);
int __real_vasprintf(char **ret, const char *fmt, va_list ap) COG_PRINTF(2, 0);
int __wrap_vasprintf(char **ret, const char *fmt, va_list ap) COG_PRINTF(2, 0);

void *
__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

void *
__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(old, count, size);
}

char *
__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *
__wrap_strndup(const char *text, size_t len)
{
    return fails() ? NULL : __real_strndup(text, len);
}

int
__wrap_vasprintf(char **ret, const char *fmt, va_list ap)
{
    return fails() ? -1 : __real_vasprintf(ret, fmt, ap);
}

/* OpenSSL's memory is made by the functions above too. */
static void *
allocate(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(size);
}

static void *
reallocate(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(old, size);
}

static void
release(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

/* Before anything else uses OpenSSL. */
static bool
starve_openssl(void)
{
    return CRYPTO_set_mem_functions(allocate, reallocate, release) == 1;
}

/* The scripted world, with memory of its own. */
static struct cog_env inner;

static int
send_whole(void *ctx, const struct cog_http_request *request,
           struct cog_http_reply *reply, struct cog_err *err)
{
    const bool was_armed = armed;
    int rc;

    /* This one comes after any refusal too. */
    if (request->target != NULL &&
        strstr(request->target, ".RevokeToken") != NULL) {
        reply->status = 200;
        return 0;
    }
    armed = false;
    rc = inner.transport.send(ctx, request, reply, err);
    armed = was_armed;
    return rc;
}

static const struct cog_secret *
warm_body_whole(void *ctx)
{
    const bool was_armed = armed;
    const struct cog_secret *body;

    armed = false;
    body = inner.transport.warm_body(ctx);
    armed = was_armed;
    return body;
}

/* What runs while the user types is ours again. */
static const struct cog_question *asked;

static void
meanwhile_armed(void *ctx)
{
    armed = true;
    asked->meanwhile(ctx);
    armed = false;
}

static int
ask_whole(void *ctx, const struct cog_question *question,
          struct cog_secret *answer, struct cog_err *err)
{
    struct cog_question copy = *question;
    const bool was_armed = armed;
    int rc;

    asked = question;
    if (question->meanwhile != NULL)
        copy.meanwhile = meanwhile_armed;
    armed = false;
    rc = inner.ui.ask(ctx, &copy, answer, err);
    armed = was_armed;
    return rc;
}

static struct cog_env
whole_env(struct world *world)
{
    struct cog_env env = world_env(world);

    inner = env;
    env.transport.send = send_whole;
    env.transport.warm_body = warm_body_whole;
    env.ui.ask = ask_whole;
    return env;
}

#endif
