/* SPDX-License-Identifier: MIT */
#include "lib/pool/totp.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/net/json.h"
#include "lib/pool/call.h"

/* Shortest SecretCode of the service model. */
#define SECRET_MIN 16

/* RFC 4648 section 6; without padding, which SecretCode never has. */
static bool
is_base32(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == strlen(text);
}

static int
take_session(const json_t *reply, struct cog_secret *ret, struct cog_err *err)
{
    if (cog_call_take(reply, "Session", ret, err) < 0)
        return -1;
    if (ret->len == 0)
        return cog_fail(err, COG_E_PROTOCOL, "the reply has no Session");
    return 0;
}

static int
take_secret(const json_t *reply, struct cog_secret *ret, struct cog_err *err)
{
    if (cog_call_take(reply, "SecretCode", ret, err) < 0)
        return -1;
    if (ret->len < SECRET_MIN || !is_base32(cog_secret_str(ret)))
        return cog_fail(err, COG_E_PROTOCOL, "SecretCode is not base32");
    return 0;
}

int
cog_totp_associate(const struct cog_api *api, const struct cog_secret *session,
                   struct cog_secret *ret_secret,
                   struct cog_secret *ret_session, struct cog_refused *refused,
                   struct cog_err *err)
{
    json_t *document = json_object();
    json_t *reply = NULL;
    const struct cog_call call = {api, "AssociateSoftwareToken", document,
                                  true};
    int rc = -1;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (cog_call_put_secret(document, "Session", "Session", session, err) < 0 ||
        cog_call_query(&call, &reply, refused, err) < 0)
        goto out;
    if (take_secret(reply, ret_secret, err) < 0 ||
        take_session(reply, ret_session, err) < 0)
        goto out;
    rc = 0;

out:
    if (rc < 0) {
        cog_secret_clear(ret_secret);
        cog_secret_clear(ret_session);
    }
    json_decref(reply);
    json_decref(document);
    return rc;
}

/* HTTP 200 is no success here: Status decides. */
static int
check_status(const json_t *reply, struct cog_refused *refused,
             struct cog_err *err)
{
    const char *status = NULL;

    if (cog_json_get_string(reply, "Status", &status, err) < 0)
        return -1;
    if (strcmp(status, "SUCCESS") == 0)
        return 0;
    if (strcmp(status, "ERROR") == 0) {
        refused->kind = COG_REFUSAL_CODE_WRONG;
        return cog_fail(err, COG_E_DENIED,
                        "VerifySoftwareToken: wrong code from a new "
                        "authenticator");
    }
    return cog_fail(err, COG_E_PROTOCOL,
                    "VerifySoftwareToken: Status is neither SUCCESS nor ERROR");
}

int
cog_totp_verify(const struct cog_api *api, const struct cog_secret *session,
                const struct cog_secret *code, struct cog_secret *ret_session,
                struct cog_refused *refused, struct cog_err *err)
{
    json_t *document = json_object();
    json_t *reply = NULL;
    const struct cog_call call = {api, "VerifySoftwareToken", document, true};
    int rc = -1;

    *refused = (struct cog_refused){.kind = COG_REFUSAL_NONE};
    if (cog_call_put_secret(document, "Session", "Session", session, err) < 0 ||
        cog_call_put_secret(document, "UserCode", "code", code, err) < 0 ||
        cog_call_query(&call, &reply, refused, err) < 0 ||
        check_status(reply, refused, err) < 0)
        goto out;
    rc = take_session(reply, ret_session, err);

out:
    if (rc < 0)
        cog_secret_clear(ret_session);
    json_decref(reply);
    json_decref(document);
    return rc;
}

/* Everything but RFC 3986's unreserved characters as %XX. */
static int
append_encoded(const char *text, struct cog_secret *ret, struct cog_err *err)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "abcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        const char encoded[] = {'%', hex[c >> 4], hex[c & 0xf]};
        bool plain = strchr(unreserved, *text) != NULL;

        if (cog_secret_append(ret, plain ? text : encoded,
                              plain ? 1 : sizeof(encoded), err) < 0)
            return -1;
    }
    return 0;
}

int
cog_totp_uri(const char *issuer, const char *account,
             const struct cog_secret *secret, struct cog_secret *ret,
             struct cog_err *err)
{
    if (cog_secret_append_str(ret, "otpauth://totp/", err) < 0 ||
        append_encoded(issuer, ret, err) < 0 ||
        cog_secret_append_str(ret, ":", err) < 0 ||
        append_encoded(account, ret, err) < 0 ||
        cog_secret_append_str(ret, "?secret=", err) < 0 ||
        append_encoded(cog_secret_str(secret), ret, err) < 0 ||
        cog_secret_append_str(ret, "&issuer=", err) < 0 ||
        append_encoded(issuer, ret, err) < 0) {
        cog_secret_clear(ret);
        return -1;
    }
    return 0;
}
