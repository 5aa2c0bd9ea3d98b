#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# A run as other programs' results, their results as a run, and back.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
mocks mock_ok
command -v jq >/dev/null || skip "jq is not installed"

config 'backends: [{name: mock_ok, options: {prefill_us: 1500, decode_us: 300}}]' 'launches: 2'
ctxmark 0 run c.yaml -o run
# what identifies a repetition, and its latency to the nanosecond
same='f["backend"] " " f["model"] " " f["context_length"] " " f["mode"] " " f["launch"] " " f["rep"] " " f["status"] " " f["latency_ms"]'
measured() {
    rows "$1" 'f["phase"] == "measured"' "$same" | sort
}
measured run/metrics.csv >rows.run
expect "the number of measured rows" "$(wc -l <rows.run | tr -d ' ')" 48

echo "export, import: the same rows"
for form in json jsonl; do
    ctxmark 0 export run -f llama-bench-$form -o lb.$form
    ctxmark 0 import lb.$form -o back.$form
    valid_csv back.$form/metrics.csv
    measured back.$form/metrics.csv >rows.back
    cmp rows.run rows.back || fail "the rows of $form are not those of the run"
done

echo "an imported run is analysed, verified, reported, exported like any other"
ctxmark 0 verify back.json
expect_in out "all agree"
ctxmark 0 analyze back.json
ctxmark 0 report back.json
expect_in back.json/report.md "Imported: llama-bench measured it"
ctxmark 0 export back.json -f llama-bench-json -o again.json
jq 'map(del(.samples_ts))' lb.json >one
jq 'map(del(.samples_ts))' again.json >two
cmp one two || fail "export, import, export changes the tests"

echo "all four forms say the same"
ctxmark 0 export run -f llama-bench-csv --label base
expect "rows of CSV" "$(($(wc -l <out) - 1))" "$(jq length lb.json)"
expect "columns of CSV" "$(head -n 1 out)" \
    "$(jq -r '.[0] | del(.samples_ns, .samples_ts) | keys_unsorted | join(",")' lb.json)"
expect "the average of the first" "$(sed -n 2p out | tr -d '"' | awk -F, '{ print $(NF - 3) }')" \
    "$(jq '.[0].avg_ns' lb.json)"
expect "the label" "$(sed -n 2p out | cut -d, -f1)" '"base"'
ctxmark 0 export run -f llama-bench-sql
expect "inserts of SQL" "$(grep -c '^INSERT INTO llama_bench (build_commit, .* VALUES (.*);$' out)" \
    "$(jq length lb.json)"
if command -v sqlite3 >/dev/null; then
    sqlite3 db <out
    expect "rows of the database" "$(sqlite3 db 'select count(*) from llama_bench')" "$(jq length lb.json)"
fi
expect "lines of JSONL" "$(wc -l <lb.jsonl | tr -d ' ')" "$(jq length lb.json)"

echo "what compare-llama-bench.py requires is there, and nothing is null"
for key in build_commit test_time avg_ts cpu_info gpu_info backends n_gpu_layers n_cpu_moe \
    tensor_buft_overrides model_filename model_type n_batch n_ubatch embeddings cpu_mask cpu_strict \
    poll n_threads type_k type_v load_mode use_mmap no_kv_offload split_mode main_gpu tensor_split \
    flash_attn n_prompt n_gen n_depth fit_target fit_min_ctx; do
    jq -e "all(.[]; .$key != null)" lb.json >/dev/null || fail "no $key in each test"
done

echo "csv, json, benchstat"
ctxmark 0 export run -f csv -o flat.csv
expect "rows" "$(count flat.csv 1)" "$(count run/metrics.csv 1)"
ctxmark 0 analyze flat.csv
ctxmark 0 export run -f json
expect "objects" "$(jq length out)" "$(count run/metrics.csv 1)"
expect "a backend's own metric" "$(jq '.[0].mock_wait_ms' out)" 0.1
ctxmark 0 export run -f benchstat
expect "lines that are none of a benchmark" \
    "$(grep -cvE '^(Unit [^ ]+ better=(lower|higher)|Benchmark[A-Z][A-Za-z0-9]*(/[a-z]+=[^ /=]+)+ [0-9]+( [0-9.e+]+ [^ ]+)+)$' out)" 0
expect "benchmarks" "$(grep -c '^Benchmark' out)" 48

echo "failures and labels"
config 'backends: [{name: mock_ok, options: {fail_context: 1, status: oom}}]'
ctxmark 1 run c.yaml -o failed
ctxmark 2 export failed -f llama-bench-json
expect_in err "nothing to export"
ctxmark 2 export run -f llama-bench-json --label "a b"
expect_in err "--label a b"
ctxmark 2 export run -f frob
expect_in err "the formats are: csv, json, benchstat, llama-bench-json"
ctxmark 2 export run
ctxmark 1 export run -f csv -o /dev/null/x
ctxmark 2 export nowhere -f csv

echo "import: what cannot be taken is told with its place, and nothing is made"
sed 's/"n_gen": 0,/"n_gen": "0",/' lb.json >bad.json
ctxmark 2 import bad.json -o bad
expect_in err "bad.json:$(grep -n '"n_gen": "0"' bad.json | head -n 1 | cut -d: -f1):14: n_gen must be an integer"
[ ! -e bad ] || fail "a run directory was made of a bad file"
head -c 1500 lb.json >cut.json
ctxmark 2 import cut.json -o bad
expect_in err "cut.json:"
ctxmark 0 export run -f llama-bench-csv -o lb.csv
ctxmark 2 import lb.csv -o bad
expect_in err "lb.csv:1:1: this form of llama-bench's output has means only"
ctxmark 2 import lb.json -o run
expect_in err "exists already"
ctxmark 2 import nowhere.json

echo "import: tests that are no cells of ours are named"
jq '[.[0] | .n_depth = 64] + .' lb.json >more.json
ctxmark 0 import more.json -o more
expect_in err "not imported: pp32 @ d64 of m on mock_ok"
expect_in more/report.md "Not imported: pp32 @ d64"
jq '[.[0] | .n_depth = 64]' lb.json >none.json
ctxmark 2 import none.json -o none
expect_in err "nothing to import"

echo "a real file of llama-bench"
real=${CTXMARK_SHARED-}/gpu/h100_llama_bench_b10573.jsonl
if [ -r "$real" ]; then
    ctxmark 0 import "$real" -o h100
    expect "samples" "$(count h100/metrics.csv 1)" 107
    expect "the first sample" "$(rows h100/metrics.csv 'f["seq"] == 0' 'f["latency_ms"] " " f["cold"]')" "19.544712 1"
    ctxmark 0 verify h100
else
    echo "SKIP a real file: the reference data are not here"
fi
