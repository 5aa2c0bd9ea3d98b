#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# --resume goes on with what is the same measurement, refuses by name what is not, and `verify` tells
# whether a run's tags and analysis follow from its rows.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
cp "$CTXMARK_MOCKS/mock_ok.so" "$work/plugins/mock_ok.so" # a copy: it will be changed
config "backends: [{name: mock_ok, options: {prefill_us: 500, cold_us: 20000}}]"

ctxmark 0 run c.yaml -o whole
rows_wanted=$(wc -l <whole/metrics.csv)
expect "the number of rows" "$rows_wanted" $((1 + 2 * 5 * 3))

echo "a whole run has nothing left to do"
ctxmark 0 run --resume whole
expect "the number of rows" "$(wc -l <whole/metrics.csv)" "$rows_wanted"

echo "a torn line and an unfinished repetition are measured again"
cp -r whole torn
head -c $(($(wc -c <whole/metrics.csv) - 400)) whole/metrics.csv >torn/metrics.csv
ctxmark 0 run --resume torn
valid_csv torn/metrics.csv
expect "the measured rows" "$(count torn/metrics.csv 'f["phase"] == "measured"')" 24
expect "the warm-up rows with the note" "$(count torn/metrics.csv 'f["note"] == "resumed"')" 3
grep -q '"resumed"' torn/manifest.json || fail "the manifest does not say that it was resumed"

# refused FOLDER WORDS ARGUMENT...: --resume must end with 2, say so, and leave the rows alone.
refused() {
    folder=$1 words=$2
    shift 2
    before=$(cksum <"$folder/metrics.csv")
    ctxmark 2 run "$@" --resume "$folder"
    expect_in err "$words"
    expect "the rows of $folder" "$(cksum <"$folder/metrics.csv")" "$before"
}

echo "a changed config is refused by its key"
# shellcheck disable=SC2016 # the words of the message
refused whole '`repetitions` of the config changed' c.yaml --set repetitions=6
# shellcheck disable=SC2016
refused whole '`seed` of the config changed' c.yaml --set seed=7

echo "rows that the plan does not have are refused"
refused whole 'which the config does not plan' c.yaml --only context_length=32

echo "a changed plugin is refused by its backend"
printf ' ' >>"$work/plugins/mock_ok.so"
refused whole 'the plugin of mock_ok changed (mock_ok'

echo "other columns than ours are refused"
cp -r torn foreign
cp "$CTXMARK_MOCKS/mock_ok.so" "$work/plugins/mock_ok.so"
sed '1s/^run_id/id/' torn/metrics.csv >foreign/metrics.csv
refused foreign 'has other columns than this ctxmark writes'

echo "what is no run directory is refused"
mkdir empty
ctxmark 2 run c.yaml --resume empty
expect_in err "empty"

echo "a changed file that an option names is refused by its path"
if "$CTXMARK" plugins "${top_builddir:?}/plugins/.libs/replay.so" >/dev/null 2>&1; then
    ln -s "$top_builddir/plugins/.libs/replay.so" "$work/plugins/replay.so"
    cp "$top_srcdir/conf/recordings/tr127-qwen2.5-1.5b.csv" recording.csv
    chmod u+w recording.csv
    cat >replay.yaml <<YAML
context_lengths: [512]
models: [{name: qwen2.5-1.5b}]
backends: [{name: ollama, plugin: replay, options: {file: recording.csv, backend: ollama}}]
repetitions: 3
warmup_repetitions: 0
analyzers: []
YAML
    ctxmark 0 run replay.yaml -o replayed
    echo >>recording.csv
    refused replayed "recording.csv changed since it began"
fi

echo "two processes do not work in one run directory"
config "backends: [{name: mock_ok, options: {prefill_us: 400000}}]"
"$CTXMARK" run c.yaml -q -o shared >/dev/null 2>&1 &
pid=$!
tries=0
until [ -s shared/manifest.json ] && [ -f shared/metrics.csv ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || fail "the run did not begin"
    sleep 0.1
done
ctxmark 2 run --resume shared
expect_in err "another ctxmark is working in shared"
kill -TERM $pid
wait $pid || true

echo "verify agrees with a run as it was written"
ctxmark 0 verify torn
expect_in out "all agree"

echo "verify names a cold tag that does not follow from the rows"
cp -r whole wrong
awk 'BEGIN { FS = OFS = "," } NR == 2 { $15 = 1 - $15 } { print }' whole/metrics.csv >wrong/metrics.csv
ctxmark 1 verify wrong
expect_in out "metrics.csv row 1 (seq 0, prefill) cold is 0, derived 1"

echo "verify names a value of the analysis that does not follow from the rows"
cp -r whole altered
sed 's/"rows": 30/"rows": 29/' whole/analysis.json >altered/analysis.json
cmp -s whole/analysis.json altered/analysis.json && fail "the analysis could not be altered"
ctxmark 1 verify altered
expect_in out "is 29, derived 30"
