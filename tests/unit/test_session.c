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
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/host/session.h"

/* What a child saw, which is shared with it. */
static struct seen {
    int rc;
    struct cog_session session;
    struct cog_err err;
    dev_t terminal;
} * seen;

static int
setup(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)alarm(60);
    return seen == MAP_FAILED ? -1 : 0;
}

static int
teardown(void **state)
{
    (void)state;
    return munmap(seen, sizeof(*seen));
}

static void
look(void)
{
    seen->rc = cog_session_read(4321, &seen->session, &seen->err);
}

static void
wait_for(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    if (seen->rc < 0)
        fail_msg("%s", seen->err.msg);
}

static void
boot_id(char ret[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    assert_non_null(file);
    assert_non_null(fgets(ret, 64, file));
    ret[strcspn(ret, "\n")] = '\0';
    assert_int_equal(fclose(file), 0);
}

/* A session of its own, without a terminal. */
static void
no_terminal(void **state)
{
    char boot[64];
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)setsid();
        look();
        _exit(0);
    }
    wait_for(pid);
    boot_id(boot);
    assert_int_equal(seen->session.real_uid, 4321);
    assert_int_equal(seen->session.sid, pid);
    assert_int_equal(seen->session.tty, 0);
    assert_true(seen->session.leader_start > 0);
    assert_string_equal(seen->session.boot_id, boot);
}

static void
on_a_terminal(void **state)
{
    struct stat st;
    int master = -1;
    pid_t pid = forkpty(&master, NULL, NULL, NULL);

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        if (fstat(STDIN_FILENO, &st) < 0)
            _exit(1);
        seen->terminal = st.st_rdev;
        look();
        _exit(0);
    }
    wait_for(pid);
    assert_int_equal(seen->session.sid, pid);
    assert_int_equal(seen->session.tty, seen->terminal);
    assert_int_equal(close(master), 0);
}

/* A member of a session sees its leader's time, not its own. */
static void
member(void **state)
{
    static struct seen leader;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        pid_t child;

        (void)setsid();
        look();
        leader = *seen;
        (void)poll(NULL, 0, 50); /* some clock ticks */
        child = fork();
        if (child == 0) {
            look();
            _exit(seen->session.leader_start == leader.session.leader_start &&
                          seen->session.sid == leader.session.sid
                      ? 0
                      : 1);
        }
        if (waitpid(child, &seen->rc, 0) != child)
            _exit(1);
        _exit(seen->rc == 0 ? 0 : 1);
    }
    wait_for(pid);
    assert_int_equal(seen->session.sid, pid);
}

/* What outlives its leader has no leader, whether he is a zombie or gone. */
static void
orphan(void **state)
{
    (void)state;
    for (int reaped = 0; reaped < 2; reaped++) {
        int done[2];
        char byte = 0;
        pid_t pid;

        assert_int_equal(pipe(done), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            (void)setsid();
            if (fork() == 0) {
                /* The leader ends at once; its parent reaps it, or not yet. */
                (void)poll(NULL, 0, 100);
                look();
                _exit(write(done[1], "x", 1) == 1 ? 0 : 1);
            }
            _exit(0);
        }
        if (reaped == 1)
            assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(read(done[0], &byte, 1), 1);
        assert_int_equal(seen->rc, 0);
        assert_int_equal(seen->session.sid, pid);
        assert_int_equal(seen->session.leader_start, 0);
        if (reaped == 0)
            assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(close(done[0]), 0);
        assert_int_equal(close(done[1]), 0);
    }
}

/* A process chooses its name, and so what stands in the middle of the line. */
static void
names(void **state)
{
    static const char *const tricks[] = {
        ")", "a) S 1 2 3", ") Z 1 1 1 (", "x\n) R 9 9 9", "(((", "a b c",
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(tricks); i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            (void)prctl(PR_SET_NAME, tricks[i]);
            (void)setsid();
            look();
            _exit(0);
        }
        wait_for(pid);
        assert_int_equal(seen->session.sid, pid);
        assert_int_equal(seen->session.tty, 0);
        assert_true(seen->session.leader_start > 0);
    }
}

static void
cannot_be_read(void **state)
{
    struct cog_session session = {.sid = -7};
    struct cog_err err = COG_ERR_INIT;
    struct rlimit before;
    struct rlimit none;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(cog_session_read(0, &session, &err), -1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_int_equal(session.sid, -7);
}

#define SHARED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHARED(no_terminal), SHARED(on_a_terminal), SHARED(member),
        SHARED(orphan),      SHARED(names),         SHARED(cannot_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
