/* SPDX-License-Identifier: MIT */
#include "lib/pool/refresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/world.h"

#define TOKENS                                                              \
    "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\",\"IdToken\":\"i." \
    "d\"}}"
#define ROTATED                                                         \
    "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\",\"IdToken\":" \
    "\"i.d\",\"RefreshToken\":\"refresh-2\"}}"
/* HMAC-SHA256 of "alicemyclient" with the key "s3cret", base64. */
#define HASH "\"SECRET_HASH\":\"/x/BbRo7BGThq4LqPuFdUaMJN4OulikvD07VM7F4snE=\""
#define REFUSED(type, message) \
    "{\"__type\":\"" type "\",\"message\":\"" message "\"}"

/* One call of a test and what came of it; clear the reply. */
struct attempt {
    const char *token;
    const char *device_key; /* NULL: none */
    bool confidential;
    struct cog_api_reply reply;
    struct cog_refused refused;
    struct cog_err err;
};

#define ATTEMPT_INIT                                       \
    {                                                      \
        .token = "refresh-1", .reply = COG_API_REPLY_INIT, \
        .refused = {COG_REFUSAL_LOCKED, "to be replaced"}, \
    }

static int
attempt(struct world *world, bool revoke, struct attempt *a)
{
    struct cog_secret secret = world_secret("s3cret");
    struct cog_secret token = world_secret(a->token);
    struct cog_secret device =
        world_secret(a->device_key == NULL ? "" : a->device_key);
    const struct cog_env env = world_env(world);
    const struct cog_api api = {
        .endpoint = "https://cognito-idp.test/",
        .client_id = "myclient",
        .client_secret = a->confidential ? &secret : NULL,
        .transport = &env.transport,
    };
    const struct cog_refresh with = {
        .token = &token,
        .device_key = a->device_key == NULL ? NULL : &device,
        .username = "alice",
    };
    int rc =
        revoke ? cog_refresh_revoke(&api, &token, &a->refused, &a->err)
               : cog_refresh_run(&api, &with, &a->reply, &a->refused, &a->err);

    cog_secret_clear(&device);
    cog_secret_clear(&token);
    cog_secret_clear(&secret);
    return rc;
}

static void
a_refresh_token_becomes_tokens(void **state)
{
    static const struct {
        const char *device_key;
        bool confidential;
        const char *rotated; /* "": not */
        struct world_exchange exchange;
    } cases[] = {
        {NULL,
         false,
         "",
         {.holds = {"\"RefreshToken\":\"refresh-1\"",
                    "\"ClientId\":\"myclient\""},
          .lacks = {"ClientSecret", "DeviceKey", "alice"},
          .body = TOKENS}},
        {"", false, "", {.lacks = {"DeviceKey"}, .body = TOKENS}},
        {"eu_1",
         true,
         "refresh-2",
         {.holds = {"\"ClientSecret\":\"s3cret\"", "\"DeviceKey\":\"eu_1\""},
          .lacks = {"SECRET_HASH", "SecretHash"},
          .body = ROTATED}},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct world_exchange script[] = {cases[i].exchange};
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        got.device_key = cases[i].device_key;
        got.confidential = cases[i].confidential;
        script[0].expect = "GetTokensFromRefreshToken";
        script[0].status = 200;
        WORLD_EXCHANGES(&world, script);
        assert_int_equal(attempt(&world, false, &got), 0);
        assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
        assert_string_equal(cog_secret_str(&got.reply.tokens.access), "a.c.c");
        assert_string_equal(cog_secret_str(&got.reply.tokens.id), "i.d");
        assert_string_equal(cog_secret_str(&got.reply.tokens.refresh),
                            cases[i].rotated);
        cog_api_clear(&got.reply);
        world_check(&world);
    }
}

