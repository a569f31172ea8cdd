/* SPDX-License-Identifier: MIT */
/*
 * When the pool counts as unreachable: only if DNS, connect() or silence said
 * so, and never by the doing of somebody on this host. Faults are data; the
 * functions below stand in for the C library's, for libcurl too.
 */
/* Fortified headers would define the functions we replace. */
#undef _FORTIFY_SOURCE

#include "lib/net/blame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/link.h"

/* A budget that is soon used up, in milliseconds. */
#define SHORT_MS 700
/* What blame.c asks for, in bytes. */
#define PROOF_BYTES ((size_t)1024 * 1024)
/* nobody, who has no privileges. */
#define NOBODY 65534
/* More descriptors than a request needs. */
#define FDS_MAX 24

/* What goes wrong. Zero: nothing. */
struct fault {
    int resolve;       /* the EAI_ code of every look-up */
    int resolve_ms;    /* how long each takes */
    const char *order; /* its addresses' families; NULL: "4"; "n": the same
                        * after a real look-up */
    int connect4;      /* the errno of connecting with IPv4 ... */
    int connect6;      /* ... and IPv6 */
    int route6;        /* the errno of asking for a way with IPv6 */
    int socket;        /* the errno of socket(): streams, and with `all` ... */
    bool all;          /* ... the others too */
    unsigned good_first; /* that many of which succeed */
    int bind;            /* the errno of bind() */
    int thread;          /* what pthread_create() returns ... */
    unsigned threads;    /* ... after that many that succeeded */
    bool memory;         /* a larger piece of it is not to be had */
};

static struct fault fault;
static enum cog_errc *child_code; /* shared with it */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Take one of what is left of a number. */
static bool
take_one(unsigned *left)
{
    bool taken;

    (void)pthread_mutex_lock(&lock);
    taken = *left > 0;
    if (taken)
        (*left)--;
    (void)pthread_mutex_unlock(&lock);
    return taken;
}

static int
fails(int e)
{
    errno = e;
    return -1;
}

COG_EXPORT int
socket(int family, int type, int protocol)
{
    const bool stream = (type & 0xf) == SOCK_STREAM;

    if (fault.socket != 0 && (stream || fault.all) &&
        !take_one(&fault.good_first))
        return fails(fault.socket);
    return (int)syscall(SYS_socket, family, type, protocol);
}

COG_EXPORT int
bind(int fd, __CONST_SOCKADDR_ARG name, socklen_t len)
{
    if (fault.bind != 0)
        return fails(fault.bind);
    return (int)syscall(SYS_bind, fd, name.__sockaddr__, len);
}

static bool
is_stream(int fd)
{
    int type = 0;
    socklen_t len = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
           type == SOCK_STREAM;
}

COG_EXPORT int
connect(int fd, __CONST_SOCKADDR_ARG name, socklen_t len)
{
    const struct sockaddr *to = name.__sockaddr__;

    if (to->sa_family == AF_INET && is_stream(fd) && fault.connect4 != 0)
        return fails(fault.connect4);
    if (to->sa_family == AF_INET6 && is_stream(fd) && fault.connect6 != 0)
        return fails(fault.connect6);
    if (to->sa_family == AF_INET6 && !is_stream(fd) && fault.route6 != 0)
        return fails(fault.route6);
    return (int)syscall(SYS_connect, fd, to, len);
}

COG_EXPORT int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
               void *(*run)(void *), void *ctx)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                       void *);

    if (fault.thread != 0 && !take_one(&fault.threads))
        return fault.thread;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attr, run, ctx);
}

/* Our own addresses instead of the name's, in the order of the fault. */
COG_EXPORT int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
            struct addrinfo **ret)
{
    static int (*real)(const char *, const char *, const struct addrinfo *,
                       struct addrinfo **);
    const char *order = fault.order == NULL ? "4" : fault.order;

