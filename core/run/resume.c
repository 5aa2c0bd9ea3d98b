/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/resume.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/rows.h"
#include "core/run/rundir.h"

/* ---- one line of metrics.csv */

enum field {
    F_SEQ = 1,
    F_LAUNCH = 2,
    F_BACKEND = 4,
    F_MODEL = 6,
    F_CONTEXT = 8,
    F_MODE = 9,
    F_PHASE = 10,
    F_REQUEST = 12,
    F_CONCURRENCY = 13,
    F_COLD = 14,
    F_STATUS = 15,
    F_LATENCY = 16,
    F_NOTE = 34,
    F_COUNT = 36,
};

struct line {
    char *field[F_COUNT];
    off_t cold_at; /* in the file */
};

/* Splits the line in place (quotes are taken away); false if it has not all fields.  `at` is where
 * the line begins in the file. */
static bool line_split(char *text, off_t at, struct line *ret)
{
    char *in = text, *out = text;
    for (size_t n = 0; n < F_COUNT; n++) {
        bool quoted = *in == '"';
        ret->field[n] = out;
        in += quoted;
        if (n == F_COLD)
            ret->cold_at = at + (in - text);
        while (*in && (quoted || *in != ',')) {
            if (quoted && *in == '"' && in[1] != '"')
                break;
            in += quoted && *in == '"';
            *out++ = *in++;
        }
        in += quoted && *in == '"';
        bool last = *in != ',';
        *out++ = '\0';
        in++;
        if (last)
            return n == F_COUNT - 1;
    }
    return false;
}

static int64_t line_int(const struct line *l, enum field f)
{
    return strtoll(l->field[f], NULL, 10);
}

/* NULL, or why it is no line that ctxmark wrote: its seq is counted on from, and its cold tag is
 * one byte that is written over. */
static const char *line_problem(const struct line *l)
{
    int64_t seq = line_int(l, F_SEQ);
    const char *cold = l->field[F_COLD];
    if (seq < 0 || seq == INT64_MAX)
        return "a seq that numbers no repetition";
    if (strcmp(cold, "0") != 0 && strcmp(cold, "1") != 0)
        return "a cold tag that is neither 0 nor 1";
    return NULL;
}

/* ---- the cells */

static struct resume_cell *find_cell(struct resume *r, const struct config *c, const struct plan *p,
                                     const struct line *l)
{
    int64_t launch = line_int(l, F_LAUNCH);
    for (size_t i = 0; i < p->cell_count && launch >= 0 && launch < c->launches; i++) {
        const struct plan_cell *cell = &p->cells[i];
        if (cell->context_length == line_int(l, F_CONTEXT) &&
            cell->concurrency == line_int(l, F_CONCURRENCY) &&
            strcmp(c->backends[cell->backend].name, l->field[F_BACKEND]) == 0 &&
            strcmp(c->models[cell->model].name, l->field[F_MODEL]) == 0)
            return resume_find(r, i, launch);
    }
    return NULL;
}

/* ---- one repetition: the rows that share a seq */

struct repetition {
    int64_t seq; /* -1: none begun */
    off_t begin; /* of its first row */
    struct resume_cell *cell;
    size_t rows, rows_wanted, bytes_before;
    bool warmup, ok, ended, failed, oom;
    double latency_ms;
    bool latency_is_prefill, reloaded;
};

static bool word_in(const char *words, const char *word)
{
    const char *at = strstr(words, word);
    size_t n = strlen(word);
    return at && (at == words || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' ');
}

/* How many rows a repetition of this cell has if all went well. */
static size_t rows_of(const struct config *c, const struct line *l)
{
    size_t modes = 0;
    modes += c->modes[MODE_PREFILL];
    modes += c->modes[MODE_DECODE] && c->max_new_tokens > 1;
    modes += c->modes[MODE_E2E];
    return modes * (size_t)line_int(l, F_CONCURRENCY);
}

static void begin_repetition(struct repetition *rep, const struct config *c,
                             struct resume_cell *cell, const struct line *l, off_t at)
{
    const char *status = l->field[F_STATUS];
    *rep = (struct repetition){
        .seq = line_int(l, F_SEQ),
        .begin = at,
        .cell = cell,
        .bytes_before = cell->series.byte_count,
        .rows_wanted = strcmp(status, "ok") == 0 ? rows_of(c, l) : 1,
        .warmup = strcmp(l->field[F_PHASE], "warmup") == 0,
        .ok = strcmp(status, "ok") == 0,
        .ended = word_in(l->field[F_NOTE], "ended"),
        .oom = strcmp(status, "oom") == 0,
        .failed = strcmp(status, "ok") != 0 && strcmp(status, "skipped") != 0,
        .latency_ms = NAN,
        .reloaded = word_in(l->field[F_NOTE], "reloaded"),
    };
}

static int add_line(struct repetition *rep, const struct line *l, struct err *e)
{
    bool prefill = strcmp(l->field[F_MODE], "prefill") == 0;
    bool e2e = strcmp(l->field[F_MODE], "e2e") == 0;
    if (rep->ok && line_int(l, F_REQUEST) == 0 && l->field[F_LATENCY][0] &&
        (prefill || (e2e && !rep->latency_is_prefill))) {
        rep->latency_ms = strtod(l->field[F_LATENCY], NULL);
        rep->latency_is_prefill = prefill;
    }
    rep->rows++;
    return record_series_byte(&rep->cell->series, l->cold_at, l->field[F_COLD][0] == '1', e);
}

