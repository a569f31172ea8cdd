/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/core/options.h"
#include "lib/core/secret.h"
#include "lib/host/config.h"
#include "tests/unit/allocations.h"

/* Three lines that every accepted configuration has, and the fourth that PAM
 * wants: what a case adds begins in line 5. */
#define POOL \
    "user_pool_id = us-east-1_Ab1\nclient_id = 1abc\nauth_flow = password\n"
#define BASE POOL "allow_users = alice\n"

static const struct cog_config_reader pam_reader = {.pam = true};
static const struct cog_config_reader tool_reader = {.pam = false};

struct outcome {
    struct cog_config config;
    struct cog_config_problems problems;
    struct cog_err err;
    int rc;
};

static void
clear(struct outcome *o)
{
    cog_config_clear(&o->config);
    cog_config_problems_clear(&o->problems);
}

static struct outcome
read_as(const char *text, const char *service,
        const struct cog_config_reader *reader)
{
    const struct cog_config_text source = {"t", text, strlen(text)};
    struct outcome o = {.rc = 0};

    o.rc = cog_config_read(&source, reader, service, &o.config, &o.problems,
                           &o.err);
    return o;
}

static struct outcome
accepted(const char *text, const char *service)
{
    struct outcome o = read_as(text, service, &pam_reader);

    if (o.rc != 0)
        fail_msg("%s", o.err.msg);
    return o;
}

static void
assert_lines(const struct cog_list *list, const char *want)
{
    struct cog_secret got = COG_SECRET_INIT(16 * 1024);
    struct cog_err err = COG_ERR_INIT;

    for (size_t i = 0; i < list->count; i++) {
        assert_int_equal(cog_secret_append_str(&got, list->item[i], &err), 0);
        assert_int_equal(cog_secret_append_str(&got, "\n", &err), 0);
    }
    assert_string_equal(cog_secret_str(&got), want);
    cog_secret_clear(&got);
}

#define NOBODY                                                      \
    "t: nobody may sign in: set allow_users, allow_pool_groups or " \
    "allow_any_pool_user\n"
#define NO_LOCAL_USER \
    " is not a local user name (a-z 0-9 _ . -, at most 32, no capitals)\n"
#define NO_CALLBACK \
    " is not an https URL (or http://localhost; without query and fragment)\n"
#define NO_POOL_ID " is not a user pool id (such as us-east-1_Ab1Cd2Ef3)\n"
#define NO_CLIENT  " is not an app client id (1-128 letters and digits)\n"
#define NO_REGION  " is not an AWS region (such as us-east-1)\n"
#define NO_URL     " is not an https URL (without user, query and fragment)\n"
#define NO_ISSUER \
    " is not an https URL (without final slash, user, query and fragment)\n"
#define NO_FORMAT \
    " is not a pool user name with one %u in it (such as %u@example.com)\n"
#define NO_CLAIM " is not 'username', 'sub', 'email' or 'custom:NAME'\n"
#define NO_PROXY \
    "t:5: proxy: not a proxy URL (http://HOST:PORT or https://HOST:PORT)\n"
