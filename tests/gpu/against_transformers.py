#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
"""hf_fp16_cuda against transformers on the same GPU: the same random float16 weights, the same tokens.

For each shape and context the logits at the first, middle and last position by transformers in float32
(the reference), by transformers in float16, and by us: our largest and mean error must not exceed 1.5
times transformers' own.  Then transformers' peak memory (sdpa, last logits) beside ours.

usage: against_transformers.py [--shapes NAME,...] [--contexts N,...] [--memory]
environment: CTXMARK, CTXMARK_PLUGIN_PATH
"""
import argparse, gc, os, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor

try:
    import torch, transformers
    from safetensors.torch import save_file, load_file
    import transformers.integrations.sdpa_attention
    from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config
except ImportError as e:
    print(f"SKIP: {e}")
    sys.exit(77)
if not torch.cuda.is_available():
    print("SKIP: PyTorch sees no GPU")
    sys.exit(77)

transformers.utils.logging.disable_progress_bar()
# Keys and values repeated for each head: for grouped ones PyTorch has no float32 kernel that does not store scores.
transformers.integrations.sdpa_attention.use_gqa_in_sdpa = lambda *_, **__: False
VOCABULARY = 151936
QWEN = dict(vocab_size=VOCABULARY, max_position_embeddings=131072, tie_word_embeddings=True, rms_norm_eps=1e-6, rope_theta=1e6)
LLAMA_ROPE = dict(rope_type="llama3", rope_theta=500000.0, factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0,
                  original_max_position_embeddings=8192)
SHAPES = {
    "qwen2.5-0.5b": lambda: Qwen2Config(hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2, **QWEN),
    "qwen2.5-1.5b": lambda: Qwen2Config(hidden_size=1536, intermediate_size=8960, num_hidden_layers=28, num_attention_heads=12, num_key_value_heads=2, **QWEN),
    "qwen2.5-3b": lambda: Qwen2Config(hidden_size=2048, intermediate_size=11008, num_hidden_layers=36, num_attention_heads=16, num_key_value_heads=2, **QWEN),
    "llama3.2-1b": lambda: LlamaConfig(vocab_size=128256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32,
                                       num_key_value_heads=8, head_dim=64, max_position_embeddings=131072, tie_word_embeddings=True,
                                       rms_norm_eps=1e-5, rope_parameters=LLAMA_ROPE),
}
parser = argparse.ArgumentParser()
parser.add_argument("--shapes", default=",".join(SHAPES))
parser.add_argument("--contexts", default="1,2,63,512,4096,16384")
parser.add_argument("--memory", action="store_true", help="measure transformers' peak memory too")
arguments = parser.parse_args()
failed = 0


def verdict(right, text):
    global failed
    failed += not right
    print(f"{'PASS' if right else 'FAIL'}: {text}", flush=True)


def free():
    gc.collect()
    torch.cuda.empty_cache()


def make(config, folder):
    """Random weights, biases included, as a float16 checkpoint."""
    torch.manual_seed(1)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float16)
    state = {}
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            weight.data.normal_(0, 0.02)
        if name.endswith("norm.weight"):
            weight.data.add_(torch.randn_like(weight.data) * 0.1)
        state[name] = weight.data.contiguous()
    save_file(state, f"{folder}/model.safetensors", metadata={"format": "pt"})
    config.architectures = [type(model).__name__]
    config.dtype = "float16"
    with open(f"{folder}/config.json", "w") as f:
        f.write(config.to_json_string())
    del model, state
    free()


@torch.inference_mode()
def theirs(folder, dtype, attention, contexts, tokens, positions):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attention, device_map="cuda").eval()
    out = {}
    for n in contexts:
        try:
            hidden = model.model(tokens[:, :n], use_cache=False).last_hidden_state
        except torch.OutOfMemoryError:
            print(f"SKIP: transformers in {dtype}, {attention}, runs out of memory at {n} tokens", flush=True)
            free()
            continue
        out[n] = model.lm_head(hidden[0, positions[n]]).float().cpu()
        del hidden
    del model
    free()
    return out


