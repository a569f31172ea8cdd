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
    enum cog_text wrong; /* code, after one that is over */
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
};

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
    const enum cog_refusal *refused = &run->facts->refused.kind;
    struct cog_secret code = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = -1;

    a->text = a->kind->wrong; /* unless it turns out to be over */
    if (cog_run_ask_code(run, &question, &code, err) < 0)
        goto out;
    if (code.len == 0) {
        *ret_again = true;
        cog_fail(err, COG_E_DENIED, "no usable code was given");
        goto out;
    }
    {
        const struct cog_api_field field = {a->kind->key,
                                            cog_secret_str(&code)};

        rc = cog_run_respond(run, &field, 1, err);
    }
    *ret_again =
        *refused == COG_REFUSAL_CODE_WRONG || *refused == COG_REFUSAL_CODE_OVER;
    if (*refused == COG_REFUSAL_CODE_OVER)
        a->text = a->kind->over;

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

static int
answer_code(struct cog_run *run, const struct kind *kind, struct cog_err *err)
{
    const char *to = cog_api_parameter(run->reply, "CODE_DELIVERY_DESTINATION");
    struct asking asking = {.kind = kind, .text = kind->first};

    if (to == NULL || *to == '\0')
        to = "***";
    cog_display_clean(to, asking.destination, sizeof(asking.destination));
    if (cog_run_retry(run, try_code, &asking, err) < 0)
        return -1;
    if (run->accepted && is_first_factor(run, kind)) {
        cog_run_prove(run, kind->method);
    } else if (run->accepted) {
        run->facts->mfa = kind->mfa;
    }
    return 0;
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
