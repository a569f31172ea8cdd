/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/store/binding.h"
#include "lib/store/record.h"
#include "lib/store/store_private.h"
#include "lib/store/userlock.h"
#include "tests/unit/shelf.h"

static enum cog_errc
open_with(const struct cog_store_input *input, struct cog_store **ret,
          char *msg, size_t size)
{
    struct cog_err err = COG_ERR_INIT;
    int rc = cog_store_open(input, ret, &err);

    assert_int_equal(rc, err.code == COG_OK ? 0 : -1);
    (void)snprintf(msg, size, "%s", err.msg);
    return err.code;
}

static void
opens(const struct cog_store_input *input, const char *no_key)
{
    struct cog_store *store = NULL;
    char msg[COG_ERR_MSG_BYTES];

    if (open_with(input, &store, msg, sizeof(msg)) != COG_OK)
        fail_msg("%s", msg);
    if (no_key == NULL) {
        assert_null(cog_store_no_key(store));
    } else {
        assert_non_null(cog_store_no_key(store));
        if (strstr(cog_store_no_key(store), no_key) == NULL)
            fail_msg("%s", cog_store_no_key(store));
    }
    cog_store_close(store);
}

static void
does_not_open(const struct cog_store_input *input, const char *why)
{
    struct cog_store *store = NULL;
    char msg[COG_ERR_MSG_BYTES];

    assert_int_equal(open_with(input, &store, msg, sizeof(msg)), COG_E_SYSTEM);
    assert_null(store);
    if (strstr(msg, why) == NULL)
        fail_msg("%s", msg);
}

static const struct {
    const char *path;
    mode_t mode;
} dirs[] = {
    {"state", 0755},         {"state/bindings", 0700},
    {"state/records", 0700}, {"state/tombstones", 0700},
    {"state/locks", 0700},   {"run", 0700},
    {"run/tickets", 0700},
};

