/* SPDX-License-Identifier: MIT */
/*
 * tests/vectors FILE - run the cases of a file of known answers.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/vectors.h"

static const struct {
    const char *name;
    void (*run)(const json_t *section, struct vectors_count *count);
} sections[] = {
    {"srp_user", vectors_srp_user},
    {"srp_device", vectors_srp_device},
    {"srp_reject", vectors_srp_reject},
    {"timestamp", vectors_timestamp},
    {"secret_hash", vectors_secret_hash},
    {"basic_auth", vectors_basic_auth},
    {"pkce", vectors_pkce},
    {"pkce_from_octets", vectors_pkce},
    {"pkce_invalid", vectors_pkce},
    {"jwt", vectors_jwt},
    {"error_parse", vectors_error_parse},
    {"otpauth_uri", vectors_otpauth_uri},
    {"endpoints", vectors_endpoints},
    {"pool_id_parse", vectors_pool_id_parse},
};

const char *
vectors_string(const json_t *one_case, const char *name)
{
    const char *value = json_string_value(json_object_get(one_case, name));

    if (value == NULL)
        (void)fprintf(stderr, "no string '%s' in a case\n", name);
    return value == NULL ? "" : value;
}

static void
print_identity(const json_t *one_case)
{
    static const char *const keys[] = {"id", "name", "why"};

    for (size_t i = 0; i < COG_COUNT(keys); i++) {
        const char *value =
            json_string_value(json_object_get(one_case, keys[i]));

        if (value != NULL && *value != '\0')
            (void)printf(" %s:", value);
    }
}

void
vectors_check(struct vectors_count *count, const json_t *one_case, bool ok,
              const char *fmt, ...)
{
    va_list ap;

    if (ok) {
        count->passed++;
        return;
    }
    count->failed++;
    (void)printf("FAILED");
    print_identity(one_case);
    (void)printf(" ");
    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
    (void)printf("\n");
}

/* Run a section if we know it. One without a case is a failure: an empty list
 * must not pass for a tested one. */
static void
run_section(const char *name, const json_t *section,
            struct vectors_count *total)
{
    for (size_t i = 0; i < COG_COUNT(sections); i++) {
        struct vectors_count count = {0, 0};

        if (strcmp(sections[i].name, name) != 0)
            continue;
        sections[i].run(section, &count);
        if (count.passed + count.failed == 0)
            vectors_check(&count, NULL, false, "%s: no case in it", name);
        total->passed += count.passed;
        total->failed += count.failed;
        return;
    }
    (void)fprintf(stderr, "not run: %s\n", name);
}

static int
run_file(const char *path, struct vectors_count *total)
{
    json_error_t why;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    const char *name;
    json_t *section;

    if (!json_is_object(file)) {
        (void)fprintf(stderr, "%s: %s\n", path,
                      file == NULL ? why.text : "not an object");
        json_decref(file);
        return -1;
    }
    json_object_foreach(file, name, section) run_section(name, section, total);
    json_decref(file);
    return 0;
}

int
main(int argc, char **argv)
{
    struct vectors_count total = {0, 0};

    if (argc != 2) {
        (void)fprintf(stderr, "usage: vectors FILE\n");
        return 2;
    }
    if (run_file(argv[1], &total) < 0)
        return 1;
    (void)printf("%u passed, %u failed\n", total.passed, total.failed);
    return total.failed > 0 || total.passed == 0;
}
