/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "lib/store/seal.h"
#include "lib/store/tombstone.h"
#include "tests/unit/shelf.h"

#define ALICE                          \
    "2bd806c97f0e00af1a1fc3328fa763a9" \
    "269723c8db8fac4f93af71db186d6e90"
#define FILE_OF(hex) "state/tombstones/" hex

static const struct cog_tombstone alice = {
    .user = "alice",
    .issuer = "https://issuer",
    .sub = "sub-a",
    .reason = COG_TOMBSTONE_REUSED,
    .time_s = 1762500000,
};

static void
writes(const struct cog_tombstone *tombstone)
{
    struct cog_err err = COG_ERR_INIT;

    if (cog_tombstone_write(shelf_store, tombstone, &err) < 0)
        fail_msg("%s", err.msg);
}

static void
reads(const struct cog_tombstone *want)
{
    struct cog_tombstone got = {0};
    struct cog_err err = COG_ERR_INIT;
    bool found = want == NULL;

    if (cog_tombstone_read(shelf_store, "alice", &got, &found, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(found, want != NULL);
    if (want == NULL)
        return;
    assert_string_equal(got.user, want->user);
    assert_string_equal(got.issuer, want->issuer);
    assert_string_equal(got.sub, want->sub);
    assert_int_equal(got.reason, want->reason);
    assert_string_equal(got.service, want->service);
    assert_int_equal(got.time_s, want->time_s);
}

static void
refuses(const char *why)
{
    struct cog_tombstone got = {.sub = "untouched"};
    struct cog_err err = COG_ERR_INIT;
    bool found = true;

    assert_int_equal(
        cog_tombstone_read(shelf_store, "alice", &got, &found, &err), -1);
    assert_int_equal(err.code, COG_E_IDENTITY);
    assert_string_equal(got.sub, "untouched");
    assert_true(found);
    if (strstr(err.msg, why) == NULL)
        fail_msg("%s", err.msg);
}

static void
every_reason(void **state)
{
    struct cog_tombstone tombstone = alice;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    reads(NULL);
    for (int i = 0; i < COG_TOMBSTONE_REASONS_; i++) {
        tombstone.reason = (enum cog_tombstone_reason)i;
        tombstone.time_s++;
        assert_non_null(cog_tombstone_text(tombstone.reason));
        writes(&tombstone);
        reads(&tombstone);
    }
    assert_int_equal(shelf_count("state/tombstones"), 1);
    for (int round = 0; round < 2; round++)
        assert_int_equal(cog_tombstone_erase(shelf_store, "alice", &err), 0);
    reads(NULL);
}

/* The bytes of docs/cache-format.md. */
static void
its_form(void **state)
{
    static const char head[] = "pam_cognito tombstone 1\n"
                               "user = alice\n"
                               "issuer = https://issuer\n"
                               "sub = sub-a\n"
                               "reason = reused\n"
                               "service = -\n"
                               "time = 1762500000\n";
    struct cog_secret file = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;
    char want[512];
    char hex[COG_SEAL_HEX_BYTES];

    (void)state;
    writes(&alice);
    assert_int_equal(cog_seal_hex(head, strlen(head), hex, &err), 0);
    (void)snprintf(want, sizeof(want), "%ssha256 = %s\n", head, hex);
    shelf_read(shelf_path(FILE_OF(ALICE)), &file);
    assert_string_equal(cog_secret_str(&file), want);
    cog_secret_clear(&file);
}

/* Whose rules refused: a service's, with the longest name too, or a tool's. */
static void
of_a_service(void **state)
{
    struct cog_tombstone tombstone = alice;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    tombstone.reason = COG_TOMBSTONE_GROUPS;
    (void)snprintf(tombstone.service, sizeof(tombstone.service), "%s", "sudo");
    writes(&tombstone);
    reads(&tombstone);
    memset(tombstone.service, 's', COG_SERVICE_SIZE - 1);
    writes(&tombstone);
    reads(&tombstone);
    tombstone.service[0] = '\0';
    writes(&tombstone);
    reads(&tombstone);
    tombstone.service[0] = '\n';
    assert_int_equal(cog_tombstone_write(shelf_store, &tombstone, &err), -1);
    tombstone.service[0] = '\0';
    reads(&tombstone);
}

/* Words on disk stay what they are. */
static void
words(void **state)
{
    static const char *const want[] = {
        "disabled", "not-found", "token", "reused", "groups",
    };
    struct cog_tombstone tombstone = alice;

    (void)state;
    for (size_t i = 0; i < COG_COUNT(want); i++) {
        struct cog_secret file = COG_SECRET_INIT(0);
        char line[64];

        tombstone.reason = (enum cog_tombstone_reason)i;
        writes(&tombstone);
        shelf_read(shelf_path(FILE_OF(ALICE)), &file);
        (void)snprintf(line, sizeof(line), "\nreason = %s\n", want[i]);
        assert_non_null(strstr(cog_secret_str(&file), line));
        cog_secret_clear(&file);
    }
    assert_int_equal(COG_COUNT(want), COG_TOMBSTONE_REASONS_);
}

static void
names_the_file(void)
{
    refuses("tombstone of alice (tombstones/" ALICE "): ");
}

static void
names_the_way_out(void)
{
    refuses("a full sign-in mends that");
}

static void
every_bit_and_length(void **state)
{
    struct cog_secret file = COG_SECRET_INIT(0);
    char path[SHELF_PATH_BYTES];

    (void)state;
    writes(&alice);
    (void)snprintf(path, sizeof(path), "%s", shelf_path(FILE_OF(ALICE)));
    shelf_read(path, &file);
    shelf_each_bit(path, &file, names_the_file);
    shelf_each_length(path, &file, names_the_way_out);
    cog_secret_clear(&file);
    /* Unlike a binding: one refusal replaces another. */
    writes(&alice);
    reads(&alice);
}

static void
well_made(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"reason = odd\nservice = -\ntime = 1\n", "an unknown reason"},
        {"reason = \nservice = -\ntime = 1\n", "'reason' is malformed"},
        {"reason = token\nservice = -\ntime = -1\n", "its time is no number"},
        {"reason = token\nservice = -\ntime = 01\n", "its time is no number"},
        {"reason = token\nservice = -\ntime = 9223372036854775808\n",
         "its time is no number"},
        {"reason = token\nservice = -\n", "not in its form"},
        {"reason = token\ntime = 1\n", "not in its form"},
        {"reason = groups\nservice = \ntime = 1\n", "'service' is malformed"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char text[512];
        char hex[COG_SEAL_HEX_BYTES];
        struct cog_err err = COG_ERR_INIT;
        size_t len;

        (void)snprintf(text, sizeof(text),
                       "pam_cognito tombstone 1\nuser = alice\n"
                       "issuer = i\nsub = s\n%s",
                       cases[i].text);
        len = strlen(text);
        assert_int_equal(cog_seal_hex(text, len, hex, &err), 0);
        (void)snprintf(text + len, sizeof(text) - len, "sha256 = %s\n", hex);
        shelf_write(shelf_path(FILE_OF(ALICE)), text, strlen(text));
        refuses(cases[i].why);
    }
}

static void
not_ours(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        const char *path = shelf_path(FILE_OF(ALICE));

        writes(&alice);
        print_message("%s\n", shelf_replace(path, kind));
        refuses("a full sign-in mends that");
        assert_true(unlink(path) == 0 || rmdir(path) == 0);
        (void)unlink(shelf_path(FILE_OF(ALICE) ".moved"));
    }
}

/* Even with a clock of nonsense it stands. */
static void
odd_clock(void **state)
{
    struct cog_tombstone tombstone = alice;

    (void)state;
    tombstone.time_s = -5;
    writes(&tombstone);
    tombstone.time_s = 0;
    reads(&tombstone);
    tombstone.time_s = INT64_MAX;
    writes(&tombstone);
    reads(&tombstone);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST_OPEN(every_reason), SHELF_TEST_OPEN(its_form),
        SHELF_TEST_OPEN(words),        SHELF_TEST_OPEN(every_bit_and_length),
        SHELF_TEST_OPEN(well_made),    SHELF_TEST_OPEN(not_ours),
        SHELF_TEST_OPEN(odd_clock),    SHELF_TEST_OPEN(of_a_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
