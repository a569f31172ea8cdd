/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "lib/token/jwt.h"
#include "tests/vectors.h"

/* What all cases of the section share. */
struct pool {
    const json_t *section;
    const char *issuer;
    const char *second_issuer;
    const char *client_id;
    int64_t now_s;
};

static bool
is_true(const json_t *one_case, const char *name)
{
    return json_is_true(json_object_get(one_case, name));
}

/* Whether the token is accepted with this key set document. */
static bool
accepts(const struct pool *pool, const json_t *document, const char *token,
        enum cog_token_use use, struct cog_claims **claims)
{
    struct cog_jwt_policy policy = {
        .issuer = pool->issuer,
        .second_issuer = pool->second_issuer,
        .client_id = pool->client_id,
        .use = use,
        .leeway_s = COG_JWT_LEEWAY_MAX_S,
    };
    struct cog_secret text = COG_SECRET_INIT(strlen(token));
    struct cog_err err = COG_ERR_INIT;
    struct cog_jwks *jwks = NULL;
    char *json = json_dumps(document, JSON_COMPACT);
    bool ok =
        json != NULL && cog_secret_append_str(&text, token, &err) == 0 &&
        cog_jwks_parse(json, strlen(json), &jwks, &err) == 0 &&
        cog_jwt_verify(&text, &policy, jwks, pool->now_s, claims, &err) == 0;

    cog_jwks_close(jwks);
    cog_secret_clear(&text);
    free(json);
    return ok;
}

/* The same where nobody looks at the claims. */
static bool
is_accepted(const struct pool *pool, const json_t *document, const char *token,
            enum cog_token_use use)
{
    struct cog_claims *claims = NULL;
    bool ok = accepts(pool, document, token, use, &claims);

    cog_claims_close(claims);
    return ok;
}

static bool
same_groups(const struct cog_claims *claims, const json_t *want)
{
    size_t i;

    for (i = 0; i < json_array_size(want); i++) {
        const char *group = cog_claims_group(claims, i);
        const char *expect = json_string_value(json_array_get(want, i));

        if (group == NULL || expect == NULL || strcmp(group, expect) != 0)
            return false;
    }
    return cog_claims_group(claims, i) == NULL;
}

/* What an accepted token must be read as. */
static bool
same_claims(const struct cog_claims *claims, const json_t *one_case)
{
    const json_t *groups = json_object_get(one_case, "groups_effective");
    const json_t *verified =
        json_object_get(one_case, "email_verified_effective");
    const char *other = json_string_value(
        json_object_get(one_case, "caller_must_reject_for_user"));

    return (groups == NULL || same_groups(claims, groups)) &&
           (verified == NULL ||
            cog_claims_email_verified(claims) == json_is_true(verified)) &&
           (other == NULL || strcmp(cog_claims_username(claims), other) != 0);
}

/* Key sets of other times: what a case says about `name` must hold too. */
static bool
holds_with(const struct pool *pool, const json_t *one_case, const char *name,
           bool want, enum cog_token_use use)
{
    const char *set = json_string_value(json_object_get(one_case, name));

    return set == NULL ||
           is_accepted(pool, json_object_get(pool->section, set),
                       vectors_string(one_case, "token"), use) == want;
}

static void
run_token(const struct pool *pool, const json_t *one_case,
          struct vectors_count *count)
{
    bool want = strcmp(vectors_string(one_case, "expect"), "accept") == 0;
    enum cog_token_use use =
        strcmp(vectors_string(one_case, "token_use"), "id") == 0
            ? COG_TOKEN_ID
            : COG_TOKEN_ACCESS;
    struct cog_claims *claims = NULL;
    bool ok = accepts(pool, json_object_get(pool->section, "jwks"),
                      vectors_string(one_case, "token"), use, &claims);

    vectors_check(count, one_case,
                  (ok == want || is_true(one_case, "optional")) &&
                      (!ok || same_claims(claims, one_case)) &&
                      holds_with(pool, one_case, "accept_with", true, use) &&
                      holds_with(pool, one_case, "reject_with", false, use),
                  "token %s, want %s", ok ? "accepted or misread" : "rejected",
                  want ? "accept" : "reject");
    cog_claims_close(claims);
}

/* Whether any HS256 token of the section is accepted with the document. */
static bool
any_hs256_accepted(const struct pool *pool, const json_t *document)
{
    const json_t *tokens = json_object_get(pool->section, "tokens");

    for (size_t i = 0; i < json_array_size(tokens); i++) {
        const json_t *token = json_array_get(tokens, i);

        if (strstr(vectors_string(token, "name"), "HS256") != NULL &&
            is_accepted(pool, document, vectors_string(token, "token"),
                        COG_TOKEN_ID))
            return true;
    }
    return false;
}

/* A case brings its token, or says in its expectation which tokens of the
 * section are meant: the HS256 ones, or else the first, a plain valid one. */
static bool
parser_case_accepted(const struct pool *pool, const json_t *one_case,
                     const char *expect)
{
    const json_t *document = json_object_get(one_case, "jwks");
    const json_t *source = one_case;

    if (strstr(expect, "HS256") != NULL)
        return any_hs256_accepted(pool, document);
    if (json_object_get(one_case, "token") == NULL)
        source = json_array_get(json_object_get(pool->section, "tokens"), 0);
    return is_accepted(pool, document, vectors_string(source, "token"),
                       COG_TOKEN_ID);
}

static void
run_parser_case(const struct pool *pool, const json_t *one_case,
                struct vectors_count *count)
{
    const char *expect = vectors_string(one_case, "expect");
    bool either = strncmp(expect, "ambiguous", strlen("ambiguous")) == 0;
    bool want = strstr(expect, "reject") == NULL;
    bool ok = parser_case_accepted(pool, one_case, expect);

    vectors_check(count, one_case, ok == want || either, "%s, want '%s'",
                  ok ? "accepted" : "rejected", expect);
}

void
vectors_jwt(const json_t *section, struct vectors_count *count)
{
    struct pool pool = {
        .section = section,
        .issuer = vectors_string(section, "issuer"),
        .second_issuer =
            json_string_value(json_object_get(section, "issuer_updated")),
        .client_id = vectors_string(section, "client_id"),
        .now_s = json_integer_value(json_object_get(section, "now")),
    };
    size_t i;
    const json_t *one_case;

    json_array_foreach(json_object_get(section, "tokens"), i, one_case)
        run_token(&pool, one_case, count);
    json_array_foreach(json_object_get(section, "jwks_parser_cases"), i,
                       one_case) run_parser_case(&pool, one_case, count);
}
