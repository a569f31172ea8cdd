/* SPDX-License-Identifier: MIT */
/*
 * guest.h - alice, who signed in on this host before: what that left in a real
 * store, the pool's answers about her since, and what there is afterwards.
 */
#ifndef COG_TESTS_GUEST_H
#define COG_TESTS_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/login/login.h"
#include "lib/store/record.h"
#include "lib/store/tombstone.h"
#include "tests/sign.h"
#include "tests/unit/shelf.h"
#include "tests/unit/tokens.h"
#include "tests/unit/world.h"

#define GUEST_NOW      INT64_C(1795000000) /* world.h's */
#define GUEST_PASSWORD "Passw0rd!"
#define GUEST_OTHER    "3f25a1c0-0000-4000-8000-000000000002"
#define GUEST_DEVICE   "us-east-1_d1-d1"

/* The pool's answers: tokens of alice in the group ops, the same with a new
 * refresh token "r.o.t", in the group dev alone, both, of another sub, of bob,
 * with somebody else's signature; and its keys. */
extern char guest_tokens[SIGN_MAX];
extern char guest_rotated[SIGN_MAX];
extern char guest_regrouped[SIGN_MAX];
extern char guest_moved[SIGN_MAX];
extern char guest_other_sub[SIGN_MAX];
extern char guest_bob[SIGN_MAX];
extern char guest_forged[SIGN_MAX];
extern char guest_keys[SIGN_MAX];

/* Exchanges about her. */
#define GUEST_ERROR(type, message) \
    "{\"__type\":\"" type "\",\"message\":\"" message "\"}"
#define GUEST_REFUSED(type, message)                               \
    {                                                              \
        .expect = "GetTokensFromRefreshToken", .holds = {"r.e.f"}, \
        .status = 400, .body = GUEST_ERROR(type, message),         \
    }
#define GUEST_RENEWS(reply)                                        \
    {                                                              \
        .expect = "GetTokensFromRefreshToken", .holds = {"r.e.f"}, \
        .status = 200, .body = (reply),                            \
    }
#define GUEST_FAILS(code)                                          \
    {                                                              \
        .expect = "GetTokensFromRefreshToken", .holds = {"r.e.f"}, \
        .status = 0, .fail = (code)                                \
    }
#define GUEST_GETS_KEYS                                              \
    {                                                                \
        .expect = TOKENS_JWKS_URL, .status = 200, .body = guest_keys \
    }
#define GUEST_REVOKES(token)                                                   \
    {                                                                          \
        .expect = "RevokeToken", .holds = {token}, .status = 200, .body = "{}" \
    }

/* Where she works. */
extern const struct cog_session guest_session;

/* Instead of crypt(3), which test_verifier.c has, there is one that takes no
 * time: called at each hash, may be NULL; how many there were. */
extern void (*guest_at_hash)(void);
extern unsigned guest_hashes;

/* Group fixture: makes the answers. */
int guest_setup(void **state);

/* What her last sign-in left. All zero: a minute ago, in the group ops, with
 * the refresh token "r.e.f", and nothing for offline. */
struct guest_traces {
    bool unbound;
    const char *issuer; /* of the binding; NULL: the pool's */
    const char *sub;    /* likewise */
    bool unrecorded;    /* the binding knows of no record */
    bool no_record;
    bool no_token;
    int64_t age_s;       /* of the last answer, beyond the minute */
    int64_t typed_age_s; /* of the last sign-in, beyond that */
    const char *group;   /* NULL: ops; "": none */
    bool device;
    bool confirmed;       /* and has a password */
    const char *password; /* opens offline; NULL: none does */
    unsigned spent;       /* tries */
    bool second_factor;
    const char *username; /* in the pool; NULL: alice */
    bool buried;
    enum cog_tombstone_reason reason;
    const char *service; /* of the tombstone; NULL: none */
};
void guest_leave(struct cog_store *store, const struct guest_traces *traces);

/* What is there now; clear the record. */
struct guest_left {
    struct cog_record record;
    bool kept;
    bool lost;
    bool buried;
    struct cog_tombstone tombstone;
};
struct guest_left guest_look(struct cog_store *store);

/* Fail the test unless her refresh token is this ("": none), and her tombstone
 * has this reason (-1: there is none). */
void guest_check(struct cog_store *store, const char *token, int reason);

/* A call about her. */
struct guest {
    struct world world;
    struct cog_env env;
    struct cog_prepared prepared;
    struct cog_login login;
    struct cog_login_facts facts;
    struct cog_err err;
};

/* Lines of configuration besides "auth_flow = password", read for a service.
 * `g` must not move. Ends with guest_close(), which checks the world. */
void guest_open(struct guest *g, struct cog_store *store, const char *config,
                const char *service);
void guest_close(struct guest *g);

#endif
