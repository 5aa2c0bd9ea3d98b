#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
"""One random float16 model, twice: as a Hugging Face checkpoint and as GGUF for llama.cpp.

make_models.py CONFIG.json FOLDER    (needs numpy and gguf from PyPI)
"""
import json
import pathlib
import shutil
import struct
import sys

import gguf
import numpy as np

HF_TO_GGUF = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def shapes(c):
    h, i = c["hidden_size"], c["intermediate_size"]
    d = c.get("head_dim") or h // c["num_attention_heads"]
    q, kv = d * c["num_attention_heads"], d * c["num_key_value_heads"]
    bias = c["model_type"] == "qwen2"
    yield "model.embed_tokens.weight", (c["vocab_size"], h)
    for n in range(c["num_hidden_layers"]):
        p = f"model.layers.{n}."
        yield p + "input_layernorm.weight", (h,)
        for name, rows, cols in (("q", q, h), ("k", kv, h), ("v", kv, h), ("o", h, q)):
            yield p + f"self_attn.{name}_proj.weight", (rows, cols)
            if bias and name != "o":
                yield p + f"self_attn.{name}_proj.bias", (rows,)
        yield p + "post_attention_layernorm.weight", (h,)
        yield p + "mlp.gate_proj.weight", (i, h)
        yield p + "mlp.up_proj.weight", (i, h)
        yield p + "mlp.down_proj.weight", (h, i)
    yield "model.norm.weight", (h,)


def write_safetensors(path, tensors):
    header, at = {}, 0
    for name, x in tensors.items():
        header[name] = {"dtype": "F16", "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 64 + 56)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for x in tensors.values():
            f.write(x.tobytes())


def gguf_name(name):
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = name.split(".", 3)
    part, kind = rest.rsplit(".", 1)
    return f"blk.{layer}.{HF_TO_GGUF[part]}.{kind}"


def write_gguf(path, c, tensors):
    d = c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
    w = gguf.GGUFWriter(path, c["model_type"])
    w.add_block_count(c["num_hidden_layers"])
    w.add_context_length(c["max_position_embeddings"])
    w.add_embedding_length(c["hidden_size"])
    w.add_feed_forward_length(c["intermediate_size"])
    w.add_head_count(c["num_attention_heads"])
    w.add_head_count_kv(c["num_key_value_heads"])
    w.add_rope_dimension_count(d)
    w.add_rope_freq_base(float(c.get("rope_theta", 10000.0)))
    w.add_layer_norm_rms_eps(float(c["rms_norm_eps"]))
    w.add_vocab_size(c["vocab_size"])
    w.add_file_type(1)
    w.add_tokenizer_model("none")
    for name, x in tensors.items():
        # llama.cpp keeps vectors in float32.
        w.add_tensor(gguf_name(name), x.astype(np.float32) if x.ndim == 1 else x)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main():
    config, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    c = json.loads(config.read_text())
    if not c.get("tie_word_embeddings"):
        sys.exit(f"{config}: only models with tied embeddings")
    random = np.random.default_rng(42)
    tensors = {}
    for name, shape in shapes(c):
        if "norm" in name:
            tensors[name] = np.ones(shape, np.float16)
        else:
            tensors[name] = (random.standard_normal(shape, np.float32) * 0.02).astype(np.float16)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(config, folder / "config.json")
    write_safetensors(folder / "model.safetensors", tensors)
    write_gguf(folder / "model.gguf", c, tensors)


main()
