/* SPDX-License-Identifier: MIT */
#include "pam/authtok.h"

#include <stddef.h>

/* What an earlier module left, or NULL. */
static const char *
left_over(pam_handle_t *pamh, int type)
{
    const void *item = NULL;

    if (pam_get_item(pamh, type, &item) != PAM_SUCCESS || item == NULL ||
        *(const char *)item == '\0')
        return NULL;
    return item;
}

static enum cog_stacked
mode_of(pam_handle_t *pamh, int type, bool only, bool try)
{
    if (only)
        return COG_STACKED_ONLY;
    if (try && left_over(pamh, type) != NULL)
        return COG_STACKED_TRY;
    return COG_STACKED_NO;
}

struct cog_authtok
cog_authtok_begin(pam_handle_t *pamh, const struct cog_args *args,
                  enum cog_operation operation)
{
    const bool changes = operation == COG_OP_PASSWORD;
    const bool first_pass = args->try_first_pass || args->use_first_pass;
    const int proof = changes ? PAM_OLDAUTHTOK : PAM_AUTHTOK;

    return (struct cog_authtok){
        .pamh = pamh,
        .changes = changes,
        .proof = {.item = proof,
                  .mode = mode_of(pamh, proof, args->use_first_pass,
                                  args->try_first_pass),
                  .code = COG_E_DENIED,
                  .why = "use_first_pass, but no usable password was given to "
                         "an earlier module"},
        .wish = {.item = PAM_AUTHTOK,
                 .mode =
                     mode_of(pamh, PAM_AUTHTOK, args->use_authtok, first_pass),
                 .code = COG_E_AUTHTOK,
                 .why = "use_authtok, but no acceptable new password was given "
                        "to an earlier module"},
        .old_password = COG_SECRET_INIT(COG_ANSWER_MAX),
        .new_password = COG_SECRET_INIT(COG_ANSWER_MAX),
    };
}

bool
cog_authtok_proves(enum cog_text text)
{
    return text == COG_TEXT_PASSWORD_PROMPT ||
           text == COG_TEXT_PASSWORD_OR_MENU ||
           text == COG_TEXT_CURRENT_PASSWORD;
}

static bool
wishes(const struct cog_authtok *authtok, enum cog_text text)
{
    return authtok->changes && (text == COG_TEXT_NEW_PASSWORD ||
                                text == COG_TEXT_NEW_PASSWORD_SAME ||
                                text == COG_TEXT_NEW_PASSWORD_DIFFERS ||
                                text == COG_TEXT_NEW_PASSWORD_REFUSED ||
                                text == COG_TEXT_NEW_PASSWORD_BREAKS);
}

/* Take what the stack has, once. */
static int
take(pam_handle_t *pamh, struct cog_authtok_source *source,
     struct cog_secret *answer, bool *ret_used, struct cog_err *err)
{
    struct cog_err full = COG_ERR_INIT;
    const char *password = left_over(pamh, source->item);

    if (source->mode == COG_STACKED_NO)
        return 0;
    if (source->used || password == NULL) {
        return source->mode == COG_STACKED_ONLY
                   ? cog_fail(err, source->code, "%s", source->why)
                   : 0;
    }
    source->used = true;
    *ret_used = true;
    if (cog_secret_append_str(answer, password, &full) == 0)
        return 0;
    return cog_fail(err, full.code == COG_E_NOMEM ? COG_E_NOMEM : source->code,
                    "the stacked password is too long");
}

int
cog_authtok_answer(struct cog_authtok *authtok, enum cog_text text,
                   struct cog_secret *answer, bool *ret_used,
                   struct cog_err *err)
{
    *ret_used = false;
    if (cog_authtok_proves(text))
        return take(authtok->pamh, &authtok->proof, answer, ret_used, err);
    if (wishes(authtok, text))
        return take(authtok->pamh, &authtok->wish, answer, ret_used, err);
    if (text != COG_TEXT_NEW_PASSWORD_AGAIN || !authtok->repeat)
        return 0;
    *ret_used = true;
    return cog_secret_append_str(answer, cog_secret_str(&authtok->new_password),
                                 err);
}

static int
replace(struct cog_secret *kept, const struct cog_secret *answer,
        struct cog_err *err)
{
    cog_secret_clear(kept);
    return cog_secret_append_str(kept, cog_secret_str(answer), err);
}

int
cog_authtok_note(struct cog_authtok *authtok, enum cog_text text,
                 const struct cog_secret *answer, bool stacked,
                 struct cog_err *err)
{
    if (authtok->changes && cog_authtok_proves(text))
        return replace(&authtok->old_password, answer, err);
    if (!wishes(authtok, text))
        return 0;
    authtok->repeat = stacked;
    return replace(&authtok->new_password, answer, err);
}

int
cog_authtok_guard(pam_handle_t *pamh, struct cog_err *err)
{
    if (left_over(pamh, PAM_OLDAUTHTOK) == NULL &&
        pam_set_item(pamh, PAM_OLDAUTHTOK, "") != PAM_SUCCESS)
        return cog_fail(err, COG_E_SYSTEM, "pam_set_item failed");
    return 0;
}

static void
leave(pam_handle_t *pamh, int type, const struct cog_secret *password)
{
    if (password->len > 0)
        (void)pam_set_item(pamh, type, cog_secret_str(password));
}

void
cog_authtok_hand_on(const struct cog_authtok *authtok, bool old_proven)
{
    if (!authtok->changes)
        return;
    leave(authtok->pamh, PAM_AUTHTOK, &authtok->new_password);
    if (old_proven && left_over(authtok->pamh, PAM_OLDAUTHTOK) == NULL)
        leave(authtok->pamh, PAM_OLDAUTHTOK, &authtok->old_password);
}

void
cog_authtok_clear(struct cog_authtok *authtok)
{
    cog_secret_clear(&authtok->old_password);
    cog_secret_clear(&authtok->new_password);
}
