/* SPDX-License-Identifier: MIT */
/*
 * pam_cognito_main.c - pam-cognito: the administrator's tool.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "helper/check_config.h"
#include "helper/terminal.h"
#include "helper/test_user.h"
#include "helper/tool.h"
#include "lib/core/macros.h"
#include "lib/host/config.h"

static const char usage[] =
    "usage: pam-cognito check-config [-c FILE] [--json]\n"
    "       pam-cognito test USER [-c FILE] [--service NAME] [--json]\n"
    "       pam-cognito --help | --version\n"
    "\n"
    "  check-config  report every mistake of the configuration\n"
    "  test          sign USER in to the pool without touching any PAM stack\n"
    "\n"
    "  -c, --config FILE   instead of " COG_CONFIG_PATH "\n"
    "      --service NAME  with the keys of this PAM service's section\n"
    "      --json          the result as JSON\n"
    "\n"
    "Exit status: 0 ok, 1 refused, 2 usage, 3 configuration,\n"
    "4 pool or network unavailable, 5 internal error.\n";

static const struct {
    const char *name;
    bool wants_user;
    enum cog_exit (*run)(const struct cog_tool_options *options);
} commands[] = {
    {"check-config", false, cog_check_config_run},
    {"test", true, cog_test_user_run},
};

static enum cog_exit
complain(const char *what)
{
    (void)fprintf(stderr, "pam-cognito: %s\n%s", what, usage);
    return COG_EXIT_USAGE;
}

/* Options may stand anywhere behind the command. Returns the index of the
 * first word that is none, or -1. */
static int
parse_options(int argc, char **argv, struct cog_tool_options *options)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'},
        {"service", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
        switch (option) {
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
    len = snprintf(buf, size, "%s/%s", dir, *path);
    if (len < 0 || (size_t)len >= size)
        return -1;
    *path = buf;
    return 0;
}

static enum cog_exit
run(size_t command, bool utf8, int argc, char **argv)
{
    struct cog_tool_options options = {
        .config_path = COG_CONFIG_PATH,
        .utf8 = utf8,
    };
    char path[PATH_MAX];
    const int first = parse_options(argc, argv, &options);

    if (first < 0)
        return complain("unknown option");
    if (argc - first != (commands[command].wants_user ? 1 : 0)) {
        return complain(commands[command].wants_user ? "one USER is needed"
                                                     : "too many words");
    }
    if (commands[command].wants_user)
        options.user = argv[first];
    if (make_absolute(&options.config_path, path, sizeof(path)) < 0)
        return complain("the path of FILE is too long");
    return commands[command].run(&options);
}

int
main(int argc, char **argv)
{
    const bool utf8 = cog_terminal_is_utf8();

    /* Proxies, CA files, key logs: what the configuration does not say does
     * not hold here either. */
    (void)clearenv();
    if (argc < 2)
        return (int)complain("no command");
    if (strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0 ? COG_EXIT_INTERNAL : COG_EXIT_OK;
    if (strcmp(argv[1], "--version") == 0)
        return puts(PACKAGE_STRING) < 0 ? COG_EXIT_INTERNAL : COG_EXIT_OK;
    for (size_t i = 0; i < COG_COUNT(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return (int)run(i, utf8, argc - 1, argv + 1);
    }
    return (int)complain("unknown command");
}
