/* SPDX-License-Identifier: MIT */
#include "lib/pool/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/macros.h"
#include "tests/unit/world.h"

/* A reply as the transport would fill it; clear its body. */
static struct cog_http_reply
reply_of(long status, const char *error_type, const char *body)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;

    reply.status = status;
    (void)snprintf(reply.error_type, sizeof(reply.error_type), "%s",
                   error_type);
    reply.body = world_secret(body);
    return reply;
}

static void
types_and_messages_are_found(void **state)
{
    static const struct {
        const char *error_type;
        const char *body;
        const char *type;
        const char *message;
    } cases[] = {
        {"", "{\"__type\":\"A\",\"message\":\"m\"}", "A", "m"},
        {"", "{\"__type\":\"A\",\"Message\":\"m\"}", "A", "m"},
        {"", "{\"__type\":\"x.y#A\"}", "A", ""},
        {"", "{\"__type\":\"x#y#A:http://z#q\"}", "A", ""},
        {"", "{\"code\":\"A\"}", "A", ""},
        {"", "{\"__type\":\"A\",\"code\":\"B\"}", "A", ""},
        {"H:", "{\"__type\":\"A\"}", "A", ""},
        {"H:http://x/", "{\"message\":\"m\"}", "H", "m"},
        {"H:", "{\"__type\":7,\"message\":[]}", "H", ""},
        {"H", "", "H", ""},
        {"H", "[\"__type\"]", "H", ""},
        {"H", "{\"__type\":\"A\",\"__type\":\"B\"}", "H", ""},
        {"H", "<html>", "H", ""},
        {"", "", "", ""},
        {":", "{\"__type\":\"\"}", "", ""},
        {"", "{\"__type\":\"A\\nB\",\"message\":\"\\u001b[0m\\u00fc\"}", "A?B",
         "?[0m??"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_http_reply reply =
            reply_of(400, cases[i].error_type, cases[i].body);
        struct cog_refusal_text text;

        cog_refusal_parse(&reply, &text);
        assert_string_equal(text.type, cases[i].type);
        assert_string_equal(text.message, cases[i].message);
        cog_secret_clear(&reply.body);
    }
}

static struct cog_refused
explain(const struct cog_http_reply *reply, bool proven, struct cog_err *err)
{
    struct cog_refused refused = {COG_REFUSAL_NONE, "left over"};

    cog_refusal_explain("InitiateAuth", reply, proven, &refused, err);
    return refused;
}

static void
long_texts_are_cut(void **state)
{
    char body[2000];
    struct cog_http_reply reply;
    struct cog_refusal_text text;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    (void)snprintf(body, sizeof(body),
                   "{\"__type\":\"%0500d\",\"message\":\"%0900d\"}", 1, 2);
    reply = reply_of(400, "", body);
    cog_refusal_parse(&reply, &text);
    assert_int_equal(strlen(text.type), COG_REFUSAL_TYPE_BYTES - 1);
    assert_int_equal(strlen(text.message), COG_REFUSAL_MESSAGE_BYTES - 1);
    assert_int_equal(explain(&reply, false, &err).kind, COG_REFUSAL_OTHER);
    /* 63 zeros of the type, 120 of the message, and not one more. */
    assert_null(strstr(err.msg, "00000000000000000000000000000000000000000000"
                                "00000000000000000000000000000000000000000000"
                                "00000000000000000000000000000000000000"));
    cog_secret_clear(&reply.body);
}

#define NA   "NotAuthorizedException"
#define IP   "InvalidParameterException"
#define RNF  "ResourceNotFoundException"
#define SAME COG_E_COUNT_ /* the code does not change with the proof */

static const struct {
    const char *type;
    const char *message;
    enum cog_errc code;
    enum cog_errc proven;
    enum cog_refusal refusal;
    const char *reason;
} meanings[] = {
    {NA, "Client 1a is configured with secret but SECRET_HASH was not received",
     COG_E_CLIENT, SAME, COG_REFUSAL_SECRET_MISSING,
     "the app client has a secret: set client_secret_file"},
    {NA, "Client 1a is configured for secret but secret was not received",
     COG_E_CLIENT, SAME, COG_REFUSAL_SECRET_MISSING, "set client_secret_file"},
    {NA, "Client 1a is not configured for secret but secret was received",
     COG_E_CLIENT, SAME, COG_REFUSAL_SECRET_UNWANTED,
     "the app client has no secret: remove client_secret_file"},
    {NA, "Unable to verify secret hash for client 1a", COG_E_CLIENT, SAME,
     COG_REFUSAL_SECRET_WRONG, "client_secret_file"},
    {NA, "SecretHash does not match for the client: 1a", COG_E_CLIENT, SAME,
     COG_REFUSAL_SECRET_WRONG, "client_secret_file"},
    {NA, "Unable to verify secret for client 1a", COG_E_CLIENT, SAME,
     COG_REFUSAL_SECRET_WRONG, "client_secret_file"},
    {NA, "A client attempted to write unauthorized attribute", COG_E_CLIENT,
     SAME, COG_REFUSAL_OTHER, "may not write an attribute"},
    {NA, "User password cannot be reset in the current state.", COG_E_DENIED,
     SAME, COG_REFUSAL_OTHER, "cannot be reset"},
    {NA, "Incorrect username or password.", COG_E_DENIED, SAME,
     COG_REFUSAL_CREDENTIALS, "wrong password or unknown pool user"},
    {NA, "User does not exist.", COG_E_DENIED, SAME, COG_REFUSAL_NOT_FOUND,
     "unknown pool user"},
    {NA, "User is disabled.", COG_E_DENIED, SAME, COG_REFUSAL_DISABLED,
     "the pool user is disabled"},
    {NA,
     "Temporary password has expired and must be reset by an administrator.",
     COG_E_DENIED, SAME, COG_REFUSAL_INVITATION, "temporary password"},
    {NA, "Password attempts exceeded", COG_E_DENIED, COG_E_MAXTRIES,
     COG_REFUSAL_LOCKED, "locked"},
    {NA, "Too many invalid credentials attempts. User temporarily locked.",
     COG_E_DENIED, COG_E_MAXTRIES, COG_REFUSAL_LOCKED, "locked"},
    {NA, "Invalid session for the user, session is expired.", COG_E_DENIED,
     SAME, COG_REFUSAL_SESSION, "session"},
    {NA, "Invalid session for the user, session can only be used once.",
     COG_E_DENIED, SAME, COG_REFUSAL_SESSION, "session"},
    {NA, "Invalid session for the user.", COG_E_DENIED, SAME,
     COG_REFUSAL_SESSION, "session"},
    {NA, "Refresh Token has been revoked", COG_E_DENIED, SAME,
     COG_REFUSAL_TOKEN, "refresh token"},
    {NA, "Refresh Token has expired", COG_E_DENIED, SAME, COG_REFUSAL_TOKEN,
     "refresh token"},
    {NA, "Invalid Refresh Token.", COG_E_DENIED, SAME, COG_REFUSAL_TOKEN,
     "refresh token"},
    {NA, "Access Token has expired", COG_E_DENIED, SAME, COG_REFUSAL_TOKEN,
     "access token"},
    {NA, "Invalid Access Token", COG_E_DENIED, SAME, COG_REFUSAL_TOKEN,
     "access token"},
    {NA, "Unable to login because of security reasons", COG_E_DENIED, SAME,
     COG_REFUSAL_OTHER, "threat protection"},
    {NA, "never seen before", COG_E_DENIED, SAME, COG_REFUSAL_CREDENTIALS,
     "the pool refused the user"},
    {NA, "", COG_E_DENIED, SAME, COG_REFUSAL_CREDENTIALS,
     "the pool refused the user"},
    {"UserNotFoundException", "User does not exist.", COG_E_DENIED, SAME,
     COG_REFUSAL_NOT_FOUND, "unknown pool user"},
    {"UserNotConfirmedException", "User is not confirmed.", COG_E_DENIED, SAME,
     COG_REFUSAL_UNCONFIRMED, "confirmed"},
    {"PasswordResetRequiredException", "Password reset required for the user",
     COG_E_DENIED, SAME, COG_REFUSAL_RESET, "reset"},
    {"UserLambdaValidationException", "PreAuthentication failed with error no.",
     COG_E_DENIED, SAME, COG_REFUSAL_OTHER, "Lambda"},
    {"CodeMismatchException", "Invalid code or auth state for the user.",
     COG_E_DENIED, SAME, COG_REFUSAL_CODE_WRONG, "wrong code"},
    {"EnableSoftwareTokenMFAException", "Code mismatch", COG_E_DENIED, SAME,
     COG_REFUSAL_CODE_WRONG, "wrong code"},
    {"ExpiredCodeException", "Your software token has already been used once.",
     COG_E_DENIED, SAME, COG_REFUSAL_CODE_OVER, "used already"},
    {"InvalidPasswordException", "Password did not conform with policy: x",
     COG_E_DENIED, SAME, COG_REFUSAL_NEW_PASSWORD, "policy"},
    {"PasswordHistoryPolicyViolationException", "", COG_E_DENIED, SAME,
     COG_REFUSAL_NEW_PASSWORD, "used before"},
    {"MFAMethodNotFoundException", "", COG_E_DENIED, SAME, COG_REFUSAL_OTHER,
     "second factor"},
    {"SoftwareTokenMFANotFoundException", "", COG_E_DENIED, SAME,
     COG_REFUSAL_OTHER, "authenticator"},
    {"AliasExistsException", "", COG_E_DENIED, SAME, COG_REFUSAL_OTHER,
     "another pool user"},
    {"UsernameExistsException", "", COG_E_DENIED, SAME, COG_REFUSAL_OTHER,
     "already"},
    {"DeviceKeyExistsException", "", COG_E_DENIED, SAME, COG_REFUSAL_OTHER,
     "registered already"},
    {"RefreshTokenReuseException", "", COG_E_DENIED, SAME, COG_REFUSAL_REUSED,
     "stolen"},
    {"UnsupportedTokenTypeException", "", COG_E_DENIED, SAME, COG_REFUSAL_TOKEN,
     "not a refresh token"},
    {"LimitExceededException", "Attempt limit exceeded", COG_E_DENIED,
     COG_E_MAXTRIES, COG_REFUSAL_LOCKED, "too often"},
    {"TooManyFailedAttemptsException", "", COG_E_DENIED, COG_E_MAXTRIES,
     COG_REFUSAL_LOCKED, "too often"},
    {"TooManyRequestsException", "Rate exceeded", COG_E_THROTTLED, SAME,
     COG_REFUSAL_THROTTLED, "fewer requests"},
    {"ThrottlingException", "Rate exceeded", COG_E_THROTTLED, SAME,
     COG_REFUSAL_THROTTLED, "fewer requests"},
    {"ConcurrentModificationException", "", COG_E_THROTTLED, SAME,
     COG_REFUSAL_THROTTLED, "at the same time"},
    {IP, "USER_PASSWORD_AUTH flow not enabled for this client", COG_E_CLIENT,
     SAME, COG_REFUSAL_FLOW_DISABLED,
     "enable ALLOW_USER_PASSWORD_AUTH on the app client or choose another "
     "auth_flow"},
    {IP, "USER_SRP_AUTH flow not enabled for this client", COG_E_CLIENT, SAME,
     COG_REFUSAL_FLOW_DISABLED, "ALLOW_USER_SRP_AUTH"},
    {IP, "USER_AUTH flow not enabled for this client", COG_E_CLIENT, SAME,
     COG_REFUSAL_FLOW_DISABLED, "ALLOW_USER_AUTH"},
    {IP, "Auth flow not enabled for this client", COG_E_CLIENT, SAME,
     COG_REFUSAL_FLOW_DISABLED, "auth_flow"},
    {IP, "Initiate Auth method not supported.", COG_E_CLIENT, SAME,
     COG_REFUSAL_FLOW_DISABLED, "auth_flow"},
    {IP, "REFRESH_TOKEN_AUTH flow not enabled for this client", COG_E_CLIENT,
     SAME, COG_REFUSAL_FLOW_DISABLED, "ALLOW_REFRESH_TOKEN_AUTH"},
    {IP, "CUSTOM_AUTH flow not enabled for this client", COG_E_CLIENT, SAME,
     COG_REFUSAL_FLOW_DISABLED, "ALLOW_CUSTOM_AUTH"},
    {IP, "Custom auth lambda trigger is not configured for the user pool.",
     COG_E_CLIENT, SAME, COG_REFUSAL_FLOW_DISABLED, "no Lambda triggers"},
    {IP, "GetTokensFromRefreshToken is not enabled for this client",
     COG_E_CLIENT, SAME, COG_REFUSAL_FLOW_DISABLED, "on the app client"},
    {IP, "Rotation is not enabled for this client.", COG_E_CLIENT, SAME,
     COG_REFUSAL_FLOW_DISABLED, "on the app client"},
    {IP, "Invalid device key given.", COG_E_DENIED, SAME, COG_REFUSAL_DEVICE,
     "device"},
    {IP, "Invalid email address format.", COG_E_DENIED, SAME,
     COG_REFUSAL_ATTRIBUTE, "e-mail address"},
    {IP, "Invalid phone number format.", COG_E_DENIED, SAME,
     COG_REFUSAL_ATTRIBUTE, "phone number"},
    {IP, "Attributes did not conform to the schema: birthdate: wrong",
     COG_E_DENIED, SAME, COG_REFUSAL_ATTRIBUTE, "an attribute"},
    {IP,
     "1 validation error detected: Value 'x' at 'userCode' failed to "
     "satisfy constraint: y",
     COG_E_DENIED, SAME, COG_REFUSAL_CODE_WRONG, "malformed"},
    {IP,
     "1 validation error detected: Value at 'confirmationCode' failed to "
     "satisfy constraint: y",
     COG_E_DENIED, SAME, COG_REFUSAL_CODE_WRONG, "malformed"},
    {IP,
     "1 validation error detected: Value at 'previousPassword' failed to "
     "satisfy constraint: y",
     COG_E_DENIED, SAME, COG_REFUSAL_CREDENTIALS, "old password"},
    {IP,
     "1 validation error detected: Value at 'proposedPassword' failed to "
     "satisfy constraint: y",
     COG_E_DENIED, SAME, COG_REFUSAL_NEW_PASSWORD, "new password"},
    {IP,
     "1 validation error detected: Value at 'password' failed to satisfy "
     "constraint: y",
     COG_E_DENIED, SAME, COG_REFUSAL_NEW_PASSWORD, "new password"},
    {IP, "Cannot reset password for the user as there is no verified email",
     COG_E_DENIED, SAME, COG_REFUSAL_OTHER, "no verified"},
    {IP, "Missing required parameter Session", COG_E_PROTOCOL, SAME,
     COG_REFUSAL_OTHER, "a value we sent"},
    {IP, "Value 'USER_AUTH flow not enabled' at 'username' is wrong",
     COG_E_PROTOCOL, SAME, COG_REFUSAL_OTHER, "a value we sent"},
    {RNF, "Device does not exist.", COG_E_DENIED, SAME, COG_REFUSAL_DEVICE,
     "device"},
    {RNF, "User pool client 1a does not exist.", COG_E_CLIENT, SAME,
     COG_REFUSAL_OTHER, "check client_id"},
    {RNF, "User pool us-east-1_a does not exist.", COG_E_CLIENT, SAME,
     COG_REFUSAL_OTHER, "check user_pool_id"},
    {"ForbiddenException", "Request not allowed due to WAF block.",
     COG_E_CLIENT, SAME, COG_REFUSAL_OTHER, "WAF"},
    {"OperationNotEnabledException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_UNSUPPORTED, "region"},
    {"UnsupportedOperationException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_UNSUPPORTED, "does not allow"},
    {"UnknownOperationException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_UNSUPPORTED, "does not know"},
    {"UnauthorizedException", "", COG_E_CLIENT, SAME, COG_REFUSAL_OTHER,
     "client_secret_file"},
    {"UnexpectedLambdaException", "", COG_E_CLIENT, SAME, COG_REFUSAL_OTHER,
     "Lambda"},
    {"InvalidLambdaResponseException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_OTHER, "Lambda"},
    {"InvalidUserPoolConfigurationException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_OTHER, "configuration"},
    {"InvalidSmsRoleAccessPolicyException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_OTHER, "text messages"},
    {"InvalidSmsRoleTrustRelationshipException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_OTHER, "text messages"},
    {"InvalidEmailRoleAccessPolicyException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_OTHER, "e-mail"},
    {"CodeDeliveryFailureException", "", COG_E_CLIENT, SAME, COG_REFUSAL_OTHER,
     "deliver"},
    {"UserPoolAddOnNotEnabledException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_OTHER, "add-on"},
    {"FeatureUnavailableInTierException", "", COG_E_CLIENT, SAME,
     COG_REFUSAL_OTHER, "tier"},
    {"InternalErrorException", "x", COG_E_NET, SAME, COG_REFUSAL_OUTAGE,
     "internal error"},
    /* Almost a type is none. */
    {"notAuthorizedException", "User is disabled.", COG_E_PROTOCOL, SAME,
     COG_REFUSAL_OTHER, "unknown to us"},
    {"NotAuthorizedException2", "User is disabled.", COG_E_PROTOCOL, SAME,
     COG_REFUSAL_OTHER, "unknown to us"},
    {"NewException", "x", COG_E_PROTOCOL, SAME, COG_REFUSAL_OTHER,
     "unknown to us"},
};

static void
check_meaning(size_t i, bool proven)
{
    bool same = meanings[i].proven == SAME;
    struct cog_http_reply reply;
    struct cog_err err = COG_ERR_INIT;
    char body[400];
    char head[40]; /* of the message: a log line cuts a long one */

    (void)snprintf(head, sizeof(head), "%s", meanings[i].message);
    (void)snprintf(body, sizeof(body), "{\"__type\":\"%s\",\"message\":\"%s\"}",
                   meanings[i].type, meanings[i].message);
    reply = reply_of(400, "", body);
    assert_int_equal(explain(&reply, proven, &err).kind, meanings[i].refusal);
    assert_int_equal(err.code,
                     proven && !same ? meanings[i].proven : meanings[i].code);
    assert_ptr_equal(strstr(err.msg, "InitiateAuth: "), err.msg);
    assert_non_null(strstr(err.msg, meanings[i].reason));
    assert_non_null(strstr(err.msg, meanings[i].type));
    assert_non_null(strstr(err.msg, head));
    cog_secret_clear(&reply.body);
}

static void
every_refusal_has_its_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(meanings); i++) {
        check_meaning(i, false);
        check_meaning(i, true);
    }
}

#define POLICY "Password did not conform with policy: "

static const struct {
    const char *type;
    const char *message;
    const char *stranger; /* what is shown to somebody yet to be proven */
    const char *proven;
} words[] = {
    /* Only rows that say so show anything. */
    {NA, "Incorrect username or password.", "", ""},
    {NA, "User is disabled.", "", ""},
    {"CodeMismatchException", "Invalid code", "", ""},
    {"AliasExistsException", "bob has it", "", ""},
    {"NewException", "x", "", ""},
    {"InternalErrorException", "x", "", ""},
    {IP, "Missing required parameter Session", "", ""},
    {IP,
     "1 validation error detected: Value at 'userCode' failed to satisfy "
     "constraint: y",
     "", ""},
    {"UserLambdaValidationException", "PreAuthentication failed with error no.",
     "", "PreAuthentication failed with error no."},
    {"InvalidPasswordException", POLICY "Password not long enough",
     "Password not long enough", "Password not long enough"},
    {"InvalidPasswordException", "Too short", "Too short", "Too short"},
    {"InvalidPasswordException", POLICY, "", ""},
    {"InvalidPasswordException", "", "", ""},
    {"PasswordHistoryPolicyViolationException", "Used: " POLICY "x",
     "Used: " POLICY "x", "Used: " POLICY "x"},
    {IP, "Invalid email address format.", "Invalid email address format.",
     "Invalid email address format."},
    {IP, "Attributes did not conform to the schema: name: too long",
     "name: too long", "name: too long"},
    {IP,
     "1 validation error detected: Value at 'password' failed to satisfy "
     "constraint: Member must have length 6",
     "Member must have length 6", "Member must have length 6"},
    /* Cleaned, and not to ASCII; malformed bodies show nothing. */
    {"InvalidPasswordException",
     POLICY "Zu kurz f\xc3\xbcr \\u001b[2J\\u202eus\\n",
     "Zu kurz f\xc3\xbcr ?[2J?us?", "Zu kurz f\xc3\xbcr ?[2J?us?"},
    {"InvalidPasswordException", "\xff", "", ""},
};

static void
check_words(size_t i, bool proven)
{
    const char *want = proven ? words[i].proven : words[i].stranger;
    struct cog_http_reply reply;
    struct cog_err err = COG_ERR_INIT;
    char body[400];

    (void)snprintf(body, sizeof(body), "{\"__type\":\"%s\",\"message\":\"%s\"}",
                   words[i].type, words[i].message);
    reply = reply_of(400, "", body);
    assert_string_equal(explain(&reply, proven, &err).shown, want);
    for (const char *p = err.msg; *p != '\0'; p++)
        assert_in_range(*p, ' ', '~');
    cog_secret_clear(&reply.body);
}

static void
words_are_shown_where_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(words); i++) {
        check_words(i, false);
        check_words(i, true);
    }
}

/* Beyond what patterns and logs look at. */
static void
long_words_are_cut(void **state)
{
    char body[2000];
    struct cog_http_reply reply;
    struct cog_refused refused;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    (void)snprintf(body, sizeof(body),
                   "{\"__type\":\"InvalidPasswordException\",\"message\":"
                   "\"%0300dpolicy: %0900d\"}",
                   1, 2);
    reply = reply_of(400, "", body);
    refused = explain(&reply, false, &err);
    assert_int_equal(strlen(refused.shown), COG_REFUSED_SHOWN_BYTES - 1);
    assert_null(strstr(refused.shown, "1"));
    cog_secret_clear(&reply.body);
}

static void
without_a_type_the_status_decides(void **state)
{
    static const struct {
        long status;
        const char *error_type;
        enum cog_errc code;
        enum cog_refusal refusal;
    } cases[] = {
        {500, "", COG_E_NET, COG_REFUSAL_OUTAGE},
        {503, "", COG_E_NET, COG_REFUSAL_OUTAGE},
        {599, "Unheard", COG_E_NET, COG_REFUSAL_OUTAGE},
        {429, "", COG_E_THROTTLED, COG_REFUSAL_THROTTLED},
        {400, "", COG_E_PROTOCOL, COG_REFUSAL_OTHER},
        {403, "", COG_E_PROTOCOL, COG_REFUSAL_OTHER},
        {302, "", COG_E_PROTOCOL, COG_REFUSAL_OTHER},
        {201, "", COG_E_PROTOCOL, COG_REFUSAL_OTHER},
        {0, "", COG_E_PROTOCOL, COG_REFUSAL_OTHER},
        /* A type we know outweighs the status. */
        {500, "NotAuthorizedException:", COG_E_DENIED, COG_REFUSAL_CREDENTIALS},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_http_reply reply =
            reply_of(cases[i].status, cases[i].error_type, "");
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(explain(&reply, false, &err).kind, cases[i].refusal);
        assert_int_equal(err.code, cases[i].code);
        cog_secret_clear(&reply.body);
    }
}

/* A client id of 128 characters leaves the end of the message readable. */
static void
long_client_ids_do_not_hide_the_meaning(void **state)
{
    char body[400];
    struct cog_http_reply reply;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    (void)snprintf(body, sizeof(body),
                   "{\"__type\":\"" NA "\",\"message\":\"Client %0128d is "
                   "configured with secret but SECRET_HASH was not "
                   "received\"}",
                   7);
    reply = reply_of(400, "", body);
    assert_int_equal(explain(&reply, false, &err).kind,
                     COG_REFUSAL_SECRET_MISSING);
    cog_secret_clear(&reply.body);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_and_messages_are_found),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(every_refusal_has_its_meaning),
        cmocka_unit_test(words_are_shown_where_the_table_says),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(without_a_type_the_status_decides),
        cmocka_unit_test(long_client_ids_do_not_hide_the_meaning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
