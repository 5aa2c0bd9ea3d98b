/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LABEL 15 /* letters of the first column */
#define COLUMN 9 /* of each further one */

void summary_latency(char *text, size_t size, double ms)
{
    if (ms < 1000)
        snprintf(text, size, "%.*f ms", ms < 10 ? 2 : ms < 100 ? 1 : 0, ms);
    else
        snprintf(text, size, "%.*f s", ms < 1e6 ? 2 : 0, ms / 1000);
}

static bool same_series(const struct eta_cell *a, const struct eta_cell *b)
{
    return a->concurrency == b->concurrency && strcmp(a->backend, b->backend) == 0 &&
           strcmp(a->model, b->model) == 0;
}

static void put_label(struct buf *out, const char *label)
{
    buf_printf(out, "  %-*s", LABEL - 2, label);
}

static void put_cell(struct buf *out, const char *text)
{
    buf_printf(out, "%*s", COLUMN, text);
}

static void put_latency(struct buf *out, const struct summary_cell *c)
{
    char text[32] = "-";
    if (!isnan(c->latency_ms))
        summary_latency(text, sizeof text, c->latency_ms);
    else if (c->failure[0])
        snprintf(text, sizeof text, "%s", c->failure);
    put_cell(out, text);
}

static void put_rate(struct buf *out, const struct summary_cell *c)
{
    char text[32] = "-";
    if (!isnan(c->decode_rate))
        snprintf(text, sizeof text, "%.1f", c->decode_rate);
    put_cell(out, text);
}

/* One block: the cells at these places of the plan. */
static void put_block(struct buf *out, const struct eta_cell *plan,
                      const struct summary_cell *cells, const size_t *places, size_t n)
{
    char context[32];
    bool prefill = false, rates = false;
    for (size_t i = 0; i < n; i++) {
        prefill = prefill || cells[places[i]].prefill;
        rates = rates || !isnan(cells[places[i]].decode_rate);
    }
    put_label(out, "context");
    for (size_t i = 0; i < n; i++) {
        snprintf(context, sizeof context, "%lld", (long long)plan[places[i]].context_length);
        put_cell(out, context);
    }
    buf_putc(out, '\n');
    put_label(out, prefill ? "prefill" : "e2e");
    for (size_t i = 0; i < n; i++)
        put_latency(out, &cells[places[i]]);
    buf_putc(out, '\n');
    if (!rates)
        return;
    put_label(out, "decode tok/s");
    for (size_t i = 0; i < n; i++)
        put_rate(out, &cells[places[i]]);
    buf_putc(out, '\n');
}

static bool begins_series(const struct eta_cell *plan, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (same_series(&plan[i], &plan[place]))
            return false;
    return true;
}

void summary_write(struct buf *out, const struct eta_cell *plan, const struct summary_cell *cells,
                   size_t count, size_t width)
{
    enum { MOST = 32 };
    size_t places[MOST], fit = width > LABEL + COLUMN ? (width - LABEL) / COLUMN : 1;
    fit = fit > MOST ? MOST : fit;
    for (size_t first = 0; first < count; first++) {
        size_t n = 0;
        if (!begins_series(plan, first))
            continue;
        buf_printf(out, "%s  %s", plan[first].backend, plan[first].model);
        if (plan[first].concurrency > 1)
            buf_printf(out, "  concurrency %lld", (long long)plan[first].concurrency);
        buf_puts(out, " (medians)\n");
        for (size_t i = first; i < count; i++) {
            if (!cells[i].ended || !same_series(&plan[i], &plan[first]))
                continue;
            places[n++] = i;
            if (n == fit) {
                put_block(out, plan, cells, places, n);
                n = 0;
            }
        }
        if (n)
            put_block(out, plan, cells, places, n);
    }
}
