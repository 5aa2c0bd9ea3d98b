/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "fit.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "lsq.h"

#define LEVEL 0.975
#define B_LEAST (-10.0L)
#define B_MOST 40.0L
#define STEP 0.1L
#define STEPS 500 /* (B_MOST - B_LEAST) / STEP */
#define MOST_TRIES 200
#define CLOSE_ENOUGH 1e-18L

/* A power law in u = x / max(x): y = a u^b, for given b the best a.  Everything of it follows from
 * sums over the points. */
struct profile {
    const double *y, *w;
    size_t n;
    long double *log_u; /* [n] */
    long double *power; /* [n] u^b at the b that is tried */
    double *power_now;  /* [n] u^b at the grid's b */
    double *step;       /* [n] u^STEP */
    long double log_top;
};

static long double weight(const struct profile *p, size_t i)
{
    return p->w ? p->w[i] : 1;
}

/* The best a for powers u^b, and the sum of squares it leaves. */
static long double squares_left(const struct profile *p, const long double *power,
                                long double *ret_a)
{
    long double pp = 0, py = 0, rss = 0;
    for (size_t i = 0; i < p->n; i++) {
        pp += weight(p, i) * power[i] * power[i];
        py += weight(p, i) * power[i] * p->y[i];
    }
    long double a = py / pp;
    for (size_t i = 0; i < p->n; i++) {
        long double r = p->y[i] - a * power[i];
        rss += weight(p, i) * r * r;
    }
    if (ret_a)
        *ret_a = a;
    return rss;
}

static void powers_at(const struct profile *p, long double b, long double *ret)
{
    for (size_t i = 0; i < p->n; i++)
        ret[i] = expl(b * p->log_u[i]);
}

/* Minus half the derivative of the sum of squares in b: positive left of a minimum. */
static long double descent(const struct profile *p, long double b)
{
    long double a, sum = 0;
    powers_at(p, b, p->power);
    squares_left(p, p->power, &a);
    for (size_t i = 0; i < p->n; i++)
        sum += weight(p, i) * (p->y[i] - a * p->power[i]) * a * p->power[i] * p->log_u[i];
    return sum;
}

/* The minimum between low and high, where the descent changes its sign: by regula falsi, with the
 * end that stays halved in weight (the Illinois rule). */
static long double refine(const struct profile *p, long double low, long double high)
{
    long double at_low = descent(p, low), at_high = descent(p, high), b = low;
    int stayed = 0; /* -1: low stayed last time, 1: high did */
    if (!(at_low > 0))
        return low;
    if (!(at_high < 0))
        return high;
    for (int i = 0; i < MOST_TRIES && high - low > CLOSE_ENOUGH; i++) {
        b = (low * at_high - high * at_low) / (at_high - at_low);
        if (!(b > low && b < high))
            b = (low + high) / 2;
        long double at = descent(p, b);
        if (at == 0)
            break;
        if (at > 0) {
            at_high = stayed == 1 ? at_high / 2 : at_high;
            low = b;
            at_low = at;
            stayed = 1;
        } else {
            at_low = stayed == -1 ? at_low / 2 : at_low;
            high = b;
            at_high = at;
            stayed = -1;
        }
        if (b == low && b == high)
            break;
    }
    return b;
}

/* The sum of squares at every exponent of the grid; doubles do, since valleys are refined. */
static void walk_grid(const struct profile *p, double *ret)
{
    for (size_t i = 0; i < p->n; i++)
        p->power_now[i] = (double)expl(B_LEAST * p->log_u[i]);
    for (int k = 0; k <= STEPS; k++) {
        double pp = 0, py = 0, rss = 0;
        for (size_t i = 0; i < p->n; i++) {
            double w = p->w ? p->w[i] : 1;
            pp += w * p->power_now[i] * p->power_now[i];
            py += w * p->power_now[i] * p->y[i];
        }
        for (size_t i = 0; i < p->n; i++) {
            double r = p->y[i] - py / pp * p->power_now[i];
            rss += (p->w ? p->w[i] : 1) * r * r;
            p->power_now[i] *= p->step[i];
        }
        ret[k] = isnan(rss) ? INFINITY : rss;
    }
}

