/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/command/analysis_output.h"

#include <stdlib.h>
#include <string.h>

#include "core/analysis/analysis.h"
#include "core/analysis/frame.h"
#include "core/analysis/packed.h"
#include "core/base/buf.h"
#include "core/command/report_files.h"
#include "core/run/manifest.h"
#include "core/run/rundir.h"

/* What analysis.json says of its run. */
static json_t *describe_run(const char *csv, const json_t *manifest)
{
    if (!manifest)
        return json_pack("{s:s}", "source", csv);
    return json_pack("{s:O?, s:O?, s:O?, s:O?}", "run_id", json_object_get(manifest, "run_id"),
                     "experiment", json_object_get(manifest, "experiment"), "started",
                     json_object_get(manifest, "started"), "provenance",
                     json_object_get(manifest, "provenance"));
}

/* Plain values become facts "as the user says". */
static json_t *facts_of_user(const json_t *given)
{
    json_t *manifest = json_pack("{s:{s:{s:O?}}}", "config", "effective", "facts", given);
    json_t *facts = manifest_facts(manifest);
    json_decref(manifest);
    return facts;
}

int analysis_make_packed(const char *csv, const char *details, const json_t *manifest,
                         const json_t *facts, const struct config_analyzer *analyzers,
                         size_t analyzer_count, json_t **ret_analysis, struct err *e)
{
    struct frame *frame = frame_read_csv(csv, details, e);
    if (!frame)
        return -1;
    json_t *all_facts = manifest ? manifest_facts(manifest) : facts_of_user(facts);
    json_t *run = describe_run(csv, manifest);
    int r =
        analysis_run_packed(frame, analyzers, analyzer_count, all_facts, run, 0, ret_analysis, e);
    json_decref(run);
    json_decref(all_facts);
    frame_free(frame);
    return r;
}

int analysis_make(const char *csv, const char *details, const json_t *manifest, const json_t *facts,
                  const struct config_analyzer *analyzers, size_t analyzer_count,
                  json_t **ret_analysis, struct err *e)
{
    json_t *analysis;
    if (analysis_make_packed(csv, details, manifest, facts, analyzers, analyzer_count, &analysis,
                             e) < 0)
        return -1;
    if (packed_expand(analysis, e) < 0) {
        json_decref(analysis);
        return -1;
    }
    *ret_analysis = analysis;
    return 0;
}

int analysis_render(const char *folder, const json_t *analysis, const json_t *manifest,
                    struct err *e)
{
    return report_files(folder, analysis, manifest, NULL, REPORT_ALL, e);
}

/* ---- choosing analyzers without a config */

struct selection {
    struct config_analyzer *analyzers;
    size_t count;
    int status;
};

static void select_one(struct selection *s, const struct descriptor *d)
{
    struct config_analyzer *bigger = realloc(s->analyzers, (s->count + 1) * sizeof *bigger);
    if (!bigger) {
        s->status = -1;
        return;
    }
    s->analyzers = bigger;
    bigger[s->count] = (struct config_analyzer){
        .name = strdup(d->name), .descriptor = d, .options = json_object()};
    if (!bigger[s->count].name || !bigger[s->count].options)
        s->status = -1;
    s->count++;
}

static void visit_installed(void *arg, const char *path, const struct descriptor *d,
                            const char *problem)
{
    if (d && d->kind == CTXMARK_ANALYZER)
        select_one(arg, d);
    else if (!d)
        log_warning("%s is left out: %s", path, problem ? problem : "it cannot be used");
}

static int select_named(struct selection *s, struct registry *r, const char *names, struct err *e)
{
    while (*names) {
        char name[256];
        const struct descriptor *d;
        size_t len = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)len, names);
        if (len && registry_find(r, name, CTXMARK_ANALYZER, &d, e) != REGISTRY_FOUND)
            return -1;
        if (len)
            select_one(s, d);
        names += len + (names[len] == ',');
    }
    return 0;
}

/* --set ANALYZER.OPTION=VALUE */
static int set_option(struct selection *s, const struct config_override *set, struct err *e)
{
    const char *dot = strchr(set->key, '.');
    for (size_t i = 0; dot && i < s->count; i++) {
        struct config_analyzer *a = &s->analyzers[i];
        const struct option_schema *o = descriptor_option(a->descriptor, dot + 1);
        if (strlen(a->name) != (size_t)(dot - set->key) ||
            strncmp(a->name, set->key, strlen(a->name)) != 0 || !o)
            continue;
        json_t *value = option_from_text(o, set->value, "--set", ".", e);
        if (!value)
            return -1;
        json_object_set_new(a->options, o->name, value);
        return 0;
    }
    return err_set(
        e,
        "--set %s: write ANALYZER.OPTION=VALUE or facts.KEY=VALUE; `ctxmark plugins NAME` "
        "lists an analyzer's options",
        set->key);
}

static int complete(struct selection *s, const struct config_override *sets, size_t set_count,
                    struct err *e)
{
    for (size_t i = 0; i < set_count; i++)
        if (strncmp(sets[i].key, "facts.", 6) != 0 && set_option(s, &sets[i], e) < 0)
            return -1;
    for (size_t i = 0; i < s->count; i++) {
        const struct descriptor *d = s->analyzers[i].descriptor;
        if (options_complete(s->analyzers[i].options, d->options, d->option_count, "--set", ".",
                             e) < 0)
            return -1;
    }
    return 0;
}

/* The names that the run's config gives, comma-separated and the caller's; NULL: it gives none. */
static char *names_of_run(const json_t *manifest)
{
    struct buf b = {0};
    size_t i;
    json_t *a;
    const json_t *effective = json_object_get(json_object_get(manifest, "config"), "effective");
    if (!json_is_array(json_object_get(effective, "analyzers")))
        return NULL;
    json_array_foreach(json_object_get(manifest, "analyzers"), i, a)
        buf_printf(&b, "%s%s", i ? "," : "", json_string_value(json_object_get(a, "name")));
    return buf_take(&b);
}

static void keep_options(struct selection *s, const json_t *manifest)
{
    size_t i;
    json_t *a;
    json_array_foreach(json_object_get(manifest, "analyzers"), i, a)
    {
        const char *name = json_string_value(json_object_get(a, "name"));
        json_t *options = json_object_get(a, "options");
        for (size_t k = 0; name && options && k < s->count; k++)
            if (strcmp(s->analyzers[k].name, name) == 0)
                json_object_update(s->analyzers[k].options, options);
    }
}

int analyzers_select(struct registry *r, const char *names, const json_t *manifest,
                     const struct config_override *sets, size_t set_count,
                     struct config_analyzer **ret, size_t *ret_count, struct err *e)
{
    struct selection s = {0};
    int status = 0;
    char *of_run = names ? NULL : names_of_run(manifest);
    if (names || of_run)
        status = select_named(&s, r, names ? names : of_run, e);
    else
        registry_each(r, visit_installed, &s);
    free(of_run);
    if (status == 0 && s.status < 0)
        status = err_memory(e);
    if (status == 0) {
        keep_options(&s, manifest);
        status = complete(&s, sets, set_count, e);
    }
    if (status < 0) {
        analyzers_free(s.analyzers, s.count);
        return -1;
    }
    *ret = s.analyzers;
    *ret_count = s.count;
    return 0;
}

void analyzers_free(struct config_analyzer *analyzers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(analyzers[i].name);
        json_decref(analyzers[i].options);
    }
    free(analyzers);
}
