/* SPDX-License-Identifier: MIT */
/*
 * world.h - the one fake world of the unit tests: a scripted network, a clock
 * that stands where a test puts it, a scripted user.
 *
 * A test writes the script as data, hands `world_env()` to the code under
 * test and ends with `world_check()`, which fails the test when something was
 * left over. Whatever is not in the script fails the test at once.
 */
#ifndef COG_TESTS_WORLD_H
#define COG_TESTS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/env.h"

/* Most requests, questions and tells of one test. */
#define WORLD_MAX 16
/* Most substrings one request is searched for. */
#define WORLD_HOLDS 6

/* One exchange, in order. */
struct world_exchange {
    /* What the request must be: an X-Amz-Target without its prefix
     * ("InitiateAuth"), or for a GET the whole URL. */
    const char *expect;
    /* Substrings its body must hold, and must not hold; NULL ends early. */
    const char *holds[WORLD_HOLDS];
    const char *lacks[WORLD_HOLDS];
    /* The reply; status 0 is a failure of the transport with code `fail`
     * (COG_E_NET when left out). */
    long status;
    const char *error_type; /* header; NULL is "" */
    const char *body;       /* NULL is "" */
    enum cog_errc fail;
    int64_t takes_ms; /* the monotonic clock moves on by this much */
};

/* One question, in order. */
struct world_answer {
    enum cog_text expect;
    bool echo;
    const char *answer; /* NULL: none */
    /* The conversation fails then, whatever was typed; without an answer
     * COG_E_CONV when left out. */
    enum cog_errc fail;
};

struct world_request {
    char what[256]; /* target without prefix, or URL */
    char url[256];
    char *body; /* NULL for a GET */
};

struct world_question {
    enum cog_text text;
    bool echo;
    char arg[COG_TEXT_ARGS][256]; /* "" when NULL */
    char qr[256];                 /* "" when NULL */
    enum cog_text plain;
    enum cog_text option[COG_TEXT_OPTIONS];
    size_t options;
};

struct world {
    /* Script: set by the test. NULL lists are empty. */
    const struct world_exchange *exchanges;
    size_t exchange_count;
    const struct world_answer *answers;
    size_t answer_count;
    const char *warm_reply;   /* what a warm-up brings; NULL: nothing */
    enum cog_errc pause_fail; /* COG_OK: there is time for every pause */
    int64_t unix_s;
    int64_t mono_ms;
    int64_t boot_s;

    /* Record: read by the test. */
    struct world_request requests[WORLD_MAX];
    size_t request_count;
    struct world_question questions[WORLD_MAX];
    size_t question_count;
    struct world_question told[WORLD_MAX];
    size_t told_count;
    int64_t pauses_ms[WORLD_MAX];
    size_t pause_count;
    char warm_url[256]; /* "" when there was no warm-up */
    size_t warm_count;
    struct cog_secret warm_body; /* what warm_reply came in */
};

/* A world in November 2026 with nothing in its script. */
#define WORLD_INIT                                             \
    {                                                          \
        .unix_s = 1795000000, .mono_ms = 1000, .boot_s = 5000, \
    }

/* The script, set from arrays. */
#define WORLD_EXCHANGES(world, array) \
    ((world)->exchanges = (array), (world)->exchange_count = COG_COUNT(array))
#define WORLD_ANSWERS(world, array) \
    ((world)->answers = (array), (world)->answer_count = COG_COUNT(array))

/* The environment to hand to code under test; valid while the world is. */
struct cog_env world_env(struct world *world);

/* Fail the test unless the whole script was used; then free the record. */
void world_check(struct world *world);

/* Free the record without a look at the script. */
void world_clear(struct world *world);

/* A secret that holds `text`; clear it. */
struct cog_secret world_secret(const char *text);

/*
 * Give jansson memory that fails: the fail_at-th allocation from now on (1 is
 * the first, 0 is none). For sweeps: repeat with 1, 2, ... until the call
 * succeeds, then reset with 0.
 */
void world_json_fail_at(unsigned long fail_at);

#endif
