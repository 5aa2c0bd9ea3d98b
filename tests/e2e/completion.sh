#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# What bash completes: subcommands, options, plugins, and the names of the config on the command line.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
command -v bash >/dev/null || skip "bash is not installed"
completion=$top_srcdir/completion
mocks mock_ok
cat >c.yaml <<'YAML'
experiment: "name: wrong"
models:
  - name: small-one
    path: x
  - {name: "large-one", path: y}
backends: [mock_ok, mock_other]
context_lengths: [1, 2]
YAML
cat >complete.bash <<'BASH'
# usage: complete.bash WORD...: what the last word becomes, one a line
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
compopt() { :; }
_ctxmark
printf '%s\n' "${COMPREPLY[@]}"
BASH

checks=0
# completes WANTED WORD...: the last word is what is typed so far
completes() {
    wanted=$1
    shift
    got=$(bash --norc complete.bash "$completion/ctxmark.bash" "$CTXMARK" "$@" | sort | tr '\n' ' ')
    expect "the completion of '$*'" "$got" "$wanted"
    checks=$((checks + 1))
}

completes "compare " comp
completes "--help --version " --
completes "plugins " pl
completes "mock_ok " try mock_
completes "mock_ok " plugins mock_o
completes "--check " plugins --c
completes "--check " plugins mock_ok --c
completes "c.yaml " run c.
completes "--only --output " run c.yaml --o
completes "backend= context_length= model= " run c.yaml --only ""
completes "large-one small-one " run c.yaml --only model=
completes "small-one " check c.yaml --only model=s
completes "mock_ok mock_other " run c.yaml --only backend=mock
completes "models.small-one. " run c.yaml --set models.s
completes "md " report x -f m
completes "benchstat " export x -f b
completes "html,md " report x -f html,m
completes "fail_at= fail_context= " try mock_ok x --set fail
CTXMARK_PLUGIN_PATH=${top_builddir:?}/plugins/.libs:$CTXMARK_PLUGIN_PATH
if "$CTXMARK" plugins descriptive >/dev/null 2>&1; then
    completes "cold_start compare cross_model " analyze x -a c
    completes "memory,scaling " analyze x --analyzers memory,sc
fi
for shell in zsh fish; do
    case $shell in zsh) file=_ctxmark ;; *) file=ctxmark.fish ;; esac
    if command -v $shell >/dev/null; then
        $shell -n "$completion/$file" || fail "$file is no $shell"
    else
        echo "SKIP the syntax of $file: no $shell here"
    fi
done
echo "$checks completions came out as they must"
