/* SPDX-License-Identifier: MIT */
/*
 * The real transport against the real TLS servers of tls_server.py, which
 * answer by the path of the request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/net/http.h"
#include "tests/unit/link.h"

static int
post(const struct link *link, const char *url, const char *text,
     struct cog_http_reply *reply, struct cog_err *err)
{
    struct cog_secret body = COG_SECRET_INIT(COG_REQUEST_MAX);
    const struct cog_http_request request = {
        .url = url,
        .target = "Service.Operation",
        .body = &body,
    };
    int rc;

    assert_int_equal(cog_secret_append_str(&body, text, err), 0);
    rc = link->transport.send(link->transport.ctx, &request, reply, err);
    cog_secret_clear(&body);
    return rc;
}

static void
get_works(const struct link *link, const char *path, const char *want)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;

    if (link_get(link, link_url("good", path).text, &reply, &err) < 0)
        fail_msg("%s: %s", path, err.msg);
    assert_int_equal(reply.status, 200);
    if (want != NULL)
        assert_string_equal(cog_secret_str(&reply.body), want);
    cog_secret_clear(&reply.body);
}

/* Which connection a request used, and its how manieth request that was. */
struct place {
    unsigned connection, request;
};

static struct place
place_of(const struct cog_http_reply *reply)
{
    struct place place = {0, 0};
    char *end = NULL;

    place.connection =
        (unsigned)strtoul(cog_secret_str(&reply->body), &end, 10);
    place.request = (unsigned)strtoul(end, NULL, 10);
    assert_true(place.connection > 0 && place.request > 0);
    return place;
}

static void
post_fails(const struct link *link, const char *url, enum cog_errc code)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(post(link, url, "{}", &reply, &err), -1);
    assert_int_equal(err.code, code);
    cog_secret_clear(&reply.body);
}

/* A POST, as the API's calls are. */
static struct place
count(const struct link *link, const char *path)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;
    struct place place;

    if (post(link, link_url("good", path).text, "{}", &reply, &err) < 0)
        fail_msg("%s: %s", path, err.msg);
    place = place_of(&reply);
    cog_secret_clear(&reply.body);
    return place;
}

#define X16(text)                                                              \
    text text text text text text text text text text text text text text text \
        text
#define A127 X16("AAAAAAA") "AAAAAAAAAAAAAAA"

static const struct {
    const char *path;
    long status;
    const char *error_type;
    const char *body;
} replies[] = {
    {"ok", 200, "", "hello"},
    {"chunked", 200, "", "hello"},
    {"status:404", 404, "", "some status"},
    {"status:500", 500, "", "some status"},
    {"status:401", 401, "", "some status"},
    {"redirect", 302, "", ""}, /* not followed */
    {"error", 400, "NotAuthorizedException:http://a/", "{\"__type\":\"x\"}"},
    {"error-in-capitals", 400, "A", ""},
    {"error-longest", 400, A127, ""},
    {"error-too-long", 400, "", ""},
    {"error-none", 400, "", ""},
    {"headers:30", 200, "", ""},
};

static void
replies_arrive(void **state)
{
    const struct link link = link_open(link_defaults());

    (void)state;
    for (size_t i = 0; i < COG_COUNT(replies); i++) {
        struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
        struct cog_err err = COG_ERR_INIT;

        if (link_get(&link, link_url("good", replies[i].path).text, &reply,
                     &err) < 0)
            fail_msg("%s: %s", replies[i].path, err.msg);
        assert_int_equal(reply.status, replies[i].status);
        assert_string_equal(reply.error_type, replies[i].error_type);
        assert_string_equal(cog_secret_str(&reply.body), replies[i].body);
        cog_secret_clear(&reply.body);
    }
    cog_http_close(link.http);
}

static void
the_largest_reply_arrives(void **state)
{
    const struct link link = link_open(link_defaults());
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(
        link_get(&link, link_url("good", "largest").text, &reply, &err), 0);
    assert_int_equal(reply.body.len, COG_REPLY_MAX);
    cog_secret_clear(&reply.body);
    cog_http_close(link.http);
}

