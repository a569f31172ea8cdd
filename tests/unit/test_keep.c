/* SPDX-License-Identifier: MIT */
/*
 * What sign-ins leave in a real store, and what they make of what others left.
 */
#include "lib/login/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/store/tombstone.h"
#include "lib/store/userlock.h"
#include "lib/store/verifier.h"
#include "tests/sign.h"
#include "tests/unit/shelf.h"
#include "tests/unit/tokens.h"
#include "tests/unit/world.h"

#define PASSWORD "Passw0rd!"
#define NOW      INT64_C(1795000000) /* world.h's */
#define OTHER    "3f25a1c0-0000-4000-8000-000000000002"
#define SECOND_ISSUER \
    "https://issuer-cognito-idp.us-east-1.amazonaws.com/" TOKENS_POOL
#define DEVICE "us-east-1_d1-d1"

static char tokens_reply[SIGN_MAX];
static char device_reply[SIGN_MAX]; /* the same, with a new device */
static char other_reply[SIGN_MAX];  /* of another sub */
static char keys_reply[SIGN_MAX];

#define CHALLENGE(name, parameters)                                     \
    "{\"ChallengeName\":\"" name "\",\"Session\":\"s1\",\"ChallengePar" \
    "ameters\":{" parameters "}}"
#define ERROR(type, message) \
    "{\"__type\":\"" type "\",\"message\":\"" message "\"}"

#define SENDS(text)                                                \
    {                                                              \
        .expect = "InitiateAuth", .holds = {"USER_PASSWORD_AUTH"}, \
        .lacks = {"DEVICE_KEY"}, .status = 200, .body = (text),    \
    }
#define SENDS_DEVICE(http, text)                                              \
    {                                                                         \
        .expect = "InitiateAuth", .holds = {"\"DEVICE_KEY\":\"" DEVICE "\""}, \
        .status = (http), .body = (text),                                     \
    }
#define ANSWERS(text)                                                      \
    {                                                                      \
        .expect = "RespondToAuthChallenge", .status = 200, .body = (text), \
    }
#define GETS_KEYS                                                    \
    {                                                                \
        .expect = TOKENS_JWKS_URL, .status = 200, .body = keys_reply \
    }
#define REVOKES                                                    \
    {                                                              \
        .expect = "RevokeToken", .holds = {"\"Token\":\"r.e.f\""}, \
        .status = 200, .body = "{}"                                \
    }
#define CONFIRMS(http, text)                      \
    {                                             \
        .expect = "ConfirmDevice",                \
        .holds = {"\"DeviceKey\":\"" DEVICE "\"", \
                  "\"AccessToken\":\"a.c"         \
                  ".c\"",                         \
                  "\"DeviceName\":\""},           \
        .status = (http), .body = (text),         \
    }
#define TYPES                                        \
    {                                                \
        COG_TEXT_PASSWORD_PROMPT, false, PASSWORD, 0 \
    }

/* One sign-in of alice. */
struct signin {
    const char *config; /* besides allow_users */
    struct world_answer answers[5];
    struct world_exchange exchanges[6];
    bool read_only;
    enum cog_errc code;
    const char *message; /* part of it */
    const char *note;    /* part of it; NULL: there must be none */
};

#define BY_PASSWORD                              \
    .answers = {TYPES}, .exchanges = {           \
                            SENDS(tokens_reply), \
                            GETS_KEYS,           \
    }

static const struct signin plain = {BY_PASSWORD};

static int
make_replies(void **state)
{
    static const struct {
        char *reply;
        const char *changes;
        const char *more;
    } replies[] = {
        {tokens_reply, "{\"cognito:groups\":[\"ops\",\"dev\"]}", ""},
        {device_reply, "",
         ",\"NewDeviceMetadata\":{\"DeviceKey\":\"" DEVICE
         "\",\"DeviceGroupKey\":\"-group\"}"},
        {other_reply, "{\"sub\":\"" OTHER "\"}", ""},
    };

    if (tokens_setup(state) < 0)
        return -1;
    for (size_t i = 0; i < COG_COUNT(replies); i++) {
        struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);

        tokens_sign(replies[i].changes, &token);
        (void)snprintf(replies[i].reply, SIGN_MAX,
                       "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\","
                       "\"IdToken\":\"%s\",\"RefreshToken\":\"r.e.f\"%s}}",
                       cog_secret_str(&token), replies[i].more);
        cog_secret_clear(&token);
    }
    (void)snprintf(keys_reply, sizeof(keys_reply), "%s", tokens_jwks());
    return 0;
}