#define A128                                                           \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* What is refused, for PAM and no service of its own, with every message. */
static const struct {
    const char *text;
    const char *errors;
} refusals[] = {
    /* Required keys. */
    {"", "t: user_pool_id is missing\nt: client_id is missing\n" NOBODY},
    {"client_id = abc\nauth_flow = password\nallow_users =\n",
     "t: user_pool_id is missing\n"},
    {"user_pool_id = us-east-1_a\nauth_flow = password\nallow_users =\n",
     "t: client_id is missing\n"},
    {"user_pool_id =\nclient_id =\nauth_flow = password\nallow_users =\n",
     "t:1: user_pool_id: the value is missing\n"
     "t:2: client_id: the value is missing\n"},
    {POOL, NOBODY},
    {POOL "allow_any_pool_user = no\n", NOBODY},
    {POOL "deny_users = eve\n", NOBODY},
    {POOL "[service sshd]\nallow_users = alice\n", NOBODY},

    /* The form of the text. */
    {BASE "alow_users = bob\n",
     "t:5: unknown key 'alow_users': did you mean 'allow_users'?\n"},
    {BASE "whatever_this_is = bob\n", "t:5: unknown key 'whatever_this_is'\n"},
    {BASE "a\"b = c\n", "t:5: unknown key 'a\\\"b'\n"},
    {BASE "debug = yes\ndebug = yes\n",
     "t:6: 'debug' was already set in line 5\n"},
    {BASE "[service sshd]\ndebug = yes\n[service su sshd]\ndebug = no\n",
     "t:8: 'debug' was already set in line 6\n"},
    {BASE "[service sshd]\nmin_uid = 2000\n",
     "t:6: 'min_uid' holds for all services: move it above the first "
     "section\n"},
    {BASE "[sshd]\ndebug = yes\n", "t:5: expected '[service NAME ...]'\n"},
    {BASE "allow everybody\n", "t:5: expected 'key = value'\n"},
    {BASE "debug = yes\r\n",
     "t:5: carriage return: save the file with Unix line ends\n"},
    {BASE "[service sshd]\ndebug = maybe\n",
     "t:6: debug: 'maybe' is not 'yes' or 'no'\n"},
    /* Everything at once, in the order of the lines, then the rules. */
    {"user_pool_id = x\nfoo = 1\nmin_uid = -1\nbar\n",
     "t:1: user_pool_id: 'x'" NO_POOL_ID "t:2: unknown key 'foo'\n"
     "t:3: min_uid: '-1' is not a user id (decimal digits)\n"
     "t:4: expected 'key = value'\n"
     "t: client_id is missing\n" NOBODY},

    /* The form of each value. */
    {"user_pool_id = us-east-1\nclient_id = a\nauth_flow = password\n"
     "allow_users =\n",
     "t:1: user_pool_id: 'us-east-1'" NO_POOL_ID},
    {"user_pool_id = us-east-1_a\nclient_id = a-b\nauth_flow = password\n"
     "allow_users =\n",
     "t:2: client_id: 'a-b'" NO_CLIENT},
    {"user_pool_id = us-east-1_a\nclient_id = a" A128 "\n"
     "auth_flow = password\nallow_users =\n",
     "t:2: client_id: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaa...'" NO_CLIENT},
    {BASE "region = us-east\n", "t:5: region: 'us-east'" NO_REGION},
    {BASE "region = us-east-1.evil.example\n",
     "t:5: region: 'us-east-1.evil.example'" NO_REGION},
    {BASE "endpoint = http://localhost/\n",
     "t:5: endpoint: 'http://localhost/'" NO_URL},
    {BASE "endpoint = https://u@example.com/\n",
     "t:5: endpoint: 'https://u@example.com/'" NO_URL},
    {BASE "endpoint = https://example.com/?x\n",
     "t:5: endpoint: 'https://example.com/?x'" NO_URL},
    {BASE "issuer = http://example.com/p\n",
     "t:5: issuer: 'http://example.com/p'" NO_ISSUER},
    {BASE "issuer = https://example.com/p/\n",
     "t:5: issuer: 'https://example.com/p/'" NO_ISSUER},
    {BASE "ca_file = ca.pem\n",
     "t:5: ca_file: 'ca.pem' is not an absolute path\n"},
    {BASE "client_secret_file = secret\n",
     "t:5: client_secret_file: 'secret' is not an absolute path\n"},
    {BASE "username_map_file = map\n",
     "t:5: username_map_file: 'map' is not an absolute path\n"},
    {BASE "proxy = proxy.example.com:3128\n", NO_PROXY},
    {BASE "proxy = socks5://proxy.example.com\n", NO_PROXY},
    {BASE "proxy = http://proxy.example.com/path\n", NO_PROXY},
    {BASE "proxy = http://us er@proxy.example.com\n", NO_PROXY},
    {BASE "proxy = http://u/x@proxy.example.com\n", NO_PROXY},
    {BASE "proxy = http://\n", NO_PROXY},
    {BASE "use_fips = 1\n", "t:5: use_fips: '1' is not 'yes' or 'no'\n"},
    {BASE "method = pin\n",
     "t:5: method: 'pin' is not one of password, browser, choose\n"},
    {BASE "username_format = %s\n", "t:5: username_format: '%s'" NO_FORMAT},
    {BASE "username_format = alice\n",
     "t:5: username_format: 'alice'" NO_FORMAT},
    {BASE "username_format = %u%u\n", "t:5: username_format: '%u%u'" NO_FORMAT},
    {BASE "username_format = %u%%\n", "t:5: username_format: '%u%%'" NO_FORMAT},
    {BASE "username_format = a %u\n", "t:5: username_format: 'a %u'" NO_FORMAT},
    {BASE "username_format = %u" A128 "\n",
     "t:5: username_format: '%uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaa...'" NO_FORMAT},
    {BASE "identity_claim = name\n", "t:5: identity_claim: 'name'" NO_CLAIM},
    {BASE "identity_claim = custom:\n",
     "t:5: identity_claim: 'custom:'" NO_CLAIM},
    {BASE "identity_claim = custom:a b\n",
     "t:5: identity_claim: 'custom:a b'" NO_CLAIM},
    {BASE "identity_claim = custom:abcdefghijklmnopqrstuvwxyz\n",
     "t:5: identity_claim: 'custom:abcdefghijklmnopqrstuvwxyz'" NO_CLAIM},
    {POOL "allow_users = alice Bob\n", "t:4: allow_users: 'Bob'" NO_LOCAL_USER},
    {POOL "allow_users = \"\"\n",
     "t:4: values are written without quotes\n" NOBODY},
    {POOL "allow_users = # nobody\n",
     "t:4: a comment needs a line of its own\n" NOBODY},
    {BASE "deny_users = eve@example.com\n",
     "t:5: deny_users: 'eve@example.com'" NO_LOCAL_USER},
    {BASE "skip_users = bob;carol\n",
     "t:5: skip_users: 'bob;carol'" NO_LOCAL_USER},
    {BASE "allow_pool_groups = a\xc2\xa0"
          "b\n",
     "t:5: allow_pool_groups: 'a\\xc2\\xa0b' is not a pool group name\n"},
    {BASE "deny_pool_groups = a\xe2\x80\x8b"
          "b\n",
     "t:5: deny_pool_groups: 'a\\xe2\\x80\\x8bb' is not a pool group name\n"},
    {BASE "skip_groups = a:b\n",
     "t:5: skip_groups: 'a:b' is not a Unix group name\n"},
    {BASE "min_uid = -1\n",
     "t:5: min_uid: '-1' is not a user id (decimal digits)\n"},
    {BASE "min_uid = 99999999999\n",
     "t:5: min_uid: '99999999999' is not a user id (decimal digits)\n"},
    {BASE "min_uid = 0x10\n",
     "t:5: min_uid: '0x10' is not a user id (decimal digits)\n"},
    {BASE "min_uid = 1e3\n",
     "t:5: min_uid: '1e3' is not a user id (decimal digits)\n"},
    {BASE "min_uid = 500\n", "t:5: min_uid: must be from 1000 to 2147483647\n"},
    {BASE "timeout = 0\n", "t:5: timeout: must be from 1s to 1m\n"},
    {BASE "timeout = 61s\n", "t:5: timeout: must be from 1s to 1m\n"},
    {BASE "timeout = fast\n",
     "t:5: timeout: 'fast' is not a time (such as 90s, 15m, 24h)\n"},
    {BASE "run_as = root\n",
     "t:5: run_as: 'root' is not a system user's name (not root)\n"},
    {BASE "run_as = Cog\n",
     "t:5: run_as: 'Cog' is not a system user's name (not root)\n"},
    {BASE "cache_dir = cache\nstate_dir = s\nrun_dir = r\n",
     "t:5: cache_dir: 'cache' is not an absolute path\n"
     "t:6: state_dir: 's' is not an absolute path\n"
     "t:7: run_dir: 'r' is not an absolute path\n"},
    {BASE "redirect_uri = http://example.com/cb\n",
     "t:5: redirect_uri: 'http://example.com/cb'" NO_CALLBACK},
    {BASE "redirect_uri = http://localhost.evil.example/\n",
     "t:5: redirect_uri: 'http://localhost.evil.example/'" NO_CALLBACK},
    {BASE "logout_uri = myapp:/out\n",
     "t:5: logout_uri: 'myapp:/out'" NO_CALLBACK},
    {BASE "hosted_ui_domain = https://auth.example.com\n",
     "t:5: hosted_ui_domain: 'https://auth.example.com' is not a host name "
     "(without https:// and path)\n"},
    {BASE "hosted_ui_domain = auth.example.com/x\n",
     "t:5: hosted_ui_domain: 'auth.example.com/x' is not a host name (without "
     "https:// and path)\n"},
    {BASE "scopes = openid \xc3\xa4\n",
     "t:5: scopes: '\xc3\xa4' is not an OAuth scope\n"},
    {BASE "scopes = openid a\\b\n",
     "t:5: scopes: 'a\\\\b' is not an OAuth scope\n"},
    {BASE "scopes = openid " A128 A128 "a\n",
     "t:5: scopes: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aa...' is not an OAuth scope\n"},
    {BASE "scopes = email\n", "t:5: scopes must contain openid\n"},
    {BASE "lang = e\n",
     "t:5: lang: 'e' is not a language (such as en or pt-BR)\n"},
    {BASE "lang = en_US\n",
     "t:5: lang: 'en_US' is not a language (such as en or pt-BR)\n"},
    {BASE "lang = en-\n",
     "t:5: lang: 'en-' is not a language (such as en or pt-BR)\n"},
    {BASE "identity_provider = My IdP\n",
     "t:5: identity_provider: 'My IdP' is not an identity provider's name\n"},
    {BASE "qr = big\n",
     "t:5: qr: 'big' is not one of auto, utf8, ascii, ansi, off\n"},
    {BASE "reauth = maybe\n",
     "t:5: reauth: 'maybe' is not one of password, refresh\n"},

    /* Keys that tie each other. */
    {BASE "use_fips = yes\nendpoint = https://vpce.example.com\n",
     "t:5: use_fips does not go with endpoint: name the FIPS endpoint there\n"},
    {BASE "browser_flow = relay\n",
     "t:5: browser_flow = relay needs relay_url\n"},
    {BASE "browser_flow = device\n",
     "t:5: browser_flow = device needs device_endpoint and "
     "device_token_endpoint\n"},
    {BASE "browser_flow = device\ndevice_endpoint = https://d.example/\n",
     "t:5: browser_flow = device needs device_endpoint and "
     "device_token_endpoint\n"},

    /* What restricts and is not built, with the rules it must obey then. */
    {POOL "allow_users =\nauth_flow = srp\n",
     "t:5: 'auth_flow' was already set in line 3\n"},
    {BASE "method = browser\n",
     "t:5: a browser sign-in needs redirect_uri and hosted_ui_domain\n"
     "t:5: method = browser is not available in this version\n"},
    {BASE "method = choose\nredirect_uri = https://r.example/\n",
     "t:5: a browser sign-in needs redirect_uri and hosted_ui_domain\n"
     "t:5: method = choose is not available in this version\n"},
    {BASE "method = choose\nredirect_uri = https://r.example/\n"
          "hosted_ui_domain = auth.example.com\n",
     "t:5: method = choose is not available in this version\n"},
    {BASE "require_scopes = host/login\n",
     "t:5: require_scopes needs method = browser: password sign-ins carry no "
     "such scopes\n"
     "t:5: require_scopes is not available in this version\n"},
    {BASE "user_from_token = yes\n",
     "t:5: user_from_token = yes is not available in this version\n"},
    {BASE "token_cache = no\noffline = yes\n",
     "t:5: token_cache = no does not go with offline, remember_device and "
     "reauth = refresh\n"},
    {BASE "token_cache = no\nreauth = refresh\n",
     "t:5: token_cache = no does not go with offline, remember_device and "
     "reauth = refresh\n"},
    {BASE "token_cache = no\nremember_device = yes\n",
     "t:5: token_cache = no does not go with offline, remember_device and "
     "reauth = refresh\n"},
    {POOL "allow_pool_groups = kiosk\nshared_user = kiosk\n",
     "t:5: shared_user needs user_from_token = yes and allow_pool_groups\n"
     "t:5: shared_user is not available in this version\n"},
    {POOL "shared_user = kiosk\nuser_from_token = yes\n", NOBODY
     "t:4: shared_user needs user_from_token = yes and allow_pool_groups\n"
     "t:5: user_from_token = yes is not available in this version\n"
     "t:4: shared_user is not available in this version\n"},
    {BASE "allow_pool_groups = kiosk\nshared_user = kiosk\n"
          "user_from_token = yes\noffline = yes\n",
     "t:6: shared_user does not go with offline, remember_device and reauth = "
     "refresh\n"
     "t:6: shared_user admits by allow_pool_groups alone: remove allow_users "
     "and allow_any_pool_user\n"
     "t:7: user_from_token = yes is not available in this version\n"
     "t:6: shared_user is not available in this version\n"},
    {POOL "allow_any_pool_user = yes\nallow_pool_groups = kiosk\n"
          "shared_user = kiosk\nuser_from_token = yes\n",
     "t:6: shared_user admits by allow_pool_groups alone: remove allow_users "
     "and allow_any_pool_user\n"
     "t:7: user_from_token = yes is not available in this version\n"
     "t:6: shared_user is not available in this version\n"},
};

