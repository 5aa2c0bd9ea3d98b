#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# usage: swap.sh PREFIX
# An analyzer's shared object is exchanged under an installed ctxmark: by a newer build, by one of an
# older contract, by one of a newer contract.  Each time the report changes, and ctxmark does not.
set -eu
prefix=$1
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
plugins=$prefix/lib/ctxmark/plugins-1
trap 'rm -rf "$work"; rm -f "$plugins/max.so"' EXIT
program=$prefix/bin/ctxmark
unset CTXMARK_PLUGIN_PATH CTXMARK_DATADIR

fail() {
    echo "FAIL: $*"
    exit 1
}

# build VERSION HEADERS: max.c as of that version, whose table has a title of its own, put in place.
build() {
    sed "s/\.version = \"1.0\"/.version = \"$1\"/; s/Slowest repetition of each cell/Slowest, version $1/" \
        "$prefix/share/doc/ctxmark/examples/analyzer-max/max.c" >"$work/max.c"
    cc -std=c11 -fPIC -shared -Wl,-z,defs -I"$2" -o "$work/max.so" "$work/max.c" -lm
    mv "$work/max.so" "$plugins/max.so"
}

# The report after analysing again, in $work/run.
expect_version() {
    "$program" analyze "$work/run" -q >/dev/null
    grep -qF "Slowest, version $1" "$work/run/report.md" || fail "the report is not of version $1"
    [ "$(grep -cF 'Slowest, version' "$work/run/report.md")" -eq 1 ] || fail "the report has two versions"
    "$program" plugins max | head -n 1 | grep -qx "max $1, analyzer" || fail "plugins does not say $1"
    [ "$(sha256sum <"$program")" = "$before" ] || fail "ctxmark itself changed"
}

before=$(sha256sum <"$program")
# The recording has an out-of-memory cell, hence 1.
"$program" run "$prefix/share/ctxmark/replay.yaml" -o "$work/run" -q >/dev/null || [ $? -eq 1 ]
! grep -qF 'Slowest, version' "$work/run/report.md" || fail "max was there before"
build 1.0 "$prefix/include"
expect_version 1.0
build 2.0 "$prefix/include"
expect_version 2.0
build 0.9 "$here/tests/mocks/contract-1.0"
expect_version 0.9
# A contract of a later minor: longer structs, whose ends this ctxmark passes over.
mkdir -p "$work/newer/ctxmark"
cp "$prefix/include/ctxmark/util.h" "$work/newer/ctxmark"
sed 's/^#define CTXMARK_ABI_MINOR .*/#define CTXMARK_ABI_MINOR 7/
    s/^    const struct ctxmark_analyzer \*analyzer;.*/&\n    const char *of_the_future;/' \
    "$prefix/include/ctxmark/plugin.h" >"$work/newer/ctxmark/plugin.h"
grep -q of_the_future "$work/newer/ctxmark/plugin.h" || fail "the newer contract is none"
build 3.0 "$work/newer"
expect_version 3.0
rm "$plugins/max.so"
"$program" analyze "$work/run" -q >/dev/null 2>&1 || fail "without max the analysis fails"
! grep -qF 'Slowest, version' "$work/run/report.md" || fail "max is gone, and its table is not"
echo "four builds of an analyzer, one after the other under one ctxmark: fine"
