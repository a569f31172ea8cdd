/* SPDX-License-Identifier: MIT */
/*
 * Whole changes of a password in a scripted world. The script is exact: a
 * request or a question more or less fails the test.
 */
#include "lib/login/change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "lib/login/keep.h"
#include "lib/store/record.h"
#include "tests/sign.h"
#include "tests/unit/shelf.h"
#include "tests/unit/tokens.h"
#include "tests/unit/world.h"

#define OLD "Passw0rd!"
#define NEW "N3w-secret!"

static char tokens_reply[SIGN_MAX];
static char bob_reply[SIGN_MAX];
static char keys_reply[SIGN_MAX];

#define CHALLENGE(name)                                                \
    "{\"ChallengeName\":\"" name "\",\"Session\":\"s1\",\"ChallengePa" \
    "rameters\":{}}"
#define ERROR(type, message) \
    "{\"__type\":\"" type "\",\"message\":\"" message "\"}"
#define WRONG_PASSWORD \
    ERROR("NotAuthorizedException", "Incorrect username or password.")
#define POLICY                        \
    ERROR("InvalidPasswordException", \
          "Password did not conform with policy: Password not long enough")
#define TOO_SHORT "Password not long enough"

/* What the user does. */
#define CURRENT(text)                               \
    {                                               \
        COG_TEXT_CURRENT_PASSWORD, false, (text), 0 \
    }
#define FORGOTTEN(text)                     \
    {                                       \
        COG_TEXT_FORGOTTEN, true, (text), 0 \
    }
#define CODE(how, text)                           \
    {                                             \
        COG_TEXT_RESET_CODE##how, true, (text), 0 \
    }
