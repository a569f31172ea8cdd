/* SPDX-License-Identifier: MIT */
#include "lib/pool/names.h"

#include <stdbool.h>
#include <string.h>

#include "lib/core/secret.h"
#include "lib/net/json.h"

static bool
is_name(const json_t *element)
{
    const char *text = json_string_value(element);
    size_t len = 0;

    if (text == NULL)
        return false;
    while (text[len] > ' ' && text[len] <= '~')
        len++;
    return text[len] == '\0' && len > 0 && len <= COG_NAMES_LENGTH_MAX;
}

static bool
is_list(const json_t *list)
{
    const size_t count = json_array_size(list);

    if (!json_is_array(list) || count > COG_NAMES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_name(json_array_get(list, i)))
            return false;
    }
    return true;
}

/* As a member of an object, which is what cog_json_parse() takes. */
static int
wrap(const char *text, struct cog_secret *ret, struct cog_err *err)
{
    if (cog_secret_append_str(ret, "{\"list\":", err) < 0 ||
        cog_secret_append_str(ret, text, err) < 0)
        return -1;
    return cog_secret_append_str(ret, "}", err);
}

int
cog_names_parse(const char *text, json_t **ret, struct cog_err *err)
{
    struct cog_secret wrapped = COG_SECRET_INIT(COG_NAMES_TEXT_MAX);
    json_t *object = NULL;
    json_t *list = NULL;
    int rc = -1;

    if (wrap(text, &wrapped, err) < 0 ||
        cog_json_parse(cog_secret_str(&wrapped), wrapped.len, &object, err) < 0)
        goto out;
    list = json_object_get(object, "list");
    /* One member, or the text was not one value. */
    if (json_object_size(object) != 1 || !is_list(list)) {
        cog_fail(err, COG_E_PROTOCOL, "not a list of names");
        goto out;
    }
    *ret = json_incref(list);
    rc = 0;

out:
    json_decref(object);
    cog_secret_clear(&wrapped);
    return rc;
}
