/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The kernels of kernels/, which are embedded as fat binaries, and how each is started.  What a
 * kernel computes stands in its file; its parameters are in kernels/params.h. */

#ifndef HF_FP16_CUDA_KERNELS_H
#define HF_FP16_CUDA_KERNELS_H

#include <stdbool.h>

#include "plugins/hf_fp16_cuda/driver.h"
#include "plugins/hf_fp16_cuda/kernels/params.h"

#define GPU_STREAM_WIDTHS 6
#define GPU_GATE_UP_WAYS 3 /* in which the fused first half of an MLP can be cut */

/* The order of kernel_table in kernels.c. */
enum gpu_kernel {
    GPU_EMBED_ROWS,
    GPU_NORM_ROWS,
    GPU_ROPE_ROWS,
    GPU_ROPE_WIDE,
    GPU_SWIGLU_ROWS,
    GPU_MASK_HALF,
    GPU_MASK_FLOAT,
    GPU_SOFTMAX_HALF,
    GPU_NARROW,
    GPU_SOFTMAX_FLOAT,
    GPU_CAST_TO_FLOAT,
    GPU_CAST_TO_HALF,
    GPU_PRODUCT_PLAIN,
    GPU_PRODUCT_ADD,
    GPU_PRODUCT_LOGITS,
    GPU_PRODUCT_SWIGLU,
    GPU_ARGMAX_LOGITS,
    GPU_CONVERT_FLOAT,
    GPU_CONVERT_BFLOAT16,
    GPU_RANDOM_FILL,
    GPU_READ_ALL,
    GPU_DECODE_4,
    GPU_DECODE_8,
    GPU_DECODE_16,
    GPU_DECODE_32,
    GPU_DECODE_COMBINE,
    GPU_FLASH_32,
    GPU_FLASH_48,
    GPU_FLASH_64,
    GPU_FLASH_80,
    GPU_FLASH_96,
    GPU_FLASH_128,
    GPU_FLASH_192,
    GPU_FLASH_256,
    GPU_FLASH_SM90_64_SHORT, /* these are there on Hopper only */
    GPU_FLASH_SM90_64,
    GPU_FLASH_SM90_128,
    GPU_GATE_UP, /* and the other ways */
    GPU_ATTEND_64 = GPU_GATE_UP + GPU_GATE_UP_WAYS,
    GPU_ATTEND_128,
    GPU_STEP_BEGIN,
    GPU_STEP_END,
    GPU_STAGE_SWIGLU,
    GPU_STREAM, /* of each width the kinds of enum gpu_stream_kind */
    GPU_KERNELS = GPU_STREAM + 5 * GPU_STREAM_WIDTHS
};

#define GPU_MODULES_MAX 12
#define GPU_HEAD_DIM_MAX 256

/* What can be left away, to find out which part is at fault: CTXMARK_GPU_WITHOUT has these words in
 * lower case, with commas between. */
enum gpu_part {
    GPU_PART_FLASH_SM90 = 1,    /* flash_sm90: attention of prompts by wgmma */
    GPU_PART_STREAM = 2,        /* stream: the fused products of a token, and with them attend */
    GPU_PART_ATTEND = 4,        /* attend: attention of a token on tensor cores */
    GPU_PART_FOLLOW = 8,        /* follow: a kernel beginning before the one before it has ended */
    GPU_PART_TRY = 16,          /* try: the choice of products' algorithms by their time */
    GPU_PART_PROMPT_GRAPH = 32, /* prompt_graph: short prompts as a graph */
    GPU_PART_TOKEN_GRAPH = 64,  /* token_graph: decoding steps as a graph */
    GPU_PART_ROPE_WIDE = 128,   /* rope_wide: rotary positions of prompts, eight at a time */
    GPU_PART_GATE_UP = 512,     /* gate_up: the first half of a prompt's MLP in one kernel */
};

/* How a step's kernels are started, which changes its time and nothing else. */
struct gpu_step_way {
    int warps; /* of a block of the products of a token: 1 to 16 */
    int parts; /* warps for a pair of GPU_STREAM_OUT: 1 or 2 */
    int pairs; /* of a warp of gpu_stage_swiglu; 0: without it */
    int late;  /* as gpu_attend.late */
};

