#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# `ctxmark plugins NAME --check`: what keeps the contract passes, and each way to break it fails with
# words that say what and how to mend it.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
export TMPDIR="$work"
export CTXMARK_CHECK_LIMIT_S=3
data=$top_srcdir/conf
# ctxmark finds valgrind only where it is what a case is about.
path=$PATH
without_valgrind=$work/no-valgrind
mkdir "$without_valgrind"
ln -s "$(command -v sleep)" "$without_valgrind/sleep"

checks=0
with_valgrind=$path
path=$without_valgrind

# passes NAME ARGUMENT...
passes() {
    got=0
    PATH=$path "$CTXMARK" plugins "$@" --check >"$work/out" 2>"$work/err" || got=$?
    if [ "$got" -ne 0 ]; then
        cat "$work/out"
        fail "plugins $* --check ends with exit status $got"
    fi
    expect_in out " 0 failed, "
    checks=$((checks + 1))
}

# fails WORDS NAME ARGUMENT...
fails() {
    words=$1
    shift
    got=0
    PATH=$path "$CTXMARK" plugins "$@" --check >"$work/out" 2>"$work/err" || got=$?
    if [ "$got" -ne 1 ] || ! grep '^FAIL' "$work/out" | grep -qF -- "$words"; then
        cat "$work/out"
        fail "plugins $* --check (exit status $got) does not fail with: $words"
    fi
    checks=$((checks + 1))
}

careless() { # CASE WORDS
    fails "$2" "$CTXMARK_MOCKS/mock_careless.so" model --set does="$1"
}

# --- what keeps the contract
for mock in mock_ok mock_1_0 mock_newer mock_shorter mock_fault; do
    passes "$CTXMARK_MOCKS/$mock.so"
done
passes "$CTXMARK_MOCKS/mock_careless.so" model
expect_in out "pass  token ids, logits"
expect_in out "pass  concurrency"
expect_in out "pass  bad model"
expect_in out "pass  out of memory: 1 of its 1 allocations"
passes "$CTXMARK_MOCKS/mock_careless.so"
expect_in out "skip  all that loads a model: it needs a model: name one"

# --- files that cannot be loaded
fails "it does not export ctxmark_plugin_query()" "$CTXMARK_MOCKS/mock_no_symbol.so"
fails "was built for plugin interface 2.0" "$CTXMARK_MOCKS/mock_major_2.so"
fails "the descriptor's name must be [a-z][a-z0-9_]*" "$CTXMARK_MOCKS/mock_name.so"
fails "a backend needs open, load and run" "$CTXMARK_MOCKS/mock_no_run.so"
fails "mock_function_that_nobody_has" "$CTXMARK_MOCKS/mock_unresolved.so"
fails "killed by signal 11" "$CTXMARK_MOCKS/mock_crash_query.so"
fails "the file is mock_misnamed.so and the plugin calls itself mock_other_name" "$CTXMARK_MOCKS/mock_misnamed.so"
ctxmark 2 plugins nothing_of_the_kind --check
ctxmark 2 plugins --check
ctxmark 2 plugins "$CTXMARK_MOCKS/mock_ok.so" model

# --- tables
fails "option: the name 'Upper' is not [a-z][a-z0-9_]*" "$CTXMARK_MOCKS/mock_tables.so"
for words in "option twice: the name is there twice" "option no_help: \`help\` must be one sentence" \
    "option both: it is required and has a default" "option bounds: the default '11' is no value" \
    "option crossed: min 10 is above max 1" "option word: the default 'ten' is no value" \
    "option choice: the default 'three' is no value" "option: CTXMARK_OPT_SERVES is for model keys alone" \
    "model key: 2 have CTXMARK_OPT_SERVES" "metric 0: the name 'queue ms' is not" \
    "metric queue_ms: \`help\` must be one sentence" "license 'MIT, or so' is no SPDX expression"; do
    expect_in out "$words"
done

# --- callbacks that crash, hang or fail without a word
for at in probe open load limits describe prepare run unload close; do
    fails "$at() was left by the end of its process, which was killed by signal 11" \
        "$CTXMARK_MOCKS/mock_fault.so" --set at=$at --set fault=crash
