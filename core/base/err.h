/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Errors on their way to the user, and messages on stderr.
 *
 * A function that can fail takes a `struct err *` last and returns -1 (or NULL) after err_set().
 * The text is one line that says where, what, and how to mend it.  The function that decides that
 * something is an error words it; callers pass it on.  Outputs are set only on success. */

#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

#include <stdarg.h>
#include <stdio.h>

struct err {
    char text[2048];
};

/* Words the error; returns -1, so that `return err_set(e, ...)` reads well.  Text that does not fit
 * ends in "...". */
int err_set(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* err_set() for a failed allocation. */
int err_memory(struct err *e);

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

/* What log_* shows: QUIET errors only, NORMAL also warnings and notes, VERBOSE all. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* One line "ctxmark: ..." on stderr, written in one piece.  Control characters in the text (which
 * may come from a plugin or a server) are made harmless. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
