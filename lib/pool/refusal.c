/* SPDX-License-Identifier: MIT */
#include "lib/pool/refusal.h"

#include <fnmatch.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "lib/core/display.h"
#include "lib/core/macros.h"
#include "lib/net/json.h"

/* When the pool's own words may be shown to the person signing in. */
enum show {
    NEVER = 0,
    PROVEN, /* to a user proven before the call: else a stranger reads them */
    ALWAYS  /* they come after a proof only, or tell of what was typed */
};

/* One meaning. The first row whose type and message fit is it. */
struct meaning {
    const char *type;    /* error type, exactly */
    const char *message; /* fnmatch(3) pattern with '*' only; NULL fits all */
    enum cog_errc code;  /* before the password is proven ... */
    enum cog_errc proven_code; /* ... and after */
    enum cog_refusal kind;
    enum show show;
    const char *reason; /* for the log: what happened, what mends it */
    const char *from;   /* the words that count follow these, if it has them */
};

/* Rows by who is refused: the user, whatever is proven (WORDS: and may read
 * why); the user, for trying too often; the app client or pool, which only
 * their administrator mends. */
#define USER(type, message, kind, reason)                                    \
    {                                                                        \
        type, message, COG_E_DENIED, COG_E_DENIED, kind, NEVER, reason, NULL \
    }
#define WORDS(type, message, kind, show, from, reason)                      \
    {                                                                       \
        type, message, COG_E_DENIED, COG_E_DENIED, kind, show, reason, from \
    }
#define TRIES(type, message, code, kind, reason)                       \
    {                                                                  \
        type, message, code, COG_E_MAXTRIES, kind, NEVER, reason, NULL \
    }
#define CLIENT(type, message, kind, reason)                                  \
    {                                                                        \
        type, message, COG_E_CLIENT, COG_E_CLIENT, kind, NEVER, reason, NULL \
    }
#define PLAIN(type, code, kind, reason)                   \
    {                                                     \
        type, NULL, code, code, kind, NEVER, reason, NULL \
    }

/*
 * Source of the types: the service model of cognito-idp. The messages were
 * seen in the field and are not documented, so each type that needs them ends
 * with a row for any other message.
 */
