/* SPDX-License-Identifier: MIT */
#include "lib/pool/device.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

#include "lib/core/b64.h"
#include "lib/net/json.h"
#include "lib/pool/call.h"
#include "lib/pool/srp.h"

/* As many random bytes as Amazon's own clients draw for a device password. */
#define PASSWORD_BYTES 40
/* Longest DeviceKey of the service model. */
#define KEY_MAX 55

_Static_assert(COG_B64_ENCODED(PASSWORD_BYTES) <= COG_DEVICE_PASSWORD_MAX,
               "a device password must fit");

#define DIGITS  "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* DeviceKey: [\w-]+_[0-9a-f-]+ in the service model. */
static bool
is_key(const char *key)
{
    const char *cut = strrchr(key, '_');
    size_t len = strlen(key);

    if (cut == NULL || cut == key || cut[1] == '\0' || len > KEY_MAX)
        return false;
    return strspn(key, LETTERS DIGITS "_-") == len &&
           strspn(cut + 1, DIGITS "abcdef-") == strlen(cut + 1);
}

/* DeviceGroupKey is opaque: no more is asked than that it is a word. */
static bool
is_word(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    }
    return len > 0;
}

static int
copy_keys(const struct cog_api_tokens *tokens, struct cog_device *ret,
          struct cog_err *err)
{
    const char *key = cog_secret_str(&tokens->device_key);
    const char *group_key = cog_secret_str(&tokens->device_group_key);

    if (!is_key(key))
        return cog_fail(err, COG_E_PROTOCOL, "DeviceKey is malformed");
    if (!is_word(group_key))
        return cog_fail(err, COG_E_PROTOCOL, "DeviceGroupKey is malformed");
    if (cog_secret_append_str(&ret->key, key, err) < 0)
        return -1;
    return cog_secret_append_str(&ret->group_key, group_key, err);
}

static int
draw(void *ret, size_t len, struct cog_err *err)
{
    if (getrandom(ret, len, 0) != (ssize_t)len)
        return cog_fail(err, COG_E_SYSTEM, "device: no random bytes");
    return 0;
}

static int
draw_password(struct cog_secret *ret, struct cog_err *err)
{
    struct cog_secret bytes = COG_SECRET_INIT(PASSWORD_BYTES);
    int rc = -1;

    if (cog_secret_resize(&bytes, PASSWORD_BYTES, err) < 0 ||
        draw(bytes.data, bytes.len, err) < 0)
        goto out;
    rc = cog_b64_encode(bytes.data, bytes.len, COG_B64_STD, ret, err);

out:
    cog_secret_clear(&bytes);
    return rc;
}

static int
put_verifier(const struct cog_device *device, json_t *map, struct cog_err *err)
{
    const struct cog_srp_device who = {cog_secret_str(&device->group_key),
                                       cog_secret_str(&device->key),
                                       &device->password};
    struct cog_secret salt = COG_SECRET_INIT(COG_SRP_VERIFIER_MAX);
    struct cog_secret verifier = COG_SECRET_INIT(COG_SRP_VERIFIER_MAX);
    unsigned char random[COG_SRP_SALT_BYTES];
    int rc = -1;

    if (draw(random, sizeof(random), err) < 0 ||
        cog_srp_device_register(&who, random, &salt, &verifier, err) < 0 ||
        cog_call_put_secret(map, "Salt", "Salt", &salt, err) < 0)
        goto out;
    rc = cog_call_put_secret(map, "PasswordVerifier", "PasswordVerifier",
                             &verifier, err);

out:
    cog_secret_clear(&verifier);
    cog_secret_clear(&salt);
    return rc;
}

/* UserConfirmationNecessary; not said is no. */
static int
take_necessary(const json_t *reply, bool *ret, struct cog_err *err)
{
    const json_t *value = json_object_get(reply, "UserConfirmationNecessary");

    *ret = false;
    if (value == NULL || json_is_null(value))
        return 0;
    return cog_json_get_boolean(reply, "UserConfirmationNecessary", ret, err);
}

/* One device on its way into the pool's list. */
struct registration {
    const struct cog_api *api;
    const struct cog_secret *access; /* of the user whose device it becomes */
    const char *name;
    struct cog_device device;
};

static int
put_device(const struct registration *reg, json_t *document,
           struct cog_err *err)
{
    if (cog_call_put_secret(document, "AccessToken", "access token",
                            reg->access, err) < 0)
        return -1;
    return cog_call_put_secret(document, "DeviceKey", "DeviceKey",
                               &reg->device.key, err);
}

/* *ret_necessary: the pool wants to hear that the user agrees. */
static int
confirm(const struct registration *reg, bool *ret_necessary,
        struct cog_refused *refused, struct cog_err *err)
{
    json_t *document = json_object();
    json_t *map = cog_call_put_object(document, "DeviceSecretVerifierConfig");
    json_t *reply = NULL;
    const struct cog_call call = {reg->api, "ConfirmDevice", document, true};
    int rc = -1;

    if (put_device(reg, document, err) < 0 ||
        cog_call_put(document, "DeviceName", "host name", reg->name, err) < 0 ||
        put_verifier(&reg->device, map, err) < 0 ||
        cog_call_query(&call, &reply, refused, err) < 0)
        goto out;
    rc = take_necessary(reply, ret_necessary, err);

out:
    json_decref(reply);
    json_decref(document);
    return rc;
}

static int
remember(const struct registration *reg, struct cog_refused *refused,
         struct cog_err *err)
{
    json_t *document = json_object();
    const struct cog_call call = {reg->api, "UpdateDeviceStatus", document,
                                  true};
    int rc = -1;

    if (put_device(reg, document, err) < 0 ||
        cog_call_put(document, "DeviceRememberedStatus", "status", "remembered",
                     err) < 0)
        goto out;
    rc = cog_call_order(&call, refused, err);

out:
    json_decref(document);
    return rc;
}

int
cog_device_register(const struct cog_api *api,
                    const struct cog_api_tokens *tokens, const char *name,
                    struct cog_device *ret, struct cog_refused *refused,
                    struct cog_err *err)
{
    struct registration reg = {api, &tokens->access, name, COG_DEVICE_INIT};
    bool necessary = false;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (copy_keys(tokens, &reg.device, err) < 0 ||
        draw_password(&reg.device.password, err) < 0 ||
        confirm(&reg, &necessary, refused, err) < 0 ||
        (necessary && remember(&reg, refused, err) < 0)) {
        cog_device_clear(&reg.device);
        return -1;
    }
    *ret = reg.device; /* its secrets are ret's from now on */
    return 0;
}

void
cog_device_clear(struct cog_device *device)
{
    cog_secret_clear(&device->key);
    cog_secret_clear(&device->group_key);
    cog_secret_clear(&device->password);
}