static void
made_by_a_sign_in(void **state)
{
    const struct cog_store_input input = shelf_input();
    struct stat st;

    (void)state;
    for (int round = 0; round < 2; round++) {
        opens(&input, NULL);
        for (size_t i = 0; i < COG_COUNT(dirs); i++) {
            assert_int_equal(lstat(shelf_path(dirs[i].path), &st), 0);
            assert_int_equal(st.st_mode, S_IFDIR | dirs[i].mode);
        }
        assert_int_equal(lstat(shelf_path("state/seal.key"), &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_size, 32);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(shelf_count("state"), 5);
        assert_int_equal(shelf_count("run"), 1);
    }
}

static void
make_cache(void)
{
    assert_int_equal(mkdir(shelf_path("cache"), 0700), 0);
}

/* A directory that is gone is not made anew, by a sign-in either: a store that
 * was lost must not look like users who never signed in. Those in run_dir are
 * gone at boot. */
static void
directories_that_are_gone(void **state)
{
    struct cog_store_input input = shelf_input();

    (void)state;
    make_cache();
    for (size_t i = 0; i < 2 * COG_COUNT(dirs); i++) {
        const char *gone = dirs[i / 2].path;

        opens(&input, NULL);
        input.may_make_key = i % 2 == 0;
        assert_int_equal(rename(shelf_path(gone), shelf_path("elsewhere")), 0);
        if (strncmp(gone, "run", 3) == 0) {
            opens(&input, NULL);
            assert_int_equal(access(shelf_path(gone), F_OK), 0);
        } else {
            does_not_open(&input, "is missing: bring the store back");
            assert_int_equal(access(shelf_path(gone), F_OK), -1);
        }
        (void)rmdir(shelf_path("run/tickets"));
        (void)rmdir(shelf_path(gone));
        assert_int_equal(rename(shelf_path("elsewhere"), shelf_path(gone)), 0);
    }
}

static enum cog_errc
open_code(const struct cog_store_input *input)
{
    struct cog_store *store = NULL;
    char msg[COG_ERR_MSG_BYTES];
    const enum cog_errc code = open_with(input, &store, msg, sizeof(msg));

    print_message("%s\n", msg);
    cog_store_close(store);
    return code;
}

static void
put_no_mark(void)
{
}

static void
put_file_as_cache(void)
{
    shelf_write(shelf_path("cache"), "", 0);
}

static void
put_open_cache(void)
{
    make_cache();
    assert_int_equal(chmod(shelf_path("cache"), 0777), 0);
}

static void
put_mark(void)
{
    make_cache();
    shelf_write(shelf_path("cache/store-made"), "", 0);
}

static void
put_link_as_mark(void)
{
    make_cache();
    assert_int_equal(symlink("nowhere", shelf_path("cache/store-made")), 0);
}

static void
put_mark_in_open_cache(void)
{
    put_mark();
    assert_int_equal(chmod(shelf_path("cache"), 0777), 0);
}

static void
put_link_as_cache(void)
{
    assert_int_equal(symlink("cache", shelf_path("cache")), 0);
}

static void
put_empty(void)
{
    assert_int_equal(mkdir(shelf_path("state"), 0755), 0);
}

static void
put_empty_and_mark(void)
{
    put_empty();
    put_mark();
}

static void
put_open_empty(void)
{
    put_empty();
    assert_int_equal(chmod(shelf_path("state"), 0777), 0);
}

static void
put_half(void)
{
    put_empty();
    assert_int_equal(mkdir(shelf_path("state/bindings"), 0700), 0);
}

static void
put_dangling_state(void)
{
    make_cache();
    assert_int_equal(symlink("nowhere", shelf_path("state")), 0);
}

/* What a call finds that could make the store of a new host, and does it? */
static const struct {
    const char *name;
    void (*put)(void);
    enum cog_errc in_account, in_a_sign_in;
} hosts[] = {
    {"nothing", put_no_mark, COG_E_NEVER, COG_OK},
    {"an empty cache", make_cache, COG_E_NEVER, COG_OK},
    {"a cache that is none", put_file_as_cache, COG_E_NEVER, COG_OK},
    {"a cache that leads nowhere", put_link_as_cache, COG_E_NEVER, COG_OK},
    {"a cache open to all", put_open_cache, COG_E_NEVER, COG_OK},
    {"a mark in one", put_mark_in_open_cache, COG_E_SYSTEM, COG_E_SYSTEM},
    {"a mark", put_mark, COG_E_SYSTEM, COG_E_SYSTEM},
    {"something like a mark", put_link_as_mark, COG_E_SYSTEM, COG_E_SYSTEM},
    {"an empty directory", put_empty, COG_E_NEVER, COG_OK},
    {"one with a mark", put_empty_and_mark, COG_E_SYSTEM, COG_E_SYSTEM},
    {"one open to all", put_open_empty, COG_E_SYSTEM, COG_E_SYSTEM},
    {"half a store", put_half, COG_E_SYSTEM, COG_E_SYSTEM},
    {"a link to nowhere", put_dangling_state, COG_E_SYSTEM, COG_E_SYSTEM},
};

static void
who_makes_the_first_store(void **state)
{
    for (size_t i = 0; i < COG_COUNT(hosts); i++) {
        struct cog_store_input input = shelf_input();

        print_message("%s\n", hosts[i].name);
        hosts[i].put();
        input.may_make_key = false;
        assert_int_equal(open_code(&input), hosts[i].in_account);
        input.may_make_key = true;
        assert_int_equal(open_code(&input), hosts[i].in_a_sign_in);
        shelf_renew(state);
    }
}

/* Left by whatever call finds the store complete, and never touched again. */
static void
the_mark(void **state)
{
    struct cog_store_input input = shelf_input();
    struct stat st;

    (void)state;
    opens(&input, NULL); /* no cache directory yet */
    assert_int_equal(access(shelf_path("cache"), F_OK), -1);
    make_cache();
    input.may_make_key = false;
    for (int round = 0; round < 2; round++) {
        opens(&input, NULL);
        assert_int_equal(lstat(shelf_path("cache/store-made"), &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_size, 0);
        assert_int_equal(shelf_count("cache"), 1);
    }
    assert_int_equal(rename(shelf_path("state"), shelf_path("lost")), 0);
    input.may_make_key = true;
    assert_int_equal(open_code(&input), COG_E_SYSTEM);
    assert_int_equal(access(shelf_path("state"), F_OK), -1);
}

/* Nothing is left of an attempt. */
static void
a_store_that_cannot_be_made(void **state)
{
    struct cog_store_input input = shelf_input();
    struct rlimit before;
    struct rlimit few;
    char path[SHELF_PATH_BYTES];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s", shelf_path("nowhere/state"));
    input.state_dir = path;
    assert_int_equal(open_code(&input), COG_E_NEVER);
    input = shelf_input();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 4; /* the store's, and no part of it */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(open_code(&input), COG_E_NEVER);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(shelf_count(""), 0);
    if (geteuid() == 0)
        return; /* may give to anybody */
    input.uid++;
    assert_int_equal(open_code(&input), COG_E_NEVER);
    assert_int_equal(shelf_count(""), 0);
}

static void
opens_without_run(const struct cog_store_input *input, const char *why)
{
    struct cog_store *store = NULL;
    char msg[COG_ERR_MSG_BYTES];

    if (open_with(input, &store, msg, sizeof(msg)) != COG_OK)
        fail_msg("%s", msg);
    assert_non_null(cog_store_no_run(store));
    if (strstr(cog_store_no_run(store), why) == NULL)
        fail_msg("%s", cog_store_no_run(store));
    cog_store_close(store);
}

/* One of those below. Of run_dir it costs tickets and pauses only. */
static void
is_not_used(const struct cog_store_input *input, const char *path,
            const char *why)
{
    if (strncmp(path, "run", 3) == 0)
        opens_without_run(input, why);
    else
        does_not_open(input, why);
}

/* A directory that is not as it must be is not used and left as it is. */
static void
other_directories(void **state)
{
    const struct cog_store_input input = shelf_input();
    char path[SHELF_PATH_BYTES];

    (void)state;
    opens(&input, NULL);
    for (size_t i = 0; i < COG_COUNT(dirs); i++) {
        (void)snprintf(path, sizeof(path), "%s", shelf_path(dirs[i].path));
        assert_int_equal(chmod(path, 0777), 0);
        is_not_used(&input, dirs[i].path, "has mode 0777");
        assert_int_equal(chmod(path, dirs[i].mode), 0);

        assert_int_equal(rename(path, shelf_path("moved")), 0);
        assert_int_equal(symlink(shelf_path("moved"), path), 0);
        is_not_used(&input, dirs[i].path, "opening");
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0700), 0);
        is_not_used(&input, dirs[i].path, "opening");
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rename(shelf_path("moved"), path), 0);
        opens(&input, NULL);
    }
}