done
fails "load() did not return within 3 s" "$CTXMARK_MOCKS/mock_fault.so" --set at=load --set fault=hang
fails "describe() failed: describe failed" "$CTXMARK_MOCKS/mock_fault.so" --set at=describe --set fault=error
fails "failed with status 1 and gave no reason" "$CTXMARK_MOCKS/mock_manners.so" --set does=no_reason
fails "run() wrote to standard output" "$CTXMARK_MOCKS/mock_manners.so" --set does=stdout
fails "a process that the plugin started is still there" "$CTXMARK_MOCKS/mock_manners.so" --set does=process
passes "$CTXMARK_MOCKS/mock_fault.so" --set at=probe --set fault=unavailable
expect_in out "skip  all that loads a model: it cannot work here: probe found no device"

# --- reports that cannot be
for value in negative_time:"impossible value: device_prefill_ns = -5" two_results:"gave 2 results for request 0" \
    no_result:"gave no result for request 0" no_token:"without reporting a token" \
    too_many_tokens:"where 4 were asked for" token_after_end:"a token after it called end()" \
    unknown_metric:"gave metric 1 but declares 1" infinite_metric:"an infinite metric" \
    unknown_status:"the unknown status 77"; do
    fails "${value#*:}" "$CTXMARK_MOCKS/mock_impossible.so" --set value="${value%%:*}"
done

# --- what few look for
careless no_reason "failed with status 6 and gave no reason: call host->fail()"
careless deaf_load "load() took 1.3 s and never asked host->cancelled()"
careless deaf_run "and never asked host->cancelled(): ask several times a second"
careless cached "from a cache although the nonce was new"
careless short "run() ended after 3 of 4 tokens without CTXMARK_NOTE_SHORT"
careless inexact "against its CTXMARK_CAN_EXACT"
careless miscounted "run() says that it generated 1 tokens and reported 4"
careless random_tokens "gave other tokens for the same seed and nonce"
careless no_logits "gave no logits for position 0"
careless one_at_a_time "gave no result for request 1"
careless provenance "the provenance 'guessed': say measured, table, user, model or core"
careless bad_model "load() of a model whose mock_path is 'no-such-model-of-ctxmark-check' succeeded"
careless folder "load() changed the working folder to /"
careless signal "the handler of SIGTERM was changed"
careless status "run() returned 99, which is no status"
careless exit "a plugin never ends its process"
careless lost_after_cancel "it does not work any more"
# A sanitizer ends the process in its own way; the words before are ours.
careless unchecked_memory "when allocation 1 of 1 of run() fails, run() was left by the end of its process"

# --- the plugins of this tree
model=$work/tiny.json
sed 's/"num_hidden_layers": *[0-9]*/"num_hidden_layers": 1/; s/"vocab_size": *[0-9]*/"vocab_size": 512/' \
    "$data/models/smollm2-135m.json" >"$model"
export CTXMARK_PLUGIN_PATH="${top_builddir:?}/plugins/.libs"
export CTXMARK_CHECK_LIMIT_S=60
installed=$("$CTXMARK" plugins 2>/dev/null | awk '$1 == "analyzer" { print $2 }')
for analyzer in $installed; do
    passes "$analyzer"
done
if "$CTXMARK" plugins replay >/dev/null 2>&1; then
    passes replay qwen2.5-1.5b --set file="$data/recordings/tr127-qwen2.5-1.5b.csv" --set backend=ollama
fi
if "$CTXMARK" plugins hf_cpu >/dev/null 2>&1; then
    passes hf_cpu "$model" --set weights=random
fi
if "$CTXMARK" plugins ollama >/dev/null 2>&1; then
    passes ollama any-model
fi

# --- under valgrind
path=$with_valgrind
if command -v valgrind >/dev/null; then
    "$CTXMARK" plugins "$CTXMARK_MOCKS/mock_ok.so" --check >out 2>&1 || fail "mock_ok under valgrind"
    case $(cat out) in
    *"skip  leaks"*) echo "SKIP under valgrind: $(sed -n 's/^skip  leaks[^:]*: //p' out)" ;;
    *)
        expect_in out "pass  leaks and wrong memory (valgrind)"
        careless leak "100 bytes in 1 blocks are definitely lost"
        expect_in out "mock_careless.c:"
        careless wrong_memory "Invalid read of size 1, in misuse_memory() (mock_careless.c:"
        ;;
    esac
else
    echo "SKIP under valgrind: it is not installed"
fi
echo "$checks conformance tests came out as they must"