static struct cog_prepared
prepare(const char *config)
{
    struct cog_prepared prepared = COG_PREPARED_INIT;
    char lines[512];

    (void)snprintf(lines, sizeof(lines), "allow_users = alice\n%s",
                   config == NULL ? "" : config);
    prepared.config = tokens_config(lines, NULL);
    (void)snprintf(prepared.local.account.name,
                   sizeof(prepared.local.account.name), "alice");
    prepared.local.account.exists = true;
    prepared.local.account.uid = 1000;
    (void)snprintf(prepared.pool_user, sizeof(prepared.pool_user), "alice");
    return prepared;
}

static struct world
make_world(const struct signin *signin)
{
    struct world world = WORLD_INIT;

    world.exchanges = signin->exchanges;
    while (world.exchange_count < COG_COUNT(signin->exchanges) &&
           signin->exchanges[world.exchange_count].expect != NULL)
        world.exchange_count++;
    world.answers = signin->answers;
    while (world.answer_count < COG_COUNT(signin->answers) &&
           signin->answers[world.answer_count].expect != COG_TEXT_NONE)
        world.answer_count++;
    return world;
}

static void
check_part(const char *name, const char *got, const char *want)
{
    if (want == NULL ? *got != '\0' : strstr(got, want) == NULL) {
        fail_msg("%s is '%s', want '%s'", name, got, want == NULL ? "" : want);
    }
}

/* Sign in with whatever the caller knows of a store. */
static void
sign_in_with(const struct signin *signin, struct cog_login *login)
{
    struct world world = make_world(signin);
    const struct cog_env env = world_env(&world);
    struct cog_prepared prepared = prepare(signin->config);
    struct cog_login_facts facts;
    struct cog_err err = COG_ERR_INIT;
    int rc;

    login->prepared = &prepared;
    login->cache_dir = -1;
    login->read_only = signin->read_only;
    rc = cog_login_authenticate(&env, login, &facts, &err);
    if (err.code != signin->code)
        fail_msg("code %d: %s", (int)err.code, err.msg);
    assert_int_equal(rc, signin->code == COG_OK ? 0 : -1);
    check_part("message", err.msg, signin->message);
    check_part("note", facts.note.msg, signin->note);
    cog_prepared_clear(&prepared);
    world_check(&world);
}

static void
sign_in_at(struct cog_store *store, const struct signin *signin)
{
    struct cog_login login = {.store = store};

    sign_in_with(signin, &login);
}

static void
sign_in(const struct signin *signin)
{
    struct cog_store *store = shelf_open();

    sign_in_at(store, signin);
    cog_store_close(store);
}

/* What is there now. */
struct left {
    struct cog_binding binding;
    bool bound;
    struct cog_record record;
    bool kept;
    bool lost;
    bool buried;
};

static struct left
look(void)
{
    struct cog_store *store = shelf_open();
    struct cog_prepared prepared = prepare(NULL);
    const struct cog_record_key key = cog_keep_key(&prepared, TOKENS_SUB);
    struct left left = {.record = COG_RECORD_INIT};
    struct cog_tombstone tombstone;
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(
        cog_binding_read(store, "alice", &left.binding, &left.bound, &err), 0);
    assert_int_equal(cog_record_read(store, &key, &left.record, &left.kept,
                                     &left.lost, &err),
                     0);
    assert_int_equal(
        cog_tombstone_read(store, "alice", &tombstone, &left.buried, &err), 0);
    cog_prepared_clear(&prepared);
    cog_store_close(store);
    return left;
}

static void
check_bound(const struct left *left, bool recorded)
{
    assert_true(left->bound);
    assert_string_equal(left->binding.user, "alice");
    assert_string_equal(left->binding.issuer, TOKENS_ISSUER);
    assert_string_equal(left->binding.sub, TOKENS_SUB);
    assert_int_equal(left->binding.recorded, recorded);
    assert_int_equal(left->kept, recorded);
}

