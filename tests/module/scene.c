/* SPDX-License-Identifier: MIT */
#include "tests/module/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/module/interpose.h"

/* The module, built to start the fake helper. */
#define MODULE COG_BUILD_DIR "/tests/module/.libs/pam_cognito.so"
/* One that comes before it and leaves passwords, or after it. */
#define EARLIER COG_BUILD_DIR "/tests/module/.libs/pam_earlier.so"

/* Processes at a time: most of them sleep. */
#define PROCESSES 24
/* A scene that takes longer hangs, in milliseconds. */
#define SCENE_MS     120000
#define AT_ONCE_MS   1500
#define FLOOR_MIN_MS 2000
/* 200 of them belong to the user; the rest is for a busy machine. */
#define FLOOR_MAX_MS 4000

#define TALK_BYTES     (32 * 1024)
#define DESCRIPTOR_MAX 1024

/* What belongs to the host and must be the same after a call. */
struct manners {
    sigset_t mask;
    struct sigaction action[NSIG];
    mode_t umask;
    struct stat cwd;
    bool has_cwd;
    struct stat file[DESCRIPTOR_MAX];
    int flags[DESCRIPTOR_MAX]; /* -1: not open */
    char **environ;
    size_t environ_bytes;
};

struct stage {
    const struct scene *scene;
    char dir[64];
    char file[160];
    char other[160]; /* libpam complains when this service is missing */
    pam_handle_t *pamh;
    size_t answered;
    int64_t first_answer_ms;
    char talk[TALK_BYTES];
    size_t talk_used;
    struct manners before, after;
};

static int report_fd = STDERR_FILENO;
static bool failed;

void
scene_complain(const char *fmt, ...)
{
    va_list ap;

    failed = true;
    va_start(ap, fmt);
    (void)vdprintf(report_fd, fmt, ap);
    va_end(ap);
    (void)dprintf(report_fd, "\n");
}

bool
scene_failed(void)
{
    return failed;
}

/* Where a test cannot go on. */
static void
must(bool ok, const char *what)
{
    if (ok)
        return;
    scene_complain("%s: %s", what, strerror(errno));
    _exit(1);
}

