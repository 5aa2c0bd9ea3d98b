/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* model.safetensors.index.json, beside the three files that it may name: a.safetensors with the
 * tensors x and y, b.safetensors with z, c.safetensors with another x. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "plugins/hf_common/checkpoint.h"

#include <stdio.h>
#include <string.h>

#define TENSOR(name, offsets)                                                                      \
    "\"" name "\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":" offsets "}"

/* A header of less than 256 bytes, and the data behind it. */
static void write_shard(const char *name, const char *header, const char *data)
{
    char file[512] = {(char)strlen(header)};
    int n = snprintf(file + 8, sizeof file - 8, "%s%s", header, data);
    REQUIRE(strlen(header) < 256 && n > 0 && (size_t)n < sizeof file - 8);
    scratch_write(name, file, 8 + (size_t)n);
}

static void write_shards(void)
{
    static bool written;
    if (written)
        return;
    write_shard("a.safetensors", "{" TENSOR("x", "[0,2]") "," TENSOR("y", "[2,4]") "}", "1234");
    write_shard("b.safetensors", "{" TENSOR("z", "[0,2]") "}", "12");
    write_shard("c.safetensors", "{" TENSOR("x", "[0,2]") "}", "12");
    written = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_err e = {""};
    struct hf_checkpoint c;
    write_shards();
    scratch_write("model.safetensors.index.json", data, size);
    if (hf_checkpoint_open(".", &c, &e) != 0) {
        REQUIRE(e.text[0]);
        return 0;
    }
    REQUIRE(c.count >= 1 && c.count <= 2);
    for (size_t i = 0; i < c.count; i++)
        for (size_t t = 0; t < c.files[i].count; t++) {
            const char *file = NULL;
            REQUIRE(hf_checkpoint_find(&c, c.files[i].tensors[t].name, &file) ==
                    &c.files[i].tensors[t]);
            REQUIRE(file == c.files[i].path);
        }
    hf_checkpoint_close(&c);
    return 0;
}
