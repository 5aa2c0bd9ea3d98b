/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/command/report_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/tool.h"
#include "core/report/figure/svg.h"
#include "core/report/report.h"
#include "core/run/rundir.h"

#define PNG_SECONDS 30

unsigned report_formats(const char *names, struct err *e)
{
    static const struct {
        const char *name;
        unsigned bit;
    } known[] = {{"md", REPORT_MD}, {"html", REPORT_HTML}, {"term", REPORT_TERM}};
    unsigned formats = 0;
    while (*names) {
        size_t len = strcspn(names, ","), i = 0;
        while (i < 3 && (strlen(known[i].name) != len || strncmp(names, known[i].name, len) != 0))
            i++;
        if (i == 3) {
            err_set(e, "-f %.*s: the formats are md, html and term", (int)len, names);
            return 0;
        }
        formats |= known[i].bit;
        names += len + (names[len] == ',');
    }
    if (!formats)
        err_set(e, "-f: the formats are md, html and term");
    return formats;
}

/* ---- figures */

/* A picture of NAME.svg beside it, for programs that do not show SVG. */
static int convert(const char *tool, const char *folder, const char *name, struct err *e)
{
    char svg[PATH_MAX], png[PATH_MAX];
    int n = snprintf(svg, sizeof svg, "%s%s/%s.svg", *folder == '/' ? "" : "./", folder, name);
    int m = snprintf(png, sizeof png, "%s%s/%s.png", *folder == '/' ? "" : "./", folder, name);
    const char *argv[] = {tool, "--zoom=2", "--output", png, svg, NULL};
    if (n < 0 || (size_t)n >= sizeof svg || m < 0 || (size_t)m >= sizeof png)
        return err_set(e, "%s: the path is too long", folder);
    return tool_run(argv, NULL, PNG_SECONDS, e);
}

static int write_figure(const char *folder, const struct figure *f, const char *tool, struct err *e)
{
    char name[256];
    struct buf b = {0};
    snprintf(name, sizeof name, "%s.svg", f->name);
    svg_file(&b, f);
    int r = buf_ok(&b) ? rundir_write(folder, name, b.data, b.len, e) : err_memory(e);
    buf_free(&b);
    if (r == 0 && *tool && convert(tool, folder, f->name, e) < 0)
        log_warning("%s; %s/%s.svg is there", e->text, folder, f->name);
    return r;
}

static int write_figures(const char *folder, const struct figures *figures, struct err *e)
{
    char tool[PATH_MAX] = "";
    char *inside = rundir_file(folder, "figures");
    int r = inside ? 0 : err_memory(e);
    if (r == 0 && figures->first && mkdir(inside, 0777) < 0 && errno != EEXIST)
        r = err_set(e, "the folder %s cannot be made: %s", inside, strerror(errno));
    if (!tool_find("rsvg-convert", tool, sizeof tool)) {
        *tool = '\0';
        if (figures->first)
            log_note(
                "figures are SVG only: rsvg-convert (Debian: librsvg2-bin), which makes PNG of "
                "them, is not installed");
    }
    for (const struct figure *f = figures->first; f && r == 0; f = f->next)
        r = write_figure(inside, f, tool, e);
    free(inside);
    return r;
}

/* ---- terminal */

static unsigned terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    return width < 40 ? 80 : width > 160 ? 160 : (unsigned)width;
}

static int print_term(const struct report *r, struct err *e)
{
    char gnuplot[PATH_MAX] = "";
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    struct buf b = {0};
    if (!tool_find("gnuplot", gnuplot, sizeof gnuplot)) {
        *gnuplot = '\0';
        if (r->figures.first)
            log_note("there are no plots: gnuplot (Debian: gnuplot-nox) is not installed");
    }
    struct report_terminal terminal = {.width = terminal_width(),
                                       .colour = isatty(STDOUT_FILENO) &&
                                                 !(no_color && *no_color) && term &&
                                                 strcmp(term, "dumb") != 0,
                                       .gnuplot = gnuplot};
    report_term(r, &terminal, &b);
    bool good =
        buf_ok(&b) && fwrite(buf_text(&b), 1, b.len, stdout) == b.len && fflush(stdout) == 0;
    buf_free(&b);
    return good ? 0 : err_set(e, "the report cannot be printed: %s", strerror(errno));
}

/* ---- all */

static int write_view(const char *folder, const char *name, const struct report *r,
                      void (*render)(const struct report *, struct buf *), struct err *e)
{
    struct buf b = {0};
    render(r, &b);
    int status = buf_ok(&b) ? rundir_write(folder, name, b.data, b.len, e) : err_memory(e);
    buf_free(&b);
    return status;
}

int report_files(const char *folder, const json_t *analysis, const json_t *manifest,
                 const char *metrics, unsigned formats, struct err *e)
{
    struct report r;
    char *own = metrics ? NULL : rundir_file(folder, "metrics.csv");
    if (own && access(own, R_OK) == 0)
        metrics = own;
    int status = report_build(&r, analysis, manifest, metrics, formats & REPORT_FIGURES, e);
    free(own);
    if (status < 0)
        return -1;
    if (formats & (REPORT_MD | REPORT_HTML))
        status = write_figures(folder, &r.figures, e);
    if (status == 0 && formats & REPORT_MD)
        status = write_view(folder, "report.md", &r, report_markdown, e);
    if (status == 0 && formats & REPORT_HTML)
        status = write_view(folder, "report.html", &r, report_html, e);
    if (status == 0 && formats & REPORT_TERM)
        status = print_term(&r, e);
    report_free(&r);
    return status;
}
