/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/config/support.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BASE "context_lengths: [128]\nmodels: [{name: m, path: x}]\nbackends: [fake]\n"

static struct reading good(const char *text, const char *key, const char *value)
{
    struct reading r = read_text(text, key, value);
    ck_assert_msg(r.config != NULL, "refused: %s", r.e.text);
    return r;
}

static const char *option_text(const struct config *c, size_t backend, const char *name)
{
    return json_string_value(json_object_get(c->backends[backend].options, name));
}

static json_int_t option_int(const struct config *c, size_t backend, const char *name)
{
    return json_integer_value(json_object_get(c->backends[backend].options, name));
}

START_TEST(defaults_are_those_of_the_manual)
{
    struct reading r = good(BASE, NULL, NULL);
    const struct config *c = r.config;
    ck_assert_str_eq(c->experiment, "");
    ck_assert_int_eq(c->repetitions, 10);
    ck_assert_int_eq(c->warmup_repetitions, 3);
    ck_assert_int_eq(c->max_new_tokens, 128);
    ck_assert_int_eq(c->launches, 1);
    ck_assert_int_eq(c->max_failures, 3);
    ck_assert_uint_eq(c->seed, 42);
    ck_assert_uint_eq(c->concurrency_count, 1);
    ck_assert_int_eq(c->concurrency[0], 1);
    ck_assert(c->modes[MODE_PREFILL] && c->modes[MODE_DECODE] && c->modes[MODE_E2E]);
    ck_assert_int_eq(c->order, ORDER_SEQUENTIAL);
    ck_assert(!c->stop.enabled && !c->skip_after_oom && !c->missing_as_rows && !c->prompt_reuse);
    ck_assert_double_eq(c->cold_ratio, 2.0);
    ck_assert_double_eq(c->timeout_s, 3600.0);
    ck_assert_ptr_null(c->prompt_text);
    ck_assert_uint_eq(json_object_size(c->facts), 0);
    ck_assert(isnan(c->models[0].params_m));
    ck_assert_int_eq(c->models[0].max_context, 0);
    ck_assert_ptr_null(c->plugin_path[0]);
    reading_free(&r);
}
END_TEST

START_TEST(every_key_is_taken)
{
    struct reading r = good(BASE "experiment: label\nrepetitions: 5\nwarmup_repetitions: 0\n"
                                 "max_new_tokens: 1k\nseed: 7\nlaunches: 2\nmax_failures: 4\n"
                                 "concurrency: [1, 4]\nmodes: [decode]\norder: interleaved\n"
                                 "on_oom: skip\non_missing_backend: rows\ntimeout_s: 2.5\n"
                                 "cold_start: {ratio: 3}\nprompt: {cache: reuse, text: once}\n"
                                 "facts: {gpu: RTX, memory_limit_mib: 12288, share: 0.5}\n",
                            NULL, NULL);
    const struct config *c = r.config;
    ck_assert_str_eq(c->experiment, "label");
    ck_assert_int_eq(c->repetitions, 5);
    ck_assert_int_eq(c->warmup_repetitions, 0);
    ck_assert_int_eq(c->backends[0].warmup_repetitions, 0);
    ck_assert_int_eq(c->max_new_tokens, 1024);
    ck_assert_uint_eq(c->seed, 7);
    ck_assert_int_eq(c->launches, 2);
    ck_assert_int_eq(c->max_failures, 4);
    ck_assert_int_eq(c->concurrency[1], 4);
    ck_assert(!c->modes[MODE_PREFILL] && c->modes[MODE_DECODE] && !c->modes[MODE_E2E]);
    ck_assert_int_eq(c->order, ORDER_INTERLEAVED);
    ck_assert(c->skip_after_oom && c->missing_as_rows && c->prompt_reuse);
    ck_assert_double_eq(c->timeout_s, 2.5);
    ck_assert_double_eq(c->cold_ratio, 3.0);
    ck_assert_str_eq(c->prompt_text, "once");
    ck_assert_str_eq(json_string_value(json_object_get(c->facts, "gpu")), "RTX");
    ck_assert_int_eq(json_integer_value(json_object_get(c->facts, "memory_limit_mib")), 12288);
    ck_assert_double_eq(json_real_value(json_object_get(c->facts, "share")), 0.5);
    reading_free(&r);
}
END_TEST

