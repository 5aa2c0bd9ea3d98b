/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Work of a repetition in arbitrary units, to guess at the time left: between linear and quadratic
 * in the context, plus the tokens that are generated. */
static double progress_work(int64_t context_length, int64_t max_new_tokens)
{
    return pow((double)context_length, 1.25) + 8.0 * (double)max_new_tokens;
}

void progress_init(struct progress *p, const struct config *c, const struct plan *plan, bool quiet)
{
    const char *term = getenv("TERM");
    memset(p, 0, sizeof *p);
    p->quiet = quiet;
    p->terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    p->cells = plan->cell_count * (size_t)c->launches;
    p->seconds_per_work = -1;
    for (size_t i = 0; i < plan->cell_count; i++)
        p->work_left +=
            (double)(c->repetitions + c->backends[plan->cells[i].backend].warmup_repetitions) *
            (double)c->launches * progress_work(plan->cells[i].context_length, c->max_new_tokens);
}

static void format_duration(double seconds, char *text, size_t size)
{
    long s = lround(seconds);
    if (s < 60)
        snprintf(text, size, "%lds", s);
    else if (s < 3600)
        snprintf(text, size, "%ldm%02lds", s / 60, s % 60);
    else
        snprintf(text, size, "%ldh%02ldm", s / 3600, s / 60 % 60);
}

void progress_clear(struct progress *p)
{
    if (p->line_open)
        fputs("\r\033[K", stderr);
    p->line_open = false;
}

/* The living line, cut to the terminal's width. */
static void show_line(struct progress *p, const char *text)
{
    if (p->quiet || !p->terminal)
        return;
    const char *columns = getenv("COLUMNS");
    int width = columns ? (int)strtol(columns, NULL, 10) : 0;
    fprintf(stderr, "\r\033[K%.*s", width > 20 ? width - 1 : 100, text);
    fflush(stderr);
    p->line_open = true;
}

static void describe_cell(const struct record_cell *cell, char *text, size_t size)
{
    int n = snprintf(text, size, "%s  %s  context %lld", cell->backend, cell->model,
                     (long long)cell->context_length);
    if (cell->concurrency > 1 && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, "  concurrency %lld", (long long)cell->concurrency);
}

void progress_loading(struct progress *p, const char *backend, const char *model)
{
    char text[512];
    snprintf(text, sizeof text, "[%zu/%zu] %s  %s: loading the model and measuring the machine",
             p->finished, p->cells, backend, model);
    show_line(p, text);
}

void progress_repetition(struct progress *p, const struct record_cell *cell, bool warmup,
                         int64_t number, int64_t of)
{
    char text[512], left[32] = "";
    describe_cell(cell, p->cell, sizeof p->cell);
    if (p->seconds_per_work >= 0)
        format_duration(p->work_left * p->seconds_per_work, left, sizeof left);
    snprintf(text, sizeof text, "[%zu/%zu] %s: %s %lld of %lld%s%s", p->finished + 1, p->cells,
             p->cell, warmup ? "warm-up" : "repetition", (long long)number, (long long)of,
             left[0] ? ", about " : "", left);
    if (left[0])
        snprintf(text + strlen(text), sizeof text - strlen(text), " left");
    show_line(p, text);
}

void progress_took(struct progress *p, const struct record_cell *cell, double seconds)
{
    double work = progress_work(cell->context_length, cell->max_new_tokens);
    double rate = seconds / work;
    p->seconds_per_work = p->seconds_per_work < 0 ? rate : 0.7 * p->seconds_per_work + 0.3 * rate;
    p->work_left = p->work_left > work ? p->work_left - work : 0;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median latency of the measured repetitions in ms, cold ones included; NaN if there is none. */
static double series_median(const struct record_series *s, size_t *ret_count)
{
    double *good = calloc(s->count + 1, sizeof *good);
    size_t n = 0;
    for (size_t i = 0; good && i < s->count; i++)
        if (!s->repetitions[i].warmup && !isnan(s->repetitions[i].latency_ms))
            good[n++] = s->repetitions[i].latency_ms;
    if (n)
        qsort(good, n, sizeof *good, compare_numbers);
    double median = !n ? NAN : n % 2 ? good[n / 2] : 0.5 * (good[n / 2 - 1] + good[n / 2]);
    free(good);
    *ret_count = n;
    return median;
}

static void put_latency(char *text, size_t size, double ms)
{
    if (ms < 1000)
        snprintf(text, size, "%.*f ms", ms < 10 ? 2 : ms < 100 ? 1 : 0, ms);
    else
        snprintf(text, size, "%.2f s", ms / 1000);
}

void progress_cell(struct progress *p, const struct record_cell *cell,
                   const struct record_series *series, double decode_rate, const char *failure,
                   int64_t repetitions_left)
{
    char name[256], latency[32], decode[64] = "";
    size_t n;
    p->finished++;
    p->work_left -=
        (double)repetitions_left * progress_work(cell->context_length, cell->max_new_tokens);
    if (p->work_left < 0)
        p->work_left = 0;
    progress_clear(p);
    if (p->quiet)
        return;
    describe_cell(cell, name, sizeof name);
    double median = series_median(series, &n);
    put_latency(latency, sizeof latency, median);
    if (!isnan(decode_rate))
        snprintf(decode, sizeof decode, ", decode %.1f tok/s", decode_rate);
    fprintf(stderr, "[%zu/%zu] %s: ", p->finished, p->cells, name);
    if (n)
        fprintf(stderr, "%s %s%s (median of %zu)", cell->prefill ? "prefill" : "e2e", latency,
                decode, n);
    if (failure[0]) {
        bool again = strncmp(failure, p->last_failure, sizeof p->last_failure - 1) == 0;
        fprintf(stderr, "%s%s", n ? "; " : "", again ? "failed like the cell before" : failure);
        snprintf(p->last_failure, sizeof p->last_failure, "%s", failure);
    } else if (!n)
        fputs("nothing measured", stderr);
    fputc('\n', stderr);
}
