/* SPDX-License-Identifier: MIT */
#include "lib/pool/attributes.h"

#include <string.h>

#include "lib/net/json.h"

/* What stands before an attribute's name in requiredAttributes, and in the
 * answer. */
#define PREFIX "userAttributes."

/* Source: OpenID Connect Core, section 5.1. */
static const struct {
    const char *name;
    enum cog_text text;
} questions[] = {
    {"email", COG_TEXT_ATTRIBUTE_EMAIL},
    {"phone_number", COG_TEXT_ATTRIBUTE_PHONE},
    {"birthdate", COG_TEXT_ATTRIBUTE_BIRTHDATE},
    {"name", COG_TEXT_ATTRIBUTE_NAME},
    {"given_name", COG_TEXT_ATTRIBUTE_GIVEN_NAME},
    {"family_name", COG_TEXT_ATTRIBUTE_FAMILY_NAME},
};

void
cog_attributes_clear(struct cog_attributes *attributes)
{
    for (size_t i = 0; i < attributes->count; i++)
        cog_secret_clear(&attributes->item[i].value);
    json_decref(attributes->required);
    *attributes = (struct cog_attributes){.count = 0};
}

/* PREFIX and then [A-Za-z0-9_:.-], as much as COG_NAMES_LENGTH_MAX leaves. */
static bool
is_attribute(const char *key)
{
    const char *name;

    if (strncmp(key, PREFIX, strlen(PREFIX)) != 0)
        return false;
    name = key + strlen(PREFIX);
    return *name != '\0' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "0123456789_:.-") == strlen(name);
}

/* Take a required attribute unless `current` has a value of it. */
static int
note_missing(struct cog_attributes *a, const char *key, const json_t *current,
             struct cog_err *err)
{
    const struct cog_attribute attribute = {
        .key = key, .value = COG_SECRET_INIT(COG_RUN_ANSWER_MAX)};
    const char *value = NULL;

    if (!is_attribute(key)) {
        return cog_fail(err, COG_E_PROTOCOL,
                        "the pool requires an attribute in a form none has");
    }
    if (current != NULL &&
        cog_json_find_string(current, key + strlen(PREFIX), &value, err) < 0)
        return -1;
    if (value == NULL || *value == '\0')
        a->item[a->count++] = attribute;
    return 0;
}

int
cog_attributes_find(const struct cog_api_reply *reply,
                    struct cog_attributes *ret, struct cog_err *err)
{
    const char *list = cog_api_parameter(reply, "requiredAttributes");
    const char *has = cog_api_parameter(reply, "userAttributes");
    json_t *current = NULL;
    int rc = -1;

    if (list == NULL)
        return 0;
    if (cog_names_parse(list, &ret->required, err) < 0 ||
        (has != NULL && cog_json_parse(has, strlen(has), &current, err) < 0))
        goto out;
    for (size_t i = 0; i < json_array_size(ret->required); i++) {
        const json_t *key = json_array_get(ret->required, i);

        if (note_missing(ret, json_string_value(key), current, err) < 0)
            goto out;
    }
    rc = 0;

out:
    json_decref(current);
    if (rc < 0)
        cog_attributes_clear(ret);
    return rc;
}

static enum cog_text
question_for(const char *name)
{
    for (size_t i = 0; i < COG_COUNT(questions); i++) {
        if (strcmp(questions[i].name, name) == 0)
            return questions[i].text;
    }
    return COG_TEXT_ATTRIBUTE_OTHER;
}

static int
try_attribute(struct cog_run *run, void *ctx, bool *ret_again,
              struct cog_err *err)
{
    const struct cog_refused *refused = &run->facts->refused;
    struct cog_attribute *attribute = ctx;
    const char *name = attribute->key + strlen(PREFIX);
    struct cog_question question = {.echo = true, .text = question_for(name)};

    if (refused->kind == COG_REFUSAL_ATTRIBUTE) {
        question.text = COG_TEXT_ATTRIBUTE_REFUSED;
        question.arg[1] = refused->shown;
    }
    if (question.text == COG_TEXT_ATTRIBUTE_REFUSED ||
        question.text == COG_TEXT_ATTRIBUTE_OTHER)
        question.arg[0] = name;
    cog_secret_clear(&attribute->value);
    if (cog_run_ask(run, &question, &attribute->value, err) < 0)
        return -1;
    if (cog_run_usable(&attribute->value))
        return 0;
    *ret_again = true;
    return cog_fail(err, COG_E_DENIED, "no usable value of %s was given", name);
}

int
cog_attributes_ask(struct cog_run *run, struct cog_attributes *attributes,
                   struct cog_err *err)
{
    for (size_t i = 0; i < attributes->count; i++) {
        if (cog_run_retry(run, try_attribute, &attributes->item[i], err) < 0)
            return -1;
    }
    return 0;
}
