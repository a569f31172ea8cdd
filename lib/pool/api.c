/* SPDX-License-Identifier: MIT */
#include "lib/pool/api.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/net/json.h"
#include "lib/pool/hash.h"

/* X-Amz-Target is this, a dot and the operation. */
#define SERVICE      "AWSCognitoIdentityProviderService"
#define TARGET_BYTES 96

/* ExpiresIn is a 32-bit integer in the service model. */
#define EXPIRES_MAX_S INT32_MAX

struct call {
    const char *operation;
    const json_t *document;
    bool proven;
};

/* InitiateAuth: what tells one flow from another. */
struct start {
    const char *flow;
    const char *username;
    const char *key;  /* of the one parameter besides the user name */
    const char *what; /* its name in a log */
    const char *value;
};

/* Set `key` to a text. Without memory for the object this fails as well. */
static int
put(json_t *object, const char *key, const char *what, const char *value,
    struct cog_err *err)
{
    if (!cog_name_utf8_valid(value, strlen(value)))
        return cog_fail(err, COG_E_DENIED, "%s is not UTF-8", what);
    if (json_object_set_new(object, key, json_string(value)) < 0)
        return cog_fail_memory(err);
    return 0;
}

/* A new empty object as a member of another; borrowed. NULL without memory,
 * which the next put() reports. */
static json_t *
put_object(json_t *object, const char *key)
{
    json_t *inner = json_object();

    return json_object_set_new(object, key, inner) < 0 ? NULL : inner;
}

/* USERNAME, and what a confidential client proves itself with beside it. */
static int
put_user(const struct cog_api *api, const char *username, json_t *map,
         struct cog_err *err)
{
    struct cog_secret hash = COG_SECRET_INIT(COG_HASH_B64_BYTES);
    int rc = -1;

    if (put(map, "USERNAME", "the pool user name", username, err) < 0)
        goto out;
    if (api->client_secret != NULL &&
        (cog_hash_secret(username, api->client_id, api->client_secret, &hash,
                         err) < 0 ||
         put(map, "SECRET_HASH", "SECRET_HASH", cog_secret_str(&hash), err) <
             0))
        goto out;
    rc = 0;

out:
    cog_secret_clear(&hash);
    return rc;
}

/* Send once; success is exactly HTTP 200. */
static int
perform(const struct cog_api *api, const struct call *call,
        struct cog_http_reply *reply, enum cog_refusal *ret_refusal,
        struct cog_err *err)
{
    struct cog_secret body = COG_SECRET_INIT(COG_REQUEST_MAX);
    char target[TARGET_BYTES];
    const struct cog_http_request request = {api->endpoint, target, &body};
    int rc = -1;

    (void)snprintf(target, sizeof(target), SERVICE ".%s", call->operation);
    if (cog_json_encode(call->document, &body, err) < 0)
        goto out;
    if (api->transport->send(api->transport->ctx, &request, reply, err) < 0)
        goto out;
    if (reply->status != 200) {
        *ret_refusal =
            cog_refusal_explain(call->operation, reply, call->proven, err);
        goto out;
    }
    rc = 0;

out:
    cog_secret_clear(&body);
    return rc;
}

static int
perform_and_parse(const struct cog_api *api, const struct call *call,
                  struct cog_api_reply *ret, enum cog_refusal *ret_refusal,
                  struct cog_err *err)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    int rc = -1;

    if (perform(api, call, &reply, ret_refusal, err) < 0)
        goto out;
    rc = cog_api_parse(&reply.body, ret, err);

out:
    cog_secret_clear(&reply.body);
    return rc;
}

static int
initiate(const struct cog_api *api, const struct start *start,
         struct cog_api_reply *ret, enum cog_refusal *ret_refusal,
         struct cog_err *err)
{
    json_t *document = json_object();
    json_t *map = put_object(document, "AuthParameters");
    const struct call call = {"InitiateAuth", document, false};
    int rc = -1;

    if (put(document, "AuthFlow", "AuthFlow", start->flow, err) < 0 ||
        put(document, "ClientId", "client_id", api->client_id, err) < 0 ||
        put(map, start->key, start->what, start->value, err) < 0 ||
        put_user(api, start->username, map, err) < 0)
        goto out;
    rc = perform_and_parse(api, &call, ret, ret_refusal, err);

out:
    json_decref(document);
    return rc;
}

int
cog_api_start_password(const struct cog_api *api, const char *username,
                       const struct cog_secret *password,
                       struct cog_api_reply *ret, enum cog_refusal *ret_refusal,
                       struct cog_err *err)
{
    const char *text = cog_secret_str(password);
    const struct start start = {"USER_PASSWORD_AUTH", username, "PASSWORD",
                                "password", text};

