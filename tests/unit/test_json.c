/* SPDX-License-Identifier: MIT */
/* This file defines a function that fortified headers define inline. */
#undef _FORTIFY_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/json.h"

static json_t *
parse(const char *text)
{
    struct cog_err err = COG_ERR_INIT;
    json_t *json = NULL;

    assert_int_equal(cog_json_parse(text, strlen(text), &json, &err), 0);
    return json;
}

static const struct {
    const char *text;
    enum cog_errc want;
} texts[] = {
    {"{}", COG_OK},
    {" {\"a\": [1, 2, {\"b\": null}]}\n", COG_OK},
    {"{\"a\":\"]]]]]]]]]]]]]]]]]]]\"}", COG_OK}, /* brackets in a string */
    {"{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[\"}", COG_OK}, /* after an escape */
    {"{\"a\":\"\\\\\"}", COG_OK},
    {"{\"a\":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]}", COG_OK},
    {"{\"a\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}", COG_OK},
    {"", COG_E_PROTOCOL},
    {"not json", COG_E_PROTOCOL},
    {"[1,2]", COG_E_PROTOCOL},
    {"\"text\"", COG_E_PROTOCOL},
    {"null", COG_E_PROTOCOL},
    {"{} {}", COG_E_PROTOCOL},
    {"{}x", COG_E_PROTOCOL},
    {"{\"a\":1,\"a\":1}", COG_E_PROTOCOL},
    {"{\"a\":1,\"\\u0061\":1}", COG_E_PROTOCOL}, /* the same, escaped */
    {"{\"a\":\"x\\u0000y\"}", COG_E_PROTOCOL},
    {"{\"a\\u0000\":1}", COG_E_PROTOCOL},
    {"{\"a\":\"\xff\"}", COG_E_PROTOCOL},             /* not UTF-8 */
    {"{\"a\":\"\xc0\xaf\"}", COG_E_PROTOCOL},         /* overlong */
    {"{\"a\":99999999999999999999}", COG_E_PROTOCOL}, /* over int64_t */
    {"{\"a\":'x'}", COG_E_PROTOCOL},
    {"{\"a\":1,}", COG_E_PROTOCOL},
    {"]]]]{}", COG_E_PROTOCOL},
};

static void
only_strict_objects_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(texts); i++) {
        struct cog_err err = COG_ERR_INIT;
        json_t *json = NULL;
        int rc =
            cog_json_parse(texts[i].text, strlen(texts[i].text), &json, &err);

        if (err.code != texts[i].want)
            fail_msg("'%s': %d", texts[i].text, (int)err.code);
        assert_int_equal(rc, texts[i].want == COG_OK ? 0 : -1);
        json_decref(json);
    }
}

static void
length_counts_not_nul(void **state)
{
    struct cog_err err = COG_ERR_INIT;
    json_t *json = NULL;

    (void)state;
    assert_int_equal(cog_json_parse("{}\0", 3, &json, &err), -1);
}

static void
message_quotes_nothing(void **state)
{
    static const char text[] = "{\"PASSWORD\":\"hunter2\",hunter2}";
    struct cog_err err = COG_ERR_INIT;
    json_t *json = NULL;

    (void)state;
    assert_int_equal(cog_json_parse(text, strlen(text), &json, &err), -1);
    assert_non_null(strstr(err.msg, "malformed at byte"));
    assert_null(strstr(err.msg, "hunter2"));
}

/* {"a": `count` times `item` between commas}, wrapped in `depth` objects. */
static int
parse_generated(size_t depth, size_t count, struct cog_err *err)
{
    struct cog_secret text = COG_SECRET_INIT(8 * (depth + count) + 64);
    struct cog_err none = COG_ERR_INIT;
    json_t *json = NULL;
    int rc = 0;

    for (size_t i = 0; i < depth; i++)
        rc |= cog_secret_append_str(&text, "{\"a\":", &none);
    rc |= cog_secret_append_str(&text, "[0", &none);
    for (size_t i = 1; i < count; i++)
        rc |= cog_secret_append_str(&text, ",0", &none);
    rc |= cog_secret_append_str(&text, "]", &none);
    for (size_t i = 0; i < depth; i++)
        rc |= cog_secret_append_str(&text, "}", &none);
    assert_int_equal(rc, 0);
    rc = cog_json_parse(text.data, text.len, &json, err);
    json_decref(json);
    cog_secret_clear(&text);
    return rc;
}

