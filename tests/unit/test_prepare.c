/* SPDX-License-Identifier: MIT */
/*
 * The C library's look-ups are replaced by the ones below, which a program may
 * do, so that a helper account exists wherever the tests run.
 */
#include "lib/login/prepare.h"

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
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/shelf.h"

#define SECRET "1example2secret3of4a5client"
/* 24 and 64 characters: the shortest and the longest secret. */
#define SHORTEST "abcdefghijklmnopqrstuvwx"
#define LONGEST                      \
    "abcdefghijklmnopqrstuvwxyz_+AB" \
    "CDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* The helper's account: as root another user, else ourselves, so that it can
 * own files. */
static uid_t helper_uid;

static const struct {
    const char *name;
    int e;
    bool is_root; /* by uid */
    bool in_root_group;
} helpers[] = {
    {"_pam-cognito", 0, false, false},
    {"toor", 0, true, false},
    {"wheelie", 0, false, true},
    {"broken", EIO, false, false},
};

int
getpwnam_r(const char *name, struct passwd *entry, char *buf, size_t size,
           struct passwd **result)
{
    (void)snprintf(buf, size, "%s", name);
    *result = NULL;
    if (strcmp(name, "alice") == 0) {
        *entry = (struct passwd){.pw_name = buf, .pw_uid = 1000, .pw_gid = 100};
        *result = entry;
    }
    for (size_t i = 0; i < COG_COUNT(helpers); i++) {
        if (strcmp(helpers[i].name, name) != 0)
            continue;
        if (helpers[i].e != 0)
            return helpers[i].e;
        *entry = (struct passwd){
            .pw_name = buf,
            .pw_uid = helpers[i].is_root ? 0 : helper_uid,
            .pw_gid = helpers[i].in_root_group ? 0 : 990,
        };
        *result = entry;
    }
    return 0;
}

static bool groups_fail;

int
getgrnam_r(const char *name, struct group *entry, char *buf, size_t size,
           struct group **result)
{
    (void)name;
    (void)entry;
    (void)buf;
    (void)size;
    *result = NULL;
    return groups_fail ? EIO : 0;
}

/* Files of one test. */
static char dir[] = "/tmp/test_prepare.XXXXXX";
static char config_path[64];
static char secret_path[64];
static char map_path[64];
static char cache_path[64];

static int
make_dir(void **state)
{
    (void)state;
    helper_uid = geteuid() == 0 ? 990 : geteuid();
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(config_path, sizeof(config_path), "%s/conf", dir);
    (void)snprintf(secret_path, sizeof(secret_path), "%s/secret", dir);
    (void)snprintf(map_path, sizeof(map_path), "%s/map", dir);
    (void)snprintf(cache_path, sizeof(cache_path), "%s/cache", dir);
    return 0;
}

static int
remove_dir(void **state)
{
    (void)state;
    (void)unlink(config_path);
    (void)unlink(secret_path);
    (void)unlink(map_path);
    (void)rmdir(cache_path);
    return rmdir(dir);
}

