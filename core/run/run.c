/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/run.h"

int run_measure(struct run *run, struct err *e)
{
    for (size_t i = 0; i < run->plan->group_count && !run->stopped; i++) {
        if (run_group(run, &run->plan->groups[i], e) < 0)
            return -1;
        if (rundir_write_json(run->folder, "manifest.json", run->manifest, e) < 0 ||
            (json_object_size(run->store) &&
             rundir_write_json(run->folder, "store.json", run->store, e) < 0))
            return -1;
    }
    return 0;
}
