/* SPDX-License-Identifier: MIT */
#include "lib/pool/answers.h"

#include "lib/core/display.h"

/* Where a code was sent, as the pool masks it, in bytes with the NUL. */
#define DESTINATION_BYTES 128

/* One kind of code. */
struct kind {
    const char *key;     /* in ChallengeResponses */
    bool sent;           /* to somewhere the texts name */
    enum cog_text first; /* how it is asked for: at first, after a wrong */
    enum cog_text wrong; /* code, after (or instead of) one that is over */
    enum cog_text over;
    const char *mfa;    /* what it is as a second factor ... */
    const char *method; /* ... and as the first; NULL: never */
};

static const struct kind totp = {
    .key = "SOFTWARE_TOKEN_MFA_CODE",
    .first = COG_TEXT_TOTP,
    .wrong = COG_TEXT_TOTP_WRONG,
    .over = COG_TEXT_TOTP_USED,
    .mfa = "totp",
};
static const struct kind sms_mfa = {
    .key = "SMS_MFA_CODE",
    .sent = true,
    .first = COG_TEXT_SMS,
    .wrong = COG_TEXT_SMS_WRONG,
    .over = COG_TEXT_SMS_OVER,
    .mfa = "sms",
};
static const struct kind sms_otp = {
    .key = "SMS_OTP_CODE",
    .sent = true,
    .first = COG_TEXT_SMS,
    .wrong = COG_TEXT_SMS_WRONG,
    .over = COG_TEXT_SMS_OVER,
    .mfa = "sms",
    .method = "sms_otp",
};
static const struct kind email = {
    .key = "EMAIL_OTP_CODE",
    .sent = true,
    .first = COG_TEXT_EMAIL,
    .wrong = COG_TEXT_EMAIL_WRONG,
    .over = COG_TEXT_EMAIL_OVER,
    .mfa = "email",
    .method = "email_otp",
};

/* A question on its way to an accepted code. */
struct asking {
    const struct kind *kind;
    enum cog_text text;
    char destination[DESTINATION_BYTES];
    struct cog_secret refused; /* the last code that was sent */
};

/* May it be sent? Once it is clear that a program answers, it is not asked
 * again; a person who has to wait for the next code of an authenticator is. */
static int
check_code(const struct cog_run *run, struct asking *a,
           const struct cog_secret *code, bool *ret_again, struct cog_err *err)
{
    if (code->len == 0) {
        a->text = a->kind->wrong;
        *ret_again = true;
        return cog_fail(err, COG_E_DENIED, "no usable code was given");
    }
    if (cog_run_check_name(run, code, err) < 0)
        return -1;
    if (cog_run_check_news(&a->refused, code, err) == 0)
        return 0;
    *ret_again = a->text == a->kind->over;
    return -1;
}

/* The code that is sent is wrong, or over. Of those that are sent to the user
 * another takes another sign-in, as an expired session does. */
static void
judge_refusal(struct cog_run *run, struct asking *a, bool *ret_again)
{
    enum cog_refusal *kind = &run->facts->refused.kind;

    if (*kind == COG_REFUSAL_CODE_OVER && a->kind->sent)
        *kind = COG_REFUSAL_SESSION;
    *ret_again =
        *kind == COG_REFUSAL_CODE_WRONG || *kind == COG_REFUSAL_CODE_OVER;
    a->text = *kind == COG_REFUSAL_CODE_OVER ? a->kind->over : a->kind->wrong;
}

/* Ask for a code and send it. Codes have any length: e-mail ones have had 6
 * and 8 digits. Asked with echo: sshd's password method would answer an
 * echo-off question with the password, and the wrong code would count. */
static int
try_code(struct cog_run *run, void *ctx, bool *ret_again, struct cog_err *err)
{
    struct asking *a = ctx;
    const struct cog_question question = {
        .echo = true,
        .text = a->text,
        .arg = {a->kind->sent ? a->destination : NULL},
    };
    struct cog_secret code = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = -1;

    if (cog_run_ask_code(run, &question, &code, err) < 0 ||
        check_code(run, a, &code, ret_again, err) < 0 ||
        cog_run_copy(&a->refused, &code, err) < 0)
        goto out;
    {
        const struct cog_api_field field = {a->kind->key,
                                            cog_secret_str(&code)};

        rc = cog_run_respond(run, &field, 1, err);
    }
    if (rc < 0)
        judge_refusal(run, a, ret_again);

out:
    cog_secret_clear(&code);
    return rc;
}

/* A code proves a user who has proven nothing, but only where the user may
 * choose the factor: no other flow of the pool's begins with one. */
static bool
is_first_factor(const struct cog_run *run, const struct kind *kind)
{
    return kind->method != NULL && !run->proven &&
           run->flow->kind == COG_API_CHOICE;
}

/* Where it was sent, and whether that is news: after another beginning, the
 * code that came first opens nothing. */
static void
describe(struct cog_run *run, struct asking *a)
{
    const char *to = cog_api_parameter(run->reply, "CODE_DELIVERY_DESTINATION");

    a->text = a->kind->first;
    if (!a->kind->sent)
        return;
    if (run->sent_before)
        a->text = a->kind->over;
    run->sent_before = false;
    run->sent = true;
    if (to == NULL || *to == '\0')
        to = "***";
    cog_display_clean(to, a->destination, sizeof(a->destination));
}

/* Where the reply to the password did not say whether it was right, this code
 * may have been the first factor or the second: the user is not taken for one
 * who has only one. */
static void
note_factor(struct cog_run *run, const struct kind *kind)
{
    const bool first = is_first_factor(run, kind);

    if (!first || run->unclear)
        run->facts->mfa = kind->mfa;
    if (first)
        cog_run_prove(run, kind->method);
}

static int
answer_code(struct cog_run *run, const struct kind *kind, struct cog_err *err)
{
    struct asking asking = {
        .kind = kind,
        .refused = COG_SECRET_INIT(COG_RUN_ANSWER_MAX),
    };
    int rc;

    describe(run, &asking);
    rc = cog_run_retry(run, try_code, &asking, err);
    cog_secret_clear(&asking.refused);
    if (rc == 0 && run->accepted)
        note_factor(run, kind);
    return rc;
}

int
cog_codes_totp(struct cog_run *run, struct cog_err *err)
{
    return answer_code(run, &totp, err);
}

int
cog_codes_sms_mfa(struct cog_run *run, struct cog_err *err)
{
    return answer_code(run, &sms_mfa, err);
}

int
cog_codes_sms_otp(struct cog_run *run, struct cog_err *err)
{
    return answer_code(run, &sms_otp, err);
}

int
cog_codes_email(struct cog_run *run, struct cog_err *err)
{
    return answer_code(run, &email, err);
}