/* Walks b over the whole range and refines every valley of the sum of squares. */
static long double find_exponent(const struct profile *p)
{
    double grid[STEPS + 1];
    long double best = 0, least = INFINITY;
    walk_grid(p, grid);
    for (int k = 0; k <= STEPS; k++) {
        if ((k && grid[k] > grid[k - 1]) || (k < STEPS && grid[k] > grid[k + 1]))
            continue;
        long double b = refine(p, B_LEAST + STEP * (k ? k - 1 : 0),
                               B_LEAST + STEP * (k < STEPS ? k + 1 : STEPS));
        powers_at(p, b, p->power);
        long double rss = squares_left(p, p->power, NULL);
        if (rss < least) {
            least = rss;
            best = b;
        }
    }
    return best;
}

/* Standard errors from the Jacobian at the minimum, for a in the units of x itself. */
static void fill_errors(struct power_fit *f, const struct profile *p, long double a, long double b,
                        long double rss)
{
    long double s0 = 0, s1 = 0, s2 = 0, spread = 0;
    powers_at(p, b, p->power);
    for (size_t i = 0; i < p->n; i++) {
        long double s = weight(p, i) * p->power[i] * p->power[i], l = p->log_u[i] + p->log_top;
        s0 += s;
        s1 += s * l;
        s2 += s * l * l;
    }
    for (size_t i = 0; i < p->n; i++) {
        long double d = p->log_u[i] + p->log_top - s1 / s0;
        spread += weight(p, i) * p->power[i] * p->power[i] * d * d;
    }
    long double s = sqrtl(rss / (long double)(p->n - 2));
    if (!(spread > 0) || a == 0)
        return;
    f->se_b = (double)(s / (fabsl(a) * sqrtl(spread)));
    f->se_a = (double)(s * sqrtl(s2 / (s0 * spread)) * expl(-b * p->log_top));
    f->cov = (double)(-s1 / s0);
    double t = gsl_cdf_tdist_Pinv(LEVEL, (double)(p->n - 2));
    f->b_low = f->b - t * f->se_b;
    f->b_high = f->b + t * f->se_b;
}

static struct power_fit unknown_power(void)
{
    return (struct power_fit){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
}

static long double total_around_mean(const struct profile *p)
{
    long double sum = 0, weights = 0, total = 0;
    for (size_t i = 0; i < p->n; i++) {
        sum += weight(p, i) * p->y[i];
        weights += weight(p, i);
    }
    for (size_t i = 0; i < p->n; i++) {
        long double d = p->y[i] - sum / weights;
        total += weight(p, i) * d * d;
    }
    return total;
}

static int is_constant(const double *y, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (y[i] != y[0])
            return 0;
    return 1;
}

static struct power_fit find_power(const struct profile *p)
{
    struct power_fit f = unknown_power();
    long double a, b = is_constant(p->y, p->n) ? 0 : find_exponent(p);
    powers_at(p, b, p->power);
    long double rss = squares_left(p, p->power, &a), total = total_around_mean(p);
    f.a = (double)(a * expl(-b * p->log_top));
    f.b = (double)b;
    f.rss = (double)rss;
    f.r2 = is_constant(p->y, p->n) ? NAN : (double)(1 - rss / total);
    fill_errors(&f, p, a, b, rss);
    return f;
}

struct power_fit fit_power(const double *x, const double *y, const double *w, size_t n)
{
    double top = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] > 0) || !isfinite(x[i]) || !isfinite(y[i]))
            return unknown_power();
        top = fmax(top, x[i]);
    }
    long double *room = n < FIT_FEWEST ? NULL : malloc(n * (2 * sizeof *room + 2 * sizeof(double)));
    if (!room)
        return unknown_power();
    struct profile p = {.y = y,
                        .w = w,
                        .n = n,
                        .log_u = room,
                        .power = room + n,
                        .power_now = (double *)(room + 2 * n),
                        .step = (double *)(room + 2 * n) + n,
                        .log_top = logl((long double)top)};
    for (size_t i = 0; i < n; i++) {
        p.log_u[i] = logl((long double)x[i] / top);
        p.step[i] = (double)expl(STEP * p.log_u[i]);
    }
    struct power_fit f = find_power(&p);
    free(room);
    return f;
}

static void fill_loglog(struct fits *f, const double *x, const double *y, size_t n)
{
    struct lsq l;
    double *lx = malloc(2 * n * sizeof *lx + 1), *ly = lx ? lx + n : NULL;
    int sound = lx != NULL;
    for (size_t i = 0; sound && i < n; i++) {
        sound = x[i] > 0 && y[i] > 0;
        lx[i] = sound ? log(x[i]) : 0;
        ly[i] = sound ? log(y[i]) : 0;
    }
    if (sound && lsq_polynomial(&l, lx, ly, NULL, n, 1) == 0) {
        f->loglog.ln_a = l.coef[0];
        f->loglog.b = l.coef[1];
        f->loglog.se_b = l.se[1];
        f->loglog.r2_log = l.r2;
    }
    free(lx);
}

