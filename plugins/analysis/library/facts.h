/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Facts, also of models that only the user's `facts` know: a key "MODEL.KEY" there says it of that
 * model alone ("qwen2.5-0.5b.layers: 24"), and goes before all others. */

#ifndef ANALYSIS_FACTS_H
#define ANALYSIS_FACTS_H

#include <ctxmark/plugin.h>

/* The fact as a number; NaN: not known, or no number.  backend and model may be NULL. */
double facts_number(const struct ctxmark_host *h, const char *backend, const char *model,
                    const char *key);

/* The fact as text, valid until analyze() returns; NULL: not known, or no text. */
const char *facts_text(const struct ctxmark_host *h, const char *backend, const char *model,
                       const char *key);

#endif