struct gpu_kernels {
    const struct gpu_driver *driver;
    unsigned without; /* of enum gpu_part */
    bool hopper;      /* code for sm_90 or later is what runs */
    bool follows;     /* those of a step may begin before the one before has ended */
    int gate_up_clusters[GPU_GATE_UP_WAYS]; /* that run at one time; 0: this way cannot be gone */
    struct gpu_step_way way;
    int cluster; /* blocks that attention of a token has in a cluster; 1: no clusters */
    CUmodule modules[GPU_MODULES_MAX];
    CUfunction functions[GPU_KERNELS];
};

/* GPU_UNAVAILABLE where the embedded code has nothing for this device. */
enum gpu_status gpu_kernels_load(const struct gpu_driver *d, struct gpu_kernels *ret_kernels,
                                 struct hf_err *e);
void gpu_kernels_unload(struct gpu_kernels *k);

/* Starts one: shared in bytes, p the structure that it takes. */
enum gpu_status gpu_kernel_start(const struct gpu_kernels *k, enum gpu_kernel kernel,
                                 int64_t grid_x, int64_t grid_y, int threads, int64_t shared,
                                 const void *p, CUstream stream, struct hf_err *e);

/* The same for a kernel of kernels/step.cuh. */
enum gpu_status gpu_kernel_follow(const struct gpu_kernels *k, enum gpu_kernel kernel,
                                  const int64_t grid[3], int threads, int64_t shared, const void *p,
                                  CUstream stream, struct hf_err *e);

/* All of these start a kernel on `stream` and return at once. */
enum gpu_status gpu_embed(const struct gpu_kernels *k, const struct gpu_embed *p, int64_t tokens,
                          CUstream stream, struct hf_err *e);
enum gpu_status gpu_norm(const struct gpu_kernels *k, const struct gpu_norm *p, int64_t tokens,
                         CUstream stream, struct hf_err *e);
enum gpu_status gpu_rope(const struct gpu_kernels *k, const struct gpu_rope *p, int64_t tokens,
                         CUstream stream, struct hf_err *e);
enum gpu_status gpu_swiglu(const struct gpu_kernels *k, const struct gpu_swiglu *p, int64_t tokens,
                           CUstream stream, struct hf_err *e);

/* kernel: GPU_MASK_HALF or GPU_MASK_FLOAT */
enum gpu_status gpu_mask(const struct gpu_kernels *k, enum gpu_kernel kernel,
                         const struct gpu_mask *p, CUstream stream, struct hf_err *e);
/* kernel: GPU_SOFTMAX_HALF, GPU_NARROW or GPU_SOFTMAX_FLOAT */
enum gpu_status gpu_softmax(const struct gpu_kernels *k, enum gpu_kernel kernel,
                            const struct gpu_softmax *p, int64_t heads, CUstream stream,
                            struct hf_err *e);
/* kernel: GPU_CAST_TO_FLOAT or GPU_CAST_TO_HALF */
enum gpu_status gpu_cast(const struct gpu_kernels *k, enum gpu_kernel kernel,
                         const struct gpu_cast *p, int64_t rows, CUstream stream, struct hf_err *e);

/* kernel: GPU_PRODUCT_PLAIN .. GPU_PRODUCT_SWIGLU */
enum gpu_status gpu_product(const struct gpu_kernels *k, enum gpu_kernel kernel,
                            const struct gpu_product *p, CUstream stream, struct hf_err *e);
enum gpu_status gpu_argmax(const struct gpu_kernels *k, const struct gpu_argmax *p, CUstream stream,
                           struct hf_err *e);

/* kernel: GPU_CONVERT_FLOAT or GPU_CONVERT_BFLOAT16 */
enum gpu_status gpu_convert(const struct gpu_kernels *k, enum gpu_kernel kernel,
                            const struct gpu_convert *p, CUstream stream, struct hf_err *e);
enum gpu_status gpu_random(const struct gpu_kernels *k, const struct gpu_random *p, CUstream stream,
                           struct hf_err *e);
enum gpu_status gpu_read(const struct gpu_kernels *k, const struct gpu_read *p, CUstream stream,
                         struct hf_err *e);