static const struct meaning meanings[] = {
    CLIENT("NotAuthorizedException",
           "Client * is not configured *secret but*received*",
           COG_REFUSAL_SECRET_UNWANTED,
           "the app client has no secret: remove client_secret_file"),
    CLIENT("NotAuthorizedException",
           "Client * is configured *secret but*not received*",
           COG_REFUSAL_SECRET_MISSING,
           "the app client has a secret: set client_secret_file"),
    CLIENT("NotAuthorizedException", "Unable to verify secret*",
           COG_REFUSAL_SECRET_WRONG,
           "the app client's secret is another, or belongs to another user "
           "name: check client_secret_file"),
    CLIENT("NotAuthorizedException", "SecretHash does not match*",
           COG_REFUSAL_SECRET_WRONG,
           "the app client's secret is another, or belongs to another user "
           "name: check client_secret_file"),
    CLIENT("NotAuthorizedException",
           "A client attempted to write unauthorized attribute*",
           COG_REFUSAL_OTHER,
           "the app client may not write an attribute the pool requires: "
           "allow it there"),
    USER("NotAuthorizedException", "Incorrect username or password*",
         COG_REFUSAL_CREDENTIALS, "wrong password or unknown pool user"),
    USER("NotAuthorizedException", "User does not exist*",
         COG_REFUSAL_NOT_FOUND, "unknown pool user"),
    USER("NotAuthorizedException", "User is disabled*", COG_REFUSAL_DISABLED,
         "the pool user is disabled"),
    USER("NotAuthorizedException", "Temporary password has expired*",
         COG_REFUSAL_INVITATION,
         "the temporary password has expired: the pool's administrator must "
         "set a new one"),
    TRIES("NotAuthorizedException", "Password attempts exceeded*", COG_E_DENIED,
          COG_REFUSAL_LOCKED,
          "the pool user is locked for a while after too many attempts"),
    TRIES("NotAuthorizedException", "Too many invalid credentials attempts*",
          COG_E_DENIED, COG_REFUSAL_LOCKED,
          "the pool user is locked for a while after too many attempts"),
    USER("NotAuthorizedException", "Invalid session for the user*",
         COG_REFUSAL_SESSION, "the sign-in session expired or was used up"),
    USER("NotAuthorizedException", "Refresh Token *", COG_REFUSAL_TOKEN,
         "the refresh token is no longer good"),
    USER("NotAuthorizedException", "Invalid Refresh Token*", COG_REFUSAL_TOKEN,
         "the refresh token is no longer good"),
    USER("NotAuthorizedException", "Access Token *", COG_REFUSAL_TOKEN,
         "the access token is no longer good"),
    USER("NotAuthorizedException", "Invalid Access Token*", COG_REFUSAL_TOKEN,
         "the access token is no longer good"),
    USER("NotAuthorizedException", "User password cannot be reset*",
         COG_REFUSAL_OTHER,
         "the pool user's password cannot be reset: the sign-up or invitation "
         "is not finished"),
    USER("NotAuthorizedException", "Unable to login because of security*",
         COG_REFUSAL_OTHER, "the pool's threat protection blocked the user"),
    USER("NotAuthorizedException", NULL, COG_REFUSAL_CREDENTIALS,
         "the pool refused the user"),

    USER("UserNotFoundException", NULL, COG_REFUSAL_NOT_FOUND,
         "unknown pool user"),
    USER("UserNotConfirmedException", NULL, COG_REFUSAL_UNCONFIRMED,
         "the pool user has not confirmed the sign-up"),
    USER("PasswordResetRequiredException", NULL, COG_REFUSAL_RESET,
         "the pool user must reset the password first"),
    WORDS("UserLambdaValidationException", NULL, COG_REFUSAL_OTHER, PROVEN,
          NULL, "a Lambda trigger of the pool refused the user"),
    USER("CodeMismatchException", NULL, COG_REFUSAL_CODE_WRONG, "wrong code"),
    USER("EnableSoftwareTokenMFAException", NULL, COG_REFUSAL_CODE_WRONG,
         "wrong code from a new authenticator"),
    USER("ExpiredCodeException", NULL, COG_REFUSAL_CODE_OVER,
         "the code has expired or was used already"),
    WORDS("InvalidPasswordException", NULL, COG_REFUSAL_NEW_PASSWORD, ALWAYS,
          "policy: ", "the new password breaks the pool's policy"),
    WORDS("PasswordHistoryPolicyViolationException", NULL,
          COG_REFUSAL_NEW_PASSWORD, ALWAYS, NULL,
          "the new password was used before"),
    USER("MFAMethodNotFoundException", NULL, COG_REFUSAL_OTHER,
         "the pool user has no such second factor"),
    USER("SoftwareTokenMFANotFoundException", NULL, COG_REFUSAL_OTHER,
         "the pool user has no authenticator"),
    USER("AliasExistsException", NULL, COG_REFUSAL_OTHER,
         "another pool user has this e-mail address or phone number"),
    USER("UsernameExistsException", NULL, COG_REFUSAL_OTHER,
         "there is such a pool user already"),
    USER("DeviceKeyExistsException", NULL, COG_REFUSAL_OTHER,
         "the device is registered already"),
    USER("RefreshTokenReuseException", NULL, COG_REFUSAL_REUSED,
         "a rotated refresh token was used again: it may have been stolen"),
    USER("UnsupportedTokenTypeException", NULL, COG_REFUSAL_TOKEN,
         "the token is not a refresh token"),

    /* A count per user, unlike TooManyRequests, which counts the account. */
    TRIES("LimitExceededException", NULL, COG_E_DENIED, COG_REFUSAL_LOCKED,
          "the pool user has tried too often"),
    TRIES("TooManyFailedAttemptsException", NULL, COG_E_DENIED,
          COG_REFUSAL_LOCKED, "the pool user has failed too often"),
    PLAIN("TooManyRequestsException", COG_E_THROTTLED, COG_REFUSAL_THROTTLED,
          "the pool asks for fewer requests"),
    PLAIN("ThrottlingException", COG_E_THROTTLED, COG_REFUSAL_THROTTLED,
          "the pool asks for fewer requests"),
    PLAIN("ConcurrentModificationException", COG_E_THROTTLED,
          COG_REFUSAL_THROTTLED,
          "somebody else changes the pool user at the same time"),

    CLIENT("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled*",
           COG_REFUSAL_FLOW_DISABLED,
           "enable ALLOW_USER_PASSWORD_AUTH on the app client or choose "
           "another auth_flow"),
    CLIENT("InvalidParameterException", "USER_SRP_AUTH flow not enabled*",
           COG_REFUSAL_FLOW_DISABLED,
           "enable ALLOW_USER_SRP_AUTH on the app client or choose another "
           "auth_flow"),
    CLIENT("InvalidParameterException", "USER_AUTH flow not enabled*",
           COG_REFUSAL_FLOW_DISABLED,
           "enable ALLOW_USER_AUTH on the app client or choose another "
           "auth_flow"),
    CLIENT("InvalidParameterException", "REFRESH_TOKEN_AUTH flow not enabled*",
           COG_REFUSAL_FLOW_DISABLED,
           "enable ALLOW_REFRESH_TOKEN_AUTH on the app client"),
    CLIENT("InvalidParameterException", "CUSTOM_AUTH flow not enabled*",
           COG_REFUSAL_FLOW_DISABLED,
           "enable ALLOW_CUSTOM_AUTH on the app client or choose another "
           "auth_flow"),
    CLIENT("InvalidParameterException", "Custom auth lambda trigger is not *",
           COG_REFUSAL_FLOW_DISABLED,
           "the pool has no Lambda triggers for auth_flow = custom"),
    CLIENT("InvalidParameterException", "Auth flow not enabled*",
           COG_REFUSAL_FLOW_DISABLED,
           "enable the sign-in flow on the app client or choose another "
           "auth_flow"),
    CLIENT("InvalidParameterException", "Initiate Auth method not supported*",
           COG_REFUSAL_FLOW_DISABLED,
           "enable the sign-in flow on the app client or choose another "
           "auth_flow"),
    CLIENT("InvalidParameterException", "*not enabled for this client",
           COG_REFUSAL_FLOW_DISABLED, "enable this on the app client"),
    CLIENT("InvalidParameterException", "*not enabled for this client.",
           COG_REFUSAL_FLOW_DISABLED, "enable this on the app client"),
    USER("InvalidParameterException", "Invalid device key given*",
         COG_REFUSAL_DEVICE, "the pool does not know this device"),
    WORDS("InvalidParameterException", "Invalid email address format*",
          COG_REFUSAL_ATTRIBUTE, ALWAYS, NULL,
          "the pool does not accept the e-mail address"),
    WORDS("InvalidParameterException", "Invalid phone number format*",
          COG_REFUSAL_ATTRIBUTE, ALWAYS, NULL,
          "the pool does not accept the phone number"),
    WORDS("InvalidParameterException",
          "Attributes did not conform to the schema*", COG_REFUSAL_ATTRIBUTE,
          ALWAYS, "schema: ", "the pool does not accept an attribute"),
    /* What the user typed, before the pool compared it with anything. */
    USER("InvalidParameterException", "*at 'userCode' failed to satisfy*",
         COG_REFUSAL_CODE_WRONG, "the code is malformed"),
    USER("InvalidParameterException",
         "*at 'confirmationCode' failed to satisfy*", COG_REFUSAL_CODE_WRONG,
         "the code is malformed"),
    USER("InvalidParameterException",
         "*at 'previousPassword' failed to satisfy*", COG_REFUSAL_CREDENTIALS,
         "the old password is malformed"),
    WORDS("InvalidParameterException", "*at 'password' failed to satisfy*",
          COG_REFUSAL_NEW_PASSWORD, ALWAYS,
          "constraint: ", "the new password is malformed"),
    WORDS("InvalidParameterException",
          "*at 'proposedPassword' failed to satisfy*", COG_REFUSAL_NEW_PASSWORD,
          ALWAYS, "constraint: ", "the new password is malformed"),
    /* Before the proof, or ForgotPassword would tell who exists. */
    USER("InvalidParameterException", "Cannot reset password for the user*",
         COG_REFUSAL_OTHER,
         "the pool user has no verified e-mail address or phone number to "
         "send a code to"),
    /* Our request, or a value of the user's the service model forbids. */
    PLAIN("InvalidParameterException", COG_E_PROTOCOL, COG_REFUSAL_OTHER,
          "the pool does not accept a value we sent"),
    USER("ResourceNotFoundException", "Device *", COG_REFUSAL_DEVICE,
         "the pool does not know this device any more"),
    CLIENT("ResourceNotFoundException", "User pool client *", COG_REFUSAL_OTHER,
           "the pool has no such app client: check client_id and region"),
    CLIENT("ResourceNotFoundException", NULL, COG_REFUSAL_OTHER,
           "there is no such pool: check user_pool_id, client_id and region"),

    /* Set up wrongly at the pool's end. COG_E_CLIENT rather than
     * COG_E_PROTOCOL or COG_E_NET: the reply is in good form, another try
     * does not help, somebody has to change something there. */
    CLIENT("ForbiddenException", NULL, COG_REFUSAL_OTHER,
           "a firewall (WAF) rule of the pool blocks this host"),
    CLIENT("OperationNotEnabledException", NULL, COG_REFUSAL_UNSUPPORTED,
           "the pool does not offer this here: check region and endpoint (a "
           "replica?)"),
    CLIENT("UnsupportedOperationException", NULL, COG_REFUSAL_UNSUPPORTED,
           "the app client does not allow this operation"),
    /* An endpoint older than the operation, or not Amazon's. */
    CLIENT("UnknownOperationException", NULL, COG_REFUSAL_UNSUPPORTED,
           "the endpoint does not know this operation"),
    CLIENT("UnauthorizedException", NULL, COG_REFUSAL_OTHER,
           "the app client is not authorized: check client_secret_file"),
    CLIENT("UnexpectedLambdaException", NULL, COG_REFUSAL_OTHER,
           "a Lambda trigger of the pool failed"),
    CLIENT("InvalidLambdaResponseException", NULL, COG_REFUSAL_OTHER,
           "a Lambda trigger of the pool gave a wrong answer"),
    CLIENT("InvalidUserPoolConfigurationException", NULL, COG_REFUSAL_OTHER,
           "the pool's configuration is invalid"),
    CLIENT("InvalidSmsRoleAccessPolicyException", NULL, COG_REFUSAL_OTHER,
           "the pool may not send text messages"),
    CLIENT("InvalidSmsRoleTrustRelationshipException", NULL, COG_REFUSAL_OTHER,
           "the pool may not send text messages"),
    CLIENT("InvalidEmailRoleAccessPolicyException", NULL, COG_REFUSAL_OTHER,
           "the pool may not send e-mail"),
    CLIENT("CodeDeliveryFailureException", NULL, COG_REFUSAL_OTHER,
           "the pool could not deliver the code"),
    CLIENT("UserPoolAddOnNotEnabledException", NULL, COG_REFUSAL_OTHER,
           "the pool lacks an add-on this needs"),
    CLIENT("FeatureUnavailableInTierException", NULL, COG_REFUSAL_OTHER,
           "the pool's tier does not include this"),

    PLAIN("InternalErrorException", COG_E_NET, COG_REFUSAL_OUTAGE,
          "the pool has an internal error"),
};

