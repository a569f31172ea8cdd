/* SPDX-License-Identifier: MIT */
/*
 * call.h - one call of the pool, whichever: its request put together member
 * by member, sent once, and its reply taken apart.
 *
 * The files that know what a call means (api, totp, device, password, refresh)
 * are written on top of this; they own the JSON documents.
 */
#ifndef COG_CALL_H
#define COG_CALL_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/net/env.h"
#include "lib/pool/api.h"
#include "lib/pool/refusal.h"

/* All borrowed. */
struct cog_call {
    const struct cog_api *api;
    const char *operation; /* as in X-Amz-Target, and in the log */
    const json_t *document;
    bool proven; /* the user was proven before this call */
};

/*
 * Set member `key` of `object` to a text; `what` names it in the log.
 * COG_E_DENIED: not UTF-8. COG_E_SYSTEM: the text is NULL, a bug of ours.
 * COG_E_NOMEM: also for an object that could not be made (NULL).
 */
int cog_call_put(json_t *object, const char *key, const char *what,
                 const char *value, struct cog_err *err) COG_MUST_USE;

/* The same for a secret. COG_E_DENIED also when it is empty (or NULL) or holds
 * a NUL byte, where the text would end: another secret would be sent. */
int cog_call_put_secret(json_t *object, const char *key, const char *what,
                        const struct cog_secret *value,
                        struct cog_err *err) COG_MUST_USE;

/* A new empty object as a member of another; borrowed. NULL without memory,
 * which the next cog_call_put() reports. */
json_t *cog_call_put_object(json_t *object, const char *key);

/* ClientId. Errors as cog_call_put(). */
int cog_call_put_client(const struct cog_api *api, json_t *document,
                        struct cog_err *err) COG_MUST_USE;

/* What a confidential client proves itself with: a hash over the user name
 * under `key`, or the raw secret as ClientSecret in calls that name no user.
 * Nothing for a public client. Errors as cog_call_put() and hash.h. */
int cog_call_put_hash(const struct cog_api *api, const char *username,
                      const char *key, json_t *object,
                      struct cog_err *err) COG_MUST_USE;
int cog_call_put_client_secret(const struct cog_api *api, json_t *document,
                               struct cog_err *err) COG_MUST_USE;

/* USERNAME and SECRET_HASH, as AuthParameters and ChallengeResponses want
 * them. */
int cog_call_put_user(const struct cog_api *api, const char *username,
                      json_t *map, struct cog_err *err) COG_MUST_USE;

/*
 * Send it once; success is exactly HTTP 200. `ret` (COG_HTTP_REPLY_INIT) is to
 * be cleared in any case. `refused` is written only when the pool refused.
 * COG_E_PROTOCOL: the request is too long. Otherwise as refusal.h and the
 * transport.
 */
int cog_call_perform(const struct cog_call *call, struct cog_http_reply *ret,
                     struct cog_refused *refused,
                     struct cog_err *err) COG_MUST_USE;

/* The same for calls whose success says nothing: its body is not looked at. */
int cog_call_order(const struct cog_call *call, struct cog_refused *refused,
                   struct cog_err *err) COG_MUST_USE;

/* The same for calls that answer with a JSON object. `*ret` is new:
 * json_decref() it. Also as cog_json_parse(). */
int cog_call_query(const struct cog_call *call, json_t **ret,
                   struct cog_refused *refused,
                   struct cog_err *err) COG_MUST_USE;

/* Copy an optional text of a reply into an empty secret, which stays empty
 * without one. COG_E_PROTOCOL: no text, or longer than `ret` holds. */
int cog_call_take(const json_t *object, const char *name,
                  struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

#endif