    (void)name;
    if (fault.resolve_ms != 0)
        (void)usleep((useconds_t)fault.resolve_ms * 1000);
    if (fault.resolve != 0)
        return fault.resolve;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (*order == 'n') {
        const int e = real("localhost", service, hints, ret);

        if (e != 0)
            return e;
        freeaddrinfo(*ret);
        order = "4";
    }
    for (*ret = NULL; *order != '\0'; order++) {
        struct addrinfo **end = ret;
        struct addrinfo want = *hints;
        int e;

        want.ai_family = *order == '4' ? AF_INET : AF_INET6;
        while (*end != NULL)
            end = &(*end)->ai_next;
        e = real(*order == '4' ? "127.0.0.1" : "::1", service, &want, end);
        if (e != 0)
            return e;
    }
    return 0;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *
__wrap_malloc(size_t size)
{
    return fault.memory && size >= PROOF_BYTES ? NULL : __real_malloc(size);
}

/* By a name that the resolver is asked for. */
static struct link_url
server_url(const char *server, const char *path)
{
    struct link_url url;

    (void)snprintf(url.text, sizeof(url.text), "https://pool.test:%u/%s",
                   link_port(server), path);
    return url;
}

/* One GET on a link of its own. */
static enum cog_errc
outcome(struct cog_http_options options, const char *url, struct cog_err *err)
{
    const struct link link = link_open(options);
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    const int rc = link_get(&link, url, &reply, err);

    cog_secret_clear(&reply.body);
    cog_http_close(link.http);
    return rc == 0 ? COG_OK : err->code;
}

static void
expect(const char *name, struct cog_http_options options, const char *url,
       enum cog_errc want)
{
    struct cog_err err = COG_ERR_INIT;
    const enum cog_errc got = outcome(options, url, &err);

