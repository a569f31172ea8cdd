/* SPDX-License-Identifier: MIT */
#include "lib/store/places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/host/file.h"
#include "lib/store/slot.h"

/* In cache_dir, which is not lost with state_dir: there was a store here. */
#define MARK_FILE "store-made"
/* The commands stand there. */
#define REMEDY "bring the store back, or see state_dir in pam_cognito.conf(5)"

/* What is in state_dir. */
static const char *const parts[] = {"bindings", "records", "tombstones",
                                    "locks"};

static struct cog_file_owner
owner_of_state(void)
{
    const struct cog_file_owner owner = {geteuid(), getegid(), 0755};

    return owner;
}

static struct cog_file_owner
owner_of_rest(const struct cog_store_input *input)
{
    const struct cog_file_owner owner = {input->uid, input->gid, 0700};

    return owner;
}

static int
join(const char *dir, const char *name, char ret[PATH_MAX], struct cog_err *err)
{
    const int n = snprintf(ret, PATH_MAX, "%s/%s", dir, name);

    if (n < 0 || n >= PATH_MAX)
        return cog_fail(err, COG_E_SYSTEM, "the store's path is too long");
    return 0;
}

static bool
is_missing(const char *path)
{
    struct stat st;

    return lstat(path, &st) < 0 && errno == ENOENT;
}

static int
see(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return 1;
}

/* As mkdir(1) and packages leave it: ours, with nothing in it. */
static bool
is_empty(const char *state_dir)
{
    const struct cog_file_owner owner = owner_of_state();
    struct cog_err none = COG_ERR_INIT;
    int state = -1;
    bool empty;

    if (cog_file_state_dir(state_dir, &owner, &state, &none) < 0)
        return false;
    empty = cog_slot_each(state, see, NULL, &none) == 0;
    (void)close(state);
    return empty;
}

static bool
is_unmade(const char *state_dir)
{
    return is_missing(state_dir) || is_empty(state_dir);
}

/* Whatever bears its name is the mark, whoever may write there. What cannot be
 * a cache has none: that alone must not cost anybody his sign-in. */
static bool
has_mark(const struct cog_store_input *input)
{
    struct cog_err none = COG_ERR_INIT;
    struct stat st;
    char path[PATH_MAX];

    if (join(input->cache_dir, MARK_FILE, path, &none) < 0)
        return false;
    return lstat(path, &st) == 0 ||
           (errno != ENOENT && errno != ENOTDIR && errno != ELOOP);
}

/* Is a missing store one that never was? */
static int
check_unmarked(const struct cog_store_input *input, struct cog_err *err)
{
    if (!has_mark(input))
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "%.200s is %s: " REMEDY,
                    input->state_dir,
                    is_missing(input->state_dir) ? "missing" : "empty");
}

/* By descriptor, where no link can lead us elsewhere. */
static int
give(int dir, const struct cog_file_owner *owner)
{
    if (fchown(dir, owner->uid, owner->gid) < 0)
        return -1;
    return fchmod(dir, owner->mode);
}

