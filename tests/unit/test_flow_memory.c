/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of a sign-in through all kinds of challenges fails once:
 * what comes out is a clean refusal, and nothing leaks. Linked with --wrap for
 * the functions below.
 */
#include "lib/pool/flow.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/net/json.h"
#include "tests/unit/scenario.h"

/* Counts only while the code under test runs. */
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
int __real_cog_flow_run(const struct cog_env *env, const struct cog_flow *flow,
                        struct cog_api_reply *ret, struct cog_flow_facts *facts,
                        struct cog_err *err);
int __wrap_cog_flow_run(const struct cog_env *env, const struct cog_flow *flow,
                        struct cog_api_reply *ret, struct cog_flow_facts *facts,
                        struct cog_err *err);

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

int
__wrap_cog_flow_run(const struct cog_env *env, const struct cog_flow *flow,
                    struct cog_api_reply *ret, struct cog_flow_facts *facts,
                    struct cog_err *err)
{
    int rc;

    armed = true;
    rc = __real_cog_flow_run(env, flow, ret, facts, err);
    armed = false;
    return rc;
}

#define Q "\\\""
#define REPLY(call, text)                                \
    {                                                    \
        .expect = (call), .status = 200, .body = (text), \
    }
#define NEXT(text) REPLY("RespondToAuthChallenge", text)

/* By password, with all there is to type. */
static const struct world_exchange long_exchanges[] = {
    REPLY("InitiateAuth",
          CHALLENGE("NEW_PASSWORD_REQUIRED", "s",
                    ALICE ",\"requiredAttributes\":\"[" Q
                          "userAttributes.email" Q "," Q "userAttributes.name" Q
                          "]\",\"userAttributes\":\"{" Q "name" Q ":" Q "A" Q
                          "}\"")),
    NEXT(CHALLENGE("MFA_SETUP", "s",
                   "\"MFAS_CAN_SETUP\":\"[" Q "SOFTWARE_TOKEN_MFA" Q "]\"")),
    REPLY("AssociateSoftwareToken",
          "{\"SecretCode\":\"JBSWY3DPEHPK3PXP\",\"Session\":\"a\"}"),
    REPLY("VerifySoftwareToken", "{\"Status\":\"SUCCESS\",\"Session\":\"v\"}"),
    NEXT(CHALLENGE("DEVICE_SRP_AUTH", "s", "")),
    NEXT(CHALLENGE("DEVICE_PASSWORD_VERIFIER", "s", SRP_VALUES)),
    NEXT(TOKENS),
};
static const struct world_answer long_answers[] = {
    {COG_TEXT_MUST_CHANGE, true, "yes", 0},
    {COG_TEXT_ATTRIBUTE_EMAIL, true, "a@b", 0},
    {COG_TEXT_NEW_PASSWORD, false, "N3w", 0},
    {COG_TEXT_NEW_PASSWORD_AGAIN, false, "N3w", 0},
    {COG_TEXT_ENROL_QR, true, "1", 0},
};
/* With questions of the pool's own. */
static const struct world_exchange custom_exchanges[] = {
    REPLY("InitiateAuth", VERIFIER(ALICE)),
    NEXT(TOTP("s")),
    NEXT(CHALLENGE("CUSTOM_CHALLENGE", "s", "\"prompt\":\"p\"")),
    NEXT(TOKENS),
};
static const struct world_answer custom_answers[] = {
    {COG_TEXT_TOTP, true, "1", 0},
    {COG_TEXT_CUSTOM, true, "a", 0},
};
/* With menus and SRP. */
static const struct world_exchange menu_exchanges[] = {
    REPLY("InitiateAuth", OFFER("WEB_AUTHN", "s", "\"PASSWORD_SRP\"")),
    REPLY("InitiateAuth", OFFER("SELECT_CHALLENGE", "s", "\"PASSWORD_SRP\"")),
    NEXT(VERIFIER(ALICE)),
    NEXT(CHALLENGE("SELECT_MFA_TYPE", "s",
                   "\"MFAS_CAN_CHOOSE\":\"[" Q "SMS_MFA" Q "," Q "EMAIL_OTP" Q
                   "]\"")),
    NEXT(CHALLENGE("EMAIL_OTP", "s", "")),
    NEXT(TOKENS),
};
static const struct world_answer menu_answers[] = {
    {COG_TEXT_CHOOSE_FIRST, true, "1", 0},
    {COG_TEXT_PASSWORD_PROMPT, false, PASSWORD, 0},
    {COG_TEXT_CHOOSE_FIRST, true, "1", 0},
    {COG_TEXT_CHOOSE_SECOND, true, "2", 0},
    {COG_TEXT_EMAIL, true, "1", 0},
};

#define SCRIPT(name)                                               \
    name##_exchanges, COG_COUNT(name##_exchanges), name##_answers, \
        COG_COUNT(name##_answers)

static const struct {
    struct scenario start;
    const struct world_exchange *exchanges;
    size_t exchange_count;
    const struct world_answer *answers;
    size_t answer_count;
} cases[] = {
    {{.name = "long", .device = true, .confidential = true}, SCRIPT(long)},
    {{.name = "custom", .kind = COG_API_CUSTOM}, SCRIPT(custom)},
    {{.name = "menu", .kind = COG_API_CHOICE, .password = ""}, SCRIPT(menu)},
};

/* Sign in with allocation number `n` failing. Did it come to that one? Where
 * it is a reply that is lost, or what OpenSSL works with, the code says that
 * instead. */
static bool
sign_in(size_t i, unsigned long n)
{
    struct world world = WORLD_INIT;
    struct scenario_outcome got;
    bool failed;

    world.exchanges = cases[i].exchanges;
    world.exchange_count = cases[i].exchange_count;
    world.answers = cases[i].answers;
    world.answer_count = cases[i].answer_count;
    countdown = n;
    scenario_run(&world, &cases[i].start, &got);
    failed = countdown == 0;
    countdown = 0;
    if (!failed) {
        scenario_expect(&got, COG_OK);
    } else if (got.err.code != COG_E_NOMEM && got.err.code != COG_E_PROTOCOL &&
               got.err.code != COG_E_SYSTEM) {
        fail_msg("allocation %lu: code %d: %s", n, (int)got.err.code,
                 got.err.msg);
    }
    scenario_forget(&got);
    world_clear(&world);
    return failed;
}

static void
every_allocation_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        unsigned long n = 1;

        while (sign_in(i, n))
            n++;
        print_message("%s: %lu allocations\n", cases[i].start.name, n - 1);
        assert_true(n > 100); /* or the linker replaced nothing */
    }
}

static int
setup(void **state)
{
    (void)state;
    cog_json_setup(); /* as in the helper */
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
