/* SPDX-License-Identifier: MIT */
#include "lib/pool/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/core/name.h"
#include "lib/pool/hash.h"
#include "tests/unit/world.h"

#define CLIENT_ID "7pub1example2client3id4xyz"
#define SECRET    "1example2secret3of4a5client"
#define PASSWORD  "Passw0rd!"
/* WORLD_INIT's time, as SRP signs it. */
#define TIMESTAMP "Wed Nov 18 11:06:40 UTC 2026"

/* This definition comes before libc's, so that the kernel can refuse. */
static bool random_fails;

ssize_t
getrandom(void *buf, size_t len, unsigned flags)
{
    return random_fails ? -1 : syscall(SYS_getrandom, buf, len, flags);
}

/* What the pool can answer. */
#define TOKENS                                                       \
    "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\",\"IdToken" \
    "\":\"i.d.t\"},\"ChallengeParameters\":{}}"
#define CHALLENGE(name, session, parameters)                            \
    "{\"ChallengeName\":\"" name "\",\"Session\":\"" session "\",\"Cha" \
    "llengeParameters\":{" parameters "}}"
#define TOTP(session) CHALLENGE("SOFTWARE_TOKEN_MFA", session, "")
#define RENEW         CHALLENGE("NEW_PASSWORD_REQUIRED", "s1", "")
#define VERIFIER(who) CHALLENGE("PASSWORD_VERIFIER", "s0", who "," SRP_VALUES)
#define SRP_VALUES \
    "\"SALT\":\"5c5d\",\"SRP_B\":\"1234abcd\",\"SECRET_BLOCK\":\"AAAA\""
#define ALICE "\"USER_ID_FOR_SRP\":\"alice\""
#define ERROR(type, message) \
    "{\"__type\":\"" type "\",\"message\":\"" message "\"}"
#define WRONG_PASSWORD \
    ERROR("NotAuthorizedException", "Incorrect username or password.")
#define WRONG_CODE ERROR("CodeMismatchException", "Invalid code received")
#define USED_CODE  ERROR("ExpiredCodeException", "Your software token has ...")
#define BAD_POLICY ERROR("InvalidPasswordException", "too short")
#define OUTAGE     ERROR("InternalErrorException", "try again")
#define TOO_FAST   ERROR("TooManyRequestsException", "Rate exceeded")

/* One run, as data. */
#define MOST_EXCHANGES 12
#define MOST_ANSWERS   11

struct script {
    const char *name;
    struct world_exchange exchanges[MOST_EXCHANGES];
    struct world_answer answers[MOST_ANSWERS];
    bool srp;
    /* What must come out. */
    bool proven;
    enum cog_errc code;
    const char *message; /* part of it */
    const char *mfa;     /* NULL: none */
};

/* How the tests hold a run; free_run() it. */
struct outcome {
    struct cog_api_reply reply;
    struct cog_flow_facts facts;
    struct cog_err err;
    int rc;
};

/* Whom a run signs in, and how. */
struct setup {
    const char *username;
    const char *a_hex;  /* the fixed secret of an SRP run, or NULL */
    const char *secret; /* of the app client, or NULL */
};

static const struct setup by_password = {.username = "alice"};
static const struct setup by_srp = {.username = "alice", .a_hex = "abcd"};

static void
run_flow(struct world *world, const struct setup *setup, struct outcome *ret)
{
    const struct cog_env env = world_env(world);
    struct cog_secret password = world_secret(PASSWORD);
    struct cog_secret secret = world_secret(SECRET);
    const struct cog_api api = {
        .endpoint = "https://cognito-idp.test/",
        .client_id = CLIENT_ID,
        .client_secret = setup->secret == NULL ? NULL : &secret,
        .transport = &env.transport,
    };
    struct cog_flow flow = {
        .api = &api,
        .pool_name = "Pool1",
        .username = setup->username,
        .password = &password,
    };

    *ret = (struct outcome){.reply = COG_API_REPLY_INIT};
    if (setup->a_hex != NULL) {
        assert_int_equal(cog_srp_start_with(setup->a_hex, &flow.srp, &ret->err),
                         0);
    }
    ret->rc = cog_flow_run(&env, &flow, &ret->reply, &ret->facts, &ret->err);
    cog_srp_close(flow.srp);
    cog_secret_clear(&password);
    cog_secret_clear(&secret);
}