static void
limits_hold(void **state)
{
    /* containers in all: depth objects and one array */
    static const struct {
        size_t depth;
        size_t count;
        const char *want; /* NULL: parses */
    } cases[] = {
        {COG_JSON_DEPTH_MAX - 1, 1, NULL},
        {COG_JSON_DEPTH_MAX, 1, "JSON: nested too deeply"},
        {3000, 1, "JSON: nested too deeply"},
        {1, COG_JSON_ITEMS_MAX - 1, NULL},
        {1, COG_JSON_ITEMS_MAX, "JSON: too many elements"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_err err = COG_ERR_INIT;
        int rc = parse_generated(cases[i].depth, cases[i].count, &err);

        assert_int_equal(rc, cases[i].want == NULL ? 0 : -1);
        assert_string_equal(err.msg,
                            cases[i].want == NULL ? "" : cases[i].want);
    }
}

/* Every getter on every type of member. */
static const struct {
    const char *name;
    bool string;
    bool integer;
    bool boolean;
    bool object;
    bool array;
} members[] = {
    {"s", true, false, false, false, false},
    {"i", false, true, false, false, false},
    {"r", false, false, false, false, false},
    {"t", false, false, true, false, false},
    {"f", false, false, true, false, false},
    {"n", false, false, false, false, false},
    {"o", false, false, false, true, false},
    {"l", false, false, false, false, true},
    {"none", false, false, false, false, false},
};
static const char all_types[] = "{\"s\":\"x\",\"i\":7,\"r\":7.0,\"t\":true,"
                                "\"f\":false,\"n\":null,\"o\":{},\"l\":[]}";

static void
getters_know_types(void **state)
{
    json_t *json = parse(all_types);

    (void)state;
    for (size_t i = 0; i < COG_COUNT(members); i++) {
        const char *name = members[i].name;
        struct cog_err err = COG_ERR_INIT;
        const char *string;
        int64_t integer;
        bool boolean;
        const json_t *child;

        assert_int_equal(cog_json_get_string(json, name, &string, &err),
                         members[i].string ? 0 : -1);
        assert_int_equal(cog_json_get_integer(json, name, &integer, &err),
                         members[i].integer ? 0 : -1);
        assert_int_equal(cog_json_get_boolean(json, name, &boolean, &err),
                         members[i].boolean ? 0 : -1);
        assert_int_equal(cog_json_get_object(json, name, &child, &err),
                         members[i].object ? 0 : -1);
        assert_int_equal(cog_json_get_array(json, name, &child, &err),
                         members[i].array ? 0 : -1);
        assert_int_equal(err.code, COG_E_PROTOCOL);
        assert_int_equal(cog_json_has(json, name), strlen(name) == 1);
    }
    json_decref(json);
}

static void
getters_give_values(void **state)
{
    json_t *json = parse("{\"s\":\"x\",\"i\":-9223372036854775808,\"t\":true,"
                         "\"f\":false,\"o\":{\"k\":1},\"l\":[1,2]}");
    struct cog_err err = COG_ERR_INIT;
    const char *string = NULL;
    int64_t integer = 0;
    bool boolean = false;
    const json_t *child = NULL;

    (void)state;
    assert_int_equal(cog_json_get_string(json, "s", &string, &err), 0);
    assert_string_equal(string, "x");
    assert_int_equal(cog_json_get_integer(json, "i", &integer, &err), 0);
    assert_true(integer == INT64_MIN);
    assert_int_equal(cog_json_get_boolean(json, "t", &boolean, &err), 0);
    assert_true(boolean);
    assert_int_equal(cog_json_get_boolean(json, "f", &boolean, &err), 0);
    assert_false(boolean);
    assert_int_equal(cog_json_get_object(json, "o", &child, &err), 0);
    assert_true(cog_json_has(child, "k"));
    assert_int_equal(cog_json_get_array(json, "l", &child, &err), 0);
    assert_int_equal(json_array_size(child), 2);
    json_decref(json);
}

static void
optional_members_may_be_absent(void **state)
{
    json_t *json = parse(all_types);
    struct cog_err err = COG_ERR_INIT;
    const char *string = "untouched";
    const json_t *object = json;

    (void)state;
    assert_int_equal(cog_json_find_string(json, "none", &string, &err), 0);
    assert_null(string);
    string = "untouched";
    assert_int_equal(cog_json_find_string(json, "n", &string, &err), 0);
    assert_null(string);
    assert_int_equal(cog_json_find_string(json, "s", &string, &err), 0);
    assert_string_equal(string, "x");
    assert_int_equal(cog_json_find_object(json, "none", &object, &err), 0);
    assert_null(object);
    assert_int_equal(cog_json_find_object(json, "o", &object, &err), 0);
    assert_non_null(object);
    assert_int_equal(err.code, COG_OK);
    assert_int_equal(cog_json_find_string(json, "i", &string, &err), -1);
    assert_int_equal(cog_json_find_object(json, "s", &object, &err), -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    json_decref(json);
}

static void
encodes_or_says_why(void **state)
{
    json_t *json = parse("{ \"a\" : [ 1, \"\xc3\xbc\" ] }");
    struct cog_secret text = COG_SECRET_INIT(64);
    struct cog_secret small = COG_SECRET_INIT(4);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_json_encode(json, &text, &err), 0);
    assert_string_equal(text.data, "{\"a\":[1,\"\xc3\xbc\"]}");
    assert_int_equal(cog_json_encode(json, &small, &err), -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    err = (struct cog_err)COG_ERR_INIT;
    assert_int_equal(cog_json_encode(NULL, &text, &err), -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    cog_secret_clear(&text);
    cog_secret_clear(&small);
    json_decref(json);
}

/* The library's wiping, watched: these definitions come before libc's, the
 * second for builds with _FORTIFY_SOURCE. */
static size_t wiped_bytes;

void
explicit_bzero(void *s, size_t n)
{
    memset(s, 0, n);
    wiped_bytes += n;
}

void __explicit_bzero_chk(void *memory, size_t len, size_t size);

void
__explicit_bzero_chk(void *memory, size_t len, size_t size)
{
    assert_true(len <= size);
    explicit_bzero(memory, len);
}

static void
freed_memory_is_wiped(void **state)
{
    static const char text[] =
        "{\"PASSWORD\":\"a password of some length, to be found again\"}";
    json_t *json = parse(text);

    (void)state;
    wiped_bytes = 0;
    json_decref(json);
    assert_true(wiped_bytes >= strlen(text));
}

/* jansson's n-th allocation fails: the one asked for is too large to get, so
 * that the library's own allocator sees it fail. */
static json_malloc_t allocate;
static unsigned long allocations;
static unsigned long fail_at;

const char *__asan_default_options(void);

/* AddressSanitizer ends the program on such a request unless told not to. */
COG_EXPORT const char *
__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void *
failing_malloc(size_t size)
{
    return allocate(++allocations == fail_at ? PTRDIFF_MAX : size);
}

/* Parse with the n-th allocation failing, for every n until none does. */
static void
sweep(const char *text)
{
    int rc = -1;

    for (fail_at = 1; rc < 0 && fail_at < 200; fail_at++) {
        struct cog_err err = COG_ERR_INIT;
        json_t *json = NULL;

        allocations = 0;
        rc = cog_json_parse(text, strlen(text), &json, &err);
        assert_int_equal(err.code,
                         allocations < fail_at ? COG_OK : COG_E_NOMEM);
        assert_int_equal(json != NULL, rc == 0);
        json_decref(json);
    }
    assert_int_equal(rc, 0);
}

static void
every_allocation_may_fail(void **state)
{
    json_free_t release;

    (void)state;
    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(failing_malloc, release);
    sweep(all_types);
    /* The buffer grows in the middle of this string. */
    sweep("{\"k\":\"0123456789abcdef0123456789abcdef0123456789abcdef\"}");
    json_set_alloc_funcs(allocate, release);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_strict_objects_parse),
        cmocka_unit_test(length_counts_not_nul),
        cmocka_unit_test(message_quotes_nothing),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(getters_know_types),
        cmocka_unit_test(getters_give_values),
        cmocka_unit_test(optional_members_may_be_absent),
        cmocka_unit_test(encodes_or_says_why),
        cmocka_unit_test(freed_memory_is_wiped),
        cmocka_unit_test(every_allocation_may_fail),
    };

    cog_json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
