/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Matrix products by cuBLASLt, which is opened by name at run time.  The algorithm of each shape is
 * kept: the library's first choice, or the fastest of several where there is time to try them. */

#ifndef HF_FP16_CUDA_BLAS_H
#define HF_FP16_CUDA_BLAS_H

#include <cublasLt.h>
#include <stdbool.h>
#include <stdint.h>

#include "plugins/hf_fp16_cuda/driver.h"

#define GPU_BLAS_WORKSPACE (INT64_C(32) << 20)

#define GPU_BLAS_FUNCTIONS(X)                                                                      \
    X(cublasLtCreate)                                                                              \
    X(cublasLtDestroy)                                                                             \
    X(cublasLtGetStatusName)                                                                       \
    X(cublasLtGetVersion)                                                                          \
    X(cublasLtMatmul)                                                                              \
    X(cublasLtMatmulDescCreate)                                                                    \
    X(cublasLtMatmulDescDestroy)                                                                   \
    X(cublasLtMatmulDescSetAttribute)                                                              \
    X(cublasLtMatrixLayoutCreate)                                                                  \
    X(cublasLtMatrixLayoutDestroy)                                                                 \
    X(cublasLtMatrixLayoutSetAttribute)                                                            \
    X(cublasLtMatmulPreferenceCreate)                                                              \
    X(cublasLtMatmulPreferenceDestroy)                                                             \
    X(cublasLtMatmulPreferenceSetAttribute)                                                        \
    X(cublasLtMatmulAlgoGetHeuristic)

enum gpu_type { GPU_F16, GPU_F32 };

/* out[rows][cols] = alpha * x[rows][inner] * w + beta * out + bias, row-major, sums in float32;
 * `batch` such products, `*_step` elements apart.  w is [cols][inner], as checkpoints have it; or
 * [inner][cols] with w_inner_first.  Strides are of rows, in elements. */
struct gpu_gemm {
    int64_t rows, cols, inner, batch;
    uint64_t x, w, out;
    uint64_t bias; /* [cols] in float16, or 0 */
    int64_t x_stride, w_stride, out_stride;
    int64_t x_step, w_step, out_step;
    enum gpu_type in, to; /* of x and w; of out */
    bool w_inner_first;
    float alpha, beta;
};

struct gpu_blas_plan; /* a shape's descriptors and algorithm */

struct gpu_blas {
#define GPU_BLAS_FIELD(name) __typeof__(&name) name;
    GPU_BLAS_FUNCTIONS(GPU_BLAS_FIELD)
#undef GPU_BLAS_FIELD
    void *library;
    const struct gpu_driver *driver;
    cublasLtHandle_t handle;
    struct gpu_blas_plan *plans;
    int plan_count, plan_next;
    uint64_t workspace; /* GPU_BLAS_WORKSPACE bytes of the device: the caller's */
    bool tries;         /* a new shape's product is computed several times, and waited for */
};

/* GPU_UNAVAILABLE with the reason where the library is missing or does not work here. */
enum gpu_status gpu_blas_open(const struct gpu_driver *d, struct gpu_blas *ret_blas,
                              struct hf_err *e);
void gpu_blas_close(struct gpu_blas *b);

/* Starts the product on `stream`. */
enum gpu_status gpu_blas_gemm(struct gpu_blas *b, const struct gpu_gemm *g, CUstream stream,
                              struct hf_err *e);

#endif
