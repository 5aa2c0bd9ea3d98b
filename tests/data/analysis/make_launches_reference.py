#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
"""usage: make_launches_reference.py > launches_reference.json

Repetitions within launches: variance within and between, and the interval over launches, by numpy
and scipy.  The one-way F is scipy.stats.f_oneway's."""

import json
import sys

import numpy as np
from scipy import stats

rng = np.random.default_rng(20260101)


def case(name, launches):
    x = [np.asarray(v, float) for v in launches]
    n = np.array([len(v) for v in x], float)
    k, total = len(x), n.sum()
    means = np.array([v.mean() for v in x])
    within = sum(((v - v.mean()) ** 2).sum() for v in x) / (total - k)
    grand = np.concatenate(x).mean()
    ms_between = (n * (means - grand) ** 2).sum() / (k - 1)
    n0 = (total - (n**2).sum() / total) / (k - 1)
    f = stats.f_oneway(*x)
    low, high = stats.t.interval(0.95, k - 1, means.mean(), means.std(ddof=1) / np.sqrt(k))
    return {"name": name, "launches": [list(v) for v in x], "mean": means.mean(),
            "var_within": within, "var_between": max(0.0, (ms_between - within) / n0),
            "low": low, "high": high, "F": f.statistic, "p": f.pvalue}


def drawn(sizes, between, within, mean=100.0):
    return [np.round(mean + between * rng.standard_normal() + within * rng.standard_normal(n), 4)
            for n in sizes]


json.dump([case("balanced, launches differ", drawn([10] * 5, 3, 1)),
           case("balanced, launches are alike", drawn([10] * 4, 0, 1)),
           case("unbalanced", drawn([3, 10, 7, 1, 12], 2, 0.5)),
           case("two launches", drawn([5, 5], 1, 1)),
           case("far from zero", drawn([8, 8, 8], 0.01, 0.002, 1e6))],
          sys.stdout, indent=1)
print()
