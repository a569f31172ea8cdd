/* SPDX-License-Identifier: MIT */
/*
 * What the helper's sandbox refuses to go on without; what it does as root is
 * seen from outside by tests/e2e. Each case runs in a process of its own, as
 * somebody who is not root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/sandbox.h"

#define NOBODY 65534

/* The socket a child of this test has as its descriptor 0. */
static int parents_end;

static int
enter(struct cog_err *err)
{
    return cog_sandbox_enter(err);
}

static int
drop_to_uid_0(struct cog_err *err)
{
    return cog_sandbox_drop(0, NOBODY, err);
}

static int
drop_to_gid_0(struct cog_err *err)
{
    return cog_sandbox_drop(NOBODY, 0, err);
}

static int
drop(struct cog_err *err)
{
    return cog_sandbox_drop(NOBODY, NOBODY, err);
}

static int
follow_through_a_file(struct cog_err *err)
{
    (void)close(STDIN_FILENO);
    if (open("/dev/null", O_RDONLY) != STDIN_FILENO)
        return cog_fail(err, COG_E_COUNT_, "/dev/null");
    return cog_sandbox_follow_parent(err);
}

/* A socket whose other end is not the parent's. */
static int
follow_a_stranger(struct cog_err *err)
{
    int fd[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd) < 0 ||
        dup2(fd[0], STDIN_FILENO) != STDIN_FILENO)
        return cog_fail(err, COG_E_COUNT_, "socketpair");
    return cog_sandbox_follow_parent(err);
}

/* Succeeds: the reason is what the kernel will do when the parent dies. */
static int
follow_the_parent(struct cog_err *err)
{
    int signal = 0;

    if (dup2(parents_end, STDIN_FILENO) != STDIN_FILENO ||
        cog_sandbox_follow_parent(err) < 0 ||
        prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0) < 0)
        return -1;
    (void)snprintf(err->msg, sizeof(err->msg), "signal %d", signal);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct cog_err *err);
    int rc;
    enum cog_errc code;
    const char *msg;
} cases[] = {
    {"enter", enter, -1, COG_E_PRIVILEGE,
     "the application does not run as root, and only root can sign people in"},
    {"uid 0", drop_to_uid_0, -1, COG_E_SYSTEM, "will not run as root"},
    {"gid 0", drop_to_gid_0, -1, COG_E_SYSTEM, "will not run as root"},
    {"drop", drop, -1, COG_E_SYSTEM, "setgroups: Operation not permitted"},
    {"file", follow_through_a_file, -1, COG_E_SYSTEM,
     "descriptor 0 is not the module's socket: Socket operation on "
     "non-socket"},
    {"stranger", follow_a_stranger, -1, COG_E_SYSTEM,
     "the process that started this helper is gone"},
    {"parent", follow_the_parent, 0, COG_OK, "signal 15"},
};

/* In the child: 0 when the case is as it should be. */
static int
judge(size_t i)
{
    struct cog_err err = COG_ERR_INIT;
    int rc;

    if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return 1;
    rc = cases[i].run(&err);
    if (rc == cases[i].rc && err.code == cases[i].code &&
        strcmp(err.msg, cases[i].msg) == 0)
        return 0;
    (void)dprintf(STDERR_FILENO, "%s: %d, code %d, '%s'\n", cases[i].name, rc,
                  (int)err.code, err.msg);
    return 1;
}

static void
refuses_what_is_unsafe(void **state)
{
    int fd[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    parents_end = fd[1];
    (void)fflush(NULL);
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const pid_t pid = fork();
        int status = 0;

        assert_true(pid >= 0);
        if (pid == 0)
            _exit(judge(i));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    (void)close(fd[0]);
    (void)close(fd[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_unsafe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
