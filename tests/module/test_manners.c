/* SPDX-License-Identifier: MIT */
/*
 * The module in hosts of every kind: it answers right, and leaves the host as
 * it was (stage_play() looks at signals, masks, umask, directory, descriptors,
 * environment and children after every call).
 */
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
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/module/interpose.h"
#include "tests/module/scene.h"

/* What is installed, module and helper. */
#define INSTALLED COG_BUILD_DIR "/pam/.libs/pam_cognito.so"
#define HELPER    COG_BUILD_DIR "/helper/pam-cognito-helper"

static void
must(bool ok, const char *what)
{
    if (!ok)
        scene_complain("%s: %s", what, strerror(errno));
}

static void
children_are_ignored(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    must(sigaction(SIGCHLD, &ignore, NULL) == 0, "sigaction");
}

static void
reap_everything(int signal)
{
    const int e = errno;

    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = e;
}

static void
children_are_reaped(void)
{
    const struct sigaction reap = {.sa_handler = reap_everything};

    must(sigaction(SIGCHLD, &reap, NULL) == 0, "sigaction");
}

static void
children_leave_no_zombies(void)
{
    const struct sigaction none = {.sa_handler = SIG_DFL,
                                   .sa_flags = SA_NOCLDWAIT};

    must(sigaction(SIGCHLD, &none, NULL) == 0, "sigaction");
}

static void
all_signals_are_blocked(void)
{
    sigset_t all;

    (void)sigfillset(&all);
    must(sigprocmask(SIG_BLOCK, &all, NULL) == 0, "sigprocmask");
}

static void
all_signals_are_ignored(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    for (int s = 1; s < NSIG; s++)
        (void)sigaction(s, &ignore, NULL);
}

static void
closed(int fd)
{
    must(close(fd) == 0, "close");
}

static void
no_standard_input(void)
{
    closed(STDIN_FILENO);
}

static void
no_standard_output(void)
{
    closed(STDOUT_FILENO);
    closed(STDERR_FILENO);
}

static void
no_standard_streams(void)
{
    no_standard_input();
    no_standard_output();
}

/* Leave so many descriptors free. */
static void
free_descriptors(int count)
{
    const struct rlimit limit = {64, 64};
    int last = -1;
    int fd;

    must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    while ((fd = dup(STDERR_FILENO)) >= 0)
        last = fd;
    for (int i = 0; i < count; i++)
        closed(last - i);
}

static void
four_descriptors(void)
{
    free_descriptors(4);
}

static void
three_descriptors(void)
{
    free_descriptors(3);
}

static void
two_descriptors(void)
{
    free_descriptors(2);
}

static void
one_descriptor(void)
{
    free_descriptors(1);
}

static void
inheritable_descriptors(void)
{
    for (int i = 0; i < 20; i++)
        must(dup(STDERR_FILENO) >= 0, "dup");
}

static void
no_directory(void)
{
    char dir[] = "/tmp/cog-gone-XXXXXX";

    must(mkdtemp(dir) != NULL && chdir(dir) == 0 && rmdir(dir) == 0, dir);
}

static void
large_environment(void)
{
    static char *entries[10001];

    for (size_t i = 0; i < COG_COUNT(entries) - 1; i++)
        must(asprintf(&entries[i], "NAME%zu=value", i) > 0, "asprintf");
    environ = entries;
}

static void
hostile_environment(void)
{
    static const char *const texts[] = {
        "LD_PRELOAD=/tmp/evil.so", "LD_DEBUG=all",       "LD_LIBRARY_PATH=/tmp",
        "LANGUAGE=../../tmp",      "TEXTDOMAINDIR=/tmp", "PATH=",
        "no equals sign",
    };
    static char *entries[COG_COUNT(texts) + 1];

    for (size_t i = 0; i < COG_COUNT(texts); i++) {
        entries[i] = strdup(texts[i]);
        must(entries[i] != NULL, "strdup");
    }
    environ = entries;
}

static void
odd_umask(void)
{
    (void)umask(0777);
}

static void
tiny_limits(void)
{
    static const __rlimit_resource_t resources[] = {
        RLIMIT_CORE,     RLIMIT_FSIZE,      RLIMIT_MEMLOCK,
        RLIMIT_MSGQUEUE, RLIMIT_SIGPENDING,
    };
    const struct rlimit limit = {0, 0};

    for (size_t i = 0; i < COG_COUNT(resources); i++)
        must(setrlimit(resources[i], &limit) == 0, "setrlimit");
}

