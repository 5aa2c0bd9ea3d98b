/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine on a GPU, with random weights in the shape of Qwen2.5: what must not depend on how the
 * work is cut or where it lies, what happens when memory runs out, and how much memory it takes.
 *
 * usage: test_engine [short N]      short: N tokens in each mode, for compute-sanitizer */

#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#include "plugins/hf_fp16_cuda/internal.h"

#define NEW 4
#define MIB(n) ((uint64_t)(n) << 20)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const mode_names[] = {"flash", "eager", "math"};
static int passed, failed;

static void verdict(bool right, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void verdict(bool right, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("%s: ", right ? "PASS" : "FAIL");
    vprintf(format, ap);
    printf("\n");
    fflush(stdout);
    va_end(ap);
    passed += right;
    failed += !right;
}

/* ---------------------------------------------------------------- a request */

struct answer {
    int64_t vocabulary;
    int count;
    float *logits; /* [NEW + 1][vocabulary], in the order of their coming */
    int generated;
    int32_t tokens[NEW + 1];
};

static void take_logits(void *arg, int64_t position, const float *logits)
{
    struct answer *a = arg;
    (void)position;
    memcpy(a->logits + a->count++ * a->vocabulary, logits, (size_t)a->vocabulary * sizeof *logits);
}

static void take_token(void *arg, int32_t token)
{
    struct answer *a = arg;
    a->tokens[a->generated++] = token;
}

/* Prompt, `new_tokens` tokens, and the logits at `first` .. first + wanted - 1. */
static enum gpu_status ask(struct gpu_engine *g, const int32_t *prompt, int64_t n,
                           int64_t new_tokens, int64_t first, int wanted, struct answer *a,
                           struct hf_err *e)
{
    int64_t positions[NEW + 1];
    for (int i = 0; i < wanted; i++)
        positions[i] = first + i;
    a->vocabulary = gpu_engine_config(g)->vocab_size;
    a->count = a->generated = 0;
    if (!a->logits)
        a->logits = calloc((size_t)(a->vocabulary * (NEW + 1)), sizeof *a->logits);
    const struct gpu_engine_wish wish = {positions, (uint64_t)wanted, take_logits, take_token, a};
    enum gpu_status s = gpu_engine_prepare(g, n, new_tokens, e);
    if (s == GPU_OK)
        s = gpu_engine_start(g, prompt, e);
    if (s == GPU_OK)
        s = gpu_engine_prefill(g, &wish, e);
    if (s == GPU_OK)
        s = gpu_engine_decode(g, new_tokens - 1, &wish, e);
    return s;
}

/* The largest difference, relative to the largest value; infinite where the counts differ. */
static double difference(const struct answer *a, const struct answer *b)
{
    double worst = a->count == b->count && a->count > 0 ? 0.0 : INFINITY, largest = 0.0;
    for (int64_t i = 0; i < a->count * a->vocabulary && worst < INFINITY; i++) {
        double d = fabs((double)a->logits[i] - (double)b->logits[i]);
        worst = isnan(d) ? INFINITY : fmax(worst, d);
        largest = fmax(largest, fabs((double)b->logits[i]));
    }
    return worst / largest;
}

static int32_t *prompt_make(int64_t n)
{
    int32_t *ids = malloc((size_t)n * sizeof *ids);
    for (int64_t i = 0; ids && i < n; i++)
        ids[i] = (int32_t)(ctxmark_mix((uint64_t)i) % 150000);
    return ids;
}

/* ---------------------------------------------------------------- engines */

static char model_path[4096];

static const char *shape(const char *name)
{
    const char *source = getenv("CTXMARK_SRCDIR");
    snprintf(model_path, sizeof model_path, "%s/conf/models/%s.json", source ? source : ".", name);
    return model_path;
}

static struct gpu_engine *engine_or_skip(const struct gpu_engine_options *o)
{
    struct gpu_engine *g = NULL;
    struct hf_err e;
    enum gpu_status s = gpu_engine_load(o, &g, &e);
    if (s == GPU_UNAVAILABLE) {
        printf("SKIP: %s\n", e.text);
        exit(77);
    }
    if (s != GPU_OK) {
        printf("FAIL: %s\n", e.text);
        exit(1);
    }
    return g;
}

static struct gpu_engine_options options_for(const char *model)
{
    return (struct gpu_engine_options){.path = shape(model), .random = true, .seed = 7};
}

/* ---------------------------------------------------------------- what must agree */

/* n tokens and NEW more one by one, against all of them as one prompt. */
static void test_decode(struct gpu_engine *g, enum gpu_attention_mode mode, int64_t n)
{
    struct hf_err e = {""};
    struct answer by_token = {0}, at_once = {0};
    int32_t *prompt = prompt_make(n + NEW);
    enum gpu_status s = ask(g, prompt, n, NEW + 1, n, NEW, &by_token, &e);
    memcpy(prompt + n, by_token.tokens, NEW * sizeof *prompt);
    if (s == GPU_OK)
        s = ask(g, prompt, n + NEW, 1, n, NEW, &at_once, &e);
    double d = s == GPU_OK ? difference(&by_token, &at_once) : INFINITY;
    verdict(d < 1e-2,
            "%s: %" PRId64 " tokens, then %d by decoding, are %" PRId64 " at once: %.1e %s",
            mode_names[mode], n, NEW, n + NEW, d, e.text);
    free(by_token.logits);
    free(at_once.logits);
    free(prompt);
}

/* The modes against flash, for the same prompt. */
static void test_modes(void)
{
    static const int64_t lengths[] = {1, 2, 63, 513, 4097};
    struct answer reference[COUNT(lengths)] = {{0}};
    for (int mode = GPU_FLASH; mode <= GPU_MATH; mode++) {
        struct gpu_engine_options o = options_for("qwen2.5-0.5b");
        o.attention = (enum gpu_attention_mode)mode;
        o.all_logits = mode == GPU_MATH;
        struct gpu_engine *g = engine_or_skip(&o);
        for (size_t i = 0; i < COUNT(lengths); i++) {
            struct hf_err e = {""};
            struct answer a = {0};
            int32_t *prompt = prompt_make(lengths[i]);
            enum gpu_status s = ask(g, prompt, lengths[i], 2, lengths[i] - 1, 1, &a, &e);
            if (mode == GPU_FLASH) {
                reference[i] = a;
                verdict(s == GPU_OK, "flash: %" PRId64 " tokens %s", lengths[i], e.text);
            } else {
                double d = s == GPU_OK ? difference(&a, &reference[i]) : INFINITY;
                verdict(d < 1e-2, "%s agrees with flash on %" PRId64 " tokens: %.1e %s",
                        mode_names[mode], lengths[i], d, e.text);
                free(a.logits);
            }
            free(prompt);
        }
        test_decode(g, o.attention, 1);
        test_decode(g, o.attention, 127);
        test_decode(g, o.attention, 1000);
        if (mode == GPU_FLASH) {
            test_decode(g, o.attention, 8190); /* ends in a block of its own */
            test_decode(g, o.attention, 20000);
        }
        gpu_engine_free(g);
    }
    for (size_t i = 0; i < COUNT(lengths); i++)
        free(reference[i].logits);
}

/* ---------------------------------------------------------------- memory */

static void test_spill(enum gpu_spill spill, uint64_t budget, int64_t n, const char *what)
{
    struct hf_err e = {""};
    struct answer plain = {0}, spilled = {0};
    struct gpu_engine_options o = options_for("qwen2.5-0.5b");
    o.attention = GPU_EAGER;
    int32_t *prompt = prompt_make(n);
    struct gpu_engine *g = engine_or_skip(&o);
    enum gpu_status s = ask(g, prompt, n, 3, n - 1, 1, &plain, &e);
    gpu_engine_free(g);
    o.budget = budget;
    o.spill = spill;
    g = engine_or_skip(&o);
    if (s == GPU_OK)
        s = ask(g, prompt, n, 3, n - 1, 1, &spilled, &e);
    const struct gpu_memory *m = gpu_engine_memory(g);
    double d = s == GPU_OK ? difference(&spilled, &plain) : INFINITY;
    verdict(d < 1e-2 && m->spilled_peak > 0 && m->peak - m->spilled_peak <= budget,
            "%s: %" PRIu64 " MiB of %" PRIu64 " spilled, logits as without: %.1e %s", what,
            m->spilled_peak >> 20, m->peak >> 20, d, e.text);
    gpu_engine_free(g);
    free(plain.logits);
    free(spilled.logits);
    free(prompt);
}

static void test_oom(void)
{
    struct hf_err e = {""};
    struct answer before = {0}, after = {0};
    struct gpu_engine_options o = options_for("qwen2.5-0.5b");
    struct gpu_engine *g = NULL;
    o.attention = GPU_EAGER;
    o.budget = MIB(1300);
    int32_t *prompt = prompt_make(8192);
    g = engine_or_skip(&o);
    enum gpu_status s = ask(g, prompt, 100, 2, 99, 1, &before, &e);
    uint64_t used = gpu_engine_memory(g)->used;
    verdict(s == GPU_OK, "100 tokens in a budget of 1300 MiB %s", e.text);
    s = gpu_engine_prepare(g, 8192, 2, &e);
    verdict(s == GPU_OOM && strstr(e.text, "bytes") && strstr(e.text, "free of vram_budget_mib"),
            "8192 tokens do not fit: %s", e.text);
    verdict(gpu_engine_memory(g)->used < used, "and leave nothing behind");
    e.text[0] = '\0';
    s = ask(g, prompt, 100, 2, 99, 1, &after, &e);
    double d = s == GPU_OK ? difference(&after, &before) : INFINITY;
    verdict(d == 0.0, "100 tokens after that are what they were: %.1e %s", d, e.text);
    prompt[50] = 10000000;
    s = ask(g, prompt, 100, 2, 99, 1, &after, &e);
    verdict(s == GPU_INVALID && strstr(e.text, "token 50"), "a token beyond the vocabulary: %s",
            e.text);
    gpu_engine_free(g);
    o.budget = MIB(500);
    s = gpu_engine_load(&o, &g, &e);
    verdict(s == GPU_OOM && strstr(e.text, "the weights"), "weights do not fit: %s", e.text);
    o.budget = 0;
    o.path = shape("qwen2.5-3b");
    g = engine_or_skip(&o);
    s = gpu_engine_prepare(g, 32768, 1, &e);
    verdict(s == GPU_OOM && strstr(e.text, "bytes"), "beyond the card itself: %s", e.text);
    s = gpu_engine_prepare(g, 100, 1, &e);
    verdict(s == GPU_OK, "and room again after it");
    gpu_engine_free(g);
    free(prompt);
    free(before.logits);
    free(after.logits);
}

/* Second differences of the peak over three contexts, each double the one before. */
static double square_coefficient(const double *peak, const double *n)
{
    double first = (peak[1] - peak[0]) / (n[1] - n[0]),
           second = (peak[2] - peak[1]) / (n[2] - n[1]);
    return (second - first) / (n[2] - n[0]);
}

static void test_quadratic(const char *model, enum gpu_attention_mode mode)
{
    const double n[] = {4096, 8192, 16384};
    double peak[3] = {0};
    struct hf_err e = {""};
    struct gpu_engine_options o = options_for(model);
    o.attention = mode;
    struct gpu_engine *g = engine_or_skip(&o);
    enum gpu_status s = GPU_OK;
    for (int i = 0; s == GPU_OK && i < 3; i++) {
        s = gpu_engine_prepare(g, (int64_t)n[i], 2, &e);
        peak[i] = (double)gpu_engine_memory(g)->peak;
    }
    double heads = (double)gpu_engine_config(g)->heads;
    double expected = mode == GPU_EAGER ? 8 * heads + 2 : 9 * heads + 4;
    double got = square_coefficient(peak, n);
    verdict(
        s == GPU_OK && fabs(got / expected - 1.0) < 0.01,
        "%s, %s: %.2f bytes for each pair of tokens, expected %.0f; peaks %.0f, %.0f, %.0f MiB %s",
        model, mode_names[mode], got, expected, peak[0] / 1048576, peak[1] / 1048576,
        peak[2] / 1048576, e.text);
    gpu_engine_free(g);
}

/* Peak MiB of transformers 5.17 on an H100, sdpa and the last token's logits, with 64 new tokens.
 */
struct peer {
    const char *model;
    int peak[9]; /* at 512, 1024, ... 131072 */
};

static void test_flash_memory(const struct peer *p)
{
    struct hf_err e = {""};
    struct gpu_engine_options o = options_for(p->model);
    struct gpu_engine *g = engine_or_skip(&o);
    char list[256] = "";
    bool right = true;
    for (int i = 0; i < 9; i++) {
        enum gpu_status s = gpu_engine_prepare(g, INT64_C(512) << i, 64, &e);
        double mib = (double)gpu_engine_memory(g)->peak / 1048576;
        right = right && s == GPU_OK && mib <= p->peak[i];
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, " %.0f/%d", mib, p->peak[i]);
    }
    verdict(right, "%s: MiB at 512 to 131072 tokens, ours/transformers:%s %s", p->model, list,
            e.text);
    gpu_engine_free(g);
}

