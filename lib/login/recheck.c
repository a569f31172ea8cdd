/* SPDX-License-Identifier: MIT */
#include "lib/login/recheck.h"

#include <stdbool.h>
#include <string.h>

#include "lib/core/options.h"
#include "lib/login/keep.h"
#include "lib/login/renewal.h"
#include "lib/login/scope.h"
#include "lib/login/signin.h"
#include "lib/store/pause.h"
#include "lib/store/tombstone.h"

/* How much older than account_recheck an answer may be while another process
 * has the user's lock, in seconds: more than a pool takes to answer. */
#define LOCKED_SLACK_S INT64_C(60)

/* One call. */
struct recheck {
    const struct cog_env *env;
    const struct cog_login *login;
    struct cog_login_facts *facts;
    struct cog_binding binding;
    struct cog_record record;
    bool recorded; /* `record` was read */
    /* Why the rules no longer admit him who was in the record's groups. */
    struct cog_err barred;
};

static const struct cog_config *
config_of(const struct recheck *r)
{
    return &r->login->prepared->config;
}

static const struct cog_local *
local_of(const struct recheck *r)
{
    return &r->login->prepared->local;
}

static bool
asks_pool(const struct recheck *r)
{
    return config_of(r)->account_recheck_s != COG_OPTIONS_OFF;
}

/* Whom the rules of one service alone have refused is theirs alone. */
static bool
is_of(const struct cog_tombstone *tombstone, const struct cog_login *login)
{
    const char *service = login->service == NULL ? "" : login->service;

    return tombstone->reason != COG_TOMBSTONE_GROUPS ||
           strcmp(tombstone->service, service) == 0;
}

/* Whether a full sign-in is all it takes. */
static enum cog_errc
code_of(enum cog_tombstone_reason reason)
{
    switch (reason) {
    case COG_TOMBSTONE_DISABLED:
        return COG_E_DISABLED;
    case COG_TOMBSTONE_TOKEN:
    case COG_TOMBSTONE_REUSED:
        return COG_E_LOST;
    case COG_TOMBSTONE_NOT_FOUND:
    case COG_TOMBSTONE_GROUPS:
    case COG_TOMBSTONE_REASONS_:
        break;
    }
    return COG_E_IDENTITY;
}

/* any: that of another service counts too. */
static int
check_tombstone(const struct cog_login *login, bool any, struct cog_err *err)
{
    struct cog_tombstone tombstone;
    struct cog_err why = COG_ERR_INIT;
    bool found = false;

    if (cog_tombstone_read(login->store, login->prepared->local.account.name,
                           &tombstone, &found, &why) < 0) {
        return cog_fail(err, why.code == COG_E_IDENTITY ? COG_E_LOST : why.code,
                        "%s", why.msg);
    }
    if (!found || (!any && !is_of(&tombstone, login)))
        return 0;
    return cog_fail(err, code_of(tombstone.reason),
                    "refused until a full sign-in: %s",
                    cog_tombstone_text(tombstone.reason));
}

int
cog_recheck_tombstone(const struct cog_login *login, struct cog_err *err)
{
    return check_tombstone(login, false, err);
}

/* Who is refused, or let go, whatever is in the store. */
static int
check_entry(const struct recheck *r, struct cog_err *err)
{
    if (cog_scope_denied(config_of(r), local_of(r)))
        return cog_fail(err, COG_E_IDENTITY, "named in deny_users");
    if (cog_scope_check_skipped(config_of(r), local_of(r), err) < 0)
        return -1;
    if (!local_of(r)->account.exists)
        return cog_fail(err, COG_E_SCOPE, "no such local user");
    return 0;
}

static int
refuse_unbound(const struct recheck *r, struct cog_err *err)
{
    if (asks_pool(r))
        return cog_fail(err, COG_E_NEVER, "never signed in on this host");
    return cog_fail(err, COG_E_SCOPE,
                    "never signed in on this host, and this service does not "
                    "ask");
}

/*
 * Whom the local user belongs to. Somebody no rule could admit is another
 * module's, unless he was ours: that only a sound store can tell, or one that
 * never was.
 */
