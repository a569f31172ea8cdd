/* SPDX-License-Identifier: MIT */
/*
 * attributes.h - the attributes a pool requires of its users, asked of those
 * who lack them. They are sent together with a new password.
 */
#ifndef COG_ATTRIBUTES_H
#define COG_ATTRIBUTES_H

#include <jansson.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/pool/names.h"
#include "lib/pool/run.h"

struct cog_attribute {
    const char *key; /* "userAttributes.NAME" */
    struct cog_secret value;
};

/* Those that are missing. Zeros: none. Clear it. */
struct cog_attributes {
    json_t *required; /* the keys' memory */
    struct cog_attribute item[COG_NAMES_MAX];
    size_t count;
};

/*
 * Which of NEW_PASSWORD_REQUIRED's requiredAttributes have no value in its
 * userAttributes: one that has must not be sent.
 * COG_E_PROTOCOL: either is malformed. COG_E_NOMEM.
 */
int cog_attributes_find(const struct cog_api_reply *reply,
                        struct cog_attributes *ret,
                        struct cog_err *err) COG_MUST_USE;

/*
 * Ask for each. When the pool has just refused their values, ask again for
 * those its words name, which say why; where they name none, for all.
 * COG_E_DENIED: none that can be sent was typed.
 */
int cog_attributes_ask(struct cog_run *run, struct cog_attributes *attributes,
                       struct cog_err *err) COG_MUST_USE;

void cog_attributes_clear(struct cog_attributes *attributes);

#endif
