/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/store/binding.h"
#include "lib/store/seal.h"
#include "tests/unit/shelf.h"

#define ISSUER "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool"
/* SHA-256 of "alice" and "bob". */
#define ALICE                          \
    "2bd806c97f0e00af1a1fc3328fa763a9" \
    "269723c8db8fac4f93af71db186d6e90"
#define BOB                            \
    "81b637d8fcd2c6da6359e6963113a117" \
    "0de795e4b725b84d1e0b4cfd9ec58ce9"
#define FILE_OF(hex) "state/bindings/" hex

static const struct cog_binding alice = {"alice", ISSUER, "sub-a", true};
static const struct cog_binding bob = {"bob", ISSUER, "sub-b", false};

static void
writes(const struct cog_binding *binding)
{
    struct cog_err err = COG_ERR_INIT;

    if (cog_binding_write(shelf_store, binding, &err) < 0)
        fail_msg("%s", err.msg);
}

static void
does_not_write(const struct cog_binding *binding, enum cog_errc code)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_binding_write(shelf_store, binding, &err), -1);
    assert_int_equal(err.code, code);
}

/* `want` NULL: there is none. */
static void
reads(const char *user, const struct cog_binding *want)
{
    struct cog_binding got = {.sub = "untouched"};
    struct cog_err err = COG_ERR_INIT;
    bool found = want == NULL;

    if (cog_binding_read(shelf_store, user, &got, &found, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(found, want != NULL);
    if (want == NULL) {
        assert_string_equal(got.sub, "untouched");
        return;
    }
    assert_string_equal(got.user, want->user);
    assert_string_equal(got.issuer, want->issuer);
    assert_string_equal(got.sub, want->sub);
    assert_int_equal(got.recorded, want->recorded);
}

static void
refuses(const char *user, const char *why)
{
    struct cog_binding got = {.sub = "untouched"};
    struct cog_err err = COG_ERR_INIT;
    bool found = true;

    assert_int_equal(cog_binding_read(shelf_store, user, &got, &found, &err),
                     -1);
    assert_int_equal(err.code, COG_E_IDENTITY);
    assert_string_equal(got.sub, "untouched");
    assert_true(found);
    if (strstr(err.msg, why) == NULL)
        fail_msg("%s", err.msg);
}

static void
bound(void **state)
{
    struct cog_binding once = bob;

    (void)state;
    reads("alice", NULL);
    writes(&alice);
    writes(&bob);
    reads("alice", &alice);
    reads("bob", &bob);
    once.recorded = true;
    writes(&once);
    reads("bob", &once);
    assert_int_equal(shelf_count("state/bindings"), 2);
}

/* The bytes of docs/cache-format.md. */
static void
its_form(void **state)
{
    static const char head[] = "pam_cognito binding 1\n"
                               "user = alice\n"
                               "issuer = " ISSUER "\n"
                               "sub = sub-a\n"
                               "recorded = yes\n";
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

static void
written_once(void **state)
{
    struct stat before;
    struct stat after;

    (void)state;
    writes(&alice);
    assert_int_equal(stat(shelf_path(FILE_OF(ALICE)), &before), 0);
    writes(&alice);
    assert_int_equal(stat(shelf_path(FILE_OF(ALICE)), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

/* A user stays bound to whom he was bound first. */
static void
bound_for_good(void **state)
{
    struct cog_binding other = alice;

    (void)state;
    writes(&alice);
    (void)snprintf(other.sub, sizeof(other.sub), "sub-b");
    does_not_write(&other, COG_E_IDENTITY);
    other = alice;
    (void)snprintf(other.issuer, sizeof(other.issuer), "https://other");
    does_not_write(&other, COG_E_IDENTITY);
    reads("alice", &alice);
    shelf_write(shelf_path(FILE_OF(ALICE)), "damaged", 7);
    does_not_write(&alice, COG_E_IDENTITY);
    refuses("alice", "pam-cognito cache forget alice");
}

static void
names_the_file(void)
{
    refuses("alice", "binding of alice (bindings/" ALICE "): ");
}

static void
names_the_way_out(void)
{
    refuses("alice", "pam-cognito cache forget alice");
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
    shelf_write(path, file.data, file.len);
    reads("alice", &alice);
    shelf_write(path, file.data, file.len + 1); /* and its NUL */
    refuses("alice", "something follows its end");
    cog_secret_clear(&file);
}

/* Sheets with a right checksum that are no binding of alice all the same. */
static void
well_made(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"pam_cognito binding 2\nuser = alice\nissuer = i\nsub = s\n"
         "recorded = no\n",
         "not in its form"},
        {"pam_cognito tombstone 1\nuser = alice\nissuer = i\nsub = s\n"
         "recorded = no\n",
         "not in its form"},
        {"pam_cognito binding 1\nuser = bob\nissuer = i\nsub = s\n"
         "recorded = no\n",
         "another user's"},
        {"pam_cognito binding 1\nuser = Alice\nissuer = i\nsub = s\n"
         "recorded = no\n",
         "not a local user's name"},
        {"pam_cognito binding 1\nuser = alice\nuser = alice\nissuer = i\n"
         "sub = s\nrecorded = no\n",
         "not in its form"},
        {"pam_cognito binding 1\nuser = alice\nissuer = i\n"
         "recorded = no\n",
         "not in its form"},
        {"pam_cognito binding 1\nuser = alice\nsub = s\nissuer = i\n"
         "recorded = no\n",
         "not in its form"},
        {"pam_cognito binding 1\nuser = alice\nissuer = i\nsub = s\n"
         "more = x\nrecorded = no\n",
         "not in its form"},
        {"pam_cognito binding 1\nuser = alice\nissuer = i\nsub = \n"
         "recorded = no\n",
         "'sub' is malformed"},
        {"pam_cognito binding 1\nuser = alice\nissuer = i\nsub = a\tb\n"
         "recorded = no\n",
         "'sub' is malformed"},
        {"pam_cognito binding 1\nuser = alice\nissuer = i\nsub = \xff\n"
         "recorded = no\n",
         "'sub' is malformed"},
        {"pam_cognito binding 1\nuser = alice\nissuer = i\nsub = s\n"
         "recorded = yess\n",
         "'recorded' is malformed"},
        {"pam_cognito binding 1\nuser = alice\nissuer = i\nsub = s\n"
         "recorded = nay\n",
         "'recorded' is not yes or no"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char text[512];
        char hex[COG_SEAL_HEX_BYTES];
        struct cog_err err = COG_ERR_INIT;
        size_t len = strlen(cases[i].text);

        assert_int_equal(cog_seal_hex(cases[i].text, len, hex, &err), 0);
        (void)snprintf(text, sizeof(text), "%ssha256 = %s\n", cases[i].text,
                       hex);
        shelf_write(shelf_path(FILE_OF(ALICE)), text, strlen(text));
        refuses("alice", cases[i].why);
    }
}

static void
swapped(void **state)
{
    (void)state;
    writes(&alice);
    writes(&bob);
    assert_int_equal(
        rename(shelf_path(FILE_OF(ALICE)), shelf_path(FILE_OF(BOB))), 0);
    refuses("bob", "another user's");
    reads("alice", NULL);
}

static void
not_ours(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        const char *path = shelf_path(FILE_OF(ALICE));

        writes(&alice);
        print_message("%s\n", shelf_replace(path, kind));
        refuses("alice", "pam-cognito cache forget alice");
        assert_true(unlink(path) == 0 || rmdir(path) == 0);
        (void)unlink(shelf_path(FILE_OF(ALICE) ".moved"));
    }
}

/* What cannot be asked for never looks like "none". */
static void
no_names(void **state)
{
    static const char *const names[] = {
        "",
        "Alice",
        "../../etc/passwd",
        "a/b",
        "-x",
        "alice ",
        "a\nb",
        "abcdefghijklmnopqrstuvwxyzabcdefg",
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(names); i++) {
        struct cog_binding binding = alice;
        struct cog_err err = COG_ERR_INIT;

        refuses(names[i], "not a local user's name");
        assert_int_equal(cog_binding_erase(shelf_store, names[i], &err), -1);
        if (strlen(names[i]) < sizeof(binding.user)) {
            (void)snprintf(binding.user, sizeof(binding.user), "%s", names[i]);
            does_not_write(&binding, COG_E_IDENTITY);
        }
    }
    assert_int_equal(shelf_count("state/bindings"), 0);
}

/* What could not be read again is not written. */
static void
no_values(void **state)
{
    static const char *const subs[] = {"", "a\nb", "\x7f", "\xc3"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(subs); i++) {
        struct cog_binding binding = alice;

        (void)snprintf(binding.sub, sizeof(binding.sub), "%s", subs[i]);
        does_not_write(&binding, COG_E_PROTOCOL);
    }
    assert_int_equal(shelf_count("state/bindings"), 0);
}

static void
longest(void **state)
{
    struct cog_binding binding = {.recorded = true};

    (void)state;
    memset(binding.user, 'u', sizeof(binding.user) - 1);
    memset(binding.issuer, 'i', sizeof(binding.issuer) - 1);
    memset(binding.sub, 's', sizeof(binding.sub) - 1);
    writes(&binding);
    reads(binding.user, &binding);
}

static void
erased(void **state)
{
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    writes(&alice);
    writes(&bob);
    for (int round = 0; round < 2; round++)
        assert_int_equal(cog_binding_erase(shelf_store, "alice", &err), 0);
    reads("alice", NULL);
    reads("bob", &bob);
    shelf_write(shelf_path(FILE_OF(BOB)), "damaged", 7);
    assert_int_equal(cog_binding_erase(shelf_store, "bob", &err), 0);
    reads("bob", NULL);
}

/* What was seen of all of them. */
struct seen {
    unsigned alice, bob, damaged;
    int answer;
};

static int
look(void *ctx, const char *name, const struct cog_binding *binding)
{
    struct seen *seen = ctx;

    if (binding == NULL) {
        assert_string_equal(name, "README");
        seen->damaged++;
    } else if (strcmp(binding->user, "alice") == 0) {
        assert_string_equal(name, ALICE);
        seen->alice++;
    } else {
        assert_string_equal(binding->user, "bob");
        seen->bob++;
    }
    return seen->answer;
}

static void
each(void **state)
{
    struct seen seen = {0};
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_binding_each(shelf_store, look, &seen, &err), 0);
    writes(&alice);
    writes(&bob);
    shelf_write(shelf_path("state/bindings/README"), "x", 1);
    shelf_write(shelf_path("state/bindings/" ALICE ".tmp"), "x", 1);
    assert_int_equal(cog_binding_each(shelf_store, look, &seen, &err), 0);
    assert_int_equal(seen.alice, 1);
    assert_int_equal(seen.bob, 1);
    assert_int_equal(seen.damaged, 1);
    seen.answer = 3;
    assert_int_equal(cog_binding_each(shelf_store, look, &seen, &err), 3);
    assert_int_equal(seen.alice + seen.bob + seen.damaged, 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST_OPEN(bound),
        SHELF_TEST_OPEN(its_form),
        SHELF_TEST_OPEN(written_once),
        SHELF_TEST_OPEN(bound_for_good),
        SHELF_TEST_OPEN(every_bit_and_length),
        SHELF_TEST_OPEN(well_made),
        SHELF_TEST_OPEN(swapped),
        SHELF_TEST_OPEN(not_ours),
        SHELF_TEST_OPEN(no_names),
        SHELF_TEST_OPEN(no_values),
        SHELF_TEST_OPEN(longest),
        SHELF_TEST_OPEN(erased),
        SHELF_TEST_OPEN(each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
