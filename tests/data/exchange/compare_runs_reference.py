#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# Makes compare_runs_reference.json: two runs, one with several launches, and what scipy gives for the
# figures that `ctxmark compare --margin 5 --fail-over 4` must show.
#
#   compare_runs_reference.py > compare_runs_reference.json
#
# compare_runs_simulation.py beside it measures error rates and power of the same command.

import json
import math
import sys

import numpy
import scipy
from scipy import stats

MARGIN, LIMIT, ALPHA = 0.05, 0.04, 0.05


def holm(p):
    """Holm's step-down over the known p."""
    known = sorted((x, i) for i, x in enumerate(p) if x is not None)
    out, largest = [None] * len(p), 0.0
    for rank, (x, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * x))
        out[i] = largest
    return out


def ranks_p(a, b):
    ties = len(set(a) | set(b)) < len(a) + len(b)
    method = "asymptotic" if ties or len(a) * len(b) > 2500 else "exact"
    return stats.mannwhitneyu(b, a, alternative="two-sided", method=method).pvalue


def shift(a, b):
    return numpy.median(numpy.subtract.outer(b, a).ravel())


def repetitions(a, b):
    """p and ratio with repetitions as the sample."""
    p = min(stats.ttest_ind(b, a, equal_var=False).pvalue, ranks_p(a, b))
    return min(1.0, 2 * p), math.exp(shift(numpy.log(a), numpy.log(b)))


def equivalence(x, y):
    """Two one-sided Welch tests on logarithms."""
    low = stats.ttest_ind(y + math.log1p(MARGIN), x, equal_var=False, alternative="greater").pvalue
    high = stats.ttest_ind(y - math.log1p(MARGIN), x, equal_var=False, alternative="less").pvalue
    return max(low, high)


def launches(rows):
    return numpy.array([numpy.log(launch).mean() for launch in rows])


def cell(a, b):
    """a, b: lists of launches, each a list of latencies."""
    flat_a, flat_b = (numpy.array([x for launch in rows for x in launch]) for rows in (a, b))
    r = {"n_a": len(flat_a), "n_b": len(flat_b), "sample": "repetitions",
         "tost_p": equivalence(numpy.log(flat_a), numpy.log(flat_b))}
    r["combined_p"], r["ratio"] = repetitions(flat_a, flat_b)
    r["regression_p"], beyond = repetitions(flat_a * (1 + LIMIT), flat_b)
    used, side = r["tost_p"], r["ratio"]
    if len(a) >= 2 and len(b) >= 2:
        x, y = launches(a), launches(b)
        test = stats.ttest_ind(y, x, equal_var=False)
        interval = test.confidence_interval(0.95)
        r["sample"], r["combined_p"] = "launches", test.pvalue
        r["launch_ratio"] = side = math.exp(y.mean() - x.mean())
        r["launch_ratio_low"], r["launch_ratio_high"] = (math.exp(interval.low),
                                                         math.exp(interval.high))
        r["launch_tost_p"] = used = equivalence(x, y)
        r["regression_p"] = stats.ttest_ind(y, x + math.log1p(LIMIT), equal_var=False).pvalue
        beyond = side / (1 + LIMIT)
    return r, used, side, beyond


def family(cells):
    results = [cell(c["a"], c["b"]) for c in cells]
    adjusted = holm([r["combined_p"] for r, *_ in results])
    limits = holm([r["regression_p"] for r, *_ in results])
    for (r, used, side, beyond), p, limit in zip(results, adjusted, limits):
        r["combined_holm"], r["regression_holm"] = p, limit
        r["verdict"] = ("equivalent" if used < ALPHA else
                        "inconclusive" if p >= ALPHA else "faster" if side < 1 else "slower")
        r["regression"] = ("proven" if beyond > 1 and limit < ALPHA else
                           "excluded" if beyond < 1 and r["regression_p"] < ALPHA else
                           "inconclusive")
    return [r for r, *_ in results]


def draw(random, level, repetitions, starts, spread, between):
    return [[round(float(level * math.exp(at + random.normal(0, spread))), 4)
             for _ in range(repetitions)]
            for at in random.normal(0, between, starts)]


def main():
    random = numpy.random.default_rng(8)
    plan = [  # level of b over a, repetitions, launches of a and b, spread within and between
        (1.00, 10, 1, 1, 0.010, 0.0), (1.00, 10, 1, 1, 0.080, 0.0), (1.20, 10, 1, 1, 0.030, 0.0),
        (0.90, 10, 1, 1, 0.020, 0.0), (1.05, 10, 1, 1, 0.040, 0.0), (1.00, 6, 5, 5, 0.010, 0.005),
        (1.15, 6, 5, 4, 0.020, 0.020), (0.80, 6, 3, 6, 0.020, 0.020), (1.10, 6, 1, 4, 0.020, 0.02),
    ]
    cells = []
    for i, (ratio, n, starts_a, starts_b, spread, between) in enumerate(plan):
        cells.append({"context_length": 512 * (i + 1),
                      "a": draw(random, 100, n, starts_a, spread, between),
                      "b": draw(random, 100 * ratio, n, starts_b, spread, between)})
    cells[1]["b"][0][:3] = cells[1]["a"][0][:3]  # ties
    for c, r in zip(cells, family(cells)):
        c["expected"] = {k: v if isinstance(v, str) else float(v) for k, v in r.items()}
    json.dump({"made_with": {"numpy": numpy.__version__, "scipy": scipy.__version__},
               "margin_pct": 5, "regression_pct": 4, "cells": cells}, sys.stdout, indent=1)
    print()


main()
