/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Configs as text, read in a folder of their own, so that messages begin with "c.yaml". */

#ifndef TESTS_CONFIG_SUPPORT_H
#define TESTS_CONFIG_SUPPORT_H

#include "core/base/buf.h"
#include "core/config/run_config.h"

struct reading {
    struct config *config; /* NULL: e says why */
    struct registry *registry;
    struct err e;
};

/* Makes a temporary folder and goes there; removes it.  For checked fixtures: they stop the test
 * on failure. */
void enter_folder(void);
void leave_folder(void);

void write_file(const char *name, const char *text, size_t len);

/* Reads a config text from c.yaml, with at most one override (key NULL: none). */
struct reading read_text(const char *text, const char *key, const char *value);
struct reading read_path(const char *path);
void reading_free(struct reading *r);

/* A config that holds all that is required, and one more line. */
struct reading read_with(const char *line);

/* Runs the tests of a suite and says whether all passed, as main() should return it. */
struct Suite;
int run_suite(struct Suite *s);

#endif
