/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int progress_init(struct progress *p, const struct config *c, const struct plan *plan, bool quiet,
                  struct err *e)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    memset(p, 0, sizeof *p);
    p->quiet = quiet;
    p->terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    p->colour = p->terminal && !(no_color && *no_color);
    p->cells = plan->cell_count * (size_t)c->launches;
    p->results = calloc(plan->cell_count + 1, sizeof *p->results);
    return p->results && eta_init(&p->eta, c, plan) == 0 ? 0 : err_memory(e);
}

void progress_free(struct progress *p)
{
    eta_free(&p->eta);
    free(p->results);
    p->results = NULL;
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

static size_t terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    if (width <= 0 && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    return width < 20 ? 80 : (size_t)width;
}

/* Names and errors may hold anything; a terminal would obey control characters. */
static void make_harmless(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p; p++) {
        bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;
        if (*p < 0x20 || *p == 0x7f || c1)
            *p = '?';
        if (c1)
            *++p = '?';
    }
}

/* The living line, cut to the terminal's width between characters. */
static void show_line(struct progress *p, char *text)
{
    if (p->quiet || !p->terminal)
        return;
    size_t width = terminal_width() - 1, letters = 0, end = 0;
    make_harmless(text);
    for (; text[end]; end++)
        if (((unsigned char)text[end] & 0xc0) != 0x80 && ++letters > width)
            break;
    fprintf(stderr, "\r\033[K%.*s", (int)end, text);
    fflush(stderr);
    p->line_open = true;
}

static void describe_cell(const struct record_cell *cell, char *text, size_t size)
{
    int n = snprintf(text, size, "%s  %s  context %lld", cell->backend, cell->model,
                     (long long)cell->context_length);
    if (cell->concurrency > 1 && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, "  concurrency %lld", (long long)cell->concurrency);
    make_harmless(text);
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
    if (p->quiet || !p->terminal)
        return;
    describe_cell(cell, p->cell, sizeof p->cell);
    double seconds = eta_left(&p->eta);
    if (!isnan(seconds))
        format_duration(seconds, left, sizeof left);
    snprintf(text, sizeof text, "[%zu/%zu%s%s%s] %s: %s %lld of %lld", p->finished + 1, p->cells,
             left[0] ? ", " : "", left, left[0] ? " left" : "", p->cell,
             warmup ? "warm-up" : "repetition", (long long)number, (long long)of);
    show_line(p, text);
}

void progress_took(struct progress *p, const struct record_cell *cell, double seconds)
{
    eta_took(&p->eta, eta_find(&p->eta, cell), seconds);
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

static void keep_result(struct progress *p, const struct record_cell *cell, double latency,
                        double decode_rate, const char *failure)
{
    int place = eta_find(&p->eta, cell);
    eta_ended(&p->eta, place);
    if (place < 0)
        return;
    struct summary_cell *result = &p->results[place];
    *result = (struct summary_cell){
        .ended = true, .prefill = cell->prefill, .latency_ms = latency, .decode_rate = decode_rate};
    snprintf(result->failure, sizeof result->failure, "%.*s", (int)strcspn(failure, ":"), failure);
}

static void put_failure(struct progress *p, const char *failure, bool alone)
{
    char text[1024];
    bool again = strncmp(failure, p->last_failure, sizeof p->last_failure - 1) == 0;
    snprintf(text, sizeof text, "%s", again ? "failed like the cell before" : failure);
    make_harmless(text);
    fprintf(stderr, "%s%s%s%s", alone ? "" : "; ", p->colour ? "\033[31m" : "", text,
            p->colour ? "\033[0m" : "");
    snprintf(p->last_failure, sizeof p->last_failure, "%s", failure);
}

void progress_cell(struct progress *p, const struct record_cell *cell,
                   const struct record_series *series, double decode_rate, const char *failure)
{
    char name[256], latency[32], decode[64] = "";
    size_t n;
    double median = series_median(series, &n);
    p->finished++;
    keep_result(p, cell, median, decode_rate, failure);
    progress_clear(p);
    if (p->quiet)
        return;
    describe_cell(cell, name, sizeof name);
    summary_latency(latency, sizeof latency, median);
    if (!isnan(decode_rate))
        snprintf(decode, sizeof decode, ", decode %.1f tok/s", decode_rate);
    fprintf(stderr, "%s[%zu/%zu]%s %s: ", p->colour ? "\033[2m" : "", p->finished, p->cells,
            p->colour ? "\033[0m" : "", name);
    if (n)
        fprintf(stderr, "%s %s%s (median of %zu)", cell->prefill ? "prefill" : "e2e", latency,
                decode, n);
    if (failure[0])
        put_failure(p, failure, n == 0);
    else if (!n)
        fputs("nothing measured", stderr);
    fputc('\n', stderr);
}

void progress_end(struct progress *p)
{
    struct buf b = {0};
    progress_clear(p);
    if (p->quiet || !p->terminal || p->finished < 2)
        return;
    summary_write(&b, p->eta.cells, p->results, p->eta.count, terminal_width());
    fprintf(stderr, "\n%s\n", buf_text(&b));
    buf_free(&b);
}
