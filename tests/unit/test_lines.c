/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/lines.h"
#include "lib/core/secret.h"

/* What was read, one event to a line: "3 sshd,sudo key=value" for an entry,
 * "3! text" for a problem. */
static int
note_entry(void *ctx, const struct cog_lines_entry *entry, struct cog_err *err)
{
    struct cog_list *events = ctx;
    char services[64] = "";
    size_t used = 0;

    for (size_t i = 0; i < entry->services->count; i++) {
        int n = snprintf(services + used, sizeof(services) - used, "%s%s",
                         i > 0 ? "," : "", entry->services->item[i]);

        assert_true(n > 0 && (size_t)n < sizeof(services) - used);
        used += (size_t)n;
    }
    return cog_list_append_format(events, err, "%zu %s %s=%s", entry->line,
                                  entry->in_section ? services : "-",
                                  entry->key, entry->value);
}

static int
note_problem(void *ctx, size_t line, const char *text, struct cog_err *err)
{
    return cog_list_append_format(ctx, err, "%zu! %s", line, text);
}

static void
reads_as(const char *text, size_t len, bool sections, const char *want)
{
    struct cog_list events = {.count = 0};
    const struct cog_lines_sink sink = {
        .entry = note_entry,
        .problem = note_problem,
        .ctx = &events,
        .sections = sections,
    };
    struct cog_secret got = COG_SECRET_INIT(16 * 1024);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_lines_parse(text, len, &sink, &err), 0);
    for (size_t i = 0; i < events.count; i++) {
        assert_int_equal(cog_secret_append_str(&got, events.item[i], &err), 0);
        assert_int_equal(cog_secret_append_str(&got, "\n", &err), 0);
    }
    assert_string_equal(cog_secret_str(&got), want);
    cog_secret_clear(&got);
    cog_list_clear(&events);
}

#define TEXT(literal) literal, sizeof(literal) - 1

static void
texts(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want;
    } cases[] = {
        {TEXT(""), ""},
        {TEXT("\n\n  \t\n"), ""},
        {TEXT("# a comment\n  # another # one\n#"), ""},
        {TEXT("key = value\n"), "1 - key=value\n"},
        {TEXT("key=value"), "1 - key=value\n"}, /* no final newline */
        {TEXT("\t key\t=  two words \t\n"), "1 - key=two words\n"},
        {TEXT("a =\nb = \n"), "1 - a=\n2 - b=\n"},
        {TEXT("a = b = c\n"), "1 - a=b = c\n"},
        {TEXT("a = b#c\n"), "1 - a=b#c\n"},
        {TEXT("a = \xc3\xa4\n"), "1 - a=\xc3\xa4\n"},
        {TEXT("two words = x\n"), "1 - two words=x\n"},

        {TEXT("a = 1\n[service sshd]\na = 2\n[ service  sudo\tsudo-i ]\nb = 3"),
         "1 - a=1\n3 sshd a=2\n5 sudo,sudo-i b=3\n"},
        {TEXT("[service]\na = 1\n"),
         "1! expected '[service NAME ...]'\n2  a=1\n"},
        {TEXT("[sshd]\na = 1\n"), "1! expected '[service NAME ...]'\n2  a=1\n"},
        {TEXT("[service sshd\na = 1\n"),
         "1! expected '[service NAME ...]'\n2  a=1\n"},
        {TEXT("[service sshd] # x\n"), "1! expected '[service NAME ...]'\n"},
        {TEXT("[services sshd]\n"), "1! expected '[service NAME ...]'\n"},
        {TEXT("[]\n["), "1! expected '[service NAME ...]'\n"
                        "2! expected '[service NAME ...]'\n"},
        {TEXT("[service SSHD su/do ok]\na = 1\n"),
         "1! 'SSHD' is not a service name (lower-case letters, digits, and "
         "_ . + @ -)\n"
         "1! 'su/do' is not a service name (lower-case letters, digits, and "
         "_ . + @ -)\n"
         "2 ok a=1\n"},
        {TEXT(
             "[service aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "aaaaaaaaa]\n"),
         "1! 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' "
         "is not a service name (lower-case letters, digits, and _ . + @ -)\n"},
        /* A refused header never lets its keys hold for everybody. */
        {TEXT("[service sshd]\n[bad]\na = 1\n"),
         "2! expected '[service NAME ...]'\n3  a=1\n"},

        {TEXT("no equals sign\n= x\n"),
         "1! expected 'key = value'\n2! expected 'key = value'\n"},
        {TEXT(" = x\n"), "1! expected 'key = value'\n"},
        {TEXT("a = b # why\n"), "1! a comment needs a line of its own\n"},
        {TEXT("a = b\t# why\n"), "1! a comment needs a line of its own\n"},
        {TEXT("a = # why\n"), "1! a comment needs a line of its own\n"},
        {TEXT("a = b, \\\n  c\n"),
         "1! a value ends with its line: write it in one line\n"
         "2! expected 'key = value'\n"},
        {TEXT("a = \"b c\"\nb = 'x'\nc = \"\"\n"),
         "1! values are written without quotes\n"
         "2! values are written without quotes\n"
         "3! values are written without quotes\n"},
        {TEXT("a = \"b\nb = it's\n"), "1 - a=\"b\n2 - b=it's\n"},

        {TEXT("\xef\xbb\xbf"
              "a = 1\n"),
         "1! byte order mark: save the file without one\n1 - a=1\n"},
        {TEXT("a = 1\r\nb = 2\r\nbad\r\n"),
         "1! carriage return: save the file with Unix line ends\n"
         "1 - a=1\n2 - b=2\n3! expected 'key = value'\n"},
        {TEXT("a = 1\rb = 2\n"), "1! control character\n"},
        {TEXT("a = 1\0\nb = 2\n"), "1! NUL byte\n2 - b=2\n"},
        {TEXT("# \0\n"), "1! NUL byte\n"},
        {TEXT("a = \xff\n# \xc3\n"),
         "1! not valid UTF-8\n2! not valid UTF-8\n"},
        {TEXT("a = \x1b[2J\n# \x7f\n"),
         "1! control character\n2! control character\n"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++)
        reads_as(cases[i].text, cases[i].len, true, cases[i].want);
}

