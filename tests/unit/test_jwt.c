/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "lib/core/b64.h"
#include "lib/token/claims_private.h"
#include "lib/token/jwt.h"
#include "tests/sign.h"

#define NOW    INT64_C(1762500000)
#define LEEWAY INT64_C(120)
#define ISSUER "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool"
#define ISSUER_2 \
    "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool"
#define CLIENT_ID "7pub1example2client3id4xyz"
#define HEADER    "{\"kid\":\"k1\",\"alg\":\"RS256\"}"

static const struct cog_jwt_policy id_policy = {
    .issuer = ISSUER,
    .second_issuer = ISSUER_2,
    .client_id = CLIENT_ID,
    .use = COG_TOKEN_ID,
    .leeway_s = LEEWAY,
};
static const struct cog_jwt_policy access_policy = {
    .issuer = ISSUER,
    .second_issuer = ISSUER_2,
    .client_id = CLIENT_ID,
    .use = COG_TOKEN_ACCESS,
    .leeway_s = LEEWAY,
};

/* What the pool would send, as text so that a case can replace members. */
static const char id_payload[] =
    "{\"sub\":\"3f25\",\"cognito:groups\":[\"users\",7,null,\"wheel\"],"
    "\"email_verified\":true,\"email\":\"alice@example.com\","
    "\"iss\":\"" ISSUER "\",\"cognito:username\":\"alice\","
    "\"custom:host\":\"web1\",\"aud\":\"" CLIENT_ID "\",\"token_use\":\"id\","
    "\"auth_time\":1762499940,\"exp\":1762503540,\"iat\":1762499941,"
    "\"username\":\"not this one\"}";
static const char access_payload[] =
    "{\"sub\":\"3f25\",\"iss\":\"" ISSUER "\",\"username\":\"alice\","
    "\"client_id\":\"" CLIENT_ID "\",\"token_use\":\"access\","
    "\"scope\":\" openid hosts/login  hosts/sudo\","
    "\"auth_time\":1762499940,\"exp\":1762503540,\"iat\":1762499941,"
    "\"cognito:username\":\"not this one\"}";

static EVP_PKEY *key;         /* known to the key set as k1 */
static EVP_PKEY *other_key;   /* known to nobody */
static struct cog_jwks *jwks; /* k1 */

static int
make_keys(void **state)
{
    struct cog_secret document = COG_SECRET_INIT(SIGN_MAX);
    struct cog_err err = COG_ERR_INIT;
    int rc;

    (void)state;
    key = sign_key(2048);
    other_key = sign_key(2048);
    if (key == NULL || other_key == NULL || sign_jwks(key, "k1", &document) < 0)
        return -1;
    rc = cog_jwks_parse(document.data, document.len, &jwks, &err);
    cog_secret_clear(&document);
    return rc;
}

static int
free_keys(void **state)
{
    (void)state;
    cog_jwks_close(jwks);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
    return 0;
}

/* The payload with one member replaced by a JSON text, or taken out. */
static char *
changed(const char *payload, const char *name, const char *value)
{
    json_t *object = json_loads(payload, 0, NULL);
    char *text;

    assert_non_null(object);
    (void)json_object_del(object, name);
    if (value != NULL) {
        json_t *json = json_loads(value, JSON_DECODE_ANY, NULL);

        assert_non_null(json);
        assert_int_equal(json_object_set_new(object, name, json), 0);
    }
    text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    assert_non_null(text);
    return text;
}

/* Verify; NULL and a COG_E_TOKEN error that says `want`, or claims. */
static struct cog_claims *
verify(const struct cog_secret *token, const struct cog_jwt_policy *policy,
       const char *want)
{
    struct cog_err err = COG_ERR_INIT;
    struct cog_claims *claims = NULL;
    int rc = cog_jwt_verify(token, policy, jwks, NOW, &claims, &err);

    if (want == NULL && rc < 0)
        fail_msg("refused: %s", err.msg);
    if (want != NULL && rc == 0)
        fail_msg("accepted, want '%s'", want);
    if (want != NULL && strstr(err.msg, want) == NULL)
        fail_msg("'%s', want '%s'", err.msg, want);
    assert_int_equal(err.code, want == NULL ? COG_OK : COG_E_TOKEN);
    assert_int_equal(claims != NULL, want == NULL);
    return claims;
}

