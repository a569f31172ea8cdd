/* SPDX-License-Identifier: MIT */
#include "lib/store/binding.h"

#include <stdio.h>
#include <string.h>

#include "lib/store/slot.h"
#include "lib/store/store_private.h"
#include "lib/store/usersheet.h"

/* "yes" or "no" with its NUL. */
#define WORD_BYTES 4

/* The fields of a binding: they lie in the binding itself, but for the one
 * that is a word on disk. */
struct form {
    struct cog_binding binding;
    char recorded[WORD_BYTES];
    struct cog_sheet_field fields[4];
    struct cog_usersheet sheet;
};

static int
understand(void *ctx, struct cog_err *err)
{
    struct form *form = ctx;

    form->binding.recorded = strcmp(form->recorded, "yes") == 0;
    if (!form->binding.recorded && strcmp(form->recorded, "no") != 0)
        return cog_fail(err, COG_E_IDENTITY, "'recorded' is not yes or no");
    return 0;
}

static void
lay_out(const struct cog_store *store, struct form *form)
{
    struct cog_binding *b = &form->binding;
    const struct cog_sheet_field fields[] = {
        {"user", b->user, sizeof(b->user)},
        {"issuer", b->issuer, sizeof(b->issuer)},
        {"sub", b->sub, sizeof(b->sub)},
        {"recorded", form->recorded, sizeof(form->recorded)},
    };

    _Static_assert(sizeof(fields) == sizeof(form->fields), "all of them");
    memcpy(form->fields, fields, sizeof(fields));
    form->sheet = (struct cog_usersheet){
        .store = store,
        .dir = store->bindings,
        .title = "binding",
        .fields = form->fields,
        .count = COG_COUNT(fields),
        .understand = understand,
        .form = form,
    };
}

int
cog_binding_read(const struct cog_store *store, const char *user,
                 struct cog_binding *ret, bool *ret_found, struct cog_err *err)
{
    struct form form = {0};
    bool found = false;

    lay_out(store, &form);
    if (cog_usersheet_read(&form.sheet, user, &found, err) < 0)
        return -1;
    if (found)
        *ret = form.binding;
    *ret_found = found;
    return 0;
}

int
cog_binding_write(const struct cog_store *store,
                  const struct cog_binding *binding, struct cog_err *err)
{
    struct form form = {.binding = *binding};
    struct cog_binding old;
    bool found = false;

    if (cog_binding_read(store, binding->user, &old, &found, err) < 0)
        return -1;
    if (found && (strcmp(old.issuer, binding->issuer) != 0 ||
                  strcmp(old.sub, binding->sub) != 0)) {
        return cog_fail(err, COG_E_IDENTITY,
                        "%s is bound to another pool user: 'pam-cognito cache "
                        "forget %s' ends that",
                        binding->user, binding->user);
    }
    if (found && old.recorded == binding->recorded)
        return 0;
    lay_out(store, &form);
    (void)snprintf(form.recorded, sizeof(form.recorded), "%s",
                   binding->recorded ? "yes" : "no");
    return cog_usersheet_write(&form.sheet, err);
}

int
cog_binding_erase(const struct cog_store *store, const char *user,
                  struct cog_err *err)
{
    struct form form = {0};

    lay_out(store, &form);
    return cog_usersheet_erase(&form.sheet, user, err);
}

/* All bindings being visited. */
struct visit {
    const struct cog_store *store;
    int (*visit)(void *ctx, const char *name,
                 const struct cog_binding *binding);
    void *ctx;
};

static int
visit_file(void *ctx, const char *name)
{
    const struct visit *v = ctx;
    struct form form = {0};
    struct cog_err why = COG_ERR_INIT;
    bool found = false;

    if (name[cog_slot_stem(name)] != '\0')
        return 0;
    lay_out(v->store, &form);
    if (cog_usersheet_read_file(&form.sheet, name, &found, &why) < 0)
        return v->visit(v->ctx, name, NULL);
    return found ? v->visit(v->ctx, name, &form.binding) : 0;
}

int
cog_binding_each(const struct cog_store *store,
                 int (*visit)(void *ctx, const char *name,
                              const struct cog_binding *binding),
                 void *ctx, struct cog_err *err)
{
    struct visit v = {store, visit, ctx};

    return cog_slot_each(store->bindings, visit_file, &v, err);
}