    fault = (struct fault){0};
    if (got != want)
        fail_msg("%s: %d instead of %d: %s", name, (int)got, (int)want,
                 err.msg);
}

static struct cog_http_options
in_short(void)
{
    struct cog_http_options options = link_defaults();

    options.budget_ms = SHORT_MS;
    return options;
}

static const struct {
    const char *name;
    struct fault fault;
    enum cog_errc code;
} faults[] = {
    {"none", {0}, COG_OK},
    {"no such name", {.resolve = EAI_NONAME}, COG_E_UNREACHABLE},
    {"no name server", {.resolve = EAI_AGAIN}, COG_E_UNREACHABLE},
    {"name server fails", {.resolve = EAI_FAIL}, COG_E_UNREACHABLE},
    {"name server is silent", {.resolve_ms = 1500}, COG_E_UNREACHABLE},
    {"refused", {.connect4 = ECONNREFUSED}, COG_E_UNREACHABLE},
    {"reset", {.connect4 = ECONNRESET}, COG_E_UNREACHABLE},
    {"no network", {.connect4 = ENETUNREACH}, COG_E_UNREACHABLE},
    {"network down", {.connect4 = ENETDOWN}, COG_E_UNREACHABLE},
    {"no host", {.connect4 = EHOSTUNREACH}, COG_E_UNREACHABLE},
    {"host down", {.connect4 = EHOSTDOWN}, COG_E_UNREACHABLE},
    {"never connected", {.connect4 = ETIMEDOUT}, COG_E_UNREACHABLE},
    /* of two families */
    {"one works", {.order = "64", .connect6 = ENETUNREACH}, COG_OK},
    {"one has no way", {.order = "64", .route6 = ENETUNREACH}, COG_OK},
    {"both refuse",
     {.order = "64", .connect6 = ECONNREFUSED, .connect4 = ECONNREFUSED},
     COG_E_UNREACHABLE},
    {"no IPv6, last",
     {.order = "46",
      .route6 = EADDRNOTAVAIL,
      .connect6 = EADDRNOTAVAIL,
      .connect4 = EHOSTUNREACH},
     COG_E_UNREACHABLE},
    {"no IPv6, first",
     {.order = "64",
      .route6 = EADDRNOTAVAIL,
      .connect6 = EADDRNOTAVAIL,
      .connect4 = EHOSTUNREACH},
     COG_E_UNREACHABLE},
    {"nothing but IPv6, and none",
     {.order = "6", .route6 = ENETUNREACH},
     COG_E_UNREACHABLE},
    {"no IPv6 and no port, last",
     {.order = "46", .route6 = ENETUNREACH, .connect4 = EADDRNOTAVAIL},
     COG_E_SYSTEM},
    {"no IPv6 and no port, first",
     {.order = "64", .route6 = ENETUNREACH, .connect4 = EADDRNOTAVAIL},
     COG_E_SYSTEM},
    {"refused, then no socket",
     {.order = "44",
      .connect4 = ECONNREFUSED,
      .socket = EMFILE,
      .good_first = 1},
     COG_E_SYSTEM},
    /* this host's own */
    {"no port", {.connect4 = EADDRNOTAVAIL}, COG_E_SYSTEM},
    {"connect: no memory", {.connect4 = ENOMEM}, COG_E_SYSTEM},
    {"connect: no buffers", {.connect4 = ENOBUFS}, COG_E_SYSTEM},
    {"connect: no descriptors", {.connect4 = EMFILE}, COG_E_SYSTEM},
    {"connect: no files", {.connect4 = ENFILE}, COG_E_SYSTEM},
    {"connect: forbidden", {.connect4 = EACCES}, COG_E_SYSTEM},
    {"connect: not permitted", {.connect4 = EPERM}, COG_E_SYSTEM},
    {"connect: interrupted", {.connect4 = EINTR}, COG_E_SYSTEM},
    {"connect: unknown", {.connect4 = EPROTO}, COG_E_SYSTEM},
    {"connect: try again", {.connect4 = EAGAIN}, COG_E_SYSTEM},
    {"socket: no descriptors", {.socket = EMFILE}, COG_E_SYSTEM},
    {"socket: no files", {.socket = ENFILE}, COG_E_SYSTEM},
    {"socket: no memory", {.socket = ENOMEM}, COG_E_SYSTEM},
    {"socket: no buffers", {.socket = ENOBUFS}, COG_E_SYSTEM},
    {"socket: forbidden", {.socket = EACCES}, COG_E_SYSTEM},
    {"socket: of any kind", {.socket = EMFILE, .all = true}, COG_E_SYSTEM},
    {"look-up without memory",
     {.resolve = EAI_MEMORY, .memory = true},
     COG_E_SYSTEM},
    {"look-up without descriptors",
     {.resolve = EAI_SYSTEM, .socket = EMFILE, .all = true},
     COG_E_SYSTEM},
    {"look-up with few descriptors",
     {.resolve = EAI_AGAIN, .socket = EMFILE, .all = true, .good_first = 6},
     COG_E_SYSTEM},
    {"look-up without ports",
     {.resolve = EAI_AGAIN, .bind = EADDRINUSE},
     COG_E_SYSTEM},
    {"no thread", {.thread = EAGAIN}, COG_E_SYSTEM},
    {"no second thread",
     {.resolve = EAI_NONAME, .thread = EAGAIN, .threads = 1},
     COG_E_SYSTEM},
    {"silence without descriptors",
     {.resolve_ms = 1500, .socket = EMFILE, .all = true},
     COG_E_SYSTEM},
};

static void
the_network_is_told_from_this_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(faults); i++) {
        const bool slow = faults[i].fault.resolve_ms != 0;

        fault = faults[i].fault;
        expect(faults[i].name, slow ? in_short() : link_defaults(),
               server_url("good", "ok").text, faults[i].code);
    }
}

static void
a_process_with_all_means_has_them(void **state)
{
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_blame_check_means(&err), 0);
    assert_int_equal(err.code, COG_OK);
}

static const struct {
    const char *server, *path;
    enum cog_errc code;
} silences[] = {
    {"mute", "", COG_E_UNREACHABLE}, /* TLS never begins */
    {"half-a-hello", "", COG_E_UNREACHABLE},
    {"good", "silent", COG_E_UNREACHABLE},
    {"good", "half-headers", COG_E_NET},
    {"good", "half", COG_E_NET},
    {"good", "status:503", COG_OK},
    {"good", "nothing", COG_E_PROTOCOL},
    {"good", "truncated", COG_E_PROTOCOL},
    {"resets", "", COG_E_PROTOCOL},
    {"hangs-up", "", COG_E_PROTOCOL},
    {"alert", "", COG_E_PROTOCOL},
    {"proxy-200", "", COG_E_PROTOCOL}, /* says HTTP where TLS is due */
    {"self-signed", "silent", COG_E_PROTOCOL},
    {"expired", "silent", COG_E_PROTOCOL},
    {"tls-1.1", "silent", COG_E_PROTOCOL},
};