/* Bind alice beforehand. */
static void
bind(const char *issuer, const char *sub, bool recorded)
{
    struct cog_store *store = shelf_open();
    struct cog_binding binding = {.user = "alice", .recorded = recorded};
    struct cog_err err = COG_ERR_INIT;

    (void)snprintf(binding.issuer, sizeof(binding.issuer), "%s", issuer);
    (void)snprintf(binding.sub, sizeof(binding.sub), "%s", sub);
    assert_int_equal(cog_binding_write(store, &binding, &err), 0);
    cog_store_close(store);
}

static void
bury(void)
{
    struct cog_store *store = shelf_open();
    const struct cog_tombstone tombstone = {
        .user = "alice",
        .issuer = TOKENS_ISSUER,
        .sub = TOKENS_SUB,
        .reason = COG_TOMBSTONE_DISABLED,
        .time_s = NOW - 60,
    };
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_tombstone_write(store, &tombstone, &err), 0);
    cog_store_close(store);
}

static void
the_first_sign_in(void **state)
{
    struct left left;

    (void)state;
    sign_in(&plain);
    left = look();
    check_bound(&left, true);
    assert_string_equal(cog_secret_str(&left.record.refresh_token), "r.e.f");
    assert_string_equal(left.record.username, "alice");
    assert_int_equal(left.record.groups.count, 2);
    assert_string_equal(left.record.groups.item[0], "ops");
    assert_string_equal(left.record.groups.item[1], "dev");
    assert_int_equal(left.record.online_s, NOW);
    assert_int_equal(left.record.interactive_s, NOW);
    assert_false(left.record.second_factor);
    assert_int_equal(left.record.verifier.len, 0);
    assert_int_equal(left.record.tries_left, COG_RECORD_TRIES);
    assert_int_equal(left.record.device_key.len, 0);
    cog_record_clear(&left.record);
}

static void
the_next_one_replaces_it(void **state)
{
    static const struct signin with_code = {
        .answers = {TYPES, {COG_TEXT_TOTP, true, "123456", 0}},
        .exchanges = {SENDS(CHALLENGE("SOFTWARE_TOKEN_MFA", "")),
                      ANSWERS(other_reply), GETS_KEYS},
    };
    struct signin again = with_code;
    struct left left;

    (void)state;
    sign_in(&plain);
    bury();
    again.exchanges[1].body = device_reply;
    sign_in(&again);
    left = look();
    check_bound(&left, true);
    assert_true(left.record.second_factor);
    assert_int_equal(left.record.groups.count, 0);
    assert_false(left.buried);
    cog_record_clear(&left.record);
}

/* Before anybody is let in. */
static const struct {
    const char *name;
    const char *issuer;
    const char *sub;
    const char *config;
    enum cog_errc code;
} bindings[] = {
    {"his", TOKENS_ISSUER, TOKENS_SUB, "", COG_OK},
    {"the issuer's second form", SECOND_ISSUER, TOKENS_SUB, "", COG_OK},
    {"which does not count where one is configured", SECOND_ISSUER, TOKENS_SUB,
     "issuer = " TOKENS_ISSUER "\n", COG_E_IDENTITY},
    {"another user", TOKENS_ISSUER, OTHER, "", COG_E_IDENTITY},
    {"another pool", TOKENS_ENDPOINT "us-east-1_Other", TOKENS_SUB, "",
     COG_E_IDENTITY},
};

static void
whom_the_user_is_bound_to(void **state)
{
    for (size_t i = 0; i < COG_COUNT(bindings); i++) {
        for (int read_only = 0; read_only < 2; read_only++) {
            struct signin signin = plain;
            struct left left;

            print_message("%s\n", bindings[i].name);
            signin.config = bindings[i].config;
            signin.read_only = read_only == 1;
            signin.code = bindings[i].code;
            if (signin.code != COG_OK)
                signin.message = "pam-cognito cache forget alice";
            if (signin.read_only || signin.code != COG_OK)
                signin.exchanges[2] = (struct world_exchange)REVOKES;
            bind(bindings[i].issuer, bindings[i].sub, false);
            sign_in(&signin);
            left = look();
            assert_string_equal(left.binding.issuer, bindings[i].issuer);
            assert_string_equal(left.binding.sub, bindings[i].sub);
            assert_int_equal(left.kept,
                             signin.code == COG_OK && !signin.read_only);
            cog_record_clear(&left.record);
            shelf_renew(state);
        }
    }
}

