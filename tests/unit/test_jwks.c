/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "lib/core/b64.h"
#include "lib/token/jwks.h"

/* Room for a thousand keys and one of 64 kbit. */
#define DOCUMENT_MAX ((size_t)512 * 1024)

static void
add(struct cog_secret *text, const char *piece)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_append_str(text, piece, &err), 0);
}

/*
 * Append the base64url text of a number of `bits` bits, after `zeros` zero
 * octets. It is no product of primes, which nothing here depends on.
 */
static void
add_number(struct cog_secret *text, size_t bits, size_t zeros, bool odd)
{
    static unsigned char bytes[65536 / 8 + 8];
    size_t len = zeros + (bits + 7) / 8;
    struct cog_err err = COG_ERR_INIT;

    memset(bytes, 0xff, sizeof(bytes));
    memset(bytes, 0, zeros);
    if (bits % 8 != 0)
        bytes[zeros] = (unsigned char)((1U << bits % 8) - 1);
    if (!odd)
        bytes[len - 1] = 0xfe;
    assert_int_equal(cog_b64_encode(bytes, len, COG_B64_URL, text, &err), 0);
}

/* One key; everything left out is as in a key Cognito would send. */
struct key {
    const char *name;  /* what the case shows */
    const char *kty;   /* NULL: "RSA" */
    const char *kid;   /* JSON text; NULL: "k1" in quotes */
    const char *e;     /* JSON text; NULL: "AQAB" in quotes */
    const char *n;     /* JSON text instead of a number */
    const char *extra; /* members before the others */
    size_t bits;       /* 0: 2048 */
    size_t zeros;      /* octets before the modulus */
    bool even;
    bool usable;
};

static const char *
or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

static void
add_key(struct cog_secret *text, const struct key *key)
{
    add(text, "{");
    add(text, or_else(key->extra, "\"use\":\"sig\",\"alg\":\"RS256\","));
    add(text, "\"kty\":");
    add(text, or_else(key->kty, "\"RSA\""));
    add(text, ",\"kid\":");
    add(text, or_else(key->kid, "\"k1\""));
    add(text, ",\"e\":");
    add(text, or_else(key->e, "\"AQAB\""));
    add(text, ",\"n\":");
    if (key->n != NULL) {
        add(text, key->n);
    } else {
        add(text, "\"");
        add_number(text, key->bits == 0 ? 2048 : key->bits, key->zeros,
                   !key->even);
        add(text, "\"");
    }
    add(text, "}");
}

static struct cog_jwks *
parse(const struct cog_secret *text, struct cog_err *err)
{
    struct cog_jwks *jwks = NULL;

    assert_int_equal(
        cog_jwks_parse(cog_secret_str(text), text->len, &jwks, err),
        err->code == COG_OK ? 0 : -1);
    return jwks;
}