static int
open_dir_at(int dir, const char *name)
{
    return openat(dir, name, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
}

/* A mark that cannot be left now is left by the next call. */
static void
leave_mark(const struct cog_store_input *input)
{
    int cache = open_dir_at(AT_FDCWD, input->cache_dir);
    int mark;

    if (cache < 0)
        return;
    mark = openat(cache, MARK_FILE,
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (mark >= 0)
        (void)close(mark);
    (void)close(cache);
}

static int
make_part(int state, const char *name, const struct cog_file_owner *owner)
{
    int part = -1;
    int rc;

    if (mkdirat(state, name, 0700) < 0)
        return -1;
    part = open_dir_at(state, name);
    if (part < 0)
        return -1;
    rc = give(part, owner);
    (void)close(part);
    return rc;
}

static int
fill(int state, const struct cog_store_input *input)
{
    const struct cog_file_owner whole = owner_of_state();
    const struct cog_file_owner rest = owner_of_rest(input);

    for (size_t i = 0; i < COG_COUNT(parts); i++) {
        if (make_part(state, parts[i], &rest) < 0)
            return -1;
    }
    return give(state, &whole);
}

static void
empty(int state)
{
    for (size_t i = 0; i < COG_COUNT(parts); i++)
        (void)unlinkat(state, parts[i], AT_REMOVEDIR);
}

/* Under another name first, so that it appears complete or not at all, in the
 * place of an empty directory also. Who comes second finds one that is not,
 * which is as good. Returns -1 with errno. */
static int
make_at(char *new_path, const struct cog_store_input *input)
{
    int state = -1;
    int rc = -1;
    int e;

    if (mkdtemp(new_path) == NULL)
        return -1;
    state = open_dir_at(AT_FDCWD, new_path);
    if (state >= 0 && fill(state, input) == 0)
        rc = rename(new_path, input->state_dir);
    e = errno;
    if (rc < 0 && state >= 0)
        empty(state);
    if (rc < 0)
        (void)rmdir(new_path);
    if (state >= 0)
        (void)close(state);
    errno = e;
    return rc == 0 || e == EEXIST || e == ENOTEMPTY ? 0 : -1;
}

/* The only way in which a store comes to be missing without harm. */
static int
make_first(const struct cog_store_input *input, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    char new_path[PATH_MAX];
    const int n =
        snprintf(new_path, sizeof(new_path), "%s.XXXXXX", input->state_dir);

    if (n < 0 || (size_t)n >= sizeof(new_path))
        return cog_fail(err, COG_E_SYSTEM, "the store's path is too long");
    if (check_unmarked(input, &why) < 0) {
        /* Somebody else may have made and marked it since we looked. */
        if (!is_unmade(input->state_dir))
            return 0;
        return cog_fail(err, why.code, "%s", why.msg);
    }
    if (!input->may_make_key) {
        return cog_fail(err, COG_E_NEVER,
                        "%.200s was never made: a sign-in makes it, or see "
                        "state_dir in pam_cognito.conf(5)",
                        input->state_dir);
    }
    if (make_at(new_path, input) < 0) {
        return cog_fail(err, COG_E_NEVER, "making %.200s: %s", input->state_dir,
                        strerror(errno));
    }
    return 0;
}

/* One of state_dir, which must be there. */
static int
open_part(const char *path, const struct cog_file_owner *owner, int *ret,
          struct cog_err *err)
{
    if (is_missing(path)) {
        return cog_fail(err, COG_E_SYSTEM, "%.200s is missing: " REMEDY, path);
    }
    return cog_file_state_dir(path, owner, ret, err);
}

static int
open_state(const struct cog_store_input *input, struct cog_store *store,
           struct cog_err *err)
{
    const struct cog_file_owner whole = owner_of_state();
    const struct cog_file_owner rest = owner_of_rest(input);
    int *const fds[] = {&store->bindings, &store->records, &store->tombstones,
                        &store->locks};
    char path[PATH_MAX];

    _Static_assert(COG_COUNT(fds) == COG_COUNT(parts), "one each");
    if (open_part(input->state_dir, &whole, &store->state, err) < 0)
        return -1;
    for (size_t i = 0; i < COG_COUNT(parts); i++) {
        if (join(input->state_dir, parts[i], path, err) < 0 ||
            open_part(path, &rest, fds[i], err) < 0)
            return -1;
    }
    return 0;
}

/* Each boot begins without these, and nothing in them admits or refuses. */
static void
open_run(const struct cog_store_input *input, struct cog_store *store)
{
    const struct cog_file_owner owner = owner_of_rest(input);
    struct cog_err why = COG_ERR_INIT;
    char path[PATH_MAX];

    if (cog_file_state_dir(input->run_dir, &owner, &store->run, &why) < 0 ||
        join(input->run_dir, "tickets", path, &why) < 0 ||
        cog_file_state_dir(path, &owner, &store->tickets, &why) < 0)
        memcpy(store->no_run, why.msg, sizeof(store->no_run));
}

int
cog_places_open(const struct cog_store_input *input, struct cog_store *store,
                struct cog_err *err)
{
    if (is_unmade(input->state_dir) && make_first(input, err) < 0)
        return -1;
    if (open_state(input, store, err) < 0)
        return -1;
    leave_mark(input);
    open_run(input, store);
    return 0;
}
