#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# A run that is interrupted, or killed, leaves a valid run directory and no processes.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
mocks mock_ok mock_fault

# wait_for COMMAND...: until it succeeds.
wait_for() {
    for _ in $(seq 600); do
        "$@" 2>/dev/null && return
        sleep 0.1
    done
    fail "this did not happen: $*"
}

has_rows() {
    [ "$(wc -l <"$1/metrics.csv")" -ge "$2" ]
}

# begin FOLDER: a run in the background, with signals as they are in a terminal (sh makes background
# jobs ignore SIGINT).
begin() {
    env --default-signal=INT "$CTXMARK" run c.yaml -o "$1" >"$1.out" 2>"$1.err" &
    pid=$!
}

# finish STATUS
finish() {
    got=0
    wait "$pid" || got=$?
    expect "the exit status" "$got" "$1"
}

workers() {
    find /proc -maxdepth 1 -name '[0-9]*' 2>/dev/null | while read -r p; do
        tr '\0' ' ' <"$p/environ" 2>/dev/null | grep -qF "CTXMARK_PLUGIN_PATH=$work/plugins" || continue
        tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -F -- --child= || true
    done
}

no_workers() {
    [ -z "$(workers)" ]
}

env --default-signal=INT true 2>/dev/null || skip "env(1) has no --default-signal here"

echo "SIGINT in the middle"
config 'backends: [{name: mock_ok, options: {prefill_us: 20000}}]' 'repetitions: 100000'
begin r
wait_for has_rows r 10
kill -INT "$pid"
finish 130
valid_csv r/metrics.csv
expect_in r/manifest.json '"state": "interrupted"'
expect "the statuses" "$(rows r/metrics.csv 1 'f["status"]' | sort -u)" ok
wait_for no_workers

echo "SIGINT while a backend hangs that heeds a cancel"
config 'backends: [{name: mock_fault, options: {at: run, fault: hang_politely, context: 64}}]'
begin polite
wait_for has_rows polite 16
kill -INT "$pid"
finish 130
valid_csv polite/metrics.csv
expect "the statuses" "$(statuses polite/metrics.csv)" "ok=15"
wait_for no_workers

echo "SIGINT while a backend hangs for good"
config 'backends: [{name: mock_fault, options: {at: run, fault: hang, context: 64}}]'
begin rude
wait_for has_rows rude 16
kill -INT "$pid"
finish 130
valid_csv rude/metrics.csv
expect_in rude/manifest.json '"state": "interrupted"'
wait_for no_workers

echo "SIGINT while the model is loaded"
config "backends: [{name: mock_fault, options: {at: load, fault: hang_politely, once: $work/at_load}}]"
begin loading
wait_for [ -e "$work/at_load" ]
kill -INT "$pid"
finish 130
expect_in loading/manifest.json '"state": "interrupted"'
expect "the rows" "$(count loading/metrics.csv 1)" 0
expect "stdout" "$(cat loading.out)" ""

echo "kill -9 leaves whole lines, and the worker goes too"
config 'backends: [{name: mock_ok, options: {prefill_us: 5000}}]' 'repetitions: 100000'
begin killed
wait_for has_rows killed 30
kill -9 "$pid"
finish 137
valid_csv killed/metrics.csv
wait_for no_workers
