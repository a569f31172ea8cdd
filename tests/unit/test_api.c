/* SPDX-License-Identifier: MIT */
/* Rows JSN.. are those of the hostile-JSON table the design starts from. */
#include "lib/pool/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/world.h"

#define TOKENS                                                           \
    "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\",\"IdToken\":"  \
    "\"i.d.t\",\"RefreshToken\":\"r\",\"ExpiresIn\":3600,\"TokenType\":" \
    "\"Bearer\"},\"ChallengeParameters\":{}}"
#define VERIFIER                                                         \
    "{\"ChallengeName\":\"PASSWORD_VERIFIER\",\"ChallengeParameters\":{" \
    "\"SALT\":\"5c\",\"USER_ID_FOR_SRP\":\"u-1\",\"EMPTY\":null}}"
#define SMS "{\"ChallengeName\":\"SMS_MFA\",\"Session\":\"s-1\"}"
#define REFUSED                                           \
    "{\"__type\":\"NotAuthorizedException\",\"message\":" \
    "\"Incorrect username or password.\"}"
/* HMAC-SHA256 of "alicemyclient" with the key "s3cret", base64. */
#define HASH "\"SECRET_HASH\":\"/x/BbRo7BGThq4LqPuFdUaMJN4OulikvD07VM7F4snE=\""

static struct cog_api
client(const struct cog_env *env, const struct cog_secret *secret)
{
    const struct cog_api api = {
        .endpoint = "https://cognito-idp.test/",
        .client_id = "myclient",
        .client_secret = secret,
        .transport = &env->transport,
    };

    return api;
}

/* One call of a test: which, in which world, and what came of it. */
struct attempt {
    struct cog_api_reply reply;
    struct cog_refused refused;
    struct cog_err err;
};

#define ATTEMPT_INIT                 \
    {                                \
        .reply = COG_API_REPLY_INIT, \
    }

static int
start(struct world *world, const struct cog_api_start *start,
      const struct cog_secret *secret, struct attempt *ret)
{
    const struct cog_env env = world_env(world);
    const struct cog_api api = client(&env, secret);

    return cog_api_start(&api, start, &ret->reply, &ret->refused, &ret->err);
}

static int
start_password(struct world *world, const char *password, struct attempt *ret)
{
    struct cog_secret typed = world_secret(password);
    const struct cog_api_start with = {.username = "alice", .password = &typed};
    int rc = start(world, &with, NULL, ret);

    cog_secret_clear(&typed);
    return rc;
}

static void
a_password_becomes_tokens(void **state)
{
    static const struct world_exchange script[] = {{
        .expect = "InitiateAuth",
        .holds = {"\"AuthFlow\":\"USER_PASSWORD_AUTH\"",
                  "\"ClientId\":\"myclient\"", "\"USERNAME\":\"alice\"",
                  "\"PASSWORD\":\"q\\\"\\\\\xc3\xa9\\t%s\""},
        .lacks = {"SECRET_HASH", "Session"},
        .status = 200,
        .body = TOKENS,
    }};
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(start_password(&world, "q\"\\\xc3\xa9\t%s", &got), 0);
    assert_int_equal(got.err.code, COG_OK);
    assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
    assert_string_equal(got.reply.challenge, "");
    assert_string_equal(cog_secret_str(&got.reply.tokens.access), "a.c.c");
    assert_string_equal(cog_secret_str(&got.reply.tokens.id), "i.d.t");
    assert_string_equal(cog_secret_str(&got.reply.tokens.refresh), "r");
    assert_int_equal(got.reply.tokens.expires_in_s, 3600);
    assert_string_equal(world.requests[0].url, "https://cognito-idp.test/");
    cog_api_clear(&got.reply);
    world_check(&world);
}

