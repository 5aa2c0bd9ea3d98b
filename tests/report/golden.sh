#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# A kept run (a replay of conf/recordings/, cut to a few tables) gives the kept report, byte for byte.
# After a wanted change: ctxmark report -f md COPY-OF-RUN, look at it, and keep it.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
cp -R "$top_srcdir/tests/data/report/run" run
chmod -R u+w run
ctxmark 0 report run -f md
expect "what it prints" "$(cat out)" run/report.md
diff -u "$top_srcdir/tests/data/report/report.md" run/report.md || fail "report.md is another one"
[ ! -e run/report.html ] || fail "report.html was not asked for"
ctxmark 0 report run -f html --no-figures
[ "$(grep -c '<svg' run/report.html)" = 0 ] || fail "there are figures all the same"
# Each figure that the report names is there, and the other way round.
sed -n 's/^!\[.*](figures\/\(.*\))$/\1/p' run/report.md >named
while read -r f; do
    [ -s "run/figures/$f" ] || fail "figures/$f is missing"
done <named
expect "the number of figures" "$(find run/figures -name '*.svg' | wc -l)" \
    "$(wc -l <named)"
