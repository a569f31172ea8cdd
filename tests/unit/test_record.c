/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/store/record.h"
#include "lib/store/recordbody.h"
#include "lib/store/seal.h"
#include "lib/store/store_private.h"
#include "tests/unit/allocations.h"
#include "tests/unit/shelf.h"

#define ISSUER "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool"
/* Magic, version, nonce, tag (docs/cache-format.md). */
#define NONCE_AT 8
#define BODY_AT  (NONCE_AT + 12 + 16)

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *
__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

static const struct cog_record_key alice = {ISSUER, "client", "sub-a", "alice",
                                            1000};
static const struct cog_record_key bob = {ISSUER, "client", "sub-b", "bob",
                                          1001};

static void
fill(struct cog_secret *secret, const char *text)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_append_str(secret, text, &err), 0);
}

/* A record with something in each field. */
static struct cog_record
make(const char *token)
{
    struct cog_record record = COG_RECORD_INIT;
    struct cog_err err = COG_ERR_INIT;

    fill(&record.refresh_token, token);
    (void)snprintf(record.username, sizeof(record.username), "Alice@pool");
    fill(&record.device_key, "us-east-1_device-key");
    fill(&record.device_group_key, "device-group-key");
    fill(&record.device_password, "device-password");
    assert_int_equal(cog_list_append(&record.groups, "staff", 5, &err), 0);
    assert_int_equal(cog_list_append(&record.groups, "", 0, &err), 0);
    assert_int_equal(cog_list_append(&record.groups, "ops", 3, &err), 0);
    record.online_s = 1762500000;
    record.interactive_s = 1762400000;
    record.second_factor = true;
    fill(&record.verifier, "$y$j9T$verifier");
    record.tries_left = 3;
    return record;
}

static void
same(const struct cog_record *a, const struct cog_record *b)
{
    assert_true(cog_secret_equal(&a->refresh_token, &b->refresh_token));
    assert_string_equal(a->username, b->username);
    assert_true(cog_secret_equal(&a->device_key, &b->device_key));
    assert_true(cog_secret_equal(&a->device_group_key, &b->device_group_key));
    assert_true(cog_secret_equal(&a->device_password, &b->device_password));
    assert_int_equal(a->groups.count, b->groups.count);
    for (size_t i = 0; i < a->groups.count; i++)
        assert_string_equal(a->groups.item[i], b->groups.item[i]);
    assert_int_equal(a->online_s, b->online_s);
    assert_int_equal(a->interactive_s, b->interactive_s);
    assert_int_equal(a->second_factor, b->second_factor);
    assert_true(cog_secret_equal(&a->verifier, &b->verifier));
    assert_int_equal(a->tries_left, b->tries_left);
}

static void
is_cleared(const struct cog_record *record)
{
    const struct cog_record none = COG_RECORD_INIT;

    same(record, &none);
    assert_null(record->refresh_token.data);
    assert_null(record->groups.item);
}

static void
writes(const struct cog_record_key *key, const struct cog_record *record)
{
    struct cog_err err = COG_ERR_INIT;

    if (cog_record_write(shelf_store, key, record, &err) < 0)
        fail_msg("%s", err.msg);
}

static void
writes_token(const struct cog_record_key *key, const char *token)
{
    struct cog_record record = make(token);

    writes(key, &record);
    cog_record_clear(&record);
}

enum outcome {
    FOUND,
    NONE,
    LOST
};

static enum outcome
read_into(const struct cog_record_key *key, struct cog_record *ret)
{
    struct cog_err err = COG_ERR_INIT;
    bool found = false;
    bool lost = true;

    if (cog_record_read(shelf_store, key, ret, &found, &lost, &err) < 0)
        fail_msg("%s", err.msg);
    assert_false(found && lost);
    if (!found)
        is_cleared(ret);
    if (found)
        return FOUND;
    return lost ? LOST : NONE;
}

static void
outcome_is(const struct cog_record_key *key, enum outcome want)
{
    struct cog_record record = COG_RECORD_INIT;

    assert_int_equal(read_into(key, &record), want);
    cog_record_clear(&record);
}

static void
kept(void **state)
{
    struct cog_record want = make("token");
    struct cog_record got = COG_RECORD_INIT;

    (void)state;
    outcome_is(&alice, NONE);
    writes(&alice, &want);
    assert_int_equal(read_into(&alice, &got), FOUND);
    same(&got, &want);
    outcome_is(&bob, NONE);
    cog_record_clear(&got);
    cog_record_clear(&want);
    is_cleared(&want);
}

