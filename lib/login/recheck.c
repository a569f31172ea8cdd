/* SPDX-License-Identifier: MIT */
#include "lib/login/recheck.h"

#include <stdbool.h>
#include <stdio.h>

#include "lib/core/options.h"
#include "lib/login/identity.h"
#include "lib/login/keep.h"
#include "lib/login/renewal.h"
#include "lib/login/scope.h"
#include "lib/store/pause.h"
#include "lib/store/tombstone.h"

/* One call. */
struct recheck {
    const struct cog_env *env;
    const struct cog_login *login;
    struct cog_login_facts *facts;
    struct cog_binding binding;
    struct cog_record record;
    bool recorded; /* `record` was read */
};

static const struct cog_config *
config_of(const struct recheck *r)
{
    return &r->login->prepared->config;
}

static bool
asks_pool(const struct recheck *r)
{
    return config_of(r)->account_recheck_s != COG_OPTIONS_OFF;
}

int
cog_recheck_tombstone(const struct cog_login *login, struct cog_err *err)
{
    struct cog_tombstone tombstone;
    bool found = false;

    if (cog_tombstone_read(login->store, login->prepared->local.account.name,
                           &tombstone, &found, err) < 0)
        return -1;
    if (!found)
        return 0;
    return cog_fail(err,
                    tombstone.reason == COG_TOMBSTONE_DISABLED ? COG_E_DISABLED
                                                               : COG_E_IDENTITY,
                    "refused until a full sign-in: %s",
                    cog_tombstone_text(tombstone.reason));
}

/* Somebody with a binding never looks like one of another module's users; with
 * none, these are the ways not to be ours. */
static int
refuse_unbound(const struct recheck *r, struct cog_err *err)
{
    if (cog_scope_check(config_of(r), &r->login->prepared->local, err) < 0)
        return -1;
    if (!asks_pool(r)) {
        return cog_fail(err, COG_E_SCOPE,
                        "never signed in on this host, and this service does "
                        "not ask");
    }
    return cog_fail(err, COG_E_NEVER, "never signed in on this host");
}

/* Whom the local user belongs to. */
static int
find_binding(struct recheck *r, struct cog_err *err)
{
    const struct cog_local *local = &r->login->prepared->local;
    bool found = false;

    if (cog_keep_bound(r->login, &r->binding, &found, err) < 0 ||
        cog_recheck_tombstone(r->login, err) < 0)
        return -1;
    if (!found)
        return refuse_unbound(r, err);
    if (cog_scope_check(config_of(r), local, err) < 0) {
        err->code = COG_E_IDENTITY; /* was ours, and no rule admits him now */
        return -1;
    }
    (void)snprintf(r->facts->sub, sizeof(r->facts->sub), "%s", r->binding.sub);
    return 0;
}

/* Where the pool is not asked, a binding suffices; who was never recorded
 * cannot be asked about. */
static int
find_record(struct recheck *r, struct cog_err *err)
{
    const struct cog_record_key key =
        cog_keep_key(r->login->prepared, r->binding.sub);
    const char *no_key = cog_store_no_key(r->login->store);
    bool lost = false;

    if (!r->binding.recorded) {
        return asks_pool(r) ? cog_fail(err, COG_E_NEVER,
                                       "no sign-in on this host was recorded")
                            : 0;
    }
    if (no_key != NULL)
        return cog_fail(err, COG_E_SYSTEM, "%s", no_key);
    if (cog_record_read(r->login->store, &key, &r->record, &r->recorded, &lost,
                        err) < 0)
        return -1;
    if (r->recorded || !asks_pool(r))
        return 0;
    return cog_fail(err, COG_E_IDENTITY,
                    "the record of the last sign-in is %s: sign in once with "
                    "the pool password",
                    lost ? "damaged or foreign" : "gone");
}

/* Within max_s of the pool's last good answer. A clock that was set back makes
 * it neither young nor old: then only the pool can tell. */
static bool
answered_within(const struct recheck *r, int64_t max_s)
{
    const struct cog_clock *clock = &r->env->clock;
    const int64_t now_s = clock->unix_s(clock->ctx);

    return r->record.online_s <= now_s && now_s - r->record.online_s < max_s;
}

static int
let_in(struct recheck *r, const char *method)
{
    r->facts->method = method;
    return 0;
}

/* The pool said nothing new: what it said last holds for a while. */
static int
grace(struct recheck *r, const struct cog_err *why, struct cog_err *err)
{
    if (answered_within(r, config_of(r)->recheck_grace_s)) {
        cog_fail(&r->facts->note, why->code, "%s", why->msg);
        return let_in(r, "grace");
    }
    return cog_fail(err, why->code, "%s; the pool's last answer is too old",
                    why->msg);
}

static int
ask_pool(struct recheck *r, struct cog_err *err)
{
    const struct cog_clock *clock = &r->env->clock;
    const struct cog_store *store = r->login->store;
    const char *endpoint = config_of(r)->endpoint;
    const int64_t boot_s = clock->boot_s(clock->ctx);
    enum cog_renewal renewal = COG_RENEWAL_FAILED;
    struct cog_login_facts asked;
    struct cog_err why = COG_ERR_INIT;
    struct cog_signin s;
    int rc;

    if (cog_pause_holds(store, endpoint, boot_s)) {
        cog_fail(&why, COG_E_UNREACHABLE,
                 "the pool could not be reached a moment ago");
        return grace(r, &why, err);
    }
    rc = cog_signin_open(r->env, r->login, &asked, &s, &why);
    if (rc == 0)
        rc = cog_renewal_run(&s, &r->binding, &renewal, &why);
    cog_signin_close(&s);
    r->facts->note = asked.note;
    if (rc == 0)
        return let_in(r, "refresh");
    if (renewal == COG_RENEWAL_UNREACHABLE)
        cog_pause_begin(store, endpoint, boot_s);
    if (renewal == COG_RENEWAL_UNREACHABLE || renewal == COG_RENEWAL_BUSY)
        return grace(r, &why, err);
    return cog_fail(err, why.code, "%s", why.msg);
}

/* With a binding and a record, as far as there must be one. */
static int
judge(struct recheck *r, struct cog_err *err)
{
    if (r->recorded &&
        cog_identity_still(config_of(r), &r->login->prepared->local,
                           &r->record.groups, &r->facts->rule, err) < 0)
        return -1;
    if (!asks_pool(r))
        return let_in(r, "bound");
    if (answered_within(r, config_of(r)->account_recheck_s) &&
        r->record.refresh_token.len > 0)
        return let_in(r, "cached");
    return ask_pool(r, err);
}

int
cog_recheck_account(const struct cog_env *env, const struct cog_login *login,
                    struct cog_login_facts *facts, struct cog_err *err)
{
    struct recheck r = {
        .env = env,
        .login = login,
        .facts = facts,
        .record = COG_RECORD_INIT,
    };
    int rc = -1;

    *facts = (struct cog_login_facts)COG_LOGIN_FACTS_INIT;
    facts->method = "";
    if (cog_scope_denied(&login->prepared->config, &login->prepared->local)) {
        cog_fail(err, COG_E_IDENTITY, "named in deny_users");
    } else if (!login->prepared->local.account.exists) {
        cog_fail(err, COG_E_SCOPE, "no such local user");
    } else if (find_binding(&r, err) == 0 && find_record(&r, err) == 0) {
        rc = judge(&r, err);
    }
    cog_record_clear(&r.record);
    return rc;
}
