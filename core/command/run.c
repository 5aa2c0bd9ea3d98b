/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/command/analysis_output.h"
#include "core/command/check.h"
#include "core/command/command.h"
#include "core/command/options.h"
#include "core/report/report.h"
#include "core/run/identity.h"
#include "core/run/interrupt.h"
#include "core/run/manifest.h"
#include "core/run/run.h"

static const char usage[] =
    "ctxmark run CONFIG [-o DIR|--resume DIR] [--only KEY=GLOB]... [--set KEY=VALUE]... [-n] "
    "[-q|-v]\n"
    "\n"
    "Measures what CONFIG plans, analyses it, and writes a run directory.\n"
    "\n"
    "  -o, --output DIR     the run directory (default: runs/EXPERIMENT-DATE-TIME)\n"
    "      --resume DIR     goes on with a run that ended early, at its first missing repetition;\n"
    "                       without CONFIG with the config, --only and --set that it began with\n"
    "      --only KEY=GLOB  only these cells; KEY: backend, model, context_length, concurrency\n"
    "      --set KEY=VALUE  overrides a key of the config, for instance --set repetitions=3\n"
    "  -n, --dry-run        prints the plan and measures nothing\n"
    "  -q, --quiet          errors only;  -v, --verbose: more\n"
    "\n"
    "Exit status: 0 done, 1 some cells failed, 2 usage or config, 130 interrupted.\n";

/* Everything of one `ctxmark run`. */
struct job {
    struct options options;
    struct registry *registry;
    struct config *config;
    struct plan *plan;
    struct rundir dir;
    struct run run;
    struct resume before;    /* --resume */
    json_t *manifest_before; /* --resume */
};

static void job_free(struct job *j)
{
    record_close(&j->run.record);
    progress_free(&j->run.progress);
    json_decref(j->run.manifest);
    json_decref(j->run.store);
    json_decref(j->run.works);
    json_decref(j->run.limited);
    json_decref(j->manifest_before);
    resume_free(&j->before);
    rundir_close(&j->dir);
    plan_free(j->plan);
    config_free(j->config);
    registry_free(j->registry);
    options_free(&j->options);
}

/* A plugin that is not installed stops the run before anything is made, unless it is asked for as
 * rows. */
static int check_installed(const struct config *c, struct err *e)
{
    for (size_t i = 0; i < c->backend_count; i++)
        if (!c->backends[i].descriptor && !c->missing_as_rows)
            return err_set(e, "%s; or set on_missing_backend: rows to go on without it",
                           c->backends[i].missing);
    return 0;
}

/* A copy of the config file beside the results. */
static int keep_config(const struct job *j, struct err *e)
{
    char *text;
    size_t size;
    if (file_read(j->config->path, &text, &size, e) < 0)
        return -1;
    int r = rundir_write(j->dir.path, "config.yaml", text, size, e);
    free(text);
    return r;
}

/* What a new run and one that goes on have in common. */
static json_t *pairs_of(const struct options *o, bool sets)
{
    json_t *array = json_array();
    for (size_t i = 0; i < (sets ? o->set_count : o->filter_count); i++)
        json_array_append_new(array, json_pack("[s, s]", sets ? o->sets[i].key : o->filters[i].key,
                                               sets ? o->sets[i].value : o->filters[i].glob));
    return array;
}

static int prepare(struct job *j, char *const *command, struct err *e)
{
    struct run *run = &j->run;
    run->config = j->config;
    run->plan = j->plan;
    run->folder = j->dir.path;
    run->manifest = manifest_new(j->config, j->plan, j->dir.run_id, command, e);
    run->works = json_object();
    run->limited = json_object();
    if (!run->manifest)
        return -1;
    json_object_set_new(run->manifest, "set", pairs_of(&j->options, true));
    json_object_set_new(run->manifest, "only", pairs_of(&j->options, false));
    if (!run->works || !run->limited)
        return err_memory(e);
    if (getrandom(&run->nonce, sizeof run->nonce, 0) != sizeof run->nonce)
        return err_set(e, "no random numbers can be had for the prompts");
    return progress_init(&run->progress, j->config, j->plan, log_get_level() == LOG_QUIET, e);
}

static int begin(struct job *j, char *const *command, struct err *e)
{
    if (rundir_create(&j->dir, j->options.output, j->config->experiment, e) < 0 ||
        prepare(j, command, e) < 0)
        return -1;
    j->run.store = json_object();
    if (keep_config(j, e) < 0 ||
        rundir_write_json(j->dir.path, "manifest.json", j->run.manifest, e) < 0)
        return -1;
    return record_create(&j->run.record, j->dir.path, j->dir.run_id, e);
}

/* --resume: what is there counts, if it is still the same measurement. */
static int go_on(struct job *j, char *const *command, struct err *e)
{
    struct run *run = &j->run;
    struct resume *before = &j->before;
    struct err none;
    if (rundir_open(&j->dir, j->options.resume, e) < 0 || prepare(j, command, e) < 0 ||
        resume_compare(j->manifest_before, run->manifest, e) < 0 ||
        resume_read(before, j->dir.path, j->config, j->plan, e) < 0)
        return -1;
    const char *run_id = json_string_value(json_object_get(j->manifest_before, "run_id"));
    run->store = rundir_read_json(j->dir.path, "store.json", &none);
    if (!run->store)
        run->store = json_object();
    run->resume = before;
    run->seq = before->next_seq;
    run->done = before->done;
    run->failed = before->failed;
    manifest_resume(run, j->manifest_before);
    log_note("%lld repetitions are there already", (long long)before->done);
    if (record_reopen(&run->record, j->dir.path, run_id ? run_id : "", before->metrics_size,
                      before->details_size, before->rows, e) < 0)
        return -1;
    return rundir_write_json(j->dir.path, "manifest.json", run->manifest, e);
}

