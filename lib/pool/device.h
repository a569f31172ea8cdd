/* SPDX-License-Identifier: MIT */
/*
 * device.h - this host as a user's remembered device.
 * Source: ConfirmDevice, UpdateDeviceStatus; the verifier is srp.h's.
 */
#ifndef COG_DEVICE_H
#define COG_DEVICE_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/pool/api.h"
#include "lib/pool/refusal.h"

/* Base64 of 40 random bytes. */
#define COG_DEVICE_PASSWORD_MAX ((size_t)64)

/* All three together stand in for the second factor: secrets. Empty key: no
 * device. */
struct cog_device {
    struct cog_secret key;       /* DeviceKey */
    struct cog_secret group_key; /* DeviceGroupKey */
    struct cog_secret password;  /* ours, random, base64 text */
};

#define COG_DEVICE_INIT                                       \
    {                                                         \
        .key = COG_SECRET_INIT(COG_API_DEVICE_MAX),           \
        .group_key = COG_SECRET_INIT(COG_API_DEVICE_MAX),     \
        .password = COG_SECRET_INIT(COG_DEVICE_PASSWORD_MAX), \
    }

/*
 * Register the device a sign-in's NewDeviceMetadata names: draw a password,
 * ConfirmDevice with its verifier, and UpdateDeviceStatus "remembered" when
 * the pool leaves that to the user. `name` is what the pool lists it under
 * (this host's name). `ret` (COG_DEVICE_INIT) is filled on success only.
 * COG_E_SYSTEM: no random bytes. Otherwise as in api.h. A failure must not
 * fail the sign-in.
 */
int cog_device_register(const struct cog_api *api,
                        const struct cog_api_tokens *tokens, const char *name,
                        struct cog_device *ret, struct cog_refused *refused,
                        struct cog_err *err) COG_MUST_USE;

void cog_device_clear(struct cog_device *device);

#endif
