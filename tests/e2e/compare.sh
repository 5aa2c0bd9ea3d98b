#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# Two runs held against each other: verdicts, refusals, exit status.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
command -v jq >/dev/null || skip "jq is not installed"
for plugin in compare cold_start; do
    [ ! -e "${top_builddir:?}/plugins/.libs/$plugin.so" ] ||
        ln -s "$top_builddir/plugins/.libs/$plugin.so" "$work/plugins/$plugin.so"
done
"$CTXMARK" plugins compare >/dev/null 2>&1 || skip "the analyzer compare is not built"

# side NAME FACTOR [LAUNCHES]: NAME.csv, two contexts of ten repetitions around 100 and 200 ms times
# FACTOR; noise of up to 1 %, the same each time.
side() {
    awk -v factor="$2" -v launches="${3:-1}" -v seed="$(printf %s "$1" | cksum | cut -c1-4)" '
        BEGIN {
            srand(seed)
            print "backend,model,context_length,mode,rep,launch,latency_ms,generated_tokens"
            for (c = 1; c <= 2; c++)
                for (l = 0; l < launches; l++)
                    for (r = 0; r < 10; r++)
                        printf "b,m,%d,decode,%d,%d,%.6f,31\n", 512 * c, r, l,
                            100 * c * factor * (1 + 0.01 * (rand() - 0.5))
        }' >"$1.csv"
}

# compare STATUS B [ARGUMENT...]: A.csv against B.csv, as JSON in out.
compare() {
    status=$1 b=$2
    shift 2
    ctxmark "$status" compare A.csv "$b.csv" -f json "$@"
}

side A 1
side same 1
side slow 1.1
side fast 0.8
side noisy 1
awk -F, -v OFS=, 'NR > 1 { $7 *= 1 + 0.5 * ($5 % 2) } { print }' noisy.csv >noisy && mv noisy noisy.csv

echo "verdicts of cells, and of all"
compare 0 same
expect "equal runs" "$(jq -r '[.verdict.overall, .cells[].verdict] | join(" ")' out)" "equivalent equivalent equivalent"
compare 0 slow
expect "10 % slower" "$(jq -r '[.verdict.overall, .cells[].verdict] | join(" ")' out)" "slower slower slower"
compare 0 fast
expect "20 % faster" "$(jq -r '[.verdict.overall, .cells[].verdict] | join(" ")' out)" "faster faster faster"
compare 0 noisy
expect "much noise" "$(jq -r .verdict.overall out)" "inconclusive"
compare 0 slow --margin 20
expect "10 % slower within 20 %" "$(jq -r .verdict.overall out)" "equivalent"
head -n 11 fast.csv >half.csv
tail -n +12 slow.csv >>half.csv
compare 0 half
expect "one cell faster, one slower" "$(jq -r .verdict.overall out)" "mixed"

echo "the ratio is that of the latencies"
compare 0 slow
jq -e 'all(.cells[]; .ratio > 1.09 and .ratio < 1.11 and .ratio_low < 1.1 and .ratio_high > 1.1)' out >/dev/null ||
    fail "the ratio is not 1.1"

echo "--fail-over: 3 proven, 0 excluded, 4 neither"
compare 3 slow --fail-over 5
expect "the gate" "$(jq -r .gate out)" "regression"
compare 0 slow --fail-over 20
compare 0 same --fail-over 2
expect "the gate" "$(jq -r .gate out)" "no regression"
compare 4 noisy --fail-over 2
expect "the gate" "$(jq -r .gate out)" "inconclusive"
head -n 11 same.csv >short.csv
compare 4 short --fail-over 2
expect "the cell that B has not" "$(jq -r '.unmatched[0] | "\(.mode) \(.context_length) \(.why)"' out)" \
    "decode 1024 not measured in short.csv"
head -n 11 same.csv | sed '1s/$/,status/; 2,$s/$/,ok/' >oom.csv
echo 'b,m,1024,prefill,0,0,,,oom' >>oom.csv
compare 4 oom --fail-over 2
expect "the cell that failed in B" "$(jq -r '.unmatched[0].why' out)" "failed in oom.csv: oom"

