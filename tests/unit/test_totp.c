/* SPDX-License-Identifier: MIT */
#include "lib/pool/totp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/world.h"

#define SEED "GEZDGNBVGY3TQOJQ" /* the shortest there is */
#define ASSOCIATED(secret, session) \
    "{\"SecretCode\":\"" secret "\",\"Session\":\"" session "\"}"
#define VERIFIED "{\"Status\":\"SUCCESS\",\"Session\":\"s-2\"}"

/* One call of a test and what came of it; clear both secrets. */
struct attempt {
    struct cog_secret secret;
    struct cog_secret session;
    struct cog_refused refused;
    struct cog_err err;
};

#define ATTEMPT_INIT                                       \
    {                                                      \
        .secret = COG_SECRET_INIT(COG_TOTP_SECRET_MAX),    \
        .session = COG_SECRET_INIT(COG_API_SESSION_MAX),   \
        .refused = {COG_REFUSAL_LOCKED, "to be replaced"}, \
    }

static struct cog_api
client(const struct cog_env *env)
{
    const struct cog_api api = {
        .endpoint = "https://cognito-idp.test/",
        .client_id = "myclient",
        .transport = &env->transport,
    };

    return api;
}

static void
attempt_clear(struct attempt *got)
{
    cog_secret_clear(&got->secret);
    cog_secret_clear(&got->session);
}

static int
associate(struct world *world, const char *session, struct attempt *ret)
{
    const struct cog_env env = world_env(world);
    const struct cog_api api = client(&env);
    struct cog_secret text = world_secret(session);
    int rc = cog_totp_associate(&api, &text, &ret->secret, &ret->session,
                                &ret->refused, &ret->err);

    cog_secret_clear(&text);
    return rc;
}

static int
verify(struct world *world, const char *code, struct attempt *ret)
{
    const struct cog_env env = world_env(world);
    const struct cog_api api = client(&env);
    struct cog_secret session = world_secret("s-1");
    struct cog_secret typed = world_secret(code);
    int rc = cog_totp_verify(&api, &session, &typed, &ret->session,
                             &ret->refused, &ret->err);

    cog_secret_clear(&typed);
    cog_secret_clear(&session);
    return rc;
}

