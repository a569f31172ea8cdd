/* SPDX-License-Identifier: MIT */
#include "lib/host/keys.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/host/config.h"
#include "lib/host/endpoints.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

#define MINUTE ((int64_t)60)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* Longest attribute name in bytes (Cognito API, AttributeNameType). */
#define ATTRIBUTE_MAX 32
/* Longest client id in bytes (Cognito API, ClientIdType). */
#define CLIENT_ID_MAX 128
/* Longest scope we pass on in bytes. */
#define SCOPE_MAX 256
/* Room for a host with its port and "https://". */
#define HOST_URL_BYTES 300

static bool
client_id_valid(const char *value)
{
    size_t len = strlen(value);

    return len >= 1 && len <= CLIENT_ID_MAX &&
           strspn(value, LETTERS DIGITS "_+") == len;
}

static bool
https_valid(const char *value)
{
    return cog_options_url_valid(value, "https");
}

/* `iss` is compared byte for byte and joined with a path. */
static bool
issuer_valid(const char *value)
{
    return https_valid(value) && value[strlen(value) - 1] != '/';
}

/* Does `url` name this host, with any port and path? */
static bool
names_host(const char *url, const char *scheme_host)
{
    size_t len = strlen(scheme_host);

    return strncmp(url, scheme_host, len) == 0 &&
           strchr(":/", url[len]) != NULL;
}

/* Where the browser may be sent back to. Plain http is safe only when it does
 * not leave the machine (RFC 8252 section 7.3). */
static bool
callback_valid(const char *value)
{
    return https_valid(value) || (cog_options_url_valid(value, "http") &&
                                  (names_host(value, "http://localhost") ||
                                   names_host(value, "http://127.0.0.1") ||
                                   names_host(value, "http://[::1]")));
}

/* HOST or HOST:PORT. */
static bool
host_valid(const char *value)
{
    char url[HOST_URL_BYTES];
    int n = snprintf(url, sizeof(url), "https://%s", value);

    return n > 0 && (size_t)n < sizeof(url) && strchr(value, '/') == NULL &&
           https_valid(url);
}

/* http[s]://[USER:PASSWORD@]HOST[:PORT][/] */
static bool
proxy_valid(const char *value)
{
    char host[HOST_URL_BYTES];
    const char *at = strrchr(value, '@');
    const char *rest = strstr(value, "://");
    size_t len;

    if (rest == NULL || (strncmp(value, "http://", 7) != 0 &&
                         strncmp(value, "https://", 8) != 0))
        return false;
    rest += strlen("://");
    if (at != NULL) {
        len = (size_t)(at - rest);
        if (strcspn(rest, "/?# ") < len)
            return false;
        rest = at + 1;
    }
    len = strcspn(rest, "/");
    if (len >= sizeof(host) || (rest[len] == '/' && rest[len + 1] != '\0'))
        return false;
    memcpy(host, rest, len);
    host[len] = '\0';
    return host_valid(host);
}

/* Pool-name characters around exactly one %u. */
static bool
username_format_valid(const char *value)
{
    const char *percent = strchr(value, '%');

    return percent != NULL && percent[1] == 'u' &&
           strchr(percent + 1, '%') == NULL && cog_name_pool_valid(value);
}

/* A claim that names the user, see pam_cognito.conf(5). */
static bool
identity_claim_valid(const char *value)
{
    static const char custom[] = "custom:";
    const char *name = value + strlen(custom);

    if (strcmp(value, "username") == 0 || strcmp(value, "sub") == 0 ||
        strcmp(value, "email") == 0)
        return true;
    return strncmp(value, custom, strlen(custom)) == 0 &&
           strlen(value) <= ATTRIBUTE_MAX && name[0] != '\0' &&
           name[strspn(name, LETTERS DIGITS "_.:-")] == '\0';
}

/* A Unix group, whose names are less uniform than user names. */
static bool
group_valid(const char *value)
{
    return cog_name_pool_valid(value) && strchr(value, ':') == NULL;
}

