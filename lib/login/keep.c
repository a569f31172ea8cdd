/* SPDX-License-Identifier: MIT */
#include "lib/login/keep.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/core/display.h"
#include "lib/login/identity.h"
#include "lib/store/tombstone.h"
#include "lib/store/userlock.h"
#include "lib/store/verifier.h"

/* A sign-in being kept. */
struct keep {
    const struct cog_env *env;
    const struct cog_login *login;
    const struct cog_keep_signin *signin;
    struct cog_err *note;
    struct cog_device device;   /* just registered; empty: none */
    struct cog_secret verifier; /* empty: none wanted, or none made */
};

static const char *
user_of(const struct cog_login *login)
{
    return login->prepared->local.account.name;
}

struct cog_record_key
cog_keep_key(const struct cog_prepared *prepared, const char *sub)
{
    const struct cog_record_key key = {
        .issuer = prepared->config.issuer,
        .client_id = prepared->config.client_id,
        .sub = sub,
        .user = prepared->local.account.name,
        .uid = prepared->local.account.uid,
    };

    return key;
}

static int
fail_bound(const struct cog_login *login, struct cog_err *err)
{
    return cog_fail(err, COG_E_IDENTITY,
                    "bound to another pool user: if that is as it should be, "
                    "run 'pam-cognito cache forget %s'",
                    user_of(login));
}

/* Both forms of its issuer are the same pool. */
static bool
same_pool(const struct cog_config *config, const char *issuer)
{
    return strcmp(issuer, config->issuer) == 0 ||
           (config->issuer_alternative != NULL &&
            strcmp(issuer, config->issuer_alternative) == 0);
}

int
cog_keep_bound(const struct cog_login *login, struct cog_binding *ret,
               bool *ret_found, struct cog_err *err)
{
    struct cog_binding binding;
    bool found = false;

    if (login->store == NULL) {
        return cog_fail(err, COG_E_SYSTEM, "%s",
                        login->no_store == NULL ? "there is no store"
                                                : login->no_store);
    }
    if (cog_binding_read(login->store, user_of(login), &binding, &found, err) <
        0)
        return -1;
    if (found && !same_pool(&login->prepared->config, binding.issuer))
        return fail_bound(login, err);
    if (found)
        *ret = binding;
    *ret_found = found;
    return 0;
}

static int
copy(struct cog_secret *to, const struct cog_secret *from, struct cog_err *err)
{
    if (from->len == 0)
        return 0;
    return cog_secret_append(to, from->data, from->len, err);
}

int
cog_keep_record(const struct cog_login *login, struct cog_binding *ret_binding,
                struct cog_record *ret, bool *ret_found, struct cog_err *err)
{
    struct cog_record_key key;
    bool lost = false;

    *ret_found = false;
    if (cog_keep_bound(login, ret_binding, ret_found, err) < 0)
        return -1;
    if (!*ret_found)
        return 0;
    key = cog_keep_key(login->prepared, ret_binding->sub);
    return cog_record_read(login->store, &key, ret, ret_found, &lost, err);
}

/* A device without our password was named by the pool and never confirmed: it
 * proves nothing. */
static int
take_device(const struct cog_record *record, struct cog_device *ret,
            struct cog_err *err)
{
    if (record->device_key.len == 0 || record->device_password.len == 0)
        return 0;
    if (copy(&ret->group_key, &record->device_group_key, err) < 0 ||
        copy(&ret->password, &record->device_password, err) < 0)
        return -1;
    return copy(&ret->key, &record->device_key, err);
}

void
cog_keep_device(const struct cog_login *login, struct cog_device *ret)
{
    struct cog_record record = COG_RECORD_INIT;
    struct cog_binding binding;
    struct cog_err none = COG_ERR_INIT;
    bool found = false;

    if (!login->prepared->config.remember_device || login->read_only ||
        login->store == NULL || cog_store_no_key(login->store) != NULL)
        return;
    if (cog_keep_record(login, &binding, &record, &found, &none) < 0 ||
        !found || take_device(&record, ret, &none) < 0)
        cog_device_clear(ret);
    cog_record_clear(&record);
}

