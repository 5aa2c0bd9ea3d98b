/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/analysis/frame.h"
#include "core/base/buf.h"
#include "core/command/analysis_output.h"
#include "core/command/command.h"
#include "core/command/options.h"
#include "core/run/cold.h"
#include "core/run/rundir.h"

static const char usage[] = "ctxmark verify RUN [-q|-v]\n"
                            "\n"
                            "Derives the cold tags of a run's rows and its analysis.json again, "
                            "and says value by value where\n"
                            "they do not agree with what is there.\n"
                            "\n"
                            "Exit status: 0 all agree, 1 something differs, 2 usage.\n";

#define SHOWN_MOST 20

/* Prints a difference, the first SHOWN_MOST of them. */
struct differences {
    size_t count;
};

static void differ(struct differences *d, const char *where, const char *there, const char *derived)
{
    if (d->count++ < SHOWN_MOST)
        printf("differs: %s is %s, derived %s\n", where, there, derived);
}

/* ---- the cold tags */

struct tags {
    const struct frame *f;
    const struct ctxmark_column *seq, *launch, *backend, *model, *context, *concurrency, *mode,
        *phase, *request, *cold, *status, *latency, *note;
};

static bool tags_open(struct tags *t, const struct frame *f)
{
    const struct {
        const char *name;
        const struct ctxmark_column **column;
    } wanted[] = {
        {"seq", &t->seq},     {"launch", &t->launch},   {"backend", &t->backend},
        {"model", &t->model}, {"mode", &t->mode},       {"context_length", &t->context},
        {"phase", &t->phase}, {"request", &t->request}, {"concurrency", &t->concurrency},
        {"cold", &t->cold},   {"status", &t->status},   {"latency_ms", &t->latency},
        {"note", &t->note},
    };
    t->f = f;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!(*wanted[i].column = frame_column(f, wanted[i].name)))
            return false;
    return true;
}

static const char *text_at(const struct ctxmark_column *c, size_t row)
{
    return c->code && c->code[row] >= 0 ? c->dictionary[c->code[row]] : "";
}

static bool same_cell(const struct tags *t, size_t a, size_t b)
{
    return t->launch->number[a] == t->launch->number[b] &&
           t->backend->code[a] == t->backend->code[b] && t->model->code[a] == t->model->code[b] &&
           t->context->number[a] == t->context->number[b] &&
           t->concurrency->number[a] == t->concurrency->number[b];
}

/* The repetitions of the cell that row `first` belongs to.  row_of[i] gets the repetition of row i,
 * or stays as it is for rows of other cells. */
static size_t gather_cell(const struct tags *t, size_t first, struct cold_repetition *reps,
                          size_t *row_of)
{
    size_t n = 0;
    double seq = NAN;
    bool prefill = false;
    for (size_t i = first; i < t->f->row_count; i++) {
        if (!same_cell(t, first, i))
            continue;
        const char *mode = text_at(t->mode, i);
        if (t->seq->number[i] != seq) {
            seq = t->seq->number[i];
            prefill = false;
            reps[n++] = (struct cold_repetition){.latency_ms = NAN};
        }
        row_of[i] = n - 1;
        bool is_prefill = strcmp(mode, "prefill") == 0;
        if (strcmp(text_at(t->status, i), "ok") != 0 || t->request->number[i] != 0)
            continue;
        reps[n - 1].reloaded |= strstr(text_at(t->note, i), "reloaded") != NULL;
        if (is_prefill || (!prefill && strcmp(mode, "e2e") == 0))
            reps[n - 1].latency_ms = t->latency->number[i];
        prefill = prefill || is_prefill;
    }
    return n;
}

static int check_cell(const struct tags *t, size_t first, double ratio,
                      struct cold_repetition *reps, size_t *row_of, bool *seen,
                      struct differences *d)
{
    size_t n = gather_cell(t, first, reps, row_of);
    if (cold_mark(reps, n, ratio) < 0)
        return -1;
    for (size_t i = first; i < t->f->row_count; i++) {
        char where[160];
        if (seen[i] || !same_cell(t, first, i))
            continue;
        seen[i] = true;
        bool cold = reps[row_of[i]].cold;
        if ((t->cold->number[i] == 1) == cold)
            continue;
        snprintf(where, sizeof where, "metrics.csv row %zu (seq %.0f, %s) cold", i + 1,
                 t->seq->number[i], text_at(t->mode, i));
        differ(d, where, cold ? "0" : "1", cold ? "1" : "0");
    }
    return 0;
}

static int check_tags(const char *csv, const json_t *manifest, struct differences *d, struct err *e)
{
    struct tags t;
    const json_t *config = json_object_get(json_object_get(manifest, "config"), "effective");
    const json_t *given = json_object_get(json_object_get(config, "cold_start"), "ratio");
    double ratio = json_is_number(given) ? json_number_value(given) : 2.0;
    struct frame *f = frame_read_csv(csv, NULL, e);
    if (!f)
        return -1;
    struct cold_repetition *reps = calloc(f->row_count + 1, sizeof *reps);
    size_t *row_of = calloc(f->row_count + 1, sizeof *row_of);
    bool *seen = calloc(f->row_count + 1, sizeof *seen);
    int r = reps && row_of && seen ? 0 : err_memory(e);
    if (r == 0 && !tags_open(&t, f))
        r = err_set(e, "%s has not the columns of a run", csv);
    for (size_t i = 0; r == 0 && i < f->row_count; i++)
        if (!seen[i] && check_cell(&t, i, ratio, reps, row_of, seen, d) < 0)
            r = err_memory(e);
    if (r == 0)
        printf("cold tags of %zu rows derived again\n", f->row_count);
    free(reps);
    free(row_of);
    free(seen);
    frame_free(f);
    return r;
}

