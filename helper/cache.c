/* SPDX-License-Identifier: MIT */
#include "helper/cache.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helper/rows.h"
#include "helper/storeroom.h"
#include "helper/table.h"
#include "lib/core/clock.h"
#include "lib/login/keep.h"
#include "lib/net/http.h"
#include "lib/net/json.h"
#include "lib/pool/refresh.h"
#include "lib/store/binding.h"
#include "lib/store/record.h"
#include "lib/store/tombstone.h"
#include "lib/store/userlock.h"

/* The pool is given this long to end a refresh token, in milliseconds. */
#define REVOKE_MS 3000

/* What is kept of one user. */
struct kept {
    const char *user;
    bool bound;
    bool binding_damaged;
    struct cog_binding binding;
    bool buried;
    bool tombstone_damaged;
    struct cog_tombstone tombstone;
    const char *record_state; /* one word; static */
    bool recorded;            /* `record` was read */
    struct cog_record record;
};

#define KEPT_INIT                                         \
    {                                                     \
        .record_state = "none", .record = COG_RECORD_INIT \
    }

/* A sheet that could be read or not; only damage is no reason to stop. */
static int
take_damage(int rc, const struct cog_err *why, bool *ret_damaged,
            struct cog_err *err)
{
    *ret_damaged = rc < 0 && why->code == COG_E_IDENTITY;
    if (rc < 0 && !*ret_damaged)
        return cog_fail(err, why->code, "%s", why->msg);
    return 0;
}

static int
look_at_sheets(const struct cog_store *store, struct kept *k,
               struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    int rc = cog_binding_read(store, k->user, &k->binding, &k->bound, &why);

    if (take_damage(rc, &why, &k->binding_damaged, err) < 0)
        return -1;
    why = (struct cog_err)COG_ERR_INIT;
    rc = cog_tombstone_read(store, k->user, &k->tombstone, &k->buried, &why);
    return take_damage(rc, &why, &k->tombstone_damaged, err);
}

/* In one word: a record of an old key or client, or of a user with another
 * uid, cannot be opened either. */
static const char *
state_of(const struct kept *k, bool there)
{
    if (k->recorded)
        return k->record.refresh_token.len > 0 ? "usable" : "ended";
    if (there)
        return "unusable";
    return k->bound && k->binding.recorded ? "lost" : "none";
}

/* The record of this sub. The local user's uid is part of what it is bound
 * to. */
static int
look_at_record(struct cog_storeroom *room, const char *sub, struct kept *k,
               struct cog_err *err)
{
    struct cog_record_key key;
    struct cog_err why = COG_ERR_INIT;
    bool lost = false;

    if (cog_storeroom_find(room, k->user, err) < 0)
        return -1;
    key = cog_keep_key(&room->prepared, sub);
    if (cog_record_read(room->store, &key, &k->record, &k->recorded, &lost,
                        &why) < 0) {
        cog_tool_say(k->user, why.msg);
        k->record_state = "unreadable";
        return 0;
    }
    k->record_state = state_of(k, lost);
    return 0;
}

/* A fact of the record, null where it cannot be told. */
static json_t *
flag(const struct kept *k, bool value)
{
    return k->recorded ? json_boolean(value) : json_null();
}

static json_t *
uid_of(const struct cog_storeroom *room)
{
    const struct cog_account *account = &room->prepared.local.account;

    return account->exists ? json_integer((json_int_t)account->uid)
                           : json_null();
}

static const char *
tombstone_of(const struct kept *k)
{
    if (k->tombstone_damaged)
        return "damaged";
    return k->buried ? cog_tombstone_text(k->tombstone.reason) : "";
}

