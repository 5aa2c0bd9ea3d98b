/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/llama_bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/sha256.h"
#include "core/exchange/imported.h"
#include "core/exchange/samples.h"

#define COMMIT_DIGITS 8

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

/* The entry of a manifest's list for this name (and backend, unless NULL); NULL: none. */
static const json_t *entry_of(const json_t *manifest, const char *list, const char *name,
                              const char *backend)
{
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(manifest, list), i,
                       o) if (strcmp(text_of(o, "name"), name) == 0 &&
                              (!backend || strcmp(text_of(o, "backend"), backend) == 0)) return o;
    return NULL;
}

static double fact_number(const json_t *facts, const char *key)
{
    const json_t *x = json_object_get(json_object_get(facts, key), "number");
    return json_is_number(x) ? json_number_value(x) : NAN;
}

static const char *fact_text(const json_t *facts, const char *key)
{
    return text_of(json_object_get(facts, key), "text");
}

static void put_text(json_t *test, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new(test, key, json_string(text));
}

static void put_count(json_t *test, const char *key, double x)
{
    if (x >= 0 && x < 9e18)
        json_object_set_new(test, key, json_integer((json_int_t)llround(x)));
}

/* ---- who was measured */

static void put_defaults(json_t *test)
{
    for (size_t i = 0; i < llama_field_count; i++) {
        const struct llama_field *f = &llama_fields[i];
        json_t *value = NULL;
        if (f->type == LLAMA_TEXT)
            value = json_string(f->otherwise);
        else if (f->type == LLAMA_FLAG)
            value = json_boolean(f->otherwise[0] == '1');
        else if (f->type == LLAMA_REAL)
            value = json_real(0);
        else
            value = json_integer(f->otherwise[0] == '-' ? -1 : f->otherwise[0] - '0');
        json_object_set_new(test, f->name, value);
    }
}

/* The file or tag that the model was loaded from, else its name. */
static const char *file_of(const json_t *model, const char *name)
{
    static const char *const keys[] = {"path", "file", "ollama_tag"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = text_of(json_object_get(model, "keys"), keys[i]);
        if (*text)
            return text;
    }
    return name;
}

static const char *type_of_cache(double bytes)
{
    return bytes == 4 ? "f32" : bytes == 2 ? "f16" : bytes == 1 ? "q8_0" : "";
}

static void put_model(json_t *test, const json_t *model, const struct sample_cell *cell,
                      double params_m)
{
    const json_t *facts = json_object_get(model, "facts");
    double parameters = fact_number(facts, "parameters"),
           element = fact_number(facts, "weight_bytes_per_element");
    const char *cache = type_of_cache(fact_number(facts, "kv_bytes_per_element"));
    parameters = isnan(parameters) ? params_m * 1e6 : parameters;
    put_text(test, "model_filename", file_of(model, cell->model));
    put_text(test, "model_type", cell->model);
    put_count(test, "model_n_params", parameters);
    put_count(test, "model_size", parameters * element);
    put_text(test, "type_k", cache);
    put_text(test, "type_v", cache);
    if (*fact_text(facts, "attention"))
        json_object_set_new(test, "flash_attn",
                            json_integer(strcmp(fact_text(facts, "attention"), "flash") == 0));
}

static void put_machine(json_t *test, const json_t *manifest, const struct sample_cell *cell)
{
    const json_t *machine = json_object_get(manifest, "machine");
    const json_t *gpus = json_object_get(json_object_get(machine, "gpu"), "gpus");
    const json_t *backend = entry_of(manifest, "backends", cell->backend, NULL);
    put_text(test, "cpu_info", text_of(machine, "cpu"));
    put_text(test, "gpu_info", text_of(json_array_get(gpus, 0), "name"));
    put_text(test, "backends", cell->backend);
    put_count(test, "n_threads", fact_number(json_object_get(backend, "limits"), "threads"));
}

/* ---- what was measured */

