/* SPDX-License-Identifier: MIT */
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
#include <limits.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/host/file.h"

#define MAX_BYTES 64
/* Nobody's id on a test machine. */
#define STRANGER 54321

/* A fresh directory for each test, and a path in it. */
static char dir[] = "/tmp/test_file.XXXXXX";
static char path[PATH_MAX];

static int
setup(void **state)
{
    (void)state;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/thing", dir);
    (void)alarm(60); /* a FIFO that blocks is a failure, not a hang */
    return 0;
}

static void
remove_in(const char *parent)
{
    DIR *d = opendir(parent);
    const struct dirent *entry;

    assert_non_null(d);
    while ((entry = readdir(d)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            assert_int_equal(
                unlinkat(dirfd(d), entry->d_name,
                         entry->d_type == DT_DIR ? AT_REMOVEDIR : 0),
                0);
    }
    (void)closedir(d);
}

static int
teardown(void **state)
{
    (void)state;
    remove_in(dir);
    return rmdir(dir);
}

static size_t
entries(const char *parent)
{
    DIR *d = opendir(parent);
    size_t count = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        count++;
    (void)closedir(d);
    return count - 2; /* . and .. */
}

static void
write_file(const char *content, size_t len, mode_t mode)
{
    int fd;

    (void)unlink(path); /* an earlier one may be read-only */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

/* Trust root and whoever runs the tests. */
static struct cog_file_rule
rule_for(bool secret)
{
    struct cog_file_rule rule = {
        .owner = {geteuid()},
        .secret = secret,
        .max_bytes = MAX_BYTES,
    };

    return rule;
}

static void
reads(bool secret, const char *want, size_t len)
{
    struct cog_file_rule rule = rule_for(secret);
    struct cog_secret content = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;

    if (cog_file_read(path, &rule, &content, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(content.len, len);
    assert_memory_equal(cog_secret_str(&content), want, len);
    cog_secret_clear(&content);
}

/* `want` is the message with the path left out. */
static void
refuses(const char *where, const struct cog_file_rule *rule, const char *want)
{
    struct cog_secret content = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;
    char message[COG_ERR_MSG_BYTES];

    (void)snprintf(message, sizeof(message), "%.200s: %s", where, want);
    assert_int_equal(cog_file_read(where, rule, &content, &err), -1);
    assert_int_equal(err.code, COG_E_CONFIG);
    assert_string_equal(err.msg, message);
    assert_int_equal(content.len, 0);
    assert_null(content.data);
}

static void
whole_files(void **state)
{
    static const char longest[MAX_BYTES] = {'x'};

    (void)state;
    write_file("a = 1\n", 6, 0644);
    reads(false, "a = 1\n", 6);
    write_file("", 0, 0644);
    reads(false, "", 0);
    write_file("a\0b", 3, 0600);
    reads(true, "a\0b", 3);
    write_file(longest, sizeof(longest), 0400);
    reads(true, longest, sizeof(longest));
}

static void
modes(void **state)
{
    static const struct {
        mode_t mode;
        bool secret;
        const char *want; /* NULL: accepted */
    } cases[] = {
        {0644, false, NULL},
        {0444, false, NULL},
        {0755, false, NULL},
        {0600, true, NULL},
        {0400, true, NULL},
        {0666, false, "others can write it (mode 0666): chmod go-w"},
        {0620, false, "others can write it (mode 0620): chmod go-w"},
        {0602, false, "others can write it (mode 0602): chmod go-w"},
        {0640, true, "others can read it (mode 0640): chmod 0600"},
        {0604, true, "others can read it (mode 0604): chmod 0600"},
        {0610, true, "others can read it (mode 0610): chmod 0600"},
        {0660, true, "others can write it (mode 0660): chmod go-w"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_file_rule rule = rule_for(cases[i].secret);

        write_file("x", 1, cases[i].mode);
        if (cases[i].want == NULL)
            reads(cases[i].secret, "x", 1);
        else
            refuses(path, &rule, cases[i].want);
    }
}

static void
owners(void **state)
{
    struct cog_file_rule rule = rule_for(false);
    char want[80];

    (void)state;
    write_file("x", 1, 0644);
    if (geteuid() == 0)
        assert_int_equal(chown(path, STRANGER, (gid_t)-1), 0);
    else
        rule.owner[0] = 0;
    (void)snprintf(want, sizeof(want), "is owned by uid %lu: chown it to root",
                   geteuid() == 0 ? STRANGER : (unsigned long)geteuid());
    refuses(path, &rule, want);
    rule.owner[1] = geteuid() == 0 ? STRANGER : geteuid();
    {
        struct cog_secret content = COG_SECRET_INIT(0);
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_file_read(path, &rule, &content, &err), 0);
        cog_secret_clear(&content);
    }
}

static void
not_files(void **state)
{
    static const struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
    struct cog_file_rule rule = rule_for(false);
    struct sockaddr_un address = unnamed;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    refuses(path, &rule, "No such file or directory");
    refuses("relative.conf", &rule, "is not an absolute path");
    refuses("", &rule, "is not an absolute path");
    refuses("/etc/passwd/x", &rule, "Not a directory");
    refuses(dir, &rule, "is not a regular file");
    refuses("/dev/null", &rule, "is not a regular file");

    assert_int_equal(mkfifo(path, 0600), 0);
    refuses(path, &rule, "is not a regular file");
    assert_int_equal(unlink(path), 0);

    assert_int_equal(symlink("/etc/passwd", path), 0);
    refuses(path, &rule, "is a symbolic link: name the file itself");
    assert_int_equal(unlink(path), 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/thing", dir);
    assert_int_equal(
        bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    refuses(path, &rule, "No such device or address");
    (void)close(fd);
}

static void
sizes(void **state)
{
    static const char too_long[MAX_BYTES + 1] = {'x'};
    struct cog_file_rule rule = rule_for(false);

    (void)state;
    write_file(too_long, sizeof(too_long), 0644);
    refuses(path, &rule, "is larger than 64 bytes");
    /* It says that it has no bytes, and has some. */
    refuses("/proc/self/status", &rule, "changed while it was read: try again");
}

/* Failing to read is another matter than being refused. */
static void
errors(void **state)
{
    struct cog_file_rule rule = rule_for(false);
    struct cog_secret content = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;
    struct rlimit before;
    struct rlimit none;
    int fd = -1;

    (void)state;
    /* Nothing is mapped at address 0. */
    assert_int_equal(cog_file_read("/proc/self/mem", &rule, &content, &err),
                     -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_string_equal(err.msg, "reading /proc/self/mem: Input/output error");

    write_file("x", 1, 0644);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    err.code = COG_OK;
    assert_int_equal(cog_file_read(path, &rule, &content, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    err.code = COG_OK;
    assert_int_equal(cog_file_open_dir(dir, &rule, &fd, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* Names from outside cannot forge a log line. */
static void
escaped_paths(void **state)
{
    struct cog_file_rule rule = rule_for(false);
    struct cog_secret content = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_file_read("/a\nb", &rule, &content, &err), -1);
    assert_string_equal(err.msg, "/a\\x0ab: No such file or directory");
}

/* A process of somebody else is another trust: see the contract. */
static void
self(void **state)
{
    (void)state;
    assert_int_equal(cog_file_self(), getuid());
}

static void
dirs(void **state)
{
    struct cog_file_rule rule = rule_for(false);
    struct cog_err err = COG_ERR_INIT;
    int fd = 99;

    (void)state;
    assert_int_equal(cog_file_open_dir(path, &rule, &fd, &err), 0);
    assert_int_equal(fd, -1);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(cog_file_open_dir(path, &rule, &fd, &err), 0);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    (void)close(fd);
}

static void
refuses_dir(const char *where, const struct cog_file_rule *rule,
            const char *want)
{
    struct cog_err err = COG_ERR_INIT;
    char message[COG_ERR_MSG_BYTES];
    int fd = 99;

    (void)snprintf(message, sizeof(message), "%.200s: %s", where, want);
    assert_int_equal(cog_file_open_dir(where, rule, &fd, &err), -1);
    assert_int_equal(err.code, COG_E_CONFIG);
    assert_string_equal(err.msg, message);
    assert_int_equal(fd, 99);
}

static void
bad_dirs(void **state)
{
    struct cog_file_rule rule = rule_for(false);
    char want[80];

    (void)state;
    refuses_dir("x", &rule, "is not an absolute path");
    refuses_dir("/etc/passwd", &rule, "is not a directory (or a link to one)");
    assert_int_equal(symlink("/etc", path), 0);
    refuses_dir(path, &rule, "is not a directory (or a link to one)");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(chmod(path, 0775), 0);
    refuses_dir(path, &rule, "others can write it (mode 0775): chmod go-w");
    assert_int_equal(chmod(path, 0755), 0);
    if (geteuid() == 0)
        assert_int_equal(chown(path, STRANGER, (gid_t)-1), 0);
    else
        rule.owner[0] = 0;
    (void)snprintf(want, sizeof(want), "is owned by uid %lu: chown it to root",
                   geteuid() == 0 ? STRANGER : (unsigned long)geteuid());
    refuses_dir(path, &rule, want);
}

/* As root the directory can belong to somebody else, as in earnest. */
static struct cog_file_owner
state_owner(void)
{
    struct cog_file_owner owner = {
        .uid = geteuid() == 0 ? STRANGER : geteuid(),
        .gid = geteuid() == 0 ? STRANGER : getegid(),
        .mode = 0700,
    };

    return owner;
}

static void
is_state_dir(const struct cog_file_owner *owner)
{
    struct cog_err err = COG_ERR_INIT;
    struct stat st;
    int next_fd = dup(0);
    int fd = -1;

    assert_int_equal(close(next_fd), 0);
    if (cog_file_state_dir(path, owner, &fd, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(err.code, COG_OK);
    assert_int_equal(fd, next_fd); /* no other descriptor is left open */
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_uid, owner->uid);
    assert_int_equal(st.st_mode & 07777, owner->mode);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    (void)close(fd);
}

static void
state_dir_is_made_and_found(void **state)
{
    struct cog_file_owner owner = state_owner();
    mode_t before = umask(0);

    (void)state;
    is_state_dir(&owner); /* made, whatever the umask */
    is_state_dir(&owner); /* found */
    assert_int_equal(entries(dir), 1);
    assert_int_equal(rmdir(path), 0);
    (void)umask(077);
    owner.mode = 0755;
    is_state_dir(&owner);
    (void)umask(before);
}

/* Everybody who comes at the same time gets the one directory. */
static void
state_dir_is_made_once(void **state)
{
    const struct cog_file_owner owner = state_owner();
    pid_t child[8];

    (void)state;
    for (size_t i = 0; i < COG_COUNT(child); i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0) {
            struct cog_err err = COG_ERR_INIT;
            int fd = -1;

            _exit(cog_file_state_dir(path, &owner, &fd, &err) == 0 ? 0 : 1);
        }
    }
    for (size_t i = 0; i < COG_COUNT(child); i++) {
        int status = -1;

        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(entries(dir), 1);
}

static void
refuses_state_dir(const struct cog_file_owner *owner, const char *want)
{
    struct cog_err err = COG_ERR_INIT;
    size_t before = entries(dir);
    int fd = 99;

    assert_int_equal(cog_file_state_dir(path, owner, &fd, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    if (strstr(err.msg, want) == NULL)
        fail_msg("%s", err.msg);
    assert_int_equal(fd, 99);
    assert_int_equal(entries(dir), before);
}

static void
bad_state_dirs(void **state)
{
    struct cog_file_owner owner = state_owner();
    struct stat st;

    (void)state;
    write_file("x", 1, 0600);
    refuses_state_dir(&owner, ": Not a directory");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/tmp", path), 0);
    refuses_state_dir(&owner, ": Not a directory");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/nonexistent", path), 0);
    refuses_state_dir(&owner, ": Not a directory");
    assert_int_equal(unlink(path), 0);

    is_state_dir(&owner);
    assert_int_equal(chmod(path, 0755), 0);
    refuses_state_dir(&owner, "/thing: has mode 0755: chmod 0700");
    assert_int_equal(chmod(path, 01700), 0);
    refuses_state_dir(&owner, "/thing: has mode 1700: chmod 0700");
    assert_int_equal(chmod(path, 0700), 0);
    owner.uid++;
    refuses_state_dir(&owner, "/thing: is owned by uid ");
    /* And left alone. */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, owner.uid - 1);
    assert_int_equal(rmdir(path), 0);

    (void)snprintf(path, sizeof(path), "%s/missing/thing", dir);
    refuses_state_dir(&owner, "making ");
}

/* What cannot be given away is not left behind half made. */
static void
state_dir_of_another_user(void **state)
{
    struct cog_file_owner owner = state_owner();

    (void)state;
    owner.uid++;
    if (geteuid() == 0)
        is_state_dir(&owner);
    else
        refuses_state_dir(&owner, "making ");
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(whole_files),
        IN_DIR(modes),
        IN_DIR(owners),
        IN_DIR(not_files),
        IN_DIR(sizes),
        IN_DIR(errors),
        IN_DIR(escaped_paths),
        IN_DIR(self),
        IN_DIR(dirs),
        IN_DIR(bad_dirs),
        IN_DIR(state_dir_is_made_and_found),
        IN_DIR(state_dir_is_made_once),
        IN_DIR(bad_state_dirs),
        IN_DIR(state_dir_of_another_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
