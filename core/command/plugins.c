/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <string.h>

#include "core/command/command.h"
#include "core/command/given.h"
#include "core/conformance/conformance.h"
#include "core/plugin/probe.h"

static const char usage[] =
    "ctxmark plugins [NAME] [-q|-v]\n"
    "       ctxmark plugins NAME [MODEL] --check [--set KEY=VALUE]... [-q|-v]\n"
    "\n"
    "Lists the installed plugins, and why one cannot be used; with NAME, all about that one: where "
    "it\n"
    "is, its options, the keys it reads from each model, what it measures, whether it can work "
    "here.\n"
    "NAME with a / is a file.\n"
    "\n"
    "      --check          tests whether it keeps the contract: its tables, each callback, bad "
    "input, a\n"
    "                       cancel, memory that runs out, leaks; says what fails and how to mend "
    "it\n"
    "      --set KEY=VALUE  an option of the plugin, or a key of the model\n"
    "MODEL is what a backend serves models by (a checkpoint's folder, a server's tag).\n";

static const char *kind_name(const struct descriptor *d)
{
    return d->kind == CTXMARK_BACKEND ? "backend" : "analyzer";
}

/* ---- the list */

static void list_one(void *arg, const char *path, const struct descriptor *d, const char *problem)
{
    int *count = arg;
    if (d)
        printf("%-9s %-16s %-8s %s\n", kind_name(d), d->name, d->version, d->summary);
    else if (problem && strstr(problem, path))
        printf("%-9s %s\n", "refused", problem);
    else
        printf("%-9s %s: %s\n", "refused", path, problem ? problem : "");
    ++*count;
}

/* ---- one plugin */

static const char *type_name(const struct option_schema *o)
{
    static const char *const names[] = {"?",    "integer", "number", "yes/no",
                                        "text", "choice",  "path"};
    return names[o->type < sizeof names / sizeof names[0] ? o->type : 0];
}

static void print_range(const struct option_schema *o)
{
    for (size_t i = 0; o->choices && o->choices[i]; i++)
        printf("%s%s", i ? "|" : " ", o->choices[i]);
    if (o->min != 0 || o->max != 0)
        printf(" %.15g..%.15g", o->min, o->max);
    if (o->unit[0])
        printf(" %s", o->unit);
}

static void print_option(const struct option_schema *o)
{
    printf("  %s: %s%s", o->name, o->flags & CTXMARK_OPT_LIST ? "list of " : "", type_name(o));
    print_range(o);
    if (o->flags & CTXMARK_OPT_REQUIRED)
        printf(", required");
    if (o->flags & CTXMARK_OPT_SERVES)
        printf(", serves the models that have it");
    if (o->default_text)
        printf(" (default: %s)", o->default_text);
    printf("\n      %s\n", o->help);
}

static void print_options(const char *title, const struct option_schema *table, size_t n)
{
    if (n)
        printf("%s\n", title);
    for (size_t i = 0; i < n; i++)
        print_option(&table[i]);
}

static void print_capabilities(uint64_t bits)
{
    static const char *const names[] = {"token ids as prompt", "text as prompt", "logits",
                                        "concurrency",         "exact lengths",  "recorded times"};
    const char *separator = "can:         ";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bits >> i & 1) {
            printf("%s%s", separator, names[i]);
            separator = ", ";
        }
    if (separator[0] == ',')
        printf("\n");
}

/* With the options' defaults; what must be given cannot be asked without. */
static void print_fitness(const struct descriptor *d)
{
    struct err e;
    json_t *defaults = json_object();
    if (options_complete(defaults, d->options, d->option_count, "default", ".", &e) == 0) {
        int works = probe_backend(d, defaults, &e);
        printf("works here:  %s%s%s\n", works == 1 ? "yes" : "no", works == 1 ? "" : ": ",
               works == 1 ? "" : e.text);
    }
    json_decref(defaults);
}

