/* SPDX-License-Identifier: MIT */
#include "lib/login/renewal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/login/keep.h"
#include "lib/pool/refresh.h"
#include "lib/store/pause.h"
#include "lib/store/record.h"
#include "lib/store/tombstone.h"
#include "lib/store/userlock.h"

/* One renewal, with the user's lock held. */
struct renewal {
    struct cog_signin *s;
    const struct cog_binding *binding;
    int64_t young_s;
    struct cog_record_key key;
    struct cog_record record;
    struct cog_refused refused;
};

/* What the pool's refusals mean for somebody who is not there to answer. To
 * treat another kind as one that stands, add a row. */
static const struct {
    enum cog_refusal kind;
    enum cog_tombstone_reason reason;
    enum cog_errc code;
    const char *text;
} finals[] = {
    {COG_REFUSAL_DISABLED, COG_TOMBSTONE_DISABLED, COG_E_DISABLED,
     "the pool has disabled the user"},
    {COG_REFUSAL_NOT_FOUND, COG_TOMBSTONE_NOT_FOUND, COG_E_IDENTITY,
     "the pool no longer knows the user"},
    {COG_REFUSAL_RESET, COG_TOMBSTONE_TOKEN, COG_E_LOST,
     "the pool wants the user's password reset"},
    {COG_REFUSAL_TOKEN, COG_TOMBSTONE_TOKEN, COG_E_LOST,
     "the pool no longer honours the sign-in"},
    {COG_REFUSAL_REUSED, COG_TOMBSTONE_REUSED, COG_E_LOST,
     "a rotated refresh token came back: it may have been STOLEN from this "
     "host, or a reply of the pool's was lost"},
};

static int64_t
now_s(const struct renewal *r)
{
    const struct cog_clock *clock = &r->s->env->clock;

    return clock->unix_s(clock->ctx);
}

static int
write_record(struct renewal *r, struct cog_err *err)
{
    return cog_record_write(r->s->login->store, &r->key, &r->record, err);
}

/* A side effect that failed does not change the decision. */
static void
note(struct renewal *r, const char *what, const struct cog_err *why)
{
    cog_login_note(&r->s->facts->note, "%s: %s", what, why->msg);
}

static int
bury(struct renewal *r, enum cog_tombstone_reason reason, struct cog_err *err)
{
    struct cog_tombstone tombstone = {.reason = reason, .time_s = now_s(r)};

    memcpy(tombstone.user, r->binding->user, sizeof(tombstone.user));
    memcpy(tombstone.issuer, r->binding->issuer, sizeof(tombstone.issuer));
    memcpy(tombstone.sub, r->binding->sub, sizeof(tombstone.sub));
    if (reason == COG_TOMBSTONE_GROUPS && r->s->login->service != NULL) {
        (void)snprintf(tombstone.service, sizeof(tombstone.service), "%s",
                       r->s->login->service);
    }
    return cog_tombstone_write(r->s->login->store, &tombstone, err);
}

/*
 * The tombstone, and what it is for with the record. In this order: should we
 * die between the two, it refuses all the same. On a full disk once more, since
 * the record has made room then. False: there is none.
 */
static bool
bury_and(struct renewal *r, enum cog_tombstone_reason reason,
         void (*strip)(struct renewal *r))
{
    struct cog_err first = COG_ERR_INIT;
    struct cog_err why = COG_ERR_INIT;
    const bool buried = bury(r, reason, &first) == 0;

    strip(r);
    if (buried || bury(r, reason, &why) == 0)
        return true;
    note(r, "no tombstone could be left", &why);
    return false;
}

/* What could let somebody in later, with the pool or without, goes. */
static void
erase_secrets(struct renewal *r)
{
    struct cog_err why = COG_ERR_INIT;

    cog_secret_clear(&r->record.refresh_token);
    cog_secret_clear(&r->record.verifier);
    r->record.tries_left = 0;
    if (cog_keep_replace(r->s->login, r->binding, &r->record,
                         &r->s->facts->note, &why) < 0)
        note(r, "the record still has its refresh token", &why);
}

/* Refused for good, and where nothing else says so, the record does: services
 * that do not ask the pool let in who is bound, and may have none. */
static void
end(struct renewal *r, enum cog_tombstone_reason reason)
{
    struct cog_err why = COG_ERR_INIT;

    if (!bury_and(r, reason, erase_secrets) &&
        cog_keep_spoil(r->s->login, r->binding, &why) < 0)
        note(r, "services that do not ask the pool still let him in", &why);
}