#define PROPOSES(how, text)                           \
    {COG_TEXT_NEW_PASSWORD##how, false, (text), 0},   \
    {                                                 \
        COG_TEXT_NEW_PASSWORD_AGAIN, false, (text), 0 \
    }

/* What goes to the pool. */
#define SIGNS_IN(http, text)                                         \
    {                                                                \
        .expect = "InitiateAuth",                                    \
        .holds = {"USER_PASSWORD_AUTH", "\"PASSWORD\":\"" OLD "\""}, \
        .status = (http), .body = (text),                            \
    }
#define GETS_KEYS                                                    \
    {                                                                \
        .expect = TOKENS_JWKS_URL, .status = 200, .body = keys_reply \
    }
#define CHANGES(http, text)                            \
    {                                                  \
        .expect = "ChangePassword",                    \
        .holds = {"\"AccessToken\":\"a.c.c\"",         \
                  "\"PreviousPassword\":\"" OLD "\"",  \
                  "\"ProposedPassword\":\"" NEW "\""}, \
        .status = (http), .body = (text),              \
    }
#define ANSWERS(text)                                                     \
    {                                                                     \
        .expect = "RespondToAuthChallenge", .status = 400, .body = (text) \
    }
#define WRONG_CODE ANSWERS(ERROR("CodeMismatchException", "Wrong."))
#define TOO_LATE \
    ANSWERS(ERROR("NotAuthorizedException", "Invalid session for the user."))
#define REVOKES                                                    \
    {                                                              \
        .expect = "RevokeToken", .holds = {"\"Token\":\"r.e.f\""}, \
        .status = 200, .body = "{}"                                \
    }
#define SENDS_CODE                                                       \
    {                                                                    \
        .expect = "ForgotPassword", .holds = {"\"Username\":\"alice\""}, \
        .status = 200,                                                   \
        .body = "{\"CodeDeliveryDetails\":{\"Destination\":\"a***@e*"    \
                "**\",\"DeliveryMedium\":\"EMAIL\"}}",                   \
    }
#define RESETS(http, text)                                                     \
    {                                                                          \
        .expect = "ConfirmForgotPassword",                                     \
        .holds = {"\"Username\":\"alice\"", "\"ConfirmationCode\":\"123456\"", \
                  "\"Password\":\"" NEW "\""},                                 \
        .lacks = {OLD}, .status = (http), .body = (text),                      \
    }

#define MOST_ANSWERS   14
#define MOST_EXCHANGES 10

struct script {
    const char *name;
    const char *config;    /* NULL: alice is allowed */
    const char *pool_user; /* NULL: alice; "": maps to none */
    bool unknown;          /* no such local user */
    struct world_answer answers[MOST_ANSWERS];
    struct world_exchange exchanges[MOST_EXCHANGES];
    /* What must come out. */
    enum cog_errc code;
    const char *message; /* part of it */
    const char *reason;  /* for the log, after success */
    const char *arg;     /* of the last question that has any */
    const char *told;    /* the pool's words that are shown; NULL: none */
    const char *note;    /* part of it; NULL: none */
    bool verified;
    bool cold;    /* there is no warm-up */
    bool unsound; /* there may be a store, but not as it must be */
};

static const struct script by_password[] = {
    {
        .name = "changed",
        .answers = {CURRENT(OLD), PROPOSES(, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS,
                      CHANGES(200, "{}"), REVOKES},
        .reason = "password changed",
        .verified = true,
    },
    {
        .name = "with a second factor",
        .answers = {CURRENT(OLD),
                    {COG_TEXT_TOTP, true, "123456", 0},
                    PROPOSES(, NEW)},
        .exchanges = {SIGNS_IN(200, CHALLENGE("SOFTWARE_TOKEN_MFA")),
                      {.expect = "RespondToAuthChallenge",
                       .status = 200,
                       .body = tokens_reply},
                      GETS_KEYS,
                      CHANGES(200, "{}"),
                      REVOKES},
        .reason = "password changed",
        .verified = true,
    },
    {
        .name = "the pool demands a new one: that is it",
        .answers = {CURRENT(OLD),
                    {COG_TEXT_MUST_CHANGE, true, "yes", 0},
                    PROPOSES(, NEW)},
        .exchanges = {SIGNS_IN(200, CHALLENGE("NEW_PASSWORD_REQUIRED")),
                      {.expect = "RespondToAuthChallenge",
                       .holds = {NEW},
                       .status = 200,
                       .body = tokens_reply},
                      GETS_KEYS,
                      REVOKES},
        .reason = "password changed",
        .verified = true,
    },
    {
        .name = "the token that cannot be ended ends by itself",
        .answers = {CURRENT(OLD), PROPOSES(, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply),
                      GETS_KEYS,
                      CHANGES(200, "{}"),
                      {.expect = "RevokeToken"}},
        .reason = "password changed",
        .verified = true,
    },
    {
        .name = "mistakes that need no pool, then right",
        .answers = {CURRENT(OLD),
                    {COG_TEXT_NEW_PASSWORD, false, NEW, 0},
                    {COG_TEXT_NEW_PASSWORD_AGAIN, false, "n3w-secret!", 0},
                    PROPOSES(_DIFFERS, OLD),
                    PROPOSES(_SAME, ""),
                    PROPOSES(_REFUSED, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS,
                      CHANGES(200, "{}"), REVOKES},
        .reason = "password changed",
        .verified = true,
    },
    {
        .name = "what nobody can have typed is not sent",
        .answers = {CURRENT(OLD), PROPOSES(, "a\x01b"),
                    PROPOSES(_REFUSED, "\xff"), PROPOSES(_REFUSED, "\t"),
                    PROPOSES(_REFUSED, "")},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS, REVOKES},
        .code = COG_E_AUTHTOK,
        .message = "no acceptable new password",
        .verified = true,
    },
    {
        .name = "the policy refuses one, in the pool's words",
        .answers = {CURRENT(OLD), PROPOSES(, "short"), PROPOSES(_BREAKS, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply),
                      GETS_KEYS,
                      {.expect = "ChangePassword",
                       .holds = {"\"short\""},
                       .status = 400,
                       .body = POLICY},
                      CHANGES(200, "{}"),
                      REVOKES},
        .arg = TOO_SHORT,
        .reason = "password changed",
        .verified = true,
    },
    {
        .name = "the policy says nothing",
        .answers = {CURRENT(OLD), PROPOSES(, NEW), PROPOSES(_REFUSED, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS,
                      CHANGES(400, ERROR("InvalidPasswordException", "")),
                      CHANGES(200, "{}"), REVOKES},
        .reason = "password changed",
        .verified = true,
    },
    {
        .name = "the policy refuses them all",
        .answers = {CURRENT(OLD), PROPOSES(, NEW), PROPOSES(_BREAKS, NEW),
                    PROPOSES(_BREAKS, NEW), PROPOSES(_BREAKS, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS,
                      CHANGES(400, POLICY), CHANGES(400, POLICY),
                      CHANGES(400, POLICY), CHANGES(400, POLICY), REVOKES},
        .code = COG_E_AUTHTOK,
        .arg = TOO_SHORT,
        .verified = true,
    },
    {
        .name = "too often",
        .answers = {CURRENT(OLD), PROPOSES(, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS,
                      CHANGES(400, ERROR("LimitExceededException", "")),
                      REVOKES},
        .code = COG_E_MAXTRIES,
        .verified = true,
    },
    {
        .name = "a trigger of the pool refuses, and says why",
        .answers = {CURRENT(OLD), PROPOSES(, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS,
                      CHANGES(400, ERROR("UserLambdaValidationException",
                                         "not today")),
                      REVOKES},
        .code = COG_E_AUTHTOK,
        .told = "not today",
        .verified = true,
    },
    {
        .name = "a code besides, and none is right: the password was",
        .answers = {CURRENT(OLD),
                    {COG_TEXT_TOTP, true, "123456", 0},
                    {COG_TEXT_TOTP_WRONG, true, "123457", 0},
                    {COG_TEXT_TOTP_WRONG, true, "123458", 0},
                    {COG_TEXT_TOTP_WRONG, true, "123459", 0}},
        .exchanges = {SIGNS_IN(200, CHALLENGE("SOFTWARE_TOKEN_MFA")),
                      WRONG_CODE, WRONG_CODE, WRONG_CODE, WRONG_CODE},
        .code = COG_E_AUTHTOK,
    },
    {
        .name = "a challenge nobody can answer: the password was right",
        .answers = {CURRENT(OLD)},
        .exchanges = {SIGNS_IN(200, CHALLENGE("PALM_READ"))},
        .code = COG_E_AUTHTOK,
    },
    {
        .name = "the code came too late, twice",
        .answers = {CURRENT(OLD),
                    {COG_TEXT_TOTP, true, "123456", 0},
                    {COG_TEXT_TOTP, true, "123457", 0}},
        .exchanges = {SIGNS_IN(200, CHALLENGE("SOFTWARE_TOKEN_MFA")), TOO_LATE,
                      SIGNS_IN(200, CHALLENGE("SOFTWARE_TOKEN_MFA")), TOO_LATE},
        .code = COG_E_LATE,
    },
    {
        .name = "the new password came too late",
        .answers = {CURRENT(OLD), PROPOSES(, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS,
                      CHANGES(400, ERROR("NotAuthorizedException",
                                         "Access Token has expired")),
                      REVOKES},
        .code = COG_E_LATE,
        .verified = true,
    },
    {
        .name = "the reply is lost: sent once, not again",
        .answers = {CURRENT(OLD), PROPOSES(, NEW)},
        .exchanges = {SIGNS_IN(200, tokens_reply),
                      GETS_KEYS,
                      {.expect = "ChangePassword"},
                      REVOKES},
        .code = COG_E_NET,
        .verified = true,
    },
    {
        .name = "wrong",
        .answers = {CURRENT(OLD)},
        .exchanges = {SIGNS_IN(400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "somebody else's token",
        .answers = {CURRENT(OLD)},
        .exchanges = {SIGNS_IN(200, bob_reply), GETS_KEYS, REVOKES},
        .code = COG_E_IDENTITY,
        .message = "is 'bob', not 'alice'",
        .verified = true,
    },
    {
        .name = "in no allowed pool group",
        .config = "allow_pool_groups = ops",
        .answers = {CURRENT(OLD)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS, REVOKES},
        .code = COG_E_IDENTITY,
        .message = "no rule allows",
        .verified = true,
    },
    {
        .name = "denied, after proof",
        .config = "deny_users = alice",
        .answers = {CURRENT(OLD)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS, REVOKES},
        .code = COG_E_IDENTITY,
        .message = "deny_users",
        .verified = true,
    },
    {
        .name = "denied, after a wrong one: like anyone",
        .config = "deny_users = alice",
        .answers = {CURRENT(OLD)},
        .exchanges = {SIGNS_IN(400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "unknown here: asked, and nothing is sent",
        .unknown = true,
        .answers = {CURRENT(OLD)},
        .code = COG_E_DENIED,
        .message = "no such local user",
        .cold = true,
    },
    {
        .name = "mapped to nobody",
        .pool_user = "",
        .answers = {CURRENT(OLD)},
        .code = COG_E_DENIED,
        .message = "maps to none",
        .cold = true,
    },
    {
        .name = "not ours: asked nothing",
        .config = "allow_users = bob",
        .code = COG_E_SCOPE,
        .cold = true,
    },
    {
        .name = "what nobody can have typed is not sent",
        .answers = {CURRENT("\b\n\r\177INCORRECT")},
        .code = COG_E_DENIED,
    },
    {
        .name = "the conversation fails at once",
        .answers = {CURRENT(NULL)},
        .code = COG_E_CONV,
    },
    {
        .name = "the conversation fails before the repeat",
        .answers = {CURRENT(OLD),
                    {COG_TEXT_NEW_PASSWORD, false, NEW, 0},
                    {COG_TEXT_NEW_PASSWORD_AGAIN, false, NULL, 0}},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS, REVOKES},
        .code = COG_E_CONV,
        .verified = true,
    },
};

#define WITH_CODE .reason = "password set with a code", .arg = "a***@e***"

static const struct script by_code[] = {
    {
        .name = "forgotten",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123 456"),
                    PROPOSES(, NEW)},
        .exchanges = {SENDS_CODE, RESETS(200, "{}")},
        WITH_CODE,
    },
    {
        .name = "the pool demands it",
        .answers = {CURRENT(OLD),
                    {COG_TEXT_MUST_RESET, true, "YES", 0},
                    CODE(, "123456"),
                    PROPOSES(, OLD),
                    PROPOSES(_SAME, NEW)},
        .exchanges = {SIGNS_IN(400,
                               ERROR("PasswordResetRequiredException", "")),
                      SENDS_CODE, RESETS(200, "{}")},
        WITH_CODE,
    },
    {
        .name = "the pool demands it, and the user does not want to",
        .answers = {CURRENT(OLD),
                    {COG_TEXT_MUST_RESET, true, "y", 0},
                    {COG_TEXT_MUST_RESET, true, "no", 0}},
        .exchanges = {SIGNS_IN(400,
                               ERROR("PasswordResetRequiredException", ""))},
        .code = COG_E_DENIED,
    },
    {
        .name = "a bare Enter is no yes",
        .answers = {CURRENT(""), FORGOTTEN(""), FORGOTTEN("")},
        .code = COG_E_DENIED,
        .message = "did not want",
    },
    {
        .name = "nothing but yes is",
        .answers = {CURRENT(""), FORGOTTEN("yes!"), FORGOTTEN("y")},
        .code = COG_E_DENIED,
    },
    {
        .name = "yes at the second asking",
        .answers = {CURRENT(""), FORGOTTEN("y"), FORGOTTEN("YES"),
                    CODE(, "123 456"), PROPOSES(, NEW)},
        .exchanges = {SENDS_CODE, RESETS(200, "{}")},
        WITH_CODE,
    },
    {
        .name = "wrong codes, then the right one: the password is not asked "
                "for again",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, ""),
                    CODE(_WRONG, "123456"), PROPOSES(, NEW),
                    CODE(_WRONG, "123456"), CODE(_OVER, "123456")},
        .exchanges = {SENDS_CODE,
                      RESETS(400, ERROR("CodeMismatchException", "")),
                      RESETS(400, ERROR("ExpiredCodeException", "")),
                      RESETS(200, "{}")},
        WITH_CODE,
    },
    {
        .name = "nothing but wrong codes",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                    PROPOSES(, NEW), CODE(_WRONG, "123456"),
                    CODE(_WRONG, "123456"), CODE(_WRONG, "123456")},
        .exchanges = {SENDS_CODE,
                      RESETS(400, ERROR("CodeMismatchException", "")),
                      RESETS(400, ERROR("CodeMismatchException", "")),
                      RESETS(400, ERROR("CodeMismatchException", "")),
                      RESETS(400, ERROR("CodeMismatchException", ""))},
        .arg = "a***@e***",
        .code = COG_E_DENIED,
        .message = "no valid code",
    },
    {
        .name = "codes nobody can have typed",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "\x01"),
                    CODE(_WRONG, "  "), CODE(_WRONG, "\xff"), CODE(_WRONG, "")},
        .exchanges = {SENDS_CODE},
        .arg = "a***@e***",
        .code = COG_E_DENIED,
        .message = "no valid code",
    },
    {
        .name = "the policy refuses one: the code is not asked for again",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                    PROPOSES(, NEW), PROPOSES(_BREAKS, NEW)},
        .exchanges = {SENDS_CODE, RESETS(400, POLICY), RESETS(200, "{}")},
        .reason = "password set with a code",
        .arg = TOO_SHORT,
    },
    {
        .name = "the policy refuses them all",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                    PROPOSES(, NEW), PROPOSES(_BREAKS, NEW),
                    PROPOSES(_BREAKS, NEW), PROPOSES(_BREAKS, NEW)},
        .exchanges = {SENDS_CODE, RESETS(400, POLICY), RESETS(400, POLICY),
                      RESETS(400, POLICY), RESETS(400, POLICY)},
        .code = COG_E_AUTHTOK,
        .arg = TOO_SHORT,
    },
    {
        .name = "no code can be sent: the pool is not asked twice",
        .answers = {CURRENT(""), FORGOTTEN("yes")},
        .exchanges = {{.expect = "ForgotPassword",
                       .status = 400,
                       .body = ERROR("LimitExceededException", "")}},
        .code = COG_E_DENIED,
    },
    {
        .name = "the pool is silent",
        .answers = {CURRENT(""), FORGOTTEN("yes")},
        .exchanges = {{.expect = "ForgotPassword"}},
        .code = COG_E_NET,
    },
    {
        .name = "the last reply is lost: not sent again",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                    PROPOSES(, NEW)},
        .exchanges = {SENDS_CODE, {.expect = "ConfirmForgotPassword"}},
        .arg = "a***@e***",
        .code = COG_E_NET,
    },
    {
        .name = "a trigger's words are not for somebody unproven",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                    PROPOSES(, NEW)},
        .exchanges = {SENDS_CODE,
                      RESETS(400, ERROR("UserLambdaValidationException",
                                        "not today"))},
        .arg = "a***@e***",
        .code = COG_E_DENIED,
    },
    {
        .name = "denied: nothing is sent",
        .config = "deny_users = alice",
        .answers = {CURRENT(""), FORGOTTEN("yes")},
        .code = COG_E_IDENTITY,
        .message = "deny_users",
    },
    {
        .name = "the pool does not say where the code went",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                    PROPOSES(, NEW)},
        .exchanges = {{.expect = "ForgotPassword", .status = 200, .body = "{}"},
                      RESETS(200, "{}")},
        .reason = "password set with a code",
        .arg = "***",
    },
    {
        .name = "unknown here: asked the same, and nothing is sent",
        .unknown = true,
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                    PROPOSES(, NEW), CODE(_WRONG, "123456"),
                    CODE(_WRONG, "123456"), CODE(_WRONG, "123456")},
        .arg = "***",
        .code = COG_E_DENIED,
        .message = "no valid code",
        .note = "no such local user",
        .cold = true,
    },
    {
        .name = "unknown here, and types no code either",
        .unknown = true,
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "\x01"),
                    CODE(_WRONG, "  "), CODE(_WRONG, "\xff"), CODE(_WRONG, "")},
        .arg = "***",
        .code = COG_E_DENIED,
        .message = "no valid code",
        .note = "no such local user",
        .cold = true,
    },
    {
        .name = "mapped to nobody",
        .pool_user = "",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                    PROPOSES(, NEW), CODE(_WRONG, "123456"),
                    CODE(_WRONG, "123456"), CODE(_WRONG, "123456")},
        .arg = "***",
        .code = COG_E_DENIED,
        .message = "no valid code",
        .note = "maps to none",
        .cold = true,
    },
    {
        .name = "the conversation fails",
        .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, NULL)},
        .exchanges = {SENDS_CODE},
        .arg = "a***@e***",
        .code = COG_E_CONV,
    },
};

