/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the test programs of core share. */

#ifndef TESTS_CORE_SUPPORT_H
#define TESTS_CORE_SUPPORT_H

#include <check.h>

/* Runs the tests that `add` puts in; the exit status of the program. */
int support_run(const char *name, void (*add)(TCase *));

/* A fresh folder of this test, and a path in it (valid until the fourth next call).  The folder
 * goes with support_clean(), which every test's teardown calls. */
const char *support_folder(void);
const char *support_path(const char *name);
void support_clean(void);

/* Writes a file in the folder and returns its path. */
const char *support_write(const char *name, const char *text);
/* A file as text; the caller frees. */
char *support_read(const char *path);

/* The mock plugin's file in the build tree (valid until the next call). */
const char *support_mock(const char *name);

#endif
