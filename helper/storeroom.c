/* SPDX-License-Identifier: MIT */
#include "helper/storeroom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/sandbox.h"
#include "lib/host/file.h"
#include "lib/login/scope.h"
#include "lib/store/binding.h"

/* For nobody in particular: a name that is no user's. */
#define NOBODY ""

static int
load(const struct cog_tool_options *options, struct cog_storeroom *room,
     struct cog_config_problems *problems, struct cog_err *err)
{
    const struct cog_config_reader reader = {
        .owner = cog_file_self(),
        .pam = true,
    };
    const struct cog_prepare_input input = {
        .config_path = options->config_path,
        .reader = &reader,
        .service = options->service,
        .user = NOBODY,
    };
    const char *map;

    if (cog_prepare(&input, &room->prepared, problems, err) < 0)
        return -1;
    map = room->prepared.config.username_map_file;
    if (map == NULL)
        return 0;
    return cog_usermap_load(map, &reader, &room->map, problems, err);
}

static int
prepare(const struct cog_tool_options *options, struct cog_storeroom *room,
        struct cog_err *err)
{
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    const int rc = load(options, room, &problems, err);

    /* A single one is what `err` says. */
    for (size_t i = 0; problems.errors.count > 1 && i < problems.errors.count;
         i++)
        (void)fprintf(stderr, "%s\n", problems.errors.item[i]);
    cog_config_problems_clear(&problems);
    /* Whatever kept us from reading it, the remedy is the same. */
    if (rc < 0 && err->code == COG_E_SYSTEM)
        err->code = COG_E_CONFIG;
    return rc;
}

int
cog_storeroom_open(const struct cog_tool_options *options, bool with_keys,
                   struct cog_storeroom *ret, struct cog_err *err)
{
    struct cog_prepared_store store = {.store = NULL};

    if (geteuid() != 0) {
        return cog_fail(err, COG_E_CONFIG,
                        "only root can open what sign-ins left on this host: "
                        "run it as root");
    }
    if (prepare(options, ret, err) < 0)
        return -1;
    if (with_keys)
        ret->cache_dir = cog_prepare_cache_dir(&ret->prepared);
    cog_prepare_store(&ret->prepared, false, &store);
    ret->store = store.store;
    if (cog_sandbox_drop(ret->prepared.run_as.uid, ret->prepared.run_as.gid,
                         err) < 0)
        return -1;
    if (store.unsound)
        return cog_fail(err, COG_E_SYSTEM, "%s", store.no_store);
    return 0;
}

/* What the bindings are gathered into. */
struct gathering {
    struct cog_list *users;
    struct cog_list *damaged;
    struct cog_err *err;
};

static int
gather(void *ctx, const char *name, const struct cog_binding *binding)
{
    struct gathering *g = ctx;

    if (binding == NULL)
        return cog_list_append(g->damaged, name, strlen(name), g->err);
    return cog_list_append(g->users, binding->user, strlen(binding->user),
                           g->err);
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
sort(struct cog_list *list)
{
    if (list->count > 1)
        qsort(list->item, list->count, sizeof(*list->item), compare);
}

int
cog_storeroom_users(const struct cog_storeroom *room,
                    struct cog_list *ret_users, struct cog_list *ret_damaged,
                    struct cog_err *err)
{
    struct gathering g = {ret_users, ret_damaged, err};

    if (room->store == NULL)
        return 0;
    if (cog_binding_each(room->store, gather, &g, err) < 0)
        return -1;
    sort(ret_users);
    sort(ret_damaged);
    return 0;
}

int
cog_storeroom_find(struct cog_storeroom *room, const char *user,
                   struct cog_err *err)
{
    return cog_account_find(user, &room->prepared.local.account, err);
}

int
cog_storeroom_prepare(struct cog_storeroom *room, const char *user,
                      struct cog_err *err)
{
    struct cog_prepared *p = &room->prepared;
    struct cog_err unmapped = COG_ERR_INIT;

    p->local = (struct cog_local){0};
    p->no_pool_user[0] = '\0';
    if (cog_scope_gather(&p->config, user, &p->local, err) < 0)
        return -1;
    if (cog_usermap_pool_name(&p->config, &room->map, user, p->pool_user,
                              sizeof(p->pool_user), &unmapped) == 0)
        return 0;
    p->pool_user[0] = '\0';
    memcpy(p->no_pool_user, unmapped.msg, sizeof(p->no_pool_user));
    if (unmapped.code != COG_E_IDENTITY)
        return cog_fail(err, unmapped.code, "%s", unmapped.msg);
    return 0;
}

void
cog_storeroom_close(struct cog_storeroom *room)
{
    cog_store_close(room->store);
    room->store = NULL;
    if (room->cache_dir >= 0)
        (void)close(room->cache_dir);
    room->cache_dir = -1;
    cog_usermap_clear(&room->map);
    cog_prepared_clear(&room->prepared);
}