static int
make_replies(void **state)
{
    static const struct {
        char *reply;
        const char *changes;
    } replies[] = {
        {tokens_reply, ""},
        {bob_reply, "{\"cognito:username\":\"bob\"}"},
    };

    if (tokens_setup(state) < 0)
        return -1;
    for (size_t i = 0; i < COG_COUNT(replies); i++) {
        struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);

        tokens_sign(replies[i].changes, &token);
        (void)snprintf(replies[i].reply, SIGN_MAX,
                       "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\","
                       "\"IdToken\":\"%s\",\"RefreshToken\":\"r.e.f\"}}",
                       cog_secret_str(&token));
        cog_secret_clear(&token);
    }
    (void)snprintf(keys_reply, sizeof(keys_reply), "%s", tokens_jwks());
    return 0;
}

static struct cog_prepared
prepare(const struct script *script)
{
    const char *pool = script->pool_user == NULL ? "alice" : script->pool_user;
    struct cog_prepared prepared = COG_PREPARED_INIT;

    prepared.config = tokens_config(
        script->config == NULL ? "allow_users = alice" : script->config, NULL);
    (void)snprintf(prepared.local.account.name,
                   sizeof(prepared.local.account.name), "alice");
    prepared.local.account.exists = !script->unknown;
    prepared.local.account.uid = 1000;
    (void)snprintf(prepared.pool_user, sizeof(prepared.pool_user), "%s", pool);
    (void)snprintf(prepared.no_pool_user, sizeof(prepared.no_pool_user),
                   "maps to none");
    return prepared;
}