/* Head sizes: even, up to GPU_HEAD_DIM_MAX. */
enum gpu_status gpu_attention(const struct gpu_kernels *k, const struct gpu_attention *p,
                              CUstream stream, struct hf_err *e);
/* What gpu_attention() takes where it can (hopper.c): kernels/flash_sm90.cu. */
bool gpu_attention_hopper_can(const struct gpu_kernels *k, const struct gpu_attention *p);
enum gpu_status gpu_attention_hopper(const struct gpu_kernels *k, const struct gpu_attention *p,
                                     CUstream stream, struct hf_err *e);
/* Shared memory of one of its kernels. */
int gpu_hopper_shared(enum gpu_kernel kernel);

enum gpu_status gpu_decode_attention(const struct gpu_kernels *k,
                                     const struct gpu_decode_attention *p, CUstream stream,
                                     struct hf_err *e);

/* One token's products (step.c): x W' with what comes before and after it. */
enum gpu_stream_kind {
    GPU_STREAM_QKV, /* all heads; q is rotated, k and v are filed */
    GPU_STREAM_OUT, /* of what gpu_attend() leaves, added to what out has */
    GPU_STREAM_ADD, /* with bias, and added to what out has if p->adds */
    GPU_STREAM_SWIGLU,
    GPU_STREAM_LOGITS,
    GPU_STREAM_KINDS
};

/* Can a vector of this length be taken?  gpu_product() can take any. */
bool gpu_stream_can(const struct gpu_kernels *k, int64_t cols);
/* Pairs with which three blocks of gpu_stage_swiglu have room on a multiprocessor; 0: none. */
int gpu_stage_pairs(const struct gpu_kernels *k, int64_t cols);
/* p->parts is chosen here. */
enum gpu_status gpu_stream(const struct gpu_kernels *k, enum gpu_stream_kind kind,
                           const struct gpu_stream *p, CUstream stream, struct hf_err *e);
enum gpu_status gpu_step_begin(const struct gpu_kernels *k, const struct gpu_step *p,
                               CUstream stream, struct hf_err *e);
enum gpu_status gpu_step_end(const struct gpu_kernels *k, const struct gpu_step *p, CUstream stream,
                             struct hf_err *e);

/* The first half of an MLP by wgmma: out[tokens][I] = silu(x gate') * (x up'), x [tokens][hidden],
 * w [2 I][hidden] gate before up; sizes are multiples of 8.  `way`: below GPU_GATE_UP_WAYS, where
 * gpu_gate_up_can() says so. */
struct gpu_gate_up_product {
    uint64_t x, w, out;
    int64_t tokens, hidden, intermediate;
};
bool gpu_gate_up_can(const struct gpu_kernels *k, int way, const struct gpu_gate_up_product *p);
enum gpu_status gpu_gate_up(const struct gpu_kernels *k, int way,
                            const struct gpu_gate_up_product *p, CUstream stream, struct hf_err *e);
/* Finds out which ways there are, once, when the kernels are loaded. */
void gpu_gate_up_allow(struct gpu_kernels *k);

/* A tensor [outer][inner][cols] of halves, strides in elements, as boxes of 64 columns and `rows`
 * along inner, or along outer. */
struct gpu_map_shape {
    uint64_t tensor;
    int64_t cols, inner, inner_stride, outer, outer_stride;
    int rows;
    bool along_outer;
};
CUresult gpu_map_make(const struct gpu_driver *d, const struct gpu_map_shape *shape,
                      struct gpu_tensor_map *ret_map);

/* Attention of one token for head sizes 64 and 128, whose clusters GPU_STREAM_OUT puts together. */
bool gpu_attend_can(const struct gpu_kernels *k, int64_t heads, int64_t head_dim);
/* p->clusters for a cache of this length, in the room of `splits` of gpu_decode_attention(). */
int32_t gpu_attend_clusters(const struct gpu_kernels *k, int64_t heads, int64_t head_dim,
                            int64_t positions, int64_t splits);
enum gpu_status gpu_attend(const struct gpu_kernels *k, int64_t head_dim,
                           const struct gpu_attend *p, CUstream stream, struct hf_err *e);

#endif
