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
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/store/store_private.h"
#include "lib/store/userlock.h"
#include "tests/unit/shelf.h"

static int
take(const char *user)
{
    struct cog_err err = COG_ERR_INIT;
    int fd = -1;

    if (cog_userlock_take(shelf_store, user, COG_USERLOCK_WAIT_MS, &fd, &err) <
        0)
        fail_msg("%s", err.msg);
    return fd;
}

static void
fails(const char *user, int64_t wait_ms, const char *why)
{
    struct cog_err err = COG_ERR_INIT;
    int fd = -7;

    assert_int_equal(cog_userlock_take(shelf_store, user, wait_ms, &fd, &err),
                     -1);
    assert_int_equal(err.code, strstr(why, "another process") == NULL
                                   ? COG_E_SYSTEM
                                   : COG_E_NET);
    assert_int_equal(fd, -7);
    if (strstr(err.msg, why) == NULL)
        fail_msg("%s", err.msg);
}

static void
one_at_a_time(void **state)
{
    int alice = take("alice");
    int bob = take("bob");
    struct stat st;

    (void)state;
    assert_true((fcntl(alice, F_GETFD) & FD_CLOEXEC) != 0);
    fails("alice", 0, "another process has it");
    assert_int_equal(close(alice), 0);
    alice = take("alice");
    fails("alice", 0, "another process has it");
    assert_int_equal(close(alice), 0);
    assert_int_equal(close(bob), 0);
    assert_int_equal(shelf_count("state/locks"), 2);
    assert_int_equal(fstatat(shelf_store->locks,
                             "2bd806c97f0e00af1a1fc3328fa763a9"
                             "269723c8db8fac4f93af71db186d6e90",
                             &st, 0),
                     0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
}

/* A holder that is stopped costs the others their patience and no more; one
 * that dies holds nothing. */
static void
stopped_and_dead(void **state)
{
    int ready[2];
    int64_t start;
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)take("alice");
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    start = shelf_now_ms();
    fails("alice", 300, "another process has it");
    assert_in_range(shelf_now_ms() - start, 300, 900);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(close(take("alice")), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(close(ready[0]), 0);
    assert_int_equal(close(ready[1]), 0);
}

/* Processes that add one each, in two steps. */
static void
nobody_in_between(void **state)
{
    enum {
        PROCESSES = 8,
        ROUNDS = 3
    };
    volatile int *count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(count != MAP_FAILED);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        for (int round = 0; pid == 0 && round < ROUNDS; round++) {
            const struct timespec moment = {.tv_nsec = 100000};
            int fd = take("alice");
            int was = *count;

            (void)nanosleep(&moment, NULL);
            *count = was + 1;
            (void)close(fd);
        }
        if (pid == 0)
            _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(*count, PROCESSES * ROUNDS);
    assert_int_equal(munmap((void *)(uintptr_t)count, sizeof(*count)), 0);
}

static void
not_ours(void **state)
{
    char path[SHELF_PATH_BYTES];
    char moved[SHELF_PATH_BYTES + 8];

    (void)state;
    assert_int_equal(close(take("alice")), 0);
    (void)snprintf(path, sizeof(path), "%s", shelf_only("state/locks"));
    (void)snprintf(moved, sizeof(moved), "%s.moved", path);
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        shelf_write(path, "", 0);
        const char *name = shelf_replace(path, kind);

        print_message("%s\n", name);
        fails("alice", 0, "locks/");
        /* Nothing was made where a link leads. */
        assert_int_equal(access(shelf_path("state/locks/nowhere"), F_OK), -1);
        assert_true(unlink(path) == 0 || rmdir(path) == 0);
        (void)unlink(moved);
    }
}

/* A lock that nobody could take is not made. */
static void
another_user(void **state)
{
    (void)state;
    shelf_store->uid++;
    fails("alice", 0, "not running as uid");
    shelf_store->uid--;
    assert_int_equal(shelf_count("state/locks"), 0);
}

static void
odd_names(void **state)
{
    (void)state;
    assert_int_equal(close(take("../../../etc/passwd")), 0);
    assert_int_equal(close(take("")), 0);
    assert_int_equal(shelf_count("state/locks"), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST_OPEN(one_at_a_time),     SHELF_TEST_OPEN(stopped_and_dead),
        SHELF_TEST_OPEN(nobody_in_between), SHELF_TEST_OPEN(not_ours),
        SHELF_TEST_OPEN(another_user),      SHELF_TEST_OPEN(odd_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