static void
only_silence_is_silence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(silences); i++) {
        expect(silences[i].server, in_short(),
               server_url(silences[i].server, silences[i].path).text,
               silences[i].code);
    }
}

/* A firewall that drops: nobody takes connections off a full queue. */
static void
an_address_that_swallows_is_silent(void **state)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t len = sizeof(name);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    int filler[4];
    char url[64];

    (void)state;
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, len), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    for (size_t i = 0; i < COG_COUNT(filler); i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(filler[i], (const struct sockaddr *)&name, len);
    }
    (void)snprintf(url, sizeof(url), "https://pool.test:%u/",
                   ntohs(name.sin_port));
    expect("a full queue", in_short(), url, COG_E_UNREACHABLE);
    for (size_t i = 0; i < COG_COUNT(filler); i++)
        (void)close(filler[i]);
    (void)close(fd);
}

static const struct {
    const char *proxy;
    struct fault fault;
    enum cog_errc code;
} proxies[] = {
    {"mute", {0}, COG_E_UNREACHABLE},
    {"proxy-200", {0}, COG_E_UNREACHABLE}, /* and then silence */
    {"proxy-407", {0}, COG_E_PROTOCOL},
    {"proxy-502", {0}, COG_E_PROTOCOL},
    {"proxy-half-a-407", {0}, COG_E_PROTOCOL},
    {"resets", {0}, COG_E_PROTOCOL},
    {"hangs-up", {0}, COG_E_PROTOCOL},
    {"mute", {.connect4 = ECONNREFUSED}, COG_E_UNREACHABLE},
    {"mute", {.connect4 = EADDRNOTAVAIL}, COG_E_SYSTEM},
    {"mute", {.resolve = EAI_NONAME}, COG_E_UNREACHABLE},
    {"mute", {.resolve = EAI_SYSTEM, .thread = EAGAIN}, COG_E_SYSTEM},
};

static void
a_proxy_stands_for_the_pool(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(proxies); i++) {
        struct cog_http_options options = in_short();
        char proxy[64];

        (void)snprintf(proxy, sizeof(proxy), "http://pool.test:%u",
                       link_port(proxies[i].proxy));
        options.proxy = proxy;
        fault = proxies[i].fault;
        expect(proxies[i].proxy, options, server_url("good", "ok").text,
               proxies[i].code);
    }
}

/* Who has answered once is not out of reach, whatever comes after. */
static void
a_pool_once_heard_is_not_unreachable(void **state)
{
    static const char *const firsts[] = {"ok", "status:503", "garbage"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(firsts); i++) {
        const struct link link = link_open(link_defaults());
        struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
        struct cog_err err = COG_ERR_INIT;

        (void)!link_get(&link, server_url("good", firsts[i]).text, &reply,
                        &err);
        cog_secret_clear(&reply.body);
        fault.connect4 = ECONNREFUSED;
        link_get_fails(&link, server_url("mute", "").text, COG_E_NET);
        fault = (struct fault){0};
        cog_http_close(link.http);
    }
}

/* But one whose silence has ended is the next time. */
static void
a_pool_may_come_back(void **state)
{
    const struct link link = link_open(link_defaults());
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;
    const struct link_url url = server_url("good", "ok");

    (void)state;
    fault.resolve = EAI_AGAIN;
    link_get_fails(&link, url.text, COG_E_UNREACHABLE);
    link_get_fails(&link, url.text, COG_E_UNREACHABLE);
    fault = (struct fault){0};
    assert_int_equal(link_get(&link, url.text, &reply, &err), 0);
    cog_secret_clear(&reply.body);
    cog_http_close(link.http);
}

/* What a warm-up has heard counts too, also while it is in flight. */
static void
a_warm_up_hears(void **state)
{
    static const struct {
        const char *server, *path;
        enum cog_errc code;
    } cases[] = {
        {"good", "ok", COG_E_NET},        {"good", "half", COG_E_NET},
        {"self-signed", "ok", COG_E_NET}, {"good", "silent", COG_E_UNREACHABLE},
        {"mute", "", COG_E_UNREACHABLE},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_http_options options = link_defaults();
        struct link link;

        options.budget_ms = 2000;
        link = link_open(options);
        link.transport.warm(link.transport.ctx,
                            server_url(cases[i].server, cases[i].path).text);
        link_get_fails(&link, server_url("mute", "").text, cases[i].code);
        cog_http_close(link.http);
    }
}

