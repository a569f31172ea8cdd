/* SPDX-License-Identifier: MIT */
#include "tests/unit/scenario.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/pool/hash.h"

bool scenario_no_pairs;

int
__wrap_cog_srp_start(struct cog_srp **ret, struct cog_err *err)
{
    if (scenario_no_pairs)
        return cog_fail(err, COG_E_SYSTEM, "scripted failure");
    return cog_srp_start_with(LATER_A, ret, err);
}

static const char *
username_of(const struct scenario *s)
{
    return s->username == NULL ? "alice" : s->username;
}

static struct cog_device
device_of(const struct scenario *s)
{
    struct cog_device device = COG_DEVICE_INIT;
    struct cog_err err = COG_ERR_INIT;

    if (!s->device)
        return device;
    assert_int_equal(cog_secret_append_str(&device.key, "dev-1", &err), 0);
    assert_int_equal(cog_secret_append_str(&device.group_key, "-grp", &err), 0);
    assert_int_equal(cog_secret_append_str(&device.password, "RaNd0m", &err),
                     0);
    return device;
}

void
scenario_run(struct world *world, const struct scenario *s,
             struct scenario_outcome *ret)
{
    const struct cog_env env = world_env(world);
    struct cog_secret password =
        world_secret(s->password == NULL ? PASSWORD : s->password);
    struct cog_secret secret = world_secret(SECRET);
    struct cog_device device = device_of(s);
    const struct cog_api api = {
        .endpoint = "https://cognito-idp.test/",
        .client_id = CLIENT_ID,
        .client_secret = s->confidential ? &secret : NULL,
        .transport = &env.transport,
    };
    struct cog_flow flow = {
        .api = &api,
        .kind = s->kind,
        .pool_name = "Pool1",
        .username = username_of(s),
        .local_user = s->local_user,
        .password = &password,
        .device = &device,
    };

    *ret = (struct scenario_outcome){.reply = COG_API_REPLY_INIT};
    if (s->kind != COG_API_PASSWORD && !s->no_pair)
        assert_int_equal(cog_srp_start_with(FIRST_A, &flow.srp, &ret->err), 0);
    ret->rc = cog_flow_run(&env, &flow, &ret->reply, &ret->facts, &ret->err);
    cog_srp_close(flow.srp);
    cog_device_clear(&device);
    cog_secret_clear(&password);
    cog_secret_clear(&secret);
}

void
scenario_expect(const struct scenario_outcome *got, enum cog_errc code)
{
    const struct cog_api_tokens *tokens = &got->reply.tokens;

    if (got->err.code != code) {
        fail_msg("code %d, want %d: %s", (int)got->err.code, (int)code,
                 got->err.msg);
    }
    assert_int_equal(got->rc, code == COG_OK ? 0 : -1);
    assert_string_equal(got->reply.challenge, "");
    assert_string_equal(cog_secret_str(&tokens->access),
                        code == COG_OK ? "a.c.c" : "");
    assert_string_equal(cog_secret_str(&tokens->id),
                        code == COG_OK ? "i.d.t" : "");
}

void
scenario_forget(struct scenario_outcome *outcome)
{
    cog_api_clear(&outcome->reply);
    cog_flow_facts_clear(&outcome->facts);
}

const char *
scenario_hash(const char *username)
{
    static char text[COG_HASH_B64_BYTES + 1];
    struct cog_secret secret = world_secret(SECRET);
    struct cog_secret hash = COG_SECRET_INIT(COG_HASH_B64_BYTES);
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_hash_secret(username, CLIENT_ID, &secret, &hash, &err),
                     0);
    (void)snprintf(text, sizeof(text), "%s", cog_secret_str(&hash));
    cog_secret_clear(&hash);
    cog_secret_clear(&secret);
    return text;
}

static const char *
or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* The two calls of a sign-in name the user, and a confidential client hashes
 * that very name; the others do neither. */
static void
check_request(const struct scenario *s, const struct world_request *request)
{
    const bool starts = strcmp(request->what, "InitiateAuth") == 0;
    const char *name = starts ? username_of(s) : "alice";
    json_t *document = json_loads(request->body, 0, NULL);
    const json_t *map = json_object_get(
        document, starts ? "AuthParameters" : "ChallengeResponses");
    const char *sent = json_string_value(json_object_get(map, "USERNAME"));
    const char *hash = json_string_value(json_object_get(map, "SECRET_HASH"));

    assert_non_null(document);
    if (map != NULL) {
        assert_string_equal(or_empty(sent), name);
        assert_string_equal(or_empty(hash),
                            s->confidential ? scenario_hash(name) : "");
        assert_string_equal(
            or_empty(json_string_value(json_object_get(document, "ClientId"))),
            CLIENT_ID);
    }
    json_decref(document);
}

