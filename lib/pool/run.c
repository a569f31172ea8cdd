/* SPDX-License-Identifier: MIT */
#include "lib/pool/run.h"

#include <string.h>

int
cog_run_ask(struct cog_run *run, const struct cog_question *question,
            struct cog_secret *answer, struct cog_err *err)
{
    return run->env->ui.ask(run->env->ui.ctx, question, answer, err);
}

static int
without_blanks(const struct cog_secret *typed, struct cog_secret *ret,
               struct cog_err *err)
{
    const char *p = cog_secret_str(typed);

    while (*p != '\0') {
        const size_t len = strcspn(p, " \t");

        if (cog_secret_append(ret, p, len, err) < 0)
            return -1;
        p += len + strspn(p + len, " \t");
    }
    return 0;
}

/* From what was typed to what is of use. */
static int
take_code(const struct cog_secret *typed, struct cog_secret *ret,
          struct cog_err *err)
{
    if (without_blanks(typed, ret, err) < 0)
        return -1;
    if (!cog_run_usable(ret))
        cog_secret_clear(ret);
    return 0;
}

int
cog_run_ask_number(struct cog_run *run, const struct cog_question *question,
                   struct cog_secret *ret, struct cog_err *err)
{
    struct cog_secret typed = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = cog_run_ask(run, question, &typed, err);

    if (rc == 0)
        rc = take_code(&typed, ret, err);
    cog_secret_clear(&typed);
    return rc;
}

/* The one at hand, or the one the sign-in began with. */
static int
check_password(const struct cog_run *run, const struct cog_secret *answer,
               struct cog_err *err)
{
    if (answer->len == 0 || (!cog_secret_equal(answer, &run->password) &&
                             !cog_secret_equal(answer, run->flow->password)))
        return 0;
    return cog_fail(err, COG_E_DENIED,
                    "the answer to another question was the password, as some "
                    "programs give it by themselves: it was not sent");
}

static int
ask_checked(struct cog_run *run, const struct cog_question *question,
            struct cog_secret *ret, struct cog_err *err)
{
    if (cog_run_ask(run, question, ret, err) < 0)
        return -1;
    return check_password(run, ret, err);
}

int
cog_run_ask_word(struct cog_run *run, const struct cog_question *question,
                 struct cog_secret *ret, struct cog_err *err)
{
    if (ask_checked(run, question, ret, err) < 0)
        return -1;
    if (!cog_run_usable(ret))
        cog_secret_clear(ret);
    return 0;
}

int
cog_run_ask_code(struct cog_run *run, const struct cog_question *question,
                 struct cog_secret *ret, struct cog_err *err)
{
    struct cog_secret typed = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = -1;

    if (ask_checked(run, question, &typed, err) < 0 ||
        take_code(&typed, ret, err) < 0)
        goto out;
    rc = check_password(run, ret, err);

out:
    cog_secret_clear(&typed);
    return rc;
}

int
cog_run_check_name(const struct cog_run *run, const struct cog_secret *answer,
                   struct cog_err *err)
{
    const char *const names[] = {run->flow->local_user, run->flow->username,
                                 run->username};

    for (size_t i = 0; i < COG_COUNT(names); i++) {
        if (names[i] != NULL && strcmp(names[i], cog_secret_str(answer)) == 0) {
            return cog_fail(err, COG_E_DENIED,
                            "the answer to another question was the user's "
                            "name, as some programs give it by themselves: it "
                            "was not sent");
        }
    }
    return 0;
}

int
cog_run_check_news(const struct cog_secret *refused,
                   const struct cog_secret *code, struct cog_err *err)
{
    if (refused->len == 0 || !cog_secret_equal(refused, code))
        return 0;
    return cog_fail(err, COG_E_DENIED,
                    "the wrong code was given again, as some programs do by "
                    "themselves: it was not sent");
}

bool
cog_run_usable(const struct cog_secret *answer)
{
    return answer->len > 0 &&
           cog_name_typed_valid(cog_secret_str(answer), answer->len);
}

int
cog_run_retry(struct cog_run *run, cog_run_try *once, void *ctx,
              struct cog_err *err)
{
    for (int reasks = 0;; reasks++) {
        struct cog_err why = COG_ERR_INIT;
        bool again = false;

        if (once(run, ctx, &again, &why) == 0)
            return 0;
        if (!again || reasks == COG_RUN_REASKS_MAX)
            return cog_fail(err, why.code, "%s", why.msg);
    }
}

int
cog_run_respond(struct cog_run *run, const struct cog_api_field *fields,
                size_t count, struct cog_err *err)
{
    struct cog_api_reply next = COG_API_REPLY_INIT;
    const struct cog_api_answer answer = {
        .challenge = run->reply->challenge,
        .username = run->username,
        .session = &run->reply->session,
        .fields = fields,
        .count = count,
        .device_key =
            run->device == NULL ? NULL : cog_secret_str(&run->device->key),
        .proven = run->facts->proven,
    };

    if (cog_api_respond(run->flow->api, &answer, &next, &run->facts->refused,
                        err) < 0)
        return -1;
    run->accepted = strcmp(next.challenge, run->reply->challenge) != 0 &&
                    !cog_run_asks_first(next.challenge);
    cog_api_clear(run->reply);
    *run->reply = next;
    cog_run_keep_offer(run);
    return 0;
}

void
cog_run_keep_offer(struct cog_run *run)
{
    if (run->reply->available == NULL)
        return;
    json_decref(run->available);
    run->available = json_incref(run->reply->available);
}

bool
cog_run_asks_first(const char *challenge)
{
    static const char *const names[] = {
        "SELECT_CHALLENGE", "PASSWORD", "PASSWORD_SRP", "SMS_OTP", "WEB_AUTHN",
    };

    for (size_t i = 0; i < COG_COUNT(names); i++) {
        if (strcmp(challenge, names[i]) == 0)
            return true;
    }
    return false;
}

void
cog_run_prove(struct cog_run *run, const char *method)
{
    run->proven = true;
    run->facts->proven = true;
    run->facts->method = method;
}

int
cog_run_prove_password(struct cog_run *run, struct cog_err *err)
{
    cog_run_prove(run, "password");
    return cog_run_copy(&run->facts->password, &run->password, err);
}

int
cog_run_copy(struct cog_secret *to, const struct cog_secret *from,
             struct cog_err *err)
{
    cog_secret_clear(to);
    return cog_secret_append(to, cog_secret_str(from), from->len, err);
}
