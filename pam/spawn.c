/* SPDX-License-Identifier: MIT */
#include "pam/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a killed helper may take to disappear before we go on without
 * having reaped it, in milliseconds. */
#define KILL_MS 1000
#define NAP_MS  10

/*
 * A host with closed standard streams would lend their numbers to our
 * descriptors, and its conversation would then talk to the helper.
 */
static int
above_stdio(int fd)
{
    int moved;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(fd);
    return moved;
}

static int
make_pair(int pair[2], struct cog_err *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return cog_fail(err, COG_E_SYSTEM, "socketpair: %s", strerror(errno));
    pair[0] = above_stdio(pair[0]);
    pair[1] = above_stdio(pair[1]);
    if (pair[0] >= 0 && pair[1] >= 0)
        return 0;
    cog_fail(err, COG_E_SYSTEM, "no free descriptor: %s", strerror(errno));
    if (pair[0] >= 0)
        (void)close(pair[0]);
    if (pair[1] >= 0)
        (void)close(pair[1]);
    return -1;
}

static int
set_files(posix_spawn_file_actions_t *files, int socket_fd)
{
    int e = posix_spawn_file_actions_adddup2(files, socket_fd, STDIN_FILENO);

    if (e == 0) {
        e = posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null",
                                             O_WRONLY, 0);
    }
    if (e == 0) {
        e = posix_spawn_file_actions_adddup2(files, STDOUT_FILENO,
                                             STDERR_FILENO);
    }
    if (e == 0)
        e = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    return e;
}

/* Default dispositions, nothing blocked, own process group: Ctrl-Z at sudo
 * must not stop it. The session stays the host's. */
static int
set_attributes(posix_spawnattr_t *attr)
{
    const int flags =
        POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP;
    sigset_t all;
    sigset_t none;
    int e;

    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    e = posix_spawnattr_setsigdefault(attr, &all);
    if (e == 0)
        e = posix_spawnattr_setsigmask(attr, &none);
    if (e == 0)
        e = posix_spawnattr_setpgroup(attr, 0);
    if (e == 0)
        e = posix_spawnattr_setflags(attr, (short)flags);
    return e;
}

/* Returns 0 or an errno value, as posix_spawn does. */
static int
start(const char *path, int socket_fd, pid_t *ret_pid)
{
    char name[] = "pam-cognito-helper";
    char *argv[] = {name, NULL};
    char *envp[] = {NULL}; /* never the host's: su hands on its caller's */
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int e = posix_spawn_file_actions_init(&files);

    if (e != 0)
        return e;
    e = posix_spawnattr_init(&attr);
    if (e == 0) {
        e = set_files(&files, socket_fd);
        if (e == 0)
            e = set_attributes(&attr);
        if (e == 0)
            e = posix_spawn(ret_pid, path, &files, &attr, argv, envp);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return e;
}

/*
 * A descriptor for the child, so that a pid the host may have reaped, and the
 * kernel reused, is never signalled. -1 when there is none: the child is gone
 * already, or the kernel refuses.
 */
static int
open_pidfd(pid_t pid)
{
    int fd = above_stdio((int)syscall(SYS_pidfd_open, pid, 0));
    siginfo_t info;

    if (fd >= 0 &&
        waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
        errno == ECHILD) {
        (void)close(fd); /* somebody else's process by now */
        return -1;
    }
    return fd;
}

/* Has the child left within this time? Without a pidfd there is nothing to
 * wait for but the time, taken in short naps. */
static bool
has_left(const struct cog_child *child, int wait_ms)
{
    struct pollfd p = {.fd = child->pidfd, .events = POLLIN};
    int n;

    do {
        n = poll(&p, 1, wait_ms);
    } while (n < 0 && errno == EINTR);
    return n == 1;
}

/* True when there is nothing left to reap: the exit status tells nothing, and
 * ECHILD only that the host reaps its children itself. */
static bool
reap(pid_t pid)
{
    int status;
    pid_t got;

    do {
        got = waitpid(pid, &status, WNOHANG);
    } while (got < 0 && errno == EINTR);
    return got != 0;
}

int
cog_spawn_helper(const char *path, struct cog_child *ret, struct cog_err *err)
{
    int pair[2];
    pid_t pid = -1;
    int e;

    if (make_pair(pair, err) < 0)
        return -1;
    e = start(path, pair[1], &pid);
    (void)close(pair[1]);
    if (e != 0) {
        (void)close(pair[0]);
        return cog_fail(err, COG_E_SYSTEM, "cannot run the helper %s: %s", path,
                        strerror(e));
    }
    ret->pid = pid;
    ret->fd = pair[0];
    ret->pidfd = open_pidfd(pid);
    return 0;
}

void
cog_spawn_reap(struct cog_child *child, int grace_ms)
{
    (void)close(child->fd); /* a live helper leaves when it sees this */
    if (child->pidfd < 0) {
        for (int i = 0; i < KILL_MS / NAP_MS && !reap(child->pid); i++)
            (void)has_left(child, NAP_MS);
        return;
    }
    if (!has_left(child, grace_ms)) {
        (void)syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
        (void)has_left(child, KILL_MS);
    }
    (void)close(child->pidfd);
    (void)reap(child->pid);
}
