/* SPDX-License-Identifier: MIT */
/*
 * store_private.h - the open store, for the files of this room only.
 */
#ifndef COG_STORE_PRIVATE_H
#define COG_STORE_PRIVATE_H

#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/secret.h"
#include "lib/store/seal.h"

/* Content of /etc/machine-id that is taken into account, in bytes. */
#define COG_STORE_MACHINE_MAX ((size_t)64)

struct cog_store {
    /* Directories; -1: not open. Only the last two may stay so. */
    int state;
    int bindings;
    int records;
    int tombstones;
    int locks;
    int run;
    int tickets;
    uid_t uid;                 /* whose files these are */
    struct cog_secret machine; /* this machine's id; empty where none is */
    struct cog_secret key;     /* of records; empty: see no_key */
    char no_key[COG_ERR_MSG_BYTES];
    char no_run[COG_ERR_MSG_BYTES]; /* why run or tickets is -1; or "" */
};

#endif
