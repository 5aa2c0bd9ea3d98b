/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/order.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

bool analyzer_has_name(const struct config_analyzer *a, const char *name)
{
    if (strcmp(a->descriptor->name, name) == 0)
        return true;
    for (char **alias = a->descriptor->aliases; alias && *alias; alias++)
        if (strcmp(*alias, name) == 0)
            return true;
    return false;
}

bool analyzer_waits_for(const struct config_analyzer *late, const struct config_analyzer *early)
{
    for (char **after = late->descriptor->after; after && *after; after++)
        if (analyzer_has_name(early, *after))
            return true;
    return false;
}

static int check_names(const struct config_analyzer *a, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++)
            if (strcmp(a[i].descriptor->name, a[k].descriptor->name) == 0)
                return err_set(e, "two analyzers are named '%s' (%s and %s); leave one of them out",
                               a[i].descriptor->name, a[i].descriptor->path, a[k].descriptor->path);
    return 0;
}

/* Follows what waits from one that is stuck until one comes up again: those between are a cycle. */
static int name_cycle(const struct config_analyzer *a, size_t count, const bool *done, size_t from,
                      struct err *e)
{
    struct buf text = {0};
    bool *listed = calloc(count, sizeof *listed);
    if (!listed)
        return err_memory(e);
    /* After `count` steps we are certainly on the cycle. */
    for (size_t step = 0, at = from; step < 2 * count + 1; step++) {
        if (step >= count && listed[at])
            break;
        if (step >= count) {
            listed[at] = true;
            buf_printf(&text, "%s waits for ", a[at].descriptor->name);
            from = step == count ? at : from;
        }
        for (size_t k = 0; k < count; k++)
            if (!done[k] && analyzer_waits_for(&a[at], &a[k])) {
                at = k;
                break;
            }
    }
    free(listed);
    err_set(e, "analyzers wait for each other: %s%s; leave one of them out", buf_text(&text),
            a[from].descriptor->name);
    buf_free(&text);
    return -1;
}

static bool is_ready(const struct config_analyzer *a, size_t count, const bool *done, size_t i)
{
    for (size_t k = 0; k < count; k++)
        if (!done[k] && analyzer_waits_for(&a[i], &a[k]))
            return false;
    return true;
}

int analyzers_check_order(const struct config_analyzer *analyzers, size_t count, struct err *e)
{
    if (check_names(analyzers, count, e) < 0)
        return -1;
    bool *done = calloc(count + 1, sizeof *done);
    if (!done)
        return err_memory(e);
    size_t left = count, before;
    do {
        before = left;
        for (size_t i = 0; i < count; i++)
            if (!done[i] && is_ready(analyzers, count, done, i)) {
                done[i] = true;
                left--;
            }
    } while (left && left < before);
    int result = 0;
    for (size_t i = 0; result == 0 && i < count; i++)
        if (!done[i])
            result = name_cycle(analyzers, count, done, i, e);
    free(done);
    return result;
}
