/* SPDX-License-Identifier: MIT */
#include "lib/login/offline.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/login/identity.h"
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
    struct cog_record_key key;
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
young(const struct offline *o)
{
    const struct cog_clock *clock = &o->env->clock;
    const int64_t age_s = clock->unix_s(clock->ctx) - o->record.interactive_s;

    return age_s >= 0 && age_s < o->login->prepared->config.offline_max_age_s;
}

static int
check_record(const struct offline *o, struct cog_err *err)
{
    const struct cog_config *config = &o->login->prepared->config;

    if (o->record.verifier.len == 0)
        return refuse(err, "no password of this user is known");
    if (o->record.second_factor && !config->offline_without_mfa)
        return refuse(err, "a second factor cannot be asked for");
    if (!young(o))
        return refuse(err, "the last sign-in is too long ago");
    if (o->record.tries_left == 0)
        return refuse(err, "too many wrong passwords were given");
    return cog_identity_still(config, &o->login->prepared->local,
                              &o->record.groups, &o->facts->rule, err);
}

static int
write_record(const struct offline *o, struct cog_err *err)
{
    return cog_record_write(o->login->store, &o->key, &o->record, err);
}

/* Under the user's lock, so that a hundred tries at once are a hundred. A
 * process that dies in between has used up its try. */
static int
try_password(struct offline *o, struct cog_err *err)
{
    o->record.tries_left--;
    if (write_record(o, err) < 0)
        return -1;
    if (!cog_verifier_fits(&o->record.verifier, o->password))
        return cog_fail(err, COG_E_DENIED, "wrong password, offline");
    /* The password was right: a try that stays spent refuses nobody now. */
    o->record.tries_left = COG_RECORD_TRIES;
    (void)!write_record(o, &o->facts->note);
    return 0;
}

static int
run_locked(struct offline *o, struct cog_err *err)
{
    bool found = false;
    bool lost = false;

    if (cog_record_read(o->login->store, &o->key, &o->record, &found, &lost,
                        err) < 0)
        return -1;
    if (!found)
        return refuse(err, "no sign-in of this user is on record");
    if (check_record(o, err) < 0)
        return -1;
    return try_password(o, err);
}

/* What stands whatever the password is. */
static int
check_user(const struct cog_login *login, struct cog_binding *ret,
           struct cog_err *err)
{
    bool found = false;

    if (!login->prepared->config.offline || login->read_only)
        return refuse(err, "sign-in is off");
    if (cog_keep_bound(login, ret, &found, err) < 0)
        return -1;
    if (!found)
        return refuse(err, "this user has never signed in on this host");
    return cog_recheck_tombstone(login, err);
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
    struct cog_binding binding;
    int lock = -1;
    int rc = -1;

    if (check_user(login, &binding, err) < 0 ||
        cog_userlock_take(login->store, binding.user, COG_USERLOCK_WAIT_MS,
                          &lock, err) < 0)
        return -1;
    o.key = cog_keep_key(login->prepared, binding.sub);
    rc = run_locked(&o, err);
    (void)close(lock);
    cog_record_clear(&o.record);
    if (rc == 0) {
        (void)snprintf(facts->sub, sizeof(facts->sub), "%s", binding.sub);
        facts->method = "offline";
    }
    return rc;
}
