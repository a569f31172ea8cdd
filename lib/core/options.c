/* SPDX-License-Identifier: MIT */
#include "lib/core/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/core/number.h"

/* What stands between the items of a list. */
#define SEPARATORS " \t,"
/* How much of a wrong value a message repeats, in bytes. */
#define QUOTE_BYTES 64
/* Longest misspelt key for which we look for the right one, in bytes. */
#define KEY_MAX 40
/* Room for all words of a choice in a message, in bytes. */
#define FORM_BYTES 128

const struct cog_option *
cog_options_find(const struct cog_option *table, size_t rows, const char *name)
{
    for (size_t i = 0; i < rows; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

static size_t
min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* The number of insertions, deletions, replacements and swaps of neighbours
 * that turn one string into the other (optimal string alignment). */
static size_t
edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t d[KEY_MAX + 1][KEY_MAX + 1];

    for (size_t i = 0; i <= a_len; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= b_len; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        for (size_t j = 1; j <= b_len; j++) {
            size_t replaced = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, replaced);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = min3(d[i][j], d[i - 2][j - 2] + 1, d[i][j]);
        }
    }
    return d[a_len][b_len];
}

const char *
cog_options_nearest(const struct cog_option *table, size_t rows,
                    const char *name)
{
    size_t len = strlen(name);
    size_t best = len / 3 + 1; /* more than a third wrong is another word */
    static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    const char *nearest = NULL;
    char lower[KEY_MAX + 1];

    if (len > KEY_MAX)
        return NULL;
    memcpy(lower, name, len + 1);
    for (size_t i = 0; i < len; i++) {
        const char *capital = strchr(capitals, lower[i]);

        if (capital != NULL)
            lower[i] = letters[capital - capitals];
    }
    for (size_t i = 0; i < rows; i++) {
        size_t row_len = strlen(table[i].name);
        size_t distance = best;

        /* The lengths alone tell most words apart. */
        if (row_len <= KEY_MAX && row_len < len + best && len < row_len + best)
            distance = edit_distance(lower, len, table[i].name, row_len);
        if (distance < best) {
            best = distance;
            nearest = table[i].name;
        }
    }
    return nearest;
}

