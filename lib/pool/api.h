/* SPDX-License-Identifier: MIT */
/*
 * api.h - the two calls of a sign-in: InitiateAuth, RespondToAuthChallenge.
 *
 * A call builds the request, adds SECRET_HASH, sends it once, and gives back
 * either tokens or a challenge, every field checked. It decides nothing: the
 * tokens are unverified, challenges belong to the flow, and so do retries.
 * The pool's other calls have files of their own, by what they are for.
 * Source of names and limits: Cognito user pools API reference.
 */
#ifndef COG_API_H
#define COG_API_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/net/env.h"
#include "lib/pool/refusal.h"

/* Largest token in bytes. No maximum is documented: an ID token with 100
 * groups of 128 characters is some 20 KiB. */
#define COG_API_TOKEN_MAX ((size_t)64 * 1024)
/* Session is 20 to 2048 characters by the service model; room to grow. */
#define COG_API_SESSION_MAX ((size_t)8 * 1024)
/* ChallengeName with its NUL; the longest today has 24 characters. */
#define COG_API_NAME_BYTES 64
/* DeviceKey is at most 55 characters; DeviceGroupKey is short and opaque. */
#define COG_API_DEVICE_MAX 256

/* Whom we call and as which client. All borrowed, unchanged by calls. */
struct cog_api {
    const char *endpoint;                   /* https URL of the pool's region */
    const char *client_id;                  /* app client */
    const struct cog_secret *client_secret; /* NULL for a public client */
    const struct cog_transport *transport;
};

/* Unverified: worth nothing until token/jwt has checked them. */
struct cog_api_tokens {
    struct cog_secret id;      /* empty when the reply had none */
    struct cog_secret access;  /* never empty */
    struct cog_secret refresh; /* empty when the reply had none */
    int64_t expires_in_s;      /* of id and access; 0 when not said */
    /* New device metadata, empty when the pool does not track devices. */
    struct cog_secret device_key;
    struct cog_secret device_group_key;
};

/*
 * Tokens or a challenge: `challenge` is "" exactly when there are tokens. Any
 * name can be in `challenge` (printable, bounded): refusing unknown ones is
 * the flow's duty.
 */
struct cog_api_reply {
    struct cog_api_tokens tokens;
    char challenge[COG_API_NAME_BYTES];
    struct cog_secret session; /* empty only with SRP's challenges */
    json_t *parameters;        /* object of strings or NULL; see below */
    json_t *available; /* AvailableChallenges: array of strings, or NULL */
};

#define COG_API_REPLY_INIT                                               \
    {                                                                    \
        .tokens =                                                        \
            {                                                            \
                .id = COG_SECRET_INIT(COG_API_TOKEN_MAX),                \
                .access = COG_SECRET_INIT(COG_API_TOKEN_MAX),            \
                .refresh = COG_SECRET_INIT(COG_API_TOKEN_MAX),           \
                .device_key = COG_SECRET_INIT(COG_API_DEVICE_MAX),       \
                .device_group_key = COG_SECRET_INIT(COG_API_DEVICE_MAX), \
            },                                                           \
        .session = COG_SECRET_INIT(COG_API_SESSION_MAX),                 \
    }

/* The answer to a challenge. All borrowed. */
struct cog_api_field {
    const char *name;  /* key in ChallengeResponses */
    const char *value; /* UTF-8 */
};

struct cog_api_answer {
    const char *challenge; /* ChallengeName */
    /* Sent as USERNAME and hashed into SECRET_HASH: USER_ID_FOR_SRP where
     * the challenge gave one, else its USERNAME, else what was typed. */
    const char *username;
    const struct cog_secret *session; /* echoed unless NULL or empty */
    const struct cog_api_field *fields;
    size_t count;
    const char *device_key; /* sent as DEVICE_KEY, or NULL */
    bool proven;            /* the user was proven before this call */
};

/*
 * The calls share this contract. `ret` must be COG_API_REPLY_INIT or cleared;
 * it is filled on success only. `refused` is set in every case: kind NONE
 * unless the pool answered and refused (the call then fails).
 *
 * COG_E_DENIED: password empty, not UTF-8 or with a NUL, name or value not
 * UTF-8 (nothing is sent); or the pool refused the user.
 * COG_E_CLIENT, COG_E_THROTTLED, COG_E_MAXTRIES, COG_E_NET: see refusal.h.
 * COG_E_PROTOCOL: a reply that breaks its documented form, holds neither
 * tokens nor a challenge, or both. Otherwise as the transport.
 */

enum cog_api_flow {
    COG_API_PASSWORD, /* USER_PASSWORD_AUTH */
    COG_API_SRP,      /* USER_SRP_AUTH */
    COG_API_CHOICE,   /* USER_AUTH */
    COG_API_CUSTOM    /* CUSTOM_AUTH, beginning with SRP */
};

/* InitiateAuth. All borrowed; what a flow does not use is NULL. */
struct cog_api_start {
    enum cog_api_flow flow;
    const char *username;
    const struct cog_secret *password; /* PASSWORD; CHOICE with PASSWORD */
    const char *srp_a;      /* SRP, CUSTOM; CHOICE with PASSWORD_SRP: SRP_A */
    const char *preferred;  /* CHOICE: PREFERRED_CHALLENGE, or NULL */
    const char *device_key; /* DEVICE_KEY of a remembered device, or NULL */
};

int cog_api_start(const struct cog_api *api, const struct cog_api_start *start,
                  struct cog_api_reply *ret, struct cog_refused *refused,
                  struct cog_err *err) COG_MUST_USE;

/* RespondToAuthChallenge. */
int cog_api_respond(const struct cog_api *api,
                    const struct cog_api_answer *answer,
                    struct cog_api_reply *ret, struct cog_refused *refused,
                    struct cog_err *err) COG_MUST_USE;

/* The body of a 200 reply to InitiateAuth or RespondToAuthChallenge, checked
 * (part of the calls above, public for fuzzing). COG_E_PROTOCOL, COG_E_NOMEM */
int cog_api_parse(const struct cog_secret *body, struct cog_api_reply *ret,
                  struct cog_err *err) COG_MUST_USE;

/* A ChallengeParameters value, NULL when absent. Valid until the clear. */
const char *cog_api_parameter(const struct cog_api_reply *reply,
                              const char *name);

/* The i-th of AvailableChallenges, NULL past the last. Valid until the
 * clear. */
const char *cog_api_available(const struct cog_api_reply *reply, size_t i);

/* Wipe and free; ready for the next call. */
void cog_api_clear(struct cog_api_reply *reply);

#endif
