/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/manifest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ctxmark/plugin.h>

#include "core/base/sha256.h"
#include "core/run/identity.h"
#include "core/run/machine.h"

static json_t *time_text(time_t when)
{
    char text[40];
    struct tm utc;
    gmtime_r(&when, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(text);
}

json_t *manifest_now(void)
{
    return time_text(time(NULL));
}

static json_t *describe_plan(const struct config *c, const struct plan *p)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "pairs", (json_int_t)p->pair_count, "cells",
                     (json_int_t)p->cell_count, "repetitions", (json_int_t)c->repetitions, "warmup",
                     (json_int_t)c->warmup_repetitions, "launches", (json_int_t)c->launches);
}

json_t *manifest_describe_plugin(const char *name, const struct descriptor *d, json_t *options)
{
    json_t *o = json_pack("{s:s}", "name", name);
    if (d) {
        json_object_set_new(o, "plugin", json_string(d->name));
        json_object_set_new(o, "version", json_string(d->version));
        json_object_set_new(o, "path", json_string(d->path));
        json_object_set_new(o, "sha256", json_string(d->sha256));
        json_object_set_new(o, "interface", json_sprintf("%u.%u", d->abi_major, d->abi_minor));
    }
    if (options)
        json_object_set(o, "options", options);
    return o;
}

static json_t *describe_backends(const struct config *c)
{
    json_t *array = json_array();
    for (size_t i = 0; i < c->backend_count; i++) {
        const struct config_backend *b = &c->backends[i];
        json_t *o = manifest_describe_plugin(b->name, b->descriptor, b->options);
        if (b->missing)
            json_object_set_new(o, "missing", json_string(b->missing));
        json_array_append_new(array, o);
    }
    return array;
}

static json_t *describe_analyzers(const struct config *c)
{
    json_t *array = json_array();
    for (size_t i = 0; i < c->analyzer_count; i++)
        json_array_append_new(array, manifest_describe_plugin(c->analyzers[i].name,
                                                              c->analyzers[i].descriptor,
                                                              c->analyzers[i].options));
    return array;
}

static json_t *describe_config(const struct config *c)
{
    struct sha256 s;
    char hash[65];
    char *text = json_dumps(c->canonical, JSON_COMPACT | JSON_SORT_KEYS);
    sha256_init(&s);
    if (text)
        sha256_add(&s, text, strlen(text));
    sha256_hex(&s, hash);
    free(text);
    return json_pack("{s:s, s:s, s:O}", "path", c->path, "sha256", hash, "effective", c->canonical);
}

static json_t *describe_command(char *const *command)
{
    json_t *array = json_array();
    json_array_append_new(array, json_string("ctxmark"));
    for (size_t i = 0; command && command[i]; i++) {
        json_t *text = json_string(command[i]);
        json_array_append_new(array, text ? text : json_string("?"));
    }
    return array;
}

json_t *manifest_new(const struct config *c, const struct plan *plan, const char *run_id,
                     char *const *command, struct err *e)
{
    json_t *m = json_object();
    json_object_set_new(m, "schema", json_integer(1));
    json_object_set_new(m, "ctxmark",
                        json_pack("{s:s, s:s}", "version", PACKAGE_VERSION, "interface", "1.0"));
    json_object_set_new(m, "run_id", json_string(run_id));
    json_object_set_new(m, "experiment", json_string(c->experiment));
    json_object_set_new(m, "started", manifest_now());
    json_object_set_new(m, "state", json_string("running"));
    json_object_set_new(m, "command", describe_command(command));
    json_object_set_new(m, "config", describe_config(c));
    json_object_set_new(m, "machine", machine_describe());
    json_object_set_new(m, "plan", describe_plan(c, plan));
    json_object_set_new(m, "backends", describe_backends(c));
    json_object_set_new(m, "analyzers", describe_analyzers(c));
    json_object_set_new(m, "files", identity_files(c, plan));
    if (!m || json_object_set_new(m, "models", json_array()) < 0)
        err_memory(e);
    return m;
}

static json_t *find_named(json_t *array, const char *name)
{
    size_t i;
    json_t *o;
    json_array_foreach(array, i, o)
    {
        const char *have = json_string_value(json_object_get(o, "name"));
        if (have && strcmp(have, name) == 0)
            return o;
    }
    return NULL;
}

