/* SPDX-License-Identifier: MIT */
#include "lib/login/change.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lib/core/name.h"
#include "lib/login/keep.h"
#include "lib/login/scope.h"
#include "lib/login/signin.h"
#include "lib/pool/password.h"

/* A refused new password or a wrong code is asked for again this often. */
#define REASKS_MAX 3
/* Where a code went that nobody says where it went. */
#define UNSAID "***"

/* How often yes is asked for, as in a change that the pool demands. */
#define YES_ASKED 2

/* One chauthtok. */
struct change {
    struct cog_signin signin;
    struct cog_secret old;  /* empty: forgotten */
    struct cog_secret code; /* that was sent, in place of `old` */
    struct cog_secret fresh;
    char destination[COG_PASSWORD_DESTINATION_BYTES]; /* of the code */
    struct cog_refused refused; /* of the last call that changes */
    int code_asks;              /* left */
    int fresh_asks;
};

static int
ask(const struct change *c, const struct cog_question *question,
    struct cog_secret *ret, struct cog_err *err)
{
    const struct cog_ui *ui = &c->signin.env->ui;

    cog_secret_clear(ret);
    return ui->ask(ui->ctx, question, ret, err);
}

/* Asked with echo, and a bare Enter is no yes: whatever answers by itself does
 * not start this. */
static int
ask_yes(const struct change *c, enum cog_text text, struct cog_err *err)
{
    const struct cog_question question = {.echo = true, .text = text};
    struct cog_secret answer = COG_SECRET_INIT(COG_ANSWER_MAX);
    bool yes = false;
    int rc = 0;

    for (int asked = 0; rc == 0 && !yes && asked < YES_ASKED; asked++) {
        rc = ask(c, &question, &answer, err);
        yes = rc == 0 && strcasecmp(cog_secret_str(&answer), "yes") == 0;
    }
    cog_secret_clear(&answer);
    if (rc < 0 || yes)
        return rc;
    return cog_fail(err, COG_E_DENIED,
                    "the user did not want to be sent a code");
}

static bool
usable(const struct cog_secret *answer)
{
    return answer->len > 0 &&
           cog_name_typed_valid(cog_secret_str(answer), answer->len);
}

/* Why a new password is asked for once more, or NONE when it may be sent. */
static enum cog_text
judge(const struct change *c, const struct cog_secret *again)
{
    if (!cog_secret_equal(&c->fresh, again))
        return COG_TEXT_NEW_PASSWORD_DIFFERS;
    if (c->old.len > 0 && cog_secret_equal(&c->fresh, &c->old))
        return COG_TEXT_NEW_PASSWORD_SAME;
    return usable(&c->fresh) ? COG_TEXT_NONE : COG_TEXT_NEW_PASSWORD_REFUSED;
}

/* Ask twice; *text becomes the judgement. */
static int
ask_twice(struct change *c, enum cog_text *text, struct cog_err *err)
{
    static const struct cog_question repeat = {.text =
                                                   COG_TEXT_NEW_PASSWORD_AGAIN};
    struct cog_question question = {.text = *text};
    struct cog_secret again = COG_SECRET_INIT(COG_ANSWER_MAX);
    int rc = -1;

    if (*text == COG_TEXT_NEW_PASSWORD_BREAKS)
        question.arg[0] = c->refused.shown;
    if (ask(c, &question, &c->fresh, err) == 0 &&
        ask(c, &repeat, &again, err) == 0) {
        *text = judge(c, &again);
        rc = 0;
    }
    cog_secret_clear(&again);
    return rc;
}

/* Ask for a new password, first with `text`, until one can be sent. */
static int
ask_fresh(struct change *c, enum cog_text text, struct cog_err *err)
{
    while (text != COG_TEXT_NONE) {
        if (c->fresh_asks-- == 0) {
            return cog_fail(err, COG_E_AUTHTOK,
                            "no acceptable new password was given");
        }
        if (ask_twice(c, &text, err) < 0)
            return -1;
    }
    return 0;
}