static void
another_owner(void **state)
{
    struct cog_store_input input = shelf_input();

    (void)state;
    opens(&input, NULL);
    input.uid++;
    does_not_open(&input, "is owned by uid");
    input = shelf_input();
    if (geteuid() != 0)
        return; /* only root can give one away */
    for (size_t i = 0; i < COG_COUNT(dirs); i++) {
        assert_int_equal(chown(shelf_path(dirs[i].path), 54321, (gid_t)-1), 0);
        is_not_used(&input, dirs[i].path, "is owned by uid 54321");
        assert_int_equal(chown(shelf_path(dirs[i].path), 0, (gid_t)-1), 0);
    }
}

static void
out_of_descriptors(void **state)
{
    const struct cog_store_input input = shelf_input();
    struct rlimit before;
    struct rlimit few;

    (void)state;
    opens(&input, NULL);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    /* Five directories, two in run_dir, then the machine's id. */
    for (rlim_t n = 0; n < 8; n++) {
        few.rlim_cur = 3 + n;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        if (n < 5 || n == 7)
            does_not_open(&input, "Too many open files");
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    opens(&input, NULL);
}

static void
long_paths(void **state)
{
    struct cog_store_input input = shelf_input();
    char path[5000];

    (void)state;
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    input.state_dir = path;
    does_not_open(&input, "File name too long");
}

/* The key file as it may be found. */
static void
keys(void **state)
{
    static const char zeros[32] = "";
    static const char good[33] = "0123456789abcdef0123456789abcdef";
    const struct cog_store_input input = shelf_input();
    char path[SHELF_PATH_BYTES];

    (void)state;
    opens(&input, NULL);
    (void)snprintf(path, sizeof(path), "%s", shelf_path("state/seal.key"));
    shelf_write(path, good, 0);
    opens(&input, "has 0 bytes");
    shelf_write(path, good, 31);
    opens(&input, "has 31 bytes");
    shelf_write(path, good, 33);
    opens(&input, "larger than 32 bytes");
    shelf_write(path, zeros, 32);
    opens(&input, "all zeros");
    shelf_write(path, good, 32);
    opens(&input, NULL);
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        shelf_write(path, good, 32);
        print_message("%s\n", shelf_replace(path, kind));
        opens(&input, "seal key seal.key: ");
        assert_true(unlink(path) == 0 || rmdir(path) == 0);
        (void)unlink(shelf_path("state/seal.key.moved"));
    }
}

static int
write_record(struct cog_store *store, const char *sub)
{
    const struct cog_record_key key = {"https://issuer", "client", sub, "alice",
                                       1000};
    struct cog_record record = COG_RECORD_INIT;
    struct cog_err err = COG_ERR_INIT;

    return cog_record_write(store, &key, &record, &err);
}

