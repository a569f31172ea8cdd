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

/* How long a right password waits for the lock, in milliseconds; a shorter time
 * than the first wait, since both are beyond the network's. */
#define REFUND_WAIT_MS 1000

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

/* Also that he was not refused meanwhile. */
static int
read_record(struct offline *o, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    bool found = false;

    cog_record_clear(&o->record);
    if (cog_keep_record(o->login, &o->binding, &o->record, &found, &why) < 0 ||
        cog_recheck_tombstone(o->login, &why) < 0) {
        return why.code == COG_E_SYSTEM || why.code == COG_E_NOMEM
                   ? cog_fail(err, why.code, "%s", why.msg)
                   : refuse(err, why.msg);
    }
    if (!found)
        return refuse(err, "no sign-in of this user is on record");
    return 0;
}

/* With the user's lock held, so that a hundred tries at once are a hundred. A
 * process that dies from here on has used up its try. */
static int
charge(struct offline *o, struct cog_err *err)
{
    if (read_record(o, err) < 0 || check_record(o, err) < 0)
        return -1;
    o->record.tries_left--;
    return write_record(o, err);
}

static int
take_lock(const struct offline *o, int64_t wait_ms, int *ret,
          struct cog_err *err)
{
    return cog_userlock_take(o->login->store,
                             o->login->prepared->local.account.name, wait_ms,
                             ret, err);
}

static int
charge_locked(struct offline *o, struct cog_err *err)
{
    int lock = -1;
    int rc;

    if (take_lock(o, COG_USERLOCK_WAIT_MS, &lock, err) < 0)
        return -1;
    rc = charge(o, err);
    (void)close(lock);
    return rc;
}

/*
 * The password fits what was kept when the try was charged. Whatever another
 * process has made of the record since then counts; with the lock, the try is
 * given back.
 */
static int
settle(struct offline *o, bool locked, struct cog_err *why, struct cog_err *err)
{
    struct cog_secret tried = COG_SECRET_INIT(COG_RECORD_VERIFIER_MAX);
    int rc = -1;

    if (cog_secret_append(&tried, o->record.verifier.data,
                          o->record.verifier.len, err) < 0 ||
        read_record(o, err) < 0)
        goto out;
    if (!cog_secret_equal(&o->record.verifier, &tried)) {
        refuse(err, "the password on record is another one by now");
        goto out;
    }
    rc = 0;
    if (locked && o->record.tries_left < COG_RECORD_TRIES) {
        o->record.tries_left++;
        if (write_record(o, why) < 0)
            o->record.tries_left--;
    }

out:
    cog_secret_clear(&tried);
    return rc;
}

static int
refund(struct offline *o, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    int lock = -1;
    const bool locked = take_lock(o, REFUND_WAIT_MS, &lock, &why) == 0;
    const int rc = settle(o, locked, &why, err);

    if (locked)
        (void)close(lock);
    if (rc == 0 && why.code != COG_OK) {
        cog_login_note(&o->facts->note, "one try less offline from now on: %s",
                       why.msg);
    }
    return rc;
}

/* Without the lock, so that nobody who types wrong passwords keeps others of
 * this user waiting: it takes long. */
static int
try_password(struct offline *o, struct cog_err *err)
{
    if (!cog_verifier_fits(&o->record.verifier, o->password))
        return cog_fail(err, COG_E_DENIED, "wrong password, offline");
    return refund(o, err);
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
    int rc = -1;

    if (!login->prepared->config.offline)
        return refuse(err, "sign-in is off");
    if (login->read_only) /* each try is counted */
        return refuse(err, "nothing is tried by a test");
    if (password->len == 0)
        return refuse(err, "there is no menu");
    if (login->store == NULL || cog_store_no_key(login->store) != NULL)
        return refuse(err, "nothing is on record");
    if (charge_locked(&o, err) == 0 && try_password(&o, err) == 0)
        rc = check_rules(&o, err);
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
        (void)!cog_keep_drop_verifier(login, true, note, &why);
    if (why.code != COG_OK) {
        cog_login_note(note, "the last password may still work offline: %s",
                       why.msg);
    }
}