/* ---------------------------------------------------------------- stopping */

static int calls_left;

static int cancel_soon(void *arg)
{
    (void)arg;
    return calls_left-- <= 0;
}

static void test_cancel(void)
{
    struct hf_err e = {""};
    struct answer a = {0};
    struct gpu_engine_options o = options_for("qwen2.5-0.5b");
    o.cancelled = cancel_soon;
    calls_left = INT32_MAX;
    struct gpu_engine *g = engine_or_skip(&o);
    int32_t *prompt = prompt_make(8192);
    calls_left = 10;
    enum gpu_status s = ask(g, prompt, 8192, 2, 0, 0, &a, &e);
    verdict(s == GPU_CANCELLED, "a prefill is cancelled between layers");
    calls_left = INT32_MAX;
    s = ask(g, prompt, 100, 3, 99, 1, &a, &e);
    verdict(s == GPU_OK && a.generated == 3, "and the next request is answered");
    gpu_engine_free(g);
    free(prompt);
    free(a.logits);
}

/* ---------------------------------------------------------------- all */

static const struct peer peers[] = {
    {"qwen2.5-0.5b", {1007, 1032, 1082, 1174, 1365, 1747, 2512, 4040, 7097}},
    {"qwen2.5-1.5b", {3026, 3073, 3167, 3350, 3722, 4467, 5955, 8931, 14884}},
    {"qwen2.5-3b", {6086, 6146, 6264, 6496, 6964, 7900, 9772, 13516, 21005}},
};

