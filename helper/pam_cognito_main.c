/* SPDX-License-Identifier: MIT */
/*
 * pam_cognito_main.c - pam-cognito: the administrator's tool.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "config.h"
#include "helper/cache.h"
#include "helper/check_config.h"
#include "helper/recheck_all.h"
#include "helper/terminal.h"
#include "helper/test_user.h"
#include "helper/tool.h"
#include "lib/core/macros.h"
#include "lib/host/config.h"

static const char usage[] =
    "usage: pam-cognito cache list [USER] [-c FILE] [--service NAME] [--json]\n"
    "       pam-cognito cache forget USER [-c FILE] [--service NAME] [--json]\n"
    "       pam-cognito cache purge [-c FILE] [--service NAME] [--json]\n"
    "       pam-cognito check-config [-c FILE] [--json]\n"
    "       pam-cognito recheck [--all] [-c FILE] [--service NAME] [--json]\n"
    "       pam-cognito test USER [-c FILE] [--service NAME] [--json]\n"
    "       pam-cognito --help | --version\n"
    "\n"
    "  cache list    who is bound to which pool user, and what is kept\n"
    "  cache forget  remove all that is kept of USER\n"
    "  cache purge   remove all records: everybody has to sign in again\n"
    "  check-config  report every mistake of the configuration\n"
    "  recheck       whom does the pool no longer accept?\n"
    "  test          sign USER in to the pool without touching any PAM stack\n"
    "\n"
    "      --all           also those the pool was asked about lately\n"
    "  -c, --config FILE   instead of " COG_CONFIG_PATH "\n"
    "      --service NAME  with the keys of this PAM service's section\n"
    "      --json          the result as JSON\n"
    "\n"
    "Exit status: 0 ok, 1 refused, 2 usage, 3 configuration,\n"
    "4 pool or network unavailable, 5 internal error.\n";

struct command {
    const char *name;
    const char *verb; /* the first word behind it, or NULL */
    bool wants_user;
    bool takes_user; /* or does without */
    bool takes_all;
    enum cog_exit (*run)(const struct cog_tool_options *options);
};

static const struct command commands[] = {
    {"cache", "list", false, true, false, cog_cache_list},
    {"cache", "forget", true, true, false, cog_cache_forget},
    {"cache", "purge", false, false, false, cog_cache_purge},
    {"check-config", NULL, false, false, false, cog_check_config_run},
    {"recheck", NULL, false, false, true, cog_recheck_all_run},
    {"test", NULL, true, true, false, cog_test_user_run},
};

/* `verb` may be NULL. */
static const struct command *
find(const char *name, const char *verb)
{
    for (size_t i = 0; i < COG_COUNT(commands); i++) {
        const struct command *c = &commands[i];

        if (strcmp(name, c->name) == 0 &&
            (c->verb == NULL || (verb != NULL && strcmp(verb, c->verb) == 0)))
            return c;
    }
    return NULL;
}

static enum cog_exit
complain(const char *what)
{
    (void)fprintf(stderr, "pam-cognito: %s; try --help\n", what);
    return COG_EXIT_USAGE;
}

/* Options may stand anywhere behind the command. Returns the index of the
 * first word that is none, or -1. */
static int
parse_options(int argc, char **argv, struct cog_tool_options *options)
{
    static const struct option longs[] = {
        {"all", no_argument, NULL, 'a'},
        {"config", required_argument, NULL, 'c'},
        {"service", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0; /* one line is enough */
    while ((option = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
        switch (option) {
        case 'a':
            options->all = true;
            break;
        case 'c':
            options->config_path = optarg;
            break;
        case 's':
            options->service = optarg;
            break;
        case 'j':
            options->json = true;
            break;
        default:
            return -1;
        }
    }
    return optind;
}

/* Only absolute paths are read, so that messages name files in full. */
static int
make_absolute(const char **path, char *buf, size_t size)
{
    char dir[PATH_MAX];
    int len;

    if ((*path)[0] == '/')
        return 0;
    if (getcwd(dir, sizeof(dir)) == NULL)
        return -1;
    len = snprintf(buf, size, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, *path);
    if (len < 0 || (size_t)len >= size)
        return -1;
    *path = buf;
    return 0;
}

/* A typing error would quietly mean "no section". */
static void
check_service(const char *service)
{
    static const char *const dirs[] = {"/etc/pam.d", "/usr/lib/pam.d"};
    char path[PATH_MAX];

    for (size_t i = 0; i < COG_COUNT(dirs); i++) {
        const int len = snprintf(path, sizeof(path), "%s/%s", dirs[i], service);

        if (len > 0 && (size_t)len < sizeof(path) && access(path, F_OK) == 0)
            return;
    }
    cog_tool_say("note: there is no such PAM service", service);
}

static enum cog_exit
run(bool utf8, int argc, char **argv)
{
    struct cog_tool_options options = {
        .config_path = COG_CONFIG_PATH,
        .utf8 = utf8,
    };
    const struct command *command;
    char path[PATH_MAX];
    int word = parse_options(argc, argv, &options);

    if (word < 0)
        return complain("unknown option, or one without its value");
    command = find(argv[0], argv[word]);
    if (command == NULL && strcmp(argv[0], "cache") == 0)
        return complain("cache what? list, forget or purge");
    if (command == NULL)
        return complain("unknown command");
    if (command->verb != NULL)
        word++;
    if (command->wants_user && argc - word != 1)
        return complain("one USER is needed");
    if (argc - word > (command->takes_user ? 1 : 0))
        return complain("too many words");
    if (options.all && !command->takes_all)
        return complain("--all is for recheck");
    if (command->takes_user)
        options.user = argv[word]; /* NULL: none */
    if (make_absolute(&options.config_path, path, sizeof(path)) < 0)
        return complain("the path of FILE is too long");
    if (options.service != NULL)
        check_service(options.service);
    return command->run(&options);
}

int
main(int argc, char **argv)
{
    const bool utf8 = cog_terminal_is_utf8();

    /* Proxies, CA files, key logs: what the configuration does not say does
     * not hold here either. */
    (void)clearenv();
    /* A password that is typed here is in no core file. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (argc < 2)
        return (int)complain("no command");
    if (strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0 ? COG_EXIT_INTERNAL : COG_EXIT_OK;
    if (strcmp(argv[1], "--version") == 0)
        return puts(PACKAGE_STRING) < 0 ? COG_EXIT_INTERNAL : COG_EXIT_OK;
    return (int)run(utf8, argc - 1, argv + 1);
}