/* RFC 6749 section 3.3, scope-token. */
static bool
scope_valid(const char *value)
{
    size_t len = strlen(value);

    if (len < 1 || len > SCOPE_MAX)
        return false;
    for (; *value != '\0'; value++) {
        if (*value <= ' ' || *value > '~' || *value == '"' || *value == '\\')
            return false;
    }
    return true;
}

/* A language tag such as en or pt-BR (RFC 5646, without its rarer forms). */
static bool
lang_valid(const char *value)
{
    size_t len = strspn(value, LETTERS);

    if (len < 2 || len > 8)
        return false;
    for (value += len; *value == '-'; value += len) {
        value++;
        len = strspn(value, LETTERS DIGITS);
        if (len < 1 || len > 8)
            return false;
    }
    return *value == '\0';
}

/* The account we become: dropping privileges to root would drop none. */
static bool
run_as_valid(const char *value)
{
    return cog_name_valid(value) && strcmp(value, "root") != 0;
}

/* In the order of the enums in config.h. */
static const char *const auth_flows[] = {"srp", "password", "user_auth",
                                         "custom", NULL};
static const char *const methods[] = {"password", "browser", "choose", NULL};
static const char *const reauths[] = {"password", "refresh", NULL};
static const char *const browser_flows[] = {"relay", "paste", "device", "local",
                                            NULL};
static const char *const qr_styles[] = {"auto", "utf8", "ascii",
                                        "ansi", "off",  NULL};

#define KEY(key) .name = #key, .offset = offsetof(struct cog_config, key)
#define KEY_TIME(key)                                             \
    .name = #key, .offset = offsetof(struct cog_config, key##_s), \
    .type = COG_OPTION_SECONDS
#define PER_SERVICE .flags = COG_OPTION_PER_SERVICE

#define LOCAL_USER .check = cog_name_valid, .form = LOCAL_USER_FORM
#define LOCAL_USER_FORM \
    "a local user name (a-z 0-9 _ . -, at most 32, no capitals)"
#define POOL_GROUP .check = cog_name_pool_valid, .form = "a pool group name"
#define CALLBACK             \
    .check = callback_valid, \
    .form = "an https URL (or http://localhost; without query and fragment)"
#define SCOPE .check = scope_valid, .form = "an OAuth scope"

/*
 * Every key. pam_cognito.conf(5) and pam_cognito.conf(5) say what they
 * mean. Upper bounds of times keep a typing error (days for minutes) from
 * becoming a policy.
 */