def ours(folder, attention, n, positions):
    with tempfile.NamedTemporaryFile(suffix=".safetensors", dir=folder) as got:
        command = [os.environ.get("CTXMARK", "ctxmark"), "try", "hf_fp16_cuda", folder, "--tokens", f"{folder}/tokens-{n}.safetensors",
                   "-n", "1", "--positions", ",".join(map(str, positions)), "--set", f"attention={attention}", "--logits", got.name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return load_file(got.name)["logits"]


def compare(name, contexts):
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder, ThreadPoolExecutor(4) as pool:
        started = time.time()
        config = SHAPES[name]()
        make(config, folder)
        generator = torch.Generator().manual_seed(2)
        tokens = torch.randint(0, config.vocab_size, (1, max(contexts)), generator=generator, dtype=torch.int32)
        positions = {n: sorted({0, n // 2, n - 1}) for n in contexts}
        for n in contexts:
            save_file({"input_ids": tokens[0, :n].contiguous()}, f"{folder}/tokens-{n}.safetensors")
        short = [n for n in contexts if 2 < n <= 4096]
        cases = [("flash", "sdpa", n) for n in contexts] + [(mode, "eager", n) for mode in ("eager", "math") for n in short]
        got = {(mode, n): pool.submit(ours, folder, mode, n, positions[n]) for mode, _, n in cases}
        tokens = tokens.long().cuda()
        reference = theirs(folder, torch.float32, "sdpa", contexts, tokens, positions)
        peers = {"sdpa": theirs(folder, torch.float16, "sdpa", contexts, tokens, positions),
                 "eager": theirs(folder, torch.float16, "eager", short, tokens, positions)}
        for mode, peer, n in cases:
            if n not in reference or n not in peers[peer]:
                continue
            largest = reference[n].abs().max().item()
            own = (peers[peer][n] - reference[n]).abs()
            try:
                mine = (got[mode, n].result() - reference[n]).abs()
            except RuntimeError as e:
                verdict(False, f"{name}, {n} tokens, {mode}: {e}")
                continue
            a, b, c, d = (x.item() / largest for x in (mine.max(), own.max(), mine.mean(), own.mean()))
            verdict(a <= 1.5 * b and c <= 1.5 * d, f"{name}, {n} tokens, {mode}: largest error {a:.2e} (transformers {peer} {b:.2e}), "
                    f"mean {c:.2e} ({d:.2e})")
        print(f"  {time.time() - started:.0f} s", flush=True)


@torch.inference_mode()
def memory(name, contexts):
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(SHAPES[name](), dtype=torch.float16, attn_implementation="sdpa").eval()
    peaks = []
    for n in contexts:
        ids = torch.randint(0, 100000, (1, n), device="cuda")
        free()
        torch.cuda.reset_peak_memory_stats()
        out = model(ids, use_cache=True, logits_to_keep=1)
        token, cache = out.logits[:, -1:].argmax(-1), out.past_key_values
        for _ in range(2):
            token = model(token, past_key_values=cache, use_cache=True).logits[:, -1:].argmax(-1)
        peaks.append(f"{n}: {torch.cuda.max_memory_allocated() / 2**20:.0f}")
        del out, cache, token
    print(f"transformers {transformers.__version__}, {name}, sdpa, last logits, peak MiB at {', '.join(peaks)}", flush=True)
    del model
    free()


print(f"transformers {transformers.__version__}, torch {torch.__version__}, {torch.cuda.get_device_name()}")
for shape in arguments.shapes.split(","):
    compare(shape, [int(n) for n in arguments.contexts.split(",")])
    if arguments.memory:
        memory(shape, [512 << i for i in range(9)])
sys.exit(failed != 0)