static struct world
make_world(const struct script *script)
{
    struct world world = WORLD_INIT;

    world.exchanges = script->exchanges;
    while (world.exchange_count < MOST_EXCHANGES &&
           script->exchanges[world.exchange_count].expect != NULL)
        world.exchange_count++;
    world.answers = script->answers;
    while (world.answer_count < MOST_ANSWERS &&
           script->answers[world.answer_count].expect != COG_TEXT_NONE)
        world.answer_count++;
    return world;
}

static void
check_shown(const struct script *script, const struct world *world)
{
    const char *arg = "";

    for (size_t i = 0; i < world->question_count; i++) {
        if (world->questions[i].arg[0][0] != '\0')
            arg = world->questions[i].arg[0];
    }
    assert_string_equal(arg, script->arg == NULL ? "" : script->arg);
    assert_int_equal(world->told_count, script->told == NULL ? 0 : 1);
    if (script->told != NULL) {
        assert_int_equal(world->told[0].text, COG_TEXT_POOL_SAYS);
        assert_string_equal(world->told[0].arg[0], script->told);
    }
    assert_int_equal(world->warm_count, script->cold ? 0 : 1);
}

/* On the way to the pool, what happens beside. */
struct wire {
    struct cog_transport whole;
    void (*beside)(const struct cog_login *login, const char *target);
    const struct cog_login *login;
};

