/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/imported.h"

#include <string.h>

#include "core/exchange/llama_bench.h"
#include "core/run/manifest.h"

static const char *text_of(const json_t *test, const char *key)
{
    const char *text = json_string_value(json_object_get(test, key));
    return text ? text : "";
}

/* The entry of `array` whose members are these; NULL: none.  backend NULL: any. */
static json_t *find(const json_t *array, const char *name, const char *backend)
{
    size_t i;
    json_t *o;
    json_array_foreach((json_t *)array, i,
                       o) if (strcmp(text_of(o, "name"), name) == 0 &&
                              (!backend || strcmp(text_of(o, "backend"), backend) == 0)) return o;
    return NULL;
}

/* ---- backends, models */

static json_t *settings_of(const json_t *test)
{
    json_t *o = json_object();
    for (size_t i = 0; i < llama_field_count; i++) {
        json_t *value = json_object_get(test, llama_fields[i].name);
        if (value && llama_fields[i].setting)
            json_object_set(o, llama_fields[i].name, value);
    }
    return o;
}

static json_t *describe_backends(const struct imported *m)
{
    json_t *array = json_array();
    for (size_t i = 0; i < m->count; i++) {
        const struct imported_test *t = &m->tests[i];
        if (find(array, t->backend, NULL))
            continue;
        json_int_t number = json_integer_value(json_object_get(t->test, "build_number"));
        json_array_append_new(array, json_pack("{s:s, s:s, s:o, s:o}", "name", t->backend, "plugin",
                                               "llama-bench", "version",
                                               json_sprintf("b%lld (%s)", (long long)number,
                                                            text_of(t->test, "build_commit")),
                                               "options", settings_of(t->test)));
    }
    return array;
}

static void put_fact(json_t *facts, const char *key, const json_t *value, const char *unit)
{
    if (json_is_integer(value) && json_integer_value(value) > 0)
        json_object_set_new(facts, key,
                            json_pack("{s:f, s:s, s:s}", "number", json_number_value(value), "unit",
                                      unit, "provenance", "imported"));
}

static json_t *describe_model(const struct imported_test *t)
{
    json_t *facts = json_object();
    put_fact(facts, "parameters", json_object_get(t->test, "model_n_params"), "");
    put_fact(facts, "weight_bytes", json_object_get(t->test, "model_size"), "B");
    json_t *fields = json_object();
    /* what identifies it, and not what was asked of it and measured */
    for (size_t i = 0; strcmp(llama_fields[i].name, "n_prompt") != 0; i++) {
        json_t *value = json_object_get(t->test, llama_fields[i].name);
        if (value)
            json_object_set(fields, llama_fields[i].name, value);
    }
    return json_pack("{s:s, s:s, s:{s:s}, s:o, s:o}", "name", t->model, "backend", t->backend,
                     "keys", "file", text_of(t->test, "model_filename"), "facts", facts,
                     "llama_bench", fields);
}

static json_t *describe_models(const struct imported *m)
{
    json_t *array = json_array();
    for (size_t i = 0; i < m->count; i++)
        if (!find(array, m->tests[i].model, m->tests[i].backend))
            json_array_append_new(array, describe_model(&m->tests[i]));
    return array;
}

static json_t *describe_machine(const struct imported *m)
{
    json_t *machine = json_object();
    const json_t *test = m->count ? m->tests[0].test : NULL;
    if (*text_of(test, "cpu_info"))
        json_object_set(machine, "cpu", json_object_get(test, "cpu_info"));
    if (*text_of(test, "gpu_info"))
        json_object_set_new(
            machine, "gpu",
            json_pack("{s:[{s:O}]}", "gpus", "name", json_object_get(test, "gpu_info")));
    return machine;
}

/* ---- where it comes from */

static void add_sentence(json_t *array, const char *text)
{
    json_array_append_new(array, json_string(text));
}

static json_t *describe_provenance(const struct imported *m, const char *path)
{
    size_t i;
    json_t *text, *array = json_array();
    size_t launches = 1, wrong = json_array_size(m->deviations);
    for (i = 0; i < m->count; i++)
        if ((size_t)m->tests[i].launch >= launches)
            launches = (size_t)m->tests[i].launch + 1;
    json_array_append_new(
        array, json_sprintf("Imported: llama-bench measured it (%s); nothing was measured by "
                            "ctxmark.",
                            path));
    add_sentence(array, "What llama-bench times: the evaluation of random tokens, without "
                        "tokenizing and sampling. A prefill ends with the logits, not with a first "
                        "token; a decode of N tokens is N steps; an e2e is a prompt and N steps.");
    add_sentence(array, "Warm-up, memory, temperature and what else the machine was doing are not "
                        "in llama-bench's output.");
    if (launches == 1)
        add_sentence(array, "One launch: how much results differ from one start of the program to "
                            "the next is not known.");
    if (wrong)
        json_array_append_new(
            array, json_sprintf("stddev_ns of %zu %s in the file is not that of the samples; all "
                                "figures here come from the samples.",
                                wrong, wrong == 1 ? "test" : "tests"));
    json_array_foreach(m->left_out, i, text)
        json_array_append_new(array, json_sprintf("Not imported: %s.", json_string_value(text)));
    return array;
}

json_t *imported_manifest(const struct imported *m, const char *run_id, const char *experiment,
                          const char *path, const char *sha256, size_t rows, struct err *e)
{
    json_t *first = m->count ? json_object_get(m->tests[0].test, "test_time") : NULL;
    json_t *manifest = json_pack(
        "{s:i, s:{s:s, s:s}, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I}, s:o}",
        "schema", 1, "ctxmark", "version", PACKAGE_VERSION, "interface", "1.0", "run_id", run_id,
        "experiment", experiment, "state", "complete", "config",
        json_pack("{s:s, s:s, s:{}}", "path", path, "sha256", sha256, "effective"), "machine",
        describe_machine(m), "backends", describe_backends(m), "models", describe_models(m),
        "counts", "planned", (json_int_t)rows, "done", (json_int_t)rows, "failed", (json_int_t)0,
        "rows", (json_int_t)rows, "provenance", describe_provenance(m, path));
    if (manifest && first)
        json_object_set(manifest, "started", first);
    if (manifest)
        json_object_set_new(manifest, "imported",
                            json_pack("{s:s, s:s, s:s, s:o, s:O, s:O}", "format", "llama-bench",
                                      "file", path, "sha256", sha256, "at", manifest_now(),
                                      "left_out", m->left_out, "deviations", m->deviations));
    if (!manifest)
        err_memory(e);
    return manifest;
}
