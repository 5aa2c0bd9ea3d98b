#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# The report's data through conf/tr127-as-published.yaml, by replay: the run's own report must say that
# the prefill figures of Ollama are a prompt cache, and cite what they would take.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
data=${CTXMARK_SHARED:-}/reference/stats/dataset_A.csv
[ -f "$data" ] || skip "the reference data are not here (CTXMARK_SHARED)"
plugins=$(dirname "$CTXMARK")/plugins/.libs
for plugin in replay descriptive cold_start compare plausibility scaling questions; do
    [ -f "$plugins/$plugin.so" ] || skip "the plugin $plugin was not built as a shared object"
    ln -s "$plugins/$plugin.so" "plugins/$plugin.so"
done

# The two backends of the study, each as a replay of what was recorded of it.
sed -e "s|^  - transformers-gpu\$|  - name: transformers-gpu\\
    plugin: replay\\
    options: {file: $data, backend: transformers-gpu}|" \
    -e "s|^  - name: ollama\$|  - name: ollama\\
    plugin: replay\\
    options: {file: $data, backend: ollama}|" \
    "$top_srcdir/conf/tr127-as-published.yaml" >c.yaml
expect "the replayed backends" "$(grep -c 'plugin: replay' c.yaml)" 2

echo "the run's report says what the figures are"
# 1: the cells that ran out of memory are rows again
ctxmark 1 run c.yaml -q -o r --set 'facts.gpu=NVIDIA GeForce RTX 4080 Laptop GPU'
expect_in r/report.md "hits of a prompt cache"
expect_in r/report.md "impossible as computation in 6 of 7 cells"
grep -q 'impossible_prefill' r/analysis.json || fail "there is no finding impossible_prefill"
grep -Eq '29295 tokens in 22\.6 ms need at least [0-9]+ TFLOP/s .*times the peak of 135 TFLOP/s \(NVIDIA GeForce RTX 4080 Laptop GPU' \
    r/report.md || fail "the report does not cite the FLOP/s against the GPU's peak"
expect_in r/report.md "First repetitions grow as context^1.0"
if grep -q 'prefill figures of .* on transformers-gpu' r/report.md; then
    fail "the report calls a real prefill a cache's"
fi

echo "the habits of the config are in the rows"
expect "the warm-up rows of ollama" \
    "$(count r/metrics.csv 'f["backend"] == "ollama" && f["phase"] == "warmup"')" 0
expect "the measured repetitions of ollama" \
    "$(count r/metrics.csv 'f["backend"] == "ollama" && f["mode"] == "e2e" && f["status"] == "ok"')" 210