static void
an_authenticator_gets_its_secret(void **state)
{
    static const struct world_exchange script[] = {{
        .expect = "AssociateSoftwareToken",
        .holds = {"{\"Session\":\"s-0\"}"},
        .status = 200,
        .body = ASSOCIATED(SEED "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "s-1"),
    }};
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(associate(&world, "s-0", &got), 0);
    assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
    assert_string_equal(cog_secret_str(&got.secret),
                        SEED "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
    assert_string_equal(cog_secret_str(&got.session), "s-1");
    attempt_clear(&got);
    world_check(&world);
}

static void
the_first_code_is_verified(void **state)
{
    static const struct world_exchange script[] = {{
        .expect = "VerifySoftwareToken",
        .holds = {"\"Session\":\"s-1\"", "\"UserCode\":\"012345\""},
        .lacks = {"AccessToken"},
        .status = 200,
        .body = VERIFIED,
    }};
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    assert_int_equal(verify(&world, "012345", &got), 0);
    assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
    assert_string_equal(cog_secret_str(&got.session), "s-2");
    attempt_clear(&got);
    world_check(&world);
}

struct bad_reply {
    long status;
    const char *body;
    enum cog_errc code;
    enum cog_refusal kind;
};

#define REFUSED(type) "{\"__type\":\"" type "\",\"message\":\"m\"}"

static const struct bad_reply bad_associations[] = {
    {200, "", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, "[]", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, "{}", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, "{\"SecretCode\":\"" SEED "\"}", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, "{\"SecretCode\":\"" SEED "\",\"Session\":null}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{\"SecretCode\":\"" SEED "\",\"Session\":7}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{\"SecretCode\":7,\"Session\":\"s\"}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{\"Session\":\"s\"}", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, ASSOCIATED("", "s"), COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, ASSOCIATED("GEZDGNBVGY3TQOJ", "s"), COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, ASSOCIATED(SEED "1", "s"), COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, ASSOCIATED(SEED "a", "s"), COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, ASSOCIATED(SEED "&issuer=x", "s"), COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, ASSOCIATED(SEED, ""), COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {400, REFUSED("ConcurrentModificationException"), COG_E_THROTTLED,
     COG_REFUSAL_THROTTLED},
    {400, REFUSED("SoftwareTokenMFANotFoundException"), COG_E_DENIED,
     COG_REFUSAL_OTHER},
    {500, ASSOCIATED(SEED, "s"), COG_E_NET, COG_REFUSAL_OUTAGE},
    {0, NULL, COG_E_NET, COG_REFUSAL_NONE},
};

static const struct bad_reply bad_verifications[] = {
    /* Refused with HTTP 200. */
    {200, "{\"Status\":\"ERROR\",\"Session\":\"s\"}", COG_E_DENIED,
     COG_REFUSAL_CODE_WRONG},
    {200, "{\"Status\":\"ERROR\"}", COG_E_DENIED, COG_REFUSAL_CODE_WRONG},
    {200, "{\"Status\":\"error\",\"Session\":\"s\"}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{\"Status\":\"\",\"Session\":\"s\"}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{\"Status\":null,\"Session\":\"s\"}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{\"Status\":true,\"Session\":\"s\"}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{\"Session\":\"s\"}", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, "{\"Status\":\"SUCCESS\"}", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, "{\"Status\":\"SUCCESS\",\"Session\":\"\"}", COG_E_PROTOCOL,
     COG_REFUSAL_NONE},
    {200, "{}", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {200, "", COG_E_PROTOCOL, COG_REFUSAL_NONE},
    {400, REFUSED("EnableSoftwareTokenMFAException"), COG_E_DENIED,
     COG_REFUSAL_CODE_WRONG},
    {400, REFUSED("CodeMismatchException"), COG_E_DENIED,
     COG_REFUSAL_CODE_WRONG},
    {400, VERIFIED, COG_E_PROTOCOL, COG_REFUSAL_OTHER},
    {0, NULL, COG_E_NET, COG_REFUSAL_NONE},
};

static void
check_bad(const struct bad_reply *bad, bool verifies)
{
    const struct world_exchange script[] = {{
        .expect = verifies ? "VerifySoftwareToken" : "AssociateSoftwareToken",
        .status = bad->status,
        .body = bad->body,
    }};
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;
    int rc;

    WORLD_EXCHANGES(&world, script);
    rc = verifies ? verify(&world, "1", &got) : associate(&world, "s-0", &got);
    if (rc != -1 || got.err.code != bad->code || got.refused.kind != bad->kind)
        fail_msg("%s: %s", bad->body, got.err.msg);
    assert_int_equal(got.secret.len, 0);
    assert_int_equal(got.session.len, 0);
    assert_string_equal(got.refused.shown, "");
    attempt_clear(&got);
    world_check(&world);
}

static void
bad_replies_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(bad_associations); i++)
        check_bad(&bad_associations[i], false);
    for (size_t i = 0; i < COG_COUNT(bad_verifications); i++)
        check_bad(&bad_verifications[i], true);
}

static void
nothing_is_sent_without_a_session_or_code(void **state)
{
    struct world world = WORLD_INIT;
    struct attempt got = ATTEMPT_INIT;

    (void)state;
    assert_int_equal(associate(&world, "", &got), -1);
    assert_int_equal(got.err.code, COG_E_DENIED);
    got.err.code = COG_OK;
    assert_int_equal(verify(&world, "", &got), -1);
    assert_int_equal(got.err.code, COG_E_DENIED);
    assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
    world_check(&world);
}

/* A sweep over jansson's allocations of one of the two calls. */
static void
sweep(const struct world_exchange *script, bool verifies)
{
    unsigned long n = 0;
    int rc = -1;

    while (rc != 0) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        world.exchanges = script;
        world.exchange_count = 1;
        world_json_fail_at(++n);
        rc = verifies ? verify(&world, "1", &got)
                      : associate(&world, "s-0", &got);
        world_json_fail_at(0);
        assert_int_equal(got.err.code == COG_OK, rc == 0);
        assert_int_not_equal(got.err.code, COG_E_DENIED);
        assert_int_equal(got.session.len == 0, rc != 0);
        attempt_clear(&got);
        world_clear(&world);
    }
    assert_in_range(n, 8, 1000);
}

static void
every_allocation_may_fail(void **state)
{
    static const struct world_exchange associates = {
        .expect = "AssociateSoftwareToken",
        .status = 200,
        .body = ASSOCIATED(SEED, "s-1"),
    };
    static const struct world_exchange verifies = {
        .expect = "VerifySoftwareToken",
        .status = 200,
        .body = VERIFIED,
    };

    (void)state;
    sweep(&associates, false);
    sweep(&verifies, true);
}

/* The vectors (tests/vectors) have addresses of every kind. */
static void
addresses_that_do_not_fit_are_refused(void **state)
{
    struct cog_secret seed = world_secret(SEED);
    struct cog_secret uri = COG_SECRET_INIT(70);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_totp_uri("host", "alice bob", &seed, &uri, &err), 0);
    assert_string_equal(cog_secret_str(&uri), "otpauth://totp/host:alice%20bob"
                                              "?secret=" SEED "&issuer=host");
    cog_secret_clear(&uri);
    for (size_t max = 1; max < 66; max++) {
        struct cog_secret small = COG_SECRET_INIT(max);

        err.code = COG_OK;
        assert_int_equal(cog_totp_uri("host", "alice bob", &seed, &small, &err),
                         -1);
        assert_int_equal(err.code, COG_E_PROTOCOL);
        assert_int_equal(small.len, 0);
    }
    cog_secret_clear(&seed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_authenticator_gets_its_secret),
        cmocka_unit_test(the_first_code_is_verified),
        cmocka_unit_test(bad_replies_are_refused),
        cmocka_unit_test(nothing_is_sent_without_a_session_or_code),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(addresses_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
