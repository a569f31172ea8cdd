/* SPDX-License-Identifier: MIT */
#include "lib/store/verifier.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* crypt(5): yescrypt. */
static const char prefix[] = "$y$";

/* crypt(3) reads up to a NUL and no further than this. */
static bool
is_password(const struct cog_secret *password)
{
    return password->len > 0 && password->len < CRYPT_MAX_PASSPHRASE_SIZE &&
           memchr(password->data, '\0', password->len) == NULL;
}

/*
 * Append crypt(3) of a password. Its working memory has seen the password.
 * COG_E_SYSTEM: it cannot.
 */
static int
compute(const struct cog_secret *password, const char *setting,
        struct cog_secret *ret, struct cog_err *err)
{
    void *work = NULL;
    int size = 0;
    const char *hash = crypt_ra(password->data, setting, &work, &size);
    int rc = -1;

    if (hash != NULL && strncmp(hash, prefix, strlen(prefix)) == 0) {
        rc = cog_secret_append_str(ret, hash, err);
    } else {
        (void)cog_fail(err, COG_E_SYSTEM, "yescrypt: %s", strerror(errno));
    }
    if (work != NULL)
        explicit_bzero(work, (size_t)size);
    free(work);
    return rc;
}

int
cog_verifier_make(const struct cog_secret *password, struct cog_secret *ret,
                  struct cog_err *err)
{
    char *setting;
    int rc;

    if (!is_password(password))
        return cog_fail(err, COG_E_DENIED, "not a password: NUL or too long");
    /* Without bytes of ours it asks the kernel for random ones. */
    setting = crypt_gensalt_ra(prefix, 0, NULL, 0);
    if (setting == NULL)
        return cog_fail(err, COG_E_SYSTEM, "yescrypt: %s", strerror(errno));
    rc = compute(password, setting, ret, err);
    free(setting);
    return rc;
}

bool
cog_verifier_fits(const struct cog_secret *verifier,
                  const struct cog_secret *password)
{
    struct cog_secret hash = COG_SECRET_INIT(CRYPT_OUTPUT_SIZE);
    struct cog_err ignored = COG_ERR_INIT;
    bool fits = false;

    /* A shorter setting would be a hash without its end. */
    if (is_password(password) &&
        strncmp(cog_secret_str(verifier), prefix, strlen(prefix)) == 0 &&
        compute(password, verifier->data, &hash, &ignored) == 0)
        fits = cog_secret_equal(&hash, verifier);
    cog_secret_clear(&hash);
    return fits;
}
