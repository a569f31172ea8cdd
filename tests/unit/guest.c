/* SPDX-License-Identifier: MIT */
#include "tests/unit/guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <crypt.h>
#include <stdlib.h>

#include "lib/login/keep.h"
#include "lib/store/verifier.h"

#define TOKEN "r.e.f"

char guest_tokens[SIGN_MAX];
char guest_rotated[SIGN_MAX];
char guest_regrouped[SIGN_MAX];
char guest_moved[SIGN_MAX];
char guest_other_sub[SIGN_MAX];
char guest_bob[SIGN_MAX];
char guest_forged[SIGN_MAX];
char guest_keys[SIGN_MAX];

const struct cog_session guest_session = {
    .real_uid = 1000,
    .sid = 4711,
    .leader_start = 123456,
    .tty = 34816,
    .boot_id = "0c1b2a39-4f5e-4d6c-8b7a-000000000001",
};

void (*guest_at_hash)(void);
unsigned guest_hashes;

/* The fields before the hash. */
static size_t
salt_len(const char *setting)
{
    const char *p = setting;

    for (int fields = 0; fields < 3; fields++)
        p += strcspn(p, "$") + 1;
    return (size_t)(p - setting) + strcspn(p, "$");
}

char *
crypt_ra(const char *phrase, const char *setting, void **data, int *size)
{
    guest_hashes++;
    if (guest_at_hash != NULL)
        guest_at_hash();
    *size = CRYPT_OUTPUT_SIZE;
    *data = malloc((size_t)*size);
    if (*data == NULL)
        return NULL;
    (void)snprintf(*data, (size_t)*size, "%.*s$%s", (int)salt_len(setting),
                   setting, phrase);
    return *data;
}

int
guest_setup(void **state)
{
    static const struct {
        char *reply;
        const char *changes;
        const char *more;
        bool forged;
    } replies[] = {
        {guest_tokens, "{\"cognito:groups\":[\"ops\"]}", "", false},
        {guest_rotated, "{\"cognito:groups\":[\"ops\"]}",
         ",\"RefreshToken\":\"r.o.t\"", false},
        {guest_regrouped, "{\"cognito:groups\":[\"dev\"]}", "", false},
        {guest_moved, "{\"cognito:groups\":[\"dev\"]}",
         ",\"RefreshToken\":\"r.o.t\"", false},
        {guest_other_sub, "{\"sub\":\"" GUEST_OTHER "\"}", "", false},
        {guest_bob, "{\"cognito:username\":\"bob\"}", "", false},
        {guest_forged, "{\"cognito:groups\":[\"ops\"]}", "", true},
    };

    if (tokens_setup(state) < 0)
        return -1;
    for (size_t i = 0; i < COG_COUNT(replies); i++) {
        struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);

        if (replies[i].forged)
            tokens_forge(replies[i].changes, &token);
        else
            tokens_sign(replies[i].changes, &token);
        (void)snprintf(replies[i].reply, SIGN_MAX,
                       "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\","
                       "\"IdToken\":\"%s\"%s}}",
                       cog_secret_str(&token), replies[i].more);
        cog_secret_clear(&token);
    }
    (void)snprintf(guest_keys, sizeof(guest_keys), "%s", tokens_jwks());
    return 0;
}

static struct cog_record_key
key(void)
{
    static const struct cog_record_key alice = {
        .issuer = TOKENS_ISSUER,
        .client_id = TOKENS_CLIENT_ID,
        .sub = TOKENS_SUB,
        .user = "alice",
        .uid = 1000,
    };

    return alice;
}

static const char *
or_else(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

static void
leave_binding(struct cog_store *store, const struct guest_traces *traces)
{
    struct cog_binding binding = {.user = "alice",
                                  .recorded = !traces->unrecorded};
    struct cog_err err = COG_ERR_INIT;

    (void)snprintf(binding.issuer, sizeof(binding.issuer), "%s",
                   or_else(traces->issuer, TOKENS_ISSUER));
    (void)snprintf(binding.sub, sizeof(binding.sub), "%s",
                   or_else(traces->sub, TOKENS_SUB));
    assert_int_equal(cog_binding_write(store, &binding, &err), 0);
}

static void
put(struct cog_secret *to, const char *text)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_append_str(to, text, &err), 0);
}

