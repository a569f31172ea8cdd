/* SPDX-License-Identifier: MIT */
#include "lib/store/sheet.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/store/seal.h"

#define VERSION "1"
/* Room for a title line. */
#define TITLE_BYTES 64

static void
format_title(const char *title, char ret[TITLE_BYTES])
{
    (void)snprintf(ret, TITLE_BYTES, "pam_cognito %s " VERSION "\n", title);
}

static int
append_line(struct cog_secret *ret, const char *key, const char *value,
            struct cog_err *err)
{
    const size_t len = strlen(value);

    if (len == 0 || !cog_name_typed_valid(value, len))
        return cog_fail(err, COG_E_PROTOCOL, "'%s' cannot be written", key);
    if (cog_secret_append_str(ret, key, err) < 0 ||
        cog_secret_append_str(ret, " = ", err) < 0 ||
        cog_secret_append_str(ret, value, err) < 0)
        return -1;
    return cog_secret_append_str(ret, "\n", err);
}

int
cog_sheet_format(const char *title, const struct cog_sheet_field *fields,
                 size_t count, struct cog_secret *ret, struct cog_err *err)
{
    char first[TITLE_BYTES];
    char hex[COG_SEAL_HEX_BYTES];

    format_title(title, first);
    if (cog_secret_append_str(ret, first, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (append_line(ret, fields[i].key, fields[i].value, err) < 0)
            return -1;
    }
    if (cog_seal_hex(ret->data, ret->len, hex, err) < 0)
        return -1;
    return append_line(ret, "sha256", hex, err);
}

/* What is left of a text. */
struct rest {
    const char *at;
    size_t left;
};

/* Take `text`, which must come next. */
static int
take(struct rest *rest, const char *text, struct cog_err *err)
{
    const size_t len = strlen(text);

    if (len > rest->left || memcmp(rest->at, text, len) != 0)
        return cog_fail(err, COG_E_IDENTITY, "not in its form");
    rest->at += len;
    rest->left -= len;
    return 0;
}

static int
take_line(struct rest *rest, const char *key, char *value, size_t size,
          struct cog_err *err)
{
    const char *end;
    size_t len;

    if (take(rest, key, err) < 0 || take(rest, " = ", err) < 0)
        return -1;
    end = memchr(rest->at, '\n', rest->left);
    len = end == NULL ? 0 : (size_t)(end - rest->at);
    if (len == 0 || len >= size || !cog_name_typed_valid(rest->at, len))
        return cog_fail(err, COG_E_IDENTITY, "'%s' is malformed", key);
    memcpy(value, rest->at, len);
    value[len] = '\0';
    rest->at += len + 1;
    rest->left -= len + 1;
    return 0;
}

/* The last line, which is about all before it. */
static int
check_sum(const char *text, struct rest *rest, struct cog_err *err)
{
    const size_t len = (size_t)(rest->at - text);
    char want[COG_SEAL_HEX_BYTES];
    char got[COG_SEAL_HEX_BYTES];

    if (take_line(rest, "sha256", got, sizeof(got), err) < 0 ||
        cog_seal_hex(text, len, want, err) < 0)
        return -1;
    if (strcmp(got, want) != 0)
        return cog_fail(err, COG_E_IDENTITY, "its checksum is wrong");
    if (rest->left > 0)
        return cog_fail(err, COG_E_IDENTITY, "something follows its end");
    return 0;
}

int
cog_sheet_parse(const char *title, const char *text, size_t len,
                const struct cog_sheet_field *fields, size_t count,
                struct cog_err *err)
{
    struct rest rest = {text, len};
    char first[TITLE_BYTES];

    format_title(title, first);
    if (take(&rest, first, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (take_line(&rest, fields[i].key, fields[i].value, fields[i].size,
                      err) < 0)
            return -1;
    }
    return check_sum(text, &rest, err);
}
