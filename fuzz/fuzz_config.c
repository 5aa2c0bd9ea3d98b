/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A config file, up to the plan that comes of it, over the registry of the config's tests. */

#include "config.h"

#include "core/config/plan.h"
#include "fuzz/fuzz.h"

static void check_plan(const struct config *c, const struct plan *p)
{
    REQUIRE(p->cell_count > 0);
    for (size_t i = 0; i < p->cell_count; i++) {
        REQUIRE(p->cells[i].backend < c->backend_count);
        REQUIRE(p->cells[i].model < c->model_count);
        REQUIRE(p->cells[i].context_length >= 1 && p->cells[i].concurrency >= 1);
        REQUIRE(p->cells[i].context_length <= p->largest_context);
    }
    REQUIRE(p->group_count == p->pair_count * (size_t)c->launches);
    size_t measured = 0;
    for (size_t g = 0; g < p->group_count; g++) {
        measured += p->groups[g].cell_count;
        for (size_t i = 0; i < p->groups[g].cell_count; i++)
            REQUIRE(p->groups[g].cells[i] < p->cell_count);
    }
    REQUIRE(measured == p->cell_count * (size_t)c->launches);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {""};
    struct registry *registry = NULL;
    scratch_write("c.yaml", data, size);
    struct config *c = config_read("c.yaml", NULL, 0, &registry, &e);
    REQUIRE(c || (e.text[0] && !registry));
    struct plan *p = c ? plan_make(c, NULL, 0, &e) : NULL;
    REQUIRE(p || e.text[0]);
    if (p)
        check_plan(c, p);
    plan_free(p);
    config_free(c);
    registry_free(registry);
    return 0;
}
