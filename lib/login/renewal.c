/* SPDX-License-Identifier: MIT */
#include "lib/login/renewal.h"

#include <string.h>
#include <unistd.h>

#include "lib/login/keep.h"
#include "lib/pool/refresh.h"
#include "lib/store/record.h"
#include "lib/store/tombstone.h"
#include "lib/store/userlock.h"

/* One renewal, with the user's lock held. */
struct renewal {
    struct cog_signin *s;
    const struct cog_binding *binding;
    struct cog_record_key key;
    struct cog_record record;
    struct cog_refused refused;
};

static int64_t
now_s(const struct renewal *r)
{
    const struct cog_clock *clock = &r->s->env->clock;

    return clock->unix_s(clock->ctx);
}

/* What the pool's refusals mean for somebody who is not there to answer. To
 * treat another kind as final, add a row. */
static const struct {
    enum cog_refusal kind;
    enum cog_tombstone_reason reason;
    enum cog_errc code;
    const char *text;
} finals[] = {
    {COG_REFUSAL_DISABLED, COG_TOMBSTONE_DISABLED, COG_E_DISABLED,
     "the pool has disabled the user"},
    {COG_REFUSAL_CREDENTIALS, COG_TOMBSTONE_NOT_FOUND, COG_E_IDENTITY,
     "the pool no longer knows the user"},
    {COG_REFUSAL_UNCONFIRMED, COG_TOMBSTONE_NOT_FOUND, COG_E_IDENTITY,
     "the pool no longer takes the user as confirmed"},
    {COG_REFUSAL_RESET, COG_TOMBSTONE_TOKEN, COG_E_IDENTITY,
     "the pool wants the user's password reset"},
    {COG_REFUSAL_TOKEN, COG_TOMBSTONE_TOKEN, COG_E_IDENTITY,
     "the pool no longer honours the sign-in"},
    {COG_REFUSAL_DEVICE, COG_TOMBSTONE_TOKEN, COG_E_IDENTITY,
     "the pool no longer knows this host as the user's device"},
    {COG_REFUSAL_REUSED, COG_TOMBSTONE_REUSED, COG_E_IDENTITY,
     "a rotated refresh token came back: a reply was lost, or the token was "
     "STOLEN from this host's records"},
};

static int
write_record(struct renewal *r, struct cog_err *err)
{
    return cog_record_write(r->s->login->store, &r->key, &r->record, err);
}

/* A side effect that failed does not change the decision. */
static void
note(struct renewal *r, const char *what, const struct cog_err *why)
{
    cog_fail(&r->s->facts->note, COG_E_SYSTEM, "%s: %s", what, why->msg);
}

/* The tombstone first: if we die between the two, it refuses all the same.
 * What could let somebody in later, with the pool or without, goes. */
static void
bury(struct renewal *r, enum cog_tombstone_reason reason)
{
    struct cog_tombstone tombstone = {
        .reason = reason,
        .time_s = now_s(r),
    };
    struct cog_err unwritten = COG_ERR_INIT;
    struct cog_err kept = COG_ERR_INIT;

    memcpy(tombstone.user, r->binding->user, sizeof(tombstone.user));
    memcpy(tombstone.issuer, r->binding->issuer, sizeof(tombstone.issuer));
    memcpy(tombstone.sub, r->binding->sub, sizeof(tombstone.sub));
    if (cog_tombstone_write(r->s->login->store, &tombstone, &unwritten) < 0)
        note(r, "no tombstone could be left", &unwritten);
    cog_secret_clear(&r->record.refresh_token);
    cog_secret_clear(&r->record.verifier);
    r->record.tries_left = 0;
    if (write_record(r, &kept) < 0)
        note(r, "the record still has its refresh token", &kept);
}

/* Why there are no new tokens. */
static int
classify(struct renewal *r, const struct cog_err *why, enum cog_renewal *ret,
         struct cog_err *err)
{
    for (size_t i = 0; i < COG_COUNT(finals); i++) {
        if (finals[i].kind != r->refused.kind)
            continue;
        bury(r, finals[i].reason);
        *ret = COG_RENEWAL_REFUSED;
        return cog_fail(err, finals[i].code, "%s (%s)", finals[i].text,
                        why->msg);
    }
    if (why->code == COG_E_UNREACHABLE)
        *ret = COG_RENEWAL_UNREACHABLE;
    else if (why->code == COG_E_NET || why->code == COG_E_THROTTLED)
        *ret = COG_RENEWAL_BUSY;
    /* A refusal that may pass, of a Lambda trigger say. Before a password
     * COG_E_DENIED is one of many; here it must not look like "never". */
    if (why->code == COG_E_DENIED || why->code == COG_E_MAXTRIES)
        return cog_fail(err, COG_E_IDENTITY, "%s", why->msg);
    return cog_fail(err, why->code, "%s", why->msg);
}

