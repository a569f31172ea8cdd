/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of a whole sign-in fails once, ours, jansson's and
 * OpenSSL's: what comes out is the right answer or a clean refusal, and
 * nothing leaks (which the sanitizers and valgrind tell).
 */
#include "lib/login/login.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/login/keep.h"
#include "lib/net/json.h"
#include "tests/sign.h"
#include "tests/unit/shelf.h"
#include "tests/unit/starved.h"
#include "tests/unit/tokens.h"
#include "tests/unit/world.h"

#define PASSWORD "Passw0rd!"
#define SECRET   "1example2secret3of4a5client"

static char tokens_reply[SIGN_MAX];
static char device_reply[SIGN_MAX];
static char keys_reply[SIGN_MAX];

#define CHALLENGE(name, parameters)                                     \
    "{\"ChallengeName\":\"" name "\",\"Session\":\"s1\",\"ChallengePar" \
    "ameters\":{" parameters "}}"
#define TOTP CHALLENGE("SOFTWARE_TOKEN_MFA", "\"USERNAME\":\"alice\"")
#define VERIFIER                                                            \
    CHALLENGE("PASSWORD_VERIFIER", "\"USER_ID_FOR_SRP\":\"alice\",\"SALT\"" \
                                   ":\"5c5d\",\"SRP_B\":\"1234abcd\","      \
                                   "\"SECRET_BLOCK\":\"AAAA\"")
#define RENEW CHALLENGE("NEW_PASSWORD_REQUIRED", "")

static const struct world_exchange by_password[] = {
    {.expect = "InitiateAuth", .status = 200, .body = tokens_reply},
    {.expect = TOKENS_JWKS_URL, .status = 200, .body = keys_reply},
};
static const struct world_answer types_password[] = {
    {COG_TEXT_PASSWORD_PROMPT, false, PASSWORD, 0},
};
static const struct world_exchange by_srp[] = {
    {.expect = "InitiateAuth", .status = 200, .body = VERIFIER},
    {.expect = "RespondToAuthChallenge", .status = 200, .body = TOTP},
    {.expect = "RespondToAuthChallenge", .status = 200, .body = tokens_reply},
    {.expect = TOKENS_JWKS_URL, .status = 200, .body = keys_reply},
};
static const struct world_answer types_code[] = {
    {COG_TEXT_PASSWORD_PROMPT, false, PASSWORD, 0},
    {COG_TEXT_TOTP, true, "123 456", 0},
};
static const struct world_exchange by_new_password[] = {
    {.expect = "InitiateAuth", .status = 200, .body = RENEW},
    {.expect = "RespondToAuthChallenge", .status = 200, .body = tokens_reply},
    /* Only where the warm-up's keys were lost. */
    {.expect = TOKENS_JWKS_URL, .status = 200, .body = keys_reply},
};
static const struct world_answer types_new_password[] = {
    {COG_TEXT_PASSWORD_PROMPT, false, PASSWORD, 0},
    {COG_TEXT_MUST_CHANGE, true, "yes", 0},
    {COG_TEXT_NEW_PASSWORD, false, "N3w", 0},
    {COG_TEXT_NEW_PASSWORD_AGAIN, false, "N3w", 0},
};
static const struct world_exchange by_device[] = {
    {.expect = "InitiateAuth", .status = 200, .body = device_reply},
    {.expect = TOKENS_JWKS_URL, .status = 200, .body = keys_reply},
    {.expect = "ConfirmDevice",
     .status = 200,
     .body = "{\"UserConfirmationNecessary\":false}"},
};
static const struct world_exchange stranger[] = {
    {.expect = "InitiateAuth",
     .status = 400,
     .body = "{\"__type\":\"NotAuthorizedException\",\"message\":"
             "\"Incorrect username or password.\"}"},
};

#define SCRIPT(exchanges, answers) \
    exchanges, COG_COUNT(exchanges), answers, COG_COUNT(answers)

static const struct {
    const char *name;
    const struct world_exchange *exchanges;
    size_t exchange_count;
    const struct world_answer *answers;
    size_t answer_count;
    bool srp;
    bool confidential;
    bool cached;        /* there is a cache directory */
    bool warm;          /* the warm-up brings the keys */
    bool kept;          /* in a store, with a device */
    enum cog_errc code; /* with memory enough */
} cases[] = {
    {"password", SCRIPT(by_password, types_password), false, false, true, false,
     false, COG_OK},
    {"SRP, code, confidential", SCRIPT(by_srp, types_code), true, true, false,
     false, false, COG_OK},
    {"new password, warm keys", SCRIPT(by_new_password, types_new_password),
     false, false, true, true, false, COG_OK},
    {"a record with a device", SCRIPT(by_device, types_password), false, false,
     false, false, true, COG_OK},
    {"wrong password", SCRIPT(stranger, types_password), false, false, false,
     false, false, COG_E_DENIED},
};

static int
make_replies(void **state)
{
    struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);

    if (tokens_setup(state) < 0)
        return -1;
    tokens_sign("", &token);
    (void)snprintf(tokens_reply, sizeof(tokens_reply),
                   "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\","
                   "\"IdToken\":\"%s\",\"RefreshToken\":\"r.e.f\"}}",
                   cog_secret_str(&token));
    (void)snprintf(device_reply, sizeof(device_reply),
                   "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\","
                   "\"IdToken\":\"%s\",\"RefreshToken\":\"r.e.f\","
                   "\"NewDeviceMetadata\":{\"DeviceKey\":\"us-east-1_d1\","
                   "\"DeviceGroupKey\":\"-group\"}}}",
                   cog_secret_str(&token));
    (void)snprintf(keys_reply, sizeof(keys_reply), "%s", tokens_jwks());
    cog_secret_clear(&token);
    cog_json_setup(); /* from here on, as in the helper */
    return 0;
}

