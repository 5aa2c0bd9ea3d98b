/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/run.h"

#include <time.h>

#include "core/run/manifest.h"

int run_measure(struct run *run, struct err *e)
{
    for (size_t i = 0; i < run->plan->group_count && !run->stopped; i++) {
        const struct plan_group *g = &run->plan->groups[i];
        struct timespec began;
        clock_gettime(CLOCK_REALTIME, &began);
        if (run_group(run, g, e) < 0)
            return -1;
        manifest_add_span(run, g, &began);
        if (rundir_write_json(run->folder, "manifest.json", run->manifest, e) < 0 ||
            (json_object_size(run->store) &&
             rundir_write_json(run->folder, "store.json", run->store, e) < 0))
            return -1;
    }
    return 0;
}
