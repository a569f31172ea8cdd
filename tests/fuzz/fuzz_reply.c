/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the body of a success and of a refusal: a success is tokens or
 * a challenge and never both, a refusal is never a success, no log line
 * carries a control character, and what is shown can be shown. The calls
 * around a sign-in keep what their headers promise.
 */
#include <stdint.h>
#include <string.h>

#include "lib/core/display.h"
#include "lib/core/name.h"
#include "lib/pool/api.h"
#include "lib/pool/password.h"
#include "lib/pool/refresh.h"
#include "lib/pool/refusal.h"
#include "lib/pool/totp.h"

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

/* Safe to show: cleaning it again changes nothing. */
static void
check_shown(const char *text)
{
    char again[COG_REFUSED_SHOWN_BYTES];

    check(cog_name_utf8_valid(text, strlen(text)));
    cog_display_clean(text, again, sizeof(again));
    check(strcmp(text, again) == 0);
}

static void
parse_refusal(const struct cog_secret *body)
{
    struct cog_http_reply reply = {.status = 400, .body = *body};
    struct cog_refused refused = {.kind = COG_REFUSAL_NONE};
    struct cog_err err = COG_ERR_INIT;

    cog_refusal_explain("Fuzz", &reply, true, &refused, &err);
    check(refused.kind != COG_REFUSAL_NONE && err.code != COG_OK);
    check_shown(refused.shown);
    check_line(&err);
}

/* A pool that answers every call with the same. */
static int
send_same(void *ctx, const struct cog_http_request *request,
          struct cog_http_reply *reply, struct cog_err *err)
{
    const struct cog_secret *body = ctx;

    (void)request;
    reply->status = 200;
    return cog_secret_append(&reply->body, body->data, body->len, err);
}

static void
enrol(const struct cog_api *api, const struct cog_secret *session)
{
    struct cog_secret secret = COG_SECRET_INIT(COG_TOTP_SECRET_MAX);
    struct cog_secret next = COG_SECRET_INIT(COG_API_SESSION_MAX);
    struct cog_refused refused;
    struct cog_err err = COG_ERR_INIT;

    if (cog_totp_associate(api, session, &secret, &next, &refused, &err) == 0)
        check(secret.len >= 16 && next.len > 0);
    check((secret.len == 0) == (err.code != COG_OK));
    cog_secret_clear(&next);
    err.code = COG_OK;
    if (cog_totp_verify(api, session, session, &next, &refused, &err) == 0)
        check(refused.kind == COG_REFUSAL_NONE);
    check((next.len == 0) == (err.code != COG_OK));
    cog_secret_clear(&next);
    cog_secret_clear(&secret);
}

static void
forget(const struct cog_api *api)
{
    char destination[COG_PASSWORD_DESTINATION_BYTES] = "";
    struct cog_refused refused;
    struct cog_err err = COG_ERR_INIT;

    if (cog_password_forgot(api, "alice", destination, &refused, &err) < 0)
        check(err.code != COG_OK);
    check_shown(destination);
}

static void
refresh(const struct cog_api *api, const struct cog_secret *token)
{
    const struct cog_refresh with = {.token = token, .username = "alice"};
    struct cog_api_reply reply = COG_API_REPLY_INIT;
    struct cog_refused refused;
    struct cog_err err = COG_ERR_INIT;
    bool both = false;

    if (cog_refresh_run(api, &with, &reply, &refused, &err) == 0)
        both = reply.tokens.access.len > 0 && reply.tokens.id.len > 0;
    check(both == (err.code == COG_OK));
    cog_api_clear(&reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cog_secret body = COG_SECRET_INIT(COG_REPLY_MAX);
    struct cog_secret word = COG_SECRET_INIT(1);
    struct cog_err err = COG_ERR_INIT;
    const struct cog_transport transport = {.send = send_same, .ctx = &body};
    const struct cog_api api = {
        .endpoint = "", .client_id = "c", .transport = &transport};

    if (cog_secret_append(&body, data, size, &err) == 0 &&
        cog_secret_append_str(&word, "1", &err) == 0) {
        parse_success(&body);
        parse_refusal(&body);
        enrol(&api, &word);
        forget(&api);
        refresh(&api, &word);
    }
    cog_secret_clear(&word);
    cog_secret_clear(&body);
    return 0;
}
