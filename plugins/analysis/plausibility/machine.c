/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "machine.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "plugins/analysis/library/facts.h"

#define MEASURED_SLACK 1.25

/* Peaks by name: dense FP16 matrix products in TFLOP/s, with FP16 sums where the device has them
 * (its fastest), and memory bandwidth in GB/s, both from the makers' data sheets.  Of two that
 * match the longer name counts.  RTX 4080 Laptop: 58 SM x 1024 FLOP/clock x 2.28 GHz, 192 bit at 18
 * Gbit/s. */
static const struct gpu {
    const char *name;
    double tflops, gb_s;
} gpus[] = {
    {"RTX 4090 Laptop", 159, 576},
    {"RTX 4080 Laptop", 135, 432},
    {"RTX 4070 Laptop", 84, 256},
    {"RTX 4060 Laptop", 58, 256},
    {"RTX 5090", 419, 1792},
    {"RTX 4090", 330, 1008},
    {"RTX 4080", 195, 717},
    {"RTX 4070", 117, 504},
    {"RTX 4060", 60, 272},
    {"RTX 3090", 142, 936},
    {"RTX 3080", 119, 760},
    {"RTX 3070", 81, 448},
    {"RTX 3060", 51, 360},
    {"RTX 2080 Ti", 108, 616},
    {"RTX A6000", 155, 768},
    {"RTX 6000 Ada", 364, 960},
    {"L40S", 362, 864},
    {"L4", 121, 300},
    {"Tesla T4", 65, 320},
    {"V100", 125, 1134},
    {"A10G", 125, 600},
    {"A100", 312, 2039},
    {"H100 PCIe", 756, 2039},
    {"H100 NVL", 835, 3938},
    {"H100", 990, 3352},
    {"GH200", 990, 4900},
    {"H200", 990, 4890},
    {"B200", 2250, 8000},
    {"MI210", 181, 1638},
    {"MI250X", 383, 3277},
    {"MI300X", 1307, 5300},
};

static const char *find_ignoring_case(const char *text, const char *part)
{
    size_t len = strlen(part);
    for (; *text; text++) {
        size_t i = 0;
        while (i < len && text[i] &&
               tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (i == len)
            return text;
    }
    return NULL;
}

/* "L4" is not in "L40S": no letter or digit may follow. */
static int names(const char *text, const char *gpu)
{
    const char *at = find_ignoring_case(text, gpu);
    return at && !isalnum((unsigned char)at[strlen(gpu)]) &&
           (at == text || !isalnum((unsigned char)at[-1]));
}

static const struct gpu *find_gpu(const char *name)
{
    const struct gpu *best = NULL;
    for (size_t i = 0; name && i < sizeof gpus / sizeof *gpus; i++)
        if (names(name, gpus[i].name) && (!best || strlen(gpus[i].name) > strlen(best->name)))
            best = &gpus[i];
    return best;
}

static struct limit limit_of(const struct ctxmark_host *h, const char *backend, const char *model,
                             const char *by_user, double unit, const char *key, double table)
{
    struct ctxmark_fact f = CTXMARK_FACT_INIT;
    double x = facts_number(h, backend, model, by_user) * unit;
    if (x > 0)
        return (struct limit){x, 1, "user"};
    if (h->fact_get(h, backend, model, key, &f) && f.is_number && f.number > 0)
        return strcmp(f.provenance, "measured") == 0
                   ? (struct limit){f.number, MEASURED_SLACK, "measured"}
                   : (struct limit){f.number, 1, f.provenance};
    if (table > 0)
        return (struct limit){table, 1, "table"};
    return (struct limit){NAN, 1, NULL};
}

struct machine machine_get(const struct ctxmark_host *h, const char *backend, const char *model)
{
    struct machine m = {.name = facts_text(h, backend, model, "gpu")};
    const struct gpu *g = find_gpu(m.name);
    m.flops = limit_of(h, backend, model, "peak_tflops", 1e12, "matrix_flops",
                       g ? g->tflops * 1e12 : NAN);
    m.bandwidth = limit_of(h, backend, model, "memory_bandwidth_gb_s", 1e9, "read_bytes_s",
                           g ? g->gb_s * 1e9 : NAN);
    return m;
}
