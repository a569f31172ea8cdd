/* SPDX-License-Identifier: MIT */
#include "lib/login/offline.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/login/keep.h"
#include "lib/login/recheck.h"
#include "lib/store/record.h"
#include "lib/store/userlock.h"
#include "lib/store/verifier.h"

/* One try. */
struct offline {
    const struct cog_env *env;
    const struct cog_login *login;
    const struct cog_secret *password;
    struct cog_login_facts *facts;
    struct cog_binding binding;
    struct cog_record record;
};

static int
refuse(struct cog_err *err, const char *why)
{
    return cog_fail(err, COG_E_UNREACHABLE,
                    "the pool cannot be reached, and offline %s", why);
}

/* A clock that was set back makes nothing younger. */
static bool
is_young(const struct offline *o)
{
    const struct cog_clock *clock = &o->env->clock;
    const int64_t now_s = clock->unix_s(clock->ctx);
    const int64_t age_s = now_s - o->record.interactive_s;

    return o->record.online_s <= now_s && age_s >= 0 &&
           age_s < o->login->prepared->config.offline_max_age_s;
}

static int
check_record(const struct offline *o, struct cog_err *err)
{
    if (o->record.verifier.len == 0)
        return refuse(err, "no password of this user is known");
    if (o->record.second_factor &&
        !o->login->prepared->config.offline_without_mfa)
        return refuse(err, "a second factor cannot be asked for");
    if (!is_young(o))
        return refuse(err, "the last sign-in is too long ago");
    if (o->record.tries_left == 0)
        return refuse(err, "too many wrong passwords were given");
    return 0;
}

static int
write_record(const struct offline *o, struct cog_err *err)
{
    const struct cog_record_key key =
        cog_keep_key(o->login->prepared, o->binding.sub);

    return cog_record_write(o->login->store, &key, &o->record, err);
}

/* A process that dies after the first write has used up its try. */
static int
try_password(struct offline *o, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    o->record.tries_left--;
    if (write_record(o, err) < 0)
        return -1;
    if (!cog_verifier_fits(&o->record.verifier, o->password))
        return cog_fail(err, COG_E_DENIED, "wrong password, offline");
    o->record.tries_left++;
    if (write_record(o, &why) < 0) {
        cog_login_note(&o->facts->note, "one try less offline from now on: %s",
                       why.msg);
    }
    return 0;
}

/* Who may not come in is told so after his proof only. */
static int
check_rules(struct offline *o, struct cog_err *err)
{
    const char *rule = "";

    if (cog_keep_still(o->login->prepared, &o->record, &rule, err) < 0)
        return -1;
    (void)snprintf(o->facts->sub, sizeof(o->facts->sub), "%s", o->binding.sub);
    o->facts->method = "offline";
    o->facts->mfa = "";
    o->facts->rule = rule;
    return 0;
}

/* With the user's lock held, so that a hundred tries at once are a hundred. */
static int
run_locked(struct offline *o, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    bool found = false;

    if (cog_keep_record(o->login, &o->binding, &o->record, &found, &why) < 0 ||
        cog_recheck_tombstone(o->login, &why) < 0) {
        return why.code == COG_E_SYSTEM || why.code == COG_E_NOMEM
                   ? cog_fail(err, why.code, "%s", why.msg)
                   : refuse(err, why.msg);
    }
    if (!found)
        return refuse(err, "no sign-in of this user is on record");
    if (check_record(o, err) < 0 || try_password(o, err) < 0)
        return -1;
    return check_rules(o, err);
}

int
cog_offline_run(const struct cog_env *env, const struct cog_login *login,
                const struct cog_secret *password,
                struct cog_login_facts *facts, struct cog_err *err)
{
    struct offline o = {
        .env = env,
        .login = login,
        .password = password,
        .facts = facts,
        .record = COG_RECORD_INIT,
    };
    int lock = -1;
    int rc;

    if (!login->prepared->config.offline || login->read_only)
        return refuse(err, "sign-in is off");
    if (password->len == 0)
        return refuse(err, "there is no menu");
    if (login->store == NULL || cog_store_no_key(login->store) != NULL)
        return refuse(err, "nothing is on record");
    if (cog_userlock_take(login->store, login->prepared->local.account.name,
                          COG_USERLOCK_WAIT_MS, &lock, err) < 0)
        return -1;
    rc = run_locked(&o, err);
    (void)close(lock);
    cog_record_clear(&o.record);
    return rc;
}

/* Is it the one password that does open something? */
static bool
opens(const struct cog_login *login, const struct cog_secret *password,
      struct cog_err *err)
{
    struct cog_record record = COG_RECORD_INIT;
    struct cog_binding binding;
    bool found = false;
    bool fits;

    fits = cog_keep_record(login, &binding, &record, &found, err) == 0 &&
           found && record.verifier.len > 0 &&
           cog_verifier_fits(&record.verifier, password);
    cog_record_clear(&record);
    return fits;
}

void
cog_offline_refused(const struct cog_login *login,
                    const struct cog_refused *refused,
                    const struct cog_secret *password, struct cog_err *note)
{
    const enum cog_refusal kind = refused->kind;
    const bool of_user = kind == COG_REFUSAL_NOT_FOUND ||
                         kind == COG_REFUSAL_DISABLED ||
                         kind == COG_REFUSAL_RESET;
    struct cog_err why = COG_ERR_INIT;

    if (login->read_only || login->store == NULL ||
        cog_store_no_key(login->store) != NULL)
        return;
    if (of_user ||
        (kind == COG_REFUSAL_CREDENTIALS && opens(login, password, &why)))
        (void)!cog_keep_drop_verifier(login, note, &why);
    if (why.code != COG_OK) {
        cog_login_note(note, "the last password may still work offline: %s",
                       why.msg);
    }
}