/* A refusal leaves nothing that could be taken for a success. */
static void
check_outcome(const struct outcome *got, enum cog_errc code)
{
    const struct cog_api_tokens *tokens = &got->reply.tokens;

    if (got->err.code != code) {
        fail_msg("code %d, want %d: %s", (int)got->err.code, (int)code,
                 got->err.msg);
    }
    assert_int_equal(got->rc, code == COG_OK ? 0 : -1);
    assert_string_equal(got->reply.challenge, "");
    assert_string_equal(cog_secret_str(&tokens->access),
                        code == COG_OK ? "a.c.c" : "");
    assert_string_equal(cog_secret_str(&tokens->id),
                        code == COG_OK ? "i.d.t" : "");
}

static size_t
exchanges_of(const struct script *script)
{
    size_t n = 0;

    while (n < MOST_EXCHANGES && script->exchanges[n].expect != NULL)
        n++;
    return n;
}

static size_t
answers_of(const struct script *script)
{
    size_t n = 0;

    while (n < MOST_ANSWERS && script->answers[n].expect != COG_TEXT_NONE)
        n++;
    return n;
}

static void
play(const struct script *script)
{
    struct world world = WORLD_INIT;
    struct outcome got;

    print_message("%s\n", script->name);
    world.exchanges = script->exchanges;
    world.exchange_count = exchanges_of(script);
    world.answers = script->answers;
    world.answer_count = answers_of(script);
    run_flow(&world, script->srp ? &by_srp : &by_password, &got);
    check_outcome(&got, script->code);
    if (script->message != NULL && strstr(got.err.msg, script->message) == NULL)
        fail_msg("message '%s', want '%s'", got.err.msg, script->message);
    assert_int_equal(got.facts.proven, script->proven);
    assert_string_equal(got.facts.mfa, script->mfa == NULL ? "" : script->mfa);
    cog_api_clear(&got.reply);
    world_check(&world);
}

/* Rows of exchanges and answers. */
#define START(http, text)                                                      \
    {                                                                          \
        .expect = "InitiateAuth", .status = (http), .body = (text), .holds = { \
            "\"USERNAME\":\"alice\""                                           \
        }                                                                      \
    }
#define RESPOND(challenge, session, value, http, text)                        \
    {                                                                         \
        .expect = "RespondToAuthChallenge", .status = (http), .body = (text), \
        .holds = {                                                            \
            "\"ChallengeName\":\"" challenge "\"",                            \
            "\"Session\":\"" session "\"",                                    \
            "\"" value "\"",                                                  \
            "\"USERNAME\":\"alice\"",                                         \
            "\"ClientId\":\"" CLIENT_ID "\"",                                 \
        }                                                                     \
    }
#define CODE(session, code, http, text)    \
    RESPOND("SOFTWARE_TOKEN_MFA", session, \
            "SOFTWARE_TOKEN_MFA_CODE\":\"" code, http, text)
#define CHANGE(password, http, text)                                           \
    RESPOND("NEW_PASSWORD_REQUIRED", "s1", "NEW_PASSWORD\":\"" password, http, \
            text)
#define PROOF(http, text) \
    RESPOND("PASSWORD_VERIFIER", "s0", "TIMESTAMP\":\"" TIMESTAMP, http, text)
#define SHOWN(text, typed)   \
    {                        \
        text, true, typed, 0 \
    }
#define HIDDEN(text, typed)   \
    {                         \
        text, false, typed, 0 \
    }
/* Typed, and then the conversation fails: nothing of it counts. */
#define BROKEN(text, echo, typed)     \
    {                                 \
        text, echo, typed, COG_E_CONV \
    }
#define NEW_PASSWORD_TWICE(text, first, second) \
    HIDDEN(text, first), HIDDEN(COG_TEXT_NEW_PASSWORD_AGAIN, second)

