#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# examples/report: its README names tables and findings that a replay of the recording gives, and the
# kept report has them too.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
export CTXMARK_PLUGIN_PATH="${top_builddir:?}/plugins/.libs"
for plugin in replay power questions; do
    [ -e "$CTXMARK_PLUGIN_PATH/$plugin.so" ] || skip "the plugin $plugin is not built"
done
example=$top_srcdir/examples/report
cp "$example/study.yaml" "$example/recording.csv" .
ctxmark 1 run study.yaml -q -o run
expect "rows" "$(grep -c . run/metrics.csv)" 1145
sed -n 's/^| [^|]* | //p' "$example/README.md" >lines
# shellcheck disable=SC2016 # quotes of Markdown
cut -d '|' -f 1 lines | grep -o '`[a-z_]*\.[a-z_0-9]*`' | tr -d '`' | sort -u >tables
# shellcheck disable=SC2016
grep -o '`[a-z]*_[a-z_]*`' lines | tr -d '`' | grep -v '^pre_spillover$' | sort -u >findings
[ "$(wc -l <tables)" -ge 35 ] || fail "the README names few tables"
[ "$(wc -l <findings)" -ge 10 ] || fail "the README names few findings"
for page in run/report.html "$example/report.html"; do
    while read -r table; do
        grep -q "id=\"t-${table%%.*}-${table#*.}\"" "$page" || fail "$page has no table $table"
    done <tables
    while read -r finding; do
        grep -q "<code>[a-z_]*\.$finding</code></h3>" "$page" || fail "$page has no finding $finding"
    done <findings
    expect_in "$page" "Replayed: "
done
for figure in "$example"/figures/*.svg; do
    [ -s "run/figures/${figure##*/}" ] || fail "the run has no ${figure##*/}: renew the example"
done
