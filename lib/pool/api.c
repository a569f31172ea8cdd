/* SPDX-License-Identifier: MIT */
#include "lib/pool/api.h"

#include <string.h>

#include "lib/net/json.h"
#include "lib/pool/call.h"

/* ExpiresIn is a 32-bit integer in the service model. */
#define EXPIRES_MAX_S INT32_MAX
/* Most entries of AvailableChallenges; there are six kinds today. */
#define AVAILABLE_MAX 32

static int
perform(const struct cog_call *call, struct cog_api_reply *ret,
        struct cog_refused *refused, struct cog_err *err)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    int rc = -1;

    if (cog_call_perform(call, &reply, refused, err) < 0)
        goto out;
    rc = cog_api_parse(&reply.body, ret, err);

out:
    cog_secret_clear(&reply.body);
    return rc;
}

static int
put_password(const struct cog_api_start *start, json_t *map,
             struct cog_err *err)
{
    return cog_call_put_secret(map, "PASSWORD", "password", start->password,
                               err);
}

static int
put_srp(const struct cog_api_start *start, json_t *map, struct cog_err *err)
{
    return cog_call_put(map, "SRP_A", "SRP_A", start->srp_a, err);
}

/* Without CHALLENGE_NAME the pool's Lambdas might let somebody in who proved no
 * password. */
static int
put_custom(const struct cog_api_start *start, json_t *map, struct cog_err *err)
{
    if (cog_call_put(map, "CHALLENGE_NAME", "CHALLENGE_NAME", "SRP_A", err) < 0)
        return -1;
    return put_srp(start, map, err);
}

/* Nothing but the preference itself goes with one that is neither. */
static int
put_choice(const struct cog_api_start *start, json_t *map, struct cog_err *err)
{
    const char *preferred = start->preferred;

    if (preferred == NULL)
        return 0;
    if (cog_call_put(map, "PREFERRED_CHALLENGE", "PREFERRED_CHALLENGE",
                     preferred, err) < 0)
        return -1;
    if (strcmp(preferred, "PASSWORD") == 0)
        return put_password(start, map, err);
    return strcmp(preferred, "PASSWORD_SRP") == 0 ? put_srp(start, map, err)
                                                  : 0;
}

/* AuthFlow, and what it wants besides the user: a row by enum cog_api_flow. */
static const struct {
    const char *name;
    int (*put)(const struct cog_api_start *start, json_t *map,
               struct cog_err *err);
} flows[] = {
    [COG_API_PASSWORD] = {"USER_PASSWORD_AUTH", put_password},
    [COG_API_SRP] = {"USER_SRP_AUTH", put_srp},
    [COG_API_CHOICE] = {"USER_AUTH", put_choice},
    [COG_API_CUSTOM] = {"CUSTOM_AUTH", put_custom},
};

static int
put_device(const char *device_key, json_t *map, struct cog_err *err)
{
    if (device_key == NULL)
        return 0;
    return cog_call_put(map, "DEVICE_KEY", "DEVICE_KEY", device_key, err);
}

int
cog_api_start(const struct cog_api *api, const struct cog_api_start *start,
              struct cog_api_reply *ret, struct cog_refused *refused,
              struct cog_err *err)
{
    json_t *document = json_object();
    json_t *map = cog_call_put_object(document, "AuthParameters");
    const struct cog_call call = {api, "InitiateAuth", document, false};
    int rc = -1;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (cog_call_put(document, "AuthFlow", "AuthFlow", flows[start->flow].name,
                     err) < 0 ||
        cog_call_put_client(api, document, err) < 0 ||
        flows[start->flow].put(start, map, err) < 0 ||
        put_device(start->device_key, map, err) < 0 ||
        cog_call_put_user(api, start->username, map, err) < 0)
        goto out;
    rc = perform(&call, ret, refused, err);

out:
    json_decref(document);
    return rc;
}

/* The user and SECRET_HASH go last, so that no field can replace them. */
static int
put_responses(const struct cog_api *api, const struct cog_api_answer *answer,
              json_t *map, struct cog_err *err)
{
    for (size_t i = 0; i < answer->count; i++) {
        const struct cog_api_field *field = &answer->fields[i];

        if (cog_call_put(map, field->name, field->name, field->value, err) < 0)
            return -1;
    }
    if (put_device(answer->device_key, map, err) < 0)
        return -1;
    return cog_call_put_user(api, answer->username, map, err);
}

