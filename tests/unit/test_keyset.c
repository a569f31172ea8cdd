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
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/core/b64.h"
#include "lib/token/keycache.h"
#include "lib/token/keyset.h"

#define ISSUER "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool"
#define URL    ISSUER "/.well-known/jwks.json"
#define T0     INT64_C(1762500000)
#define MINUTE INT64_C(60)
#define DAY    (INT64_C(24) * 60 * MINUTE)

/* How the issuer answers a GET. */
enum issuer {
    SERVES_K1,    /* the first key */
    SERVES_K1_K2, /* after a rotation */
    SERVES_HTML,
    SERVES_404,
    SERVES_500,
    IS_DOWN,
    ISSUER_COUNT
};

/* Shared with the children a test forks. */
struct network {
    unsigned fetches;
    unsigned takes_ms;
};

static struct network *network;
static enum issuer issuer;
static int64_t now;
static char documents[2][2048]; /* of SERVES_K1 and SERVES_K1_K2 */

static int
send_get(void *ctx, const struct cog_http_request *req,
         struct cog_http_reply *reply, struct cog_err *err)
{
    static const struct {
        long status;
        const char *body;
    } replies[ISSUER_COUNT] = {
        [SERVES_K1] = {200, documents[0]},
        [SERVES_K1_K2] = {200, documents[1]},
        [SERVES_HTML] = {200, "<html>"},
        [SERVES_404] = {404, documents[1]},
        [SERVES_500] = {500, documents[1]},
        [IS_DOWN] = {0, ""},
    };

    (void)ctx;
    assert_string_equal(req->url, URL);
    assert_null(req->target);
    assert_null(req->body);
    (void)__atomic_add_fetch(&network->fetches, 1, __ATOMIC_SEQ_CST);
    (void)poll(NULL, 0, (int)network->takes_ms);
    if (issuer == IS_DOWN)
        return cog_fail(err, COG_E_NET, "connection refused");
    reply->status = replies[issuer].status;
    return cog_secret_append_str(&reply->body, replies[issuer].body, err);
}

static int64_t
get_now(void *ctx)
{
    (void)ctx;
    return now;
}

static const struct cog_env env = {
    .transport = {.send = send_get},
    .clock = {.unix_s = get_now, .mono_ms = get_now},
};

/* This definition comes before libc's, so that files can seem to belong to
 * another user. */
static bool foreign;

uid_t
geteuid(void)
{
    return getuid() + (foreign ? 1 : 0);
}

/* A document of keys k1..k<count>. The moduli only have the right form. */
static void
make_document(unsigned count, char *ret, size_t size)
{
    unsigned char modulus[2048 / 8];
    size_t len = (size_t)snprintf(ret, size, "{\"keys\":[");

    for (unsigned i = 1; i <= count; i++) {
        struct cog_secret text = COG_SECRET_INIT(COG_B64_ENCODED(2048 / 8));
        struct cog_err err = COG_ERR_INIT;

        memset(modulus, 0xff, sizeof(modulus));
        modulus[1] = (unsigned char)i;
        assert_int_equal(
            cog_b64_encode(modulus, sizeof(modulus), COG_B64_URL, &text, &err),
            0);
        len += (size_t)snprintf(
            ret + len, size - len,
            "%s{\"kty\":\"RSA\",\"kid\":\"k%u\",\"e\":\"AQAB\",\"n\":\"%s\"}",
            i > 1 ? "," : "", i, text.data);
        cog_secret_clear(&text);
    }
    (void)snprintf(ret + len, size - len, "]}");
}

/* The cache directory of one test, and the names in it. */
#define DIR_TEMPLATE "/tmp/test_keyset.XXXXXX"
static char dir_path[] = DIR_TEMPLATE;
static struct cog_keycache cache;

