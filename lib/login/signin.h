/* SPDX-License-Identifier: MIT */
/*
 * signin.h - one password tried with the pool: from the question to claims of
 * somebody who may come in.
 *
 * What login and change have in common. Every online way in ends with
 * cog_signin_admit(), and only verified claims get past it.
 */
#ifndef COG_SIGNIN_H
#define COG_SIGNIN_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/core/ui.h"
#include "lib/host/endpoints.h"
#include "lib/login/login.h"
#include "lib/net/env.h"
#include "lib/pool/api.h"
#include "lib/pool/flow.h"
#include "lib/pool/refusal.h"
#include "lib/pool/srp.h"
#include "lib/token/claims.h"
#include "lib/token/keyset.h"

struct cog_signin {
    const struct cog_env *env;
    const struct cog_login *login;
    struct cog_login_facts *facts;
    struct cog_api api;
    struct cog_keyset *keyset;
    struct cog_srp *srp; /* made while the user typed, or NULL */
    struct cog_err srp_err;
    bool warm_keys; /* the warm-up asks the issuer itself for its keys */
    /* What the last cog_signin_run() came to, whether it failed or not. */
    struct cog_flow_facts flow;
    /* What it brought, when it did not; else empty. Claims are verified, which
     * says nothing of whether their holder may come in. */
    struct cog_api_reply reply;
    struct cog_claims *claims;
};

/*
 * Begin: `ret` is to be closed in any case. Sends and asks nothing.
 * COG_E_SCOPE: not ours. COG_E_NOMEM.
 */
int cog_signin_open(const struct cog_env *env, const struct cog_login *login,
                    struct cog_login_facts *facts, struct cog_signin *ret,
                    struct cog_err *err) COG_MUST_USE;

/* May this user be asked of the pool at all? If not, he is asked like anyone,
 * and nothing is sent. */
bool cog_signin_known(const struct cog_login *login);

/* Ask for a password with this text; connection and SRP's A are made while
 * the user types. `ret` may stay empty. Errors as the conversation. */
int cog_signin_ask(struct cog_signin *s, enum cog_text text,
                   struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/* Put a question for a code or a number; `ret` (empty) is what was typed
 * without the blanks people put into one. Errors as the conversation. */
int cog_signin_ask_code(const struct cog_signin *s,
                        const struct cog_question *question,
                        struct cog_secret *ret,
                        struct cog_err *err) COG_MUST_USE;

/*
 * A password no pool could have: empty, or one nobody can have typed, such as
 * what sshd puts in place of the password of users it refuses. COG_E_DENIED:
 * nothing of it may leave the host.
 */
int cog_signin_check_form(const struct cog_secret *password,
                          struct cog_err *err) COG_MUST_USE;

/* COG_E_DENIED: a user the pool must not be asked about. Otherwise what kept
 * SRP's A from being made. */
int cog_signin_check_user(const struct cog_signin *s,
                          struct cog_err *err) COG_MUST_USE;

/*
 * Sign in with this password (checked; empty only with auth_flow = user_auth)
 * and admit the holder of the tokens. Errors as flow.h and
 * cog_signin_admit().
 */
int cog_signin_run(struct cog_signin *s, const struct cog_secret *password,
                   struct cog_err *err) COG_MUST_USE;

/*
 * The code of a failure that the last try ended with: who is proven need not
 * look for a mistake in his password. COG_E_REFUSED or COG_E_LATE for his
 * COG_E_DENIED and COG_E_CHALLENGE, else `code`.
 */
enum cog_errc cog_signin_code(const struct cog_signin *s, enum cog_errc code);

/*
 * Verify the ID token of s->reply: s->claims are its then, whoever's they are.
 * COG_E_TOKEN: not genuine. COG_E_NET, COG_E_PROTOCOL: no keys to verify with.
 */
int cog_signin_verify(struct cog_signin *s, struct cog_err *err) COG_MUST_USE;

/*
 * Let the holder of s->claims in, or not: first the rules, then the binding.
 * COG_E_IDENTITY: not his, not allowed, bound to somebody else. COG_E_SYSTEM:
 * the binding cannot be read.
 */
int cog_signin_admit(struct cog_signin *s, struct cog_err *err) COG_MUST_USE;

/* Show the pool's own words of a refusal: they tell a stranger nothing once the
 * user has proven himself. */
void cog_signin_tell(const struct cog_signin *s,
                     const struct cog_refused *refused);

/* Best effort: a refresh token that nobody keeps ends by itself sooner or
 * later. */
void cog_signin_revoke(struct cog_signin *s);

/*
 * Where the key set would be on the endpoint: the issuer's own address where
 * that is the same host (*ret_issuers: what comes from there are its keys).
 * COG_E_SYSTEM: too long.
 */
int cog_signin_keys_url(const struct cog_config *config,
                        char ret[COG_ENDPOINTS_URL_BYTES], bool *ret_issuers,
                        struct cog_err *err) COG_MUST_USE;

/*
 * Does the pool answer at all? One request, for its key set; any answer but an
 * outage will do, since not every endpoint has it. COG_E_NET: an outage.
 * COG_E_SYSTEM: as above. Otherwise as the transport.
 */
int cog_signin_reach(const struct cog_env *env, const struct cog_config *config,
                     struct cog_err *err) COG_MUST_USE;

/* Tell whoever measures that a step is done. */
void cog_signin_step(const struct cog_login *login, const char *name);

void cog_signin_close(struct cog_signin *s);

#endif
