/* SPDX-License-Identifier: MIT */
#include "helper/table.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/macros.h"

/* In the order in which they are read. */
static const struct {
    const char *title;
    const char *key;
} columns[] = {
    {"USER", "user"},
    {"UID", "uid"},
    {"RECORD", "record"},
    {"ONLINE", "online"},
    {"IN PERSON", "interactive"},
    {"2ND", "second_factor"},
    {"DEVICE", "device"},
    {"OFFLINE", "offline"},
    {"REFUSED", "tombstone_time"},
    {"WHY", "tombstone"},
    {"SUB", "sub"},
};

/* A value as a word; `buf` is for numbers. */
static const char *
word(const json_t *value, char *buf, size_t size)
{
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_boolean(value))
        return json_is_true(value) ? "yes" : "no";
    if (!json_is_integer(value))
        return "-";
    (void)snprintf(buf, size, "%" JSON_INTEGER_FORMAT,
                   json_integer_value(value));
    return buf;
}

static size_t
width_of(const json_t *rows, size_t column)
{
    size_t width = strlen(columns[column].title);

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        char buf[32];
        const size_t len = strlen(
            word(json_object_get(row, columns[column].key), buf, sizeof(buf)));

        if (len > width && json_object_get(row, "user") != NULL)
            width = len;
    }
    return width;
}

static void
print_cell(const char *text, size_t column, const size_t *width)
{
    if (column + 1 == COG_COUNT(columns)) {
        (void)printf("%s\n", text);
    } else {
        (void)printf("%-*s  ", (int)width[column], text);
    }
}

static void
print_row(const json_t *row, const size_t *width)
{
    for (size_t c = 0; c < COG_COUNT(columns); c++) {
        char buf[32];

        print_cell(word(json_object_get(row, columns[c].key), buf, sizeof(buf)),
                   c, width);
    }
}

void
cog_table_print(const json_t *rows)
{
    size_t width[COG_COUNT(columns)];
    const char *issuer = "";

    for (size_t c = 0; c < COG_COUNT(columns); c++)
        width[c] = width_of(rows, c);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *its = json_string_value(json_object_get(row, "issuer"));

        if (json_object_get(row, "user") == NULL) {
            (void)printf("damaged=%s\n",
                         json_string_value(json_object_get(row, "damaged")));
            continue;
        }
        if (its != NULL && strcmp(its, issuer) != 0) {
            (void)printf("pool: %s\n", its);
            for (size_t c = 0; c < COG_COUNT(columns); c++)
                print_cell(columns[c].title, c, width);
            issuer = its;
        }
        print_row(row, width);
    }
}
