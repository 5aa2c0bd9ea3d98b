/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Command lines: options that may stand anywhere, and operands. */

#ifndef CORE_COMMAND_OPTIONS_H
#define CORE_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/base/err.h"
#include "core/config/plan.h"

/* What any command may be given; a command names the options it takes. */
struct options {
    const char *operands[4];
    size_t operand_count;
    const char *output, *resume, *analyzers, *format, *text, *tokens, *logits, *positions;
    const char *label, *margin, *fail_over, *allow;
    const char *count; /* -n N of `try` */
    struct config_override *sets;
    size_t set_count;
    struct plan_filter *filters;
    size_t filter_count;
    bool dry_run, json, check, no_figures;
};

/* `accepted`: the letters of the options that this command takes, of
 *   o FILE|DIR  a NAMES  f FORMATS  s (--set K=V)  y (--only K=G)  n (--dry-run)  N (-n COUNT)
 *   r (--resume DIR)  j (--json)  t (--text)  k (--tokens)  l (--logits)  p (--positions)
 *   L (--label)  m (--margin)  F (--fail-over)  A (--allow)  c (--check)  W (--no-figures)
 * -q, -v and --help are taken by all.  `usage` is printed for --help (then the function returns 1)
 * and named in errors.  0 to go on, -1 for a usage error, which has been told. */
int options_parse(struct options *o, int argc, char **argv, const char *accepted, size_t least,
                  size_t most, const char *usage);
/* Adds --set (or --only) from a JSON pair [KEY, VALUE].  0 or -1. */
int options_add_pair(struct options *o, bool set, const json_t *pair);
void options_free(struct options *o);

#endif