const struct cog_option cog_keys_table[] = {
    {KEY(user_pool_id), .type = COG_OPTION_STRING,
     .check = cog_endpoints_pool_id_valid,
     .form = "a user pool id (such as us-east-1_Ab1Cd2Ef3)"},
    {KEY(client_id), .type = COG_OPTION_STRING, .check = client_id_valid,
     .form = "an app client id (1-128 letters and digits)"},
    {KEY(client_secret_file), .type = COG_OPTION_PATH},
    {KEY(region), .type = COG_OPTION_STRING,
     .check = cog_endpoints_region_valid,
     .form = "an AWS region (such as us-east-1)"},
    {KEY(endpoint), .type = COG_OPTION_URL},
    {KEY(issuer), .type = COG_OPTION_STRING, .check = issuer_valid,
     .form = "an https URL (without final slash, user, query and fragment)"},
    {KEY(use_fips), .type = COG_OPTION_BOOL, .fallback = "no"},
    {KEY(ca_file), .type = COG_OPTION_PATH},
    {KEY(proxy), .type = COG_OPTION_STRING, .flags = COG_OPTION_HIDDEN,
     .check = proxy_valid,
     .form = "a proxy URL (http://HOST:PORT or https://HOST:PORT)"},
    {KEY(auth_flow), .type = COG_OPTION_CHOICE, PER_SERVICE,
     .choices = auth_flows, .fallback = "srp"},
    {KEY(method), .type = COG_OPTION_CHOICE, PER_SERVICE, .choices = methods,
     .fallback = "password"},
    {KEY(username_format), .type = COG_OPTION_STRING,
     .check = username_format_valid,
     .form = "a pool user name with one %u in it (such as %u@example.com)",
     .fallback = "%u"},
    {KEY(username_map_file), .type = COG_OPTION_PATH},
    {KEY(identity_claim), .type = COG_OPTION_STRING,
     .check = identity_claim_valid,
     .form = "'username', 'sub', 'email' or 'custom:NAME'",
     .fallback = "username"},
    {KEY(allow_users), .type = COG_OPTION_LIST, PER_SERVICE, LOCAL_USER},
    {KEY(allow_pool_groups), .type = COG_OPTION_LIST, PER_SERVICE, POOL_GROUP},
    {KEY(allow_any_pool_user), .type = COG_OPTION_BOOL, PER_SERVICE,
     .fallback = "no"},
    {KEY(require_scopes), .type = COG_OPTION_LIST, PER_SERVICE, SCOPE},
    {KEY(deny_users), .type = COG_OPTION_LIST, PER_SERVICE, LOCAL_USER},
    {KEY(deny_pool_groups), .type = COG_OPTION_LIST, PER_SERVICE, POOL_GROUP},
    {KEY(skip_users), .type = COG_OPTION_LIST, PER_SERVICE, LOCAL_USER},
    {KEY(skip_groups), .type = COG_OPTION_LIST, PER_SERVICE,
     .check = group_valid, .form = "a Unix group name"},
    {KEY(min_uid), .type = COG_OPTION_UID, .min = COG_NAME_UID_MIN,
     .max = INT32_MAX, .fallback = "1000"},
    {KEY(token_cache), .type = COG_OPTION_BOOL, PER_SERVICE, .fallback = "yes"},
    {KEY(reauth), .type = COG_OPTION_CHOICE, PER_SERVICE, .choices = reauths,
     .fallback = "password"},
    {KEY_TIME(reauth_max_age), PER_SERVICE, .min = 1, .max = DAY,
     .fallback = "15m"},
    {KEY_TIME(account_recheck),
     .flags = COG_OPTION_PER_SERVICE | COG_OPTION_MAY_BE_OFF, .min = 0,
     .max = 7 * DAY, .fallback = "5m"},
    {KEY_TIME(recheck_grace), PER_SERVICE, .min = 0, .max = 30 * DAY,
     .fallback = "24h"},
    {KEY(offline), .type = COG_OPTION_BOOL, PER_SERVICE, .fallback = "no"},
    {KEY_TIME(offline_max_age), PER_SERVICE, .min = 1, .max = 30 * DAY,
     .fallback = "72h"},
    {KEY(offline_without_mfa), .type = COG_OPTION_BOOL, PER_SERVICE,
     .fallback = "no"},
    {KEY(remember_device), .type = COG_OPTION_BOOL, .fallback = "no"},
    {KEY(hosted_ui_domain), .type = COG_OPTION_STRING, .check = host_valid,
     .form = "a host name (without https:// and path)"},
    {KEY(redirect_uri), .type = COG_OPTION_STRING, CALLBACK},
    {KEY(logout_uri), .type = COG_OPTION_STRING, CALLBACK},
    {KEY(scopes), .type = COG_OPTION_LIST, SCOPE, .fallback = "openid"},
    {KEY(identity_provider), .type = COG_OPTION_STRING,
     .check = cog_name_pool_valid, .form = "an identity provider's name"},
    {KEY(lang), .type = COG_OPTION_STRING, .check = lang_valid,
     .form = "a language (such as en or pt-BR)"},
    {KEY(browser_flow), .type = COG_OPTION_CHOICE, PER_SERVICE,
     .choices = browser_flows, .fallback = "paste"},
    {KEY(relay_url), .type = COG_OPTION_URL},
    {KEY(relay_token_file), .type = COG_OPTION_PATH},
    {KEY(device_endpoint), .type = COG_OPTION_URL},
    {KEY(device_token_endpoint), .type = COG_OPTION_URL},
    {KEY(user_from_token), .type = COG_OPTION_BOOL, PER_SERVICE,
     .fallback = "no"},
    {KEY(shared_user), .type = COG_OPTION_STRING, PER_SERVICE, LOCAL_USER},
    {KEY(prompt_dir), .type = COG_OPTION_PATH, PER_SERVICE},
    {KEY(qr), .type = COG_OPTION_CHOICE, PER_SERVICE, .choices = qr_styles,
     .fallback = "auto"},
    /* One login must end within login(1)'s 60 s and sshd's 120 s. */
    {KEY_TIME(timeout), PER_SERVICE, .min = 1, .max = MINUTE,
     .fallback = "20s"},
    {KEY_TIME(browser_timeout), PER_SERVICE, .min = 10, .max = 10 * MINUTE,
     .fallback = "100s"},
    {KEY(seal_key_file), .type = COG_OPTION_PATH},
    {KEY(state_dir), .type = COG_OPTION_PATH, .fallback = COG_STATE_DIR},
    {KEY(cache_dir), .type = COG_OPTION_PATH, .fallback = COG_CACHE_DIR},
    {KEY(run_dir), .type = COG_OPTION_PATH, .fallback = COG_RUN_DIR},
    {KEY(run_as), .type = COG_OPTION_STRING, .check = run_as_valid,
     .form = "a system user's name (not root)", .fallback = "_pam-cognito"},
    {KEY(debug), .type = COG_OPTION_BOOL, PER_SERVICE, .fallback = "no"},
};
const size_t cog_keys_count = COG_COUNT(cog_keys_table);

