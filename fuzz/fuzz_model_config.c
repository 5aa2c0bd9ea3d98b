/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* config.json, and what is derived from the sizes in it. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "plugins/hf_common/model_config.h"
#include "plugins/hf_common/weights.h"

#include <math.h>

#define MOST_HEAD_DIM 1024 /* what hf_config_load() lets through */

static void check_frequencies(const struct hf_config *c, bool as_half)
{
    float frequencies[MOST_HEAD_DIM / 2];
    hf_config_rope_frequencies(c, as_half, frequencies);
    for (int64_t i = 0; i < c->head_dim / 2; i++)
        REQUIRE(isfinite(frequencies[i]));
}

static void check_slot(const struct hf_config *c, int64_t index)
{
    struct hf_slot s;
    hf_weights_slot(c, NULL, index, &s);
    REQUIRE(s.name[0] && s.rows >= 1 && s.cols >= 0);
    REQUIRE(hf_slot_elements(&s) * 2 <= hf_weights_bytes(c));
}

static void check_config(const struct hf_config *c)
{
    int64_t without = 0, slots = hf_weights_slot_count(c);
    REQUIRE(c->head_dim >= 2 && c->head_dim <= MOST_HEAD_DIM && c->head_dim % 2 == 0);
    REQUIRE(c->kv_heads >= 1 && c->heads % c->kv_heads == 0);
    REQUIRE(hf_config_parameters(c, &without) > without && without > 0);
    for (int i = 0; i < c->special_count; i++)
        REQUIRE(c->special[i] >= 0 && c->special[i] < c->vocab_size);
    check_slot(c, 0);
    check_slot(c, slots - 1);
    check_frequencies(c, false);
    check_frequencies(c, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_err e = {""};
    struct hf_config c;
    scratch_write("config.json", data, size);
    if (hf_config_load("config.json", &c, &e) == 0)
        check_config(&c);
    else
        REQUIRE(e.text[0]);
    return 0;
}
