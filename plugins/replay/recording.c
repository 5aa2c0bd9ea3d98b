/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/replay/recording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/replay/collection.h"

/* ---- rows in the order they are played */

static int compare_doubles(double a, double b)
{
    return (a > b) - (a < b);
}

/* seq numbers a run from end to end; rep begins anew in each phase.  Rows of ours have both, and so
 * are ordered by the run; elsewhere warm-up comes first. */
static int compare_rows(const struct replay_row *a, const struct replay_row *b, bool is_ours)
{
    int c = compare_doubles(a->launch, b->launch);
    if (c == 0)
        c = compare_doubles(a->context_length, b->context_length);
    if (c == 0 && !is_ours)
        c = (int)b->warmup - (int)a->warmup;
    if (c == 0)
        c = compare_doubles(a->order, b->order);
    return c;
}

static int compare_ours(const void *a, const void *b)
{
    const struct replay_row *x = a, *y = b;
    int c = compare_rows(x, y, true);
    return c ? c : (x->line > y->line) - (x->line < y->line);
}

static int compare_others(const void *a, const void *b)
{
    const struct replay_row *x = a, *y = b;
    int c = compare_rows(x, y, false);
    return c ? c : (x->line > y->line) - (x->line < y->line);
}

/* ---- rows to repetitions */

static void begin_repetition(struct replay_repetition *p, const struct replay_row *row)
{
    *p = (struct replay_repetition){
        .latency_ms = {NAN, NAN, NAN},
        .device_ms = {NAN, NAN, NAN},
        .ttft_ms = NAN,
        .load_ms = NAN,
        .prompt_tokens = NAN,
        .cached_tokens = NAN,
        .generated_tokens = NAN,
        .peak_mib = NAN,
        .limit_mib = NAN,
        .spilled_mib = NAN,
        .spill = "",
        .note = "",
        .error = "",
        .warmup = row->warmup,
        .line = row->line,
    };
}

static void keep_number(double *to, double x)
{
    if (isnan(*to))
        *to = x;
}

static void keep_text(const char **to, const char *text)
{
    if (!(*to)[0])
        *to = text;
}

/* What the rows of a repetition say each for itself, and so in the first that says it. */
static void add_facts(struct replay_repetition *p, const struct replay_row *row)
{
    keep_number(&p->ttft_ms, row->ttft_ms);
    keep_number(&p->load_ms, row->load_ms);
    keep_number(&p->prompt_tokens, row->prompt_tokens > 0 ? row->prompt_tokens : NAN);
    keep_number(&p->cached_tokens, row->cached_tokens);
    keep_number(&p->peak_mib, row->peak_mib);
    keep_number(&p->limit_mib, row->limit_mib);
    keep_number(&p->spilled_mib, row->spilled_mib);
    keep_text(&p->spill, row->spill);
    keep_text(&p->note, row->note);
    p->notes |= row->notes;
}

static void add_row(struct replay_repetition *p, const struct replay_row *row)
{
    add_facts(p, row);
    if (row->outcome != REPLAY_OK && p->outcome == REPLAY_OK) {
        p->outcome = row->outcome;
        p->error = row->error;
        p->line = row->line;
    }
    if (row->outcome == REPLAY_OK) {
        p->has[row->mode] = true;
        p->latency_ms[row->mode] = row->latency_ms;
        p->device_ms[row->mode] = row->device_ms;
    }
}

/* Does the row begin another repetition than the one that `before` belongs to? */
static bool begins(const struct replay_row *row, const struct replay_row *before,
                   const struct replay_repetition *p)
{
    return row->launch != before->launch || row->context_length != before->context_length ||
           row->warmup != before->warmup || row->order != before->order ||
           (row->outcome == REPLAY_OK && p->has[row->mode]);
}

/* N of a repetition.  An e2e row counts all tokens.  Our decode rows count N - 1, since the first
 * token is the prefill's, and our prefill rows count that one; in the report's files prefill rows
 * count 0, and decode rows N. */
static void count_tokens(struct replay_repetition *p, const struct replay_row *rows, size_t count,
                         bool is_ours)
{
    double of[3] = {NAN, NAN, NAN};
    for (size_t i = 0; i < count; i++)
        if (rows[i].outcome == REPLAY_OK)
            of[rows[i].mode] = rows[i].generated_tokens;
    bool first_apart = isnan(of[REPLAY_PREFILL]) ? is_ours : of[REPLAY_PREFILL] > 0;
    if (of[REPLAY_E2E] > 0)
        p->generated_tokens = of[REPLAY_E2E];
    else if (of[REPLAY_DECODE] > 0)
        p->generated_tokens = of[REPLAY_DECODE] + first_apart;
}

static size_t gather(const struct replay_collection *c, bool is_ours,
                     struct replay_repetition *repetitions, const struct replay_row **firsts)
{
    size_t n = 0, first = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (i == 0 || begins(&c->rows[i], &c->rows[i - 1], &repetitions[n - 1])) {
            if (n)
                count_tokens(&repetitions[n - 1], &c->rows[first], i - first, is_ours);
            first = i;
            firsts[n] = &c->rows[i];
            begin_repetition(&repetitions[n++], &c->rows[i]);
        }
        add_row(&repetitions[n - 1], &c->rows[i]);
    }
    if (n)
        count_tokens(&repetitions[n - 1], &c->rows[first], c->count - first, is_ours);
    return n;
}

/* ---- repetitions to cells */

enum { GROUP_WARMUP, GROUP_MEASURED, GROUP_FAILURE };

static int group_of(const struct replay_repetition *p)
{
    return p->outcome != REPLAY_OK ? GROUP_FAILURE : p->warmup ? GROUP_WARMUP : GROUP_MEASURED;
}

