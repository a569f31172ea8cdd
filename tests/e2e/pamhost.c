/* SPDX-License-Identifier: MIT */
/*
 * pamhost.c - a PAM application in unusual circumstances.
 *
 *   pamhost [-s SERVICE] [-u USER] [-U USER] [-i FILE] [-c CONDITION]...
 *           [-n TIMES] [-q] PHASE...
 *
 * Answers prompts with the lines of FILE, runs the phases (auth, account,
 * setcred, open, close, chauthtok) and prints what each answered, every
 * message, and "changed WHAT" for whatever is not afterwards as it was before
 * in this process. -U sets another PAM_USER for the account phase, as a module
 * in between could. With -n the whole is repeated, and "grown ..." compares
 * memory and descriptors. -q passes PAM_SILENT.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DESCRIPTORS  1024
#define ANSWERS      16
#define CONDITIONS   8
#define PHASES       8
#define WARM_UP      20 /* rounds before memory is measured */
#define FULL_TABLE   64 /* descriptors, for conditions that use them up */
#define LEAKED_FIRST 20
#define LEAKED_LAST  50
#define PAGE_KIB     4
#define MS_PER_S     1000
#define NS_PER_MS    1000000

extern char **environ;

struct options {
    const char *service;
    const char *user;
    const char *account_user;
    const char *answer_file;
    const char *condition[CONDITIONS];
    int conditions;
    const char *phase[PHASES];
    int phases;
    long times;
    int flags;
};

/* What a module must leave alone. */
struct state {
    mode_t umask;
    char cwd[512];
    struct sigaction action[NSIG];
    sigset_t mask;
    unsigned long environment;
    uid_t uid[3];
    struct rlimit limit[RLIMIT_NLIMITS];
    struct itimerval timer;
    struct {
        bool open;
        dev_t dev;
        ino_t ino;
        int flags;
    } fd[DESCRIPTORS];
};

static FILE *out;
static char *answers[ANSWERS];
static int answer_count;
static int next_answer;
static long first_answer_ms;

static long
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * MS_PER_S + t.tv_nsec / NS_PER_MS;
}