static int
find_binding(struct recheck *r, struct cog_err *err)
{
    const struct cog_login *login = r->login;
    struct cog_err scope = COG_ERR_INIT;
    bool found = false;

    if (cog_scope_check(config_of(r), local_of(r), &scope) < 0 &&
        login->store == NULL && !login->store_unsound)
        return cog_fail(err, scope.code, "%s", scope.msg);
    if (cog_keep_bound(login, &r->binding, &found, err) < 0)
        return -1;
    if (found)
        memcpy(r->facts->sub, r->binding.sub, sizeof(r->facts->sub));
    if (cog_recheck_tombstone(login, err) < 0)
        return -1;
    if (scope.code != COG_OK) {
        return cog_fail(err, found ? COG_E_IDENTITY : scope.code, "%s",
                        scope.msg);
    }
    return found ? 0 : refuse_unbound(r, err);
}

/* What can be asked about is a record with a token. */
static bool
is_usable(const struct recheck *r)
{
    return r->recorded && r->record.refresh_token.len > 0;
}

/* As it is on disk now. */
static int
read_record(struct recheck *r, bool *ret_lost, struct cog_err *err)
{
    const struct cog_record_key key =
        cog_keep_key(r->login->prepared, r->binding.sub);

    cog_record_clear(&r->record);
    r->recorded = false;
    return cog_record_read(r->login->store, &key, &r->record, &r->recorded,
                           ret_lost, err);
}

/* Where the pool is not asked, the binding suffices: a record may be purged, or
 * be another app client's. One that was emptied is in place of a refusal. */
static int
check_unasked(const struct recheck *r, struct cog_err *err)
{
    enum cog_record_place place = COG_RECORD_NONE;

    if (cog_record_look(r->login->store, config_of(r)->issuer, r->binding.sub,
                        &place, err) < 0)
        return -1;
    if (place != COG_RECORD_SPOILT)
        return 0;
    return cog_fail(err, COG_E_LOST,
                    "the record of the last sign-in was emptied on a full "
                    "disk: sign in once with the pool password");
}

/*
 * What the pool said last. Without that there are no groups to go by, and what
 * one service's rules refused, all do. A record whose binding does not know of
 * it is what a crash left, and is used: "never recorded" must be true before
 * anything else is said of the user.
 */
