/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/sha256.h"
#include "core/command/analysis_output.h"
#include "core/command/command.h"
#include "core/command/options.h"
#include "core/exchange/imported.h"
#include "core/exchange/llama_bench.h"
#include "core/report/report.h"
#include "core/run/manifest.h"
#include "core/run/rundir.h"

static const char usage[] =
    "ctxmark import FILE [-o DIR] [-q|-v]\n"
    "\n"
    "Makes a run directory of what llama-bench wrote with -o json or -o jsonl, analyses it, and "
    "prints\n"
    "the findings.  A prompt test (pp) becomes prefill, a generation test (tg) decode at the "
    "context of its\n"
    "depth (-d), a test of both (-pg) e2e; prompts behind a filled context are left out, by name.\n"
    "\n"
    "  -o, --output DIR   the run directory (default: runs/NAME-DATE-TIME)\n";

struct job {
    const char *path;
    json_t *items, *manifest;
    struct imported imported;
    struct rundir dir;
    char *experiment;
};

static void job_free(struct job *j)
{
    imported_free(&j->imported);
    json_decref(j->items);
    json_decref(j->manifest);
    rundir_close(&j->dir);
    free(j->experiment);
}

/* The file's name without folder and suffix. */
static char *experiment_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return strndup(name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static int read_file(struct job *j, struct err *e)
{
    size_t i;
    json_t *text;
    j->items = llama_read(j->path, e);
    j->experiment = experiment_of(j->path);
    if (!j->items || imported_make(&j->imported, j->items, e) < 0)
        return -1;
    if (!j->experiment)
        return err_memory(e);
    json_array_foreach(j->imported.left_out, i, text)
        log_warning("%s: not imported: %s", j->path, json_string_value(text));
    if (!j->imported.count)
        return err_set(e, "%s: no test in it is a prefill, a decode or an e2e: nothing to import",
                       j->path);
    return 0;
}

static int write_rows(struct job *j, size_t *ret_rows, struct err *e)
{
    struct buf rows = {0};
    int done = imported_rows(&j->imported, j->dir.run_id, &rows, ret_rows, e);
    if (done == 0)
        done = rundir_write(j->dir.path, "metrics.csv", rows.data, rows.len, e);
    buf_free(&rows);
    return done;
}

static int write_manifest(struct job *j, size_t rows, struct err *e)
{
    char sha256[65];
    if (sha256_file(j->path, sha256, e) < 0)
        return -1;
    j->manifest =
        imported_manifest(&j->imported, j->dir.run_id, j->experiment, j->path, sha256, rows, e);
    return j->manifest ? rundir_write_json(j->dir.path, "manifest.json", j->manifest, e) : -1;
}

/* The analyzers stand in the manifest, as in that of a run: `verify` uses the same again. */
static void name_analyzers(struct job *j, const struct config_analyzer *analyzers, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array,
                              manifest_describe_plugin(analyzers[i].name, analyzers[i].descriptor,
                                                       analyzers[i].options));
    json_object_set_new(j->manifest, "analyzers", array);
}

static int put_analysis(struct job *j, const struct config_analyzer *analyzers, size_t count,
                        struct err *e)
{
    json_t *analysis = NULL;
    struct buf findings = {0};
    char *csv = rundir_file(j->dir.path, "metrics.csv");
    int done = csv ? analysis_make(csv, NULL, j->manifest, NULL, analyzers, count, &analysis, e)
                   : err_memory(e);
    if (done == 0)
        done = rundir_write_json(j->dir.path, "analysis.json", analysis, e);
    if (done == 0)
        done = analysis_render(j->dir.path, analysis, j->manifest, e);
    if (done == 0) {
        report_findings(analysis, 8, &findings);
        fputs(buf_text(&findings), stdout);
        printf("%s/report.md\n", j->dir.path);
    }
    buf_free(&findings);
    json_decref(analysis);
    free(csv);
    return done;
}

static int analyse(struct job *j, struct err *e)
{
    struct config_analyzer *analyzers = NULL;
    size_t count = 0;
    struct registry *registry = registry_new(NULL, e);
    int done = registry
                   ? analyzers_select(registry, NULL, j->manifest, NULL, 0, &analyzers, &count, e)
                   : -1;
    if (done == 0) {
        name_analyzers(j, analyzers, count);
        done = rundir_write_json(j->dir.path, "manifest.json", j->manifest, e);
    }
    if (done == 0)
        done = put_analysis(j, analyzers, count, e);
    analyzers_free(analyzers, count);
    registry_free(registry);
    return done;
}

static int import(struct job *j, const char *folder, struct err *e)
{
    size_t rows = 0;
    if (read_file(j, e) < 0 || rundir_create(&j->dir, folder, j->experiment, e) < 0)
        return EXIT_USAGE;
    if (write_rows(j, &rows, e) < 0 || write_manifest(j, rows, e) < 0)
        return EXIT_SOME_FAILED;
    log_note("%zu tests, %zu samples, into %s", j->imported.count, rows, j->dir.path);
    return analyse(j, e) < 0 ? EXIT_SOME_FAILED : EXIT_DONE;
}

int command_import(int argc, char **argv)
{
    struct options o;
    struct err e;
    struct job j = {.dir.lock_fd = -1};
    int r = options_parse(&o, argc, argv, "o", 1, 1, usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    if (r == 0) {
        j.path = o.operands[0];
        status = import(&j, o.output, &e);
        if (status != EXIT_DONE)
            log_error("%s", e.text);
    }
    job_free(&j);
    options_free(&o);
    return status;
}
