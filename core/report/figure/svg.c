/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/report/figure/svg.h"

#include <math.h>
#include <string.h>

#include "core/report/figure/scale.h"
#include "core/report/figure/svg_series.h"
#include "core/report/markup.h"

#define WIDTH 430
#define LEFT 60
#define RIGHT 18
#define TOP 14
#define HEIGHT 250 /* of the plot itself */
#define AXIS 52    /* ticks and label of the x axis */
#define ROW 21     /* of the legend, and of lines of text */
#define LETTER 7.1 /* mean width of a letter at 13 px */

/* Contrasts against the ground: text 4.5:1 at least, lines and marks 3:1 at least, in both schemes.
 * Hues after Okabe and Ito, darkened or lightened for that. */
const char svg_style[] =
    ".fig{--bg:#fff;--fg:#1b1f24;--mute:#57606a;--grid:#e3e6ea;--rule:#6b7280;"
    "--s0:#0067a5;--s1:#c44e00;--s2:#00805c;--s3:#a0468c;--s4:#8a6100;--s5:#007f96;--s6:#5a5f66;"
    "--s7:#c2185b;font:13px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}"
    "@media(prefers-color-scheme:dark){.fig{--bg:#14181d;--fg:#e8eaed;--mute:#a9b2bd;"
    "--grid:#2b323a;--rule:#9aa3ae;--s0:#5ab0f0;--s1:#ff8f4f;--s2:#2fc79a;--s3:#e39bd0;"
    "--s4:#e5b73b;--s5:#4fd0e6;--s6:#b4bac2;--s7:#ff7fa8}}"
    "@media print{.fig{--bg:#fff;--fg:#000;--mute:#444;--grid:#ddd;--rule:#555;"
    "--s0:#0067a5;--s1:#c44e00;--s2:#00805c;--s3:#a0468c;--s4:#8a6100;--s5:#007f96;--s6:#5a5f66;"
    "--s7:#c2185b}}"
    ".fig .ground{fill:var(--bg)}.fig text{fill:var(--fg)}.fig .mute{fill:var(--mute)}"
    ".fig .grid{stroke:var(--grid)}.fig .rule{stroke:var(--rule)}"
    ".fig .halo{fill:var(--fg);stroke:var(--bg)}.fig .open{fill:var(--bg)}.fig "
    ".mark{stroke:var(--bg);stroke-width:1}"
    ".fig .s0{stroke:var(--s0);fill:var(--s0)}.fig .s1{stroke:var(--s1);fill:var(--s1)}"
    ".fig .s2{stroke:var(--s2);fill:var(--s2)}.fig .s3{stroke:var(--s3);fill:var(--s3)}"
    ".fig .s4{stroke:var(--s4);fill:var(--s4)}.fig .s5{stroke:var(--s5);fill:var(--s5)}"
    ".fig .s6{stroke:var(--s6);fill:var(--s6)}.fig .s7{stroke:var(--s7);fill:var(--s7)}";

/* ---- words over several lines */

/* The bytes of the next line of at most `most` letters. */
static size_t line_length(const char *text, size_t most)
{
    size_t letters = 0, end = 0, i = 0;
    for (; text[i]; i++) {
        if (text[i] == ' ')
            end = i;
        if (((unsigned char)text[i] & 0xc0) != 0x80 && ++letters > most)
            return end ? end : i;
    }
    return i;
}

/* Lines of text from (LEFT or 8, y) on; returns where the next one would stand.  out NULL: only
 * that. */
static double add_words(struct buf *out, const char *words, double y, double size,
                        const char *attributes)
{
    char line[512];
    size_t most = (size_t)((WIDTH - 16) / (LETTER * size / 13));
    while (*words) {
        size_t n = line_length(words, most);
        snprintf(line, sizeof line, "%.*s", (int)n, words);
        words += n;
        words += strspn(words, " ");
        y += size + 5;
        if (!out)
            continue;
        buf_printf(out, "<text x=\"8\" y=\"%.0f\" font-size=\"%.0f\" %s>", y, size, attributes);
        markup_text(out, line);
        buf_puts(out, "</text>\n");
    }
    return y;
}

/* ---- axes */