/* initcheck does not see what cuBLASLt writes: it is told that these arrays are written.  What our
 * own kernels leave unwritten is still seen everywhere else. */
static void declare_products_written(struct gpu_engine *g)
{
    const struct hf_config *c = &g->config;
    const uint64_t attention = (uint64_t)(c->heads * c->head_dim);
    const uint64_t qkv = attention + 2 * (uint64_t)(c->kv_heads * c->head_dim);
    const uint64_t block = (uint64_t)g->plan.block;
    g->driver.cuMemsetD8Async((CUdeviceptr)g->a.qkv, 0, block * qkv * 2, g->stream);
    g->driver.cuMemsetD8Async((CUdeviceptr)g->a.gate, 0,
                              (uint64_t)(g->plan.mlp_block * c->intermediate_size) * 4, g->stream);
    if (g->plan.attention == GPU_MATH)
        g->driver.cuMemsetD8Async((CUdeviceptr)g->a.wide_out, 0, block * attention * 4, g->stream);
    for (int64_t i = 0; i < c->kv_heads && g->plan.attention != GPU_FLASH; i++)
        g->driver.cuMemsetD8Async((CUdeviceptr)gpu_slab_at(g, i, GPU_SLAB_SCORES), 0,
                                  g->plan.slab[GPU_SLAB_SCORES], g->stream);
    for (int64_t i = 0; i < g->slab_count && g->plan.all_logits; i++)
        g->driver.cuMemsetD8Async((CUdeviceptr)g->slabs[i].at, 0, g->slabs[i].bytes, g->stream);
}

