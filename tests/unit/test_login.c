/* SPDX-License-Identifier: MIT */
/*
 * Whole sign-ins in a scripted world, with tokens that are really signed. The
 * script is exact: a request or a question more or less fails the test.
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
#include <openssl/crypto.h>
#include <unistd.h>

#include "tests/sign.h"
#include "tests/unit/tokens.h"
#include "tests/unit/world.h"

#define PASSWORD     "Passw0rd!"
#define SECRET       "1example2secret3of4a5client"
#define ALLOWS_ALICE "allow_users = alice\n"

/* What the pool can answer. */
/* Made anew for every sign-in, from the script's `claims`. */
static char tokens_reply[SIGN_MAX];
static char bare_reply[SIGN_MAX]; /* the same without a refresh token */
static char keys_reply[SIGN_MAX];

#define ERROR(type, message) \
    "{\"__type\":\"" type "\",\"message\":\"" message "\"}"
#define WRONG_PASSWORD \
    ERROR("NotAuthorizedException", "Incorrect username or password.")
#define CHALLENGE(name, parameters)                                     \
    "{\"ChallengeName\":\"" name "\",\"Session\":\"s1\",\"ChallengePar" \
    "ameters\":{" parameters "}}"
#define TOTP CHALLENGE("SOFTWARE_TOKEN_MFA", "")
#define VERIFIER                                                            \
    CHALLENGE("PASSWORD_VERIFIER", "\"USER_ID_FOR_SRP\":\"alice\",\"SALT\"" \
                                   ":\"5c5d\",\"SRP_B\":\"1234abcd\","      \
                                   "\"SECRET_BLOCK\":\"AAAA\"")

#define SENDS(password, http, text)                                 \
    {                                                               \
        .expect = "InitiateAuth",                                   \
        .holds = {"USER_PASSWORD_AUTH", "\"USERNAME\":\"alice\"",   \
                  "\"PASSWORD\":\"" password "\""},                 \
        .lacks = {"SECRET_HASH"}, .status = (http), .body = (text), \
    }
#define PROVES(http, text)                                          \
    {                                                               \
        .expect = "InitiateAuth",                                   \
        .holds = {"USER_SRP_AUTH"},                                 \
        .lacks = {PASSWORD},                                        \
        .status = 200,                                              \
        .body = VERIFIER,                                           \
    },                                                              \
    {                                                               \
        .expect = "RespondToAuthChallenge",                         \
        .holds = {"PASSWORD_CLAIM_SIGNATURE"}, .lacks = {PASSWORD}, \
        .status = (http), .body = (text),                           \
    }
#define SENDS_CODE(http, text)                                                 \
    {                                                                          \
        .expect = "RespondToAuthChallenge",                                    \
        .holds = {"\"SOFTWARE_TOKEN_MFA_CODE\":\"123456\""}, .status = (http), \
        .body = (text),                                                        \
    }
#define GETS_KEYS(http, text)                                       \
    {                                                               \
        .expect = TOKENS_JWKS_URL, .status = (http), .body = (text) \
    }
#define REVOKES                                                    \
    {                                                              \
        .expect = "RevokeToken", .holds = {"\"Token\":\"r.e.f\""}, \
        .status = 200, .body = "{}"                                \
    }
#define TYPES(text)                                \
    {                                              \
        COG_TEXT_PASSWORD_PROMPT, false, (text), 0 \
    }
#define TYPES_CODE(text)               \
    {                                  \
        COG_TEXT_TOTP, true, (text), 0 \
    }

/* auth_flow = user_auth. */
#define TYPES_OR_ENTER(text)                        \
    {                                               \
        COG_TEXT_PASSWORD_OR_MENU, false, (text), 0 \
    }
#define CHOOSES(text, number)     \
    {                             \
        (text), true, (number), 0 \
    }
#define MENU                                                          \
    "{\"ChallengeName\":\"SELECT_CHALLENGE\",\"Session\":\"s1\",\"Av" \
    "ailableChallenges\":[\"PASSWORD_SRP\",\"EMAIL_OTP\"]}"
#define OPENS_MENU                                                     \
    {                                                                  \
        .expect = "InitiateAuth", .holds = {"\"USER_AUTH\""},          \
        .lacks = {"PREFERRED_CHALLENGE"}, .status = 200, .body = MENU, \
    }

/* One sign-in, as data. */
#define MOST_EXCHANGES 6
#define MOST_ANSWERS   6

struct script {
    const char *name;
    const char *config;    /* NULL: alice is allowed */
    const char *user;      /* NULL: alice */
    uid_t uid;             /* 0: 1000 */
    const char *pool_user; /* NULL: as the local user; "": maps to none */
    const char *claims;    /* changes to alice's token; NULL: none */
    struct world_answer answers[MOST_ANSWERS];
    struct world_exchange exchanges[MOST_EXCHANGES];
    const char *warm_reply; /* what a warm-up brings */
    const char *warm_url;   /* where it goes; NULL: there must be none */
    enum cog_stacked stacked;
    bool unknown; /* no such local user */
    bool srp;
    bool menu;   /* auth_flow = user_auth */
    bool forged; /* the token is signed by somebody else */
    bool read_only;
    /* What must come out. */
    enum cog_errc code;
    const char *message; /* part of it */
    const char *rule;    /* part of it */
    const char *method;  /* NULL: password */
    const char *mfa;
    const char *told; /* the pool's words that are shown; NULL: none */
    bool verified;    /* there was a genuine token: its sub is known */
};

#define WARMS_UP .warm_url = TOKENS_JWKS_URL
#define LET_IN   WARMS_UP, .rule = "allow_users", .verified = true

