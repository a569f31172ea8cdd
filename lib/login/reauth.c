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

/* Whose ticket it would be: a user of ours whom nothing on this host refuses.
 * Otherwise he finds out when he is asked. */
static bool
find_binding(const struct cog_login *login, struct cog_binding *ret)
{
    const struct cog_prepared *prepared = login->prepared;
    struct cog_err none = COG_ERR_INIT;
    bool found = false;

    return !cog_scope_denied(&prepared->config, &prepared->local) &&
           cog_scope_check(&prepared->config, &prepared->local, &none) == 0 &&
           cog_store_no_key(login->store) == NULL &&
           cog_keep_bound(login, ret, &found, &none) == 0 && found &&
           cog_recheck_tombstone(login, &none) == 0;
}

/* With a ticket: does the pool still honour the sign-in? */
static int
renew(const struct cog_env *env, const struct cog_login *login,
      const struct cog_binding *binding, struct cog_login_facts *facts,
      enum cog_renewal *ret, struct cog_err *err)
{
    struct cog_env own = *env;
    struct cog_signin s;
    int rc;

    if (login->renewals != NULL)
        own.transport = *login->renewals;
    rc = cog_signin_open(&own, login, facts, &s, err);
    if (rc == 0)
        rc = cog_renewal_run(&s, binding, 0, ret, err);
    cog_signin_close(&s);
    return rc;
}

static bool
use_ticket(const struct cog_env *env, const struct cog_login *login,
           const struct cog_binding *binding, struct cog_login_facts *facts)
{
    const struct cog_ticket ticket = ticket_of(login, binding->sub);
    const struct cog_ticket_time time = now(env);
    enum cog_renewal renewal = COG_RENEWAL_FAILED;
    struct cog_login_facts asked;
    struct cog_err why = COG_ERR_INIT;

    if (!cog_ticket_holds(login->store, &ticket, &time,
                          login->prepared->config.reauth_max_age_s))
        return false;
    if (renew(env, login, binding, &asked, &renewal, &why) == 0) {
        *facts = asked;
        facts->method = "refresh";
        return true;
    }
    if (renewal == COG_RENEWAL_REFUSED || renewal == COG_RENEWAL_LOST)
        cog_ticket_erase(login->store, &ticket);
    cog_login_note(&facts->note, "not without a question: %s%s%s", why.msg,
                   asked.note.msg[0] == '\0' ? "" : "; ", asked.note.msg);
    return false;
}

bool
cog_reauth_run(const struct cog_env *env, const struct cog_login *login,
               struct cog_login_facts *facts)
{
    struct cog_binding binding;

    return may_have_ticket(login) && find_binding(login, &binding) &&
           use_ticket(env, login, &binding, facts);
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
        cog_login_note(note, "no ticket: %s", why.msg);
}