/* The same for the code. */
static int
ask_code(struct change *c, enum cog_text text, struct cog_err *err)
{
    cog_secret_clear(&c->code);
    while (!usable(&c->code)) {
        const struct cog_question question = {
            .echo = true,
            .text = text,
            .arg = {c->destination},
        };

        if (c->code_asks-- == 0)
            return cog_fail(err, COG_E_DENIED, "no valid code was given");
        cog_secret_clear(&c->code);
        if (cog_signin_ask_code(&c->signin, &question, &c->code, err) < 0)
            return -1;
        text = COG_TEXT_RESET_CODE_WRONG;
    }
    return 0;
}

/* Ask once more for what the pool refused for the reason `why`, if another
 * answer can mend that. */
static int
ask_better(struct change *c, const struct cog_err *why, struct cog_err *err)
{
    const enum cog_refusal kind = c->refused.kind;

    if (kind == COG_REFUSAL_NEW_PASSWORD) {
        return ask_fresh(c,
                         c->refused.shown[0] == '\0'
                             ? COG_TEXT_NEW_PASSWORD_REFUSED
                             : COG_TEXT_NEW_PASSWORD_BREAKS,
                         err);
    }
    if (kind == COG_REFUSAL_CODE_WRONG)
        return ask_code(c, COG_TEXT_RESET_CODE_WRONG, err);
    if (kind == COG_REFUSAL_CODE_OVER)
        return ask_code(c, COG_TEXT_RESET_CODE_OVER, err);
    cog_signin_tell(&c->signin, &c->refused);
    return cog_fail(err, why->code, "%s", why->msg);
}

/*
 * The old password opens nothing offline from now on: the pool may change it
 * and its answer be lost. As long as it would, it is not changed. Whoever has
 * nothing to show but a code that may be wrong ends nobody's record with it.
 */
static int
forget_old(const struct change *c, struct cog_err *err)
{
    const bool proven = c->code.len == 0;
    struct cog_err why = COG_ERR_INIT;

    if (!cog_signin_known(c->signin.login) ||
        cog_keep_drop_verifier(c->signin.login, proven, &c->signin.facts->note,
                               &why) == 0)
        return 0;
    return cog_fail(err, COG_E_SYSTEM,
                    "not changed, since the old password would still work "
                    "offline: %s",
                    why.msg);
}

/* Send it, until it is accepted or there is nothing more to ask for. */
static int
settle(struct change *c, int (*once)(struct change *c, struct cog_err *err),
       struct cog_err *err)
{
    for (;;) {
        struct cog_err why = COG_ERR_INIT;

        if (forget_old(c, err) < 0)
            return -1;
        if (once(c, &why) == 0)
            return 0;
        if (ask_better(c, &why, err) < 0)
            return -1;
    }
}

/* To whom no code was sent, none is right. */
static int
send_reset(struct change *c, struct cog_err *err)
{
    const struct cog_signin *s = &c->signin;

    if (!cog_signin_known(s->login)) {
        c->refused.kind = COG_REFUSAL_CODE_WRONG;
        return cog_signin_check_user(s, err);
    }
    return cog_password_reset(&s->api, s->login->prepared->pool_user, &c->code,
                              &c->fresh, &c->refused, err);
}

/* Nobody is proven yet: only the rules that need no token can hold. Whom the
 * pool is not asked about is sent nothing, which only the log says. */
static int
send_code(struct change *c, struct cog_err *err)
{
    const struct cog_signin *s = &c->signin;
    const struct cog_prepared *prepared = s->login->prepared;

    if (cog_scope_denied(&prepared->config, &prepared->local))
        return cog_fail(err, COG_E_IDENTITY, "named in deny_users");
    if (!cog_signin_known(s->login)) {
        (void)!cog_signin_check_user(s, &s->facts->note);
    } else if (cog_password_forgot(&s->api, prepared->pool_user, c->destination,
                                   &c->refused, err) < 0) {
        return -1;
    }
    if (c->destination[0] == '\0')
        memcpy(c->destination, UNSAID, sizeof(UNSAID));
    return 0;
}

/* Whoever he is, he is asked the same. */
static int
change_by_code(struct change *c, enum cog_text offer, struct cog_err *err)
{
    if (ask_yes(c, offer, err) < 0 || send_code(c, err) < 0 ||
        ask_code(c, COG_TEXT_RESET_CODE, err) < 0 ||
        ask_fresh(c, COG_TEXT_NEW_PASSWORD, err) < 0 ||
        settle(c, send_reset, err) < 0)
        return -1;
    c->signin.facts->method = "reset_code";
    c->signin.facts->rule = "password set with a code";
    return 0;
}