START_TEST(stop_rule_takes_its_bounds_from_repetitions)
{
    struct reading r = good(BASE "repetitions: 7\nstop: {ci_pct: 5}\n", NULL, NULL);
    ck_assert(r.config->stop.enabled);
    ck_assert_int_eq(r.config->stop.min, 7);
    ck_assert_int_eq(r.config->stop.max, 70);
    ck_assert_double_eq(r.config->stop.max_seconds, 0.0);
    reading_free(&r);
    r = good(BASE "repetitions: 7\nstop: {ci_pct: 5, max: 6, max_seconds: 60}\n", NULL, NULL);
    ck_assert_int_eq(r.config->stop.min, 6);
    ck_assert_int_eq(r.config->stop.max, 6);
    ck_assert_double_eq(r.config->stop.max_seconds, 60.0);
    reading_free(&r);
}
END_TEST

START_TEST(windows_line_ends_and_mark_are_accepted)
{
    struct reading r = good("\xef\xbb\xbf"
                            "context_lengths: [128]\r\nmodels:\r\n  - name: m\r\n    path: x\r\n"
                            "backends:\r\n  - fake\r\nexperiment: label\r\n",
                            NULL, NULL);
    ck_assert_str_eq(r.config->experiment, "label");
    ck_assert_str_eq(r.config->models[0].name, "m");
    reading_free(&r);
}
END_TEST

START_TEST(anchors_and_merge_keys_share_values)
{
    struct reading r = good("context_lengths: &n [128, 256]\nconcurrency: *n\nbackends: [fake]\n"
                            "models:\n  - &first {name: a, path: x, revision: 007}\n"
                            "  - {<<: *first, name: b, revision: null}\n",
                            NULL, NULL);
    const struct config *c = r.config;
    ck_assert_int_eq(c->concurrency[1], 256);
    ck_assert_str_eq(c->models[1].name, "b");
    ck_assert_str_eq(json_string_value(json_object_get(c->models[1].keys, "path")), "x");
    ck_assert(json_is_null(json_object_get(c->models[1].keys, "revision")));
    struct err e;
    json_t *keys = config_model_keys(c, &c->backends[0], &c->models[0], &e);
    ck_assert_str_eq(json_string_value(json_object_get(keys, "revision")), "007");
    ck_assert_str_eq(json_string_value(json_object_get(keys, "weights")), "file");
    json_decref(keys);
    reading_free(&r);
}
END_TEST

START_TEST(an_override_leaves_other_uses_of_an_anchor_alone)
{
    struct reading r =
        good("context_lengths: [128]\nbackends:\n"
             "  - {name: a, plugin: fake, options: &o {threads: 3}}\n"
             "  - {name: b, plugin: fake, options: *o}\nmodels: [{name: m, path: x}]\n",
             "backends.a.threads", "5");
    ck_assert_int_eq(option_int(r.config, 0, "threads"), 5);
    ck_assert_int_eq(option_int(r.config, 1, "threads"), 3);
    reading_free(&r);
}
END_TEST

START_TEST(options_are_typed_and_completed)
{
    struct reading r = good("context_lengths: [128]\nmodels: [{name: m, path: x}]\nbackends:\n"
                            "  - name: fake\n    options: {share: 1, verbose: On, label: 12,"
                            " sizes: [1, 4-16*2], tags: one, speed: null}\n",
                            NULL, NULL);
    const json_t *o = r.config->backends[0].options;
    char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, "{\"label\":\"12\",\"share\":1.0,\"sizes\":[1,4,8,16],"
                           "\"speed\":\"fast\",\"tags\":[\"one\"],\"threads\":2,\"verbose\":true}");
    free(text);
    reading_free(&r);
}
END_TEST

