/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/analysis.h"
#include "core/analysis/frame.h"
#include "core/base/json.h"
#include "core/command/analysis_output.h"
#include "core/command/command.h"
#include "core/command/options.h"
#include "core/command/source.h"
#include "core/compare/cells.h"
#include "core/compare/differences.h"
#include "core/compare/print.h"
#include "core/compare/verdict.h"
#include "core/run/manifest.h"

static const char usage[] =
    "ctxmark compare RUN_A RUN_B [--margin PCT] [--fail-over PCT] [--allow WORD,...] [-f "
    "text|json]\n"
    "\n"
    "Holds run B against run A, cell by cell.  Either may be a run directory, an imported one, or "
    "a "
    "CSV.\n"
    "\n"
    "      --margin PCT     latencies this close count as equivalent (default 5)\n"
    "      --fail-over PCT  exit status 3 if a cell of B is proven to be more than PCT slower, 4 "
    "if "
    "that\n"
    "                       can neither be proven nor excluded\n"
    "      --allow WORD,... compares in spite of other hardware (gpu, cpu), prompt cache (cache), "
    "timing\n"
    "                       program (clock), model (model), tokens per decode (tokens) or backend\n"
    "                       (backend); all: in spite of anything\n"
    "  -f, --format FORMAT  text (default) or json\n"
    "\n"
    "Exit status: 0 compared, 2 usage or not comparable; with --fail-over also 3 and 4.\n";

struct side {
    const char *path, *name; /* name: in the column `run` */
    struct source source;
    struct frame *rows;
    struct side_rows described;
};

struct job {
    struct options options;
    struct side a, b;
    const char *backend, *model; /* said of both; NULL: as they stand */
    struct frame *joined;
    json_t *differences, *analysis;
};

static void job_free(struct job *j)
{
    struct side *sides[] = {&j->a, &j->b};
    for (size_t i = 0; i < 2; i++) {
        source_free(&sides[i]->source);
        frame_free(sides[i]->rows);
    }
    frame_free(j->joined);
    json_decref(j->differences);
    json_decref(j->analysis);
    options_free(&j->options);
}

/* ---- options */

static int check_percent(const char *option, const char *text, double least, struct err *e)
{
    char *end;
    if (!text)
        return 0;
    double x = strtod(text, &end);
    if (*text && !*end && x >= least && x <= 1000)
        return 0;
    return err_set(e, "%s %s: write per cent from %g to 1000, for instance 5", option, text, least);
}

static int check_options(const struct options *o, struct err *e)
{
    size_t len;
    const char *word = differences_unknown_word(o->allow, &len);
    if (o->format && strcmp(o->format, "text") != 0 && strcmp(o->format, "json") != 0)
        return err_set(e, "-f %s: the formats are: text, json", o->format);
    if (word)
        return err_set(e,
                       "--allow %.*s: the words are: gpu, cpu, cache, clock, model, tokens, "
                       "backend, all",
                       (int)len, word);
    if (check_percent("--margin", o->margin, 0.01, e) < 0)
        return -1;
    return check_percent("--fail-over", o->fail_over, 0, e);
}

/* ---- the two sides */

static int open_side(struct side *s, const char *path, struct err *e)
{
    s->path = path;
    if (source_open(&s->source, path, e) < 0)
        return -1;
    s->rows = frame_read_csv(s->source.csv, NULL, e);
    if (!s->rows)
        return -1;
    cells_describe(s->rows, &s->described);
    return 0;
}

/* The last part of each path where these differ, else "A" and "B". */
static void name_sides(struct side *a, struct side *b)
{
    const char *x = strrchr(a->path, '/'), *y = strrchr(b->path, '/');
    x = x ? x + 1 : a->path;
    y = y ? y + 1 : b->path;
    bool good = *x && *y && strcmp(x, y) != 0;
    a->name = good ? x : "A";
    b->name = good ? y : "B";
}

