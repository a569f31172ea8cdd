/* SPDX-License-Identifier: MIT */
#include "lib/pool/menu.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/core/number.h"

/* Room for a list of names in a log line. */
#define LIST_BYTES 160

static bool
is_offered(const json_t *offered, const char *name)
{
    for (size_t i = 0; i < json_array_size(offered); i++) {
        const char *other = json_string_value(json_array_get(offered, i));

        if (other != NULL && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

/* The question of a menu, and what its numbers stand for. */
struct choosing {
    struct cog_question question;
    const char *name[COG_TEXT_OPTIONS];
    int64_t number; /* the one typed */
};

static void
collect(const struct cog_menu *menu, const json_t *offered,
        struct choosing *ret)
{
    struct cog_question *q = &ret->question;

    for (size_t i = 0; i < menu->count; i++) {
        const struct cog_menu_way *way = &menu->way[i];

        if (!is_offered(offered, way->name) || q->options == COG_TEXT_OPTIONS)
            continue;
        if (q->options > 0 && q->option[q->options - 1] == way->text)
            continue;
        ret->name[q->options] = way->name;
        q->option[q->options] = way->text;
        q->options++;
    }
}

/* Nothing but the number is an answer: Enter chooses nothing. */
static int
try_number(struct cog_run *run, void *ctx, bool *ret_again, struct cog_err *err)
{
    struct choosing *c = ctx;
    struct cog_secret typed = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = -1;

    if (cog_run_ask_number(run, &c->question, &typed, err) < 0)
        goto out;
    if (!cog_number_parse(cog_secret_str(&typed), 1,
                          (int64_t)c->question.options, &c->number)) {
        *ret_again = true;
        c->question.text = COG_TEXT_CHOOSE_AGAIN;
        cog_fail(err, COG_E_DENIED, "no number of the menu was chosen");
        goto out;
    }
    rc = 0;

out:
    cog_secret_clear(&typed);
    return rc;
}

/* "A, B, C", as far as there is room. */
static void
list_names(const json_t *offered, char ret[LIST_BYTES])
{
    size_t used = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < json_array_size(offered) && used < LIST_BYTES; i++) {
        const char *name = json_string_value(json_array_get(offered, i));
        int len = snprintf(ret + used, LIST_BYTES - used, "%s%s",
                           i == 0 ? "" : ", ", name == NULL ? "?" : name);

        used += len < 0 ? LIST_BYTES : (size_t)len;
    }
}

static int
refuse(const struct cog_run *run, const struct cog_menu *menu,
       const json_t *offered, struct cog_err *err)
{
    const char *challenge = run->reply->challenge;
    char names[LIST_BYTES];

    if (strcmp(challenge, "WEB_AUTHN") == 0 ||
        is_offered(offered, "WEB_AUTHN")) {
        return cog_fail(err, COG_E_BROWSER,
                        "the pool wants a passkey, which takes a browser");
    }
    list_names(offered, names);
    return cog_fail(err, COG_E_CHALLENGE,
                    "the pool poses challenge %s and offers %s: %s", challenge,
                    names[0] == '\0' ? "nothing" : names, menu->refusal);
}

int
cog_menu_choose(struct cog_run *run, const struct cog_menu *menu,
                const json_t *offered, const char **ret, struct cog_err *err)
{
    struct choosing choosing = {
        .question = {.echo = true, .text = menu->title},
        .number = 1,
    };

    collect(menu, offered, &choosing);
    if (choosing.question.options == 0)
        return refuse(run, menu, offered, err);
    if ((menu->always || choosing.question.options > 1) &&
        cog_run_retry(run, try_number, &choosing, err) < 0)
        return -1;
    *ret = choosing.name[choosing.number - 1];
    return 0;
}