_Static_assert(COG_COUNT(cog_keys_table) <= COG_KEYS_MAX, "raise it");
_Static_assert(sizeof(enum cog_method) == sizeof(unsigned),
               "cog_options_set() writes choices as unsigned");

/* Scheduled jobs have nobody to ask and no sign-in to follow; crond is cron's
 * name on Red Hat. login(1) gives up after 60 s (LOGIN_TIMEOUT). */
static const struct {
    const char *key;
    const char *service;
    const char *value;
} service_defaults[] = {
    {"account_recheck", "cron", "off"},
    {"account_recheck", "crond", "off"},
    {"account_recheck", "atd", "off"},
    {"account_recheck", "systemd-user", "off"},
    {"browser_timeout", "login", "50s"},
};

const char *
cog_keys_fallback(const struct cog_option *key, const char *service)
{
    for (size_t i = 0; service != NULL && i < COG_COUNT(service_defaults);
         i++) {
        if (strcmp(service_defaults[i].service, service) == 0 &&
            strcmp(service_defaults[i].key, key->name) == 0)
            return service_defaults[i].value;
    }
    return key->fallback;
}

/*
 * When a feature is built, its rows go. A row of a value that is the default
 * refuses a configuration without the key too.
 */
const struct cog_keys_unbuilt cog_keys_unbuilt_table[] = {
    {"require_scopes", NULL, true, NULL},
    {"method", "browser", true, NULL},
    {"method", "choose", true, NULL},
    {"user_from_token", "yes", true, NULL},
    {"shared_user", NULL, true, NULL},
    {"hosted_ui_domain", NULL, false, NULL},
    {"redirect_uri", NULL, false, NULL},
    {"logout_uri", NULL, false, NULL},
    {"scopes", NULL, false, NULL},
    {"identity_provider", NULL, false, NULL},
    {"lang", NULL, false, NULL},
    {"browser_flow", NULL, false, NULL},
    {"browser_timeout", NULL, false, NULL},
    {"relay_url", NULL, false, NULL},
    {"relay_token_file", NULL, false, NULL},
    {"device_endpoint", NULL, false, NULL},
    {"device_token_endpoint", NULL, false, NULL},
    {"prompt_dir", NULL, false, NULL},
};
const size_t cog_keys_unbuilt_count = COG_COUNT(cog_keys_unbuilt_table);
