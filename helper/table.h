/* SPDX-License-Identifier: MIT */
/*
 * table.h - what is kept of each user, as a table for people; scripts take
 * --json.
 */
#ifndef COG_TABLE_H
#define COG_TABLE_H

#include <jansson.h>

/* Print the rows of `cache list`, an array of objects of rows.h: columns as
 * wide as they need to be, and the issuer above the first row that has it. */
void cog_table_print(const json_t *rows);

#endif