static const struct script successes[] = {
    {
        .name = "password",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        LET_IN,
    },
    {
        .name = "password and code",
        .answers = {TYPES(PASSWORD), TYPES_CODE("123 456")},
        .exchanges = {SENDS(PASSWORD, 200, TOTP), SENDS_CODE(200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .mfa = "totp",
        LET_IN,
    },
    {
        .name = "SRP",
        .srp = true,
        .answers = {TYPES(PASSWORD)},
        .exchanges = {PROVES(200, tokens_reply), GETS_KEYS(200, keys_reply)},
        LET_IN,
    },
    {
        .name = "SRP and code",
        .srp = true,
        .answers = {TYPES(PASSWORD), TYPES_CODE("123456")},
        .exchanges = {PROVES(200, TOTP), SENDS_CODE(200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .mfa = "totp",
        LET_IN,
    },
    {
        .name = "the warm-up brought the keys",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply)},
        .warm_reply = keys_reply,
        LET_IN,
    },
    {
        .name = "the warm-up brought something else",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .warm_reply = "{\"keys\":[]}",
        LET_IN,
    },
    {
        .name = "keys from an endpoint that is not the issuer do not count",
        .config = ALLOWS_ALICE "endpoint = https://vpce-1.example.com/",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .warm_reply = keys_reply,
        .warm_url =
            "https://vpce-1.example.com/" TOKENS_POOL "/.well-known/jwks.json",
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "nor from one whose name goes on",
        .config = ALLOWS_ALICE
        "endpoint = https://cognito-idp.us-east-1.amazonaws.com.example.com/",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .warm_reply = keys_reply,
        .warm_url =
            "https://cognito-idp.us-east-1.amazonaws.com.example.com/" //
        TOKENS_POOL "/.well-known/jwks.json",
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "nor from one whose name is a part of it",
        .config = ALLOWS_ALICE
        "endpoint = https://cognito-idp.us-east-1.amazonaws.co/",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .warm_reply = keys_reply,
        .warm_url = "https://cognito-idp.us-east-1.amazonaws.co/" TOKENS_POOL
                    "/.well-known/jwks.json",
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "nor from one whose name is as long",
        .config = ALLOWS_ALICE
        "endpoint = https://cognito-idp.us-east-1.amazonaws.org/",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .warm_reply = keys_reply,
        .warm_url = "https://cognito-idp.us-east-1.amazonaws.org/" TOKENS_POOL
                    "/.well-known/jwks.json",
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "the keys of an issuer elsewhere on the endpoint's host",
        .config = ALLOWS_ALICE "issuer = " TOKENS_ENDPOINT "a/b",
        .claims = "{\"iss\":\"" TOKENS_ENDPOINT "a/b\"}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply)},
        .warm_reply = keys_reply,
        .warm_url = TOKENS_ENDPOINT "a/b/.well-known/jwks.json",
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "the issuer's other form",
        .claims = "{\"iss\":\"https://issuer-cognito-idp.us-east-1.amazonaws."
                  "com/" TOKENS_POOL "\"}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        LET_IN,
    },
    {
        .name = "a clock two minutes behind",
        .claims = "{\"iat\":1795000120,\"auth_time\":1795000120}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        LET_IN,
    },
    {
        .name = "allowed by a pool group",
        .config = "allow_pool_groups = ops",
        .claims = "{\"cognito:groups\":[\"ops\"]}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        WARMS_UP,
        .rule = "allow_pool_groups",
        .verified = true,
    },
    {
        .name = "the refresh token is not kept",
        .read_only = true,
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        LET_IN,
    },
    {
        .name = "no refresh token, nothing to end",
        .read_only = true,
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, bare_reply),
                      GETS_KEYS(200, keys_reply)},
        LET_IN,
    },
    {
        .name = "a token that cannot be ended ends by itself",
        .read_only = true,
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply),
                      {.expect = "RevokeToken"}},
        LET_IN,
    },
};