static int
send_beside(void *ctx, const struct cog_http_request *req,
            struct cog_http_reply *reply, struct cog_err *err)
{
    const struct wire *wire = ctx;

    if (wire->beside != NULL && req->target != NULL)
        wire->beside(wire->login, strrchr(req->target, '.') + 1);
    return wire->whole.send(wire->whole.ctx, req, reply, err);
}

static void
play(const struct script *script, struct cog_store *store,
     void (*beside)(const struct cog_login *login, const char *target))
{
    struct world world = make_world(script);
    struct cog_env env = world_env(&world);
    struct cog_prepared prepared = prepare(script);
    const struct cog_login login = {.prepared = &prepared,
                                    .cache_dir = -1,
                                    .store = store,
                                    .store_unsound = script->unsound};
    struct wire wire = {env.transport, beside, &login};
    struct cog_login_facts facts;
    struct cog_err err = COG_ERR_INIT;
    int rc;

    if (beside != NULL) {
        env.transport.send = send_beside;
        env.transport.ctx = &wire;
        env.transport.warm = NULL;
    }
    rc = cog_change_password(&env, &login, &facts, &err);
    if (err.code != script->code)
        fail_msg("%s: code %d: %s", script->name, (int)err.code, err.msg);
    assert_int_equal(rc, script->code == COG_OK ? 0 : -1);
    if (script->message != NULL && strstr(err.msg, script->message) == NULL)
        fail_msg("%s: %s", script->name, err.msg);
    if (script->reason != NULL)
        assert_string_equal(facts.rule, script->reason);
    if (script->note == NULL ? facts.note.msg[0] != '\0'
                             : strstr(facts.note.msg, script->note) == NULL)
        fail_msg("%s: note '%s'", script->name, facts.note.msg);
    assert_string_equal(facts.sub, script->verified ? TOKENS_SUB : "");
    check_shown(script, &world);
    cog_prepared_clear(&prepared);
    world_check(&world);
}

