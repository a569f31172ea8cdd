/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/store/slot.h"
#include "tests/unit/shelf.h"

#define MAX_BYTES 64
#define OLD       "the old content"
#define NEW       "what comes instead"

/* Which system call fails, and how. */
static struct {
    const char *call;
    int nth; /* 1: the next one; 0: none */
    int e;   /* 0: succeeds but does little */
} fault;
static unsigned syncs;

static bool
fails(const char *call)
{
    if (fault.nth == 0 || strcmp(fault.call, call) != 0 || --fault.nth > 0)
        return false;
    errno = fault.e;
    return true;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_flock(int fd, int how);
int __wrap_flock(int fd, int how);
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to,
                     unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to,
                     unsigned flags);
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);
int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);

int
__wrap_fsync(int fd)
{
    syncs++;
    return fails("fsync") ? -1 : __real_fsync(fd);
}

int
__wrap_fchmod(int fd, mode_t mode)
{
    return fails("fchmod") ? -1 : __real_fchmod(fd, mode);
}

int
__wrap_flock(int fd, int how)
{
    return fails("flock") ? -1 : __real_flock(fd, how);
}

int
__wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to,
                 unsigned flags)
{
    if (fails("renameat2"))
        return -1;
    return __real_renameat2(from_dir, from, to_dir, to, flags);
}

ssize_t
__wrap_write(int fd, const void *bytes, size_t len)
{
    if (!fails("write"))
        return __real_write(fd, bytes, len);
    if (fault.e != 0)
        return -1;
    fault.nth = 1; /* one byte at a time, until one is left */
    return len > 1 ? __real_write(fd, bytes, 1) : 0;
}

ssize_t
__wrap_read(int fd, void *buf, size_t len)
{
    if (fails("read"))
        return fault.e == 0 ? 0 : -1;
    return __real_read(fd, buf, len);
}