static void
refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(refusals); i++) {
        struct outcome o = read_as(refusals[i].text, NULL, &pam_reader);

        assert_int_equal(o.rc, -1);
        assert_int_equal(o.err.code, COG_E_CONFIG);
        assert_lines(&o.problems.errors, refusals[i].errors);
        assert_null(o.config.user_pool_id); /* nothing of it gets out */
        clear(&o);
    }
}

/* err has the first problem and how many more there are. */
static void
summary(void **state)
{
    struct outcome one = read_as(POOL, NULL, &pam_reader);
    struct outcome three =
        read_as(BASE "x = 1\ny = 2\nz = 3\n", NULL, &pam_reader);

    (void)state;
    assert_string_equal(one.err.msg,
                        "t: nobody may sign in: set allow_users, "
                        "allow_pool_groups or allow_any_pool_user");
    assert_string_equal(three.err.msg, "t:5: unknown key 'x' (and 2 more)");
    clear(&one);
    clear(&three);
}

/* Features that are missing without letting anybody in. */
static void
warned(void **state)
{
    struct outcome o = accepted(
        BASE "hosted_ui_domain = auth.example.com:8443\n"
             "redirect_uri = http://localhost:8080/cb\n"
             "logout_uri = https://example.com/out\nscopes = openid, email\n"
             "identity_provider = Corp\nlang = pt-BR\n"
             "browser_flow = local\nbrowser_timeout = 60s\n"
             "relay_url = https://relay.example.com/\n"
             "relay_token_file = /etc/relay\n"
             "device_endpoint = https://d.example.com/a\n"
             "device_token_endpoint = https://d.example.com/t\n"
             "prompt_dir = /run/kiosk\n",
        NULL);

    (void)state;
    assert_lines(&o.problems.warnings,
                 "t:5: hosted_ui_domain has no effect in this version\n"
                 "t:6: redirect_uri has no effect in this version\n"
                 "t:7: logout_uri has no effect in this version\n"
                 "t:8: scopes has no effect in this version\n"
                 "t:9: identity_provider has no effect in this version\n"
                 "t:10: lang has no effect in this version\n"
                 "t:11: browser_flow has no effect in this version\n"
                 "t:12: browser_timeout has no effect in this version\n"
                 "t:13: relay_url has no effect in this version\n"
                 "t:14: relay_token_file has no effect in this version\n"
                 "t:15: device_endpoint has no effect in this version\n"
                 "t:16: device_token_endpoint has no effect in this version\n"
                 "t:17: prompt_dir has no effect in this version\n");
    assert_int_equal(o.config.browser_flow, COG_BROWSER_FLOW_LOCAL);
    assert_int_equal(o.config.scopes.count, 2);
    clear(&o);
}

