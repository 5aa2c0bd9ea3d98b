/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/plan.h"
#include "tests/config/support.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONF(name) CTXMARK_CONF "/" name

static struct plan *plan_of(const struct reading *r)
{
    struct err e;
    ck_assert_msg(r->config != NULL, "refused: %s", r->e.text);
    struct plan *p = plan_make(r->config, NULL, 0, &e);
    ck_assert_msg(p != NULL, "no plan: %s", e.text);
    return p;
}

static void expect_counts(const char *path, size_t pairs, size_t cells, size_t groups)
{
    struct reading r = read_path(path);
    struct plan *p = plan_of(&r);
    ck_assert_uint_eq(p->pair_count, pairs);
    ck_assert_uint_eq(p->cell_count, cells);
    ck_assert_uint_eq(p->group_count, groups);
    plan_free(p);
    reading_free(&r);
}

START_TEST(report_config_plans_what_the_report_says)
{
    static const char *const served[6] = {"qwen2.5-0.5b", "qwen2.5-1.5b", "qwen2.5-3b",
                                          "qwen2.5-1.5b", "llama3.2-1b",  "llama3.2-3b"};
    struct reading r = read_path(CONF("tr127.yaml"));
    struct plan *p = plan_of(&r);
    const struct config *c = r.config;
    ck_assert_uint_eq(p->pair_count, 6);
    ck_assert_uint_eq(p->cell_count, 42);
    ck_assert_int_eq(c->repetitions + c->warmup_repetitions, 13);
    ck_assert_int_eq(p->largest_context, 32768);
    for (size_t i = 0; i < 6; i++) {
        const struct plan_group *g = &p->groups[i];
        ck_assert_str_eq(c->backends[g->backend].name, i < 3 ? "transformers-gpu" : "ollama");
        ck_assert_str_eq(c->models[g->model].name, served[i]);
        ck_assert_uint_eq(g->cell_count, 7);
        ck_assert_ptr_null(g->model_keys);
        for (size_t k = 0; k < 7; k++)
            ck_assert_int_eq(p->cells[g->cells[k]].context_length, 512 << k);
    }
    plan_free(p);
    reading_free(&r);
}
END_TEST

static char *read_whole(const char *path)
{
    struct buf text = {0};
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot read %s", path);
    for (int c; (c = getc(f)) != EOF;)
        buf_putc(&text, (char)c);
    fclose(f);
    return buf_take(&text);
}

START_TEST(report_config_is_the_reports_own)
{
    const char *shared = getenv("CTXMARK_SHARED");
    struct buf path = {0};
    buf_printf(&path, "%s/tr127.txt", shared ? shared : "");
    if (!shared || access(buf_text(&path), R_OK)) {
        printf("SKIP report_config_is_the_reports_own: CTXMARK_SHARED has no tr127.txt\n");
        buf_free(&path);
        return;
    }
    char *report = read_whole(buf_text(&path)), *config = read_whole(CONF("tr127.yaml"));
    const char *appendix = strstr(report, "\nAppendix B: Config (Source of Truth)\n\n");
    ck_assert_ptr_nonnull(appendix);
    appendix = strstr(appendix, "\n\n") + 2;
    ck_assert_uint_gt(strlen(config), 500);
    ck_assert_int_eq(strncmp(appendix, config, strlen(config)), 0);
    ck_assert_int_eq(strncmp(appendix + strlen(config), "\nAppendix C", 11), 0);
    free(report);
    free(config);
    buf_free(&path);
}
END_TEST

START_TEST(report_config_as_published_differs_in_habits_alone)
{
    struct reading r = read_path(CONF("tr127-as-published.yaml"));
    struct reading plain = read_path(CONF("tr127.yaml"));
    struct plan *p = plan_of(&r);
    ck_assert_uint_eq(p->cell_count, 42);
    ck_assert(r.config->prompt_reuse);
    ck_assert_int_eq(r.config->backends[0].warmup_repetitions, 3);
    ck_assert_int_eq(r.config->backends[1].warmup_repetitions, 0);
    ck_assert(json_equal(json_object_get(r.config->canonical, "models"),
                         json_object_get(plain.config->canonical, "models")));
    plan_free(p);
    reading_free(&r);
    reading_free(&plain);
}
END_TEST

START_TEST(example_configs_plan)
{
    expect_counts(CONF("quickstart.yaml"), 1, 5, 1);
    expect_counts(CONF("cpu.yaml"), 2, 10, 2);
    expect_counts(CONF("checkpoint.yaml"), 1, 4, 1);
    expect_counts(CONF("drift.yaml"), 1, 3, 3);
}
END_TEST

