#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# usage: make.py
#
# Writes tiny checkpoints beside this script, a folder each, and in expected.safetensors what transformers
# 5.17.0 computes for them in float32 (from_pretrained(dtype=float32), eager attention):
#
#   qwen3     F16, q_norm and k_norm, heads * head_dim is not hidden_size, written as transformers 5 does
#   mistral   F16, a sliding window of 96, config.json as Mistral 7B was published
#   bf16      BF16, tied, Llama 3's rope scaling, config.json as Llama 3.2 was published
#   f32       F32, Llama with attention_bias, untied
#   mixed     Qwen2 whose tensors are F16, BF16 and F32 in turn, in two files with an index
#
# expected.safetensors: input_ids [60], logit_positions [3], logits_first_last [3][vocabulary], greedy_tokens [24],
# greedy_gap [24] (between the two largest logits).

import json
import os
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import (AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config)

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = dict(vocab_size=256, hidden_size=56, intermediate_size=88, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
             bos_token_id=1, eos_token_id=2)
PROMPT, STEPS = 60, 24


def make_model(config, seed):
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config).float()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "norm" in name:
                p.copy_(0.5 + torch.rand(p.shape))
            elif name.endswith("bias"):
                p.copy_(torch.randn(p.shape) * 0.3)
            else:
                p.copy_(torch.randn(p.shape) * 0.12)
    return model


def write(name, config, dtype, seed, published=None):
    path = os.path.join(HERE, name)
    shutil.rmtree(path, ignore_errors=True)
    make_model(config, seed).to(dtype).save_pretrained(path)
    if os.path.exists(os.path.join(path, "generation_config.json")):
        os.remove(os.path.join(path, "generation_config.json"))
    if published:
        with open(os.path.join(path, "config.json"), "w") as f:
            json.dump(published, f, indent=2)
            f.write("\n")
    return path


def mix(path):
    tensors = load_file(os.path.join(path, "model.safetensors"))
    os.remove(os.path.join(path, "model.safetensors"))
    types, files, where = [torch.float16, torch.bfloat16, torch.float32], [{}, {}], {}
    for i, (name, t) in enumerate(sorted(tensors.items())):
        files[i % 2][name] = t.to(types[i % 3])
        where[name] = f"model-{i % 2 + 1:05}-of-00002.safetensors"
    for i, f in enumerate(files):
        save_file(f, os.path.join(path, f"model-{i + 1:05}-of-00002.safetensors"), {"format": "pt"})
    with open(os.path.join(path, "model.safetensors.index.json"), "w") as f:
        json.dump({"metadata": {}, "weight_map": where}, f, indent=1)
        f.write("\n")


def expect(path, seed):
    model = AutoModelForCausalLM.from_pretrained(
        path, dtype=torch.float32, attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(seed)
    prompt = torch.randint(3, SIZES["vocab_size"], (PROMPT,), generator=generator)
    positions, ids, tokens, gaps = [0, 29, PROMPT - 1], prompt[None], [], []
    with torch.no_grad():
        logits = model(ids).logits[0]
        asked = logits[positions].clone()
        for _ in range(STEPS):
            top = torch.topk(logits[-1], 2)
            tokens.append(top.indices[0].item())
            gaps.append((top.values[0] - top.values[1]).item())
            ids = torch.cat([ids, top.indices[:1][None]], dim=1)
            logits = model(ids).logits[0]
    save_file({"input_ids": prompt.int(), "logit_positions": torch.tensor(positions, dtype=torch.int32),
               "logits_first_last": asked, "greedy_tokens": torch.tensor(tokens, dtype=torch.int32),
               "greedy_gap": torch.tensor(gaps, dtype=torch.float32)},
              os.path.join(path, "expected.safetensors"))
    print(os.path.basename(path), float(asked.abs().max()), min(gaps), len(set(tokens)))


LLAMA3 = dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64, rope_type="llama3")
BASE = {k: v for k, v in SIZES.items()} | {"hidden_act": "silu", "initializer_range": 0.02,
                                           "use_cache": True}
MISTRAL = {"architectures": ["MistralForCausalLM"], "model_type": "mistral", **BASE,
           "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 96,
           "tie_word_embeddings": False, "torch_dtype": "float16", "transformers_version": "4.34.0"}
BF16 = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", **BASE, "head_dim": 14,
        "attention_bias": False, "mlp_bias": False, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
        "rope_scaling": LLAMA3, "rope_theta": 500000.0, "tie_word_embeddings": True,
        "torch_dtype": "bfloat16", "transformers_version": "4.45.0"}
THETA = {"rope_theta": 10000.0, "rope_type": "default"}

models = [
    write("qwen3", Qwen3Config(**SIZES, head_dim=16, tie_word_embeddings=False,
                               rope_parameters={"rope_theta": 1e6, "rope_type": "default"}),
          torch.float16, 1),
    write("mistral", MistralConfig(**SIZES, sliding_window=96, rope_parameters=THETA,
                                   rms_norm_eps=1e-5), torch.float16, 2, MISTRAL),
    write("bf16", LlamaConfig(**SIZES, tie_word_embeddings=True, rms_norm_eps=1e-5,
                              rope_parameters={"rope_theta": 500000.0, **LLAMA3}),
          torch.bfloat16, 3, BF16),
    write("f32", LlamaConfig(**SIZES | {"intermediate_size": 64}, attention_bias=True,
                             tie_word_embeddings=False, rope_parameters=THETA), torch.float32, 4),
    write("mixed", Qwen2Config(**SIZES, tie_word_embeddings=False, rope_parameters=THETA),
          torch.float32, 5),
]
mix(models[-1])
for number, folder in enumerate(models):
    expect(folder, number)