static int
make_world(void **state)
{
    (void)state;
    network = mmap(NULL, sizeof(*network), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    make_document(1, documents[0], sizeof(documents[0]));
    make_document(2, documents[1], sizeof(documents[1]));
    return network == MAP_FAILED ? -1 : 0;
}

static int
free_world(void **state)
{
    (void)state;
    return munmap(network, sizeof(*network));
}

static int
make_dir(void **state)
{
    struct cog_err err = COG_ERR_INIT;
    int fd;

    (void)state;
    *network = (struct network){0};
    issuer = SERVES_K1;
    now = T0;
    foreign = false;
    memcpy(dir_path, DIR_TEMPLATE, sizeof(DIR_TEMPLATE));
    if (mkdtemp(dir_path) == NULL)
        return -1;
    fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return cog_keycache_init(&cache, fd, ISSUER, &err);
}

static int
remove_dir(void **state)
{
    static const char *const others[] = {"link", "target"};

    (void)state;
    (void)unlinkat(cache.dir, cache.lock, 0);
    (void)unlinkat(cache.dir, cache.temporary, 0);
    if (unlinkat(cache.dir, cache.file, 0) < 0)
        (void)unlinkat(cache.dir, cache.file, AT_REMOVEDIR);
    for (size_t i = 0; i < COG_COUNT(others); i++)
        (void)unlinkat(cache.dir, others[i], 0);
    (void)close(cache.dir);
    return rmdir(dir_path);
}

static struct cog_keyset *
open_keyset(int dir)
{
    struct cog_err err = COG_ERR_INIT;
    struct cog_keyset *keyset = NULL;

    assert_int_equal(cog_keyset_open(&env, ISSUER, URL, dir, &keyset, &err), 0);
    return keyset;
}

static enum cog_errc
find(struct cog_keyset *keyset, const char *kid)
{
    struct cog_err err = COG_ERR_INIT;
    const struct cog_jwks *jwks = NULL;

    if (cog_keyset_find(keyset, kid, &jwks, &err) < 0) {
        assert_null(jwks);
        assert_int_not_equal(err.code, COG_OK);
        return err.code;
    }
    assert_true(cog_jwks_has(jwks, kid));
    return COG_OK;
}

/* What one process of its own finds. */
static enum cog_errc
find_once(int dir, const char *kid)
{
    struct cog_keyset *keyset = open_keyset(dir);
    enum cog_errc code = find(keyset, kid);

    cog_keyset_close(keyset);
    return code;
}

/* Logins one after the other, each a process of its own. */
struct login {
    int64_t at_s; /* after T0 */
    enum issuer issuer;
    const char *kid;
    enum cog_errc want;
    unsigned fetches; /* so far */
};

static const struct login a_day_fresh[] = {
    {0, SERVES_K1, "k1", COG_OK, 1},         {1, IS_DOWN, "k1", COG_OK, 1},
    {DAY - 1, IS_DOWN, "k1", COG_OK, 1},     {DAY, SERVES_K1, "k1", COG_OK, 2},
    {2 * DAY - 1, IS_DOWN, "k1", COG_OK, 2},
};

static const struct login rotation[] = {
    {0, SERVES_K1, "k1", COG_OK, 1},
    {1, SERVES_K1_K2, "k2", COG_OK, 2},
    {1, SERVES_K1_K2, "k1", COG_OK, 2},
    {2, SERVES_K1_K2, "k2", COG_OK, 2},
};

static const struct login made_up_ids[] = {
    {0, SERVES_K1, "x1", COG_E_TOKEN, 1},
    {0, SERVES_K1, "x2", COG_E_TOKEN, 2},
    {0, SERVES_K1, "x3", COG_E_TOKEN, 2},
    {1, SERVES_K1, "x4", COG_E_TOKEN, 2},
    {5 * MINUTE - 1, SERVES_K1_K2, "k2", COG_E_TOKEN, 2},
    {5 * MINUTE - 1, SERVES_K1_K2, "k1", COG_OK, 2},
    {5 * MINUTE, SERVES_K1, "x5", COG_E_TOKEN, 3},
    {5 * MINUTE, SERVES_K1, "x6", COG_E_TOKEN, 3},
    {10 * MINUTE, SERVES_K1_K2, "k2", COG_OK, 4},
};

/* A refetch that fails was one all the same, and the old keys stay. */
static const struct login failed_refetch[] = {
    {0, SERVES_K1, "k1", COG_OK, 1},
    {1, IS_DOWN, "k2", COG_E_NET, 2},
    {2, SERVES_K1_K2, "k2", COG_E_TOKEN, 2},
    {2, SERVES_K1_K2, "k1", COG_OK, 2},
    {1 + 5 * MINUTE, SERVES_HTML, "k2", COG_E_PROTOCOL, 3},
    {1 + 5 * MINUTE, SERVES_K1_K2, "k1", COG_OK, 3},
    {1 + 10 * MINUTE, SERVES_K1_K2, "k2", COG_OK, 4},
};

/* A fetch for age is no refetch, and does not make one free either. */
static const struct login age_is_no_refetch[] = {
    {0, SERVES_K1, "k1", COG_OK, 1},
    {DAY - 1, SERVES_K1, "k2", COG_E_TOKEN, 2}, /* refetch: fresh again */
    {2 * DAY - 2, SERVES_K1, "x1", COG_E_TOKEN, 3},
    {3 * DAY - 3, SERVES_K1, "x1", COG_E_TOKEN, 4},
    {4 * DAY, SERVES_K1, "x1", COG_E_TOKEN, 5}, /* for age */
    {4 * DAY, SERVES_K1_K2, "k2", COG_OK, 6},   /* refetch */
};

static const struct login a_week_stale[] = {
    {0, SERVES_K1, "k1", COG_OK, 1},
    {DAY, IS_DOWN, "k1", COG_OK, 2},
    {DAY, SERVES_500, "k1", COG_OK, 3},
    {DAY, SERVES_404, "k1", COG_OK, 4},
    {DAY, SERVES_HTML, "k1", COG_OK, 5},
    {DAY, IS_DOWN, "k2", COG_E_NET, 6},
    {7 * DAY - 1, IS_DOWN, "k1", COG_OK, 7},
    {7 * DAY, IS_DOWN, "k1", COG_E_NET, 8},
    {7 * DAY, SERVES_K1, "k1", COG_OK, 9},
};

static const struct login no_keys_at_all[] = {
    {0, IS_DOWN, "k1", COG_E_NET, 1},
    {0, SERVES_500, "k1", COG_E_NET, 2},
    {0, SERVES_404, "k2", COG_E_PROTOCOL, 3}, /* whatever its body says */
    {0, SERVES_HTML, "k1", COG_E_PROTOCOL, 4},
    {0, SERVES_K1, "k1", COG_OK, 5},
};

/* Times from the future are no times. */
static const struct login clock_set_back[] = {
    {100, SERVES_K1, "k1", COG_OK, 1},
    {100, SERVES_K1, "k2", COG_E_TOKEN, 2}, /* refetch at 100 */
    {99, IS_DOWN, "k1", COG_E_NET, 3},
    {99, SERVES_K1, "k1", COG_OK, 4},
    {99, SERVES_K1_K2, "k2", COG_OK, 5},
};

/* A host without a clock of its own has just booted: 0 is no fetch. */
static const struct login clock_at_zero[] = {
    {-T0, SERVES_K1, "k1", COG_OK, 1},
    {-T0 + 1, IS_DOWN, "k1", COG_OK, 1},
};

static void
tell_story(const char *name, const struct login *logins, size_t count)
{
    network->fetches = 0;
    (void)unlinkat(cache.dir, cache.file, 0);
    for (size_t i = 0; i < count; i++) {
        enum cog_errc code;

        now = T0 + logins[i].at_s;
        issuer = logins[i].issuer;
        code = find_once(cache.dir, logins[i].kid);
        if (code == logins[i].want && network->fetches == logins[i].fetches)
            continue;
        fail_msg("%s, login %zu: code %d, %u fetches", name, i, (int)code,
                 network->fetches);
    }
}

#define TELL(story) tell_story(#story, story, COG_COUNT(story))

static void
logins_fetch_as_they_may(void **state)
{
    (void)state;
    TELL(a_day_fresh);
    TELL(rotation);
    TELL(made_up_ids);
    TELL(failed_refetch);
    TELL(age_is_no_refetch);
    TELL(a_week_stale);
    TELL(no_keys_at_all);
    TELL(clock_set_back);
    TELL(clock_at_zero);
}

/* Without a directory one process still keeps its manners. */
static void
memory_alone(void **state)
{
    static const struct login steps[] = {
        {0, SERVES_K1, "k1", COG_OK, 1},
        {0, IS_DOWN, "k1", COG_OK, 1},
        {1, SERVES_K1, "x1", COG_E_TOKEN, 2},
        {1, SERVES_K1_K2, "k2", COG_E_TOKEN, 2},
        {6 * MINUTE, SERVES_K1_K2, "k2", COG_E_TOKEN, 2},
        {1, IS_DOWN, "k1", COG_OK, 2},
        {2 + DAY, IS_DOWN, "k1", COG_OK, 3},
        {1 + 7 * DAY, IS_DOWN, "k1", COG_E_NET, 4},
        {1 + 7 * DAY, SERVES_K1_K2, "k2", COG_OK, 5},
        {7 * DAY, IS_DOWN, "k1", COG_E_NET, 6}, /* clock set back */
    };
    struct cog_keyset *keyset = open_keyset(-1);

    (void)state;
    for (size_t i = 0; i < COG_COUNT(steps); i++) {
        now = T0 + steps[i].at_s;
        issuer = steps[i].issuer;
        assert_int_equal(find(keyset, steps[i].kid), steps[i].want);
        assert_int_equal(network->fetches, steps[i].fetches);
    }
    cog_keyset_close(keyset);
    cog_keyset_close(NULL);
}

static void
write_file(const char *name, const char *text)
{
    int fd =
        openat(cache.dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static void
read_cache(char *ret, size_t size)
{
    int fd = openat(cache.dir, cache.file, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, ret, size - 1);

    assert_true(len > 0);
    ret[len] = '\0';
    (void)close(fd);
}

/* Things done to a good, fresh cache file. */

static void
do_nothing(void)
{
}

static void
widen_mode(void)
{
    assert_int_equal(fchmodat(cache.dir, cache.file, 0640, 0), 0);
}

static void
narrow_mode(void)
{
    assert_int_equal(fchmodat(cache.dir, cache.file, 0400, 0), 0);
}

static void
link_again(void)
{
    assert_int_equal(linkat(cache.dir, cache.file, cache.dir, "link", 0), 0);
}

static void
make_foreign(void)
{
    foreign = true;
}

static void
make_symlink(void)
{
    assert_int_equal(renameat(cache.dir, cache.file, cache.dir, "target"), 0);
    assert_int_equal(symlinkat("target", cache.dir, cache.file), 0);
}

static void
make_fifo(void)
{
    assert_int_equal(unlinkat(cache.dir, cache.file, 0), 0);
    assert_int_equal(mkfifoat(cache.dir, cache.file, 0600), 0);
}

static void
make_directory(void)
{
    assert_int_equal(unlinkat(cache.dir, cache.file, 0), 0);
    assert_int_equal(mkdirat(cache.dir, cache.file, 0700), 0);
}

static void
cut_short(void)
{
    char text[8192];

    read_cache(text, sizeof(text));
    text[strlen(text) / 2] = '\0';
    write_file(cache.file, text);
}

static void
make_empty(void)
{
    write_file(cache.file, "");
}

/* White space at the end changes nothing but the size. */
static void
pad_to(size_t size)
{
    char *text = calloc(1, size + 1);

    assert_non_null(text);
    read_cache(text, size);
    memset(text + strlen(text), ' ', size - strlen(text));
    write_file(cache.file, text);
    free(text);
}

static void
make_largest(void)
{
    pad_to(COG_KEYCACHE_FILE_MAX);
}

static void
make_too_large(void)
{
    pad_to(COG_KEYCACHE_FILE_MAX + 1);
}

static void
write_entry(const char *about, const char *fetched, const char *refetched,
            const char *document)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "{\"issuer\":\"%s\",\"fetched_at\":%s,\"refetched_at\":%s,"
                   "\"document\":%s}",
                   about, fetched, refetched, document);
    write_file(cache.file, text);
}

static void
name_other_issuer(void)
{
    char text[8192];
    char *at;

    read_cache(text, sizeof(text));
    at = strstr(text, "us-east-1_Pool");
    assert_non_null(at);
    *at = 'U';
    write_file(cache.file, text);
}

static void
replace_number(const char *name, const char *value)
{
    char text[8192];
    char out[8192];
    char *at;

    read_cache(text, sizeof(text));
    at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name) + strlen("\":");
    (void)snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, value,
                   at + strcspn(at, ",}"));
    write_file(cache.file, out);
}