static struct cog_claims *
verify_payload(const char *payload, const struct cog_jwt_policy *policy,
               const char *want)
{
    struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);
    struct cog_claims *claims;

    assert_int_equal(sign_token(key, "k1", payload, &token), 0);
    claims = verify(&token, policy, want);
    cog_secret_clear(&token);
    return claims;
}

/* One claim of an otherwise good token. */
struct claim_case {
    const char *name;
    const char *value; /* JSON; NULL: absent */
    const char *want;  /* in the message; NULL: accepted */
};

#define FUTURE(name)  "'" name "' is in the future"
#define MISSING(name) "'" name "' is missing"
#define TYPE(name)    "'" name "' has the wrong type"

static const struct claim_case id_cases[] = {
    {"exp", "1762500001", NULL},
    {"exp", "1762500000", "expired"},
    {"exp", "1762499999", "expired"},
    {"exp", "-1", "expired"},
    {"exp", NULL, MISSING("exp")},
    {"exp", "\"1762503540\"", TYPE("exp")},
    {"exp", "1762503540.0", TYPE("exp")},
    {"exp", "1e300", TYPE("exp")},
    {"exp", "null", TYPE("exp")},
    {"exp", "true", TYPE("exp")},
    {"exp", "9223372036854775807", NULL},
    {"iat", "1762500120", NULL},
    {"iat", "1762500121", FUTURE("iat")},
    {"iat", "9223372036854775807", FUTURE("iat")},
    {"iat", "-1", FUTURE("iat")},
    {"iat", "-9223372036854775808", FUTURE("iat")},
    {"iat", NULL, MISSING("iat")},
    {"iat", "\"1762499941\"", TYPE("iat")},
    {"iat", "1762499941.5", TYPE("iat")},
    {"auth_time", "1762500120", NULL},
    {"auth_time", "1762500121", FUTURE("auth_time")},
    {"auth_time", NULL, MISSING("auth_time")},
    {"auth_time", "\"1\"", TYPE("auth_time")},
    {"nbf", NULL, NULL},
    {"nbf", "1762500120", NULL},
    {"nbf", "1762500121", FUTURE("nbf")},
    {"nbf", "\"1\"", TYPE("nbf")},
    {"nbf", "null", TYPE("nbf")},
    {"iss", "\"" ISSUER_2 "\"", NULL},
    {"iss", "\"" ISSUER "/\"", "'iss' is"},
    {"iss", "\"" ISSUER "X\"", "'iss' is"},
    {"iss", "\"\"", "'iss' is"},
    {"iss", NULL, MISSING("iss")},
    {"iss", "[\"" ISSUER "\"]", TYPE("iss")},
    {"token_use", "\"access\"", "'token_use' is"},
    {"token_use", "\"ID\"", "'token_use' is"},
    {"token_use", NULL, MISSING("token_use")},
    {"aud", "\"someotherclientid0000000000\"", "'aud' is"},
    {"aud", "\"7pub1example2client3id4xy\"", "'aud' is"},
    {"aud", NULL, MISSING("aud")},
    {"aud", "[\"" CLIENT_ID "\"]", TYPE("aud")},
    {"sub", NULL, MISSING("sub")},
    {"sub", "\"\"", "'sub' is empty"},
    {"sub", "7", TYPE("sub")},
    {"cognito:username", NULL, MISSING("cognito:username")},
    {"cognito:username", "\"\"", "'cognito:username' is empty"},
    {"cognito:username", "[\"alice\"]", TYPE("cognito:username")},
    {"client_id", "\"other\"", NULL}, /* no claim of an ID token */
    {"nonce", "\"n-1\"", NULL},       /* none expected */
};