static int64_t
now_ms(void)
{
    struct timespec now;

    must(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock");
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t
environ_bytes(void)
{
    size_t bytes = 0;

    for (char **e = environ; *e != NULL; e++)
        bytes += strlen(*e) + 1;
    return bytes;
}

static void
note_manners(struct manners *m)
{
    memset(m, 0, sizeof(*m));
    must(sigprocmask(SIG_BLOCK, NULL, &m->mask) == 0, "sigprocmask");
    for (int s = 1; s < NSIG; s++)
        (void)sigaction(s, NULL, &m->action[s]);
    m->umask = umask(0);
    (void)umask(m->umask);
    m->has_cwd = stat(".", &m->cwd) == 0;
    for (int fd = 0; fd < DESCRIPTOR_MAX; fd++) {
        m->flags[fd] = fcntl(fd, F_GETFD);
        (void)fstat(fd, &m->file[fd]);
    }
    m->environ = environ;
    m->environ_bytes = environ_bytes();
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void
compare_signals(const struct manners *a, const struct manners *b)
{
    for (int s = 1; s < NSIG; s++) {
        if (a->action[s].sa_handler != b->action[s].sa_handler ||
            a->action[s].sa_flags != b->action[s].sa_flags)
            scene_complain("signal %d is handled in another way", s);
        if (sigismember(&a->mask, s) != sigismember(&b->mask, s))
            scene_complain("signal %d is not blocked as before", s);
    }
}

static void
compare_manners(const struct manners *a, const struct manners *b)
{
    compare_signals(a, b);
    if (a->umask != b->umask)
        scene_complain("the umask changed");
    if (a->has_cwd != b->has_cwd || !same_file(&a->cwd, &b->cwd))
        scene_complain("the working directory changed");
    for (int fd = 0; fd < DESCRIPTOR_MAX; fd++) {
        if (a->flags[fd] != b->flags[fd] ||
            (a->flags[fd] >= 0 && !same_file(&a->file[fd], &b->file[fd])))
            scene_complain("descriptor %d is not as before", fd);
    }
    if (a->environ != b->environ || a->environ_bytes != b->environ_bytes)
        scene_complain("the environment changed");
}

/* The helper is gone, reaped by us or by the host. */
static void
check_no_child(void)
{
    errno = 0;
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        scene_complain("a child is left");
}

static void
say(struct stage *stage, const char *style, const char *text)
{
    const size_t room = sizeof(stage->talk) - stage->talk_used;
    const int len =
        snprintf(stage->talk + stage->talk_used, room, "%s: %s\n", style, text);

    if (len > 0 && (size_t)len < room)
        stage->talk_used += (size_t)len;
}

/* What follows the prefix, or NULL. */
static const char *
after(const char *text, const char *prefix)
{
    const size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* An allocated answer, after whatever it does besides. */
static char *
make_answer(struct stage *stage, const char *answer)
{
    const char *arg;
    char *text;

    if ((arg = after(answer, "#len:")) != NULL) {
        const size_t len = strtoul(arg, NULL, 10);

        text = malloc(len + 1);
        must(text != NULL, "malloc");
        memset(text, 'x', len);
        text[len] = '\0';
        return text;
    }
    if ((arg = after(answer, "#sleep:")) != NULL)
        (void)usleep((useconds_t)strtoul(arg, NULL, 10) * 1000);
    else if ((arg = after(answer, "#user:")) != NULL)
        (void)pam_set_item(stage->pamh, PAM_USER, arg);
    else if ((arg = after(answer, "#uid:")) != NULL)
        interpose_set_uid("alice", (uid_t)strtoul(arg, NULL, 10));
    text = strdup(arg != NULL ? "x" : answer);
    must(text != NULL, "strdup");
    return text;
}

static int
answer_one(struct stage *stage, struct pam_response **response)
{
    const char *answer = "#fail";

    if (stage->answered < SCENE_ANSWERS &&
        stage->scene->answers[stage->answered] != NULL)
        answer = stage->scene->answers[stage->answered];
    if (strcmp(answer, "#again") == 0)
        answer = "x"; /* whatever is asked from now on */
    else
        stage->answered++;
    if (strcmp(answer, "#fail") == 0)
        return PAM_CONV_ERR;
    if (strcmp(answer, "#null") != 0) {
        *response = calloc(1, sizeof(**response));
        must(*response != NULL, "calloc");
        if (strcmp(answer, "#nothing") != 0)
            (*response)->resp = make_answer(stage, answer);
    }
    if (stage->first_answer_ms == 0)
        stage->first_answer_ms = now_ms();
    return PAM_SUCCESS;
}

static int
converse(int count, const struct pam_message **message,
         struct pam_response **response, void *appdata)
{
    struct stage *stage = appdata;
    const char *text = message[0]->msg;

    *response = NULL;
    must(count == 1, "one message at a time");
    switch (message[0]->msg_style) {
    case PAM_PROMPT_ECHO_OFF:
        say(stage, "off", text);
        return answer_one(stage, response);
    case PAM_PROMPT_ECHO_ON:
        say(stage, "on", text);
        return answer_one(stage, response);
    case PAM_TEXT_INFO:
        say(stage, "info", text);
        return PAM_SUCCESS;
    case PAM_ERROR_MSG:
        say(stage, "error", text);
        return PAM_SUCCESS;
    default:
        return PAM_CONV_ERR;
    }
}

static void
write_line(FILE *file, const char *type, const char *helper,
           const struct scene *scene)
{
    (void)fprintf(file, "%s required %s", type, MODULE);
    if (helper != NULL)
        (void)fprintf(file, " conf=/%s", helper);
    (void)fprintf(file, " %s\n", scene->args == NULL ? "" : scene->args);
}

static void
write_earlier(FILE *file, const char *type, const struct scene *scene)
{
    if (scene->authtok == NULL && scene->old == NULL)
        return;
    (void)fprintf(file, "%s required %s", type, EARLIER);
    if (scene->authtok != NULL)
        (void)fprintf(file, " authtok=%s", scene->authtok);
    if (scene->old != NULL)
        (void)fprintf(file, " old=%s", scene->old);
    (void)fprintf(file, "\n");
}

static void
write_service(const struct stage *stage)
{
    const struct scene *scene = stage->scene;
    FILE *file = fopen(stage->file, "w");

    must(file != NULL, stage->file);
    write_earlier(file, "auth", scene);
    write_line(file, "auth", scene->helper, scene);
    write_line(file, "account",
               scene->account == NULL ? scene->helper : scene->account, scene);
    write_earlier(file, "password", scene);
    write_line(file, "password", scene->helper, scene);
    if (scene->later != NULL) {
        (void)fprintf(file, "password required %s %s\n", EARLIER, scene->later);
    }
    write_line(file, "session", scene->helper, scene);
    must(fclose(file) == 0, stage->file);
    file = fopen(stage->other, "w");
    must(file != NULL && fclose(file) == 0, stage->other);
}

static const char *
service_of(const struct scene *scene)
{
    return scene->service == NULL ? "sshd" : scene->service;
}

static void
start_pam(struct stage *stage)
{
    const struct scene *scene = stage->scene;
    struct pam_conv conv = {converse, stage};
    const char *user = scene->user == NULL ? "alice" : scene->user;

    must(pam_start_confdir(service_of(scene), *user == '\0' ? NULL : user,
                           &conv, stage->dir, &stage->pamh) == PAM_SUCCESS,
         "pam_start_confdir");
    if (scene->rhost != NULL)
        (void)pam_set_item(stage->pamh, PAM_RHOST, scene->rhost);
    if (scene->tty != NULL)
        (void)pam_set_item(stage->pamh, PAM_TTY, scene->tty);
    if (scene->ruser != NULL)
        (void)pam_set_item(stage->pamh, PAM_RUSER, scene->ruser);
}

struct stage *
stage_open(const struct scene *scene)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    must(stage != NULL, "calloc");
    stage->scene = scene;
    (void)snprintf(stage->dir, sizeof(stage->dir), "/tmp/cog-scene-XXXXXX");
    must(mkdtemp(stage->dir) != NULL, stage->dir);
    (void)snprintf(stage->file, sizeof(stage->file), "%s/%s", stage->dir,
                   service_of(scene));
    (void)snprintf(stage->other, sizeof(stage->other), "%s/other", stage->dir);
    write_service(stage);
    start_pam(stage);
    return stage;
}

void
stage_close(struct stage *stage)
{
    (void)pam_end(stage->pamh, PAM_SUCCESS);
    (void)unlink(stage->file);
    (void)unlink(stage->other);
    (void)rmdir(stage->dir);
    free(stage);
}

pam_handle_t *
stage_pam(struct stage *stage)
{
    return stage->pamh;
}

int
stage_call(struct stage *stage, enum scene_phase phase, int flags)
{
    switch (phase) {
    case SCENE_AUTHENTICATE:
        return pam_authenticate(stage->pamh, flags);
    case SCENE_ACCOUNT:
        return pam_acct_mgmt(stage->pamh, flags);
    case SCENE_PASSWORD:
        return pam_chauthtok(stage->pamh, flags);
    case SCENE_SETCRED:
        return pam_setcred(stage->pamh, flags);
    case SCENE_OPEN_SESSION:
        return pam_open_session(stage->pamh, flags);
    case SCENE_CLOSE_SESSION:
        return pam_close_session(stage->pamh, flags);
    }
    return PAM_ABORT;
}

int64_t
stage_since_answer_ms(const struct stage *stage)
{
    return now_ms() - stage->first_answer_ms;
}

/* A copy in which references are REF, as long as they are all the same one. */
static void
without_reference(const char *text, char *copy, size_t size, char ref[5])
{
    static const char *const marks[] = {" ref=", "(ref "};
    char *p;

    (void)snprintf(copy, size, "%s", text);
    for (size_t i = 0; i < COG_COUNT(marks); i++) {
        p = copy;
        while ((p = strstr(p, marks[i])) != NULL) {
            p += strlen(marks[i]);
            if (strspn(p, "0123456789ABCDEF") != 4)
                continue;
            if (*ref == '\0')
                memcpy(ref, p, 4);
            if (memcmp(ref, p, 4) != 0)
                continue;
            memcpy(p, "REF", 3);
            memmove(p + 3, p + 4, strlen(p + 4) + 1);
        }
    }
}

static void
compare_text(const char *what, const char *got, const char *want)
{
    want = want == NULL ? "" : want;
    if (strcmp(got, want) != 0)
        scene_complain("%s:\n%sinstead of:\n%s", what, got, want);
}

static void
compare_time(const struct stage *stage, int64_t from_ms, int64_t until_ms)
{
    const int64_t took_ms =
        until_ms -
        (stage->first_answer_ms == 0 ? from_ms : stage->first_answer_ms);
    const enum scene_time want = stage->scene->time;

    if (want == SCENE_AT_ONCE && took_ms >= AT_ONCE_MS)
        scene_complain("took %lld ms", (long long)took_ms);
    /* The clock is read to the millisecond before the module reads it. */
    if (want == SCENE_FLOOR &&
        (took_ms < FLOOR_MIN_MS || took_ms > FLOOR_MAX_MS))
        scene_complain("took %lld ms after the first answer",
                       (long long)took_ms);
}

static void
compare_words(const struct stage *stage)
{
    static char text[INTERPOSE_LOG_BYTES];
    char ref[5] = "";

    without_reference(interpose_log(), text, sizeof(text), ref);
    compare_text("logged", text, stage->scene->log);
    without_reference(stage->talk, text, sizeof(text), ref);
    compare_text("shown", text, stage->scene->talk);
}

void
stage_play(struct stage *stage, const struct scene *scene)
{
    const unsigned started = interpose_spawns();
    int64_t from_ms;
    int64_t until_ms;
    int status;

    if (scene->host != NULL)
        scene->host();
    note_manners(&stage->before);
    from_ms = now_ms();
    status = stage_call(stage, scene->phase, scene->flags);
    until_ms = now_ms();
    note_manners(&stage->after);

    compare_manners(&stage->before, &stage->after);
    check_no_child();
    if (status != scene->status)
        scene_complain("status %d instead of %d", status, scene->status);
    compare_words(stage);
    compare_time(stage, from_ms, until_ms);
    if (interpose_spawns() - started != scene->starts)
        scene_complain("the helper was started %u times",
                       interpose_spawns() - started);
}

struct job {
    pid_t pid;
    size_t index;
    int fd;
    size_t used;
    char report[4096];
};

static void
start_job(void (*run)(size_t index), size_t index, struct job *job)
{
    int fd[2];

    must(pipe2(fd, O_CLOEXEC) == 0, "pipe2");
    (void)fflush(NULL);
    job->index = index;
    job->used = 0;
    job->fd = fd[0];
    job->pid = fork();
    must(job->pid >= 0, "fork");
    if (job->pid > 0) {
        (void)close(fd[1]);
        return;
    }
    /* Out of the way of tests that count descriptors. */
    report_fd = fcntl(fd[1], F_DUPFD_CLOEXEC, DESCRIPTOR_MAX - 1);
    must(report_fd >= 0, "F_DUPFD_CLOEXEC");
    (void)close(fd[0]);
    (void)close(fd[1]);
    run(index);
    exit(failed ? 1 : 0); /* the leak checker runs here */
}

/* Read what it reports; true when it has ended. */
static bool
follow_job(struct job *job)
{
    const size_t room = sizeof(job->report) - 1 - job->used;
    char rest[256];
    ssize_t n = room > 0 ? read(job->fd, job->report + job->used, room)
                         : read(job->fd, rest, sizeof(rest));

    if (n > 0 && room > 0)
        job->used += (size_t)n;
    job->report[job->used] = '\0';
    return n == 0 || (n < 0 && errno != EINTR);
}

static bool
end_job(struct job *job, const char *name)
{
    int status = 0;

    (void)close(job->fd);
    must(waitpid(job->pid, &status, 0) == job->pid, "waitpid");
    job->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && job->used == 0)
        return true;
    if (WIFSIGNALED(status))
        print_error("%s: ended by signal %d\n", name, WTERMSIG(status));
    print_error("%s: %s\n", name, job->report);
    return false;
}

/* Give every idle place a job. */
static void
fill_places(struct job *jobs, void (*run)(size_t index), size_t count,
            size_t *next)
{
    for (size_t i = 0; i < PROCESSES && *next < count; i++) {
        if (jobs[i].pid == 0)
            start_job(run, (*next)++, &jobs[i]);
    }
}

/* Wait until jobs have something to report; kill those that hang. Returns how
 * many were under way. */
static size_t
wait_for(struct job *jobs, struct pollfd *p)
{
    size_t running = 0;
    int n;

    for (size_t i = 0; i < PROCESSES; i++) {
        const bool runs = jobs[i].pid > 0;

        p[i] = (struct pollfd){runs ? jobs[i].fd : -1, POLLIN, 0};
        running += runs ? 1 : 0;
    }
    n = running > 0 ? poll(p, PROCESSES, SCENE_MS) : 1;
    for (size_t i = 0; i < PROCESSES && n == 0; i++) {
        if (jobs[i].pid > 0)
            (void)kill(jobs[i].pid, SIGKILL);
    }
    return running;
}

void
scene_fork(void (*job)(size_t index), const char *(*name)(size_t index),
           size_t count)
{
    static struct job jobs[PROCESSES];
    struct pollfd p[PROCESSES];
    size_t next = 0;
    size_t bad = 0;

    for (;;) {
        fill_places(jobs, job, count, &next);
        if (wait_for(jobs, p) == 0)
            break;
        for (size_t i = 0; i < PROCESSES; i++) {
            if (p[i].revents != 0 && follow_job(&jobs[i]) &&
                !end_job(&jobs[i], name(jobs[i].index)))
                bad++;
        }
    }
    assert_int_equal(bad, 0);
}

static const struct scene *running_scenes;

static void
run_one(size_t index)
{
    const struct scene *scene = &running_scenes[index];
    struct stage *stage = stage_open(scene);

    stage_play(stage, scene);
    stage_close(stage);
}

static const char *
name_one(size_t index)
{
    return running_scenes[index].name;
}

void
scene_run(const struct scene *scenes, size_t count)
{
    running_scenes = scenes;
    scene_fork(run_one, name_one, count);
}
