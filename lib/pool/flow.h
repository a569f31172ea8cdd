/* SPDX-License-Identifier: MIT */
/*
 * flow.h - one sign-in with the pool, from the password to its tokens.
 *
 * The pool may put challenges in between; a table says which this build can
 * answer. A challenge is never a success: only a reply with tokens ends the
 * flow well, and those are unverified until token/jwt has checked them.
 */
#ifndef COG_FLOW_H
#define COG_FLOW_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/net/env.h"
#include "lib/pool/api.h"
#include "lib/pool/srp.h"

struct cog_flow {
    const struct cog_api *api;
    const char *pool_name; /* of the pool id, after the "_"; for SRP */
    const char *username;  /* as mapped; an alias is fine */
    const struct cog_secret *password;
    struct cog_srp *srp; /* a fresh pair for SRP; NULL: send the password */
};

/* What is known of the user's proofs; also valid after a failure. */
struct cog_flow_facts {
    bool proven;              /* the pool accepted the password */
    enum cog_refusal refusal; /* the last one */
    const char *mfa;          /* the second factor used, or ""; static */
};

/*
 * Run the flow. `ret` (COG_API_REPLY_INIT) then holds tokens.
 * COG_E_CHALLENGE: the pool poses one this build cannot answer (named).
 * COG_E_MAXTRIES: too many rounds. Otherwise as api.h and the conversation.
 */
int cog_flow_run(const struct cog_env *env, const struct cog_flow *flow,
                 struct cog_api_reply *ret, struct cog_flow_facts *facts,
                 struct cog_err *err) COG_MUST_USE;

#endif