static void put_time(json_t *test, const json_t *manifest, const char *time)
{
    const char *known = *time ? time : text_of(manifest, "started");
    char text[] = "1970-01-01T00:00:00Z";
    if (strlen(known) >= sizeof text - 2 && known[10] == 'T')
        memcpy(text, known, sizeof text - 2);
    put_text(test, "test_time", text);
}

static void put_moments(json_t *test, const json_t *ns, const json_t *ts)
{
    double mean, sd;
    imported_moments(ns, &mean, &sd);
    json_object_set_new(test, "avg_ns", json_integer((json_int_t)mean));
    json_object_set_new(test, "stddev_ns", json_integer((json_int_t)sd));
    imported_moments(ts, &mean, &sd);
    json_object_set_new(test, "avg_ts", json_real(mean));
    json_object_set_new(test, "stddev_ts", json_real(sd));
}

static void put_samples(json_t *test, const struct sample_columns *c,
                        const struct sample_cell *cell)
{
    json_t *ns = json_array(), *ts = json_array();
    bool decode = strcmp(cell->mode, "decode") == 0;
    for (size_t i = 0; i < cell->count; i++) {
        double ms = sample_number(c->latency, cell->rows[i]),
               prompt = sample_number(c->prompt_tokens, cell->rows[i]);
        double tokens = (double)cell->generated;
        if (!decode)
            tokens += prompt > 0 ? prompt : (double)cell->context;
        json_array_append_new(ns, json_integer((json_int_t)llround(ms * 1e6)));
        json_array_append_new(ts, json_real(1000 * tokens / ms));
    }
    put_count(test, decode ? "n_depth" : "n_prompt", (double)cell->context);
    put_count(test, "n_gen", (double)cell->generated);
    put_moments(test, ns, ts);
    json_object_set_new(test, "samples_ns", ns);
    json_object_set_new(test, "samples_ts", ts);
}

static json_t *make_test(const struct samples *s, const struct sample_cell *cell,
                         const json_t *manifest, const char *commit, bool relabel)
{
    const struct sample_columns *c = &s->columns;
    const json_t *model = entry_of(manifest, "models", cell->model, cell->backend);
    json_t *known = json_object_get(model, "llama_bench"), *test = json_object();
    put_defaults(test);
    put_text(test, "build_commit", commit);
    if (known) { /* imported: as it was */
        json_object_update(test, known);
        if (relabel)
            put_text(test, "build_commit", commit);
    } else {
        put_machine(test, manifest, cell);
        put_model(test, model, cell, sample_number(c->params_m, cell->rows[0]));
    }
    put_time(test, manifest, sample_text(c->time, cell->rows[0]));
    put_samples(test, c, cell);
    return test;
}

/* The first digits of the hash of the run's id: runs differ in it, and have it of one length. */
static int make_commit(const struct samples *s, const json_t *manifest, char ret[65], struct err *e)
{
    struct sha256 hash;
    const char *id = text_of(manifest, "run_id");
    if (!*id)
        id = sample_text(s->columns.run_id, s->cells[0].rows[0]);
    if (!*id)
        return err_set(e, "the rows do not say which run they are of: name it with --label TEXT");
    sha256_init(&hash);
    sha256_add(&hash, id, strlen(id));
    sha256_hex(&hash, ret);
    ret[COMMIT_DIGITS] = '\0';
    return 0;
}

json_t *llama_tests(const struct frame *frame, const json_t *manifest, const char *label,
                    struct err *e)
{
    struct samples s;
    char commit[65] = "";
    if (samples_make(&s, frame, e) < 0)
        return NULL;
    json_t *tests = NULL;
    if (label || make_commit(&s, manifest, commit, e) == 0)
        tests = json_array();
    int done = tests ? 0 : -1;
    for (size_t i = 0; tests && i < s.count; i++)
        done += json_array_append_new(
            tests, make_test(&s, &s.cells[i], manifest, label ? label : commit, label != NULL));
    samples_free(&s);
    if (tests && done < 0) {
        json_decref(tests);
        tests = NULL;
        err_memory(e);
    }
    return tests;
}
