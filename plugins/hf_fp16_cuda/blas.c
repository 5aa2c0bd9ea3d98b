/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_fp16_cuda/blas.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NAME_OF(x) NAME_OF_EXPANDED(x)
#define NAME_OF_EXPANDED(x) #x
#define BLAS_SONAME "libcublasLt.so." NAME_OF(CUBLAS_VER_MAJOR)
#define BLAS_FOLDER "/usr/local/cuda/lib64/" /* where NVIDIA's own packages put it */

#define PLANS_MAX 128 /* shapes that are kept; the oldest goes first */
#define ALIGNMENT_MAX 256
#define CANDIDATES 8 /* algorithms of a shape that are tried, in the library's order */
#define TRIES 3      /* of each, after one that does not count */

/* All that the choice of an algorithm depends on. */
struct plan_key {
    int64_t rows, cols, inner, batch;
    int64_t x_stride, w_stride, out_stride;
    int64_t x_step, w_step, out_step;
    uint32_t x_alignment, w_alignment, out_alignment;
    uint32_t in, to, w_inner_first, bias;
};

struct gpu_blas_plan {
    struct plan_key key;
    cublasLtMatmulDesc_t product;
    cublasLtMatrixLayout_t x, w, out;
    cublasLtMatmulAlgo_t algorithm;
};

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define ROW(name) {NAME_OF(name), offsetof(struct gpu_blas, name)},
    GPU_BLAS_FUNCTIONS(ROW)
#undef ROW
};

static enum gpu_status blas_check(const struct gpu_blas *b, cublasStatus_t status, const char *what,
                                  struct hf_err *e)
{
    if (status == CUBLAS_STATUS_SUCCESS)
        return GPU_OK;
    hf_err_set(e, "cuBLASLt: %s failed: %s", what, b->cublasLtGetStatusName(status));
    return status == CUBLAS_STATUS_EXECUTION_FAILED ? GPU_LOST : GPU_ERROR;
}

static enum gpu_status blas_find_functions(struct gpu_blas *b, struct hf_err *e)
{
    b->library = dlopen(BLAS_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!b->library)
        b->library = dlopen(BLAS_FOLDER BLAS_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!b->library) {
        const char *why = dlerror();
        hf_err_set(e,
                   "cuBLAS is missing: %s cannot be opened, by its name or in " BLAS_FOLDER
                   " (%s); install CUDA %d's libcublas, or name its folder in LD_LIBRARY_PATH",
                   BLAS_SONAME, why ? why : "unknown reason", CUBLAS_VER_MAJOR);
        return GPU_UNAVAILABLE;
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *f = dlsym(b->library, functions[i].name);
        if (!f) {
            hf_err_set(e, "%s has no %s: not a cuBLAS of CUDA %d?", BLAS_SONAME, functions[i].name,
                       CUBLAS_VER_MAJOR);
            return GPU_UNAVAILABLE;
        }
        memcpy((char *)b + functions[i].offset, &f, sizeof f);
    }
    return GPU_OK;
}

enum gpu_status gpu_blas_open(const struct gpu_driver *d, struct gpu_blas *ret_blas,
                              struct hf_err *e)
{
    struct gpu_blas b = {.driver = d};
    enum gpu_status s = blas_find_functions(&b, e);
    if (s == GPU_OK) {
        b.plans = calloc(PLANS_MAX, sizeof *b.plans);
        if (!b.plans) {
            hf_err_memory(e, PLANS_MAX * sizeof *b.plans);
            s = GPU_ERROR;
        }
    }
    if (s == GPU_OK)
        s = blas_check(&b, b.cublasLtCreate(&b.handle), "starting the library", e);
    if (s == GPU_OK)
        *ret_blas = b;
    else
        gpu_blas_close(&b);
    return s;
}

static void plan_free(const struct gpu_blas *b, struct gpu_blas_plan *p)
{
    if (p->x)
        b->cublasLtMatrixLayoutDestroy(p->x);
    if (p->w)
        b->cublasLtMatrixLayoutDestroy(p->w);
    if (p->out)
        b->cublasLtMatrixLayoutDestroy(p->out);
    if (p->product)
        b->cublasLtMatmulDescDestroy(p->product);
    memset(p, 0, sizeof *p);
}