static const struct claim_case access_cases[] = {
    {"client_id", "\"other\"", "'client_id' is"},
    {"client_id", NULL, MISSING("client_id")},
    {"aud", "\"a resource\"", NULL}, /* resource binding */
    {"token_use", "\"id\"", "'token_use' is"},
    {"username", NULL, MISSING("username")},
    {"username", "\"\"", "'username' is empty"},
};

static const struct claim_case nonce_cases[] = {
    {"nonce", "\"n-1\"", NULL},      {"nonce", "\"n-2\"", "'nonce' is"},
    {"nonce", "\"\"", "'nonce' is"}, {"nonce", NULL, MISSING("nonce")},
    {"nonce", "1", TYPE("nonce")},
};

static void
run_cases(const struct claim_case *cases, size_t count, const char *payload,
          const struct cog_jwt_policy *policy)
{
    for (size_t i = 0; i < count; i++) {
        char *text = changed(payload, cases[i].name, cases[i].value);

        cog_claims_close(verify_payload(text, policy, cases[i].want));
        free(text);
    }
}

static void
every_claim_is_checked(void **state)
{
    struct cog_jwt_policy with_nonce = id_policy;

    (void)state;
    with_nonce.nonce = "n-1";
    run_cases(id_cases, COG_COUNT(id_cases), id_payload, &id_policy);
    run_cases(access_cases, COG_COUNT(access_cases), access_payload,
              &access_policy);
    run_cases(nonce_cases, COG_COUNT(nonce_cases), id_payload, &with_nonce);
}

static void
second_issuer_only_where_given(void **state)
{
    static const struct claim_case cases[] = {
        {"iss", "\"" ISSUER "\"", NULL},
        {"iss", "\"" ISSUER_2 "\"", "'iss' is"},
    };
    struct cog_jwt_policy policy = id_policy;

    (void)state;
    policy.second_issuer = NULL;
    run_cases(cases, COG_COUNT(cases), id_payload, &policy);
}

static void
leeway_is_bounded(void **state)
{
    static const struct {
        int64_t leeway_s;
        const char *want;
    } cases[] = {
        {0, NULL},
        {COG_JWT_LEEWAY_MAX_S, NULL},
        {COG_JWT_LEEWAY_MAX_S + 1, "leeway"},
        {-1, "leeway"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_jwt_policy policy = id_policy;

        policy.leeway_s = cases[i].leeway_s;
        cog_claims_close(verify_payload(id_payload, &policy, cases[i].want));
    }
}

/* cog_clock_system() answers so when there is no clock. */
static void
without_a_clock_all_is_expired(void **state)
{
    struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);
    struct cog_err err = COG_ERR_INIT;
    struct cog_claims *claims = NULL;
    char *text = changed(id_payload, "exp", "9223372036854775807");

    (void)state;
    assert_int_equal(sign_token(key, "k1", text, &token), 0);
    assert_int_equal(
        cog_jwt_verify(&token, &id_policy, jwks, INT64_MAX, &claims, &err), -1);
    assert_int_equal(err.code, COG_E_TOKEN);
    free(text);
    cog_secret_clear(&token);
}

#define KID_129                                                        \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefx"