START_TEST(aliases_reach_the_backends_that_have_the_option)
{
    struct reading r =
        good("context_lengths: [128]\nmodels: [{name: m, path: x}]\ndevice: cuda\n"
             "backends:\n  - fake\n  - {name: b, plugin: fake, options: {device: cpu}}\n"
             "  - serves_all\n  - ollama\n",
             NULL, NULL);
    ck_assert_str_eq(option_text(r.config, 0, "device"), "cuda");
    ck_assert_str_eq(option_text(r.config, 1, "device"), "cpu");
    ck_assert_uint_eq(json_object_size(r.config->backends[2].options), 0);
    ck_assert_str_eq(option_text(r.config, 3, "device"), "cuda");
    reading_free(&r);
}
END_TEST

START_TEST(backends_that_are_not_installed_are_planned_with)
{
    struct reading r = good("context_lengths: [128]\nmodels: [{name: m, path: x}]\n"
                            "backends: [transformers-gpu, ollama, unheard_of]\n",
                            NULL, NULL);
    const struct config_backend *b = r.config->backends;
    ck_assert_str_eq(b[0].name, "transformers-gpu");
    ck_assert_str_eq(b[0].plugin, "hf_fp16_cuda");
    ck_assert_ptr_null(b[0].descriptor);
    ck_assert_str_eq(b[0].missing, "plugin 'hf_fp16_cuda' is not installed");
    ck_assert_str_eq(b[0].serves, "path");
    ck_assert_str_eq(b[1].serves, "ollama_tag");
    ck_assert_ptr_null(b[2].serves);
    ck_assert(config_serves(&b[0], &r.config->models[0]));
    ck_assert(!config_serves(&b[1], &r.config->models[0]));
    ck_assert(config_serves(&b[2], &r.config->models[0]));
    reading_free(&r);
}
END_TEST

START_TEST(one_name_stands_for_a_list)
{
    struct reading r = good("context_lengths: 2k\nmodels: [{name: m, path: x}]\nbackends: fake\n"
                            "analyzers: beta\n",
                            NULL, NULL);
    ck_assert_int_eq(r.config->context_lengths[0], 2048);
    ck_assert_str_eq(r.config->backends[0].name, "fake");
    ck_assert_uint_eq(r.config->analyzer_count, 1);
    ck_assert_str_eq(r.config->analyzers[0].name, "beta");
    reading_free(&r);
}
END_TEST

static void expect_analyzers(const char *line, const char *key, const char *value, size_t count,
                             const char *first, json_int_t limit)
{
    struct buf text = {0};
    buf_printf(&text, BASE "%s\n", line);
    struct reading r = good(buf_text(&text), key, value);
    buf_free(&text);
    ck_assert_uint_eq(r.config->analyzer_count, count);
    ck_assert_str_eq(r.config->analyzers[0].name, first);
    const json_t *option = json_object_get(r.config->analyzers[0].options, "limit");
    ck_assert_int_eq(json_integer_value(option), limit);
    reading_free(&r);
}

START_TEST(analyzers_in_all_their_forms)
{
    expect_analyzers("", NULL, NULL, 2, "alpha", 5);
    expect_analyzers("analyzers: [alpha]", NULL, NULL, 1, "alpha", 5);
    expect_analyzers("analyzers: [{name: alpha, options: {limit: 6}}, beta]", NULL, NULL, 2,
                     "alpha", 6);
    expect_analyzers("analyzers: [{alpha: {limit: 7}}]", NULL, NULL, 1, "alpha", 7);
    expect_analyzers("analyzers: {alpha: {limit: 8}}", NULL, NULL, 2, "alpha", 8);
    expect_analyzers("", "analyzers.alpha.limit", "9", 2, "alpha", 9);
    expect_analyzers("analyzers: [alpha]", "analyzers.alpha.limit", "9", 1, "alpha", 9);
    expect_analyzers("analyzers: [{alpha: {limit: 7}}]", "analyzers.alpha.limit", "9", 1, "alpha",
                     9);
}
END_TEST