/* analysis.json, the report, and the findings on stdout. */
static int analyse(const struct job *j, struct err *e)
{
    const char *folder = j->dir.path;
    struct buf findings = {0};
    json_t *analysis = NULL;
    char *csv = rundir_file(folder, "metrics.csv"), *details = rundir_file(folder, "details.jsonl");
    int r = csv && details
                ? analysis_make(csv, details, j->run.manifest, NULL, j->config->analyzers,
                                j->config->analyzer_count, &analysis, e)
                : err_memory(e);
    if (r == 0)
        r = rundir_write_json(folder, "analysis.json", analysis, e);
    if (r == 0)
        r = analysis_render(folder, analysis, j->run.manifest, e);
    if (r == 0) {
        report_findings(analysis, 8, &findings);
        fputs(buf_text(&findings), stdout);
    }
    buf_free(&findings);
    json_decref(analysis);
    free(csv);
    free(details);
    return r;
}

/* The analysis reads all rows at once: in a process of its own, so that a long run needs no more
 * memory than a short one, and a failure there cannot touch what was measured. */
static int analyse_apart(const struct job *j, struct err *e)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return err_set(e, "cannot start a process for the analysis: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        status = analyse(j, e);
        if (status < 0)
            log_error("%s", e->text);
        fflush(NULL);
        _exit(status < 0);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_set(e, "the analysis is lost: %s", strerror(errno));
    if (WIFSIGNALED(status))
        return err_set(e, "the analysis was killed by signal %d", WTERMSIG(status));
    return status ? err_set(e, "the run could not be analysed") : 0;
}

static int finish(struct job *j, int measured, struct err *e)
{
    struct run *run = &j->run;
    progress_end(&run->progress);
    if (!run->stopped)
        identity_hash(json_object_get(run->manifest, "files"));
    manifest_finish(run);
    struct err e2;
    if (rundir_write_json(j->dir.path, "manifest.json", run->manifest, &e2) < 0)
        log_error("%s", e2.text);
    if (measured < 0) {
        log_error("%s", e->text);
        log_note("what was measured is in %s", j->dir.path);
        return EXIT_SOME_FAILED;
    }
    if (run->record.rows && analyse_apart(j, e) < 0) {
        log_error("%s", e->text);
        log_note("the rows are in %s/metrics.csv; try: ctxmark analyze %s", j->dir.path,
                 j->dir.path);
        return EXIT_SOME_FAILED;
    }
    if (run->record.rows)
        printf("%s/report.md\n%s/report.html\n", j->dir.path, j->dir.path);
    if (run->stopped) {
        log_note("interrupted; go on with: ctxmark run --resume %s", j->dir.path);
        return EXIT_INTERRUPTED;
    }
    return run->failed ? EXIT_SOME_FAILED : EXIT_DONE;
}

static int execute(struct job *j, char *const *command)
{
    struct err e = {"signals cannot be caught"};
    if (check_installed(j->config, &e) < 0 || interrupt_watch() < 0 ||
        (j->options.resume ? go_on(j, command, &e) : begin(j, command, &e)) < 0) {
        log_error("%s", e.text);
        return j->run.manifest && !j->options.resume ? EXIT_SOME_FAILED : EXIT_USAGE;
    }
    log_note("%zu cells, into %s", j->plan->cell_count * (size_t)j->config->launches, j->dir.path);
    int measured = run_measure(&j->run, &e);
    return finish(j, measured, &e);
}

/* Without CONFIG: the config, --set and --only of the run that is to go on. */
static int recall_arguments(struct job *j, struct err *e)
{
    struct options *o = &j->options;
    size_t i;
    json_t *pair;
    if (o->operand_count && !o->resume)
        return 0;
    if (!o->resume)
        return err_set(e, "run: CONFIG is missing; usage: ctxmark run CONFIG");
    j->manifest_before = rundir_read_json(o->resume, "manifest.json", e);
    if (!j->manifest_before)
        return -1;
    if (o->operand_count)
        return 0;
    const json_t *config = json_object_get(j->manifest_before, "config");
    o->operands[0] = json_string_value(json_object_get(config, "path"));
    if (!o->operands[0])
        return err_set(e, "%s/manifest.json does not name its config: give CONFIG", o->resume);
    if (o->set_count || o->filter_count)
        return 0;
    json_array_foreach(json_object_get(j->manifest_before, "set"), i,
                       pair) if (options_add_pair(o, true, pair) < 0) return err_memory(e);
    json_array_foreach(json_object_get(j->manifest_before, "only"), i,
                       pair) if (options_add_pair(o, false, pair) < 0) return err_memory(e);
    return 0;
}

int command_run(int argc, char **argv)
{
    struct job j = {.dir.lock_fd = -1, .run.record = {.metrics_fd = -1, .details_fd = -1}};
    struct err e;
    int r = options_parse(&j.options, argc, argv, "osyDr", 0, 1, usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    if (r == 0 && recall_arguments(&j, &e) < 0) {
        log_error("%s", e.text);
        r = -1;
    }
    if (r == 0) {
        const struct options *o = &j.options;
        j.config = config_read(o->operands[0], o->sets, o->set_count, &j.registry, &e);
        j.plan = j.config ? plan_make(j.config, o->filters, o->filter_count, &e) : NULL;
        if (!j.plan)
            log_error("%s", e.text);
        else if (o->dry_run) {
            check_print(j.config, j.plan);
            status = EXIT_DONE;
        } else
            status = execute(&j, argv);
    }
    job_free(&j);
    return status;
}