static void
write_file(const char *path, const char *bytes, size_t len, mode_t mode)
{
    int fd;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

/* A configuration with these lines more. */
static void
write_config(const char *lines)
{
    char text[2048];
    const int len = snprintf(text, sizeof(text),
                             "user_pool_id = us-east-1_Example1\n"
                             "client_id = 7pub1example2client3id4xyz\n"
                             "auth_flow = password\n"
                             "allow_users = alice\n%s\n",
                             lines);

    assert_true(len > 0 && (size_t)len < sizeof(text));
    write_file(config_path, text, (size_t)len, 0600);
}

/* How the tests hold a preparation; release() it. */
struct outcome {
    struct cog_prepared prepared;
    struct cog_config_problems problems;
    struct cog_err err;
    int rc;
};

static struct outcome
prepare(const char *user)
{
    const struct cog_config_reader reader = {.owner = geteuid(), .pam = true};
    const struct cog_prepare_input input = {
        .config_path = config_path,
        .reader = &reader,
        .service = "sshd",
        .user = user,
    };
    struct outcome got = {
        .prepared = COG_PREPARED_INIT,
        .problems = COG_CONFIG_PROBLEMS_INIT,
    };

    got.rc = cog_prepare(&input, &got.prepared, &got.problems, &got.err);
    return got;
}

static void
release(struct outcome *got)
{
    cog_config_problems_clear(&got->problems);
    cog_prepared_clear(&got->prepared);
}

static void
expect_failure(const char *user, enum cog_errc code, const char *message)
{
    struct outcome got = prepare(user);

    assert_int_equal(got.rc, -1);
    if (got.err.code != code || strstr(got.err.msg, message) == NULL) {
        fail_msg("code %d, '%s', want '%s'", (int)got.err.code, got.err.msg,
                 message);
    }
    release(&got);
}

static void
everything_is_there(void **state)
{
    struct outcome got;

    (void)state;
    write_config("");
    got = prepare("alice");
    if (got.rc < 0)
        fail_msg("%s", got.err.msg);
    assert_int_equal(got.err.code, COG_OK);
    assert_string_equal(got.prepared.config.user_pool_id, "us-east-1_Example1");
    assert_true(got.prepared.local.account.exists);
    assert_int_equal(got.prepared.local.account.uid, 1000);
    assert_int_equal(got.prepared.run_as.uid, helper_uid);
    assert_int_equal(got.prepared.run_as.gid, 990);
    assert_int_equal(got.prepared.client_secret.len, 0);
    assert_string_equal(got.prepared.pool_user, "alice");
    release(&got);
}

static void
no_configuration(void **state)
{
    (void)state;
    (void)unlink(config_path);
    expect_failure("alice", COG_E_CONFIG, "No such file");
}

static void
a_malformed_configuration(void **state)
{
    struct outcome got;

    (void)state;
    write_config("no_such_key = 1");
    got = prepare("alice");
    assert_int_equal(got.rc, -1);
    assert_int_equal(got.err.code, COG_E_CONFIG);
    assert_int_equal(got.problems.errors.count, 1);
    release(&got);
}

static void
whom_the_helper_becomes(void **state)
{
    static const struct {
        const char *run_as;
        enum cog_errc code;
        const char *message;
    } cases[] = {
        {"missing", COG_E_CONFIG, "there is no user 'missing' to run as"},
        {"toor", COG_E_CONFIG, "must not be root"},
        {"wheelie", COG_E_CONFIG, "must not be root"},
        {"broken", COG_E_LOOKUP, "looking up user 'broken'"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char line[64];

        (void)snprintf(line, sizeof(line), "run_as = %s", cases[i].run_as);
        write_config(line);
        expect_failure("alice", cases[i].code, cases[i].message);
    }
}

static void
use_secret(const char *bytes, size_t len, mode_t mode)
{
    char line[128];

    (void)snprintf(line, sizeof(line), "client_secret_file = %s", secret_path);
    write_config(line);
    write_file(secret_path, bytes, len, mode);
}

/* The text of a file, which may hold a NUL. */
#define FILE_OF(text) text, sizeof(text) - 1

static void
secrets_that_are_used(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *secret;
    } cases[] = {
        {FILE_OF(SECRET), SECRET},
        {FILE_OF(SECRET "\n"), SECRET},
        {FILE_OF(SHORTEST), SHORTEST},
        {FILE_OF(LONGEST "\n"), LONGEST},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct outcome got;

        use_secret(cases[i].bytes, cases[i].len, 0600);
        got = prepare("alice");
        if (got.rc < 0)
            fail_msg("%s", got.err.msg);
        assert_string_equal(cog_secret_str(&got.prepared.client_secret),
                            cases[i].secret);
        assert_int_equal(got.prepared.client_secret.len,
                         strlen(cases[i].secret));
        release(&got);
    }
}

/* The message says what a secret looks like, and never quotes the file. */
static void
secrets_that_are_not(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {FILE_OF("")},
        {FILE_OF("\n")},
        {FILE_OF(SECRET "\n\n")},
        {FILE_OF("\n" SECRET)},
        {FILE_OF(SECRET "\r\n")},
        {FILE_OF(SECRET " ")},
        {FILE_OF(" " SECRET)},
        {FILE_OF(SECRET "\0")},
        {FILE_OF(SECRET "\nmore")},
        {FILE_OF("\"" SECRET "\"")},
        {FILE_OF("client_secret=" SECRET)},
        {FILE_OF(SECRET "\xc3\xa9")},
        {FILE_OF("bcdefghijklmnopqrstuvwx")},
        {FILE_OF(LONGEST "x")},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct outcome got;

        use_secret(cases[i].bytes, cases[i].len, 0600);
        got = prepare("alice");
        if (got.rc == 0)
            fail_msg("case %zu is taken", i);
        assert_int_equal(got.err.code, COG_E_CONFIG);
        assert_non_null(strstr(got.err.msg, "not a client secret"));
        assert_null(strstr(got.err.msg, "1example2"));
        assert_int_equal(got.prepared.client_secret.len, 0);
        release(&got);
    }
}

