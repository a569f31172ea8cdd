/* SPDX-License-Identifier: MIT */
#include "helper/rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/core/name.h"

/* Longest text with its NUL, in bytes: a message, and each byte escaped. */
#define TEXT_BYTES (COG_ERR_MSG_BYTES * 4)
/* "2026-11-21T12:00:00Z" with its NUL, and room for many more years. */
#define TIME_BYTES 32

json_t *
cog_rows_text(const char *text)
{
    char escaped[TEXT_BYTES];

    if (text[0] == '\0')
        return json_null();
    cog_name_escape(text, strlen(text), escaped, sizeof(escaped));
    return json_string(escaped);
}

json_t *
cog_rows_time(int64_t unix_s)
{
    const time_t when = (time_t)unix_s;
    char text[TIME_BYTES];
    struct tm tm;

    if (unix_s == 0 || gmtime_r(&when, &tm) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return json_null();
    return json_string(text);
}

static void
print_value(const char *key, const json_t *value)
{
    const char *text = "-";

    if (json_is_integer(value)) {
        (void)printf("%s=%" JSON_INTEGER_FORMAT, key,
                     json_integer_value(value));
        return;
    }
    if (json_is_boolean(value)) {
        text = json_is_true(value) ? "yes" : "no";
    } else if (json_is_string(value)) {
        text = json_string_value(value);
    }
    (void)printf(strchr(text, ' ') == NULL ? "%s=%s" : "%s=\"%s\"", key, text);
}

static void
print_line(json_t *row)
{
    const char *separator = "";
    const char *key;
    json_t *value;

    json_object_foreach(row, key, value)
    {
        (void)fputs(separator, stdout);
        print_value(key, value);
        separator = " ";
    }
    (void)putchar('\n');
}

/* What a full disk or a closed pipe swallowed is not success. */
static int
flush(struct cog_err *err)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return cog_fail(err, COG_E_SYSTEM, "printing the result: %s",
                        strerror(errno));
    }
    return 0;
}

static int
print_json(const json_t *doc, size_t flags, struct cog_err *err)
{
    if (json_dumpf(doc, stdout, flags) < 0 || putchar('\n') == EOF)
        return cog_fail(err, COG_E_SYSTEM, "the result could not be printed");
    return flush(err);
}

int
cog_rows_open(bool json, struct cog_rows *ret, struct cog_err *err)
{
    ret->array = json ? json_array() : NULL;
    return json && ret->array == NULL ? cog_fail_memory(err) : 0;
}

int
cog_rows_add(struct cog_rows *rows, json_t *row, struct cog_err *err)
{
    int rc;

    if (rows->array == NULL)
        return cog_rows_print(false, row, err);
    rc = json_array_append_new(rows->array, row);
    return rc < 0 ? cog_fail_memory(err) : 0;
}

int
cog_rows_end(struct cog_rows *rows, struct cog_err *err)
{
    return rows->array == NULL ? 0
                               : print_json(rows->array, JSON_INDENT(2), err);
}

void
cog_rows_close(struct cog_rows *rows)
{
    json_decref(rows->array);
    rows->array = NULL;
}

int
cog_rows_print(bool json, json_t *row, struct cog_err *err)
{
    int rc;

    if (row == NULL)
        return cog_fail_memory(err);
    if (json) {
        rc = print_json(row, JSON_COMPACT, err);
    } else {
        print_line(row);
        rc = flush(err);
    }
    json_decref(row);
    return rc;
}