static int
find_record(struct recheck *r, struct cog_err *err)
{
    const char *no_key = cog_store_no_key(r->login->store);
    bool lost = false;

    if (no_key != NULL)
        return cog_fail(err, COG_E_SYSTEM, "%s", no_key);
    if (read_record(r, &lost, err) < 0)
        return -1;
    if (is_usable(r))
        return 0;
    if (check_tombstone(r->login, true, err) < 0)
        return -1;
    if (!asks_pool(r))
        return check_unasked(r, err);
    if (!r->recorded && !lost && !r->binding.recorded) {
        return cog_fail(err, COG_E_NEVER,
                        "no sign-in on this host was recorded");
    }
    return cog_fail(err, COG_E_LOST,
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
    const int64_t age_s = clock->unix_s(clock->ctx) - r->record.online_s;

    return age_s >= 0 && age_s < max_s;
}

/* Do the rules still admit whom the record is of? */
static void
judge_rules(struct recheck *r)
{
    r->barred = (struct cog_err)COG_ERR_INIT;
    if (r->recorded) {
        (void)!cog_keep_still(r->login->prepared, &r->record, &r->facts->rule,
                              &r->barred);
    }
}

static bool
is_barred(const struct recheck *r)
{
    return r->barred.code != COG_OK;
}

static int
let_in(struct recheck *r, const char *method)
{
    r->facts->method = method;
    return 0;
}

static int
refuse_barred(const struct recheck *r, struct cog_err *err)
{
    return cog_fail(err, r->barred.code, "%s", r->barred.msg);
}

/* What the pool said last holds for max_s, although `why` nothing new is known,
 * unless another process has just heard otherwise. */
static int
hold_on(struct recheck *r, const char *method, int64_t max_s,
        const struct cog_err *why, struct cog_err *err)
{
    if (cog_recheck_tombstone(r->login, err) < 0)
        return -1;
    if (is_barred(r))
        return refuse_barred(r, err);
    if (!is_usable(r) || !answered_within(r, max_s)) {
        return cog_fail(err, why->code, "%s; the pool's last answer %s",
                        why->msg, max_s == 0 ? "does not count" : "is too old");
    }
    cog_login_note(&r->facts->note, "%s", why->msg);
    return let_in(r, method);
}

/* Nothing of the pool, or nothing of use. */
static int
grace(struct recheck *r, const struct cog_err *why, struct cog_err *err)
{
    return hold_on(r, "grace", config_of(r)->recheck_grace_s, why, err);
}

static int
read_again(struct recheck *r, struct cog_err *err)
{
    bool lost = false;

    if (read_record(r, &lost, err) < 0)
        return -1;
    judge_rules(r);
    return 0;
}

/*
 * Is nothing to be learnt of the pool just now? What another process has found
 * out counts; else we ask ourselves, though not about the user: for that it
 * takes his lock.
 */
static bool
is_silent(const struct recheck *r, struct cog_err *err)
{
    const struct cog_clock *clock = &r->env->clock;
    const struct cog_config *config = config_of(r);

    if (cog_pause_holds(r->login->store, config->endpoint,
                        clock->boot_s(clock->ctx))) {
        cog_fail(err, COG_E_UNREACHABLE,
                 "the pool could not be reached a moment ago");
        return true;
    }
    if (cog_signin_reach(r->env, config, err) == 0)
        return false;
    if (err->code == COG_E_UNREACHABLE) {
        cog_pause_begin(r->login->store, config->endpoint,
                        clock->boot_s(clock->ctx));
    }
    return cog_renewal_is_outage(err->code);
}

/*
 * Another process has the lock. One that asks the pool does so in seconds; one
 * that was stopped may have it for ever, and must not make an old answer count.
 * So what counts is what that process, or one before it, has left by now. Only
 * in an outage, which both of them wait for, it is as if we had the lock.
 */
static int
wait_no_longer(struct recheck *r, const struct cog_err *why,
               struct cog_err *err)
{
    const struct cog_config *config = config_of(r);
    const int64_t slack_s = config->recheck_grace_s < LOCKED_SLACK_S
                                ? config->recheck_grace_s
                                : LOCKED_SLACK_S;
    const int64_t most_s = config->account_recheck_s + slack_s;
    struct cog_err outage = COG_ERR_INIT;
    bool silent = false;

    if (read_again(r, err) < 0)
        return -1;
    if (!answered_within(r, most_s)) {
        silent = is_silent(r, &outage);
        if (read_again(r, err) < 0) /* that took its time */
            return -1;
    }
    return silent ? grace(r, &outage, err)
                  : hold_on(r, "cached", most_s, why, err);
}

static int
ask_pool(struct recheck *r, struct cog_err *err)
{
    enum cog_renewal renewal = COG_RENEWAL_FAILED;
    struct cog_login_facts asked;
    struct cog_err why = COG_ERR_INIT;
    struct cog_signin s;
    int rc = cog_signin_open(r->env, r->login, &asked, &s, &why);

    if (rc == 0) {
        rc = cog_renewal_run(&s, &r->binding, config_of(r)->account_recheck_s,
                             &renewal, &why);
    }
    cog_signin_close(&s);
    r->facts->note = asked.note;
    if (rc == 0) {
        r->facts->rule = asked.rule;
        return let_in(r, "recheck");
    }
    if (renewal == COG_RENEWAL_UNREACHABLE || renewal == COG_RENEWAL_BUSY)
        return grace(r, &why, err);
    if (renewal == COG_RENEWAL_LOCKED)
        return wait_no_longer(r, &why, err);
    /* Whoever had the lock before us says it better. */
    if (renewal == COG_RENEWAL_LOST && cog_recheck_tombstone(r->login, err) < 0)
        return -1;
    return cog_fail(err, why.code, "%s", why.msg);
}

/* With a binding and a record, as far as there must be one. */
static int
judge(struct recheck *r, struct cog_err *err)
{
    judge_rules(r);
    if (!asks_pool(r))
        return is_barred(r) ? refuse_barred(r, err) : let_in(r, "bound");
    if (!is_barred(r) && answered_within(r, config_of(r)->account_recheck_s))
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
    if (check_entry(&r, err) == 0 && find_binding(&r, err) == 0 &&
        find_record(&r, err) == 0)
        rc = judge(&r, err);
    cog_record_clear(&r.record);
    return rc;
}
