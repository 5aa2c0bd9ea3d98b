#!/bin/sh
# SPDX-License-Identifier: MIT
# `ctxmark try` on the tiny checkpoints of tests/data/checkpoints against what transformers computes for
# them, and what it says of a sequence beyond a sliding window.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
data=$top_srcdir/tests/data/checkpoints
unset CTXMARK_PLUGIN_PATH
"$CTXMARK" plugins hf_cpu >/dev/null 2>&1 || skip "hf_cpu is not built"

check() { # NAME TOLERANCE
    expected=$data/$1/expected.safetensors
    ctxmark 0 try hf_cpu "$data/$1" --tokens "$expected" -n 24 --positions 0,29,59 \
        --logits "$work/got.safetensors"
    printf '%s: ' "$1"
    "$COMPARE_LOGITS" "$work/got.safetensors" "$expected" "$2"
}

check mistral 1e-4

# 60 + 36 tokens are as many as the window has; one more is too many.
tokens=$data/mistral/expected.safetensors
ctxmark 0 try hf_cpu "$data/mistral" --tokens "$tokens" -n 36
ctxmark 1 try hf_cpu "$data/mistral" --tokens "$tokens" -n 37
expect_in "$work/err" "60 tokens and 37 new ones are more than the model's sliding window of 96"