static void
empty(void **state)
{
    struct cog_record want = COG_RECORD_INIT;
    struct cog_record got = COG_RECORD_INIT;

    (void)state;
    writes(&alice, &want);
    assert_int_equal(read_into(&alice, &got), FOUND);
    same(&got, &want);
    cog_record_clear(&got);
}

static void
fill_up(struct cog_secret *secret)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_resize(secret, secret->max, &err), 0);
    memset(secret->data, 'x', secret->len);
}

static void
largest(void **state)
{
    struct cog_record want = COG_RECORD_INIT;
    struct cog_record got = COG_RECORD_INIT;
    struct cog_err err = COG_ERR_INIT;
    char name[COG_NAME_POOL_BYTES];

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    fill_up(&want.refresh_token);
    (void)snprintf(want.username, sizeof(want.username), "%s", name);
    fill_up(&want.device_key);
    fill_up(&want.device_group_key);
    fill_up(&want.device_password);
    fill_up(&want.verifier);
    for (int i = 0; i < 100; i++)
        assert_int_equal(
            cog_list_append(&want.groups, name, strlen(name), &err), 0);
    want.online_s = INT64_MAX;
    want.interactive_s = INT64_MAX;
    want.tries_left = COG_RECORD_TRIES;
    writes(&alice, &want);
    assert_int_equal(read_into(&alice, &got), FOUND);
    same(&got, &want);
    cog_record_clear(&got);
    cog_record_clear(&want);
}

/* What could not be read again does not replace what can. */
static void
too_much(void **state)
{
    struct cog_err err = COG_ERR_INIT;
    char name[COG_NAME_POOL_BYTES + 1];

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    writes_token(&alice, "token");
    for (int i = 0; i < 12; i++) {
        struct cog_record record = COG_RECORD_INIT;
        struct cog_secret *const secrets[] = {
            &record.refresh_token, &record.device_key, &record.device_group_key,
            &record.device_password, &record.verifier};

        err.code = COG_OK;
        if (i < 5) {
            secrets[i]->max++;
            fill_up(secrets[i]);
        } else if (i == 5) {
            record.online_s = -1;
        } else if (i == 6) {
            record.interactive_s = -1;
        } else if (i == 7) {
            record.tries_left = COG_RECORD_TRIES + 1;
        } else if (i == 8) {
            assert_int_equal(
                cog_list_append(&record.groups, name, strlen(name), &err), 0);
        } else {
            /* More of them, and more bytes, than there is room for. */
            for (int n = 0; n < (i == 9 ? 1001 : 300); n++)
                assert_int_equal(cog_list_append(&record.groups, name,
                                                 i == 9 ? 1 : 500, &err),
                                 0);
        }
        assert_int_equal(cog_record_write(shelf_store, &alice, &record, &err),
                         -1);
        assert_int_equal(err.code, COG_E_PROTOCOL);
        cog_record_clear(&record);
        outcome_is(&alice, FOUND);
    }
    assert_int_equal(shelf_count("state/records"), 1);
}

static void
is_lost(void)
{
    outcome_is(&alice, LOST);
}

static void
every_bit_and_length(void **state)
{
    struct cog_secret file = COG_SECRET_INIT(0);
    char path[SHELF_PATH_BYTES];

    (void)state;
    writes_token(&alice, "token");
    (void)snprintf(path, sizeof(path), "%s", shelf_only("state/records"));
    shelf_read(path, &file);
    shelf_each_bit(path, &file, is_lost);
    shelf_each_length(path, &file, is_lost);
    shelf_write(path, file.data, file.len + 1); /* and its NUL */
    outcome_is(&alice, LOST);
    shelf_write(path, file.data, file.len);
    outcome_is(&alice, FOUND);
    cog_secret_clear(&file);
}

/* Nobody else's record can be opened, wherever it comes from. */
static void
bound_to(void **state)
{
    struct cog_record_key keys[] = {alice, alice, alice};
    char path[SHELF_PATH_BYTES];
    char other[SHELF_PATH_BYTES];

    (void)state;
    keys[0].client_id = "other-client";
    keys[1].user = "alice2";
    keys[2].uid++;
    writes_token(&alice, "token");
    for (size_t i = 0; i < COG_COUNT(keys); i++)
        outcome_is(&keys[i], LOST);
    outcome_is(&alice, FOUND);

    (void)snprintf(path, sizeof(path), "%s", shelf_only("state/records"));
    assert_int_equal(rename(path, shelf_path("aside")), 0);
    writes_token(&bob, "other");
    (void)snprintf(other, sizeof(other), "%s", shelf_only("state/records"));
    assert_int_equal(rename(shelf_path("aside"), other), 0);
    outcome_is(&bob, LOST);
    assert_int_equal(rename(other, path), 0);
    outcome_is(&alice, FOUND);
}