void gpu_blas_close(struct gpu_blas *b)
{
    for (int i = 0; i < b->plan_count; i++)
        plan_free(b, &b->plans[i]);
    free(b->plans);
    if (b->handle)
        b->cublasLtDestroy(b->handle);
    /* The library stays loaded: it leaves handlers behind. */
    memset(b, 0, sizeof *b);
}

static uint32_t alignment_of(uint64_t pointer)
{
    uint64_t lowest = pointer & -pointer;
    return lowest == 0 || lowest > ALIGNMENT_MAX ? ALIGNMENT_MAX : (uint32_t)lowest;
}

static struct plan_key key_of(const struct gpu_gemm *g)
{
    struct plan_key k;
    memset(&k, 0, sizeof k);
    k.rows = g->rows;
    k.cols = g->cols;
    k.inner = g->inner;
    k.batch = g->batch;
    k.x_stride = g->x_stride;
    k.w_stride = g->w_stride;
    k.out_stride = g->out_stride;
    k.x_step = g->x_step;
    k.w_step = g->w_step;
    k.out_step = g->out_step;
    k.x_alignment = alignment_of(g->x);
    k.w_alignment = alignment_of(g->w);
    k.out_alignment = alignment_of(g->out);
    k.in = g->in;
    k.to = g->to;
    k.w_inner_first = g->w_inner_first;
    k.bias = g->bias != 0;
    return k;
}

static cudaDataType_t type_of(uint32_t type)
{
    return type == GPU_F16 ? CUDA_R_16F : CUDA_R_32F;
}

/* cuBLAS counts columns first: our row-major [rows][cols] is its cols x rows. */
static cublasStatus_t layout_make(const struct gpu_blas *b, uint32_t type, int64_t rows,
                                  int64_t cols, int64_t stride, int64_t step, int64_t batch,
                                  cublasLtMatrixLayout_t *ret_layout)
{
    int32_t count = (int32_t)batch;
    cublasStatus_t s = b->cublasLtMatrixLayoutCreate(ret_layout, type_of(type), (uint64_t)cols,
                                                     (uint64_t)rows, stride);
    if (s == CUBLAS_STATUS_SUCCESS && batch > 1)
        s = b->cublasLtMatrixLayoutSetAttribute(*ret_layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
                                                &count, sizeof count);
    if (s == CUBLAS_STATUS_SUCCESS && batch > 1)
        s = b->cublasLtMatrixLayoutSetAttribute(
            *ret_layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step, sizeof step);
    return s;
}

