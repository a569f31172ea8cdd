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

int
cog_run_ask_code(struct cog_run *run, const struct cog_question *question,
                 struct cog_secret *ret, struct cog_err *err)
{
    struct cog_secret typed = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = -1;

    if (cog_run_ask(run, question, &typed, err) < 0 ||
        without_blanks(&typed, ret, err) < 0)
        goto out;
    if (!cog_run_usable(ret))
        cog_secret_clear(ret);
    rc = 0;

out:
    cog_secret_clear(&typed);
    return rc;
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
    return 0;
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
