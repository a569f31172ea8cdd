/* SPDX-License-Identifier: MIT */
#include "tests/unit/world.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SERVICE "AWSCognitoIdentityProviderService."

struct cog_secret
world_secret(const char *text)
{
    struct cog_secret s = COG_SECRET_INIT(strlen(text));
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_append_str(&s, text, &err), 0);
    return s;
}

static void
copy(char *ret, size_t size, const char *text)
{
    (void)snprintf(ret, size, "%s", text == NULL ? "" : text);
}

/* What a script calls the request: its operation, or its URL. */
static const char *
name_of(const struct cog_http_request *request)
{
    if (request->target == NULL)
        return request->url;
    if (strncmp(request->target, SERVICE, strlen(SERVICE)) != 0)
        fail_msg("X-Amz-Target is '%s'", request->target);
    return request->target + strlen(SERVICE);
}

static struct world_request *
record(struct world *world, const struct cog_http_request *request)
{
    struct world_request *seen = &world->requests[world->request_count];

    if (world->request_count >= WORLD_MAX)
        fail_msg("more than %d requests", WORLD_MAX);
    copy(seen->what, sizeof(seen->what), name_of(request));
    copy(seen->url, sizeof(seen->url), request->url);
    seen->body =
        request->body == NULL ? NULL : strdup(cog_secret_str(request->body));
    world->request_count++;
    return seen;
}

static void
compare(const struct world_exchange *script, const struct world_request *seen)
{
    const char *body = seen->body == NULL ? "" : seen->body;

    if (strcmp(script->expect, seen->what) != 0)
        fail_msg("expected %s, was asked for %s", script->expect, seen->what);
    for (size_t i = 0; i < WORLD_HOLDS && script->holds[i] != NULL; i++) {
        if (strstr(body, script->holds[i]) == NULL)
            fail_msg("%s lacks %s: %s", seen->what, script->holds[i], body);
    }
    for (size_t i = 0; i < WORLD_HOLDS && script->lacks[i] != NULL; i++) {
        if (strstr(body, script->lacks[i]) != NULL)
            fail_msg("%s holds %s: %s", seen->what, script->lacks[i], body);
    }
}

static int
send_scripted(void *ctx, const struct cog_http_request *request,
              struct cog_http_reply *reply, struct cog_err *err)
{
    struct world *world = ctx;
    const struct world_exchange *script;
    const struct world_request *seen = record(world, request);

    if (world->request_count > world->exchange_count)
        fail_msg("request %s is not in the script", seen->what);
    script = &world->exchanges[world->request_count - 1];
    compare(script, seen);
    assert_int_equal(reply->body.len, 0);
    world->mono_ms += script->takes_ms;
    if (script->status == 0) {
        return cog_fail(err, script->fail == COG_OK ? COG_E_NET : script->fail,
                        "scripted failure");
    }
    reply->status = script->status;
    copy(reply->error_type, sizeof(reply->error_type), script->error_type);
    return cog_secret_append_str(&reply->body,
                                 script->body == NULL ? "" : script->body, err);
}

static int
pause_scripted(void *ctx, int64_t pause_ms, struct cog_err *err)
{
    struct world *world = ctx;

    if (world->pause_count >= WORLD_MAX)
        fail_msg("more than %d pauses", WORLD_MAX);
    world->pauses_ms[world->pause_count++] = pause_ms;
    if (world->pause_fail != COG_OK)
        return cog_fail(err, world->pause_fail, "scripted failure");
    world->mono_ms += pause_ms;
    return 0;
}

static void
warm_recorded(void *ctx, const char *url)
{
    struct world *world = ctx;

    copy(world->warm_url, sizeof(world->warm_url), url);
    world->warm_count++;
}

static const struct cog_secret *
warm_body(void *ctx)
{
    struct world *world = ctx;

    if (world->warm_count == 0 || world->warm_reply == NULL)
        return NULL;
    cog_secret_clear(&world->warm_body);
    world->warm_body = world_secret(world->warm_reply);
    return &world->warm_body;
}

static int64_t
unix_s(void *ctx)
{
    const struct world *world = ctx;

    return world->unix_s;
}

static int64_t
mono_ms(void *ctx)
{
    const struct world *world = ctx;

    return world->mono_ms;
}

static void
note(struct world_question *seen, enum cog_text text, bool echo,
     const char *const *arg)
{
    seen->text = text;
    seen->echo = echo;
    for (size_t i = 0; i < COG_TEXT_ARGS; i++)
        copy(seen->arg[i], sizeof(seen->arg[i]), arg == NULL ? NULL : arg[i]);
}

static void
note_question(struct world_question *seen, const struct cog_question *question)
{
    note(seen, question->text, question->echo, question->arg);
    copy(seen->qr, sizeof(seen->qr), question->qr);
    seen->plain = question->plain;
    seen->options = question->options;
    memcpy(seen->option, question->option, sizeof(seen->option));
}

static int
ask_scripted(void *ctx, const struct cog_question *question,
             struct cog_secret *answer, struct cog_err *err)
{
    struct world *world = ctx;
    const struct world_answer *script;
    size_t n = world->question_count;

    if (n >= world->answer_count || n >= WORLD_MAX)
        fail_msg("question %d is not in the script", (int)question->text);
    note_question(&world->questions[n], question);
    world->question_count++;
    script = &world->answers[n];
    assert_int_equal(question->text, script->expect);
    assert_int_equal(question->echo, script->echo);
    assert_int_equal(answer->len, 0);
    if (question->meanwhile != NULL)
        question->meanwhile(question->meanwhile_ctx);
    if (script->answer != NULL &&
        cog_secret_append_str(answer, script->answer, err) < 0)
        return -1;
    if (script->answer != NULL && script->fail == COG_OK)
        return 0;
    return cog_fail(err, script->fail == COG_OK ? COG_E_CONV : script->fail,
                    "scripted failure");
}

static void
tell_recorded(void *ctx, enum cog_text text, const char *const *arg)
{
    struct world *world = ctx;

    if (world->told_count >= WORLD_MAX)
        fail_msg("told more than %d texts", WORLD_MAX);
    note(&world->told[world->told_count], text, true, arg);
    world->told_count++;
}

static int64_t
boot_s(void *ctx)
{
    const struct world *world = ctx;

    return world->boot_s;
}

struct cog_env
world_env(struct world *world)
{
    const struct cog_env env = {
        .transport = {send_scripted, pause_scripted, warm_recorded, warm_body,
                      world},
        .clock = {unix_s, mono_ms, boot_s, world},
        .ui = {ask_scripted, tell_recorded, world},
    };

    return env;
}

void
world_clear(struct world *world)
{
    for (size_t i = 0; i < world->request_count; i++)
        free(world->requests[i].body);
    world->request_count = 0;
    world->question_count = 0;
    world->told_count = 0;
    world->pause_count = 0;
    world->warm_count = 0;
    world->warm_url[0] = '\0';
    cog_secret_clear(&world->warm_body);
}

void
world_check(struct world *world)
{
    assert_int_equal(world->request_count, world->exchange_count);
    assert_int_equal(world->question_count, world->answer_count);
    world_clear(world);
}

/* Until the allocation that fails; 0: none does. */
static unsigned long countdown;

static void *
allocate(size_t size)
{
    if (countdown > 0 && --countdown == 0)
        return NULL;
    return malloc(size);
}

void
world_json_fail_at(unsigned long fail_at)
{
    countdown = fail_at;
    json_set_alloc_funcs(allocate, free);
}