static const struct script passwords[] = {
    {
        .name = "a password is enough",
        .exchanges = {{.expect = "InitiateAuth",
                       .holds = {"USER_PASSWORD_AUTH", "\"" PASSWORD "\"",
                                 "\"USERNAME\":\"alice\""},
                       .lacks = {"SECRET_HASH", "SRP_A"},
                       .status = 200,
                       .body = TOKENS}},
        .proven = true,
    },
    {
        .name = "SRP proves it without sending it",
        .srp = true,
        .exchanges = {{.expect = "InitiateAuth",
                       .holds = {"USER_SRP_AUTH", "\"SRP_A\":\"",
                                 "\"USERNAME\":\"alice\""},
                       .lacks = {"SECRET_HASH", PASSWORD},
                       .status = 200,
                       .body = VERIFIER(ALICE)},
                      PROOF(200, TOKENS)},
        .proven = true,
    },
    {
        .name = "wrong password",
        .exchanges = {START(400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "wrong password by SRP",
        .srp = true,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "the proof is not sent twice after an outage",
        .srp = true,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(500, OUTAGE)},
        .code = COG_E_NET,
    },
    {
        .name = "tokens nobody proved anything for",
        .srp = true,
        .exchanges = {START(200, TOKENS)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
    },
    {
        .name = "tokens for a code alone",
        .srp = true,
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_TOTP, "123456")},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .mfa = "totp",
    },
    {
        .name = "an SRP challenge after a password",
        .exchanges = {START(200, VERIFIER(ALICE))},
        .code = COG_E_PROTOCOL,
        .message = "an SRP proof nobody offered",
        .proven = true,
    },
    {
        .name = "an SRP challenge without a user",
        .srp = true,
        .exchanges = {START(200, VERIFIER("\"X\":\"\""))},
        .code = COG_E_PROTOCOL,
    },
    {
        .name = "a second SRP challenge: the pair is used up",
        .srp = true,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, VERIFIER(ALICE))},
        .code = COG_E_SYSTEM,
        .proven = true,
    },
    {
        .name = "a reply that is neither tokens nor challenge",
        .exchanges = {START(200, "{}")},
        .code = COG_E_PROTOCOL,
    },
};

static const struct script codes[] = {
    {
        .name = "right code",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_TOTP, "123456")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "right code after SRP",
        .srp = true,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_TOTP, "123456")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "codes have any length, blanks do not count",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "12345678", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_TOTP, " 12 34\t56 78 ")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "wrong, then right",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "111111", 400, WRONG_CODE),
                      CODE("s1", "222222", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_TOTP, "111111"),
                    SHOWN(COG_TEXT_TOTP_WRONG, "222222")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "used, wrong, right: each question says why",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "111111", 400, USED_CODE),
                      CODE("s1", "222222", 400, WRONG_CODE),
                      CODE("s1", "333333", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_TOTP, "111111"),
                    SHOWN(COG_TEXT_TOTP_USED, "222222"),
                    SHOWN(COG_TEXT_TOTP_WRONG, "333333")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "three re-asks, then no more",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "111111", 400, WRONG_CODE),
                      CODE("s1", "222222", 400, WRONG_CODE),
                      CODE("s1", "333333", 400, WRONG_CODE),
                      CODE("s1", "444444", 400, WRONG_CODE)},
        .answers = {SHOWN(COG_TEXT_TOTP, "111111"),
                    SHOWN(COG_TEXT_TOTP_WRONG, "222222"),
                    SHOWN(COG_TEXT_TOTP_WRONG, "333333"),
                    SHOWN(COG_TEXT_TOTP_WRONG, "444444")},
        .code = COG_E_DENIED,
        .message = "wrong code",
        .proven = true,
    },
    {
        .name = "nothing typed is nothing sent",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_TOTP, ""),
                    SHOWN(COG_TEXT_TOTP_WRONG, " \t "),
                    SHOWN(COG_TEXT_TOTP_WRONG, "123456")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "what nobody can have typed is not sent",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_TOTP, "\b\n\r\177INCORRECT"),
                    SHOWN(COG_TEXT_TOTP_WRONG, "12\xff"),
                    SHOWN(COG_TEXT_TOTP_WRONG, "123456")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "nothing typed four times",
        .exchanges = {START(200, TOTP("s1"))},
        .answers = {SHOWN(COG_TEXT_TOTP, ""), SHOWN(COG_TEXT_TOTP_WRONG, ""),
                    SHOWN(COG_TEXT_TOTP_WRONG, ""),
                    SHOWN(COG_TEXT_TOTP_WRONG, "")},
        .code = COG_E_DENIED,
        .message = "no usable authenticator code was given",
        .proven = true,
    },
    {
        .name = "an ended session is not asked about again",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 400,
                           ERROR("NotAuthorizedException",
                                 "Invalid session for the user."))},
        .answers = {SHOWN(COG_TEXT_TOTP, "123456")},
        .code = COG_E_DENIED,
        .message = "session",
        .proven = true,
    },
    {
        .name = "too many codes, after proof",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 400,
                           ERROR("TooManyFailedAttemptsException", ""))},
        .answers = {SHOWN(COG_TEXT_TOTP, "123456")},
        .code = COG_E_MAXTRIES,
        .proven = true,
    },
    {
        .name = "a code is not sent twice after an outage",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 500, OUTAGE)},
        .answers = {SHOWN(COG_TEXT_TOTP, "123456")},
        .code = COG_E_NET,
        .proven = true,
    },
    {
        .name = "the conversation cannot ask for a code",
        .exchanges = {START(200, TOTP("s1"))},
        .answers = {SHOWN(COG_TEXT_TOTP, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "a code of a conversation that failed is not sent",
        .exchanges = {START(200, TOTP("s1"))},
        .answers = {BROKEN(COG_TEXT_TOTP, true, "123456")},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "an empty answer does not hide the conversation's end",
        .exchanges = {START(200, TOTP("s1"))},
        .answers = {SHOWN(COG_TEXT_TOTP, ""), SHOWN(COG_TEXT_TOTP_WRONG, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "the session of the last reply answers",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "111111", 200, TOTP("s2")),
                      CODE("s2", "222222", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_TOTP, "111111"),
                    SHOWN(COG_TEXT_TOTP, "222222")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "challenges without end",
        .exchanges =
            {START(200, TOTP("s1")), CODE("s1", "1", 200, TOTP("s1")),
             CODE("s1", "2", 200, TOTP("s1")), CODE("s1", "3", 200, TOTP("s1")),
             CODE("s1", "4", 200, TOTP("s1")), CODE("s1", "5", 200, TOTP("s1")),
             CODE("s1", "6", 200, TOTP("s1")), CODE("s1", "7", 200, TOTP("s1")),
             CODE("s1", "8", 200, TOTP("s1")), CODE("s1", "9", 200, TOTP("s1")),
             CODE("s1", "10", 200, TOTP("s1"))},
        .answers = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP, "2"),
                    SHOWN(COG_TEXT_TOTP, "3"), SHOWN(COG_TEXT_TOTP, "4"),
                    SHOWN(COG_TEXT_TOTP, "5"), SHOWN(COG_TEXT_TOTP, "6"),
                    SHOWN(COG_TEXT_TOTP, "7"), SHOWN(COG_TEXT_TOTP, "8"),
                    SHOWN(COG_TEXT_TOTP, "9"), SHOWN(COG_TEXT_TOTP, "10")},
        .code = COG_E_MAXTRIES,
        .message = "without end",
        .proven = true,
        .mfa = "totp",
    },
};

