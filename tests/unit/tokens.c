/* SPDX-License-Identifier: MIT */
#include "tests/unit/tokens.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/token/jwks.h"
#include "lib/token/jwt.h"
#include "tests/sign.h"

#define KID "k1"

static EVP_PKEY *key;
static EVP_PKEY *strange_key; /* in no key set */
static struct cog_secret document = COG_SECRET_INIT(SIGN_MAX);

int
tokens_setup(void **state)
{
    (void)state;
    key = sign_key(2048);
    strange_key = sign_key(2048);
    if (key == NULL || strange_key == NULL)
        return -1;
    return sign_jwks(key, KID, &document);
}

int
tokens_teardown(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    EVP_PKEY_free(strange_key);
    cog_secret_clear(&document);
    return 0;
}

const char *
tokens_jwks(void)
{
    return cog_secret_str(&document);
}

/* Set the members of `changes` in `payload`; null takes one out. */
static void
change(json_t *payload, const char *changes)
{
    json_t *object = json_loads(changes, 0, NULL);
    const char *name;
    json_t *value;

    if (object == NULL)
        fail_msg("not a JSON object: %s", changes);
    json_object_foreach(object, name, value)
    {
        if (json_is_null(value)) {
            (void)json_object_del(payload, name);
        } else {
            assert_int_equal(json_object_set(payload, name, value), 0);
        }
    }
    json_decref(object);
}

static void
sign(EVP_PKEY *by, const char *changes, struct cog_secret *ret)
{
    json_t *payload = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "sub", TOKENS_SUB, "iss",
        TOKENS_ISSUER, "cognito:username", "alice", "aud", TOKENS_CLIENT_ID,
        "token_use", "id", "auth_time", (json_int_t)TOKENS_NOW, "iat",
        (json_int_t)TOKENS_NOW, "exp", (json_int_t)TOKENS_NOW + 3600);
    char *text;

    assert_non_null(payload);
    if (*changes != '\0')
        change(payload, changes);
    text = json_dumps(payload, JSON_COMPACT);
    assert_non_null(text);
    assert_int_equal(sign_token(by, KID, text, ret), 0);
    free(text);
    json_decref(payload);
}

void
tokens_sign(const char *changes, struct cog_secret *ret)
{
    sign(key, changes, ret);
}

void
tokens_forge(const char *changes, struct cog_secret *ret)
{
    sign(strange_key, changes, ret);
}

struct cog_claims *
tokens_claims(const char *changes)
{
    static const struct cog_jwt_policy policy = {
        .issuer = TOKENS_ISSUER,
        .client_id = TOKENS_CLIENT_ID,
        .use = COG_TOKEN_ID,
    };
    struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);
    struct cog_err err = COG_ERR_INIT;
    struct cog_claims *claims = NULL;
    struct cog_jwks *jwks = NULL;

    tokens_sign(changes, &token);
    assert_int_equal(cog_jwks_parse(document.data, document.len, &jwks, &err),
                     0);
    if (cog_jwt_verify(&token, &policy, jwks, TOKENS_NOW, &claims, &err) < 0)
        fail_msg("%s", err.msg);
    cog_jwks_close(jwks);
    cog_secret_clear(&token);
    return claims;
}

struct cog_config
tokens_config(const char *lines, const char *service)
{
    static const struct cog_config_reader reader = {.pam = false};
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    struct cog_config config = COG_CONFIG_INIT;
    struct cog_err err = COG_ERR_INIT;
    struct cog_config_text text = {.name = "test"};
    char all[2048];
    const int len = snprintf(all, sizeof(all),
                             "user_pool_id = " TOKENS_POOL "\n"
                             "client_id = " TOKENS_CLIENT_ID "\n"
                             "auth_flow = password\n%s",
                             lines);

    assert_true(len > 0 && (size_t)len < sizeof(all));
    text.text = all;
    text.len = (size_t)len;
    if (cog_config_read(&text, &reader, service, &config, &problems, &err) < 0)
        fail_msg("%s", err.msg);
    cog_config_problems_clear(&problems);
    return config;
}