/* A lost key is not replaced while there is a record it could open. */
static void
when_a_key_is_made(void **state)
{
    struct cog_store_input input = shelf_input();
    struct cog_store *store;
    size_t count = 0;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    opens(&input, NULL);
    assert_int_equal(unlink(shelf_path("state/seal.key")), 0);
    input.may_make_key = false;
    opens(&input, "No such file");
    input.may_make_key = true;
    input.default_key = false;
    input.seal_key_file = shelf_path("state/seal.key");
    opens(&input, "No such file");
    assert_int_equal(shelf_count("state"), 4);
    input.default_key = true;

    store = shelf_open();
    assert_int_equal(write_record(store, "sub"), 0);
    assert_int_equal(unlink(shelf_path("state/seal.key")), 0);
    opens(&input, "missing, but there are records");
    assert_int_equal(shelf_count("state"), 4);
    assert_int_equal(cog_record_purge(store, &count, &err), 0);
    assert_int_equal(count, 1);
    cog_store_close(store);
    opens(&input, NULL);
}

/* A key from elsewhere, as a unit of the boot leaves it. */
static void
configured_key(void **state)
{
    static const char bytes[33] = "0123456789abcdef0123456789abcdef";
    struct cog_store_input input = shelf_input();

    (void)state;
    input.default_key = false;
    input.seal_key_file = shelf_path("elsewhere.key");
    shelf_write(shelf_path("elsewhere.key"), bytes, 32);
    opens(&input, NULL);
    assert_int_equal(access(shelf_path("state/seal.key"), F_OK), -1);
    assert_int_equal(chmod(shelf_path("elsewhere.key"), 0644), 0);
    opens(&input, "mode is 0644");
}

/* Everything but records goes on without a key. */
static void
without_a_key(void **state)
{
    struct cog_store_input input = shelf_input();
    const struct cog_record_key key = {"https://issuer", "client", "sub",
                                       "alice", 1000};
    struct cog_record record = COG_RECORD_INIT;
    struct cog_binding binding = {"alice", "https://issuer", "sub", false};
    struct cog_store *store = NULL;
    struct cog_err err = COG_ERR_INIT;
    bool found = true;
    bool lost = true;
    int fd = -1;

    (void)state;
    input.default_key = false;
    input.seal_key_file = "/nowhere/seal.key";
    assert_int_equal(cog_store_open(&input, &store, &err), 0);
    assert_int_equal(write_record(store, "sub"), -1);
    assert_int_equal(cog_record_read(store, &key, &record, &found, &lost, &err),
                     -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_string_equal(
        err.msg, "seal key /nowhere/seal.key: No such file or directory");
    assert_string_equal(err.msg, cog_store_no_key(store));
    assert_int_equal(cog_binding_write(store, &binding, &err), 0);
    assert_int_equal(cog_userlock_take(store, "alice", 0, &fd, &err), 0);
    assert_int_equal(close(fd), 0);
    cog_store_close(store);
}

/* Processes that make the first store at the same time end with one, and with
 * one key. */
static void
one_key(void **state)
{
    enum {
        PROCESSES = 8
    };
    char(*keys_made)[COG_SEAL_KEY_BYTES] =
        mmap(NULL, PROCESSES * sizeof(*keys_made), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(keys_made != MAP_FAILED);
    make_cache();
    for (size_t i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            struct cog_store *store = shelf_open();

            memcpy(keys_made[i], store->key.data, COG_SEAL_KEY_BYTES);
            cog_store_close(store);
            _exit(0);
        }
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    for (size_t i = 1; i < PROCESSES; i++)
        assert_memory_equal(keys_made[i], keys_made[0], COG_SEAL_KEY_BYTES);
    assert_int_equal(munmap(keys_made, PROCESSES * sizeof(*keys_made)), 0);
    cog_store_close(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(made_by_a_sign_in),
        SHELF_TEST(directories_that_are_gone),
        SHELF_TEST(who_makes_the_first_store),
        SHELF_TEST(the_mark),
        SHELF_TEST(a_store_that_cannot_be_made),
        SHELF_TEST(other_directories),
        SHELF_TEST(another_owner),
        SHELF_TEST(out_of_descriptors),
        SHELF_TEST(long_paths),
        SHELF_TEST(keys),
        SHELF_TEST(when_a_key_is_made),
        SHELF_TEST(configured_key),
        SHELF_TEST(without_a_key),
        SHELF_TEST(one_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
