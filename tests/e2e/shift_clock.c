/* SPDX-License-Identifier: MIT */
/*
 * shift_clock.c - another time for the helper, from /etc/ld.so.preload.
 *
 * Loaded into every program of the private host, it leaves all but the helper
 * alone. The file it reads has two numbers: how many seconds CLOCK_REALTIME and
 * CLOCK_BOOTTIME differ from the machine's. CLOCK_MONOTONIC, by which waits are
 * measured, and the kernel's own timers stay.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SHIFTS  "/etc/shift_clock"
#define SHIFTED "pam-cognito-helper"

static long shift_real;
static long shift_boot;

__attribute__((constructor)) static void
read_shifts(void)
{
    FILE *file = NULL;

    if (strcmp(program_invocation_short_name, SHIFTED) != 0)
        return;
    file = fopen(SHIFTS, "re");
    if (file == NULL)
        return;
    if (fscanf(file, "%ld %ld", &shift_real, &shift_boot) != 2)
        shift_real = shift_boot = 0;
    (void)fclose(file);
}

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
    if (syscall(SYS_clock_gettime, clock, ret) < 0)
        return -1;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        ret->tv_sec += shift_real;
    else if (clock == CLOCK_BOOTTIME)
        ret->tv_sec += shift_boot;
    return 0;
}

time_t
time(time_t *ret)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL)
        *ret = now.tv_sec;
    return now.tv_sec;
}
