#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# usage: make.py FOLDER-OF-CHECKPOINTS
#
# Writes NAME.safetensors beside this script for each checkpoint: what transformers 5.17.0 computes when
# the checkpoint is loaded as users load it, from_pretrained(dtype=float32).  The expected.safetensors
# beside the checkpoints were computed after model.half(), which also rounds the rotary frequencies to
# float16; they differ from these by 3e-3 to 8e-3 of the largest logit.

import os
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

folder, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
for name in sorted(os.listdir(folder)):
    path = os.path.join(folder, name)
    if not os.path.isdir(path):
        continue
    expected = load_file(os.path.join(path, "expected.safetensors"))
    model = AutoModelForCausalLM.from_pretrained(
        path, dtype=torch.float32, attn_implementation="eager").eval()
    ids = expected["input_ids"].long()[None]
    tokens, gaps = [], []
    with torch.no_grad():
        logits = model(ids).logits[0]
        first_last = logits[expected["logit_positions"].long()].clone()
        for _ in range(48):
            top = torch.topk(logits[-1], 2)
            tokens.append(top.indices[0].item())
            gaps.append((top.values[0] - top.values[1]).item())
            ids = torch.cat([ids, top.indices[:1][None]], dim=1)
            logits = model(ids).logits[0]
    save_file({"input_ids": expected["input_ids"], "logit_positions": expected["logit_positions"],
               "logits_first_last": first_last,
               "greedy_tokens": torch.tensor(tokens, dtype=torch.int32),
               "greedy_gap": torch.tensor(gaps, dtype=torch.float32)},
              os.path.join(here, name + ".safetensors"))