static void
bad_passwords_are_not_sent(void **state)
{
    static const struct {
        const char *password;
        size_t len;
        const char *reason;
    } cases[] = {
        {"", 0, "password is empty"},
        {"ab\0cd", 5, "password holds a NUL byte"},
        {"caf\xe9", 4, "password is not UTF-8"},
        {"\xed\xa0\x80", 3, "password is not UTF-8"},
        {"\xc0\x80", 2, "password is not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct world world = WORLD_INIT; /* an empty script */
        struct cog_secret password = COG_SECRET_INIT(16);
        const struct cog_api_start with = {.username = "alice",
                                           .password = &password};
        struct attempt got = ATTEMPT_INIT;

        assert_int_equal(cog_secret_append(&password, cases[i].password,
                                           cases[i].len, &got.err),
                         0);
        assert_int_equal(start(&world, &with, NULL, &got), -1);
        assert_int_equal(got.err.code, COG_E_DENIED);
        assert_string_equal(got.err.msg, cases[i].reason);
        assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
        cog_secret_clear(&password);
        world_check(&world);
    }
}

static void
bad_starts_are_not_sent(void **state)
{
    static const struct {
        struct cog_api_start start;
        enum cog_errc code;
    } cases[] = {
        {{.flow = COG_API_SRP, .username = "m\xfcller", .srp_a = "abcd"},
         COG_E_DENIED},
        {{.flow = COG_API_CHOICE, .username = "alice", .preferred = "\xff"},
         COG_E_DENIED},
        {{.flow = COG_API_SRP,
          .username = "alice",
          .srp_a = "abcd",
          .device_key = "\xff"},
         COG_E_DENIED},
        /* What a flow needs is missing. */
        {{.flow = COG_API_PASSWORD, .username = "alice"}, COG_E_DENIED},
        {{.flow = COG_API_SRP, .username = "alice"}, COG_E_SYSTEM},
        {{.flow = COG_API_SRP, .srp_a = "abcd"}, COG_E_SYSTEM},
        {{.flow = COG_API_CUSTOM, .username = "alice"}, COG_E_SYSTEM},
        {{.flow = COG_API_CHOICE, .username = "alice", .preferred = "PASSWORD"},
         COG_E_DENIED},
        {{.flow = COG_API_CHOICE,
          .username = "alice",
          .preferred = "PASSWORD_SRP"},
         COG_E_SYSTEM},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        assert_int_equal(start(&world, &cases[i].start, NULL, &got), -1);
        assert_int_equal(got.err.code, cases[i].code);
        assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
        world_check(&world);
    }
}

#define SELECT                                                     \
    "{\"ChallengeName\":\"SELECT_CHALLENGE\",\"Session\":\"s-1\"," \
    "\"AvailableChallenges\":[\"PASSWORD\",\"EMAIL_OTP\",\"WEB_AUTHN\"]}"

#define USER_AUTH "\"AuthFlow\":\"USER_AUTH\""

/* What a choice sends: the secret that its preference names, no other. */
static void
a_choice_sends_what_it_prefers(void **state)
{
    static const struct {
        const char *preferred;
        struct world_exchange exchange;
    } cases[] = {
        {NULL,
         {.holds = {USER_AUTH},
          .lacks = {"PREFERRED", "PASSWORD", "SRP_A", "abcd"}}},
        {"PASSWORD",
         {.holds = {USER_AUTH, "\"PREFERRED_CHALLENGE\":\"PASSWORD\"",
                    "\"PASSWORD\":\"pw!\"", HASH},
          .lacks = {"SRP_A"}}},
        {"PASSWORD_SRP",
         {.holds = {USER_AUTH, "\"PREFERRED_CHALLENGE\":\"PASSWORD_SRP\"",
                    "\"SRP_A\":\"abcd\""},
          .lacks = {"pw!"}}},
        {"EMAIL_OTP",
         {.holds = {USER_AUTH, "\"PREFERRED_CHALLENGE\":\"EMAIL_OTP\""},
          .lacks = {"pw!", "SRP_A"}}},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct world_exchange script[] = {cases[i].exchange};
        struct world world = WORLD_INIT;
        struct cog_secret secret = world_secret("s3cret");
        struct cog_secret password = world_secret("pw!");
        const struct cog_api_start with = {.flow = COG_API_CHOICE,
                                           .username = "alice",
                                           .password = &password,
                                           .srp_a = "abcd",
                                           .preferred = cases[i].preferred};
        struct attempt got = ATTEMPT_INIT;

        script[0].expect = "InitiateAuth";
        script[0].status = 200;
        script[0].body = SELECT;
        WORLD_EXCHANGES(&world, script);
        assert_int_equal(start(&world, &with, &secret, &got), 0);
        assert_string_equal(got.reply.challenge, "SELECT_CHALLENGE");
        cog_api_clear(&got.reply);
        cog_secret_clear(&password);
        cog_secret_clear(&secret);
        world_check(&world);
    }
}

static void
choices_are_listed(void **state)
{
    struct cog_secret text = world_secret(SELECT);
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    assert_null(cog_api_available(&got.reply, 0));
    assert_int_equal(cog_api_parse(&text, &got.reply, &got.err), 0);
    assert_string_equal(cog_api_available(&got.reply, 0), "PASSWORD");
    assert_string_equal(cog_api_available(&got.reply, 2), "WEB_AUTHN");
    assert_null(cog_api_available(&got.reply, 3));
    cog_api_clear(&got.reply);
    assert_null(cog_api_available(&got.reply, 0));
    cog_secret_clear(&text);
}

static void
srp_starts_with_a(void **state)
{
    static const struct world_exchange script[] = {{
        .expect = "InitiateAuth",
        .holds = {"\"AuthFlow\":\"USER_SRP_AUTH\"", "\"SRP_A\":\"abcd\"",
                  "\"USERNAME\":\"alice\"", HASH, "\"DEVICE_KEY\":\"eu_1\""},
        .lacks = {"PASSWORD", "s3cret", "pw!", "CHALLENGE"},
        .status = 200,
        .body = VERIFIER,
    }};
    struct world world = WORLD_INIT;
    struct cog_secret secret = world_secret("s3cret");
    struct cog_secret password = world_secret("pw!"); /* not to be sent */
    const struct cog_api_start with = {.flow = COG_API_SRP,
                                       .username = "alice",
                                       .password = &password,
                                       .srp_a = "abcd",
                                       .preferred = "PASSWORD",
                                       .device_key = "eu_1"};
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(start(&world, &with, &secret, &got), 0);
    assert_string_equal(got.reply.challenge, "PASSWORD_VERIFIER");
    assert_int_equal(got.reply.session.len, 0);
    assert_string_equal(cog_api_parameter(&got.reply, "SALT"), "5c");
    assert_string_equal(cog_api_parameter(&got.reply, "USER_ID_FOR_SRP"),
                        "u-1");
    assert_null(cog_api_parameter(&got.reply, "EMPTY"));
    assert_null(cog_api_parameter(&got.reply, "SRP_B"));
    cog_api_clear(&got.reply);
    assert_null(cog_api_parameter(&got.reply, "SALT"));
    assert_string_equal(got.reply.challenge, "");
    cog_secret_clear(&password);
    cog_secret_clear(&secret);
    world_check(&world);
}

/* SRP comes first, and Lambdas after it. */
static void
custom_starts_with_a_too(void **state)
{
    static const struct world_exchange script[] = {{
        .expect = "InitiateAuth",
        .holds = {"\"AuthFlow\":\"CUSTOM_AUTH\"", "\"SRP_A\":\"abcd\"",
                  "\"CHALLENGE_NAME\":\"SRP_A\"", HASH,
                  "\"DEVICE_KEY\":\"eu_1\""},
        .lacks = {"PASSWORD", "s3cret", "pw!", "PREFERRED"},
        .status = 200,
        .body = VERIFIER,
    }};
    struct world world = WORLD_INIT;
    struct cog_secret secret = world_secret("s3cret");
    struct cog_secret password = world_secret("pw!"); /* not to be sent */
    const struct cog_api_start with = {.flow = COG_API_CUSTOM,
                                       .username = "alice",
                                       .password = &password,
                                       .srp_a = "abcd",
                                       .preferred = "PASSWORD",
                                       .device_key = "eu_1"};
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(start(&world, &with, &secret, &got), 0);
    assert_string_equal(got.reply.challenge, "PASSWORD_VERIFIER");
    cog_api_clear(&got.reply);
    cog_secret_clear(&password);
    cog_secret_clear(&secret);
    world_check(&world);
}

/* Answer SMS_MFA as alice, with a hostile SECRET_HASH among the fields. */
static int
respond(struct world *world, const char *session, bool proven,
        struct attempt *ret)
{
    static const struct cog_api_field fields[] = {
        {"SMS_MFA_CODE", "123456"},
        {"SECRET_HASH", "forged"},
    };
    struct cog_secret secret = world_secret("s3cret");
    struct cog_secret token = world_secret(session == NULL ? "" : session);
    const struct cog_api_answer answer = {
        .challenge = "SMS_MFA",
        .username = "alice",
        .session = session == NULL ? NULL : &token,
        .fields = fields,
        .count = COG_COUNT(fields),
        .device_key = session == NULL ? NULL : "eu_1",
        .proven = proven,
    };
    const struct cog_env env = world_env(world);
    const struct cog_api api = client(&env, &secret);
    int rc =
        cog_api_respond(&api, &answer, &ret->reply, &ret->refused, &ret->err);

    cog_secret_clear(&token);
    cog_secret_clear(&secret);
    return rc;
}

static void
answers_carry_session_and_hash(void **state)
{
    static const struct world_exchange script[] = {
        {
            .expect = "RespondToAuthChallenge",
            .holds = {"\"ChallengeName\":\"SMS_MFA\"",
                      "\"ClientId\":\"myclient\"", "\"Session\":\"s-0\"",
                      "\"USERNAME\":\"alice\"", HASH,
                      "\"SMS_MFA_CODE\":\"123456\""},
            .lacks = {"forged"},
            .status = 200,
            .body = SMS,
        },
        {
            .expect = "RespondToAuthChallenge",
            .holds = {"\"DEVICE_KEY\":\"eu_1\""},
            .lacks = {"Session"},
            .status = 200,
            .body = TOKENS,
        },
        {
            .expect = "RespondToAuthChallenge",
            .lacks = {"Session", "DEVICE_KEY"},
            .status = 200,
            .body = TOKENS,
        },
    };
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(respond(&world, "s-0", true, &got), 0);
    assert_string_equal(got.reply.challenge, "SMS_MFA");
    assert_string_equal(cog_secret_str(&got.reply.session), "s-1");
    cog_api_clear(&got.reply);
    assert_int_equal(respond(&world, "", true, &got), 0);
    assert_string_equal(got.reply.challenge, "");
    cog_api_clear(&got.reply);
    assert_int_equal(respond(&world, NULL, true, &got), 0);
    cog_api_clear(&got.reply);
    world_check(&world);
}

static void
refusals_are_explained(void **state)
{
    static const struct {
        struct world_exchange exchange;
        bool proven;
        enum cog_errc code;
        enum cog_refusal refusal;
    } cases[] = {
        {{.status = 400, .body = REFUSED},
         false,
         COG_E_DENIED,
         COG_REFUSAL_CREDENTIALS},
        {{.status = 400, .error_type = "LimitExceededException:"},
         false,
         COG_E_DENIED,
         COG_REFUSAL_LOCKED},
        {{.status = 400, .error_type = "LimitExceededException:"},
         true,
         COG_E_MAXTRIES,
         COG_REFUSAL_LOCKED},
        {{.status = 503}, true, COG_E_NET, COG_REFUSAL_OUTAGE},
        {{.status = 302, .body = TOKENS},
         true,
         COG_E_PROTOCOL,
         COG_REFUSAL_OTHER},
        {{.status = 201, .body = TOKENS},
         true,
         COG_E_PROTOCOL,
         COG_REFUSAL_OTHER},
        {{.status = 500, .body = TOKENS}, true, COG_E_NET, COG_REFUSAL_OUTAGE},
        {{.status = 0, .fail = COG_E_NET}, true, COG_E_NET, COG_REFUSAL_NONE},
        {{.status = 200, .body = "{}"}, true, COG_E_PROTOCOL, COG_REFUSAL_NONE},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct world_exchange script[] = {cases[i].exchange};
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        script[0].expect = "RespondToAuthChallenge";
        WORLD_EXCHANGES(&world, script);
        got.refused.kind = COG_REFUSAL_LOCKED; /* must be overwritten */
        assert_int_equal(respond(&world, "s", cases[i].proven, &got), -1);
        assert_int_equal(got.err.code, cases[i].code);
        assert_int_equal(got.refused.kind, cases[i].refusal);
        assert_int_equal(got.reply.tokens.access.len, 0);
        world_check(&world);
    }
}

static void
starting_proves_nothing(void **state)
{
    static const struct world_exchange script[] = {{
        .expect = "InitiateAuth",
        .status = 400,
        .error_type = "LimitExceededException:",
    }};
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(start_password(&world, "pw", &got), -1);
    assert_int_equal(got.err.code, COG_E_DENIED);
    world_check(&world);
}

#define RESULT(members) \
    "{\"AuthenticationResult\":{\"AccessToken\":\"a\"," members "}}"
#define CHALLENGE(members) "{\"ChallengeName\":\"SMS_MFA\"," members "}"
#define FIFTY              "12345678901234567890123456789012345678901234567890"

static const struct {
    const char *body;
    int want;
} replies[] = {
    {TOKENS, 0},
    {SMS, 0},
    {VERIFIER, 0},
    /* JSN01: wrong top type. */
    {"", -1},
    {" ", -1},
    {"null", -1},
    {"[]", -1},
    {"\"x\"", -1},
    {"42", -1},
    /* JSN02: no result. */
    {"{}", -1},
    {"{\"AuthenticationResult\":null}", -1},
    {"{\"AuthenticationResult\":null,\"ChallengeName\":null}", -1},
    {"{\"AuthenticationResult\":[]}", -1},
    {"{\"AuthenticationResult\":\"a\"}", -1},
    {"{\"AuthenticationResult\":{}}", -1},
    {"{\"AuthenticationResult\":{\"AccessToken\":\"\"}}", -1},
    {"{\"AuthenticationResult\":{\"IdToken\":\"i\"}}", -1},
    /* JSN03: tokens of another type. */
    {RESULT("\"IdToken\":7"), -1},
    {RESULT("\"IdToken\":{}"), -1},
    {RESULT("\"IdToken\":null"), 0},
    {RESULT("\"RefreshToken\":true"), -1},
    {RESULT("\"RefreshToken\":null"), 0},
    {"{\"AuthenticationResult\":{\"AccessToken\":7}}", -1},
    /* JSN04: duplicates. */
    {"{\"AuthenticationResult\":{\"AccessToken\":\"a\"},"
     "\"AuthenticationResult\":{\"AccessToken\":\"b\"}}",
     -1},
    {RESULT("\"AccessToken\":\"b\""), -1},
    {"{\"ChallengeName\":\"A\",\"ChallengeName\":\"B\",\"Session\":\"s\"}", -1},
    /* JSN08, JSN09: text that is none. */
    {RESULT("\"IdToken\":\"\xff\""), -1},
    {RESULT("\"IdToken\":\"\\ud800\""), -1},
    {RESULT("\"IdToken\":\"\xc0\xaf\""), -1},
    {RESULT("\"IdToken\":\"a\\u0000b\""), -1},
    /* JSN10, JSN11: ExpiresIn. */
    {RESULT("\"ExpiresIn\":-1"), -1},
    {RESULT("\"ExpiresIn\":1e300"), -1},
    {RESULT("\"ExpiresIn\":\"3600\""), -1},
    {RESULT("\"ExpiresIn\":9223372036854775807"), -1},
    {RESULT("\"ExpiresIn\":9223372036854775808"), -1},
    {RESULT("\"ExpiresIn\":2147483648"), -1},
    {RESULT("\"ExpiresIn\":2147483647"), 0},
    {RESULT("\"ExpiresIn\":3600.0"), -1},
    {RESULT("\"ExpiresIn\":true"), -1},
    {RESULT("\"ExpiresIn\":0"), 0},
    {RESULT("\"ExpiresIn\":null"), 0},
    {RESULT("\"TokenType\":\"Bearer\""), 0},
    {RESULT("\"TokenType\":\"DPoP\""), -1},
    {RESULT("\"TokenType\":7"), -1},
    /* JSN12: any printable name is kept for the flow to refuse. */
    {"{\"ChallengeName\":\"NEW_FANGLED\",\"Session\":\"s\"}", 0},
    {"{\"ChallengeName\":\"\",\"Session\":\"s\"}", -1},
    {"{\"ChallengeName\":\"A B\",\"Session\":\"s\"}", -1},
    {"{\"ChallengeName\":\"A\\u001b\",\"Session\":\"s\"}", -1},
    {"{\"ChallengeName\":\"A\\u007f\",\"Session\":\"s\"}", -1},
    {"{\"ChallengeName\":\"\xc3\xa9\",\"Session\":\"s\"}", -1},
    {"{\"ChallengeName\":7,\"Session\":\"s\"}", -1},
    {"{\"ChallengeName\":\"" FIFTY "1234567890123\",\"Session\":\"s\"}", 0},
    {"{\"ChallengeName\":\"" FIFTY "12345678901234\",\"Session\":\"s\"}", -1},
    /* JSN14: no session. */
    {"{\"ChallengeName\":\"SMS_MFA\"}", -1},
    {CHALLENGE("\"Session\":null"), -1},
    {CHALLENGE("\"Session\":\"\""), -1},
    {CHALLENGE("\"Session\":7"), -1},
    {"{\"ChallengeName\":\"PASSWORD_VERIFIER\"}", 0},
    {"{\"ChallengeName\":\"PASSWORD_VERIFIER2\"}", -1},
    {"{\"ChallengeName\":\"DEVICE_SRP_AUTH\"}", 0},
    {"{\"ChallengeName\":\"DEVICE_PASSWORD_VERIFIER\"}", 0},
    {"{\"ChallengeName\":\"DEVICE_SRP\"}", -1},
    /* JSN17: both. */
    {"{\"ChallengeName\":\"SMS_MFA\",\"Session\":\"s\","
     "\"AuthenticationResult\":{\"AccessToken\":\"a\"}}",
     -1},
    {"{\"ChallengeName\":\"\",\"AuthenticationResult\":{\"AccessToken\":"
     "\"a\"}}",
     -1},
    {"{\"ChallengeName\":\"SMS_MFA\",\"Session\":\"s\","
     "\"AuthenticationResult\":{}}",
     -1},
    {"{\"ChallengeName\":\"SMS_MFA\",\"Session\":\"s\","
     "\"AuthenticationResult\":null}",
     0},
    /* Parameters. */
    {CHALLENGE("\"Session\":\"s\",\"ChallengeParameters\":[]"), -1},
    {CHALLENGE("\"Session\":\"s\",\"ChallengeParameters\":null"), 0},
    {CHALLENGE("\"Session\":\"s\",\"ChallengeParameters\":{\"A\":7}"), -1},
    {CHALLENGE("\"Session\":\"s\",\"ChallengeParameters\":{\"A\":{}}"), -1},
    {CHALLENGE("\"Session\":\"s\",\"ChallengeParameters\":{\"A\":null}"), 0},
    /* What can be chosen. */
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":[]"), 0},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":null"), 0},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":[\"A\"]"), 0},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":{}"), -1},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":\"A\""), -1},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":[\"A\",7]"), -1},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":[null]"), -1},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":[\"\"]"), -1},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":[\"A B\"]"), -1},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":"
               "[\"\\u001b\"]"),
     -1},
    {CHALLENGE("\"Session\":\"s\",\"AvailableChallenges\":[\"" FIFTY
               "12345678901234\"]"),
     -1},
    /* New devices. */
    {RESULT("\"NewDeviceMetadata\":{\"DeviceKey\":\"k\"}"), 0},
    {RESULT("\"NewDeviceMetadata\":{\"DeviceKey\":7}"), -1},
    {RESULT("\"NewDeviceMetadata\":{\"DeviceGroupKey\":7}"), -1},
    {RESULT("\"NewDeviceMetadata\":[]"), -1},
    {RESULT("\"NewDeviceMetadata\":null"), 0},
    /* After the end. */
    {TOKENS "x", -1},
    {TOKENS TOKENS, -1},
};

