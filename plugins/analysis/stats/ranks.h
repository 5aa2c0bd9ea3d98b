/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Two samples by their ranks.  All samples are in ascending order. */

#ifndef ANALYSIS_RANKS_H
#define ANALYSIS_RANKS_H

#include <stddef.h>

#include "stats.h"
#include "tails.h"

/* Most pairs for which the exact distribution is worked out. */
#define RANKS_EXACT_PAIRS 2500

/* Mann and Whitney's U.  U_b counts the pairs with b > a, ties as half; U_a those with a > b.
 * delta: Cliff's, (U_b - U_a) / pairs.  z: of the larger U, with the corrections for continuity and
 * ties; NaN where all values are equal.  exact: two-sided, without ties and with at most
 * RANKS_EXACT_PAIRS pairs. */
struct mann_whitney {
    double U_a, U_b, delta, z;
    int ties;
    struct tail asymptotic, exact;
};

/* Exact distributions that were worked out, for pairs of sizes that come again: zeroed at first,
 * then freed by ranks_forget(). */
#define RANKS_KEPT 16
struct ranks_memory {
    struct {
        size_t m, n;
        double *p; /* P(U <= u) for u = 0 .. m n / 2 */
    } kept[RANKS_KEPT];
    size_t next;
};
void ranks_forget(struct ranks_memory *memory);

/* n_a, n_b >= 1.  0, or -1: out of memory. */
int ranks_mann_whitney(const double *a, size_t n_a, const double *b, size_t n_b,
                       struct ranks_memory *memory, struct mann_whitney *ret);

/* Hodges and Lehmann's shift: the median of all differences b - a, and its interval at `level` by
 * inverting the test above (exact counts where it has them, else the normal approximation without
 * its continuity correction); the interval is NaN where there are too few pairs for the level. */
struct shift {
    double median;
    struct interval interval;
};
int ranks_shift(const double *a, size_t n_a, const double *b, size_t n_b, double level,
                struct ranks_memory *memory, struct shift *ret);

#endif