static json_t *
describe(const struct cog_storeroom *room, const struct kept *k)
{
    const struct cog_record *r = &k->record;

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "user",
        cog_rows_text(k->user), "uid", uid_of(room), "sub",
        cog_rows_text(k->binding.sub), "issuer",
        cog_rows_text(k->binding.issuer), "record", k->record_state, "online",
        cog_rows_time(r->online_s), "interactive",
        cog_rows_time(r->interactive_s), "second_factor",
        flag(k, r->second_factor), "device",
        flag(k, r->device_key.len > 0 && r->device_password.len > 0), "offline",
        flag(k, r->verifier.len > 0), "tombstone",
        cog_rows_text(tombstone_of(k)), "tombstone_time",
        cog_rows_time(k->buried ? k->tombstone.time_s : 0));
}

static int
list_user(struct cog_storeroom *room, const char *user, struct cog_rows *rows,
          struct cog_err *err)
{
    struct kept k = KEPT_INIT;
    int rc;

    k.user = user;
    rc = look_at_sheets(room->store, &k, err);
    if (rc == 0 && k.bound) { /* still */
        rc = look_at_record(room, k.binding.sub, &k, err);
        if (rc == 0)
            rc = cog_rows_add(rows, describe(room, &k), err);
    }
    cog_record_clear(&k.record);
    return rc;
}

static int
list_damaged(const struct cog_list *files, struct cog_rows *rows,
             struct cog_err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        json_t *row =
            json_pack("{s:o}", "damaged", cog_rows_text(files->item[i]));

        if (cog_rows_add(rows, row, err) < 0)
            return -1;
    }
    if (files->count > 0) {
        (void)fputs("the user of a damaged binding is refused until "
                    "'pam-cognito cache forget USER' and a full sign-in right "
                    "after it\n",
                    stderr);
    }
    return 0;
}

/* Everybody, or the one that is `wanted`. */
static int
list_all(struct cog_storeroom *room, const char *wanted, struct cog_rows *rows,
         struct cog_err *err)
{
    struct cog_list users = {.count = 0};
    struct cog_list damaged = {.count = 0};
    int rc = cog_storeroom_users(room, &users, &damaged, err);

    for (size_t i = 0; rc == 0 && i < users.count; i++) {
        if (wanted == NULL || strcmp(wanted, users.item[i]) == 0)
            rc = list_user(room, users.item[i], rows, err);
    }
    if (rc == 0 && wanted != NULL && json_array_size(rows->array) == 0) {
        rc = cog_fail(err, COG_E_NEVER, "%s has not signed in on this host",
                      wanted);
    }
    if (rc == 0)
        rc = list_damaged(&damaged, rows, err);
    if (rc == 0 && users.count == 0 && damaged.count == 0)
        (void)fputs("nobody has signed in on this host\n", stderr);
    cog_list_clear(&users);
    cog_list_clear(&damaged);
    return rc;
}

/* As each of the commands ends. */
static enum cog_exit
finish(struct cog_storeroom *room, const struct cog_err *err)
{
    cog_storeroom_close(room);
    if (err->code != COG_OK)
        cog_tool_say("pam-cognito", err->msg);
    return cog_tool_exit(err->code);
}

/* What a full disk or a closed pipe swallowed is not success. */
static int
print_list(bool json, struct cog_rows *rows, struct cog_err *err)
{
    if (json)
        return cog_rows_end(rows, err);
    cog_table_print(rows->array);
    if (fflush(stdout) != 0 || ferror(stdout))
        return cog_fail(err, COG_E_SYSTEM, "the list could not be printed");
    return 0;
}

enum cog_exit
cog_cache_list(const struct cog_tool_options *options)
{
    struct cog_storeroom room = COG_STOREROOM_INIT;
    struct cog_rows rows = {NULL};
    struct cog_err err = COG_ERR_INIT;

    cog_json_setup();
    if (cog_storeroom_open(options, false, &room, &err) == 0 &&
        cog_rows_open(true, &rows, &err) == 0 &&
        list_all(&room, options->user, &rows, &err) == 0)
        (void)!print_list(options->json, &rows, &err);
    cog_rows_close(&rows);
    return finish(&room, &err);
}

