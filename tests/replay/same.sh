#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# A file of the report's columns played as a run, and then the metrics.csv of that run played again:
# both have every recorded row, with its latency, and no other.
set -eu
: "${top_srcdir:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
recording=${CTXMARK_SHARED-}/reference/stats/dataset_A.csv
if [ -r "$recording" ]; then
    rows=1144 ok=1140 oom=4
    gpu="qwen2.5-0.5b, qwen2.5-1.5b, qwen2.5-3b" ollama="qwen2.5-1.5b, llama3.2-1b, llama3.2-3b"
else
    recording=$top_srcdir/conf/recordings/tr127-qwen2.5-1.5b.csv
    rows=391 ok=390 oom=1
    gpu=qwen2.5-1.5b ollama=qwen2.5-1.5b
fi

fail() {
    echo "FAIL: $1"
    exit 1
}

# config FILE: a sweep of all that the recording FILE holds.
config() {
    cat <<YAML
experiment: same
context_lengths: 512-32768*2
repetitions: 10
warmup_repetitions: 0
max_new_tokens: 128
models:
$(printf '%s, %s\n' "$gpu" "$ollama" | tr -d ' ' | tr ',' '\n' | sort -u | sed 's/.*/  - {name: &}/')
backends:
  - {name: transformers-gpu, plugin: replay, models: [$gpu],
     options: {file: $1, backend: transformers-gpu}}
  - {name: ollama, plugin: replay, models: [$ollama], options: {file: $1, backend: ollama}}
YAML
}

# play FILE OUT [ARGUMENT...]: exit status 1, since contexts ran out of memory.
play() {
    config "$1" >"$work/config.yaml"
    out=$2
    shift 2
    status=0
    "$CTXMARK" run "$work/config.yaml" -o "$out" "$@" >/dev/null 2>"$work/stderr" || status=$?
    [ "$status" -eq 1 ] || {
        cat "$work/stderr"
        fail "exit status $status, not 1"
    }
}

# Rows of the recording and of ours (FILE FILE) with the same key: latencies to 1e-6 ms, tokens,
# memory, status.  The report's decode rows count the first token, too.
compare_with_recording() {
    awk -F, -v rows="$rows" '
        FNR == 1 { files++; next }
        files == 1 {
            n++
            tokens = $4 == "prefill" ? 1 : $4 == "decode" ? $8 - 1 : $8
            key = $1 "," $2 "," $3 "," $4 "," $5
            recorded[key] = $6; count[key] = tokens; peak[key] = $9; status[key] = $10
        }
        files == 2 {
            m++
            key = $7 "," $5 "," $9 "," $10 "," $12
            if (!(key in recorded)) { print "not recorded, or twice: " key; bad = 1; next }
            d = $17 - recorded[key]
            if (($17 == "") != (recorded[key] == "") || d > 1e-6 || d < -1e-6) {
                print key ": " $17 " ms, not " recorded[key]; bad = 1
            }
            if ($16 != status[key] || $11 != "measured") { print key ": " $16 " " $11; bad = 1 }
            if ($16 == "ok" && ($22 != count[key] || $25 + 0 != peak[key] + 0)) {
                print key ": " $22 " tokens, " $25 " MiB"; bad = 1
            }
            delete recorded[key]
        }
        END { if (n != rows || m != rows) { print n " and " m " rows"; bad = 1 } exit bad }
    ' "$1" "$2" || fail "$2 differs from the recording"
}

count_status() {
    awk -F, -v want="$2" 'NR > 1 && $16 == want' "$1" | wc -l
}

# All that a replay can know: not the run and its times, the plugin, the load, this machine.
comparable() {
    cut -d, -f2,3,5,7-23,25-28,30- "$1"
}

play "$recording" "$work/first"
compare_with_recording "$recording" "$work/first/metrics.csv"
[ "$(count_status "$work/first/metrics.csv" ok)" -eq "$ok" ] || fail "not $ok rows are ok"
[ "$(count_status "$work/first/metrics.csv" oom)" -eq "$oom" ] || fail "not $oom rows are oom"

play "$work/first/metrics.csv" "$work/second"
compare_with_recording "$recording" "$work/second/metrics.csv"
comparable "$work/first/metrics.csv" >"$work/one"
comparable "$work/second/metrics.csv" >"$work/two"
cmp "$work/one" "$work/two" || fail "a replay of the replay differs"

# With warm-up the measured repetitions are the same, and are warm-up too; and so again.
play "$recording" "$work/warm" --set warmup_repetitions=3
grep -v ',warmup,' "$work/warm/metrics.csv" | cut -d, -f5,7-12,16,17 | grep -v ',oom,' >"$work/one"
cut -d, -f5,7-12,16,17 "$work/first/metrics.csv" | grep -v ',oom,' >"$work/two"
cmp "$work/one" "$work/two" || fail "warm-up used repetitions up"
play "$work/warm/metrics.csv" "$work/again" --set warmup_repetitions=3
comparable "$work/warm/metrics.csv" >"$work/one"
comparable "$work/again/metrics.csv" >"$work/two"
cmp "$work/one" "$work/two" || fail "a replay with warm-up differs"
echo "$rows recorded rows: played, and played again, with the same latencies"