START_TEST(overrides_address_named_entries)
{
    struct reading r = good("context_lengths: [128]\nbackends: [fake]\n"
                            "models: [{name: m, path: x}, {name: m-1.5, path: x}]\n",
                            "models.m-1.5.path", "/y");
    ck_assert_str_eq(json_string_value(json_object_get(r.config->models[0].keys, "path")), "x");
    ck_assert_str_eq(json_string_value(json_object_get(r.config->models[1].keys, "path")), "/y");
    const json_t *mark = json_object_get(r.config->models[1].marks, "path");
    ck_assert_str_eq(json_string_value(mark), "--set models.m-1.5.path");
    reading_free(&r);
    r = good(BASE, "backends.fake.options.threads", "9");
    ck_assert_int_eq(option_int(r.config, 0, "threads"), 9);
    reading_free(&r);
    r = good(BASE, "backends.fake.warmup_repetitions", "1");
    ck_assert_int_eq(r.config->backends[0].warmup_repetitions, 1);
    reading_free(&r);
    r = good(BASE, "context_lengths", "512-2048*2,100");
    ck_assert_uint_eq(r.config->context_count, 4);
    ck_assert_int_eq(r.config->context_lengths[3], 100);
    reading_free(&r);
    r = good(BASE, "prompt.cache", "reuse");
    ck_assert(r.config->prompt_reuse);
    reading_free(&r);
    r = good("context_lengths: 1\nmodels: [{name: m, path: x}]\nbackends: fake\n",
             "backends.fake.threads", "4");
    ck_assert_int_eq(option_int(r.config, 0, "threads"), 4);
    reading_free(&r);
}
END_TEST

START_TEST(paths_are_sought_beside_the_config_then_in_the_data_folder)
{
    char here[4096];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(mkdir("conf", 0700), 0);
    ck_assert_int_eq(mkdir("data", 0700), 0);
    write_file("conf/near", "", 0);
    write_file("data/near", "", 0);
    write_file("data/far", "", 0);
    struct buf conf = {0}, data = {0}, expected = {0};
    buf_printf(&conf, "%s/conf", here);
    buf_printf(&data, "%s/data", here);
    ck_assert_int_eq(setenv("CTXMARK_DATADIR", buf_text(&data), 1), 0);
    char *found = config_resolve_path(buf_text(&conf), "./near");
    buf_printf(&expected, "%s/conf/near", here);
    ck_assert_str_eq(found, buf_text(&expected));
    free(found);
    found = config_resolve_path(buf_text(&conf), "far");
    buf_clear(&expected);
    buf_printf(&expected, "%s/data/far", here);
    ck_assert_str_eq(found, buf_text(&expected));
    free(found);
    found = config_resolve_path(buf_text(&conf), "none");
    ck_assert_str_eq(found, "none");
    free(found);
    found = config_resolve_path(buf_text(&conf), "/none");
    ck_assert_str_eq(found, "/none");
    free(found);
    buf_free(&conf);
    buf_free(&data);
    buf_free(&expected);
}
END_TEST

START_TEST(plugin_files_and_folders_are_relative_to_the_config)
{
    struct reading r = good("context_lengths: [128]\nmodels: [{name: m, path: x}]\n"
                            "plugin_path: [mine, /usr/theirs]\nbackends: [./my/engine.so]\n",
                            NULL, NULL);
    const struct config *c = r.config;
    size_t folder = strlen(c->folder);
    ck_assert_int_eq(c->folder[0], '/');
    ck_assert_int_eq(strncmp(c->plugin_path[0], c->folder, folder), 0);
    ck_assert_str_eq(c->plugin_path[0] + folder, "/mine");
    ck_assert_str_eq(c->plugin_path[1], "/usr/theirs");
    ck_assert_ptr_null(c->plugin_path[2]);
    ck_assert_str_eq(c->backends[0].name, "engine");
    ck_assert_int_eq(strncmp(c->backends[0].plugin, c->folder, folder), 0);
    ck_assert_str_eq(c->backends[0].plugin + folder, "/my/engine.so");
    reading_free(&r);
}
END_TEST

