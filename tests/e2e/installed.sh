#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: installed.sh ROOT
# ctxmark as `make install DESTDIR=ROOT` left it, used by an ordinary user from another folder: it
# finds its plugins and its data, sweeps a checkpoint, and writes a report.
set -eu
root=$1
bin=$(find "$root" -type f -path '*/bin/ctxmark')
plugins=$(dirname "$(find "$root" -type f -name hf_cpu.so)")
data=$(dirname "$(find "$root" -type f -name quickstart.yaml)")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cat >"$work/sweep.yaml" <<YAML
experiment: installed
context_lengths: [16, 32]
models:
  - name: smollm2-135m
    path: $data/models/smollm2-135m.json
    weights: random
backends: [hf_cpu]
repetitions: 2
warmup_repetitions: 1
max_new_tokens: 2
YAML
cp "$bin" "$work/ctxmark"
mkdir "$work/plugins"
cp "$plugins"/*.so "$work/plugins"
find "$root" -name '*.la' | grep . && { echo "FAIL: .la files are installed"; exit 1; }
if [ "$(id -u)" -eq 0 ]; then
    chown -R nobody "$work"
    as_user="setpriv --reuid=nobody --clear-groups"
else
    as_user=
fi
cd "$work"
$as_user env -u CTXMARK_PLUGIN_PATH HOME=/nonexistent CTXMARK_PLUGIN_PATH="$work/plugins" \
    ./ctxmark run sweep.yaml -o out
[ "$(wc -l <out/metrics.csv)" -eq 19 ] || { echo "FAIL: metrics.csv has not 1 + 18 lines"; exit 1; }
grep -q 'smollm2-135m' out/report.md
"$bin" --version
echo "an installed ctxmark measures and reports as an ordinary user"
