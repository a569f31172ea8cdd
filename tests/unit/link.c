/* SPDX-License-Identifier: MIT */
#include "tests/unit/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVERS 15
/* libcurl counts its time-outs from whole milliseconds, and so do we. */
#define ROUNDING_MS 2

static struct {
    char name[32];
    unsigned port;
} servers[SERVERS];

static pid_t server_pid;
static int server_fd; /* the servers end when it is closed */
static char dir[64];
static char ca_file[128];

int64_t
link_now_ms(void)
{
    const struct cog_clock clock = cog_clock_system();

    return clock.mono_ms(clock.ctx);
}

const char *
link_dir(void)
{
    return dir;
}

struct cog_http_options
link_defaults(void)
{
    return (struct cog_http_options){
        .ca_file = ca_file,
        .budget_ms = LINK_BUDGET_MS,
        .hangup_fd = -1,
        .clock = cog_clock_system(),
    };
}

struct link
link_open(struct cog_http_options options)
{
    struct link link = {.options = options};
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_http_open(&link.options, &link.http, &err), 0);
    link.transport = cog_http_transport(link.http);
    return link;
}

unsigned
link_port(const char *server)
{
    for (size_t i = 0; i < SERVERS; i++) {
        if (strcmp(servers[i].name, server) == 0)
            return servers[i].port;
    }
    fail_msg("no server '%s'", server);
    return 0;
}

struct link_url
link_url(const char *server, const char *path)
{
    struct link_url url;

    (void)snprintf(url.text, sizeof(url.text), "https://localhost:%u/%s",
                   link_port(server), path);
    return url;
}

int
link_get(const struct link *link, const char *url, struct cog_http_reply *reply,
         struct cog_err *err)
{
    const struct cog_http_request request = {.url = url};

    return link->transport.send(link->transport.ctx, &request, reply, err);
}

void
link_get_fails(const struct link *link, const char *url, enum cog_errc code)
{
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;

    if (link_get(link, url, &reply, &err) == 0)
        fail_msg("%s answers %ld", url, reply.status);
    if (err.code != code)
        fail_msg("%s: code %d instead of %d: %s", url, (int)err.code, (int)code,
                 err.msg);
    assert_int_equal(reply.status, 0);
    assert_int_equal(reply.body.len, 0);
    cog_secret_clear(&reply.body);
}

unsigned
link_idle_port(int *ret_fd)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t len = sizeof(name);

    *ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(*ret_fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&name, &len), 0);
    return ntohs(name.sin_port);
}

void
link_took(int64_t from_ms, int64_t least_ms)
{
    const int64_t ms = link_now_ms() - from_ms;

    if (ms < least_ms - ROUNDING_MS || ms > least_ms + LINK_SOON_MS)
        fail_msg("took %lld ms", (long long)ms);
}

/* Read the lines that say which server is where. */
static int
read_servers(FILE *file)
{
    char line[64];
    size_t n = 0;

    while (fgets(line, sizeof(line), file) != NULL && line[0] != '\n') {
        char *port = strchr(line, ' ');

        if (port == NULL || n == SERVERS)
            return -1;
        *port++ = '\0';
        (void)snprintf(servers[n].name, sizeof(servers[n].name), "%.31s", line);
        servers[n++].port = (unsigned)strtoul(port, NULL, 10);
    }
    return n == SERVERS ? 0 : -1;
}

static void
run_server(int in, int out)
{
    (void)dup2(in, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)execlp("python3", "python3", COG_TESTS_DIR "/unit/tls_server.py", dir,
                 (char *)NULL);
    _exit(127);
}

int
link_setup(void **state)
{
    struct cog_err err = COG_ERR_INIT;
    FILE *file;
    int in[2];
    int out[2];
    int rc;

    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/cog-http-XXXXXX");
    if (cog_http_setup(&err) < 0 || mkdtemp(dir) == NULL ||
        pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        return -1;
    (void)snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", dir);
    server_pid = fork();
    if (server_pid == 0)
        run_server(in[0], out[1]);
    (void)close(in[0]);
    (void)close(out[1]);
    server_fd = in[1];
    file = fdopen(out[0], "r");
    if (server_pid < 0 || file == NULL)
        return -1;
    rc = read_servers(file);
    (void)fclose(file);
    return rc;
}

int
link_teardown(void **state)
{
    static const char *const files[] = {"ca",   "good", "self",   "ca2",
                                        "name", "old",  "expired"};
    char path[128];

    (void)state;
    (void)close(server_fd);
    (void)waitpid(server_pid, NULL, 0);
    for (size_t i = 0; i < COG_COUNT(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s.pem", dir, files[i]);
        (void)unlink(path);
    }
    return rmdir(dir);
}
