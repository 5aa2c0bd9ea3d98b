#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# compute-sanitizer's four tools over a few tokens in every mode.  They see the kernels' ordinary
# accesses; they cannot see what cp.async brings before it is waited for (racecheck treats the copy as
# made at once), nor the bulk copies with which cuBLASLt writes: test_engine declares its outputs written, for
# which the products may not be tried before.
set -eu
command -v compute-sanitizer >/dev/null 2>&1 || PATH=$PATH:/usr/local/cuda/bin
command -v compute-sanitizer >/dev/null 2>&1 || {
    echo "SKIP: compute-sanitizer is not installed"
    exit 77
}
export CTXMARK_GPU_WITHOUT=try
bad=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for tool in memcheck racecheck initcheck synccheck; do
    compute-sanitizer --tool "$tool" --error-exitcode 9 "$TEST_ENGINE" short 70 >"$work/$tool" 2>&1 &
    echo $! >"$work/$tool.pid"
done
for tool in memcheck racecheck initcheck synccheck; do
    status=0
    wait "$(cat "$work/$tool.pid")" || status=$?
    summary=$(grep -E 'ERROR SUMMARY|RACECHECK SUMMARY' "$work/$tool" || true)
    if [ "$status" -eq 0 ]; then
        echo "PASS: $tool: ${summary#=*= }"
    else
        echo "FAIL: $tool (status $status)"
        grep -vE '^PASS' "$work/$tool" | head -n 40
        bad=1
    fi
done
exit $bad