void manifest_resume(struct run *run, const json_t *before)
{
    static const char *const kept[] = {"run_id", "started", "models", "timeline", "resumed"};
    size_t i;
    json_t *b;
    for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++) {
        json_t *value = json_object_get(before, kept[k]);
        if (value)
            json_object_set(run->manifest, kept[k], value);
    }
    json_array_foreach(json_object_get(before, "backends"), i, b)
    {
        const char *name = json_string_value(json_object_get(b, "name"));
        json_t *limits = json_object_get(b, "limits");
        json_t *now = name ? find_named(json_object_get(run->manifest, "backends"), name) : NULL;
        if (!limits || !now)
            continue;
        json_object_set(now, "limits", limits);
        json_object_set_new(run->limited, name, json_true());
    }
    json_t *resumed = json_object_get(run->manifest, "resumed");
    if (!resumed) {
        resumed = json_array();
        json_object_set_new(run->manifest, "resumed", resumed);
    }
    json_array_append_new(resumed, json_pack("{s:o, s:I}", "at", manifest_now(),
                                             "repetitions_before", (json_int_t)run->done));
}

/* ---- what workers told */

static json_t *find_model(json_t *models, const char *backend, const char *name)
{
    size_t i;
    json_t *o;
    json_array_foreach(models, i, o)
    {
        const char *b = json_string_value(json_object_get(o, "backend"));
        const char *n = json_string_value(json_object_get(o, "name"));
        if (b && n && strcmp(b, backend) == 0 && strcmp(n, name) == 0)
            return o;
    }
    return NULL;
}

static json_t *number_fact(double x, const char *unit, const char *provenance)
{
    return json_pack("{s:f, s:s, s:s}", "number", x, "unit", unit, "provenance", provenance);
}

void manifest_add_start(struct run *run, const struct config_backend *b,
                        const struct config_model *m, const struct plan_group *g,
                        const json_t *reply)
{
    json_t *limits = json_object_get(reply, "limits");
    json_t *backend = find_named(json_object_get(run->manifest, "backends"), b->name);
    if (limits && backend) {
        json_object_set(backend, "limits", limits);
        json_object_set_new(run->limited, b->name, json_true());
    }
    json_t *models = json_object_get(run->manifest, "models");
    json_t *model = find_model(models, b->name, m->name);
    if (!model) {
        model = json_pack("{s:s, s:s, s:O?, s:[]}", "name", m->name, "backend", b->name, "keys",
                          g->model_keys, "load_ms");
        json_array_append_new(models, model);
    }
    json_t *facts = json_object();
    if (!isnan(m->params_m))
        json_object_set_new(facts, "params_m", number_fact(m->params_m, "", "user"));
    json_object_update(facts, json_object_get(reply, "facts"));
    json_object_set_new(model, "facts", facts);
    json_array_append_new(json_object_get(model, "load_ms"),
                          json_real(1e-6 * json_number_value(json_object_get(reply, "load_ns"))));
}

void manifest_add_span(struct run *run, const struct plan_group *g, const struct timespec *began)
{
    const struct config *c = run->config;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    json_t *timeline = json_object_get(run->manifest, "timeline");
    if (!timeline) {
        timeline = json_array();
        json_object_set_new(run->manifest, "timeline", timeline);
    }
    json_array_append_new(
        timeline,
        json_pack("{s:s, s:s, s:I, s:o, s:o, s:f}", "backend", c->backends[g->backend].name,
                  "model", c->models[g->model].name, "launch", (json_int_t)g->launch, "began",
                  time_text(began->tv_sec), "ended", time_text(now.tv_sec), "seconds",
                  (double)(now.tv_sec - began->tv_sec) +
                      1e-9 * (double)(now.tv_nsec - began->tv_nsec)));
}

/* ---- the end */

static bool any_random(const json_t *manifest)
{
    size_t i;
    json_t *m;
    json_array_foreach(json_object_get(manifest, "models"), i, m)
    {
        const json_t *weights = json_object_get(json_object_get(m, "facts"), "weights");
        const char *text = json_string_value(json_object_get(weights, "text"));
        if (text && strcmp(text, "random") == 0)
            return true;
    }
    return false;
}

/* What a backend says that it emulates, each sentence once. */
static void add_emulations(json_t *array, const json_t *manifest)
{
    size_t i, j;
    json_t *m, *told;
    json_array_foreach(json_object_get(manifest, "models"), i, m)
    {
        json_t *fact = json_object_get(json_object_get(m, "facts"), "emulation");
        json_t *text = json_object_get(fact, "text");
        bool again = !json_is_string(text);
        json_array_foreach(array, j, told) again = again || json_equal(told, text);
        if (!again)
            json_array_append(array, text);
    }
}

