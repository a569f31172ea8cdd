/* SPDX-License-Identifier: MIT */
#include "lib/net/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/net/blame.h"

/* Where every distribution keeps hashed CA certificates that OpenSSL reads
 * one by one as it needs them; parsing the whole bundle costs 17 ms. */
#ifndef COG_CA_DIR
#    define COG_CA_DIR "/etc/ssl/certs"
#endif

/* Longest header block we read, in bytes. */
#define HEADERS_MAX ((size_t)32 * 1024)
/* How long a request waits for a warm-up still in flight, milliseconds. */
#define WARM_WAIT_MS 1000
/* Longest single wait while a question is open, so that its deadline is kept
 * to about this, and while a reply is awaited. */
#define STEP_MS   1000
#define LISTEN_MS 100
/* A silence is none if we were kept from listening for longer, milliseconds:
 * whoever may freeze or throttle our cgroup could make every pool silent. It
 * counts for the whole link: time lost in one request is missing in the next.
 */
#define DEAF_MAX_MS 500

/* One request on its way. */
struct exchange {
    CURL *easy;
    struct curl_slist *headers;
    const struct cog_secret *body; /* borrowed; NULL for a GET */
    size_t body_sent;
    struct cog_http_reply reply;
    size_t header_bytes;
    struct cog_err err;   /* why a callback stopped it */
    struct cog_err local; /* why this host could not even try an address */
    bool no_way;          /* this host has none to one of the addresses */
    bool active;
    bool done;
    CURLcode result;
};

/* What has not ended has timed out, should anybody ask. */
#define EXCHANGE_INIT                                                     \
    {                                                                     \
        .reply = COG_HTTP_REPLY_INIT, .result = CURLE_OPERATION_TIMEDOUT, \
    }

struct cog_http {
    struct cog_http_options options;
    CURLM *multi;
    int64_t left_ms;     /* of the budget */
    int64_t listened_ms; /* how long the present request has waited */
    int64_t deaf_ms;     /* how long earlier ones could not listen */
    bool heard;          /* some exchange has brought more than silence */
    curl_socket_t idle;  /* the connection that waits for the next request */
    struct exchange warm;
};

int
cog_http_setup(struct cog_err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return cog_fail(err, COG_E_SYSTEM, "libcurl does not start");
    return 0;
}

static int64_t
now_ms(const struct cog_http *http)
{
    return http->options.clock.mono_ms(http->options.clock.ctx);
}

static size_t
on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    const size_t len = size * count; /* size is always 1: CURLOPT docs */

    if (cog_secret_append(&x->reply.body, data, len, &x->err) < 0)
        return 0; /* libcurl then gives up: CURLE_WRITE_ERROR */
    explicit_bzero(data, len);
    return len;
}

static size_t
on_upload(char *buf, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    const size_t left = x->body->len - x->body_sent;
    const size_t len = left < size * count ? left : size * count;

    memcpy(buf, cog_secret_str(x->body) + x->body_sent, len);
    x->body_sent += len;
    return len;
}

/* libcurl would send a request again by itself when a connection it reuses
 * closes without an answer. Whether the pool acted on the first is unknown
 * then: a second wrong password or a used code would count against the user. */
static int
on_rewind(void *ctx COG_UNUSED, curl_off_t offset COG_UNUSED,
          int origin COG_UNUSED)
{
    return CURL_SEEKFUNC_FAIL;
}

/* Keep the error type; see Cognito's x-amzn-ErrorType. */
static void
keep_error_type(struct exchange *x, const char *line, size_t len)
{
    static const char name[] = "x-amzn-errortype:";
    size_t skip = sizeof(name) - 1;

    if (len <= skip || strncasecmp(line, name, skip) != 0)
        return;
    while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    while (len > skip && (line[len - 1] == '\r' || line[len - 1] == '\n'))
        len--;
    if (len - skip >= sizeof(x->reply.error_type))
        return;
    memcpy(x->reply.error_type, line + skip, len - skip);
    x->reply.error_type[len - skip] = '\0';
}

static size_t
on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct exchange *x = ctx;
    const size_t len = size * count;

    x->header_bytes += len;
    if (x->header_bytes > HEADERS_MAX) {
        cog_fail(&x->err, COG_E_PROTOCOL, "more than %zu bytes of headers",
                 HEADERS_MAX);
        return 0;
    }
    keep_error_type(x, data, len);
    return len;
}

