/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What each kernel is given: one structure by value, the same for the host's C and for nvcc.
 *
 * Letters: H hidden size, A heads * head_dim, K kv_heads * head_dim, D head_dim, I intermediate
 * size, V vocabulary.  Rows are contiguous unless a stride (in elements) stands beside them. */

#ifndef HF_FP16_CUDA_KERNELS_PARAMS_H
#define HF_FP16_CUDA_KERNELS_PARAMS_H

#include <stdint.h>

/* A pointer into device memory.  The host has the address only. */
#ifdef __CUDACC__
#include <cuda_fp16.h>
#define GPU_POINTER(type) type *
#else
#define GPU_POINTER(type) uint64_t
#endif

#define GPU_TOKEN_NONE INT32_C(-1)

/* Where a sequence stands, in device memory, so that a graph's kernels need no other arguments. */
struct gpu_sequence {
    uint64_t best;    /* of the argmax at work: ordered value << 32 | ~index */
    uint32_t arrived; /* its blocks that are done */
    int32_t token;    /* newest one */
    int32_t position; /* of that token */
    int32_t step;     /* how many were generated */
};

struct gpu_embed { /* x[t] = table[tokens[t]]; one block for each token */
    GPU_POINTER(const __half) table;
    GPU_POINTER(const int32_t) tokens;
    GPU_POINTER(__half) x;
    int32_t hidden;
};

struct gpu_norm { /* out[t] = x[t] / rms(x[t]) * weight; one warp for each token */
    GPU_POINTER(const __half) x;
    GPU_POINTER(const __half) weight;
    GPU_POINTER(__half) out;
    int32_t hidden;
    float epsilon;
    int32_t tokens; /* gpu_norm() sets it */
};

struct gpu_rope { /* rotates q where it lies, files k and v in the cache; one block for each token
                   */
    GPU_POINTER(__half) qkv;  /* [tokens][A + 2K] */
    GPU_POINTER(__half) keys; /* [kv_heads][capacity][D], as values */
    GPU_POINTER(__half) values;
    GPU_POINTER(const float) frequencies; /* [D / 2] */
    GPU_POINTER(const __half) q_norm;     /* [D], or NULL: RMSNorm of each head before */
    GPU_POINTER(const __half) k_norm;
    GPU_POINTER(const struct gpu_sequence) sequence; /* or NULL: positions begin at `from` */
    int64_t capacity;
    int32_t from, heads, kv_heads, head_dim;
    float epsilon;
    int32_t tokens; /* gpu_rope() sets it */
};

struct gpu_swiglu { /* gate[t][i] = silu(gate[t][i]) * up[t][i], rows [gate I][up I] */
    GPU_POINTER(__half) gate_up;
    int32_t intermediate;
};

/* A CUtensorMap: how the copy engine finds boxes of a tensor. */
struct __attribute__((aligned(64))) gpu_tensor_map {
    uint64_t words[16];
};

/* out[t] = silu(x[t] gate') * (x[t] up'): the same without storing gate and up; K here is the
 * hidden size, a multiple of 8 as I is. */
struct gpu_gate_up {
    struct gpu_tensor_map a;   /* [1][tokens][K], boxes of 64 columns and TOKENS / COLS rows */
    struct gpu_tensor_map w;   /* [2][I][K], boxes of 64 columns and OUTS rows */
    struct gpu_tensor_map out; /* [1][tokens][I], boxes of 64 columns and 64 rows */
    int32_t tokens, hidden, intermediate;
    int32_t group; /* rows of clusters' tiles that go together */
};

struct gpu_attention { /* causal, scores never stored; one block for each head and 128 queries */
    GPU_POINTER(const __half) q;    /* [tokens], stride q_stride, head h at h * D */
    GPU_POINTER(const __half) keys; /* [kv_heads][capacity][D], as values */
    GPU_POINTER(const __half) values;
    GPU_POINTER(__half) out; /* [tokens][A] */
    int64_t q_stride, capacity;
    int32_t from, tokens; /* position of the first query; queries */
    int32_t heads, kv_heads, head_dim;
    int32_t window; /* positions that a query sees, itself included; 0: all before it */
    float scale;
    int32_t in_device; /* all of it lies in the device's own memory, where the copy engine reads */
};

/* gpu_attention without a window; head_dim is the kernel's. */
struct gpu_attention_sm90 {
    struct gpu_tensor_map q;      /* [tokens][heads][D], boxes of 64 GROUPS tokens of a head */
    struct gpu_tensor_map keys;   /* [kv_heads][from + tokens][D], boxes of 128 positions */
    struct gpu_tensor_map values; /* as keys */
    GPU_POINTER(__half) out;      /* [tokens][A] */
    int32_t from, tokens;
    int32_t heads, kv_heads;
    float scale;
};

struct gpu_decode_attention {    /* one query; grid (splits, kv_heads) */
    GPU_POINTER(const __half) q; /* [A] */
    GPU_POINTER(const __half) keys;
    GPU_POINTER(const __half) values;
    GPU_POINTER(float) partial; /* [splits][heads][D + 2]: output, maximum, sum */
    GPU_POINTER(__half) out;    /* [A], for the kernel that puts the splits together */
    GPU_POINTER(const struct gpu_sequence) sequence;
    int64_t capacity;
    int32_t splits, heads, kv_heads, head_dim;
    int32_t window;
    float scale;
};

