/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/flat.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/exchange/samples.h"

static bool is_known(const struct ctxmark_column *c, size_t row)
{
    if (c->type == CTXMARK_TEXT)
        return c->code && c->code[row] >= 0;
    return c->number && isfinite(c->number[row]);
}

static bool is_of_use(const struct ctxmark_column *c)
{
    for (size_t row = 0; row < c->count; row++)
        if (is_known(c, row))
            return true;
    return false;
}

/* Which columns to write; the caller's.  NULL: out of memory. */
static bool *choose_columns(struct buf *to, const struct frame *f)
{
    bool *wanted = calloc(f->column_count + 1, sizeof *wanted);
    to->failed = to->failed || !wanted;
    for (size_t i = 0; wanted && i < f->column_count; i++) {
        const struct ctxmark_column *c = frame_column_at(f, i);
        wanted[i] = c && is_of_use(c);
        to->failed = to->failed || !c;
    }
    return wanted;
}

/* ---- CSV */

static void put_field(struct buf *to, const struct ctxmark_column *c, size_t row)
{
    if (c->type == CTXMARK_TEXT)
        buf_csv(to, sample_text(c, row));
    else
        buf_number(to, sample_number(c, row));
}

void flat_csv(struct buf *to, const struct frame *f)
{
    bool *wanted = choose_columns(to, f);
    const char *before = "";
    for (size_t i = 0; wanted && i < f->column_count; i++)
        if (wanted[i]) {
            buf_puts(to, before);
            buf_csv(to, f->columns[i].name);
            before = ",";
        }
    for (size_t row = 0; wanted && row < f->row_count; row++) {
        before = "\n";
        for (size_t i = 0; i < f->column_count; i++)
            if (wanted[i]) {
                buf_puts(to, before);
                put_field(to, &f->columns[i].data, row);
                before = ",";
            }
    }
    buf_putc(to, '\n');
    free(wanted);
}

/* ---- JSON */

static void put_member(struct buf *to, const struct frame_column *c, size_t row)
{
    buf_printf(to, "\"%s\": ", c->name);
    if (c->data.type == CTXMARK_TEXT)
        json_write_text(to, sample_text(&c->data, row));
    else if (c->data.type == CTXMARK_FLAG)
        buf_puts(to, c->data.number[row] != 0 ? "true" : "false");
    else
        buf_number(to, c->data.number[row]);
}

void flat_json(struct buf *to, const struct frame *f)
{
    bool *wanted = choose_columns(to, f);
    for (size_t row = 0; wanted && row < f->row_count; row++) {
        const char *before = row ? ",\n {" : "[{";
        for (size_t i = 0; i < f->column_count; i++)
            if (wanted[i] && is_known(&f->columns[i].data, row)) {
                buf_puts(to, before);
                put_member(to, &f->columns[i], row);
                before = ", ";
            }
        buf_putc(to, '}');
    }
    buf_puts(to, f->row_count ? "]\n" : "[]\n");
    free(wanted);
}

/* ---- benchstat */

/* A part of a benchmark's name: no white space, and no '/' or '=', which divide the parts. */
static void put_part(struct buf *to, const char *key, const char *value)
{
    buf_printf(to, "/%s=", key);
    for (; *value; value++)
        buf_putc(to, isspace((unsigned char)*value) || strchr("/=", *value) ? '_' : *value);
}

static const char *benchmark_of(const char *mode)
{
    static const char *const names[][2] = {
        {"prefill", "Prefill"}, {"decode", "Decode"}, {"e2e", "E2E"}};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(mode, names[i][0]) == 0)
            return names[i][1];
    return "Other";
}

/* A name's last "-4" is taken for a number of processors, so it ends in the context. */
static void put_line(struct buf *to, const struct samples *s, const struct sample_cell *cell,
                     size_t row)
{
    double ms = sample_number(s->columns.latency, row),
           prompt = sample_number(s->columns.prompt_tokens, row),
           peak = sample_number(s->columns.peak_memory, row);
    bool prefill = strcmp(cell->mode, "prefill") == 0;
    double tokens = !prefill     ? (double)cell->generated
                    : prompt > 0 ? prompt
                                 : (double)cell->context;
    buf_printf(to, "Benchmark%s", benchmark_of(cell->mode));
    put_part(to, "backend", cell->backend);
    put_part(to, "model", cell->model);
    if (!prefill)
        buf_printf(to, "/tokens=%lld", (long long)cell->generated);
    buf_printf(to, "/context=%lld 1 %.0f ns/op", (long long)cell->context, ms * 1e6);
    if (tokens > 0) {
        buf_putc(to, ' ');
        buf_number(to, 1000 * tokens / ms);
        buf_puts(to, " tok/s");
    }
    if (peak >= 0)
        buf_printf(to, " %.0f peak-bytes", peak * 1048576);
    buf_putc(to, '\n');
}

int flat_benchstat(struct buf *to, const struct frame *f, struct err *e)
{
    struct samples s;
    if (samples_make(&s, f, e) < 0)
        return -1;
    buf_puts(to, "Unit ns/op better=lower\nUnit tok/s better=higher\n"
                 "Unit peak-bytes better=lower\n");
    for (size_t i = 0; i < s.count; i++)
        for (size_t k = 0; k < s.cells[i].count; k++)
            put_line(to, &s, &s.cells[i], s.cells[i].rows[k]);
    samples_free(&s);
    return 0;
}