int
__wrap_openat(int dir, const char *path, int flags, ...)
{
    va_list ap;
    mode_t mode;

    va_start(ap, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return fails("openat") ? -1 : __real_openat(dir, path, flags, mode);
}

static struct cog_slot slot;

static int
setup(void **state)
{
    if (shelf_setup(state) < 0)
        return -1;
    slot = (struct cog_slot){
        .dir = open(shelf_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        .name = "thing",
        .uid = geteuid(),
        .max_bytes = MAX_BYTES,
    };
    fault.nth = 0;
    return slot.dir < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
    fault.nth = 0;
    (void)close(slot.dir);
    return shelf_teardown(state);
}

static int
put(const char *content, struct cog_err *err)
{
    struct cog_secret text = COG_SECRET_INIT(4 * MAX_BYTES);
    struct cog_err none = COG_ERR_INIT;
    int rc;

    assert_int_equal(cog_secret_append_str(&text, content, &none), 0);
    rc = cog_slot_write(&slot, &text, err);
    cog_secret_clear(&text);
    return rc;
}

static void
puts_well(const char *content)
{
    struct cog_err err = COG_ERR_INIT;

    if (put(content, &err) < 0)
        fail_msg("%s", err.msg);
}

static void
puts_badly(const char *content)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(put(content, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
}

/* `want` NULL: there is none. */
static void
reads(const char *want)
{
    struct cog_secret text = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;
    bool found = want == NULL;

    if (cog_slot_read(&slot, &text, &found, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(found, want != NULL);
    assert_string_equal(cog_secret_str(&text), want == NULL ? "" : want);
    cog_secret_clear(&text);
}

static void
refuses(enum cog_errc code)
{
    struct cog_secret text = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;
    bool found = false;

    assert_int_equal(cog_slot_read(&slot, &text, &found, &err), -1);
    if (err.code != code)
        fail_msg("%d: %s", (int)err.code, err.msg);
    assert_false(found);
    assert_null(text.data);
}

static void
erases(void)
{
    struct cog_err err = COG_ERR_INIT;

    if (cog_slot_erase(&slot, &err) < 0)
        fail_msg("%s", err.msg);
}

static void
whole_files(void **state)
{
    char longest[MAX_BYTES + 2];
    struct stat st;

    (void)state;
    memset(longest, 'x', sizeof(longest));
    longest[MAX_BYTES] = '\0';
    reads(NULL);
    puts_well("");
    reads("");
    puts_well(OLD);
    reads(OLD);
    (void)umask(0277);
    puts_well(longest);
    (void)umask(022);
    reads(longest);
    assert_int_equal(stat(shelf_path("thing"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    longest[MAX_BYTES] = 'x';
    longest[MAX_BYTES + 1] = '\0';
    puts_well(longest);
    refuses(COG_E_IDENTITY);
    erases();
    reads(NULL);
    erases();
    assert_int_equal(shelf_count(""), 0);
}

/* What is not ours is neither read nor written through. */
static void
things_in_its_place(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        const char *name;
        bool is_directory;

        puts_well(OLD);
        name = shelf_replace(shelf_path("thing"), kind);
        print_message("%s\n", name);
        is_directory = strcmp(name, "directory") == 0;
        /* Link and target at once: neither is alone. */
        refuses(COG_E_IDENTITY);
        if (is_directory) {
            puts_badly(NEW);
            assert_int_equal(rmdir(shelf_path("thing")), 0);
        } else {
            puts_well(NEW);
            reads(NEW);
        }
        if (access(shelf_path("thing.moved"), F_OK) == 0) {
            struct cog_secret old = COG_SECRET_INIT(0);

            shelf_read(shelf_path("thing.moved"), &old);
            assert_string_equal(cog_secret_str(&old), OLD);
            cog_secret_clear(&old);
            assert_int_equal(unlink(shelf_path("thing.moved")), 0);
        }
        assert_int_equal(shelf_count(""), is_directory ? 0 : 1);
    }
}

/* Nothing that lies where the temporary file goes is followed, or kept from
 * going; only a directory stays. */
static void
things_at_the_temporary(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        struct cog_secret old = COG_SECRET_INIT(0);
        const char *name;

        puts_well(OLD);
        shelf_write(shelf_path("thing.tmp"), "victim", 6);
        name = shelf_replace(shelf_path("thing.tmp"), kind);
        print_message("%s\n", name);
        if (strcmp(name, "directory") == 0) {
            puts_badly(NEW);
            reads(OLD);
            assert_int_equal(rmdir(shelf_path("thing.tmp")), 0);
        } else {
            puts_well(NEW);
            reads(NEW);
        }
        if (access(shelf_path("thing.tmp.moved"), F_OK) == 0) {
            shelf_read(shelf_path("thing.tmp.moved"), &old);
            assert_string_equal(cog_secret_str(&old), "victim");
            assert_int_equal(unlink(shelf_path("thing.tmp.moved")), 0);
        }
        assert_int_equal(shelf_count(""), 1);
        cog_secret_clear(&old);
    }
}

static void
left_behind(void **state)
{
    (void)state;
    puts_well(OLD);
    shelf_write(shelf_path("thing.tmp"), "half a", 6);
    reads(OLD);
    puts_well(NEW);
    reads(NEW);
    assert_int_equal(shelf_count(""), 1);
    shelf_write(shelf_path("thing.tmp"), "half a", 6);
    erases();
    assert_int_equal(shelf_count(""), 0);
}

/* One that is being written is left alone, for as long as it takes. */
static void
being_written(void **state)
{
    const int64_t start = shelf_now_ms();
    int fd;

    (void)state;
    puts_well(OLD);
    shelf_write(shelf_path("thing.tmp"), "so far", 6);
    fd = open(shelf_path("thing.tmp"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    puts_badly(NEW);
    assert_in_range(shelf_now_ms() - start, 900, 1900);
    reads(OLD);
    assert_int_equal(access(shelf_path("thing.tmp"), F_OK), 0);
    erases();
    assert_int_equal(access(shelf_path("thing.tmp"), F_OK), 0);
    assert_int_equal(close(fd), 0);
    puts_well(NEW);
    reads(NEW);
}

/* No reader ever sees anything but a whole file. */
static void
scribble(char c)
{
    char content[MAX_BYTES] = "";

    for (size_t i = 0; i < 40; i++) {
        struct cog_err err = COG_ERR_INIT;

        memset(content, c, i + 1);
        if (put(content, &err) < 0)
            _exit(1);
    }
    _exit(0);
}

static void
check_whole(void)
{
    struct cog_secret text = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;
    bool found = false;

    if (cog_slot_read(&slot, &text, &found, &err) < 0)
        fail_msg("%s", err.msg);
    assert_true(found && text.len > 0);
    for (size_t i = 1; i < text.len; i++)
        assert_int_equal(text.data[i], text.data[0]);
    cog_secret_clear(&text);
}

static void
writers_at_once(void **state)
{
    enum {
        WRITERS = 6
    };
    pid_t pid[WRITERS];

    (void)state;
    slot.until_reboot = true;
    puts_well("a");
    for (size_t i = 0; i < WRITERS; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0)
            scribble((char)('a' + i));
    }
    for (size_t i = 0; i < WRITERS; i++) {
        int status = -1;

        while (waitpid(pid[i], &status, WNOHANG) == 0)
            check_whole();
        assert_int_equal(status, 0);
    }
    assert_int_equal(shelf_count(""), 1);
}

/* Killed at any time, also while others write. */
static void
writers_that_die(void **state)
{
    (void)state;
    slot.until_reboot = true;
    puts_well("a");
    for (size_t i = 0; i < 100; i++) {
        const struct timespec while_ns = {.tv_nsec =
                                              (long)(i * 20011) % 2000000};
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
            scribble('b');
        (void)nanosleep(&while_ns, NULL);
        puts_well("ccc");
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        check_whole();
        assert_true(shelf_count("") <= 2);
    }
    puts_well("d");
    assert_int_equal(shelf_count(""), 1);
}

static void
faults(void **state)
{
    static const struct {
        const char *call;
        int nth;
        int e;
        const char *want;
    } cases[] = {
        {"openat", 1, EMFILE, OLD},    {"openat", 1, ENFILE, OLD},
        {"openat", 2, ENOSPC, OLD},    {"openat", 2, EACCES, OLD},
        {"flock", 1, ENOLCK, OLD},     {"fchmod", 1, EIO, OLD},
        {"write", 1, ENOSPC, OLD},     {"write", 1, EDQUOT, OLD},
        {"write", 1, EIO, OLD},        {"write", 1, 0, OLD},
        {"fsync", 1, EIO, OLD},        {"renameat2", 1, EIO, OLD},
        {"renameat2", 1, ENOSPC, OLD}, {"fsync", 2, EIO, NEW},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        puts_well(OLD);
        fault.call = cases[i].call;
        fault.nth = cases[i].nth;
        fault.e = cases[i].e;
        puts_badly(NEW);
        fault.nth = 0;
        reads(cases[i].want);
        assert_int_equal(shelf_count(""), 1);
    }
}

static void
interrupted_calls(void **state)
{
    static const char *const calls[] = {"write", "flock"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(calls); i++) {
        fault.call = calls[i];
        fault.nth = 1;
        fault.e = EINTR;
        if (strcmp(calls[i], "flock") == 0)
            shelf_write(shelf_path("thing.tmp"), "left", 4);
        puts_well(NEW);
        assert_int_equal(fault.nth, 0);
        reads(NEW);
    }
    fault.call = "read";
    fault.nth = 1;
    reads(NEW);
    assert_int_equal(fault.nth, 0);
}

static void
reading_fails(void **state)
{
    static const struct {
        const char *call;
        int e;
        enum cog_errc code;
    } cases[] = {
        {"openat", EIO, COG_E_SYSTEM},      {"openat", ENOMEM, COG_E_SYSTEM},
        {"openat", EMFILE, COG_E_SYSTEM},   {"openat", ENOTDIR, COG_E_SYSTEM},
        {"openat", EACCES, COG_E_IDENTITY}, {"read", EIO, COG_E_SYSTEM},
        {"read", 0, COG_E_IDENTITY},
    };

    (void)state;
    puts_well(OLD);
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        fault.call = cases[i].call;
        fault.nth = 1;
        fault.e = cases[i].e;
        refuses(cases[i].code);
        assert_int_equal(fault.nth, 0);
    }
    reads(OLD);
}

static void
synced_when_it_must(void **state)
{
    (void)state;
    syncs = 0;
    puts_well(OLD);
    assert_int_equal(syncs, 2);
    erases();
    assert_int_equal(syncs, 3);
    erases();
    assert_int_equal(syncs, 3);
    slot.until_reboot = true;
    puts_well(OLD);
    erases();
    assert_int_equal(syncs, 3);
}

static void
the_first_wins(void **state)
{
    (void)state;
    slot.first_wins = true;
    puts_well(OLD);
    puts_well(NEW);
    reads(OLD);
    assert_int_equal(shelf_count(""), 1);
}

/* Files that nobody could use are not made. */
static void
another_user(void **state)
{
    (void)state;
    puts_well(OLD);
    slot.uid++;
    puts_badly(NEW);
    refuses(COG_E_IDENTITY);
    slot.uid--;
    reads(OLD);
    assert_int_equal(shelf_count(""), 1);
}

static void
erasing_fails(void **state)
{
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(mkdir(shelf_path("thing"), 0700), 0);
    assert_int_equal(cog_slot_erase(&slot, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_int_equal(rmdir(shelf_path("thing")), 0);
    puts_well(OLD);
    fault.call = "fsync";
    fault.nth = 1;
    fault.e = EIO;
    err.code = COG_OK;
    assert_int_equal(cog_slot_erase(&slot, &err), -1);
    reads(NULL);
}

/* In its place, with no room and no new file; what is not ours stays. */
static void
emptying(void **state)
{
    struct cog_err err = COG_ERR_INIT;
    struct stat before;
    struct stat after;

    (void)state;
    assert_int_equal(cog_slot_empty(&slot, &err), 0); /* none is fine */
    assert_int_equal(shelf_count(""), 0);
    puts_well(OLD);
    assert_int_equal(stat(shelf_path("thing"), &before), 0);
    fault.call = "fsync";
    fault.nth = 1;
    fault.e = EIO;
    assert_int_equal(cog_slot_empty(&slot, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_int_equal(cog_slot_empty(&slot, &err), 0);
    assert_int_equal(stat(shelf_path("thing"), &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(after.st_size, 0);
    assert_int_equal(shelf_count(""), 1);

    for (size_t i = 0; i < SHELF_KINDS; i++) {
        assert_int_equal(remove(shelf_path("thing")), 0);
        puts_well(OLD);
        err.code = COG_OK;
        print_message("%s\n", shelf_replace(shelf_path("thing"), i));
        assert_int_equal(cog_slot_empty(&slot, &err), -1);
        assert_int_not_equal(err.code, COG_OK);
        if (stat(shelf_path("thing.moved"), &after) == 0)
            assert_int_equal(after.st_size, strlen(OLD));
        (void)unlink(shelf_path("thing.moved"));
    }
    assert_int_equal(remove(shelf_path("thing")), 0);
}

static int
count_names(void *ctx, const char *name)
{
    unsigned *count = ctx;

    assert_true(strcmp(name, "thing") == 0 || strcmp(name, "b.tmp") == 0);
    (*count)++;
    return 0;
}

static int
stop_at_once(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return 7;
}

static void
each_name(void **state)
{
    struct cog_err err = COG_ERR_INIT;
    unsigned count = 0;

    (void)state;
    puts_well(OLD);
    shelf_write(shelf_path("b.tmp"), "", 0);
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(cog_slot_each(slot.dir, count_names, &count, &err), 0);
        assert_int_equal(count, 2 * i);
    }
    assert_int_equal(cog_slot_each(slot.dir, stop_at_once, NULL, &err), 7);
    fault.call = "openat";
    fault.nth = 1;
    fault.e = EMFILE;
    assert_int_equal(cog_slot_each(slot.dir, count_names, &count, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
}

static void
stems(void **state)
{
    (void)state;
    assert_int_equal(cog_slot_stem("abc.tmp"), 3);
    assert_int_equal(cog_slot_stem("abc"), 3);
    assert_int_equal(cog_slot_stem(".tmp"), 4);
    assert_int_equal(cog_slot_stem("a.tmp.tmp"), 5);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(whole_files),
        IN_DIR(things_in_its_place),
        IN_DIR(things_at_the_temporary),
        IN_DIR(left_behind),
        IN_DIR(being_written),
        IN_DIR(writers_at_once),
        IN_DIR(writers_that_die),
        IN_DIR(faults),
        IN_DIR(interrupted_calls),
        IN_DIR(reading_fails),
        IN_DIR(synced_when_it_must),
        IN_DIR(the_first_wins),
        IN_DIR(another_user),
        IN_DIR(erasing_fails),
        IN_DIR(emptying),
        IN_DIR(each_name),
        IN_DIR(stems),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