static void
die(const char *what)
{
    fprintf(stderr, "pamhost: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ------------------------------------------------------------ conversation */

static void
read_answers(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t size = 0;

    if (file == NULL)
        die(path);
    while (answer_count < ANSWERS) {
        ssize_t len = getline(&answers[answer_count], &size, file);

        if (len < 0)
            break;
        if (len > 0 && answers[answer_count][len - 1] == '\n')
            answers[answer_count][len - 1] = '\0';
        answer_count++;
        size = 0;
    }
    (void)fclose(file);
}

static void
print_message(const char *kind, const char *text)
{
    fprintf(out, "%s ", kind);
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            fputs("\\n", out);
        else
            fputc(*text, out);
    }
    fputc('\n', out);
}

/* "(null)" is an application that answers nothing, as on Ctrl-D. */
static int
answer_one(struct pam_response *response)
{
    const char *answer;

    if (next_answer == answer_count)
        return PAM_CONV_ERR;
    answer = answers[next_answer++];
    if (first_answer_ms == 0)
        first_answer_ms = now_ms();
    if (strcmp(answer, "(null)") == 0)
        return PAM_SUCCESS;
    response->resp = strdup(answer);
    return response->resp == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

static int
converse(int count, const struct pam_message **message,
         struct pam_response **ret, void *ctx)
{
    struct pam_response *response = calloc((size_t)count, sizeof(*response));

    (void)ctx;
    if (response == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        int status = PAM_SUCCESS;

        switch (message[i]->msg_style) {
        case PAM_PROMPT_ECHO_OFF:
            print_message("ask-hidden", message[i]->msg);
            status = answer_one(&response[i]);
            break;
        case PAM_PROMPT_ECHO_ON:
            print_message("ask-shown", message[i]->msg);
            status = answer_one(&response[i]);
            break;
        case PAM_ERROR_MSG:
            print_message("error", message[i]->msg);
            break;
        default:
            print_message("info", message[i]->msg);
            break;
        }
        if (status != PAM_SUCCESS) {
            free(response);
            return status;
        }
    }
    *ret = response;
    return PAM_SUCCESS;
}

/* -------------------------------------------------------------- conditions */

static void
set_limit(__rlimit_resource_t resource, rlim_t value)
{
    const struct rlimit limit = {value, value};

    if (setrlimit(resource, &limit) < 0)
        die("setrlimit");
}

static void
reap_all(int number)
{
    int saved = errno;

    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = saved;
}

static void
sigchld_ignored(void)
{
    (void)signal(SIGCHLD, SIG_IGN);
}

static void
sigchld_handled(void)
{
    const struct sigaction action = {.sa_handler = reap_all,
                                     .sa_flags = SA_RESTART};

    (void)sigaction(SIGCHLD, &action, NULL);
}

static void
all_signals_blocked(void)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
}

static void
no_stdio(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        (void)close(fd);
}

/* Use up all descriptors but some. */
static void
leave_descriptors(int left)
{
    int fd = -1;
    int last = -1;

    set_limit(RLIMIT_NOFILE, FULL_TABLE);
    while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        last = fd;
    while (left-- > 0)
        (void)close(last--);
}

static void
no_descriptor(void)
{
    leave_descriptors(0);
}

static void
one_descriptor(void)
{
    leave_descriptors(1);
}

static void
two_descriptors(void)
{
    leave_descriptors(2);
}

static void
three_descriptors(void)
{
    leave_descriptors(3);
}

/* Many, without close-on-exec: a helper must inherit none of them. */
static void
leaked_descriptors(void)
{
    int fd = open("/etc/shadow", O_RDONLY);

    for (int i = LEAKED_FIRST; i <= LEAKED_LAST; i++)
        (void)dup2(fd, i);
}

static void
nofile_8(void)
{
    set_limit(RLIMIT_NOFILE, 8);
}

static void
as_64m(void)
{
    set_limit(RLIMIT_AS, (rlim_t)64 << 20);
}

static void
fsize_0(void)
{
    set_limit(RLIMIT_FSIZE, 0);
}

static void
stack_256k(void)
{
    set_limit(RLIMIT_STACK, (rlim_t)256 << 10);
}

static void
cpu_1s(void)
{
    set_limit(RLIMIT_CPU, 1);
}

static void
memlock_0(void)
{
    set_limit(RLIMIT_MEMLOCK, 0);
}

static void
umask_0777(void)
{
    (void)umask(0777);
}

static void
umask_0(void)
{
    (void)umask(0);
}

static void
deleted_directory(void)
{
    char name[] = "/tmp/pamhost-XXXXXX";

    if (mkdtemp(name) == NULL || chdir(name) < 0 || rmdir(name) < 0)
        die(name);
}

static const struct {
    const char *name;
    void (*make)(void);
} conditions[] = {
    {"sigchld-ignored", sigchld_ignored},
    {"sigchld-handled", sigchld_handled},
    {"all-signals-blocked", all_signals_blocked},
    {"no-stdio", no_stdio},
    {"no-descriptor", no_descriptor},
    {"one-descriptor", one_descriptor},
    {"two-descriptors", two_descriptors},
    {"three-descriptors", three_descriptors},
    {"leaked-descriptors", leaked_descriptors},
    {"nofile-8", nofile_8},
    {"as-64m", as_64m},
    {"fsize-0", fsize_0},
    {"stack-256k", stack_256k},
    {"cpu-1s", cpu_1s},
    {"memlock-0", memlock_0},
    {"umask-0777", umask_0777},
    {"umask-0", umask_0},
    {"deleted-directory", deleted_directory},
};

static void
make_condition(const char *name)
{
    for (size_t i = 0; i < COUNT(conditions); i++) {
        if (strcmp(conditions[i].name, name) == 0) {
            conditions[i].make();
            return;
        }
    }
    errno = EINVAL;
    die(name);
}

/* ------------------------------------------------------ before and after */

static unsigned long
hash_environment(void)
{
    unsigned long hash = 5381;

    for (char **entry = environ; *entry != NULL; entry++) {
        for (const char *p = *entry; *p != '\0'; p++)
            hash = hash * 33 + (unsigned char)*p;
        hash = hash * 33 + '\n';
    }
    return hash;
}

static void
look_at_descriptors(struct state *state)
{
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        struct stat st;

        state->fd[fd].open = fstat(fd, &st) == 0;
        if (!state->fd[fd].open)
            continue;
        state->fd[fd].dev = st.st_dev;
        state->fd[fd].ino = st.st_ino;
        state->fd[fd].flags = fcntl(fd, F_GETFD) << 16 | fcntl(fd, F_GETFL);
    }
}

