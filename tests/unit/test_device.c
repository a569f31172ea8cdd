/* SPDX-License-Identifier: MIT */
/*
 * The vectors (tests/vectors) prove the verifier's arithmetic; here is what it
 * is made of and who hears of it. Linked with --wrap=getrandom.
 */
#include "lib/pool/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sys/random.h>

#include "lib/core/b64.h"
#include "lib/pool/srp.h"
#include "tests/unit/world.h"

#define KEY "eu-west-1_0a1b2c3d-4e5f"

static unsigned draws;      /* so far */
static unsigned draw_fails; /* this one does; 0: none */
static ssize_t draw_gives;  /* what a failing draw returns */

ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags);

/* Bytes that tell the draws apart. */
ssize_t
__wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
    assert_int_equal(flags, 0);
    if (++draws == draw_fails)
        return draw_gives;
    memset(bytes, (int)draws, len);
    return (ssize_t)len;
}

/* One call of a test and what came of it; clear the device. */
struct attempt {
    const char *key;
    const char *group_key;
    const char *name;
    struct cog_device device;
    struct cog_refused refused;
    struct cog_err err;
};

#define ATTEMPT_INIT                                                  \
    {                                                                 \
        .key = KEY, .group_key = "-6LTHfCF1", .name = "host.example", \
        .device = COG_DEVICE_INIT,                                    \
        .refused = {COG_REFUSAL_LOCKED, "to be replaced"},            \
    }

static int
attempt(struct world *world, struct attempt *a)
{
    const struct cog_env env = world_env(world);
    const struct cog_api api = {
        .endpoint = "https://cognito-idp.test/",
        .client_id = "myclient",
        .transport = &env.transport,
    };
    struct cog_api_tokens tokens = {
        .access = world_secret("a.c.c"),
        .device_key = world_secret(a->key),
        .device_group_key = world_secret(a->group_key),
    };
    int rc;

    draws = 0;
    rc = cog_device_register(&api, &tokens, a->name, &a->device, &a->refused,
                             &a->err);
    cog_secret_clear(&tokens.device_group_key);
    cog_secret_clear(&tokens.device_key);
    cog_secret_clear(&tokens.access);
    return rc;
}

static bool
is_empty(const struct cog_device *device)
{
    return device->key.len == 0 && device->group_key.len == 0 &&
           device->password.len == 0;
}

/* The password is 40 times the byte 1, the salt 16 times the byte 2. */
static void
check_verifier(const struct attempt *got, const char *body)
{
    const struct cog_srp_device who = {"-6LTHfCF1", KEY, &got->device.password};
    struct cog_secret password = COG_SECRET_INIT(COG_DEVICE_PASSWORD_MAX);
    struct cog_secret salt = COG_SECRET_INIT(COG_SRP_VERIFIER_MAX);
    struct cog_secret verifier = COG_SECRET_INIT(COG_SRP_VERIFIER_MAX);
    struct cog_err err = COG_ERR_INIT;
    unsigned char ones[40];
    unsigned char twos[COG_SRP_SALT_BYTES];
    char want[800];

    memset(ones, 1, sizeof(ones));
    memset(twos, 2, sizeof(twos));
    assert_int_equal(
        cog_b64_encode(ones, sizeof(ones), COG_B64_STD, &password, &err), 0);
    assert_true(cog_secret_equal(&password, &got->device.password));
    assert_int_equal(
        cog_srp_device_register(&who, twos, &salt, &verifier, &err), 0);
    (void)snprintf(want, sizeof(want),
                   "\"DeviceSecretVerifierConfig\":{\"Salt\":\"%s\","
                   "\"PasswordVerifier\":\"%s\"}",
                   cog_secret_str(&salt), cog_secret_str(&verifier));
    assert_non_null(strstr(body, want));
    assert_null(strstr(body, cog_secret_str(&password)));
    cog_secret_clear(&verifier);
    cog_secret_clear(&salt);
    cog_secret_clear(&password);
}

#define CONFIRM(answer)                                                     \
    {                                                                       \
        .expect = "ConfirmDevice",                                          \
        .holds = {"\"AccessToken\":\"a.c.c\"", "\"DeviceKey\":\"" KEY "\"", \
                  "\"DeviceName\":\"host.example\""},                       \
        .status = 200, .body = (answer),                                    \
    }

static const struct world_exchange update = {
    .expect = "UpdateDeviceStatus",
    .holds = {"\"AccessToken\":\"a.c.c\"", "\"DeviceKey\":\"" KEY "\"",
              "\"DeviceRememberedStatus\":\"remembered\""},
    .status = 200,
    .body = "{}",
};

#define NECESSARY "{\"UserConfirmationNecessary\":true}"

static void
devices_are_registered(void **state)
{
    static const struct {
        const char *answer;
        bool updates;
    } cases[] = {
        {"{\"UserConfirmationNecessary\":false}", false},
        {"{\"UserConfirmationNecessary\":null}", false},
        {"{}", false},
        {NECESSARY, true},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const struct world_exchange script[] = {CONFIRM(cases[i].answer),
                                                update};
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        world.exchanges = script;
        world.exchange_count = cases[i].updates ? 2 : 1;
        assert_int_equal(attempt(&world, &got), 0);
        assert_int_equal(got.refused.kind, COG_REFUSAL_NONE);
        assert_string_equal(cog_secret_str(&got.device.key), KEY);
        assert_string_equal(cog_secret_str(&got.device.group_key), "-6LTHfCF1");
        check_verifier(&got, world.requests[0].body);
        cog_device_clear(&got.device);
        assert_true(is_empty(&got.device));
        world_check(&world);
    }
}

#define FIFTY "12345678901234567890123456789012345678901234567890"

