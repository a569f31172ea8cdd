/* SPDX-License-Identifier: MIT */
#include "lib/login/reauth.h"

#include <string.h>

#include "lib/login/keep.h"
#include "lib/login/recheck.h"
#include "lib/login/renewal.h"
#include "lib/login/scope.h"
#include "lib/store/ticket.h"

static struct cog_ticket
ticket_of(const struct cog_login *login, const char *sub)
{
    const struct cog_ticket ticket = {
        .service = login->service,
        .user = login->prepared->local.account.name,
        .uid = login->prepared->local.account.uid,
        .sub = sub,
        .session = login->session,
    };

    return ticket;
}

static struct cog_ticket_time
now(const struct cog_env *env)
{
    const struct cog_ticket_time time = {
        .unix_s = env->clock.unix_s(env->clock.ctx),
        .boot_s = env->clock.boot_s(env->clock.ctx),
    };

    return time;
}

/*
 * The user himself runs the application, by the kernel's word and by PAM's:
 * sudo -u, targetpw and su to somebody else prove another person's presence,
 * whose terminal this is not.
 */
static bool
runs_it_himself(const struct cog_login *login)
{
    const struct cog_account *account = &login->prepared->local.account;

    return account->exists && login->session->real_uid == account->uid &&
           login->ruser != NULL && strcmp(login->ruser, account->name) == 0;
}

static bool
may_have_ticket(const struct cog_login *login)
{
    const struct cog_config *config = &login->prepared->config;

    return config->reauth == COG_REAUTH_REFRESH && !login->read_only &&
           login->store != NULL && login->service != NULL &&
           login->session != NULL && runs_it_himself(login);
}

/* With a ticket: does the pool still honour the sign-in? */
static int
renew(const struct cog_env *env, const struct cog_login *login,
      const struct cog_binding *binding, struct cog_login_facts *facts,
      enum cog_renewal *ret, struct cog_err *err)
{
    struct cog_signin s;
    int rc = cog_signin_open(env, login, facts, &s, err);

    if (rc == 0)
        rc = cog_renewal_run(&s, binding, ret, err);
    cog_signin_close(&s);
    return rc;
}

bool
cog_reauth_run(const struct cog_env *env, const struct cog_login *login,
               struct cog_login_facts *facts)
{
    const struct cog_config *config = &login->prepared->config;
    const struct cog_ticket_time time = now(env);
    enum cog_renewal renewal = COG_RENEWAL_FAILED;
    struct cog_err why = COG_ERR_INIT;
    struct cog_binding binding;
    struct cog_ticket ticket;
    bool found = false;

    if (!may_have_ticket(login) ||
        cog_scope_denied(config, &login->prepared->local) ||
        cog_keep_bound(login, &binding, &found, &why) < 0 || !found ||
        cog_recheck_tombstone(login, &why) < 0)
        return false;
    ticket = ticket_of(login, binding.sub);
    if (!cog_ticket_holds(login->store, &ticket, &time,
                          config->reauth_max_age_s))
        return false;
    if (renew(env, login, &binding, facts, &renewal, &why) == 0) {
        facts->method = "refresh";
        return true;
    }
    if (renewal == COG_RENEWAL_REFUSED || renewal == COG_RENEWAL_LOST)
        cog_ticket_erase(login->store, &ticket);
    cog_fail(&facts->note, why.code, "not without a question: %s", why.msg);
    return false;
}

void
cog_reauth_grant(const struct cog_env *env, const struct cog_login *login,
                 const char *sub, struct cog_err *note)
{
    const struct cog_ticket_time time = now(env);
    struct cog_err why = COG_ERR_INIT;
    struct cog_ticket ticket;

    if (!may_have_ticket(login))
        return;
    ticket = ticket_of(login, sub);
    if (cog_ticket_write(login->store, &ticket, &time, &why) < 0 &&
        why.code != COG_E_SCOPE)
        cog_fail(note, COG_E_SYSTEM, "no ticket: %s", why.msg);
}