/* With rotation the old token is dead from now on: the new one is on disk
 * before anything else can go wrong. */
static int
take_rotated(struct renewal *r, struct cog_err *err)
{
    const struct cog_secret *token = &r->s->reply.tokens.refresh;

    if (token->len == 0)
        return 0;
    cog_secret_clear(&r->record.refresh_token);
    if (cog_secret_append(&r->record.refresh_token, token->data, token->len,
                          err) < 0)
        return -1;
    return write_record(r, err);
}

/* Genuine tokens whose owner the rules do not admit any more. */
static void
turn_away(struct renewal *r)
{
    struct cog_refused refused = {COG_REFUSAL_NONE, ""};
    struct cog_err none = COG_ERR_INIT;

    (void)!cog_refresh_revoke(&r->s->api, &r->record.refresh_token, &refused,
                              &none);
    bury(r, COG_TOMBSTONE_GROUPS);
}

static int
admit(struct renewal *r, enum cog_renewal *ret, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    if (cog_signin_admit(r->s, &r->s->reply.tokens, &why) == 0)
        return 0;
    if (why.code == COG_E_IDENTITY) {
        turn_away(r);
        *ret = COG_RENEWAL_REFUSED;
    } else if (why.code == COG_E_UNREACHABLE) { /* no key set to verify with */
        *ret = COG_RENEWAL_UNREACHABLE;
    } else if (why.code == COG_E_NET) {
        *ret = COG_RENEWAL_BUSY;
    }
    return cog_fail(err, why.code, "%s", why.msg);
}

/* What the pool says now. The interactive time stays: nobody typed. */
static void
update_record(struct renewal *r)
{
    struct cog_err why = COG_ERR_INIT;
    const char *group;

    cog_list_clear(&r->record.groups);
    for (size_t i = 0; (group = cog_claims_group(r->s->claims, i)) != NULL;
         i++) {
        if (cog_list_append(&r->record.groups, group, strlen(group), &why) <
            0) {
            note(r, "the record stays as it was", &why);
            return;
        }
    }
    r->record.online_s = now_s(r);
    if (write_record(r, &why) < 0)
        note(r, "the record stays as it was", &why);
}

static int
renew(struct renewal *r, enum cog_renewal *ret, struct cog_err *err)
{
    const struct cog_refresh refresh = {
        .token = &r->record.refresh_token,
        .device_key = &r->record.device_key,
        .username = r->record.username,
    };
    struct cog_err why = COG_ERR_INIT;

    cog_api_clear(&r->s->reply);
    if (cog_refresh_run(&r->s->api, &refresh, &r->s->reply, &r->refused, &why) <
        0)
        return classify(r, &why, ret, err);
    if (take_rotated(r, err) < 0 || admit(r, ret, err) < 0)
        return -1;
    update_record(r);
    *ret = COG_RENEWAL_GOOD;
    return 0;
}

static int
renew_locked(struct renewal *r, enum cog_renewal *ret, struct cog_err *err)
{
    bool found = false;
    bool lost = false;

    if (cog_record_read(r->s->login->store, &r->key, &r->record, &found, &lost,
                        err) < 0)
        return -1;
    if (!found || r->record.refresh_token.len == 0) {
        *ret = COG_RENEWAL_LOST;
        return cog_fail(err, COG_E_IDENTITY,
                        "the record of the last sign-in is %s",
                        lost ? "damaged or foreign" : "gone");
    }
    return renew(r, ret, err);
}

int
cog_renewal_run(struct cog_signin *s, const struct cog_binding *binding,
                enum cog_renewal *ret, struct cog_err *err)
{
    struct renewal r = {
        .s = s,
        .binding = binding,
        .key = cog_keep_key(s->login->prepared, binding->sub),
        .record = COG_RECORD_INIT,
    };
    struct cog_err busy = COG_ERR_INIT;
    int lock = -1;
    int rc;

    *ret = COG_RENEWAL_FAILED;
    if (cog_userlock_take(s->login->store, binding->user, COG_USERLOCK_WAIT_MS,
                          &lock, &busy) < 0) {
        *ret = COG_RENEWAL_BUSY;
        return cog_fail(err, COG_E_NET, "%s", busy.msg);
    }
    rc = renew_locked(&r, ret, err);
    (void)close(lock);
    cog_record_clear(&r.record);
    return rc;
}
