/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Figures over the context length, made from tables: which table, which columns, what is drawn
 * beside them. */

#ifndef CORE_REPORT_FIGURE_RECIPES_H
#define CORE_REPORT_FIGURE_RECIPES_H

#include "core/report/figure/figure.h"

/* All for which there is a table. */
void recipes_make(struct doc *d, const json_t *analysis, struct figures *all);
/* Whether a figure that was made shows what this plot of an analyzer shows. */
bool recipes_cover(const struct figures *all, const json_t *plot);

/* ---- what recipes draw beside their series (overlays.c) */

/* Marks beyond a break of their series become hollow. */
void overlay_breaks(struct doc *d, const json_t *analysis, struct figure *f, const char *mode);
/* The power law through the medians before any break. */
void overlay_fits(struct doc *d, const json_t *analysis, struct figure *f, const char *mode);
/* First repetitions that are cold: behind a prompt cache the only prefills there are. */
void overlay_first(struct doc *d, const json_t *analysis, struct figure *f, const char *mode);
/* The parabola through the peaks within the limit, and what the KV cache alone would add. */
void overlay_memory(struct doc *d, const json_t *analysis, struct figure *f, const char *mode);

/* Ratios of the first repetitions alone, where a comparison holds a cache's hits against them. */
void overlay_real_ratio(struct doc *d, const json_t *analysis, struct figure *f, const char *mode);

#endif