static void
a_damaged_binding_refuses(void **state)
{
    static const struct signin refused = {
        .answers = {TYPES},
        .exchanges = {SENDS(tokens_reply), GETS_KEYS, REVOKES},
        .code = COG_E_IDENTITY,
        .message = "binding",
    };

    (void)state;
    sign_in(&plain);
    shelf_write(shelf_only("state/bindings"), "nonsense\n", 9);
    sign_in(&refused);
}

/* A file that is none of ours says nothing, least of all "nobody". */
static void
a_binding_that_is_no_file_of_ours_refuses(void **state)
{
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        struct cog_store *store = shelf_open();
        struct cog_login login = {.store = store};
        struct cog_prepared prepared = prepare(NULL);
        struct cog_claims *claims = tokens_claims("");
        struct cog_err err = COG_ERR_INIT;
        const char *name;

        bind(TOKENS_ISSUER, TOKENS_SUB, false);
        login.prepared = &prepared;
        assert_int_equal(cog_keep_check(&login, claims, &err), 0);
        name = shelf_replace(shelf_only("state/bindings"), kind);
        if (cog_keep_check(&login, claims, &err) == 0)
            fail_msg("accepted: %s", name);
        assert_true(err.code == COG_E_IDENTITY || err.code == COG_E_SYSTEM);
        cog_claims_close(claims);
        cog_prepared_clear(&prepared);
        cog_store_close(store);
        shelf_renew(state);
    }
}

static void
without_a_store(void **state)
{
    static const struct {
        struct cog_login login;
        struct signin signin;
    } cases[] = {
        {{.store = NULL}, {BY_PASSWORD}},
        {{.no_store = "there is none"},
         {BY_PASSWORD, .note = "no record kept: there is none"}},
        {{.no_store = "mode 0777", .store_unsound = true},
         {.answers = {TYPES},
          .exchanges = {SENDS(tokens_reply), GETS_KEYS, REVOKES},
          .code = COG_E_SYSTEM,
          .message = "mode 0777"}},
        {{.no_store = "there is none"},
         {.answers = {TYPES},
          .exchanges = {SENDS(tokens_reply), GETS_KEYS, REVOKES},
          .read_only = true}},
        {{.no_store = "mode 0777", .store_unsound = true},
         {.answers = {TYPES},
          .exchanges = {SENDS(tokens_reply), GETS_KEYS, REVOKES},
          .read_only = true,
          .code = COG_E_SYSTEM,
          .message = "mode 0777"}},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_login login = cases[i].login;

        sign_in_with(&cases[i].signin, &login);
    }
}

/* token_cache = no. */
static const struct signin uncached = {
    .config = "token_cache = no\n",
    .answers = {TYPES},
    .exchanges = {SENDS(device_reply), GETS_KEYS, REVOKES},
};

static void
a_token_that_is_not_kept(void **state)
{
    struct left left;

    (void)state;
    bury();
    sign_in(&uncached);
    left = look();
    check_bound(&left, false);
    assert_false(left.buried);
    sign_in(&plain);
    sign_in(&uncached);
    left = look();
    check_bound(&left, true);
    assert_int_equal(left.record.groups.count, 2);
    cog_record_clear(&left.record);
}

static void
a_test_changes_nothing(void **state)
{
    static const struct signin test = {
        .config = "remember_device = yes\noffline = yes\n",
        .answers = {TYPES},
        .exchanges = {SENDS(device_reply), GETS_KEYS, REVOKES},
        .read_only = true,
    };
    static const struct signin warned = {
        .answers = {TYPES},
        .exchanges = {SENDS(tokens_reply), GETS_KEYS, REVOKES},
        .read_only = true,
        .note = "disabled",
    };

    (void)state;
    sign_in(&test);
    assert_int_equal(shelf_count("state/bindings"), 0);
    assert_int_equal(shelf_count("state/records"), 0);
    assert_int_equal(shelf_count("state/locks"), 0);
    bury();
    sign_in(&warned);
    assert_int_equal(shelf_count("state/tombstones"), 1);
}

static void
a_tombstone_that_cannot_be_read_is_told(void **state)
{
    static const struct signin warned = {
        .answers = {TYPES},
        .exchanges = {SENDS(tokens_reply), GETS_KEYS, REVOKES},
        .read_only = true,
        .note = "tombstone",
    };

    (void)state;
    bury();
    shelf_write(shelf_only("state/tombstones"), "nonsense\n", 9);
    sign_in(&warned);
}