/* As the store says just now. */
static int
check_bound(const struct cog_login *login, const struct cog_claims *claims,
            struct cog_binding *ret, bool *ret_found, struct cog_err *err)
{
    if (cog_keep_bound(login, ret, ret_found, err) < 0)
        return -1;
    if (*ret_found && strcmp(ret->sub, cog_claims_sub(claims)) != 0)
        return fail_bound(login, err);
    return 0;
}

int
cog_keep_check(const struct cog_login *login, const struct cog_claims *claims,
               struct cog_err *err)
{
    struct cog_binding binding;
    bool found = false;

    if (login->store == NULL && !login->store_unsound)
        return 0;
    return check_bound(login, claims, &binding, &found, err);
}

int
cog_keep_groups(const struct cog_claims *claims, struct cog_list *ret,
                struct cog_err *err)
{
    const char *group;

    for (size_t i = 0; (group = cog_claims_group(claims, i)) != NULL; i++) {
        if (cog_list_append(ret, group, strlen(group), err) < 0)
            return -1;
    }
    return 0;
}

/* What the pool lists this host under. */
static void
host_name(char *ret, size_t size)
{
    struct utsname host;
    const bool named = uname(&host) == 0 && host.nodename[0] != '\0';

    cog_display_clean(named ? host.nodename : "linux", ret, size);
}

static void
register_device(struct keep *k)
{
    struct cog_refused refused = {COG_REFUSAL_NONE, ""};
    struct cog_err why = COG_ERR_INIT;
    char name[sizeof(((struct utsname *)NULL)->nodename)];

    if (!k->login->prepared->config.remember_device ||
        k->signin->tokens->device_key.len == 0)
        return;
    host_name(name, sizeof(name));
    if (cog_device_register(k->signin->api, k->signin->tokens, name, &k->device,
                            &refused, &why) < 0) {
        cog_login_note(k->note, "this host is not remembered as a device: %s",
                       why.msg);
    }
}

/* Where this service has no use for one, that of another stays, if it is of the
 * password that was proven just now. */
static void
take_verifier(struct keep *k)
{
    struct cog_record old = COG_RECORD_INIT;
    struct cog_binding binding;
    struct cog_err why = COG_ERR_INIT;
    bool found = false;

    if (cog_keep_record(k->login, &binding, &old, &found, &why) == 0 && found &&
        old.verifier.len > 0 &&
        cog_verifier_fits(&old.verifier, &k->signin->flow->password) &&
        copy(&k->verifier, &old.verifier, &why) < 0)
        cog_secret_clear(&k->verifier);
    if (why.code != COG_OK) {
        cog_login_note(k->note, "no offline sign-in with this password: %s",
                       why.msg);
    }
    cog_record_clear(&old);
}

static void
make_verifier(struct keep *k)
{
    struct cog_err why = COG_ERR_INIT;

    if (k->signin->flow->password.len == 0)
        return;
    if (!k->login->prepared->config.offline) {
        take_verifier(k);
    } else if (cog_verifier_make(&k->signin->flow->password, &k->verifier,
                                 &why) < 0) {
        cog_login_note(k->note, "no offline sign-in with this password: %s",
                       why.msg);
    }
}

/* The device the pool named last, ours only if it was registered; else the one
 * we had, unless the pool has forgotten it. Even an unconfirmed one is kept:
 * the pool can ask for its key when the refresh token is used. */
static int
describe_device(const struct keep *k, const struct cog_record *old,
                struct cog_record *ret, struct cog_err *err)
{
    const struct cog_api_tokens *tokens = k->signin->tokens;

    if (tokens->device_key.len > 0) {
        if (copy(&ret->device_key, &tokens->device_key, err) < 0 ||
            copy(&ret->device_group_key, &tokens->device_group_key, err) < 0)
            return -1;
        return copy(&ret->device_password, &k->device.password, err);
    }
    if (k->signin->flow->device_unknown)
        return 0;
    if (copy(&ret->device_key, &old->device_key, err) < 0 ||
        copy(&ret->device_group_key, &old->device_group_key, err) < 0)
        return -1;
    return copy(&ret->device_password, &old->device_password, err);
}