static enum cog_renewal
outcome_of(enum cog_errc code)
{
    if (code == COG_E_UNREACHABLE)
        return COG_RENEWAL_UNREACHABLE;
    return code == COG_E_NET || code == COG_E_THROTTLED ? COG_RENEWAL_BUSY
                                                        : COG_RENEWAL_FAILED;
}

bool
cog_renewal_is_outage(enum cog_errc code)
{
    return outcome_of(code) != COG_RENEWAL_FAILED;
}

/* Why there are no new tokens. */
static int
explain(struct renewal *r, const struct cog_err *why, enum cog_renewal *ret,
        struct cog_err *err)
{
    for (size_t i = 0; i < COG_COUNT(finals); i++) {
        if (finals[i].kind != r->refused.kind)
            continue;
        *ret = COG_RENEWAL_REFUSED;
        end(r, finals[i].reason);
        return cog_fail(err, finals[i].code, "%s (%s)", finals[i].text,
                        why->msg);
    }
    *ret = outcome_of(why->code);
    /* A refusal that may pass, of a Lambda trigger say. Before a password
     * these codes are one of many; here they would look like "never". */
    if (why->code == COG_E_DENIED || why->code == COG_E_MAXTRIES) {
        *ret = COG_RENEWAL_REFUSED;
        return cog_fail(err, COG_E_IDENTITY, "%s", why->msg);
    }
    return cog_fail(err, why->code, "%s", why->msg);
}

static void
forget_device(struct renewal *r)
{
    cog_secret_clear(&r->record.device_key);
    cog_secret_clear(&r->record.device_group_key);
    cog_secret_clear(&r->record.device_password);
}

/* A pool that has forgotten this host may still honour the token. */
static int
refresh(struct renewal *r, struct cog_err *err)
{
    const struct cog_refresh with = {
        .token = &r->record.refresh_token,
        .device_key = &r->record.device_key,
        .username = r->record.username,
    };
    struct cog_err why = COG_ERR_INIT;

    if (cog_refresh_run(&r->s->api, &with, &r->s->reply, &r->refused, &why) ==
        0)
        return 0;
    if (r->refused.kind != COG_REFUSAL_DEVICE || with.device_key->len == 0)
        return cog_fail(err, why.code, "%s", why.msg);
    forget_device(r);
    return cog_refresh_run(&r->s->api, &with, &r->s->reply, &r->refused, err);
}

/* With rotation the old token is dead from now on: the new one is on disk
 * before anything else can go wrong. One that cannot be kept ends, and so does
 * the record: to use the old one again would look like theft. */
static int
take_rotated(struct renewal *r, struct cog_err *err)
{
    const struct cog_secret *token = &r->s->reply.tokens.refresh;
    struct cog_err why = COG_ERR_INIT;

    if (token->len == 0)
        return 0;
    cog_secret_clear(&r->record.refresh_token);
    if (cog_secret_append(&r->record.refresh_token, token->data, token->len,
                          err) == 0 &&
        write_record(r, err) == 0)
        return 0;
    if (cog_keep_remove(r->s->login, r->binding, &why) < 0)
        note(r, "the record still has the old refresh token", &why);
    cog_signin_revoke(r->s);
    return -1;
}

/* What the pool says now. The interactive time stays: nobody typed. */
static int
take_answer(struct renewal *r, struct cog_err *err)
{
    cog_list_clear(&r->record.groups);
    r->record.online_s = now_s(r);
    return cog_keep_groups(r->s->claims, &r->record.groups, err);
}

/* Was he let in by the groups he was in, and is not by those he is in now? A
 * rule that never did, of another service say, takes nothing away. */
static bool
has_left(const struct renewal *r)
{
    const struct cog_prepared *prepared = r->s->login->prepared;
    struct cog_record now = COG_RECORD_INIT;
    struct cog_err gone = COG_ERR_INIT;
    struct cog_err none = COG_ERR_INIT;
    const char *rule;
    bool left;

    memcpy(now.username, r->record.username, sizeof(now.username));
    left = strcmp(cog_claims_sub(r->s->claims), r->binding->sub) == 0 &&
           cog_keep_groups(r->s->claims, &now.groups, &gone) == 0 &&
           cog_keep_still(prepared, &now, &rule, &gone) < 0 &&
           cog_keep_still(prepared, &r->record, &rule, &none) == 0;
    cog_record_clear(&now);
    return left;
}

