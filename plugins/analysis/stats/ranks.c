/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "ranks.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

/* --- the exact distribution */

/* P(U <= u) for u = 0 .. most, of samples of m and n.  Mann and Whitney's recursion on which sample
 * has the largest value, in probabilities:
 * f(m, n, u) = m / (m + n) f(m - 1, n, u - n) + n / (m + n) f(m, n - 1, u).  NULL: out of memory.
 */
static double *exact_distribution(size_t m, size_t n, size_t most)
{
    size_t width = most + 1;
    double *f = calloc((m + 1) * width, sizeof *f); /* row i: samples of i and the current n */
    if (!f)
        return NULL;
    for (size_t i = 0; i <= m; i++)
        f[i * width] = 1; /* against a sample of 0, U is 0 */
    for (size_t k = 1; k <= n; k++)
        for (size_t i = 1; i <= m; i++) {
            double *row = f + i * width;
            const double *before = row - width;
            double share = (double)i / (double)(i + k);
            size_t last = i * k < most ? i * k : most; /* no larger U: its probability stays 0 */
            for (size_t u = 0; u < k && u <= last; u++)
                row[u] *= 1 - share;
            for (size_t u = k; u <= last; u++)
                row[u] = (1 - share) * row[u] + share * before[u - k];
        }
    double *row = f + m * width;
    for (size_t u = 0; u <= most; u++)
        f[u] = row[u] + (u ? f[u - 1] : 0);
    return f;
}

/* The same for u up to half of all pairs, which memory keeps.  NULL: out of memory. */
static const double *lower_half(struct ranks_memory *memory, size_t n_a, size_t n_b)
{
    size_t m = n_a < n_b ? n_a : n_b, n = n_a < n_b ? n_b : n_a;
    for (size_t i = 0; i < RANKS_KEPT; i++)
        if (memory->kept[i].p && memory->kept[i].m == m && memory->kept[i].n == n)
            return memory->kept[i].p;
    double *p = exact_distribution(m, n, m * n / 2);
    if (!p)
        return NULL;
    size_t i = memory->next++ % RANKS_KEPT;
    free(memory->kept[i].p);
    memory->kept[i].m = m;
    memory->kept[i].n = n;
    return memory->kept[i].p = p;
}

void ranks_forget(struct ranks_memory *memory)
{
    for (size_t i = 0; i < RANKS_KEPT; i++)
        free(memory->kept[i].p);
    *memory = (struct ranks_memory){0};
}

/* --- U, ties and the normal approximation */

/* Walks through both samples in order; adds to *ret_halves two for each pair with b > a, one for
 * each tie, and to *ret_ties t^3 - t for each group of t equal values. */
static void count_pairs(const double *a, size_t n_a, const double *b, size_t n_b,
                        double *ret_halves, double *ret_ties)
{
    size_t i = 0, k = 0;
    *ret_halves = *ret_ties = 0;
    while (i < n_a || k < n_b) {
        double x = k == n_b || (i < n_a && a[i] <= b[k]) ? a[i] : b[k];
        size_t below = i, from = k;
        while (i < n_a && a[i] == x)
            i++;
        while (k < n_b && b[k] == x)
            k++;
        double equal = (double)(i - below), mine = (double)(k - from), t = equal + mine;
        *ret_halves += mine * (2 * (double)below + equal);
        *ret_ties += t * t * t - t;
    }
}

/* Standard deviation of U when both samples come from one distribution. */
static double null_sd(double n_a, double n_b, double ties)
{
    double n = n_a + n_b;
    return sqrt(n_a * n_b / 12 * (n + 1 - ties / (n * (n - 1))));
}

int ranks_mann_whitney(const double *a, size_t n_a, const double *b, size_t n_b,
                       struct ranks_memory *memory, struct mann_whitney *ret)
{
    double halves, ties, pairs = (double)n_a * (double)n_b;
    count_pairs(a, n_a, b, n_b, &halves, &ties);
    struct mann_whitney w = {.U_b = halves / 2,
                             .U_a = pairs - halves / 2,
                             .delta = (halves - pairs) / pairs,
                             .z = NAN,
                             .ties = ties > 0,
                             .asymptotic = {NAN, NAN},
                             .exact = {NAN, NAN}};
    double sd = null_sd((double)n_a, (double)n_b, ties);
    if (sd > 0) {
        w.z = (fmax(w.U_a, w.U_b) - pairs / 2 - 0.5) / sd;
        w.asymptotic = tail_normal_two_sided(w.z);
    }
    if (!w.ties && pairs <= RANKS_EXACT_PAIRS) {
        const double *p = lower_half(memory, n_a, n_b);
        if (!p)
            return -1;
        w.exact = tail_of(fmin(1, 2 * p[(size_t)fmin(w.U_a, w.U_b)]));
    }
    *ret = w;
    return 0;
}