static void
keys_have_the_documented_form(void **state)
{
    static const struct {
        const char *key;
        const char *group_key;
        bool fine;
    } cases[] = {
        {"us-east-1_a", "g", true},
        {"_-__f-0", "~", true},
        {FIFTY "123_a", "g", true},
        {FIFTY "1234_a", "g", false},
        {"", "g", false},
        {"_a", "g", false},
        {"us-east-1", "g", false},
        {"us-east-1_", "g", false},
        {"us-east-1_g", "g", false},
        {"us-east-1_A", "g", false},
        {"us-east-1_a_", "g", false},
        {"us east_a", "g", false},
        {"us:east_a", "g", false},
        {"us/../_a", "g", false},
        {"\xc3\xa9_a", "g", false},
        {"us_a", "", false},
        {"us_a", "g h", false},
        {"us_a", "g\n", false},
        {"us_a", "\xc3\xa9", false},
    };
    static const struct world_exchange confirm[] = {
        {.expect = "ConfirmDevice", .status = 200, .body = "{}"}};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        got.key = cases[i].key;
        got.group_key = cases[i].group_key;
        if (cases[i].fine)
            WORLD_EXCHANGES(&world, confirm);
        if (attempt(&world, &got) != (cases[i].fine ? 0 : -1))
            fail_msg("case %zu: %s", i, got.err.msg);
        assert_int_equal(got.err.code, cases[i].fine ? COG_OK : COG_E_PROTOCOL);
        assert_int_equal(is_empty(&got.device), !cases[i].fine);
        cog_device_clear(&got.device);
        world_check(&world);
    }
}

#define REFUSED(type, message) \
    "{\"__type\":\"" type "\",\"message\":\"" message "\"}"

static void
failures_leave_no_device(void **state)
{
    static const struct {
        long status; /* of the first call ... */
        const char *body;
        long then; /* ... and of the second, -1: there is none */
        enum cog_errc code;
        enum cog_refusal kind;
    } cases[] = {
        {400, REFUSED("InvalidParameterException", "Invalid device key given."),
         -1, COG_E_DENIED, COG_REFUSAL_DEVICE},
        {400, REFUSED("ResourceNotFoundException", "Device does not exist."),
         -1, COG_E_DENIED, COG_REFUSAL_DEVICE},
        {400, REFUSED("DeviceKeyExistsException", "x"), -1, COG_E_DENIED,
         COG_REFUSAL_OTHER},
        {500, "{}", -1, COG_E_NET, COG_REFUSAL_OUTAGE},
        {0, NULL, -1, COG_E_NET, COG_REFUSAL_NONE},
        {200, "", -1, COG_E_PROTOCOL, COG_REFUSAL_NONE},
        {200, "[]", -1, COG_E_PROTOCOL, COG_REFUSAL_NONE},
        {200, "{\"UserConfirmationNecessary\":\"false\"}", -1, COG_E_PROTOCOL,
         COG_REFUSAL_NONE},
        {200, "{\"UserConfirmationNecessary\":0}", -1, COG_E_PROTOCOL,
         COG_REFUSAL_NONE},
        {200, NECESSARY, 500, COG_E_NET, COG_REFUSAL_OUTAGE},
        {200, NECESSARY, 0, COG_E_NET, COG_REFUSAL_NONE},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const struct world_exchange script[] = {
            {.expect = "ConfirmDevice",
             .status = cases[i].status,
             .body = cases[i].body},
            {.expect = "UpdateDeviceStatus", .status = cases[i].then},
        };
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        world.exchanges = script;
        world.exchange_count = cases[i].then < 0 ? 1 : 2;
        assert_int_equal(attempt(&world, &got), -1);
        if (got.err.code != cases[i].code || got.refused.kind != cases[i].kind)
            fail_msg("case %zu: %s", i, got.err.msg);
        assert_true(is_empty(&got.device));
        world_check(&world);
    }
}

static void
nothing_is_sent_without_random_bytes(void **state)
{
    static const struct {
        unsigned draw;
        ssize_t gives;
    } cases[] = {{1, -1}, {1, 39}, {2, -1}, {2, 15}};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        draw_fails = cases[i].draw;
        draw_gives = cases[i].gives;
        assert_int_equal(attempt(&world, &got), -1);
        draw_fails = 0;
        assert_int_equal(got.err.code, COG_E_SYSTEM);
        assert_true(is_empty(&got.device));
        world_check(&world);
    }
}

static void
a_host_name_that_is_no_text_is_not_sent(void **state)
{
    static const char *const names[] = {NULL, "h\xffst"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(names); i++) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        got.name = names[i];
        assert_int_equal(attempt(&world, &got), -1);
        assert_true(is_empty(&got.device));
        world_check(&world);
    }
}

static void
every_allocation_may_fail(void **state)
{
    const struct world_exchange script[] = {CONFIRM(NECESSARY), update};
    unsigned long n = 0;
    int rc = -1;

    (void)state;
    while (rc != 0) {
        struct world world = WORLD_INIT;
        struct attempt got = ATTEMPT_INIT;

        WORLD_EXCHANGES(&world, script);
        world_json_fail_at(++n);
        rc = attempt(&world, &got);
        world_json_fail_at(0);
        assert_int_equal(got.err.code == COG_OK, rc == 0);
        assert_int_not_equal(got.err.code, COG_E_DENIED);
        assert_int_equal(is_empty(&got.device), rc != 0);
        cog_device_clear(&got.device);
        world_clear(&world);
    }
    assert_in_range(n, 20, 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_are_registered),
        cmocka_unit_test(keys_have_the_documented_form),
        cmocka_unit_test(failures_leave_no_device),
        cmocka_unit_test(nothing_is_sent_without_random_bytes),
        cmocka_unit_test(a_host_name_that_is_no_text_is_not_sent),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