/* The host of a URL: a name, an IPv4 address or an IPv6 one in brackets. */
static size_t
host_length(const char *host)
{
    static const char digits_letters[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t len;

    if (*host == '[') {
        len = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
        return len > 1 && host[len] == ']' ? len + 1 : 0;
    }
    len = strcspn(host, ":/");
    for (size_t i = 0; i < len; i++) {
        bool inside = i > 0 && i + 1 < len;

        if (strchr(digits_letters, host[i]) == NULL &&
            !(inside && (host[i] == '-' || host[i] == '.')))
            return 0;
    }
    return len <= 253 ? len : 0; /* RFC 1035 section 2.3.4 */
}

static bool
port_valid(const char *port, size_t len)
{
    char digits[sizeof("65535")];
    int64_t number = 0;

    if (len >= sizeof(digits))
        return false;
    memcpy(digits, port, len);
    digits[len] = '\0';
    return cog_number_parse(digits, 1, 65535, &number);
}

bool
cog_options_url_valid(const char *url, const char *scheme)
{
    size_t len = strlen(scheme);

    if (strncmp(url, scheme, len) != 0 || strncmp(url + len, "://", 3) != 0)
        return false;
    url += len + 3;
    len = host_length(url);
    if (len == 0)
        return false;
    url += len;
    if (*url == ':') {
        len = strcspn(++url, "/");
        if (!port_valid(url, len))
            return false;
        url += len;
    }
    if (*url != '\0' && *url != '/')
        return false;
    for (; *url != '\0'; url++) {
        if (*url <= ' ' || *url > '~' || strchr("\"#<>?\\^`{|}", *url))
            return false;
    }
    return true;
}

static bool
url_valid(const char *value)
{
    return cog_options_url_valid(value, "https");
}

static bool
path_valid(const char *value)
{
    return value[0] == '/';
}

/* "key: 'value' is not form". */
static int
bad_value(const struct cog_option *option, const char *value, const char *form,
          struct cog_err *err)
{
    char quoted[QUOTE_BYTES];

    if (option->flags & COG_OPTION_HIDDEN)
        return cog_fail(err, COG_E_CONFIG, "%s: not %s", option->name, form);
    cog_name_escape(value, strlen(value), quoted, sizeof(quoted));
    return cog_fail(err, COG_E_CONFIG, "%s: '%s' is not %s", option->name,
                    quoted, form);
}

static int
set_string(const struct cog_option *option, const char *value, char **field,
           struct cog_err *err)
{
    bool (*check)(const char *) = option->check;
    const char *form = option->form;
    char *copy;

    if (option->type == COG_OPTION_PATH) {
        check = path_valid;
        form = "an absolute path";
    } else if (option->type == COG_OPTION_URL) {
        check = url_valid;
        form = "an https URL (without user, query and fragment)";
    }
    if (check != NULL && !check(value))
        return bad_value(option, value, form, err);
    copy = strdup(value);
    if (copy == NULL)
        return cog_fail_memory(err);
    free(*field);
    *field = copy;
    return 0;
}

/* The next item of a list at *p, its length in *len, or NULL. *p moves behind
 * it. */
static const char *
next_item(const char **p, size_t *len)
{
    const char *word = *p + strspn(*p, SEPARATORS);

    *len = strcspn(word, SEPARATORS);
    *p = word + *len;
    return *len > 0 ? word : NULL;
}

static int
set_list(const struct cog_option *option, const char *value,
         struct cog_list *field, struct cog_err *err)
{
    struct cog_list items = {.given = true};
    const char *p = value;
    const char *word;
    size_t len = 0;

    while ((word = next_item(&p, &len)) != NULL) {
        const char *item;

        if (cog_list_append(&items, word, len, err) < 0)
            goto fail;
        item = items.item[items.count - 1];
        if (option->check != NULL && !option->check(item)) {
            (void)bad_value(option, item, option->form, err);
            goto fail;
        }
    }
    cog_list_clear(field);
    *field = items;
    return 0;

fail:
    cog_list_clear(&items);
    return -1;
}

static int
set_bool(const struct cog_option *option, const char *value, bool *field,
         struct cog_err *err)
{
    bool yes = strcmp(value, "yes") == 0;

    if (!yes && strcmp(value, "no") != 0)
        return bad_value(option, value, "'yes' or 'no'", err);
    *field = yes;
    return 0;
}

static const struct {
    char suffix;
    int64_t seconds;
} units[] = {
    {'d', 86400},
    {'h', 3600},
    {'m', 60},
    {'s', 1},
};

/* The way a person would write it: in the largest unit that divides it. */
static void
format_seconds(int64_t seconds, char *buf, size_t size)
{
    size_t unit = 0;

    while (unit + 1 < COG_COUNT(units) &&
           (seconds == 0 || seconds % units[unit].seconds != 0))
        unit++;
    (void)snprintf(buf, size, "%lld%c",
                   (long long)(seconds / units[unit].seconds),
                   units[unit].suffix);
}

/* A number with one of the units, or without: seconds. */
static bool
parse_seconds(const char *value, int64_t *ret)
{
    char digits[16] = "";
    size_t len = strspn(value, "0123456789");
    int64_t unit = value[len] == '\0' ? 1 : 0;
    int64_t number = 0;

    for (size_t i = 0; i < COG_COUNT(units); i++) {
        if (value[len] == units[i].suffix && value[len + 1] == '\0')
            unit = units[i].seconds;
    }
    if (unit == 0 || len >= sizeof(digits))
        return false;
    memcpy(digits, value, len);
    if (!cog_number_parse(digits, 0, INT64_MAX / 86400, &number))
        return false;
    *ret = number * unit;
    return true;
}

static int
set_seconds(const struct cog_option *option, const char *value, int64_t *field,
            struct cog_err *err)
{
    bool may_be_off = (option->flags & COG_OPTION_MAY_BE_OFF) != 0;
    char min[24], max[24];
    int64_t seconds = 0;

    if (may_be_off && strcmp(value, "off") == 0) {
        *field = COG_OPTIONS_OFF;
        return 0;
    }
    if (!parse_seconds(value, &seconds)) {
        return bad_value(option, value,
                         may_be_off ? "a time (such as 90s, 15m, 24h) or 'off'"
                                    : "a time (such as 90s, 15m, 24h)",
                         err);
    }
    if (seconds < option->min || seconds > option->max) {
        format_seconds(option->min, min, sizeof(min));
        format_seconds(option->max, max, sizeof(max));
        return cog_fail(err, COG_E_CONFIG, "%s: must be from %s to %s",
                        option->name, min, max);
    }
    *field = seconds;
    return 0;
}

static int
set_uid(const struct cog_option *option, const char *value, uid_t *field,
        struct cog_err *err)
{
    int64_t number = 0;

    if (!cog_number_parse(value, 0, UINT32_MAX, &number))
        return bad_value(option, value, "a user id (decimal digits)", err);
    if (number < option->min || number > option->max) {
        return cog_fail(err, COG_E_CONFIG, "%s: must be from %lld to %lld",
                        option->name, (long long)option->min,
                        (long long)option->max);
    }
    *field = (uid_t)number;
    return 0;
}

static int
set_choice(const struct cog_option *option, const char *value, void *field,
           struct cog_err *err)
{
    char form[FORM_BYTES] = "one of";
    size_t used = strlen(form);

    for (unsigned i = 0; option->choices[i] != NULL; i++) {
        int n;

        if (strcmp(value, option->choices[i]) == 0) {
            /* The field is an enum of its own, which gcc and clang give the
             * size of unsigned. */
            memcpy(field, &i, sizeof(i));
            return 0;
        }
        n = snprintf(form + used, sizeof(form) - used, "%s %s",
                     i > 0 ? "," : "", option->choices[i]);
        used += n > 0 && (size_t)n < sizeof(form) - used ? (size_t)n : 0;
    }
    return bad_value(option, value, form, err);
}

int
cog_options_set(const struct cog_option *option, const char *value,
                void *config, struct cog_err *err)
{
    void *field = (char *)config + option->offset;

    if (*value == '\0' && option->type != COG_OPTION_LIST) {
        return cog_fail(err, COG_E_CONFIG, "%s: the value is missing",
                        option->name);
    }
    switch (option->type) {
    case COG_OPTION_STRING:
    case COG_OPTION_PATH:
    case COG_OPTION_URL:
        return set_string(option, value, field, err);
    case COG_OPTION_LIST:
        return set_list(option, value, field, err);
    case COG_OPTION_BOOL:
        return set_bool(option, value, field, err);
    case COG_OPTION_SECONDS:
        return set_seconds(option, value, field, err);
    case COG_OPTION_UID:
        return set_uid(option, value, field, err);
    case COG_OPTION_CHOICE:
        return set_choice(option, value, field, err);
    }
    return cog_fail(err, COG_E_CONFIG, "%s: unknown type", option->name);
}

void
cog_options_clear(const struct cog_option *table, size_t rows, void *config)
{
    for (size_t i = 0; i < rows; i++) {
        void *field = (char *)config + table[i].offset;

        if (table[i].type == COG_OPTION_LIST) {
            cog_list_clear(field);
        } else if (table[i].type == COG_OPTION_STRING ||
                   table[i].type == COG_OPTION_PATH ||
                   table[i].type == COG_OPTION_URL) {
            free(*(char **)field);
            *(char **)field = NULL;
        }
    }
}
