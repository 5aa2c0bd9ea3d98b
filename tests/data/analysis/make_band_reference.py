# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
"""The values of test_fits' confidence band of a power law, from scipy: run it and compare.

usage: make_band_reference.py
y = a x^b by unweighted least squares; 95 % interval of the fitted curve at x by the delta method on
ln y with the covariance of curve_fit and t(n - 2)."""
import numpy as np
from scipy.optimize import curve_fit
from scipy.stats import t

x = 512.0 * 2.0 ** np.arange(6)
y = 0.01 * x**1.5 * np.where(np.arange(6) % 2, 1.02, 0.98)
# The parameters are (y at 16384, b); the curve's interval does not depend on that choice.
top = x[-1]
(c, b), cov = curve_fit(lambda x, c, b: c * (x / top) ** b, x, y, p0=(y[-1], 1.5), method="lm",
                        jac=lambda x, c, b: np.stack([(x / top) ** b, c * (x / top) ** b * np.log(x / top)], 1),
                        xtol=1e-15, ftol=1e-15, gtol=1e-15)
for at in (512.0, 3000.0, 16384.0, 50000.0):
    gradient = np.array([1 / c, np.log(at / top)])
    half = t.ppf(0.975, len(x) - 2) * np.sqrt(gradient @ cov @ gradient)
    middle = c * (at / top) ** b
    print(f"    {{{at:g}, {middle:.15g}, {middle * np.exp(-half):.15g}, {middle * np.exp(half):.15g}}},")
