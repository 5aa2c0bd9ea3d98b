/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* IEEE 754 binary16 and bfloat16 as bits, to and from float.  Exact one way, rounded to nearest
 * even the other.  One element at a time: engines bring vector code of their own.  And arrays of
 * any of these types. */

#ifndef HF_COMMON_HALF_H
#define HF_COMMON_HALF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum hf_dtype { HF_F16, HF_BF16, HF_F32 };

/* data NULL: the model has none.  In files of an odd layout the data need not be aligned for its
 * type. */
struct hf_array {
    const void *data;
    enum hf_dtype dtype;
};

static inline float hf_bits_to_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t hf_float_to_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static inline float hf_half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    uint32_t magnitude = (uint32_t)(h & 0x7fffu) << 13;
    if ((h & 0x7c00u) == 0x7c00u)
        return hf_bits_to_float(sign | 0x7f800000u | magnitude);
    /* The exponents' biases differ by 112; the product also normalises subnormal halves. */
    float f = hf_bits_to_float(magnitude) * 0x1p112f;
    return hf_bits_to_float(sign | hf_float_to_bits(f));
}

static inline uint16_t hf_float_to_half(float f)
{
    uint32_t bits = hf_float_to_bits(f);
    uint16_t sign = (uint16_t)((bits >> 16) & 0x8000u);
    bits &= 0x7fffffffu;
    if (bits > 0x7f800000u)
        return sign | 0x7e00u;
    if (bits >= 0x477ff000u) /* from 65520 on, all rounds to infinity */
        return sign | 0x7c00u;
    if (bits < 0x38800000u) { /* below 2^-14: subnormal, the float adder rounds for us */
        float shifted = hf_bits_to_float(bits) + 0.5f;
        return sign | (uint16_t)(hf_float_to_bits(shifted) - 0x3f000000u);
    }
    uint32_t odd = (bits >> 13) & 1u;
    return sign | (uint16_t)((bits - 0x38000000u + 0xfffu + odd) >> 13);
}

static inline float hf_bfloat16_to_float(uint16_t h)
{
    return hf_bits_to_float((uint32_t)h << 16);
}

static inline size_t hf_dtype_bytes(enum hf_dtype dtype)
{
    return dtype == HF_F32 ? sizeof(float) : sizeof(uint16_t);
}

/* The type's name in safetensors files. */
static inline const char *hf_dtype_name(enum hf_dtype dtype)
{
    return dtype == HF_F16 ? "F16" : dtype == HF_BF16 ? "BF16" : "F32";
}

/* Element i, wherever it lies. */
static inline float hf_array_get(const struct hf_array *a, size_t i)
{
    const unsigned char *at = (const unsigned char *)a->data + i * hf_dtype_bytes(a->dtype);
    uint16_t h;
    float f;
    if (a->dtype == HF_F32) {
        memcpy(&f, at, sizeof f);
        return f;
    }
    memcpy(&h, at, sizeof h);
    return a->dtype == HF_F16 ? hf_half_to_float(h) : hf_bfloat16_to_float(h);
}

#endif