static void say_tokens(const struct side_rows *s, char *text, size_t size)
{
    if (s->decoded_low == s->decoded_high)
        snprintf(text, size, "%.0f", s->decoded_low);
    else
        snprintf(text, size, "%.0f to %.0f", s->decoded_low, s->decoded_high);
}

static int compare_tokens(struct job *j)
{
    const struct side_rows *a = &j->a.described, *b = &j->b.described;
    char x[80], y[80];
    if (isnan(a->decoded_low) || isnan(b->decoded_low) ||
        (a->decoded_low == b->decoded_low && a->decoded_high == b->decoded_high))
        return 0;
    say_tokens(a, x, sizeof x);
    say_tokens(b, y, sizeof y);
    return differences_add(j->differences, "tokens", "tokens of a decode", x, y);
}

/* A run's only backend (or model) goes by another name in the other run: allowed, it counts as the
 * same. */
static int align(struct job *j, const char *word, const char *a, const char *b, const char **ret)
{
    if (!a || !b || strcmp(a, b) == 0)
        return 0;
    if (differences_are_allowed(j->options.allow, word))
        *ret = a;
    return differences_add(j->differences, word, word, a, b);
}

static int find_differences(struct job *j, struct err *e)
{
    j->differences = json_array();
    int done = j->differences ? 0 : -1;
    if (done == 0)
        done = differences_of_manifests(j->differences, j->a.source.manifest, j->b.source.manifest);
    if (done == 0)
        done = align(j, "backend", j->a.described.only_backend, j->b.described.only_backend,
                     &j->backend) +
               align(j, "model", j->a.described.only_model, j->b.described.only_model, &j->model) +
               compare_tokens(j);
    return done < 0 ? err_memory(e) : 0;
}

static int check_differences(const struct job *j, struct err *e)
{
    struct buf words = {0}, what = {0};
    int done = 0;
    if (differences_refused(j->differences, j->options.allow, &words, &what))
        done =
            err_set(e, "%s and %s cannot be compared: %s; if you want it all the same: --allow %s",
                    j->a.path, j->b.path, buf_text(&what), buf_text(&words));
    buf_free(&words);
    buf_free(&what);
    return done;
}

static int join(struct job *j, struct err *e)
{
    const struct frame_run runs[] = {
        {j->a.source.csv, j->a.name, j->backend, j->model},
        {j->b.source.csv, j->b.name, j->backend, j->model},
    };
    j->joined = frame_read_runs(runs, 2, e);
    return j->joined ? 0 : -1;
}

/* ---- the analysis */

static int analyse(struct job *j, struct err *e)
{
    const struct options *o = &j->options;
    const struct config_override sets[] = {
        {"compare.baseline", j->a.name},
        {"compare.margin_pct", o->margin ? o->margin : "5"},
        {"compare.regression_pct", o->fail_over},
    };
    struct config_analyzer *analyzers = NULL;
    size_t count = 0;
    struct registry *registry = registry_new(NULL, e);
    int done = registry ? analyzers_select(registry, "cold_start,compare", NULL, sets,
                                           o->fail_over ? 3 : 2, &analyzers, &count, e)
                        : -1;
    json_t *facts = done == 0 ? manifest_facts(NULL) : NULL;
    if (done == 0)
        done = analysis_run(j->joined, analyzers, count, facts, NULL, 0, &j->analysis, e);
    json_decref(facts);
    analyzers_free(analyzers, count);
    registry_free(registry);
    return done;
}

/* ---- the answer */

static json_t *describe_side(const struct side *s)
{
    const json_t *m = s->source.manifest;
    const char *note = m                  ? NULL
                       : s->source.folder ? "its manifest cannot be read"
                                          : "a CSV: machine, versions and prompt "
                                            "cache are not known";
    if (json_object_get(m, "imported"))
        note = "imported";
    return json_pack("{s:s, s:s, s:O*, s:s*}", "path", s->path, "name", s->name, "run_id",
                     json_object_get(m, "run_id"), "note", note);
}