/* libcurl keeps only the last address's errno, and none of socket(). Half of a
 * pool's addresses may be IPv6, to which this host has no way: they must not
 * speak for the other half. */
static curl_socket_t
on_socket(void *ctx, curlsocktype purpose COG_UNUSED, struct curl_sockaddr *to)
{
    struct exchange *x = ctx;
    int fd;

    if (!cog_blame_has_way(&to->addr, to->addrlen)) {
        x->no_way = true;
        return CURL_SOCKET_BAD;
    }
    fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    if (fd < 0) {
        cog_fail(&x->local, COG_E_SYSTEM, "local error: socket: %s",
                 strerror(errno));
        return CURL_SOCKET_BAD;
    }
    return fd;
}

static void
exchange_clear(struct cog_http *http, struct exchange *x)
{
    if (x->active)
        (void)curl_multi_remove_handle(http->multi, x->easy);
    if (x->easy != NULL)
        curl_easy_cleanup(x->easy);
    curl_slist_free_all(x->headers);
    cog_secret_clear(&x->reply.body);
    *x = (struct exchange)EXCHANGE_INIT;
}

/* Each option is set even where it is libcurl's default: the defaults differ
 * between builds, and environment variables fill in for some of them. */
static CURLcode
set_limits(const struct cog_http *http, CURL *easy)
{
    const long timeout_ms = (long)http->left_ms;
    CURLcode c = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);

    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
#if LIBCURL_VERSION_NUM >= 0x075500
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
#else
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (c == CURLE_OK) {
        c = curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                             (long)CURL_HTTP_VERSION_1_1);
    }
#if LIBCURL_VERSION_NUM >= 0x075700
    /* Do not wait for a resolver that hangs: the time is up already. */
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    return c;
}

static CURLcode
set_peer(const struct cog_http *http, CURL *easy)
{
    const char *ca_file = http->options.ca_file;
    const char *proxy = http->options.proxy;
    CURLcode c =
        curl_easy_setopt(easy, CURLOPT_PROXY, proxy == NULL ? "" : proxy);

    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    /* A proxy's headers are not the pool's. */
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (c == CURLE_OK) {
        c = curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                             (long)CURL_SSLVERSION_TLSv1_2);
    }
    if (c == CURLE_OK)
        c = curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    if (c == CURLE_OK) {
        c = curl_easy_setopt(easy, CURLOPT_CAPATH,
                             ca_file == NULL ? COG_CA_DIR : NULL);
    }
    return c;
}

static CURLcode
set_callbacks(struct exchange *x)
{
    CURLcode c = curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);

    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_header);
    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETDATA, x);
    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "pam_cognito");
    return c;
}

static int
add_header(struct exchange *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->headers, line);

    if (longer == NULL)
        return -1;
    x->headers = longer;
    return 0;
}

static CURLcode
set_body(struct exchange *x, const struct cog_secret *body)
{
    CURLcode c = curl_easy_setopt(x->easy, CURLOPT_POST, 1L);

    x->body = body;
    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE, (long)body->len);
    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, on_upload);
    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_READDATA, x);
    if (c == CURLE_OK)
        c = curl_easy_setopt(x->easy, CURLOPT_SEEKFUNCTION, on_rewind);
    return c;
}

/* A POST of the AWS JSON 1.1 protocol; a request without target is a GET. */
static CURLcode
set_request(struct exchange *x, const struct cog_http_request *req)
{
    char target[160];
    CURLcode c = curl_easy_setopt(x->easy, CURLOPT_URL, req->url);
    const int len = snprintf(target, sizeof(target), "X-Amz-Target: %s",
                             req->target == NULL ? "" : req->target);

    if (c != CURLE_OK || req->target == NULL)
        return c;
    if (len < 0 || (size_t)len >= sizeof(target))
        return CURLE_BAD_FUNCTION_ARGUMENT;
    /* "Expect:" off: a body above 1 KiB would cost a round trip. */
    if (add_header(x, "Content-Type: application/x-amz-json-1.1") < 0 ||
        add_header(x, target) < 0 ||
        add_header(x, "Cache-Control: no-store") < 0 ||
        add_header(x, "Expect:") < 0)
        return CURLE_OUT_OF_MEMORY;
    c = curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
    return c == CURLE_OK ? set_body(x, req->body) : c;
}