#define WANTED(list)                         \
    CHALLENGE("NEW_PASSWORD_REQUIRED", "s1", \
              "\"requiredAttributes\":\"" list "\"")

static const struct script new_passwords[] = {
    {
        .name = "yes and a new password",
        .exchanges = {START(200, RENEW), CHANGE("N3w pass", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w pass",
                                       "N3w pass")},
        .proven = true,
    },
    {
        .name = "YES is yes; no attribute is wanted; a code follows",
        .exchanges = {START(200, WANTED("[]")), CHANGE("N3w", 200, TOTP("s2")),
                      CODE("s2", "123456", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "YES"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w"),
                    SHOWN(COG_TEXT_TOTP, "123456")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "no",
        .exchanges = {START(200, RENEW)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "no")},
        .code = COG_E_DENIED,
        .message = "did not want",
        .proven = true,
    },
    {
        .name = "Enter is no yes",
        .exchanges = {START(200, RENEW)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "")},
        .code = COG_E_DENIED,
        .message = "did not want",
        .proven = true,
    },
    {
        .name = "the old password typed there is no yes",
        .exchanges = {START(200, RENEW)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, PASSWORD)},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "the conversation cannot ask with echo",
        .exchanges = {START(200, RENEW)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "a yes of a conversation that failed is none",
        .exchanges = {START(200, RENEW)},
        .answers = {BROKEN(COG_TEXT_MUST_CHANGE, true, "yes")},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "nor is a new password one",
        .exchanges = {START(200, RENEW)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    BROKEN(COG_TEXT_NEW_PASSWORD, false, "N3w")},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "nor its repetition",
        .exchanges = {START(200, RENEW)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    HIDDEN(COG_TEXT_NEW_PASSWORD, "N3w"),
                    BROKEN(COG_TEXT_NEW_PASSWORD_AGAIN, false, "N3w")},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "the conversation ends before the new password",
        .exchanges = {START(200, RENEW)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    HIDDEN(COG_TEXT_NEW_PASSWORD, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "the conversation ends before its repetition",
        .exchanges = {START(200, RENEW)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "different, the old one, refused, then good",
        .exchanges = {START(200, RENEW), CHANGE("short", 400, BAD_POLICY),
                      CHANGE("N3w", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3W"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_DIFFERS, PASSWORD,
                                       PASSWORD),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_SAME, "short",
                                       "short"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "N3w",
                                       "N3w")},
        .proven = true,
    },
    {
        .name = "the old one four times is never sent",
        .exchanges = {START(200, RENEW)},
        .answers =
            {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
             NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, PASSWORD, PASSWORD),
             NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_SAME, PASSWORD, PASSWORD),
             NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_SAME, PASSWORD, PASSWORD),
             NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_SAME, PASSWORD,
                                PASSWORD)},
        .code = COG_E_DENIED,
        .message = "no usable new password",
        .proven = true,
    },
    {
        .name = "nothing typed is nothing sent",
        .exchanges = {START(200, RENEW), CHANGE("N3w", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "", ""),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "N3w",
                                       "N3w")},
        .proven = true,
    },
    {
        .name = "one our next sign-in would refuse is not sent",
        .exchanges = {START(200, RENEW), CHANGE("N3w", 200, TOKENS)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w\x1b",
                                       "N3w\x1b"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "N3w",
                                       "N3w")},
        .proven = true,
    },
    {
        .name = "the policy refuses four times",
        .exchanges = {START(200, RENEW), CHANGE("a", 400, BAD_POLICY),
                      CHANGE("b", 400, BAD_POLICY),
                      CHANGE("c", 400, BAD_POLICY),
                      CHANGE("d", 400, BAD_POLICY)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "a", "a"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "b", "b"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "c", "c"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "d",
                                       "d")},
        .code = COG_E_DENIED,
        .message = "policy",
        .proven = true,
    },
    {
        .name = "another refusal is not asked about again",
        .exchanges = {START(200, RENEW), CHANGE("N3w", 400, WRONG_PASSWORD)},
        .answers = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                    NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w")},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "attributes are wanted: nothing is asked",
        .exchanges = {START(200, WANTED("[\\\"userAttributes.email\\\"]"))},
        .code = COG_E_CHALLENGE,
        .message = "NEW_PASSWORD_REQUIRED wants attributes",
        .proven = true,
    },
};