static int
describe(const struct keep *k, const struct cog_record *old,
         struct cog_record *ret, struct cog_err *err)
{
    const struct cog_clock *clock = &k->env->clock;

    ret->online_s = clock->unix_s(clock->ctx);
    ret->interactive_s = ret->online_s;
    ret->second_factor = k->signin->flow->mfa[0] != '\0';
    ret->tries_left = COG_RECORD_TRIES;
    (void)snprintf(ret->username, sizeof(ret->username), "%s",
                   cog_claims_username(k->signin->claims));
    if (copy(&ret->refresh_token, &k->signin->tokens->refresh, err) < 0 ||
        copy(&ret->verifier, &k->verifier, err) < 0 ||
        cog_keep_groups(k->signin->claims, &ret->groups, err) < 0)
        return -1;
    return describe_device(k, old, ret, err);
}

static int
write_record(const struct keep *k, struct cog_err *err)
{
    const struct cog_store *store = k->login->store;
    const struct cog_record_key key =
        cog_keep_key(k->login->prepared, cog_claims_sub(k->signin->claims));
    struct cog_record old = COG_RECORD_INIT;
    struct cog_record record = COG_RECORD_INIT;
    bool found = false;
    bool lost = false;
    int rc = -1;

    if (cog_store_no_key(store) != NULL) {
        cog_fail(err, COG_E_SYSTEM, "%s", cog_store_no_key(store));
        goto out;
    }
    if (cog_record_read(store, &key, &old, &found, &lost, err) < 0 ||
        describe(k, &old, &record, err) < 0)
        goto out;
    rc = cog_record_write(store, &key, &record, err);

out:
    cog_record_clear(&old);
    cog_record_clear(&record);
    return rc;
}

static struct cog_binding
new_binding(const struct keep *k)
{
    struct cog_binding binding = {.recorded = false};

    (void)snprintf(binding.user, sizeof(binding.user), "%s", user_of(k->login));
    (void)snprintf(binding.issuer, sizeof(binding.issuer), "%s",
                   k->login->prepared->config.issuer);
    (void)snprintf(binding.sub, sizeof(binding.sub), "%s",
                   cog_claims_sub(k->signin->claims));
    return binding;
}

/*
 * The binding comes before the record: the record is found by way of it, and
 * one that nothing points to could not be forgotten. That a record was kept is
 * said only when one is there: said before, a crash in between would turn
 * "never kept" into "lost", and refuse somebody who did nothing wrong.
 */
static void
write_both(struct keep *k, struct cog_binding *binding)
{
    const struct cog_store *store = k->login->store;
    struct cog_err why = COG_ERR_INIT;

    if (cog_binding_write(store, binding, &why) < 0) {
        cog_login_note(k->note, "no record kept: %s", why.msg);
        return;
    }
    /* Neither sets nor clears what an earlier sign-in left. */
    if (!k->login->prepared->config.token_cache)
        return;
    if (write_record(k, &why) < 0) {
        cog_login_note(k->note, "no record kept: %s", why.msg);
        return;
    }
    cog_keep_mark(k->login, binding, k->note);
}

/* What an earlier refusal left ends, a record that nothing took the place of
 * as well. */
static void
pardon(const struct keep *k, const struct cog_binding *binding)
{
    enum cog_record_place place = COG_RECORD_NONE;
    struct cog_err why = COG_ERR_INIT;

    if (cog_tombstone_erase(k->login->store, user_of(k->login), &why) < 0)
        cog_login_note(k->note, "the tombstone stays: %s", why.msg);
    if (cog_record_look(k->login->store, k->login->prepared->config.issuer,
                        binding->sub, &place, &why) == 0 &&
        place == COG_RECORD_SPOILT &&
        cog_keep_remove(k->login, binding, &why) < 0)
        cog_login_note(k->note, "the emptied record stays: %s", why.msg);
}

