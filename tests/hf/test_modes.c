/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The engine against transformers' own answers: every checkpoint with every form of the kernels,
 * one and two threads, both attentions, last and all logits, both types of KV cache.
 * CTXMARK_SRCDIR: where the tiny checkpoints of all types are.  CTXMARK_SHARED: four of float16. */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "plugins/hf_common/safetensors.h"
#include "plugins/hf_cpu/engine.h"
#include "plugins/hf_cpu/kernels/kernels.h"
#include "tests/hf/support.h"

/* The references of rope_half were computed by a model cast as a whole, rotary frequencies
 * included, first to float16 and then to float32. */
static const struct checkpoint {
    const char *name;
    bool shared, rope_half;
} checkpoints[] = {
    {"tiny-qwen2-tied", true, true}, {"tiny-qwen2-untied-odd", true, true},
    {"tiny-llama-tied", true, true}, {"tiny-llama-untied-headdim", true, true},
    {"mistral", false, false},       {"qwen3", false, false},
    {"bf16", false, false},          {"f32", false, false},
    {"mixed", false, false},
};
#define CHECKPOINTS ((int)(sizeof checkpoints / sizeof *checkpoints))

/* Differences of logits, as parts of the largest. */
enum tolerance { EXACT, HALF_CACHE, BF16_PRODUCTS, TOLERANCES };
static const struct {
    const char *name;
    double most;
} tolerances[TOLERANCES] = {
    {"float32 KV", 1e-4}, {"float16 KV", 5e-3}, {"bfloat16 products", 3e-2}};

/* What transformers gave. */
struct reference {
    struct hf_safetensors file;
    const int32_t *ids, *tokens;
    const float *logits, *gap;
    int64_t prompt, steps, asked, vocabulary;
    int64_t positions[8];
};

struct tally {
    int modes, tokens, same;
    double worst;
};

static struct hf_err err;

static const struct hf_tensor *reference_tensor(const struct reference *r, const char *name)
{
    const struct hf_tensor *t = hf_safetensors_find(&r->file, name);
    ck_assert_ptr_nonnull(t);
    return t;
}

static void reference_open(const char *folder, struct reference *r)
{
    char path[1100];
    snprintf(path, sizeof path, "%s/expected.safetensors", folder);
    ck_assert_msg(hf_safetensors_open(path, &r->file, &err) == 0, "%s", err.text);
    const struct hf_tensor *ids = reference_tensor(r, "input_ids");
    const struct hf_tensor *tokens = reference_tensor(r, "greedy_tokens");
    const struct hf_tensor *logits = reference_tensor(r, "logits_first_last");
    r->ids = ids->data;
    r->tokens = tokens->data;
    r->logits = logits->data;
    r->gap = reference_tensor(r, "greedy_gap")->data;
    r->prompt = ids->shape[ids->rank - 1];
    r->steps = tokens->shape[tokens->rank - 1];
    r->asked = logits->shape[0];
    r->vocabulary = logits->shape[1];
    /* The first, a middle and the last token. */
    ck_assert_int_eq(r->asked, 3);
    r->positions[1] = r->prompt / 2 - 1;
    r->positions[2] = r->prompt - 1;
}

static double difference(const float *found, const float *wanted, int64_t n)
{
    double worst = 0.0, largest = 0.0;
    for (int64_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs((double)found[i] - (double)wanted[i]));
        largest = fmax(largest, fabs((double)wanted[i]));
        ck_assert(isfinite(found[i]));
    }
    return worst / largest;
}

struct seen {
    const struct reference *r;
    int count;
    double worst;
};

static void compare_position(void *arg, int64_t position, const float *logits)
{
    struct seen *s = arg;
    const struct reference *r = s->r;
    ck_assert_int_lt(s->count, r->asked);
    ck_assert_int_eq(position, r->positions[s->count]);
    s->worst =
        fmax(s->worst, difference(logits, r->logits + s->count * r->vocabulary, r->vocabulary));
    s->count++;
}

