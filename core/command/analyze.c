/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/analysis/packed.h"
#include "core/command/analysis_output.h"
#include "core/command/command.h"
#include "core/command/options.h"
#include "core/command/report_files.h"
#include "core/command/source.h"
#include "core/report/report.h"
#include "core/run/rundir.h"

static const char analyze_usage[] =
    "ctxmark analyze RUN|CSV [-a NAME,...] [--set KEY=VALUE]... [-o DIR] [--json] [-q|-v]\n"
    "\n"
    "Analyses a run directory again, or a CSV file of measurements.  For a run directory, "
    "analysis.json,\n"
    "report.md, report.html and figures in it are renewed and the findings printed; for a CSV the\n"
    "report is printed.\n"
    "\n"
    "  -a, --analyzers NAME,...  these analyzers (default: as the run, else all installed)\n"
    "      --set KEY=VALUE       ANALYZER.OPTION=VALUE, or facts.KEY=VALUE (memory limit and the "
    "like)\n"
    "  -o, --output DIR          writes analysis.json and the report into this folder\n"
    "      --json                prints analysis.json instead\n";

static const char report_usage[] =
    "ctxmark report RUN [-f FORMATS] [--no-figures] [-q|-v]\n"
    "\n"
    "Renders the report of a run directory again, from its analysis.json.\n"
    "\n"
    "  -f, --format FORMATS  of md, html, term, separated by commas (default: md,html).  md and "
    "html\n"
    "                        are files, with figures/ beside them; term is printed\n"
    "      --no-figures      words and tables only\n";

/* ---- facts from the command line */

static json_t *fact_value(const char *text)
{
    char *end;
    double x = strtod(text, &end);
    return *text && !*end ? json_real(x) : json_string(text);
}

static json_t *facts_given(const struct options *o)
{
    json_t *facts = json_object();
    for (size_t i = 0; i < o->set_count; i++)
        if (strncmp(o->sets[i].key, "facts.", 6) == 0)
            json_object_set_new(facts, o->sets[i].key + 6, fact_value(o->sets[i].value));
    return facts;
}

/* The config's facts and those of the command line, which win. */
static void add_facts(json_t *manifest, const json_t *facts)
{
    json_t *effective = json_object_get(json_object_get(manifest, "config"), "effective");
    if (!json_object_get(effective, "facts"))
        json_object_set_new(effective, "facts", json_object());
    json_object_update(json_object_get(effective, "facts"), (json_t *)facts);
}

/* ---- output */

static int make_folder(const char *folder, struct err *e)
{
    if (mkdir(folder, 0777) < 0 && errno != EEXIST)
        return err_set(e, "the folder %s cannot be made: %s", folder, strerror(errno));
    return 0;
}

static void print_findings(const json_t *analysis)
{
    struct buf b = {0};
    report_findings(analysis, 0, &b);
    fputs(buf_text(&b), stdout);
    buf_free(&b);
}

static int put_files(const char *folder, const struct source *s, const json_t *analysis,
                     struct err *e)
{
    if (make_folder(folder, e) < 0 || rundir_write_json(folder, "analysis.json", analysis, e) < 0 ||
        report_files(folder, analysis, s->manifest, s->csv, REPORT_ALL, e) < 0)
        return -1;
    print_findings(analysis);
    printf("%s/report.md\n%s/report.html\n", folder, folder);
    return 0;
}

/* Tables are packed where JSON is asked for. */
static int put_stdout(const struct options *o, const struct source *s, const json_t *analysis,
                      struct err *e)
{
    struct buf b = {0};
    struct report r;
    if (!o->json && report_build(&r, analysis, s->manifest, NULL, false, e) < 0)
        return -1;
    if (o->json)
        packed_write(&b, analysis);
    else {
        report_markdown(&r, &b);
        report_free(&r);
    }
    int ok = buf_ok(&b) && fwrite(buf_text(&b), 1, b.len, stdout) == b.len && fflush(stdout) == 0;
    buf_free(&b);
    return ok ? 0 : err_set(e, "the report cannot be written: %s", strerror(errno));
}

static int put_analysis(const struct options *o, const struct source *s, const json_t *analysis,
                        struct err *e)
{
    const char *folder = o->output ? o->output : s->folder;
    return folder && !o->json ? put_files(folder, s, analysis, e) : put_stdout(o, s, analysis, e);
}

/* The largest thing by far: the process ends soon, and its memory with it. */
static json_t *volatile last_analysis;

static int analyze(const struct options *o, const struct source *s, struct err *e)
{
    struct registry *registry = registry_new(NULL, e);
    struct config_analyzer *analyzers = NULL;
    size_t count = 0;
    json_t *analysis = NULL, *facts = facts_given(o);
    int status = EXIT_USAGE;
    if (s->manifest)
        add_facts(s->manifest, facts);
    if (registry && analyzers_select(registry, o->analyzers, s->manifest, o->sets, o->set_count,
                                     &analyzers, &count, e) == 0) {
        status = EXIT_SOME_FAILED;
        if (analysis_make_packed(s->csv, s->details, s->manifest, facts, analyzers, count,
                                 &analysis, e) == 0 &&
            (o->json || packed_expand(analysis, e) == 0) && put_analysis(o, s, analysis, e) == 0)
            status = EXIT_DONE;
    }
    last_analysis = analysis;
    json_decref(facts);
    analyzers_free(analyzers, count);
    registry_free(registry);
    return status;
}

int command_analyze(int argc, char **argv)
{
    struct options o;
    struct source s = {0};
    struct err e;
    int r = options_parse(&o, argc, argv, "aosj", 1, 1, analyze_usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    if (r == 0) {
        if (source_open(&s, o.operands[0], &e) == 0)
            status = analyze(&o, &s, &e);
        if (status != EXIT_DONE)
            log_error("%s", e.text);
    }
    source_free(&s);
    options_free(&o);
    return status;
}

/* The folder's report in these formats; names of files that were written go to stdout. */
static int render_again(const struct source *s, unsigned formats, struct err *e)
{
    json_t *analysis = rundir_read_json(s->folder, "analysis.json", e);
    if (!analysis)
        return EXIT_USAGE;
    int r = report_files(s->folder, analysis, s->manifest, s->csv, formats, e);
    json_decref(analysis);
    if (r < 0)
        return EXIT_SOME_FAILED;
    if (formats & REPORT_MD)
        printf("%s/report.md\n", s->folder);
    if (formats & REPORT_HTML)
        printf("%s/report.html\n", s->folder);
    return EXIT_DONE;
}

int command_report(int argc, char **argv)
{
    struct options o;
    struct source s = {0};
    struct err e;
    int r = options_parse(&o, argc, argv, "fW", 1, 1, report_usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    unsigned formats = r == 0 ? report_formats(o.format ? o.format : "md,html", &e) : 0;
    if (formats && !o.no_figures)
        formats |= REPORT_FIGURES;
    if (formats && source_open(&s, o.operands[0], &e) == 0) {
        if (s.folder)
            status = render_again(&s, formats, &e);
        else
            err_set(&e, "%s is no run directory", o.operands[0]);
    }
    if (r == 0 && status != EXIT_DONE)
        log_error("%s", e.text);
    source_free(&s);
    options_free(&o);
    return status;
}
