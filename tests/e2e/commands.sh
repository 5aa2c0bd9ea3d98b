#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# The commands that look at plugins and try them, and how wrong usage is told.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
mocks mock_ok mock_fault mock_magic mock_manners

echo "plugins: the list, with what is refused"
ctxmark 0 plugins
grep -qE '^backend +mock_ok +1 +a backend that works$' out || fail "mock_ok is not listed"
expect_in out "mock_magic.so is no ctxmark plugin: its descriptor begins with 12345678"

echo "plugins NAME: all about one"
ctxmark 0 plugins mock_ok
expect_in out "mock_ok 1, backend"
expect_in out "interface:   1.0"
expect_in out "works here:  yes"
expect_in out "  prefill_us: integer 0..1000000000 us (default: 0)"
expect_in out "  status: choice error|oom|timeout|"
expect_in out "  mock_wait_ms, ms: A time that stands for one of a server's."
expect "the hash" "$(sed -n 's/^sha256: *//p' out)" "$(sha256sum "$CTXMARK_MOCKS/mock_ok.so" | cut -d' ' -f1)"

echo "plugins NAME: a refusal, and a name that is not there"
ctxmark 2 plugins mock_magic
expect_in err "mock_magic.so is no ctxmark plugin"
ctxmark 2 plugins mock_absent
expect_in err "no mock_absent.so in $work/plugins,"
expect "stdout" "$(cat out)" ""

echo "try: text, tokens, timing"
ctxmark 0 try mock_ok anything -n 3
expect_in out "text      w0 w1 w2"
expect_in out "tokens   100 101 102"
grep -qE '^prefill  [0-9.]+ ms, 32 tokens$' out || fail "no prefill line"
grep -qE '^decode   [0-9.]+ ms, 2 tokens, [0-9.]+ tok/s$' out || fail "no decode line"
grep -qE '^e2e      [0-9.]+ ms$' out || fail "no e2e line"

echo "try: a prompt of token ids, and of text"
echo '[1, 2, 3]' >ids
ctxmark 0 try mock_ok anything -n 1 --tokens ids
expect_in out "3 tokens"
ctxmark 0 try mock_ok anything -n 1 --text "to be or not to be"
echo '1 two' >ids
ctxmark 2 try mock_ok anything --tokens ids
expect_in err "is no token id"

echo "try: failures"
ctxmark 1 try mock_ok anything --set fail_at=0 --set reason="out of order"
expect_in err "out of order"
ctxmark 1 try mock_fault anything --set at=run
expect_in err "killed by signal 11"
ctxmark 2 try mock_ok anything --logits l.safetensors
expect_in err "mock_ok gives no logits"
ctxmark 2 try mock_ok anything --set frob=1
expect_in err "mock_ok has no such option or model key"
ctxmark 2 try mock_ok anything --set prefill_us=-1
ctxmark 2 try mock_ok anything -n 0

echo "a plugin's own output goes to stderr"
ctxmark 0 try mock_manners anything --set does=stdout
expect_in err "noise from a plugin"
! grep -q noise out || fail "a plugin wrote to stdout"
config 'backends: [{name: mock_manners, options: {does: stdout}}]'
ctxmark 0 run c.yaml -o manners
expect_in err "noise from a plugin"
! grep -q noise out || fail "a plugin wrote to stdout"

echo "a plugin's locale does not reach our numbers"
mkdir locales
localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 2>/dev/null || true
config 'backends: [{name: mock_manners, options: {does: locale}}]'
LOCPATH=$work/locales ctxmark 0 run c.yaml -o comma
if grep -q "the locale is" err; then
    expect "the values" "$(grep -c '"mock_half":0.5' comma/details.jsonl)" 10
    valid_csv comma/metrics.csv
else
    echo "SKIP a comma locale: none can be made here (the package locales)"
fi

echo "check: the plan, and estimates of memory"
config 'backends: [mock_ok]'
ctxmark 0 check c.yaml
expect_in out "1 model-backend pairs, 2 cells, 5 repetitions each (4 measured + 1 warm-up)"
expect_in out "context 64      about 64 MiB"

echo "wrong usage is told on stderr, with exit status 2"
for arguments in "" "frob" "run" "run a b c" "run --frob c.yaml" "run nowhere.yaml" "plugins a b"; do
    # shellcheck disable=SC2086 # words
    ctxmark 2 $arguments
    expect "stdout of 'ctxmark $arguments'" "$(cat out)" ""
    [ -s err ] || fail "'ctxmark $arguments' says nothing"
done

echo "help and version go to stdout"
for arguments in --help --version "run --help" "check --help" "plugins --help" "try --help" "analyze --help" "report --help" "compare --help" "export --help" "import --help"; do
    # shellcheck disable=SC2086 # words
    ctxmark 0 $arguments
    [ -s out ] || fail "'ctxmark $arguments' says nothing"
    expect "stderr of 'ctxmark $arguments'" "$(cat err)" ""
done
