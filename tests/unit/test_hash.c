/* SPDX-License-Identifier: MIT */
#include "lib/pool/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/world.h"

static struct cog_hash_part
part(const char *text)
{
    const struct cog_hash_part ret = {text, strlen(text)};

    return ret;
}

static void
sha256_is_the_standards_answer(void **state)
{
    /* FIPS 180-4, the example "abc". */
    static const unsigned char want[COG_HASH_BYTES] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    const struct cog_hash_part abc = part("abc");
    struct cog_secret hash = COG_SECRET_INIT(COG_HASH_BYTES);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_hash_sha256(&abc, 1, &hash, &err), 0);
    assert_int_equal(hash.len, COG_HASH_BYTES);
    assert_memory_equal(hash.data, want, COG_HASH_BYTES);
    cog_secret_clear(&hash);
}

static void
parts_are_hashed_as_one_text(void **state)
{
    const struct cog_hash_part whole = part("abcdef");
    const struct cog_hash_part parts[] = {part("ab"), part(""), part("cdef")};
    struct cog_secret one = COG_SECRET_INIT(COG_HASH_BYTES);
    struct cog_secret many = COG_SECRET_INIT(COG_HASH_BYTES);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_hash_sha256(&whole, 1, &one, &err), 0);
    assert_int_equal(cog_hash_sha256(parts, COG_COUNT(parts), &many, &err), 0);
    assert_true(cog_secret_equal(&one, &many));
    cog_secret_clear(&many);
    cog_secret_clear(&one);
}

static void
hmac_is_the_standards_answer(void **state)
{
    /* RFC 4231 section 4.3. */
    static const unsigned char want[COG_HASH_BYTES] = {
        0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
        0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
        0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    const struct cog_hash_part key = part("Jefe");
    const struct cog_hash_part parts[] = {part("what do ya want "),
                                          part("for nothing?")};
    struct cog_secret mac = COG_SECRET_INIT(COG_HASH_BYTES);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_hash_hmac(&key, parts, COG_COUNT(parts), &mac, &err),
                     0);
    assert_int_equal(mac.len, COG_HASH_BYTES);
    assert_memory_equal(mac.data, want, COG_HASH_BYTES);
    cog_secret_clear(&mac);
}

static void
hmac_needs_a_key(void **state)
{
    const struct cog_hash_part key = part("");
    const struct cog_hash_part text = part("text");
    struct cog_secret mac = COG_SECRET_INIT(COG_HASH_BYTES);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_hash_hmac(&key, &text, 1, &mac, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_int_equal(mac.len, 0);
    cog_secret_clear(&mac);
}

static void
secret_hash_needs_a_secret(void **state)
{
    struct cog_secret none = COG_SECRET_INIT(1);
    struct cog_secret hash = COG_SECRET_INIT(COG_HASH_B64_BYTES);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_hash_secret("alice", "client", &none, &hash, &err),
                     -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    cog_secret_clear(&hash);
}

static void
secret_hash_covers_name_and_client(void **state)
{
    static const char want[] = "+JwsRCkBXgwm+pUyE4WKhs/aWllsX9Xpy5MCbz4vbO0=";
    struct cog_secret secret =
        world_secret("1pubsecret0abcdefghijklmnopqrstuvwxyz0123456789ABCDEF");
    struct cog_secret hash = COG_SECRET_INIT(COG_HASH_B64_BYTES);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_hash_secret("alice", "7pub1example2client3id4xyz",
                                     &secret, &hash, &err),
                     0);
    assert_string_equal(cog_secret_str(&hash), want);
    cog_secret_clear(&hash);
    cog_secret_clear(&secret);
}

