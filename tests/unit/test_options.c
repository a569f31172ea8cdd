/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/name.h"
#include "lib/core/options.h"

enum fruit {
    FRUIT_APPLE,
    FRUIT_PEAR,
    FRUIT_PLUM
};

struct sample {
    char *name;
    char *file;
    char *url;
    char *hidden;
    struct cog_list users;
    bool on;
    int64_t age_s;
    int64_t recheck_s;
    uid_t min_uid;
    enum fruit fruit;
};

static const char *const fruits[] = {"apple", "pear", "plum", NULL};

#define FIELD(field) .offset = offsetof(struct sample, field)

static const struct cog_option table[] = {
    {.name = "name",
     .type = COG_OPTION_STRING,
     FIELD(name),
     .check = cog_name_valid,
     .form = "a name"},
    {.name = "file", .type = COG_OPTION_PATH, FIELD(file)},
    {.name = "url", .type = COG_OPTION_URL, FIELD(url)},
    {.name = "hidden",
     .type = COG_OPTION_STRING,
     .flags = COG_OPTION_HIDDEN,
     FIELD(hidden),
     .check = cog_name_valid,
     .form = "a name"},
    {.name = "allow_users",
     .type = COG_OPTION_LIST,
     FIELD(users),
     .check = cog_name_valid,
     .form = "a user"},
    {.name = "on", .type = COG_OPTION_BOOL, FIELD(on)},
    {.name = "age",
     .type = COG_OPTION_SECONDS,
     FIELD(age_s),
     .min = 1,
     .max = 604800},
    {.name = "recheck",
     .type = COG_OPTION_SECONDS,
     .flags = COG_OPTION_MAY_BE_OFF,
     FIELD(recheck_s),
     .min = 0,
     .max = 90},
    {.name = "min_uid",
     .type = COG_OPTION_UID,
     FIELD(min_uid),
     .min = 1000,
     .max = 2147483647},
    {.name = "fruit",
     .type = COG_OPTION_CHOICE,
     FIELD(fruit),
     .choices = fruits},
};

static const struct cog_option *
row(const char *name)
{
    const struct cog_option *option =
        cog_options_find(table, COG_COUNT(table), name);

    assert_non_null(option);
    return option;
}

static void
set_good(struct sample *sample, const char *name, const char *value)
{
    struct cog_err err = COG_ERR_INIT;

    if (cog_options_set(row(name), value, sample, &err) != 0)
        fail_msg("%s = %s: %s", name, value, err.msg);
}

static void
good_values(void **state)
{
    struct sample s = {.on = false};

    (void)state;
    set_good(&s, "name", "alice");
    assert_string_equal(s.name, "alice");
    set_good(&s, "name", "bob"); /* replaces, and frees the other */
    assert_string_equal(s.name, "bob");
    set_good(&s, "file", "/etc/ssl/ca.pem");
    assert_string_equal(s.file, "/etc/ssl/ca.pem");
    set_good(&s, "url", "https://auth.example.com/");
    assert_string_equal(s.url, "https://auth.example.com/");
    set_good(&s, "on", "yes");
    assert_true(s.on);
    set_good(&s, "on", "no");
    assert_false(s.on);
    set_good(&s, "min_uid", "1000");
    assert_int_equal(s.min_uid, 1000);
    set_good(&s, "min_uid", "2147483647");
    assert_int_equal(s.min_uid, 2147483647);
    set_good(&s, "fruit", "plum");
    assert_int_equal(s.fruit, FRUIT_PLUM);
    set_good(&s, "fruit", "apple");
    assert_int_equal(s.fruit, FRUIT_APPLE);
    cog_options_clear(table, COG_COUNT(table), &s);
    assert_null(s.name);
    assert_null(s.url);
}

static void
good_times(void **state)
{
    static const struct {
        const char *value;
        int64_t seconds;
    } cases[] = {
        {"1", 1},       {"90", 90},     {"20s", 20},         {"15m", 900},
        {"24h", 86400}, {"7d", 604800}, {"604800s", 604800},
    };
    struct sample s = {.on = false};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        set_good(&s, "age", cases[i].value);
        assert_int_equal(s.age_s, cases[i].seconds);
    }
    set_good(&s, "recheck", "off");
    assert_int_equal(s.recheck_s, COG_OPTIONS_OFF);
    set_good(&s, "recheck", "0");
    assert_int_equal(s.recheck_s, 0);
}