static void
play_all(const struct script *scripts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        print_message("%s\n", scripts[i].name);
        play(&scripts[i], NULL, NULL);
    }
}

static void
with_the_current_password(void **state)
{
    (void)state;
    play_all(by_password, COG_COUNT(by_password));
}

static void
with_a_code(void **state)
{
    (void)state;
    play_all(by_code, COG_COUNT(by_code));
}

/* Offline, the old password must no longer do. */
static const struct cog_binding bound = {.user = "alice",
                                         .issuer = TOKENS_ISSUER,
                                         .sub = TOKENS_SUB,
                                         .recorded = true};

static struct cog_record_key
record_key(const struct cog_prepared *prepared)
{
    return cog_keep_key(prepared, TOKENS_SUB);
}

static void
keep_verifier(struct cog_store *store, const struct cog_prepared *prepared)
{
    const struct cog_record_key key = record_key(prepared);
    struct cog_record record = COG_RECORD_INIT;
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_append_str(&record.verifier, "$y$", &err), 0);
    assert_int_equal(cog_binding_write(store, &bound, &err), 0);
    assert_int_equal(cog_record_write(store, &key, &record, &err), 0);
    cog_record_clear(&record);
}

static size_t
verifier_len(struct cog_store *store, const struct cog_prepared *prepared)
{
    const struct cog_record_key key = record_key(prepared);
    struct cog_record record = COG_RECORD_INIT;
    struct cog_err err = COG_ERR_INIT;
    bool found = false;
    bool lost = false;
    size_t len;

    assert_int_equal(cog_record_read(store, &key, &record, &found, &lost, &err),
                     0);
    assert_true(found);
    len = record.verifier.len;
    cog_record_clear(&record);
    return len;
}

#define FORCED by_password[2]

/* Before the pool can have changed it, whatever its answer; and again, should a
 * sign-in beside have kept it meanwhile. */
static void
keep_meanwhile(const struct cog_login *login, const char *target)
{
    if (strcmp(target, "ChangePassword") != 0 &&
        strcmp(target, "ConfirmForgotPassword") != 0)
        return;
    assert_int_equal(verifier_len(login->store, login->prepared), 0);
    keep_verifier(login->store, login->prepared);
}