static void fill_polynomials(struct fits *f, const double *x, const double *y, size_t n)
{
    struct lsq l;
    if (lsq_polynomial(&l, x, y, NULL, n, 1) == 0) {
        double t = n > 2 ? gsl_cdf_tdist_Pinv(LEVEL, (double)(n - 2)) : NAN;
        f->linear.intercept = l.coef[0];
        f->linear.slope = l.coef[1];
        f->linear.rss = l.rss;
        f->linear.r2 = l.r2;
        f->linear.se_intercept = l.se[0];
        f->linear.se_slope = l.se[1];
        f->linear.slope_low = l.coef[1] - t * l.se[1];
        f->linear.slope_high = l.coef[1] + t * l.se[1];
    }
    if (lsq_polynomial(&l, x, y, NULL, n, 2) == 0) {
        double t = n > 3 ? gsl_cdf_tdist_Pinv(LEVEL, (double)(n - 3)) : NAN;
        f->quadratic.c = l.coef[0];
        f->quadratic.b = l.coef[1];
        f->quadratic.a = l.coef[2];
        f->quadratic.rss = l.rss;
        f->quadratic.r2 = l.r2;
        f->quadratic.se_c = l.se[0];
        f->quadratic.se_b = l.se[1];
        f->quadratic.se_a = l.se[2];
        f->quadratic.a_low = l.coef[2] - t * l.se[2];
        f->quadratic.a_high = l.coef[2] + t * l.se[2];
    }
}

struct fits fit_all(const double *x, const double *y, size_t n)
{
    struct fits f = {.n = n,
                     .power = unknown_power(),
                     .loglog = {NAN, NAN, NAN, NAN},
                     .linear = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
                     .quadratic = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN}};
    if (n < FIT_FEWEST)
        return f;
    f.power = fit_power(x, y, NULL, n);
    fill_loglog(&f, x, y, n);
    fill_polynomials(&f, x, y, n);
    if (!isnan(f.power.r2) && !isnan(f.linear.r2))
        f.better = f.power.r2 >= f.linear.r2 ? "power_law" : "linear";
    return f;
}

/* Half the 95 % interval of ln y = ln a + b ln x: its variance from those of ln a and b and their
 * covariance. */
static double log_curve_half(const struct power_fit *f, size_t n, double log_x)
{
    double se_log_a = f->se_a / f->a;
    double variance = se_log_a * se_log_a + log_x * log_x * f->se_b * f->se_b +
                      2 * log_x * f->cov * f->se_b * f->se_b;
    return gsl_cdf_tdist_Pinv(LEVEL, (double)(n - 2)) * sqrt(fmax(variance, 0));
}

struct inverse fit_power_inverse(const struct power_fit *f, size_t n, double y)
{
    struct inverse v = {NAN, NAN, NAN};
    if (!(f->a > 0) || !(f->b > 0) || !(y > 0) || n < FIT_FEWEST)
        return v;
    double log_x = (log(y) - log(f->a)) / f->b;
    v.x = exp(log_x);
    double half = log_curve_half(f, n, log_x) / fabs(f->b); /* ln x = (ln y - ln a) / b */
    v.low = exp(log_x - half);
    v.high = exp(log_x + half);
    return v;
}

struct curve_point fit_power_at(const struct power_fit *f, size_t n, double x)
{
    struct curve_point c = {NAN, NAN, NAN};
    if (!(f->a > 0) || !(x > 0) || n < FIT_FEWEST)
        return c;
    double half = log_curve_half(f, n, log(x));
    c.y = f->a * pow(x, f->b);
    c.low = c.y * exp(-half);
    c.high = c.y * exp(half);
    return c;
}

static double information(double rss, double least, size_t n, size_t parameters)
{
    if (isnan(rss) || n <= parameters + 2)
        return NAN;
    return (double)n * log(fmax(rss, least) / (double)n);
}

double fit_aicc(double rss, double least, size_t n, size_t parameters)
{
    double k = (double)parameters + 1;
    return information(rss, least, n, parameters) + 2 * k + 2 * k * (k + 1) / ((double)n - k - 1);
}

double fit_bic(double rss, double least, size_t n, size_t parameters)
{
    return information(rss, least, n, parameters) + ((double)parameters + 1) * log((double)n);
}
