/* SPDX-License-Identifier: MIT */
#include "lib/pool/refresh.h"

#include <jansson.h>
#include <stdbool.h>

#include "lib/pool/call.h"

/* Nobody is there to answer a challenge, and what the tokens say is read from
 * the ID token. */
static int
check_tokens(const struct cog_api_reply *reply, struct cog_err *err)
{
    if (reply->tokens.id.len > 0)
        return 0;
    return cog_fail(err, COG_E_PROTOCOL,
                    "a refresh token was not answered with an IdToken");
}

static int
perform(const struct cog_call *call, struct cog_api_reply *ret,
        struct cog_refused *refused, struct cog_err *err)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    int rc = -1;

    if (cog_call_perform(call, &reply, refused, err) < 0 ||
        cog_api_parse(&reply.body, ret, err) < 0)
        goto out;
    rc = check_tokens(ret, err);
    if (rc < 0)
        cog_api_clear(ret);

out:
    cog_secret_clear(&reply.body);
    return rc;
}

static int
put_device(const struct cog_refresh *refresh, const char *key, json_t *object,
           struct cog_err *err)
{
    if (refresh->device_key == NULL || refresh->device_key->len == 0)
        return 0;
    return cog_call_put_secret(object, key, "device key", refresh->device_key,
                               err);
}

static int
get_tokens(const struct cog_api *api, const struct cog_refresh *refresh,
           struct cog_api_reply *ret, struct cog_refused *refused,
           struct cog_err *err)
{
    json_t *document = json_object();
    const struct cog_call call = {api, "GetTokensFromRefreshToken", document,
                                  true};
    int rc = -1;

    if (cog_call_put_secret(document, "RefreshToken", "refresh token",
                            refresh->token, err) < 0 ||
        cog_call_put_client(api, document, err) < 0 ||
        cog_call_put_client_secret(api, document, err) < 0 ||
        put_device(refresh, "DeviceKey", document, err) < 0)
        goto out;
    rc = perform(&call, ret, refused, err);

out:
    json_decref(document);
    return rc;
}

/* The old way. It names no user, but hashes one. */
static int
initiate(const struct cog_api *api, const struct cog_refresh *refresh,
         struct cog_api_reply *ret, struct cog_refused *refused,
         struct cog_err *err)
{
    json_t *document = json_object();
    json_t *map = cog_call_put_object(document, "AuthParameters");
    const struct cog_call call = {api, "InitiateAuth", document, true};
    int rc = -1;

    if (cog_call_put(document, "AuthFlow", "AuthFlow", "REFRESH_TOKEN_AUTH",
                     err) < 0 ||
        cog_call_put_client(api, document, err) < 0 ||
        cog_call_put_secret(map, "REFRESH_TOKEN", "refresh token",
                            refresh->token, err) < 0 ||
        put_device(refresh, "DEVICE_KEY", map, err) < 0 ||
        cog_call_put_hash(api, refresh->username, "SECRET_HASH", map, err) < 0)
        goto out;
    rc = perform(&call, ret, refused, err);

out:
    json_decref(document);
    return rc;
}

static bool
is_not_offered(enum cog_refusal kind)
{
    return kind == COG_REFUSAL_UNSUPPORTED || kind == COG_REFUSAL_FLOW_DISABLED;
}

int
cog_refresh_run(const struct cog_api *api, const struct cog_refresh *refresh,
                struct cog_api_reply *ret, struct cog_refused *refused,
                struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (get_tokens(api, refresh, ret, refused, &why) == 0)
        return 0;
    if (!is_not_offered(refused->kind))
        return cog_fail(err, why.code, "%s", why.msg);
    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    return initiate(api, refresh, ret, refused, err);
}

int
cog_refresh_revoke(const struct cog_api *api, const struct cog_secret *token,
                   struct cog_refused *refused, struct cog_err *err)
{
    json_t *document = json_object();
    const struct cog_call call = {api, "RevokeToken", document, true};
    int rc = -1;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (cog_call_put_secret(document, "Token", "refresh token", token, err) <
            0 ||
        cog_call_put_client(api, document, err) < 0 ||
        cog_call_put_client_secret(api, document, err) < 0)
        goto out;
    rc = cog_call_order(&call, refused, err);

out:
    json_decref(document);
    return rc;
}
