/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/command/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/command/command.h"
#include "core/command/options.h"
#include "core/plugin/probe.h"
#include "core/run/machine.h"
#include "core/run/worker.h"

static const char usage[] =
    "ctxmark check CONFIG [--only KEY=GLOB]... [--set KEY=VALUE]... [-q|-v]\n"
    "\n"
    "Reads CONFIG, says what is wrong with it, looks at the machine, and prints the plan: cells,\n"
    "repetitions, memory where a backend can tell.  Nothing is measured.\n"
    "\n"
    "Exit status: 0 the config is sound (what cannot work here is said), 2 usage or config.\n";

/* ---- the machine */

/* Free, not total, memory is what a run can have; others on the GPU disturb it. */
static void print_gpus(const json_t *gpu)
{
    size_t i;
    json_t *g;
    json_array_foreach(json_object_get(gpu, "gpus"), i, g)
    {
        json_int_t foreign = json_integer_value(json_object_get(g, "foreign_processes"));
        printf("GPU          %s, driver %s, %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
               " MiB free",
               json_string_value(json_object_get(g, "name")),
               json_string_value(json_object_get(gpu, "driver")),
               json_integer_value(json_object_get(g, "memory_free_mib")),
               json_integer_value(json_object_get(g, "memory_mib")));
        if (foreign)
            printf(", %" JSON_INTEGER_FORMAT
                   " processes of others on it: results will vary with them",
                   foreign);
        printf("\n");
    }
}

static void print_machine(void)
{
    json_t *m = machine_describe();
    const char *cpu = json_string_value(json_object_get(m, "cpu"));
    const char *governor = json_string_value(json_object_get(m, "governor"));
    printf("machine      %s, %" JSON_INTEGER_FORMAT " cores, %" JSON_INTEGER_FORMAT
           " MiB memory (%" JSON_INTEGER_FORMAT " available), load %.2f%s%s\n",
           cpu ? cpu : "unknown CPU", json_integer_value(json_object_get(m, "cores")),
           json_integer_value(json_object_get(m, "memory_mib")),
           json_integer_value(json_object_get(m, "memory_available_mib")),
           json_number_value(json_object_get(m, "load_1min")), governor ? ", governor " : "",
           governor ? governor : "");
    print_gpus(json_object_get(m, "gpu"));
    double load = json_number_value(json_object_get(m, "load_1min"));
    if (load > 0.5)
        printf("             other work is running here: results will vary with it\n");
    json_decref(m);
}

/* ---- backends */

static void print_backend(const struct config_backend *b)
{
    struct err e;
    if (!b->descriptor) {
        printf("backend      %s: %s\n", b->name, b->missing);
        return;
    }
    int works = probe_backend(b->descriptor, b->options, &e);
    printf("backend      %s: %s %s%s%s\n", b->name, b->descriptor->name, b->descriptor->version,
           works == 1 ? ", can work here" : ", cannot work here: ", works == 1 ? "" : e.text);
}

/* ---- memory */

/* A worker that only opens the backend, to ask for estimates; false: it cannot tell. */
static bool start_estimator(struct worker *w, const struct config *c, const struct plan *p,
                            const struct plan_group *g)
{
    struct err e;
    json_t *reply = NULL;
    const struct config_backend *b = &c->backends[g->backend];
    json_t *model = json_pack("{s:s, s:I}", "name", c->models[g->model].name, "max_prompt_tokens",
                              (json_int_t)p->largest_context);
    json_t *start =
        json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:o, s:b}", "do", "start", "plugin",
                  b->descriptor->path, "sha256", b->descriptor->sha256, "name", b->name, "options",
                  b->options, "model_keys", g->model_keys, "model", model, "only_open", 1);
    if (worker_spawn(w, &e) < 0) {
        json_decref(start);
        return false;
    }
    bool ok = worker_ask(w, start, 30, &reply) == WORKER_ANSWERED &&
              json_integer_value(json_object_get(reply, "status")) == CTXMARK_OK;
    json_decref(reply);
    return ok;
}

static json_t *ask_estimate(struct worker *w, const struct config *c, const struct plan_cell *cell)
{
    json_t *reply = NULL;
    json_t *message =
        json_pack("{s:s, s:{s:I, s:I, s:I}}", "do", "estimate", "cell", "context_length",
                  (json_int_t)cell->context_length, "max_new_tokens", (json_int_t)c->max_new_tokens,
                  "concurrency", (json_int_t)cell->concurrency);
    if (worker_ask(w, message, 30, &reply) != WORKER_ANSWERED) {
        json_decref(reply);
        return NULL;
    }
    return reply;
}