/* Features that are there now. */
static void
built(void **state)
{
    struct outcome o =
        accepted(POOL "remember_device = yes\nqr = ascii\n"
                      "seal_key_file = " COG_STATE_DIR "/seal.key\n"
                      "allow_users =\n[service sshd]\nauth_flow = user_auth\n",
                 "sshd");
    struct outcome custom =
        accepted(BASE "[service sshd]\nauth_flow = custom\n", "sshd");
    struct outcome kiosk = accepted(BASE "token_cache = no\n", NULL);
    struct outcome later = accepted(
        BASE "reauth = refresh\nreauth_max_age = 5m\nrecheck_grace = 1h\n"
             "offline = yes\noffline_max_age = 1h\noffline_without_mfa = yes\n"
             "account_recheck = 1m\n",
        NULL);

    (void)state;
    assert_lines(&o.problems.warnings, "");
    assert_int_equal(o.config.auth_flow, COG_AUTH_FLOW_USER_AUTH);
    assert_int_equal(o.config.qr, COG_QR_ASCII);
    assert_true(o.config.remember_device);
    assert_string_equal(o.config.seal_key_file, COG_STATE_DIR "/seal.key");
    assert_false(o.config.seal_key_default);
    assert_lines(&kiosk.problems.warnings, "");
    assert_false(kiosk.config.token_cache);
    assert_lines(&later.problems.warnings, "");
    assert_int_equal(later.config.reauth, COG_REAUTH_REFRESH);
    assert_int_equal(later.config.reauth_max_age_s, 300);
    assert_int_equal(later.config.account_recheck_s, 60);
    assert_int_equal(later.config.recheck_grace_s, 3600);
    assert_true(later.config.offline);
    assert_int_equal(later.config.offline_max_age_s, 3600);
    assert_true(later.config.offline_without_mfa);
    clear(&later);
    assert_int_equal(custom.config.auth_flow, COG_AUTH_FLOW_CUSTOM);
    clear(&o);
    clear(&custom);
    clear(&kiosk);
}

