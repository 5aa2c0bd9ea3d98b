#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
"""usage: peer.py METRICS.CSV BOOTSTRAP

What the analyzers compute, with pandas, scipy and statsmodels, as one would write it: the same
statistics of the same samples, without reports or findings.  BOOTSTRAP: draws for each mean, 0 for
none.  Prints nothing but how many figures it made and the seconds of each part."""

import sys
import time

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.formula.api import ols
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower

CELL = ["model", "backend", "mode", "context_length"]
SERIES = ["model", "backend", "mode"]
figures = 0
began = time.perf_counter()


def done(part, count):
    global figures, began
    now = time.perf_counter()
    print(f"{part} {now - began:.2f} s", file=sys.stderr)
    figures, began = figures + count, now


def descriptive(x, draws):
    n, mean, sd = len(x), x.mean(), x.std(ddof=1)
    out = [n, mean, sd, np.median(x), x.min(), x.max(), sd / mean, mean / np.median(x)]
    out += list(np.quantile(x, [0.25, 0.75, 0.95, 0.99]))
    out += [stats.trim_mean(x, p) for p in (0.05, 0.1, 0.2)]
    out += list(stats.t.interval(0.95, n - 1, mean, sd / np.sqrt(n)))
    out += [mean - 1.96 * sd / np.sqrt(n), mean + 1.96 * sd / np.sqrt(n), stats.hmean(x)]
    k = int(stats.binom.ppf(0.025, n, 0.5))
    out += list(np.sort(x)[[k - 1, n - k]])
    if draws:
        for method in ("percentile", "BCa"):
            r = stats.bootstrap((x,), np.mean, n_resamples=draws, method=method)
            out += list(r.confidence_interval)
    return out


def distribution(x):
    return [stats.skew(x), stats.skew(x, bias=False), stats.kurtosis(x), *stats.shapiro(x[:5000])]


def outliers(x, order):
    q1, q3 = np.quantile(x, [0.25, 0.75])
    fence = (x < q1 - 1.5 * (q3 - q1)) | (x > q3 + 1.5 * (q3 - q1))
    mad = stats.median_abs_deviation(x)
    slope = np.polyfit(order, x, 1)[0]
    return [fence.sum(), mad, (np.abs(x - np.median(x)) > 3.5 * 1.4826 * mad).sum(), slope,
            *stats.spearmanr(order, x)]


def compare(a, b):
    u = stats.mannwhitneyu(a, b)
    shift = np.sort(np.subtract.outer(b, a).ravel())
    half = stats.norm.ppf(0.975) * np.sqrt(len(a) * len(b) * (len(a) + len(b) + 1) / 12)
    k = max(int(len(shift) / 2 - half), 1)
    pooled = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    return [stats.ttest_ind(a, b).pvalue, stats.ttest_ind(a, b, equal_var=False).pvalue, u.pvalue,
            (b.mean() - a.mean()) / pooled, np.median(shift), shift[k - 1], shift[-k]]


def curves(x, y):
    if len(x) < 4:
        return []
    start = np.polyfit(np.log(x), np.log(y), 1)
    fit, cov = optimize.curve_fit(lambda n, a, b: a * n**b, x, y, (np.exp(start[1]), start[0]),
                                  maxfev=10000)
    out = [*fit, *np.sqrt(np.diag(cov))]
    for degree in (1, 2):
        m = sm.OLS(y, np.vander(x, degree + 1)).fit()
        out += [*m.params, *m.bse, m.rsquared, m.aic, m.bic]
    out += list(sm.OLS(np.log(y), sm.add_constant(np.log(x))).fit().params)
    return out


def main():
    path, draws = sys.argv[1], int(sys.argv[2])
    rows = pd.read_csv(path)
    rows = rows[(rows.status == "ok") & (rows.phase == "measured") & rows.latency_ms.notna()]
    cells = list(rows.groupby(CELL, sort=True))
    done("read and group", 0)

    n = 0
    for _, g in cells:
        n += len(descriptive(g.latency_ms.to_numpy(), draws))
        n += len(descriptive(g.tokens_per_s.to_numpy(), 0))
    n += len(rows.groupby(["model", "backend", "context_length"]).peak_memory_mib.max())
    done("descriptive", n)

    n = sum(len(distribution(g.latency_ms.to_numpy())) for _, g in cells)
    done("distribution", n)
    n = sum(len(outliers(g.latency_ms.to_numpy(), g.seq.to_numpy(dtype=float))) for _, g in cells)
    done("outliers", n)

    p, n = [], 0
    for _, family in rows.groupby(["model", "mode", "context_length"]):
        sides = [g.latency_ms.to_numpy() for _, g in family.groupby("backend")]
        for other in sides[1:]:
            row = compare(sides[0], other)
            p.append(row[1])
            n += len(row)
    for method in ("bonferroni", "holm", "fdr_bh"):
        n += len(multipletests(p, method=method)[1])
    done("compare", n)

    n = 0
    for _, family in rows.groupby(["model", "mode"]):
        fit = ols("np.log(latency_ms) ~ C(backend) * C(context_length)", family).fit()
        for kind in (1, 2):
            n += sm.stats.anova_lm(fit, typ=kind).size
        for _, g in family.groupby("backend"):
            n += len(stats.f_oneway(*[c.latency_ms for _, c in g.groupby("context_length")]))
    done("anova", n)

    n = 0
    centers = rows.groupby(CELL).latency_ms.agg(["median", "mean"]).reset_index()
    for _, s in centers.groupby(SERIES):
        x = s.context_length.to_numpy(dtype=float)
        for center in ("median", "mean"):
            n += len(curves(x, s[center].to_numpy()))
    done("scaling", n)

    n, power = 0, TTestIndPower()
    for reps in sorted({len(g) for _, g in cells}):
        power.solve_power(nobs1=reps, alpha=0.05, power=0.8)
    for _, g in cells:
        x = g.latency_ms.to_numpy()
        for pct in (1, 3, 5, 10):
            d = pct / 100 * x.mean() / x.std(ddof=1)
            n += 1
            if d < 5:
                power.solve_power(effect_size=d, alpha=0.05, power=0.8)
    done("power", n)
    print(f"{figures} figures")


main()
