/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "adjust.h"

#include <math.h>
#include <stdlib.h>

struct ranked {
    double p;
    size_t at;
};

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->p != b->p)
        return a->p < b->p ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* r[m] in ascending order of p. */
static void adjust_ranked(const struct ranked *r, size_t m, struct adjusted *ret)
{
    double holm = 0, bh = 1, all = (double)m;
    for (size_t i = 0; i < m; i++) {
        struct adjusted *a = &ret[r[i].at];
        a->m = all;
        a->bonferroni = fmin(1, r[i].p * all);
        holm = fmax(holm, fmin(1, r[i].p * (double)(m - i)));
        a->holm = holm;
    }
    for (size_t i = m; i-- > 0;) {
        bh = fmin(bh, r[i].p * all / (double)(i + 1));
        ret[r[i].at].bh = bh;
    }
}

int adjust_family(const double *p, size_t count, struct adjusted *ret)
{
    struct ranked *r = malloc((count + 1) * sizeof *r);
    size_t m = 0;
    if (!r)
        return -1;
    for (size_t i = 0; i < count; i++) {
        ret[i] = (struct adjusted){NAN, NAN, NAN, NAN};
        if (!isnan(p[i]))
            r[m++] = (struct ranked){p[i], i};
    }
    qsort(r, m, sizeof *r, compare_ranked);
    adjust_ranked(r, m, ret);
    free(r);
    return 0;
}