static void
passwords_and_proofs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(passwords); i++)
        play(&passwords[i]);
}

static void
authenticator_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(codes); i++)
        play(&codes[i]);
}

static void
forced_new_passwords(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(new_passwords); i++)
        play(&new_passwords[i]);
}

/* A challenge is never a success: whatever its name, and wherever it comes. */
static void
other_challenges_are_refused_by_name(void **state)
{
    static const char *const names[] = {
        "SMS_MFA",
        "EMAIL_OTP",
        "SMS_OTP",
        "CUSTOM_CHALLENGE",
        "SELECT_MFA_TYPE",
        "MFA_SETUP",
        "DEVICE_SRP_AUTH",
        "DEVICE_PASSWORD_VERIFIER",
        "PASSWORD",
        "PASSWORD_SRP",
        "WEB_AUTHN",
        "SELECT_CHALLENGE",
        "NEW_CHALLENGE",
        "ADMIN_NO_SRP_AUTH",
        "SUCCESS",
        "SOFTWARE_TOKEN_MF",
        "OK",
        "SOFTWARE_TOKEN_MFA2",
        "AUTHENTICATED",
        "software_token_mfa",
        "PASSWORD_VERIFY",
        "new_password_required",
    };
    char reply[256];
    char want[128];

    (void)state;
    for (size_t i = 0; i < 2 * COG_COUNT(names); i++) {
        const bool srp = i >= COG_COUNT(names);
        const char *name = names[i % COG_COUNT(names)];
        const struct world_exchange script[] = {
            START(200, srp ? VERIFIER(ALICE) : reply),
            PROOF(200, reply),
        };
        struct world world = WORLD_INIT;
        struct outcome got;

        (void)snprintf(reply, sizeof(reply), CHALLENGE("%s", "s1", ""), name);
        (void)snprintf(want, sizeof(want), "challenge %s,", name);
        world.exchanges = script;
        world.exchange_count = srp ? 2 : 1;
        run_flow(&world, srp ? &by_srp : &by_password, &got);
        check_outcome(&got, COG_E_CHALLENGE);
        assert_non_null(strstr(got.err.msg, want));
        assert_true(got.facts.proven);
        cog_api_clear(&got.reply);
        world_check(&world);
    }
}

/* Who is named to the pool. */
static void
expect_request(const struct world *world, size_t n, const char *member,
               const char *value)
{
    char want[256];

    (void)snprintf(want, sizeof(want), "\"%s\":\"%s\"", member, value);
    assert_true(n < world->request_count);
    if (strstr(world->requests[n].body, want) == NULL)
        fail_msg("request %zu lacks %s: %s", n, want, world->requests[n].body);
}

/* SECRET_HASH is made of the user name of its own call. */
static void
expect_hash(const struct world *world, size_t n, const char *username)
{
    struct cog_secret secret = world_secret(SECRET);
    struct cog_secret hash = COG_SECRET_INIT(COG_HASH_B64_BYTES);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_hash_secret(username, CLIENT_ID, &secret, &hash, &err),
                     0);
    expect_request(world, n, "USERNAME", username);
    expect_request(world, n, "SECRET_HASH", cog_secret_str(&hash));
    cog_secret_clear(&hash);
    cog_secret_clear(&secret);
}

