/* SPDX-License-Identifier: MIT */
#include "lib/login/prepare.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/host/file.h"

/* Length of a client secret (Cognito API, ClientSecretType). */
#define SECRET_MIN_CHARS 24
#define SECRET_MAX_CHARS 64

/* The secret's characters are those of a word, and nothing else in the file
 * but the end of its line: a pasted quote or label must not become part. */
static bool
is_client_secret(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];

        if (c >= 0x80 || (!isalnum(c) && c != '_' && c != '+'))
            return false;
    }
    return len >= SECRET_MIN_CHARS && len <= SECRET_MAX_CHARS;
}

int
cog_prepare_secret(const struct cog_config *config, uid_t run_as, uid_t self,
                   struct cog_secret *ret, struct cog_err *err)
{
    const struct cog_file_rule rule = {
        .owner = {run_as, self},
        .secret = true,
        .max_bytes = COG_PREPARE_SECRET_MAX,
    };
    struct cog_secret file = COG_SECRET_INIT(COG_PREPARE_SECRET_MAX);
    size_t len;
    int rc = -1;

    if (config->client_secret_file == NULL)
        return 0;
    if (cog_file_read(config->client_secret_file, &rule, &file, err) < 0)
        goto out;
    len = file.len;
    if (len > 0 && file.data[len - 1] == '\n')
        len--;
    if (!is_client_secret(cog_secret_str(&file), len)) {
        cog_fail(err, COG_E_CONFIG,
                 "%s: not a client secret: one line of %d to %d letters, "
                 "digits, '_' or '+'",
                 config->client_secret_file, SECRET_MIN_CHARS,
                 SECRET_MAX_CHARS);
        goto out;
    }
    rc = cog_secret_append(ret, file.data, len, err);

out:
    cog_secret_clear(&file);
    return rc;
}

/* A user without a pool name is not an error here: he is asked like anyone,
 * and nothing is sent. */
static int
map_user(const struct cog_prepare_input *input, struct cog_prepared *ret,
         struct cog_config_problems *problems, struct cog_err *err)
{
    struct cog_usermap map = COG_USERMAP_INIT;
    struct cog_err unmapped = COG_ERR_INIT;
    const char *path = ret->config.username_map_file;
    int rc = -1;

    if (path != NULL &&
        cog_usermap_load(path, input->reader, &map, problems, err) < 0)
        goto out;
    if (cog_usermap_pool_name(&ret->config, &map, input->user, ret->pool_user,
                              sizeof(ret->pool_user), &unmapped) < 0) {
        ret->pool_user[0] = '\0';
        memcpy(ret->no_pool_user, unmapped.msg, sizeof(ret->no_pool_user));
        if (unmapped.code != COG_E_IDENTITY) {
            cog_fail(err, unmapped.code, "%s", unmapped.msg);
            goto out;
        }
    }
    rc = 0;

out:
    cog_usermap_clear(&map);
    return rc;
}

static int
find_run_as(const struct cog_config *config, struct cog_account *ret,
            struct cog_err *err)
{
    if (cog_account_find(config->run_as, ret, err) < 0)
        return -1;
    if (!ret->exists) {
        return cog_fail(err, COG_E_CONFIG,
                        "there is no user '%s' to run as: make this system "
                        "user or set run_as",
                        config->run_as);
    }
    if (ret->uid == 0 || ret->gid == 0)
        return cog_fail(err, COG_E_CONFIG, "run_as must not be root");
    return 0;
}

int
cog_prepare(const struct cog_prepare_input *input, struct cog_prepared *ret,
            struct cog_config_problems *problems, struct cog_err *err)
{
    if (cog_config_load(input->config_path, input->reader, input->service,
                        &ret->config, problems, err) < 0)
        return -1;
    /* Before anything else that can fail: whoever is not ours goes free. */
    if (cog_scope_gather(&ret->config, input->user, &ret->local, err) < 0)
        return -1;
    if (find_run_as(&ret->config, &ret->run_as, err) < 0)
        return -1;
    if (cog_prepare_secret(&ret->config, ret->run_as.uid, input->reader->owner,
                           &ret->client_secret, err) < 0)
        return -1;
    return map_user(input, ret, problems, err);
}

int
cog_prepare_cache_dir(const struct cog_prepared *prepared)
{
    const struct cog_file_owner owner = {
        .uid = prepared->run_as.uid,
        .gid = prepared->run_as.gid,
        .mode = 0700,
    };
    struct cog_err none = COG_ERR_INIT;
    int fd = -1;

    if (cog_file_state_dir(prepared->config.cache_dir, &owner, &fd, &none) < 0)
        return -1;
    return fd;
}

void
cog_prepare_store(const struct cog_prepared *prepared, bool may_make,
                  struct cog_prepared_store *ret)
{
    const struct cog_config *config = &prepared->config;
    const struct cog_store_input input = {
        .state_dir = config->state_dir,
        .run_dir = config->run_dir,
        .cache_dir = config->cache_dir,
        .seal_key_file = config->seal_key_file,
        .default_key = config->seal_key_default,
        .uid = prepared->run_as.uid,
        .gid = prepared->run_as.gid,
        .may_make_key = may_make,
    };
    struct cog_err why = COG_ERR_INIT;

    *ret = (struct cog_prepared_store){.store = NULL};
    if (cog_store_open(&input, &ret->store, &why) == 0)
        return;
    ret->store = NULL;
    memcpy(ret->no_store, why.msg, sizeof(ret->no_store));
    ret->unsound = why.code != COG_E_NEVER;
}

void
cog_prepared_clear(struct cog_prepared *prepared)
{
    cog_config_clear(&prepared->config);
    cog_secret_clear(&prepared->client_secret);
}
