/* SPDX-License-Identifier: MIT */
/*
 * config.h - the configuration of one PAM service: defaults, the file, its
 * drop-ins, and the rules that tie keys together.
 *
 * Everything is read and checked at once, so a login sees one consistent
 * snapshot and an administrator sees every mistake. pam_cognito.conf(5) says
 * what the keys mean; the fields have their names.
 */
#ifndef COG_CONFIG_H
#define COG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/list.h"
#include "lib/core/macros.h"

/* The build sets these from its directories. */
#ifndef COG_CONFIG_PATH
#    define COG_CONFIG_PATH "/etc/security/pam_cognito.conf"
#endif
#ifndef COG_STATE_DIR
#    define COG_STATE_DIR "/var/lib/pam_cognito"
#endif
#ifndef COG_CACHE_DIR
#    define COG_CACHE_DIR "/var/cache/pam_cognito"
#endif
#ifndef COG_RUN_DIR
#    define COG_RUN_DIR "/run/pam_cognito"
#endif

/* Largest configuration file in bytes. */
#define COG_CONFIG_MAX_BYTES ((size_t)256 * 1024)

/* The words of the choice keys, in the order of their tables in keys.c. */
enum cog_auth_flow {
    COG_AUTH_FLOW_SRP,
    COG_AUTH_FLOW_PASSWORD,
    COG_AUTH_FLOW_USER_AUTH,
    COG_AUTH_FLOW_CUSTOM
};

enum cog_method {
    COG_METHOD_PASSWORD,
    COG_METHOD_BROWSER,
    COG_METHOD_CHOOSE
};

enum cog_reauth {
    COG_REAUTH_PASSWORD,
    COG_REAUTH_REFRESH
};

enum cog_browser_flow {
    COG_BROWSER_FLOW_RELAY,
    COG_BROWSER_FLOW_PASTE,
    COG_BROWSER_FLOW_DEVICE,
    COG_BROWSER_FLOW_LOCAL
};

enum cog_qr_style {
    COG_QR_AUTO,
    COG_QR_UTF8,
    COG_QR_ASCII,
    COG_QR_ANSI,
    COG_QR_OFF
};

/*
 * Strings are NULL when not written and without default. A list that is
 * `given` but empty was written so: an empty allow list allows nobody.
 */
struct cog_config {
    char *user_pool_id;
    char *client_id;
    char *client_secret_file;
    char *region;
    char *endpoint; /* ends in '/' */
    char *issuer;   /* does not */
    char *ca_file;  /* NULL: the system's CA directory */
    char *proxy;
    enum cog_auth_flow auth_flow;
    enum cog_method method;
    char *username_format;
    char *username_map_file;
    char *identity_claim; /* username, sub, email or custom:NAME */
    struct cog_list allow_users;
    struct cog_list allow_pool_groups;
    struct cog_list require_scopes;
    struct cog_list deny_users;
    struct cog_list deny_pool_groups;
    struct cog_list skip_users;
    struct cog_list skip_groups;
    uid_t min_uid;
    enum cog_reauth reauth;
    int64_t reauth_max_age_s;
    int64_t account_recheck_s; /* COG_OPTIONS_OFF: the pool is not asked */
    int64_t recheck_grace_s;
    int64_t offline_max_age_s;
    char *hosted_ui_domain; /* HOST or HOST:PORT */
    char *redirect_uri;
    char *logout_uri;
    struct cog_list scopes;
    char *identity_provider;
    char *lang;
    enum cog_browser_flow browser_flow;
    enum cog_qr_style qr;
    char *relay_url;
    char *relay_token_file;
    char *device_endpoint;
    char *device_token_endpoint;
    char *shared_user;
    char *prompt_dir;
    int64_t timeout_s;
    int64_t browser_timeout_s;
    char *seal_key_file; /* default: seal.key in state_dir */
    char *state_dir;
    char *cache_dir;
    char *run_dir;
    char *run_as;
    /* Yes or no, side by side to save room. */
    bool use_fips;
    bool allow_any_pool_user;
    bool token_cache;
    bool offline;
    bool offline_without_mfa;
    bool remember_device;
    bool user_from_token;
    bool debug;

    /* Made from the keys above. */
    char *pool_name;          /* what follows the '_' of user_pool_id */
    char *issuer_alternative; /* the other form of `iss`; NULL: only issuer */
    char *jwks_url;
    bool seal_key_default; /* seal_key_file was not written */
};

#define COG_CONFIG_INIT      \
    {                        \
        .user_pool_id = NULL \
    }

/* Who reads the configuration, and for what. */
struct cog_config_reader {
    uid_t owner; /* whose files are trusted besides root's: cog_file_self() in
                  * a tool, 0 in the PAM helper */
    bool pam;    /* to decide PAM sign-ins: an allow rule is required */
};

/* Lines for an administrator: "file:line: what is wrong: remedy". */
struct cog_config_problems {
    struct cog_list errors;
    struct cog_list warnings;
};

#define COG_CONFIG_PROBLEMS_INIT \
    {                            \
        .errors = {.count = 0 }  \
    }

/* A text that is not (yet) a file. */
struct cog_config_text {
    const char *name; /* stands for the file's name in messages */
    const char *text;
    size_t len;
};

/*
 * Load the configuration as it holds for a PAM service (NULL: for none) from
 * the file and the *.conf files of the directory PATH.d. `config` must be
 * empty.
 * COG_E_CONFIG: refused; `problems` has every reason, err the first and their
 * number. Warnings are filled in on success too.
 * COG_E_SYSTEM, COG_E_NOMEM: could not be read.
 */
int cog_config_load(const char *path, const struct cog_config_reader *reader,
                    const char *service, struct cog_config *config,
                    struct cog_config_problems *problems,
                    struct cog_err *err) COG_MUST_USE;

/* The same from one text, without drop-ins. */
int cog_config_read(const struct cog_config_text *text,
                    const struct cog_config_reader *reader, const char *service,
                    struct cog_config *config,
                    struct cog_config_problems *problems,
                    struct cog_err *err) COG_MUST_USE;

/*
 * Check the configuration for services without a section and for every
 * service that has one. Result and errors as cog_config_load().
 */
int cog_config_check_all(const char *path,
                         const struct cog_config_reader *reader,
                         struct cog_config_problems *problems,
                         struct cog_err *err) COG_MUST_USE;

/* Record COG_E_CONFIG with the first error and how many more there are.
 * Returns -1, or 0 when there are none. */
int cog_config_judge(const struct cog_config_problems *problems,
                     struct cog_err *err);

void cog_config_clear(struct cog_config *config);
void cog_config_problems_clear(struct cog_config_problems *problems);

#endif
