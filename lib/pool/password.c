/* SPDX-License-Identifier: MIT */
#include "lib/pool/password.h"

#include <jansson.h>

#include "lib/core/display.h"
#include "lib/net/json.h"
#include "lib/pool/call.h"

int
cog_password_change(const struct cog_api *api,
                    const struct cog_secret *access_token,
                    const struct cog_secret *old_password,
                    const struct cog_secret *new_password,
                    struct cog_refused *refused, struct cog_err *err)
{
    json_t *document = json_object();
    const struct cog_call call = {api, "ChangePassword", document, true};
    int rc = -1;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (cog_call_put_secret(document, "AccessToken", "access token",
                            access_token, err) < 0 ||
        cog_call_put_secret(document, "PreviousPassword", "old password",
                            old_password, err) < 0 ||
        cog_call_put_secret(document, "ProposedPassword", "new password",
                            new_password, err) < 0)
        goto out;
    rc = cog_call_order(&call, refused, err);

out:
    json_decref(document);
    return rc;
}

/* What both calls of somebody who forgot his password begin with. */
static int
put_user(const struct cog_api *api, const char *username, json_t *document,
         struct cog_err *err)
{
    if (cog_call_put_client(api, document, err) < 0 ||
        cog_call_put(document, "Username", "the pool user name", username,
                     err) < 0)
        return -1;
    return cog_call_put_hash(api, username, "SecretHash", document, err);
}

static int
take_destination(const json_t *reply, char ret[COG_PASSWORD_DESTINATION_BYTES],
                 struct cog_err *err)
{
    const json_t *details = NULL;
    const char *destination = NULL;

    if (cog_json_find_object(reply, "CodeDeliveryDetails", &details, err) < 0)
        return -1;
    if (details != NULL &&
        cog_json_find_string(details, "Destination", &destination, err) < 0)
        return -1;
    cog_display_clean(destination == NULL ? "" : destination, ret,
                      COG_PASSWORD_DESTINATION_BYTES);
    return 0;
}

int
cog_password_forgot(const struct cog_api *api, const char *username,
                    char ret_destination[COG_PASSWORD_DESTINATION_BYTES],
                    struct cog_refused *refused, struct cog_err *err)
{
    json_t *document = json_object();
    json_t *reply = NULL;
    const struct cog_call call = {api, "ForgotPassword", document, false};
    int rc = -1;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (put_user(api, username, document, err) < 0 ||
        cog_call_query(&call, &reply, refused, err) < 0)
        goto out;
    rc = take_destination(reply, ret_destination, err);

out:
    json_decref(reply);
    json_decref(document);
    return rc;
}

int
cog_password_reset(const struct cog_api *api, const char *username,
                   const struct cog_secret *code,
                   const struct cog_secret *new_password,
                   struct cog_refused *refused, struct cog_err *err)
{
    json_t *document = json_object();
    const struct cog_call call = {api, "ConfirmForgotPassword", document,
                                  false};
    int rc = -1;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (put_user(api, username, document, err) < 0 ||
        cog_call_put_secret(document, "ConfirmationCode", "code", code, err) <
            0 ||
        cog_call_put_secret(document, "Password", "new password", new_password,
                            err) < 0)
        goto out;
    rc = cog_call_order(&call, refused, err);

out:
    json_decref(document);
    return rc;
}
