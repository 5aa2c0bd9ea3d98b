/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/gnuplot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/tool.h"
#include "core/report/figure/scale.h"
#include "core/report/value.h"

#define LINES 20

/* A folder for one drawing. */
struct scratch {
    char folder[512], data[544], script[544], output[544];
};

static int scratch_make(struct scratch *s, struct err *e)
{
    const char *parent = getenv("TMPDIR");
    int n = snprintf(s->folder, sizeof s->folder, "%s/ctxmark-plot.XXXXXX",
                     parent && *parent ? parent : "/tmp");
    if (n < 0 || (size_t)n >= sizeof s->folder || !mkdtemp(s->folder))
        return err_set(e, "no temporary folder can be made for gnuplot: %s", strerror(errno));
    snprintf(s->data, sizeof s->data, "%s/data", s->folder);
    snprintf(s->script, sizeof s->script, "%s/script", s->folder);
    snprintf(s->output, sizeof s->output, "%s/output", s->folder);
    return 0;
}

static void scratch_remove(const struct scratch *s)
{
    unlink(s->data);
    unlink(s->script);
    unlink(s->output);
    rmdir(s->folder);
}

static int write_text(const char *path, const struct buf *b, struct err *e)
{
    FILE *file = buf_ok(b) ? fopen(path, "w") : NULL;
    bool good = file && fwrite(buf_text(b), 1, b->len, file) == b->len;
    if (file && fclose(file) != 0)
        good = false;
    return good ? 0 : err_set(e, "%s cannot be written: %s", path, strerror(errno));
}

static bool is_drawn(const struct figure *f, const struct figure_series *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (*s->name && figure_shows(f, &s->at[i]))
            return true;
    return false;
}

/* A block for each series, its name in quotes at the head. */
static void put_data(struct buf *out, const struct figure *f)
{
    for (size_t i = 0; i < f->series_count; i++) {
        const struct figure_series *s = &f->series[i];
        struct buf name = {0};
        if (!is_drawn(f, s))
            continue;
        value_line(&name, s->name);
        for (size_t k = 0; k < name.len; k++)
            if (strchr("\"\\#", name.data[k]))
                name.data[k] = '\'';
        buf_printf(out, "x \"%s\"\n", buf_text(&name));
        buf_free(&name);
        for (size_t k = 0; k < s->count; k++)
            if (figure_shows(f, &s->at[k])) {
                buf_number(out, s->at[k].x);
                buf_putc(out, ' ');
                buf_number(out, s->at[k].y);
                buf_putc(out, '\n');
            }
        buf_puts(out, "\n\n");
    }
}

static void put_ticks(struct buf *out, const struct figure *f, unsigned width)
{
    struct tick ticks[TICK_MOST];
    struct scale x = scale_make(f, false, 0, width - 12.0);
    size_t n = scale_ticks(&x, f, false, 2, 1, ticks);
    buf_puts(out, "set xrange [");
    buf_number(out, x.low);
    buf_puts(out, ":");
    buf_number(out, x.high);
    buf_puts(out, "]\nset xtics (");
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i ? ", " : "");
        buf_number(out, ticks[i].value);
    }
    buf_puts(out, ")\n");
}

static void put_script(struct buf *out, const struct figure *f, unsigned width)
{
    size_t index = 0;
    buf_printf(out, "set encoding utf8\nset terminal dumb noenhanced size %u,%u\n", width,
               LINES + (unsigned)f->series_count);
    buf_puts(out, f->x.logarithmic ? "set logscale x\n" : "");
    buf_puts(out, f->y.logarithmic ? "set logscale y\n" : "");
    buf_puts(out, "set format \"%g\"\nset key below left noenhanced\nunset mxtics\n");
    put_ticks(out, f, width);
    for (size_t i = 0; i < f->series_count; i++) {
        if (!is_drawn(f, &f->series[i]))
            continue;
        buf_printf(out, "%s index %zu using 1:2 with points title columnheader(2)",
                   index ? ", \"data\"" : "plot \"data\"", index);
        index++;
    }
    buf_puts(out, "\n");
}

static int add_output(const char *path, struct buf *out, struct err *e)
{
    FILE *file = fopen(path, "r");
    char line[1024];
    if (!file)
        return err_set(e, "%s cannot be read: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file)) {
        size_t len = strcspn(line, "\n");
        while (len && strchr(" \f", line[len - 1]))
            len--;
        line[len] = '\0';
        if (!len)
            continue;
        value_line(out, line);
        buf_putc(out, '\n');
    }
    fclose(file);
    return 0;
}

int gnuplot_draw(const char *gnuplot, const struct figure *f, unsigned width, struct buf *out,
                 struct err *e)
{
    struct scratch s;
    struct buf data = {0}, script = {0};
    if (scratch_make(&s, e) < 0)
        return -1;
    put_data(&data, f);
    buf_printf(&script, "cd \"%s\"\n", s.folder);
    put_script(&script, f, width);
    const char *argv[] = {gnuplot, "-d", s.script, NULL};
    int r = write_text(s.data, &data, e) < 0 || write_text(s.script, &script, e) < 0 ||
                    tool_run(argv, s.output, 20, e) < 0 || add_output(s.output, out, e) < 0
                ? -1
                : 0;
    buf_free(&data);
    buf_free(&script);
    scratch_remove(&s);
    return r;
}