/* With the user's lock held: so two first sign-ins as two pool users cannot
 * both find that nobody is bound. */
static int
write_locked(struct keep *k, struct cog_err *err)
{
    struct cog_binding binding;
    bool found = false;

    if (check_bound(k->login, k->signin->claims, &binding, &found, err) < 0)
        return -1;
    if (!found)
        binding = new_binding(k);
    write_both(k, &binding);
    pardon(k, &binding);
    return 0;
}

/* What takes long comes before the lock. */
static int
write_all(struct keep *k, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    int lock = -1;
    int rc;

    if (k->login->prepared->config.token_cache &&
        cog_store_no_key(k->login->store) == NULL) {
        register_device(k);
        make_verifier(k);
    }
    if (cog_userlock_take(k->login->store, user_of(k->login),
                          COG_USERLOCK_WAIT_MS, &lock, &why) < 0) {
        cog_login_note(k->note, "no record kept: %s", why.msg);
        return 0;
    }
    rc = write_locked(k, err);
    (void)close(lock);
    return rc;
}

/* For a test: what the account phase would say until then. */
static void
note_tombstone(const struct cog_login *login, struct cog_err *note)
{
    struct cog_tombstone tombstone;
    struct cog_err why = COG_ERR_INIT;
    bool found = false;

    if (cog_tombstone_read(login->store, user_of(login), &tombstone, &found,
                           &why) < 0) {
        cog_login_note(note, "refused without a full sign-in: %s", why.msg);
    } else if (found) {
        cog_login_note(note, "refused without a full sign-in: %s",
                       cog_tombstone_text(tombstone.reason));
    }
}

int
cog_keep_write(const struct cog_env *env, const struct cog_login *login,
               const struct cog_keep_signin *signin, struct cog_err *note,
               struct cog_err *err)
{
    struct keep k = {
        .env = env,
        .login = login,
        .signin = signin,
        .note = note,
        .device = COG_DEVICE_INIT,
        .verifier = COG_SECRET_INIT(COG_RECORD_VERIFIER_MAX),
    };
    int rc;

    if (login->store == NULL) {
        if (login->no_store != NULL && !login->read_only)
            cog_login_note(note, "no record kept: %s", login->no_store);
        return 0;
    }
    if (login->read_only) {
        note_tombstone(login, note);
        return 0;
    }
    rc = write_all(&k, err);
    cog_device_clear(&k.device);
    cog_secret_clear(&k.verifier);
    return rc;
}

int
cog_keep_still(const struct cog_prepared *prepared,
               const struct cog_record *record, const char **ret_rule,
               struct cog_err *err)
{
    const struct cog_identity_kept kept = {record->username, &record->groups};

    return cog_identity_still(&prepared->config, &prepared->local,
                              prepared->pool_user, &kept, ret_rule, err);
}

static int
mark(const struct cog_login *login, const struct cog_binding *binding,
     struct cog_err *err)
{
    struct cog_binding marked = *binding;

    marked.recorded = true;
    return binding->recorded ? 0
                             : cog_binding_write(login->store, &marked, err);
}

void
cog_keep_mark(const struct cog_login *login, const struct cog_binding *binding,
              struct cog_err *note)
{
    struct cog_err why = COG_ERR_INIT;

    if (mark(login, binding, &why) < 0) {
        cog_login_note(note,
                       "the binding does not say that a record was kept: %s",
                       why.msg);
    }
}

int
cog_keep_spoil(const struct cog_login *login, const struct cog_binding *binding,
               struct cog_err *err)
{
    return cog_record_spoil(login->store, login->prepared->config.issuer,
                            binding->sub, err);
}

/* Without the mark a record that is gone looks like none that ever was. */
int
cog_keep_remove(const struct cog_login *login,
                const struct cog_binding *binding, struct cog_err *err)
{
    struct cog_err none = COG_ERR_INIT;

    if (mark(login, binding, &none) < 0)
        return cog_keep_spoil(login, binding, err);
    return cog_record_erase(login->store, login->prepared->config.issuer,
                            binding->sub, err);
}