/* Each on a link of its own: a connection may be reused otherwise. */
static const struct {
    const char *server, *path;
    enum cog_errc code;
} failures[] = {
    {"good", "too-large", COG_E_PROTOCOL},
    {"good", "endless", COG_E_PROTOCOL},
    {"good", "headers:40", COG_E_PROTOCOL},
    {"good", "continues", COG_E_PROTOCOL},
    {"good", "truncated", COG_E_PROTOCOL},
    {"good", "truncated-chunk", COG_E_PROTOCOL},
    {"good", "garbage", COG_E_PROTOCOL},
    {"good", "nothing", COG_E_PROTOCOL},
    {"self-signed", "ok", COG_E_PROTOCOL},
    {"other-ca", "ok", COG_E_PROTOCOL},
    {"other-name", "ok", COG_E_PROTOCOL},
    {"expired", "ok", COG_E_PROTOCOL},
    {"tls-1.1", "ok", COG_E_PROTOCOL},
};

static void
broken_replies_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(failures); i++) {
        const struct link link = link_open(link_defaults());

        link_get_fails(&link,
                       link_url(failures[i].server, failures[i].path).text,
                       failures[i].code);
        cog_http_close(link.http);
    }
}

static void
nobody_listening_is_unreachable(void **state)
{
    const struct link link = link_open(link_defaults());
    char url[64];
    int fd;
    const int len = snprintf(url, sizeof(url), "https://localhost:%u/",
                             link_idle_port(&fd));

    (void)state;
    assert_true(len > 0);
    link_get_fails(&link, url, COG_E_UNREACHABLE);
    cog_http_close(link.http);
    (void)close(fd);
}

static void
only_https_is_spoken(void **state)
{
    static const char *const urls[] = {
        "http://localhost/",   "file:///etc/passwd", "ftp://localhost/",
        "gopher://localhost/", "dict://localhost/",  "",
    };
    const struct link link = link_open(link_defaults());

    (void)state;
    for (size_t i = 0; i < COG_COUNT(urls); i++)
        link_get_fails(&link, urls[i], COG_E_PROTOCOL);
    cog_http_close(link.http);
}

/* Without ca_file only the system's authorities count, and ours is none. */
static void
our_own_authority_is_needed(void **state)
{
    struct cog_http_options options = link_defaults();
    struct link link;

    (void)state;
    options.ca_file = NULL;
    link = link_open(options);
    link_get_fails(&link, link_url("good", "ok").text, COG_E_PROTOCOL);
    cog_http_close(link.http);

    options.ca_file = "/nonexistent/ca.pem";
    link = link_open(options);
    link_get_fails(&link, link_url("good", "ok").text, COG_E_PROTOCOL);
    cog_http_close(link.http);
}

static void
requests_have_their_form(void **state)
{
    static const char *const has[] = {
        "POST /echo HTTP/1.1\r\n",
        "Content-Type: application/x-amz-json-1.1\r\n",
        "X-Amz-Target: Service.Operation\r\n",
        "Cache-Control: no-store\r\n",
        "User-Agent: pam_cognito\r\n",
        "\r\n\r\n{\"a\":1}",
    };
    static const char *const has_not[] = {
        "Expect:", "Cookie:", "Authorization:", "Referer:"};
    const struct link link = link_open(link_defaults());
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    get_works(&link, "cookie", "");
    assert_int_equal(
        post(&link, link_url("good", "echo").text, "{\"a\":1}", &reply, &err),
        0);
    for (size_t i = 0; i < COG_COUNT(has); i++)
        assert_non_null(strstr(cog_secret_str(&reply.body), has[i]));
    for (size_t i = 0; i < COG_COUNT(has_not); i++)
        assert_null(strcasestr(cog_secret_str(&reply.body), has_not[i]));
    cog_secret_clear(&reply.body);
    cog_http_close(link.http);
}

