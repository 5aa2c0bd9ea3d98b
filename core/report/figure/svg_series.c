/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/svg_series.h"

#include <math.h>

#include "core/report/markup.h"
#include "core/report/value.h"

/* For viewers without CSS variables; the light scheme of svg_style. */
static const char *const colours[FIGURE_STYLES] = {"#0067a5", "#c44e00", "#00805c", "#a0468c",
                                                   "#8a6100", "#007f96", "#5a5f66", "#c2185b"};

/* Marks around (0, 0), of about the same area. */
static const char *const marks[FIGURE_STYLES] = {
    "m-4.6 0a4.6 4.6 0 1 0 9.2 0a4.6 4.6 0 1 0 -9.2 0z",
    "m-4.2-4.2h8.4v8.4h-8.4z",
    "m0-5.6l5.2 9h-10.4z",
    "m0-5.8l5.2 5.8l-5.2 5.8l-5.2-5.8z",
    "m0 5.6l5.2-9h-10.4z",
    "m-1.7-5.2h3.4v3.5h3.5v3.4h-3.5v3.5h-3.4v-3.5h-3.5v-3.4h3.5z",
    "m0-5.4l5.1 3.7l-1.9 6h-6.4l-1.9-6z",
    "m-5.4 0l2.7-4.7h5.4l2.7 4.7l-2.7 4.7h-5.4z",
};

/* Beyond so many marks they are drawn small. */
#define CLOUD 60

static void begin(struct buf *out, const struct figure_series *s, const char *attributes)
{
    buf_printf(out, "<g class=\"s%u\" stroke=\"%s\" fill=\"%s\" %s>\n", s->style, colours[s->style],
               colours[s->style], attributes);
}

static void add_place(struct buf *out, const char *verb, double x, double y)
{
    buf_printf(out, "%s%.1f %.1f", verb, x, y);
}

static bool has_interval(const struct figure *f, const struct figure_point *p)
{
    return figure_shows(f, p) && isfinite(p->low) && isfinite(p->high) && p->low <= p->high &&
           !(f->y.logarithmic && p->low <= 0);
}

void svg_series_band(struct buf *out, const struct figure *f, const struct figure_series *s,
                     const struct scale *x, const struct scale *y)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        n += has_interval(f, &s->at[i]);
    if (!s->band || n < 2)
        return;
    begin(out, s, "fill-opacity=\".16\" stroke-width=\"0\"");
    buf_puts(out, "<path d=\"");
    const char *verb = "M";
    for (size_t i = 0; i < s->count; i++)
        if (has_interval(f, &s->at[i])) {
            add_place(out, verb, scale_at(x, s->at[i].x), scale_at(y, s->at[i].high));
            verb = "L";
        }
    for (size_t i = s->count; i-- > 0;)
        if (has_interval(f, &s->at[i]))
            add_place(out, verb, scale_at(x, s->at[i].x), scale_at(y, s->at[i].low));
    buf_puts(out, "z\"/></g>\n");
}

/* The parts of the line that lead to a hollow point (or the others). */
static void add_line(struct buf *out, const struct figure *f, const struct figure_series *s,
                     const struct scale *x, const struct scale *y, bool hollow)
{
    const struct figure_point *before = NULL;
    bool open = false, any = false;
    for (size_t i = 0; i < s->count; i++) {
        const struct figure_point *p = &s->at[i];
        if (!figure_shows(f, p))
            continue;
        if (before && p->hollow == hollow) {
            if (!any)
                buf_puts(out, hollow ? "<path stroke-dasharray=\"2 4\" d=\"" : "<path d=\"");
            if (!open)
                add_place(out, "M", scale_at(x, before->x), scale_at(y, before->y));
            add_place(out, "L", scale_at(x, p->x), scale_at(y, p->y));
            any = true;
        }
        open = before && p->hollow == hollow;
        before = p;
    }
    if (any)
        buf_puts(out, "\"/>");
}