/* What a reply without a type we know means, by its HTTP status. */
static const struct meaning throttled =
    PLAIN("", COG_E_THROTTLED, COG_REFUSAL_THROTTLED, "too many requests");
static const struct meaning outage =
    PLAIN("", COG_E_NET, COG_REFUSAL_OUTAGE, "the pool is out of order");
static const struct meaning unknown = PLAIN(
    "", COG_E_PROTOCOL, COG_REFUSAL_OTHER, "a refusal of a kind unknown to us");

static bool
fits(const struct meaning *meaning, const struct cog_refusal_text *text)
{
    if (strcmp(meaning->type, text->type) != 0)
        return false;
    return meaning->message == NULL ||
           fnmatch(meaning->message, text->message, 0) == 0;
}

static const struct meaning *
meaning_of(const struct cog_refusal_text *text, long status)
{
    for (size_t i = 0; i < COG_COUNT(meanings); i++) {
        if (fits(&meanings[i], text))
            return &meanings[i];
    }
    if (status == 429) /* Too Many Requests, RFC 6585 section 4 */
        return &throttled;
    return status >= 500 ? &outage : &unknown;
}

/* Server text ends up in logs: printable ASCII only, so that no terminal or
 * log parser is fooled, and replaced rather than dropped, so that nothing
 * turns into a type or message it is not. */
