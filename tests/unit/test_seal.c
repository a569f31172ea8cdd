/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/rand.h>
#include <sys/random.h>

#include "lib/store/seal.h"

#define ROOM ((size_t)256)

/* These come before OpenSSL's. */
static bool no_random_bytes;

int
RAND_bytes(unsigned char *buf, int num)
{
    return !no_random_bytes && getrandom(buf, (size_t)num, 0) == num;
}

int
RAND_priv_bytes(unsigned char *buf, int num)
{
    return RAND_bytes(buf, num);
}

static struct cog_secret
secret(const char *text)
{
    struct cog_secret s = COG_SECRET_INIT(ROOM);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_append_str(&s, text, &err), 0);
    return s;
}

static struct cog_secret
unhex(const char *hex)
{
    struct cog_secret s = COG_SECRET_INIT(ROOM);
    struct cog_err err = COG_ERR_INIT;

    for (; *hex != '\0'; hex += 2) {
        const char digits[] = {hex[0], hex[1], '\0'};
        const char byte = (char)strtol(digits, NULL, 16);

        assert_int_equal(cog_secret_append(&s, &byte, 1, &err), 0);
    }
    return s;
}

/* Calculated with Python's hmac: HKDF-SHA256 of bytes 0 to 31, no salt. */
static void
derived_keys(void **state)
{
    static const struct {
        const char *purpose;
        const char *want;
    } cases[] = {
        {"pam_cognito record",
         "b80b427ba30b298a9f965710ad23877209c79c3ce1fcd5ef"
         "dc9682f3cc920f94"},
        {"", "37ad29109f43265287804b674e2653d0a513718907f97fca"
             "97c95bded8104bbf"},
    };
    struct cog_secret host = unhex("000102030405060708090a0b0c0d0e0f"
                                   "101112131415161718191a1b1c1d1e1f");
    struct cog_err err = COG_ERR_INIT;
    char longest[65];

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret want = unhex(cases[i].want);
        struct cog_secret got = COG_SECRET_INIT(COG_SEAL_KEY_BYTES);

        assert_int_equal(cog_seal_derive(&host, cases[i].purpose, &got, &err),
                         0);
        assert_true(cog_secret_equal(&got, &want));
        cog_secret_clear(&got);
        cog_secret_clear(&want);
    }
    memset(longest, 'x', sizeof(longest));
    longest[64] = '\0';
    {
        struct cog_secret got = COG_SECRET_INIT(COG_SEAL_KEY_BYTES);

        assert_int_equal(cog_seal_derive(&host, longest, &got, &err), -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
        assert_int_equal(got.len, 0);
    }
    cog_secret_clear(&host);
}

/* Sealed elsewhere (Python's cryptography), opened here. */
static void
known_seal(void **state)
{
    struct cog_secret key = unhex("000102030405060708090a0b0c0d0e0f"
                                  "101112131415161718191a1b1c1d1e1f");
    struct cog_secret about = secret("about whom");
    struct cog_secret sealed =
        unhex("000102030405060708090a0be787e1f4ab965f90a2c92fc3"
              "4600dff02622a47ea397a768e561e3e4da8c16");
    struct cog_secret plain = COG_SECRET_INIT(ROOM);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(
        cog_seal_open(&key, &about, sealed.data, sealed.len, &plain, &err), 0);
    assert_string_equal(cog_secret_str(&plain), "a refresh token");
    cog_secret_clear(&plain);
    cog_secret_clear(&sealed);
    cog_secret_clear(&about);
    cog_secret_clear(&key);
}

struct sealed {
    struct cog_secret key;
    struct cog_secret about;
    struct cog_secret bytes;
};

static struct sealed
seal(const char *text)
{
    struct sealed s = {
        .key = COG_SECRET_INIT(COG_SEAL_KEY_BYTES),
        .about = secret("about whom"),
        .bytes = COG_SECRET_INIT(ROOM),
    };
    struct cog_secret plain = secret(text);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_seal_random_key(&s.key, &err), 0);
    assert_int_equal(cog_seal_close(&s.key, &s.about, &plain, &s.bytes, &err),
                     0);
    assert_int_equal(s.bytes.len, strlen(text) + COG_SEAL_MORE_BYTES);
    cog_secret_clear(&plain);
    return s;
}

static void
clear(struct sealed *s)
{
    cog_secret_clear(&s->key);
    cog_secret_clear(&s->about);
    cog_secret_clear(&s->bytes);
}

static enum cog_errc
open_len(const struct sealed *s, size_t len)
{
    struct cog_secret plain = COG_SECRET_INIT(ROOM);
    struct cog_err err = COG_ERR_INIT;

    if (cog_seal_open(&s->key, &s->about, s->bytes.data, len, &plain, &err) < 0)
        assert_int_equal(plain.len, 0);
    cog_secret_clear(&plain);
    return err.code;
}

static void
flip(struct cog_secret *s, size_t bit)
{
    s->data[bit / 8] = (char)(s->data[bit / 8] ^ (1 << bit % 8));
}

static void
every_bit_counts(void **state)
{
    static const char *const texts[] = {"", "x", "a refresh token"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(texts); i++) {
        struct sealed s = seal(texts[i]);
        struct cog_secret *const parts[] = {&s.key, &s.about, &s.bytes};

        assert_int_equal(open_len(&s, s.bytes.len), COG_OK);
        for (size_t part = 0; part < COG_COUNT(parts); part++) {
            for (size_t bit = 0; bit < 8 * parts[part]->len; bit++) {
                flip(parts[part], bit);
                assert_int_equal(open_len(&s, s.bytes.len), COG_E_IDENTITY);
                flip(parts[part], bit);
            }
        }
        for (size_t len = 0; len < s.bytes.len; len++)
            assert_int_equal(open_len(&s, len), COG_E_IDENTITY);
        clear(&s);
    }
}

static void
bad_calls(void **state)
{
    struct sealed s = seal("text");
    struct cog_secret little = COG_SECRET_INIT(COG_SEAL_MORE_BYTES + 3);
    struct cog_secret plain = secret("text");
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_seal_close(&s.key, &s.about, &plain, &little, &err),
                     -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    err.code = COG_OK;
    cog_secret_clear(&little);
    no_random_bytes = true;
    assert_int_equal(cog_seal_random_key(&little, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    err.code = COG_OK;
    little.max = ROOM;
    assert_int_equal(cog_seal_close(&s.key, &s.about, &plain, &little, &err),
                     -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_int_equal(little.len, 0);
    no_random_bytes = false;

    s.key.len--;
    assert_int_equal(open_len(&s, s.bytes.len), COG_E_SYSTEM);
    err.code = COG_OK;
    cog_secret_clear(&s.bytes);
    assert_int_equal(cog_seal_close(&s.key, &s.about, &plain, &s.bytes, &err),
                     -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_int_equal(s.bytes.len, 0);
    s.key.len++;
    cog_secret_clear(&little);
    cog_secret_clear(&plain);
    clear(&s);
}

/* FIPS 180-4's own examples. */
static void
hexadecimal(void **state)
{
    char hex[COG_SEAL_HEX_BYTES];
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_seal_hex("abc", 3, hex, &err), 0);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(cog_seal_hex("", 0, hex, &err), 0);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb924"
                             "27ae41e4649b934ca495991b7852b855");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derived_keys),     cmocka_unit_test(known_seal),
        cmocka_unit_test(every_bit_counts), cmocka_unit_test(bad_calls),
        cmocka_unit_test(hexadecimal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
