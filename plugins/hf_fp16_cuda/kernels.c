/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_fp16_cuda/kernels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/hf_fp16_cuda/fatbins.h"

#define THREADS 256
#define PRODUCT_THREADS 128
#define PRODUCT_ROWS 8 /* of a block; half as many for swiglu */
#define DECODE_THREADS 128
#define FLASH_QUERIES 128
#define FLASH_PAD 8
#define ROPE_TOKENS 8 /* of a block of gpu_rope_wide */
#define ROPE_WIDE 16
#define ROPE_WIDEST 256
#define SHARED_ATTEND 20480 /* bytes that attention of a token may have beside its ring */
#define SHARED_OWN 1024     /* bytes that a kernel may have beside a row of floats */

/* One fat binary for each file of kernels/: a section of this object that the assembler fills. */
#define FATBIN(name)                                                                               \
    __asm__(".pushsection .rodata\n"                                                               \
            ".balign 16\n"                                                                         \
            ".type gpu_fatbin_" #name ", @object\n"                                                \
            "gpu_fatbin_" #name ":\n"                                                              \
            ".incbin \"" GPU_FATBIN_FOLDER "/" #name ".fatbin\"\n"                                 \
            ".byte 0\n"                                                                            \
            ".size gpu_fatbin_" #name ", . - gpu_fatbin_" #name "\n"                               \
            ".popsection\n");                                                                      \
    extern const char gpu_fatbin_##name[] __attribute__((visibility("hidden")))

FATBIN(rows);
FATBIN(softmax);
FATBIN(token);
FATBIN(weights);
FATBIN(decode_attention);
FATBIN(flash);
FATBIN(flash_sm90);
FATBIN(gate_up);
FATBIN(attend);
FATBIN(stream);

static const struct {
    const char *name;
    const void *image;
    bool optional; /* for some devices only; the others do without */
} modules[] = {
    {"rows", gpu_fatbin_rows, false},
    {"softmax", gpu_fatbin_softmax, false},
    {"token", gpu_fatbin_token, false},
    {"weights", gpu_fatbin_weights, false},
    {"decode_attention", gpu_fatbin_decode_attention, false},
    {"flash", gpu_fatbin_flash, false},
    {"flash_sm90", gpu_fatbin_flash_sm90, true},
    {"gate_up", gpu_fatbin_gate_up, true},
    {"attend", gpu_fatbin_attend, false},
    {"stream", gpu_fatbin_stream, false},
};

#define MODULES (sizeof modules / sizeof *modules)
_Static_assert(MODULES <= GPU_MODULES_MAX, "one place for each module");

enum { ROWS, SOFTMAX, TOKEN, WEIGHTS, DECODE, FLASH, FLASH_SM90, GATE_UP, ATTEND, STREAM };

