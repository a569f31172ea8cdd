/* SPDX-License-Identifier: MIT */
#include "lib/pool/answers.h"

#include <strings.h>

#include "lib/pool/attributes.h"

/* How often yes is asked for. */
#define YES_ASKED 2

/* A new password on its way to being accepted. */
struct renewal {
    struct cog_attributes attributes; /* sent with it */
    enum cog_text text; /* how the next new password is asked for */
    struct cog_secret password;
};

/* Why a new password is asked for once more, or NEW_PASSWORD when it may be
 * sent. */
static enum cog_text
judge(const struct cog_run *run, const struct cog_secret *password,
      const struct cog_secret *again)
{
    if (!cog_secret_equal(password, again))
        return COG_TEXT_NEW_PASSWORD_DIFFERS;
    if (cog_secret_equal(password, &run->password))
        return COG_TEXT_NEW_PASSWORD_SAME;
    return cog_run_usable(password) ? COG_TEXT_NEW_PASSWORD
                                    : COG_TEXT_NEW_PASSWORD_REFUSED;
}

/* Ask twice for a new password; r->text becomes the judgement. */
static int
ask_password(struct cog_run *run, struct renewal *r, struct cog_err *err)
{
    static const struct cog_question repeat = {.text =
                                                   COG_TEXT_NEW_PASSWORD_AGAIN};
    struct cog_question question = {.text = r->text};
    struct cog_secret again = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = -1;

    if (r->text == COG_TEXT_NEW_PASSWORD_BREAKS)
        question.arg[0] = run->facts->refused.shown;
    cog_secret_clear(&r->password);
    if (cog_run_ask(run, &question, &r->password, err) < 0 ||
        cog_run_ask(run, &repeat, &again, err) < 0)
        goto out;
    r->text = judge(run, &r->password, &again);
    rc = 0;

out:
    cog_secret_clear(&again);
    return rc;
}

/* From now on the new password may be the user's, even if no answer comes:
 * until the pool says that it would not have it. */
static int
send_change(struct cog_run *run, const struct renewal *r, struct cog_err *err)
{
    const enum cog_refusal *refused = &run->facts->refused.kind;
    struct cog_api_field fields[1 + COG_NAMES_MAX] = {
        {"NEW_PASSWORD", cog_secret_str(&r->password)}};

    for (size_t i = 0; i < r->attributes.count; i++) {
        fields[1 + i].name = r->attributes.item[i].key;
        fields[1 + i].value = cog_secret_str(&r->attributes.item[i].value);
    }
    run->facts->password_sent = true;
    if (cog_run_respond(run, fields, 1 + r->attributes.count, err) == 0)
        return 0;
    if (*refused == COG_REFUSAL_NEW_PASSWORD ||
        *refused == COG_REFUSAL_ATTRIBUTE)
        run->facts->password_sent = false;
    return -1;
}

/* Attributes the pool refuses are asked for again, with the same password. */
static int
try_change(struct cog_run *run, void *ctx, bool *ret_again, struct cog_err *err)
{
    const enum cog_refusal *refused = &run->facts->refused.kind;
    struct renewal *r = ctx;

    if (*refused == COG_REFUSAL_ATTRIBUTE &&
        cog_attributes_ask(run, &r->attributes, err) < 0)
        return -1;
    if (send_change(run, r, err) == 0)
        return 0;
    *ret_again = *refused == COG_REFUSAL_ATTRIBUTE && r->attributes.count > 0;
    return -1;
}

static int
try_password(struct cog_run *run, void *ctx, bool *ret_again,
             struct cog_err *err)
{
    const struct cog_refused *refused = &run->facts->refused;
    struct renewal *r = ctx;

    if (ask_password(run, r, err) < 0)
        return -1;
    if (r->text != COG_TEXT_NEW_PASSWORD) {
        *ret_again = true;
        return cog_fail(err, COG_E_DENIED, "no usable new password was given");
    }
    if (cog_run_retry(run, try_change, r, err) == 0)
        return 0;
    *ret_again = refused->kind == COG_REFUSAL_NEW_PASSWORD;
    r->text = refused->shown[0] == '\0' ? COG_TEXT_NEW_PASSWORD_REFUSED
                                        : COG_TEXT_NEW_PASSWORD_BREAKS;
    return -1;
}

static int
ask_once(struct cog_run *run, bool *ret_yes, struct cog_err *err)
{
    static const struct cog_question question = {.echo = true,
                                                 .text = COG_TEXT_MUST_CHANGE};
    struct cog_secret answer = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = cog_run_ask_number(run, &question, &answer, err);

    *ret_yes = rc == 0 && strcasecmp(cog_secret_str(&answer), "yes") == 0;
    cog_secret_clear(&answer);
    return rc;
}

/* Asked with echo: sshd's password method then fails here, and never sends the
 * old password as the new. A bare Enter is no yes: ssh without a terminal
 * answers so by itself. */
static int
ask_yes(struct cog_run *run, struct cog_err *err)
{
    for (int asked = 0; asked < YES_ASKED; asked++) {
        bool yes = false;

        if (ask_once(run, &yes, err) < 0)
            return -1;
        if (yes)
            return 0;
    }
    return cog_fail(err, COG_E_DENIED,
                    "the user did not want to choose a new password");
}

/* From now on the new password is the user's. */
static int
take_password(struct cog_run *run, const struct renewal *r, struct cog_err *err)
{
    run->facts->password_changed = true;
    if (cog_run_copy(&run->password, &r->password, err) < 0)
        return -1;
    return cog_run_copy(&run->facts->password, &r->password, err);
}

/* NEW_PASSWORD_REQUIRED. */
int
cog_renew_password(struct cog_run *run, struct cog_err *err)
{
    struct renewal r = {
        .text = COG_TEXT_NEW_PASSWORD,
        .password = COG_SECRET_INIT(COG_FLOW_PASSWORD_MAX),
    };
    int rc = -1;

    if (cog_attributes_find(run->reply, &r.attributes, err) < 0 ||
        ask_yes(run, err) < 0 ||
        cog_attributes_ask(run, &r.attributes, err) < 0 ||
        cog_run_retry(run, try_password, &r, err) < 0)
        goto out;
    rc = run->accepted ? take_password(run, &r, err) : 0;

out:
    cog_attributes_clear(&r.attributes);
    cog_secret_clear(&r.password);
    return rc;
}
