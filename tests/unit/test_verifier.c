/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <crypt.h>
#include <errno.h>

#include "lib/store/record.h"
#include "lib/store/verifier.h"

static bool no_random_bytes;
static bool no_memory;

/* These come before libcrypt's. */
char *
crypt_gensalt_ra(const char *prefix, unsigned long count, const char *bytes,
                 int len)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    errno = EIO;
    if (no_random_bytes || crypt_gensalt_rn(prefix, count, bytes, len, setting,
                                            sizeof(setting)) == NULL)
        return NULL;
    return strdup(setting);
}

char *
crypt_ra(const char *phrase, const char *setting, void **data, int *size)
{
    errno = ENOMEM;
    if (no_memory)
        return NULL;
    assert_null(*data);
    *size = sizeof(struct crypt_data);
    *data = calloc(1, (size_t)*size);
    return crypt_rn(phrase, setting, *data, *size);
}

static struct cog_secret
secret(const void *bytes, size_t len)
{
    struct cog_secret s = COG_SECRET_INIT(1024);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_append(&s, bytes, len, &err), 0);
    return s;
}

static struct cog_secret
make(const struct cog_secret *password)
{
    struct cog_secret verifier = COG_SECRET_INIT(COG_RECORD_VERIFIER_MAX);
    struct cog_err err = COG_ERR_INIT;

    if (cog_verifier_make(password, &verifier, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(strncmp(verifier.data, "$y$", 3), 0);
    return verifier;
}

static void
fits_one(void **state)
{
    struct cog_secret password = secret("Passw0rd!", 9);
    struct cog_secret first = make(&password);
    struct cog_secret second = make(&password);
    static const char *const others[] = {
        "Passw0rd", "Passw0rd!!", "passw0rd!", "x", "",
    };

    (void)state;
    assert_false(cog_secret_equal(&first, &second)); /* salted */
    assert_true(cog_verifier_fits(&first, &password));
    assert_true(cog_verifier_fits(&second, &password));
    for (size_t i = 0; i < COG_COUNT(others); i++) {
        struct cog_secret other = secret(others[i], strlen(others[i]));

        assert_false(cog_verifier_fits(&first, &other));
        cog_secret_clear(&other);
    }
    cog_secret_clear(&password);
    cog_secret_clear(&first);
    cog_secret_clear(&second);
}

/* Verifiers that are none: a shorter one is a setting, not a hash. */
static void
damaged(void **state)
{
    struct cog_secret password = secret("Passw0rd!", 9);
    struct cog_secret verifier = make(&password);
    const size_t len = verifier.len;
    static const char *const others[] = {
        "",
        "*0",
        "*1",
        "x",
        "$y$",
        "$y$j9T$",
        "$6$salt$",
        "$1$salt$",
        /* DES of that password, whose own prefix it is not. */
        "ab",
    };

    (void)state;
    for (size_t cut = 1; cut < len; cut += 7) {
        verifier.len = len - cut;
        verifier.data[verifier.len] = '\0';
        assert_false(cog_verifier_fits(&verifier, &password));
    }
    for (size_t i = 0; i < COG_COUNT(others); i++) {
        struct cog_secret other = secret(others[i], strlen(others[i]));

        assert_false(cog_verifier_fits(&other, &password));
        cog_secret_clear(&other);
    }
    {
        struct cog_secret none = COG_SECRET_INIT(16);

        assert_false(cog_verifier_fits(&none, &password));
    }
    cog_secret_clear(&password);
    cog_secret_clear(&verifier);
}

/* Another algorithm's hash of the right password. */
static void
only_yescrypt(void **state)
{
    struct crypt_data data = {0};
    const char *hash =
        crypt_rn("Passw0rd!", "$6$saltsalt$", &data, sizeof(data));
    struct cog_secret password = secret("Passw0rd!", 9);
    struct cog_secret verifier;

    (void)state;
    assert_non_null(hash);
    verifier = secret(hash, strlen(hash));
    assert_false(cog_verifier_fits(&verifier, &password));
    cog_secret_clear(&password);
    cog_secret_clear(&verifier);
}

static void
no_passwords(void **state)
{
    static char longest[512];
    static const struct {
        const char *bytes;
        size_t len;
        bool fine;
    } cases[] = {
        {"", 0, false},        {"\0", 1, false},
        {"a\0b", 3, false},    {"Passw0rd!\0", 10, false},
        {longest, 512, false}, {longest, 511, true},
    };
    struct cog_secret verifier;
    struct cog_secret short_one = secret("a", 1);

    (void)state;
    memset(longest, 'x', sizeof(longest));
    verifier = make(&short_one);
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret password = secret(cases[i].bytes, cases[i].len);
        struct cog_secret got = COG_SECRET_INIT(COG_RECORD_VERIFIER_MAX);
        struct cog_err err = COG_ERR_INIT;
        int rc = cog_verifier_make(&password, &got, &err);

        assert_int_equal(rc, cases[i].fine ? 0 : -1);
        assert_int_equal(err.code, cases[i].fine ? COG_OK : COG_E_DENIED);
        assert_int_equal(got.len > 0, cases[i].fine);
        assert_int_equal(cog_verifier_fits(&got, &password), cases[i].fine);
        assert_false(cog_verifier_fits(&verifier, &password));
        cog_secret_clear(&password);
        cog_secret_clear(&got);
    }
    cog_secret_clear(&verifier);
    cog_secret_clear(&short_one);
}

static void
cannot(void **state)
{
    struct cog_secret password = secret("Passw0rd!", 9);
    struct cog_secret verifier = make(&password);
    struct cog_secret got = COG_SECRET_INIT(COG_RECORD_VERIFIER_MAX);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    no_random_bytes = true;
    assert_int_equal(cog_verifier_make(&password, &got, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    no_random_bytes = false;
    no_memory = true;
    err.code = COG_OK;
    assert_int_equal(cog_verifier_make(&password, &got, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_false(cog_verifier_fits(&verifier, &password));
    no_memory = false;
    assert_int_equal(got.len, 0);
    assert_true(cog_verifier_fits(&verifier, &password));
    cog_secret_clear(&password);
    cog_secret_clear(&verifier);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_one),      cmocka_unit_test(damaged),
        cmocka_unit_test(only_yescrypt), cmocka_unit_test(no_passwords),
        cmocka_unit_test(cannot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