static bool
is_empty(const struct cog_api_reply *reply)
{
    return reply->tokens.id.len == 0 && reply->tokens.access.len == 0 &&
           reply->tokens.refresh.len == 0 && reply->tokens.expires_in_s == 0 &&
           reply->tokens.device_key.len == 0 &&
           reply->tokens.device_group_key.len == 0 &&
           reply->challenge[0] == '\0' && reply->session.len == 0 &&
           reply->parameters == NULL && reply->available == NULL;
}

static void
check_reply(const char *body, int want)
{
    struct cog_secret text = world_secret(body);
    struct attempt got = ATTEMPT_INIT;
    int rc = cog_api_parse(&text, &got.reply, &got.err);

    if (rc != want || is_empty(&got.reply) != (rc < 0))
        fail_msg("%.200s: %s", body, got.err.msg);
    assert_int_equal(got.err.code, want == 0 ? COG_OK : COG_E_PROTOCOL);
    cog_api_clear(&got.reply);
    assert_true(is_empty(&got.reply));
    cog_secret_clear(&text);
}

static void
replies_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(replies); i++)
        check_reply(replies[i].body, replies[i].want);
}

/* `head`, then `piece` again and again up to `size` bytes, `tail`. */
static struct cog_secret
inflate(const char *head, const char *piece, size_t size, const char *tail)
{
    struct cog_secret text = COG_SECRET_INIT(size + 200);
    struct cog_err err = COG_ERR_INIT;
    int rc = cog_secret_append_str(&text, head, &err);

    while (rc == 0 && text.len + strlen(piece) <= size)
        rc = cog_secret_append_str(&text, piece, &err);
    assert_int_equal(rc, 0);
    assert_int_equal(cog_secret_append_str(&text, tail, &err), 0);
    return text;
}