    *ret_refusal = COG_REFUSAL_NONE;
    if (password->len == 0)
        return cog_fail(err, COG_E_DENIED, "password is empty");
    /* JSON text ends at the NUL: another password would be tried. */
    if (strlen(text) != password->len)
        return cog_fail(err, COG_E_DENIED, "password holds a NUL byte");
    return initiate(api, &start, ret, ret_refusal, err);
}

int
cog_api_start_srp(const struct cog_api *api, const char *username,
                  const char *srp_a, struct cog_api_reply *ret,
                  enum cog_refusal *ret_refusal, struct cog_err *err)
{
    const struct start start = {"USER_SRP_AUTH", username, "SRP_A", "SRP_A",
                                srp_a};

    *ret_refusal = COG_REFUSAL_NONE;
    return initiate(api, &start, ret, ret_refusal, err);
}

/* The user and SECRET_HASH go last, so that no field can replace them. */
static int
put_responses(const struct cog_api *api, const struct cog_api_answer *answer,
              json_t *map, struct cog_err *err)
{
    for (size_t i = 0; i < answer->count; i++) {
        const struct cog_api_field *field = &answer->fields[i];

        if (put(map, field->name, field->name, field->value, err) < 0)
            return -1;
    }
    return put_user(api, answer->username, map, err);
}

static int
put_session(const struct cog_secret *session, json_t *document,
            struct cog_err *err)
{
    if (session == NULL || session->len == 0)
        return 0;
    return put(document, "Session", "Session", cog_secret_str(session), err);
}

int
cog_api_respond(const struct cog_api *api, const struct cog_api_answer *answer,
                struct cog_api_reply *ret, enum cog_refusal *ret_refusal,
                struct cog_err *err)
{
    json_t *document = json_object();
    json_t *map = put_object(document, "ChallengeResponses");
    const struct call call = {"RespondToAuthChallenge", document,
                              answer->proven};
    int rc = -1;

    *ret_refusal = COG_REFUSAL_NONE;
    if (put(document, "ChallengeName", "ChallengeName", answer->challenge,
            err) < 0 ||
        put(document, "ClientId", "client_id", api->client_id, err) < 0 ||
        put_session(answer->session, document, err) < 0 ||
        put_responses(api, answer, map, err) < 0)
        goto out;
    rc = perform_and_parse(api, &call, ret, ret_refusal, err);

out:
    json_decref(document);
    return rc;
}

int
cog_api_revoke(const struct cog_api *api, const struct cog_secret *refresh,
               enum cog_refusal *ret_refusal, struct cog_err *err)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    json_t *document = json_object();
    const struct call call = {"RevokeToken", document, true};
    int rc = -1;

    *ret_refusal = COG_REFUSAL_NONE;
    if (put(document, "Token", "refresh token", cog_secret_str(refresh), err) <
            0 ||
        put(document, "ClientId", "client_id", api->client_id, err) < 0)
        goto out;
    /* The secret itself, not a hash: this call names no user. */
    if (api->client_secret != NULL &&
        put(document, "ClientSecret", "client secret",
            cog_secret_str(api->client_secret), err) < 0)
        goto out;
    rc = perform(api, &call, &reply, ret_refusal, err);

out:
    cog_secret_clear(&reply.body);
    json_decref(document);
    return rc;
}