static void
the_old_one_no_longer_works_offline(void **state)
{
    const struct script *const scripts[] = {&by_password[0], &by_code[0],
                                            &FORCED};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(scripts); i++) {
        struct cog_store *store = shelf_open();
        struct cog_prepared prepared = prepare(scripts[i]);
        struct script script = *scripts[i];

        script.cold = true; /* play() has other things to do */
        keep_verifier(store, &prepared);
        play(&script, store, keep_meanwhile);
        assert_int_equal(verifier_len(store, &prepared), 0);
        cog_prepared_clear(&prepared);
        cog_store_close(store);
    }
}

/* Nor does it when the pool may have changed it, and its answer was lost. */
static void
a_lost_reply(void **state)
{
    static const struct script scripts[] = {
        {
            .name = "ChangePassword",
            .answers = {CURRENT(OLD), PROPOSES(, NEW)},
            .exchanges = {SIGNS_IN(200, tokens_reply),
                          GETS_KEYS,
                          {.expect = "ChangePassword"},
                          REVOKES},
            .code = COG_E_NET,
            .verified = true,
        },
        {
            .name = "ConfirmForgotPassword",
            .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                        PROPOSES(, NEW)},
            .exchanges = {SENDS_CODE, {.expect = "ConfirmForgotPassword"}},
            .arg = "a***@e***",
            .code = COG_E_NET,
        },
        {
            .name = "a forced change, and then a code",
            .answers = {CURRENT(OLD),
                        {COG_TEXT_MUST_CHANGE, true, "yes", 0},
                        PROPOSES(, NEW),
                        {COG_TEXT_TOTP, true, "123456", 0}},
            .exchanges = {SIGNS_IN(200, CHALLENGE("NEW_PASSWORD_REQUIRED")),
                          {.expect = "RespondToAuthChallenge",
                           .holds = {NEW},
                           .status = 200,
                           .body = CHALLENGE("SOFTWARE_TOKEN_MFA")},
                          {.expect = "RespondToAuthChallenge"}},
            .code = COG_E_NET,
        },
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(scripts); i++) {
        struct cog_store *store = shelf_open();
        struct cog_prepared prepared = prepare(&scripts[i]);

        print_message("%s\n", scripts[i].name);
        keep_verifier(store, &prepared);
        play(&scripts[i], store, NULL);
        assert_int_equal(verifier_len(store, &prepared), 0);
        cog_prepared_clear(&prepared);
        cog_store_close(store);
    }
}

#define STAYS_AS_IT_IS                                           \
    .code = COG_E_SYSTEM, .message = "the old password would st" \
                                     "ill work offline: "
static const struct script no_change = {
    .name = "no change",
    .answers = {CURRENT(OLD), PROPOSES(, NEW)},
    .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS, REVOKES},
    .verified = true,
    STAYS_AS_IT_IS,
};
static const struct script no_reset = {
    .name = "no reset",
    .answers = {CURRENT(""), FORGOTTEN("yes"), CODE(, "123456"),
                PROPOSES(, NEW)},
    .exchanges = {SENDS_CODE},
    .arg = "a***@e***",
    STAYS_AS_IT_IS,
};

static void
take_binding(struct cog_store *store)
{
    (void)store;
    shelf_write(shelf_only("state/bindings"), "nonsense\n", 9);
}

static void
take_room(struct cog_store *store)
{
    (void)store;
    shelf_fill_disk();
}

static void
take_locks(struct cog_store *store)
{
    (void)store;
    (void)unlink(shelf_path("state/locks/alice"));
    assert_int_equal(rmdir(shelf_path("state/locks")), 0);
}

/* Nothing is sent while the old one cannot be dropped. */
static void
what_would_work_offline_is_not_changed(void **state)
{
    static const struct {
        const struct script *script;
        void (*take)(struct cog_store *store);
    } cases[] = {
        {&no_reset, take_binding},
        {&no_reset, take_locks},
        {&no_reset, take_room}, /* a stranger's word ends no record */
        {&no_change, take_locks},
    };

    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_store *store = shelf_open();
        struct cog_prepared prepared = prepare(cases[i].script);

        keep_verifier(store, &prepared);
        cases[i].take(store);
        play(cases[i].script, store, NULL);
        shelf_free_disk();
        if (cases[i].take == take_room)
            assert_int_equal(verifier_len(store, &prepared), 3);
        cog_prepared_clear(&prepared);
        cog_store_close(store);
        shelf_renew(state);
    }
}

static void
an_unsound_store(void **state)
{
    struct script script = no_reset;

    (void)state;
    script.unsound = true;
    play(&script, NULL, NULL);
}

