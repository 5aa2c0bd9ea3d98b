/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/figure.h"
#include "core/report/figure/plots.h"
#include "core/report/figure/recipes.h"
#include "core/report/figure/run_order.h"

int figures_make(struct doc *d, const json_t *analysis, const char *metrics, struct figures *ret)
{
    size_t i;
    json_t *plot;
    struct figures all = {0};
    recipes_make(d, analysis, &all);
    json_array_foreach(json_object_get(analysis, "plots"), i, plot)
    {
        if (recipes_cover(&all, plot))
            continue;
        plots_make(d, analysis, plot, &all);
        figure_drop_if_empty(&all);
    }
    if (metrics)
        run_order_make(d, analysis, metrics, &all);
    *ret = all;
    return d->failed ? -1 : 0;
}