static void
lists(void **state)
{
    static const struct {
        const char *value;
        size_t count;
        const char *last;
    } cases[] = {
        {"alice", 1, "alice"},
        {"alice bob", 2, "bob"},
        {"alice,bob", 2, "bob"},
        {" ,alice ,\t bob,, carol, ", 3, "carol"},
        {"alice alice", 2, "alice"},
        {"", 0, NULL},
        {",", 0, NULL},
    };
    struct sample s = {.on = false};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        set_good(&s, "allow_users", cases[i].value);
        assert_true(s.users.given);
        assert_int_equal(s.users.count, cases[i].count);
        if (cases[i].last != NULL)
            assert_string_equal(s.users.item[s.users.count - 1], cases[i].last);
    }
    set_good(&s, "allow_users", "alice bob");
    assert_true(cog_list_contains(&s.users, "bob"));
    assert_false(cog_list_contains(&s.users, "bo"));
    assert_false(cog_list_contains(&s.users, "bobby"));
    cog_options_clear(table, COG_COUNT(table), &s);
    assert_false(s.users.given);
    assert_int_equal(s.users.count, 0);
    assert_false(cog_list_contains(&s.users, ""));
}

#define NOT_A_TIME " is not a time (such as 90s, 15m, 24h)"
#define NOT_A_UID  " is not a user id (decimal digits)"
#define NOT_A_URL  " is not an https URL (without user, query and fragment)"

static void
bad_values(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        const char *want;
    } cases[] = {
        {"name", "", "name: the value is missing"},
        {"on", "", "on: the value is missing"},
        {"min_uid", "", "min_uid: the value is missing"},
        {"name", "Alice", "name: 'Alice' is not a name"},
        {"name", "a\"\n", "name: 'a\\\"\\x0a' is not a name"},
        {"hidden", "Secret", "hidden: not a name"},
        {"file", "ca.pem", "file: 'ca.pem' is not an absolute path"},
        {"file", "~/ca.pem", "file: '~/ca.pem' is not an absolute path"},
        {"allow_users", "alice Bob", "allow_users: 'Bob' is not a user"},
        {"allow_users", "alice;bob", "allow_users: 'alice;bob' is not a user"},
        {"on", "true", "on: 'true' is not 'yes' or 'no'"},
        {"on", "Yes", "on: 'Yes' is not 'yes' or 'no'"},
        {"on", "1", "on: '1' is not 'yes' or 'no'"},
        {"fruit", "fig", "fruit: 'fig' is not one of apple, pear, plum"},
        {"fruit", "Plum", "fruit: 'Plum' is not one of apple, pear, plum"},

        {"age", "20 s", "age: '20 s'" NOT_A_TIME},
        {"age", "20S", "age: '20S'" NOT_A_TIME},
        {"age", "20sm", "age: '20sm'" NOT_A_TIME},
        {"age", "s", "age: 's'" NOT_A_TIME},
        {"age", "-1", "age: '-1'" NOT_A_TIME},
        {"age", "+1", "age: '+1'" NOT_A_TIME},
        {"age", "1.5h", "age: '1.5h'" NOT_A_TIME},
        {"age", "0x10", "age: '0x10'" NOT_A_TIME},
        {"age", "010", "age: '010'" NOT_A_TIME},
        {"age", "1e3", "age: '1e3'" NOT_A_TIME},
        {"age", "off", "age: 'off'" NOT_A_TIME},
        {"age", "1h30m", "age: '1h30m'" NOT_A_TIME},
        {"age", "999999999999999", "age: '999999999999999'" NOT_A_TIME},
        {"age", "106751991167300d", "age: must be from 1s to 7d"},
        {"age", "0", "age: must be from 1s to 7d"},
        {"age", "8d", "age: must be from 1s to 7d"},
        {"age", "604801", "age: must be from 1s to 7d"},
        {"recheck", "91", "recheck: must be from 0s to 90s"},
        {"recheck", "Off",
         "recheck: 'Off' is not a time (such as 90s, 15m, 24h) or 'off'"},

        {"min_uid", "-1", "min_uid: '-1'" NOT_A_UID},
        {"min_uid", "0x10", "min_uid: '0x10'" NOT_A_UID},
        {"min_uid", "1e3", "min_uid: '1e3'" NOT_A_UID},
        {"min_uid", "99999999999", "min_uid: '99999999999'" NOT_A_UID},
        {"min_uid", "01000", "min_uid: '01000'" NOT_A_UID},
        {"min_uid", "1 000", "min_uid: '1 000'" NOT_A_UID},
        {"min_uid", "999", "min_uid: must be from 1000 to 2147483647"},
        {"min_uid", "2147483648", "min_uid: must be from 1000 to 2147483647"},

        {"url", "http://example.com", "url: 'http://example.com'" NOT_A_URL},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct sample s = {.on = false};
        struct cog_err err = COG_ERR_INIT;

        if (cog_options_set(row(cases[i].name), cases[i].value, &s, &err) == 0)
            fail_msg("%s = %s was accepted", cases[i].name, cases[i].value);
        assert_int_equal(err.code, COG_E_CONFIG);
        assert_string_equal(err.msg, cases[i].want);
        cog_options_clear(table, COG_COUNT(table), &s);
    }
}

