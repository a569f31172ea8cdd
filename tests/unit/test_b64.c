/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/b64.h"

/* RFC 4648 section 10, and the characters in which the alphabets differ. */
static const struct {
    const char *bytes;
    size_t len;
    const char *std;
    const char *url;
} pairs[] = {
    {"", 0, "", ""},
    {"f", 1, "Zg==", "Zg"},
    {"fo", 2, "Zm8=", "Zm8"},
    {"foo", 3, "Zm9v", "Zm9v"},
    {"foob", 4, "Zm9vYg==", "Zm9vYg"},
    {"fooba", 5, "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", 6, "Zm9vYmFy", "Zm9vYmFy"},
    {"\0\xff\xfe", 3, "AP/+", "AP_-"},
    {"\xfb\xef\xbe\xff\xff\xff", 6, "++++////", "----____"},
};

static void
decodes_to(const char *text, enum cog_b64_kind kind, const char *bytes,
           size_t len)
{
    struct cog_secret out = COG_SECRET_INIT(len);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_b64_decode(text, strlen(text), kind, &out, &err), 0);
    assert_int_equal(err.code, COG_OK);
    assert_int_equal(out.len, len);
    assert_memory_equal(cog_secret_str(&out), bytes, len);
    cog_secret_clear(&out);
}

static void
known_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(pairs); i++) {
        struct cog_secret std = COG_SECRET_INIT(COG_B64_ENCODED(6));
        struct cog_secret url = COG_SECRET_INIT(COG_B64_ENCODED(6));
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_b64_encode(pairs[i].bytes, pairs[i].len,
                                        COG_B64_STD, &std, &err),
                         0);
        assert_int_equal(cog_b64_encode(pairs[i].bytes, pairs[i].len,
                                        COG_B64_URL, &url, &err),
                         0);
        assert_string_equal(cog_secret_str(&std), pairs[i].std);
        assert_string_equal(cog_secret_str(&url), pairs[i].url);
        cog_secret_clear(&std);
        cog_secret_clear(&url);

        decodes_to(pairs[i].url, COG_B64_URL_STRICT, pairs[i].bytes,
                   pairs[i].len);
        decodes_to(pairs[i].std, COG_B64_LENIENT, pairs[i].bytes, pairs[i].len);
        decodes_to(pairs[i].url, COG_B64_LENIENT, pairs[i].bytes, pairs[i].len);
    }
}

static void
every_byte_survives(void **state)
{
    unsigned char bytes[256];
    struct cog_secret text = COG_SECRET_INIT(COG_B64_ENCODED(sizeof(bytes)));
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(
        cog_b64_encode(bytes, sizeof(bytes), COG_B64_URL, &text, &err), 0);
    decodes_to(text.data, COG_B64_URL_STRICT, (const char *)bytes,
               sizeof(bytes));
    cog_secret_clear(&text);
}

static const struct {
    const char *text;
    bool strict; /* accepted as COG_B64_URL_STRICT */
    bool lenient;
} forms[] = {
    {"Zm8", true, true},        {"Zm8=", false, true}, /* padding */
    {"Zm9", false, true},                              /* unused bits set */
    {"Zm9=", false, true},                             /* both */
    {"Zh", false, true},        /* unused bits set, one byte */
    {"-_-_", true, true},       /* url alphabet */
    {"+/+/", false, true},      /* standard alphabet */
    {"-/-/", false, true},      /* mixed */
    {"Z", false, false},        /* six bits are no byte */
    {"Zm9vY", false, false},    /* nor are thirty */
    {"Zg=", false, false},      /* padding incomplete */
    {"Zg===", false, false},    /* too much of it */
    {"Z===", false, false},     /* three are none */
    {"====", false, false},     /* nothing else */
    {"Zg==Zg==", false, false}, /* in the middle */
    {"Zm 9v", false, false},    /* white space */
    {"Zm9v\n", false, false},   /* also at the end */
    {"Zm9*", false, false},     /* foreign characters */
    {"Zm9\x80", false, false},  {"Zm9@", false, false}, /* neighbours of the
                                                           ranges */
    {"Zm9[", false, false},     {"Zm9`", false, false}, {"Zm9{", false, false},
    {"Zm9:", false, false},     {"Zm9.", false, false},
};

static void
check_form(const char *text, enum cog_b64_kind kind, bool want)
{
    struct cog_secret out = COG_SECRET_INIT(16);
    struct cog_err err = COG_ERR_INIT;
    int rc = cog_b64_decode(text, strlen(text), kind, &out, &err);

    if (rc != (want ? 0 : -1))
        fail_msg("'%s' as kind %d: got %d", text, (int)kind, rc);
    assert_int_equal(err.code, want ? COG_OK : COG_E_PROTOCOL);
    assert_true(want || out.len == 0);
    cog_secret_clear(&out);
}

static void
forms_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(forms); i++) {
        check_form(forms[i].text, COG_B64_URL_STRICT, forms[i].strict);
        check_form(forms[i].text, COG_B64_LENIENT, forms[i].lenient);
    }
}

static void
a_nul_is_no_end(void **state)
{
    struct cog_secret out = COG_SECRET_INIT(16);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(
        cog_b64_decode("Zm9v\0Zm9", 8, COG_B64_LENIENT, &out, &err), -1);
}

static void
capacity_is_respected(void **state)
{
    struct cog_secret two = COG_SECRET_INIT(2);
    struct cog_secret three = COG_SECRET_INIT(3);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_b64_decode("Zm9v", 4, COG_B64_URL_STRICT, &two, &err),
                     -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    assert_int_equal(two.len, 0);
    err = (struct cog_err)COG_ERR_INIT;
    assert_int_equal(cog_b64_encode("f", 1, COG_B64_STD, &three, &err), -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    cog_secret_clear(&two);
    cog_secret_clear(&three);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_pairs),
        cmocka_unit_test(every_byte_survives),
        cmocka_unit_test(forms_are_told_apart),
        cmocka_unit_test(a_nul_is_no_end),
        cmocka_unit_test(capacity_is_respected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