static void
defaults(void **state)
{
    struct outcome o = accepted(BASE, "sshd");
    const struct cog_config *c = &o.config;

    (void)state;
    assert_lines(&o.problems.warnings, "");
    assert_string_equal(c->user_pool_id, "us-east-1_Ab1");
    assert_string_equal(c->client_id, "1abc");
    assert_null(c->client_secret_file);
    assert_string_equal(c->region, "us-east-1");
    assert_string_equal(c->endpoint,
                        "https://cognito-idp.us-east-1.amazonaws.com/");
    assert_string_equal(
        c->issuer, "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1");
    assert_string_equal(c->issuer_alternative,
                        "https://issuer-cognito-idp.us-east-1.amazonaws.com/"
                        "us-east-1_Ab1");
    assert_string_equal(c->jwks_url,
                        "https://cognito-idp.us-east-1.amazonaws.com/"
                        "us-east-1_Ab1/.well-known/jwks.json");
    assert_string_equal(c->pool_name, "Ab1");
    assert_null(c->ca_file);
    assert_null(c->proxy);
    assert_int_equal(c->auth_flow, COG_AUTH_FLOW_PASSWORD);
    assert_int_equal(c->method, COG_METHOD_PASSWORD);
    assert_string_equal(c->username_format, "%u");
    assert_null(c->username_map_file);
    assert_string_equal(c->identity_claim, "username");
    assert_true(c->allow_users.given);
    assert_int_equal(c->allow_users.count, 1);
    assert_false(c->allow_pool_groups.given);
    assert_false(c->allow_any_pool_user);
    assert_false(c->deny_users.given);
    assert_int_equal(c->min_uid, 1000);
    assert_true(c->token_cache);
    assert_int_equal(c->reauth, COG_REAUTH_PASSWORD);
    assert_int_equal(c->reauth_max_age_s, 15 * 60);
    assert_int_equal(c->account_recheck_s, 5 * 60);
    assert_int_equal(c->recheck_grace_s, 24 * 3600);
    assert_false(c->offline);
    assert_int_equal(c->offline_max_age_s, 72 * 3600);
    assert_int_equal(c->scopes.count, 1);
    assert_string_equal(c->scopes.item[0], "openid");
    assert_int_equal(c->browser_flow, COG_BROWSER_FLOW_PASTE);
    assert_int_equal(c->qr, COG_QR_AUTO);
    assert_int_equal(c->timeout_s, 20);
    assert_int_equal(c->browser_timeout_s, 100);
    assert_string_equal(c->state_dir, COG_STATE_DIR);
    assert_string_equal(c->seal_key_file, COG_STATE_DIR "/seal.key");
    assert_true(c->seal_key_default);
    assert_string_equal(c->cache_dir, COG_CACHE_DIR);
    assert_string_equal(c->run_dir, COG_RUN_DIR);
    assert_string_equal(c->run_as, "_pam-cognito");
    assert_false(c->debug);
    clear(&o);
}

static void
derived(void **state)
{
    static const struct {
        const char *text;
        const char *endpoint;
        const char *issuer;
        bool two_issuers;
    } cases[] = {
        {"use_fips = yes\n",
         "https://cognito-idp-fips.us-east-1.amazonaws.com/",
         "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1", true},
        /* A replica answers elsewhere, its tokens name the primary region. */
        {"region = eu-west-1\n", "https://cognito-idp.eu-west-1.amazonaws.com/",
         "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1", true},
        {"endpoint = https://127.0.0.1:8443\n", "https://127.0.0.1:8443/",
         "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1", true},
        {"endpoint = https://vpce.example.com/p/\n"
         "issuer = https://127.0.0.1:8443/us-east-1_Ab1\n",
         "https://vpce.example.com/p/", "https://127.0.0.1:8443/us-east-1_Ab1",
         false},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char text[512];
        char jwks_url[256];
        struct outcome o;

        (void)snprintf(text, sizeof(text), "%s%s", BASE, cases[i].text);
        o = accepted(text, NULL);
        assert_string_equal(o.config.endpoint, cases[i].endpoint);
        assert_string_equal(o.config.issuer, cases[i].issuer);
        assert_int_equal(o.config.issuer_alternative != NULL,
                         cases[i].two_issuers);
        (void)snprintf(jwks_url, sizeof(jwks_url), "%s/.well-known/jwks.json",
                       cases[i].issuer);
        assert_string_equal(o.config.jwks_url, jwks_url);
        clear(&o);
    }
}

/* The default way back from a browser is the relay where there is one, and the
 * key of the records lies in the state directory. */
static void
derived_from_other_keys(void **state)
{
    struct outcome relay =
        accepted(BASE "relay_url = https://r.example/\n", NULL);
    struct outcome paste = accepted(
        BASE "relay_url = https://r.example/\nbrowser_flow = paste\n", NULL);
    struct outcome seal = accepted(BASE "state_dir = /tmp/s\n", NULL);

    (void)state;
    assert_int_equal(relay.config.browser_flow, COG_BROWSER_FLOW_RELAY);
    assert_int_equal(paste.config.browser_flow, COG_BROWSER_FLOW_PASTE);
    assert_string_equal(seal.config.seal_key_file, "/tmp/s/seal.key");
    clear(&relay);
    clear(&paste);
    clear(&seal);
}