static const struct {
    const char *name;
    int module;
} kernel_table[GPU_KERNELS] = {
    [GPU_EMBED_ROWS] = {"gpu_embed_rows", ROWS},
    [GPU_NORM_ROWS] = {"gpu_norm_rows", ROWS},
    [GPU_ROPE_ROWS] = {"gpu_rope_rows", ROWS},
    [GPU_ROPE_WIDE] = {"gpu_rope_wide", ROWS},
    [GPU_SWIGLU_ROWS] = {"gpu_swiglu_rows", ROWS},
    [GPU_MASK_HALF] = {"gpu_mask_half", SOFTMAX},
    [GPU_MASK_FLOAT] = {"gpu_mask_float", SOFTMAX},
    [GPU_SOFTMAX_HALF] = {"gpu_softmax_half", SOFTMAX},
    [GPU_NARROW] = {"gpu_narrow", SOFTMAX},
    [GPU_SOFTMAX_FLOAT] = {"gpu_softmax_float", SOFTMAX},
    [GPU_CAST_TO_FLOAT] = {"gpu_cast_to_float", SOFTMAX},
    [GPU_CAST_TO_HALF] = {"gpu_cast_to_half", SOFTMAX},
    [GPU_PRODUCT_PLAIN] = {"gpu_product_plain", TOKEN},
    [GPU_PRODUCT_ADD] = {"gpu_product_add", TOKEN},
    [GPU_PRODUCT_LOGITS] = {"gpu_product_logits", TOKEN},
    [GPU_PRODUCT_SWIGLU] = {"gpu_product_swiglu", TOKEN},
    [GPU_ARGMAX_LOGITS] = {"gpu_argmax_logits", TOKEN},
    [GPU_CONVERT_FLOAT] = {"gpu_convert_float", WEIGHTS},
    [GPU_CONVERT_BFLOAT16] = {"gpu_convert_bfloat16", WEIGHTS},
    [GPU_RANDOM_FILL] = {"gpu_random_fill", WEIGHTS},
    [GPU_READ_ALL] = {"gpu_read_all", WEIGHTS},
    [GPU_DECODE_4] = {"gpu_decode_attention_4", DECODE},
    [GPU_DECODE_8] = {"gpu_decode_attention_8", DECODE},
    [GPU_DECODE_16] = {"gpu_decode_attention_16", DECODE},
    [GPU_DECODE_32] = {"gpu_decode_attention_32", DECODE},
    [GPU_DECODE_COMBINE] = {"gpu_decode_combine", DECODE},
    [GPU_FLASH_32] = {"gpu_flash_32", FLASH},
    [GPU_FLASH_48] = {"gpu_flash_48", FLASH},
    [GPU_FLASH_64] = {"gpu_flash_64", FLASH},
    [GPU_FLASH_80] = {"gpu_flash_80", FLASH},
    [GPU_FLASH_96] = {"gpu_flash_96", FLASH},
    [GPU_FLASH_128] = {"gpu_flash_128", FLASH},
    [GPU_FLASH_192] = {"gpu_flash_192", FLASH},
    [GPU_FLASH_256] = {"gpu_flash_256", FLASH},
    [GPU_FLASH_SM90_64_SHORT] = {"gpu_flash_sm90_64_short", FLASH_SM90},
    [GPU_FLASH_SM90_64] = {"gpu_flash_sm90_64", FLASH_SM90},
    [GPU_FLASH_SM90_128] = {"gpu_flash_sm90_128", FLASH_SM90},
    [GPU_GATE_UP] = {"gpu_gate_up_lag_2x1", GATE_UP},
    [GPU_GATE_UP + 1] = {"gpu_gate_up_turns_2x1", GATE_UP},
    [GPU_GATE_UP + 2] = {"gpu_gate_up_turns_2x2", GATE_UP},
    [GPU_ATTEND_64] = {"gpu_attend_64", ATTEND},
    [GPU_ATTEND_128] = {"gpu_attend_128", ATTEND},
    [GPU_STEP_BEGIN] = {"gpu_step_begin", STREAM},
    [GPU_STEP_END] = {"gpu_step_end", STREAM},
    [GPU_STAGE_SWIGLU] = {"gpu_stage_swiglu", STREAM},
#define STREAM_NAMES(number, width)                                                                \
    [GPU_STREAM + 5 * (number)] = {"gpu_stream_qkv_" #width, STREAM},                              \
                      [GPU_STREAM + 5 * (number) + 1] = {"gpu_stream_out_" #width, STREAM},        \
                      [GPU_STREAM + 5 * (number) + 2] = {"gpu_stream_add_" #width, STREAM},        \
                      [GPU_STREAM + 5 * (number) + 3] = {"gpu_stream_swiglu_" #width, STREAM},     \
                      [GPU_STREAM + 5 * (number) + 4] = {"gpu_stream_logits_" #width, STREAM}
    STREAM_NAMES(0, 2),
    STREAM_NAMES(1, 4),
    STREAM_NAMES(2, 5),
    STREAM_NAMES(3, 6),
    STREAM_NAMES(4, 7),
    STREAM_NAMES(5, 8),
#undef STREAM_NAMES
};

/* The widths that flash attention is compiled for, and the keys of a tile. */
static const struct {
    int width, keys;
    enum gpu_kernel kernel;
} flash_table[] = {
    {32, 64, GPU_FLASH_32},   {48, 64, GPU_FLASH_48},   {64, 64, GPU_FLASH_64},
    {80, 64, GPU_FLASH_80},   {96, 64, GPU_FLASH_96},   {128, 64, GPU_FLASH_128},
    {192, 32, GPU_FLASH_192}, {256, 32, GPU_FLASH_256},
};

/* Room for the queries, or for two tiles of keys and values: they follow each other. */
static int flash_shared(int width, int keys)
{
    int queries = FLASH_QUERIES * (width + FLASH_PAD), tiles = 4 * keys * (width + FLASH_PAD);
    return 2 * (queries > tiles ? queries : tiles);
}

static enum gpu_status kernels_allow_shared(struct gpu_kernels *k, struct hf_err *e)
{
    static const enum gpu_kernel rows[] = {GPU_PRODUCT_PLAIN,  GPU_PRODUCT_ADD,  GPU_PRODUCT_LOGITS,
                                           GPU_PRODUCT_SWIGLU, GPU_SOFTMAX_HALF, GPU_SOFTMAX_FLOAT};
    const struct gpu_driver *d = k->driver;
    CUresult r = CUDA_SUCCESS;
    for (size_t i = 0; r == CUDA_SUCCESS && i < sizeof flash_table / sizeof *flash_table; i++)
        r = d->cuFuncSetAttribute(k->functions[flash_table[i].kernel],
                                  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                  flash_shared(flash_table[i].width, flash_table[i].keys));
    for (int i = GPU_FLASH_SM90_64_SHORT; r == CUDA_SUCCESS && i <= GPU_FLASH_SM90_128; i++)
        if (k->functions[i])
            r = d->cuFuncSetAttribute(k->functions[i],
                                      CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                      gpu_hopper_shared((enum gpu_kernel)i));
    for (size_t i = 0; r == CUDA_SUCCESS && i < sizeof rows / sizeof *rows; i++)
        r = d->cuFuncSetAttribute(k->functions[rows[i]],
                                  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                  d->shared_most - SHARED_OWN);
    return gpu_driver_check(d, r, "asking for shared memory", e);
}

/* A multiprocessor that is divided alike for all kernels of a step can have blocks of two of them;
 * and those of code for older devices do not wait for what comes before, so they must not begin
 * early. */
static enum gpu_status kernels_allow_following(struct gpu_kernels *k, struct hf_err *e)
{
    const struct gpu_driver *d = k->driver;
    int version = 0;
    CUresult r = d->cuFuncGetAttribute(&version, CU_FUNC_ATTRIBUTE_PTX_VERSION,
                                       k->functions[GPU_STEP_BEGIN]);
    for (int i = GPU_ATTEND_64; r == CUDA_SUCCESS && i < GPU_KERNELS; i++) {
        r = d->cuFuncSetAttribute(k->functions[i],
                                  CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
                                  CU_SHAREDMEM_CARVEOUT_MAX_SHARED);
        if (r == CUDA_SUCCESS)
            r = d->cuFuncSetAttribute(
                k->functions[i], CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                d->shared_most - (i <= GPU_ATTEND_128 ? SHARED_ATTEND : SHARED_OWN));
    }
    k->hopper = d->major >= 9 && version >= 90;
    k->follows = k->hopper && !(k->without & GPU_PART_FOLLOW);
    if (r == CUDA_SUCCESS)
        r = d->cuFuncGetAttribute(&k->cluster, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH,
                                  k->functions[GPU_ATTEND_64]);
    if (k->cluster < 1)
        k->cluster = 1;
    return gpu_driver_check(d, r, "asking for shared memory", e);
}

/* Until the engine knows better. */
static const struct gpu_step_way step_way = {.warps = 8, .parts = 1};

static unsigned kernels_without(void)
{
    static const struct {
        const char *word;
        unsigned part;
    } parts[] = {
        {"flash_sm90", GPU_PART_FLASH_SM90},
        {"stream", GPU_PART_STREAM},
        {"attend", GPU_PART_ATTEND},
        {"follow", GPU_PART_FOLLOW},
        {"try", GPU_PART_TRY},
        {"prompt_graph", GPU_PART_PROMPT_GRAPH},
        {"token_graph", GPU_PART_TOKEN_GRAPH},
        {"rope_wide", GPU_PART_ROPE_WIDE},
        {"gate_up", GPU_PART_GATE_UP},
    };
    const char *list = getenv("CTXMARK_GPU_WITHOUT");
    unsigned without = 0;
    for (size_t i = 0; list && i < sizeof parts / sizeof *parts; i++)
        if (strstr(list, parts[i].word))
            without |= parts[i].part;
    return without;
}

enum gpu_status gpu_kernels_load(const struct gpu_driver *d, struct gpu_kernels *ret_kernels,
                                 struct hf_err *e)
{
    struct gpu_kernels k = {.driver = d, .without = kernels_without(), .way = step_way};
    CUresult r = CUDA_SUCCESS;
    for (size_t i = 0; r == CUDA_SUCCESS && i < MODULES; i++) {
        r = d->cuModuleLoadData(&k.modules[i], modules[i].image);
        if (modules[i].optional && r == CUDA_ERROR_NO_BINARY_FOR_GPU) {
            k.modules[i] = NULL;
            r = CUDA_SUCCESS;
        }
    }
    for (size_t i = 0; r == CUDA_SUCCESS && i < GPU_KERNELS; i++)
        if (k.modules[kernel_table[i].module])
            r = d->cuModuleGetFunction(&k.functions[i], k.modules[kernel_table[i].module],
                                       kernel_table[i].name);
    enum gpu_status s = GPU_OK;
    if (r == CUDA_ERROR_NO_BINARY_FOR_GPU) {
        hf_err_set(e,
                   "the kernels of this plugin were not built for %s (compute capability %d.%d): "
                   "build it with configure's CUDA_ARCHS",
                   d->name, d->major, d->minor);
        s = GPU_UNAVAILABLE;
    } else {
        s = gpu_driver_check(d, r, "loading the kernels", e);
    }
    if (s == GPU_OK)
        s = kernels_allow_shared(&k, e);
    if (s == GPU_OK)
        s = kernels_allow_following(&k, e);
    if (s == GPU_OK)
        gpu_gate_up_allow(&k);
    if (s == GPU_OK)
        *ret_kernels = k;
    else
        gpu_kernels_unload(&k);
    return s;
}

void gpu_kernels_unload(struct gpu_kernels *k)
{
    for (size_t i = 0; i < MODULES; i++)
        if (k->modules[i])
            k->driver->cuModuleUnload(k->modules[i]);
    memset(k, 0, sizeof *k);
}

static enum gpu_status started(const struct gpu_kernels *k, enum gpu_kernel kernel, CUresult r,
                               struct hf_err *e)
{
    char what[80];
    if (r == CUDA_SUCCESS)
        return GPU_OK;
    snprintf(what, sizeof what, "starting %s", kernel_table[kernel].name);
    return gpu_driver_check(k->driver, r, what, e);
}

enum gpu_status gpu_kernel_start(const struct gpu_kernels *k, enum gpu_kernel kernel,
                                 int64_t grid_x, int64_t grid_y, int threads, int64_t shared,
                                 const void *p, CUstream stream, struct hf_err *e)
{
    void *arguments[] = {(void *)(uintptr_t)p};
    return started(k, kernel,
                   k->driver->cuLaunchKernel(k->functions[kernel], (unsigned)grid_x,
                                             (unsigned)grid_y, 1, (unsigned)threads, 1, 1,
                                             (unsigned)shared, stream, arguments, NULL),
                   e);
}

enum gpu_status gpu_kernel_follow(const struct gpu_kernels *k, enum gpu_kernel kernel,
                                  const int64_t grid[3], int threads, int64_t shared, const void *p,
                                  CUstream stream, struct hf_err *e)
{
    void *arguments[] = {(void *)(uintptr_t)p};
    CUlaunchAttribute follow = {.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
                                .value.programmaticStreamSerializationAllowed = 1};
    CUlaunchConfig config = {.gridDimX = (unsigned)grid[0],
                             .gridDimY = (unsigned)grid[1],
                             .gridDimZ = (unsigned)grid[2],
                             .blockDimX = (unsigned)threads,
                             .blockDimY = 1,
                             .blockDimZ = 1,
                             .sharedMemBytes = (unsigned)shared,
                             .hStream = stream,
                             .attrs = &follow,
                             .numAttrs = k->follows ? 1 : 0};
    return started(k, kernel,
                   k->driver->cuLaunchKernelEx(&config, k->functions[kernel], arguments, NULL), e);
}

enum gpu_status gpu_embed(const struct gpu_kernels *k, const struct gpu_embed *p, int64_t tokens,
                          CUstream stream, struct hf_err *e)
{
    return gpu_kernel_start(k, GPU_EMBED_ROWS, tokens, 1, THREADS, 0, p, stream, e);
}

enum gpu_status gpu_norm(const struct gpu_kernels *k, const struct gpu_norm *p, int64_t tokens,
                         CUstream stream, struct hf_err *e)
{
    struct gpu_norm q = *p;
    q.tokens = (int32_t)tokens;
    return gpu_kernel_start(k, GPU_NORM_ROWS, (tokens + THREADS / 32 - 1) / (THREADS / 32), 1,
                            THREADS, 0, &q, stream, e);
}

enum gpu_status gpu_rope(const struct gpu_kernels *k, const struct gpu_rope *p, int64_t tokens,
                         CUstream stream, struct hf_err *e)
{
    struct gpu_rope q = *p;
    q.tokens = (int32_t)tokens;
    if (p->head_dim % ROPE_WIDE == 0 && p->head_dim <= ROPE_WIDEST && !p->q_norm && !p->k_norm &&
        !p->sequence && !(k->without & GPU_PART_ROPE_WIDE))
        return gpu_kernel_start(k, GPU_ROPE_WIDE, (tokens + ROPE_TOKENS - 1) / ROPE_TOKENS, 1,
                                THREADS, 0, &q, stream, e);
    return gpu_kernel_start(k, GPU_ROPE_ROWS, tokens, 1, THREADS,
                            p->head_dim * (int64_t)sizeof(float), &q, stream, e);
}

enum gpu_status gpu_swiglu(const struct gpu_kernels *k, const struct gpu_swiglu *p, int64_t tokens,
                           CUstream stream, struct hf_err *e)
{
    int64_t each = p->intermediate % 8 == 0 ? 8 : 2, pieces = p->intermediate / each;
    return gpu_kernel_start(k, GPU_SWIGLU_ROWS, tokens, (pieces + 2 * THREADS - 1) / (2 * THREADS),
                            THREADS, 0, p, stream, e);
}

enum gpu_status gpu_mask(const struct gpu_kernels *k, enum gpu_kernel kernel,
                         const struct gpu_mask *p, CUstream stream, struct hf_err *e)
{
    return gpu_kernel_start(k, kernel, p->queries, 1, THREADS, 0, p, stream, e);
}

enum gpu_status gpu_softmax(const struct gpu_kernels *k, enum gpu_kernel kernel,
                            const struct gpu_softmax *p, int64_t heads, CUstream stream,
                            struct hf_err *e)
{
    struct gpu_softmax q = *p;
    int64_t row = p->keys * (int64_t)sizeof(float);
    q.in_shared = kernel != GPU_NARROW && row <= k->driver->shared_most - SHARED_OWN;
    return gpu_kernel_start(k, kernel, p->queries, heads, THREADS, q.in_shared ? row : 0, &q,
                            stream, e);
}

enum gpu_status gpu_cast(const struct gpu_kernels *k, enum gpu_kernel kernel,
                         const struct gpu_cast *p, int64_t rows, CUstream stream, struct hf_err *e)
{
    int64_t blocks = (p->cols + 4 * THREADS - 1) / (4 * THREADS);
    return gpu_kernel_start(k, kernel, rows, blocks, THREADS, 0, p, stream, e);
}

enum gpu_status gpu_product(const struct gpu_kernels *k, enum gpu_kernel kernel,
                            const struct gpu_product *p, CUstream stream, struct hf_err *e)
{
    int64_t rows = kernel == GPU_PRODUCT_SWIGLU ? PRODUCT_ROWS / 2 : PRODUCT_ROWS;
    int64_t shared = p->cols * (int64_t)sizeof(float);
    if (shared > k->driver->shared_most - SHARED_OWN) {
        hf_err_set(e, "a layer of %d inputs is too wide for this device's shared memory", p->cols);
        return GPU_INVALID;
    }
    return gpu_kernel_start(k, kernel, (p->rows + rows - 1) / rows, 1, PRODUCT_THREADS, shared, p,
                            stream, e);
}

enum gpu_status gpu_argmax(const struct gpu_kernels *k, const struct gpu_argmax *p, CUstream stream,
                           struct hf_err *e)
{
    int64_t blocks = (p->count + 4 * THREADS - 1) / (4 * THREADS);
    return gpu_kernel_start(k, GPU_ARGMAX_LOGITS, blocks < 128 ? blocks : 128, 1, THREADS, 0, p,
                            stream, e);
}

/* A grid that keeps every multiprocessor busy with a loop over what there is. */
static int64_t grid_over(const struct gpu_kernels *k, uint64_t count)
{
    uint64_t blocks = (count + THREADS - 1) / THREADS, most = 16 * (uint64_t)k->driver->processors;
    return (int64_t)(blocks < most ? blocks : most);
}

enum gpu_status gpu_convert(const struct gpu_kernels *k, enum gpu_kernel kernel,
                            const struct gpu_convert *p, CUstream stream, struct hf_err *e)
{
    return gpu_kernel_start(k, kernel, grid_over(k, p->count), 1, THREADS, 0, p, stream, e);
}

enum gpu_status gpu_random(const struct gpu_kernels *k, const struct gpu_random *p, CUstream stream,
                           struct hf_err *e)
{
    return gpu_kernel_start(k, GPU_RANDOM_FILL, grid_over(k, p->count), 1, THREADS, 0, p, stream,
                            e);
}

enum gpu_status gpu_read(const struct gpu_kernels *k, const struct gpu_read *p, CUstream stream,
                         struct hf_err *e)
{
    return gpu_kernel_start(k, GPU_READ_ALL, grid_over(k, p->count), 1, THREADS, 0, p, stream, e);
}

enum gpu_status gpu_attention(const struct gpu_kernels *k, const struct gpu_attention *p,
                              CUstream stream, struct hf_err *e)
{
    if (gpu_attention_hopper_can(k, p))
        return gpu_attention_hopper(k, p, stream, e);
    size_t i = 0;
    while (i + 1 < sizeof flash_table / sizeof *flash_table && flash_table[i].width < p->head_dim)
        i++;
    return gpu_kernel_start(k, flash_table[i].kernel, p->heads,
                            (p->tokens + FLASH_QUERIES - 1) / FLASH_QUERIES, THREADS,
                            flash_shared(flash_table[i].width, flash_table[i].keys), p, stream, e);
}

enum gpu_status gpu_decode_attention(const struct gpu_kernels *k,
                                     const struct gpu_decode_attention *p, CUstream stream,
                                     struct hf_err *e)
{
    enum gpu_kernel kernel = p->head_dim <= 32    ? GPU_DECODE_4
                             : p->head_dim <= 64  ? GPU_DECODE_8
                             : p->head_dim <= 128 ? GPU_DECODE_16
                                                  : GPU_DECODE_32;
    enum gpu_status s =
        gpu_kernel_start(k, kernel, p->splits, p->kv_heads, DECODE_THREADS, 0, p, stream, e);
    if (s == GPU_OK)
        s = gpu_kernel_start(k, GPU_DECODE_COMBINE, p->heads, 1, DECODE_THREADS, 0, p, stream, e);
    return s;
}