static int
put_session(const struct cog_secret *session, json_t *document,
            struct cog_err *err)
{
    if (session == NULL || session->len == 0)
        return 0;
    return cog_call_put_secret(document, "Session", "Session", session, err);
}

int
cog_api_respond(const struct cog_api *api, const struct cog_api_answer *answer,
                struct cog_api_reply *ret, struct cog_refused *refused,
                struct cog_err *err)
{
    json_t *document = json_object();
    json_t *map = cog_call_put_object(document, "ChallengeResponses");
    const struct cog_call call = {api, "RespondToAuthChallenge", document,
                                  answer->proven};
    int rc = -1;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (cog_call_put(document, "ChallengeName", "ChallengeName",
                     answer->challenge, err) < 0 ||
        cog_call_put_client(api, document, err) < 0 ||
        put_session(answer->session, document, err) < 0 ||
        put_responses(api, answer, map, err) < 0)
        goto out;
    rc = perform(&call, ret, refused, err);

out:
    json_decref(document);
    return rc;
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
    if (cog_call_take(device, "DeviceKey", &ret->device_key, err) < 0)
        return -1;
    return cog_call_take(device, "DeviceGroupKey", &ret->device_group_key, err);
}

static int
take_tokens(const json_t *result, struct cog_api_tokens *ret,
            struct cog_err *err)
{
    if (cog_call_take(result, "IdToken", &ret->id, err) < 0 ||
        cog_call_take(result, "AccessToken", &ret->access, err) < 0 ||
        cog_call_take(result, "RefreshToken", &ret->refresh, err) < 0 ||
        take_expiry(result, &ret->expires_in_s, err) < 0 ||
        check_token_type(result, err) < 0)
        return -1;
    if (ret->access.len == 0)
        return cog_fail(err, COG_E_PROTOCOL, "the reply has no AccessToken");
    return take_device(result, ret, err);
}

/* Names of challenges are logged, and compared by the flow: printable ASCII of
 * a sensible length. */
static bool
is_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++) {
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    }
    return len > 0 && len < COG_API_NAME_BYTES;
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
take_available(json_t *document, json_t **ret, struct cog_err *err)
{
    json_t *available = json_object_get(document, "AvailableChallenges");
    const json_t *value;
    size_t i;

    if (available == NULL || json_is_null(available))
        return 0;
    if (!json_is_array(available) ||
        json_array_size(available) > AVAILABLE_MAX) {
        return cog_fail(err, COG_E_PROTOCOL,
                        "AvailableChallenges is not a short list");
    }
    json_array_foreach(available, i, value)
    {
        if (!json_is_string(value) || !is_name(json_string_value(value))) {
            return cog_fail(err, COG_E_PROTOCOL,
                            "AvailableChallenges: not a name");
        }
    }
    *ret = json_incref(available);
    return 0;
}

/* USER_SRP_AUTH keeps its state in SECRET_BLOCK, and what follows it may; every
 * other challenge is answered within a session. */
static bool
may_lack_session(const char *challenge)
{
    return strcmp(challenge, "PASSWORD_VERIFIER") == 0 ||
           strcmp(challenge, "DEVICE_SRP_AUTH") == 0 ||
           strcmp(challenge, "DEVICE_PASSWORD_VERIFIER") == 0;
}

static int
take_challenge(json_t *document, const char *name, struct cog_api_reply *ret,
               struct cog_err *err)
{
    if (!is_name(name))
        return cog_fail(err, COG_E_PROTOCOL, "ChallengeName is malformed");
    memcpy(ret->challenge, name, strlen(name) + 1);
    if (cog_call_take(document, "Session", &ret->session, err) < 0)
        return -1;
    if (ret->session.len == 0 && !may_lack_session(name)) {
        return cog_fail(err, COG_E_PROTOCOL, "challenge %s has no Session",
                        ret->challenge);
    }
    if (take_parameters(document, &ret->parameters, err) < 0)
        return -1;
    return take_available(document, &ret->available, err);
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

const char *
cog_api_available(const struct cog_api_reply *reply, size_t i)
{
    return json_string_value(json_array_get(reply->available, i));
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
    json_decref(reply->available);
    reply->available = NULL;
}
