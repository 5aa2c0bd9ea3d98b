/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "facts.h"

#include <math.h>
#include <stdio.h>

static int find(const struct ctxmark_host *h, const char *backend, const char *model,
                const char *key, struct ctxmark_fact *ret)
{
    char own[512];
    int len = model ? snprintf(own, sizeof own, "%s.%s", model, key) : -1;
    if (len > 0 && (size_t)len < sizeof own && h->fact_get(h, NULL, NULL, own, ret))
        return 1;
    return h->fact_get(h, backend, model, key, ret);
}

double facts_number(const struct ctxmark_host *h, const char *backend, const char *model,
                    const char *key)
{
    struct ctxmark_fact f = CTXMARK_FACT_INIT;
    return find(h, backend, model, key, &f) && f.is_number ? f.number : NAN;
}

const char *facts_text(const struct ctxmark_host *h, const char *backend, const char *model,
                       const char *key)
{
    struct ctxmark_fact f = CTXMARK_FACT_INIT;
    return find(h, backend, model, key, &f) && !f.is_number ? f.text : NULL;
}
