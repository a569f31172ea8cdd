/* SPDX-License-Identifier: MIT */
#include "lib/pool/call.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/net/json.h"
#include "lib/pool/hash.h"

/* X-Amz-Target is this, a dot and the operation. */
#define SERVICE      "AWSCognitoIdentityProviderService"
#define TARGET_BYTES 96

int
cog_call_put(json_t *object, const char *key, const char *what,
             const char *value, struct cog_err *err)
{
    if (value == NULL)
        return cog_fail(err, COG_E_SYSTEM, "%s is missing", what);
    if (!cog_name_utf8_valid(value, strlen(value)))
        return cog_fail(err, COG_E_DENIED, "%s is not UTF-8", what);
    if (json_object_set_new(object, key, json_string(value)) < 0)
        return cog_fail_memory(err);
    return 0;
}

int
cog_call_put_secret(json_t *object, const char *key, const char *what,
                    const struct cog_secret *value, struct cog_err *err)
{
    if (value == NULL || value->len == 0)
        return cog_fail(err, COG_E_DENIED, "%s is empty", what);
    if (strlen(cog_secret_str(value)) != value->len)
        return cog_fail(err, COG_E_DENIED, "%s holds a NUL byte", what);
    return cog_call_put(object, key, what, cog_secret_str(value), err);
}

json_t *
cog_call_put_object(json_t *object, const char *key)
{
    json_t *inner = json_object();

    return json_object_set_new(object, key, inner) < 0 ? NULL : inner;
}

int
cog_call_put_client(const struct cog_api *api, json_t *document,
                    struct cog_err *err)
{
    return cog_call_put(document, "ClientId", "client_id", api->client_id, err);
}

int
cog_call_put_hash(const struct cog_api *api, const char *username,
                  const char *key, json_t *object, struct cog_err *err)
{
    struct cog_secret hash = COG_SECRET_INIT(COG_HASH_B64_BYTES);
    int rc = -1;

    if (api->client_secret == NULL)
        return 0;
    if (username == NULL)
        return cog_fail(err, COG_E_SYSTEM, "the pool user name is missing");
    if (cog_hash_secret(username, api->client_id, api->client_secret, &hash,
                        err) < 0)
        goto out;
    rc = cog_call_put(object, key, key, cog_secret_str(&hash), err);

out:
    cog_secret_clear(&hash);
    return rc;
}

int
cog_call_put_client_secret(const struct cog_api *api, json_t *document,
                           struct cog_err *err)
{
    if (api->client_secret == NULL)
        return 0;
    return cog_call_put_secret(document, "ClientSecret", "client secret",
                               api->client_secret, err);
}

int
cog_call_put_user(const struct cog_api *api, const char *username, json_t *map,
                  struct cog_err *err)
{
    if (cog_call_put(map, "USERNAME", "the pool user name", username, err) < 0)
        return -1;
    return cog_call_put_hash(api, username, "SECRET_HASH", map, err);
}

int
cog_call_perform(const struct cog_call *call, struct cog_http_reply *ret,
                 struct cog_refused *refused, struct cog_err *err)
{
    const struct cog_transport *transport = call->api->transport;
    struct cog_secret body = COG_SECRET_INIT(COG_REQUEST_MAX);
    char target[TARGET_BYTES];
    const struct cog_http_request request = {call->api->endpoint, target,
                                             &body};
    int rc = -1;

    (void)snprintf(target, sizeof(target), SERVICE ".%s", call->operation);
    if (cog_json_encode(call->document, &body, err) < 0)
        goto out;
    if (transport->send(transport->ctx, &request, ret, err) < 0)
        goto out;
    if (ret->status != 200) {
        cog_refusal_explain(call->operation, ret, call->proven, refused, err);
        goto out;
    }
    rc = 0;

out:
    cog_secret_clear(&body);
    return rc;
}

int
cog_call_order(const struct cog_call *call, struct cog_refused *refused,
               struct cog_err *err)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    int rc = cog_call_perform(call, &reply, refused, err);

    cog_secret_clear(&reply.body);
    return rc;
}

int
cog_call_query(const struct cog_call *call, json_t **ret,
               struct cog_refused *refused, struct cog_err *err)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    int rc = -1;

    if (cog_call_perform(call, &reply, refused, err) < 0)
        goto out;
    rc = cog_json_parse(cog_secret_str(&reply.body), reply.body.len, ret, err);

out:
    cog_secret_clear(&reply.body);
    return rc;
}

int
cog_call_take(const json_t *object, const char *name, struct cog_secret *ret,
              struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    const char *text = NULL;

    if (cog_json_find_string(object, name, &text, err) < 0)
        return -1;
    if (text != NULL && cog_secret_append_str(ret, text, &why) < 0)
        return cog_fail(err, why.code, "%s: %s", name, why.msg);
    return 0;
}
