/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* hf_fp16_cuda's engine by itself, for bench/gpu/run.
 *
 * usage: bench_engine MODEL            then lines "CONTEXT NEW ROUNDS" on standard input
 *        bench_engine --upload FOLDER ROUNDS
 *
 * MODEL: a config.json; the weights are random.  For each line: one run that does not count, then
 * one line of JSON for each round: nanoseconds on the device of the prefill and of decoding NEW - 1
 * tokens, of the wall until the first token and until the last, and those that the host spent in
 * starting decoding steps.  Ends each with {"done": true}.
 *
 * --upload: seconds of each loading of a checkpoint's weights, and bytes. */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ctxmark/util.h>

#include "plugins/hf_fp16_cuda/internal.h"

#define VOCABULARY_USED 1000

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* cuGraphLaunch, and the time in it. */
static CUresult (*launch)(CUgraphExec graph, CUstream stream);
static int64_t launch_ns;

static CUresult launch_timed(CUgraphExec graph, CUstream stream)
{
    int64_t start = now_ns();
    CUresult r = launch(graph, stream);
    launch_ns += now_ns() - start;
    return r;
}

static int fail(const struct hf_err *e)
{
    fprintf(stderr, "bench_engine: %s\n", e->text);
    return 1;
}

static void ignore_token(void *arg, int32_t token)
{
    (void)arg;
    (void)token;
}

struct times {
    int64_t prefill, decode, first, last, starts;
};

static enum gpu_status run_once(struct gpu_engine *g, const int32_t *prompt, int64_t new_tokens,
                                struct times *ret_times, struct hf_err *e)
{
    const struct gpu_engine_wish wish = {.token = ignore_token};
    struct times t = {0};
    enum gpu_status s = gpu_engine_start(g, prompt, e);
    int64_t start = now_ns();
    if (s == GPU_OK)
        s = gpu_engine_prefill(g, &wish, e);
    t.first = now_ns() - start;
    launch_ns = 0;
    if (s == GPU_OK)
        s = gpu_engine_decode(g, new_tokens - 1, &wish, e);
    t.last = now_ns() - start;
    t.starts = launch_ns;
    gpu_engine_times(g, &t.prefill, &t.decode);
    *ret_times = t;
    return s;
}

static enum gpu_status run_cell(struct gpu_engine *g, int64_t context, int64_t new_tokens,
                                int rounds, struct hf_err *e)
{
    int32_t *prompt = malloc((size_t)context * sizeof *prompt);
    enum gpu_status s = gpu_engine_prepare(g, context, new_tokens, e);
    for (int64_t i = 0; prompt && i < context; i++)
        prompt[i] = (int32_t)(ctxmark_mix((uint64_t)i) % VOCABULARY_USED);
    for (int i = -1; prompt && s == GPU_OK && i < rounds; i++) {
        struct times t;
        s = run_once(g, prompt, new_tokens, &t, e);
        if (s == GPU_OK && i >= 0)
            printf("{\"prefill\": %" PRId64 ", \"decode\": %" PRId64 ", \"first\": %" PRId64
                   ", \"last\": %" PRId64 ", \"starts\": %" PRId64 "}\n",
                   t.prefill, t.decode, t.first, t.last, t.starts);
    }
    free(prompt);
    printf("{\"done\": true, \"mlp\": [");
    for (int i = 0; i < g->mlp_tried_count; i++)
        printf("%s[%" PRId64 ", %d]", i > 0 ? ", " : "", g->mlp_tried[i].tokens,
               g->mlp_tried[i].way);
    const struct gpu_step_way *way = &g->kernels.way;
    printf("], \"warps\": %d, \"parts\": %d, \"pairs\": %d, \"late\": %d}\n", way->warps,
           way->parts, way->pairs, way->late);
    fflush(stdout);
    return s;
}

static int serve(const char *model)
{
    struct gpu_engine_options o = {.path = model, .random = true, .seed = 7};
    struct gpu_engine_limits limits = {0};
    struct gpu_engine *g = NULL;
    struct hf_err e = {""};
    char line[128];
    enum gpu_status s = gpu_engine_load(&o, &g, &e);
    if (s == GPU_OK)
        s = gpu_engine_measure(g, &limits, &e);
    if (s != GPU_OK)
        return fail(&e);
    launch = g->driver.cuGraphLaunch;
    g->driver.cuGraphLaunch = launch_timed;
    printf(
        "{\"device\": \"%s\", \"flops\": %.4g, \"read\": %.4g, \"copy\": %.4g, \"follows\": %d}\n",
        g->driver.name, limits.flops, limits.read_bytes, limits.host_to_device_bytes,
        (int)g->kernels.follows);
    fflush(stdout);
    while (s == GPU_OK && fgets(line, sizeof line, stdin)) {
        char *at = line;
        int64_t context = strtoll(at, &at, 10), new_tokens = strtoll(at, &at, 10);
        int rounds = (int)strtol(at, &at, 10);
        s = run_cell(g, context, new_tokens, rounds, &e);
        if (s == GPU_OOM) { /* said, and the next one is tried */
            fail(&e);
            s = GPU_OK;
        }
    }
    gpu_engine_free(g);
    return s == GPU_OK ? 0 : fail(&e);
}

static int upload(const char *folder, int rounds)
{
    struct gpu_driver d;
    struct gpu_kernels k;
    struct hf_config c;
    struct hf_err e = {""};
    struct gpu_memory m = {.driver = &d};
    const struct gpu_weights_source source = {.folder = folder};
    if (hf_config_load(folder, &c, &e) != 0 || gpu_driver_open(0, &d, &e) != GPU_OK ||
        gpu_kernels_load(&d, &k, &e) != GPU_OK)
        return fail(&e);
    for (int i = 0; i < rounds; i++) {
        struct gpu_weights w;
        int64_t start = now_ns();
        if (gpu_weights_load(&c, &source, &m, &k, &w, &e) != GPU_OK)
            return fail(&e);
        double seconds = (double)(now_ns() - start) * 1e-9;
        printf("{\"seconds\": %.4f, \"bytes\": %" PRIu64 ", \"GB/s\": %.2f}\n", seconds,
               gpu_weights_bytes(&c), (double)gpu_weights_bytes(&c) / seconds * 1e-9);
        fflush(stdout);
        gpu_weights_free(&m, &w);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--upload") == 0)
        return upload(argv[2], (int)strtol(argv[3], NULL, 10));
    if (argc == 2)
        return serve(argv[1]);
    fprintf(stderr, "usage: bench_engine MODEL | bench_engine --upload FOLDER ROUNDS\n");
    return 2;
}