/* What a caller may do to a process that it starts. */
struct plight {
    const char *name;
    bool no_thread; /* it may have no further one */
    bool closed;    /* descriptors 0 to 2 are */
    bool deaf;      /* every signal is blocked and ignored */
    int fds;        /* it may open that many more descriptors; 0: any number */
};

static void
close_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        (void)close(fd);
}

static void
ignore_signals(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    for (int n = 1; n < NSIG; n++)
        (void)sigaction(n, &ignore, NULL);
}

static void
limit_to(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit limit;

    (void)getrlimit(resource, &limit);
    limit.rlim_cur = value; /* valgrind lets nobody touch the other */
    (void)setrlimit(resource, &limit);
}

static void
suffer(const struct plight *plight)
{
    if (plight->closed)
        close_standard_files();
    if (plight->deaf)
        ignore_signals();
    if (plight->fds > 0) {
        const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

        (void)close(next);
        limit_to(RLIMIT_NOFILE, (rlim_t)(next + plight->fds));
    }
    if (plight->no_thread) {
        limit_to(RLIMIT_NPROC, 0);
        (void)!setuid(NOBODY); /* root is not limited */
    }
}

/* A child that suffers this and then sends one GET. It kills itself: out of
 * descriptors, libcurl forgets some memory that valgrind would not. */
static pid_t
start_child(const struct plight *plight, struct cog_http_options options,
            const char *url)
{
    const pid_t pid = fork();
    struct cog_err err = COG_ERR_INIT;

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    suffer(plight);
    *child_code = outcome(options, url, &err);
    (void)raise(SIGKILL);
    _exit(0);
}

static enum cog_errc
end_child(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return *child_code;
}

static const struct {
    struct plight plight;
    const char *server, *path;
    enum cog_errc code;
} plights[] = {
    {{.name = "none"}, "good", "ok", COG_OK},
    {{.name = "none"}, "good", "silent", COG_E_UNREACHABLE},
    {{.name = "no thread", .no_thread = true}, "good", "ok", COG_E_SYSTEM},
    {{.name = "files closed", .closed = true}, "good", "ok", COG_OK},
    {{.name = "files closed", .closed = true},
     "good",
     "silent",
     COG_E_UNREACHABLE},
    {{.name = "files closed", .closed = true}, "alert", "", COG_E_PROTOCOL},
    {{.name = "signals ignored", .deaf = true}, "good", "ok", COG_OK},
    {{.name = "signals ignored", .deaf = true}, "resets", "", COG_E_PROTOCOL},
    {{.name = "a descriptor", .fds = 1}, "good", "silent", COG_E_SYSTEM},
};

static void
callers_do_not_silence_the_pool(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(plights); i++) {
        const struct link_url url =
            server_url(plights[i].server, plights[i].path);
        const enum cog_errc code =
            end_child(start_child(&plights[i].plight, in_short(), url.text));

        if (code != plights[i].code)
            fail_msg("%s: %s/%s: %d instead of %d", plights[i].plight.name,
                     plights[i].server, plights[i].path, (int)code,
                     (int)plights[i].code);
    }
}

/* Too few descriptors for a real look-up and all that follows, or enough. */
static void
descriptors_that_run_out_are_no_silence(void **state)
{
    const struct link_url url = server_url("good", "ok");
    enum cog_errc code = COG_OK;

    (void)state;
    fault.order = "n";
    for (int fds = 1; fds <= FDS_MAX; fds++) {
        const struct plight plight = {.fds = fds};

        code = end_child(start_child(&plight, link_defaults(), url.text));
        if (code == COG_E_UNREACHABLE || (code == COG_OK && fds == 1))
            fail_msg("%d descriptors: code %d", fds, (int)code);
    }
    fault = (struct fault){0};
    assert_int_equal(code, COG_OK);
}

/* A cgroup can be frozen by a plain user who may have one of his own. */
static void
a_frozen_process_hears_no_silence(void **state)
{
    static const struct plight none;
    struct cog_http_options options = link_defaults();
    pid_t pid;

    (void)state;
    options.budget_ms = 1500;
    pid = start_child(&none, options, server_url("good", "silent").text);
    (void)usleep(300 * 1000);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    (void)usleep(1000 * 1000);
    assert_int_equal(kill(pid, SIGCONT), 0);
    assert_int_equal(end_child(pid), COG_E_SYSTEM);
}