/* Headers under a right signature: RS256 by k1 over all of them. */
static const struct {
    const char *header;
    const char *want; /* NULL: accepted */
} headers[] = {
    {HEADER, NULL},
    {"{\"kid\":\"k1\",\"typ\":\"JWT\",\"alg\":\"RS256\"}", NULL},
    {"{\"kid\":\"k1\",\"alg\":\"none\"}", "not RS256"},
    {"{\"kid\":\"k1\",\"alg\":\"rs256\"}", "not RS256"},
    {"{\"kid\":\"k1\",\"alg\":\"RS512\"}", "not RS256"},
    {"{\"kid\":\"k1\",\"alg\":\"PS256\"}", "not RS256"},
    {"{\"kid\":\"k1\",\"alg\":\"HS256\"}", "not RS256"},
    {"{\"kid\":\"k1\",\"alg\":\"\"}", "not RS256"},
    {"{\"kid\":\"k1\"}", MISSING("alg")},
    {"{\"kid\":\"k1\",\"alg\":null}", TYPE("alg")},
    {"{\"kid\":\"k1\",\"alg\":[\"RS256\"]}", TYPE("alg")},
    {"{\"alg\":\"RS256\"}", MISSING("kid")},
    {"{\"kid\":1,\"alg\":\"RS256\"}", TYPE("kid")},
    {"{\"kid\":\"\",\"alg\":\"RS256\"}", "malformed key id"},
    {"{\"kid\":\"k 1\",\"alg\":\"RS256\"}", "malformed key id"},
    {"{\"kid\":\"k1\\n\",\"alg\":\"RS256\"}", "malformed key id"},
    {"{\"kid\":\"" KID_129 "\",\"alg\":\"RS256\"}", "malformed key id"},
    {"{\"kid\":\"../../etc/passwd\",\"alg\":\"RS256\"}", "unknown key"},
    {"{\"kid\":\"k2\",\"alg\":\"RS256\"}", "unknown key 'k2'"},
    {"{\"kid\":\"k1\\u0000\",\"alg\":\"RS256\"}", "malformed at byte"},
    {"{\"kid\":\"k1\",\"alg\":\"RS256\",\"crit\":[\"exp\"]}", "has 'crit'"},
    {"{\"kid\":\"k1\",\"alg\":\"RS256\",\"crit\":null}", "has 'crit'"},
    {"{\"kid\":\"k1\",\"alg\":\"RS256\",\"jku\":\"x\"}", "has 'jku'"},
    {"{\"kid\":\"k1\",\"alg\":\"RS256\",\"jwk\":{}}", "has 'jwk'"},
    {"{\"kid\":\"k1\",\"alg\":\"RS256\",\"x5u\":\"x\"}", "has 'x5u'"},
    {"{\"kid\":\"k1\",\"alg\":\"RS256\",\"x5c\":[]}", "has 'x5c'"},
    {"{\"kid\":\"k1\",\"alg\":\"RS256\",\"b64\":false}", "has 'b64'"},
    {"{\"kid\":\"k1\",\"alg\":\"RS256\",\"alg\":\"RS256\"}", "malformed at"},
    {"[\"RS256\"]", "not an object"},
    {"RS256", "malformed at"},
    {"", "malformed at"},
};

static void
every_header_member_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(headers); i++) {
        struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);
        struct cog_err err = COG_ERR_INIT;
        char kid[COG_JWKS_KID_MAX + 1] = "";
        bool well_formed = headers[i].want == NULL ||
                           strstr(headers[i].want, "unknown key") != NULL;

        assert_int_equal(sign_bytes(key, headers[i].header,
                                    strlen(headers[i].header), id_payload,
                                    strlen(id_payload), &token),
                         0);
        cog_claims_close(verify(&token, &id_policy, headers[i].want));
        /* Who asks for the key set sees the same refusals, and no kid. */
        assert_int_equal(cog_jwt_kid(&token, kid, &err), well_formed ? 0 : -1);
        assert_int_equal(err.code, well_formed ? COG_OK : COG_E_TOKEN);
        assert_true(well_formed || (strstr(err.msg, headers[i].want) != NULL &&
                                    strcmp(kid, "") == 0));
        cog_secret_clear(&token);
    }
}

static void
kid_is_told_before_verification(void **state)
{
    struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);
    struct cog_err err = COG_ERR_INIT;
    char kid[COG_JWKS_KID_MAX + 1] = "";

    (void)state;
    assert_int_equal(sign_token(other_key, "a/+b=", "{}", &token), 0);
    assert_int_equal(cog_jwt_kid(&token, kid, &err), 0);
    assert_string_equal(kid, "a/+b=");
    cog_secret_clear(&token);
}

