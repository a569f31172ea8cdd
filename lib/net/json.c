/* SPDX-License-Identifier: MIT */
#include "lib/net/json.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(json_int_t) == sizeof(int64_t),
               "JSON integers must hold every time");

/* Memory of jansson's; the block made last is the first of the list. */
struct block {
    struct block *older;
    struct block *newer;
    size_t size; /* of data, in bytes */
    max_align_t data[];
};

static struct block *newest;

/* An allocation failed since this was last cleared. */
static bool allocation_failed;
/* Where a parse ends that lacks memory, NULL outside of one. jansson 2.14
 * goes on when the buffer of the token it reads cannot grow: characters are
 * missing then, and with the closing quote the end of the string, so that it
 * writes past its memory. It must not see that an allocation failed. */
static jmp_buf *parse_end;

static void *
allocate(size_t size)
{
    struct block *block = NULL;

    if (size <= PTRDIFF_MAX - sizeof(*block))
        block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        allocation_failed = true;
        if (parse_end != NULL)
            longjmp(*parse_end, 1);
        return NULL;
    }
    *block = (struct block){.older = newest, .size = size};
    if (newest != NULL)
        newest->newer = block;
    newest = block;
    return block->data;
}

/* jansson 2.14 never calls realloc(). */
static void
wipe_and_free(void *memory)
{
    struct block *block;

    if (memory == NULL)
        return;
    block =
        (struct block *)(void *)((char *)memory - offsetof(struct block, data));
    if (block->newer != NULL) {
        block->newer->older = block->older;
    } else {
        newest = block->older;
    }
    if (block->older != NULL)
        block->older->newer = block->newer;
    explicit_bzero(block->data, block->size);
    free(block);
}

void
cog_json_setup(void)
{
    json_set_alloc_funcs(allocate, wipe_and_free);
}

/* json_loadb(), but NULL without memory, and nothing left of the attempt. */
static json_t *
load(const char *text, size_t len, json_error_t *why)
{
    struct block *const before = newest;
    jmp_buf here;
    json_t *json;

    if (setjmp(here) != 0) {
        parse_end = NULL;
        while (newest != before)
            wipe_and_free(newest->data);
        return NULL;
    }
    parse_end = &here;
    json = json_loadb(text, len, JSON_REJECT_DUPLICATES, why);
    parse_end = NULL;
    return json;
}

/* What the limits look at while they pass over a text. */
struct scan {
    unsigned depth;
    unsigned items;
    bool in_string;
    bool escaped;
};

static void
scan_char(struct scan *scan, char c)
{
    if (scan->in_string) {
        scan->in_string = scan->escaped || c != '"';
        scan->escaped = !scan->escaped && c == '\\';
        return;
    }
    scan->in_string = c == '"';
    if (c == '{' || c == '[')
        scan->depth++;
    if (c == '}' || c == ']')
        scan->depth--; /* below 0 it is huge, and the text malformed */
    /* Every element but the first of its container follows a comma. */
    if (c == ',' || c == '{' || c == '[')
        scan->items++;
}

/* Bound what jansson will have to build before it builds any of it. Whether
 * the text is JSON at all is for jansson to say. */
static int
check_limits(const char *text, size_t len, struct cog_err *err)
{
    struct scan scan = {0};

    for (size_t i = 0; i < len; i++) {
        scan_char(&scan, text[i]);
        if (scan.depth > COG_JSON_DEPTH_MAX)
            return cog_fail(err, COG_E_PROTOCOL, "JSON: nested too deeply");
        if (scan.items > COG_JSON_ITEMS_MAX)
            return cog_fail(err, COG_E_PROTOCOL, "JSON: too many elements");
    }
    return 0;
}

int
cog_json_parse(const char *text, size_t len, json_t **ret, struct cog_err *err)
{
    json_error_t why = {.position = 0};
    json_t *json;

    if (check_limits(text, len, err) < 0)
        return -1;
    allocation_failed = false;
    json = load(text, len, &why);
    if (allocation_failed)
        return cog_fail_memory(err);
    if (json == NULL) { /* why.text may quote a secret, so it is not used */
        return cog_fail(err, COG_E_PROTOCOL, "JSON: malformed at byte %d",
                        why.position);
    }
    if (!json_is_object(json)) {
        json_decref(json);
        return cog_fail(err, COG_E_PROTOCOL, "JSON: not an object");
    }
    *ret = json;
    return 0;
}

struct sink {
    struct cog_secret *text;
    struct cog_err *err;
};

static int
append(const char *piece, size_t len, void *ctx)
{
    struct sink *sink = ctx;

    return cog_secret_append(sink->text, piece, len, sink->err);
}

int
cog_json_encode(const json_t *json, struct cog_secret *ret, struct cog_err *err)
{
    struct sink sink = {ret, err};

    allocation_failed = false;
    if (json_dump_callback(json, append, &sink, JSON_COMPACT) == 0)
        return 0;
    if (allocation_failed)
        return cog_fail_memory(err);
    return cog_fail(err, COG_E_PROTOCOL, "JSON: cannot be encoded");
}

bool
cog_json_has(const json_t *object, const char *name)
{
    return json_object_get(object, name) != NULL;
}

/* The member if it has the type; json_true stands for both booleans. */
static const json_t *
member(const json_t *object, const char *name, json_type type,
       struct cog_err *err)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL) {
        cog_fail(err, COG_E_PROTOCOL, "JSON: '%s' is missing", name);
        return NULL;
    }
    if (json_typeof(value) != type &&
        !(type == JSON_TRUE && json_is_false(value))) {
        cog_fail(err, COG_E_PROTOCOL, "JSON: '%s' has the wrong type", name);
        return NULL;
    }
    return value;
}

int
cog_json_get_string(const json_t *object, const char *name, const char **ret,
                    struct cog_err *err)
{
    const json_t *value = member(object, name, JSON_STRING, err);

    if (value == NULL)
        return -1;
    *ret = json_string_value(value);
    return 0;
}

int
cog_json_get_integer(const json_t *object, const char *name, int64_t *ret,
                     struct cog_err *err)
{
    const json_t *value = member(object, name, JSON_INTEGER, err);

    if (value == NULL)
        return -1;
    *ret = json_integer_value(value);
    return 0;
}

int
cog_json_get_boolean(const json_t *object, const char *name, bool *ret,
                     struct cog_err *err)
{
    const json_t *value = member(object, name, JSON_TRUE, err);

    if (value == NULL)
        return -1;
    *ret = json_is_true(value);
    return 0;
}

int
cog_json_get_object(const json_t *object, const char *name, const json_t **ret,
                    struct cog_err *err)
{
    const json_t *value = member(object, name, JSON_OBJECT, err);

    if (value == NULL)
        return -1;
    *ret = value;
    return 0;
}

int
cog_json_get_array(const json_t *object, const char *name, const json_t **ret,
                   struct cog_err *err)
{
    const json_t *value = member(object, name, JSON_ARRAY, err);

    if (value == NULL)
        return -1;
    *ret = value;
    return 0;
}

/* Absent, or null, which Cognito's services use for absent. */
static bool
is_absent(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return value == NULL || json_is_null(value);
}

int
cog_json_find_string(const json_t *object, const char *name, const char **ret,
                     struct cog_err *err)
{
    if (!is_absent(object, name))
        return cog_json_get_string(object, name, ret, err);
    *ret = NULL;
    return 0;
}

int
cog_json_find_object(const json_t *object, const char *name, const json_t **ret,
                     struct cog_err *err)
{
    if (!is_absent(object, name))
        return cog_json_get_object(object, name, ret, err);
    *ret = NULL;
    return 0;
}