#define ALLOWED                                                           \
    "authpriv.info pam_cognito(sshd:auth): result=ok code=PAM_SUCCESS "   \
    "user=alice pool_user=alice@pool sub=sub-1 method=password mfa=totp " \
    "rhost=- reason=\"as the test says\" ref=REF\n"
#define REFUSED(reason)                                                \
    "authpriv.err pam_cognito(sshd:auth): result=refused "             \
    "code=PAM_SYSTEM_ERR user=alice pool_user=- sub=- method=- mfa=- " \
    "rhost=- reason=\"" reason "\" ref=REF\n"
#define INTERNAL                                                        \
    "error: Sign-in failed on this host. Tell its administrator. (ref " \
    "REF)\n"

/* A sign-in that must succeed, whose helper finds nothing of the host's. */
#define SUCCEEDS(prepare)                                                   \
    {                                                                       \
        .name = #prepare, .host = prepare,                                  \
        .helper = "inspect/ready:5000/ask:password/want:hunter2/say:ok",    \
        .answers = {"hunter2"}, .status = PAM_SUCCESS,                      \
        .talk = "off: Password: \n", .log = ALLOWED, .time = SCENE_AT_ONCE, \
        .starts = 1                                                         \
    }
/* One whose helper hangs and must be killed. */
#define KILLS(prepare)                                                        \
    {                                                                         \
        .name = #prepare ", and the helper hangs", .host = prepare,           \
        .helper = "ready:1/stop", .status = PAM_SYSTEM_ERR, .talk = INTERNAL, \
        .log = REFUSED("no answer in time"), .starts = 1                      \
    }

static const struct scene hosts[] = {
    SUCCEEDS(children_are_ignored),
    SUCCEEDS(children_are_reaped),
    SUCCEEDS(children_leave_no_zombies),
    SUCCEEDS(all_signals_are_blocked),
    SUCCEEDS(all_signals_are_ignored),
    SUCCEEDS(no_standard_input),
    SUCCEEDS(no_standard_output),
    SUCCEEDS(no_standard_streams),
    SUCCEEDS(four_descriptors),
    SUCCEEDS(three_descriptors),
    SUCCEEDS(two_descriptors),
    SUCCEEDS(inheritable_descriptors),
    SUCCEEDS(no_directory),
    SUCCEEDS(large_environment),
    SUCCEEDS(hostile_environment),
    SUCCEEDS(odd_umask),
    SUCCEEDS(tiny_limits),
    KILLS(children_are_ignored),
    KILLS(children_are_reaped),
    KILLS(children_leave_no_zombies),
    KILLS(all_signals_are_blocked),
    KILLS(all_signals_are_ignored),
    KILLS(no_standard_streams),
    KILLS(two_descriptors),
    {
        .name = "one descriptor is too few",
        .host = one_descriptor,
        .helper = "say:ok",
        .status = PAM_SYSTEM_ERR,
        .talk = INTERNAL,
        .log = REFUSED("socketpair: Too many open files"),
        .time = SCENE_AT_ONCE,
    },
};

static void
every_host_is_served(void **state)
{
    (void)state;
    scene_run(hosts, COG_COUNT(hosts));
}

static unsigned
open_descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

static void
no_child_is_left(void)
{
    errno = 0;
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        scene_complain("a child is left");
}

static const char *
only_name(size_t index COG_UNUSED)
{
    return "it";
}

/* A long-lived host signs in many people, each in a handle of his own. */
static void
sign_in_500_times(size_t index COG_UNUSED)
{
    static const struct scene scene = {
        .helper = "ask:password/want:hunter2/say:ok",
        .answers = {"hunter2"},
    };
    unsigned descriptors = 0;

    for (int i = 0; i < 500 && !scene_failed(); i++) {
        struct stage *stage = stage_open(&scene);

        if (stage_call(stage, SCENE_AUTHENTICATE, 0) != PAM_SUCCESS ||
            stage_call(stage, SCENE_ACCOUNT, 0) != PAM_SUCCESS)
            scene_complain("sign-in %d failed", i);
        stage_close(stage);
        no_child_is_left();
        if (i == 0)
            descriptors = open_descriptors();
    }
    if (open_descriptors() != descriptors)
        scene_complain("%u descriptors instead of %u", open_descriptors(),
                       descriptors);
}

static void
a_host_lives_long(void **state)
{
    (void)state;
    scene_fork(sign_in_500_times, only_name, 1);
}

#define THREADS 8