static void
basic_joins_id_and_secret(void **state)
{
    static const struct {
        const char *client_id;
        const char *secret;
        const char *want; /* NULL: refused */
    } cases[] = {
        /* RFC 7617 section 2. */
        {"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"Aladdin", "", "Basic QWxhZGRpbjo="},
        {"Ala:ddin", "open sesame", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret secret = world_secret(cases[i].secret);
        struct cog_secret value = COG_SECRET_INIT(COG_HASH_BASIC_MAX);
        struct cog_err err = COG_ERR_INIT;
        int rc = cog_hash_basic(cases[i].client_id, &secret, &value, &err);

        assert_int_equal(rc, cases[i].want == NULL ? -1 : 0);
        assert_int_equal(err.code,
                         cases[i].want == NULL ? COG_E_CONFIG : COG_OK);
        assert_string_equal(cog_secret_str(&value),
                            cases[i].want == NULL ? "" : cases[i].want);
        cog_secret_clear(&value);
        cog_secret_clear(&secret);
    }
}

/* Characters of one kind, `len` of them, with one replaced. */
static struct cog_secret
verifier_of(size_t len, size_t at, char c)
{
    struct cog_secret s = COG_SECRET_INIT(len);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_resize(&s, len, &err), 0);
    memset(s.data, 'a', len);
    s.data[at] = c;
    return s;
}

static void
challenge_wants_a_good_verifier(void **state)
{
    static const struct {
        size_t len;
        size_t at;
        char c;
        int want;
    } cases[] = {
        {42, 0, 'a', -1},   {43, 0, 'a', 0},    {128, 0, 'a', 0},
        {129, 0, 'a', -1},  {43, 42, '~', 0},   {43, 0, '-', 0},
        {43, 1, '.', 0},    {43, 2, '_', 0},    {43, 42, '+', -1},
        {43, 0, '/', -1},   {43, 0, '=', -1},   {43, 20, ' ', -1},
        {43, 42, '\0', -1}, {60, 50, '\0', -1}, {43, 7, '\x80', -1},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret verifier =
            verifier_of(cases[i].len, cases[i].at, cases[i].c);
        struct cog_secret challenge = COG_SECRET_INIT(COG_HASH_B64_BYTES);
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_hash_challenge(&verifier, &challenge, &err),
                         cases[i].want);
        assert_int_equal(err.code, cases[i].want == 0 ? COG_OK : COG_E_SYSTEM);
        assert_int_equal(challenge.len, cases[i].want == 0 ? 43 : 0);
        cog_secret_clear(&challenge);
        cog_secret_clear(&verifier);
    }
}

static void
verifier_and_challenge_are_the_standards_example(void **state)
{
    /* RFC 7636 appendix B. */
    static const unsigned char octets[COG_HASH_BYTES] = {
        116, 24,  223, 180, 151, 153, 224, 37,  79,  250, 96,
        125, 216, 173, 187, 186, 22,  212, 37,  77,  105, 214,
        191, 240, 91,  88,  5,   88,  83,  132, 141, 121};
    struct cog_secret verifier = COG_SECRET_INIT(COG_HASH_VERIFIER_MAX);
    struct cog_secret challenge = COG_SECRET_INIT(COG_HASH_B64_BYTES);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_hash_verifier(octets, &verifier, &err), 0);
    assert_string_equal(cog_secret_str(&verifier),
                        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_int_equal(cog_hash_challenge(&verifier, &challenge, &err), 0);
    assert_string_equal(cog_secret_str(&challenge),
                        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    cog_secret_clear(&challenge);
    cog_secret_clear(&verifier);
}

static void
a_full_result_is_refused(void **state)
{
    const struct cog_hash_part text = part("text");
    struct cog_secret small = COG_SECRET_INIT(COG_HASH_BYTES - 1);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_hash_sha256(&text, 1, &small, &err), -1);
    assert_int_equal(small.len, 0);
    memset(&err, 0, sizeof(err));
    assert_int_equal(cog_hash_hmac(&text, &text, 1, &small, &err), -1);
    assert_int_equal(small.len, 0);
    cog_secret_clear(&small);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_the_standards_answer),
        cmocka_unit_test(parts_are_hashed_as_one_text),
        cmocka_unit_test(hmac_is_the_standards_answer),
        cmocka_unit_test(hmac_needs_a_key),
        cmocka_unit_test(secret_hash_needs_a_secret),
        cmocka_unit_test(secret_hash_covers_name_and_client),
        cmocka_unit_test(basic_joins_id_and_secret),
        cmocka_unit_test(challenge_wants_a_good_verifier),
        cmocka_unit_test(verifier_and_challenge_are_the_standards_example),
        cmocka_unit_test(a_full_result_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