static struct cog_prepared
prepare(size_t i)
{
    struct cog_prepared prepared = COG_PREPARED_INIT;
    struct cog_err err = COG_ERR_INIT;

    prepared.config =
        tokens_config("allow_users = alice\nremember_device = yes", NULL);
    prepared.config.auth_flow =
        cases[i].srp ? COG_AUTH_FLOW_SRP : COG_AUTH_FLOW_PASSWORD;
    (void)snprintf(prepared.local.account.name,
                   sizeof(prepared.local.account.name), "alice");
    prepared.local.account.exists = true;
    prepared.local.account.uid = 1000;
    (void)snprintf(prepared.pool_user, sizeof(prepared.pool_user), "alice");
    if (cases[i].confidential) {
        assert_int_equal(
            cog_secret_append_str(&prepared.client_secret, SECRET, &err), 0);
    }
    return prepared;
}

/* With one failure the right answer may still come: a cache that could not be
 * written costs nobody his sign-in. Where what was lost is a key or the words
 * of a refusal, the token or the reply is refused; OpenSSL often does not say
 * what it lacked. */
static bool
is_refusal(enum cog_errc code)
{
    return code == COG_E_NOMEM || code == COG_E_TOKEN ||
           code == COG_E_PROTOCOL || code == COG_E_SYSTEM;
}

static void
check_outcome(size_t i, int rc, const struct cog_login_facts *facts,
              const struct cog_err *err)
{
    if (rc == 0) {
        assert_int_equal(cases[i].code, COG_OK);
        assert_int_equal(err->code, COG_OK);
        assert_string_equal(facts->sub, TOKENS_SUB);
        assert_string_equal(facts->rule, "allowed by allow_users");
    } else if (!is_refusal(err->code) &&
               (cases[i].code == COG_OK || err->code != cases[i].code)) {
        fail_msg("code %d: %s", (int)err->code, err->msg);
    }
}

/* What is in the store is true: alice is nobody else, and where a record is
 * said to be, there is one, whole. */
static void
check_kept(struct cog_store *store, const struct cog_prepared *prepared)
{
    const struct cog_record_key key = cog_keep_key(prepared, TOKENS_SUB);
    struct cog_record record = COG_RECORD_INIT;
    struct cog_binding binding;
    struct cog_err err = COG_ERR_INIT;
    bool bound = false;
    bool found = false;
    bool lost = false;

    assert_int_equal(cog_binding_read(store, "alice", &binding, &bound, &err),
                     0);
    assert_int_equal(cog_record_read(store, &key, &record, &found, &lost, &err),
                     0);
    assert_false(lost);
    assert_true(bound || !found);
    if (bound)
        assert_string_equal(binding.sub, TOKENS_SUB);
    if (bound && binding.recorded)
        assert_true(found);
    if (found)
        assert_string_equal(cog_secret_str(&record.refresh_token), "r.e.f");
    cog_record_clear(&record);
}

/* Forget what a sign-in left in its cache directory. */
static void
empty(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    assert_int_equal(closedir(dir), 0);
}

/* Sign in with allocation number `n` failing. Did it come to that one? */
static bool
sign_in(size_t i, const char *cache, unsigned long n)
{
    struct world world = WORLD_INIT;
    const struct cog_env env = whole_env(&world);
    struct cog_prepared prepared = prepare(i);
    struct cog_login login = {.prepared = &prepared,
                              .cache_dir = -1,
                              .read_only = cases[i].confidential};
    struct cog_login_facts facts;
    struct cog_err err = COG_ERR_INIT;
    int rc;

    world.exchanges = cases[i].exchanges;
    world.exchange_count = cases[i].exchange_count;
    world.answers = cases[i].answers;
    world.answer_count = cases[i].answer_count;
    world.warm_reply = cases[i].warm ? keys_reply : NULL;
    if (cases[i].kept) {
        assert_int_equal(shelf_setup(NULL), 0);
        login.store = shelf_open();
    }
    if (cases[i].cached)
        login.cache_dir = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    countdown = n;
    armed = true;
    rc = cog_login_authenticate(&env, &login, &facts, &err);
    armed = false;
    check_outcome(i, rc, &facts, &err);
    if (login.store != NULL) {
        check_kept(login.store, &prepared);
        cog_store_close(login.store);
        assert_int_equal(shelf_teardown(NULL), 0);
    }
    if (login.cache_dir >= 0)
        (void)close(login.cache_dir);
    empty(cache);
    cog_prepared_clear(&prepared);
    world_clear(&world);
    return countdown == 0;
}

static void
every_allocation_fails_once(void **state)
{
    char cache[] = "/tmp/test_memory.XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(cache));
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        unsigned long n = 1;

        while (sign_in(i, cache, n))
            n++;
        print_message("%s: %lu allocations\n", cases[i].name, n - 1);
        assert_true(n > 20); /* or the linker replaced nothing */
    }
    assert_int_equal(rmdir(cache), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };

    if (!starve_openssl())
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, make_replies, tokens_teardown);
}
