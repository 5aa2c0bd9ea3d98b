/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/command/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/run/rundir.h"

void source_free(struct source *s)
{
    free(s->csv);
    free(s->details);
    free(s->folder);
    json_decref(s->manifest);
}

int source_open(struct source *s, const char *path, struct err *e)
{
    struct stat st;
    memset(s, 0, sizeof *s);
    if (stat(path, &st) < 0)
        return err_set(e, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode)) {
        s->csv = strdup(path);
        return s->csv ? 0 : err_memory(e);
    }
    s->folder = strdup(path);
    s->csv = rundir_file(path, "metrics.csv");
    s->details = rundir_file(path, "details.jsonl");
    if (!s->folder || !s->csv || !s->details)
        return err_memory(e);
    if (access(s->csv, R_OK) != 0)
        return err_set(e, "%s is no run directory: it has no metrics.csv", path);
    if (access(s->details, R_OK) != 0) {
        free(s->details);
        s->details = NULL;
    }
    s->manifest = rundir_read_json(path, "manifest.json", e);
    if (!s->manifest)
        log_warning("%s; the analysis goes on without it", e->text);
    return 0;
}
