/* SPDX-License-Identifier: MIT */
#include "lib/core/secret.h"

#include <stdlib.h>
#include <string.h>

int
cog_secret_append(struct cog_secret *s, const void *bytes, size_t len,
                  struct cog_err *err)
{
    if (len > s->max - s->len)
        return cog_fail(err, COG_E_PROTOCOL, "more than %zu bytes", s->max);
    if (s->data == NULL) {
        s->data = calloc(1, s->max + 1);
        if (s->data == NULL)
            return cog_fail_memory(err);
    }
    if (len > 0)
        memcpy(s->data + s->len, bytes, len);
    s->len += len;
    s->data[s->len] = '\0';
    return 0;
}

int
cog_secret_append_str(struct cog_secret *s, const char *text,
                      struct cog_err *err)
{
    return cog_secret_append(s, text, strlen(text), err);
}

int
cog_secret_resize(struct cog_secret *s, size_t len, struct cog_err *err)
{
    if (len > s->max)
        return cog_fail(err, COG_E_PROTOCOL, "more than %zu bytes", s->max);
    if (cog_secret_append(s, "", 0, err) < 0)
        return -1;
    s->len = len;
    return 0;
}

const char *
cog_secret_str(const struct cog_secret *s)
{
    return s->data == NULL ? "" : s->data;
}

bool
cog_secret_equal(const struct cog_secret *a, const struct cog_secret *b)
{
    unsigned char different = 0;

    if (a->len != b->len)
        return false;
    for (size_t i = 0; i < a->len; i++)
        different |= (unsigned char)(a->data[i] ^ b->data[i]);
    return different == 0;
}

void
cog_secret_clear(struct cog_secret *s)
{
    if (s->data != NULL) {
        explicit_bzero(s->data, s->max + 1);
        free(s->data);
    }
    s->data = NULL;
    s->len = 0;
}