/* No descriptor is needed, so that a full table can be looked at too. */
static void
look(struct state *state)
{
    ssize_t len;

    memset(state, 0, sizeof(*state));
    state->umask = umask(0);
    (void)umask(state->umask);
    len = readlink("/proc/self/cwd", state->cwd, sizeof(state->cwd) - 1);
    state->cwd[len < 0 ? 0 : len] = '\0';
    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, NULL, &state->action[i]);
    (void)sigprocmask(SIG_BLOCK, NULL, &state->mask);
    state->environment = hash_environment();
    (void)getresuid(&state->uid[0], &state->uid[1], &state->uid[2]);
    for (int i = 0; i < RLIMIT_NLIMITS; i++)
        (void)getrlimit((__rlimit_resource_t)i, &state->limit[i]);
    (void)getitimer(ITIMER_REAL, &state->timer);
    look_at_descriptors(state);
}

static void
compare(const struct state *before, const struct state *after)
{
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        if (memcmp(&before->fd[fd], &after->fd[fd], sizeof(before->fd[fd])) !=
            0)
            fprintf(out, "changed descriptor %d\n", fd);
    }
    for (int i = 1; i < NSIG; i++) {
        if (before->action[i].sa_handler != after->action[i].sa_handler ||
            before->action[i].sa_flags != after->action[i].sa_flags)
            fprintf(out, "changed signal %d\n", i);
        if (sigismember(&before->mask, i) != sigismember(&after->mask, i))
            fprintf(out, "changed mask of signal %d\n", i);
    }
    if (before->umask != after->umask)
        fprintf(out, "changed umask\n");
    if (strcmp(before->cwd, after->cwd) != 0)
        fprintf(out, "changed directory\n");
    if (before->environment != after->environment)
        fprintf(out, "changed environment\n");
    if (memcmp(before->uid, after->uid, sizeof(before->uid)) != 0)
        fprintf(out, "changed uid\n");
    if (memcmp(before->limit, after->limit, sizeof(before->limit)) != 0)
        fprintf(out, "changed limits\n");
    if (memcmp(&before->timer, &after->timer, sizeof(before->timer)) != 0)
        fprintf(out, "changed timer\n");
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        fprintf(out, "changed children\n");
}

/* Promise 2 of the design: none of these because of us. */
static void
check_libraries(void)
{
    static const char *const names[] = {"libcurl", "libcrypto.so.3", "libssl",
                                        "libjansson"};
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[1024];

    if (maps == NULL)
        return; /* no descriptor left; other runs look */
    while (fgets(line, sizeof(line), maps) != NULL) {
        for (size_t i = 0; i < COUNT(names); i++) {
            if (strstr(line, names[i]) != NULL)
                fprintf(out, "changed libraries: %s", line);
        }
    }
    (void)fclose(maps);
}

/* ------------------------------------------------------------------ phases */

static int
run_phase(pam_handle_t *pamh, const char *phase, int flags)
{
    if (strcmp(phase, "auth") == 0)
        return pam_authenticate(pamh, flags);
    if (strcmp(phase, "account") == 0)
        return pam_acct_mgmt(pamh, flags);
    if (strcmp(phase, "setcred") == 0)
        return pam_setcred(pamh, flags);
    if (strcmp(phase, "open") == 0)
        return pam_open_session(pamh, flags);
    if (strcmp(phase, "close") == 0)
        return pam_close_session(pamh, flags);
    if (strcmp(phase, "chauthtok") == 0)
        return pam_chauthtok(pamh, flags);
    errno = EINVAL;
    die(phase);
    return PAM_ABORT;
}

static const char *
name_of(int status)
{
    static const struct {
        int status;
        const char *name;
    } names[] = {
#define NAME(status) {status, #status}
        NAME(PAM_SUCCESS),      NAME(PAM_OPEN_ERR),
        NAME(PAM_SERVICE_ERR),  NAME(PAM_SYSTEM_ERR),
        NAME(PAM_BUF_ERR),      NAME(PAM_PERM_DENIED),
        NAME(PAM_AUTH_ERR),     NAME(PAM_AUTHINFO_UNAVAIL),
        NAME(PAM_USER_UNKNOWN), NAME(PAM_MAXTRIES),
        NAME(PAM_ACCT_EXPIRED), NAME(PAM_CONV_ERR),
        NAME(PAM_AUTHTOK_ERR),  NAME(PAM_IGNORE),
        NAME(PAM_CRED_ERR),     NAME(PAM_NEW_AUTHTOK_REQD),
        NAME(PAM_ABORT),        NAME(PAM_MODULE_UNKNOWN),
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        if (names[i].status == status)
            return names[i].name;
    }
    return "another status";
}

