/* SPDX-License-Identifier: MIT */
#include "tests/unit/shelf.h"

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
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/core/macros.h"

/* In memory where there is such a place: a disk would wait for each fsync. */
#define MEMORY   "/dev/shm"
#define TEMPLATE "/test_store.XXXXXX"
/* Paths in use at the same time. */
#define PATHS 8

struct cog_store *shelf_store;

static char dir[sizeof(MEMORY TEMPLATE)];

int
shelf_setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "%s" TEMPLATE,
                   access(MEMORY, W_OK | X_OK) == 0 ? MEMORY : "/tmp");
    (void)alarm(300);
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

int
shelf_teardown(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void
shelf_renew(void **state)
{
    assert_int_equal(shelf_teardown(state), 0);
    assert_int_equal(shelf_setup(state), 0);
}

const char *
shelf_path(const char *below)
{
    static char paths[PATHS][SHELF_PATH_BYTES];
    static size_t next;
    char *path = paths[next++ % PATHS];

    (void)snprintf(path, SHELF_PATH_BYTES, "%s/%s", dir, below);
    return path;
}

struct cog_store_input
shelf_input(void)
{
    static char state_dir[SHELF_PATH_BYTES];
    static char run_dir[SHELF_PATH_BYTES];
    static char cache_dir[SHELF_PATH_BYTES];
    const struct cog_store_input input = {
        .state_dir = state_dir,
        .run_dir = run_dir,
        .cache_dir = cache_dir,
        .default_key = true,
        .uid = geteuid(),
        .gid = getegid(),
        .may_make_key = true,
    };

    (void)snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
    (void)snprintf(run_dir, sizeof(run_dir), "%s/run", dir);
    (void)snprintf(cache_dir, sizeof(cache_dir), "%s/cache", dir);
    return input;
}

struct cog_store *
shelf_open(void)
{
    const struct cog_store_input input = shelf_input();
    struct cog_store *store = NULL;
    struct cog_err err = COG_ERR_INIT;

    if (cog_store_open(&input, &store, &err) < 0)
        fail_msg("%s", err.msg);
    assert_null(cog_store_no_key(store));
    return store;
}

int
shelf_setup_open(void **state)
{
    if (shelf_setup(state) < 0)
        return -1;
    shelf_store = shelf_open();
    return 0;
}

int
shelf_teardown_open(void **state)
{
    cog_store_close(shelf_store);
    return shelf_teardown(state);
}

/* The number of names; *last is one of them. */
static size_t
list(const char *below, char *last, size_t size)
{
    DIR *d = opendir(shelf_path(below));
    const struct dirent *entry;
    size_t count = 0;

    assert_non_null(d);
    while ((entry = readdir(d)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(last, size, "%s/%.200s", below, entry->d_name);
        count++;
    }
    assert_int_equal(closedir(d), 0);
    return count;
}

size_t
shelf_count(const char *below)
{
    char last[SHELF_PATH_BYTES];

    return list(below, last, sizeof(last));
}

const char *
shelf_only(const char *below)
{
    char last[SHELF_PATH_BYTES] = "";

    assert_int_equal(list(below, last, sizeof(last)), 1);
    return shelf_path(last);
}

void
shelf_read(const char *path, struct cog_secret *ret)
{
    FILE *file = fopen(path, "rbe");
    struct cog_err err = COG_ERR_INIT;
    char buf[4096];
    size_t n;

    assert_non_null(file);
    cog_secret_clear(ret);
    ret->max = SHELF_FILE_MAX;
    while ((n = fread(buf, 1, sizeof(buf), file)) > 0)
        assert_int_equal(cog_secret_append(ret, buf, n, &err), 0);
    assert_int_equal(fclose(file), 0);
}

void
shelf_write(const char *path, const void *bytes, size_t len)
{
    int fd;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(close(fd), 0);
}

static void
flip(struct cog_secret *file, size_t bit)
{
    file->data[bit / 8] = (char)(file->data[bit / 8] ^ (1 << bit % 8));
}

void
shelf_each_bit(const char *path, struct cog_secret *file, void (*check)(void))
{
    for (size_t bit = 0; bit < 8 * file->len; bit++) {
        flip(file, bit);
        shelf_write(path, file->data, file->len);
        check();
        flip(file, bit);
    }
}

void
shelf_each_length(const char *path, const struct cog_secret *file,
                  void (*check)(void))
{
    for (size_t len = 0; len < file->len; len++) {
        shelf_write(path, file->data, len);
        check();
    }
}

static void
put_link(const char *path, const char *moved)
{
    assert_int_equal(symlink(moved, path), 0);
}

static void
put_dangling(const char *path, const char *moved)
{
    (void)moved;
    assert_int_equal(symlink("nowhere", path), 0);
}

static void
put_hard_link(const char *path, const char *moved)
{
    assert_int_equal(link(moved, path), 0);
}

static void
put_fifo(const char *path, const char *moved)
{
    (void)moved;
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void
put_directory(const char *path, const char *moved)
{
    (void)moved;
    assert_int_equal(mkdir(path, 0700), 0);
}

/* An address has little room: bind it by a short name. */
static void
put_socket(const char *path, const char *moved)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)moved;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir);
    assert_int_equal(
        bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(rename(address.sun_path, path), 0);
}

static void
put_readable(const char *path, const char *moved)
{
    assert_int_equal(rename(moved, path), 0);
    assert_int_equal(chmod(path, 0640), 0);
}

static void
put_executable(const char *path, const char *moved)
{
    assert_int_equal(rename(moved, path), 0);
    assert_int_equal(chmod(path, 0700), 0);
}

/* Only root can give a file away; for others one without any access does. */
static void
put_foreign(const char *path, const char *moved)
{
    assert_int_equal(rename(moved, path), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(path, 54321, (gid_t)-1), 0);
    else
        assert_int_equal(chmod(path, 0), 0);
}

const char *
shelf_replace(const char *path, size_t kind)
{
    static const struct {
        const char *name;
        void (*put)(const char *path, const char *moved);
    } kinds[] = {
        {"symbolic link", put_link},     {"dangling link", put_dangling},
        {"hard link", put_hard_link},    {"FIFO", put_fifo},
        {"directory", put_directory},    {"socket", put_socket},
        {"mode 0640", put_readable},     {"mode 0700", put_executable},
        {"another's file", put_foreign},
    };
    char moved[SHELF_PATH_BYTES];

    _Static_assert(COG_COUNT(kinds) == SHELF_KINDS, "all of them");
    (void)snprintf(moved, sizeof(moved), "%s.moved", path);
    assert_int_equal(rename(path, moved), 0);
    kinds[kind].put(path, moved);
    return kinds[kind].name;
}

static void
limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void
shelf_fill_disk(void)
{
    limit_files(0);
}

void
shelf_free_disk(void)
{
    limit_files(RLIM_INFINITY);
}

int64_t
shelf_now_ms(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
