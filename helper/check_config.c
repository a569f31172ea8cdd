/* SPDX-License-Identifier: MIT */
#include "helper/check_config.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/host/config.h"
#include "lib/host/file.h"
#include "lib/host/usermap.h"
#include "lib/login/prepare.h"

static json_t *
array_of(const struct cog_list *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        if (json_array_append_new(array, json_string(list->item[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static int
print_json(const struct cog_config_problems *problems)
{
    json_t *doc = json_pack(
        "{s:b, s:o, s:o}", "ok", problems->errors.count == 0, "errors",
        array_of(&problems->errors), "warnings", array_of(&problems->warnings));
    int rc = -1;

    if (doc != NULL && json_dumpf(doc, stdout, JSON_INDENT(2)) == 0)
        rc = puts("") < 0 ? -1 : 0;
    json_decref(doc);
    return rc;
}

static int
print_text(const struct cog_tool_options *options,
           const struct cog_config_problems *problems)
{
    for (size_t i = 0; i < problems->errors.count; i++)
        (void)fprintf(stderr, "%s\n", problems->errors.item[i]);
    for (size_t i = 0; i < problems->warnings.count; i++)
        (void)fprintf(stderr, "warning: %s\n", problems->warnings.item[i]);
    if (problems->errors.count == 0)
        (void)fprintf(stderr, "%s: no errors\n", options->config_path);
    return 0;
}

/* The files the configuration names; only worth a look if it is sound. */
static int
check_named_files(const char *path, const struct cog_config_reader *reader,
                  struct cog_config_problems *problems, struct cog_err *err)
{
    struct cog_config config = COG_CONFIG_INIT;
    struct cog_config_problems known = COG_CONFIG_PROBLEMS_INIT;
    struct cog_secret secret = COG_SECRET_INIT(COG_PREPARE_SECRET_MAX);
    struct cog_usermap map = COG_USERMAP_INIT;
    struct cog_account run_as = {0};
    struct cog_err why = COG_ERR_INIT;
    struct cog_err unmapped = COG_ERR_INIT;
    int rc = -1;

    if (cog_config_load(path, reader, NULL, &config, &known, err) < 0 ||
        cog_account_find(config.run_as, &run_as, err) < 0)
        goto out;
    if (cog_prepare_secret(&config, run_as.exists ? run_as.uid : 0,
                           reader->owner, &secret, &why) < 0 &&
        cog_list_append(&problems->errors, why.msg, strlen(why.msg), err) < 0)
        goto out;
    if (config.ca_file != NULL && access(config.ca_file, R_OK) < 0 &&
        cog_list_append_format(&problems->errors, err, "%s: %s (ca_file)",
                               config.ca_file, strerror(errno)) < 0)
        goto out;
    if (config.username_map_file != NULL &&
        cog_usermap_load(config.username_map_file, reader, &map, problems,
                         &unmapped) < 0 &&
        unmapped.code != COG_E_CONFIG) {
        cog_fail(err, unmapped.code, "%s", unmapped.msg);
        goto out;
    }
    rc = cog_config_judge(problems, err);

out:
    cog_usermap_clear(&map);
    cog_secret_clear(&secret);
    cog_config_problems_clear(&known);
    cog_config_clear(&config);
    return rc;
}

enum cog_exit
cog_check_config_run(const struct cog_tool_options *options)
{
    const struct cog_config_reader reader = {
        .owner = cog_file_self(),
        .pam = true,
    };
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    struct cog_err err = COG_ERR_INIT;
    enum cog_exit status;
    int rc =
        cog_config_check_all(options->config_path, &reader, &problems, &err);

    if (rc == 0)
        rc = check_named_files(options->config_path, &reader, &problems, &err);
    status = rc == 0 ? COG_EXIT_OK : COG_EXIT_CONFIG;

    if (err.code == COG_E_NOMEM)
        status = COG_EXIT_INTERNAL;
    if (rc < 0 && problems.errors.count == 0) {
        (void)fprintf(stderr, "%s\n", err.msg);
    } else if ((options->json ? print_json(&problems)
                              : print_text(options, &problems)) < 0) {
        status = COG_EXIT_INTERNAL;
    }
    cog_config_problems_clear(&problems);
    return status;
}
