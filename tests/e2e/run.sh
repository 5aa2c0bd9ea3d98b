#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# A sweep over a backend that works: what a run directory holds, and the keys that order a sweep.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
mocks mock_ok

echo "files, rows, phases"
# Cold is ten times the usual 20 ms, which a busy machine does not make of a warm repetition.
config 'backends: [{name: mock_ok, options: {prefill_us: 20000, cold_us: 600000}}]' 'cold_start: {ratio: 10}'
ctxmark 0 run c.yaml -o r
for file in metrics.csv details.jsonl manifest.json config.yaml; do
    [ -s "r/$file" ] || fail "r/$file is not there"
done
valid_csv r/metrics.csv
expect "the number of rows" "$(count r/metrics.csv 1)" 30
for mode in prefill decode e2e; do
    for phase in warmup measured; do
        wanted=2
        [ "$phase" = warmup ] || wanted=8
        expect "the number of $mode $phase rows" \
            "$(count r/metrics.csv "f[\"mode\"] == \"$mode\" && f[\"phase\"] == \"$phase\"")" "$wanted"
    done
done
expect "the statuses" "$(statuses r/metrics.csv)" "ok=30"
expect "the numbers of the repetitions" \
    "$(rows r/metrics.csv 'f["mode"] == "e2e"' 'f["seq"] f["phase"] f["rep"]' | tr '\n' ' ')" \
    "0warmup0 1measured0 2measured1 3measured2 4measured3 5warmup0 6measured0 7measured1 8measured2 9measured3 "
expect "the tokens of each mode" \
    "$(rows r/metrics.csv 'f["seq"] == 1' 'f["mode"] f["prompt_tokens"] "/" f["generated_tokens"]' | tr '\n' ' ')" \
    "prefill32/1 decode32/2 e2e32/3 "
expect "how often e2e is shorter than prefill and decode" \
    "$(rows r/metrics.csv 1 'f["mode"] " " f["latency_ms"]' |
        awk '$1 == "e2e" && $2 + 1e-9 < sum { n++ } { sum = $1 == "prefill" ? $2 : sum + $2 } END { print n + 0 }')" 0
expect "the lines of details.jsonl" "$(wc -l <r/details.jsonl | tr -d ' ')" 10
expect_in r/details.jsonl '"mock_wait_ms":0.1'
expect_in r/manifest.json '"state": "complete"'
expect_in r/manifest.json '"experiment": "test"'
expect_in r/manifest.json '"matrix_flops"'
expect_in r/manifest.json '"layers"'
cmp -s c.yaml r/config.yaml || fail "r/config.yaml is not the config"

echo "the cold tag is on the first repetition alone"
expect "the cold rows" "$(rows r/metrics.csv 'f["cold"] == 1' 'f["seq"]' | sort -u | tr '\n' ' ')" "0 "

echo "the store is kept from start to start"
config 'backends: [mock_ok]' 'launches: 3'
ctxmark 0 run c.yaml -o launches
expect "the launches" "$(rows launches/metrics.csv 1 'f["launch"]' | sort | uniq -c | tr -s ' \n' ' ')" " 30 0 30 1 30 2 "
expect_in launches/store.json '"starts": "3"'

echo "modes that are not asked for have no rows"
config 'backends: [mock_ok]' 'modes: [prefill]'
ctxmark 0 run c.yaml -o prefill
expect "the modes" "$(rows prefill/metrics.csv 1 'f["mode"]' | sort -u)" prefill

echo "order: interleaved takes one repetition of each context in turn"
config 'backends: [mock_ok]' 'order: interleaved'
ctxmark 0 run c.yaml -o interleaved
expect "the contexts in turn" \
    "$(rows interleaved/metrics.csv 'f["mode"] == "e2e"' 'f["context_length"]' | tr '\n' ' ')" \
    "32 64 32 64 32 64 32 64 32 64 "

echo "order: shuffled is another order, and the same for the same seed"
config 'backends: [mock_ok]' 'order: shuffled' 'seed: 3' 'context_lengths: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]'
ctxmark 0 run c.yaml -o s1
ctxmark 0 run c.yaml -o s2
ctxmark 0 run c.yaml -o s3 --set seed=4
order() { rows "$1/metrics.csv" 1 'f["context_length"]' | uniq | tr '\n' ' '; }
expect "the order for the same seed" "$(order s1)" "$(order s2)"
[ "$(order s1)" != "$(order s3)" ] || fail "another seed gives the same order"
[ "$(order s1)" != "1 2 3 4 5 6 7 8 9 10 " ] || fail "shuffled is sequential"
expect "the contexts" "$(order s1 | tr ' ' '\n' | sort -n | tr '\n' ' ')" "1 2 3 4 5 6 7 8 9 10 "

echo "stop: ends at min where the interval is narrow, at max where it never is"
config 'backends: [{name: mock_ok, options: {prefill_us: 30000}}]' 'stop: {ci_pct: 100, min: 6, max: 9, max_seconds: 1000}'
ctxmark 0 run c.yaml -o narrow
expect "the repetitions" "$(count narrow/metrics.csv 'f["mode"] == "e2e" && f["phase"] == "measured"')" 12
config 'backends: [{name: mock_ok, options: {prefill_us: 2000}}]' 'stop: {ci_pct: 0.01, min: 6, max: 9, max_seconds: 1000}'
ctxmark 0 run c.yaml -o wide
expect "the repetitions" "$(count wide/metrics.csv 'f["mode"] == "e2e" && f["phase"] == "measured"')" 18

echo "--only keeps what matches"
ctxmark 0 run c.yaml -o only --only context_length=64
expect "the contexts" "$(rows only/metrics.csv 1 'f["context_length"]' | sort -u)" 64

echo "--dry-run makes nothing"
config 'backends: [mock_ok]'
ctxmark 0 run c.yaml -n -o dry
[ ! -e dry ] || fail "the run directory was made"
[ ! -e runs ] || fail "runs/ was made"
expect_in out "2 cells"

echo "without -o there is a folder under runs/"
ctxmark 0 run c.yaml
expect "the number of runs" "$(find runs -mindepth 1 -maxdepth 1 -name 'test-*' | wc -l | tr -d ' ')" 1