/* Prints each phase: its answer, and milliseconds since the first answer. */
static int
run_phases(pam_handle_t *pamh, const struct options *o)
{
    int status = PAM_SUCCESS;

    for (int i = 0; i < o->phases; i++) {
        long begun_ms = now_ms();

        first_answer_ms = 0;
        if (o->account_user != NULL && strcmp(o->phase[i], "account") == 0)
            (void)pam_set_item(pamh, PAM_USER, o->account_user);
        status = run_phase(pamh, o->phase[i], o->flags);
        if (first_answer_ms != 0)
            begun_ms = first_answer_ms;
        fprintf(out, "%s %s %ld\n", o->phase[i], name_of(status),
                now_ms() - begun_ms);
    }
    return status;
}

static int
run_once(const struct options *o)
{
    static struct state before;
    static struct state after;
    const struct pam_conv conv = {converse, NULL};
    pam_handle_t *pamh = NULL;
    int status;

    next_answer = 0;
    if (pam_start(o->service, o->user, &conv, &pamh) != PAM_SUCCESS)
        die("pam_start");
    (void)pam_set_item(pamh, PAM_RHOST, "192.0.2.7");
    for (int i = 0; i < o->conditions; i++)
        make_condition(o->condition[i]);
    look(&before);
    status = run_phases(pamh, o);
    look(&after);
    compare(&before, &after);
    check_libraries();
    (void)pam_end(pamh, status);
    return status;
}

/* ------------------------------------------------------------------ repeat */

static long
resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        die("statm");
    (void)fclose(file);
    return pages * PAGE_KIB;
}

static int
open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void
run_many(const struct options *o)
{
    FILE *real = out;
    long resident = 0;
    long good = 0;
    int descriptors = 0;

    out = fopen("/dev/null", "w");
    if (out == NULL)
        die("/dev/null");
    for (long i = 0; i < o->times; i++) {
        if (i == WARM_UP) {
            resident = resident_kib();
            descriptors = open_descriptors();
        }
        good += run_once(o) == PAM_SUCCESS;
    }
    fprintf(real, "succeeded %ld\n", good);
    fprintf(real, "grown kib %ld\n", resident_kib() - resident);
    fprintf(real, "grown descriptors %d\n", open_descriptors() - descriptors);
    (void)fflush(real);
}

static void
parse(int argc, char **argv, struct options *o)
{
    int c;

    while ((c = getopt(argc, argv, "s:u:U:i:c:n:q")) != -1) {
        if (c == 's')
            o->service = optarg;
        else if (c == 'u')
            o->user = optarg;
        else if (c == 'U')
            o->account_user = optarg;
        else if (c == 'i')
            o->answer_file = optarg;
        else if (c == 'c' && o->conditions < CONDITIONS)
            o->condition[o->conditions++] = optarg;
        else if (c == 'n')
            o->times = strtol(optarg, NULL, 10);
        else if (c == 'q')
            o->flags = (int)PAM_SILENT;
        else
            exit(2);
    }
    while (optind < argc && o->phases < PHASES)
        o->phase[o->phases++] = argv[optind++];
}

int
main(int argc, char **argv)
{
    struct options o = {.service = "e2e", .times = 1};
    int fd = fcntl(STDOUT_FILENO, F_DUPFD, STDERR_FILENO + 1);

    parse(argc, argv, &o);
    out = fdopen(fd, "w");
    if (out == NULL)
        die("stdout");
    if (o.answer_file != NULL)
        read_answers(o.answer_file);
    /* glibc keeps its connection to the log: let it not look like ours. */
    openlog("pamhost", LOG_NDELAY, LOG_AUTHPRIV);
    if (o.times > 1)
        run_many(&o);
    else
        (void)run_once(&o);
    (void)fflush(out);
    return 0;
}
