#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# rsvg-convert and gnuplot: what comes without them, with failing ones, and how they are called.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
tools=$PATH
name="-a run; \$(x) 'y'"
cp -R "$top_srcdir/tests/data/report/run" "./$name"
chmod -R u+w "./$name"
mkdir bin

PATH=$work/bin ctxmark 0 report -- "$name"
PATH=$tools
expect_in err "rsvg-convert (Debian: librsvg2-bin)"
[ -s "./$name/report.html" ] || fail "no report without rsvg-convert"
[ -z "$(find . -name '*.png')" ] || fail "a PNG without rsvg-convert"
PATH=$work/bin ctxmark 0 report -f term -- "$name"
PATH=$tools
expect_in err "gnuplot (Debian: gnuplot-nox)"
expect_in out "figures need gnuplot"

for tool in rsvg-convert gnuplot; do
    cat >bin/$tool <<SH
#!/bin/sh
printf '%s\n' "\$#" "\$@" >>"$work/$tool.called"
exit 3
SH
    chmod +x bin/$tool
done
PATH=$work/bin:$tools ctxmark 0 report -- "$name"
PATH=$tools
expect_in err "rsvg-convert ended with exit status 3"
expect "arguments" "$(sed -n 1p rsvg-convert.called)" 4
expect "the output's name" "$(sed -n 4p rsvg-convert.called)" "./$name/figures/prefill-latency-ollama.png"
PATH=$work/bin:$tools ctxmark 0 report -f term -- "$name"
PATH=$tools
expect_in err "gnuplot ended with exit status 3"
expect "arguments" "$(sed -n 1,2p gnuplot.called | tr '\n' ' ')" "2 -d "
ctxmark 2 report -f pdf -- "$name"
expect_in err "the formats are md, html and term"