echo "launches are the sample where both sides have several"
compare 0 same
expect "one launch" "$(jq -r '[.verdict.by_launch, .cells[0].sample] | map(tostring) | join(" ")' out)" "false repetitions"
ctxmark 0 compare A.csv slow.csv
expect_in out "overall: slower, within one launch: of 2 cells"
side A 1 4
side slow 1.1 4
compare 0 slow
expect "four launches" "$(jq -r '[.verdict.by_launch, .verdict.overall, .cells[0].launches_a, .cells[0].sample] | map(tostring) | join(" ")' out)" \
    "true slower 4 launches"
ctxmark 0 compare A.csv slow.csv
expect_in out "overall: slower: of 2 cells"
expect_in out "4/4  slower"

echo "tokens and names that differ must be allowed"
side A 1
sed 's/,31$/,15/' same.csv >tokens.csv
compare 2 tokens
expect_in err "tokens of a decode (31 against 15)"
expect_in err "--allow tokens"
compare 0 tokens --allow tokens
sed 's/^b,m,/c,m,/' same.csv >renamed.csv
compare 2 renamed
expect_in err "backend (b against c)"
compare 0 renamed --allow backend
expect "aligned cells" "$(jq '.cells | length' out)" 2
sed 's/^b,m,/b,n,/' same.csv >renamed.csv
compare 2 renamed --allow backend
expect_in err "--allow model"
compare 0 renamed --allow all

echo "run directories: what manifests say"
mocks mock_ok
config 'backends: [{name: mock_ok, options: {prefill_us: 2000, decode_us: 400}}]' 'analyzers: []'
ctxmark 0 run c.yaml -o one
ctxmark 0 run c.yaml -o two --set seed=7
ctxmark 0 compare one two
expect_in out "seed: 42 against 7"
expect_in out "m on mock_ok"
edit() {
    jq "$1" two/manifest.json >edited
    cp edited three/manifest.json
}
cp -r two three
edit '.machine.gpu = {gpus: [{name: "Other GPU"}]}'
ctxmark 2 compare one three
expect_in err "Other GPU); if you want it all the same: --allow gpu"
ctxmark 0 compare one three --allow gpu
expect_in out "Other GPU (allowed)"
edit '.config.effective.prompt.cache = "reuse"'
ctxmark 2 compare one three
expect_in err "prompt cache (bust against reuse)"
edit '.models[0].facts.weights = {text: "random"} | .models[0].facts.layers = {number: 3, provenance: "model"}'
jq '.models[0].facts.layers = {number: 2, provenance: "model"}' one/manifest.json >edited
cp edited one/manifest.json
ctxmark 2 compare one three
expect_in err "m on mock_ok: layers (2 against 3)"
expect_in err "--allow model"
rm three/manifest.json
ctxmark 0 compare one three
expect_in out "its manifest cannot be read"

echo "an imported run against its origin: other timing program"
ctxmark 0 export one -f llama-bench-json -o lb.json
ctxmark 0 import lb.json -o imported
ctxmark 2 compare one imported
expect_in err "what was timed, and by whom (ctxmark against llama-bench)"
ctxmark 0 compare one imported --allow clock -f json
jq -e 'all(.cells[]; .ratio == 1)' out >/dev/null || fail "the same latencies have another ratio"

echo "wrong usage"
ctxmark 2 compare A.csv
ctxmark 2 compare A.csv nowhere
ctxmark 2 compare A.csv same.csv --margin 0
ctxmark 2 compare A.csv same.csv --margin x
ctxmark 2 compare A.csv same.csv --fail-over -1
ctxmark 2 compare A.csv same.csv --allow frob
expect_in err "--allow frob: the words are:"
ctxmark 2 compare A.csv same.csv -f html
sed 's/,512,/,64,/; s/,1024,/,128,/' same.csv >other.csv
ctxmark 2 compare A.csv other.csv
expect_in err "have no cell in common"
