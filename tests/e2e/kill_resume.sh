#!/bin/bash
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# A replayed run is killed with SIGKILL at random moments (parent, worker, both) and resumed until it is
# complete.  Its measured rows must then be those of the uninterrupted run: none missing, none twice.
# KILLS=N for another number of runs than 50, SEED=N for other moments.
. "${top_srcdir-.}/tests/e2e/lib.sh"
shared=${top_builddir:-.}/plugins/.libs/replay.so # not there where it is built in
[ ! -e "$shared" ] || ln -s "$shared" "$work/plugins/replay.so"
"$CTXMARK" plugins replay >/dev/null 2>&1 || skip "the replay plugin is not built"
RANDOM=${SEED:-$$}
echo "seed ${SEED:-$$}"

cat >sweep.yaml <<YAML
context_lengths: [512, 1024, 2048, 32768]
models: [{name: qwen2.5-1.5b}]
backends:
  - {name: hf, plugin: replay, options: {file: $top_srcdir/conf/recordings/tr127-qwen2.5-1.5b.csv, backend: transformers-gpu, time_scale: 0.0008}}
  - {name: ollama, plugin: replay, options: {file: $top_srcdir/conf/recordings/tr127-qwen2.5-1.5b.csv, backend: ollama, time_scale: 0.003}}
repetitions: 8
warmup_repetitions: 1
analyzers: []
YAML

# What two runs must agree in.  A worker that was killed leaves a `crashed` row, as it should.
measured() {
    awk -F, 'NR > 1 && $11 == "measured" && $16 != "crashed" { print $5, $7, $9, $10, $12, $16 }' "$1/metrics.csv" | sort
}

pause() { # milliseconds
    sleep "$(printf '0.%03d' "$1")"
}

"$CTXMARK" run sweep.yaml -q -o whole >/dev/null 2>&1 || [ $? -eq 1 ]
measured whole >wanted
expect "the number of measured rows" "$(wc -l <wanted | tr -d ' ')" $((2 * 3 * 8 * 3 + 8 * 3)) # the OOM comes in the warm-up

# The worker of a parent: its child whose command line says so.
worker_of() {
    # shellcheck disable=SC2013 # one word a line
    for pid in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
        { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -q -- '--child=worker' && echo "$pid"
    done
    return 0
}

# Runs in the background, kills after a random while; 0: it ended by itself before.
run_and_kill() { # WHOM ARGUMENT...
    local whom=$1 parent worker
    shift
    "$CTXMARK" run "$@" -q >/dev/null 2>&1 &
    parent=$!
    pause $((RANDOM % 600))
    worker=$(worker_of "$parent")
    case $whom in
    parent) kill -KILL "$parent" 2>/dev/null || true ;;
    worker) [ -z "$worker" ] || kill -KILL "$worker" 2>/dev/null || true ;;
    both) kill -KILL "$parent" ${worker:+"$worker"} 2>/dev/null || true ;;
    esac
    wait "$parent" 2>/dev/null || return $?
}

kills=${KILLS:-50}
resumes=0 worker_kills=0
for i in $(seq 1 "$kills"); do
    case $((i % 3)) in 0) whom=parent ;; 1) whom=worker ;; *) whom=both ;; esac
    status=0
    run_and_kill $whom sweep.yaml -o "run$i" || status=$?
    [ "$whom" != worker ] || worker_kills=$((worker_kills + 1))
    while [ $status -ge 128 ]; do
        resumes=$((resumes + 1))
        status=0
        # A run that was killed before it had rows begins anew.
        if [ ! -f "run$i/metrics.csv" ] || [ ! -s "run$i/manifest.json" ]; then
            rm -rf "run$i"
            "$CTXMARK" run sweep.yaml -q -o "run$i" >/dev/null 2>err || status=$?
        elif [ $((RANDOM % 3)) -eq 0 ]; then
            run_and_kill $whom --resume "run$i" || status=$?
        else
            "$CTXMARK" run --resume "run$i" -q >/dev/null 2>err || status=$?
        fi
    done
    [ $status -eq 1 ] || fail "run $i ended with status $status"
    measured "run$i" >got
    cmp -s wanted got || {
        diff wanted got | head -n 10
        fail "run $i ($whom killed) is not the uninterrupted run"
    }
    [ -z "$(awk -F, 'NF < 36' "run$i/metrics.csv")" ] || fail "run $i has a torn line"
    rm -rf "run$i"
done
echo "$kills runs killed ($worker_kills of them their worker alone), $resumes resumes: every one complete and without a row twice"