static void
renew_groups(struct renewal *r)
{
    const struct cog_login *login = r->s->login;
    struct cog_err why = COG_ERR_INIT;
    int rc;

    if (take_answer(r, &why) == 0) {
        rc = cog_keep_replace(login, r->binding, &r->record, &r->s->facts->note,
                              &why);
    } else {
        rc = cog_keep_spoil(login, r->binding, &why);
    }
    if (rc < 0)
        note(r, "the record still has the old groups", &why);
}

/* Exactly as after a sign-in. */
static int
check(struct renewal *r, enum cog_renewal *ret, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    if (cog_signin_verify(r->s, &why) < 0) {
        *ret = outcome_of(why.code);
        return cog_fail(err, why.code, "%s", why.msg);
    }
    if (cog_signin_admit(r->s, &why) == 0)
        return 0;
    if (why.code == COG_E_IDENTITY) {
        *ret = COG_RENEWAL_REFUSED;
        /* Out of this service, not of all: the others go by the groups he is
         * in now, and can ask again. So can this one, without a tombstone. */
        if (has_left(r))
            (void)bury_and(r, COG_TOMBSTONE_GROUPS, renew_groups);
    }
    return cog_fail(err, why.code, "%s", why.msg);
}

static void
update_record(struct renewal *r)
{
    struct cog_err why = COG_ERR_INIT;

    if (take_answer(r, &why) < 0 || write_record(r, &why) < 0) {
        note(r, "the record stays as it was", &why);
        return;
    }
    cog_keep_mark(r->s->login, r->binding, &r->s->facts->note);
}

static int
ask_pool(struct renewal *r, enum cog_renewal *ret, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    cog_api_clear(&r->s->reply);
    if (refresh(r, &why) < 0)
        return explain(r, &why, ret, err);
    if (take_rotated(r, err) < 0 || check(r, ret, err) < 0)
        return -1;
    update_record(r);
    return 0;
}

/* Has another process asked while we waited for the lock? */
static bool
was_answered(const struct renewal *r)
{
    const struct cog_prepared *prepared = r->s->login->prepared;
    const int64_t age_s = now_s(r) - r->record.online_s;
    struct cog_err none = COG_ERR_INIT;

    return age_s >= 0 && age_s < r->young_s &&
           cog_keep_still(prepared, &r->record, &r->s->facts->rule, &none) == 0;
}

static int
renew(struct renewal *r, enum cog_renewal *ret, struct cog_err *err)
{
    bool found = false;
    bool lost = false;

    if (cog_record_read(r->s->login->store, &r->key, &r->record, &found, &lost,
                        err) < 0)
        return -1;
    if (!found || r->record.refresh_token.len == 0) {
        *ret = COG_RENEWAL_LOST;
        return cog_fail(err, COG_E_LOST, "the record of the last sign-in is %s",
                        lost ? "damaged or foreign" : "gone");
    }
    if (!was_answered(r) && ask_pool(r, ret, err) < 0)
        return -1;
    *ret = COG_RENEWAL_GOOD;
    return 0;
}

static int
renew_locked(struct renewal *r, enum cog_renewal *ret, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    int lock = -1;
    int rc;

    if (cog_userlock_take(r->s->login->store, r->binding->user,
                          COG_USERLOCK_WAIT_MS, &lock, &why) < 0) {
        *ret = why.code == COG_E_NET ? COG_RENEWAL_LOCKED : COG_RENEWAL_FAILED;
        return cog_fail(err, why.code, "%s", why.msg);
    }
    rc = renew(r, ret, err);
    (void)close(lock);
    return rc;
}

int
cog_renewal_run(struct cog_signin *s, const struct cog_binding *binding,
                int64_t young_s, enum cog_renewal *ret, struct cog_err *err)
{
    const struct cog_clock *clock = &s->env->clock;
    const struct cog_store *store = s->login->store;
    const char *endpoint = s->login->prepared->config.endpoint;
    struct renewal r = {
        .s = s,
        .binding = binding,
        .young_s = young_s,
        .key = cog_keep_key(s->login->prepared, binding->sub),
        .record = COG_RECORD_INIT,
    };
    int rc;

    *ret = COG_RENEWAL_FAILED;
    if (cog_pause_holds(store, endpoint, clock->boot_s(clock->ctx))) {
        *ret = COG_RENEWAL_UNREACHABLE;
        return cog_fail(err, COG_E_UNREACHABLE,
                        "the pool could not be reached a moment ago");
    }
    rc = renew_locked(&r, ret, err);
    if (*ret == COG_RENEWAL_UNREACHABLE)
        cog_pause_begin(store, endpoint, clock->boot_s(clock->ctx));
    cog_record_clear(&r.record);
    return rc;
}
