/* SPDX-License-Identifier: MIT */
#include "lib/pool/answers.h"

#include "lib/core/display.h"

/* Longest question of a pool's own that is shown, in bytes with the NUL. */
#define PROMPT_BYTES 512

/* A Lambda names its parameters as it likes; these are what people use. */
static const char *
prompt_of(const struct cog_api_reply *reply)
{
    static const char *const names[] = {"prompt", "question", "message",
                                        "challenge"};

    for (size_t i = 0; i < COG_COUNT(names); i++) {
        const char *value = cog_api_parameter(reply, names[i]);

        if (value != NULL && *value != '\0')
            return value;
    }
    return "";
}

/* Sent as typed: what the question is, only the pool knows. It may come again
 * by itself with another question, of which the same can be the answer. */
static int
try_answer(struct cog_run *run, void *ctx, bool *ret_again, struct cog_err *err)
{
    const char *prompt = ctx;
    const struct cog_question question = {
        .echo = true,
        .text = *prompt == '\0' ? COG_TEXT_CUSTOM_BARE : COG_TEXT_CUSTOM,
        .arg = {*prompt == '\0' ? NULL : prompt},
    };
    struct cog_secret typed = COG_SECRET_INIT(COG_RUN_ANSWER_MAX);
    int rc = -1;

    if (cog_run_ask_word(run, &question, &typed, err) < 0)
        goto out;
    if (typed.len == 0) {
        *ret_again = true;
        cog_fail(err, COG_E_DENIED, "no usable answer was given");
        goto out;
    }
    if (cog_run_check_name(run, &typed, err) < 0)
        goto out;
    {
        const struct cog_api_field field = {"ANSWER", cog_secret_str(&typed)};

        rc = cog_run_respond(run, &field, 1, err);
    }

out:
    cog_secret_clear(&typed);
    return rc;
}

/* CUSTOM_CHALLENGE. Alone it proves nothing: what a Lambda takes for right is
 * out of our sight. But it is a second factor, before the password also. */
int
cog_custom_answer(struct cog_run *run, struct cog_err *err)
{
    char prompt[PROMPT_BYTES];

    cog_display_clean(prompt_of(run->reply), prompt, sizeof(prompt));
    if (cog_run_retry(run, try_answer, prompt, err) < 0)
        return -1;
    if (run->accepted)
        run->facts->mfa = "custom";
    return 0;
}