static void
secret_files_others_can_reach(void **state)
{
    static const mode_t modes[] = {0644, 0640, 0604, 0660, 0602, 0610};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(modes); i++) {
        use_secret(FILE_OF(SECRET "\n"), modes[i]);
        expect_failure("alice", COG_E_CONFIG, "others can");
    }
    (void)unlink(secret_path);
    expect_failure("alice", COG_E_CONFIG, "No such file");
}

/* Owned by the account the helper becomes, it is as good as root's. */
static void
a_secret_of_the_helper_s(void **state)
{
    static const struct {
        uid_t owner;
        int rc;
    } cases[] = {{990, 0}, {991, -1}};

    (void)state;
    if (geteuid() != 0)
        return; /* it is in all the other tests */
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct outcome got;

        use_secret(FILE_OF(SECRET "\n"), 0600);
        assert_int_equal(chown(secret_path, cases[i].owner, 0), 0);
        got = prepare("alice");
        assert_int_equal(got.rc, cases[i].rc);
        release(&got);
    }
}

static void
use_map(const char *lines, const char *map)
{
    char all[512];

    (void)snprintf(all, sizeof(all), "username_map_file = %s\n%s", map_path,
                   lines);
    write_config(all);
    write_file(map_path, map, strlen(map), 0644);
}

