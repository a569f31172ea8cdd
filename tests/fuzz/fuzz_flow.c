/* SPDX-License-Identifier: MIT */
/*
 * A whole sign-in with a hostile pool: a first byte that chooses how it
 * begins, then the pool's replies, a line each (one that begins with '!' is a
 * refusal). Whatever it says: no success without tokens and a proof, and no
 * end without an end.
 */
#include <stdint.h>
#include <string.h>

#include "lib/pool/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Four sessions of ten rounds, each with its re-asks: a new password's are
 * sixteen. */
#define CALLS_MAX 700

struct world {
    const char *next; /* what the pool says from here */
    const char *end;
    unsigned calls;
    unsigned questions;
};

static void
check(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static int
reply_next(void *ctx, const struct cog_http_request *request,
           struct cog_http_reply *reply, struct cog_err *err)
{
    struct world *world = ctx;
    const size_t left = (size_t)(world->end - world->next);
    const char *line = world->next;
    const char *feed = left == 0 ? NULL : memchr(line, '\n', left);
    size_t len = feed == NULL ? left : (size_t)(feed - line);

    check(++world->calls <= CALLS_MAX);
    check(strlen(cog_secret_str(request->body)) == request->body->len);
    world->next += feed == NULL ? left : len + 1;
    reply->status = 200;
    if (len > 0 && line[0] == '!') {
        reply->status = 400;
        line++;
        len--;
    }
    return cog_secret_append(&reply->body, line, len, err);
}

/* Answers that lead on, in most places. */
static int
answer(void *ctx, const struct cog_question *question,
       struct cog_secret *answer, struct cog_err *err)
{
    static const char *const numbers[] = {"1", "2", "3"};
    struct world *world = ctx;

    check(question->options <= COG_TEXT_OPTIONS);
    check(*cog_text_msgid(question->text) != '\0');
    world->questions++;
    if (question->text == COG_TEXT_MUST_CHANGE)
        return cog_secret_append_str(answer, "yes", err);
    if (question->echo) {
        return cog_secret_append_str(
            answer, numbers[world->questions % COG_COUNT(numbers)], err);
    }
    return cog_secret_append_str(answer, "N3w", err);
}

static int64_t
now(void *ctx)
{
    (void)ctx;
    return 1795000000;
}

static void
fill(struct cog_secret *secret, const char *text)
{
    struct cog_err err = COG_ERR_INIT;

    check(cog_secret_append_str(secret, text, &err) == 0);
}

static void
sign_in(struct world *world, uint8_t how)
{
    const struct cog_env env = {
        .transport = {.send = reply_next, .ctx = world},
        .clock = {.unix_s = now, .mono_ms = now},
        .ui = {.ask = answer, .ctx = world},
    };
    struct cog_secret password = COG_SECRET_INIT(COG_FLOW_PASSWORD_MAX);
    struct cog_device device = COG_DEVICE_INIT;
    const struct cog_api api = {"https://cognito-idp.test/", "client", NULL,
                                &env.transport};
    const struct cog_flow flow = {
        .api = &api,
        .kind = how & 3,
        .pool_name = "Pool1",
        .username = "alice",
        .password = &password,
        .device = &device,
    };
    struct cog_flow_facts facts = COG_FLOW_FACTS_INIT;
    struct cog_api_reply reply = COG_API_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;

    if (flow.kind != COG_API_CHOICE || (how & 4) != 0)
        fill(&password, "Passw0rd!");
    if ((how & 8) != 0) {
        fill(&device.key, "dev-1");
        fill(&device.group_key, "-grp");
        fill(&device.password, "RaNd0m");
    }
    if (cog_flow_run(&env, &flow, &reply, &facts, &err) == 0) {
        check(facts.proven && *facts.method != '\0');
        check(reply.tokens.access.len > 0);
    } else {
        check(err.code != COG_OK && reply.tokens.access.len == 0);
    }
    check(reply.challenge[0] == '\0');
    cog_api_clear(&reply);
    cog_flow_facts_clear(&facts);
    cog_device_clear(&device);
    cog_secret_clear(&password);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = {.calls = 0};

    if (size == 0)
        return 0;
    world.next = (const char *)data + 1;
    world.end = (const char *)data + size;
    sign_in(&world, data[0]);
    return 0;
}
