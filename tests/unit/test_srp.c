/* SPDX-License-Identifier: MIT */
/*
 * The vectors (tests/vectors) prove the arithmetic; here is what must be
 * refused, and what must fail when OpenSSL does. Linked with
 * --wrap=BN_priv_rand and --wrap=cog_hash_sha256.
 */
#include "lib/pool/srp.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/pool/hash.h"
#include "tests/unit/world.h"

#define TIMESTAMP "Sat Nov 1 03:04:05 UTC 2025"

/* OpenSSL's memory: the countdown-th allocation fails; 0: none does. */
static unsigned long countdown;

static void *
allocate(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (countdown > 0 && --countdown == 0)
        return NULL;
    return malloc(size);
}

static void *
reallocate(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (countdown > 0 && --countdown == 0)
        return NULL;
    return realloc(memory, size);
}

static void
release(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static bool random_fails;
static bool hash_is_zero;

int __real_BN_priv_rand(BIGNUM *ret, int bits, int top, int bottom);
int __wrap_BN_priv_rand(BIGNUM *ret, int bits, int top, int bottom);
int __real_cog_hash_sha256(const struct cog_hash_part *parts, size_t count,
                           struct cog_secret *ret, struct cog_err *err);
int __wrap_cog_hash_sha256(const struct cog_hash_part *parts, size_t count,
                           struct cog_secret *ret, struct cog_err *err);

int
__wrap_BN_priv_rand(BIGNUM *ret, int bits, int top, int bottom)
{
    return random_fails ? 0 : __real_BN_priv_rand(ret, bits, top, bottom);
}

/* No input with a zero SHA-256 is known, so u = 0 needs a liar. */
int
__wrap_cog_hash_sha256(const struct cog_hash_part *parts, size_t count,
                       struct cog_secret *ret, struct cog_err *err)
{
    if (hash_is_zero)
        return cog_secret_resize(ret, COG_HASH_BYTES, err);
    return __real_cog_hash_sha256(parts, count, ret, err);
}

/* N of the group, in hex; free with OPENSSL_free(). */
static char *
modulus(BN_ULONG plus)
{
    BIGNUM *n = BN_get_rfc3526_prime_3072(NULL);
    char *hex;

    assert_non_null(n);
    assert_int_equal(BN_add_word(n, plus), 1);
    hex = BN_bn2hex(n);
    assert_non_null(hex);
    BN_free(n);
    return hex;
}

/* A text of `len` times `c`. */
static const char *
repeat(char c, size_t len)
{
    static char text[70000];

    assert_true(len < sizeof(text));
    memset(text, c, len);
    text[len] = '\0';
    return text;
}

static const struct cog_srp_challenge good = {
    .pool_name = "Pool1",
    .user_id = "alice",
    .salt = "5c5d",
    .b = "1234abcd",
    .secret_block = "AAAA",
};

/* Answer a challenge with the pair of a = `a_hex`. */
static int
answer(const char *a_hex, struct cog_srp_challenge challenge,
       struct cog_secret *ret, struct cog_err *err)
{
    struct cog_secret password = world_secret("Passw0rd!");
    struct cog_srp *srp = NULL;
    int rc = -1;

    challenge.password = &password;
    if (cog_srp_start_with(a_hex, &srp, err) == 0)
        rc = cog_srp_sign(srp, &challenge, TIMESTAMP, ret, err);
    cog_srp_close(srp);
    cog_secret_clear(&password);
    return rc;
}

static void
expect_refused(struct cog_srp_challenge challenge, const char *reason)
{
    struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(answer("abcd", challenge, &signature, &err), -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    assert_non_null(strstr(err.msg, reason));
    assert_int_equal(signature.len, 0);
    cog_secret_clear(&signature);
}

static void
a_good_challenge_is_signed(void **state)
{
    struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(answer("abcd", good, &signature, &err), 0);
    assert_int_equal(signature.len, COG_SRP_SIGNATURE_BYTES);
    cog_secret_clear(&signature);
}

static void
bad_b_is_refused(void **state)
{
    static const char *const cases[] = {
        "0", "000000", "xyz", "-1", "+1", "0x1234", "12 34", " 12", "12\n", "g",
    };
    struct cog_srp_challenge challenge = good;

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        challenge.b = cases[i];
        expect_refused(challenge, "SRP_B is not");
    }
    challenge.b = NULL;
    expect_refused(challenge, "SRP_B is missing");
    challenge.b = "";
    expect_refused(challenge, "SRP_B is missing");
    challenge.b = repeat('0', 769);
    expect_refused(challenge, "SRP_B is too long");
}

static void
b_must_be_below_n(void **state)
{
    struct cog_srp_challenge challenge = good;
    char *n = modulus(0);
    char *above = modulus(5);

    (void)state;
    challenge.b = n;
    expect_refused(challenge, "SRP_B is not between");
    challenge.b = above;
    expect_refused(challenge, "SRP_B is not between");
    OPENSSL_free(above);
    OPENSSL_free(n);
}

static void
a_zero_u_is_refused(void **state)
{
    (void)state;
    hash_is_zero = true;
    expect_refused(good, "u is zero");
    hash_is_zero = false;
}

static void
bad_salts_are_refused(void **state)
{
    static const struct {
        const char *salt;
        const char *reason;
    } cases[] = {
        {NULL, "SALT is missing"},     {"", "SALT is missing"},
        {"zz", "SALT is not hexa"},    {"-1", "SALT is not hexa"},
        {"5c 5d", "SALT is not hexa"},
    };
    struct cog_srp_challenge challenge = good;

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        challenge.salt = cases[i].salt;
        expect_refused(challenge, cases[i].reason);
    }
    challenge.salt = repeat('1', 513);
    expect_refused(challenge, "SALT is too long");
}

