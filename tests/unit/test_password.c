/* SPDX-License-Identifier: MIT */
#include "lib/pool/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/world.h"

/* HMAC-SHA256 of "alicemyclient" with the key "s3cret", base64. */
#define HASH "\"SecretHash\":\"/x/BbRo7BGThq4LqPuFdUaMJN4OulikvD07VM7F4snE=\""
#define SENT                                                 \
    "{\"CodeDeliveryDetails\":{\"AttributeName\":\"email\"," \
    "\"DeliveryMedium\":\"EMAIL\",\"Destination\":\"a***@e***\"}}"

enum which {
    CHANGE,
    FORGOT,
    RESET,
    WHICH_COUNT
};

static const char *const operations[] = {
    [CHANGE] = "ChangePassword",
    [FORGOT] = "ForgotPassword",
    [RESET] = "ConfirmForgotPassword",
};

/* One call of a test: what is typed, and what came of it. */
struct attempt {
    const char *username;
    const char *typed; /* old password or code */
    const char *chosen;
    bool confidential;
    char destination[COG_PASSWORD_DESTINATION_BYTES];
    struct cog_refused refused;
    struct cog_err err;
};

#define ATTEMPT_INIT                                              \
    {                                                             \
        .username = "alice", .typed = "0ld \"1", .chosen = "N3w", \
        .destination = "untouched",                               \
        .refused = {COG_REFUSAL_LOCKED, "to be replaced"},        \
    }

static int
call(const struct cog_api *api, enum which which, struct attempt *a)
{
    struct cog_secret access = world_secret("a.c.c");
    struct cog_secret typed = world_secret(a->typed);
    struct cog_secret chosen = world_secret(a->chosen);
    int rc = -1;

    switch (which) {
    case CHANGE:
        rc = cog_password_change(api, &access, &typed, &chosen, &a->refused,
                                 &a->err);
        break;
    case FORGOT:
        rc = cog_password_forgot(api, a->username, a->destination, &a->refused,
                                 &a->err);
        break;
    case RESET:
        rc = cog_password_reset(api, a->username, &typed, &chosen, &a->refused,
                                &a->err);
        break;
    case WHICH_COUNT:
        break;
    }
    cog_secret_clear(&chosen);
    cog_secret_clear(&typed);
    cog_secret_clear(&access);
    return rc;
}

static int
attempt(struct world *world, enum which which, struct attempt *a)
{
    struct cog_secret secret = world_secret("s3cret");
    const struct cog_env env = world_env(world);
    const struct cog_api api = {
        .endpoint = "https://cognito-idp.test/",
        .client_id = "myclient",
        .client_secret = a->confidential ? &secret : NULL,
        .transport = &env.transport,
    };
    int rc = call(&api, which, a);

    cog_secret_clear(&secret);
    return rc;
}

static void
requests_hold_what_they_need(void **state)
{
    static const struct {
        enum which which;
        bool confidential;
        struct world_exchange exchange;
    } cases[] = {
        {CHANGE,
         true,
         {.holds = {"\"AccessToken\":\"a.c.c\"",
                    "\"PreviousPassword\":\"0ld \\\"1\"",
                    "\"ProposedPassword\":\"N3w\""},
          .lacks = {"SecretHash", "s3cret", "Username"}}},
        {FORGOT,
         false,
         {.holds = {"\"ClientId\":\"myclient\"", "\"Username\":\"alice\""},
          .lacks = {"SecretHash", "Password"},
          .body = SENT}},
        {FORGOT, true, {.holds = {HASH}, .lacks = {"s3cret"}, .body = SENT}},
        {RESET,
         false,
         {.holds = {"\"ClientId\":\"myclient\"", "\"Username\":\"alice\"",
                    "\"ConfirmationCode\":\"0ld \\\"1\"",
                    "\"Password\":\"N3w\""},
          .lacks = {"SecretHash"}}},
        {RESET, true, {.holds = {HASH}, .lacks = {"s3cret"}, .body = "{}"}},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct world_exchange script[] = {cases[i].exchange};
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        got.confidential = cases[i].confidential;
        script[0].expect = operations[cases[i].which];
        script[0].status = 200;
        WORLD_EXCHANGES(&world, script);
        assert_int_equal(attempt(&world, cases[i].which, &got), 0);
        assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
        assert_string_equal(got.destination, cases[i].which == FORGOT
                                                 ? "a***@e***"
                                                 : "untouched");
        world_check(&world);
    }
}

static void
destinations_are_cleaned(void **state)
{
    static const struct {
        const char *body;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"{}", ""},
        {"{\"CodeDeliveryDetails\":null}", ""},
        {"{\"CodeDeliveryDetails\":{}}", ""},
        {"{\"CodeDeliveryDetails\":{\"Destination\":null}}", ""},
        {"{\"CodeDeliveryDetails\":{\"Destination\":\"+*******\\u001b[2J"
         "\\u202e9\\u00e9\"}}",
         "+*******?[2J?9\xc3\xa9"},
        {"", NULL},
        {"[]", NULL},
        {"{\"CodeDeliveryDetails\":[]}", NULL},
        {"{\"CodeDeliveryDetails\":\"x\"}", NULL},
        {"{\"CodeDeliveryDetails\":{\"Destination\":7}}", NULL},
        {"{\"CodeDeliveryDetails\":{\"Destination\":\"a\\u0000b\"}}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const struct world_exchange script[] = {{
            .expect = "ForgotPassword",
            .status = 200,
            .body = cases[i].body,
        }};
        const char *want = cases[i].want;
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        WORLD_EXCHANGES(&world, script);
        assert_int_equal(attempt(&world, FORGOT, &got), want == NULL ? -1 : 0);
        assert_int_equal(got.err.code, want == NULL ? COG_E_PROTOCOL : COG_OK);
        assert_string_equal(got.destination, want == NULL ? "untouched" : want);
        world_check(&world);
    }
}

