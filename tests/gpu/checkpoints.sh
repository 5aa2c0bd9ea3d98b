#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# `ctxmark try` on the GPU, every reference checkpoint in every attention and logits mode, against what
# transformers computes in float32: logits within 2 per cent of the largest, greedy tokens equal where
# the choice is not closer than that.  Eight at a time.
set -eu
data=${top_srcdir-.}/tests/data
models=${CTXMARK_SHARED-}/reference/models

if [ "${1-}" = --case ]; then # FOLDER EXPECTED FREQUENCIES NEW POSITIONS ATTENTION LOGITS
    got=$(mktemp)
    trap 'rm -f "$got"' EXIT
    result=$("$CTXMARK" try -q hf_fp16_cuda "$2" --tokens "$3" -n "$5" --positions "$6" \
        --set rope_frequencies="$4" --set attention="$7" --set logits="$8" --logits "$got" 2>&1 >/dev/null &&
        "$COMPARE_LOGITS" "$got" "$3" 2e-2) && status=0 || status=1
    word=PASS
    [ "$status" -eq 0 ] || word=FAIL
    echo "$word: $(basename "$2"), $4 frequencies, $7, $8: $result"
    exit "$status"
fi

works=$("$CTXMARK" plugins hf_fp16_cuda 2>/dev/null | sed -n 's/^works here: *//p')
if [ "$works" != yes ]; then
    echo "SKIP: ${works:-hf_fp16_cuda is not built}"
    exit 77
fi
cases() { # FOLDER EXPECTED FREQUENCIES NEW POSITIONS
    for attention in flash eager math; do
        for logits in last all; do
            printf '%s %s %s\n' "$*" $attention $logits
        done
    done
}
{
    for name in bf16 f32 mistral mixed qwen3; do
        folder=$data/checkpoints/$name
        cases "$folder" "$folder/expected.safetensors" float32 24 0,29,59
    done
    for folder in "$models"/*; do
        [ -d "$folder" ] || continue
        cases "$folder" "$data/transformers/$(basename "$folder").safetensors" float32 48 0,149,299
        cases "$folder" "$folder/expected.safetensors" float16 48 0,149,299
    done
} | xargs -P 8 -L 1 sh "$0" --case