START_TEST(quickstart_finds_its_model_beside_it)
{
    struct reading r = read_path(CONF("quickstart.yaml"));
    struct plan *p = plan_of(&r);
    ck_assert_str_eq(json_string_value(json_object_get(p->groups[0].model_keys, "path")),
                     CONF("models/smollm2-135m.json"));
    ck_assert_str_eq(json_string_value(json_object_get(p->groups[0].model_keys, "weights")),
                     "random");
    ck_assert_int_eq(r.config->context_lengths[0], 128);
    ck_assert_int_eq(r.config->context_lengths[4], 2048);
    plan_free(p);
    reading_free(&r);
}
END_TEST

#define WIDE                                                                                       \
    "context_lengths: 1-40\nmodels: [{name: a, path: x}, {name: b, path: x, max_context: 10}]\n"   \
    "backends: [fake, {name: two, plugin: fake}]\n"

START_TEST(max_context_bounds_the_prompt)
{
    struct reading r = read_text(WIDE, NULL, NULL);
    struct plan *p = plan_of(&r);
    ck_assert_uint_eq(p->cell_count, 2 * (40 + 10));
    ck_assert_uint_eq(p->groups[1].cell_count, 10);
    ck_assert_int_eq(p->cells[p->groups[1].cells[9]].context_length, 10);
    plan_free(p);
    reading_free(&r);
}
END_TEST

START_TEST(launches_repeat_all_workers_in_turn)
{
    struct reading r = read_text(WIDE "launches: 3\n", NULL, NULL);
    struct plan *p = plan_of(&r);
    ck_assert_uint_eq(p->pair_count, 4);
    ck_assert_uint_eq(p->group_count, 12);
    for (size_t i = 0; i < 12; i++) {
        ck_assert_int_eq(p->groups[i].launch, (int64_t)(i / 4));
        ck_assert_uint_eq(p->groups[i].backend, i % 4 / 2);
        ck_assert_uint_eq(p->groups[i].model, i % 2);
        ck_assert_uint_eq(p->groups[i].cells[0], p->groups[i % 4].cells[0]);
    }
    plan_free(p);
    reading_free(&r);
}
END_TEST

/* Whether the group holds each of its pair's cells once. */
static bool is_permutation(const struct plan_group *g, size_t first)
{
    bool seen[64] = {false};
    for (size_t i = 0; i < g->cell_count; i++) {
        size_t at = g->cells[i] - first;
        if (at >= g->cell_count || seen[at])
            return false;
        seen[at] = true;
    }
    return true;
}

static bool same_order(const struct plan_group *a, const struct plan_group *b)
{
    return !memcmp(a->cells, b->cells, a->cell_count * sizeof *a->cells);
}

START_TEST(shuffled_order_is_seeded_and_differs_by_launch)
{
    struct reading r = read_text(WIDE "order: shuffled\nlaunches: 2\n", NULL, NULL);
    struct reading other = read_text(WIDE "order: shuffled\nlaunches: 2\nseed: 43\n", NULL, NULL);
    struct plan *p = plan_of(&r), *again = plan_of(&r), *reseeded = plan_of(&other);
    for (size_t i = 0; i < p->group_count; i++) {
        ck_assert(is_permutation(&p->groups[i], i % 4 < 2 ? i % 2 * 40 : 50 + i % 2 * 40));
        ck_assert(same_order(&p->groups[i], &again->groups[i]));
    }
    ck_assert(!same_order(&p->groups[0], &p->groups[4]));
    ck_assert(!same_order(&p->groups[0], &reseeded->groups[0]));
    plan_free(p);
    plan_free(again);
    plan_free(reseeded);
    reading_free(&r);
    reading_free(&other);
}
END_TEST

START_TEST(concurrency_multiplies_cells)
{
    struct reading r = read_with("concurrency: [1, 2, 4]");
    struct plan *p = plan_of(&r);
    ck_assert_uint_eq(p->cell_count, 3);
    ck_assert_int_eq(p->cells[2].concurrency, 4);
    plan_free(p);
    reading_free(&r);
}
END_TEST

START_TEST(a_backend_runs_the_models_it_is_asked_for)
{
    struct reading r = read_text("context_lengths: [16]\n"
                                 "models: [{name: qwen-a}, {name: qwen-b}, {name: llama}]\n"
                                 "backends:\n"
                                 "  - {name: some, plugin: anything, models: ['qwen-*']}\n"
                                 "  - {name: one, plugin: anything, models: llama}\n"
                                 "  - {name: all, plugin: anything}\n",
                                 NULL, NULL);
    struct plan *p = plan_of(&r);
    ck_assert_uint_eq(p->pair_count, 2 + 1 + 3);
    ck_assert_str_eq(r.config->models[p->groups[2].model].name, "llama");
    plan_free(p);
    reading_free(&r);
}
END_TEST

static size_t cells_with(const struct config *c, const struct plan_filter *f, size_t count)
{
    struct err e;
    struct plan *p = plan_make(c, f, count, &e);
    ck_assert_msg(p != NULL, "no plan: %s", e.text);
    size_t cells = p->cell_count;
    plan_free(p);
    return cells;
}