static bool any_replay(const struct config *c)
{
    for (size_t i = 0; i < c->backend_count; i++) {
        const struct descriptor *d = c->backends[i].descriptor;
        if (d && d->capabilities & CTXMARK_REPLAYS)
            return true;
    }
    return false;
}

/* Sentences for the report's head. */
static json_t *describe_provenance(const struct run *run)
{
    json_t *array = json_array();
    const struct config *c = run->config;
    if (any_replay(c))
        json_array_append_new(
            array, json_string("Replayed: the times are those of an earlier recording; nothing was "
                               "measured on this machine."));
    if (any_random(run->manifest))
        json_array_append_new(
            array, json_string("Random weights: the speed is that of the model's shape; what it "
                               "generates means nothing."));
    add_emulations(array, run->manifest);
    if (c->launches == 1)
        json_array_append_new(
            array, json_string("One launch: how much results differ from one start of the program "
                               "to the next is not known (launches: K measures it)."));
    if (c->prompt_reuse)
        json_array_append_new(
            array,
            json_string("Prompts were repeated (prompt.cache: reuse): a backend with a prompt "
                        "cache does not compute the prefill again."));
    if (json_object_get(run->manifest, "resumed"))
        json_array_append_new(
            array, json_string("Resumed: parts of it were measured by different processes, with a "
                               "warm-up before each part."));
    if (run->stopped)
        json_array_append_new(array, json_string("Interrupted: the plan was not finished."));
    return array;
}

void manifest_finish(struct run *run)
{
    json_t *m = run->manifest;
    const struct config *c = run->config;
    int64_t planned = (int64_t)run->plan->cell_count * c->repetitions * c->launches;
    json_object_set_new(m, "ended", manifest_now());
    json_object_set_new(m, "state", json_string(run->stopped ? "interrupted" : "complete"));
    json_object_set_new(m, "counts",
                        json_pack("{s:I, s:I, s:I, s:I}", "planned", (json_int_t)planned, "done",
                                  (json_int_t)run->done, "failed", (json_int_t)run->failed, "rows",
                                  (json_int_t)run->record.rows));
    json_object_set_new(m, "provenance", describe_provenance(run));
}

/* ---- for analyzers */

/* Facts of the run as a whole: the machine's GPU, and what the user says, which wins. */
static json_t *run_facts(const json_t *manifest)
{
    json_t *facts = json_object();
    json_t *gpus =
        json_object_get(json_object_get(json_object_get(manifest, "machine"), "gpu"), "gpus");
    json_t *name = json_object_get(json_array_get(gpus, 0), "name");
    if (json_is_string(name))
        json_object_set_new(
            facts, "gpu",
            json_pack("{s:O, s:s, s:s}", "text", name, "unit", "", "provenance", "core"));
    const char *key;
    json_t *value;
    json_t *given =
        json_object_get(json_object_get(json_object_get(manifest, "config"), "effective"), "facts");
    json_object_foreach(given, key, value)
    {
        if (json_is_number(value))
            json_object_set_new(facts, key, number_fact(json_number_value(value), "", "user"));
        else if (json_is_string(value))
            json_object_set_new(
                facts, key,
                json_pack("{s:O, s:s, s:s}", "text", value, "unit", "", "provenance", "user"));
    }
    return facts;
}

json_t *manifest_facts(const json_t *manifest)
{
    size_t i;
    json_t *o;
    json_t *backends = json_object(), *models = json_object();
    json_array_foreach(json_object_get(manifest, "backends"), i, o)
    {
        json_t *limits = json_object_get(o, "limits");
        if (limits)
            json_object_set(backends, json_string_value(json_object_get(o, "name")), limits);
    }
    json_array_foreach(json_object_get(manifest, "models"), i, o)
    {
        const char *backend = json_string_value(json_object_get(o, "backend"));
        const char *name = json_string_value(json_object_get(o, "name"));
        if (!backend || !name)
            continue;
        if (!json_object_get(models, backend))
            json_object_set_new(models, backend, json_object());
        json_object_set(json_object_get(models, backend), name, json_object_get(o, "facts"));
    }
    return json_pack("{s:o, s:o, s:o}", "run", run_facts(manifest), "backends", backends, "models",
                     models);
}