/* What cannot be kept costs nobody his sign-in. */
static void
without_a_key(void **state)
{
    static const struct signin noted = {
        .config = "remember_device = yes\n",
        .answers = {TYPES},
        .exchanges = {SENDS(device_reply), GETS_KEYS},
        .note = "no record kept: seal key",
    };
    struct cog_store_input input = shelf_input();
    struct cog_store *store = NULL;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    cog_store_close(shelf_open());
    assert_int_equal(unlink(shelf_path("state/seal.key")), 0);
    input.may_make_key = false;
    assert_int_equal(cog_store_open(&input, &store, &err), 0);
    sign_in_at(store, &noted);
    cog_store_close(store);
    assert_int_equal(shelf_count("state/bindings"), 1);
    assert_int_equal(shelf_count("state/records"), 0);
}

static void
remove_below(const char *below)
{
    while (shelf_count(below) > 0)
        assert_int_equal(unlink(shelf_only(below)), 0);
    assert_int_equal(rmdir(shelf_path(below)), 0);
}

static void
directories_that_go(void **state)
{
    static const struct {
        const char *below;
        const char *note;
    } cases[] = {
        {"state/bindings", "no record kept: "},
        {"state/records", "no record kept: "},
        {"state/locks", "no record kept: "},
    };

    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct signin noted = plain;
        struct cog_store *store = shelf_open();

        noted.note = cases[i].note;
        remove_below(cases[i].below);
        sign_in_at(store, &noted);
        cog_store_close(store);
        shelf_renew(state);
    }
}

static void
a_lock_somebody_else_holds(void **state)
{
    struct cog_store *store = shelf_open();
    struct signin noted = plain;
    struct cog_err err = COG_ERR_INIT;
    int lock = -1;

    (void)state;
    noted.note = "no record kept: ";
    assert_int_equal(cog_userlock_take(store, "alice", 0, &lock, &err), 0);
    sign_in_at(store, &noted);
    assert_int_equal(shelf_count("state/bindings"), 0);
    (void)close(lock);
    cog_store_close(store);
    sign_in(&plain);
}

/* Two first sign-ins as two pool users: both found that nobody is bound. */
static void
the_slower_of_two_is_refused(void **state)
{
    struct cog_store *store = shelf_open();
    struct world world = WORLD_INIT;
    const struct cog_env env = world_env(&world);
    struct cog_prepared prepared = prepare(NULL);
    const struct cog_login login = {.prepared = &prepared, .store = store};
    struct cog_claims *claims = tokens_claims("");
    const struct cog_api_reply reply = COG_API_REPLY_INIT;
    const struct cog_flow_facts flow = COG_FLOW_FACTS_INIT;
    const struct cog_keep_signin signin = {
        .tokens = &reply.tokens, .claims = claims, .flow = &flow};
    struct cog_err note = COG_ERR_INIT;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_keep_check(&login, claims, &err), 0);
    bind(TOKENS_ISSUER, OTHER, false);
    assert_int_equal(cog_keep_write(&env, &login, &signin, &note, &err), -1);
    assert_int_equal(err.code, COG_E_IDENTITY);
    assert_string_equal(look().binding.sub, OTHER);
    assert_int_equal(shelf_count("state/records"), 0);
    cog_claims_close(claims);
    cog_prepared_clear(&prepared);
    cog_store_close(store);
    world_check(&world);
}

/* Devices. */
static const struct signin registers = {
    .config = "remember_device = yes\n",
    .answers = {TYPES},
    .exchanges = {SENDS(device_reply), GETS_KEYS,
                  CONFIRMS(200, "{\"UserConfirmationNecessary\":false}")},
};
static const struct signin uses_device = {
    .config = "remember_device = yes\n",
    .answers = {TYPES},
    .exchanges = {SENDS_DEVICE(200, tokens_reply), GETS_KEYS},
};

static void
check_device(bool kept, bool registered)
{
    struct left left = look();

    assert_true(left.kept);
    assert_string_equal(cog_secret_str(&left.record.device_key),
                        kept ? DEVICE : "");
    assert_string_equal(cog_secret_str(&left.record.device_group_key),
                        kept ? "-group" : "");
    assert_int_equal(left.record.device_password.len > 0, registered);
    cog_record_clear(&left.record);
}

