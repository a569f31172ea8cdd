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
#include "lib/pool/device.h"
#include "lib/pool/refusal.h"
#include "lib/pool/srp.h"

/* How long the user's secrets may be, in bytes (Linux-PAM's limit). */
#define COG_FLOW_PASSWORD_MAX ((size_t)511)

struct cog_flow {
    const struct cog_api *api;
    enum cog_api_flow kind;
    const char *pool_name;  /* of the pool id, after the "_"; for SRP */
    const char *username;   /* as mapped; an alias is fine */
    const char *local_user; /* whom this host signs in, or NULL */
    /* The first answer. Empty only with COG_API_CHOICE: the user chooses among
     * what the pool offers. */
    const struct cog_secret *password;
    struct cog_srp *srp; /* a fresh pair made while the user typed, or NULL */
    const struct cog_device *device; /* remembered earlier, or NULL */
};

/* What is known of the user's proofs; also valid after a failure. */
struct cog_flow_facts {
    bool answered;              /* something of the pool was heard */
    bool proven;                /* the pool accepted a password or first code */
    struct cog_refused refused; /* the last one */
    const char *method; /* first factor: "password", "email_otp", "sms_otp" */
    /* The second factor used: "totp", "sms", "email", "custom", "device", or
     * ""; static. A code that may have been the first or the second counts as
     * both: whether the password was right is then unknown. */
    const char *mfa;
    bool device_unknown;   /* the pool has forgotten `device`: so should we */
    bool password_changed; /* NEW_PASSWORD_REQUIRED was answered */
    bool password_sent;    /* a new one may be the user's, answer or not */
    /* The password that proved the user in the end: the new one after a forced
     * change, one typed for a menu's choice; empty when none did. Clear it. */
    struct cog_secret password;
};

#define COG_FLOW_FACTS_INIT                                 \
    {                                                       \
        .method = "", .mfa = "",                            \
        .password = COG_SECRET_INIT(COG_FLOW_PASSWORD_MAX), \
    }

/*
 * Run the flow. `ret` (COG_API_REPLY_INIT) then holds tokens; `facts`
 * (COG_FLOW_FACTS_INIT) is to be cleared in any case.
 * COG_E_CHALLENGE: the pool poses one this build cannot answer (named).
 * COG_E_BROWSER: only a browser can go on (a passkey).
 * COG_E_MAXTRIES: too many rounds. Otherwise as api.h and the conversation.
 */
int cog_flow_run(const struct cog_env *env, const struct cog_flow *flow,
                 struct cog_api_reply *ret, struct cog_flow_facts *facts,
                 struct cog_err *err) COG_MUST_USE;

void cog_flow_facts_clear(struct cog_flow_facts *facts);

#endif