/* Only where the pool does not offer the new way; for each reason it gives. */
static void
the_old_way_is_taken_when_it_must_be(void **state)
{
    static const char *const reasons[] = {
        REFUSED("UnsupportedOperationException", "x"),
        REFUSED("OperationNotEnabledException", "x"),
        REFUSED("com.amazon.coral.service#UnknownOperationException", ""),
        REFUSED("InvalidParameterException",
                "GetTokensFromRefreshToken is not enabled for this client"),
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(reasons); i++) {
        const struct world_exchange script[] = {
            {.expect = "GetTokensFromRefreshToken",
             .status = 400,
             .body = reasons[i]},
            {.expect = "InitiateAuth",
             .holds = {"\"AuthFlow\":\"REFRESH_TOKEN_AUTH\"",
                       "\"ClientId\":\"myclient\"",
                       "\"REFRESH_TOKEN\":\"refresh-1\"",
                       "\"DEVICE_KEY\":\"eu_1\"", HASH},
             .lacks = {"USERNAME", "alice", "s3cret"},
             .status = 200,
             .body = TOKENS},
        };
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        got.device_key = "eu_1";
        got.confidential = true;
        WORLD_EXCHANGES(&world, script);
        assert_int_equal(attempt(&world, false, &got), 0);
        assert_int_equal(got.err.code, COG_OK);
        assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
        assert_string_equal(cog_secret_str(&got.reply.tokens.id), "i.d");
        cog_api_clear(&got.reply);
        world_check(&world);
    }
}

static void
a_public_client_hashes_nothing(void **state)
{
    static const struct world_exchange script[] = {
        {.expect = "GetTokensFromRefreshToken",
         .status = 400,
         .error_type = "UnknownOperationException"},
        {.expect = "InitiateAuth",
         .lacks = {"SECRET_HASH", "DEVICE_KEY"},
         .status = 200,
         .body = TOKENS},
    };
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(attempt(&world, false, &got), 0);
    cog_api_clear(&got.reply);
    world_check(&world);
}

/* The first call of a failure, after which there is no other. */
static const struct {
    long status;
    const char *body;
    enum cog_errc code;
    enum cog_refusal kind;
} failures[] = {
    {400, REFUSED("NotAuthorizedException", "Refresh Token has expired"),
     COG_E_DENIED, COG_REFUSAL_TOKEN},
    {400, REFUSED("NotAuthorizedException", "Refresh Token has been revoked"),
     COG_E_DENIED, COG_REFUSAL_TOKEN},
    {400, REFUSED("NotAuthorizedException", "Invalid Refresh Token."),
     COG_E_DENIED, COG_REFUSAL_TOKEN},
    {400, REFUSED("RefreshTokenReuseException", "x"), COG_E_DENIED,
     COG_REFUSAL_REUSED},
    {400, REFUSED("NotAuthorizedException", "User is disabled."), COG_E_DENIED,
     COG_REFUSAL_DISABLED},
    {400, REFUSED("UserNotFoundException", "x"), COG_E_DENIED,
     COG_REFUSAL_NOT_FOUND},
    {400, REFUSED("NotAuthorizedException", "Unable to verify secret for x"),
     COG_E_CLIENT, COG_REFUSAL_SECRET_WRONG},
    {400, REFUSED("TooManyRequestsException", "x"), COG_E_THROTTLED,
     COG_REFUSAL_THROTTLED},
    {500, "", COG_E_NET, COG_REFUSAL_OUTAGE},
    {0, NULL, COG_E_NET, COG_REFUSAL_NONE},
    {302, TOKENS, COG_E_PROTOCOL, COG_REFUSAL_OTHER},
    {200, "", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, "{}", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, "{\"AuthenticationResult\":{\"AccessToken\":\"a\"}}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{\"AuthenticationResult\":{\"IdToken\":\"i\"}}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{\"ChallengeName\":\"SMS_MFA\",\"Session\":\"s\"}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
};

static bool
is_empty(const struct cog_api_reply *reply)
{
    return reply->tokens.id.len == 0 && reply->tokens.access.len == 0 &&
           reply->tokens.refresh.len == 0 && reply->session.len == 0 &&
           reply->challenge[0] == '\0';
}

/* Also as the second call's, when the pool does not offer the first. */
static void
check_failure(size_t i, bool second)
{
    const struct world_exchange script[] = {
        {.expect = "GetTokensFromRefreshToken",
         .status = 400,
         .error_type = "UnsupportedOperationException"},
        {.expect = second ? "InitiateAuth" : "GetTokensFromRefreshToken",
         .status = failures[i].status,
         .body = failures[i].body},
    };
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    world.exchanges = second ? script : script + 1;
    world.exchange_count = second ? 2 : 1;
    assert_int_equal(attempt(&world, false, &got), -1);
    if (got.err.code != failures[i].code ||
        got.refused.kind != failures[i].kind)
        fail_msg("case %zu: %s", i, got.err.msg);
    assert_true(is_empty(&got.reply));
    world_check(&world);
}

static void
failures_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(failures); i++) {
        check_failure(i, false);
        check_failure(i, true);
    }
}