/* The same for head sizes 64 and 128; grid (blocks of all clusters, kv_heads, eights of heads /
 * kv_heads).  What clusters leave is put together by the product that follows. */
struct gpu_attend {
    GPU_POINTER(const __half) q; /* [A] */
    GPU_POINTER(const __half) keys;
    GPU_POINTER(const __half) values;
    GPU_POINTER(__half) out;   /* [clusters][A]: the softmax over a cluster's keys alone */
    GPU_POINTER(float) weight; /* [clusters][heads][2]: its maximum, to base 2, and its sum */
    GPU_POINTER(const struct gpu_sequence) sequence;
    int64_t capacity;
    int32_t clusters; /* at most */
    int32_t heads, kv_heads;
    int32_t window;
    float scale;
    int32_t late; /* the kernels to come begin when this one has its query, not before */
};

/* The mask of one block of queries: 0 where query i sees key j, else the type's lowest value. */
struct gpu_mask {
    GPU_POINTER(void) mask; /* [queries][stride], float16 or float32 by kernel */
    int64_t stride;
    int32_t queries, keys, from, window;
};

/* Rows of scores to rows of probabilities; grid (queries, heads). */
struct gpu_softmax {
    GPU_POINTER(const void) scores; /* [heads][queries][stride] */
    GPU_POINTER(const void) mask;   /* [queries][stride] */
    GPU_POINTER(float) wide;        /* [heads][queries][stride] probabilities */
    GPU_POINTER(__half) narrow;     /* eager: the same in float16 */
    GPU_POINTER(uint8_t) masked;    /* math: 1 where the score is -inf */
    int64_t stride;
    int32_t queries, keys;
    int32_t in_shared; /* a row fits into shared memory */
};

/* out[t][c] = in[t][c], rows of `cols`, strides in elements */
struct gpu_cast {
    GPU_POINTER(const void) in;
    GPU_POINTER(void) out;
    int64_t in_stride, out_stride;
    int32_t cols;
};

/* One token: out = W norm(x) + bias, and so on by kernel. */
struct gpu_product {
    GPU_POINTER(const __half) x;       /* [cols] */
    GPU_POINTER(const __half) norm;    /* [cols], or NULL: x as it is */
    GPU_POINTER(const __half) weights; /* [rows][cols]; for swiglu [2 rows][cols] */
    GPU_POINTER(const __half) bias;    /* [rows], or NULL */
    GPU_POINTER(void) out;             /* [rows] float16; float32 for logits */
    int32_t rows, cols;
    float epsilon;
};

/* The same, with what each kernel of a decoding step needs beside it. */
struct gpu_stream {
    struct gpu_product product;
    GPU_POINTER(__half) keys; /* qkv: where the token's are filed, [kv_heads][capacity][D] */
    GPU_POINTER(__half) values;
    GPU_POINTER(const float) turn;             /* qkv: [D] cosines, sines of the position */
    GPU_POINTER(struct gpu_sequence) sequence; /* qkv, out; logits: has the best, or NULL */
    GPU_POINTER(const float) weight;           /* out: as in struct gpu_attend, whose out is x */
    int64_t capacity;
    int32_t heads, kv_heads, head_dim;
    int32_t clusters, window; /* out: as in struct gpu_attend */
    int32_t parts;            /* warps for each pair of rows */
    int32_t pairs;            /* gpu_stage_swiglu: of a warp */
    int32_t adds;             /* add: to what out has, instead of writing it anew */
};

struct gpu_step { /* the first and the last kernel of a step */
    GPU_POINTER(const __half) table;
    GPU_POINTER(__half) x;
    GPU_POINTER(const float) frequencies; /* [D / 2] */
    GPU_POINTER(float) turn;              /* [D] cosines, sines */
    GPU_POINTER(struct gpu_sequence) sequence;
    GPU_POINTER(volatile int32_t) tokens; /* in the host's memory: tokens[step] */
    int32_t hidden, head_dim;
};

struct gpu_argmax { /* of logits[count], the lowest index where equal; moves the sequence on */
    GPU_POINTER(const float) logits;
    GPU_POINTER(struct gpu_sequence) sequence;
    GPU_POINTER(volatile int32_t) tokens; /* in the host's memory: tokens[step] */
    int32_t count;
};

struct gpu_convert { /* float32 or bfloat16 to float16 */
    GPU_POINTER(const void) in;
    GPU_POINTER(__half) out;
    GPU_POINTER(uint32_t) overflow; /* lowest `tensor` that has a value beyond float16 */
    uint64_t count;
    uint32_t tensor;
};

struct gpu_random {                  /* out[i] = table[bits of mix(key + i / 4)], or 1 for norms */
    GPU_POINTER(const __half) table; /* [65536], NULL: norms */
    GPU_POINTER(__half) out;
    uint64_t key, count;
};

struct gpu_read { /* sums what it reads, so that no read is left out */
    GPU_POINTER(const float) in;
    GPU_POINTER(float) out;
    uint64_t count; /* of float4 */
};

#endif