static void
who_maps_to_whom(void **state)
{
    static const struct {
        const char *config;
        const char *map;
        const char *user;
        const char *pool_user;
        const char *why; /* when it is "" */
    } cases[] = {
        {"", "alice = u-1\n", "alice", "u-1", ""},
        {"", "bob = u-2\n", "alice", "alice", ""},
        {"username_format = %u@example.com", "bob = u-2\n", "alice",
         "alice@example.com", ""},
        /* The format would make him somebody else. */
        {"", "bob = alice\n", "alice", "", "gives to 'bob'"},
        {"", "bob = u-2\n", "Not A Name", "", "not a local user name"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct outcome got;

        use_map(cases[i].config, cases[i].map);
        got = prepare(cases[i].user);
        if (got.rc < 0)
            fail_msg("%s", got.err.msg);
        assert_string_equal(got.prepared.pool_user, cases[i].pool_user);
        assert_non_null(strstr(got.prepared.no_pool_user, cases[i].why));
        assert_int_equal(*got.prepared.no_pool_user == '\0',
                         *cases[i].why == '\0');
        release(&got);
    }
}

static void
maps_that_are_refused(void **state)
{
    static const char *const maps[] = {
        "alice\n",
        "alice = u-1\nalice = u-2\n",
        "alice = u-1\nbob = u-1\n",
        "alice = two words\n",
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(maps); i++) {
        struct outcome got;

        use_map("", maps[i]);
        got = prepare("alice");
        assert_int_equal(got.rc, -1);
        assert_int_equal(got.err.code, COG_E_CONFIG);
        assert_true(got.problems.errors.count > 0);
        release(&got);
    }
    use_map("", "alice = u-1\n");
    assert_int_equal(chmod(map_path, 0666), 0);
    expect_failure("alice", COG_E_CONFIG, "others can write");
    (void)unlink(map_path);
    expect_failure("alice", COG_E_CONFIG, "No such file");
}

static void
look_ups_that_fail(void **state)
{
    (void)state;
    write_config("");
    expect_failure("broken", COG_E_LOOKUP, "looking up user 'broken'");
    write_config("skip_groups = machines");
    groups_fail = true;
    expect_failure("alice", COG_E_SYSTEM, "looking up group 'machines'");
    groups_fail = false;
}

/* Whoever is not ours keeps his other ways in, whatever of ours is broken. */
static void
who_is_skipped_goes_free(void **state)
{
    static const char *const broken[] = {
        "run_as = missing",
        "client_secret_file = /nonexistent",
        "username_map_file = /nonexistent",
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(broken); i++) {
        char lines[128];

        write_config(broken[i]);
        expect_failure("alice", COG_E_CONFIG, "");
        (void)snprintf(lines, sizeof(lines), "skip_users = alice\n%s",
                       broken[i]);
        write_config(lines);
        expect_failure("alice", COG_E_SCOPE, "skip_users");
    }
}

static void
a_user_nobody_knows_is_no_error(void **state)
{
    struct outcome got;

    (void)state;
    write_config("");
    got = prepare("nobody-here");
    assert_int_equal(got.rc, 0);
    assert_false(got.prepared.local.account.exists);
    assert_string_equal(got.prepared.pool_user, "nobody-here");
    release(&got);
}

/* The cache directory is made for the helper's account, used if it is as it
 * was made, and done without otherwise. */
static void
the_cache_directory(void **state)
{
    struct outcome got;
    struct stat st;
    char line[128];
    int fd;

    (void)state;
    (void)snprintf(line, sizeof(line), "cache_dir = %s", cache_path);
    write_config(line);
    got = prepare("alice");
    assert_int_equal(got.rc, 0);
    if (geteuid() != 0)
        got.prepared.run_as.gid = getegid();
    for (int i = 0; i < 2; i++) {
        fd = cog_prepare_cache_dir(&got.prepared);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_uid, helper_uid);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(close(fd), 0);
    }
    assert_int_equal(chmod(cache_path, 0777), 0);
    assert_int_equal(cog_prepare_cache_dir(&got.prepared), -1);
    release(&got);
}

/* The store is made where it may be, for the helper's account; what became of
 * it tells no store from one that is not as it must be. */
static struct cog_prepared_store
open_store(const char *more, bool may_make)
{
    struct cog_prepared_store store;
    struct outcome got;
    char lines[1200];

    (void)snprintf(lines, sizeof(lines),
                   "state_dir = %s\nrun_dir = %s\ncache_dir = %s\n%s",
                   shelf_path("state"), shelf_path("run"), shelf_path("cache"),
                   more);
    write_config(lines);
    got = prepare("alice");
    assert_int_equal(got.rc, 0);
    if (geteuid() != 0)
        got.prepared.run_as.gid = getegid();
    cog_prepare_store(&got.prepared, may_make, &store);
    release(&got);
    return store;
}