static void add_y_axis(struct buf *out, const struct figure *f, const struct scale *y)
{
    struct tick ticks[TICK_MOST];
    size_t n = scale_ticks(y, f, true, 18, 0, ticks);
    for (size_t i = 0; i < n; i++) {
        double at = scale_at(y, ticks[i].value);
        buf_printf(out,
                   "<path class=\"grid\" stroke=\"#e3e6ea\" d=\"M%d %.1fH%d\"/>"
                   "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                   LEFT, at, WIDTH - RIGHT, LEFT - 7, at + 4.5);
        markup_text(out, ticks[i].label);
        buf_puts(out, "</text>\n");
    }
}

static void add_x_axis(struct buf *out, const struct figure *f, const struct scale *x, double base)
{
    struct tick ticks[TICK_MOST];
    size_t n = scale_ticks(x, f, false, 14, LETTER, ticks);
    for (size_t i = 0; i < n; i++) {
        double at = scale_at(x, ticks[i].value);
        buf_printf(out,
                   "<path class=\"grid\" stroke=\"#e3e6ea\" d=\"M%.1f %.0fV%.0f\"/>"
                   "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">%s</text>\n",
                   at, base - HEIGHT, base, at, base + 18, ticks[i].label);
    }
    buf_printf(out, "<path class=\"rule\" stroke=\"#6b7280\" d=\"M%d %.0fH%d\"/>\n", LEFT, base,
               WIDTH - RIGHT);
    buf_printf(out,
               "<text class=\"mute\" fill=\"#57606a\" x=\"%d\" y=\"%.0f\" text-anchor=\"middle\">",
               (LEFT + WIDTH - RIGHT) / 2, base + 39);
    markup_text(out, f->x.label);
    if (*f->x.unit) {
        buf_puts(out, " (");
        markup_text(out, f->x.unit);
        buf_puts(out, ")");
    }
    buf_puts(out, f->x.logarithmic ? ", log scale" : "");
    buf_puts(out, "</text>\n");
}

/* Above the plot, flush left: rotated words are hard to read. */
static double add_y_label(struct buf *out, const struct figure *f, double top)
{
    buf_printf(out, "<text class=\"mute\" fill=\"#57606a\" x=\"8\" y=\"%.0f\">", top + 13);
    markup_text(out, f->y.label);
    if (*f->y.unit && !scale_ticks_have_unit(&f->y)) {
        buf_puts(out, " (");
        markup_text(out, f->y.unit);
        buf_puts(out, ")");
    }
    buf_printf(out, "%s</text>\n", f->y.logarithmic ? ", log scale" : "");
    return top + 24;
}

static size_t letters_of(const char *text)
{
    size_t n = 0;
    for (const char *p = text; *p; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    return n;
}

/* How many marks lie under words of that width from (left, bottom) on. */
static size_t marks_under(const struct figure *f, const struct scale *x, const struct scale *y,
                          double left, double width, double bottom)
{
    size_t n = 0;
    for (size_t i = 0; i < f->series_count; i++)
        for (size_t k = 0; k < f->series[i].count; k++) {
            const struct figure_point *p = &f->series[i].at[k];
            if (!figure_shows(f, p))
                continue;
            double px = scale_at(x, p->x), py = scale_at(y, p->y);
            n += px > left - 6 && px < left + width + 6 && py > bottom - 18 && py < bottom + 8;
        }
    return n;
}

/* Above its line, at the end where fewer marks are. */
static double place_of_name(const struct figure *f, const struct figure_limit *l,
                            const struct scale *x, const struct scale *y, double at)
{
    double width = LETTER * 12 / 13 * (double)letters_of(l->name), left = LEFT + 5,
           right = WIDTH - RIGHT - width - 3;
    return marks_under(f, x, y, left, width, at) <= marks_under(f, x, y, right, width, at) ? left
                                                                                           : right;
}

static void add_limits(struct buf *out, const struct figure *f, const struct scale *x,
                       const struct scale *y)
{
    for (size_t i = 0; i < f->limit_count; i++) {
        const struct figure_limit *l = &f->limits[i];
        const struct scale *s = l->vertical ? x : y;
        if (!isfinite(l->value) || l->value < s->low || l->value > s->high)
            continue;
        double at = scale_at(s, l->value);
        buf_puts(out, "<path class=\"rule\" stroke=\"#6b7280\" stroke-dasharray=\"7 4\" ");
        if (l->vertical)
            buf_printf(out, "d=\"M%.1f %.1fV%.1f\"/>", at, y->to, y->from);
        else
            buf_printf(out, "d=\"M%d %.1fH%d\"/>", LEFT, at, WIDTH - RIGHT);
        buf_printf(out,
                   "<text class=\"halo\" stroke=\"#fff\" stroke-width=\"4\" "
                   "stroke-linejoin=\"round\" paint-order=\"stroke\" font-size=\"12\" "
                   "x=\"%.1f\" y=\"%.1f\">",
                   l->vertical ? at + 4 : place_of_name(f, l, x, y, at),
                   l->vertical ? y->to + 12 : at - 4);
        markup_text(out, l->name);
        buf_puts(out, "</text>\n");
    }
}

/* ---- legend */

/* Entries side by side as they fit; returns where the legend ends.  out NULL: only that. */
static double add_legend(struct buf *out, const struct figure *f, double top)
{
    double x = 8, y = top;
    bool any = false;
    for (size_t i = 0; i < f->series_count; i++) {
        const struct figure_series *s = &f->series[i];
        double width = 40 + LETTER * (double)letters_of(s->name) + 18;
        if (!*s->name || !s->count)
            continue;
        if (!any || x + width > WIDTH) {
            x = 8;
            y += ROW;
        }
        any = true;
        if (out) {
            svg_series_sample(out, s, x, y - 4.5);
            buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\">", x + 40, y);
            markup_text(out, s->name);
            buf_puts(out, "</text>\n");
        }
        x += width;
    }
    return any ? y + 8 : y;
}

/* ---- the whole */

static void add_plot(struct buf *out, const struct figure *f, double top)
{
    struct scale x = scale_make(f, false, LEFT, WIDTH - RIGHT),
                 y = scale_make(f, true, top + HEIGHT, top);
    add_y_axis(out, f, &y);
    add_x_axis(out, f, &x, top + HEIGHT);
    for (size_t i = 0; i < f->series_count; i++)
        svg_series_band(out, f, &f->series[i], &x, &y);
    for (size_t i = 0; i < f->series_count; i++)
        svg_series_line(out, f, &f->series[i], &x, &y);
    add_limits(out, f, &x, &y);
    for (size_t i = 0; i < f->series_count; i++)
        svg_series_points(out, f, &f->series[i], &x, &y);
}

static void add_description(struct buf *out, const struct figure *f)
{
    buf_printf(out, "<title id=\"fig-%s-t\">", f->name);
    markup_text(out, f->title);
    buf_printf(out, "</title>\n<desc id=\"fig-%s-d\">", f->name);
    markup_text(out, f->y.label);
    buf_puts(out, " by ");
    markup_text(out, f->x.label);
    for (size_t i = 0, n = 0; i < f->series_count; i++) {
        if (!*f->series[i].name || !f->series[i].count)
            continue;
        buf_puts(out, n++ ? "; " : ": ");
        svg_series_words(out, f, &f->series[i]);
    }
    buf_puts(out, ". ");
    markup_text(out, f->note);
    buf_puts(out, "</desc>\n");
}

static void add_figure(struct buf *out, const struct figure *f, bool file)
{
    double top = file ? add_words(NULL, f->title, 6, 15, "") + 6 : 0, end;
    double plot = top + 24 + TOP;
    end = add_legend(NULL, f, plot + HEIGHT + AXIS);
    if (file && *f->note)
        end = add_words(NULL, f->note, end + 2, 12, "") + 8;
    buf_printf(out,
               "<svg class=\"fig\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" "
               "%srole=\"img\" aria-labelledby=\"fig-%s-t fig-%s-d\" font-size=\"13\" "
               "font-family=\"system-ui, 'DejaVu Sans', sans-serif\">\n",
               WIDTH, end + 4, "", f->name, f->name);
    add_description(out, f);
    if (file)
        buf_printf(out, "<style>%s</style>\n", svg_style);
    if (file)
        buf_puts(out, "<rect class=\"ground\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    if (file)
        add_words(out, f->title, 6, 15, "font-weight=\"600\"");
    add_y_label(out, f, top);
    add_plot(out, f, plot);
    end = add_legend(out, f, plot + HEIGHT + AXIS);
    if (file)
        add_words(out, f->note, end + 2, 12, "class=\"mute\" fill=\"#57606a\"");
    buf_puts(out, "</svg>\n");
}

void svg_inline(struct buf *out, const struct figure *f)
{
    add_figure(out, f, false);
}

void svg_file(struct buf *out, const struct figure *f)
{
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    add_figure(out, f, true);
}