static void
leave_record(struct cog_store *store, const struct guest_traces *traces)
{
    const struct cog_record_key alice = key();
    struct cog_record record = COG_RECORD_INIT;
    const char *group = or_else(traces->group, "ops");
    struct cog_err err = COG_ERR_INIT;

    (void)snprintf(record.username, sizeof(record.username), "%s",
                   or_else(traces->username, "alice"));
    record.online_s = GUEST_NOW - 60 - traces->age_s;
    record.interactive_s = record.online_s - traces->typed_age_s;
    record.second_factor = traces->second_factor;
    record.tries_left = COG_RECORD_TRIES - traces->spent;
    if (!traces->no_token)
        put(&record.refresh_token, TOKEN);
    if (traces->device) {
        put(&record.device_key, GUEST_DEVICE);
        put(&record.device_group_key, "-group");
        if (traces->confirmed)
            put(&record.device_password, "d3vice");
    }
    if (*group != '\0') {
        assert_int_equal(
            cog_list_append(&record.groups, group, strlen(group), &err), 0);
    }
    if (traces->password != NULL) {
        struct cog_secret password = world_secret(traces->password);

        assert_int_equal(cog_verifier_make(&password, &record.verifier, &err),
                         0);
        cog_secret_clear(&password);
    }
    assert_int_equal(cog_record_write(store, &alice, &record, &err), 0);
    cog_record_clear(&record);
}

static void
leave_tombstone(struct cog_store *store, const struct guest_traces *traces)
{
    struct cog_tombstone tombstone = {
        .user = "alice",
        .issuer = TOKENS_ISSUER,
        .sub = TOKENS_SUB,
        .reason = traces->reason,
        .time_s = GUEST_NOW - 30,
    };
    struct cog_err err = COG_ERR_INIT;

    (void)snprintf(tombstone.service, sizeof(tombstone.service), "%s",
                   or_else(traces->service, ""));
    assert_int_equal(cog_tombstone_write(store, &tombstone, &err), 0);
}

void
guest_leave(struct cog_store *store, const struct guest_traces *traces)
{
    if (!traces->unbound)
        leave_binding(store, traces);
    if (!traces->no_record)
        leave_record(store, traces);
    if (traces->buried)
        leave_tombstone(store, traces);
}

struct guest_left
guest_look(struct cog_store *store)
{
    const struct cog_record_key alice = key();
    struct guest_left left = {.record = COG_RECORD_INIT};
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_record_read(store, &alice, &left.record, &left.kept,
                                     &left.lost, &err),
                     0);
    assert_int_equal(
        cog_tombstone_read(store, "alice", &left.tombstone, &left.buried, &err),
        0);
    return left;
}

void
guest_check(struct cog_store *store, const char *token, int reason)
{
    struct guest_left left = guest_look(store);

    assert_string_equal(cog_secret_str(&left.record.refresh_token), token);
    assert_int_equal(left.buried, reason >= 0);
    if (reason >= 0) {
        assert_int_equal(left.tombstone.reason, reason);
        assert_string_equal(left.tombstone.sub, TOKENS_SUB);
        assert_string_equal(left.tombstone.issuer, TOKENS_ISSUER);
    }
    cog_record_clear(&left.record);
}

void
guest_open(struct guest *g, struct cog_store *store, const char *config,
           const char *service)
{
    *g = (struct guest){
        .world = WORLD_INIT,
        .prepared = COG_PREPARED_INIT,
        .facts = COG_LOGIN_FACTS_INIT,
    };
    g->env = world_env(&g->world);
    g->prepared.config = tokens_config(config, service);
    (void)snprintf(g->prepared.local.account.name,
                   sizeof(g->prepared.local.account.name), "alice");
    g->prepared.local.account.exists = true;
    g->prepared.local.account.uid = 1000;
    (void)snprintf(g->prepared.pool_user, sizeof(g->prepared.pool_user),
                   "alice");
    g->login = (struct cog_login){
        .prepared = &g->prepared,
        .cache_dir = -1,
        .store = store,
        .service = service,
    };
}

void
guest_close(struct guest *g)
{
    cog_prepared_clear(&g->prepared);
    world_check(&g->world);
}
