/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Errors on their way to the user: one line that says where, what, and how to mend it.  The
 * function that decides that something is an error words it; callers pass it on. */

#ifndef HF_COMMON_ERROR_H
#define HF_COMMON_ERROR_H

struct hf_err {
    char text[1024];
};

/* Words the error; returns -1, so that `return hf_err_set(e, ...)` reads well. */
int hf_err_set(struct hf_err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* hf_err_set() for a failed allocation of `bytes`. */
int hf_err_memory(struct hf_err *e, unsigned long long bytes);

#endif