static const struct script refusals[] = {
    {
        .name = "wrong password",
        .answers = {TYPES("wrong")},
        .exchanges = {SENDS("wrong", 400, WRONG_PASSWORD)},
        WARMS_UP,
        .code = COG_E_DENIED,
    },
    {
        .name = "wrong password by SRP",
        .srp = true,
        .answers = {TYPES("wrong")},
        .exchanges = {PROVES(400, WRONG_PASSWORD)},
        WARMS_UP,
        .code = COG_E_DENIED,
    },
    {
        .name = "a challenge",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, CHALLENGE("PALM_READ", ""))},
        WARMS_UP,
        .code = COG_E_REFUSED,
        .message = "PALM_READ",
    },
    {
        .name = "a token signed by somebody else",
        .forged = true,
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_TOKEN,
        .message = "signature",
    },
    {
        .name = "no ID token",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200,
                            "{\"AuthenticationResult\":"
                            "{\"AccessToken\":\"a.c.c\"}}")},
        WARMS_UP,
        .code = COG_E_TOKEN,
    },
    {
        .name = "an expired token",
        .claims = "{\"exp\":1795000000}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_TOKEN,
        .message = "expired",
    },
    {
        .name = "a token from the future",
        .claims = "{\"iat\":1795000121}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_TOKEN,
        .message = "future",
    },
    {
        .name = "a token for another app client",
        .claims = "{\"aud\":\"8other2client\"}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_TOKEN,
        .message = "'aud'",
    },
    {
        .name = "a token of another pool",
        .claims = "{\"iss\":\"" TOKENS_ENDPOINT "us-east-1_Example2\"}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_TOKEN,
        .message = "'iss'",
    },
    {
        .name = "an access token in its place",
        .claims = "{\"token_use\":\"access\",\"client_id\":"
                  "\"" TOKENS_CLIENT_ID "\",\"username\":\"alice\"}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_TOKEN,
        .message = "'token_use'",
    },
    {
        .name = "the issuer is unreachable",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      {.expect = TOKENS_JWKS_URL},
                      REVOKES},
        WARMS_UP,
        .code = COG_E_NET,
    },
    {
        .name = "the issuer answers nonsense",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, "<html>"), REVOKES},
        WARMS_UP,
        .code = COG_E_PROTOCOL,
    },
    {
        .name = "bob's password at alice's door",
        .claims = "{\"cognito:username\":\"bob\"}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_IDENTITY,
        .message = "is 'bob', not 'alice'",
        .verified = true,
    },
    {
        .name = "in no allowed pool group",
        .config = "allow_pool_groups = ops",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_IDENTITY,
        .message = "no rule allows",
        .verified = true,
    },
    {
        .name = "denied, after the right password",
        .config = ALLOWS_ALICE "deny_users = alice",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_IDENTITY,
        .message = "deny_users",
        .verified = true,
    },
    {
        .name = "denied, after a wrong one: like anyone",
        .config = "deny_users = alice",
        .answers = {TYPES("wrong")},
        .exchanges = {SENDS("wrong", 400, WRONG_PASSWORD)},
        WARMS_UP,
        .code = COG_E_DENIED,
    },
    {
        .name = "denied and unknown here: like anyone unknown",
        .config = "deny_users = alice",
        .unknown = true,
        .answers = {TYPES(PASSWORD)},
        .code = COG_E_DENIED,
        .message = "no such local user",
    },
    {
        .name = "denied by a pool group",
        .config = ALLOWS_ALICE "deny_pool_groups = out",
        .claims = "{\"cognito:groups\":[\"out\"]}",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        WARMS_UP,
        .code = COG_E_IDENTITY,
        .message = "deny_pool_groups",
        .verified = true,
    },
    {
        .name = "skipped: asked nothing",
        .config = ALLOWS_ALICE "skip_users = alice",
        .code = COG_E_SCOPE,
    },
    {
        .name = "below min_uid: asked nothing",
        .config = ALLOWS_ALICE "min_uid = 1001",
        .code = COG_E_SCOPE,
    },
    {
        .name = "no rule: asked nothing",
        .config = "",
        .code = COG_E_SCOPE,
    },
    {
        .name = "unknown here: asked, and nothing is sent",
        .unknown = true,
        .answers = {TYPES(PASSWORD)},
        .code = COG_E_DENIED,
        .message = "no such local user",
    },
    {
        .name = "unknown here, SRP",
        .unknown = true,
        .srp = true,
        .answers = {TYPES(PASSWORD)},
        .code = COG_E_DENIED,
        .message = "no such local user",
    },
    {
        .name = "mapped to nobody: asked, and nothing is sent",
        .pool_user = "",
        .answers = {TYPES(PASSWORD)},
        .code = COG_E_DENIED,
        .message = "maps to none",
    },
    {
        .name = "mapped to nobody, SRP",
        .pool_user = "",
        .srp = true,
        .answers = {TYPES(PASSWORD)},
        .code = COG_E_DENIED,
        .message = "maps to none",
    },
    {
        .name = "a map line allows nobody",
        .config = "allow_users = bob",
        .pool_user = "u-1",
        .code = COG_E_SCOPE,
    },
    {
        .name = "what was typed before the conversation failed is not sent",
        .answers = {{COG_TEXT_PASSWORD_PROMPT, false, PASSWORD, COG_E_CONV}},
        WARMS_UP,
        .code = COG_E_CONV,
    },
    {
        .name = "the conversation fails",
        .answers = {TYPES(NULL)},
        WARMS_UP,
        .code = COG_E_CONV,
    },
};

#define STACKED(how) .stacked = COG_STACKED_##how

