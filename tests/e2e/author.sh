#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# usage: author.sh PREFIX
# What ctxmark-plugin(3) tells an author to type, typed by an ordinary user in an empty folder: its two
# programs copied from the installed manual, built by its command, tested, measured with.
set -eu
prefix=$1
manual=$prefix/share/man/man3/ctxmark-plugin.3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"

fail() {
    echo "FAIL: $*"
    exit 1
}

# block WORDS: the literal block of the manual that has them, as a reader sees it.
block() {
    awk -v words="$1" '
        /^\.Bd -literal/ { inside = 1; text = ""; next }
        /^\.Ed/ { if (inside && index(text, words)) { printf "%s", text; found = 1 } inside = 0 }
        inside { gsub(/\\-/, "-"); gsub(/\\&/, ""); gsub(/\\e/, "\\"); text = text $0 "\n" }
        END { exit !found }' "$manual" || fail "$manual has no block with $1"
}

block 'static int32_t clockwork_open' >clockwork.c
block 'static int32_t extremes_analyze' >extremes.c
block 'cc -std=c11' >session
# The config is what stands between the cat and the next command.
sed -n '/^\$ cat clockwork.yaml/,/^\$ CTXMARK/p' session | grep -v '^\$' >clockwork.yaml
# The flags of headers that lie elsewhere, as the manual says below.
# shellcheck disable=SC2016 # the user's shell expands it
sed -n '/^\$ cc/,/clockwork\.c/p' session | sed 's/^\$ //; s/-o /-Werror $(pkg-config --cflags ctxmark) -o /' >build-backend
sed 's/clockwork/extremes/g; s/extremes\.c/extremes.c -lm/' build-backend >build-analyzer
run=$(sed -n 's/^\$ \(CTXMARK.*\)/\1/p' session)
if [ ! -s build-backend ] || [ ! -s clockwork.yaml ] || [ -z "$run" ]; then
    fail "the manual's session is not as it was"
fi
as_user=
if [ "$(id -u)" -eq 0 ]; then
    chown -R nobody "$work"
    as_user="setpriv --reuid=nobody --clear-groups"
fi
# user COMMAND
user() {
    $as_user env -i PATH="$prefix/bin:$PATH" LC_ALL=C.UTF-8 HOME=/nonexistent \
        PKG_CONFIG_PATH="$prefix/lib/pkgconfig" sh -ec "$1" >log 2>&1 || {
        cat log
        fail "$1"
    }
}

touch log
chmod 666 log
user '. ./build-backend'
user '. ./build-analyzer'
# shellcheck disable=SC2016 # the user's shell expands it
user 'CTXMARK_PLUGIN_PATH=$PWD ctxmark plugins'
grep -q '^backend   clockwork ' log || fail "clockwork is not listed"
user 'ctxmark plugins ./clockwork.so 20 --check'
user 'ctxmark plugins ./extremes.so --check'
user "$run -o run"
# 3 contexts, 1 + 3 repetitions, prefill, decode and e2e of each
[ "$(wc -l <run/metrics.csv)" -eq 37 ] || fail "metrics.csv has $(wc -l <run/metrics.csv) lines"
grep -q 'Fastest and slowest' run/report.md || fail "the report has no table of extremes"
echo "the manual's backend and analyzer: built, tested, measured, reported"