static int
send_revocation(const struct cog_prepared *prepared, struct cog_http *http,
                const struct cog_secret *token, struct cog_err *err)
{
    const struct cog_transport transport = cog_http_transport(http);
    const struct cog_api api = {
        .endpoint = prepared->config.endpoint,
        .client_id = prepared->config.client_id,
        .client_secret =
            prepared->client_secret.len > 0 ? &prepared->client_secret : NULL,
        .transport = &transport,
    };
    struct cog_refused refused = {COG_REFUSAL_NONE, ""};

    return cog_refresh_revoke(&api, token, &refused, err);
}

/* Best effort. */
static bool
revoke_token(const struct cog_prepared *prepared,
             const struct cog_secret *token)
{
    const struct cog_http_options options = {
        .ca_file = prepared->config.ca_file,
        .proxy = prepared->config.proxy,
        .budget_ms = REVOKE_MS,
        .hangup_fd = -1,
        .clock = cog_clock_system(),
    };
    struct cog_http *http = NULL;
    struct cog_err why = COG_ERR_INIT;
    const bool done = cog_http_setup(&why) == 0 &&
                      cog_http_open(&options, &http, &why) == 0 &&
                      send_revocation(prepared, http, token, &why) == 0;

    cog_http_close(http);
    if (!done)
        cog_tool_say("the refresh token was not revoked", why.msg);
    return done;
}

/* Whose record it is, of the sheets that can be read; NULL: unknown. */
static const char *
sub_of(const struct kept *k)
{
    if (k->bound)
        return k->binding.sub;
    return k->buried ? k->tombstone.sub : NULL;
}

/* Under whatever name of the pool it was kept. */
static int
erase_record(const struct cog_storeroom *room, const struct kept *k,
             struct cog_err *err)
{
    const struct cog_config *config = &room->prepared.config;
    const char *const issuers[] = {
        config->issuer,
        config->issuer_alternative,
        k->bound ? k->binding.issuer : k->tombstone.issuer,
    };

    for (size_t i = 0; i < COG_COUNT(issuers); i++) {
        if (issuers[i] != NULL &&
            cog_record_erase(room->store, issuers[i], sub_of(k), err) < 0)
            return -1;
    }
    return 0;
}

/* The binding last: by way of it all else is found again, should we die. */
static int
erase(const struct cog_storeroom *room, const struct kept *k,
      struct cog_err *err)
{
    if (sub_of(k) != NULL && erase_record(room, k, err) < 0)
        return -1;
    if (cog_tombstone_erase(room->store, k->user, err) < 0)
        return -1;
    return cog_binding_erase(room->store, k->user, err);
}

static int
report_forgotten(const struct cog_tool_options *options, const struct kept *k,
                 json_t *revoked, struct cog_err *err)
{
    const bool record = strcmp(k->record_state, "none") != 0 &&
                        strcmp(k->record_state, "lost") != 0;
    json_t *row = json_pack(
        "{s:o, s:b, s:b, s:o, s:b}", "user", cog_rows_text(k->user), "binding",
        k->bound || k->binding_damaged, "record", record, "revoked", revoked,
        "tombstone", k->buried || k->tombstone_damaged);

    if (sub_of(k) == NULL) {
        (void)fputs("whose record was his is not known: if there was one, it "
                    "stays until 'pam-cognito cache purge'\n",
                    stderr);
    }
    if (cog_rows_print(options->json, row, err) < 0)
        return -1;
    (void)fprintf(stderr,
                  "%s is now like somebody who never signed in here: a lax "
                  "account line lets in whoever has a key of this user until a "
                  "full sign-in\n",
                  k->user);
    return 0;
}

/* With the user's lock held, so that nobody renews what is being removed. */
static int
forget_locked(const struct cog_tool_options *options,
              struct cog_storeroom *room, struct kept *k, struct cog_err *err)
{
    json_t *revoked = json_null();