static void
sections_only_where_wanted(void **state)
{
    (void)state;
    reads_as(TEXT("a = 1\n[service sshd]\nb = 2\n"), false,
             "1 - a=1\n2! this file has no sections\n3  b=2\n");
}

/* `prefix` filled up to `len` bytes, then a line to see that reading goes on.
 */
static void
long_line_reads_as(size_t len, const char *want)
{
    static const char prefix[] = "# ";
    static const char after[] = "\na = 1\n";
    char *text = malloc(len + sizeof(after));

    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, prefix, strlen(prefix));
    memcpy(text + len, after, sizeof(after));
    reads_as(text, len + strlen(after), true, want);
    free(text);
}

static void
line_length(void **state)
{
    (void)state;
    long_line_reads_as(COG_LINES_MAX, "2 - a=1\n");
    long_line_reads_as(COG_LINES_MAX + 1,
                       "1! the line is longer than 4096 bytes\n2 - a=1\n");
    long_line_reads_as((size_t)1024 * 1024,
                       "1! the line is longer than 4096 bytes\n2 - a=1\n");
}

static int
refuse_entry(void *ctx, const struct cog_lines_entry *entry,
             struct cog_err *err)
{
    (void)ctx;
    (void)entry;
    return cog_fail_memory(err);
}

static int
refuse_problem(void *ctx, size_t line, const char *text, struct cog_err *err)
{
    (void)ctx;
    (void)line;
    (void)text;
    return cog_fail_memory(err);
}

/* A sink that fails ends the reading, and its error is ours. */
static void
sink_failures(void **state)
{
    static const char *const texts_failing[] = {
        "[service a]\na = 1\nb = 2\n",
        "bad\n",
        "\xef\xbb\xbf\n",
        "a\r\n",
        "[service A]",
        "\xff",
    };
    const struct cog_lines_sink sink = {
        .entry = refuse_entry,
        .problem = refuse_problem,
        .sections = true,
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(texts_failing); i++) {
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_lines_parse(texts_failing[i],
                                         strlen(texts_failing[i]), &sink, &err),
                         -1);
        assert_int_equal(err.code, COG_E_NOMEM);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(sections_only_where_wanted),
        cmocka_unit_test(line_length),
        cmocka_unit_test(sink_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