int
cog_keep_replace(const struct cog_login *login,
                 const struct cog_binding *binding,
                 const struct cog_record *record, struct cog_err *note,
                 struct cog_err *err)
{
    const struct cog_record_key key =
        cog_keep_key(login->prepared, binding->sub);
    struct cog_err why = COG_ERR_INIT;

    if (cog_record_write(login->store, &key, record, &why) == 0)
        return 0;
    if (cog_keep_spoil(login, binding, err) < 0)
        return -1;
    cog_login_note(note,
                   "the record was emptied, since it could not be written: %s",
                   why.msg);
    return 0;
}

/* A verifier to be dropped. */
struct drop {
    const struct cog_login *login;
    struct cog_binding binding;
    bool may_go;
    struct cog_err *note;
};

static int
let_go(const struct drop *d, const char *why, struct cog_err *err)
{
    if (!d->may_go)
        return cog_fail(err, COG_E_SYSTEM, "the record stays: %s", why);
    if (cog_keep_remove(d->login, &d->binding, err) < 0)
        return -1;
    cog_login_note(d->note, "the record was removed: %s", why);
    return 0;
}

static int
write_without(const struct drop *d, const struct cog_record_key *key,
              struct cog_record *record, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    if (record->verifier.len == 0)
        return 0;
    cog_secret_clear(&record->verifier);
    if (cog_record_write(d->login->store, key, record, &why) == 0)
        return 0;
    return let_go(d, why.msg, err);
}

/* One that cannot be opened here may be elsewhere, by another service's app
 * client, say; an empty one nowhere. */
static int
drop_unread(const struct drop *d, struct cog_err *err)
{
    enum cog_record_place place = COG_RECORD_NONE;

    if (cog_record_look(d->login->store, d->login->prepared->config.issuer,
                        d->binding.sub, &place, err) < 0)
        return -1;
    return place == COG_RECORD_THERE ? let_go(d, "it cannot be opened", err)
                                     : 0;
}

static int
drop_locked(struct drop *d, struct cog_err *err)
{
    struct cog_record record = COG_RECORD_INIT;
    struct cog_record_key key;
    bool found = false;
    bool lost = false;
    int rc = -1;

    if (cog_keep_bound(d->login, &d->binding, &found, err) < 0)
        return -1;
    if (!found)
        return 0;
    key = cog_keep_key(d->login->prepared, d->binding.sub);
    if (cog_record_read(d->login->store, &key, &record, &found, &lost, err) ==
        0)
        rc = found ? write_without(d, &key, &record, err) : drop_unread(d, err);
    cog_record_clear(&record);
    return rc;
}

/* A record that cannot be opened now can be once the key is back. */
static int
check_keyless(const struct cog_login *login, struct cog_err *err)
{
    enum cog_record_place place = COG_RECORD_NONE;
    struct cog_binding binding;
    bool found = false;

    if (cog_keep_bound(login, &binding, &found, err) < 0)
        return -1;
    if (!found)
        return 0;
    if (cog_record_look(login->store, login->prepared->config.issuer,
                        binding.sub, &place, err) < 0)
        return -1;
    if (!binding.recorded && place == COG_RECORD_NONE)
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "%s", cog_store_no_key(login->store));
}

int
cog_keep_drop_verifier(const struct cog_login *login, bool may_go,
                       struct cog_err *note, struct cog_err *err)
{
    struct drop d = {.login = login, .may_go = may_go, .note = note};
    int lock = -1;
    int rc;

    if (login->store == NULL && !login->store_unsound)
        return 0;
    if (login->store == NULL || cog_store_no_key(login->store) != NULL)
        return check_keyless(login, err);
    if (cog_userlock_take(login->store, user_of(login), COG_USERLOCK_WAIT_MS,
                          &lock, err) < 0)
        return -1;
    rc = drop_locked(&d, err);
    (void)close(lock);
    return rc;
}