#define KID_128                                                        \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct key keys[] = {
    {.name = "as Cognito sends it", .usable = true},
    {.name = "no use, no alg", .extra = "", .usable = true},
    {.name = "unknown members", .extra = "\"x5t\":7,", .usable = true},
    {.name = "largest modulus", .bits = 4096, .usable = true},
    {.name = "between", .bits = 3072, .usable = true},
    {.name = "one zero octet first", .zeros = 1, .usable = true},
    {.name = "largest, one zero octet",
     .bits = 4096,
     .zeros = 1,
     .usable = true},
    {.name = "kid of 128", .kid = "\"" KID_128 "\"", .usable = true},
    {.name = "kid in base64", .kid = "\"a/+b=\"", .usable = true},
    {.name = "modulus a bit short", .bits = 2047},
    {.name = "short modulus, zero octets", .bits = 2040, .zeros = 1},
    {.name = "1024 bits", .bits = 1024},
    {.name = "512 bits", .bits = 512},
    {.name = "modulus a bit long", .bits = 4097},
    {.name = "64 kbit", .bits = 65536},
    {.name = "even modulus", .even = true},
    {.name = "modulus not text", .n = "7"},
    {.name = "modulus empty", .n = "\"\""},
    {.name = "modulus not base64url", .n = "\"!!\""},
    {.name = "modulus null", .n = "null"},
    {.name = "exponent 3", .e = "\"Aw\""},
    {.name = "exponent 1", .e = "\"AQ\""},
    {.name = "exponent a number", .e = "65537"},
    {.name = "exponent empty", .e = "\"\""},
    {.name = "EC", .kty = "\"EC\""},
    {.name = "oct", .kty = "\"oct\""},
    {.name = "kty in lower case", .kty = "\"rsa\""},
    {.name = "kty not text", .kty = "1"},
    {.name = "for encryption", .extra = "\"use\":\"enc\","},
    {.name = "use not text", .extra = "\"use\":true,"},
    {.name = "use null", .extra = "\"use\":null,"},
    {.name = "other algorithm", .extra = "\"alg\":\"RS512\","},
    {.name = "algorithm PS256", .extra = "\"alg\":\"PS256\","},
    {.name = "algorithm null", .extra = "\"alg\":null,"},
    {.name = "kid not text", .kid = "1"},
    {.name = "kid empty", .kid = "\"\""},
    {.name = "kid with a blank", .kid = "\"k 1\""},
    {.name = "kid with a newline", .kid = "\"k\\n1\""},
    {.name = "kid with DEL", .kid = "\"k\\u007f1\""},
    {.name = "kid not ASCII", .kid = "\"k\xc3\xbc\""},
    {.name = "kid of 129", .kid = "\"" KID_128 "x\""},
};

/* The kid of a case, without its quotes. */
static const char *
kid_of(const struct key *key, char *buffer, size_t size)
{
    const char *json = or_else(key->kid, "\"k1\"");
    size_t len = strlen(json) - 2;

    assert_true(len < size);
    memcpy(buffer, json + 1, len);
    buffer[len] = '\0';
    return buffer;
}

static void
check_key(const struct key *key)
{
    struct cog_secret text = COG_SECRET_INIT(DOCUMENT_MAX);
    struct cog_err err = COG_ERR_INIT;
    struct cog_jwks *jwks = NULL;
    char kid[256];
    EVP_PKEY *pkey;

    add(&text, "{\"keys\":[");
    add_key(&text, key);
    add(&text, "]}");
    if (cog_jwks_parse(text.data, text.len, &jwks, &err) < 0)
        assert_int_equal(err.code, COG_E_PROTOCOL);
    if ((jwks != NULL) != key->usable)
        fail_msg("%s", key->name);
    if (jwks != NULL) {
        (void)kid_of(key, kid, sizeof(kid));
        assert_true(cog_jwks_has(jwks, kid));
        pkey = cog_jwks_find(jwks, kid);
        assert_non_null(pkey);
        assert_int_equal(EVP_PKEY_get_base_id(pkey), EVP_PKEY_RSA);
        assert_int_equal(EVP_PKEY_get_bits(pkey),
                         key->bits == 0 ? 2048 : (int)key->bits);
        EVP_PKEY_free(pkey);
        assert_false(cog_jwks_has(jwks, "k"));
        assert_null(cog_jwks_find(jwks, "k2"));
    }
    cog_jwks_close(jwks);
    cog_secret_clear(&text);
}

static void
only_good_keys_are_usable(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(keys); i++)
        check_key(&keys[i]);
}

/* A bad key beside a good one does no harm, on either side of it. */
static void
bad_keys_are_ignored(void **state)
{
    static const struct key good = {.kid = "\"good\""};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(keys); i++) {
        struct cog_secret text = COG_SECRET_INIT(DOCUMENT_MAX);
        struct cog_err err = COG_ERR_INIT;
        struct cog_jwks *jwks;

        add(&text, "{\"x\":{},\"keys\":[");
        add_key(&text, &keys[i]);
        add(&text, ",7,null,[],{},");
        add_key(&text, &good);
        add(&text, ",");
        add_key(&text, &keys[i]);
        add(&text, "]}");
        jwks = parse(&text, &err);
        assert_non_null(jwks);
        assert_true(cog_jwks_has(jwks, "good"));
        cog_jwks_close(jwks);
        cog_secret_clear(&text);
    }
}

