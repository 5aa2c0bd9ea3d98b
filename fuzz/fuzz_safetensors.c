/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A safetensors file: its header, and the data of each tensor that it names. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "plugins/hf_common/half.h"
#include "plugins/hf_common/safetensors.h"

#include <string.h>

/* The first and the last element of what weights can be, wherever they lie. */
static void check_elements(const struct hf_tensor *t)
{
    for (enum hf_dtype d = HF_F16; d <= HF_F32; d++) {
        const struct hf_array a = {t->data, d};
        volatile float sum;
        if (t->bytes == 0 || strcmp(t->dtype, hf_dtype_name(d)) != 0)
            continue;
        sum = hf_array_get(&a, 0) + hf_array_get(&a, t->bytes / hf_dtype_bytes(d) - 1);
        (void)sum;
    }
}

/* Reads both ends of the data, so that a wrong address shows. */
static void check_tensor(const struct hf_safetensors *f, const struct hf_tensor *t)
{
    const volatile unsigned char *bytes = t->data;
    const unsigned char *map = f->map;
    REQUIRE(hf_safetensors_find(f, t->name) == t);
    REQUIRE(t->rank >= 0 && t->rank <= HF_RANK_MAX);
    REQUIRE((const unsigned char *)t->data >= map + 8);
    REQUIRE((const unsigned char *)t->data + t->bytes <= map + f->map_bytes);
    if (t->bytes)
        (void)(bytes[0] + bytes[t->bytes - 1]);
    check_elements(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_err e = {""};
    struct hf_safetensors f;
    scratch_write("model.safetensors", data, size);
    if (hf_safetensors_open("model.safetensors", &f, &e) != 0) {
        REQUIRE(e.text[0]);
        return 0;
    }
    for (size_t i = 0; i < f.count; i++)
        check_tensor(&f, &f.tensors[i]);
    REQUIRE(!hf_safetensors_find(&f, "there is no such tensor"));
    hf_safetensors_close(&f);
    return 0;
}
