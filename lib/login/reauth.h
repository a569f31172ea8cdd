/* SPDX-License-Identifier: MIT */
/*
 * reauth.h - reauth = refresh: who signed in through this service on this
 * terminal session a short while ago is not asked again, as long as the pool
 * still honours that sign-in.
 */
#ifndef COG_REAUTH_H
#define COG_REAUTH_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/login/login.h"
#include "lib/net/env.h"

/*
 * True lets the user in without a question; `facts` (COG_LOGIN_FACTS_INIT) is
 * then as after a sign-in, method "refresh". Otherwise he is to be asked as
 * usual: facts->note says why, where there was a ticket. A refusal of the
 * pool's ends the ticket. Uses login->renewals, or env's network.
 */
bool cog_reauth_run(const struct cog_env *env, const struct cog_login *login,
                    struct cog_login_facts *facts);

/* After an interactive sign-in as this sub: leave a ticket, where the service
 * wants them and the session can have one. Best effort, with a note. */
void cog_reauth_grant(const struct cog_env *env, const struct cog_login *login,
                      const char *sub, struct cog_err *note);

#endif