/* Payloads as bytes, under a right signature. */
static void
payload_must_be_strict_json(void **state)
{
    static const struct {
        const char *payload;
        const char *want;
    } cases[] = {
        {"", "malformed at"},
        {"[1,2]", "not an object"},
        {"{\"aud\":\"x\",\"aud\":\"x\"}", "malformed at"},
        {"{\"sub\":\"a\\u0000b\"}", "malformed at"},
        {"{\"sub\":\"\xff\"}", "malformed at"},
        {"{\"exp\":99999999999999999999}", "malformed at"},
        {"{\"a\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}", "nested too deeply"},
        {"{}", MISSING("exp")},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++)
        (void)verify_payload(cases[i].payload, &id_policy, cases[i].want);
}

/* The text of a segment. */
static void
encode(const char *bytes, struct cog_secret *ret)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(
        cog_b64_encode(bytes, strlen(bytes), COG_B64_URL, ret, &err), 0);
}

static void
append(struct cog_secret *ret, const char *text)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_secret_append_str(ret, text, &err), 0);
}

/* The signature is over the very text, so only its form is wrong. */
static void
segments_must_be_strict_base64url(void **state)
{
    static const struct {
        const char *after_header;
        const char *after_payload;
        const char *want;
    } cases[] = {
        {"", "", NULL},       {"", "=", "base64"},  {"=", "", "base64"},
        {"", "\n", "base64"}, {"\n", "", "base64"}, {" ", "", "base64"},
        {"", "*", "base64"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret text = COG_SECRET_INIT(SIGN_MAX);
        struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);

        encode(HEADER, &text);
        append(&text, cases[i].after_header);
        append(&text, ".");
        encode(id_payload, &text);
        append(&text, cases[i].after_payload);
        assert_int_equal(sign_text(key, text.data, &token), 0);
        cog_claims_close(verify(&token, &id_policy, cases[i].want));
        cog_secret_clear(&text);
        cog_secret_clear(&token);
    }
}

/* Other texts in the place of the signature of a good token. */
static void
signature_must_be_right(void **state)
{
    static const struct {
        const char *signature; /* NULL: that of another key */
        size_t repeat;         /* this often */
        const char *want;
    } cases[] = {
        {NULL, 0, "signature is wrong"},
        {"", 1, "signature is wrong"},
        {"AAAA", 1, "signature is wrong"},
        {"AAAA", 85, "signature is wrong"},
        {"____", 85, "signature is wrong"},
        {"AAAA", 170, "signature is wrong"},
        {"AAAA", 171, "more than 512 bytes"},
        {".AAAA", 1, "base64"},
        {"=", 1, "base64"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);

        if (cases[i].signature == NULL) {
            assert_int_equal(sign_token(other_key, "k1", id_payload, &token),
                             0);
        } else {
            encode(HEADER, &token);
            append(&token, ".");
            encode(id_payload, &token);
            append(&token, ".");
        }
        for (size_t n = 0; n < cases[i].repeat; n++)
            append(&token, cases[i].signature);
        (void)verify(&token, &id_policy, cases[i].want);
        cog_secret_clear(&token);
    }
}

/* Any single character changed, anywhere, refuses. */
static void
no_character_may_change(void **state)
{
    struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);

    (void)state;
    assert_int_equal(sign_token(key, "k1", id_payload, &token), 0);
    for (size_t i = 0; i < token.len; i += 7) {
        struct cog_err err = COG_ERR_INIT;
        struct cog_claims *claims = NULL;
        char was = token.data[i];

        token.data[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(
            cog_jwt_verify(&token, &id_policy, jwks, NOW, &claims, &err), -1);
        assert_int_equal(err.code, COG_E_TOKEN);
        token.data[i] = was;
    }
    cog_claims_close(verify(&token, &id_policy, NULL));
    cog_secret_clear(&token);
}