static void
a_host_the_pool_remembers(void **state)
{
    (void)state;
    sign_in(&registers);
    check_device(true, true);
    sign_in(&uses_device);
    check_device(true, true);
    sign_in(&uses_device);
}

/* Nothing of it may be used where the key says no, nor in a test. */
static void
a_device_nobody_asked_for(void **state)
{
    static const struct signin off = {
        .answers = {TYPES},
        .exchanges = {SENDS(device_reply), GETS_KEYS},
    };
    static const struct signin test = {
        .config = "remember_device = yes\n",
        .answers = {TYPES},
        .exchanges = {SENDS(device_reply), GETS_KEYS, REVOKES},
        .read_only = true,
    };

    (void)state;
    sign_in(&off);
    check_device(true, false);
    sign_in(&registers); /* unconfirmed, so not sent */
    check_device(true, true);
    sign_in(&plain);
    check_device(true, true);
    sign_in(&test);
    check_device(true, true);
}

static void
a_device_the_pool_will_not_have(void **state)
{
    static const struct signin refused = {
        .config = "remember_device = yes\n",
        .answers = {TYPES},
        .exchanges = {SENDS(device_reply), GETS_KEYS,
                      CONFIRMS(400, ERROR("DeviceKeyExistsException", ""))},
        .note = "not remembered as a device",
    };

    (void)state;
    sign_in(&refused);
    check_device(true, false);
}

static void
a_device_the_pool_has_forgotten(void **state)
{
    static const struct signin forgotten = {
        .config = "remember_device = yes\n",
        .answers = {TYPES},
        .exchanges = {SENDS_DEVICE(400, ERROR("ResourceNotFoundException",
                                              "Device does not exist.")),
                      SENDS(tokens_reply), GETS_KEYS},
    };

    (void)state;
    sign_in(&registers);
    sign_in(&forgotten);
    check_device(false, false);
}

/* Another key or machine: then there is no device, and no error. */
static void
a_record_that_cannot_be_opened(void **state)
{
    (void)state;
    sign_in(&registers);
    shelf_write(shelf_only("state/records"), "nonsense", 8);
    sign_in(&registers);
    check_device(true, true);
}

/* Offline. */
static bool
opens(const char *text)
{
    struct left left = look();
    struct cog_secret password = world_secret(text);
    const bool fits = left.record.verifier.len > 0 &&
                      cog_verifier_fits(&left.record.verifier, &password);

    cog_secret_clear(&password);
    cog_record_clear(&left.record);
    return fits;
}

static void
the_verifier_is_of_the_last_password(void **state)
{
    static const struct signin offline = {.config = "offline = yes\n",
                                          BY_PASSWORD};
    static const struct signin renewed = {
        .config = "offline = yes\n",
        .answers = {TYPES,
                    {COG_TEXT_MUST_CHANGE, true, "yes", 0},
                    {COG_TEXT_NEW_PASSWORD, false, "N3w Pass", 0},
                    {COG_TEXT_NEW_PASSWORD_AGAIN, false, "N3w Pass", 0}},
        .exchanges = {SENDS(CHALLENGE("NEW_PASSWORD_REQUIRED", "")),
                      ANSWERS(tokens_reply), GETS_KEYS},
    };

    (void)state;
    sign_in(&offline);
    assert_true(opens(PASSWORD));
    sign_in(&renewed);
    assert_true(opens("N3w Pass"));
    assert_false(opens(PASSWORD));
    sign_in(&plain);
    assert_false(opens(PASSWORD));
}

static void
a_changed_password_drops_it(void **state)
{
    static const struct signin offline = {
        .config = "offline = yes\nremember_device = yes\n",
        .answers = {TYPES},
        .exchanges = {SENDS(device_reply), GETS_KEYS,
                      CONFIRMS(200, "{\"UserConfirmationNecessary\":false}")},
    };
    struct cog_prepared prepared = prepare(NULL);
    struct cog_login login = {.prepared = &prepared};
    struct cog_err note = COG_ERR_INIT;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_keep_drop_verifier(&login, false, &note, &err),
                     0); /* no store */
    login.store = shelf_open();
    assert_int_equal(cog_keep_drop_verifier(&login, false, &note, &err),
                     0); /* no binding */
    sign_in(&offline);
    assert_true(opens(PASSWORD));
    assert_int_equal(cog_keep_drop_verifier(&login, false, &note, &err), 0);
    assert_false(opens(PASSWORD));
    check_device(true, true); /* the rest stays */
    shelf_write(shelf_only("state/bindings"), "nonsense\n", 9);
    assert_int_equal(cog_keep_drop_verifier(&login, true, &note, &err), -1);
    assert_int_equal(err.code, COG_E_IDENTITY);
    cog_store_close(login.store);
    cog_prepared_clear(&prepared);
}

