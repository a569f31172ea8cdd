/* SPDX-License-Identifier: MIT */
/*
 * macros.h - compiler attributes and the one array helper.
 */
#ifndef COG_MACROS_H
#define COG_MACROS_H

#define COG_PRINTF(fmt_arg, first_arg) \
    __attribute__((format(printf, fmt_arg, first_arg)))
#define COG_MUST_USE __attribute__((warn_unused_result))
#define COG_EXPORT   __attribute__((visibility("default")))
#define COG_UNUSED   __attribute__((unused))

/* Elements of an array (never of a pointer). */
#define COG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
