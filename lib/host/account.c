/* SPDX-License-Identifier: MIT */
#include "lib/host/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* First buffer for an NSS answer in bytes: nearly every entry fits. */
#define FIRST_BYTES 1024
/* Largest buffer in bytes: a group with some 100,000 members. */
#define LARGEST_BYTES ((size_t)4 * 1024 * 1024)

/* One kind of NSS look-up, so that growing the buffer is written once. Returns
 * an errno value; *found is only set together with 0. */
typedef int lookup(const char *name, void *entry, char *buf, size_t size,
                   bool *found);

static int
lookup_user(const char *name, void *entry, char *buf, size_t size, bool *found)
{
    struct passwd *result = NULL;
    int e = getpwnam_r(name, entry, buf, size, &result);

    *found = e == 0 && result != NULL;
    return e;
}

static int
lookup_group(const char *name, void *entry, char *buf, size_t size, bool *found)
{
    struct group *result = NULL;
    int e = getgrnam_r(name, entry, buf, size, &result);

    *found = e == 0 && result != NULL;
    return e;
}

/*
 * Ask NSS, growing the buffer as long as it is too small. On success *ret_buf
 * holds what the entry points into; the caller frees it. Returns an errno
 * value. Only "0 and no entry" means that there is none: glibc answers so, and
 * errors such as ENOENT come from a source that could not be asked.
 */
static int
ask_nss(lookup *one_lookup, const char *name, void *entry, char **ret_buf,
        bool *ret_found)
{
    char *buf = NULL;
    int e = ERANGE;

    for (size_t size = FIRST_BYTES; e == ERANGE && size <= LARGEST_BYTES;
         size *= 4) {
        free(buf);
        buf = malloc(size);
        if (buf == NULL)
            return ENOMEM;
        do {
            e = one_lookup(name, entry, buf, size, ret_found);
        } while (e == EINTR);
    }
    if (e != 0) {
        free(buf);
        return e;
    }
    *ret_buf = buf;
    return 0;
}

int
cog_account_find(const char *name, struct cog_account *ret, struct cog_err *err)
{
    struct cog_account account = {.uid = (uid_t)-1, .gid = (gid_t)-1};
    struct passwd entry;
    char *buf = NULL;
    bool found = false;
    int e;

    if (cog_name_valid(name)) {
        memcpy(account.name, name, strlen(name));
        e = ask_nss(lookup_user, name, &entry, &buf, &found);
        if (e == ENOMEM)
            return cog_fail_memory(err);
        if (e != 0) {
            return cog_fail(err, COG_E_LOOKUP, "looking up user '%s': %s", name,
                            strerror(e));
        }
    }
    if (found && strcmp(entry.pw_name, name) != 0) {
        free(buf);
        return cog_fail(err, COG_E_LOOKUP,
                        "looking up user '%s': NSS answers about another",
                        name);
    }
    if (found) {
        account.exists = true;
        account.uid = entry.pw_uid;
        account.gid = entry.pw_gid;
    }
    free(buf);
    *ret = account;
    return 0;
}

int
cog_account_in_group(const struct cog_account *account, const char *group,
                     bool *ret, struct cog_err *err)
{
    struct group entry;
    char *buf = NULL;
    bool found = false;
    bool member = false;
    int e;

    if (!account->exists) {
        *ret = false;
        return 0;
    }
    e = ask_nss(lookup_group, group, &entry, &buf, &found);
    if (e == ENOMEM)
        return cog_fail_memory(err);
    if (e != 0) {
        return cog_fail(err, COG_E_SYSTEM, "looking up group '%s': %s", group,
                        strerror(e));
    }
    if (found) {
        member = entry.gr_gid == account->gid;
        for (char **m = entry.gr_mem; !member && *m != NULL; m++)
            member = strcmp(*m, account->name) == 0;
    }
    free(buf);
    *ret = member;
    return 0;
}

int
cog_account_privileged(const struct cog_account *account, const char **ret,
                       struct cog_err *err)
{
    /* pam_cognito.conf(5), allow_any_pool_user. */
    static const char *const groups[] = {"sudo",   "wheel",  "admin",
                                         "root",   "adm",    "disk",
                                         "shadow", "docker", "lxd"};
    const char *first = NULL;

    for (size_t i = 0; first == NULL && i < COG_COUNT(groups); i++) {
        bool member = false;

        if (cog_account_in_group(account, groups[i], &member, err) < 0)
            return -1;
        if (member)
            first = groups[i];
    }
    *ret = first;
    return 0;
}