static void
good_values(void **state)
{
    static const char *const lines[] = {
        "proxy = http://proxy.example.com:3128",
        "proxy = https://user:p%40ss@proxy.example.com/",
        "identity_claim = sub",
        "identity_claim = email",
        "identity_claim = custom:unix_name",
        "username_format = %u@example.com",
        "username_format = corp_%u",
        "username_map_file = /etc/security/map",
        "skip_groups = Domain-Users linux+admins@corp.example",
        "deny_pool_groups = us-east-1_Ab1_Google, \xc3\x84rzte",
        "min_uid = 2147483647",
        "ca_file = /etc/ssl/our-ca.pem",
        "debug = yes",
        "user_from_token = no",
        "offline = no",
        "reauth = password",
        "token_cache = yes",
        "method = password",
        "timeout = 1m",
        "run_as = nobody",
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(lines); i++) {
        char text[512];
        struct outcome o;

        (void)snprintf(text, sizeof(text), "%s%s\n", BASE, lines[i]);
        o = accepted(text, NULL);
        assert_lines(&o.problems.warnings, "");
        clear(&o);
    }
}

/* An empty list is a rule: it names nobody. */
static void
empty_lists(void **state)
{
    struct outcome o = accepted(POOL "allow_users =\n", NULL);

    (void)state;
    assert_true(o.config.allow_users.given);
    assert_int_equal(o.config.allow_users.count, 0);
    clear(&o);
}

/* A tool that signs nobody in needs no allow rule. */
static void
tools_need_no_allow_rule(void **state)
{
    struct outcome o = read_as(POOL, NULL, &tool_reader);

    (void)state;
    assert_int_equal(o.rc, 0);
    clear(&o);
}

#define SERVICES                                                    \
    BASE "timeout = 10s\noffline = yes\n"                           \
         "[service sshd]\nallow_users = bob carol\ntimeout = 30s\n" \
         "[service sudo sudo-i]\nallow_users =\n"                   \
         "[service sudo]\noffline = yes\n"                          \
         "[service cron]\nrecheck_grace = 1h\n"

static void
services(void **state)
{
    static const struct {
        const char *service; /* NULL: none */
        size_t allowed;
        int64_t timeout_s;
        int64_t recheck_s;
        int64_t browser_s;
        bool offline;
    } cases[] = {
        {NULL, 1, 10, 300, 100, true},
        {"other", 1, 10, 300, 100, true},
        {"sshd", 2, 30, 300, 100, true},
        {"SSHD", 1, 10, 300, 100, true},
        {"ssh", 1, 10, 300, 100, true},
        /* Elevation: offline only if the section says so. */
        {"sudo", 0, 10, 300, 100, true},
        {"sudo-i", 0, 10, 300, 100, false},
        {"su", 1, 10, 300, 100, false},
        {"su-l", 1, 10, 300, 100, false},
        {"polkit-1", 1, 10, 300, 100, false},
        /* Nobody to ask, and no sign-in to follow. */
        {"cron", 1, 10, COG_OPTIONS_OFF, 100, true},
        {"crond", 1, 10, COG_OPTIONS_OFF, 100, true},
        {"atd", 1, 10, COG_OPTIONS_OFF, 100, true},
        {"systemd-user", 1, 10, COG_OPTIONS_OFF, 100, true},
        /* login(1) waits 60 s. */
        {"login", 1, 10, 300, 50, true},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct outcome o = accepted(SERVICES, cases[i].service);

        assert_int_equal(o.config.allow_users.count, cases[i].allowed);
        assert_int_equal(o.config.timeout_s, cases[i].timeout_s);
        assert_int_equal(o.config.account_recheck_s, cases[i].recheck_s);
        assert_int_equal(o.config.browser_timeout_s, cases[i].browser_s);
        assert_int_equal(o.config.offline, cases[i].offline);
        clear(&o);
    }
}

/* On the console even a longer time that was written is cut. */
static void
console_browser_timeout(void **state)
{
    struct outcome o = accepted(BASE "browser_timeout = 90s\n", "login");

    (void)state;
    assert_int_equal(o.config.browser_timeout_s, 50);
    clear(&o);
}

/* A section can close what the rest opens. */
static void
section_closes(void **state)
{
    struct outcome o = read_as(POOL "allow_any_pool_user = yes\n"
                                    "[service su]\nallow_any_pool_user = no\n",
                               "su", &pam_reader);

    (void)state;
    assert_int_equal(o.rc, -1);
    assert_lines(&o.problems.errors, NOBODY);
    clear(&o);
}

static void
too_many_settings(void **state)
{
    struct cog_secret text = COG_SECRET_INIT(256 * 1024);
    struct cog_err err = COG_ERR_INIT;
    struct outcome o;

    (void)state;
    assert_int_equal(cog_secret_append_str(&text, BASE, &err), 0);
    for (unsigned i = 0; i < 1021; i++) {
        char section[64];

        (void)snprintf(section, sizeof(section), "[service s%u]\ndebug = yes\n",
                       i);
        assert_int_equal(cog_secret_append_str(&text, section, &err), 0);
    }
    o = read_as(cog_secret_str(&text), NULL, &pam_reader);
    assert_int_equal(o.rc, -1);
    assert_lines(&o.problems.errors, "t:2046: more than 1024 settings\n");
    clear(&o);
    cog_secret_clear(&text);
}