static void print_estimate(const struct plan_cell *cell, const json_t *reply)
{
    const json_t *peak = json_object_get(reply, "peak_bytes");
    const json_t *limit = json_object_get(reply, "limit_bytes");
    if (!peak)
        return;
    double peak_mib = json_number_value(peak) / (1 << 20);
    double limit_mib = json_number_value(limit) / (1 << 20);
    printf("               context %-7" PRId64 " about %.0f MiB%s\n", cell->context_length,
           peak_mib, limit && peak_mib > limit_mib ? ": more than there is" : "");
}

static void print_memory(const struct config *c, const struct plan *p, const struct plan_group *g)
{
    struct worker w = {0};
    if (!c->backends[g->backend].descriptor || !g->model_keys)
        return;
    if (start_estimator(&w, c, p, g)) {
        for (size_t i = 0; i < g->cell_count && worker_alive(&w); i++) {
            const struct plan_cell *cell = &p->cells[g->cells[i]];
            json_t *reply = ask_estimate(&w, c, cell);
            if (json_integer_value(json_object_get(reply, "status")) == CTXMARK_OK)
                print_estimate(cell, reply);
            else if (reply && i == 0)
                printf("               memory not known: %s\n",
                       json_string_value(json_object_get(reply, "reason")));
            json_decref(reply);
        }
    }
    worker_stop(&w);
}

/* ---- the plan */

static void print_contexts(const struct plan *p, const struct plan_group *g)
{
    printf(" ");
    for (size_t i = 0; i < g->cell_count; i++) {
        const struct plan_cell *cell = &p->cells[g->cells[i]];
        printf(" %" PRId64, cell->context_length);
        if (cell->concurrency > 1)
            printf("x%" PRId64, cell->concurrency);
    }
    printf("\n");
}

static void print_pairs(const struct config *c, const struct plan *p)
{
    for (size_t i = 0; i < p->group_count; i++) {
        const struct plan_group *g = &p->groups[i];
        if (g->launch != 0)
            continue;
        const struct config_backend *b = &c->backends[g->backend];
        printf("  %s  %s: ", b->name, c->models[g->model].name);
        if (b->warmup_repetitions != c->warmup_repetitions)
            printf("%" PRId64 " warm-up, ", b->warmup_repetitions);
        printf("contexts");
        print_contexts(p, g);
        print_memory(c, p, g);
    }
}

static const char *order_name(enum run_order order)
{
    return order == ORDER_SHUFFLED      ? "shuffled"
           : order == ORDER_INTERLEAVED ? "interleaved"
                                        : "sequential";
}

void check_print(const struct config *c, const struct plan *p)
{
    print_machine();
    for (size_t i = 0; i < c->backend_count; i++)
        print_backend(&c->backends[i]);
    printf("plan         %zu model-backend pairs, %zu cells, %" PRId64 " repetitions each (%" PRId64
           " measured + %" PRId64 " warm-up)",
           p->pair_count, p->cell_count, c->repetitions + c->warmup_repetitions, c->repetitions,
           c->warmup_repetitions);
    if (c->launches > 1)
        printf(", in each of %" PRId64 " launches", c->launches);
    printf("; %s\n", order_name(c->order));
    if (c->stop.enabled)
        printf("             stop: %" PRId64 " to %" PRId64
               " repetitions, until the median's interval "
               "is within +-%g %%, at most %g s a cell\n",
               c->stop.min, c->stop.max, c->stop.ci_pct, c->stop.max_seconds);
    print_pairs(c, p);
}

int command_check(int argc, char **argv)
{
    struct options o;
    struct err e;
    struct registry *registry = NULL;
    struct config *c = NULL;
    struct plan *p = NULL;
    int r = options_parse(&o, argc, argv, "sy", 1, 1, usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    if (r == 0) {
        c = config_read(o.operands[0], o.sets, o.set_count, &registry, &e);
        p = c ? plan_make(c, o.filters, o.filter_count, &e) : NULL;
        if (p) {
            check_print(c, p);
            status = EXIT_DONE;
        } else
            log_error("%s", e.text);
    }
    plan_free(p);
    config_free(c);
    registry_free(registry);
    options_free(&o);
    return status;
}