/* Copy an optional text; the secret stays empty without one. */
static int
take(const json_t *object, const char *name, struct cog_secret *ret,
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

static int
take_expiry(const json_t *result, int64_t *ret, struct cog_err *err)
{
    const json_t *value = json_object_get(result, "ExpiresIn");
    int64_t seconds = 0;

    if (value != NULL && !json_is_null(value) &&
        cog_json_get_integer(result, "ExpiresIn", &seconds, err) < 0)
        return -1;
    if (seconds < 0 || seconds > EXPIRES_MAX_S)
        return cog_fail(err, COG_E_PROTOCOL, "ExpiresIn is out of range");
    *ret = seconds;
    return 0;
}

/* Bearer is the only type we know how to use; others would need a key. */
static int
check_token_type(const json_t *result, struct cog_err *err)
{
    const char *type = NULL;

    if (cog_json_find_string(result, "TokenType", &type, err) < 0)
        return -1;
    if (type != NULL && strcmp(type, "Bearer") != 0)
        return cog_fail(err, COG_E_PROTOCOL, "TokenType is not Bearer");
    return 0;
}

static int
take_device(const json_t *result, struct cog_api_tokens *ret,
            struct cog_err *err)
{
    const json_t *device = NULL;

    if (cog_json_find_object(result, "NewDeviceMetadata", &device, err) < 0)
        return -1;
    if (device == NULL)
        return 0;
    if (take(device, "DeviceKey", &ret->device_key, err) < 0)
        return -1;
    return take(device, "DeviceGroupKey", &ret->device_group_key, err);
}

static int
take_tokens(const json_t *result, struct cog_api_tokens *ret,
            struct cog_err *err)
{
    if (take(result, "IdToken", &ret->id, err) < 0 ||
        take(result, "AccessToken", &ret->access, err) < 0 ||
        take(result, "RefreshToken", &ret->refresh, err) < 0 ||
        take_expiry(result, &ret->expires_in_s, err) < 0 ||
        check_token_type(result, err) < 0)
        return -1;
    if (ret->access.len == 0)
        return cog_fail(err, COG_E_PROTOCOL, "the reply has no AccessToken");
    return take_device(result, ret, err);
}

/* Challenge names are logged, and compared by the flow. */
static int
take_name(const char *name, char ret[COG_API_NAME_BYTES], struct cog_err *err)
{
    size_t len = strlen(name);

    if (len == 0 || len >= COG_API_NAME_BYTES)
        return cog_fail(err, COG_E_PROTOCOL, "ChallengeName: wrong length");
    for (size_t i = 0; i < len; i++) {
        if (name[i] <= ' ' || name[i] > '~')
            return cog_fail(err, COG_E_PROTOCOL, "ChallengeName: unprintable");
    }
    memcpy(ret, name, len + 1);
    return 0;
}

/* Keep the parameters; only texts (or null for absent) may be in them. */
static int
take_parameters(json_t *document, json_t **ret, struct cog_err *err)
{
    json_t *parameters = json_object_get(document, "ChallengeParameters");
    const char *name;
    json_t *value;

    if (parameters == NULL || json_is_null(parameters))
        return 0;
    if (!json_is_object(parameters)) {
        return cog_fail(err, COG_E_PROTOCOL,
                        "ChallengeParameters is not an object");
    }
    json_object_foreach(parameters, name, value)
    {
        if (!json_is_string(value) && !json_is_null(value)) {
            return cog_fail(err, COG_E_PROTOCOL,
                            "ChallengeParameters: not a text");
        }
    }
    *ret = json_incref(parameters);
    return 0;
}

static int
take_challenge(json_t *document, const char *name, struct cog_api_reply *ret,
               struct cog_err *err)
{
    if (take_name(name, ret->challenge, err) < 0 ||
        take(document, "Session", &ret->session, err) < 0)
        return -1;
    /* USER_SRP_AUTH keeps its state in SECRET_BLOCK; every other challenge
     * is answered within a session. */
    if (ret->session.len == 0 && strcmp(name, "PASSWORD_VERIFIER") != 0) {
        return cog_fail(err, COG_E_PROTOCOL, "challenge %s has no Session",
                        ret->challenge);
    }
    return take_parameters(document, &ret->parameters, err);
}

/* Exactly one of the two, or nobody knows what the pool decided. */
static int
take_reply(json_t *document, struct cog_api_reply *ret, struct cog_err *err)
{
    const json_t *result = NULL;
    const char *name = NULL;

    if (cog_json_find_object(document, "AuthenticationResult", &result, err) <
            0 ||
        cog_json_find_string(document, "ChallengeName", &name, err) < 0)
        return -1;
    if (result != NULL && name != NULL) {
        return cog_fail(err, COG_E_PROTOCOL,
                        "the reply has both tokens and a challenge");
    }
    if (result != NULL)
        return take_tokens(result, &ret->tokens, err);
    if (name != NULL)
        return take_challenge(document, name, ret, err);
    return cog_fail(err, COG_E_PROTOCOL,
                    "the reply has neither tokens nor a challenge");
}

int
cog_api_parse(const struct cog_secret *body, struct cog_api_reply *ret,
              struct cog_err *err)
{
    json_t *document = NULL;
    int rc;

    if (cog_json_parse(cog_secret_str(body), body->len, &document, err) < 0)
        return -1;
    rc = take_reply(document, ret, err);
    json_decref(document);
    if (rc < 0)
        cog_api_clear(ret);
    return rc;
}

const char *
cog_api_parameter(const struct cog_api_reply *reply, const char *name)
{
    return json_string_value(json_object_get(reply->parameters, name));
}

void
cog_api_clear(struct cog_api_reply *reply)
{
    cog_secret_clear(&reply->tokens.id);
    cog_secret_clear(&reply->tokens.access);
    cog_secret_clear(&reply->tokens.refresh);
    cog_secret_clear(&reply->tokens.device_key);
    cog_secret_clear(&reply->tokens.device_group_key);
    reply->tokens.expires_in_s = 0;
    reply->challenge[0] = '\0';
    cog_secret_clear(&reply->session);
    json_decref(reply->parameters);
    reply->parameters = NULL;
}