static void
every_allocation_may_fail(void **state)
{
    bool failed = true;
    unsigned n = 0;

    (void)state;
    while (failed) {
        struct outcome o;

        fail_allocation(++n);
        o = read_as(SERVICES, "sudo", &pam_reader);
        failed = allocation_failed();
        assert_int_equal(o.rc, failed ? -1 : 0);
        assert_int_equal(o.err.code, failed ? COG_E_NOMEM : COG_OK);
        assert_int_equal(o.config.user_pool_id == NULL, failed);
        clear(&o);
    }
    assert_true(n > 50);
}

/* Files, in a fresh directory for each test. */
static char dir[] = "/tmp/test_config.XXXXXX";
static char path[PATH_MAX];

static int
setup(void **state)
{
    (void)state;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/c.conf", dir);
    (void)alarm(60);
    return 0;
}

static void
put(const char *name, const char *content, mode_t mode)
{
    char where[PATH_MAX];
    int fd;

    (void)snprintf(where, sizeof(where), "%.64s/%s", dir, name);
    fd = open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void
put_dir(const char *name, mode_t mode)
{
    char where[PATH_MAX];

    (void)snprintf(where, sizeof(where), "%.64s/%s", dir, name);
    assert_int_equal(mkdir(where, 0700), 0);
    assert_int_equal(chmod(where, mode), 0);
}

static void
remove_tree(const char *parent)
{
    DIR *d = opendir(parent);
    const struct dirent *entry;

    assert_non_null(d);
    while ((entry = readdir(d)) != NULL) {
        char where[PATH_MAX];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(where, sizeof(where), "%.200s/%s", parent,
                       entry->d_name);
        if (unlink(where) != 0)
            remove_tree(where);
    }
    (void)closedir(d);
    assert_int_equal(rmdir(parent), 0);
}

static int
teardown(void **state)
{
    (void)state;
    remove_tree(dir);
    return 0;
}

static struct outcome
load(const char *service)
{
    const struct cog_config_reader reader = {.owner = geteuid(), .pam = true};
    struct outcome o = {.rc = 0};

    o.rc =
        cog_config_load(path, &reader, service, &o.config, &o.problems, &o.err);
    return o;
}

/* As assert_lines(), with the test's directory written as @. */
static void
assert_file_lines(const struct cog_list *list, const char *want)
{
    struct cog_list shown = {.count = 0};
    struct cog_err err = COG_ERR_INIT;

    for (size_t i = 0; i < list->count; i++) {
        const char *text = list->item[i];

        assert_int_equal(strncmp(text, dir, strlen(dir)), 0);
        assert_int_equal(
            cog_list_append_format(&shown, &err, "@%s", text + strlen(dir)), 0);
    }
    assert_lines(&shown, want);
    cog_list_clear(&shown);
}

static void
load_refused(const char *want)
{
    struct outcome o = load(NULL);

    assert_int_equal(o.rc, -1);
    assert_int_equal(o.err.code, COG_E_CONFIG);
    assert_file_lines(&o.problems.errors, want);
    clear(&o);
}

static void
drop_ins(void **state)
{
    struct outcome o;

    (void)state;
    put("c.conf", BASE "timeout = 10s\n[service sshd]\ntimeout = 11s\n", 0644);
    o = load(NULL); /* no directory */
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.config.timeout_s, 10);
    clear(&o);

    put_dir("c.conf.d", 0755);
    put("c.conf.d/20-b.conf", "timeout = 20s\n", 0644);
    put("c.conf.d/10-a.conf", "timeout = 15s\nallow_users = bob carol\n", 0644);
    put("c.conf.d/30-c.conf.bak", "timeout = 30s\n", 0644);
    put("c.conf.d/.hidden.conf", "timeout = 31s\n", 0644);
    put("c.conf.d/.conf", "timeout = 32s\n", 0644);
    put("c.conf.d/conf", "timeout = 33s\n", 0644);
    o = load(NULL); /* a later file replaces */
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.config.timeout_s, 20);
    assert_int_equal(o.config.allow_users.count, 2);
    clear(&o);
    o = load("sshd"); /* a section wins over a later file */
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.config.timeout_s, 11);
    clear(&o);
    put("c.conf.d/40-d.conf", "[service sshd]\ntimeout = 40s\n", 0644);
    o = load("sshd"); /* but not over a later section */
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.config.timeout_s, 40);
    clear(&o);
}

static void
drop_ins_are_judged_too(void **state)
{
    (void)state;
    put("c.conf", BASE, 0644);
    put_dir("c.conf.d", 0755);
    put("c.conf.d/a.conf", "foo = 1\n", 0644);
    put("c.conf.d/b.conf", "debug = no\ndebug = no\nscopes = email\n", 0644);
    load_refused("@/c.conf.d/a.conf:1: unknown key 'foo'\n"
                 "@/c.conf.d/b.conf:2: 'debug' was already set in line 1\n"
                 "@/c.conf.d/b.conf:3: scopes must contain openid\n");
    put("c.conf.d/b.conf", "debug = yes\n", 0666);
    load_refused("@/c.conf.d/a.conf:1: unknown key 'foo'\n"
                 "@/c.conf.d/b.conf: others can write it (mode 0666): chmod "
                 "go-w\n");
}

static void
unsafe_directory(void **state)
{
    (void)state;
    put("c.conf", BASE, 0644);
    put_dir("c.conf.d", 0777);
    load_refused("@/c.conf.d: others can write it (mode 0777): chmod go-w\n");
}