/* What an earlier module asked for comes as the first answer. */
static const struct script stacks[] = {
    {
        .name = "the stacked password is right",
        STACKED(TRY),
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "wrong: asked once",
        STACKED(TRY),
        .answers = {TYPES("local"), TYPES(PASSWORD)},
        .exchanges = {SENDS("local", 400, WRONG_PASSWORD),
                      SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "wrong: asked once, with a new SRP pair",
        STACKED(TRY),
        .srp = true,
        .answers = {TYPES("local"), TYPES(PASSWORD)},
        .exchanges = {PROVES(400, WRONG_PASSWORD), PROVES(200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "empty: asked once",
        STACKED(TRY),
        .answers = {TYPES(""), TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "wrong twice",
        STACKED(TRY),
        .answers = {TYPES("local"), TYPES("wrong")},
        .exchanges = {SENDS("local", 400, WRONG_PASSWORD),
                      SENDS("wrong", 400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "wrong, and given again: not sent twice",
        STACKED(TRY),
        .answers = {TYPES("local"), TYPES("local")},
        .exchanges = {SENDS("local", 400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
        .message = "twice",
    },
    {
        .name = "unknown here: asked once as well",
        STACKED(TRY),
        .unknown = true,
        .answers = {TYPES("local"), TYPES(PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "right, but the code is refused: no other password helps",
        STACKED(TRY),
        .answers = {TYPES(PASSWORD), TYPES_CODE("123456")},
        .exchanges = {SENDS(PASSWORD, 200, TOTP),
                      SENDS_CODE(400, WRONG_PASSWORD)},
        .code = COG_E_REFUSED,
    },
    {
        .name = "right, but not allowed",
        .config = "allow_pool_groups = ops",
        STACKED(TRY),
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply), REVOKES},
        .code = COG_E_IDENTITY,
        .verified = true,
    },
    {
        .name = "a challenge",
        STACKED(TRY),
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, CHALLENGE("PALM_READ", ""))},
        .code = COG_E_REFUSED,
    },
    {
        .name = "the app client is set up wrongly: no password helps",
        STACKED(TRY),
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 400,
                            ERROR("ResourceNotFoundException", ""))},
        .code = COG_E_CLIENT,
    },
    {
        .name = "only the stacked one: right",
        STACKED(ONLY),
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply)},
        .rule = "allow_users",
        .verified = true,
    },
    {
        .name = "only the stacked one: wrong",
        STACKED(ONLY),
        .answers = {TYPES("local")},
        .exchanges = {SENDS("local", 400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
};

/* What Enter leads to. */
static const struct script menus[] = {
    {
        .name = "a password is typed: no menu",
        .menu = true,
        .answers = {TYPES_OR_ENTER(PASSWORD)},
        .exchanges = {{.expect = "InitiateAuth",
                       .holds = {"\"USER_AUTH\"", "\"PASSWORD_SRP\"", "SRP_A"},
                       .lacks = {PASSWORD},
                       .status = 200,
                       .body = VERIFIER},
                      {.expect = "RespondToAuthChallenge",
                       .holds = {"PASSWORD_CLAIM_SIGNATURE"},
                       .status = 200,
                       .body = tokens_reply},
                      GETS_KEYS(200, keys_reply)},
        LET_IN,
    },
    {
        .name = "Enter: by e-mail",
        .menu = true,
        .answers = {TYPES_OR_ENTER(""), CHOOSES(COG_TEXT_CHOOSE_FIRST, "2"),
                    CHOOSES(COG_TEXT_EMAIL, "12345678")},
        .exchanges = {OPENS_MENU,
                      {.expect = "RespondToAuthChallenge",
                       .holds = {"\"ANSWER\":\"EMAIL_OTP\""},
                       .status = 200,
                       .body = CHALLENGE("EMAIL_OTP", "")},
                      {.expect = "RespondToAuthChallenge",
                       .holds = {"\"EMAIL_OTP_CODE\":\"12345678\""},
                       .status = 200,
                       .body = tokens_reply},
                      GETS_KEYS(200, keys_reply)},
        .method = "email_otp",
        LET_IN,
    },
    {
        .name = "an empty stacked password opens no menu, Enter does",
        .menu = true,
        .stacked = COG_STACKED_TRY,
        .answers = {TYPES_OR_ENTER(""), TYPES_OR_ENTER(""),
                    CHOOSES(COG_TEXT_CHOOSE_FIRST, NULL)},
        .exchanges = {OPENS_MENU},
        .code = COG_E_CONV,
    },
    {
        .name = "only an empty stacked password",
        .menu = true,
        .stacked = COG_STACKED_ONLY,
        .answers = {TYPES_OR_ENTER("")},
        .code = COG_E_DENIED,
        .message = "no password",
    },
    {
        .name = "unknown here: a menu like anyone's, and nothing is sent",
        .menu = true,
        .unknown = true,
        .answers = {TYPES_OR_ENTER(""), CHOOSES(COG_TEXT_CHOOSE_FIRST, "2"),
                    CHOOSES(COG_TEXT_CHOOSE_AGAIN, "x"),
                    CHOOSES(COG_TEXT_CHOOSE_AGAIN, " 1 "), TYPES(PASSWORD)},
        .code = COG_E_DENIED,
        .message = "no such local user",
    },
    {
        .name = "mapped to nobody",
        .menu = true,
        .pool_user = "",
        .answers = {TYPES_OR_ENTER(""), CHOOSES(COG_TEXT_CHOOSE_FIRST, "1"),
                    TYPES("")},
        .code = COG_E_DENIED,
        .message = "maps to none",
    },
    {
        .name = "unknown here, and chooses nothing",
        .menu = true,
        .unknown = true,
        .answers = {TYPES_OR_ENTER(""), CHOOSES(COG_TEXT_CHOOSE_FIRST, ""),
                    CHOOSES(COG_TEXT_CHOOSE_AGAIN, "0"),
                    CHOOSES(COG_TEXT_CHOOSE_AGAIN, "11"),
                    CHOOSES(COG_TEXT_CHOOSE_AGAIN, "01")},
        .code = COG_E_DENIED,
        .message = "no number",
    },
    {
        .name = "unknown here, and the conversation fails",
        .menu = true,
        .unknown = true,
        .answers = {TYPES_OR_ENTER(""), CHOOSES(COG_TEXT_CHOOSE_FIRST, NULL)},
        .code = COG_E_CONV,
    },
    {
        .name = "unknown here, with a password",
        .menu = true,
        .unknown = true,
        .answers = {TYPES_OR_ENTER(PASSWORD)},
        .code = COG_E_DENIED,
        .message = "no such local user",
    },
};

#define WRONG_THEN(text)                     \
    {                                        \
        COG_TEXT_TOTP_WRONG, true, (text), 0 \
    }
#define REFUSES_CODE                                                    \
    {                                                                   \
        .expect = "RespondToAuthChallenge", .status = 400,              \
        .body = ERROR("CodeMismatchException", "Invalid code received") \
    }
#define SAYS_LATE                                                            \
    {                                                                        \
        .expect = "RespondToAuthChallenge", .status = 400,                   \
        .body =                                                              \
            ERROR("NotAuthorizedException", "Invalid session for the user.") \
    }
#define LAMBDA(words) \
    ERROR("UserLambdaValidationException", "PostAuth failed: " words)

/* The pool's own words are for whom the pool knows. */
static const struct script words[] = {
    {
        .name = "before proof",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 400, LAMBDA("go away"))},
        WARMS_UP,
        .code = COG_E_DENIED,
    },
    {
        .name = "before proof, even what anybody may be told about a password",
        .answers = {TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 400,
                            ERROR("InvalidPasswordException",
                                  "Password did not conform with policy: "
                                  "Password not long enough"))},
        WARMS_UP,
        .code = COG_E_DENIED,
    },
    {
        .name = "after proof",
        .answers = {TYPES(PASSWORD), TYPES_CODE("123456")},
        .exchanges = {SENDS(PASSWORD, 200, TOTP),
                      SENDS_CODE(400, LAMBDA("go away"))},
        WARMS_UP,
        .told = "PostAuth failed: go away",
        .code = COG_E_REFUSED,
    },
    {
        .name = "wrong codes after proof: the password was right",
        .answers = {TYPES(PASSWORD), TYPES_CODE("123456"), WRONG_THEN("123457"),
                    WRONG_THEN("123458"), WRONG_THEN("123459")},
        .exchanges = {SENDS(PASSWORD, 200, TOTP), REFUSES_CODE, REFUSES_CODE,
                      REFUSES_CODE, REFUSES_CODE},
        WARMS_UP,
        .code = COG_E_REFUSED,
    },
    {
        .name = "too late, after the sign-in began again once",
        .answers = {TYPES(PASSWORD), TYPES_CODE("123456"),
                    TYPES_CODE("123457")},
        .exchanges = {SENDS(PASSWORD, 200, TOTP), SAYS_LATE,
                      SENDS(PASSWORD, 200, TOTP), SAYS_LATE},
        WARMS_UP,
        .code = COG_E_LATE,
    },
};

static const struct script junk = {
    .answers = {TYPES(NULL)}, /* replaced */
    WARMS_UP,
    .code = COG_E_DENIED,
};

/* Playing them. */
static struct cog_prepared
prepare(const struct script *script)
{
    const char *user = script->user == NULL ? "alice" : script->user;
    const char *pool = script->pool_user == NULL ? user : script->pool_user;
    struct cog_prepared prepared = COG_PREPARED_INIT;

    prepared.config = tokens_config(
        script->config == NULL ? ALLOWS_ALICE : script->config, NULL);
    prepared.config.auth_flow = script->menu  ? COG_AUTH_FLOW_USER_AUTH
                                : script->srp ? COG_AUTH_FLOW_SRP
                                              : COG_AUTH_FLOW_PASSWORD;
    (void)snprintf(prepared.local.account.name,
                   sizeof(prepared.local.account.name), "%s", user);
    prepared.local.account.exists = !script->unknown;
    prepared.local.account.uid = script->uid == 0 ? 1000 : script->uid;
    (void)snprintf(prepared.pool_user, sizeof(prepared.pool_user), "%s", pool);
    if (*pool == '\0') {
        (void)snprintf(prepared.no_pool_user, sizeof(prepared.no_pool_user),
                       "maps to none");
    }
    return prepared;
}

/* Write what the pool and the issuer will send. */
static void
make_replies(const struct script *script)
{
    const char *claims = script->claims == NULL ? "" : script->claims;
    struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);

    if (script->forged) {
        tokens_forge(claims, &token);
    } else {
        tokens_sign(claims, &token);
    }
    (void)snprintf(tokens_reply, sizeof(tokens_reply),
                   "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\","
                   "\"IdToken\":\"%s\",\"RefreshToken\":\"r.e.f\"}}",
                   cog_secret_str(&token));
    (void)snprintf(bare_reply, sizeof(bare_reply),
                   "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\","
                   "\"IdToken\":\"%s\"}}",
                   cog_secret_str(&token));
    (void)snprintf(keys_reply, sizeof(keys_reply), "%s", tokens_jwks());
    cog_secret_clear(&token);
}

static struct world
make_world(const struct script *script)
{
    struct world world = WORLD_INIT;

    make_replies(script);
    world.exchanges = script->exchanges;
    while (world.exchange_count < MOST_EXCHANGES &&
           script->exchanges[world.exchange_count].expect != NULL)
        world.exchange_count++;
    world.answers = script->answers;
    while (world.answer_count < MOST_ANSWERS &&
           script->answers[world.answer_count].expect != COG_TEXT_NONE)
        world.answer_count++;
    world.warm_reply = script->warm_reply;
    return world;
}

static void
check_text(const char *name, const char *got, const char *want)
{
    if (want != NULL && strstr(got, want) == NULL)
        fail_msg("%s is '%s', want '%s'", name, got, want);
}

static void
play(const struct script *script)
{
    struct world world = make_world(script);
    const struct cog_env env = world_env(&world);
    struct cog_prepared prepared = prepare(script);
    const struct cog_login login = {
        .prepared = &prepared,
        .cache_dir = -1,
        .stacked = script->stacked,
        .read_only = script->read_only,
    };
    const char *warm_url = script->warm_url == NULL ? "" : script->warm_url;
    struct cog_login_facts facts;
    struct cog_err err = COG_ERR_INIT;
    const int rc = cog_login_authenticate(&env, &login, &facts, &err);

    if (err.code != script->code)
        fail_msg("%s: code %d: %s", script->name, (int)err.code, err.msg);
    assert_int_equal(rc, script->code == COG_OK ? 0 : -1);
    check_text("message", err.msg, script->message);
    assert_string_equal(facts.sub, script->verified ? TOKENS_SUB : "");
    assert_string_equal(facts.method,
                        script->method == NULL ? "password" : script->method);
    assert_string_equal(facts.mfa, script->mfa == NULL ? "" : script->mfa);
    assert_int_equal(*facts.rule != '\0', script->rule != NULL);
    check_text("rule", facts.rule, script->rule);
    assert_string_equal(world.warm_url, warm_url);
    assert_int_equal(world.told_count, script->told == NULL ? 0 : 1);
    if (script->told != NULL) {
        assert_int_equal(world.told[0].text, COG_TEXT_POOL_SAYS);
        assert_string_equal(world.told[0].arg[0], script->told);
    }
    cog_prepared_clear(&prepared);
    world_check(&world);
}

static void
play_all(const struct script *scripts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        print_message("%s\n", scripts[i].name);
        play(&scripts[i]);
    }
}