static void
documents_without_keys_are_refused(void **state)
{
    static const char *const documents[] = {
        "",
        "[]",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":{}}",
        "{\"keys\":null}",
        "{\"keys\":[[]]}",
        "{\"keys\":[],\"keys\":[]}",
        "<html>",
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(documents); i++) {
        struct cog_err err = COG_ERR_INIT;
        struct cog_jwks *jwks = NULL;

        assert_int_equal(
            cog_jwks_parse(documents[i], strlen(documents[i]), &jwks, &err),
            -1);
        assert_int_equal(err.code, COG_E_PROTOCOL);
        assert_null(jwks);
    }
}

static void
one_kid_is_one_key(void **state)
{
    static const struct {
        struct key second;
        struct key third;
        bool has; /* the kid of the first key is usable */
    } cases[] = {
        {{.kid = "\"k2\"", .bits = 3072},
         {.kid = "\"k3\"", .bits = 4096},
         true},
        {{.zeros = 1}, {.kid = "\"k3\""}, true}, /* the same key again */
        {{.bits = 3072}, {.kid = "\"k3\""}, false},
        {{.kid = "\"k3\""}, {.bits = 3072}, false},
        {{.bits = 3072}, {.bits = 2048}, false}, /* first and last agree */
        {{.bits = 3072, .kty = "\"EC\""}, {.kid = "\"k3\""}, true},
    };
    static const struct key first = {.bits = 2048};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret text = COG_SECRET_INIT(DOCUMENT_MAX);
        struct cog_err err = COG_ERR_INIT;
        struct cog_jwks *jwks;
        EVP_PKEY *key;

        add(&text, "{\"keys\":[");
        add_key(&text, &first);
        add(&text, ",");
        add_key(&text, &cases[i].second);
        add(&text, ",");
        add_key(&text, &cases[i].third);
        add(&text, "]}");
        jwks = parse(&text, &err);
        assert_int_equal(cog_jwks_has(jwks, "k1"), cases[i].has);
        key = cog_jwks_find(jwks, "k1");
        assert_int_equal(key != NULL, cases[i].has);
        EVP_PKEY_free(key);
        cog_jwks_close(jwks);
        cog_secret_clear(&text);
    }
}

/* JWT21 of the abuse table: many bad keys, one of them huge, the good one
 * last. */
static void
a_thousand_keys(void **state)
{
    static const struct key bad[] = {
        {.e = "\"Aw\"", .bits = 512},
        {.kty = "\"EC\"", .bits = 512},
        {.bits = 512},
        {.even = true},
        {.kid = "\"good\"", .bits = 512},
    };
    static const struct key huge = {.bits = 65536};
    static const struct key good = {.kid = "\"good\""};
    struct cog_secret text = COG_SECRET_INIT(DOCUMENT_MAX);
    struct cog_err err = COG_ERR_INIT;
    struct cog_jwks *jwks;

    (void)state;
    add(&text, "{\"keys\":[");
    add_key(&text, &huge);
    for (size_t i = 0; i < 998; i++) {
        add(&text, ",");
        add_key(&text, &bad[i % COG_COUNT(bad)]);
    }
    add(&text, ",");
    add_key(&text, &good);
    add(&text, "]}");
    jwks = parse(&text, &err);
    assert_non_null(jwks);
    assert_true(cog_jwks_has(jwks, "good"));
    assert_false(cog_jwks_has(jwks, "k1"));
    cog_jwks_close(jwks);
    cog_secret_clear(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_good_keys_are_usable),
        cmocka_unit_test(bad_keys_are_ignored),
        cmocka_unit_test(documents_without_keys_are_refused),
        cmocka_unit_test(one_kid_is_one_key),
        cmocka_unit_test(a_thousand_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
