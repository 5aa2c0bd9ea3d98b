/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/weights.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "plugins/hf_common/path.h"

static int weights_check_shape(const struct hf_slot *s, const struct hf_tensor *t, const char *file,
                               struct hf_err *e)
{
    int rank = s->cols ? 2 : 1;
    if (t->rank == rank && t->shape[0] == s->rows && (rank == 1 || t->shape[1] == s->cols))
        return 0;
    char found[128] = "";
    size_t used = 0;
    for (int i = 0; i < t->rank && used < sizeof found; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%" PRId64, i ? ", " : "",
                                 t->shape[i]);
    if (rank == 1)
        return hf_err_set(e, "%s: tensor %s has shape [%s], config.json asks for [%" PRId64 "]",
                          file, s->name, found, s->rows);
    return hf_err_set(
        e, "%s: tensor %s has shape [%s], config.json asks for [%" PRId64 ", %" PRId64 "]", file,
        s->name, found, s->rows, s->cols);
}

static int weights_take(struct hf_weights *w, const struct hf_slot *s, const char *folder,
                        struct hf_err *e)
{
    const char *file = NULL;
    const struct hf_tensor *t = hf_checkpoint_find(&w->checkpoint, s->name, &file);
    if (!t)
        return hf_err_set(e, "%s: tensor %s is missing from the checkpoint", folder, s->name);
    if (weights_check_shape(s, t, file, e) != 0)
        return -1;
    for (enum hf_dtype d = HF_F16; d <= HF_F32; d++)
        if (strcmp(t->dtype, hf_dtype_name(d)) == 0) {
            *s->at = (struct hf_array){t->data, d};
            w->bytes += t->bytes;
            return 0;
        }
    return hf_err_set(e,
                      "%s: tensor %s is %s; weights can be F16, BF16 or F32 (convert the "
                      "checkpoint, for instance with torch_dtype=float16 and save_pretrained)",
                      file, s->name, t->dtype);
}

int hf_weights_open(const struct hf_config *c, const char *folder, struct hf_weights *ret_weights,
                    struct hf_err *e)
{
    struct hf_weights w = {0};
    w.layers = calloc((size_t)c->layers, sizeof *w.layers);
    if (!w.layers)
        return hf_err_memory(e, (unsigned long long)c->layers * sizeof *w.layers);
    char *snapshot = hf_path_snapshot(folder, e);
    int result = snapshot ? hf_checkpoint_open(snapshot, &w.checkpoint, e) : -1;
    for (int64_t i = 0; result == 0 && i < hf_weights_slot_count(c); i++) {
        struct hf_slot s;
        hf_weights_slot(c, &w, i, &s);
        result = weights_take(&w, &s, snapshot, e);
    }
    hf_path_free(snapshot);
    if (result != 0) {
        hf_weights_close(&w);
        return -1;
    }
    if (c->tied)
        w.output = w.embedding;
    *ret_weights = w;
    return 0;
}

void hf_weights_close(struct hf_weights *w)
{
    hf_checkpoint_close(&w->checkpoint);
    if (w->memory)
        munmap(w->memory, w->memory_bytes);
    free(w->layers);
    memset(w, 0, sizeof *w);
}