static void
lets_in(void **state)
{
    (void)state;
    play_all(successes, COG_COUNT(successes));
}

static void
refuses(void **state)
{
    (void)state;
    play_all(refusals, COG_COUNT(refusals));
}

static void
stacked_passwords(void **state)
{
    (void)state;
    play_all(stacks, COG_COUNT(stacks));
}

static void
menus_of_first_factors(void **state)
{
    (void)state;
    play_all(menus, COG_COUNT(menus));
}

static void
the_pool_s_own_words(void **state)
{
    (void)state;
    play_all(words, COG_COUNT(words));
}

/* Passwords that are not sent. */
static void
junk_stays_here(void **state)
{
    static const char *const texts[] = {
        "",
        "\b\n\r\177INCORRECT", /* sshd's, for users it refuses */
        "\b\n\r\177INCORRECT\b\n\r\177INCORRECT",
        "Passw0rd!\n",
        "Pass\tw0rd",
        "\x01",
        "\x1f",
        "x\177",
        "\xff\xfe",
        "caf\xe9",          /* Latin-1 */
        "\xc0\xafPassw0rd", /* overlong */
    };

    (void)state;
    for (size_t i = 0; i < 2 * COG_COUNT(texts); i++) {
        struct script script = junk;

        script.name = "junk";
        script.srp = i >= COG_COUNT(texts);
        script.answers[0].answer = texts[i % COG_COUNT(texts)];
        play(&script);
    }
}