START_TEST(prompt_may_come_from_a_file)
{
    write_file("p.txt", "Once upon\n", 10);
    struct reading r = read_with("prompt: {file: p.txt}");
    ck_assert_msg(r.config != NULL, "%s", r.e.text);
    ck_assert_str_eq(r.config->prompt_text, "Once upon\n");
    reading_free(&r);
}
END_TEST

static char *canonical(const char *text)
{
    struct reading r = good(text, NULL, NULL);
    char *dump = json_dumps(r.config->canonical, JSON_COMPACT);
    reading_free(&r);
    ck_assert_ptr_nonnull(dump);
    return dump;
}

START_TEST(canonical_form_knows_meaning_not_spelling)
{
    char *a = canonical(BASE);
    char *b = canonical("# other words for the same\nbackends: fake\nrepetitions: \"10\"\n"
                        "models:\n- path: x\n  name: m\ncontext_lengths: 128\n");
    char *c = canonical(BASE "repetitions: 11\n");
    ck_assert_str_eq(a, b);
    ck_assert_str_ne(a, c);
    free(a);
    free(b);
    free(c);
}
END_TEST

START_TEST(single_options_are_checked_like_those_of_a_config)
{
    struct reading r = good(BASE, NULL, NULL);
    struct err e;
    const struct option_schema *s = descriptor_option(r.config->backends[0].descriptor, "threads");
    json_t *value = option_from_text(s, "8", "--set threads", ".", &e);
    ck_assert_int_eq(json_integer_value(value), 8);
    json_decref(value);
    ck_assert_ptr_null(option_from_text(s, "65", "--set threads", ".", &e));
    ck_assert_str_eq(e.text,
                     "--set threads: 'threads' takes a whole number from 1 to 64, not '65'");
    ck_assert_ptr_null(option_from_text(s, "", "--set threads", ".", &e));
    ck_assert_str_eq(e.text, "--set threads: 'threads' has no value; write threads=VALUE");
    reading_free(&r);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("config values");
    TCase *c = tcase_create("values");
    tcase_add_checked_fixture(c, enter_folder, leave_folder);
    tcase_add_test(c, defaults_are_those_of_the_manual);
    tcase_add_test(c, every_key_is_taken);
    tcase_add_test(c, stop_rule_takes_its_bounds_from_repetitions);
    tcase_add_test(c, windows_line_ends_and_mark_are_accepted);
    tcase_add_test(c, anchors_and_merge_keys_share_values);
    tcase_add_test(c, an_override_leaves_other_uses_of_an_anchor_alone);
    tcase_add_test(c, options_are_typed_and_completed);
    tcase_add_test(c, aliases_reach_the_backends_that_have_the_option);
    tcase_add_test(c, backends_that_are_not_installed_are_planned_with);
    tcase_add_test(c, one_name_stands_for_a_list);
    tcase_add_test(c, analyzers_in_all_their_forms);
    tcase_add_test(c, overrides_address_named_entries);
    tcase_add_test(c, paths_are_sought_beside_the_config_then_in_the_data_folder);
    tcase_add_test(c, plugin_files_and_folders_are_relative_to_the_config);
    tcase_add_test(c, prompt_may_come_from_a_file);
    tcase_add_test(c, canonical_form_knows_meaning_not_spelling);
    tcase_add_test(c, single_options_are_checked_like_those_of_a_config);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return run_suite(suite());
}