/* A few tokens in every mode, of a tiny checkpoint: all kernels and both loops. */
static void run_short(int64_t n)
{
    char path[4096];
    const char *source = getenv("CTXMARK_SRCDIR");
    for (int mode = 0; mode < 6; mode++) {
        struct hf_err e = {""};
        struct answer a = {0};
        int32_t *prompt = malloc((size_t)n * sizeof *prompt);
        for (int i = 0; i < n; i++)
            prompt[i] = i % 100 + 3;
        snprintf(path, sizeof path, "%s/tests/data/checkpoints/%s", source ? source : ".",
                 mode % 2 ? "qwen3" : "mixed");
        struct gpu_engine_options o = {.path = path,
                                       .attention = (enum gpu_attention_mode)(mode % 3),
                                       .all_logits = mode >= 3};
        struct gpu_engine *g = engine_or_skip(&o);
        enum gpu_status s = gpu_engine_prepare(g, n, NEW, &e);
        if (s == GPU_OK)
            declare_products_written(g);
        if (s == GPU_OK)
            s = ask(g, prompt, n, NEW, n - 1, 1, &a, &e);
        verdict(s == GPU_OK && a.generated == NEW, "%s, %s logits %s", mode_names[o.attention],
                o.all_logits ? "all" : "last", e.text);
        gpu_engine_free(g);
        free(prompt);
        free(a.logits);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "short") == 0) {
        run_short(strtol(argv[2], NULL, 10));
    } else {
        test_modes();
        test_oom();
        test_cancel();
        test_spill(GPU_SPILL_HOST, MIB(1150), 1500, "scores in host memory");
        test_spill(GPU_SPILL_HOST, MIB(500), 200, "weights in host memory");
        test_spill(GPU_SPILL_MANAGED, MIB(1150), 1500, "scores in managed memory");
        for (size_t i = 0; i < COUNT(peers); i++) {
            test_quadratic(peers[i].model, GPU_EAGER);
            test_quadratic(peers[i].model, GPU_MATH);
            test_flash_memory(&peers[i]);
        }
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
