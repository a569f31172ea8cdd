/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the body of a success and of a refusal: a success is tokens or
 * a challenge and never both, a refusal is never a success, and no log line
 * carries a control character.
 */
#include <stdint.h>

#include "lib/pool/api.h"
#include "lib/pool/refusal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void
check_line(const struct cog_err *err)
{
    for (const char *p = err->msg; *p != '\0'; p++)
        check(*p >= ' ' && *p <= '~');
}

static void
parse_success(const struct cog_secret *body)
{
    struct cog_api_reply reply = COG_API_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;
    bool tokens;
    bool challenge;

    if (cog_api_parse(body, &reply, &err) < 0)
        check(err.code != COG_OK);
    tokens = reply.tokens.access.len > 0;
    challenge = reply.challenge[0] != '\0';
    check(tokens + challenge == (err.code == COG_OK ? 1 : 0));
    check_line(&err);
    cog_api_clear(&reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;

    if (size > COG_REPLY_MAX ||
        cog_secret_append(&reply.body, data, size, &err) < 0)
        return 0;
    parse_success(&reply.body);
    reply.status = 400;
    check(cog_refusal_explain("Fuzz", &reply, false, &err) != COG_REFUSAL_NONE);
    check(err.code != COG_OK);
    check_line(&err);
    cog_secret_clear(&reply.body);
    return 0;
}
