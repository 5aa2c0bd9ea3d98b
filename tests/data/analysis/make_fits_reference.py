#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The ctxmark authors
"""Writes fits_reference.json: values that the analyzers must give and that the reference data do not
hold, by scipy and statsmodels.

    make_fits_reference.py SHARED/reference/stats > fits_reference.json

Each item: {"set", "analyzer", "table", "row": {KEY: VALUE}, "values": {COLUMN: VALUE},
"relative": tolerance}.  null: unknown.  Needs numpy, scipy, statsmodels.
"""
import csv
import json
import math
import re
import sys
from collections import defaultdict

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower

LIMIT = 12288.0
RATE = 50.0
items = []


def put(name, analyzer, table, row, values, relative=1e-8):
    values = {k: None if v is None or not math.isfinite(v) else float(v) for k, v in values.items()}
    items.append({"set": name, "analyzer": analyzer, "table": table, "row": row,
                  "values": values, "relative": relative})


def number(text):
    try:
        x = float(text)
        return x if math.isfinite(x) else None
    except ValueError:
        return None


def read(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def series_of(rows):
    """{(model, backend, mode): {context: [(rep, latency, rate)]}} of usable rows."""
    out = defaultdict(lambda: defaultdict(list))
    for r in rows:
        ms = number(r["latency_ms"])
        if r["status"] != "ok" or ms is None:
            continue
        tokens = number(r["prompt_tokens"] if r["mode"] == "prefill" else r["generated_tokens"])
        rate = tokens / ms * 1000 if tokens else None
        out[r["model"], r["backend"], r["mode"]][int(r["context_length"])].append(
            (int(r["rep"]), ms, rate))
    return {k: dict(sorted(v.items())) for k, v in sorted(out.items())}


def peaks_of(rows):
    out = defaultdict(dict)
    for r in rows:
        p = number(r["peak_vram_mb"])
        if r["status"] == "ok" and p is not None:
            d = out[r["model"], r["backend"]]
            c = int(r["context_length"])
            d[c] = max(d.get(c, 0), p)
    return {k: dict(sorted(v.items())) for k, v in out.items()}


def spill_of(peaks):
    return next((c for c, p in peaks.items() if p > LIMIT), None)


def jump_of(cells):
    xs = list(cells)
    med = [np.median([v[1] for v in cells[c]]) for c in xs]
    for i in range(1, len(xs)):
        if med[i] / med[i - 1] > (xs[i] / xs[i - 1]) ** 3:
            return xs[i]
    return None


# --- which curve the repetitions speak for


def power_fit(x, y):
    """Global least squares of y = a x^b, by many starts of b."""
    top = x.max()
    u = x / top

    def rss_of(b):
        p = u ** b
        a = (p @ y) / (p @ p)
        return ((y - a * p) ** 2).sum()

    grid = np.linspace(-10, 40, 5001)
    rss = np.array([rss_of(b) for b in grid])
    k = int(rss.argmin())
    low, high = grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)]
    b = optimize.minimize_scalar(rss_of, bounds=(low, high), method="bounded",
                                 options={"xatol": 1e-13}).x
    return rss_of(b), b


def aicc(rss, n, p):
    k = p + 1
    return n * math.log(rss / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1) if n - k - 1 > 0 else None


def choice(name, key, range_name, cells):
    x = np.array([c for c, v in cells.items() for _ in v], float)
    y = np.array([t[1] for v in cells.values() for t in v])
    n, m = len(y), len(cells)
    out = {"n": n, "n_points": m, "aicc_constant": None, "aicc_linear": None, "aicc_power": None,
           "aicc_quadratic": None}
    for p, column in ((1, "aicc_constant"), (2, "aicc_linear"), (3, "aicc_quadratic")):
        if m > p:
            fit = np.polynomial.Polynomial.fit(x, y, p - 1)
            out[column] = aicc(((y - fit(x)) ** 2).sum(), n, p)
    if m > 2:
        out["aicc_power"] = aicc(power_fit(x, y)[0], n, 2)
    put(name, "scaling", "choice", {**key, "range": range_name}, out)


# --- one curve or two