static void print_plugin(const struct descriptor *d)
{
    printf("%s %s, %s\n%s\n", d->name, d->version, kind_name(d), d->summary);
    printf("file:        %s\nsha256:      %s\nlicense:     %s\ninterface:   %u.%u\n", d->path,
           d->sha256, d->license, d->abi_major, d->abi_minor);
    for (size_t i = 0; d->aliases[i]; i++)
        printf("also called: %s\n", d->aliases[i]);
    for (size_t i = 0; d->after[i]; i++)
        printf("after:       %s\n", d->after[i]);
    if (d->kind == CTXMARK_BACKEND) {
        print_capabilities(d->capabilities);
        print_fitness(d);
    }
    print_options("options:", d->options, d->option_count);
    print_options("model keys:", d->model_keys, d->model_key_count);
    if (d->metric_count)
        printf("metrics of its own:\n");
    for (size_t i = 0; i < d->metric_count; i++)
        printf("  %s%s%s: %s\n", d->metrics[i].name, d->metrics[i].unit[0] ? ", " : "",
               d->metrics[i].unit, d->metrics[i].help);
}

/* ---- the conformance test */

static int check_plugin(const struct descriptor *d, const struct options *o)
{
    struct err e = {""};
    struct given given;
    struct conformance_tally tally;
    struct conformance c = {
        .plugin = d, .model = o->operand_count > 1 ? o->operands[1] : NULL, .why_without = e.text};
    int status = EXIT_USAGE;
    if (given_init(&given) == 0 && given_take(&given, d, c.model, o, &e) == 0) {
        bool complete = given_complete(&given, d, &e) == 0;
        const struct option_schema *serves = descriptor_serves(d);
        if (complete && serves && !json_object_get(given.keys, serves->name)) {
            complete = false;
            err_set(&e, "it needs a model: name one, as `ctxmark plugins %s MODEL --check`",
                    o->operands[0]);
        }
        c.options = complete ? given.options : NULL;
        c.keys = complete ? given.keys : NULL;
        conformance_check(&c, &tally);
        printf("%s %s: %u passed, %u failed, %u skipped\n", d->name, d->version, tally.passed,
               tally.failed, tally.skipped);
        status = tally.failed ? EXIT_SOME_FAILED : EXIT_DONE;
    } else {
        log_error("%s", e.text);
    }
    given_free(&given);
    return status;
}

/* One that cannot be loaded has failed, too. */
static int tell_refusal(const struct options *o, const char *why)
{
    if (!o->check) {
        log_error("%s", why);
        return EXIT_USAGE;
    }
    printf("FAIL  loading: %s\n%s: 0 passed, 1 failed, 0 skipped\n", why, o->operands[0]);
    return EXIT_SOME_FAILED;
}

static int show_one(struct registry *r, const struct options *o)
{
    struct err e, other;
    const struct descriptor *d;
    const char *name = o->operands[0];
    enum registry_result found = registry_find(r, name, CTXMARK_BACKEND, &d, &e);
    if (found != REGISTRY_FOUND &&
        registry_find(r, name, CTXMARK_ANALYZER, &d, &other) == REGISTRY_FOUND)
        found = REGISTRY_FOUND;
    if (found == REGISTRY_NOT_INSTALLED) {
        log_error("%s", e.text);
        return EXIT_USAGE;
    }
    if (found != REGISTRY_FOUND)
        return tell_refusal(o, e.text);
    if (o->check)
        return check_plugin(d, o);
    print_plugin(d);
    return EXIT_DONE;
}

/* Returns false if the words on the command line do not go together. */
static bool is_usable(const struct options *o)
{
    if (o->check && !o->operand_count)
        log_error("plugins --check: name the plugin, or its file");
    else if (!o->check && (o->operand_count > 1 || o->set_count))
        log_error("plugins: MODEL and --set go with --check");
    else
        return true;
    return false;
}

int command_plugins(int argc, char **argv)
{
    struct options o;
    struct err e;
    int r = options_parse(&o, argc, argv, "sc", 0, 2, usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    if (r == 0 && !is_usable(&o))
        r = -1;
    struct registry *registry = r == 0 ? registry_new(NULL, &e) : NULL;
    if (registry && o.operand_count)
        status = show_one(registry, &o);
    else if (registry) {
        int count = 0;
        registry_each(registry, list_one, &count);
        if (!count)
            log_note("no plugins are installed");
        status = EXIT_DONE;
    } else if (r == 0)
        log_error("%s", e.text);
    registry_free(registry);
    options_free(&o);
    return status;
}
