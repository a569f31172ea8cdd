/* SPDX-License-Identifier: MIT */
#include "helper/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/core/macros.h"

/* Where standard output goes meanwhile; the real one. */
static FILE *captured;
static int real_stdout;

static int
capture(void **state)
{
    (void)state;
    (void)fflush(stdout);
    captured = tmpfile();
    real_stdout = dup(STDOUT_FILENO);
    if (captured == NULL || real_stdout < 0)
        return -1;
    return dup2(fileno(captured), STDOUT_FILENO) < 0;
}

static int
release(void **state)
{
    (void)state;
    (void)fflush(stdout);
    (void)dup2(real_stdout, STDOUT_FILENO);
    (void)close(real_stdout);
    return fclose(captured);
}

static void
assert_printed(const char *want)
{
    char text[512];
    size_t len;

    (void)fflush(stdout);
    rewind(captured);
    len = fread(text, 1, sizeof(text) - 1, captured);
    text[len] = '\0';
    assert_string_equal(text, want);
}

/* A row with every kind of value. */
static json_t *
some_row(void)
{
    return json_pack("{s:o, s:i, s:b, s:b, s:o, s:o}", "text",
                     cog_rows_text("two words"), "number", 7, "true", 1,
                     "false", 0, "none", cog_rows_text(""), "hostile",
                     cog_rows_text("\x1b[2J\"\xff"));
}

#define LINE                                                \
    "text=\"two words\" number=7 true=yes false=no none=- " \
    "hostile=\\x1b[2J\\\"\\xff\n"

static void
lines(void **state)
{
    struct cog_rows rows;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_rows_open(false, &rows, &err), 0);
    assert_int_equal(cog_rows_add(&rows, some_row(), &err), 0);
    assert_printed(LINE); /* not only at the end */
    assert_int_equal(cog_rows_add(&rows, json_pack("{s:n}", "a"), &err), 0);
    assert_int_equal(cog_rows_end(&rows, &err), 0);
    assert_printed(LINE "a=-\n");
    cog_rows_close(&rows);
}

static void
json(void **state)
{
    struct cog_rows rows;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_rows_open(true, &rows, &err), 0);
    assert_int_equal(cog_rows_add(&rows, json_pack("{s:n}", "a"), &err), 0);
    assert_int_equal(cog_rows_add(&rows, json_pack("{s:i}", "b", 2), &err), 0);
    assert_printed("");
    assert_int_equal(cog_rows_end(&rows, &err), 0);
    assert_printed(
        "[\n  {\n    \"a\": null\n  },\n  {\n    \"b\": 2\n  }\n]\n");
    cog_rows_close(&rows);
}

static void
one_row(void **state)
{
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_rows_print(true, json_pack("{s:i}", "b", 2), &err), 0);
    assert_int_equal(cog_rows_print(false, json_pack("{s:i}", "b", 2), &err),
                     0);
    assert_printed("{\"b\":2}\nb=2\n");
}

static void
times(void **state)
{
    static const struct {
        int64_t unix_s;
        const char *want; /* NULL: null */
    } cases[] = {
        {0, NULL},
        {1, "1970-01-01T00:00:01Z"},
        {1795262400, "2026-11-21T12:00:00Z"},
        {INT64_MAX, NULL}, /* no year of an int */
        {INT64_MIN, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        json_t *time = cog_rows_time(cases[i].unix_s);

        if (cases[i].want == NULL)
            assert_true(json_is_null(time));
        else
            assert_string_equal(json_string_value(time), cases[i].want);
        json_decref(time);
    }
}

/* What cannot be printed is no success; whether a line or the end of all. */
static void
full_disks(void **state)
{
    struct cog_rows rows;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_non_null(freopen("/dev/full", "w", stdout));
    assert_int_equal(cog_rows_print(false, some_row(), &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    err = (struct cog_err)COG_ERR_INIT;
    assert_int_equal(cog_rows_print(true, some_row(), &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    err = (struct cog_err)COG_ERR_INIT;
    assert_int_equal(cog_rows_open(true, &rows, &err), 0);
    assert_int_equal(cog_rows_end(&rows, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    cog_rows_close(&rows);
    clearerr(stdout);
}

static unsigned calls;
static unsigned failing; /* number of the call that fails; 0: none */

static void *
allocate(size_t size)
{
    return ++calls == failing ? NULL : malloc(size);
}

static int
fill(bool as_json, struct cog_err *err)
{
    struct cog_rows rows = {NULL};
    int rc = cog_rows_open(as_json, &rows, err);

    if (rc == 0)
        rc = cog_rows_add(&rows, some_row(), err);
    if (rc == 0)
        rc =
            cog_rows_add(&rows, json_pack("{s:o}", "t", cog_rows_time(1)), err);
    cog_rows_close(&rows);
    return rc;
}

static void
without_memory(void **state)
{
    (void)state;
    json_set_alloc_funcs(allocate, free);
    for (int as_json = 0; as_json < 2; as_json++) {
        int rc = -1;

        for (failing = 1; rc < 0; failing++) {
            struct cog_err err = COG_ERR_INIT;

            calls = 0;
            rc = fill(as_json == 1, &err);
            assert_int_equal(err.code, rc < 0 ? COG_E_NOMEM : COG_OK);
            assert_true(rc == 0 || calls >= failing);
        }
        assert_true(failing > 10); /* most calls could fail */
    }
    json_set_alloc_funcs(malloc, free);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines, capture, release),
        cmocka_unit_test_setup_teardown(json, capture, release),
        cmocka_unit_test_setup_teardown(one_row, capture, release),
        cmocka_unit_test(times),
        cmocka_unit_test_setup_teardown(without_memory, capture, release),
        cmocka_unit_test_setup_teardown(full_disks, capture, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