/* Longer than any conversation gives: nothing of it is used. */
static void
too_long_a_password_stays_here(void **state)
{
    char text[COG_ANSWER_MAX + 2] = "";
    struct script script = junk;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    script.name = "512 bytes";
    script.answers[0].answer = text;
    script.code = COG_E_PROTOCOL;
    play(&script);
}

static int
ask_with_nul(void *ctx, const struct cog_question *question,
             struct cog_secret *answer, struct cog_err *err)
{
    static const char typed[] = "Passw0rd!\0more";

    (void)ctx;
    if (question->meanwhile != NULL)
        question->meanwhile(question->meanwhile_ctx);
    return cog_secret_append(answer, typed, sizeof(typed) - 1, err);
}

/* A user's OpenSSL runs out of memory while he types. */
static bool no_memory;

static void *
allocate(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return no_memory ? NULL : malloc(size);
}

static void *
reallocate(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return no_memory ? NULL : realloc(memory, size);
}

static void
release(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static int
ask_without_memory(void *ctx, const struct cog_question *question,
                   struct cog_secret *answer, struct cog_err *err)
{
    (void)ctx;
    assert_non_null(question->meanwhile);
    no_memory = true;
    question->meanwhile(question->meanwhile_ctx);
    no_memory = false;
    return cog_secret_append_str(answer, PASSWORD, err);
}

static const struct script by_srp = {.srp = true};

/* Sign in with another way to ask; nothing may be sent. */
static void
refuse_answer_of(const struct script *script,
                 int (*ask)(void *ctx, const struct cog_question *question,
                            struct cog_secret *answer, struct cog_err *err),
                 enum cog_errc code)
{
    struct world world = make_world(script);
    struct cog_env env = world_env(&world);
    struct cog_prepared prepared = prepare(script);
    const struct cog_login login = {.prepared = &prepared, .cache_dir = -1};
    struct cog_login_facts facts;
    struct cog_err err = COG_ERR_INIT;

    env.ui.ask = ask;
    assert_int_equal(cog_login_authenticate(&env, &login, &facts, &err), -1);
    assert_int_equal(err.code, code);
    cog_prepared_clear(&prepared);
    world_check(&world);
}

static void
a_password_with_a_nul_stays_here(void **state)
{
    (void)state;
    refuse_answer_of(&by_srp, ask_with_nul, COG_E_DENIED);
}

/* Without an SRP pair the password is not sent instead. */
static void
no_srp_is_no_password_flow(void **state)
{
    (void)state;
    refuse_answer_of(&by_srp, ask_without_memory, COG_E_SYSTEM);
}

static int
ask_idly(void *ctx, const struct cog_question *question,
         struct cog_secret *answer, struct cog_err *err)
{
    (void)ctx;
    assert_null(question->meanwhile);
    return cog_secret_append_str(answer, PASSWORD, err);
}

/* Nothing is computed for somebody the pool will not be asked about. */
static void
unknown_users_cost_nothing(void **state)
{
    static const struct script script = {.srp = true, .unknown = true};

    (void)state;
    refuse_answer_of(&script, ask_idly, COG_E_DENIED);
}

/* Blanks, quotes, other scripts, and the longest there is: as typed. */
static void
passwords_are_sent_as_typed(void **state)
{
    static char longest[COG_ANSWER_MAX + 1];
    static const struct {
        const char *typed;
        const char *sent; /* as JSON has it */
    } cases[] = {
        {" two words ", "\"PASSWORD\":\" two words \""},
        {"q\"\\", "\"PASSWORD\":\"q\\\"\\\\\""},
        {"p\xc3\xa4ss\xe2\x82\xac\xf0\x9f\x94\x91",
         "\"PASSWORD\":\"p\xc3\xa4ss\xe2\x82\xac\xf0\x9f\x94\x91\""},
        {longest, longest},
        {"~", "\"PASSWORD\":\"~\""},
    };

    (void)state;
    memset(longest, 'a', COG_ANSWER_MAX);
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct script script = {
            .name = "as typed",
            .answers = {TYPES(cases[i].typed)},
            .exchanges = {{.expect = "InitiateAuth",
                           .holds = {cases[i].sent},
                           .status = 200,
                           .body = tokens_reply},
                          GETS_KEYS(200, keys_reply)},
            LET_IN,
        };

        play(&script);
    }
}

