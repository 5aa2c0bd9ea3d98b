/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/llama_bench.h"

#include <string.h>

const struct llama_field llama_fields[] = {
    {"build_commit", LLAMA_TEXT, true, false, ""},
    {"build_number", LLAMA_INTEGER, false, false, "0"},
    {"cpu_info", LLAMA_TEXT, false, true, ""},
    {"gpu_info", LLAMA_TEXT, false, true, ""},
    {"backends", LLAMA_TEXT, true, false, ""},
    {"model_filename", LLAMA_TEXT, true, false, ""},
    {"model_type", LLAMA_TEXT, true, false, ""},
    {"model_size", LLAMA_INTEGER, false, false, "0"},
    {"model_n_params", LLAMA_INTEGER, false, false, "0"},
    {"n_batch", LLAMA_INTEGER, false, true, "0"},
    {"n_ubatch", LLAMA_INTEGER, false, true, "0"},
    {"n_threads", LLAMA_INTEGER, false, true, "0"},
    {"cpu_mask", LLAMA_TEXT, false, true, "0x0"},
    {"cpu_strict", LLAMA_FLAG, false, true, "0"},
    {"poll", LLAMA_INTEGER, false, true, "0"},
    {"type_k", LLAMA_TEXT, false, true, ""},
    {"type_v", LLAMA_TEXT, false, true, ""},
    {"n_gpu_layers", LLAMA_INTEGER, false, true, "-1"},
    {"n_cpu_moe", LLAMA_INTEGER, false, true, "0"},
    {"split_mode", LLAMA_TEXT, false, true, "none"},
    {"main_gpu", LLAMA_INTEGER, false, true, "0"},
    {"no_kv_offload", LLAMA_FLAG, false, true, "0"},
    {"flash_attn", LLAMA_INTEGER, false, true, "-1"},
    {"devices", LLAMA_TEXT, false, true, "auto"},
    {"tensor_split", LLAMA_TEXT, false, true, "0.00"},
    {"tensor_buft_overrides", LLAMA_TEXT, false, true, "none"},
    {"load_mode", LLAMA_TEXT, false, true, "auto"},
    {"use_mmap", LLAMA_FLAG, false, true, "0"},
    {"embeddings", LLAMA_FLAG, false, true, "0"},
    {"no_op_offload", LLAMA_INTEGER, false, true, "0"},
    {"no_host", LLAMA_FLAG, false, true, "0"},
    {"fit_target", LLAMA_INTEGER, false, true, "0"},
    {"fit_min_ctx", LLAMA_INTEGER, false, true, "0"},
    {"n_prompt", LLAMA_INTEGER, true, false, "0"},
    {"n_gen", LLAMA_INTEGER, true, false, "0"},
    {"n_depth", LLAMA_INTEGER, false, false, "0"},
    {"test_time", LLAMA_TEXT, false, false, ""},
    {"avg_ns", LLAMA_INTEGER, false, false, "0"},
    {"stddev_ns", LLAMA_INTEGER, false, false, "0"},
    {"avg_ts", LLAMA_REAL, false, false, "0"},
    {"stddev_ts", LLAMA_REAL, false, false, "0"},
};

const size_t llama_field_count = sizeof llama_fields / sizeof llama_fields[0];

const struct llama_field *llama_field_find(const char *name)
{
    for (size_t i = 0; i < llama_field_count; i++)
        if (strcmp(llama_fields[i].name, name) == 0)
            return &llama_fields[i];
    return NULL;
}