static cublasStatus_t product_make(const struct gpu_blas *b, const struct plan_key *k,
                                   cublasLtMatmulDesc_t *ret_product)
{
    cublasOperation_t transpose = k->w_inner_first ? CUBLAS_OP_N : CUBLAS_OP_T;
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    int32_t bias_type = CUDA_R_16F;
    cublasStatus_t s = b->cublasLtMatmulDescCreate(ret_product, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    if (s == CUBLAS_STATUS_SUCCESS)
        s = b->cublasLtMatmulDescSetAttribute(*ret_product, CUBLASLT_MATMUL_DESC_TRANSA, &transpose,
                                              sizeof transpose);
    if (s == CUBLAS_STATUS_SUCCESS && k->bias)
        s = b->cublasLtMatmulDescSetAttribute(*ret_product, CUBLASLT_MATMUL_DESC_EPILOGUE,
                                              &epilogue, sizeof epilogue);
    if (s == CUBLAS_STATUS_SUCCESS && k->bias)
        s = b->cublasLtMatmulDescSetAttribute(*ret_product, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE,
                                              &bias_type, sizeof bias_type);
    return s;
}

static cublasStatus_t plan_describe(const struct gpu_blas *b, struct gpu_blas_plan *p)
{
    const struct plan_key *k = &p->key;
    cublasStatus_t s = product_make(b, k, &p->product);
    if (s == CUBLAS_STATUS_SUCCESS)
        s = layout_make(b, k->in, k->rows, k->inner, k->x_stride, k->x_step, k->batch, &p->x);
    if (s == CUBLAS_STATUS_SUCCESS)
        s = layout_make(b, k->in, k->w_inner_first ? k->inner : k->cols,
                        k->w_inner_first ? k->cols : k->inner, k->w_stride, k->w_step, k->batch,
                        &p->w);
    if (s == CUBLAS_STATUS_SUCCESS)
        s = layout_make(b, k->to, k->rows, k->cols, k->out_stride, k->out_step, k->batch, &p->out);
    return s;
}

static cublasStatus_t preference_set(const struct gpu_blas *b, const struct plan_key *k,
                                     cublasLtMatmulPreference_t preference)
{
    const uint64_t workspace = GPU_BLAS_WORKSPACE;
    const struct {
        cublasLtMatmulPreferenceAttributes_t attribute;
        const void *value;
        size_t bytes;
    } settings[] = {
        {CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &k->w_alignment, sizeof(uint32_t)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &k->x_alignment, sizeof(uint32_t)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &k->out_alignment, sizeof(uint32_t)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &k->out_alignment, sizeof(uint32_t)},
    };
    cublasStatus_t s = CUBLAS_STATUS_SUCCESS;
    for (size_t i = 0; s == CUBLAS_STATUS_SUCCESS && i < sizeof settings / sizeof *settings; i++)
        s = b->cublasLtMatmulPreferenceSetAttribute(preference, settings[i].attribute,
                                                    settings[i].value, settings[i].bytes);
    return s;
}

/* Up to CANDIDATES algorithms, the most promising first. */
static cublasStatus_t plan_candidates(const struct gpu_blas *b, const struct gpu_blas_plan *p,
                                      cublasLtMatmulHeuristicResult_t *ret_found, int *ret_count)
{
    cublasLtMatmulPreference_t preference = NULL;
    cublasStatus_t s = b->cublasLtMatmulPreferenceCreate(&preference);
    *ret_count = 0;
    if (s == CUBLAS_STATUS_SUCCESS)
        s = preference_set(b, &p->key, preference);
    if (s == CUBLAS_STATUS_SUCCESS)
        s = b->cublasLtMatmulAlgoGetHeuristic(b->handle, p->product, p->w, p->x, p->out, p->out,
                                              preference, b->tries ? CANDIDATES : 1, ret_found,
                                              ret_count);
    if (preference)
        b->cublasLtMatmulPreferenceDestroy(preference);
    return s == CUBLAS_STATUS_SUCCESS && *ret_count == 0 ? CUBLAS_STATUS_NOT_SUPPORTED : s;
}

static cublasStatus_t plan_run(const struct gpu_blas *b, const struct gpu_blas_plan *p,
                               const cublasLtMatmulAlgo_t *algorithm, const struct gpu_gemm *g,
                               CUstream stream)
{
    const void *bias = (const void *)(uintptr_t)g->bias;
    cublasStatus_t s = CUBLAS_STATUS_SUCCESS;
    if (g->bias)
        s = b->cublasLtMatmulDescSetAttribute(p->product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias,
                                              sizeof bias);
    if (s == CUBLAS_STATUS_SUCCESS)
        s = b->cublasLtMatmul(b->handle, p->product, &g->alpha, (const void *)(uintptr_t)g->w, p->w,
                              (const void *)(uintptr_t)g->x, p->x, &g->beta,
                              (const void *)(uintptr_t)g->out, p->out, (void *)(uintptr_t)g->out,
                              p->out, algorithm, (void *)(uintptr_t)b->workspace,
                              GPU_BLAS_WORKSPACE, (cudaStream_t)stream);
    return s;
}

/* Milliseconds of TRIES products; infinite where the algorithm fails. */
static float candidate_time(const struct gpu_blas *b, const struct gpu_blas_plan *p,
                            const cublasLtMatmulAlgo_t *algorithm, const struct gpu_gemm *g,
                            const CUevent *events, CUstream stream)
{
    const struct gpu_driver *d = b->driver;
    float ms = INFINITY;
    cublasStatus_t s = plan_run(b, p, algorithm, g, stream);
    CUresult r = d->cuEventRecord(events[0], stream);
    for (int i = 0; s == CUBLAS_STATUS_SUCCESS && i < TRIES; i++)
        s = plan_run(b, p, algorithm, g, stream);
    if (r == CUDA_SUCCESS)
        r = d->cuEventRecord(events[1], stream);
    if (r == CUDA_SUCCESS)
        r = d->cuEventSynchronize(events[1]);
    if (r == CUDA_SUCCESS)
        r = d->cuEventElapsedTime(&ms, events[0], events[1]);
    return r == CUDA_SUCCESS && s == CUBLAS_STATUS_SUCCESS ? ms : INFINITY;
}

/* The fastest of them on the caller's own operands, whose result is overwritten. */
static int candidate_best(const struct gpu_blas *b, const struct gpu_blas_plan *p,
                          const cublasLtMatmulHeuristicResult_t *found, int count,
                          const struct gpu_gemm *g, CUstream stream)
{
    CUevent events[2] = {NULL, NULL};
    int best = 0;
    float least = INFINITY;
    CUresult r = b->driver->cuEventCreate(&events[0], CU_EVENT_DEFAULT);
    if (r == CUDA_SUCCESS)
        r = b->driver->cuEventCreate(&events[1], CU_EVENT_DEFAULT);
    for (int i = 0; r == CUDA_SUCCESS && count > 1 && i < count; i++) {
        float ms = candidate_time(b, p, &found[i].algo, g, events, stream);
        if (ms < least) {
            least = ms;
            best = i;
        }
    }
    for (int i = 0; i < 2; i++)
        if (events[i])
            b->driver->cuEventDestroy(events[i]);
    return best;
}

static struct gpu_blas_plan *plan_find(struct gpu_blas *b, const struct plan_key *k)
{
    for (int i = 0; i < b->plan_count; i++)
        if (memcmp(&b->plans[i].key, k, sizeof *k) == 0)
            return &b->plans[i];
    return NULL;
}

/* NULL with the reason. */
static struct gpu_blas_plan *plan_make(struct gpu_blas *b, const struct plan_key *k,
                                       const struct gpu_gemm *g, CUstream stream, struct hf_err *e)
{
    struct gpu_blas_plan made = {.key = *k};
    cublasLtMatmulHeuristicResult_t found[CANDIDATES];
    int count = 0;
    cublasStatus_t s = plan_describe(b, &made);
    if (s == CUBLAS_STATUS_SUCCESS)
        s = plan_candidates(b, &made, found, &count);
    if (s != CUBLAS_STATUS_SUCCESS) {
        plan_free(b, &made);
        hf_err_set(e,
                   "cuBLASLt has no algorithm for a product [%" PRId64 "][%" PRId64 "] x [%" PRId64
                   "][%" PRId64 "]: %s",
                   k->rows, k->inner, k->inner, k->cols, b->cublasLtGetStatusName(s));
        return NULL;
    }
    made.algorithm = found[candidate_best(b, &made, found, count, g, stream)].algo;
    struct gpu_blas_plan *at = &b->plans[b->plan_next];
    plan_free(b, at);
    *at = made;
    b->plan_next = (b->plan_next + 1) % PLANS_MAX;
    b->plan_count += b->plan_count < PLANS_MAX;
    return at;
}

enum gpu_status gpu_blas_gemm(struct gpu_blas *b, const struct gpu_gemm *g, CUstream stream,
                              struct hf_err *e)
{
    struct plan_key key = key_of(g);
    struct gpu_blas_plan *p = plan_find(b, &key);
    if (!p)
        p = plan_make(b, &key, g, stream, e);
    if (!p)
        return GPU_ERROR;
    return blas_check(b, plan_run(b, p, &p->algorithm, g, stream), "a matrix product", e);
}