/* --- the shift */

/* A walk along the line between the differences b - a that are at most x and those above it, for
 * a[i] up to a[end]: k values of b make one of the former with a[i]. */
struct walk {
    size_t i, end, k;
    uint64_t count;
};

/* How many of b make a difference of at most x with a. */
static size_t count_partners(double a, const double *b, size_t n_b, double x)
{
    size_t low = 0, high = n_b;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b[middle] - a <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* One step, without branches that depend on the data. */
static inline void walk_on(struct walk *w, const double *a, const double *b, double x)
{
    uint64_t up = b[w->k] - a[w->i] <= x;
    w->count += w->k & (up - 1);
    w->k += up;
    w->i += 1 - up;
}

static uint64_t walk_to_end(struct walk w, const double *a, const double *b, size_t n_b, double x)
{
    while (w.i < w.end && w.k < n_b)
        walk_on(&w, a, b, x);
    return w.count + (uint64_t)(w.end - w.i) * n_b;
}

#define FEW_VALUES 64

/* How many differences b - a are at most x.  The step of a walk waits for the one before: three
 * walks side by side take little longer than one. */
static double count_at_most(const double *a, size_t n_a, const double *b, size_t n_b, double x)
{
    if (n_a < FEW_VALUES)
        return (double)walk_to_end((struct walk){.end = n_a}, a, b, n_b, x);
    size_t third = n_a / 3;
    struct walk u = {.end = third}, v = {third, 2 * third, count_partners(a[third], b, n_b, x), 0},
                w = {2 * third, n_a, count_partners(a[2 * third], b, n_b, x), 0};
    while (u.i < u.end && u.k < n_b && v.i < v.end && v.k < n_b && w.i < w.end && w.k < n_b) {
        walk_on(&u, a, b, x);
        walk_on(&v, a, b, x);
        walk_on(&w, a, b, x);
    }
    return (double)(walk_to_end(u, a, b, n_b, x) + walk_to_end(v, a, b, n_b, x) +
                    walk_to_end(w, a, b, n_b, x));
}

/* Differences above low and at most high, of which there are at most `most`, into ret. */
static size_t list_between(const double *a, size_t n_a, const double *b, size_t n_b, double low,
                           double high, double *ret, size_t most)
{
    size_t count = 0, i = 0, from = 0;
    while (i < n_a && from < n_b) { /* with one branch that depends on the data, seldom taken */
        double here = b[from] - a[i];
        size_t up = here <= low;
        if (here > low && here <= high)
            for (size_t k = from; k < n_b && b[k] - a[i] <= high && count < most; k++)
                ret[count++] = b[k] - a[i];
        from += up;
        i += 1 - up;
    }
    return count;
}

#define FEW_PAIRS 256
#define NORMAL_IQR 1.349 /* of a normal distribution, in standard deviations */
#define GUESS_WIDTH 0.05

/* The pairs of which the k-th smallest is sought: those within (low, high]. */
struct bracket {
    double low, high, below, upto; /* how many differences are <= low, <= high */
    double guess, spread;          /* where it would be if both samples were normal */
};

static void guess_place(struct bracket *r, const double *a, size_t n_a, const double *b, size_t n_b,
                        double share)
{
    double middle = stats_median(b, n_b) - stats_median(a, n_a),
           width = hypot(stats_quantile(a, n_a, 0.75) - stats_quantile(a, n_a, 0.25),
                         stats_quantile(b, n_b, 0.75) - stats_quantile(b, n_b, 0.25));
    r->spread = width / NORMAL_IQR;
    r->guess = middle + r->spread * gsl_cdf_ugaussian_Pinv(share);
}

/* Where to split the bracket: on both sides of the guess first; then by the share of pairs that
 * should lie on either side, a little to the left and to the right of k in turns, so that soon few
 * are left between; every third time in the middle, which always ends. */
static double choose_split(const struct bracket *r, double k, unsigned step)
{
    double middle = r->low + (r->high - r->low) / 2,
           off = step % 3 == 0 ? -FEW_PAIRS / 3.0 : FEW_PAIRS / 3.0,
           share = (k + off - r->below) / (r->upto - r->below), split;
    if (step < 2)
        split = r->guess + (step ? GUESS_WIDTH : -GUESS_WIDTH) * r->spread;
    else if (step % 3 == 1)
        split = middle;
    else
        split = r->low + (r->high - r->low) * share;
    return split > r->low && split < r->high ? split : middle;
}

/* The k-th and, where next is 1, the (k + 1)-th smallest of all differences b - a, k from 1,
 * without making them all: the bracket is split until few are left, or all that are left are equal.
 */
static struct interval kth_difference(const double *a, size_t n_a, const double *b, size_t n_b,
                                      double k, unsigned next)
{
    double few[FEW_PAIRS];
    struct bracket r = {.low = b[0] - a[n_a - 1], .high = b[n_b - 1] - a[0]};
    r.below = count_at_most(a, n_a, b, n_b, r.low);
    r.upto = (double)n_a * (double)n_b;
    if (r.below >= k + next)
        return (struct interval){r.low, r.low};
    guess_place(&r, a, n_a, b, n_b, (k - 0.5) / r.upto);
    for (unsigned step = 0; r.below < k && r.upto - r.below > FEW_PAIRS; step++) {
        double split = choose_split(&r, k, step);
        if (split <= r.low || split >= r.high)
            break;
        double count = count_at_most(a, n_a, b, n_b, split);
        if (count >= k + next) {
            r.high = split;
            r.upto = count;
        } else if (count < k) {
            r.low = split;
            r.below = count;
        } else { /* between the two that are sought: each by itself */
            struct interval first = kth_difference(a, n_a, b, n_b, k, 0),
                            second = kth_difference(a, n_a, b, n_b, k + next, 0);
            return (struct interval){first.low, second.low};
        }
    }
    if (r.below >= k) { /* the lowest difference is the k-th, but not the next */
        struct interval second = kth_difference(a, n_a, b, n_b, k + next, 0);
        return (struct interval){r.low, second.low};
    }
    if (r.upto - r.below > FEW_PAIRS)
        return (struct interval){r.high, r.high};
    size_t n = list_between(a, n_a, b, n_b, r.low, r.high, few, FEW_PAIRS);
    stats_sort(few, n);
    size_t at = (size_t)(k - r.below) - 1;
    return (struct interval){few[at], few[at + next]};
}

/* The interval goes from the k-th smallest to the k-th largest difference; 0: too few pairs. */
static double interval_rank(size_t n_a, size_t n_b, double level, double ties,
                            struct ranks_memory *memory)
{
    double pairs = (double)n_a * (double)n_b, beyond = (1 - level) / 2;
    if (pairs > RANKS_EXACT_PAIRS) {
        double half = gsl_cdf_ugaussian_Pinv(0.5 + level / 2);
        return floor(pairs / 2 - half * null_sd((double)n_a, (double)n_b, ties));
    }
    size_t k = 0;
    const double *p = lower_half(memory, n_a, n_b);
    if (!p)
        return -1;
    while (k <= n_a * n_b / 2 && p[k] <= beyond)
        k++;
    return (double)k;
}

int ranks_shift(const double *a, size_t n_a, const double *b, size_t n_b, double level,
                struct ranks_memory *memory, struct shift *ret)
{
    double halves, ties, pairs = (double)n_a * (double)n_b;
    count_pairs(a, n_a, b, n_b, &halves, &ties);
    double k = interval_rank(n_a, n_b, level, ties, memory), middle = floor((pairs + 1) / 2);
    if (k < 0)
        return -1;
    struct interval median =
        kth_difference(a, n_a, b, n_b, middle, pairs + 1 - middle > middle ? 1 : 0);
    ret->median = median.low + (median.high - median.low) / 2;
    ret->interval = (struct interval){NAN, NAN};
    if (k >= 1)
        ret->interval = (struct interval){kth_difference(a, n_a, b, n_b, k, 0).low,
                                          kth_difference(a, n_a, b, n_b, pairs + 1 - k, 0).low};
    return 0;
}
