#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# Names and errors with markup, quotes, commands and control codes in them stay text in every view.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
export CTXMARK_PLUGIN_PATH="${top_builddir:?}/plugins/.libs"
[ -e "$CTXMARK_PLUGIN_PATH/descriptive.so" ] || skip "the analyzers are not built as plugins"
escape=$(printf '\033')
mkdir run
# shellcheck disable=SC2016 # not to be expanded
{
    echo 'model,backend,context_length,mode,rep,status,latency_ms,peak_memory_mib,memory_limit_mib,error'
    for context in 512 1024 2048 4096; do
        for rep in 0 1 2 3 4 5 6; do
            for mode in prefill decode; do
                printf '"<script>alert(1)</script>""\x27&\\`|","</svg><b>`touch pwned` $(touch pwned)",%s,%s,%s,ok,%s.%s,%s,16384,\n' \
                    $context $mode $rep $context $rep $((context * 2))
            done
        done
    done
    printf '"<script>alert(1)</script>""\x27&\\`|","</svg><b>`touch pwned` $(touch pwned)",8192,prefill,0,error,,,,"<img src=x onerror=alert(1)> \033]0;gone\007 \033[31mred ]]> -->"\n'
} >run/metrics.csv
ctxmark 0 analyze run
ctxmark 0 report run -f md,html,term
cp out term
[ ! -e pwned ] || fail "a name was run as a command"
for bad in '<script' '<img' '</svg><b>' 'onerror=alert(1)>'; do
    ! grep -qF -- "$bad" run/report.html run/report.md run/figures/*.svg || fail "'$bad' came through"
done
expect_in run/report.html '&lt;script&gt;alert(1)&lt;/script&gt;'
expect_in run/report.html '&lt;img src=x onerror=alert(1)&gt;'
! grep -q "$escape" term run/report.html run/report.md run/figures/*.svg || fail "control codes came through"
[ "$(find run/figures -name '*.svg' | wc -l)" -ge 4 ] || fail "there are few figures: $(ls run/figures)"
for f in run/figures/*; do
    case ${f##*/} in *[!a-z0-9.-]*) fail "the file is named $f" ;; esac
done
command -v xmllint >/dev/null 2>&1 || skip "xmllint (Debian: libxml2-utils) is not installed"
xmllint --noout --nonet run/figures/*.svg || fail "a figure is no XML"
