/* SPDX-License-Identifier: MIT */
#include "lib/token/claims.h"

#include <stdlib.h>
#include <string.h>

#include "lib/net/json.h"
#include "lib/token/claims_private.h"

struct cog_claims {
    json_t *payload; /* owns every text below */
    enum cog_token_use use;
    const char *sub;
    const char *username;
    const char *issuer;
    int64_t expiry_s;
    int64_t auth_time_s;
};

/* A name that is there but empty would match a rule that is empty too. */
static int
get_name(const json_t *payload, const char *name, const char **ret,
         struct cog_err *err)
{
    const char *value;

    if (cog_json_get_string(payload, name, &value, err) < 0)
        return -1;
    if (*value == '\0')
        return cog_fail(err, COG_E_PROTOCOL, "'%s' is empty", name);
    *ret = value;
    return 0;
}

/* Cognito writes the user name under another claim in each kind of token. */
static const char *
username_claim(enum cog_token_use use)
{
    return use == COG_TOKEN_ID ? "cognito:username" : "username";
}

int
cog_claims_make(json_t *payload, enum cog_token_use use,
                struct cog_claims **ret, struct cog_err *err)
{
    struct cog_claims *claims = calloc(1, sizeof(*claims));

    if (claims == NULL)
        return cog_fail_memory(err);
    claims->payload = json_incref(payload);
    claims->use = use;
    if (get_name(payload, "sub", &claims->sub, err) < 0 ||
        get_name(payload, username_claim(use), &claims->username, err) < 0 ||
        get_name(payload, "iss", &claims->issuer, err) < 0 ||
        cog_json_get_integer(payload, "exp", &claims->expiry_s, err) < 0 ||
        cog_json_get_integer(payload, "auth_time", &claims->auth_time_s, err) <
            0) {
        cog_claims_close(claims);
        return -1;
    }
    *ret = claims;
    return 0;
}

enum cog_token_use
cog_claims_use(const struct cog_claims *claims)
{
    return claims->use;
}

const char *
cog_claims_sub(const struct cog_claims *claims)
{
    return claims->sub;
}

const char *
cog_claims_username(const struct cog_claims *claims)
{
    return claims->username;
}

const char *
cog_claims_issuer(const struct cog_claims *claims)
{
    return claims->issuer;
}

/* The text of a claim, or NULL: also when it is there as another type. */
static const char *
text_of(const struct cog_claims *claims, const char *name)
{
    return json_string_value(json_object_get(claims->payload, name));
}

const char *
cog_claims_email(const struct cog_claims *claims)
{
    return text_of(claims, "email");
}

bool
cog_claims_email_verified(const struct cog_claims *claims)
{
    return json_is_true(json_object_get(claims->payload, "email_verified"));
}

const char *
cog_claims_group(const struct cog_claims *claims, size_t i)
{
    const json_t *groups = json_object_get(claims->payload, "cognito:groups");
    size_t seen = 0;

    for (size_t at = 0; at < json_array_size(groups); at++) {
        const char *group = json_string_value(json_array_get(groups, at));

        if (group != NULL && seen++ == i)
            return group;
    }
    return NULL;
}

const char *
cog_claims_custom(const struct cog_claims *claims, const char *name)
{
    if (strncmp(name, "custom:", strlen("custom:")) != 0)
        return NULL;
    return text_of(claims, name);
}

bool
cog_claims_has_scope(const struct cog_claims *claims, const char *scope)
{
    const char *list = text_of(claims, "scope");
    size_t len = strlen(scope);

    while (list != NULL && *list != '\0') {
        size_t word = strcspn(list, " ");

        if (word > 0 && word == len && memcmp(list, scope, len) == 0)
            return true;
        list += word + strspn(list + word, " ");
    }
    return false;
}

int64_t
cog_claims_expiry_s(const struct cog_claims *claims)
{
    return claims->expiry_s;
}

int64_t
cog_claims_auth_time_s(const struct cog_claims *claims)
{
    return claims->auth_time_s;
}

void
cog_claims_close(struct cog_claims *claims)
{
    if (claims == NULL)
        return;
    json_decref(claims->payload);
    free(claims);
}