/* The key may come back, and with it what the record holds. */
static void
a_key_that_is_not_there_now(void **state)
{
    struct cog_store_input input;
    struct cog_store *store = shelf_open();
    struct cog_prepared prepared = prepare(&no_reset);
    struct cog_binding never = bound;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    keep_verifier(store, &prepared);
    cog_store_close(store);
    assert_int_equal(rename(shelf_path("state/seal.key"), shelf_path("key")),
                     0);
    input = shelf_input();
    input.may_make_key = false;
    assert_int_equal(cog_store_open(&input, &store, &err), 0);
    assert_non_null(cog_store_no_key(store));
    play(&no_reset, store, NULL);
    play(&no_change, store, NULL);

    /* Of whom no record was ever kept. */
    never.recorded = false;
    assert_int_equal(cog_binding_write(store, &never, &err), 0);
    play(&no_reset, store, NULL); /* or so the binding says */
    assert_int_equal(unlink(shelf_only("state/records")), 0);
    play(&by_code[0], store, NULL);
    cog_prepared_clear(&prepared);
    cog_store_close(store);
}

static void
break_binding(const struct cog_login *login, const char *target)
{
    (void)login;
    if (strcmp(target, "ConfirmForgotPassword") == 0)
        take_binding(login->store);
}

/* It is changed by then. */
static void
a_store_that_fails_then_is_noted(void **state)
{
    struct cog_store *store = shelf_open();
    struct script script = by_code[0];
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_binding_write(store, &bound, &err), 0);
    script.cold = true;
    script.note = "may still work offline";
    play(&script, store, break_binding);
    cog_store_close(store);
}

/* Somebody else's binding: what a sign-in refuses, a change does. */
static void
the_binding_is_checked(void **state)
{
    static const struct script refused = {
        .name = "bound to another",
        .answers = {CURRENT(OLD)},
        .exchanges = {SIGNS_IN(200, tokens_reply), GETS_KEYS, REVOKES},
        .code = COG_E_IDENTITY,
        .message = "bound to another",
        .verified = true,
    };
    struct cog_binding other = bound;
    struct cog_store *store = shelf_open();
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    other.sub[0] = 'x';
    assert_int_equal(cog_binding_write(store, &other, &err), 0);
    play(&refused, store, NULL);
    cog_store_close(store);
}

/* The preliminary check. */
static const struct {
    const char *name;
    struct script script;
    const char *message;
} checks[] = {
    {"there", {.exchanges = {GETS_KEYS}}, NULL},
    {"no key set, but there",
     {.exchanges = {{.expect = TOKENS_JWKS_URL, .status = 404}}},
     NULL},
    {"an endpoint that is not the issuer",
     {.config = "allow_users = alice\nendpoint = https://vpce.example.com/",
      .exchanges = {{.expect = "https://vpce.example.com/" TOKENS_POOL
                               "/.well-known/jwks.json",
                     .status = 200}}},
     NULL},
    {"unknown here", {.unknown = true, .exchanges = {GETS_KEYS}}, NULL},
    {"an outage",
     {.exchanges = {{.expect = TOKENS_JWKS_URL, .status = 503}},
      .code = COG_E_NET},
     "503"},
    {"silence",
     {.exchanges = {{.expect = TOKENS_JWKS_URL}}, .code = COG_E_NET},
     NULL},
    {"TLS",
     {.exchanges = {{.expect = TOKENS_JWKS_URL, .fail = COG_E_PROTOCOL}},
      .code = COG_E_PROTOCOL},
     NULL},
    {"not ours",
     {.config = "allow_users = bob", .code = COG_E_SCOPE},
     "no rule"},
};

static void
before_anything_is_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(checks); i++) {
        const struct script *script = &checks[i].script;
        struct world world = make_world(script);
        const struct cog_env env = world_env(&world);
        struct cog_prepared prepared = prepare(script);
        const struct cog_login login = {.prepared = &prepared, .cache_dir = -1};
        struct cog_err err = COG_ERR_INIT;
        const int rc = cog_change_check(&env, &login, &err);

        if (err.code != script->code)
            fail_msg("%s: %d: %s", checks[i].name, (int)err.code, err.msg);
        assert_int_equal(rc, script->code == COG_OK ? 0 : -1);
        if (checks[i].message != NULL)
            assert_non_null(strstr(err.msg, checks[i].message));
        cog_prepared_clear(&prepared);
        world_check(&world);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_the_current_password),
        cmocka_unit_test(with_a_code),
        SHELF_TEST(the_old_one_no_longer_works_offline),
        SHELF_TEST(a_lost_reply),
        SHELF_TEST(what_would_work_offline_is_not_changed),
        cmocka_unit_test(an_unsound_store),
        SHELF_TEST(a_key_that_is_not_there_now),
        SHELF_TEST(a_store_that_fails_then_is_noted),
        SHELF_TEST(the_binding_is_checked),
        cmocka_unit_test(before_anything_is_changed),
    };

    return cmocka_run_group_tests(tests, make_replies, tokens_teardown);
}
