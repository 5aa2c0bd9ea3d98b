#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# A recording with a crash, errors, a time-out, an OOM and a cold start is played as it was; a torn one
# up to where it was torn; and what cannot be played says so in words.
set -eu
: "${top_srcdir:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$top_srcdir/tests/replay/failures.csv" "$work/failures.csv"

fail() {
    echo "FAIL: $1"
    exit 1
}

# config FILE [OPTION]: all of failures.csv.
config() {
    cat >"$work/config.yaml" <<YAML
experiment: failures
context_lengths: [64, 128, 256]
repetitions: 2
warmup_repetitions: 1
max_new_tokens: 4
models: [{name: m}]
backends: [{name: gpu, plugin: replay, options: {file: $1, ${2-backend: gpu}}}]
YAML
}

# play STATUS OUT [ARGUMENT...]
play() {
    want=$1 out=$2 status=0
    shift 2
    "$CTXMARK" run "$work/config.yaml" -o "$out" "$@" >/dev/null 2>"$work/stderr" || status=$?
    [ "$status" -eq "$want" ] || {
        cat "$work/stderr"
        fail "$out: exit status $status, not $want"
    }
}

# says FILE WORDS
says() {
    grep -qF "$2" "$1" || {
        cat "$1"
        fail "'$2' is not said"
    }
}

# All columns but the run, its times, the plugin, rates, the load of a worker and this machine.
comparable() {
    cut -d, -f2,3,5,7-18,20-23,25-28,30- "$1"
}

# --- every row again, in order: outcomes, latencies, device times, tokens, memory, cold, notes, words
config failures.csv
play 1 "$work/out"
comparable "$work/failures.csv" >"$work/want"
comparable "$work/out/metrics.csv" >"$work/got"
diff "$work/want" "$work/got" || fail "a recording with failures is played differently"
says "$work/out/metrics.csv" ,1234.500,
config out/metrics.csv
play 1 "$work/again"
comparable "$work/again/metrics.csv" | diff "$work/want" - || fail "the replay of it differs"

# --- slower, and still the same
config failures.csv 'time_scale: 0.01'
play 1 "$work/slow"
comparable "$work/slow/metrics.csv" | diff "$work/want" - || fail "time_scale changes the rows"

# --- prefill alone
config failures.csv
play 1 "$work/prefill" --set "modes=[prefill]" --only context_length=64
grep -c ',ok,' "$work/prefill/metrics.csv" | grep -qx 4 || fail "prefill alone: not 4 rows are ok"

# --- a torn file ends where it was torn; cut within a row of repetition 0 of context 128
head -c "$(($(grep -bn '^r,8,.*decode' "$work/failures.csv" | cut -d: -f2) + 30))" \
    "$work/failures.csv" >"$work/torn.csv"
config torn.csv
play 1 "$work/torn"
says "$work/torn/metrics.csv" 'context 256 was not recorded in launch 0; what was: 64, 128'
says "$work/torn/metrics.csv" \
    'the recording of context 128 ends here: it has 1 measured repetitions and 1 failures'
grep -c '128,prefill,measured,.*,derived' "$work/torn/metrics.csv" | grep -qx 1 ||
    fail "of a torn repetition the prefill is played"

# --- resumed from a torn metrics.csv of its own, with the crash behind it
config failures.csv
cp -r "$work/out" "$work/resumed"
size=$(grep -bn '^[^,]*,5,.*decode' "$work/out/metrics.csv" | cut -d: -f2)
head -c "$((size + 7))" "$work/out/metrics.csv" >"$work/resumed/metrics.csv"
status=0
"$CTXMARK" run "$work/config.yaml" --resume "$work/resumed" >/dev/null 2>"$work/stderr" || status=$?
[ "$status" -eq 1 ] || {
    cat "$work/stderr"
    fail "resuming: exit status $status"
}
cut -d, -f5,7,9-12,16,17 "$work/out/metrics.csv" | grep -v ,warmup, >"$work/want"
cut -d, -f5,7,9-12,16,17 "$work/resumed/metrics.csv" | grep -v ,warmup, |
    diff "$work/want" - || fail "a resumed replay differs"

# --- what cannot be played
config failures.csv
play 1 "$work/e1" --set max_new_tokens=2
says "$work/e1/metrics.csv" '4 tokens were generated in the recording, line 2: set max_new_tokens'
play 1 "$work/e2" --set repetitions=3
says "$work/e2/metrics.csv" 'the recording of context 64 ends here: it has 2 measured repetitions'
play 1 "$work/e3" --set launches=2
says "$work/e3/metrics.csv" 'the recording has 1 launches: set launches to that or less'
play 1 "$work/e4" --set concurrency=2
says "$work/e4/metrics.csv" 'one request at a time'
config failures.csv 'backend: cpu'
play 1 "$work/e5"
says "$work/e5/metrics.csv" "backend 'cpu' has no rows of model 'm'; it was run by: gpu"
config nowhere.csv
play 1 "$work/e6"
says "$work/e6/metrics.csv" 'nowhere.csv: the recording cannot be read'
sed '5s/10.000001/ten/' "$work/failures.csv" >"$work/bad.csv"
config bad.csv
play 1 "$work/e7"
says "$work/e7/metrics.csv" "bad.csv:5: 'ten' in column latency_ms is no number"
config failures.csv
sed -i 's/name: m}/name: n}/' "$work/config.yaml"
play 1 "$work/e8"
says "$work/e8/metrics.csv" "no rows of model 'n'; it has rows of m: name one with the model's key"
sed -i 's/name: n}/name: n, recorded_model: m}/' "$work/config.yaml"
play 1 "$work/renamed"
cut -d, -f9-12,16,17 "$work/renamed/metrics.csv" >"$work/got"
cut -d, -f9-12,16,17 "$work/failures.csv" | diff - "$work/got" || fail "recorded_model"
echo "failures, torn and bad recordings: each as it was, or refused in words"
