/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the recorded failures of real servers have to come to. */

#ifndef TESTS_OLLAMA_TRACES_H
#define TESTS_OLLAMA_TRACES_H

#include <stddef.h>
#include <stdint.h>

struct trace {
    const char *name; /* below the folder of traces, without suffix */
    int32_t status;
    const char *words; /* that the message must have */
};

extern const struct trace traces[];
extern const size_t trace_count;

#endif
