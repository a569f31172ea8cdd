/* SPDX-License-Identifier: MIT */
/*
 * replay_main - run a fuzz target over its corpus without a fuzzer, so that
 * `make check` does it with any compiler:
 *
 *     replay_NAME DIRECTORY...
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Corpus files are small; a larger one is a mistake. */
#define INPUT_MAX ((size_t)1024 * 1024)

/* Each input in memory of exactly its size, so that a read past its end is
 * seen by the sanitizers. */
static int
replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    uint8_t *data = NULL;
    int rc = -1;

    if (file == NULL || fstat(fileno(file), &st) < 0 ||
        (size_t)st.st_size > INPUT_MAX)
        goto out;
    data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
    if (data == NULL ||
        fread(data, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
        goto out;
    (void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
    rc = 0;

out:
    if (rc < 0)
        (void)fprintf(stderr, "%s: cannot be read\n", path);
    free(data);
    if (file != NULL)
        (void)fclose(file);
    return rc;
}

/* Replay what is in a directory, but for hidden files. */
static int
replay_directory(const char *path, unsigned *count)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    char name[4096];
    int rc = 0;

    if (dir == NULL) {
        perror(path);
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (replay_file(name) < 0)
            rc = -1;
        (*count)++;
    }
    (void)closedir(dir);
    return rc;
}

int
main(int argc, char **argv)
{
    unsigned count = 0;
    int rc = 0;

    for (int i = 1; i < argc; i++) {
        if (replay_directory(argv[i], &count) < 0)
            rc = -1;
    }
    (void)printf("%u inputs replayed\n", count);
    return rc < 0 || count == 0;
}