static void
fetch_in_the_future(void)
{
    replace_number("\"fetched_at", "1762500001");
}

static void
fetch_before_time(void)
{
    replace_number("\"fetched_at", "-1");
}

static void
fetch_time_as_text(void)
{
    replace_number("\"fetched_at", "\"1762500000\"");
}

static void
refetch_before_time(void)
{
    replace_number("refetched_at", "-1");
}

static void
refetch_time_as_text(void)
{
    replace_number("refetched_at", "\"0\"");
}

static void
no_document(void)
{
    write_entry(ISSUER, "1762500000", "0", "null");
}

static void
document_without_keys(void)
{
    write_entry(ISSUER, "1762500000", "0", "\"{\\\"keys\\\":[]}\"");
}

static const struct {
    const char *name;
    void (*damage)(void);
    bool used;   /* the file serves all the same */
    bool mended; /* afterwards a good file is there again */
} damages[] = {
    {"none", do_nothing, true, true},
    {"largest size", make_largest, true, true},
    {"too large", make_too_large, false, true},
    {"wider mode", widen_mode, false, true},
    {"narrower mode", narrow_mode, false, true},
    {"second link", link_again, false, true},
    {"other owner", make_foreign, false, false},
    {"symlink", make_symlink, false, true},
    {"FIFO", make_fifo, false, true},
    {"directory", make_directory, false, false},
    {"cut short", cut_short, false, true},
    {"empty", make_empty, false, true},
    {"other issuer", name_other_issuer, false, true},
    {"fetched in the future", fetch_in_the_future, false, true},
    {"fetched before 1970", fetch_before_time, false, true},
    {"fetched at a text", fetch_time_as_text, false, true},
    {"refetched before 1970", refetch_before_time, false, true},
    {"refetched at a text", refetch_time_as_text, false, true},
    {"no document", no_document, false, true},
    {"document without keys", document_without_keys, false, true},
};