START_TEST(filters_of_one_key_are_alternatives)
{
    struct reading r = read_path(CONF("tr127.yaml"));
    const struct plan_filter f[] = {{"backend", "ollama"},
                                    {"model", "llama*"},
                                    {"context_length", "512"},
                                    {"context_length", "1???"},
                                    {"concurrency", "1"}};
    ck_assert_uint_eq(cells_with(r.config, f, 1), 21);
    ck_assert_uint_eq(cells_with(r.config, f, 2), 14);
    ck_assert_uint_eq(cells_with(r.config, f, 3), 2);
    ck_assert_uint_eq(cells_with(r.config, f, 4), 4);
    ck_assert_uint_eq(cells_with(r.config, f, 5), 4);
    reading_free(&r);
}
END_TEST

static void expect_no_plan(const struct reading *r, const struct plan_filter *f, size_t count,
                           const char *message)
{
    struct err e;
    ck_assert_msg(r->config != NULL, "refused: %s", r->e.text);
    ck_assert_ptr_null(plan_make(r->config, f, count, &e));
    ck_assert_str_eq(e.text, message);
}

START_TEST(filters_that_cannot_match_are_refused)
{
    struct reading r = read_path(CONF("tr127.yaml"));
    const struct plan_filter key = {"modle", "x"}, none = {"backend", "olama*"};
    const struct plan_filter both[] = {{"backend", "ollama"}, {"model", "qwen2.5-3b"}};
    expect_no_plan(&r, &key, 1,
                   "--only modle: unknown key (did you mean 'model'?); use backend, model, "
                   "context_length or concurrency");
    expect_no_plan(&r, &none, 1,
                   "--only backend=olama*: matches none of: transformers-gpu, ollama; write one of "
                   "these, or a pattern with '*'");
    expect_no_plan(&r, both, 2,
                   "--only backend=ollama --only model=qwen2.5-3b: no cell matches all of these; "
                   "'ctxmark check' lists the cells");
    reading_free(&r);
}
END_TEST

START_TEST(empty_plans_say_why)
{
    struct reading r = read_text("context_lengths: [128]\nbackends: [fake, ollama]\n"
                                 "models: [{name: m, dtype: fp16, path: null}]\n",
                                 NULL, NULL);
    expect_no_plan(&r, NULL, 0,
                   "c.yaml:3:10: no backend of this config serves model 'm'; give it 'path' (fake) "
                   "or 'ollama_tag' (ollama)");
    reading_free(&r);
    r = read_text("context_lengths: [128]\nbackends: [fake]\n"
                  "models: [{name: m, path: x, max_context: 64}]\n",
                  NULL, NULL);
    expect_no_plan(&r, NULL, 0,
                   "c.yaml: every context length is above the max_context of its model; lower "
                   "'context_lengths'");
    reading_free(&r);
}
END_TEST

START_TEST(endless_plans_are_refused)
{
    static const char words[] =
        "c.yaml: the plan has more than 1000000 cells over all launches; name fewer context "
        "lengths, models, backends or launches";
    struct reading r = read_text("context_lengths: 1-1000\nconcurrency: 1-1000\n"
                                 "backends: [fake, {name: b, plugin: fake}]\n"
                                 "models: [{name: m, path: x}]\n",
                                 NULL, NULL);
    expect_no_plan(&r, NULL, 0, words);
    reading_free(&r);
    r = read_text("context_lengths: 1-1000\nconcurrency: [1, 2]\nlaunches: 1000\nbackends: [fake]\n"
                  "models: [{name: m, path: x}]\n",
                  NULL, NULL);
    expect_no_plan(&r, NULL, 0, words);
    reading_free(&r);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("plan");
    TCase *c = tcase_create("plan");
    tcase_add_checked_fixture(c, enter_folder, leave_folder);
    tcase_add_test(c, report_config_plans_what_the_report_says);
    tcase_add_test(c, report_config_is_the_reports_own);
    tcase_add_test(c, report_config_as_published_differs_in_habits_alone);
    tcase_add_test(c, example_configs_plan);
    tcase_add_test(c, quickstart_finds_its_model_beside_it);
    tcase_add_test(c, max_context_bounds_the_prompt);
    tcase_add_test(c, launches_repeat_all_workers_in_turn);
    tcase_add_test(c, shuffled_order_is_seeded_and_differs_by_launch);
    tcase_add_test(c, concurrency_multiplies_cells);
    tcase_add_test(c, a_backend_runs_the_models_it_is_asked_for);
    tcase_add_test(c, filters_of_one_key_are_alternatives);
    tcase_add_test(c, filters_that_cannot_match_are_refused);
    tcase_add_test(c, empty_plans_say_why);
    tcase_add_test(c, endless_plans_are_refused);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return run_suite(suite());
}
