#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# Makes anova_reference.json: what statsmodels gives for an unbalanced design of three backends by
# four contexts (types I, II, III), and mpmath for tails of t, F and the normal distribution.
#
#   anova_reference.py > anova_reference.json

import json
import random
import sys

import mpmath
import pandas
import statsmodels
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

mpmath.mp.dps = 50


def design():
    r, rows = random.Random(7), []
    for i in range(3):
        for k in range(4):
            for rep in range(2 + (3 * i + 5 * k) % 6):
                y = 20.0 + 7 * i + 3 * k * k + 2 * i * k + r.gauss(0, 3)
                rows.append({"a": i, "b": k, "y": round(y, 3)})
    return rows


def tables(rows):
    data, result = pandas.DataFrame(rows), {}
    fit = ols("y ~ C(a, Sum) * C(b, Sum)", data).fit()
    names = {"C(a, Sum)": "a", "C(b, Sum)": "b", "C(a, Sum):C(b, Sum)": "a_x_b"}
    for kind in (1, 2, 3):
        table = anova_lm(fit, typ=kind)
        result[f"type{kind}"] = {
            short: {"ss": float(table.loc[name, "sum_sq"]), "F": float(table.loc[name, "F"]),
                    "p": float(table.loc[name, "PR(>F)"])} for name, short in names.items()}
    return result


def t_tail(t, df):
    t, df = mpmath.mpf(t), mpmath.mpf(df)
    return mpmath.betainc(df / 2, mpmath.mpf(1) / 2, 0, df / (df + t * t), regularized=True)


def f_tail(f, d1, d2):
    f, d1, d2 = mpmath.mpf(f), mpmath.mpf(d1), mpmath.mpf(d2)
    return mpmath.betainc(d2 / 2, d1 / 2, 0, d2 / (d2 + d1 * f), regularized=True)


def log10(p):
    return float(mpmath.log10(p))


def main():
    rows = design()
    ts = [(0.01, 3.7), (1.5, 5), (2.2621571627409915, 9), (40, 2.01), (30, 18), (900, 118),
          (5000, 400.5), (1e6, 60), (4.2, 1e6), (38.6, 1e6)]
    fs = [(0.3, 1, 10), (1.2, 4, 20), (16000, 5, 108), (3.1, 2, 1e5), (0.9, 30, 7), (1e8, 3, 200)]
    zs = [0.0, 0.5, 1.96, 6.0, 20.0, 37.0, 40.0, 60.0]
    json.dump({
        "made_with": {"statsmodels": statsmodels.__version__, "mpmath": mpmath.__version__},
        "rows": rows,
        "twoway": tables(rows),
        "t": [{"t": t, "df": df, "log10_p": log10(t_tail(t, df))} for t, df in ts],
        "f": [{"f": f, "df1": a, "df2": b, "log10_p": log10(f_tail(f, a, b))} for f, a, b in fs],
        "z": [{"z": z, "log10_p": log10(mpmath.erfc(mpmath.mpf(z) / mpmath.sqrt(2)))} for z in zs],
    }, sys.stdout, indent=1)
    print()


main()
