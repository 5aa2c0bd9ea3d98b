#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# Every mock plugin and every fault in every callback: exit status, rows, and what they say.  Prints a
# table of them all.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
mocks mock_ok mock_fault mock_impossible mock_manners mock_newer mock_shorter mock_1_0
mkdir results
number=0

# A case of the table: its result as a line, and what was wrong with it in NUMBER.bad.
result() { # NUMBER MOCK OPTIONS GOT WANTED WORDS FILE
    if [ "$4" != "$5" ]; then
        echo "FAIL: $2 $3 gave '$4', not '$5'" >"results/$1.bad"
    elif [ -n "$6" ] && ! grep -qF -- "$6" "$7"; then
        echo "FAIL: $2 $3 does not say: $6" >"results/$1.bad"
    fi
    printf '%-22s %-46s %-26s %s\n' "$2" "$3" "$4" "$6" >"results/$1.line"
}

sweep_now() { # NUMBER MOCK OPTIONS WANTED WORDS
    cat >"$1.yaml" <<YAML
context_lengths: [32, 64]
repetitions: 2
warmup_repetitions: 1
max_new_tokens: 3
max_failures: 2
timeout_s: $timeout_s
analyzers: []
models: [{name: m}]
backends: [{name: $2, options: {$3}}]
YAML
    got=0
    "$CTXMARK" run "$1.yaml" -o "$1" >"$1.out" 2>"$1.err" || got=$?
    cat "$1.err" >>"$1.out"
    got="exit $got"
    if [ -e "$1/metrics.csv" ]; then
        got="$got $(statuses "$1/metrics.csv")"
        rows "$1/metrics.csv" 1 'f["error"] " " f["note"]' >>"$1.out"
        case $(rows "$1/metrics.csv" 0 1) in ?*) got="$got and broken lines" ;; esac
    fi
    result "$1" "$2" "$3" "$got" "$4" "$5" "$1.out"
}

refuse_now() { # NUMBER MOCK WORDS
    got=0
    "$CTXMARK" plugins "$CTXMARK_MOCKS/$2.so" >"$1.out" 2>&1 || got=$?
    result "$1" "$2" "" "exit $got" "exit 2" "$3" "$1.out"
}

# sweep MOCK OPTIONS WANTED WORDS: a run over two contexts of three repetitions (nine rows each when all
# is well).  WORDS must be in a row's error, or on stderr.
timeout_s=600
sweep() {
    number=$((number + 1))
    sweep_now "$(printf %03d $number)" "$@"
}

# The same in the background, where the time limit has to run out.
sweep_late() {
    number=$((number + 1))
    timeout_s=2
    sweep_now "$(printf %03d $number)" "$@" &
    timeout_s=600
}

refuse() { # MOCK WORDS
    number=$((number + 1))
    refuse_now "$(printf %03d $number)" "$@"
}

refuse_late() {
    number=$((number + 1))
    refuse_now "$(printf %03d $number)" "$@" &
}

# --- files that are refused
refuse mock_no_symbol "it does not export ctxmark_plugin_query()"
refuse mock_borrowed "comes from a library it links to, not from itself"
refuse mock_unresolved "mock_function_that_nobody_has"
refuse mock_magic "its descriptor begins with 12345678, not 6b6d7463"
refuse mock_major_0 "was built for plugin interface 0.0"
refuse mock_major_2 "was built for plugin interface 2.0"
refuse mock_needs "needs features that this ctxmark"
refuse mock_tiny "the plugin was built wrongly"
refuse mock_kind "the descriptor's kind is 3"
refuse mock_name "the descriptor's name must be [a-z][a-z0-9_]*"
refuse mock_no_run "a backend needs open, load and run"
refuse mock_null "ctxmark_plugin_query() returns nothing"
refuse mock_crash_constructor "killed by signal 11"
refuse mock_crash_query "killed by signal 11"
refuse mock_exit_constructor "was ended by the plugin"
refuse_late mock_hang_constructor "does not answer"
refuse_late mock_hang_query "does not answer"