/* Puts the cell's repetitions, `count` in the order they ran, into `to`: warm-ups, measured ones,
 * failures. */
static void make_cell(struct replay_cell *cell, const struct replay_repetition *from, size_t count,
                      struct replay_repetition *to)
{
    size_t counts[3] = {0}, done[3] = {0};
    for (size_t i = 0; i < count; i++)
        counts[group_of(&from[i])]++;
    const size_t begin[3] = {0, counts[0], counts[0] + counts[1]};
    for (size_t i = 0; i < count; i++) {
        int g = group_of(&from[i]);
        struct replay_repetition *p = &to[begin[g] + done[g]];
        *p = from[i];
        p->warmups_before = (int64_t)done[GROUP_WARMUP];
        p->measured_before = (int64_t)done[GROUP_MEASURED];
        done[g]++;
    }
    /* Nothing came after it: the core had given the cell up. */
    if (count && group_of(&from[count - 1]) == GROUP_FAILURE)
        to[count - 1].notes |= REPLAY_NOTE_ENDED;
    cell->warmups = to;
    cell->measured = to + begin[GROUP_MEASURED];
    cell->failures = to + begin[GROUP_FAILURE];
    cell->warmup_count = counts[GROUP_WARMUP];
    cell->measured_count = counts[GROUP_MEASURED];
    cell->failure_count = counts[GROUP_FAILURE];
}

static bool same_cell(const struct replay_row *a, const struct replay_row *b)
{
    return a->launch == b->launch && a->context_length == b->context_length;
}

static void make_cells(struct replay_recording *r, const struct replay_repetition *from,
                       const struct replay_row *const *firsts, size_t count)
{
    for (size_t i = 0, end; i < count; i = end) {
        struct replay_cell *cell = &r->cells[r->cell_count];
        for (end = i + 1; end < count && same_cell(firsts[i], firsts[end]); end++)
            ;
        if (i == 0 || firsts[i]->launch != firsts[i - 1]->launch)
            r->launch_count++;
        cell->launch = r->launch_count - 1;
        cell->context_length = (int64_t)firsts[i]->context_length;
        cell->index = r->cell_count++;
        make_cell(cell, from + i, end - i, r->repetitions + i);
    }
}

static int build(struct replay_recording *r, struct replay_collection *c, struct replay_err *e)
{
    struct replay_repetition *ordered = calloc(c->count, sizeof *ordered);
    const struct replay_row **firsts = calloc(c->count, sizeof *firsts);
    int status = -1;
    qsort(c->rows, c->count, sizeof *c->rows, r->rows.is_ours ? compare_ours : compare_others);
    size_t n = ordered && firsts ? gather(c, r->rows.is_ours, ordered, firsts) : 0;
    if (n) {
        r->repetitions = calloc(n, sizeof *r->repetitions);
        r->cells = calloc(n, sizeof *r->cells);
    }
    if (r->repetitions && r->cells) {
        make_cells(r, ordered, firsts, n);
        status = 0;
    } else
        replay_err_set(e, "out of memory while the recording was read");
    free(ordered);
    free(firsts);
    return status;
}

/* ---- the recording */

int replay_recording_read(struct replay_recording *r, const char *path, const char *model,
                          const char *backend, struct replay_err *e)
{
    struct replay_collection c = {.model = model};
    memset(r, 0, sizeof *r);
    int status = replay_rows_read(&r->rows, path, replay_collection_take, &c, e);
    if (status == 0) {
        r->backend = replay_collection_choose(&c, path, backend, e);
        status = r->backend ? build(r, &c, e) : -1;
    }
    replay_collection_free(&c);
    if (status < 0)
        replay_recording_free(r);
    return status;
}

void replay_recording_free(struct replay_recording *r)
{
    free(r->cells);
    free(r->repetitions);
    replay_rows_free(&r->rows);
    memset(r, 0, sizeof *r);
}

/* ---- what to play */

static int compare_cells(const void *key, const void *element)
{
    const struct replay_cell *a = key, *b = element;
    if (a->launch != b->launch)
        return a->launch < b->launch ? -1 : 1;
    return (a->context_length > b->context_length) - (a->context_length < b->context_length);
}

const struct replay_cell *replay_recording_find(const struct replay_recording *r, int64_t launch,
                                                int64_t context_length)
{
    const struct replay_cell key = {.launch = launch, .context_length = context_length};
    return bsearch(&key, r->cells, r->cell_count, sizeof *r->cells, compare_cells);
}

/* A failure in the warm-up that the run has passed, since it warms up less, is due all the same. */
static bool is_due(const struct replay_repetition *failure, bool warmup, int64_t repetition)
{
    if (warmup)
        return failure->warmup && failure->warmups_before <= repetition;
    return failure->warmup || failure->measured_before <= repetition;
}

static const struct replay_repetition *at(const struct replay_repetition *list, size_t count,
                                          int64_t i)
{
    return i >= 0 && (uint64_t)i < count ? &list[i] : NULL;
}

static int64_t at_most(int64_t i, size_t count)
{
    return i < (int64_t)count ? i : (int64_t)count - 1;
}

const struct replay_repetition *replay_cell_next(const struct replay_cell *c, bool warmup,
                                                 int64_t repetition, int64_t failures)
{
    const struct replay_repetition *failure = at(c->failures, c->failure_count, failures);
    if (failure && is_due(failure, warmup, repetition))
        return failure;
    if (!warmup)
        return at(c->measured, c->measured_count, repetition);
    if (c->warmup_count)
        return at(c->warmups, c->warmup_count, at_most(repetition, c->warmup_count));
    if (c->measured_count)
        return at(c->measured, c->measured_count, at_most(repetition, c->measured_count));
    return failure;
}