static void
three_parts_and_no_more(void **state)
{
    static const struct {
        const char *token;
        const char *want;
    } cases[] = {
        {"", "not three parts"},
        {"a", "not three parts"},
        {".", "not three parts"},
        {"..", "malformed at"},
        {"a.b", "not three parts"},
        {"{\"payload\":\"x\",\"signatures\":[]}", "not three parts"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret token = COG_SECRET_INIT(128);

        if (*cases[i].token != '\0')
            append(&token, cases[i].token);
        (void)verify(&token, &id_policy, cases[i].want);
        cog_secret_clear(&token);
    }
}

/* A good token followed by something. */
static void
nothing_may_follow(void **state)
{
    static const char *const tails[] = {".", ".AAAA", "\n", "=", "A", " "};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(tails); i++) {
        struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);

        assert_int_equal(sign_token(key, "k1", id_payload, &token), 0);
        append(&token, tails[i]);
        (void)verify(&token, &id_policy, "");
        cog_secret_clear(&token);
    }
}

/* A payload with a custom attribute of `len` bytes. */
static char *
padded_payload(size_t len)
{
    char *value = malloc(len + 3);
    char *payload;

    assert_non_null(value);
    memset(value, 'x', len + 2);
    value[0] = value[len + 1] = '"';
    value[len + 2] = '\0';
    payload = changed(id_payload, "custom:pad", value);
    free(value);
    return payload;
}

static void
size_is_capped(void **state)
{
    static const struct {
        size_t pad;
        const char *want;
    } cases[] = {
        {48000, NULL},
        {49000, "longer than 65536 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char *payload = padded_payload(cases[i].pad);

        cog_claims_close(verify_payload(payload, &id_policy, cases[i].want));
        free(payload);
    }
}

static void
id_claims_are_read(void **state)
{
    struct cog_claims *claims = verify_payload(id_payload, &id_policy, NULL);

    (void)state;
    assert_int_equal(cog_claims_use(claims), COG_TOKEN_ID);
    assert_string_equal(cog_claims_sub(claims), "3f25");
    assert_string_equal(cog_claims_username(claims), "alice");
    assert_string_equal(cog_claims_issuer(claims), ISSUER);
    assert_string_equal(cog_claims_email(claims), "alice@example.com");
    assert_true(cog_claims_email_verified(claims));
    assert_string_equal(cog_claims_group(claims, 0), "users");
    assert_string_equal(cog_claims_group(claims, 1), "wheel");
    assert_null(cog_claims_group(claims, 2));
    assert_string_equal(cog_claims_custom(claims, "custom:host"), "web1");
    assert_null(cog_claims_custom(claims, "custom:none"));
    assert_null(cog_claims_custom(claims, "sub"));
    assert_false(cog_claims_has_scope(claims, "openid"));
    assert_true(cog_claims_expiry_s(claims) == 1762503540);
    assert_true(cog_claims_auth_time_s(claims) == 1762499940);
    cog_claims_close(claims);
    cog_claims_close(NULL);
}

static void
access_claims_are_read(void **state)
{
    struct cog_claims *claims =
        verify_payload(access_payload, &access_policy, NULL);
    static const struct {
        const char *scope;
        bool has;
    } cases[] = {
        {"openid", true},     {"hosts/login", true},
        {"hosts/sudo", true}, {"hosts", false},
        {"login", false},     {"hosts/logi", false},
        {"", false},          {" ", false},
        {"openid ", false},   {"hosts/sudo2", false},
    };

    (void)state;
    assert_int_equal(cog_claims_use(claims), COG_TOKEN_ACCESS);
    assert_string_equal(cog_claims_username(claims), "alice");
    assert_null(cog_claims_email(claims));
    assert_false(cog_claims_email_verified(claims));
    assert_null(cog_claims_group(claims, 0));
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        assert_int_equal(cog_claims_has_scope(claims, cases[i].scope),
                         cases[i].has);
    }
    cog_claims_close(claims);
}

