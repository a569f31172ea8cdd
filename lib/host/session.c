/* SPDX-License-Identifier: MIT */
#include "lib/host/session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line of /proc/PID/stat in bytes: 52 numbers and a name of 64 at most. */
#define STAT_BYTES 2048
/* The last field we read, of 52 (proc(5)). */
#define FIELDS 22

/* Fields as proc(5) counts them; the name, field 2, can hold anything. */
#define FIELD_STATE      3
#define FIELD_SESSION    6
#define FIELD_TTY        7
#define FIELD_START_TIME 22

struct process {
    char state;
    int64_t field[FIELDS + 1]; /* from FIELD_STATE + 1 on */
};

/* Read a whole file of /proc. *ret_found is false when there is none: the
 * process may also end while we read. */
static int
read_proc(const char *path, char *buf, size_t size, bool *ret_found,
          struct cog_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = -1;
    int e = errno;

    if (fd >= 0) {
        n = read(fd, buf, size - 1);
        e = errno;
        (void)close(fd);
    }
    *ret_found = n > 0;
    if (n > 0)
        buf[n] = '\0';
    if (n < 0 && e != ENOENT && e != ESRCH)
        return cog_fail(err, COG_E_SYSTEM, "%s: %s", path, strerror(e));
    return 0;
}

/* One number and the blank behind it; *text moves on. */
static bool
next_number(const char **text, int64_t *ret)
{
    char *end;

    errno = 0;
    *ret = strtoll(*text, &end, 10);
    if (errno != 0 || end == *text || (*end != ' ' && *end != '\n'))
        return false;
    *text = end + 1;
    return true;
}

static bool
parse_stat(const char *text, struct process *ret)
{
    const char *p = strrchr(text, ')');

    /* ") S 1 2 3 ...": nothing behind the name has a parenthesis. */
    if (p == NULL || p[1] != ' ' || p[2] == '\0' || p[3] != ' ')
        return false;
    ret->state = p[2];
    p += 4;
    for (size_t i = FIELD_STATE + 1; i <= FIELDS; i++) {
        if (!next_number(&p, &ret->field[i]))
            return false;
    }
    return true;
}

static int
read_process(const char *path, struct process *ret, bool *ret_found,
             struct cog_err *err)
{
    char text[STAT_BYTES];

    if (read_proc(path, text, sizeof(text), ret_found, err) < 0)
        return -1;
    if (*ret_found && !parse_stat(text, ret))
        return cog_fail(err, COG_E_SYSTEM, "%s: not as proc(5) has it", path);
    return 0;
}

/* A session outlives its leader, and then anybody may get the leader's number
 * once the session is gone too. */
static int
read_leader(pid_t sid, uint64_t *ret_start, struct cog_err *err)
{
    struct process leader = {0};
    char path[64];
    bool found = false;

    *ret_start = 0;
    if (sid <= 0)
        return 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)sid);
    if (read_process(path, &leader, &found, err) < 0)
        return -1;
    if (found && leader.field[FIELD_SESSION] == sid && leader.state != 'Z' &&
        leader.state != 'X')
        *ret_start = (uint64_t)leader.field[FIELD_START_TIME];
    return 0;
}

static int
read_boot_id(char ret[COG_SESSION_BOOT_ID_BYTES], struct cog_err *err)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    char text[64];
    bool found = false;

    if (read_proc(path, text, sizeof(text), &found, err) < 0)
        return -1;
    if (!found ||
        strspn(text, "0123456789abcdef-") != COG_SESSION_BOOT_ID_BYTES - 1)
        return cog_fail(err, COG_E_SYSTEM, "%s: no boot id", path);
    memcpy(ret, text, COG_SESSION_BOOT_ID_BYTES - 1);
    ret[COG_SESSION_BOOT_ID_BYTES - 1] = '\0';
    return 0;
}

int
cog_session_read(uid_t real_uid, struct cog_session *ret, struct cog_err *err)
{
    static const char path[] = "/proc/self/stat";
    struct cog_session session = {.real_uid = real_uid};
    struct process self = {0};
    bool found = false;

    if (read_process(path, &self, &found, err) < 0)
        return -1;
    if (!found)
        return cog_fail(err, COG_E_SYSTEM, "%s: cannot be read", path);
    session.sid = (pid_t)self.field[FIELD_SESSION];
    /* A device number is 32 bits, printed as if it had a sign. */
    session.tty = (uint32_t)self.field[FIELD_TTY];
    if (read_leader(session.sid, &session.leader_start, err) < 0 ||
        read_boot_id(session.boot_id, err) < 0)
        return -1;
    *ret = session;
    return 0;
}
