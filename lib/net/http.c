/* SPDX-License-Identifier: MIT */
#include "lib/net/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where every distribution keeps hashed CA certificates that OpenSSL reads
 * one by one as it needs them; parsing the whole bundle costs 17 ms. */
#ifndef COG_CA_DIR
#    define COG_CA_DIR "/etc/ssl/certs"
#endif

/* Longest header block we read, in bytes. */
#define HEADERS_MAX ((size_t)32 * 1024)
/* How long a request waits for a warm-up still in flight, milliseconds. */
#define WARM_WAIT_MS 1000
/* Longest single wait, so that deadlines are kept to about this. */
#define STEP_MS 1000

/* One request on its way. */
struct exchange {
    CURL *easy;
    struct curl_slist *headers;
    const struct cog_secret *body; /* borrowed; NULL for a GET */
    size_t body_sent;
    struct cog_http_reply reply;
    size_t header_bytes;
    struct cog_err err; /* why a callback stopped it */
    bool active;
    bool done;
    CURLcode result;
};

struct cog_http {
    struct cog_http_options options;
    CURLM *multi;
    int64_t left_ms;    /* of the budget */
    curl_socket_t idle; /* the connection that waits for the next request */
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

static void
exchange_clear(struct cog_http *http, struct exchange *x)
{
    if (x->active)
        (void)curl_multi_remove_handle(http->multi, x->easy);
    if (x->easy != NULL)
        curl_easy_cleanup(x->easy);
    curl_slist_free_all(x->headers);
    cog_secret_clear(&x->reply.body);
    *x = (struct exchange){.reply = COG_HTTP_REPLY_INIT};
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
    int running = 0;

    *ret_events = 0;
    if (curl_multi_perform(http->multi, &running) != CURLM_OK)
        return -1;
    collect(http, x);
    if (x != NULL && x->done)
        return 0;
    if (wait_ms > STEP_MS)
        wait_ms = STEP_MS;
    if (curl_multi_poll(http->multi, &extra, fd < 0 ? 0 : 1,
                        wait_ms < 0 ? 0 : (int)wait_ms, NULL) != CURLM_OK)
        return -1;
    if (fd >= 0 && poll(&now, 1, 0) == 1)
        *ret_events = now.revents;
    return 0;
}

/* Drive one exchange to its end. */
static int
drive(struct cog_http *http, struct exchange *x, int64_t deadline_ms,
      struct cog_err *err)
{
    while (!x->done) {
        const int64_t wait_ms = deadline_ms - now_ms(http);
        short events = 0;

        if (wait_ms <= 0)
            return cog_fail(err, COG_E_NET, "no reply in time");
        if (step(http, x, http->options.hangup_fd, wait_ms, &events) < 0)
            return cog_fail(err, COG_E_SYSTEM, "libcurl failed");
        if ((events & (POLLHUP | POLLERR)) != 0)
            return cog_fail(err, COG_E_SYSTEM, "the application went away");
    }
    return 0;
}

/* What an ended exchange means. Only DNS, connect and silence are COG_E_NET:
 * "unreachable" must never be something a peer can say. */
static int
judge(const struct exchange *x, const char *url, struct cog_err *err)
{
    const char *why = curl_easy_strerror(x->result);

    if (x->err.code != COG_OK)
        return cog_fail(err, x->err.code, "%s: %s", url, x->err.msg);
    switch ((int)x->result) {
    case CURLE_OK:
        return 0;
    case CURLE_OUT_OF_MEMORY: /* also what libcurl says of a 1 MB header */
        return cog_fail(err, COG_E_PROTOCOL,
                        "%s: out of memory, or a reply beyond all bounds", url);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
        return cog_fail(err, COG_E_NET, "%s: %s", url, why);
    default:
        return cog_fail(err, COG_E_PROTOCOL, "%s: %s", url, why);
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
static void
finish_warm(struct cog_http *http)
{
    struct cog_err none = COG_ERR_INIT;

    if (http->warm.active && !http->warm.done)
        (void)!drive(http, &http->warm, now_ms(http) + WARM_WAIT_MS, &none);
}

static int
send_request(void *ctx, const struct cog_http_request *req,
             struct cog_http_reply *reply, struct cog_err *err)
{
    struct cog_http *http = ctx;
    struct exchange x = {.reply = COG_HTTP_REPLY_INIT};
    const int64_t from_ms = now_ms(http);
    int rc = -1;

    if (http->left_ms <= 0)
        return cog_fail(err, COG_E_NET, "%s: no time left", req->url);
    finish_warm(http);
    if (start(http, &x, req, err) < 0 ||
        drive(http, &x, from_ms + http->left_ms, err) < 0 ||
        judge(&x, req->url, err) < 0)
        goto out;
    take_reply(&x, reply);
    rc = 0;

out:
    exchange_clear(http, &x);
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
        return cog_fail(err, COG_E_NET, "no time left for another try");
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
    http->warm = (struct exchange){.reply = COG_HTTP_REPLY_INIT};
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

        if (step(http, NULL, fd, wait_ms, &events) < 0)
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