/* Above 1 KiB, libcurl would ask for leave first ("Expect"). */
static void
a_large_request_is_sent_at_once(void **state)
{
    const struct link link = link_open(link_defaults());
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;
    char *text = calloc(1, COG_REQUEST_MAX + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', COG_REQUEST_MAX);
    assert_int_equal(
        post(&link, link_url("good", "echo").text, text, &reply, &err), 0);
    assert_null(strcasestr(cog_secret_str(&reply.body), "Expect:"));
    assert_non_null(strstr(cog_secret_str(&reply.body), text));
    cog_secret_clear(&reply.body);
    free(text);
    cog_http_close(link.http);
}

static void
a_target_must_fit(void **state)
{
    const struct link link = link_open(link_defaults());
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_secret body = COG_SECRET_INIT(4);
    struct cog_err err = COG_ERR_INIT;
    const struct link_url url = link_url("good", "ok");
    const struct cog_http_request request = {
        .url = url.text,
        .target = X16("a target of some length, "),
        .body = &body,
    };

    (void)state;
    assert_int_equal(
        link.transport.send(link.transport.ctx, &request, &reply, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    cog_http_close(link.http);
}

/* Set in the caller's shell under su; the helper never sees them, and would
 * not care. */
static void
the_environment_has_no_say(void **state)
{
    static const char *const names[] = {
        "http_proxy",    "https_proxy",  "HTTPS_PROXY",
        "ALL_PROXY",     "all_proxy",    "CURL_CA_BUNDLE",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_HOME",
    };
    struct link link;
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;
    char path[128];
    FILE *netrc;

    (void)state;
    for (size_t i = 0; i < COG_COUNT(names); i++)
        assert_int_equal(setenv(names[i], "http://127.0.0.1:1/", 1), 0);
    (void)snprintf(path, sizeof(path), "%s/.netrc", link_dir());
    netrc = fopen(path, "w");
    assert_non_null(netrc);
    (void)fputs("machine localhost login eve password secret\n", netrc);
    assert_int_equal(fclose(netrc), 0);
    assert_int_equal(setenv("HOME", link_dir(), 1), 0);

    link = link_open(link_defaults());
    assert_int_equal(
        link_get(&link, link_url("good", "echo").text, &reply, &err), 0);
    assert_null(strcasestr(cog_secret_str(&reply.body), "Authorization"));
    cog_secret_clear(&reply.body);
    cog_http_close(link.http);
    for (size_t i = 0; i < COG_COUNT(names); i++)
        assert_int_equal(unsetenv(names[i]), 0);
    (void)unlink(path);
}

/* Only the configured proxy is asked, and nobody goes around it. */
static void
the_proxy_is_used(void **state)
{
    struct cog_http_options options = link_defaults();
    struct link link;
    char proxy[64];
    int fd;

    (void)state;
    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u",
                   link_idle_port(&fd));
    options.proxy = proxy;
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    link = link_open(options);
    link_get_fails(&link, link_url("good", "ok").text, COG_E_UNREACHABLE);
    assert_int_equal(unsetenv("no_proxy"), 0);
    cog_http_close(link.http);
    (void)close(fd);
}

static void
one_connection_serves_all(void **state)
{
    const struct link link = link_open(link_defaults());
    const struct place first = count(&link, "count");

    (void)state;
    for (unsigned i = 2; i <= 5; i++) {
        const struct place next = count(&link, "count");

        assert_int_equal(next.connection, first.connection);
        assert_int_equal(next.request, i);
    }
    cog_http_close(link.http);
}

static void
silence_ends_with_the_budget(void **state)
{
    static const struct {
        const char *path;
        enum cog_errc code;
    } cases[] = {
        {"silent", COG_E_UNREACHABLE},
        {"half", COG_E_NET},
        {"half-headers", COG_E_NET},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_http_options options = link_defaults();
        const int64_t from_ms = link_now_ms();
        struct link link;

        options.budget_ms = 500;
        link = link_open(options);
        link_get_fails(&link, link_url("good", cases[i].path).text,
                       cases[i].code);
        link_took(from_ms, 500);
        cog_http_close(link.http);
    }
}

static void
requests_share_the_budget(void **state)
{
    struct cog_http_options options = link_defaults();
    struct link link;
    int64_t from_ms;

    (void)state;
    options.budget_ms = 1200;
    link = link_open(options);
    (void)count(&link, "delay:500");
    from_ms = link_now_ms();
    link_get_fails(&link, link_url("good", "silent").text, COG_E_NET);
    assert_true(link_now_ms() - from_ms <= 1000); /* 700 and some */
    from_ms = link_now_ms();
    link_get_fails(&link, link_url("good", "ok").text, COG_E_NET);
    assert_true(link_now_ms() - from_ms <= 100); /* nothing was tried */
    cog_http_close(link.http);
}

static int
pause_link(const struct link *link, int64_t pause_ms, struct cog_err *err)
{
    return link->transport.pause(link->transport.ctx, pause_ms, err);
}

static void
pauses_use_the_budget(void **state)
{
    struct cog_http_options options = link_defaults();
    struct cog_err err = COG_ERR_INIT;
    struct link link;
    int64_t from_ms = link_now_ms();

    (void)state;
    options.budget_ms = 1000;
    link = link_open(options);
    assert_int_equal(pause_link(&link, 600, &err), 0);
    link_took(from_ms, 600);
    from_ms = link_now_ms();
    assert_int_equal(pause_link(&link, 400, &err), -1); /* none would be left */
    assert_int_equal(err.code, COG_E_NET);
    assert_true(link_now_ms() - from_ms < 300);
    link_get_fails(&link, link_url("good", "silent").text, COG_E_UNREACHABLE);
    assert_true(link_now_ms() - from_ms < 1000);
    cog_http_close(link.http);
}

/* Closes its descriptor a while later. */
static void *
hang_up(void *ctx)
{
    const int *fd = ctx;

    (void)usleep(300 * 1000);
    (void)close(*fd);
    return NULL;
}

/* The host's end of the socket goes away during a request or a pause. */
static void
ends_when_the_host_does(bool pausing)
{
    struct cog_http_options options = link_defaults();
    struct cog_err err = COG_ERR_INIT;
    const int64_t from_ms = link_now_ms();
    pthread_t thread;
    struct link link;
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    options.hangup_fd = fd[0];
    link = link_open(options);
    assert_int_equal(pthread_create(&thread, NULL, hang_up, &fd[1]), 0);
    if (pausing) {
        assert_int_equal(pause_link(&link, 15000, &err), -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
    } else {
        link_get_fails(&link, link_url("good", "silent").text, COG_E_SYSTEM);
    }
    assert_true(link_now_ms() - from_ms < 1300);
    assert_int_equal(pthread_join(thread, NULL), 0);
    cog_http_close(link.http);
    (void)close(fd[0]);
}

static void
a_hang_up_ends_a_request(void **state)
{
    (void)state;
    ends_when_the_host_does(false);
}

static void
a_hang_up_ends_a_pause(void **state)
{
    (void)state;
    ends_when_the_host_does(true);
}

static void
warm(const struct link *link, const char *url)
{
    link->transport.warm(link->transport.ctx, url);
}

static const struct cog_secret *
warm_body(const struct link *link)
{
    return link->transport.warm_body(link->transport.ctx);
}

/* Let the warm-up move on as long as somebody types. */
static void
type_for_ms(const struct link *link, int64_t ms)
{
    struct cog_err err = COG_ERR_INIT;
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    assert_int_equal(cog_http_wait(link->http, fd[0], link_now_ms() + ms, &err),
                     -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void
a_warm_connection_is_used(void **state)
{
    const struct link link = link_open(link_defaults());

    (void)state;
    assert_null(warm_body(&link));
    warm(&link, link_url("good", "ok").text);
    type_for_ms(&link, 500);
    assert_non_null(warm_body(&link));
    assert_string_equal(cog_secret_str(warm_body(&link)), "hello");
    assert_int_equal(count(&link, "count").request, 2);
    assert_int_equal(count(&link, "count").request, 3);
    assert_string_equal(cog_secret_str(warm_body(&link)), "hello");
    cog_http_close(link.http);
}

/* Typing costs nothing of the budget. */
static void
a_wait_is_free(void **state)
{
    struct cog_http_options options = link_defaults();
    struct link link;

    (void)state;
    options.budget_ms = 1500;
    link = link_open(options);
    warm(&link, link_url("good", "ok").text);
    type_for_ms(&link, 2000);
    (void)count(&link, "delay:500");
    cog_http_close(link.http);
}

static void
a_warm_up_in_flight_is_waited_for(void **state)
{
    const struct link link = link_open(link_defaults());

    (void)state;
    warm(&link, link_url("good", "delay:400").text);
    assert_int_equal(count(&link, "count").request, 2);
    assert_non_null(warm_body(&link));
    cog_http_close(link.http);
}

static void
but_not_for_long(void **state)
{
    const struct link link = link_open(link_defaults());
    const int64_t from_ms = link_now_ms();

    (void)state;
    warm(&link, link_url("good", "silent").text);
    assert_int_equal(count(&link, "count").request, 1); /* a new connection */
    link_took(from_ms, 1000);
    assert_null(warm_body(&link));
    cog_http_close(link.http);
}

/* Nothing a warm-up meets is anybody's failure. */
static void
a_failed_warm_up_is_forgotten(void **state)
{
    static const struct {
        const char *server, *path;
    } cases[] = {
        {"good", "status:404"}, {"good", "redirect"}, {"good", "too-large"},
        {"good", "truncated"},  {"good", "garbage"},  {"good", "nothing"},
        {"self-signed", "ok"},  {"other-name", "ok"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const struct link link = link_open(link_defaults());

        warm(&link, link_url(cases[i].server, cases[i].path).text);
        type_for_ms(&link, 200);
        assert_null(warm_body(&link));
        get_works(&link, "ok", "hello");
        assert_null(warm_body(&link));
        cog_http_close(link.http);
    }
}

static void
a_warm_up_nobody_can_start_is_forgotten(void **state)
{
    static const char *const urls[] = {"http://localhost/", "", "https://"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(urls); i++) {
        const struct link link = link_open(link_defaults());

        warm(&link, urls[i]);
        assert_null(warm_body(&link));
        get_works(&link, "ok", "hello");
        cog_http_close(link.http);
    }
}

static void
there_is_one_warm_up(void **state)
{
    const struct link link = link_open(link_defaults());

    (void)state;
    warm(&link, link_url("good", "ok").text);
    warm(&link, link_url("good", "status:404").text);
    type_for_ms(&link, 300);
    warm(&link, link_url("good", "status:404").text);
    type_for_ms(&link, 100);
    assert_string_equal(cog_secret_str(warm_body(&link)), "hello");
    assert_int_equal(count(&link, "count").request, 2);
    cog_http_close(link.http);
}

/* The server closes the warm connection while it is idle: the request goes to
 * a new one. */
static void
a_lost_connection_is_replaced(void **state)
{
    const struct link link = link_open(link_defaults());

    (void)state;
    warm(&link, link_url("good", "goodbye").text);
    type_for_ms(&link, 300);
    assert_non_null(warm_body(&link));
    assert_int_equal(count(&link, "count").request, 1);
    cog_http_close(link.http);
}

/* It closes when it has read the request: what became of that nobody knows,
 * and a wrong password sent again would count again. */
static void
a_request_is_never_sent_twice(void **state)
{
    const struct link link = link_open(link_defaults());

    (void)state;
    warm(&link, link_url("good", "last-words").text);
    type_for_ms(&link, 300);
    assert_non_null(warm_body(&link));
    post_fails(&link, link_url("good", "count").text, COG_E_PROTOCOL);
    cog_http_close(link.http);
}

static void
a_link_may_end_while_it_warms_up(void **state)
{
    const struct link link = link_open(link_defaults());

    (void)state;
    warm(&link, link_url("good", "silent").text);
    type_for_ms(&link, 100);
    cog_http_close(link.http);
    cog_http_close(NULL);
}

static void
a_wait_ends_with_an_answer_or_a_hang_up(void **state)
{
    (void)state;
    for (int answered = 0; answered <= 1; answered++) {
        const struct link link = link_open(link_defaults());
        const int64_t from_ms = link_now_ms();
        struct cog_err err = COG_ERR_INIT;
        int fd[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
        if (answered != 0)
            assert_int_equal(send(fd[1], "x", 1, 0), 1);
        else
            (void)close(fd[1]);
        assert_int_equal(cog_http_wait(link.http, fd[0],
                                       link_now_ms() + LINK_BUDGET_MS, &err),
                         0);
        assert_true(link_now_ms() - from_ms < LINK_SOON_MS);
        if (answered != 0)
            (void)close(fd[1]);
        (void)close(fd[0]);
        cog_http_close(link.http);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_arrive),
        cmocka_unit_test(the_largest_reply_arrives),
        cmocka_unit_test(broken_replies_are_refused),
        cmocka_unit_test(nobody_listening_is_unreachable),
        cmocka_unit_test(only_https_is_spoken),
        cmocka_unit_test(our_own_authority_is_needed),
        cmocka_unit_test(requests_have_their_form),
        cmocka_unit_test(a_large_request_is_sent_at_once),
        cmocka_unit_test(a_target_must_fit),
        cmocka_unit_test(the_environment_has_no_say),
        cmocka_unit_test(the_proxy_is_used),
        cmocka_unit_test(one_connection_serves_all),
        cmocka_unit_test(silence_ends_with_the_budget),
        cmocka_unit_test(requests_share_the_budget),
        cmocka_unit_test(pauses_use_the_budget),
        cmocka_unit_test(a_hang_up_ends_a_request),
        cmocka_unit_test(a_hang_up_ends_a_pause),
        cmocka_unit_test(a_warm_connection_is_used),
        cmocka_unit_test(a_wait_is_free),
        cmocka_unit_test(a_warm_up_in_flight_is_waited_for),
        cmocka_unit_test(but_not_for_long),
        cmocka_unit_test(a_failed_warm_up_is_forgotten),
        cmocka_unit_test(a_warm_up_nobody_can_start_is_forgotten),
        cmocka_unit_test(there_is_one_warm_up),
        cmocka_unit_test(a_lost_connection_is_replaced),
        cmocka_unit_test(a_request_is_never_sent_twice),
        cmocka_unit_test(a_link_may_end_while_it_warms_up),
        cmocka_unit_test(a_wait_ends_with_an_answer_or_a_hang_up),
    };

    return cmocka_run_group_tests(tests, link_setup, link_teardown);
}