/* ---- analysis.json */

static void show(const json_t *v, char *text, size_t size)
{
    char *dump = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    snprintf(text, size, "%.60s", dump ? dump : "missing");
    free(dump);
}

static void compare_values(const json_t *a, const json_t *b, const char *path, size_t *values,
                           struct differences *d);

static void compare_objects(const json_t *a, const json_t *b, const char *path, size_t *values,
                            struct differences *d)
{
    const char *key;
    json_t *v;
    char where[512];
    json_object_foreach((json_t *)a, key, v)
    {
        snprintf(where, sizeof where, "%s.%s", path, key);
        compare_values(v, json_object_get(b, key), where, values, d);
    }
    json_object_foreach((json_t *)b, key, v)
    {
        snprintf(where, sizeof where, "%s.%s", path, key);
        if (!json_object_get(a, key))
            compare_values(NULL, v, where, values, d);
    }
}

static void compare_arrays(const json_t *a, const json_t *b, const char *path, size_t *values,
                           struct differences *d)
{
    char where[512];
    size_t n = json_array_size(a) > json_array_size(b) ? json_array_size(a) : json_array_size(b);
    for (size_t i = 0; i < n; i++) {
        snprintf(where, sizeof where, "%s[%zu]", path, i);
        compare_values(json_array_get(a, i), json_array_get(b, i), where, values, d);
    }
}

static void compare_values(const json_t *a, const json_t *b, const char *path, size_t *values,
                           struct differences *d)
{
    char there[80], derived[80];
    if (json_is_object(a) && json_is_object(b)) {
        compare_objects(a, b, path, values, d);
        return;
    }
    if (json_is_array(a) && json_is_array(b)) {
        compare_arrays(a, b, path, values, d);
        return;
    }
    ++*values;
    bool numbers = json_is_number(a) && json_is_number(b);
    if (numbers ? json_number_value(a) == json_number_value(b) : a && b && json_equal(a, b))
        return;
    show(a, there, sizeof there);
    show(b, derived, sizeof derived);
    differ(d, path, there, derived);
}

/* The analyzers that the run used; the caller's. */
static char *analyzer_names(const json_t *manifest)
{
    struct buf b = {0};
    size_t i;
    json_t *a;
    json_array_foreach(json_object_get(manifest, "analyzers"), i, a)
        buf_printf(&b, "%s%s", i ? "," : "", json_string_value(json_object_get(a, "name")));
    return buf_take(&b);
}

static int derive(const char *folder, const char *csv, const json_t *manifest, json_t **ret,
                  struct err *e)
{
    struct config_analyzer *analyzers = NULL;
    size_t count = 0;
    struct registry *registry = registry_new(NULL, e);
    char *names = analyzer_names(manifest), *details = rundir_file(folder, "details.jsonl");
    int r = registry && names && details
                ? analyzers_select(registry, names, manifest, NULL, 0, &analyzers, &count, e)
                : err_memory(e);
    if (r == 0)
        r = analysis_make(csv, access(details, R_OK) == 0 ? details : NULL, manifest, NULL,
                          analyzers, count, ret, e);
    analyzers_free(analyzers, count);
    registry_free(registry);
    free(names);
    free(details);
    return r;
}

static int check_analysis(const char *folder, const char *csv, const json_t *manifest,
                          struct differences *d, struct err *e)
{
    json_t *there = rundir_read_json(folder, "analysis.json", e), *derived = NULL;
    size_t values = 0;
    int r = there ? derive(folder, csv, manifest, &derived, e) : -1;
    if (r == 0) {
        compare_values(there, derived, "analysis.json", &values, d);
        printf("%zu values of analysis.json derived again\n", values);
    }
    json_decref(there);
    json_decref(derived);
    return r;
}

int command_verify(int argc, char **argv)
{
    struct options o;
    struct err e;
    struct differences d = {0};
    int r = options_parse(&o, argc, argv, "", 1, 1, usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    if (r == 0) {
        const char *folder = o.operands[0];
        json_t *manifest = rundir_read_json(folder, "manifest.json", &e);
        char *csv = rundir_file(folder, "metrics.csv");
        if (manifest && csv && check_tags(csv, manifest, &d, &e) == 0 &&
            check_analysis(folder, csv, manifest, &d, &e) == 0) {
            if (d.count > SHOWN_MOST)
                printf("... and %zu more\n", d.count - SHOWN_MOST);
            if (d.count)
                printf("%zu values differ\n", d.count);
            else
                printf("all agree\n");
            status = d.count ? EXIT_SOME_FAILED : EXIT_DONE;
        } else
            log_error("%s", e.text);
        free(csv);
        json_decref(manifest);
    }
    options_free(&o);
    return status;
}