static void
check_turn(const struct scenario_turn *turn, const struct world_question *seen)
{
    for (size_t i = 0; i < COG_TEXT_ARGS; i++)
        assert_string_equal(seen->arg[i], or_empty(turn->arg[i]));
    assert_string_equal(seen->qr, or_empty(turn->qr));
    assert_int_equal(seen->plain, turn->plain);
    for (size_t i = 0; i < COG_TEXT_OPTIONS; i++)
        assert_int_equal(seen->option[i], turn->option[i]);
    assert_true(seen->options == 0 ||
                seen->option[seen->options - 1] != COG_TEXT_NONE);
    assert_true(seen->options == COG_TEXT_OPTIONS ||
                seen->option[seen->options] == COG_TEXT_NONE);
}

static void
check_facts(const struct scenario *s, const struct cog_flow_facts *facts)
{
    const char *method = s->method;
    const char *keeps = s->keeps;

    if (method == NULL)
        method = s->proven ? "password" : "";
    if (keeps == NULL)
        keeps = strcmp(method, "password") == 0 ? PASSWORD : "";
    assert_int_equal(facts->proven, s->proven);
    assert_string_equal(facts->method, method);
    assert_string_equal(facts->mfa, or_empty(s->mfa));
    assert_string_equal(cog_secret_str(&facts->password), keeps);
    assert_int_equal(facts->password_changed, s->changed);
    assert_int_equal(facts->password_sent, s->changed || s->in_doubt);
    assert_int_equal(facts->device_unknown, s->device_unknown);
}

static void
set_script(struct world *world, const struct scenario *s,
           struct world_answer answers[SCENARIO_TURNS])
{
    while (world->exchange_count < SCENARIO_EXCHANGES &&
           s->exchanges[world->exchange_count].expect != NULL)
        world->exchange_count++;
    while (world->answer_count < SCENARIO_TURNS &&
           s->turns[world->answer_count].text != COG_TEXT_NONE) {
        const struct scenario_turn *turn = &s->turns[world->answer_count];

        answers[world->answer_count++] = (struct world_answer){
            .expect = turn->text,
            .echo = turn->echo,
            .answer = turn->typed,
            .fail = turn->broken ? COG_E_CONV : COG_OK,
        };
    }
    world->exchanges = s->exchanges;
    world->answers = answers;
}

void
scenario_play(const struct scenario *s)
{
    struct world_answer answers[SCENARIO_TURNS];
    struct world world = WORLD_INIT;
    struct scenario_outcome got;

    print_message("%s\n", s->name);
    set_script(&world, s, answers);
    scenario_run(&world, s, &got);
    scenario_expect(&got, s->code);
    if (s->message != NULL && strstr(got.err.msg, s->message) == NULL)
        fail_msg("message '%s', want '%s'", got.err.msg, s->message);
    check_facts(s, &got.facts);
    for (size_t i = 0; i < world.request_count; i++)
        check_request(s, &world.requests[i]);
    for (size_t i = 0; i < world.question_count; i++)
        check_turn(&s->turns[i], &world.questions[i]);
    scenario_forget(&got);
    world_check(&world);
}

/* By SRP, the first reply comes after the proof. */
static struct scenario
with_proof(const struct scenario *s)
{
    static const struct world_exchange start = {
        .expect = "InitiateAuth",
        .holds = {"USER_SRP_AUTH", "\"SRP_A\":\""},
        .lacks = {PASSWORD},
        .status = 200,
        .body = VERIFIER(ALICE),
    };
    struct world_exchange proof = PROOF(200, NULL);
    struct scenario srp = *s;

    proof.status = s->exchanges[0].status;
    proof.body = s->exchanges[0].body;
    srp.kind = COG_API_SRP;
    srp.exchanges[0] = start;
    srp.exchanges[1] = proof;
    memcpy(&srp.exchanges[2], &s->exchanges[1],
           (SCENARIO_EXCHANGES - 2) * sizeof(s->exchanges[0]));
    return srp;
}

void
scenario_play_everywhere(const struct scenario *s)
{
    static const char *const names[] = {"alice", "alice@example.com"};
    struct scenario doors[2];

    doors[0] = *s;
    doors[1] = with_proof(s);
    for (size_t i = 0; i < 8; i++) {
        struct scenario *one = &doors[i % 2];

        one->username = names[i / 2 % 2];
        one->confidential = i / 4 == 1;
        print_message("%s, %s, %s: ", i % 2 == 0 ? "password" : "SRP",
                      one->username,
                      one->confidential ? "confidential" : "public");
        scenario_play(one);
    }
}