static void
clean(const char *text, size_t len, char *ret, size_t size)
{
    size_t n = len < size - 1 ? len : size - 1;

    for (size_t i = 0; i < n; i++)
        ret[i] = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    ret[n] = '\0';
}

/* "com.amazonaws.cognito#Type" and "Type:http://..." are both Type. */
static void
clean_type(const char *text, char ret[COG_REFUSAL_TYPE_BYTES])
{
    size_t len = strcspn(text, ":");
    const char *hash = memrchr(text, '#', len);

    if (hash != NULL) {
        len -= (size_t)(hash + 1 - text);
        text = hash + 1;
    }
    clean(text, len, ret, COG_REFUSAL_TYPE_BYTES);
}

/* The first of two members that is there, as a string, or "". */
static const char *
either(const json_t *body, const char *first, const char *second)
{
    const char *name = cog_json_has(body, first) ? first : second;
    const char *text = json_string_value(json_object_get(body, name));

    return text == NULL ? "" : text;
}

/* A reply as it came; `type` and `message` borrow from it and from `body`. */
struct parts {
    json_t *body;
    const char *type;
    const char *message;
};

/* Release the body when done. */
static struct parts
take_apart(const struct cog_http_reply *reply)
{
    struct cog_err ignored = COG_ERR_INIT; /* not JSON: the header is left */
    struct parts parts = {NULL, "", ""};

    if (cog_json_parse(cog_secret_str(&reply->body), reply->body.len,
                       &parts.body, &ignored) == 0) {
        parts.type = either(parts.body, "__type", "code");
        parts.message = either(parts.body, "message", "Message");
    }
    if (*parts.type == '\0')
        parts.type = reply->error_type;
    return parts;
}