static void
bad_blocks_are_refused(void **state)
{
    static const struct {
        const char *block;
        const char *reason;
    } cases[] = {
        {NULL, "SECRET_BLOCK is missing"}, {"", "SECRET_BLOCK is missing"},
        {"***", "SECRET_BLOCK: base64"},   {"A", "SECRET_BLOCK: base64"},
        {"AA A", "SECRET_BLOCK: base64"},
    };
    struct cog_srp_challenge challenge = good;

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        challenge.secret_block = cases[i].block;
        expect_refused(challenge, cases[i].reason);
    }
    challenge.secret_block = repeat('A', 65540);
    expect_refused(challenge, "SECRET_BLOCK is too long");
}

static void
bad_names_are_refused(void **state)
{
    struct cog_srp_challenge challenge = good;

    (void)state;
    challenge.user_id = NULL;
    expect_refused(challenge, "USER_ID_FOR_SRP is missing");
    challenge.user_id = "";
    expect_refused(challenge, "USER_ID_FOR_SRP is missing");
    challenge.user_id = repeat('u', 513);
    expect_refused(challenge, "USER_ID_FOR_SRP is too long");
    challenge = good;
    challenge.pool_name = NULL;
    expect_refused(challenge, "pool name is missing");
}

/* The block is decoded leniently: one text, four spellings. */
static void
spellings_of_a_block_agree(void **state)
{
    static const char *const cases[] = {"+/+/AA==", "-_-_AA==", "+/+/AA",
                                        "-_-_AB"};
    struct cog_secret first = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    struct cog_srp_challenge challenge = good;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    challenge.secret_block = cases[0];
    assert_int_equal(answer("abcd", challenge, &first, &err), 0);
    for (size_t i = 1; i < COG_COUNT(cases); i++) {
        struct cog_secret other = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);

        challenge.secret_block = cases[i];
        assert_int_equal(answer("abcd", challenge, &other, &err), 0);
        assert_true(cog_secret_equal(&first, &other));
        cog_secret_clear(&other);
    }
    cog_secret_clear(&first);
}

static void
bad_ephemerals_are_refused(void **state)
{
    static const char *const cases[] = {"", "0", "000", "-5", "xyz", "1 2"};
    struct cog_srp *srp = NULL;

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_srp_start_with(cases[i], &srp, &err), -1);
        assert_int_equal(err.code, COG_E_PROTOCOL);
        assert_null(srp);
    }
}

static void
every_start_draws_anew(void **state)
{
    struct cog_srp *one = NULL;
    struct cog_srp *two = NULL;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_srp_start(&one, &err), 0);
    assert_int_equal(cog_srp_start(&two, &err), 0);
    assert_string_not_equal(cog_srp_public(one), cog_srp_public(two));
    /* 2^a mod N with a of 384 bits is no short number. */
    assert_in_range(strlen(cog_srp_public(one)), 700, 768);
    cog_srp_close(two);
    cog_srp_close(one);
}

static void
no_randomness_means_no_start(void **state)
{
    struct cog_srp *srp = NULL;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    random_fails = true;
    assert_int_equal(cog_srp_start(&srp, &err), -1);
    random_fails = false;
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_null(srp);
}