static void
a_store_that_is_made(void **state)
{
    struct cog_prepared_store store = open_store("", true);
    struct stat st;

    (void)state;
    assert_non_null(store.store);
    assert_null(cog_store_no_key(store.store));
    assert_int_equal(stat(shelf_path("state/bindings"), &st), 0);
    assert_int_equal(st.st_uid, helper_uid);
    cog_store_close(store.store);
    store = open_store("", false);
    assert_non_null(store.store);
    assert_null(cog_store_no_key(store.store));
    cog_store_close(store.store);
}

/* Not even where the default would be. */
static void
a_configured_key_is_never_made(void **state)
{
    struct cog_prepared_store store;
    char line[600];

    (void)state;
    (void)snprintf(line, sizeof(line), "seal_key_file = %s",
                   shelf_path("state/seal.key"));
    store = open_store(line, true);
    assert_non_null(store.store);
    assert_non_null(cog_store_no_key(store.store));
    assert_int_equal(access(shelf_path("state/seal.key"), F_OK), -1);
    cog_store_close(store.store);
}

static void
make_state(mode_t mode)
{
    assert_int_equal(mkdir(shelf_path("state"), 0755), 0);
    assert_int_equal(chmod(shelf_path("state"), mode), 0);
}

static void
put_nothing(void)
{
}

static void
put_empty(void)
{
    make_state(0755);
}

static void
put_mark(void)
{
    assert_int_equal(mkdir(shelf_path("cache"), 0700), 0);
    assert_int_equal(chown(shelf_path("cache"), helper_uid, (gid_t)-1), 0);
    write_file(shelf_path("cache/store-made"), "", 0, 0600);
}

static void
put_empty_and_mark(void)
{
    put_empty();
    put_mark();
}

static void
put_open(void)
{
    make_state(0777);
}

static void
put_link(void)
{
    assert_int_equal(symlink("elsewhere", shelf_path("state")), 0);
}

static void
put_file(void)
{
    write_file(shelf_path("state"), "", 0, 0755);
}

static void
put_bindings(void)
{
    make_state(0755);
    assert_int_equal(mkdir(shelf_path("state/bindings"), 0755), 0);
    assert_int_equal(chmod(shelf_path("state/bindings"), 0777), 0);
}

static const struct {
    const char *name;
    void (*put)(void);
    bool unsound;
} stores[] = {
    {"nothing", put_nothing, false},
    {"empty, as a package may leave it", put_empty, false},
    {"without its parts: something was lost", put_empty_and_mark, true},
    {"lost with all its parts", put_mark, true},
    {"writable for all: something may have been taken", put_open, true},
    {"a link to nothing", put_link, true},
    {"a file", put_file, true},
    {"bindings others may write", put_bindings, true},
};

static void
stores_that_cannot_be_opened(void **state)
{
    for (size_t i = 0; i < COG_COUNT(stores); i++) {
        struct cog_prepared_store store;

        stores[i].put();
        store = open_store("", false);
        if (store.store != NULL || store.unsound != stores[i].unsound)
            fail_msg("%s: %s", stores[i].name, store.no_store);
        assert_true(store.no_store[0] != '\0');
        shelf_renew(state);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_there),
        cmocka_unit_test(no_configuration),
        cmocka_unit_test(a_malformed_configuration),
        cmocka_unit_test(whom_the_helper_becomes),
        cmocka_unit_test(secrets_that_are_used),
        cmocka_unit_test(secrets_that_are_not),
        cmocka_unit_test(secret_files_others_can_reach),
        cmocka_unit_test(a_secret_of_the_helper_s),
        cmocka_unit_test(who_maps_to_whom),
        cmocka_unit_test(maps_that_are_refused),
        cmocka_unit_test(look_ups_that_fail),
        cmocka_unit_test(who_is_skipped_goes_free),
        cmocka_unit_test(a_user_nobody_knows_is_no_error),
        cmocka_unit_test(the_cache_directory),
        SHELF_TEST(a_store_that_is_made),
        SHELF_TEST(a_configured_key_is_never_made),
        SHELF_TEST(stores_that_cannot_be_opened),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