    if (look_at_sheets(room->store, k, err) < 0) /* again */
        return -1;
    if (sub_of(k) != NULL && look_at_record(room, sub_of(k), k, err) < 0)
        return -1;
    if (k->record.refresh_token.len > 0) {
        revoked = json_boolean(
            revoke_token(&room->prepared, &k->record.refresh_token));
    }
    if (erase(room, k, err) < 0)
        return -1;
    return report_forgotten(options, k, revoked, err);
}

static int
find_and_forget(const struct cog_tool_options *options,
                struct cog_storeroom *room, struct kept *k, struct cog_err *err)
{
    int lock = -1;
    int rc;

    k->user = options->user;
    if (!cog_name_valid(k->user))
        return cog_fail(err, COG_E_NEVER, "that is no local user's name");
    if (room->store != NULL && look_at_sheets(room->store, k, err) < 0)
        return -1;
    if (!k->bound && !k->binding_damaged && !k->buried &&
        !k->tombstone_damaged) {
        return cog_fail(err, COG_E_NEVER, "%s has not signed in on this host",
                        k->user);
    }
    if (cog_userlock_take(room->store, k->user, COG_USERLOCK_WAIT_MS, &lock,
                          err) < 0)
        return -1;
    rc = forget_locked(options, room, k, err);
    (void)close(lock);
    return rc;
}

enum cog_exit
cog_cache_forget(const struct cog_tool_options *options)
{
    struct cog_storeroom room = COG_STOREROOM_INIT;
    struct kept k = KEPT_INIT;
    struct cog_err err = COG_ERR_INIT;

    cog_json_setup();
    if (cog_storeroom_open(options, false, &room, &err) == 0)
        (void)!find_and_forget(options, &room, &k, &err);
    cog_record_clear(&k.record);
    return finish(&room, &err);
}

/* Whoever was renewing a record has written it by the time this user's lock can
 * be had; whoever comes later finds none. */
static void
wait_for(const struct cog_storeroom *room, const char *user)
{
    struct cog_err why = COG_ERR_INIT;
    int lock = -1;

    if (cog_userlock_take(room->store, user, COG_USERLOCK_WAIT_MS, &lock,
                          &why) < 0) {
        cog_tool_say(user, why.msg);
    } else {
        (void)close(lock);
    }
}

static int
purge_store(const struct cog_storeroom *room, size_t *ret_count,
            struct cog_err *err)
{
    struct cog_list users = {.count = 0};
    struct cog_list damaged = {.count = 0};
    size_t more = 0;
    int rc = -1;

    if (cog_record_purge(room->store, ret_count, err) < 0 ||
        cog_storeroom_users(room, &users, &damaged, err) < 0)
        goto out;
    for (size_t i = 0; i < users.count; i++)
        wait_for(room, users.item[i]);
    rc = cog_record_purge(room->store, &more, err);
    *ret_count += more;

out:
    cog_list_clear(&users);
    cog_list_clear(&damaged);
    return rc;
}

static int
purge(const struct cog_tool_options *options, const struct cog_storeroom *room,
      struct cog_err *err)
{
    size_t count = 0;

    if (room->store != NULL && purge_store(room, &count, err) < 0)
        return -1;
    if (cog_rows_print(options->json,
                       json_pack("{s:I}", "removed", (json_int_t)count),
                       err) < 0)
        return -1;
    if (count > 0) {
        (void)fputs("their users must sign in again with the pool password; "
                    "until then the account phase refuses them\n",
                    stderr);
    }
    return 0;
}

enum cog_exit
cog_cache_purge(const struct cog_tool_options *options)
{
    struct cog_storeroom room = COG_STOREROOM_INIT;
    struct cog_err err = COG_ERR_INIT;

    cog_json_setup();
    if (cog_storeroom_open(options, false, &room, &err) == 0)
        (void)!purge(options, &room, &err);
    return finish(&room, &err);
}