static int64_t
record_size(void)
{
    struct stat st;

    if (shelf_count("state/records") == 0)
        return -1;
    assert_int_equal(stat(shelf_only("state/records"), &st), 0);
    return st.st_size;
}

/* What cannot be rewritten, or opened here at all, goes as a whole where it
 * may, and is never passed over. */
static void
a_record_that_still_holds_it(void **state)
{
    static const struct {
        const char *name;
        bool other_client, full, unrecorded, may_go;
        int64_t size; /* then; 1: any */
        int rc;
    } cases[] = {
        {"of another app client", true, false, false, true, -1, 0},
        {"the same, and it must stay", true, false, false, false, 1, -1},
        {"a full disk", false, true, false, true, -1, 0},
        {"the same, and it must stay", false, true, false, false, 1, -1},
        {"a full disk, and it would not be missed", false, true, true, true, 0,
         0},
    };
    static const struct signin offline = {.config = "offline = yes\n",
                                          BY_PASSWORD};

    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_prepared prepared = prepare(NULL);
        struct cog_login login = {.prepared = &prepared};
        struct cog_err note = COG_ERR_INIT;
        struct cog_err err = COG_ERR_INIT;

        print_message("%s\n", cases[i].name);
        if (cases[i].other_client)
            prepared.config.client_id[0] = 'X';
        sign_in(&offline);
        if (cases[i].unrecorded)
            bind(TOKENS_ISSUER, TOKENS_SUB, false);
        login.store = shelf_open();
        if (cases[i].full)
            shelf_fill_disk();
        assert_int_equal(
            cog_keep_drop_verifier(&login, cases[i].may_go, &note, &err),
            cases[i].rc);
        shelf_free_disk();
        if (cases[i].size == 1) {
            assert_true(opens(PASSWORD));
            assert_int_equal(err.code, COG_E_SYSTEM);
        } else {
            assert_int_equal(record_size(), cases[i].size);
            assert_non_null(strstr(note.msg, "the record was removed: "));
        }
        cog_store_close(login.store);
        cog_prepared_clear(&prepared);
        shelf_renew(state);
    }
}

/* A full sign-in ends what a full disk left in place of a tombstone, also where
 * none is recorded. */
static void
a_spoilt_record_is_pardoned(void **state)
{
    struct cog_store *store = shelf_open();
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    sign_in(&plain);
    assert_int_equal(cog_record_spoil(store, TOKENS_ISSUER, TOKENS_SUB, &err),
                     0);
    assert_int_equal(record_size(), 0);
    sign_in(&uncached);
    assert_int_equal(record_size(), -1);
    cog_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(the_first_sign_in),
        SHELF_TEST(the_next_one_replaces_it),
        SHELF_TEST(whom_the_user_is_bound_to),
        SHELF_TEST(a_damaged_binding_refuses),
        SHELF_TEST(a_binding_that_is_no_file_of_ours_refuses),
        SHELF_TEST(without_a_store),
        SHELF_TEST(a_token_that_is_not_kept),
        SHELF_TEST(a_test_changes_nothing),
        SHELF_TEST(a_tombstone_that_cannot_be_read_is_told),
        SHELF_TEST(without_a_key),
        SHELF_TEST(directories_that_go),
        SHELF_TEST(a_lock_somebody_else_holds),
        SHELF_TEST(the_slower_of_two_is_refused),
        SHELF_TEST(a_host_the_pool_remembers),
        SHELF_TEST(a_device_nobody_asked_for),
        SHELF_TEST(a_device_the_pool_will_not_have),
        SHELF_TEST(a_device_the_pool_has_forgotten),
        SHELF_TEST(a_record_that_cannot_be_opened),
        SHELF_TEST(the_verifier_is_of_the_last_password),
        SHELF_TEST(a_changed_password_drops_it),
        SHELF_TEST(a_record_that_still_holds_it),
        SHELF_TEST(a_spoilt_record_is_pardoned),
    };

    return cmocka_run_group_tests(tests, make_replies, tokens_teardown);
}