def segment_curves(cells, from_, to, alone):
    """[(rss, coefficients, value at context)] of the curves that cells [from, to) can carry."""
    part = list(cells.items())[from_:to]
    x = np.array([c for c, v in part for _ in v], float)
    y = np.log([t[1] for _, v in part for t in v])
    n = len(part)
    if n == 2:
        g = [math.exp(np.mean(np.log([t[1] for t in v]))) for _, v in part]
        if g[1] / g[0] > (part[1][0] / part[0][0]) ** 3:
            return []
    if n == 1:
        return [(((y - y.mean()) ** 2).sum(), 1, lambda c, m=y.mean(): m)]
    out = []
    line = np.polynomial.Polynomial.fit(np.log(x), y, 1)
    out.append((((y - line(np.log(x))) ** 2).sum(), 2, lambda c: line(math.log(c))))
    if n < (4 if alone else 5):
        return out
    parabola = np.polynomial.Polynomial.fit(np.log(x), y, 2)
    out.append((((y - parabola(np.log(x))) ** 2).sum(), 3, lambda c: parabola(math.log(c))))
    cx = np.array([c for c, _ in part], float)
    g = np.array([math.exp(np.mean(np.log([t[1] for t in v]))) for _, v in part])
    w = np.array([math.sqrt(len(v)) for _, v in part]) / g
    curve = np.polynomial.Polynomial.fit(cx, g, 2, w=w)
    if (curve(cx) > 0).all():
        out.append((((y - np.log(curve(x))) ** 2).sum(), 3, lambda c: math.log(curve(c))))
    return out


def segments(name, key, cells):
    if len(cells) < 4:
        return
    n = sum(len(v) for v in cells.values())
    xs = list(cells)

    def bic(rss, coefficients):
        if n <= coefficients + 2:
            return math.inf
        return n * math.log(max(rss, n * 1e-18) / n) + (coefficients + 1) * math.log(n)

    one = min(bic(r, c) for r, c, _ in segment_curves(cells, 0, len(xs), True))
    two, where, step = math.inf, None, None
    for at in range(2, len(xs)):
        for r1, c1, value in segment_curves(cells, 0, at, False):
            for r2, c2, _ in segment_curves(cells, at, len(xs), False):
                b = bic(r1 + r2, c1 + c2 + 1)
                if b < two:
                    two, where = b, at
                    first = cells[xs[at]]
                    step = math.exp(np.mean(np.log([t[1] for t in first])) - value(xs[at]))
    put(name, "regimes", "regimes", key, {"bic_one": one, "bic_two": two, "segments_step": step},
        1e-7)
    return where


# --- cells


def drift(name, series):
    found = []
    for (model, backend, mode), cells in series.items():
        for c, v in cells.items():
            row = {"model": model, "backend": backend, "mode": mode, "context_length": c}
            x = np.array([t[1] for t in v])
            reps = np.array([t[0] for t in v], float)
            mad = stats.median_abs_deviation(x)
            values = {"mad": mad}
            if len(x) >= 4:
                q1, q3 = np.percentile(x, [25, 75])
                values["outliers"] = ((x < q1 - 1.5 * (q3 - q1)) | (x > q3 + 1.5 * (q3 - q1))).sum()
                z = 0.0 * x if mad == 0 else np.abs(x - np.median(x)) / (1.4826 * mad)
                values["outliers_mad"] = (z > 3.5).sum()
            p = None
            if len(x) >= 5 and x.std() > 0:
                r = stats.spearmanr(reps, x)
                p = r.pvalue
                values["drift_rho"] = r.statistic
                values["drift_p"] = p
                values["drift_log10_p"] = math.log10(p) if p > 0 else None
                slope = np.polyfit(stats.rankdata(reps), x, 1)[0]
                values["drift_pct"] = 100 * slope * (len(x) - 1) / np.median(x)
            found.append((row, values, p))
    known = [p for _, _, p in found if p is not None]
    adjusted = iter(multipletests(known, method="fdr_bh")[1] if known else [])
    for row, values, p in found:
        if p is not None:
            values["drift_p_bh"] = next(adjusted)
        put(name, "outliers", "cells", row, values)