static void
the_pool_s_own_name_answers(void **state)
{
    static const struct setup setup = {
        .username = "alice@example.com", .a_hex = "abcd", .secret = SECRET};
    static const struct {
        const char *parameters; /* of the first challenge */
        const char *name;       /* who answers it */
    } cases[] = {
        {"\"USER_ID_FOR_SRP\":\"u-1\",\"USERNAME\":\"u-2\"", "u-1"},
        {"\"USER_ID_FOR_SRP\":\"u-1\"", "u-1"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char first[512];
        const struct world_exchange script[] = {
            {.expect = "InitiateAuth", .status = 200, .body = first},
            {.expect = "RespondToAuthChallenge",
             .status = 200,
             .body = TOTP("s1")},
            {.expect = "RespondToAuthChallenge", .status = 200, .body = TOKENS},
        };
        static const struct world_answer answers[] = {
            SHOWN(COG_TEXT_TOTP, "123456")};
        struct world world = WORLD_INIT;
        struct outcome got;

        (void)snprintf(first, sizeof(first),
                       CHALLENGE("PASSWORD_VERIFIER", "s0", "%s," SRP_VALUES),
                       cases[i].parameters);
        WORLD_EXCHANGES(&world, script);
        WORLD_ANSWERS(&world, answers);
        run_flow(&world, &setup, &got);
        check_outcome(&got, COG_OK);
        expect_hash(&world, 0, "alice@example.com");
        expect_hash(&world, 1, cases[i].name);
        expect_hash(&world, 2, cases[i].name);
        cog_api_clear(&got.reply);
        world_check(&world);
    }
}

static void
a_challenge_s_username_answers_it(void **state)
{
    static const struct setup setup = {.username = "alice@example.com",
                                       .secret = SECRET};
    static const struct world_exchange script[] = {
        {.expect = "InitiateAuth",
         .status = 200,
         .body = CHALLENGE("SOFTWARE_TOKEN_MFA", "s1",
                           "\"USERNAME\":\"u-2\",\"USER_ID_FOR_SRP\":null")},
        {.expect = "RespondToAuthChallenge", .status = 200, .body = TOKENS},
    };
    static const struct world_answer answers[] = {SHOWN(COG_TEXT_TOTP, "1")};
    struct world world = WORLD_INIT;
    struct outcome got;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    WORLD_ANSWERS(&world, answers);
    run_flow(&world, &setup, &got);
    check_outcome(&got, COG_OK);
    expect_hash(&world, 0, "alice@example.com");
    expect_hash(&world, 1, "u-2");
    cog_api_clear(&got.reply);
    world_check(&world);
}

static void
names_no_pool_can_give(void **state)
{
    static const char *const names[] = {"", "a b", "a\\nb", "a\\u202eb"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(names); i++) {
        char reply[256];
        const struct world_exchange script[] = {START(200, reply)};
        struct world world = WORLD_INIT;
        struct outcome got;

        (void)snprintf(
            reply, sizeof(reply),
            CHALLENGE("SOFTWARE_TOKEN_MFA", "s1", "\"USERNAME\":\"%s\""),
            names[i]);
        WORLD_EXCHANGES(&world, script);
        run_flow(&world, &by_password, &got);
        check_outcome(&got, COG_E_PROTOCOL);
        world_check(&world);
    }
}

/* One byte more than there is room for: refused, not cut. */
static void
a_name_too_long_for_its_place(void **state)
{
    char name[COG_NAME_POOL_BYTES + 1] = "";
    char reply[COG_NAME_POOL_BYTES + 256];
    const struct setup setup = {.username = name};
    const struct world_exchange script[] = {START(200, reply)};
    struct world world = WORLD_INIT;
    struct outcome got;

    (void)state;
    memset(name, 'a', COG_NAME_POOL_BYTES);
    (void)snprintf(reply, sizeof(reply),
                   CHALLENGE("SOFTWARE_TOKEN_MFA", "s1", "\"USERNAME\":\"%s\""),
                   name);
    run_flow(&world, &setup, &got);
    check_outcome(&got, COG_E_DENIED);
    assert_int_equal(world.request_count, 0);

    WORLD_EXCHANGES(&world, script);
    run_flow(&world, &by_password, &got);
    check_outcome(&got, COG_E_PROTOCOL);
    world_check(&world);
}

/* The proof is the one SRP makes for this pool, user, password and time. */
static void
the_proof_is_srp_s(void **state)
{
    static const struct world_exchange script[] = {
        START(200, VERIFIER("\"USER_ID_FOR_SRP\":\"u-1\"")),
        {.expect = "RespondToAuthChallenge", .status = 200, .body = TOKENS},
    };
    struct cog_secret password = world_secret(PASSWORD);
    const struct cog_srp_challenge challenge = {
        .pool_name = "Pool1",
        .user_id = "u-1",
        .password = &password,
        .salt = "5c5d",
        .b = "1234abcd",
        .secret_block = "AAAA",
    };
    struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    struct cog_err err = COG_ERR_INIT;
    struct world world = WORLD_INIT;
    struct cog_srp *srp = NULL;
    struct outcome got;

    (void)state;
    assert_int_equal(cog_srp_start_with("abcd", &srp, &err), 0);
    assert_int_equal(cog_srp_sign(srp, &challenge, TIMESTAMP, &signature, &err),
                     0);
    WORLD_EXCHANGES(&world, script);
    run_flow(&world, &by_srp, &got);
    check_outcome(&got, COG_OK);
    expect_request(&world, 0, "SRP_A", cog_srp_public(srp));
    expect_request(&world, 1, "PASSWORD_CLAIM_SIGNATURE",
                   cog_secret_str(&signature));
    expect_request(&world, 1, "PASSWORD_CLAIM_SECRET_BLOCK", "AAAA");
    expect_request(&world, 1, "TIMESTAMP", TIMESTAMP);
    expect_request(&world, 1, "USERNAME", "u-1");
    cog_srp_close(srp);
    cog_secret_clear(&signature);
    cog_secret_clear(&password);
    cog_api_clear(&got.reply);
    world_check(&world);
}

static void
a_broken_clock_proves_nothing(void **state)
{
    static const struct world_exchange script[] = {START(200, VERIFIER(ALICE))};
    struct world world = WORLD_INIT;
    struct outcome got;

    (void)state;
    world.unix_s = -1;
    WORLD_EXCHANGES(&world, script);
    run_flow(&world, &by_srp, &got);
    check_outcome(&got, COG_E_SYSTEM);
    assert_false(got.facts.proven);
    world_check(&world);
}

/* Other tries. */
#define LOCKED(type) ERROR(type, "")

/* What the first request meets, and how often it is made. */
static const struct {
    const char *name;
    struct world_exchange meets;
    size_t requests; /* until it is given up */
    enum cog_errc code;
    enum cog_refusal refusal;
} troubles[] = {
    {"no connection", {.expect = "InitiateAuth"}, 3, COG_E_NET, 0},
    {"an outage", START(500, OUTAGE), 3, COG_E_NET, COG_REFUSAL_UNREACHABLE},
    {"a gateway", START(503, "<html>"), 3, COG_E_NET, COG_REFUSAL_UNREACHABLE},
    {"throttled", START(400, TOO_FAST), 5, COG_E_THROTTLED,
     COG_REFUSAL_THROTTLED},
    {"throttled in HTTP's words", START(429, ""), 5, COG_E_THROTTLED,
     COG_REFUSAL_THROTTLED},
    {"wrong password", START(400, WRONG_PASSWORD), 1, COG_E_DENIED,
     COG_REFUSAL_CREDENTIALS},
    {"a user's limit", START(400, LOCKED("LimitExceededException")), 1,
     COG_E_DENIED, COG_REFUSAL_LOCKED},
    {"a user's failures", START(400, LOCKED("TooManyFailedAttemptsException")),
     1, COG_E_DENIED, COG_REFUSAL_LOCKED},
    {"a locked user",
     START(400, ERROR("NotAuthorizedException", "Password attempts exceeded")),
     1, COG_E_DENIED, COG_REFUSAL_LOCKED},
    {"a wrong client", START(400, ERROR("ResourceNotFoundException", "")), 1,
     COG_E_CLIENT, COG_REFUSAL_OTHER},
    {"TLS",
     {.expect = "InitiateAuth", .fail = COG_E_PROTOCOL},
     1,
     COG_E_PROTOCOL,
     0},
    {"nobody waits",
     {.expect = "InitiateAuth", .fail = COG_E_SYSTEM},
     1,
     COG_E_SYSTEM,
     0},
};

/* Waits double, and stay below their bound. */
static void
check_pauses(const struct world *world, size_t count)
{
    assert_int_equal(world->pause_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(world->pauses_ms[i] >= 0);
        assert_true(world->pauses_ms[i] <= (int64_t)500 << i);
    }
}

/* By password and by SRP: the first request of either. */
static void
meet_trouble(size_t i, const struct setup *setup)
{
    struct world_exchange script[5];
    struct world world = WORLD_INIT;
    struct outcome got;

    print_message("%s\n", troubles[i].name);
    for (size_t n = 0; n < COG_COUNT(script); n++)
        script[n] = troubles[i].meets;
    world.exchanges = script;
    world.exchange_count = troubles[i].requests;
    run_flow(&world, setup, &got);
    check_outcome(&got, troubles[i].code);
    assert_int_equal(got.facts.refusal, troubles[i].refusal);
    assert_false(got.facts.proven);
    check_pauses(&world, troubles[i].requests - 1);
    world_check(&world);
}

static void
troubles_that_stay(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(troubles); i++) {
        meet_trouble(i, &by_password);
        meet_trouble(i, &by_srp);
    }
}

