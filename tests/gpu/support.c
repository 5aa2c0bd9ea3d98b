/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/gpu/support.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <ctxmark/util.h>

#include "plugins/hf_common/half.h"

#define SHOWN 5 /* failures of a group that are printed */

struct gpu_driver driver;
struct gpu_kernels kernels;
struct gpu_blas blas;
CUstream stream;

static int cases, wrong, groups_passed, groups_failed;

void must(enum gpu_status s, const struct hf_err *e)
{
    if (s == GPU_OK)
        return;
    printf("FAIL: %s\n", e->text);
    exit(1);
}

static void must_cuda(CUresult r, const char *what)
{
    struct hf_err e;
    must(gpu_driver_check(&driver, r, what, &e), &e);
}

void device_open(void)
{
    struct hf_err e;
    enum gpu_status s = gpu_driver_open(0, &driver, &e);
    if (s == GPU_OK)
        s = gpu_blas_open(&driver, &blas, &e);
    if (s == GPU_UNAVAILABLE) {
        printf("SKIP: %s\n", e.text);
        exit(77);
    }
    must(s, &e);
    must(gpu_kernels_load(&driver, &kernels, &e), &e);
    must_cuda(driver.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "making a stream");
    blas.workspace = device_array(NULL, (size_t)GPU_BLAS_WORKSPACE);
    printf("%s, compute capability %d.%d, driver for CUDA %d\n", driver.name, driver.major,
           driver.minor, driver.version);
}

void device_close(void)
{
    device_free(blas.workspace);
    gpu_blas_close(&blas);
    gpu_kernels_unload(&kernels);
    driver.cuStreamDestroy(stream);
    gpu_driver_close(&driver);
}

/* Normal by the sum of twelve uniform numbers: near enough here. */
uint16_t *halves_random(uint64_t seed, size_t count, float deviation, float **ret_floats)
{
    uint16_t *halves = malloc((count + 1) * sizeof *halves);
    float *floats = malloc((count + 1) * sizeof *floats);
    if (!halves || !floats) {
        printf("FAIL: out of memory\n");
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        float sum = -6.0f;
        for (unsigned j = 0; j < 3; j++) {
            uint64_t bits = ctxmark_mix(seed + 3 * i + j);
            for (unsigned k = 0; k < 4; k++)
                sum += (float)((bits >> (16 * k)) & 0xffffu) / 65536.0f;
        }
        halves[i] = hf_float_to_half(sum * deviation);
        floats[i] = hf_half_to_float(halves[i]);
    }
    if (ret_floats)
        *ret_floats = floats;
    else
        free(floats);
    return halves;
}

uint64_t device_array(const void *from, size_t bytes)
{
    CUdeviceptr at = 0;
    must_cuda(driver.cuMemAlloc(&at, bytes > 0 ? bytes : 1), "allocating");
    if (from)
        must_cuda(driver.cuMemcpyHtoDAsync(at, from, bytes, stream), "copying to the GPU");
    else
        must_cuda(driver.cuMemsetD8Async(at, 0xff, bytes, stream), "setting memory");
    must_cuda(driver.cuStreamSynchronize(stream), "waiting");
    return at;
}

void device_free(uint64_t at)
{
    must_cuda(driver.cuMemFree((CUdeviceptr)at), "freeing");
}

void device_read(void *to, uint64_t at, size_t bytes)
{
    must_cuda(driver.cuStreamSynchronize(stream), "the kernel");
    must_cuda(driver.cuMemcpyDtoHAsync(to, (CUdeviceptr)at, bytes, stream), "copying back");
    must_cuda(driver.cuStreamSynchronize(stream), "copying back");
}

static void complain(const char *what, va_list ap)
{
    if (wrong++ >= SHOWN)
        return;
    printf("  wrong: ");
    vprintf(what, ap);
    printf("\n");
}

void expect_true(bool right, const char *what, ...)
{
    va_list ap;
    cases++;
    va_start(ap, what);
    if (!right)
        complain(what, ap);
    va_end(ap);
}

static bool near(float got, float expected, float tolerance)
{
    return fabsf(got - expected) <= tolerance * (1.0f + fabsf(expected));
}

static void compare(const uint16_t *halves, const float *floats, const float *expected,
                    size_t count, float tolerance, const char *what, va_list ap)
{
    cases++;
    for (size_t i = 0; i < count; i++) {
        float got = halves ? hf_half_to_float(halves[i]) : floats[i];
        if (near(got, expected[i], tolerance))
            continue;
        complain(what, ap);
        if (wrong <= SHOWN)
            printf("    element %zu of %zu is %g, not %g\n", i, count, (double)got,
                   (double)expected[i]);
        return;
    }
}

void expect_halves(const uint16_t *got, const float *expected, size_t count, float tolerance,
                   const char *what, ...)
{
    va_list ap;
    va_start(ap, what);
    compare(got, NULL, expected, count, tolerance, what, ap);
    va_end(ap);
}

void expect_floats(const float *got, const float *expected, size_t count, float tolerance,
                   const char *what, ...)
{
    va_list ap;
    va_start(ap, what);
    compare(NULL, got, expected, count, tolerance, what, ap);
    va_end(ap);
}

void group_end(const char *name)
{
    printf("%s: %s (%d cases, %d wrong)\n", wrong ? "FAIL" : "PASS", name, cases, wrong);
    fflush(stdout);
    groups_passed += wrong == 0;
    groups_failed += wrong != 0;
    cases = wrong = 0;
}

int tests_end(void)
{
    printf("%d passed, %d failed, 0 skipped\n", groups_passed, groups_failed);
    return groups_failed != 0;
}