def repetitions(name, series):
    power = TTestIndPower()
    for (model, backend, mode), cells in series.items():
        for c, v in cells.items():
            x = np.array([t[1] for t in v])
            if len(x) < 2 or x.std() == 0:
                continue
            cv = 100 * x.std(ddof=1) / x.mean()
            values = {}
            for pct in (1, 3, 5, 10):
                d = pct / cv
                z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
                n = max(2, math.floor(2 * z * z / d / d) - 3)
                while power.power(d, n, 0.05) < 0.8:
                    n += 1
                values[f"n_for_{pct}pct"] = n
            put(name, "power", "cells",
                {"model": model, "backend": backend, "mode": mode, "context_length": c}, values, 0)


# --- predictions and limits


def thresholds(name, key, cells, clean):
    xs = np.array(list(cells), float)[:clean]
    med = np.array([np.median([t[1] for t in v]) for v in list(cells.values())[:clean]])
    if len(xs) < 3:
        return
    _, b0 = power_fit(xs, med)
    top = xs.max()
    scale = med.max()

    def model(u, ln_a, b):
        return np.exp(ln_a + b * np.log(u))

    p0 = [math.log((((xs / top) ** b0) @ med / scale) / (((xs / top) ** b0) @ ((xs / top) ** b0))), b0]
    par, cov = optimize.curve_fit(model, xs / top, med / scale, p0=p0, xtol=1e-15, ftol=1e-15,
                                  gtol=1e-15, maxfev=100000)
    if par[1] <= 0:
        return
    for ms in (200, 1000, 5000, 10000):
        ln_u = (math.log(ms / scale) - par[0]) / par[1]
        grad = np.array([-1 / par[1], -ln_u / par[1]])
        half = stats.t.ppf(0.975, len(xs) - 2) * math.sqrt(grad @ cov @ grad)
        x = math.exp(ln_u) * top
        if x >= 1e9:
            continue
        high = x * math.exp(half)
        put(name, "ttft", "thresholds", {**key, "threshold_ms": ms},
            {"predicted": x, "predicted_low": x * math.exp(-half),
             "predicted_high": high if high < 1e9 else None}, 2e-5)


def limits(name, key, cells):
    xs, mean, low, high = [], [], [], []
    for c, v in cells.items():
        r = np.array([t[2] for t in v if t[2]])
        half = stats.t.ppf(0.975, len(r) - 1) * r.std(ddof=1) / math.sqrt(len(r)) if len(r) > 1 else math.nan
        xs.append(c)
        mean.append(r.mean())
        low.append(r.mean() - half)
        high.append(r.mean() + half)

    def cross(y):
        for i in range(len(y)):
            if y[i] < RATE:
                return None if i == 0 else float(
                    np.interp(RATE, [y[i], y[i - 1]], [xs[i], xs[i - 1]]))
        return None

    middle = cross(mean)
    put(name, "decode", "limits", key, {"decode_limit": middle,
                                        "limit_low": cross(low) if middle else None,
                                        "limit_high": cross(high) if middle else None})


def budget(name, model, backend, peaks):
    clean = [(c, p) for c, p in peaks.items() if p <= LIMIT]
    if len(clean) < 3:
        return
    x, y = np.array(clean, float).T
    c0, c1, c2 = np.polynomial.Polynomial.fit(x, y, 2).convert().coef
    roots = np.roots([c2, c1, c0 - LIMIT])
    n = min(r.real for r in roots if abs(r.imag) < 1e-9 and r.real > 0)
    put(name, "memory", "budget", {"model": model, "backend": backend},
        {"budget_tokens": n, "budget_tokens_x0_8": 0.8 * n})


def main():
    folder = sys.argv[1]
    for name in "AB":
        rows = read(f"{folder}/dataset_{name}.csv")
        series, peaks = series_of(rows), peaks_of(rows)
        for (model, backend, mode), cells in series.items():
            key = {"model": model, "backend": backend, "mode": mode}
            known = (model, backend) in peaks
            at = spill_of(peaks[model, backend]) if known else jump_of(cells)
            part = {c: v for c, v in cells.items() if at is None or c < at}
            choice(name, key, "full", cells)
            if at is not None:
                choice(name, key, "pre_spillover" if known else "before_jump", part)
            segments(name, key, cells)
            if mode == "prefill":
                thresholds(name, key, cells, len(part))
            if mode == "decode":
                limits(name, key, cells)
        drift(name, series)
        repetitions(name, series)
        for (model, backend), p in peaks.items():
            budget(name, model, backend, p)
    text = json.dumps({"items": items}, indent=0)
    print(re.sub(r"\n(?!\{)", "", text))


main()