static int
send_change(struct change *c, struct cog_err *err)
{
    const struct cog_signin *s = &c->signin;

    return cog_password_change(&s->api, &s->reply.tokens.access, &c->old,
                               &c->fresh, &c->refused, err);
}

/* Signed in; where the pool demanded a new password on the way, it is done. */
static int
change_by_token(struct change *c, struct cog_err *err)
{
    const struct cog_flow_facts *flow = &c->signin.flow;

    if (!flow->password_changed &&
        (ask_fresh(c, COG_TEXT_NEW_PASSWORD, err) < 0 ||
         settle(c, send_change, err) < 0))
        return -1;
    c->signin.facts->rule = "password changed";
    return 0;
}

static int
change_by_password(struct change *c, struct cog_err *err)
{
    struct cog_signin *s = &c->signin;
    struct cog_err why = COG_ERR_INIT;
    int rc;

    if (cog_signin_check_form(&c->old, err) < 0 ||
        cog_signin_check_user(s, err) < 0)
        return -1;
    rc = cog_signin_run(s, &c->old, &why);
    if (rc == 0) {
        rc = change_by_token(c, err);
    } else if (s->flow.refused.kind == COG_REFUSAL_RESET) {
        rc = change_by_code(c, COG_TEXT_MUST_RESET, err);
    } else {
        cog_fail(err, why.code, "%s", why.msg);
    }
    cog_signin_revoke(s);
    return rc;
}

static int
change(struct change *c, struct cog_err *err)
{
    if (cog_signin_ask(&c->signin, COG_TEXT_CURRENT_PASSWORD, &c->old, err) < 0)
        return -1;
    return c->old.len > 0 ? change_by_password(c, err)
                          : change_by_code(c, COG_TEXT_FORGOTTEN, err);
}

/* A sign-in beside this one may have kept the old password meanwhile. */
static void
forget_again(const struct change *c)
{
    struct cog_err why = COG_ERR_INIT;

    if (cog_keep_drop_verifier(c->signin.login, true, &c->signin.facts->note,
                               &why) < 0) {
        cog_login_note(&c->signin.facts->note,
                       "the old password may still work offline: %s", why.msg);
    }
}

/* As after any try; but who is proven came for a new password, and an access
 * token lasts only so long. */
static enum cog_errc
code_of(const struct change *c, enum cog_errc code)
{
    code = cog_signin_code(&c->signin, code);
    if (code != COG_E_REFUSED)
        return code;
    return c->refused.kind == COG_REFUSAL_TOKEN ? COG_E_LATE : COG_E_AUTHTOK;
}

int
cog_change_password(const struct cog_env *env, const struct cog_login *login,
                    struct cog_login_facts *facts, struct cog_err *err)
{
    struct change c = {
        .old = COG_SECRET_INIT(COG_ANSWER_MAX),
        .code = COG_SECRET_INIT(COG_ANSWER_MAX),
        .fresh = COG_SECRET_INIT(COG_ANSWER_MAX),
        .code_asks = 1 + REASKS_MAX,
        .fresh_asks = 1 + REASKS_MAX,
    };
    struct cog_err why = COG_ERR_INIT;
    int rc = cog_signin_open(env, login, facts, &c.signin, &why);

    if (rc == 0)
        rc = change(&c, &why);
    if (rc == 0) {
        forget_again(&c);
    } else {
        cog_fail(err, code_of(&c, why.code), "%s", why.msg);
    }
    cog_secret_clear(&c.old);
    cog_secret_clear(&c.code);
    cog_secret_clear(&c.fresh);
    cog_signin_close(&c.signin);
    return rc;
}

int
cog_change_check(const struct cog_env *env, const struct cog_login *login,
                 struct cog_err *err)
{
    const struct cog_prepared *prepared = login->prepared;

    if (cog_scope_check(&prepared->config, &prepared->local, err) < 0)
        return -1;
    return cog_signin_reach(env, &prepared->config, err);
}
