/* SPDX-License-Identifier: MIT */
/*
 * places.h - the directories of the store, for the files of this room only.
 *
 * Those of state_dir are made all at once, on a host that never had any, where
 * state_dir is missing or empty. What a host has lost is not made anew: an
 * empty store would say of everybody that the pool never refused him.
 */
#ifndef COG_PLACES_H
#define COG_PLACES_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/store/store.h"
#include "lib/store/store_private.h"

/*
 * Open all of them; descriptors that could not be opened stay -1. Those of
 * run_dir may be missing: store->no_run says why. Errors as cog_store_open().
 */
int cog_places_open(const struct cog_store_input *input,
                    struct cog_store *store, struct cog_err *err) COG_MUST_USE;

#endif