static void
clean_parts(const struct parts *parts, struct cog_refusal_text *ret)
{
    clean_type(parts->type, ret->type);
    clean(parts->message, strlen(parts->message), ret->message,
          sizeof(ret->message));
}

void
cog_refusal_parse(const struct cog_http_reply *reply,
                  struct cog_refusal_text *ret)
{
    struct parts parts = take_apart(reply);

    clean_parts(&parts, ret);
    json_decref(parts.body);
}

/* The words that the user may be shown, "" for none. Borrowed. */
static const char *
words_of(const struct meaning *meaning, const char *message, bool proven)
{
    const char *from = NULL;

    if (meaning->show == NEVER || (meaning->show == PROVEN && !proven))
        return "";
    if (meaning->from != NULL)
        from = strstr(message, meaning->from);
    return from == NULL ? message : from + strlen(meaning->from);
}

void
cog_refusal_explain(const char *call, const struct cog_http_reply *reply,
                    bool proven, struct cog_refused *refused,
                    struct cog_err *err)
{
    struct parts parts = take_apart(reply);
    struct cog_refusal_text text;
    const struct meaning *meaning;

    clean_parts(&parts, &text);
    meaning = meaning_of(&text, reply->status);
    cog_fail(err, proven ? meaning->proven_code : meaning->code,
             "%s: %s (HTTP %ld, %s%s%.*s)", call, meaning->reason,
             reply->status, *text.type == '\0' ? "no error type" : text.type,
             *text.message == '\0' ? "" : ": ", COG_REFUSAL_QUOTE_BYTES,
             text.message);
    refused->kind = meaning->kind;
    cog_display_clean(words_of(meaning, parts.message, proven), refused->shown,
                      sizeof(refused->shown));
    json_decref(parts.body);
}
