#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# `ctxmark try` on the tiny checkpoints of tests/data/checkpoints against what transformers computes for
# them, and what it says of a sequence beyond a sliding window.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
data=$top_srcdir/tests/data/checkpoints
unset CTXMARK_PLUGIN_PATH
"$CTXMARK" plugins hf_cpu >/dev/null 2>&1 || skip "hf_cpu is not built"

check() { # NAME TOLERANCE
    expected=$data/$1/expected.safetensors
    ctxmark 0 try hf_cpu "$data/$1" --tokens "$expected" -n 24 --positions 0,29,59 --set kv=fp32 \
        --logits "$work/got.safetensors"
    printf '%s: ' "$1"
    "$COMPARE_LOGITS" "$work/got.safetensors" "$expected" "$2"
}

for kind in mistral qwen3 f32; do
    check $kind 1e-4
done
# Products of bfloat16 weights are taken in bfloat16 where the processor has them.
check bf16 3e-2
check mixed 3e-2

# 60 + 36 tokens are as many as the window has; one more is too many.
tokens=$data/mistral/expected.safetensors
ctxmark 0 try hf_cpu "$data/mistral" --tokens "$tokens" -n 36
ctxmark 1 try hf_cpu "$data/mistral" --tokens "$tokens" -n 37
expect_in "$work/err" "60 tokens and 37 new ones are more than the model's sliding window of 96"

# Beyond the positions that a model was made for it is computed, and said.
ctxmark 0 try hf_cpu "$data/f32" --tokens "$data/f32/expected.safetensors" -n 452
! grep -q max_position_embeddings "$work/err" || fail "512 tokens are no more than the positions"
ctxmark 0 try hf_cpu "$data/f32" --tokens "$data/f32/expected.safetensors" -n 453
expect_in "$work/err" "60 tokens and 453 new ones are more than the 512 positions"

# A tokenizer beside the checkpoint: text becomes ids, and ids become text.
mkdir "$work/model"
for file in config.json model.safetensors; do
    ln -s "$data/mistral/$file" "$work/model/$file"
done
tokenizer() { # ENTRY...: those of the vocabulary beside a, b and ab
    printf '{"model":{"type":"BPE","vocab":{"a":3,"b":4,"ab":5%s},"merges":["a b"]},' "$1"
    printf '"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}'
}
echo 5 5 3 >"$work/ids"
ctxmark 0 try hf_cpu "$work/model" --tokens ids -n 2
ids=$(sed -n 's/^tokens *//p' "$work/out")
[ "${ids% *}" != "${ids#* }" ] || fail "this test needs two different tokens, not $ids"
tokenizer ",\"\\u00c3\":${ids% *},\"x\":${ids#* }" >"$work/model/tokenizer.json"
ctxmark 0 try hf_cpu "$work/model" --text "abab a" -n 2
expect "the ids after a text" "$(sed -n 's/^tokens *//p' "$work/out")" "$ids"
expect_in "$work/out" ", 3 tokens"
expect "the text, whose first byte is no UTF-8" "$(sed -n 's/^text *//p' "$work/out")" "?x"
