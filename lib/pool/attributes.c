/* SPDX-License-Identifier: MIT */
#include "lib/pool/attributes.h"

#include <ctype.h>
#include <string.h>

#include "lib/net/json.h"

/* What stands before an attribute's name in requiredAttributes, and in the
 * answer. */
#define PREFIX "userAttributes."

/* Source: OpenID Connect Core, section 5.1. */
static const struct question {
    const char *name;
    const char *said; /* what the pool's words for what is wrong call it */
    enum cog_text text;
} questions[] = {
    {"email", "email", COG_TEXT_ATTRIBUTE_EMAIL},
    {"phone_number", "phone number", COG_TEXT_ATTRIBUTE_PHONE},
    {"birthdate", "birthdate", COG_TEXT_ATTRIBUTE_BIRTHDATE},
    {"name", "name", COG_TEXT_ATTRIBUTE_NAME},
    {"given_name", "given_name", COG_TEXT_ATTRIBUTE_GIVEN_NAME},
    {"family_name", "family_name", COG_TEXT_ATTRIBUTE_FAMILY_NAME},
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

static const struct question *
question_for(const char *name)
{
    for (size_t i = 0; i < COG_COUNT(questions); i++) {
        if (strcmp(questions[i].name, name) == 0)
            return &questions[i];
    }
    return NULL;
}

/* Can it stand in a name next to another character of it? What ends a sentence
 * or a name cannot stand there at the end. */
static bool
goes_on(const char *p)
{
    static const char inner[] = ":.-";

    if (*p == '\0')
        return false;
    if (strchr(inner, *p) != NULL)
        return p[1] != '\0' && p[1] != ' ';
    return *p == '_' || isalnum((unsigned char)*p) != 0;
}

/* Does the text have the name, and not as part of another? */
static bool
has_word(const char *text, const char *name)
{
    const char *p = text;

    while ((p = strstr(p, name)) != NULL) {
        if ((p == text || !goes_on(p - 1)) && !goes_on(p + strlen(name)))
            return true;
        p++;
    }
    return false;
}

static const char *
name_of(const struct cog_attribute *attribute)
{
    return attribute->key + strlen(PREFIX);
}

static bool
is_named(const char *words, const struct cog_attribute *attribute)
{
    const struct question *question = question_for(name_of(attribute));

    return has_word(words, name_of(attribute)) ||
           (question != NULL && has_word(words, question->said));
}

/* What the pool has just refused some of these with, or NULL. */
static const char *
words_for(const struct cog_attributes *attributes,
          const struct cog_refused *refused)
{
    if (refused->kind != COG_REFUSAL_ATTRIBUTE)
        return NULL;
    for (size_t i = 0; i < attributes->count; i++) {
        if (is_named(refused->shown, &attributes->item[i]))
            return refused->shown;
    }
    return NULL;
}

/* A value on its way to being asked for, and what was wrong with the last. */
struct asking {
    struct cog_attribute *attribute;
    const char *wrong; /* NULL: nothing that is known */
};

static void
put_question(const struct asking *asking, struct cog_question *ret)
{
    const char *name = name_of(asking->attribute);
    const struct question *question = question_for(name);

    *ret = (struct cog_question){.echo = true};
    if (asking->wrong != NULL) {
        ret->text = COG_TEXT_ATTRIBUTE_REFUSED;
        ret->arg[0] = name;
        ret->arg[1] = asking->wrong;
    } else if (question == NULL) {
        ret->text = COG_TEXT_ATTRIBUTE_OTHER;
        ret->arg[0] = name;
    } else {
        ret->text = question->text;
    }
}

static int
try_attribute(struct cog_run *run, void *ctx, bool *ret_again,
              struct cog_err *err)
{
    const struct asking *asking = ctx;
    struct cog_secret *value = &asking->attribute->value;
    struct cog_question question;

    put_question(asking, &question);
    cog_secret_clear(value);
    if (cog_run_ask_word(run, &question, value, err) < 0)
        return -1;
    if (value->len > 0)
        return 0;
    *ret_again = true;
    return cog_fail(err, COG_E_DENIED, "no usable value of %s was given",
                    name_of(asking->attribute));
}

int
cog_attributes_ask(struct cog_run *run, struct cog_attributes *attributes,
                   struct cog_err *err)
{
    const char *words = words_for(attributes, &run->facts->refused);

    for (size_t i = 0; i < attributes->count; i++) {
        struct asking asking = {&attributes->item[i], words};

        if ((words == NULL || is_named(words, asking.attribute)) &&
            cog_run_retry(run, try_attribute, &asking, err) < 0)
            return -1;
    }
    return 0;
}