/* Feeds the reference's tokens; returns how many the engine would have chosen itself. */
static int compare_greedy(struct cpu_engine *g, const struct reference *r, double most)
{
    int same = 0;
    for (int64_t i = 0; i < r->steps; i++) {
        int32_t token = cpu_engine_argmax(g);
        same += token == r->tokens[i];
        float largest = fabsf(cpu_engine_logits(g)[token]);
        ck_assert_msg(token == r->tokens[i] || (double)r->gap[i] <= 2 * most * (double)largest,
                      "step %d: token %d, not %d (gap %g)", (int)i, token, r->tokens[i],
                      (double)r->gap[i]);
        ck_assert_int_eq(cpu_engine_decode(g, r->tokens[i], &err), CPU_OK);
    }
    return same;
}

static void compare_mode(const struct cpu_engine_options *o, const struct reference *r,
                         struct tally *tallies)
{
    struct cpu_engine *g;
    struct seen s = {.r = r};
    ck_assert_msg(cpu_engine_load(o, &g, &err) == CPU_OK, "%s", err.text);
    ck_assert_msg(cpu_engine_prepare(g, r->prompt, r->prompt + r->steps, &err) == CPU_OK, "%s",
                  err.text);
    ck_assert_int_eq(cpu_engine_prefill(g, r->ids, r->prompt, r->positions, (uint64_t)r->asked,
                                        compare_position, &s, &err),
                     CPU_OK);
    ck_assert_int_eq(s.count, r->asked);
    enum tolerance kind = strcmp(cpu_engine_arithmetic(g), "bf16") == 0 ? BF16_PRODUCTS
                          : o->kv == HF_F16                             ? HALF_CACHE
                                                                        : EXACT;
    struct tally *t = &tallies[kind];
    t->modes++;
    t->worst = fmax(t->worst, s.worst);
    ck_assert_msg(s.worst <= tolerances[kind].most, "%s: %s, %d threads, %s, %s: logits off by %g",
                  o->path, o->instructions, o->threads, o->attention ? "eager" : "flash",
                  tolerances[kind].name, s.worst);
    t->tokens += (int)r->steps;
    t->same += compare_greedy(g, r, tolerances[kind].most);
    cpu_engine_free(g);
}

/* All modes of one form of the kernels; a line for each kind of arithmetic. */
static void compare_form(const struct checkpoint *c, const char *folder, const char *form,
                         const struct reference *r)
{
    struct tally tallies[TOLERANCES] = {0};
    for (int mode = 0; mode < 16; mode++) {
        struct cpu_engine_options o = {.path = folder,
                                       .rope_half = c->rope_half,
                                       .instructions = form,
                                       .threads = mode & 1 ? 2 : 1,
                                       .attention = mode & 2 ? CPU_EAGER : CPU_FLASH,
                                       .logits_all = mode & 4,
                                       .kv = mode & 8 ? HF_F32 : HF_F16,
                                       .pin = mode == 3};
        compare_mode(&o, r, tallies);
    }
    for (int i = 0; i < TOLERANCES; i++)
        if (tallies[i].modes)
            fprintf(stderr, "%-26s %-11s %-18s %2d modes: logits within %.1e, %d of %d tokens\n",
                    c->name, form, tolerances[i].name, tallies[i].modes, tallies[i].worst,
                    tallies[i].same, tallies[i].tokens);
}

START_TEST(logits_and_tokens_are_those_of_transformers_in_every_mode)
{
    const struct checkpoint *c = &checkpoints[_i];
    char folder[1024];
    struct reference r = {0};
    const char *root = c->shared ? support_reference(c->name) : getenv("CTXMARK_SRCDIR");
    if (!root) {
        fprintf(stderr, "SKIP %s is not here\n", c->name);
        return;
    }
    snprintf(folder, sizeof folder, "%s%s%s", root, c->shared ? "" : "/tests/data/checkpoints/",
             c->shared ? "" : c->name);
    reference_open(folder, &r);
    for (const struct cpu_kernels *const *k = cpu_kernels_usable(); *k; k++)
        compare_form(c, folder, (*k)->name, &r);
    hf_safetensors_close(&r.file);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hf_cpu modes");
    TCase *t = tcase_create("modes");
    tcase_set_timeout(t, 600);
    tcase_add_loop_test(t, logits_and_tokens_are_those_of_transformers_in_every_mode, 0,
                        CHECKPOINTS);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
