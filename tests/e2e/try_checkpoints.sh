#!/bin/sh
# SPDX-License-Identifier: MIT
# `ctxmark try` on every reference checkpoint: logits and greedy tokens against transformers'.
set -eu
models=${CTXMARK_SHARED-}/reference/models
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
count=0
for model in "$models"/*/; do
    name=$(basename "$model")
    printf '%s: ' "$name"
    "$CTXMARK" try hf_cpu "$model" --tokens "$model/expected.safetensors" -n 48 \
        --positions 0,149,299 --logits "$work/$name.safetensors" >"$work/out"
    "$COMPARE_LOGITS" "$work/$name.safetensors" "$model/expected.safetensors" 1e-4
    count=$((count + 1))
done
[ "$count" -eq 4 ]