static void
large_replies_are_refused(void **state)
{
    static const struct {
        const char *head;
        const char *piece;
        size_t size;
        const char *tail;
        int want;
    } cases[] = {
        /* JSN03: a large token; 60 KiB are still one. */
        {"{\"AuthenticationResult\":{\"AccessToken\":\"", "x", 60000, "\"}}",
         0},
        {"{\"AuthenticationResult\":{\"AccessToken\":\"", "x", 70000, "\"}}",
         -1},
        {"{\"ChallengeName\":\"SMS_MFA\",\"Session\":\"", "x", 9000, "\"}", -1},
        {"{\"AuthenticationResult\":{\"AccessToken\":\"a\","
         "\"NewDeviceMetadata\":{\"DeviceKey\":\"",
         "k", 400, "\"}}}", -1},
        {"{\"ChallengeName\":\"A\",\"Session\":\"s\","
         "\"AvailableChallenges\":[\"A\"",
         ",\"A\"", 61 + 31 * 4, "]}", 0}, /* 32 of them */
        {"{\"ChallengeName\":\"A\",\"Session\":\"s\","
         "\"AvailableChallenges\":[\"A\"",
         ",\"A\"", 61 + 32 * 4, "]}", -1},
        /* JSN06: nesting. */
        {"{\"a\":", "[", 10000, "", -1},
        {"{\"a\":", "{\"a\":", 60000, "", -1},
        /* JSN18: many keys, many elements. */
        {"{\"ChallengeName\":\"SMS_MFA\",\"Session\":\"s\",\"a\":[", "0,",
         200000, "0]}", -1},
        {"{\"ChallengeName\":\"SMS_MFA\",\"Session\":\"s\"", ",\"\":0", 250000,
         "}", -1},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret body = inflate(cases[i].head, cases[i].piece,
                                         cases[i].size, cases[i].tail);

        check_reply(cog_secret_str(&body), cases[i].want);
        cog_secret_clear(&body);
    }
}