# --- hangs, each for as long as its limit
signal="killed by signal 11 (Segmentation fault)"
killed="the backend did not react and was killed"
sweep_late mock_fault "at: probe, fault: hang" "exit 1 error=2" "does not answer"
sweep_late mock_fault "at: open, fault: hang" "exit 1 timeout=2" "was not loaded within timeout_s = 2 s"
sweep_late mock_fault "at: load, fault: hang" "exit 1 timeout=2" "was not loaded within timeout_s = 2 s"
sweep_late mock_fault "at: limits, fault: hang" "exit 1 timeout=2" "was not loaded within timeout_s = 2 s"
sweep_late mock_fault "at: describe, fault: hang" "exit 1 timeout=2" "was not loaded within timeout_s = 2 s"
sweep_late mock_fault "at: prepare, context: 32, fault: hang" "exit 1 ok=9 timeout=2" "preparing took longer than timeout_s = 2 s; $killed"
sweep_late mock_fault "at: run, context: 32, fault: hang" "exit 1 ok=9 timeout=2" "a repetition took longer than timeout_s = 2 s; $killed"
sweep_late mock_fault "at: unload, fault: hang" "exit 0 ok=18" "while the backend was closed, its process was killed by signal 9"
sweep_late mock_fault "at: close, fault: hang" "exit 0 ok=18" "while the backend was closed, its process was killed by signal 9"
sweep_late mock_fault "at: load, fault: hang_politely" "exit 1 timeout=2" "was not loaded within timeout_s = 2 s"
sweep_late mock_fault "at: prepare, context: 32, fault: hang_politely" "exit 1 ok=9 timeout=2" "preparing took longer than timeout_s = 2 s"
sweep_late mock_fault "at: run, context: 32, fault: hang_politely" "exit 1 ok=9 timeout=2" "a repetition took longer than timeout_s = 2 s"
# The process that it leaves must not hide its death until the limit.
sweep_late mock_manners "does: crash_with_process" "exit 1 crashed=4" "$signal"
wait

# --- backends that work
sweep mock_ok "" "exit 0 ok=18" ""
sweep mock_1_0 "" "exit 0 ok=18" ""
sweep mock_newer "" "exit 0 ok=18" ""
sweep mock_shorter "" "exit 0 ok=18" ""
sweep mock_fault "" "exit 0 ok=18" ""

# --- faults in callbacks
loading="while the model was loaded, the backend's process was"
sweep mock_fault "at: probe, fault: crash" "exit 1 error=2" "$signal"
sweep mock_fault "at: probe, fault: unavailable" "exit 1 error=2" "probe found no device"
sweep mock_fault "at: open, fault: crash" "exit 1 crashed=2" "$loading $signal"
sweep mock_fault "at: open, fault: error" "exit 1 error=2" "open failed"
sweep mock_fault "at: open, fault: unavailable" "exit 1 error=2" "open found no device"
sweep mock_fault "at: load, fault: crash" "exit 1 crashed=2" "$loading $signal"
sweep mock_fault "at: load, fault: exit" "exit 1 crashed=2" "$loading ended with exit status 3"
sweep mock_fault "at: load, fault: error" "exit 1 error=2" "load failed"
sweep mock_fault "at: load, fault: oom" "exit 1 oom=2" "load found no memory"
sweep mock_fault "at: limits, fault: crash" "exit 1 crashed=2" "$loading $signal"
sweep mock_fault "at: limits, fault: error" "exit 0 ok=18" "limits could not be told: limits failed"
sweep mock_fault "at: describe, fault: crash" "exit 1 crashed=2" "$loading $signal"
sweep mock_fault "at: describe, fault: error" "exit 0 ok=18" "facts could not be told: describe failed"
sweep mock_fault "at: prepare, context: 32, fault: crash" "exit 1 crashed=2 ok=9" "$signal"
sweep mock_fault "at: prepare, context: 32, fault: error" "exit 1 error=2 ok=9" "prepare failed"
sweep mock_fault "at: prepare, context: 32, fault: oom" "exit 1 ok=9 oom=1" "prepare found no memory"
sweep mock_fault "at: prepare, context: 32, fault: lost" "exit 1 error=2 ok=9" "prepare lost its device"
sweep mock_fault "at: run, context: 32, fault: crash" "exit 1 crashed=2 ok=9" "$signal"
sweep mock_fault "at: run, context: 32, fault: exit" "exit 1 crashed=2 ok=9" "the backend's process was ended with exit status 3"
sweep mock_fault "at: run, context: 32, fault: error" "exit 1 error=2 ok=9" "run failed"
sweep mock_fault "at: run, context: 32, fault: oom" "exit 1 ok=9 oom=1" "run found no memory"
sweep mock_fault "at: run, context: 32, fault: lost" "exit 1 error=2 ok=9" "run lost its device"
sweep mock_fault "at: unload, fault: crash" "exit 0 ok=18" "while the backend was closed, its process was $signal"
sweep mock_fault "at: close, fault: crash" "exit 0 ok=18" "while the backend was closed, its process was $signal"
for status in cancelled unavailable; do
    sweep mock_ok "fail_context: 32, status: $status" "exit 1 error=4" "the mock was told to fail"