/* Counts it if all its rows are there; short generations have no decode row, so fewer is whole too
 * once another repetition follows. */
static int finish_repetition(struct resume *r, struct repetition *rep, off_t end, bool last,
                             struct err *e)
{
    if (rep->seq < 0)
        return 0;
    if (last && rep->rows < rep->rows_wanted) {
        rep->cell->series.byte_count = rep->bytes_before;
        r->metrics_size = rep->begin;
        return 0;
    }
    struct cold_repetition one = {.latency_ms = rep->ok ? rep->latency_ms : NAN,
                                  .warmup = rep->warmup,
                                  .reloaded = rep->reloaded};
    struct resume_cell *cell = rep->cell;
    cell->warmups += rep->ok && rep->warmup;
    cell->measured += rep->ok && !rep->warmup;
    cell->failures += rep->failed;
    cell->ended = cell->ended || rep->ended;
    cell->oom = cell->oom || rep->oom;
    r->done += rep->ok && !rep->warmup;
    r->failed += rep->failed;
    r->rows += (int64_t)rep->rows;
    r->next_seq = rep->seq + 1;
    r->metrics_size = end;
    return record_series_repetition(&cell->series, &one, e);
}

/* ---- the files */

static int take_line(struct resume *r, struct repetition *rep, const struct config *c,
                     const struct plan *p, char *text, off_t at, struct err *e)
{
    struct line l;
    const char *problem =
        line_split(text, at, &l) ? line_problem(&l) : "a line that has not all fields";
    if (problem)
        return err_set(e, "metrics.csv of the run is damaged at byte %lld: %s", (long long)at,
                       problem);
    if (line_int(&l, F_SEQ) != rep->seq) {
        if (finish_repetition(r, rep, at, false, e) < 0)
            return -1;
        struct resume_cell *cell = find_cell(r, c, p, &l);
        if (!cell)
            return err_set(e,
                           "the run holds rows of %s, %s, context %s, which the config does not "
                           "plan: give the same config, --set and --only as before",
                           l.field[F_BACKEND], l.field[F_MODEL], l.field[F_CONTEXT]);
        begin_repetition(rep, c, cell, &l, at);
    }
    return add_line(rep, &l, e);
}

static int read_metrics(struct resume *r, FILE *f, const struct config *c, const struct plan *p,
                        struct err *e)
{
    struct repetition rep = {.seq = -1};
    char *text = NULL;
    size_t capacity = 0;
    off_t at = 0;
    int status = 0;
    for (bool header = true; status == 0;) {
        ssize_t n = getline(&text, &capacity, f);
        if (n <= 0 || text[n - 1] != '\n')
            break; /* a torn line is as if it were not there */
        text[n - 1] = '\0';
        if (header && strcmp(text, record_header) != 0)
            status =
                err_set(e, "metrics.csv of the run has other columns than this ctxmark writes: "
                           "resume it with the version that began it");
        else if (!header)
            status = take_line(r, &rep, c, p, text, at, e);
        at += n;
        if (header)
            r->metrics_size = at;
        header = false;
    }
    free(text);
    return status < 0 ? -1 : finish_repetition(r, &rep, at, true, e);
}

/* details.jsonl is written before metrics.csv: what is beyond the last whole repetition is cut. */
static void read_details(struct resume *r, FILE *f)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t n;
    while ((n = getline(&text, &capacity, f)) > 0 && text[n - 1] == '\n') {
        const char *seq = strstr(text, "\"seq\":");
        if (!seq || strtoll(seq + 6, NULL, 10) >= r->next_seq)
            break;
        r->details_size += n;
    }
    free(text);
}

static FILE *open_file(const char *folder, const char *name, struct err *e)
{
    char *path = rundir_file(folder, name);
    FILE *f = path ? fopen(path, "re") : NULL;
    if (!f)
        err_set(e, "%s/%s: %s", folder, name, strerror(errno));
    free(path);
    return f;
}

int resume_read(struct resume *r, const char *folder, const struct config *c, const struct plan *p,
                struct err *e)
{
    memset(r, 0, sizeof *r);
    r->cell_count = p->cell_count;
    r->series_count = p->cell_count * (size_t)c->launches;
    r->cells = calloc(r->series_count + 1, sizeof *r->cells);
    if (!r->cells)
        return err_memory(e);
    FILE *metrics = open_file(folder, "metrics.csv", e);
    FILE *details = metrics ? open_file(folder, "details.jsonl", e) : NULL;
    int status = details ? read_metrics(r, metrics, c, p, e) : -1;
    if (status == 0)
        read_details(r, details);
    if (metrics)
        fclose(metrics);
    if (details)
        fclose(details);
    return status;
}

void resume_free(struct resume *r)
{
    for (size_t i = 0; r->cells && i < r->series_count; i++)
        record_series_free(&r->cells[i].series);
    free(r->cells);
    r->cells = NULL;
}
