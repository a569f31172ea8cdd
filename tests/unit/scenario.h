/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - sign-ins as data: what the pool answers, what the user is asked
 * and types, what comes out.
 */
#ifndef COG_TESTS_SCENARIO_H
#define COG_TESTS_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/pool/flow.h"
#include "tests/unit/world.h"

#define CLIENT_ID "7pub1example2client3id4xyz"
#define SECRET    "1example2secret3of4a5client"
#define PASSWORD  "Passw0rd!"
/* WORLD_INIT's time, as SRP signs it. */
#define TIMESTAMP "Wed Nov 18 11:06:40 UTC 2026"
/* The secrets of SRP pairs: the one made while the user typed, later ones. */
#define FIRST_A "abcd"
#define LATER_A "beef"

#define SCENARIO_EXCHANGES 16
#define SCENARIO_TURNS     14

/* A question and what is typed. */
struct scenario_turn {
    enum cog_text text;
    bool echo;
    const char *typed;              /* NULL: the conversation fails */
    bool broken;                    /* it fails after this was typed */
    const char *arg[COG_TEXT_ARGS]; /* NULL: none */
    const char *qr;
    enum cog_text plain;
    enum cog_text option[COG_TEXT_OPTIONS];
};

struct scenario {
    const char *name;
    enum cog_api_flow kind;
    const char *username;   /* as mapped; NULL: alice */
    const char *local_user; /* on this host; NULL: not said */
    const char *password;   /* as typed; NULL: PASSWORD */
    bool no_pair;           /* no SRP pair was made while the user typed */
    bool confidential;
    bool device; /* this host is one: dev-1, of group -grp */
    struct world_exchange exchanges[SCENARIO_EXCHANGES];
    struct scenario_turn turns[SCENARIO_TURNS];
    /* What must come out. */
    bool proven;
    enum cog_errc code;
    const char *message; /* part of it */
    const char *method;  /* NULL: "password" when proven, else "" */
    const char *mfa;     /* NULL: "" */
    const char *keeps;   /* the password; NULL: PASSWORD if the method is */
    bool changed;
    bool in_doubt; /* the new password may be the user's, for all we know */
    bool device_unknown;
};

/* How the tests hold a run; scenario_forget() it. */
struct scenario_outcome {
    struct cog_api_reply reply;
    struct cog_flow_facts facts;
    struct cog_err err;
    int rc;
};

/* Sign in as the scenario's start says, whatever its script. */
void scenario_run(struct world *world, const struct scenario *scenario,
                  struct scenario_outcome *ret);

/* Fail unless it ended so. A refusal leaves nothing that could be taken for a
 * success. */
void scenario_expect(const struct scenario_outcome *got, enum cog_errc code);
void scenario_forget(struct scenario_outcome *outcome);

/* Play it and compare all of it. */
void scenario_play(const struct scenario *scenario);

/* The same as written (COG_API_PASSWORD), and with SRP's proof put in after
 * InitiateAuth; each for a name and an alias, a public and a confidential
 * client. Challenges must name ALICE. */
void scenario_play_everywhere(const struct scenario *scenario);

/* In place of cog_srp_start() in programs linked so: no random numbers. */
extern bool scenario_no_pairs;
int __wrap_cog_srp_start(struct cog_srp **ret, struct cog_err *err);

/* SECRET_HASH of `username`, in a static buffer. */
const char *scenario_hash(const char *username);

/* What the pool can answer. */
#define TOKENS                                                       \
    "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\",\"IdToken" \
    "\":\"i.d.t\"},\"ChallengeParameters\":{}}"
#define CHALLENGE(name, session, parameters)                            \
    "{\"ChallengeName\":\"" name "\",\"Session\":\"" session "\",\"Cha" \
    "llengeParameters\":{" parameters "}}"
#define OFFER(name, session, list)                                        \
    "{\"ChallengeName\":\"" name "\",\"Session\":\"" session "\",\"Avail" \
    "ableChallenges\":[" list "]}"
#define ALICE         "\"USER_ID_FOR_SRP\":\"alice\""
#define TOTP(session) CHALLENGE("SOFTWARE_TOKEN_MFA", session, ALICE)
#define SRP_VALUES \
    "\"SALT\":\"5c5d\",\"SRP_B\":\"1234abcd\",\"SECRET_BLOCK\":\"AAAA\""
#define VERIFIER(who) CHALLENGE("PASSWORD_VERIFIER", "s0", who "," SRP_VALUES)
#define ERROR(type, message) \
    "{\"__type\":\"" type "\",\"message\":\"" message "\"}"
#define WRONG_PASSWORD \
    ERROR("NotAuthorizedException", "Incorrect username or password.")
#define EXPIRED                     \
    ERROR("NotAuthorizedException", \
          "Invalid session for the user, session is expired.")
#define WRONG_CODE ERROR("CodeMismatchException", "Invalid code received")
#define USED_CODE  ERROR("ExpiredCodeException", "Your software token has ...")
#define OUTAGE     ERROR("InternalErrorException", "try again")
#define TOO_FAST   ERROR("TooManyRequestsException", "Rate exceeded")

/* Rows of exchanges. */
#define START(http, text)                                           \
    {                                                               \
        .expect = "InitiateAuth", .status = (http), .body = (text), \
    }
#define RESPOND(challenge, session, value, http, text)                        \
    {                                                                         \
        .expect = "RespondToAuthChallenge", .status = (http), .body = (text), \
        .holds = {                                                            \
            "\"ChallengeName\":\"" challenge "\"",                            \
            "\"Session\":\"" session "\"",                                    \
            "\"" value "\"",                                                  \
        }                                                                     \
    }
#define PROOF(http, text) \
    RESPOND("PASSWORD_VERIFIER", "s0", "TIMESTAMP\":\"" TIMESTAMP, http, text)
#define CODE(session, code, http, text)    \
    RESPOND("SOFTWARE_TOKEN_MFA", session, \
            "SOFTWARE_TOKEN_MFA_CODE\":\"" code, http, text)

/* Rows of turns. */
#define SHOWN(question, answer)                             \
    {                                                       \
        .text = (question), .echo = true, .typed = (answer) \
    }
#define HIDDEN(question, answer)              \
    {                                         \
        .text = (question), .typed = (answer) \
    }
/* Shown, with arguments. */
#define SAYING(question, answer, ...)                                 \
    {                                                                 \
        .text = (question), .echo = true, .typed = (answer), .arg = { \
            __VA_ARGS__                                               \
        }                                                             \
    }
#define MENU(question, answer, ...)                                      \
    {                                                                    \
        .text = (question), .echo = true, .typed = (answer), .option = { \
            __VA_ARGS__                                                  \
        }                                                                \
    }
/* Typed, and then the conversation fails: nothing of it counts. */
#define BROKEN(question, echoes, answer)                         \
    {                                                            \
        .text = (question), .echo = (echoes), .typed = (answer), \
        .broken = true                                           \
    }
#define NEW_PASSWORD_TWICE(text, first, second) \
    HIDDEN(text, first), HIDDEN(COG_TEXT_NEW_PASSWORD_AGAIN, second)

#endif
