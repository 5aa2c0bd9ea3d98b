#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# `ctxmark try` on every reference checkpoint: logits within 1e-4 of the largest, and greedy tokens,
# against transformers - as from_pretrained(dtype=float32) computes them (tests/data/transformers), and
# against expected.safetensors beside the checkpoint, which was made with rotary frequencies rounded to
# float16.
set -eu
models=${CTXMARK_SHARED-}/reference/models
data=${top_srcdir-.}/tests/data/transformers
if [ ! -d "$models" ]; then
    echo "SKIP: the reference checkpoints are not here"
    exit 77
fi
if ! "$CTXMARK" plugins hf_cpu >/dev/null 2>&1; then
    echo "SKIP: hf_cpu is not built"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { # FOLDER EXPECTED FREQUENCIES
    printf '%s, %s frequencies: ' "$(basename "$1")" "$3"
    "$CTXMARK" try hf_cpu "$1" --tokens "$2" -n 48 --positions 0,149,299 --set kv=fp32 \
        --set rope_frequencies="$3" --logits "$work/got.safetensors" >"$work/out"
    "$COMPARE_LOGITS" "$work/got.safetensors" "$2" 1e-4
}

count=0
for model in "$models"/*/; do
    name=$(basename "$model")
    check "${model%/}" "$data/$name.safetensors" float32
    check "${model%/}" "${model%/}/expected.safetensors" float16
    count=$((count + 1))
done
[ "$count" -eq 4 ]
