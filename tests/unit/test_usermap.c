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

#include "lib/core/name.h"
#include "lib/core/secret.h"
#include "lib/host/usermap.h"
#include "tests/unit/allocations.h"

static int
read_map(const char *text, struct cog_usermap *map,
         struct cog_config_problems *problems, struct cog_err *err)
{
    const struct cog_config_text source = {"m", text, strlen(text)};

    return cog_usermap_read(&source, map, problems, err);
}

static void
map_of(const char *text, struct cog_usermap *map)
{
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    struct cog_err err = COG_ERR_INIT;

    if (read_map(text, map, &problems, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(problems.errors.count, 0);
}

#define NO_USER " is not a local user name (a-z 0-9 _ . -, at most 32)\n"

static void
refused(void **state)
{
    static const struct {
        const char *text;
        const char *errors;
    } cases[] = {
        {"Alice = alice\n", "m:1: 'Alice'" NO_USER},
        {"alice smith = alice\n", "m:1: 'alice smith'" NO_USER},
        {"a@b = c\n", "m:1: 'a@b'" NO_USER},
        {"alice =\n", "m:1: '' is not a pool user name\n"},
        {"alice = two words\n", "m:1: 'two words' is not a pool user name\n"},
        {"alice = a\xe2\x80\xae"
         "b\n",
         "m:1: 'a\\xe2\\x80\\xaeb' is not a pool user name\n"},
        {"alice\n", "m:1: expected 'key = value'\n"},
        {"= alice\n", "m:1: expected 'key = value'\n"},
        {"alice = a # b\n", "m:1: a comment needs a line of its own\n"},
        {"alice = \"a\"\n", "m:1: values are written without quotes\n"},
        {"alice = \xff\n", "m:1: not valid UTF-8\n"},
        {"[service sshd]\nalice = a\n", "m:1: this file has no sections\n"},
        {"alice = a\r\n",
         "m:1: carriage return: save the file with Unix line ends\n"},
        {"alice = a\nbob = b\nalice = c\n",
         "m:3: 'alice' was already mapped in line 1\n"},
        {"alice = a\nalice = a\n",
         "m:2: 'alice' was already mapped in line 1\n"
         "m:2: pool user 'a' already belongs to 'alice' in line 1\n"},
        {"carol = x\nalice = a\nbob = x\n",
         "m:3: pool user 'x' already belongs to 'carol' in line 1\n"},
        {"a = x\nb = x\nc = x\n",
         "m:2: pool user 'x' already belongs to 'a' in line 1\n"
         "m:3: pool user 'x' already belongs to 'b' in line 2\n"},
        /* All at once. */
        {"A = b\nalice = a\nbob = a\n",
         "m:1: 'A'" NO_USER
         "m:3: pool user 'a' already belongs to 'alice' in line 2\n"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_usermap map = COG_USERMAP_INIT;
        struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
        struct cog_secret got = COG_SECRET_INIT(4096);
        struct cog_err err = COG_ERR_INIT;
        struct cog_err fine = COG_ERR_INIT;

        assert_int_equal(read_map(cases[i].text, &map, &problems, &err), -1);
        assert_int_equal(err.code, COG_E_CONFIG);
        for (size_t j = 0; j < problems.errors.count; j++) {
            assert_int_equal(
                cog_secret_append_str(&got, problems.errors.item[j], &fine), 0);
            assert_int_equal(cog_secret_append_str(&got, "\n", &fine), 0);
        }
        assert_string_equal(cog_secret_str(&got), cases[i].errors);
        assert_int_equal(map.count, 0);
        cog_secret_clear(&got);
        cog_config_problems_clear(&problems);
    }
}

static void
looks_up_both_ways(void **state)
{
    static const struct {
        const char *local;
        const char *pool;
    } lines[] = {
        {"bob", "Robert@Example.com"},
        {"alice", "alice"},
        {"zoe", "a=b"},
        {"carol", "\xc3\x84rztin"},
    };
    struct cog_usermap map = COG_USERMAP_INIT;

    (void)state;
    map_of("# people\n\nbob = Robert@Example.com\nalice=alice\nzoe = a=b\n"
           "carol =\t\xc3\x84rztin",
           &map);
    assert_int_equal(map.count, 4);
    for (size_t i = 0; i < COG_COUNT(lines); i++) {
        assert_string_equal(cog_usermap_lookup(&map, lines[i].local),
                            lines[i].pool);
        assert_string_equal(cog_usermap_reverse(&map, lines[i].pool),
                            lines[i].local);
    }
    assert_null(cog_usermap_lookup(&map, "dave"));
    assert_null(cog_usermap_lookup(&map, "ali"));
    assert_null(cog_usermap_lookup(&map, ""));
    /* Pool names are compared byte for byte, whatever the pool does. */
    assert_null(cog_usermap_reverse(&map, "robert@example.com"));
    cog_usermap_clear(&map);
    assert_null(cog_usermap_lookup(&map, "alice"));
    assert_null(cog_usermap_reverse(&map, "alice"));
}

static void
empty_maps(void **state)
{
    struct cog_usermap map = COG_USERMAP_INIT;

    (void)state;
    map_of("", &map);
    map_of("# nobody yet\n", &map);
    assert_int_equal(map.count, 0);
    assert_null(cog_usermap_lookup(&map, "alice"));
    cog_usermap_clear(&map);
}

/* Enough lines to grow more than once, in no order. */
static void
many_lines(void **state)
{
    struct cog_secret text = COG_SECRET_INIT(64 * 1024);
    struct cog_usermap map = COG_USERMAP_INIT;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char line[64];

        (void)snprintf(line, sizeof(line), "u%u = P%u\n", i * 7919 % 1000, i);
        assert_int_equal(cog_secret_append_str(&text, line, &err), 0);
    }
    map_of(cog_secret_str(&text), &map);
    for (unsigned i = 0; i < 1000; i++) {
        char local[16];
        char pool[16];

        (void)snprintf(local, sizeof(local), "u%u", i * 7919 % 1000);
        (void)snprintf(pool, sizeof(pool), "P%u", i);
        assert_string_equal(cog_usermap_lookup(&map, local), pool);
        assert_string_equal(cog_usermap_reverse(&map, pool), local);
    }
    cog_usermap_clear(&map);
    cog_secret_clear(&text);
}

static void
every_allocation_may_fail(void **state)
{
    bool failed = true;
    unsigned n = 0;

    (void)state;
    while (failed) {
        struct cog_usermap map = COG_USERMAP_INIT;
        struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
        struct cog_err err = COG_ERR_INIT;
        int rc;

        fail_allocation(++n);
        rc = read_map("alice = a\nbob = b\n", &map, &problems, &err);
        failed = allocation_failed();
        assert_int_equal(rc, failed ? -1 : 0);
        assert_int_equal(err.code, failed ? COG_E_NOMEM : COG_OK);
        assert_int_equal(map.count, failed ? 0 : 2);
        cog_usermap_clear(&map);
        cog_config_problems_clear(&problems);
    }
    assert_true(n > 4);
}

#define A120                                                       \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TAKEN                                                             \
    "username_format gives 'alice' the pool user that username_map_file " \
    "gives to 'bob'"

static void
pool_names(void **state)
{
    static const struct {
        const char *format;
        const char *map; /* NULL: no map */
        const char *local;
        const char *want; /* NULL: refused */
        const char *msg;
    } cases[] = {
        {"%u", NULL, "alice", "alice", ""},
        {"%u", "", "alice", "alice", ""},
        {"%u@example.com", NULL, "alice", "alice@example.com", ""},
        {"corp_%u", NULL, "alice", "corp_alice", ""},
        {"%u@example.com", "alice = Al\n", "alice", "Al", ""},
        {"%u@example.com", "alice = Al\n", "bob", "bob@example.com", ""},
        /* Names changed crosswise are unique in both directions. */
        {"%u", "alice = bob\nbob = alice\n", "alice", "bob", ""},
        {"%u", "alice = bob\nbob = alice\n", "bob", "alice", ""},
        /* One pool user must not become two local ones. */
        {"%u", "bob = alice\n", "alice", NULL, TAKEN},
        {"%u@x", "bob = alice@x\n", "alice", NULL, TAKEN},
        {"%u", "bob = alice\n", "bob", "alice", ""},
        {"%u", "bob = Alice\n", "alice", "alice", ""},
        {"%u", NULL, "Alice", NULL, "not a local user name"},
        {"%u", NULL, "", NULL, "not a local user name"},
        {"%u", NULL, "a\n", NULL, "not a local user name"},
        {A120 "%u", NULL, "12345678", NULL, "not a local user name"},
        {A120 "%u", NULL, "a2345678", A120 "a2345678", ""},
        {A120 "%u", NULL, "a23456789", NULL,
         "username_format makes no pool user name of 'a23456789'"},
        {"no mark", NULL, "alice", NULL,
         "username_format makes no pool user name of 'alice'"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char format[160];
        const struct cog_config config = {.username_format = format};
        struct cog_usermap map = COG_USERMAP_INIT;
        struct cog_err err = COG_ERR_INIT;
        char name[COG_NAME_POOL_BYTES] = "untouched";
        int rc;

        (void)snprintf(format, sizeof(format), "%s", cases[i].format);
        if (cases[i].map != NULL)
            map_of(cases[i].map, &map);
        rc = cog_usermap_pool_name(&config, cases[i].map == NULL ? NULL : &map,
                                   cases[i].local, name, sizeof(name), &err);
        assert_int_equal(rc, cases[i].want == NULL ? -1 : 0);
        assert_int_equal(err.code,
                         cases[i].want == NULL ? COG_E_IDENTITY : COG_OK);
        assert_string_equal(err.msg, cases[i].msg);
        assert_string_equal(name, cases[i].want == NULL ? "untouched"
                                                        : cases[i].want);
        cog_usermap_clear(&map);
    }
}

static void
small_buffer(void **state)
{
    char format[] = "%u";
    const struct cog_config config = {.username_format = format};
    struct cog_err err = COG_ERR_INIT;
    char name[6] = "";

    (void)state;
    assert_int_equal(
        cog_usermap_pool_name(&config, NULL, "alice", name, sizeof(name), &err),
        0);
    assert_int_equal(cog_usermap_pool_name(&config, NULL, "alice", name,
                                           sizeof(name) - 1, &err),
                     -1);
    assert_int_equal(err.code, COG_E_IDENTITY);
    assert_string_equal(err.msg, "the pool user name is too long");
}

static void
files(void **state)
{
    char path[] = "/tmp/test_usermap.XXXXXX";
    const struct cog_config_reader reader = {.owner = geteuid()};
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    struct cog_usermap map = COG_USERMAP_INIT;
    struct cog_err err = COG_ERR_INIT;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "alice = Al\n", 11), 11);
    assert_int_equal(fchmod(fd, 0644), 0);
    assert_int_equal(cog_usermap_load(path, &reader, &map, &problems, &err), 0);
    assert_string_equal(cog_usermap_lookup(&map, "alice"), "Al");
    cog_usermap_clear(&map);

    assert_int_equal(fchmod(fd, 0664), 0);
    assert_int_equal(cog_usermap_load(path, &reader, &map, &problems, &err),
                     -1);
    assert_int_equal(err.code, COG_E_CONFIG);
    assert_int_equal(problems.errors.count, 1);
    assert_non_null(strstr(problems.errors.item[0], "others can write it"));
    assert_string_equal(err.msg, problems.errors.item[0]);
    cog_config_problems_clear(&problems);

    err.code = COG_OK;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(cog_usermap_load(path, &reader, &map, &problems, &err),
                     -1);
    assert_int_equal(err.code, COG_E_CONFIG);
    cog_config_problems_clear(&problems);
    (void)close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(looks_up_both_ways),
        cmocka_unit_test(empty_maps),
        cmocka_unit_test(many_lines),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(pool_names),
        cmocka_unit_test(small_buffer),
        cmocka_unit_test(files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
