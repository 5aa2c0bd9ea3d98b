#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# The figures with the real tools: PNG that are not blank, plots of letters.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
cp -R "$top_srcdir/tests/data/report/run" run
chmod -R u+w run
missing=
if command -v gnuplot >/dev/null 2>&1; then
    COLUMNS=80 ctxmark 0 report run -f term
    grep -qE '^ +10+ .*\+-+\+' out || fail "there is no plot frame"
    grep -qE '\|.* A .*\|' out || fail "there are no marks in the plots"
    expect_in out "qwen2.5-1.5b"
    expect "the longest line" "$(awk 'length > n { n = length } END { print (n > 100) }' out)" 0
else
    missing="gnuplot (Debian: gnuplot-nox)"
fi
ctxmark 0 report run
if command -v rsvg-convert >/dev/null 2>&1; then
    # A picture of the same size with nothing in it, to hold the others against.
    for f in run/figures/*.svg; do
        size=$(sed -n 's/.*viewBox="0 0 \([0-9]*\) \([0-9]*\)".*/width="\1" height="\2"/p' "$f" | head -n 1)
        echo "<svg xmlns=\"http://www.w3.org/2000/svg\" $size><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/></svg>" >blank.svg
        rsvg-convert --zoom=2 --output blank.png blank.svg
        blank=$(wc -c <blank.png) full=$(wc -c <"${f%.svg}.png")
        [ "$full" -gt $((4 * blank)) ] || fail "${f%.svg}.png is nearly blank: $full bytes, $blank for an empty one"
    done
else
    missing="$missing rsvg-convert (Debian: librsvg2-bin)"
fi
[ -z "$missing" ] || skip "not installed: $missing"