/* A refused value leaves the field as it was. */
static void
refused_value_changes_nothing(void **state)
{
    struct sample s = {.on = false};
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    set_good(&s, "allow_users", "alice");
    assert_int_equal(cog_options_set(row("allow_users"), "bob Eve", &s, &err),
                     -1);
    assert_int_equal(s.users.count, 1);
    assert_string_equal(s.users.item[0], "alice");
    cog_options_clear(table, COG_COUNT(table), &s);
}

static void
urls(void **state)
{
    static const struct {
        const char *url;
        bool valid;
    } cases[] = {
        {"https://example.com", true},
        {"https://example.com/", true},
        {"https://example.com/a/b-c_d~e@f:g", true},
        {"https://a-b.example.com:8443/x", true},
        {"https://127.0.0.1:65535/", true},
        {"https://[::1]:8443/x", true},
        {"https://[fe80::1]", true},
        {"https://localhost", true},
        {"", false},
        {"https://", false},
        {"https:///path", false},
        {"https:example.com", false},
        {"HTTPS://example.com", false},
        {"http://example.com", false},
        {"ftp://example.com", false},
        {"example.com", false},
        {"https://user@example.com/", false},
        {"https://user:pw@example.com/", false},
        {"https://example.com?x=1", false},
        {"https://example.com/?x=1", false},
        {"https://example.com/#top", false},
        {"https://example.com#top", false},
        {"https://exa mple.com/", false},
        {"https://example.com/a b", false},
        {"https://example.com/a\\b", false},
        {"https://example.com\\@evil.example/", false},
        {"https://example.com/\x7f", false},
        {"https://ex\xc3\xa4mple.com/", false},
        {"https://example.com/\xc3\xa4", false},
        {"https://-example.com/", false},
        {"https://example.com./", false},
        {"https://example_com/", false},
        {"https://example.com:", false},
        {"https://example.com:0/", false},
        {"https://example.com:65536/", false},
        {"https://example.com:123456/", false},
        {"https://example.com:8o/", false},
        {"https://example.com:443:1/", false},
        {"https://[::1", false},
        {"https://[]/", false},
        {"https://[::1]x/", false},
        {"https://[example]/", false},
        {"https://"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "a"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "a"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/",
         false},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        if (cog_options_url_valid(cases[i].url, "https") != cases[i].valid)
            fail_msg("%s", cases[i].url);
    }
    assert_true(cog_options_url_valid("http://localhost:8080/cb", "http"));
    assert_false(cog_options_url_valid("https://localhost/", "http"));
}

static void
near_misses(void **state)
{
    static const struct {
        const char *name;
        const char *want;
    } cases[] = {
        {"alow_users", "allow_users"},
        {"allow-users", "allow_users"},
        {"Allow_Users", "allow_users"},
        {"ALLOW_USERS", "allow_users"},
        {"allow_user", "allow_users"},
        {"lalow_users", "allow_users"},
        {"min_uit", "min_uid"},
        {"minuid", "min_uid"},
        {"friut", "fruit"},
        {"ulr", "url"},
        {"x", NULL},
        {"", NULL},
        {"somethingelse", NULL},
        {"allow_users_and_a_very_long_tail_after_it", NULL},
    };

    (void)state;
    assert_null(cog_options_find(table, COG_COUNT(table), "Name"));
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const char *got =
            cog_options_nearest(table, COG_COUNT(table), cases[i].name);

        if (cases[i].want == NULL && got != NULL)
            fail_msg("%s: %s", cases[i].name, got);
        if (cases[i].want != NULL)
            assert_string_equal(got == NULL ? "" : got, cases[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_values),
        cmocka_unit_test(good_times),
        cmocka_unit_test(lists),
        cmocka_unit_test(bad_values),
        cmocka_unit_test(refused_value_changes_nothing),
        cmocka_unit_test(urls),
        cmocka_unit_test(near_misses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