static const struct {
    struct scene scene;
    int status;
} crowd[THREADS] = {
#define IN(who)                                                   \
    {                                                             \
        {.user = who,                                             \
         .helper = "ready:9000/ask:password/want:" who "/say:ok", \
         .answers = {who}},                                       \
            PAM_SUCCESS                                           \
    }
#define OUT(who)                                                       \
    {                                                                  \
        {.user = who, .helper = "ready:9000/say:denied"}, PAM_AUTH_ERR \
    }
#define GONE(who)                                       \
    {                                                   \
        {.user = who, .helper = "kill"}, PAM_SYSTEM_ERR \
    }
    IN("alice"), IN("bob"), OUT("alice"), GONE("bob"),
    OUT("bob"),  IN("bob"), IN("first"),  GONE("alice"),
#undef IN
#undef OUT
#undef GONE
};

static void *
sign_in_often(void *ctx)
{
    const size_t index = (size_t)(uintptr_t)ctx;

    for (int i = 0; i < 20; i++) {
        struct stage *stage = stage_open(&crowd[index].scene);
        const int status = stage_call(stage, SCENE_AUTHENTICATE, 0);

        if (status != crowd[index].status)
            scene_complain("thread %zu: status %d instead of %d", index, status,
                           crowd[index].status);
        stage_close(stage);
    }
    return NULL;
}

static void
sign_in_at_once(size_t index COG_UNUSED)
{
    const unsigned descriptors = open_descriptors();
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        must(pthread_create(&threads[i], NULL, sign_in_often,
                            (void *)(uintptr_t)i) == 0,
             "pthread_create");
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    no_child_is_left();
    if (open_descriptors() != descriptors)
        scene_complain("%u descriptors instead of %u", open_descriptors(),
                       descriptors);
}

static void
threads_do_not_mix(void **state)
{
    (void)state;
    scene_fork(sign_in_at_once, only_name, 1);
}

/*
 * The real helper serves root only: copied to where a plain user may run it,
 * and run as one.
 */
static char helper_copy[] = "/tmp/cog-helper-XXXXXX";

static void
as_a_plain_user(void)
{
    const int in = open(HELPER, O_RDONLY);
    const int out = mkstemp(helper_copy);
    struct stat st = {0};

    if (in < 0 || out < 0 || fstat(in, &st) < 0 ||
        sendfile(out, in, NULL, (size_t)st.st_size) != st.st_size ||
        fchmod(out, 0755) < 0)
        scene_complain("%s: cannot be copied", helper_copy);
    (void)close(in);
    (void)close(out);
    interpose_spawn(helper_copy);
    if (geteuid() == 0 && seteuid(65534) < 0)
        scene_complain("seteuid");
}

static void
a_plain_application(size_t index COG_UNUSED)
{
    static const struct scene scene = {
        .host = as_a_plain_user,
        .status = PAM_AUTHINFO_UNAVAIL,
        .talk = "error: The sign-in service cannot be used right now. Try "
                "again later. (ref REF)\n",
        .log = "authpriv.notice pam_cognito(sshd:auth): result=refused "
               "code=PAM_AUTHINFO_UNAVAIL user=alice pool_user=- sub=- "
               "method=- mfa=- rhost=- reason=\"the application does not run "
               "as root, and only root can sign people in\" ref=REF\n",
        .starts = 1,
    };
    struct stage *stage = stage_open(&scene);

    stage_play(stage, &scene);
    if (getuid() == 0 && seteuid(0) < 0)
        scene_complain("seteuid");
    stage_close(stage);
    (void)unlink(helper_copy);
}

static void
the_helper_serves_root(void **state)
{
    (void)state;
    scene_fork(a_plain_application, only_name, 1);
}

/* libpam loads and unloads its modules with every handle. */
static void
load_1000_times(size_t index COG_UNUSED)
{
    const unsigned descriptors = open_descriptors();

    for (int i = 0; i < 1000 && !scene_failed(); i++) {
        void *module = dlopen(INSTALLED, RTLD_NOW | RTLD_LOCAL);

        if (module == NULL) {
            scene_complain("%s", dlerror());
            return;
        }
        if (dlsym(module, "pam_sm_authenticate") == NULL ||
            dlsym(module, "cog_fail") != NULL)
            scene_complain("other symbols than expected");
        (void)dlclose(module);
        if (dlopen(INSTALLED, RTLD_NOW | RTLD_NOLOAD) != NULL)
            scene_complain("the module stays");
    }
    if (open_descriptors() != descriptors)
        scene_complain("descriptors are left");
}

static void
the_module_comes_and_goes(void **state)
{
    (void)state;
    scene_fork(load_1000_times, only_name, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_host_is_served),
        cmocka_unit_test(a_host_lives_long),
        cmocka_unit_test(threads_do_not_mix),
        cmocka_unit_test(the_helper_serves_root),
        cmocka_unit_test(the_module_comes_and_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
