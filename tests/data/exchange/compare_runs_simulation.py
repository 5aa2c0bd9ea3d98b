#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# Error rates and power of `ctxmark compare` on simulated runs of which the truth is known.
#
#   CTXMARK_PLUGIN_PATH=build/plugins/.libs compare_runs_simulation.py build/ctxmark
#
# Each line is 2,000 cells (models of one run) with latencies 100 ms * exp(shift + launch + noise).
# p05: cells with combined_p below 0.05, before Holm's correction.  tost: cells called equivalent
# within 5 %.  covered: intervals of the ratio that hold the true one.  With a limit for
# regressions: cells on its far side with regression_p below 0.05, and cells that exclude it.

import json
import math
import os
import subprocess
import sys
import tempfile

import numpy

PROGRAM = os.path.abspath(sys.argv[1])
random = numpy.random.default_rng(20260101)


def write(path, shift, cells, repetitions, launches, sd, launch_sd, heavy):
    with open(path, "w") as f:
        f.write("backend,model,context_length,mode,rep,launch,latency_ms\n")
        for c in range(cells):
            for start in range(launches):
                at = random.normal(0, launch_sd) if launch_sd else 0
                for rep in range(repetitions):
                    noise = random.normal(0, sd)
                    if heavy and random.random() < 0.1:
                        noise += abs(random.normal(0, 5 * sd))
                    f.write(f"b,m{c},512,prefill,{rep},{start},"
                            f"{100 * math.exp(shift + at + noise):.6f}\n")


def compare(ratio=1.0, cells=2000, repetitions=10, launches=1, sd=0.05, launch_sd=0.0, heavy=False,
            limit=None):
    shape = (cells, repetitions, launches, sd, launch_sd, heavy)
    write("A.csv", 0, *shape)
    write("B.csv", math.log(ratio), *shape)
    command = [PROGRAM, "compare", "A.csv", "B.csv", "-f", "json"]
    command += [] if limit is None else ["--fail-over", str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3, 4), done.stderr
    return json.loads(done.stdout)["cells"], done.returncode


def rates(name, ratio=1.0, limit=None, **shape):
    cells, _ = compare(ratio, limit=limit, **shape)
    prefix = "launch_ratio" if cells[0]["sample"] == "launches" else "ratio"
    n = len(cells)
    text = (f"{name:48} p05 {sum(c['combined_p'] < 0.05 for c in cells) / n:.4f}"
            f"  tost {sum(c['equivalent'] for c in cells) / n:.4f}  covered "
            f"{sum(c[prefix + '_low'] <= ratio <= c[prefix + '_high'] for c in cells) / n:.4f}")
    if limit is not None:
        beyond = sum(c["regression_p"] < 0.05 and c[prefix] > 1 + limit / 100 for c in cells)
        text += (f"  beyond {beyond / n:.4f}  excluded "
                 f"{sum(c['regression'] == 'excluded' for c in cells) / n:.4f}")
    print(text, flush=True)


def families(count, cells):
    wrong, statuses = 0, {}
    for _ in range(count):
        family, status = compare(cells=cells, limit=0)
        wrong += any(c["verdict"] in ("faster", "slower") for c in family)
        statuses[status] = statuses.get(status, 0) + 1
    print(f"{count} families of {cells} equal cells: {wrong} with a false verdict after Holm's "
          f"correction; exit statuses with --fail-over 0: {statuses}")


with tempfile.TemporaryDirectory() as folder:
    os.environ["CTXMARK_PLUGIN_PATH"] = os.path.abspath(os.environ["CTXMARK_PLUGIN_PATH"])
    os.chdir(folder)
    rates("equal, 10 repetitions")
    rates("equal, 10 repetitions, one in ten far slow", heavy=True)
    rates("equal, 5 repetitions", repetitions=5)
    rates("equal, launches differ by 3 %, one each", launch_sd=0.03)
    rates("equal, launches differ by 3 %, five each", launches=5, launch_sd=0.03)
    rates("equal, launches differ by 3 %, three each", launches=3, launch_sd=0.03)
    rates("equal, 2 % of noise", sd=0.02, limit=5)
    rates("5 % slower, at the margin and the limit", 1.05, limit=5)
    rates("5 % slower, at both, five launches", 1.05, limit=5, launches=5, launch_sd=0.03)
    rates("10 % slower", 1.10)
    rates("10 % slower, five launches", 1.10, launches=5, launch_sd=0.03)
    rates("15 % slower, limit 5 %", 1.15, limit=5)
    families(200, 20)