/* A drop-in that is no file, and names that would forge a line. */
static void
strange_drop_ins(void **state)
{
    (void)state;
    put("c.conf", BASE, 0644);
    put_dir("c.conf.d", 0755);
    put_dir("c.conf.d/d.conf", 0755);
    put("c.conf.d/e\n.conf", "foo = 1\n", 0644);
    load_refused("@/c.conf.d/d.conf: is not a regular file\n"
                 "@/c.conf.d/e\\x0a.conf:1: unknown key 'foo'\n");
}

static void
unsafe_files(void **state)
{
    (void)state;
    load_refused("@/c.conf: No such file or directory\n");
    assert_int_equal(symlink("/etc/passwd", path), 0);
    load_refused("@/c.conf: is a symbolic link: name the file itself\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0644), 0);
    load_refused("@/c.conf: is not a regular file\n");
    assert_int_equal(unlink(path), 0);
    put_dir("c.conf", 0755);
    load_refused("@/c.conf: is not a regular file\n");
    assert_int_equal(rmdir(path), 0);
    put("c.conf", BASE, 0666);
    load_refused("@/c.conf: others can write it (mode 0666): chmod go-w\n");
    put("c.conf", BASE, 0620);
    load_refused("@/c.conf: others can write it (mode 0620): chmod go-w\n");
    put("c.conf", "", 0644);
    load_refused("@/c.conf: user_pool_id is missing\n"
                 "@/c.conf: client_id is missing\n"
                 "@/c.conf: nobody may sign in: set allow_users, "
                 "allow_pool_groups or allow_any_pool_user\n");
    assert_int_equal(truncate(path, 256 * 1024 + 1), 0);
    load_refused("@/c.conf: is larger than 262144 bytes\n");
}

/* Being unable to read is not the administrator's mistake. */
static void
no_descriptors(void **state)
{
    struct rlimit before;
    struct rlimit none;
    struct outcome o;

    (void)state;
    put("c.conf", BASE, 0644);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    o = load(NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.err.code, COG_E_SYSTEM);
    assert_non_null(strstr(o.err.msg, "/c.conf: Too many open files"));
    assert_int_equal(o.problems.errors.count, 0);
    clear(&o);
}

/* The PAM helper trusts root alone. */
static void
owner(void **state)
{
    const struct cog_config_reader helper = {.pam = true};
    struct outcome o = {.rc = 0};

    (void)state;
    put("c.conf", BASE, 0644);
    if (geteuid() == 0)
        assert_int_equal(chown(path, 54321, (gid_t)-1), 0);
    o.rc = cog_config_load(path, &helper, NULL, &o.config, &o.problems, &o.err);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.err.code, COG_E_CONFIG);
    assert_non_null(strstr(o.err.msg, ": chown it to root"));
    clear(&o);
}

/* check-config: the general part, then what only a service has. */
static void
check_all(void **state)
{
    const struct cog_config_reader reader = {.owner = geteuid(), .pam = true};
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    put("c.conf",
        BASE "allow_any_pool_user = yes\noffline = yes\nlang = de\n"
             "[service sshd su]\nmethod = browser\n"
             "[service kiosk]\ntoken_cache = no\n",
        0644);
    assert_int_equal(cog_config_check_all(path, &reader, &problems, &err), -1);
    assert_int_equal(err.code, COG_E_CONFIG);
    assert_file_lines(
        &problems.errors,
        "@/c.conf:9: a browser sign-in needs redirect_uri and hosted_ui_domain "
        "(service sshd)\n"
        "@/c.conf:9: method = browser is not available in this version "
        "(service sshd)\n"
        "@/c.conf:9: a browser sign-in needs redirect_uri and hosted_ui_domain "
        "(service su)\n"
        "@/c.conf:9: method = browser is not available in this version "
        "(service su)\n"
        "@/c.conf:11: token_cache = no does not go with offline, "
        "remember_device and reauth = refresh (service kiosk)\n");
    assert_file_lines(&problems.warnings,
                      "@/c.conf:7: lang has no effect in this version\n");
    cog_config_problems_clear(&problems);
}

static void
check_all_accepts(void **state)
{
    const struct cog_config_reader reader = {.owner = geteuid(), .pam = true};
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    put("c.conf", SERVICES, 0644);
    assert_int_equal(cog_config_check_all(path, &reader, &problems, &err), 0);
    assert_int_equal(err.code, COG_OK);
    cog_config_problems_clear(&problems);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(cog_config_check_all(path, &reader, &problems, &err), -1);
    assert_int_equal(problems.errors.count, 1);
    cog_config_problems_clear(&problems);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(summary),
        cmocka_unit_test(warned),
        cmocka_unit_test(built),
        cmocka_unit_test(defaults),
        cmocka_unit_test(derived),
        cmocka_unit_test(derived_from_other_keys),
        cmocka_unit_test(good_values),
        cmocka_unit_test(empty_lists),
        cmocka_unit_test(tools_need_no_allow_rule),
        cmocka_unit_test(services),
        cmocka_unit_test(console_browser_timeout),
        cmocka_unit_test(section_closes),
        cmocka_unit_test(too_many_settings),
        cmocka_unit_test(every_allocation_may_fail),
        IN_DIR(drop_ins),
        IN_DIR(drop_ins_are_judged_too),
        IN_DIR(unsafe_directory),
        IN_DIR(strange_drop_ins),
        IN_DIR(unsafe_files),
        IN_DIR(no_descriptors),
        IN_DIR(owner),
        IN_DIR(check_all),
        IN_DIR(check_all_accepts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
