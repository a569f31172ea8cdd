/* SPDX-License-Identifier: MIT */
#include "lib/login/login.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/core/number.h"
#include "lib/login/keep.h"
#include "lib/login/offline.h"
#include "lib/login/reauth.h"
#include "lib/login/signin.h"

/* How often a choice that is none is asked for again, as in a real menu. */
#define DECOY_REASKS_MAX 3

static bool
has_menu(const struct cog_login *login)
{
    return login->prepared->config.auth_flow == COG_AUTH_FLOW_USER_AUTH;
}

/* Choosing among one, as in a real menu. */
static int
ask_choice(const struct cog_signin *s, struct cog_err *err)
{
    struct cog_question question = {
        .echo = true,
        .text = COG_TEXT_CHOOSE_FIRST,
        .option = {COG_TEXT_OPTION_PASSWORD},
        .options = 1,
    };
    int64_t number = 0;

    for (int reasks = 0; number == 0; reasks++) {
        struct cog_secret typed = COG_SECRET_INIT(COG_ANSWER_MAX);
        int rc;

        if (reasks > DECOY_REASKS_MAX) {
            return cog_fail(err, COG_E_DENIED,
                            "no number of the menu was chosen");
        }
        rc = cog_signin_ask_code(s, &question, &typed, err);
        if (rc == 0)
            (void)cog_number_parse(cog_secret_str(&typed), 1, 1, &number);
        cog_secret_clear(&typed);
        if (rc < 0)
            return -1;
        question.text = COG_TEXT_CHOOSE_AGAIN;
    }
    return 0;
}

/* Whom the pool is not asked about chooses like anyone, and his password goes
 * nowhere. */
static int
ask_decoy(const struct cog_signin *s, struct cog_err *err)
{
    const struct cog_question question = {.text = COG_TEXT_PASSWORD_PROMPT};
    const struct cog_ui *ui = &s->env->ui;
    struct cog_secret password = COG_SECRET_INIT(COG_ANSWER_MAX);
    int rc = ask_choice(s, err);

    if (rc == 0)
        rc = ui->ask(ui->ctx, &question, &password, err);
    cog_secret_clear(&password);
    return rc;
}

/*
 * May what was typed go to the pool? Nothing typed asks for the pool's menu,
 * where there is one; an empty password of an earlier module does not.
 */
static int
check(struct cog_signin *s, bool stacked, const struct cog_secret *password,
      struct cog_err *err)
{
    const bool menu = password->len == 0 && !stacked && has_menu(s->login);

    if (!menu && cog_signin_check_form(password, err) < 0)
        return -1;
    if (menu && !cog_signin_known(s->login) && ask_decoy(s, err) < 0)
        return -1;
    return cog_signin_check_user(s, err);
}

/* Leave what later calls need. */
static int
keep(struct cog_signin *s, struct cog_err *err)
{
    const struct cog_keep_signin signin = {
        .api = &s->api,
        .tokens = &s->reply.tokens,
        .claims = s->claims,
        .flow = &s->flow,
    };
    struct cog_err *note = &s->facts->note;

    if (cog_keep_write(s->env, s->login, &signin, note, err) < 0)
        return -1;
    cog_reauth_grant(s->env, s->login, s->facts->sub, note);
    return 0;
}

/* Was nothing of the pool heard, from the first request on? */
static bool
is_unreachable(const struct cog_signin *s, const struct cog_err *why)
{
    return why->code == COG_E_UNREACHABLE && !s->flow.answered;
}

/* A refresh token that is not to be kept ends here, that of somebody who was
 * not let in as well. */
static int
try(struct cog_signin *s, const struct cog_secret *password,
    struct cog_err *err)
{
    const struct cog_config *config = &s->login->prepared->config;
    struct cog_err why = COG_ERR_INIT;
    int rc = cog_signin_run(s, password, &why);