static json_t *describe_verdict(const struct verdict *v)
{
    return json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "overall", v->word,
                     "by_launch", v->by_launch, "cells", (json_int_t)v->cells, "faster",
                     (json_int_t)v->faster, "slower", (json_int_t)v->slower, "equivalent",
                     (json_int_t)v->equivalent, "inconclusive", (json_int_t)v->inconclusive,
                     "proven", (json_int_t)v->proven, "excluded", (json_int_t)v->excluded);
}

static json_t *make_answer(const struct job *j, struct verdict *ret)
{
    const struct options *o = &j->options;
    json_t *cells = verdict_rows(j->analysis),
           *unmatched = cells_unmatched(j->joined, j->a.name, j->b.name);
    verdict_make(cells, ret);
    json_t *answer = json_pack(
        "{s:i, s:o, s:o, s:f, s:O, s:o, s:o, s:o, s:O}", "schema", 1, "a", describe_side(&j->a),
        "b", describe_side(&j->b), "margin_pct", o->margin ? strtod(o->margin, NULL) : 5.0,
        "differences", j->differences, "unmatched", unmatched, "cells", cells, "verdict",
        describe_verdict(ret), "findings", json_object_get(j->analysis, "findings"));
    if (answer && o->fail_over) {
        json_object_set_new(answer, "fail_over_pct", json_real(strtod(o->fail_over, NULL)));
        json_object_set_new(answer, "gate",
                            json_string(verdict_gate(ret, json_array_size(unmatched))));
    }
    return answer;
}

static int put(const json_t *answer, bool json, struct err *e)
{
    struct buf b = {0};
    if (json)
        json_write(&b, answer);
    else
        print_comparison(&b, answer);
    int ok = buf_ok(&b) && fwrite(buf_text(&b), 1, b.len, stdout) == b.len && fflush(stdout) == 0;
    buf_free(&b);
    return ok ? 0 : err_set(e, "the comparison cannot be written: %s", strerror(errno));
}

static int exit_status(const json_t *answer)
{
    const char *gate = json_string_value(json_object_get(answer, "gate"));
    if (!gate || strcmp(gate, "no regression") == 0)
        return EXIT_DONE;
    return strcmp(gate, "regression") == 0 ? EXIT_REGRESSION : EXIT_INCONCLUSIVE;
}

static int compare(struct job *j, struct err *e)
{
    struct verdict v;
    if (check_options(&j->options, e) < 0 || open_side(&j->a, j->options.operands[0], e) < 0 ||
        open_side(&j->b, j->options.operands[1], e) < 0)
        return EXIT_USAGE;
    name_sides(&j->a, &j->b);
    if (find_differences(j, e) < 0 || check_differences(j, e) < 0 || join(j, e) < 0)
        return EXIT_USAGE;
    if (analyse(j, e) < 0)
        return EXIT_USAGE;
    json_t *answer = make_answer(j, &v);
    int status = answer ? EXIT_DONE : EXIT_SOME_FAILED;
    if (!answer)
        err_memory(e);
    else if (!v.cells) {
        err_set(e, "%s and %s have no cell in common that both measured successfully", j->a.path,
                j->b.path);
        status = EXIT_USAGE;
    } else
        status = put(answer, j->options.format && strcmp(j->options.format, "json") == 0, e) < 0
                     ? EXIT_SOME_FAILED
                     : exit_status(answer);
    json_decref(answer);
    return status;
}

int command_compare(int argc, char **argv)
{
    struct job j = {0};
    struct err e = {""};
    int r = options_parse(&j.options, argc, argv, "fmFA", 2, 2, usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    if (r == 0) {
        status = compare(&j, &e);
        if (e.text[0])
            log_error("%s", e.text);
    }
    job_free(&j);
    return status;
}
