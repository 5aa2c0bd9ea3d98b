/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/command/analysis_output.h"
#include "core/command/command.h"
#include "core/command/options.h"
#include "core/command/verify_tags.h"
#include "core/run/rundir.h"

static const char usage[] = "ctxmark verify RUN [-q|-v]\n"
                            "\n"
                            "Derives the cold tags of a run's rows and its analysis.json again, "
                            "and says value by value where\n"
                            "they do not agree with what is there.\n"
                            "\n"
                            "Exit status: 0 all agree, 1 something differs, 2 usage.\n";

void verify_differ(struct differences *d, const char *where, const char *there, const char *derived)
{
    if (d->count++ < VERIFY_SHOWN_MOST)
        printf("differs: %s is %s, derived %s\n", where, there, derived);
}

/* ---- analysis.json */

static void show(const json_t *v, char *text, size_t size)
{
    char *dump = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    snprintf(text, size, "%.60s", dump ? dump : "missing");
    free(dump);
}

static void compare_values(const json_t *a, const json_t *b, const char *path, size_t *values,
                           struct differences *d);

static void compare_objects(const json_t *a, const json_t *b, const char *path, size_t *values,
                            struct differences *d)
{
    const char *key;
    json_t *v;
    char where[512];
    json_object_foreach((json_t *)a, key, v)
    {
        snprintf(where, sizeof where, "%s.%s", path, key);
        compare_values(v, json_object_get(b, key), where, values, d);
    }
    json_object_foreach((json_t *)b, key, v)
    {
        snprintf(where, sizeof where, "%s.%s", path, key);
        if (!json_object_get(a, key))
            compare_values(NULL, v, where, values, d);
    }
}

static void compare_arrays(const json_t *a, const json_t *b, const char *path, size_t *values,
                           struct differences *d)
{
    char where[512];
    size_t n = json_array_size(a) > json_array_size(b) ? json_array_size(a) : json_array_size(b);
    for (size_t i = 0; i < n; i++) {
        snprintf(where, sizeof where, "%s[%zu]", path, i);
        compare_values(json_array_get(a, i), json_array_get(b, i), where, values, d);
    }
}

static void compare_values(const json_t *a, const json_t *b, const char *path, size_t *values,
                           struct differences *d)
{
    char there[80], derived[80];
    if (json_is_object(a) && json_is_object(b)) {
        compare_objects(a, b, path, values, d);
        return;
    }
    if (json_is_array(a) && json_is_array(b)) {
        compare_arrays(a, b, path, values, d);
        return;
    }
    ++*values;
    bool numbers = json_is_number(a) && json_is_number(b);
    if (numbers ? json_number_value(a) == json_number_value(b) : a && b && json_equal(a, b))
        return;
    show(a, there, sizeof there);
    show(b, derived, sizeof derived);
    verify_differ(d, path, there, derived);
}

/* The analyzers that the run used; the caller's. */
static char *analyzer_names(const json_t *manifest)
{
    struct buf b = {0};
    size_t i;
    json_t *a;
    json_array_foreach(json_object_get(manifest, "analyzers"), i, a)
        buf_printf(&b, "%s%s", i ? "," : "", json_string_value(json_object_get(a, "name")));
    return buf_take(&b);
}

static int derive(const char *folder, const char *csv, const json_t *manifest, json_t **ret,
                  struct err *e)
{
    struct config_analyzer *analyzers = NULL;
    size_t count = 0;
    struct registry *registry = registry_new(NULL, e);
    char *names = analyzer_names(manifest), *details = rundir_file(folder, "details.jsonl");
    int r = registry && names && details
                ? analyzers_select(registry, names, manifest, NULL, 0, &analyzers, &count, e)
                : err_memory(e);
    if (r == 0)
        r = analysis_make(csv, access(details, R_OK) == 0 ? details : NULL, manifest, NULL,
                          analyzers, count, ret, e);
    analyzers_free(analyzers, count);
    registry_free(registry);
    free(names);
    free(details);
    return r;
}

static int check_analysis(const char *folder, const char *csv, const json_t *manifest,
                          struct differences *d, struct err *e)
{
    json_t *there = rundir_read_json(folder, "analysis.json", e), *derived = NULL;
    size_t values = 0;
    int r = there ? derive(folder, csv, manifest, &derived, e) : -1;
    if (r == 0) {
        compare_values(there, derived, "analysis.json", &values, d);
        printf("%zu values of analysis.json derived again\n", values);
    }
    json_decref(there);
    json_decref(derived);
    return r;
}

int command_verify(int argc, char **argv)
{
    struct options o;
    struct err e;
    struct differences d = {0};
    int r = options_parse(&o, argc, argv, "", 1, 1, usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    if (r == 0) {
        const char *folder = o.operands[0];
        json_t *manifest = rundir_read_json(folder, "manifest.json", &e);
        char *csv = rundir_file(folder, "metrics.csv");
        if (manifest && csv && verify_tags(csv, manifest, &d, &e) == 0 &&
            check_analysis(folder, csv, manifest, &d, &e) == 0) {
            if (d.count > VERIFY_SHOWN_MOST)
                printf("... and %zu more\n", d.count - VERIFY_SHOWN_MOST);
            if (d.count)
                printf("%zu values differ\n", d.count);
            else
                printf("all agree\n");
            status = d.count ? EXIT_SOME_FAILED : EXIT_DONE;
        } else
            log_error("%s", e.text);
        free(csv);
        json_decref(manifest);
    }
    options_free(&o);
    return status;
}
