#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# usage: installed.sh PREFIX
# ctxmark as `make install` left it under PREFIX, used by an ordinary user from another folder: it finds
# its plugins and its data by itself, sweeps each reference checkpoint and a random model, and reports.
set -eu
prefix=$1
here=$(cd "$(dirname "$0")/../.." && pwd)
shared=${CTXMARK_SHARED-$here/../shared}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
{
    cat <<YAML
experiment: installed
context_lengths: [16, 32]
repetitions: 2
warmup_repetitions: 1
max_new_tokens: 3
backends: [hf_cpu]
models:
  - name: smollm2-135m
    path: models/smollm2-135m.json
    weights: random
YAML
    for model in "$shared"/reference/models/*/; do
        [ -d "$model" ] || continue
        cp -r "$model" "$work/$(basename "$model")"
        printf '  - name: %s\n    path: %s\n' "$(basename "$model")" "$(basename "$model")"
    done
} >"$work/sweep.yaml"
models=$(grep -c '  - name:' "$work/sweep.yaml")
as_user=
if [ "$(id -u)" -eq 0 ]; then
    chown -R nobody "$work"
    as_user="setpriv --reuid=nobody --clear-groups"
fi
if find "$prefix" -name '*.la' | grep .; then
    echo "FAIL: .la files are installed"
    exit 1
fi
cd "$work"
$as_user env -u CTXMARK_PLUGIN_PATH HOME=/nonexistent "$prefix/bin/ctxmark" run sweep.yaml -o out
lines=$(wc -l <out/metrics.csv)
want=$((1 + models * 2 * 3 * 3))
[ "$lines" -eq "$want" ] || {
    echo "FAIL: metrics.csv has $lines lines, not $want"
    exit 1
}
grep -q smollm2-135m out/report.md
echo "an installed ctxmark measured $models models and reported, as an ordinary user"
