/* SPDX-License-Identifier: MIT */
#include "helper/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/core/protocol.h"

/* The longest a call can take: starting, all questions, the whole network
 * budget, and a little. Past that something hangs: SIGALRM ends it. */
#define ALARM_S \
    ((COG_START_MS + COG_QUESTIONS_MS + COG_NETWORK_MAX_MS) / 1000 + 10)

/* What a call may take whose module died: to notice, and to say so. */
#define GRACE_S 2

#define MIB ((rlim_t)1024 * 1024)

/* Fixed limits, up as well as down: a caller of su must not be able to make
 * the network look dead by lending us tiny ones. */
static const struct {
    __rlimit_resource_t resource;
    rlim_t value;
} limits[] = {
    {RLIMIT_CORE, 0},
    {RLIMIT_AS, 512 * MIB},
    {RLIMIT_DATA, 512 * MIB},
    {RLIMIT_STACK, 8 * MIB},
    {RLIMIT_FSIZE, 1 * MIB},
    {RLIMIT_NOFILE, 64},
    {RLIMIT_CPU, 30}, /* seconds; a sign-in takes some 20 milliseconds */
    /* Counts all helpers of all sign-ins at once, and resolver threads. */
    {RLIMIT_NPROC, RLIM_INFINITY},
};

static int
fail(const char *what, struct cog_err *err)
{
    return cog_fail(err, COG_E_SYSTEM, "%s: %s", what, strerror(errno));
}

/* All three ids, so that sudo's and su's real uid has no say. */
static int
become(uid_t uid, gid_t gid, struct cog_err *err)
{
    if (setgroups(0, NULL) < 0)
        return fail("setgroups", err);
    if (setresgid(gid, gid, gid) < 0)
        return fail("setresgid", err);
    if (setresuid(uid, uid, uid) < 0)
        return fail("setresuid", err);
    return 0;
}

/* Root in a container may not raise a hard limit: then as far as it goes. */
static int
set_limit(__rlimit_resource_t resource, rlim_t value, struct cog_err *err)
{
    struct rlimit limit = {value, value};

    if (setrlimit(resource, &limit) == 0)
        return 0;
    if (errno != EPERM || getrlimit(resource, &limit) < 0)
        return fail("setrlimit", err);
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit) == 0 ? 0 : fail("setrlimit", err);
}

static int
set_limits(struct cog_err *err)
{
    for (size_t i = 0; i < COG_COUNT(limits); i++) {
        if (set_limit(limits[i].resource, limits[i].value, err) < 0)
            return -1;
    }
    return 0;
}

/* Neither a core file nor a debugger; the kernel forgets when ids change. */
static int
hide_memory(struct cog_err *err)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return fail("PR_SET_DUMPABLE", err);
    return 0;
}

/* What a terminal stops processes with. Any process of the user's session can
 * put ours into the foreground and type Ctrl-Z there, while it holds his lock:
 * whoever waits for that would have to take the pool for busy. */
static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};

/* A peer that hangs up must cost a request, and a tiny file size limit the
 * cache of the key set, not the process. Whether to end is for the module to
 * say, which hangs up, and not for a terminal. */
static const int annoyances[] = {SIGPIPE, SIGXFSZ, SIGINT, SIGQUIT, SIGHUP};

static int
ignore(const int *signals, size_t count, struct cog_err *err)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};

    for (size_t i = 0; i < count; i++) {
        if (sigaction(signals[i], &ignored, NULL) < 0)
            return fail("sigaction", err);
    }
    return 0;
}

/* The module died. Its socket, which hangs up, says so as well, where nobody
 * else holds it. */
static void
hurry(int number)
{
    (void)number;
    (void)alarm(GRACE_S);
}

static int
set_signals(struct cog_err *err)
{
    const struct sigaction hurries = {.sa_handler = hurry};

    if (sigaction(SIGTERM, &hurries, NULL) < 0)
        return fail("sigaction", err);
    if (ignore(annoyances, COG_COUNT(annoyances), err) < 0 ||
        ignore(stops, COG_COUNT(stops), err) < 0)
        return -1;
    (void)alarm(ALARM_S);
    return 0;
}

/*
 * Keep secrets out of swap where the system lets us lock without limit. Under
 * a limit later allocations would fail, which is no way to treat a login.
 */
static void
lock_memory(void)
{
    const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0)
        (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

int
cog_sandbox_enter(struct cog_err *err)
{
    if (geteuid() != 0) {
        return cog_fail(err, COG_E_PRIVILEGE,
                        "the application does not run as root, and only root "
                        "can sign people in");
    }
    if (become(0, 0, err) < 0 || set_limits(err) < 0 || set_signals(err) < 0)
        return -1;
    if (syscall(SYS_close_range, 3U, ~0U, 0U) < 0)
        return fail("close_range", err);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail("PR_SET_NO_NEW_PRIVS", err);
    if (chdir("/") < 0)
        return fail("chdir", err);
    (void)umask(077);
    lock_memory();
    return hide_memory(err);
}

int
cog_sandbox_follow_parent(struct cog_err *err)
{
    struct ucred peer = {0};
    socklen_t len = sizeof(peer);

    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
        return fail("PR_SET_PDEATHSIG", err);
    /* It may have died before that took hold. */
    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return fail("descriptor 0 is not the module's socket", err);
    if (peer.pid != getppid()) {
        return cog_fail(err, COG_E_SYSTEM,
                        "the process that started this helper is gone");
    }
    return 0;
}

/* Nothing is left to come back with: neither an id nor a capability, which a
 * host with odd securebits could have let us keep. */
static int
check_dropped(uid_t uid, gid_t gid, struct cog_err *err)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {0};
    uid_t u[3];
    gid_t g[3];

    if (getresuid(&u[0], &u[1], &u[2]) < 0 ||
        getresgid(&g[0], &g[1], &g[2]) < 0 ||
        syscall(SYS_capget, &head, caps) < 0)
        return fail("reading credentials", err);
    for (size_t i = 0; i < COG_COUNT(u); i++) {
        if (u[i] != uid || g[i] != gid)
            return cog_fail(err, COG_E_SYSTEM, "an id was not dropped");
    }
    for (size_t i = 0; i < COG_COUNT(caps); i++) {
        if (caps[i].effective != 0 || caps[i].permitted != 0)
            return cog_fail(err, COG_E_SYSTEM, "a capability was not dropped");
    }
    if (getgroups(0, NULL) != 0)
        return cog_fail(err, COG_E_SYSTEM, "a group was not dropped");
    if (setresuid(0, 0, 0) == 0)
        return cog_fail(err, COG_E_SYSTEM, "root could be regained");
    return 0;
}

int
cog_sandbox_drop(uid_t uid, gid_t gid, struct cog_err *err)
{
    if (uid == 0 || gid == 0)
        return cog_fail(err, COG_E_SYSTEM, "will not run as root");
    if (become(uid, gid, err) < 0 || check_dropped(uid, gid, err) < 0 ||
        ignore(stops, COG_COUNT(stops), err) < 0)
        return -1;
    return hide_memory(err);
}