/* Fields that run into one another are still other fields. */
static void
no_two_alike(void **state)
{
    struct cog_record_key a = alice;
    struct cog_record_key b = alice;

    (void)state;
    a.client_id = "ab";
    a.user = "c";
    b.client_id = "a";
    b.user = "bc";
    writes_token(&a, "token");
    outcome_is(&b, LOST);
    outcome_is(&a, FOUND);
    a.issuer = "is";
    a.sub = "sub";
    b = a;
    b.issuer = "iss";
    b.sub = "ub";
    writes_token(&a, "token");
    outcome_is(&b, NONE);
}

static void
another_machine(void **state)
{
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    writes_token(&alice, "token");
    cog_secret_clear(&shelf_store->machine);
    outcome_is(&alice, LOST);
    assert_int_equal(
        cog_secret_append_str(&shelf_store->machine, "another", &err), 0);
    outcome_is(&alice, LOST);
}

static void
another_key(void **state)
{
    static const char key[33] = "0123456789abcdef0123456789abcdef";

    (void)state;
    writes_token(&alice, "token");
    shelf_write(shelf_path("state/seal.key"), key, 32);
    cog_store_close(shelf_store);
    shelf_store = shelf_open();
    outcome_is(&alice, LOST);
    writes_token(&alice, "token");
    outcome_is(&alice, FOUND);
}

static void
not_ours(void **state)
{
    char path[SHELF_PATH_BYTES];
    char moved[SHELF_PATH_BYTES + 8];

    (void)state;
    writes_token(&alice, "token");
    (void)snprintf(path, sizeof(path), "%s", shelf_only("state/records"));
    (void)snprintf(moved, sizeof(moved), "%s.moved", path);
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        writes_token(&alice, "token");
        print_message("%s\n", shelf_replace(path, kind));
        outcome_is(&alice, LOST);
        assert_true(unlink(path) == 0 || rmdir(path) == 0);
        (void)unlink(moved);
    }
}

static bool
holds(const struct cog_secret *file, const char *text)
{
    return memmem(file->data, file->len, text, strlen(text)) != NULL;
}

static void
nothing_in_clear(void **state)
{
    static const char *const texts[] = {
        "C4n4ry", "Alice@pool", "alice",  "device", "staff",
        "$y$",    "sub-a",      "client", ISSUER,
    };
    struct cog_secret file = COG_SECRET_INIT(0);

    (void)state;
    writes_token(&alice, "C4n4ry");
    shelf_read(shelf_only("state/records"), &file);
    assert_true(holds(&file, "COGREC\n"));
    for (size_t i = 0; i < COG_COUNT(texts); i++)
        assert_false(holds(&file, texts[i]));
    cog_secret_clear(&file);
}

static void
nonces(void **state)
{
    enum {
        WRITES = 300
    };
    static char seen[WRITES][12];
    struct cog_secret file = COG_SECRET_INIT(0);
    struct cog_record record = make("token");

    (void)state;
    for (size_t i = 0; i < WRITES; i++) {
        writes(&alice, &record);
        shelf_read(shelf_only("state/records"), &file);
        memcpy(seen[i], file.data + NONCE_AT, sizeof(seen[i]));
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(seen[i], seen[j], sizeof(seen[i]));
    }
    cog_secret_clear(&file);
    cog_record_clear(&record);
}