#define REFUSED(type, message) \
    "{\"__type\":\"" type "\",\"message\":\"" message "\"}"
#define WRONG \
    REFUSED("NotAuthorizedException", "Incorrect username or password.")
#define POLICY                          \
    REFUSED("InvalidPasswordException", \
            "Password did not conform with policy: Too short")
#define LIMIT REFUSED("LimitExceededException", "Attempt limit exceeded")

static void
refusals_are_told_apart(void **state)
{
    static const struct {
        enum which which;
        long status;
        const char *body;
        enum cog_errc code;
        enum cog_refusal kind;
        const char *shown;
    } cases[] = {
        {CHANGE, 400, WRONG, COG_E_DENIED, COG_REFUSAL_CREDENTIALS, ""},
        {CHANGE, 400, POLICY, COG_E_DENIED, COG_REFUSAL_NEW_PASSWORD,
         "Too short"},
        {CHANGE, 400, LIMIT, COG_E_MAXTRIES, COG_REFUSAL_LOCKED, ""},
        {CHANGE, 500, "", COG_E_NET, COG_REFUSAL_OUTAGE, ""},
        {CHANGE, 0, NULL, COG_E_NET, COG_REFUSAL_NONE, ""},
        /* Nobody is proven: too many tries are like any other refusal. */
        {FORGOT, 400, LIMIT, COG_E_DENIED, COG_REFUSAL_LOCKED, ""},
        {FORGOT, 400, REFUSED("UserNotFoundException", "User does not exist."),
         COG_E_DENIED, COG_REFUSAL_NOT_FOUND, ""},
        {FORGOT, 400, REFUSED("UserLambdaValidationException", "secret words"),
         COG_E_DENIED, COG_REFUSAL_OTHER, ""},
        {FORGOT, 302, SENT, COG_E_PROTOCOL, COG_REFUSAL_OTHER, ""},
        {RESET, 400, LIMIT, COG_E_DENIED, COG_REFUSAL_LOCKED, ""},
        {RESET, 400, POLICY, COG_E_DENIED, COG_REFUSAL_NEW_PASSWORD,
         "Too short"},
        {RESET, 400, REFUSED("CodeMismatchException", "x"), COG_E_DENIED,
         COG_REFUSAL_CODE_WRONG, ""},
        {RESET, 400, REFUSED("ExpiredCodeException", "x"), COG_E_DENIED,
         COG_REFUSAL_CODE_OVER, ""},
        {RESET, 0, NULL, COG_E_NET, COG_REFUSAL_NONE, ""},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const struct world_exchange script[] = {{
            .expect = operations[cases[i].which],
            .status = cases[i].status,
            .body = cases[i].body,
        }};
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        WORLD_EXCHANGES(&world, script);
        assert_int_equal(attempt(&world, cases[i].which, &got), -1);
        if (got.err.code != cases[i].code || got.refused.kind != cases[i].kind)
            fail_msg("case %zu: %s", i, got.err.msg);
        assert_string_equal(got.refused.shown, cases[i].shown);
        assert_string_equal(got.destination, "untouched");
        world_check(&world);
    }
}

static void
nothing_is_sent_that_cannot_be(void **state)
{
    static const struct {
        enum which which;
        const char *username;
        const char *typed;
        const char *chosen;
    } cases[] = {
        {CHANGE, "alice", "", "N3w"},     {CHANGE, "alice", "0ld", ""},
        {CHANGE, "alice", "\xff", "N3w"}, {CHANGE, "alice", "0ld", "\xff"},
        {FORGOT, "\xff", "", ""},         {RESET, "\xff", "1", "N3w"},
        {RESET, "alice", "", "N3w"},      {RESET, "alice", "1", ""},
        {RESET, "alice", "1", "\xff"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        got.username = cases[i].username;
        got.typed = cases[i].typed;
        got.chosen = cases[i].chosen;
        assert_int_equal(attempt(&world, cases[i].which, &got), -1);
        assert_int_equal(got.err.code, COG_E_DENIED);
        assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
        world_check(&world);
    }
}

static void
every_allocation_may_fail(void **state)
{
    (void)state;
    for (enum which which = CHANGE; which < WHICH_COUNT; which++) {
        const struct world_exchange script[] = {
            {.expect = operations[which], .status = 200, .body = SENT}};
        unsigned long n = 0;
        int rc = -1;

        while (rc != 0) {
            struct world world = WORLD_INIT;
            struct attempt got = ATTEMPT_INIT;

            WORLD_EXCHANGES(&world, script);
            got.confidential = true;
            world_json_fail_at(++n);
            rc = attempt(&world, which, &got);
            world_json_fail_at(0);
            assert_int_equal(got.err.code == COG_OK, rc == 0);
            assert_int_not_equal(got.err.code, COG_E_DENIED);
            world_clear(&world);
        }
        assert_in_range(n, 8, 1000);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_hold_what_they_need),
        cmocka_unit_test(destinations_are_cleaned),
        cmocka_unit_test(refusals_are_told_apart),
        cmocka_unit_test(nothing_is_sent_that_cannot_be),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