/* The issuer has another key set by now, so that one can tell by the keys
 * where they came from. */
static void
damage_costs_one_fetch(void **state)
{
    for (size_t i = 0; i < COG_COUNT(damages); i++) {
        bool used = damages[i].used;

        assert_int_equal(make_dir(state), 0);
        assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
        damages[i].damage();
        if (find_once(cache.dir, "k1") != COG_OK ||
            network->fetches != (used ? 1 : 2))
            fail_msg("%s: %u fetches", damages[i].name, network->fetches);
        if (find_once(cache.dir, "k1") != COG_OK ||
            network->fetches != (used ? 1U : 2U) + !damages[i].mended)
            fail_msg("%s: not mended", damages[i].name);
        assert_int_equal(faccessat(cache.dir, cache.temporary, F_OK, 0), -1);
        if (i + 1 < COG_COUNT(damages))
            assert_int_equal(remove_dir(state), 0);
    }
}

static void
targets_of_links_stay(void **state)
{
    struct stat st;

    (void)state;
    write_file("target", "precious");
    assert_int_equal(symlinkat("target", cache.dir, cache.temporary), 0);
    assert_int_equal(symlinkat("target", cache.dir, cache.file), 0);
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(network->fetches, 1);
    assert_int_equal(fstatat(cache.dir, "target", &st, 0), 0);
    assert_int_equal(st.st_size, strlen("precious"));
    assert_int_equal(fstatat(cache.dir, cache.file, &st, AT_SYMLINK_NOFOLLOW),
                     0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_equal(st.st_nlink, 1);
}

static void
lock_is_symlink(void)
{
    assert_int_equal(symlinkat("target", cache.dir, cache.lock), 0);
}

static void
lock_is_fifo(void)
{
    assert_int_equal(mkfifoat(cache.dir, cache.lock, 0600), 0);
}

static void
lock_is_open_to_all(void)
{
    write_file(cache.lock, "");
    assert_int_equal(fchmodat(cache.dir, cache.lock, 0666, 0), 0);
}

static void
lock_has_links(void)
{
    write_file(cache.lock, "");
    assert_int_equal(linkat(cache.dir, cache.lock, cache.dir, "link", 0), 0);
}

static void
lock_is_foreign(void)
{
    write_file(cache.lock, "");
    foreign = true;
}

/* Without a lock worth the name nothing is written, and nothing breaks. */
static void
a_bad_lock_costs_the_cache(void **state)
{
    static void (*const makers[])(void) = {
        lock_is_symlink, lock_is_fifo,    lock_is_open_to_all,
        lock_has_links,  lock_is_foreign,
    };

    for (size_t i = 0; i < COG_COUNT(makers); i++) {
        assert_int_equal(make_dir(state), 0);
        makers[i]();
        assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
        assert_int_equal(faccessat(cache.dir, cache.file, F_OK, 0), -1);
        assert_int_equal(faccessat(cache.dir, "target", F_OK, 0), -1);
        assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
        assert_int_equal(network->fetches, 2);
        if (i + 1 < COG_COUNT(makers))
            assert_int_equal(remove_dir(state), 0);
    }
}

static void
a_lost_directory_costs_the_cache(void **state)
{
    (void)state;
    assert_int_equal(rmdir(dir_path), 0);
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(network->fetches, 2);
    assert_int_equal(mkdir(dir_path, 0700), 0);
}

static ino_t
inode(const char *name)
{
    struct stat st;

    assert_int_equal(fstatat(cache.dir, name, &st, 0), 0);
    return st.st_ino;
}

static void
the_lock_file_stays(void **state)
{
    ino_t first;

    (void)state;
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    first = inode(cache.lock);
    now += DAY;
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(network->fetches, 2);
    assert_true(inode(cache.lock) == first);
}

/* As many processes at once, all of which must get `want`. */
static void
find_in_children(unsigned count, const char *kid, enum cog_errc want)
{
    pid_t children[16];

    assert_true(count <= COG_COUNT(children));
    for (unsigned i = 0; i < count; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(find_once(cache.dir, kid) == want ? 0 : 1);
    }
    for (unsigned i = 0; i < count; i++) {
        int status = -1;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

static int64_t
real_ms(void)
{
    struct timespec at;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &at), 0);
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static void
a_fresh_cache_needs_no_lock(void **state)
{
    struct cog_err err = COG_ERR_INIT;
    int64_t start_ms = real_ms();
    int fd = -1;

    (void)state;
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(cog_keycache_lock(&cache, 0, &fd, &err), 0);
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(network->fetches, 1);
    assert_true(real_ms() - start_ms < 1500);
    (void)close(fd);
}

/* Waits 2 s for a process that holds the lock; what is then fetched is used
 * and not written, and the older cache does not replace it. */
static void
a_busy_lock_is_waited_for_in_vain(void **state)
{
    struct cog_keyset *keyset = open_keyset(cache.dir);
    struct cog_err err = COG_ERR_INIT;
    int64_t start_ms = real_ms();
    int fd = -1;

    (void)state;
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(cog_keycache_lock(&cache, 0, &fd, &err), 0);
    now += DAY;
    issuer = SERVES_K1_K2;
    assert_int_equal(find(keyset, "k1"), COG_OK);
    assert_true(real_ms() - start_ms >= 2000);
    assert_int_equal(network->fetches, 2);
    (void)close(fd);

    issuer = IS_DOWN;
    assert_int_equal(find(keyset, "x1"), COG_E_NET);
    assert_int_equal(find(keyset, "k2"), COG_OK);
    assert_int_equal(network->fetches, 3);
    cog_keyset_close(keyset);
}

/* What one process did not write the next one fetches. */
static void
without_the_lock_nothing_is_written(void **state)
{
    struct cog_err err = COG_ERR_INIT;
    int fd = -1;

    (void)state;
    assert_int_equal(cog_keycache_lock(&cache, 0, &fd, &err), 0);
    find_in_children(4, "k1", COG_OK); /* wait together */
    assert_int_equal(network->fetches, 4);
    (void)close(fd);
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(network->fetches, 5);
}

/* The old file outlives a write that fails half-way. */
static void
a_full_disk_costs_the_cache(void **state)
{
    struct rlimit was;
    struct rlimit tiny;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

    (void)state;
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    tiny = was;
    tiny.rlim_cur = 100;
    now += DAY;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(network->fetches, 2);
    assert_int_equal(faccessat(cache.dir, cache.temporary, F_OK, 0), -1);
    issuer = IS_DOWN;
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
}

static void
one_fetches_for_all(void **state)
{
    (void)state;
    network->takes_ms = 100;
    find_in_children(8, "k1", COG_OK);
    assert_int_equal(network->fetches, 1);
    find_in_children(8, "x1", COG_E_TOKEN);
    assert_int_equal(network->fetches, 2);
    now += DAY;
    issuer = SERVES_K1_K2;
    find_in_children(8, "k2", COG_OK);
    assert_int_equal(network->fetches, 3);
}

/* A warm-up's body, in a process of its own; then what `kid` costs there. */
struct offer {
    int64_t at_s;
    const char *body;
    enum cog_errc want;
    bool fresh_before;
    const char *kid;
    enum cog_errc found;
    unsigned fetches;
};

static void
offers_are_taken(void **state)
{
    static const struct offer offers[] = {
        {0, "<html>", COG_E_PROTOCOL, false, "k1", COG_OK, 1},
        {1, documents[1], COG_OK, true, "k1", COG_OK, 1}, /* ignored */
        {2, "<html>", COG_OK, true, "k1", COG_OK, 1},     /* not looked at */
        {DAY, documents[1], COG_OK, false, "k2", COG_OK, 1},
        {DAY + 1, documents[1], COG_OK, true, "k2", COG_OK, 1},
        {2 * DAY - 1, "", COG_OK, true, "x1", COG_E_TOKEN, 2}, /* refetch */
        {3 * DAY - 1, documents[0], COG_OK, false, "k1", COG_OK, 2},
        {3 * DAY - 1, documents[0], COG_OK, true, "x1", COG_E_TOKEN, 3},
        {3 * DAY, documents[0], COG_OK, true, "x1", COG_E_TOKEN, 3},
        {-1, documents[0], COG_OK, false, "k1", COG_OK, 3}, /* clock set back */
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(offers); i++) {
        struct cog_keyset *keyset = open_keyset(cache.dir);
        struct cog_secret body = COG_SECRET_INIT(4096);
        struct cog_err err = COG_ERR_INIT;

        now = T0 + offers[i].at_s;
        assert_int_equal(cog_keyset_is_fresh(keyset), offers[i].fresh_before);
        assert_int_equal(cog_secret_append_str(&body, offers[i].body, &err), 0);
        assert_int_equal(cog_keyset_offer(keyset, &body, &err),
                         offers[i].want == COG_OK ? 0 : -1);
        assert_int_equal(err.code, offers[i].want);
        cog_secret_clear(&body);
        /* As stored, not as remembered: by the next process. */
        assert_int_equal(find_once(cache.dir, offers[i].kid), offers[i].found);
        if (network->fetches != offers[i].fetches)
            fail_msg("offer %zu: %u fetches", i, network->fetches);
        cog_keyset_close(keyset);
    }
}

/* An offer does not make the next unknown kid free: the stamp stays. */
static void
an_offer_is_no_refetch(void **state)
{
    struct cog_secret body = COG_SECRET_INIT(4096);
    struct cog_err err = COG_ERR_INIT;
    struct cog_keyset *keyset;

    (void)state;
    assert_int_equal(find_once(cache.dir, "k1"), COG_OK);
    now = T0 + DAY - 1;
    issuer = IS_DOWN;
    assert_int_equal(find_once(cache.dir, "x1"), COG_E_NET); /* stamped */
    assert_int_equal(network->fetches, 2);
    now = T0 + DAY;
    issuer = SERVES_K1_K2;
    keyset = open_keyset(cache.dir);
    assert_int_equal(cog_secret_append_str(&body, documents[0], &err), 0);
    assert_int_equal(cog_keyset_offer(keyset, &body, &err), 0);
    cog_secret_clear(&body);
    assert_int_equal(find(keyset, "k2"), COG_E_TOKEN);
    assert_int_equal(find_once(cache.dir, "k2"), COG_E_TOKEN);
    assert_int_equal(network->fetches, 2);
    cog_keyset_close(keyset);
}

/* While another process is busy, an offer neither waits nor writes. */
static void
an_offer_does_not_wait(void **state)
{
    struct cog_keyset *keyset = open_keyset(cache.dir);
    struct cog_secret body = COG_SECRET_INIT(4096);
    struct cog_err err = COG_ERR_INIT;
    int fd = -1;

    (void)state;
    assert_int_equal(cog_keycache_lock(&cache, 0, &fd, &err), 0);
    assert_int_equal(cog_secret_append_str(&body, documents[0], &err), 0);
    assert_int_equal(cog_keyset_offer(keyset, &body, &err), 0);
    assert_int_equal(find(keyset, "k1"), COG_OK);
    assert_int_equal(network->fetches, 0);
    assert_int_equal(faccessat(cache.dir, cache.file, F_OK, 0), -1);
    (void)close(fd);
    cog_secret_clear(&body);
    cog_keyset_close(keyset);
}

static void
a_bad_offer_leaves_nothing(void **state)
{
    struct cog_keyset *keyset = open_keyset(cache.dir);
    struct cog_secret body = COG_SECRET_INIT(16);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_secret_append_str(&body, "{\"keys\":[]}", &err), 0);
    assert_int_equal(cog_keyset_offer(keyset, &body, &err), -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    assert_int_equal(faccessat(cache.dir, cache.file, F_OK, 0), -1);
    cog_secret_clear(&body);
    cog_keyset_close(keyset);
}

/* A document too large for a cache file is used and not kept. */
static void
a_large_document_is_not_kept(void **state)
{
    struct cog_keyset *keyset = open_keyset(cache.dir);
    struct cog_secret body = COG_SECRET_INIT(COG_KEYCACHE_FILE_MAX);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_secret_append_str(&body, documents[0], &err), 0);
    while (body.len < body.max)
        assert_int_equal(cog_secret_append(&body, " ", 1, &err), 0);
    assert_int_equal(cog_keyset_offer(keyset, &body, &err), 0);
    assert_int_equal(find(keyset, "k1"), COG_OK);
    assert_int_equal(network->fetches, 0);
    assert_int_equal(faccessat(cache.dir, cache.file, F_OK, 0), -1);
    cog_secret_clear(&body);
    cog_keyset_close(keyset);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)
/* Makes its directories itself, all but the last removed by itself. */
#define IN_DIRS(test) cmocka_unit_test_teardown(test, remove_dir)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(logins_fetch_as_they_may),
        IN_DIR(memory_alone),
        IN_DIRS(damage_costs_one_fetch),
        IN_DIR(targets_of_links_stay),
        IN_DIRS(a_bad_lock_costs_the_cache),
        IN_DIR(a_lost_directory_costs_the_cache),
        IN_DIR(the_lock_file_stays),
        IN_DIR(a_fresh_cache_needs_no_lock),
        IN_DIR(a_busy_lock_is_waited_for_in_vain),
        IN_DIR(without_the_lock_nothing_is_written),
        IN_DIR(a_full_disk_costs_the_cache),
        IN_DIR(one_fetches_for_all),
        IN_DIR(offers_are_taken),
        IN_DIR(an_offer_is_no_refetch),
        IN_DIR(an_offer_does_not_wait),
        IN_DIR(a_bad_offer_leaves_nothing),
        IN_DIR(a_large_document_is_not_kept),
    };

    return cmocka_run_group_tests(tests, make_world, free_world);
}