void svg_series_line(struct buf *out, const struct figure *f, const struct figure_series *s,
                     const struct scale *x, const struct scale *y)
{
    if (!s->line || s->count < 2)
        return;
    begin(out, s,
          s->dashed ? "style=\"fill:none\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\""
                    : "style=\"fill:none\" stroke-width=\"2\" stroke-linejoin=\"round\"");
    add_line(out, f, s, x, y, false);
    add_line(out, f, s, x, y, true);
    buf_puts(out, "</g>\n");
}

static void add_tooltip(struct buf *out, const struct figure *f, const struct figure_series *s,
                        const struct figure_point *p)
{
    struct buf b = {0};
    buf_puts(&b, s->name);
    buf_puts(&b, *s->name ? ", " : "");
    value_with_unit(&b, p->x, f->x.unit);
    buf_puts(&b, ": ");
    value_with_unit(&b, p->y, f->y.unit);
    if (has_interval(f, p)) {
        buf_puts(&b, " [");
        value_with_unit(&b, p->low, f->y.unit);
        buf_puts(&b, ", ");
        value_with_unit(&b, p->high, f->y.unit);
        buf_puts(&b, "]");
    }
    buf_puts(out, "<title>");
    markup_text(out, buf_text(&b));
    buf_puts(out, "</title>");
    buf_free(&b);
}

void svg_series_points(struct buf *out, const struct figure *f, const struct figure_series *s,
                       const struct scale *x, const struct scale *y)
{
    if (!s->points || !s->count)
        return;
    begin(out, s, "stroke-width=\"1.6\"");
    for (size_t i = 0; i < s->count; i++) {
        const struct figure_point *p = &s->at[i];
        if (!figure_shows(f, p))
            continue;
        buf_printf(out, "<path class=\"%s\"%s transform=\"translate(%.1f %.1f)%s\" d=\"M0 0%s\">",
                   p->hollow || s->hollow ? "open" : "mark",
                   p->hollow || s->hollow ? " fill=\"#fff\"" : " stroke=\"#fff\"",
                   scale_at(x, p->x), scale_at(y, p->y), s->count > CLOUD ? "scale(.6)" : "",
                   marks[s->style]);
        add_tooltip(out, f, s, p);
        buf_puts(out, "</path>\n");
    }
    buf_puts(out, "</g>\n");
}

void svg_series_sample(struct buf *out, const struct figure_series *s, double x, double y)
{
    begin(out, s, "stroke-width=\"2\"");
    if (s->band && !s->line && !s->points)
        buf_printf(out,
                   "<path fill-opacity=\".16\" stroke-width=\"0\" d=\"M%.1f %.1fh32v10h-32z\"/>", x,
                   y - 5);
    if (s->line)
        buf_printf(out, "<path%s d=\"M%.1f %.1fh32\"/>",
                   s->dashed ? " stroke-dasharray=\"6 4\" stroke-width=\"1.5\"" : "", x, y);
    if (s->points)
        buf_printf(out, "<path stroke-width=\"1.6\"%s d=\"M%.1f %.1f%s\"/>",
                   s->hollow ? " class=\"open\" fill=\"#fff\"" : "", x + 16, y, marks[s->style]);
    buf_puts(out, "</g>");
}

void svg_series_words(struct buf *out, const struct figure *f, const struct figure_series *s)
{
    const struct figure_point *first = NULL, *last = NULL;
    struct buf b = {0};
    for (size_t i = 0; i < s->count; i++)
        if (figure_shows(f, &s->at[i])) {
            first = first ? first : &s->at[i];
            last = &s->at[i];
        }
    buf_puts(&b, s->name);
    if (first) {
        buf_puts(&b, " from ");
        value_with_unit(&b, first->y, f->y.unit);
        buf_puts(&b, " at ");
        value_with_unit(&b, first->x, "");
        buf_puts(&b, " to ");
        value_with_unit(&b, last->y, f->y.unit);
        buf_puts(&b, " at ");
        value_with_unit(&b, last->x, "");
    }
    markup_text(out, buf_text(&b));
    buf_free(&b);
}
