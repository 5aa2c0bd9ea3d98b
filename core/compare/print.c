/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/compare/print.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static double number_of(const json_t *o, const char *key)
{
    const json_t *x = json_object_get(o, key);
    return json_is_number(x) ? json_number_value(x) : NAN;
}

/* Text from outside on one line, control characters made harmless. */
static void put_text(struct buf *to, const char *text)
{
    for (; *text; text++)
        buf_putc(to, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

/* ---- the head */

static void put_side(struct buf *to, const json_t *comparison, const char *side)
{
    const json_t *o = json_object_get(comparison, side);
    buf_printf(to, "%s  ", *side == 'a' ? "A" : "B");
    put_text(to, text_of(o, "path"));
    if (*text_of(o, "run_id")) {
        buf_puts(to, " (");
        put_text(to, text_of(o, "run_id"));
        buf_puts(to, ")");
    }
    if (*text_of(o, "note")) {
        buf_puts(to, ": ");
        put_text(to, text_of(o, "note"));
    }
    buf_putc(to, '\n');
}

static void put_differences(struct buf *to, const json_t *list)
{
    size_t i;
    json_t *d;
    if (json_array_size(list))
        buf_puts(to, "\ndifferent, A against B:\n");
    json_array_foreach((json_t *)list, i, d)
    {
        buf_puts(to, "  ");
        put_text(to, text_of(d, "what"));
        buf_puts(to, ": ");
        put_text(to, text_of(d, "a"));
        buf_puts(to, " against ");
        put_text(to, text_of(d, "b"));
        buf_puts(to, *text_of(d, "allow") ? " (allowed)\n" : "\n");
    }
}

static void put_unmatched(struct buf *to, const json_t *list)
{
    size_t i;
    json_t *c;
    if (json_array_size(list))
        buf_puts(to, "\nnot compared:\n");
    json_array_foreach((json_t *)list, i, c)
    {
        buf_printf(to, "  %s of ", text_of(c, "mode"));
        put_text(to, text_of(c, "model"));
        buf_puts(to, " on ");
        put_text(to, text_of(c, "backend"));
        buf_printf(to, " at %lld tokens: ",
                   (long long)json_integer_value(json_object_get(c, "context_length")));
        put_text(to, text_of(c, "why"));
        buf_putc(to, '\n');
    }
}

/* ---- the table */

static void put_figure(struct buf *to, int width, int digits, double x)
{
    char text[40] = "-";
    if (isfinite(x))
        snprintf(text, sizeof text, "%.*g", digits, x);
    buf_printf(to, "%*s", width, text);
}

/* A latency: four digits at least, never an exponent. */
static void put_latency(struct buf *to, int width, double ms)
{
    if (isfinite(ms) && ms >= 999.5)
        buf_printf(to, "%*.0f", width, ms);
    else
        put_figure(to, width, 4, ms);
}

static bool same_text(const json_t *a, const json_t *b, const char *key)
{
    return strcmp(text_of(a, key), text_of(b, key)) == 0;
}

static bool by_launch(const json_t *row)
{
    return strcmp(text_of(row, "sample"), "launches") == 0;
}

static void put_interval(struct buf *to, const json_t *row)
{
    char text[64] = "-";
    double low = number_of(row, by_launch(row) ? "launch_ratio_low" : "ratio_low"),
           high = number_of(row, by_launch(row) ? "launch_ratio_high" : "ratio_high");
    if (isfinite(low) && isfinite(high))
        snprintf(text, sizeof text, "%.4g .. %.4g", low, high);
    buf_printf(to, "%18s", text);
}

static void put_p(struct buf *to, double p)
{
    char text[40] = "-";
    if (p < 1e-4)
        snprintf(text, sizeof text, "%.1e", p);
    else if (isfinite(p))
        snprintf(text, sizeof text, "%.3g", p);
    buf_printf(to, "%10s", text);
}

static void put_row(struct buf *to, const json_t *row)
{
    char n[64];
    bool launches = by_launch(row);
    const char *verdict = text_of(row, "verdict");
    snprintf(n, sizeof n, "%.0f/%.0f", number_of(row, launches ? "launches_a" : "n_a"),
             number_of(row, launches ? "launches_b" : "n_b"));
    buf_printf(to, "  %-7s %9.0f", text_of(row, "mode"), number_of(row, "context_length"));
    put_latency(to, 12, number_of(row, "median_a"));
    put_latency(to, 12, number_of(row, "median_b"));
    put_figure(to, 9, 4, number_of(row, launches ? "launch_ratio" : "ratio"));
    put_interval(to, row);
    put_p(to, number_of(row, "combined_holm"));
    buf_printf(to, "%8s  %s", n, verdict);
    if (strcmp(text_of(row, "regression"), "proven") == 0)
        buf_puts(to, ", regression");
    if (*text_of(row, "note")) {
        buf_puts(to, " (");
        put_text(to, text_of(row, "note"));
        buf_puts(to, ")");
    }
    buf_putc(to, '\n');
}

static void put_heading(struct buf *to, const json_t *row)
{
    double concurrency = number_of(row, "concurrency");
    buf_putc(to, '\n');
    put_text(to, text_of(row, "model"));
    buf_puts(to, " on ");
    put_text(to, text_of(row, "backend"));
    if (isfinite(concurrency))
        buf_printf(to, ", %.0f at once", concurrency);
    buf_printf(to, "\n  %-7s %9s%12s%12s%9s%18s%10s%8s  %s\n", "mode", "context", "A ms", "B ms",
               "B/A", "95 % interval", "p (Holm)", by_launch(row) ? "starts" : "n", "verdict");
}

static void put_cells(struct buf *to, const json_t *cells)
{
    size_t i;
    json_t *row;
    const json_t *before = NULL;
    json_array_foreach((json_t *)cells, i, row)
    {
        double x = number_of(row, "concurrency"), y = number_of(before, "concurrency");
        if (!before || !same_text(row, before, "model") || !same_text(row, before, "backend") ||
            (x != y && isfinite(x)))
            put_heading(to, row);
        put_row(to, row);
        before = row;
    }
}

/* ---- the answer */

static void put_verdict(struct buf *to, const json_t *comparison)
{
    const json_t *v = json_object_get(comparison, "verdict");
    buf_printf(to,
               "\noverall: %s%s: of %.0f cells B is faster in %.0f, slower in %.0f, equivalent "
               "within %g %% in %.0f; inconclusive in %.0f\n",
               text_of(v, "overall"),
               json_is_true(json_object_get(v, "by_launch")) ? "" : ", within one launch",
               number_of(v, "cells"), number_of(v, "faster"), number_of(v, "slower"),
               number_of(comparison, "margin_pct"), number_of(v, "equivalent"),
               number_of(v, "inconclusive"));
    if (*text_of(comparison, "gate"))
        buf_printf(to,
                   "more than %g %% slower: %s: proven in %.0f cells, excluded in %.0f, neither in "
                   "%.0f\n",
                   number_of(comparison, "fail_over_pct"), text_of(comparison, "gate"),
                   number_of(v, "proven"), number_of(v, "excluded"),
                   number_of(v, "cells") - number_of(v, "proven") - number_of(v, "excluded"));
}

void print_comparison(struct buf *to, const json_t *comparison)
{
    put_side(to, comparison, "a");
    put_side(to, comparison, "b");
    put_differences(to, json_object_get(comparison, "differences"));
    put_unmatched(to, json_object_get(comparison, "unmatched"));
    put_cells(to, json_object_get(comparison, "cells"));
    put_verdict(to, comparison);
}