/* Around a sign-in. */
static void
a_confidential_client_says_so_in_each_call(void **state)
{
    static const struct script script = {
        .name = "confidential",
        .read_only = true,
        .answers = {TYPES(PASSWORD), TYPES_CODE("123456")},
        .exchanges = {{.expect = "InitiateAuth",
                       .holds = {"\"SECRET_HASH\":\""},
                       .lacks = {SECRET},
                       .status = 200,
                       .body = TOTP},
                      {.expect = "RespondToAuthChallenge",
                       .holds = {"\"SECRET_HASH\":\""},
                       .lacks = {SECRET},
                       .status = 200,
                       .body = tokens_reply},
                      GETS_KEYS(200, keys_reply),
                      {.expect = "RevokeToken",
                       .holds = {"\"ClientSecret\":\"" SECRET "\""},
                       .status = 200}},
    };
    struct world world = make_world(&script);
    const struct cog_env env = world_env(&world);
    struct cog_prepared prepared = prepare(&script);
    const struct cog_login login = {
        .prepared = &prepared, .cache_dir = -1, .read_only = true};
    struct cog_login_facts facts;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(
        cog_secret_append_str(&prepared.client_secret, SECRET, &err), 0);
    assert_int_equal(cog_login_authenticate(&env, &login, &facts, &err), 0);
    cog_prepared_clear(&prepared);
    world_check(&world);
}

static void
a_transport_without_warm_ups(void **state)
{
    const struct script *script = &successes[0];
    struct world world = make_world(script);
    struct cog_env env = world_env(&world);
    struct cog_prepared prepared = prepare(script);
    const struct cog_login login = {.prepared = &prepared, .cache_dir = -1};
    struct cog_login_facts facts;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    env.transport.warm = NULL;
    env.transport.warm_body = NULL;
    assert_int_equal(cog_login_authenticate(&env, &login, &facts, &err), 0);
    assert_int_equal(world.warm_count, 0);
    cog_prepared_clear(&prepared);
    world_check(&world);
}

/* No room for its address, no warm-up. */
static void
an_endpoint_too_long_to_warm_up(void **state)
{
    char endpoint[4096] = "https://";
    const struct script *script = &successes[0];
    struct world world = make_world(script);
    const struct cog_env env = world_env(&world);
    struct cog_prepared prepared = prepare(script);
    const struct cog_login login = {.prepared = &prepared, .cache_dir = -1};
    struct cog_login_facts facts;
    struct cog_err err = COG_ERR_INIT;
    const size_t len = strlen(endpoint);

    (void)state;
    memset(endpoint + len, 'a', sizeof(endpoint) - len - 2);
    endpoint[sizeof(endpoint) - 2] = '/';
    free(prepared.config.endpoint);
    prepared.config.endpoint = strdup(endpoint);
    assert_non_null(prepared.config.endpoint);
    assert_int_equal(cog_login_authenticate(&env, &login, &facts, &err), 0);
    assert_int_equal(world.warm_count, 0);
    cog_prepared_clear(&prepared);
    world_check(&world);
}

/* With the key set cached, a sign-in is one request; and what a warm-up brings
 * does not replace keys that are fresh. */
static void
cached_keys_save_the_get(void **state)
{
    static const struct script script = {
        .name = "cached",
        .answers = {TYPES(PASSWORD), TYPES(PASSWORD)},
        .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                      GETS_KEYS(200, keys_reply),
                      SENDS(PASSWORD, 200, tokens_reply)},
    };
    char path[] = "/tmp/test_login.XXXXXX";
    struct world world = make_world(&script);
    const struct cog_env env = world_env(&world);
    struct cog_prepared prepared = prepare(&script);
    struct cog_login login = {.prepared = &prepared};
    struct cog_login_facts facts;
    struct cog_err err = COG_ERR_INIT;
    DIR *dir;
    const struct dirent *entry;

    (void)state;
    assert_non_null(mkdtemp(path));
    login.cache_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(login.cache_dir >= 0);
    assert_int_equal(cog_login_authenticate(&env, &login, &facts, &err), 0);
    world.warm_reply = "{\"keys\":[]}";
    assert_int_equal(cog_login_authenticate(&env, &login, &facts, &err), 0);
    cog_prepared_clear(&prepared);
    world_check(&world);
    (void)close(login.cache_dir);
    dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    assert_int_equal(closedir(dir), 0);
    assert_int_equal(rmdir(path), 0);
}