/* Optional claims of a type they never have say nothing. */
static void
odd_claims_say_nothing(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        const char *group; /* the first */
        bool verified;
        bool email;
        bool custom;
    } cases[] = {
        {"cognito:groups", "\"wheel\"", NULL, true, true, true},
        {"cognito:groups", "{\"wheel\":1}", NULL, true, true, true},
        {"cognito:groups", "[[\"wheel\"]]", NULL, true, true, true},
        {"cognito:groups", "[7,\"a\"]", "a", true, true, true},
        {"email_verified", "\"true\"", "users", false, true, true},
        {"email_verified", "1", "users", false, true, true},
        {"email_verified", "false", "users", false, true, true},
        {"email_verified", NULL, "users", false, true, true},
        {"email", "[\"a@b\"]", "users", true, false, true},
        {"custom:host", "7", "users", true, true, false},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char *text = changed(id_payload, cases[i].name, cases[i].value);
        struct cog_claims *claims = verify_payload(text, &id_policy, NULL);
        const char *group = cog_claims_group(claims, 0);

        assert_string_equal(group == NULL ? "" : group,
                            cases[i].group == NULL ? "" : cases[i].group);
        assert_int_equal(cog_claims_email_verified(claims), cases[i].verified);
        assert_int_equal(cog_claims_email(claims) != NULL, cases[i].email);
        assert_int_equal(cog_claims_custom(claims, "custom:host") != NULL,
                         cases[i].custom);
        cog_claims_close(claims);
        free(text);
    }
}

/* The claims' own checks, which cog_jwt_verify() has partly made before. */
static void
claims_need_their_members(void **state)
{
    static const char *const names[] = {"sub", "cognito:username", "iss", "exp",
                                        "auth_time"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(names); i++) {
        char *text = changed(id_payload, names[i], NULL);
        json_t *payload = json_loads(text, 0, NULL);
        struct cog_err err = COG_ERR_INIT;
        struct cog_claims *claims = NULL;

        assert_int_equal(cog_claims_make(payload, COG_TOKEN_ID, &claims, &err),
                         -1);
        assert_int_equal(err.code, COG_E_PROTOCOL);
        json_decref(payload);
        free(text);
    }
}

/*
 * jansson's n-th allocation fails: never a success, never a leak. Powers of
 * two from 32 on are let through: those are its token buffer growing, and
 * jansson 2.14 may read past that buffer when it cannot (test_json.c has what
 * cog_json_parse() makes of it).
 */
static unsigned long allocations;
static unsigned long fail_at;

static void *
failing_malloc(size_t size)
{
    bool buffer = size >= 32 && (size & (size - 1)) == 0;

    return ++allocations == fail_at && !buffer ? NULL : malloc(size);
}

static void
every_allocation_may_fail(void **state)
{
    struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);
    int rc = -1;

    (void)state;
    assert_int_equal(sign_token(key, "k1", id_payload, &token), 0);
    json_set_alloc_funcs(failing_malloc, free);
    fail_at = 0;
    do {
        struct cog_err err = COG_ERR_INIT;
        struct cog_claims *claims = NULL;

        fail_at++;
        allocations = 0;
        rc = cog_jwt_verify(&token, &id_policy, jwks, NOW, &claims, &err);
        assert_true(rc == 0 || err.code == COG_E_NOMEM ||
                    err.code == COG_E_TOKEN);
        assert_int_equal(claims != NULL, rc == 0);
        cog_claims_close(claims);
    } while (fail_at <= allocations);
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(rc, 0);
    cog_secret_clear(&token);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_claim_is_checked),
        cmocka_unit_test(second_issuer_only_where_given),
        cmocka_unit_test(leeway_is_bounded),
        cmocka_unit_test(without_a_clock_all_is_expired),
        cmocka_unit_test(every_header_member_is_checked),
        cmocka_unit_test(kid_is_told_before_verification),
        cmocka_unit_test(payload_must_be_strict_json),
        cmocka_unit_test(segments_must_be_strict_base64url),
        cmocka_unit_test(signature_must_be_right),
        cmocka_unit_test(no_character_may_change),
        cmocka_unit_test(three_parts_and_no_more),
        cmocka_unit_test(nothing_may_follow),
        cmocka_unit_test(size_is_capped),
        cmocka_unit_test(id_claims_are_read),
        cmocka_unit_test(access_claims_are_read),
        cmocka_unit_test(odd_claims_say_nothing),
        cmocka_unit_test(claims_need_their_members),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
