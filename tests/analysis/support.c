/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/analysis/analysis.h"
#include "core/base/child.h"
#include "core/plugin/probe.h"
#include "core/plugin/registry.h"

int serve_child(int argc, char **argv)
{
    if (argc < 2 || strncmp(argv[1], CHILD_ARGUMENT, strlen(CHILD_ARGUMENT)) != 0)
        return -1;
    const char *role = argv[1] + strlen(CHILD_ARGUMENT);
    if (strcmp(role, "analyzer") == 0)
        return analyzer_child_main();
    return strcmp(role, "probe") == 0 ? probe_child_main() : 2;
}

const char *write_file(const char *text, size_t len)
{
    static char name[8][64];
    static unsigned next;
    char *path = name[next++ % 8];
    snprintf(path, sizeof name[0], "/tmp/ctxmark-test-XXXXXX");
    int fd = mkstemp(path);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f && len)
        fwrite(text, 1, len, f);
    if (f)
        fclose(f);
    return path;
}

void remove_file(const char *path)
{
    unlink(path);
}

struct frame *frame_from(const char *csv, size_t len, const char *details, struct err *e)
{
    const char *path = write_file(csv, len);
    const char *more = details ? write_file(details, strlen(details)) : NULL;
    struct frame *f = frame_read_csv(path, more, e);
    remove_file(path);
    if (more)
        remove_file(more);
    return f;
}

/* Reads the frame and runs the chosen analyzers over it. */
static json_t *run_over(const char *path, struct config_analyzer *a, size_t count,
                        const json_t *facts, struct err *e)
{
    json_t *analysis = NULL;
    struct frame *f = frame_read_csv(path, NULL, e);
    if (f && analysis_run(f, a, count, facts, NULL, 2, &analysis, e) < 0)
        analysis = NULL;
    frame_free(f);
    return analysis;
}

json_t *analyze_csv(const char *path, const char *names, const json_t *options, struct err *e)
{
    return analyze_csv_facts(path, names, options, NULL, e);
}

json_t *analyze_csv_facts(const char *path, const char *names, const json_t *options,
                          const json_t *facts, struct err *e)
{
    enum { MOST = 32 };
    struct config_analyzer chosen[MOST];
    size_t count = 0;
    json_t *analysis = NULL;
    setenv("CTXMARK_PLUGIN_PATH", PLUGIN_PATH, 1);
    struct registry *r = registry_new(NULL, e);
    bool found = r != NULL;
    while (found && *names && count < MOST) {
        char name[64];
        size_t len = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)len, names);
        names += len + (names[len] == ',');
        struct config_analyzer *c = &chosen[count++];
        *c = (struct config_analyzer){.options = json_object_get(options, name)};
        found = registry_find(r, name, CTXMARK_ANALYZER, &c->descriptor, e) == REGISTRY_FOUND;
    }
    if (found)
        analysis = run_over(path, chosen, count, facts, e);
    registry_free(r);
    return analysis;
}

static const json_t *find_in(const json_t *list, const char *key, const char *wanted,
                             const char *analyzer)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *have = json_string_value(json_object_get(item, key));
        const char *by = json_string_value(json_object_get(item, "analyzer"));
        if (have && strcmp(have, wanted) == 0 && (!analyzer || strcmp(by, analyzer) == 0))
            return item;
    }
    return NULL;
}

const json_t *table_of(const json_t *analysis, const char *analyzer, const char *name)
{
    return find_in(json_object_get(analysis, "tables"), "name", name, analyzer);
}

const json_t *value_of(const json_t *table, size_t row, const char *column)
{
    size_t i;
    json_t *c;
    json_array_foreach(
        json_object_get(table, "columns"), i,
        c) if (strcmp(json_string_value(json_object_get(c, "name")), column) ==
               0) return json_array_get(json_array_get(json_object_get(table, "rows"), row), i);
    return NULL;
}

const json_t *finding_of(const json_t *analysis, const char *id)
{
    return find_in(json_object_get(analysis, "findings"), "id", id, NULL);
}

const char *shared_file(const char *name)
{
    static char path[4096];
    const char *folder = getenv("CTXMARK_SHARED");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : SHARED, name);
    return access(path, R_OK) == 0 ? path : NULL;
}