struct names {
    char text[256];
};

static void
note_step(void *ctx, const char *name)
{
    struct names *names = ctx;
    const size_t len = strlen(names->text);

    (void)snprintf(names->text + len, sizeof(names->text) - len, "%s; ", name);
}

static const struct {
    struct script script;
    const char *names;
} steps[] = {
    {{.read_only = true,
      .answers = {TYPES(PASSWORD)},
      .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                    GETS_KEYS(200, keys_reply),
                    {.expect = "RevokeToken", .status = 200}}},
     "the pool accepted the user; verified the token; checked the rules; "
     "revoked the refresh token; "},
    {{.read_only = true,
      .answers = {TYPES(PASSWORD)},
      .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                    GETS_KEYS(200, keys_reply),
                    {.expect = "RevokeToken"}}},
     "the pool accepted the user; verified the token; checked the rules; "},
    {{.claims = "{\"cognito:username\":\"bob\"}",
      .answers = {TYPES(PASSWORD)},
      .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                    GETS_KEYS(200, keys_reply), REVOKES}},
     "the pool accepted the user; verified the token; revoked the refresh "
     "token; "},
    {{.forged = true,
      .answers = {TYPES(PASSWORD)},
      .exchanges = {SENDS(PASSWORD, 200, tokens_reply),
                    GETS_KEYS(200, keys_reply), REVOKES}},
     "the pool accepted the user; revoked the refresh token; "},
    {{.answers = {TYPES("wrong")},
      .exchanges = {SENDS("wrong", 400, WRONG_PASSWORD)}},
     ""},
};

static void
steps_are_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(steps); i++) {
        const struct script *script = &steps[i].script;
        struct world world = make_world(script);
        const struct cog_env env = world_env(&world);
        struct cog_prepared prepared = prepare(script);
        struct names shown = {""};
        const struct cog_login login = {
            .prepared = &prepared,
            .cache_dir = -1,
            .read_only = script->read_only,
            .step = note_step,
            .step_ctx = &shown,
        };
        struct cog_login_facts facts;
        struct cog_err err = COG_ERR_INIT;

        (void)!cog_login_authenticate(&env, &login, &facts, &err);
        assert_string_equal(shown.text, steps[i].names);
        cog_prepared_clear(&prepared);
        world_check(&world);
    }
}

static void
reasons_for_the_log(void **state)
{
    static const struct {
        struct cog_login_facts facts;
        struct cog_err err;
        const char *want;
    } cases[] = {
        {{.rule = "allowed by allow_users"},
         COG_ERR_INIT,
         "allowed by allow_users"},
        {{.rule = "allowed", .note = {COG_E_SYSTEM, "no record kept: full"}},
         COG_ERR_INIT,
         "allowed; no record kept: full"},
        {{.rule = "", .note = {COG_E_SYSTEM, "no record kept"}},
         COG_ERR_INIT,
         "no record kept"},
        {{.rule = ""}, COG_ERR_INIT, ""},
        {{.rule = ""}, {COG_E_DENIED, "wrong password"}, "wrong password"},
        {{.rule = "allowed", .note = {COG_E_SYSTEM, "no tombstone"}},
         {COG_E_DISABLED, "disabled"},
         "disabled; no tombstone"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char reason[COG_ERR_MSG_BYTES];

        cog_login_reason(&cases[i].facts, &cases[i].err, reason);
        assert_string_equal(reason, cases[i].want);
    }
}

/* A refusal as long as can be leaves room for a note, which in turn leaves it
 * half of what there is. */
static void
a_note_has_room(void **state)
{
    static const struct {
        size_t why;
        size_t note;
        size_t left; /* of the refusal */
    } cases[] = {
        {399, 30, 399 - 2 - 30}, {360, 37, 360}, {361, 37, 360},
        {399, 399, 200},         {10, 399, 10},  {399, 0, 399},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_login_facts facts = COG_LOGIN_FACTS_INIT;
        struct cog_err err = {.code = COG_E_DISABLED};
        char reason[COG_ERR_MSG_BYTES];

        memset(err.msg, 'w', cases[i].why);
        memset(facts.note.msg, 'n', cases[i].note);
        cog_login_reason(&facts, &err, reason);
        assert_int_equal(strspn(reason, "w"), cases[i].left);
        assert_true(strlen(reason) < sizeof(reason));
        if (cases[i].note > 0 && cases[i].note < 200)
            assert_non_null(strstr(reason, facts.note.msg));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_in),
        cmocka_unit_test(refuses),
        cmocka_unit_test(stacked_passwords),
        cmocka_unit_test(menus_of_first_factors),
        cmocka_unit_test(the_pool_s_own_words),
        cmocka_unit_test(junk_stays_here),
        cmocka_unit_test(too_long_a_password_stays_here),
        cmocka_unit_test(a_password_with_a_nul_stays_here),
        cmocka_unit_test(no_srp_is_no_password_flow),
        cmocka_unit_test(unknown_users_cost_nothing),
        cmocka_unit_test(passwords_are_sent_as_typed),
        cmocka_unit_test(a_confidential_client_says_so_in_each_call),
        cmocka_unit_test(a_transport_without_warm_ups),
        cmocka_unit_test(an_endpoint_too_long_to_warm_up),
        cmocka_unit_test(cached_keys_save_the_get),
        cmocka_unit_test(steps_are_shown),
        cmocka_unit_test(reasons_for_the_log),
        cmocka_unit_test(a_note_has_room),
    };

    if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, tokens_setup, tokens_teardown);
}