    if (rc == 0)
        rc = keep(s, &why);
    if (rc < 0 || s->login->read_only || !config->token_cache)
        cog_signin_revoke(s);
    if (rc == 0)
        return 0;
    if (!config->offline || !is_unreachable(s, &why))
        return cog_fail(err, why.code, "%s", why.msg);
    cog_login_note(&s->facts->note, "%s", why.msg);
    return cog_offline_run(s->env, s->login, password, s->facts, err);
}

/*
 * One password, asked for and tried; it is left in `password`. `refused` is
 * one the pool has just refused (NULL: none): sshd's password method gives the
 * same to every question, and the pool would count it twice.
 */
static int
attempt(struct cog_signin *s, const struct cog_secret *refused,
        struct cog_secret *password, struct cog_err *err)
{
    const enum cog_text text = has_menu(s->login) ? COG_TEXT_PASSWORD_OR_MENU
                                                  : COG_TEXT_PASSWORD_PROMPT;
    const bool stacked = refused == NULL && s->login->stacked != COG_STACKED_NO;

    if (cog_signin_ask(s, text, password, err) < 0 ||
        check(s, stacked, password, err) < 0)
        return -1;
    if (refused != NULL && refused->len > 0 &&
        cog_secret_equal(password, refused)) {
        return cog_fail(err, COG_E_DENIED,
                        "the same wrong password was given twice");
    }
    return try(s, password, err);
}

/* try_first_pass: when the stacked password is wrong, ask once. Where it was
 * right, and a code was wrong, another password is of no use. */
static int
attempts(struct cog_signin *s, struct cog_err *err)
{
    struct cog_secret stacked = COG_SECRET_INIT(COG_ANSWER_MAX);
    struct cog_secret typed = COG_SECRET_INIT(COG_ANSWER_MAX);
    struct cog_err first = COG_ERR_INIT;
    int rc = attempt(s, NULL, &stacked, &first);

    if (rc < 0 && first.code == COG_E_DENIED && !s->flow.proven &&
        s->login->stacked == COG_STACKED_TRY) {
        rc = attempt(s, &stacked, &typed, err);
    } else if (rc < 0) {
        cog_fail(err, first.code, "%s", first.msg);
    }
    cog_secret_clear(&stacked);
    cog_secret_clear(&typed);
    return rc;
}

int
cog_login_authenticate(const struct cog_env *env, const struct cog_login *login,
                       struct cog_login_facts *facts, struct cog_err *err)
{
    struct cog_login_facts asked = COG_LOGIN_FACTS_INIT;
    struct cog_err why = COG_ERR_INIT;
    struct cog_signin s;
    int rc;

    if (cog_reauth_run(env, login, &asked)) {
        *facts = asked;
        return 0;
    }
    rc = cog_signin_open(env, login, facts, &s, &why);
    facts->note = asked.note;
    if (rc == 0)
        rc = attempts(&s, &why);
    if (rc < 0)
        cog_fail(err, cog_signin_code(&s, why.code), "%s", why.msg);
    cog_signin_close(&s);
    return rc;
}

void
cog_login_note(struct cog_err *note, const char *fmt, ...)
{
    const size_t len = strlen(note->msg);
    const char *joint = len == 0 ? "" : "; ";
    char more[COG_ERR_MSG_BYTES];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(more, sizeof(more), fmt, ap);
    va_end(ap);
    note->code = COG_E_SYSTEM;
    (void)snprintf(note->msg + len, sizeof(note->msg) - len, "%s%s", joint,
                   more);
}

void
cog_login_reason(const struct cog_login_facts *facts, const struct cog_err *err,
                 char ret[COG_ERR_MSG_BYTES])
{
    const char *why = err->code == COG_OK ? facts->rule : err->msg;
    const char *note = facts->note.msg;
    const char *joint = why[0] != '\0' && note[0] != '\0' ? "; " : "";
    const int room =
        COG_ERR_MSG_BYTES - 1 - (int)(strlen(joint) + strlen(note));
    const int least = COG_ERR_MSG_BYTES / 2;

    if (snprintf(ret, COG_ERR_MSG_BYTES, "%.*s%s%s",
                 room > least ? room : least, why, joint, note) < 0)
        ret[0] = '\0';
}