/*
 * Has the peer of the idle connection said goodbye? It may close it while a
 * user types; libcurl does not always notice before it has sent the request,
 * which then must not be sent again.
 */
static bool
idle_is_over(const struct cog_http *http)
{
    struct pollfd p = {.fd = http->idle, .events = POLLIN};

    return http->idle != CURL_SOCKET_BAD && poll(&p, 1, 0) != 0;
}

/* Put a request on its way. */
static int
start(struct cog_http *http, struct exchange *x,
      const struct cog_http_request *req, struct cog_err *err)
{
    CURLcode c;

    x->easy = curl_easy_init();
    if (x->easy == NULL)
        return cog_fail_memory(err);
    c = set_limits(http, x->easy);
    if (c == CURLE_OK)
        c = set_peer(http, x->easy);
    if (c == CURLE_OK)
        c = set_callbacks(x);
    if (c == CURLE_OK)
        c = set_request(x, req);
    if (c == CURLE_OK && idle_is_over(http))
        c = curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, 1L);
    if (c != CURLE_OK) {
        return cog_fail(err, COG_E_SYSTEM, "preparing a request: %s",
                        curl_easy_strerror(c));
    }
    if (curl_multi_add_handle(http->multi, x->easy) != CURLM_OK)
        return cog_fail(err, COG_E_SYSTEM, "libcurl takes no request");
    x->active = true;
    return 0;
}

/* Note which exchanges have ended. */
static void
collect(struct cog_http *http, struct exchange *x)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(http->multi, &left)) != NULL) {
        struct exchange *ended =
            msg->easy_handle == http->warm.easy ? &http->warm : x;

        if (msg->msg != CURLMSG_DONE || ended == NULL)
            continue;
        ended->done = true;
        ended->result = msg->data.result;
        (void)curl_easy_getinfo(ended->easy, CURLINFO_RESPONSE_CODE,
                                &ended->reply.status);
        (void)curl_easy_getinfo(ended->easy, CURLINFO_ACTIVESOCKET,
                                &http->idle);
    }
}

/* This many milliseconds, but neither negative nor more than max_ms. */
static int64_t
within(int64_t ms, int64_t max_ms)
{
    if (ms > max_ms)
        ms = max_ms;
    return ms < 0 ? 0 : ms;
}

/*
 * Move all exchanges on, waiting at most wait_ms for something to do. fd, if
 * not -1, is waited for too; *ret_events is what poll would say of it.
 */
static int
step(struct cog_http *http, struct exchange *x, int fd, int64_t wait_ms,
     short *ret_events)
{
    struct curl_waitfd extra = {.fd = fd, .events = CURL_WAIT_POLLIN};
    struct pollfd now = {.fd = fd, .events = POLLIN};
    int64_t from_ms;
    int running = 0;

    *ret_events = 0;
    if (curl_multi_perform(http->multi, &running) != CURLM_OK)
        return -1;
    collect(http, x);
    if (x != NULL && x->done)
        return 0;
    from_ms = now_ms(http);
    if (curl_multi_poll(http->multi, &extra, fd < 0 ? 0 : 1, (int)wait_ms,
                        NULL) != CURLM_OK)
        return -1;
    http->listened_ms += within(now_ms(http) - from_ms, wait_ms);
    if (fd >= 0 && poll(&now, 1, 0) == 1)
        *ret_events = now.revents;
    return 0;
}

/* Drive one exchange to its end or up to the deadline. What has arrived by
 * then is read. */
static int
drive(struct cog_http *http, struct exchange *x, int64_t deadline_ms,
      struct cog_err *err)
{
    int64_t wait_ms = 1;

    while (!x->done && wait_ms > 0) {
        short events = 0;

        wait_ms = within(deadline_ms - now_ms(http), LISTEN_MS);
        if (step(http, x, http->options.hangup_fd, wait_ms, &events) < 0)
            return cog_fail(err, COG_E_SYSTEM, "libcurl failed");
        if ((events & (POLLHUP | POLLERR)) != 0)
            return cog_fail(err, COG_E_SYSTEM, "the application went away");
    }
    return 0;
}