static void
troubles_that_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(troubles); i++) {
        const struct world_exchange script[] = {troubles[i].meets,
                                                START(200, TOKENS)};
        struct world world = WORLD_INIT;
        struct outcome got;

        if (troubles[i].requests == 1)
            continue;
        WORLD_EXCHANGES(&world, script);
        run_flow(&world, &by_password, &got);
        check_outcome(&got, COG_OK);
        assert_true(got.facts.proven);
        assert_int_equal(got.facts.refusal, COG_REFUSAL_NONE);
        check_pauses(&world, 1);
        cog_api_clear(&got.reply);
        world_check(&world);
    }
}

/* Hosts that were throttled together do not come back together; without a
 * random number a host waits its longest. */
static void
pauses_are_spread(void **state)
{
    static const struct world_exchange script[] = {
        START(400, TOO_FAST), START(400, TOO_FAST), START(400, TOO_FAST),
        START(400, TOO_FAST), START(400, TOO_FAST)};
    int64_t sums[2] = {0, 0};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(sums); i++) {
        struct world world = WORLD_INIT;
        struct outcome got;

        random_fails = i == 1;
        WORLD_EXCHANGES(&world, script);
        run_flow(&world, &by_password, &got);
        random_fails = false;
        for (size_t n = 0; n < world.pause_count; n++)
            sums[i] += world.pauses_ms[n];
        world_check(&world);
    }
    assert_true(sums[0] > 0 && sums[0] < 500 + 1000 + 2000 + 4000);
    assert_int_equal(sums[1], 500 + 1000 + 2000 + 4000);
}