static void
new_devices_are_kept(void **state)
{
    struct cog_secret text =
        world_secret(RESULT("\"NewDeviceMetadata\":{\"DeviceKey\":\"eu_1\","
                            "\"DeviceGroupKey\":\"-g\"}"));
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    assert_int_equal(cog_api_parse(&text, &got.reply, &got.err), 0);
    assert_string_equal(cog_secret_str(&got.reply.tokens.device_key), "eu_1");
    assert_string_equal(cog_secret_str(&got.reply.tokens.device_group_key),
                        "-g");
    cog_api_clear(&got.reply);
    cog_secret_clear(&text);
}

/* A request that does not fit is not sent. */
static void
large_requests_are_refused(void **state)
{
    struct cog_secret name = inflate("", "n", COG_REQUEST_MAX, "");
    const struct cog_api_start with = {.flow = COG_API_SRP,
                                       .username = cog_secret_str(&name),
                                       .srp_a = "abcd"};
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    assert_int_equal(start(&world, &with, NULL, &got), -1);
    assert_int_equal(got.err.code, COG_E_PROTOCOL);
    cog_secret_clear(&name);
    world_check(&world);
}

static void
every_allocation_may_fail(void **state)
{
    static const struct world_exchange script[] = {{
        .expect = "RespondToAuthChallenge",
        .status = 200,
        .body = SELECT,
    }};
    unsigned long n = 0;
    int rc = -1;

    (void)state;
    while (rc != 0) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        WORLD_EXCHANGES(&world, script);
        world_json_fail_at(++n);
        rc = respond(&world, "s", true, &got);
        world_json_fail_at(0);
        assert_int_equal(got.err.code == COG_OK, rc == 0);
        assert_int_not_equal(got.err.code, COG_E_DENIED);
        assert_int_equal(is_empty(&got.reply), rc != 0);
        cog_api_clear(&got.reply);
        world_clear(&world);
    }
    assert_in_range(n, 20, 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_becomes_tokens),
        cmocka_unit_test(bad_passwords_are_not_sent),
        cmocka_unit_test(bad_starts_are_not_sent),
        cmocka_unit_test(a_choice_sends_what_it_prefers),
        cmocka_unit_test(choices_are_listed),
        cmocka_unit_test(srp_starts_with_a),
        cmocka_unit_test(custom_starts_with_a_too),
        cmocka_unit_test(answers_carry_session_and_hash),
        cmocka_unit_test(refusals_are_explained),
        cmocka_unit_test(starting_proves_nothing),
        cmocka_unit_test(replies_are_checked),
        cmocka_unit_test(large_replies_are_refused),
        cmocka_unit_test(new_devices_are_kept),
        cmocka_unit_test(large_requests_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