/* Whether the first challenge was answered or refused. */
static void
a_pair_answers_once(void **state)
{
    static const char *const cases[] = {"1234abcd", "0"};
    struct cog_secret password = world_secret("Passw0rd!");
    struct cog_srp_challenge challenge = good;

    (void)state;
    challenge.password = &password;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret signature = COG_SECRET_INIT(256);
        struct cog_srp *srp = NULL;
        struct cog_err err = COG_ERR_INIT;
        struct cog_err again = COG_ERR_INIT;

        assert_int_equal(cog_srp_start(&srp, &err), 0);
        challenge.b = cases[i];
        assert_int_equal(
            cog_srp_sign(srp, &challenge, TIMESTAMP, &signature, &err),
            i == 0 ? 0 : -1);
        challenge.b = good.b;
        assert_int_equal(
            cog_srp_sign(srp, &challenge, TIMESTAMP, &signature, &again), -1);
        assert_int_equal(again.code, COG_E_SYSTEM);
        cog_srp_close(srp);
        cog_secret_clear(&signature);
    }
    cog_secret_clear(&password);
}

static void
public_values_have_no_leading_zero(void **state)
{
    /* 2^a for small a is written out in hex. */
    static const struct {
        const char *a;
        const char *want;
    } cases[] = {{"1", "2"}, {"7", "80"}, {"9", "200"}, {"0B", "800"}};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_srp *srp = NULL;
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_srp_start_with(cases[i].a, &srp, &err), 0);
        assert_string_equal(cog_srp_public(srp), cases[i].want);
        cog_srp_close(srp);
    }
}

static int
enroll(const char *group_key, const char *key, struct cog_secret *verifier,
       struct cog_err *err)
{
    static const unsigned char salt[COG_SRP_SALT_BYTES] = {1, 2, 3};
    struct cog_secret password = world_secret("random");
    struct cog_secret salt_text = COG_SECRET_INIT(COG_SRP_VERIFIER_MAX);
    const struct cog_srp_device device = {group_key, key, &password};
    int rc = cog_srp_device_register(&device, salt, &salt_text, verifier, err);

    cog_secret_clear(&salt_text);
    cog_secret_clear(&password);
    return rc;
}

static void
devices_need_both_keys(void **state)
{
    static const struct {
        const char *group_key;
        const char *key;
        int want;
    } cases[] = {
        {"-g", "us-east-1_k", 0}, {NULL, "us-east-1_k", -1},
        {"", "us-east-1_k", -1},  {"-g", NULL, -1},
        {"-g", "", -1},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret verifier = COG_SECRET_INIT(COG_SRP_VERIFIER_MAX);
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(
            enroll(cases[i].group_key, cases[i].key, &verifier, &err),
            cases[i].want);
        assert_int_equal(err.code,
                         cases[i].want == 0 ? COG_OK : COG_E_PROTOCOL);
        assert_int_equal(verifier.len > 0, cases[i].want == 0);
        cog_secret_clear(&verifier);
    }
}

/* A whole exchange and an enrolment; `ret` gets the signature. */
static int
everything(struct cog_secret *ret, struct cog_secret *verifier,
           struct cog_err *err)
{
    if (answer("abcd", good, ret, err) < 0)
        return -1;
    return enroll("-g", "us-east-1_k", verifier, err);
}

static void
every_openssl_allocation_may_fail(void **state)
{
    struct cog_secret want = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    struct cog_err fine = COG_ERR_INIT;
    unsigned long n = 0;
    bool fired = true;

    (void)state;
    assert_int_equal(answer("abcd", good, &want, &fine), 0);
    while (fired) {
        struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
        struct cog_secret verifier = COG_SECRET_INIT(COG_SRP_VERIFIER_MAX);
        struct cog_err err = COG_ERR_INIT;
        int rc;

        countdown = ++n;
        rc = everything(&signature, &verifier, &err);
        fired = countdown == 0;
        countdown = 0;
        assert_int_equal(err.code == COG_OK, rc == 0);
        assert_true(signature.len == 0 || cog_secret_equal(&signature, &want));
        cog_secret_clear(&verifier);
        cog_secret_clear(&signature);
    }
    assert_in_range(n, 20, 2000);
    cog_secret_clear(&want);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_challenge_is_signed),
        cmocka_unit_test(bad_b_is_refused),
        cmocka_unit_test(b_must_be_below_n),
        cmocka_unit_test(a_zero_u_is_refused),
        cmocka_unit_test(bad_salts_are_refused),
        cmocka_unit_test(bad_blocks_are_refused),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(spellings_of_a_block_agree),
        cmocka_unit_test(bad_ephemerals_are_refused),
        cmocka_unit_test(every_start_draws_anew),
        cmocka_unit_test(no_randomness_means_no_start),
        cmocka_unit_test(a_pair_answers_once),
        cmocka_unit_test(public_values_have_no_leading_zero),
        cmocka_unit_test(devices_need_both_keys),
        cmocka_unit_test(every_openssl_allocation_may_fail),
    };

    if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