/* Why no connection came about, as far as this host is to blame. */
static int
check_connect(const struct exchange *x, struct cog_err *err)
{
    long e = 0;

    if (x->local.code != COG_OK)
        return cog_fail(err, x->local.code, "%s", x->local.msg);
    if (x->result != CURLE_COULDNT_CONNECT)
        return 0;
    (void)curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &e);
    if (cog_blame_is_network((int)e) || (e == 0 && x->no_way))
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "local error: connect: %s",
                    e == 0 ? "reason unknown" : strerror((int)e));
}

/* How long this link could not listen, with a request begun at from_ms. */
static int64_t
deaf_ms_since(const struct cog_http *http, int64_t from_ms)
{
    return http->deaf_ms + now_ms(http) - from_ms - http->listened_ms;
}

/* Were we kept from listening? */
static int
check_hearing(int64_t deaf_ms, struct cog_err *err)
{
    if (deaf_ms <= DEAF_MAX_MS)
        return 0;
    return cog_fail(err, COG_E_SYSTEM,
                    "local error: this process stood still for %lld ms",
                    (long long)deaf_ms);
}

/* The time is up, and it was the network that used it. */
static int
fail_late(int64_t deaf_ms, const char *why, struct cog_err *err)
{
    if (check_hearing(deaf_ms, err) < 0)
        return -1;
    return cog_fail(err, COG_E_NET, "%s", why);
}

/* Did an exchange bring nothing at all from the other side? A reply begins
 * with its first whole line. */
static bool
is_silent(const struct exchange *x)
{
    switch ((int)x->result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return true;
    case CURLE_OPERATION_TIMEDOUT:
        return x->header_bytes == 0;
    default:
        return false;
    }
}

/* Nothing was heard: who is to blame? It is the network only when it cannot be
 * this host, and when this link never brought more than silence. */
static int
judge_silence(const struct cog_http *http, const struct exchange *x,
              int64_t deaf_ms, struct cog_err *err)
{
    const char *why = curl_easy_strerror(x->result);
    long proxy_status = 0;

    (void)curl_easy_getinfo(x->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status >= 300) {
        return cog_fail(err, COG_E_PROTOCOL, "the proxy says %ld",
                        proxy_status);
    }
    if (check_connect(x, err) < 0 || check_hearing(deaf_ms, err) < 0 ||
        cog_blame_check_means(err) < 0)
        return -1;
    return cog_fail(err, http->heard ? COG_E_NET : COG_E_UNREACHABLE, "%s",
                    why);
}

/* What an ended exchange means. "Unreachable" must never be something a peer
 * can say, nor anybody on this host. */
static int
judge(struct cog_http *http, const struct exchange *x, int64_t deaf_ms,
      struct cog_err *err)
{
    http->heard = http->heard || !is_silent(x) || !is_silent(&http->warm);
    if (x->err.code != COG_OK)
        return cog_fail(err, x->err.code, "%s", x->err.msg);
    if (is_silent(x))
        return judge_silence(http, x, deaf_ms, err);
    switch ((int)x->result) {
    case CURLE_OK:
        return 0;
    case CURLE_OUT_OF_MEMORY: /* also what libcurl says of a 1 MB header */
        return cog_fail(err, COG_E_PROTOCOL,
                        "out of memory, or a reply beyond all bounds");
    case CURLE_OPERATION_TIMEDOUT:
        return fail_late(deaf_ms, "the reply broke off", err);
    default:
        return cog_fail(err, COG_E_PROTOCOL, "%s",
                        curl_easy_strerror(x->result));
    }
}

static void
take_reply(struct exchange *x, struct cog_http_reply *reply)
{
    struct cog_secret empty = reply->body;

    *reply = x->reply;
    x->reply.body = empty;
}

/* A warm-up still in flight owns the connection: give it a moment. One that
 * takes longer goes on by itself, and what it has resolved is not lost. */