/* The bytes of docs/cache-format.md, sealed as it says. */
static void
its_form(void **state)
{
    static const char body[] = "\0\0\0\3tok"
                               "\0\0\0\4name"
                               "\0\0\0\1k"
                               "\0\0\0\1g"
                               "\0\0\0\1p"
                               "\0\0\0\0\0\0\0\2"
                               "\0\0\0\1a"
                               "\0\0\0\2bc"
                               "\0\0\0\0\0\0\1\0"
                               "\0\0\0\0\0\0\0\377"
                               "\0\0\0\0\0\0\0\1"
                               "\0\0\0\2$y"
                               "\0\0\0\0\0\0\0\5";
    struct cog_record want = COG_RECORD_INIT;
    struct cog_record got = COG_RECORD_INIT;
    struct cog_secret bytes = COG_SECRET_INIT(COG_RECORDBODY_MAX);
    struct cog_secret file = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    fill(&want.refresh_token, "tok");
    (void)snprintf(want.username, sizeof(want.username), "name");
    fill(&want.device_key, "k");
    fill(&want.device_group_key, "g");
    fill(&want.device_password, "p");
    assert_int_equal(cog_list_append(&want.groups, "a", 1, &err), 0);
    assert_int_equal(cog_list_append(&want.groups, "bc", 2, &err), 0);
    want.online_s = 256;
    want.interactive_s = 255;
    want.second_factor = true;
    fill(&want.verifier, "$y");
    want.tries_left = 5;
    assert_int_equal(cog_recordbody_encode(&want, &bytes, &err), 0);
    assert_int_equal(bytes.len, sizeof(body) - 1);
    assert_memory_equal(bytes.data, body, sizeof(body) - 1);
    assert_int_equal(cog_recordbody_decode(body, sizeof(body) - 1, &got, &err),
                     0);
    same(&got, &want);

    writes(&alice, &want);
    shelf_read(shelf_only("state/records"), &file);
    assert_int_equal(file.len, BODY_AT + sizeof(body) - 1);
    assert_memory_equal(file.data, "COGREC\n\1", NONCE_AT);
    cog_secret_clear(&bytes);
    cog_secret_clear(&file);
    cog_record_clear(&want);
    cog_record_clear(&got);
}

/* Opened bodies that are none: nothing is half read. */
static void
malformed_bodies(void **state)
{
    static const struct {
        size_t at;
        unsigned char byte;
    } cases[] = {
        {0, 1},    /* a token of 16 MiB */
        {3, 99},   /* longer than the rest */
        {12, 0},   /* NUL in the name */
        {16, 1},   /* a device key of 64 KiB */
        {34, 1},   /* more groups than anybody has */
        {36, 1},   /* more than follow */
        {48, 0},   /* NUL in a group */
        {49, 128}, /* a time below zero */
        {57, 255}, /* another */
        {72, 2},   /* neither yes nor no */
        {76, 1},   /* a verifier that takes from what follows */
        {84, 6},   /* more tries than there are */
    };
    struct cog_record record = COG_RECORD_INIT;
    struct cog_record got = COG_RECORD_INIT;
    struct cog_secret bytes = COG_SECRET_INIT(COG_RECORDBODY_MAX);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    fill(&record.refresh_token, "tok");
    (void)snprintf(record.username, sizeof(record.username), "name");
    fill(&record.device_key, "k");
    fill(&record.device_group_key, "g");
    fill(&record.device_password, "p");
    assert_int_equal(cog_list_append(&record.groups, "a", 1, &err), 0);
    assert_int_equal(cog_list_append(&record.groups, "bc", 2, &err), 0);
    assert_int_equal(cog_recordbody_encode(&record, &bytes, &err), 0);
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const char before = bytes.data[cases[i].at];

        err.code = COG_OK;
        assert_true(cases[i].at < bytes.len);
        bytes.data[cases[i].at] = (char)cases[i].byte;
        if (cog_recordbody_decode(bytes.data, bytes.len, &got, &err) == 0)
            fail_msg("case %zu", i);
        assert_int_equal(err.code, COG_E_IDENTITY);
        is_cleared(&got);
        bytes.data[cases[i].at] = before;
    }
    for (size_t len = 0; len < bytes.len; len++) {
        err.code = COG_OK;
        assert_int_equal(cog_recordbody_decode(bytes.data, len, &got, &err),
                         -1);
        assert_int_equal(err.code, COG_E_IDENTITY);
        is_cleared(&got);
    }
    err.code = COG_OK;
    assert_int_equal(
        cog_recordbody_decode(bytes.data, bytes.len + 1, &got, &err), -1);
    assert_int_equal(err.code, COG_E_IDENTITY);
    cog_secret_clear(&bytes);
    cog_record_clear(&record);
}

static void
erased(void **state)
{
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    writes_token(&alice, "token");
    writes_token(&bob, "token");
    for (int round = 0; round < 2; round++)
        assert_int_equal(cog_record_erase(shelf_store, ISSUER, "sub-a", &err),
                         0);
    outcome_is(&alice, NONE);
    outcome_is(&bob, FOUND);
}