/* Refused both ways: the second reason counts, and there is no third call. */
static void
neither_way_is_offered(void **state)
{
    static const struct world_exchange script[] = {
        {.expect = "GetTokensFromRefreshToken",
         .status = 400,
         .error_type = "UnsupportedOperationException"},
        {.expect = "InitiateAuth",
         .status = 400,
         .body = REFUSED("InvalidParameterException",
                         "REFRESH_TOKEN_AUTH flow not enabled for this "
                         "client")},
    };
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(attempt(&world, false, &got), -1);
    assert_int_equal(got.err.code, COG_E_CLIENT);
    assert_non_null(strstr(got.err.msg, "ALLOW_REFRESH_TOKEN_AUTH"));
    assert_int_equal(got.refused.kind, COG_REFUSAL_FLOW_DISABLED);
    world_check(&world);
}

static void
no_token_is_sent_nowhere(void **state)
{
    (void)state;
    for (int revoke = 0; revoke < 2; revoke++) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        got.token = "";
        assert_int_equal(attempt(&world, revoke, &got), -1);
        assert_int_equal(got.err.code, COG_E_DENIED);
        assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
        world_check(&world);
    }
}

static void
revoking_sends_the_token(void **state)
{
    static const struct world_exchange script[] = {
        {
            .expect = "RevokeToken",
            .holds = {"\"Token\":\"refresh-1\"", "\"ClientId\":\"myclient\""},
            .lacks = {"ClientSecret", "SECRET_HASH"},
            .status = 200,
        },
        {
            .expect = "RevokeToken",
            .holds = {"\"ClientSecret\":\"s3cret\""},
            .lacks = {"SECRET_HASH"},
            .status = 200,
            .body = "{}",
        },
        {
            .expect = "RevokeToken",
            .status = 400,
            .error_type = "UnauthorizedException",
        },
    };
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(attempt(&world, true, &got), 0);
    assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
    got.confidential = true;
    assert_int_equal(attempt(&world, true, &got), 0);
    assert_int_equal(attempt(&world, true, &got), -1);
    assert_int_equal(got.err.code, COG_E_CLIENT);
    assert_int_equal(got.refused.kind, COG_REFUSAL_OTHER);
    world_check(&world);
}

static void
every_allocation_may_fail(void **state)
{
    static const struct world_exchange script[] = {
        {.expect = "GetTokensFromRefreshToken",
         .status = 400,
         .error_type = "UnsupportedOperationException"},
        {.expect = "InitiateAuth", .status = 200, .body = ROTATED},
    };
    unsigned long failed = 0;
    int rc = -1;

    (void)state;
    /* Not to the first success: the words of a refusal can be lost without
     * harm when its type is in the header. */
    for (unsigned long n = 1; n < 200; n++) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        WORLD_EXCHANGES(&world, script);
        got.confidential = true;
        got.device_key = "eu_1";
        world_json_fail_at(n);
        rc = attempt(&world, false, &got);
        world_json_fail_at(0);
        failed += rc != 0;
        assert_int_equal(got.err.code == COG_OK, rc == 0);
        assert_int_not_equal(got.err.code, COG_E_DENIED);
        assert_int_equal(is_empty(&got.reply), rc != 0);
        cog_api_clear(&got.reply);
        world_clear(&world);
    }
    assert_int_equal(rc, 0);
    assert_in_range(failed, 40, 190);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refresh_token_becomes_tokens),
        cmocka_unit_test(the_old_way_is_taken_when_it_must_be),
        cmocka_unit_test(a_public_client_hashes_nothing),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(neither_way_is_offered),
        cmocka_unit_test(no_token_is_sent_nowhere),
        cmocka_unit_test(revoking_sends_the_token),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
