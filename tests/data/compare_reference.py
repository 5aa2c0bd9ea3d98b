#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# Makes compare_reference.json: what scipy and statsmodels give for the figures of the analyzer
# compare that the reference of the two data sets does not hold.  Ratios and intervals of their own
# are recomputed by definition, without any shortcut.
#
#   compare_reference.py FOLDER-WITH-dataset_A.csv > compare_reference.json
#
# Made with the versions that the file names.

import json
import math
import sys

import numpy
import pandas
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

BASELINE, CANDIDATE, MARGIN = "transformers-gpu", "ollama", 0.05


def exact_counts(m, n):
    """How many of the C(m + n, m) arrangements have U = 0, 1, ... (generating function)."""
    counts = [1]
    for i in range(1, m + 1):
        product = counts + [0] * (n + i)
        for k in range(len(counts)):
            product[k + n + i] -= counts[k]
        for k in range(i, len(product)):
            product[k] += product[k - i]
        counts = product[: i * n + 1]
    return counts


def shift(x, y, level=0.95):
    """Hodges and Lehmann's shift and its interval, from all pairs."""
    pairs = numpy.sort(numpy.subtract.outer(y, x).ravel())
    counts, total, k, below = exact_counts(len(x), len(y)), math.comb(len(x) + len(y), len(x)), 0, 0
    for c in counts:
        below += c
        if below > total * (1 - level) / 2:
            break
        k += 1
    median = numpy.median(pairs)
    return median, (pairs[k - 1], pairs[len(pairs) - k]) if k else (None, None)


def cell(a, b):
    x, y, r = numpy.log(a), numpy.log(b), {}
    median, (low, high) = shift(x, y)
    r["ratio"] = math.exp(median)
    r["ratio_low"] = None if low is None else math.exp(low)
    r["ratio_high"] = None if high is None else math.exp(high)
    if numpy.var(x) == 0 and numpy.var(y) == 0:
        return r
    welch = stats.ttest_ind(y, x, equal_var=False)
    interval = welch.confidence_interval(0.95)
    r["mean_ratio"] = math.exp(y.mean() - x.mean())
    r["mean_ratio_low"], r["mean_ratio_high"] = math.exp(interval.low), math.exp(interval.high)
    bound = math.log1p(MARGIN)
    r["tost_p"] = float(
        CompareMeans(DescrStatsW(y), DescrStatsW(x)).ttost_ind(-bound, bound, usevar="unequal")[0])
    return r


def main(folder):
    sets = {}
    for name in "AB":
        data = pandas.read_csv(f"{folder}/dataset_{name}.csv")
        data["latency_ms"] = pandas.to_numeric(data["latency_ms"], errors="coerce")
        data = data[(data.status == "ok") & data.latency_ms.notna()]
        cells = []
        for (model, mode, context), rows in data.groupby(["model", "mode", "context_length"]):
            a = rows[rows.backend == BASELINE].latency_ms.to_numpy()
            b = rows[rows.backend == CANDIDATE].latency_ms.to_numpy()
            if len(a) >= 2 and len(b) >= 2:
                cells.append({"model": model, "mode": mode, "context_length": int(context),
                              **cell(a, b)})
        sets[name] = cells
    json.dump({"made_with": {"numpy": numpy.__version__, "scipy": scipy.__version__,
                             "statsmodels": statsmodels.__version__}, "sets": sets},
              sys.stdout, indent=1)
    print()


main(sys.argv[1])