done
sweep mock_ok "fail_context: 32, status: timeout" "exit 1 timeout=4" "the mock was told to fail"
for status in invalid unsupported; do
    sweep mock_ok "fail_context: 32, status: $status" "exit 1 error=2" "the mock was told to fail"
done

# --- values that cannot be
sweep mock_impossible "value: negative_time" "exit 1 error=4" "impossible value: device_prefill_ns = -5"
sweep mock_impossible "value: negative_memory" "exit 1 error=4" "impossible value: peak_memory_bytes = -1"
sweep mock_impossible "value: nan_metric" "exit 0 ok=18" ""
sweep mock_impossible "value: infinite_metric" "exit 1 error=4" "an infinite metric mock_level"
sweep mock_impossible "value: too_many_tokens" "exit 1 error=4" "reported 4 tokens where 3 were asked for"
sweep mock_impossible "value: too_many_at_once" "exit 1 error=4" "tokens where 3 were asked for"
sweep mock_impossible "value: too_many_claimed" "exit 1 error=4" "generated 4 tokens where 3 were asked for"
sweep mock_impossible "value: no_tokens_counted" "exit 1 error=4" "reported 0 tokens"
sweep mock_impossible "value: two_results" "exit 1 error=4" "gave 2 results for request 0"
sweep mock_impossible "value: no_result" "exit 1 error=4" "gave no result for request 0"
sweep mock_impossible "value: no_token" "exit 1 error=4" "done without reporting a token"
sweep mock_impossible "value: token_before_start" "exit 1 error=4" "without reporting a token"
sweep mock_impossible "value: token_after_end" "exit 1 error=4" "a token after it called end()"
sweep mock_impossible "value: cached_above_prompt" "exit 1 error=4" "took 33 of 32 prompt tokens from a cache"
sweep mock_impossible "value: unknown_metric" "exit 1 error=4" "gave metric 1 but declares 1"
sweep mock_impossible "value: unknown_request" "exit 1 error=4" "called tokens() for request 1 of 1"
sweep mock_impossible "value: unknown_status" "exit 1 error=4" "the unknown status 77"
sweep mock_impossible "value: failed_result" "exit 1 error=4" "the request failed, though run() did not"
sweep mock_impossible "value: oom_result" "exit 1 oom=2" "the request failed, though run() did not"
sweep mock_impossible "value: all_at_once" "exit 0 ok=18" ""
sweep mock_impossible "value: arrived_before_start" "exit 1 error=4" "arrived at"
sweep mock_impossible "value: arrived_tomorrow" "exit 1 error=4" "arrived at"
sweep mock_impossible "value: told_late" "exit 0 ok=18" ""
late=$(printf %03d $number)

# --- guests without manners
sweep mock_manners "does: stdout" "exit 0 ok=18" "noise from a plugin"
sweep mock_manners "does: locale" "exit 0 ok=18" ""
sweep mock_manners "does: thread" "exit 0 ok=18" ""
sweep mock_manners "does: process" "exit 0 ok=18" ""
sweep mock_manners "does: invalid_utf8" "exit 1 error=4" "half a letter: ?, and a stray byte: ?."
sweep mock_manners "does: control_characters" "exit 1 error=4" "two lines, a \"quote\""
sweep mock_manners "does: no_reason" "exit 1 error=4" "the plugin gives no reason"
sweep mock_manners "does: long_reason" "exit 1 error=4" "ää"

printf '%-22s %-46s %-26s %s\n' MOCK OPTIONS RESULT "SAYS"
cat results/*.line
[ "$(find results -name '*.line' | wc -l)" -eq "$number" ] || fail "some cases gave no result"
if cat results/*.bad 2>/dev/null; then
    exit 1
fi
# Tokens that were told late have the times that the backend gave, to the nanosecond.
got=$(rows "$late/metrics.csv" 'f["mode"] == "decode"' 'f["latency_ms"]' | sort -u)
[ "$got" = 0.002000 ] || fail "tokens that arrived a microsecond apart and were told together have '$got' ms"
echo "$number cases"
