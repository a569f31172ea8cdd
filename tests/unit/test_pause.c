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

#include "lib/store/pause.h"
#include "lib/store/seal.h"
#include "tests/unit/shelf.h"

#define HERE  "https://cognito-idp.us-east-1.amazonaws.com/"
#define THERE "https://cognito-idp.eu-west-1.amazonaws.com/"
#define T0    INT64_C(5000)

/* The only pause, beside the directory of tickets. */
static const char *
file(void)
{
    char name[128];
    char hex[COG_SEAL_HEX_BYTES];
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_seal_hex(HERE, strlen(HERE), hex, &err), 0);
    (void)snprintf(name, sizeof(name), "run/pause-%s", hex);
    return shelf_path(name);
}

static void
half_a_minute(void **state)
{
    (void)state;
    assert_false(cog_pause_holds(shelf_store, HERE, T0));
    cog_pause_begin(shelf_store, HERE, T0);
    assert_int_equal(access(file(), F_OK), 0);
    assert_true(cog_pause_holds(shelf_store, HERE, T0));
    assert_true(cog_pause_holds(shelf_store, HERE, T0 + COG_PAUSE_S - 1));
    assert_false(cog_pause_holds(shelf_store, HERE, T0 + COG_PAUSE_S));
    /* Of another boot. */
    assert_false(cog_pause_holds(shelf_store, HERE, T0 - 1));
    assert_false(cog_pause_holds(shelf_store, THERE, T0));
    cog_pause_begin(shelf_store, HERE, T0 + 20);
    assert_true(cog_pause_holds(shelf_store, HERE, T0 + COG_PAUSE_S));
    cog_pause_end(shelf_store, THERE);
    assert_true(cog_pause_holds(shelf_store, HERE, T0 + COG_PAUSE_S));
    for (int round = 0; round < 2; round++) {
        cog_pause_end(shelf_store, HERE);
        assert_false(cog_pause_holds(shelf_store, HERE, T0 + 20));
    }
    assert_int_equal(shelf_count("run"), 1);
}

/* The bytes of docs/cache-format.md. */
static void
its_form(void **state)
{
    static const char head[] = "pam_cognito pause 1\nsince = 5000\n";
    struct cog_secret got = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;
    char want[256];
    char hex[COG_SEAL_HEX_BYTES];

    (void)state;
    cog_pause_begin(shelf_store, HERE, T0);
    assert_int_equal(cog_seal_hex(head, strlen(head), hex, &err), 0);
    (void)snprintf(want, sizeof(want), "%ssha256 = %s\n", head, hex);
    shelf_read(file(), &got);
    assert_string_equal(cog_secret_str(&got), want);
    cog_secret_clear(&got);
}

/* What is damaged does not hold, nor does what is not ours. */
static void
damaged(void **state)
{
    struct cog_secret whole = COG_SECRET_INIT(0);

    (void)state;
    cog_pause_begin(shelf_store, HERE, T0);
    shelf_read(file(), &whole);
    for (size_t bit = 0; bit < 8 * whole.len; bit++) {
        whole.data[bit / 8] = (char)(whole.data[bit / 8] ^ (1 << bit % 8));
        shelf_write(file(), whole.data, whole.len);
        assert_false(cog_pause_holds(shelf_store, HERE, T0));
        whole.data[bit / 8] = (char)(whole.data[bit / 8] ^ (1 << bit % 8));
    }
    for (size_t len = 0; len < whole.len; len++) {
        shelf_write(file(), whole.data, len);
        assert_false(cog_pause_holds(shelf_store, HERE, T0));
    }
    cog_secret_clear(&whole);
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        char moved[SHELF_PATH_BYTES + 8];

        (void)snprintf(moved, sizeof(moved), "%s.moved", file());
        cog_pause_begin(shelf_store, HERE, T0);
        assert_true(cog_pause_holds(shelf_store, HERE, T0));
        print_message("%s\n", shelf_replace(file(), kind));
        assert_false(cog_pause_holds(shelf_store, HERE, T0));
        assert_true(unlink(file()) == 0 || rmdir(file()) == 0);
        (void)unlink(moved);
    }
}

static void
without_a_directory(void **state)
{
    (void)state;
    cog_pause_begin(shelf_store, HERE, T0);
    cog_store_close(shelf_store);
    assert_int_equal(chmod(shelf_path("run"), 0777), 0);
    shelf_store = shelf_open();
    assert_false(cog_pause_holds(shelf_store, HERE, T0));
    cog_pause_end(shelf_store, HERE);
    cog_pause_begin(shelf_store, THERE, T0);
    assert_int_equal(shelf_count("run"), 2); /* and the tickets */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST_OPEN(half_a_minute),
        SHELF_TEST_OPEN(its_form),
        SHELF_TEST_OPEN(damaged),
        SHELF_TEST_OPEN(without_a_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