/* What is said in the end is what the pool said, not that time ran out. */
static void
no_time_for_another_try(void **state)
{
    static const struct world_exchange script[] = {START(400, TOO_FAST)};
    struct world world = WORLD_INIT;
    struct outcome got;

    (void)state;
    world.pause_fail = COG_E_NET;
    WORLD_EXCHANGES(&world, script);
    run_flow(&world, &by_password, &got);
    check_outcome(&got, COG_E_THROTTLED);
    check_pauses(&world, 1);
    world_check(&world);
}

static void
a_transport_that_cannot_pause(void **state)
{
    static const struct world_exchange script[] = {START(500, OUTAGE)};
    struct world world = WORLD_INIT;
    struct cog_env env = world_env(&world);
    struct cog_secret password = world_secret(PASSWORD);
    const struct cog_api api = {
        .endpoint = "https://cognito-idp.test/",
        .client_id = CLIENT_ID,
        .transport = &env.transport,
    };
    const struct cog_flow flow = {
        .api = &api, .username = "alice", .password = &password};
    struct outcome got = {.reply = COG_API_REPLY_INIT};

    (void)state;
    env.transport.pause = NULL;
    WORLD_EXCHANGES(&world, script);
    got.rc = cog_flow_run(&env, &flow, &got.reply, &got.facts, &got.err);
    check_outcome(&got, COG_E_NET);
    cog_secret_clear(&password);
    world_check(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_and_proofs),
        cmocka_unit_test(authenticator_codes),
        cmocka_unit_test(forced_new_passwords),
        cmocka_unit_test(other_challenges_are_refused_by_name),
        cmocka_unit_test(the_pool_s_own_name_answers),
        cmocka_unit_test(a_challenge_s_username_answers_it),
        cmocka_unit_test(names_no_pool_can_give),
        cmocka_unit_test(a_name_too_long_for_its_place),
        cmocka_unit_test(the_proof_is_srp_s),
        cmocka_unit_test(a_broken_clock_proves_nothing),
        cmocka_unit_test(troubles_that_stay),
        cmocka_unit_test(troubles_that_pass),
        cmocka_unit_test(pauses_are_spread),
        cmocka_unit_test(no_time_for_another_try),
        cmocka_unit_test(a_transport_that_cannot_pause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
