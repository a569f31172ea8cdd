/* SPDX-License-Identifier: MIT */
/* Fortified headers would define the functions we replace. */
#undef _FORTIFY_SOURCE

#include "tests/module/interpose.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <security/pam_modules.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/core/macros.h"

#define GONE UINT32_MAX

static struct {
    const char *name;
    uid_t uid;
} users[] = {
    {"ALICE", 2001},
    {"root", 0},
    {"daemon", 1},
    {"toor", 0},
    {"almost", 999},
    {"first", 1000},
    {"alice", 2000},
    {"bob", 2001},
    {"break-glass", 2002},
    {"lowest-dynamic", 61184},
    {"highest-dynamic", 65519},
    {"nobody", 65534},
    {"beyond", 2147483648},
    {"ghost", GONE},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char log_text[INTERPOSE_LOG_BYTES];
static size_t log_used;
static int64_t ahead_ms;
static const char *spawn_path;
static unsigned spawns;
static enum interpose_call broken;

void
interpose_set_uid(const char *user, uid_t uid)
{
    for (size_t i = 0; i < COG_COUNT(users); i++) {
        if (strcmp(users[i].name, user) == 0)
            users[i].uid = uid;
    }
}

static int
fill(const char *name, uid_t uid, struct passwd *entry, char *buf, size_t size)
{
    /* A directory that ignores case, for one user. */
    const int len =
        snprintf(buf, size, "%s", strcmp(name, "ALICE") == 0 ? "alice" : name);

    if (len < 0 || (size_t)len >= size)
        return ERANGE;
    *entry = (struct passwd){.pw_name = buf, .pw_uid = uid, .pw_gid = uid};
    entry->pw_passwd = entry->pw_gecos = entry->pw_dir = entry->pw_shell =
        buf + len;
    return 0;
}

COG_EXPORT int
getpwnam_r(const char *name, struct passwd *entry, char *buf, size_t size,
           struct passwd **result)
{
    int e = 0;

    *result = NULL;
    for (size_t i = 0; i < COG_COUNT(users) && e == 0; i++) {
        if (strcmp(users[i].name, name) != 0 || users[i].uid == GONE)
            continue;
        e = fill(users[i].name, users[i].uid, entry, buf, size);
        *result = e == 0 ? entry : NULL;
    }
    return e;
}

static const char *
level_name(int priority)
{
    static const char *const names[] = {
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
    };

    return names[LOG_PRI(priority)];
}

static void COG_PRINTF(2, 0) note(int priority, const char *fmt, va_list ap)
{
    const char *facility =
        (priority & LOG_FACMASK) == LOG_AUTHPRIV ? "authpriv" : "other";
    size_t room;

    (void)pthread_mutex_lock(&lock);
    room = sizeof(log_text) - log_used;
    (void)snprintf(log_text + log_used, room, "%s.%s ", facility,
                   level_name(priority));
    log_used += strlen(log_text + log_used);
    (void)vsnprintf(log_text + log_used, sizeof(log_text) - log_used, fmt, ap);
    log_used += strlen(log_text + log_used);
    (void)snprintf(log_text + log_used, sizeof(log_text) - log_used, "\n");
    log_used += strlen(log_text + log_used);
    (void)pthread_mutex_unlock(&lock);
}

COG_EXPORT void
syslog(int priority, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    note(priority, fmt, ap);
    va_end(ap);
}

/* What syslog is under -D_FORTIFY_SOURCE. */
COG_EXPORT void fortified_syslog(int priority, int flag, const char *fmt,
                                 ...) __asm__("__syslog_chk") COG_PRINTF(3, 4);

void
fortified_syslog(int priority, int flag COG_UNUSED, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    note(priority, fmt, ap);
    va_end(ap);
}

const char *
interpose_log(void)
{
    return log_text;
}

void
interpose_advance_ms(int64_t ms)
{
    ahead_ms = ms;
}

COG_EXPORT int
clock_gettime(clockid_t id, struct timespec *now)
{
    const int rc = (int)syscall(SYS_clock_gettime, id, now);

    if (rc == 0 && id == CLOCK_MONOTONIC)
        now->tv_sec += ahead_ms / 1000;
    return rc;
}

void
interpose_spawn(const char *path)
{
    spawn_path = path;
}

unsigned
interpose_spawns(void)
{
    return spawns;
}

typedef int spawner(pid_t *pid, const char *path,
                    const posix_spawn_file_actions_t *actions,
                    const posix_spawnattr_t *attr, char *const argv[],
                    char *const envp[]);

COG_EXPORT int
posix_spawn(pid_t *pid, const char *path,
            const posix_spawn_file_actions_t *actions,
            const posix_spawnattr_t *attr, char *const argv[],
            char *const envp[])
{
    union {
        void *object;
        spawner *function;
    } real = {dlsym(RTLD_NEXT, "posix_spawn")};

    if (real.object == NULL)
        abort();
    (void)pthread_mutex_lock(&lock);
    spawns++;
    (void)pthread_mutex_unlock(&lock);
    return real.function(pid, spawn_path == NULL ? path : spawn_path, actions,
                         attr, argv, envp);
}

void
interpose_break(enum interpose_call call)
{
    broken = call;
}

COG_EXPORT ssize_t
getrandom(void *buf, size_t len, unsigned flags)
{
    if (broken == INTERPOSE_GETRANDOM) {
        errno = ENOSYS;
        return -1;
    }
    return syscall(SYS_getrandom, buf, len, flags);
}

typedef int keeper(pam_handle_t *pamh, const char *name, void *data,
                   void (*cleanup)(pam_handle_t *pamh, void *data, int status));

COG_EXPORT int
pam_set_data(pam_handle_t *pamh, const char *name, void *data,
             void (*cleanup)(pam_handle_t *pamh, void *data, int status))
{
    union {
        void *object;
        keeper *function;
    } real = {dlsym(RTLD_NEXT, "pam_set_data")};

    if (real.object == NULL)
        abort();
    /* libpam keeps user look-ups of its own in the same way. */
    if (strcmp(name, "pam_cognito_signed_in") == 0 &&
        (broken == INTERPOSE_SET_DATA ||
         (broken == INTERPOSE_KEEP_DATA && data != NULL)))
        return PAM_BUF_ERR;
    return real.function(pamh, name, data, cleanup);
}

typedef int setter(pam_handle_t *pamh, int type, const void *item);

COG_EXPORT int
pam_set_item(pam_handle_t *pamh, int type, const void *item)
{
    union {
        void *object;
        setter *function;
    } real = {dlsym(RTLD_NEXT, "pam_set_item")};

    if (real.object == NULL)
        abort();
    if (broken == INTERPOSE_SET_OLD && type == PAM_OLDAUTHTOK)
        return PAM_BUF_ERR;
    return real.function(pamh, type, item);
}