/* A clock that leaps, once, as for a process that was stopped meanwhile. */
struct leap {
    int calls; /* it is read before that */
    int64_t by_ms;
};

static int64_t
leaping_ms(void *ctx)
{
    struct leap *leap = ctx;

    leap->calls--;
    return link_now_ms() + (leap->calls < 0 ? leap->by_ms : 0);
}

static int
wait_a_second(const struct link *link, struct cog_err *err)
{
    return link->transport.pause(link->transport.ctx, 1000, err);
}

static int
get_after(const struct link *link, const char *path, struct cog_err *err)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    const int rc = link_get(link, server_url("good", path).text, &reply, err);

    cog_secret_clear(&reply.body);
    return rc;
}

/* Of a budget of three seconds 2.7 are gone in the first request, or all. */
static const struct {
    const char *next; /* NULL: a pause */
    int64_t by_ms;
    enum cog_errc code;
} leaps[] = {
    {"silent", 0, COG_E_NET},       {"silent", 200, COG_E_NET},
    {"silent", 2700, COG_E_SYSTEM}, {"half", 0, COG_E_NET},
    {"half", 2700, COG_E_SYSTEM},   {"half-headers", 2700, COG_E_SYSTEM},
    {"ok", 2700, COG_OK},           {"ok", 3100, COG_E_SYSTEM},
    {NULL, 2700, COG_E_SYSTEM},
};

/* The first request leaps, the next tells what it thinks of its silence. */
static void
after_a_leap(size_t i, struct cog_err *err)
{
    struct leap leap = {.calls = 4, .by_ms = leaps[i].by_ms};
    struct cog_http_options options = link_defaults();
    struct cog_err first = COG_ERR_INIT;
    struct link link;

    options.budget_ms = 3000;
    options.clock.mono_ms = leaping_ms;
    options.clock.ctx = &leap;
    link = link_open(options);
    (void)!get_after(&link, "delay:100", &first);
    assert_int_equal(first.code, leaps[i].by_ms < 3000 ? COG_OK : COG_E_SYSTEM);
    if (leaps[i].next == NULL)
        assert_int_equal(wait_a_second(&link, err), -1);
    else
        (void)!get_after(&link, leaps[i].next, err);
    cog_http_close(link.http);
}

/*
 * Whoever stops this process in one request takes the time from the next:
 * that one must not take it for a busy pool's. A machine so busy that it
 * really stood still gets other tries at the cases where it must not have.
 */
static void
time_lost_earlier_is_not_the_network_s(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(leaps); i++) {
        struct cog_err err = COG_ERR_INIT;

        after_a_leap(i, &err);
        for (int again = 0; again < 4 && leaps[i].code != COG_E_SYSTEM &&
                            err.code == COG_E_SYSTEM;
             again++) {
            err = (struct cog_err)COG_ERR_INIT;
            after_a_leap(i, &err);
        }
        if (err.code != leaps[i].code)
            fail_msg("case %zu: %d, %s", i, (int)err.code, err.msg);
    }
}

static int
setup(void **state)
{
    child_code = mmap(NULL, sizeof(*child_code), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return child_code == MAP_FAILED ? -1 : link_setup(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_network_is_told_from_this_host),
        cmocka_unit_test(a_process_with_all_means_has_them),
        cmocka_unit_test(only_silence_is_silence),
        cmocka_unit_test(an_address_that_swallows_is_silent),
        cmocka_unit_test(a_proxy_stands_for_the_pool),
        cmocka_unit_test(a_pool_once_heard_is_not_unreachable),
        cmocka_unit_test(a_pool_may_come_back),
        cmocka_unit_test(a_warm_up_hears),
        cmocka_unit_test(callers_do_not_silence_the_pool),
        cmocka_unit_test(descriptors_that_run_out_are_no_silence),
        cmocka_unit_test(a_frozen_process_hears_no_silence),
        cmocka_unit_test(time_lost_earlier_is_not_the_network_s),
    };

    return cmocka_run_group_tests(tests, setup, link_teardown);
}
