/* SPDX-License-Identifier: MIT */
/*
 * The C library's explicit_bzero is replaced by one that notes what was wiped,
 * which a program may do.
 */
/* A fortified header would define the function we replace. */
#undef _FORTIFY_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/secret.h"

#define CAPACITY 16

static const void *wiped;
static size_t wiped_bytes;

/* What explicit_bzero is under -D_FORTIFY_SOURCE. */
void fortified_bzero(void *memory, size_t len,
                     size_t size) __asm__("__explicit_bzero_chk");

void
explicit_bzero(void *memory, size_t len)
{
    wiped = memory;
    wiped_bytes = len;
    memset(memory, 0, len);
}

void
fortified_bzero(void *memory, size_t len, size_t size COG_UNUSED)
{
    explicit_bzero(memory, len);
}

/* An allocation nobody can satisfy then fails instead of ending the test. */
const char *__asan_default_options(void);

COG_EXPORT const char *
__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static struct cog_secret
secret_of(const char *text)
{
    struct cog_secret secret = COG_SECRET_INIT(CAPACITY);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_append_str(&secret, text, &err), 0);
    return secret;
}

static void
appends_up_to_its_capacity(void **state)
{
    struct cog_secret secret = COG_SECRET_INIT(CAPACITY);
    struct cog_err err = COG_ERR_INIT;
    const char *data;

    (void)state;
    assert_string_equal(cog_secret_str(&secret), "");
    assert_int_equal(cog_secret_append(&secret, "0123456", 7, &err), 0);
    data = secret.data;
    assert_int_equal(cog_secret_append_str(&secret, "89abcdef", &err), 0);
    assert_int_equal(cog_secret_append(&secret, "\0", 1, &err), 0);
    assert_int_equal(secret.len, CAPACITY);
    assert_memory_equal(secret.data, "012345689abcdef\0", CAPACITY + 1);
    assert_int_equal(cog_secret_append(&secret, NULL, 0, &err), 0);
    assert_ptr_equal(secret.data, data); /* it never moves */
    cog_secret_clear(&secret);
}

static void
refuses_more(void **state)
{
    static const size_t lengths[] = {CAPACITY - 2, CAPACITY, SIZE_MAX,
                                     SIZE_MAX - 2};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(lengths); i++) {
        struct cog_secret secret = secret_of("abc");
        struct cog_err err = COG_ERR_INIT;

        /* The bytes are not looked at: there are none to look at. */
        assert_int_equal(cog_secret_append(&secret, NULL, lengths[i], &err),
                         -1);
        assert_int_equal(err.code, COG_E_PROTOCOL);
        assert_int_equal(secret.len, 3);
        assert_string_equal(cog_secret_str(&secret), "abc");
        cog_secret_clear(&secret);
    }
}

static void
resizes_within_its_capacity(void **state)
{
    static const char zeros[CAPACITY + 1];
    struct cog_secret secret = COG_SECRET_INIT(CAPACITY);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_secret_resize(&secret, CAPACITY, &err), 0);
    assert_int_equal(secret.len, CAPACITY);
    assert_memory_equal(secret.data, zeros, sizeof(zeros));
    assert_int_equal(cog_secret_resize(&secret, CAPACITY + 1, &err), -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    assert_int_equal(secret.len, CAPACITY);
    cog_secret_clear(&secret);
}

static void
says_when_memory_is_short(void **state)
{
    /* volatile: compilers warn of sizes that cannot be had. */
    volatile size_t too_much = PTRDIFF_MAX / 2;
    struct cog_secret secret = COG_SECRET_INIT(too_much);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_secret_append(&secret, "a", 1, &err), -1);
    assert_int_equal(err.code, COG_E_NOMEM);
    assert_null(secret.data);
    assert_int_equal(secret.len, 0);
    err = (struct cog_err)COG_ERR_INIT;
    assert_int_equal(cog_secret_resize(&secret, 1, &err), -1);
    assert_int_equal(err.code, COG_E_NOMEM);
    assert_int_equal(secret.len, 0);
    cog_secret_clear(&secret);
}

static void
compares_every_byte(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"", "", true},
        {"secret", "secret", true},
        {"secret", "Secret", false},
        {"secret", "secreT", false},
        {"secret", "sec\x72\xe5t", false}, /* differs in one bit only */
        {"secret", "secre", false},
        {"secret", "secret1", false},
        {"", "s", false},
        {"s", "", false},
        {"ab", "ba", false}, /* differences that would cancel out */
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret a = secret_of(cases[i].a);
        struct cog_secret b = secret_of(cases[i].b);

        assert_int_equal(cog_secret_equal(&a, &b), cases[i].equal);
        cog_secret_clear(&a);
        cog_secret_clear(&b);
    }
}

static void
an_unused_one_equals_an_empty_one(void **state)
{
    struct cog_secret unused = COG_SECRET_INIT(1);
    struct cog_secret empty = secret_of("");

    (void)state;
    assert_true(cog_secret_equal(&unused, &empty));
    cog_secret_clear(&empty);
}

static void
clearing_wipes_all_of_it(void **state)
{
    struct cog_secret secret = secret_of("hunter2");
    const char *data = secret.data;

    (void)state;
    wiped = NULL;
    cog_secret_clear(&secret);
    assert_ptr_equal(wiped, data);
    assert_int_equal(wiped_bytes, CAPACITY + 1);
    assert_null(secret.data);
    assert_int_equal(secret.len, 0);
    assert_int_equal(secret.max, CAPACITY);
    wiped = NULL;
    cog_secret_clear(&secret); /* once more does no harm */
    assert_null(wiped);
    assert_string_equal(cog_secret_str(&secret), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_up_to_its_capacity),
        cmocka_unit_test(refuses_more),
        cmocka_unit_test(resizes_within_its_capacity),
        cmocka_unit_test(says_when_memory_is_short),
        cmocka_unit_test(compares_every_byte),
        cmocka_unit_test(an_unused_one_equals_an_empty_one),
        cmocka_unit_test(clearing_wipes_all_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