static enum cog_record_place
place_of(const char *sub)
{
    enum cog_record_place place = COG_RECORD_NONE;
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_record_look(shelf_store, ISSUER, sub, &place, &err),
                     0);
    return place;
}

/* Lost from then on, until it is written anew. */
static void
spoilt(void **state)
{
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_record_spoil(shelf_store, ISSUER, "sub-a", &err), 0);
    assert_int_equal(place_of("sub-a"), COG_RECORD_NONE);
    writes_token(&alice, "token");
    writes_token(&bob, "token");
    assert_int_equal(place_of("sub-a"), COG_RECORD_THERE);
    for (int round = 0; round < 2; round++)
        assert_int_equal(cog_record_spoil(shelf_store, ISSUER, "sub-a", &err),
                         0);
    assert_int_equal(place_of("sub-a"), COG_RECORD_SPOILT);
    outcome_is(&alice, LOST);
    outcome_is(&bob, FOUND);
    writes_token(&alice, "token");
    outcome_is(&alice, FOUND);
}

static void
purged(void **state)
{
    struct cog_err err = COG_ERR_INIT;
    char path[SHELF_PATH_BYTES];
    size_t count = 99;

    (void)state;
    assert_int_equal(cog_record_purge(shelf_store, &count, &err), 0);
    assert_int_equal(count, 0);
    writes_token(&alice, "token");
    (void)snprintf(path, sizeof(path), "%s.tmp", shelf_only("state/records"));
    shelf_write(path, "half", 4);
    writes_token(&bob, "token");
    shelf_write(shelf_path("state/records/left.tmp"), "half", 4);
    assert_int_equal(cog_record_purge(shelf_store, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(shelf_count("state/records"), 0);
    assert_int_equal(mkdir(shelf_path("state/records/x"), 0700), 0);
    assert_int_equal(cog_record_purge(shelf_store, &count, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
}

/* With any allocation failing, the file is the old one or the new one. */
static void
out_of_memory(void **state)
{
    struct cog_record record = make("new");
    unsigned n = 0;
    bool failed = true;

    (void)state;
    writes_token(&alice, "old");
    while (failed) {
        struct cog_err err = COG_ERR_INIT;
        int rc;

        fail_allocation(++n);
        rc = cog_record_write(shelf_store, &alice, &record, &err);
        failed = allocation_failed();
        if (failed) {
            assert_int_equal(rc, -1);
            assert_int_equal(err.code, COG_E_NOMEM);
        } else {
            assert_int_equal(rc, 0);
        }
        outcome_is(&alice, FOUND);
    }
    assert_true(n > 3);
    cog_record_clear(&record);
}

static void
out_of_memory_reading(void **state)
{
    unsigned n = 0;
    bool failed = true;

    (void)state;
    writes_token(&alice, "token");
    while (failed) {
        struct cog_record record = COG_RECORD_INIT;
        struct cog_err err = COG_ERR_INIT;
        bool found = false;
        bool lost = false;
        int rc;

        fail_allocation(++n);
        rc = cog_record_read(shelf_store, &alice, &record, &found, &lost, &err);
        failed = allocation_failed();
        if (failed) {
            /* Never "there is none". */
            assert_int_equal(rc, -1);
            assert_int_equal(err.code, COG_E_NOMEM);
            is_cleared(&record);
        } else {
            assert_true(rc == 0 && found);
        }
        cog_record_clear(&record);
    }
    assert_true(n > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST_OPEN(kept),
        SHELF_TEST_OPEN(empty),
        SHELF_TEST_OPEN(largest),
        SHELF_TEST_OPEN(too_much),
        SHELF_TEST_OPEN(every_bit_and_length),
        SHELF_TEST_OPEN(bound_to),
        SHELF_TEST_OPEN(no_two_alike),
        SHELF_TEST_OPEN(another_machine),
        SHELF_TEST_OPEN(another_key),
        SHELF_TEST_OPEN(not_ours),
        SHELF_TEST_OPEN(nothing_in_clear),
        SHELF_TEST_OPEN(nonces),
        SHELF_TEST_OPEN(its_form),
        SHELF_TEST_OPEN(malformed_bodies),
        SHELF_TEST_OPEN(erased),
        SHELF_TEST_OPEN(spoilt),
        SHELF_TEST_OPEN(purged),
        SHELF_TEST_OPEN(out_of_memory),
        SHELF_TEST_OPEN(out_of_memory_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
