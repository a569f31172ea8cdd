/* SPDX-License-Identifier: MIT */
#include "pam/conv.h"

#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>

int
cog_conv_ask(pam_handle_t *pamh, bool echo, const char *prompt,
             struct cog_secret *answer, struct cog_err *err)
{
    struct cog_err full = COG_ERR_INIT;
    char *response = NULL;
    int status =
        pam_prompt(pamh, echo ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF,
                   &response, "%s", prompt);
    int rc = -1;

    if (status != PAM_SUCCESS) {
        cog_fail(err, COG_E_CONV, "the conversation failed: %s",
                 pam_strerror(pamh, status));
        goto out;
    }
    /* No response at all (Ctrl-D) reads as an empty one. */
    if (response != NULL &&
        cog_secret_append_str(answer, response, &full) < 0) {
        cog_fail(err, full.code == COG_E_NOMEM ? COG_E_NOMEM : COG_E_DENIED,
                 "the answer is too long");
        goto out;
    }
    rc = 0;

out:
    if (response != NULL)
        explicit_bzero(response, strlen(response));
    free(response);
    return rc;
}

void
cog_conv_tell(pam_handle_t *pamh, bool is_error, const char *text)
{
    char *response = NULL;

    (void)pam_prompt(pamh, is_error ? PAM_ERROR_MSG : PAM_TEXT_INFO, &response,
                     "%s", text);
    /* Nobody should answer; in case somebody did, it was a secret. */
    if (response != NULL)
        explicit_bzero(response, strlen(response));
    free(response);
}
