#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# Failures are data: what becomes of the cells around one, and when a run cannot begin.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
mocks mock_ok mock_fault mock_misnamed

echo "a cell that runs out of memory ends; longer ones are tried"
config 'backends: [{name: mock_ok, options: {fail_context: 64, status: oom, reason: too long}}]' 'context_lengths: [32, 64, 128]'
ctxmark 1 run c.yaml -o continue
expect "the statuses" "$(statuses continue/metrics.csv)" "ok=15 oom=2"
expect "the failed contexts" "$(rows continue/metrics.csv 'f["status"] == "oom"' 'f["context_length"] f["mode"] f["error"]' | tr '\n' ' ')" \
    "64prefilltoo long 128prefilltoo long "
expect_in continue/manifest.json '"state": "complete"'

echo "on_oom: skip leaves longer contexts out"
echo 'on_oom: skip' >>c.yaml
ctxmark 1 run c.yaml -o skip
expect "the statuses" "$(statuses skip/metrics.csv)" "ok=15 oom=1 skipped=1"
expect_in skip/metrics.csv "left out (on_oom: skip): context 64 ran out of memory"

echo "a single failure costs one row, and its repetition is made up for"
config 'backends: [{name: mock_ok, options: {fail_at: 2}}]'
ctxmark 1 run c.yaml -o once
expect "the statuses" "$(statuses once/metrics.csv)" "error=1 ok=30"
expect_in once/metrics.csv "the mock was told to fail"

echo "max_failures ends a cell"
config 'backends: [{name: mock_ok, options: {fail_context: 64}}]' 'max_failures: 2'
ctxmark 1 run c.yaml -o many
expect "the statuses" "$(statuses many/metrics.csv)" "error=2 ok=15"

echo "after a crash a new worker warms up again"
config "backends: [{name: mock_fault, options: {at: run, context: 64, once: $work/crashed}}]"
ctxmark 1 run c.yaml -o crash
expect "the statuses" "$(statuses crash/metrics.csv)" "crashed=1 ok=30"
expect_in crash/metrics.csv "restarted"

echo "a worker that reports itself lost is replaced"
config "backends: [{name: mock_fault, options: {at: run, fault: lost, once: $work/was_lost}}]"
ctxmark 1 run c.yaml -o lost
expect "the statuses" "$(statuses lost/metrics.csv)" "error=1 ok=30"
expect_in lost/metrics.csv "run lost its device"

echo "a plugin that is not installed stops the run before anything is made"
config 'backends: [mock_ok, mock_absent]'
ctxmark 2 run c.yaml -o absent
[ ! -e absent ] || fail "a run directory was made"
expect_in err "'mock_absent' is not installed: no mock_absent.so in $work/plugins,"
expect_in err "on_missing_backend: rows"
expect "stdout" "$(cat out)" ""

echo "on_missing_backend: rows goes on without it"
echo 'on_missing_backend: rows' >>c.yaml
ctxmark 1 run c.yaml -o absent
expect "the statuses" "$(statuses absent/metrics.csv)" "error=2 ok=30"
expect_in absent/metrics.csv "no mock_absent.so in"

echo "a plugin that cannot be loaded is an error of the config, with its place"
config 'backends:' '  - mock_misnamed'
ctxmark 2 run c.yaml -o misnamed
[ ! -e misnamed ] || fail "a run directory was made"
expect_in err "c.yaml:9:"
expect_in err "calls itself 'mock_other_name'"

echo "a run directory that exists is left alone"
config 'backends: [mock_ok]'
mkdir exists
echo precious >exists/file
ctxmark 2 run c.yaml -o exists
expect_in err "the run directory exists exists already: choose another with -o"
expect "what it holds" "$(ls -A exists)" file

echo "an empty one is taken"
mkdir empty
ctxmark 0 run c.yaml -o empty

echo "a folder that cannot be written to"
if [ "$(id -u)" -eq 0 ]; then
    echo "SKIP a read-only folder: root may write everywhere"
else
    mkdir closed
    chmod 555 closed
    ctxmark 2 run c.yaml -o closed/run
    expect_in err "closed/run cannot be made: Permission denied"
fi
: >file
ctxmark 2 run c.yaml -o file/run
expect_in err "cannot be made"

echo "a full disk keeps what was measured, in whole lines"
mkdir full
if mount -t tmpfs -o size=128k tmpfs full 2>/dev/null; then
    config 'backends: [mock_ok]' 'repetitions: 2000'
    got=0
    "$CTXMARK" run c.yaml -o full/run >out 2>err || got=$?
    cp full/run/metrics.csv full.csv
    umount full
    expect "the exit status" "$got" 1
    valid_csv full.csv
    [ "$(count full.csv 1)" -gt 10 ] || fail "too few rows were kept"
    expect_in err "No space left on device"
else
    echo "SKIP a full disk: no tmpfs can be mounted here"
fi