static int
get_ready(struct cog_http *http, struct cog_err *err)
{
    struct cog_err none = COG_ERR_INIT;

    http->listened_ms = 0;
    if (http->left_ms <= 0)
        return fail_late(http->deaf_ms, "no time left", err);
    if (http->warm.active && !http->warm.done)
        (void)!drive(http, &http->warm, now_ms(http) + WARM_WAIT_MS, &none);
    return 0;
}

static int
send_request(void *ctx, const struct cog_http_request *req,
             struct cog_http_reply *reply, struct cog_err *err)
{
    struct cog_http *http = ctx;
    struct exchange x = EXCHANGE_INIT;
    struct cog_err why = COG_ERR_INIT;
    const int64_t from_ms = now_ms(http);
    int rc = -1;

    if (get_ready(http, &why) < 0 || start(http, &x, req, &why) < 0 ||
        drive(http, &x, from_ms + http->left_ms, &why) < 0 ||
        judge(http, &x, deaf_ms_since(http, from_ms), &why) < 0) {
        cog_fail(err, why.code, "%s: %s", req->url, why.msg);
        goto out;
    }
    take_reply(&x, reply);
    rc = 0;

out:
    exchange_clear(http, &x);
    http->deaf_ms = deaf_ms_since(http, from_ms);
    http->left_ms -= now_ms(http) - from_ms;
    return rc;
}

static int
pause_requests(void *ctx, int64_t pause_ms, struct cog_err *err)
{
    struct cog_http *http = ctx;
    const int64_t from_ms = now_ms(http);
    struct pollfd p = {.fd = http->options.hangup_fd, .events = 0};

    if (pause_ms >= http->left_ms)
        return fail_late(http->deaf_ms, "no time left for another try", err);
    http->left_ms -= pause_ms;
    while (now_ms(http) < from_ms + pause_ms) {
        const int n = poll(&p, 1, (int)(from_ms + pause_ms - now_ms(http)));

        if (n > 0)
            return cog_fail(err, COG_E_SYSTEM, "the application went away");
    }
    return 0;
}

/* One warm-up each; its failure is nobody's. */
static void
warm(void *ctx, const char *url)
{
    struct cog_http *http = ctx;
    const struct cog_http_request get = {.url = url};
    struct cog_err none = COG_ERR_INIT;

    if (http->warm.easy == NULL && start(http, &http->warm, &get, &none) < 0)
        exchange_clear(http, &http->warm);
}

static const struct cog_secret *
warm_body(void *ctx)
{
    const struct cog_http *http = ctx;
    const struct exchange *x = &http->warm;

    if (!x->done || x->result != CURLE_OK || x->err.code != COG_OK ||
        x->reply.status != 200)
        return NULL;
    return &x->reply.body;
}

struct cog_transport
cog_http_transport(struct cog_http *http)
{
    struct cog_transport transport = {
        .send = send_request,
        .pause = pause_requests,
        .warm = warm,
        .warm_body = warm_body,
        .ctx = http,
    };

    return transport;
}

int
cog_http_open(const struct cog_http_options *options, struct cog_http **ret,
              struct cog_err *err)
{
    struct cog_http *http = calloc(1, sizeof(*http));

    if (http == NULL)
        return cog_fail_memory(err);
    http->options = *options;
    http->left_ms = options->budget_ms;
    http->idle = CURL_SOCKET_BAD;
    http->warm = (struct exchange)EXCHANGE_INIT;
    http->multi = curl_multi_init();
    if (http->multi == NULL) {
        free(http);
        return cog_fail_memory(err);
    }
    *ret = http;
    return 0;
}

int
cog_http_wait(struct cog_http *http, int fd, int64_t deadline_ms,
              struct cog_err *err)
{
    for (;;) {
        const int64_t wait_ms = deadline_ms - now_ms(http);
        short events = 0;

        if (step(http, NULL, fd, within(wait_ms, STEP_MS), &events) < 0)
            return cog_fail(err, COG_E_SYSTEM, "libcurl failed");
        if (events != 0)
            return 0;
        if (wait_ms <= 0)
            return cog_fail(err, COG_E_SYSTEM, "no answer in time");
    }
}

void
cog_http_close(struct cog_http *http)
{
    if (http == NULL)
        return;
    exchange_clear(http, &http->warm);
    (void)curl_multi_cleanup(http->multi);
    free(http);
}
