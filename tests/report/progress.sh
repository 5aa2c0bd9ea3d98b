#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# What a run shows on a terminal, and what elsewhere.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
mocks mock_ok
escape=$(printf '\033')

config 'backends: [mock_ok]' 'max_new_tokens: 5'
ctxmark 0 run c.yaml -o plain
expect "lines of cells without a terminal" "$(grep -c '^\[[12]/2\] mock_ok' err)" 2
expect "lines in all" "$(grep -vc '^ctxmark: ' err)" 2
! grep -q "$escape" err || fail "a file got control codes"

# script(1) gives the program a terminal.
command -v script >/dev/null 2>&1 || skip "script (Debian: bsdutils) is not installed"
script -qec true /dev/null >shown 2>&1 || skip "no terminal can be made here: $(tail -n 1 shown)"
terminal() { # NO_COLOR FOLDER
    TERM=xterm COLUMNS=100 NO_COLOR=$1 script -qec "'$CTXMARK' run c.yaml -o $2" /dev/null >shown 2>&1 || fail "status $?"
}
terminal '' colourful
expect_in shown "mock_ok  m (medians)"
expect_in shown "decode tok/s"
expect_in shown "[1/2] "
expect_in shown "warm-up 1 of 1"
expect_in shown "repetition 4 of 4"
grep -q '\[[12]/2, [0-9]*s left\]' shown || fail "no time left is shown"
grep -q "$escape\\[2m" shown || fail "no colours on a terminal"
terminal 1 plain2
! grep -q "$escape\\[[0-9;]*m" shown || fail "NO_COLOR is not honoured"
expect_in shown "mock_ok  m (medians)"
