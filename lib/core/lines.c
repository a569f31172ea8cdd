/* SPDX-License-Identifier: MIT */
#include "lib/core/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"

/* What may stand around keys, values and the words of a section header. */
#define SPACE " \t"
/* Longest service name we accept in bytes: they are file names, and nobody's
 * is longer. */
#define SERVICE_MAX 64
/* How much of a wrong name a message repeats, in bytes. */
#define QUOTE_BYTES 64
/* Longest message about a line, in bytes. */
#define PROBLEM_BYTES 256

/* The one text being read. */
struct reading {
    const struct cog_lines_sink *sink;
    size_t line;
    bool in_section;
    struct cog_list services; /* of the section */
    bool told_carriage_return;
};

static int problem(struct reading *r, struct cog_err *err, const char *fmt, ...)
    COG_PRINTF(3, 4);

static int
problem(struct reading *r, struct cog_err *err, const char *fmt, ...)
{
    char text[PROBLEM_BYTES];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return r->sink->problem(r->sink->ctx, r->line, text, err);
}

/* Without the white space at both ends. `text` is changed. */
static char *
trim(char *text)
{
    size_t len;

    text += strspn(text, SPACE);
    len = strlen(text);
    while (len > 0 && strchr(SPACE, text[len - 1]) != NULL)
        len--;
    text[len] = '\0';
    return text;
}

/* The next word, its length in *len, or NULL when there is none left.
 * The search starts at *p, which moves behind it. */
static const char *
next_word(const char **p, size_t *len)
{
    const char *word = *p + strspn(*p, SPACE);

    *len = strcspn(word, SPACE);
    *p = word + *len;
    return *len > 0 ? word : NULL;
}

/*
 * PAM turns service names into lower case (pam_start(3)), so a section with
 * capitals would never apply.
 */
static bool
service_valid(const char *name, size_t len)
{
    return len <= SERVICE_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.+@-") >= len;
}

static int
add_service(struct reading *r, const char *name, size_t len,
            struct cog_err *err)
{
    char quoted[QUOTE_BYTES];

    if (service_valid(name, len))
        return cog_list_append(&r->services, name, len, err);
    cog_name_escape(name, len, quoted, sizeof(quoted));
    return problem(r, err,
                   "'%s' is not a service name (lower-case letters, digits, "
                   "and _ . + @ -)",
                   quoted);
}

/* `text` begins with '['. */
static int
read_header(struct reading *r, char *text, struct cog_err *err)
{
    static const char keyword[] = "service";
    size_t last = strlen(text) - 1;
    const char *p = text + 1;
    const char *word;
    size_t len = 0;

    cog_list_clear(&r->services);
    r->in_section = true;
    if (!r->sink->sections)
        return problem(r, err, "this file has no sections");
    if (text[last] == ']') {
        text[last] = '\0';
    } else {
        p = ""; /* refused below */
    }
    word = next_word(&p, &len);
    if (word == NULL || len != strlen(keyword) ||
        strncmp(word, keyword, len) != 0 || p[strspn(p, SPACE)] == '\0')
        return problem(r, err, "expected '[service NAME ...]'");
    while ((word = next_word(&p, &len)) != NULL) {
        if (add_service(r, word, len, err) < 0)
            return -1;
    }
    return 0;
}

/* Ways of writing a value that other formats have and this one has not. */
static const char *
foreign_syntax(const char *value)
{
    size_t len = strlen(value);

    if (len == 0)
        return NULL;
    if (value[0] == '#' || strstr(value, " #") != NULL ||
        strstr(value, "\t#") != NULL)
        return "a comment needs a line of its own";
    if (value[len - 1] == '\\')
        return "a value ends with its line: write it in one line";
    if ((value[0] == '"' || value[0] == '\'') && value[len - 1] == value[0])
        return "values are written without quotes";
    return NULL;
}

static int
read_entry(struct reading *r, char *text, struct cog_err *err)
{
    struct cog_lines_entry entry = {
        .line = r->line,
        .in_section = r->in_section,
        .services = &r->services,
    };
    char *equals = strchr(text, '=');
    const char *foreign;

    if (equals == NULL || equals == text)
        return problem(r, err, "expected 'key = value'");
    *equals = '\0';
    entry.key = trim(text);
    entry.value = trim(equals + 1);
    foreign = foreign_syntax(entry.value);
    if (foreign != NULL)
        return problem(r, err, "%s", foreign);
    return r->sink->entry(r->sink->ctx, &entry, err);
}

/* What makes these bytes no line of text, or NULL. */
static const char *
unreadable(const char *line, size_t len)
{
    if (len > COG_LINES_MAX)
        return "the line is longer than 4096 bytes";
    if (memchr(line, '\0', len) != NULL)
        return "NUL byte";
    if (!cog_name_utf8_valid(line, len))
        return "not valid UTF-8";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return "control character";
    }
    return NULL;
}

/* Report the first carriage return of a file only: usually each line has one,
 * and the remedy is the same. Returns the length of the line without it. */
static int
drop_carriage_return(struct reading *r, const char *line, size_t *len,
                     struct cog_err *err)
{
    if (*len == 0 || line[*len - 1] != '\r')
        return 0;
    (*len)--;
    if (r->told_carriage_return)
        return 0;
    r->told_carriage_return = true;
    return problem(r, err,
                   "carriage return: save the file with Unix line ends");
}

static int
read_line(struct reading *r, const char *line, size_t len, struct cog_err *err)
{
    char buf[COG_LINES_MAX + 1];
    const char *wrong;
    char *text;

    r->line++;
    if (drop_carriage_return(r, line, &len, err) < 0)
        return -1;
    wrong = unreadable(line, len);
    if (wrong != NULL)
        return problem(r, err, "%s", wrong);
    memcpy(buf, line, len);
    buf[len] = '\0';
    text = trim(buf);
    if (*text == '\0' || *text == '#')
        return 0;
    if (*text == '[')
        return read_header(r, text, err);
    return read_entry(r, text, err);
}

int
cog_lines_parse(const char *text, size_t len, const struct cog_lines_sink *sink,
                struct cog_err *err)
{
    static const char bom[] = "\xef\xbb\xbf";
    struct reading r = {.sink = sink};
    int rc = 0;

    if (len >= strlen(bom) && memcmp(text, bom, strlen(bom)) == 0) {
        r.line = 1;
        rc = problem(&r, err, "byte order mark: save the file without one");
        r.line = 0;
        text += strlen(bom);
        len -= strlen(bom);
    }
    while (rc == 0 && len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line_len = end == NULL ? len : (size_t)(end - text);
        size_t taken = end == NULL ? len : line_len + 1;

        rc = read_line(&r, text, line_len, err);
        text += taken;
        len -= taken;
    }
    cog_list_clear(&r.services);
    return rc;
}
