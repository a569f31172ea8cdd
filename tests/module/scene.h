/* SPDX-License-Identifier: MIT */
/*
 * scene.h - one PAM call as an application makes it, written as data.
 *
 * Each scene runs in a process of its own, through the real libpam with a
 * configuration directory of its own, and says everything that must come of
 * it: the PAM status, what the user saw, what was logged, how long it took.
 * Afterwards the host process must be as it was.
 */
#ifndef COG_TESTS_SCENE_H
#define COG_TESTS_SCENE_H

#include <security/pam_appl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/core/macros.h"

#define SCENE_ANSWERS 6

enum scene_phase {
    SCENE_AUTHENTICATE,
    SCENE_ACCOUNT,
    SCENE_PASSWORD,
    SCENE_SETCRED,
    SCENE_OPEN_SESSION,
    SCENE_CLOSE_SESSION
};

/* How long the call must take after the user's first answer. */
enum scene_time {
    SCENE_ANY_TIME,
    SCENE_AT_ONCE, /* under 1.5 s */
    SCENE_FLOOR    /* 2.0 to 2.2 s, by the user */
};

struct scene {
    const char *name;
    const char *helper;  /* script of fake_helper.c; NULL: no conf= at all */
    const char *account; /* the same for account; NULL: as `helper` */
    const char *args;    /* more module arguments */
    const char *service; /* NULL: sshd */
    const char *user;    /* NULL: alice; "": the application names nobody */
    const char *rhost;   /* PAM_RHOST */
    const char *tty;     /* PAM_TTY */
    const char *ruser;   /* PAM_RUSER */
    const char *authtok; /* what an earlier module leaves as the password */
    const char *old;     /* and as the old one */
    /* A later module of the password stack shows what it finds in the second
     * half, or in both: its arguments. */
    const char *later;
    enum scene_phase phase;
    int flags;
    /* What the user answers. Some words stand for what cannot be typed:
     *   #fail        the conversation fails
     *   #null        no response, and #nothing: one without text
     *   #len:N       N times x
     *   #sleep:MS    MS milliseconds later: x
     *   #user:NAME   PAM_USER is NAME now; x
     *   #uid:N       alice has uid N now; x
     *   #again       x, here and to all questions after this */
    const char *answers[SCENE_ANSWERS];
    void (*host)(void); /* done in the process before the call */
    int status;
    /* What the user saw, one line each: "off: ", "on: ", "info: ", "error: "
     * and the text. References are written REF. */
    const char *talk;
    const char *log; /* as interpose_log() has it, references as above */
    enum scene_time time;
    unsigned starts; /* of the helper */
};

/* One process and one PAM handle, for tests that need more than one call. */
struct stage;

struct stage *stage_open(const struct scene *scene);
void stage_close(struct stage *stage);
pam_handle_t *stage_pam(struct stage *stage);

/* Make one call; returns its PAM status. */
int stage_call(struct stage *stage, enum scene_phase phase, int flags);

/* Milliseconds since the user's first answer. */
int64_t stage_since_answer_ms(const struct stage *stage);

/* Make the scene's call and compare; on any difference say so and remember. */
void stage_play(struct stage *stage, const struct scene *scene);

/* In a scene's process: a test has failed; printf-like. */
void scene_complain(const char *fmt, ...) COG_PRINTF(1, 2);
bool scene_failed(void);

/* Run `count` jobs, each in a process of its own, several at a time; fails
 * the running cmocka test unless none complains. */
void scene_fork(void (*job)(size_t index), const char *(*name)(size_t index),
                size_t count);

/* Run scenes that way. */
void scene_run(const struct scene *scenes, size_t count);

#endif
