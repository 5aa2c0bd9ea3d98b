/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#define _GNU_SOURCE 1 /* dladdr, dlinfo */
#include "config.h"

#include "core/plugin/load.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/sha256.h"

/* What this core knows of `needs`: nothing yet. */
#define KNOWN_NEEDS UINT64_C(0)

typedef const struct ctxmark_plugin *query_function(void);

#define DECLARE(name) extern const struct ctxmark_plugin *ctxmark_plugin_query_##name(void);
#define X DECLARE
CTXMARK_STATIC_PLUGINS(X)
#undef X

#define ENTRY(name) {#name, ctxmark_plugin_query_##name},
#define X ENTRY
static const struct {
    const char *name;
    query_function *query;
} static_plugins[] = {CTXMARK_STATIC_PLUGINS(X){NULL, NULL}};
#undef X

const char *plugin_static_name(size_t i)
{
    return i < sizeof static_plugins / sizeof static_plugins[0] ? static_plugins[i].name : NULL;
}

static query_function *find_static(const char *name, struct err *e)
{
    for (size_t i = 0; static_plugins[i].name; i++)
        if (strcmp(static_plugins[i].name, name) == 0)
            return static_plugins[i].query;
    err_set(e, "the plugin %s is not built into this ctxmark", name);
    return NULL;
}

/* The symbol must lie in the object just opened: dlsym also finds it in a dependency, which may be
 * another plugin.  Each object has its own file name. */
static bool symbol_is_from(void *handle, void *symbol)
{
    struct link_map *map;
    Dl_info info;
    return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && dladdr(symbol, &info) != 0 &&
           strcmp(info.dli_fname, map->l_name) == 0;
}

static query_function *find_shared(const char *path, enum plugin_binding binding, struct err *e)
{
    int when = binding == PLUGIN_BIND_LATE ? RTLD_LAZY : RTLD_NOW;
    void *handle = dlopen(path, when | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle) {
        const char *why = dlerror();
        err_set(e, "%s cannot be opened: %s", path, why ? why : "no reason given");
        return NULL;
    }
    void *symbol = dlsym(handle, CTXMARK_QUERY_SYMBOL);
    if (!symbol) {
        err_set(
            e,
            "%s is no ctxmark plugin: it does not export %s() (write CTXMARK_PLUGIN(descriptor) at "
            "the end of its source)",
            path, CTXMARK_QUERY_SYMBOL);
        return NULL;
    }
    if (!symbol_is_from(handle, symbol)) {
        err_set(e,
                "%s is no ctxmark plugin: %s() comes from a library it links to, not from itself",
                path, CTXMARK_QUERY_SYMBOL);
        return NULL;
    }
    query_function *query;
    memcpy(&query, &symbol, sizeof query);
    return query;
}

static int check_head(const char *path, const struct ctxmark_head *h, struct err *e)
{
    if (h->magic != CTXMARK_MAGIC)
        return err_set(e, "%s is no ctxmark plugin: its descriptor begins with %08x, not %08x",
                       path, h->magic, CTXMARK_MAGIC);
    if (h->abi_major != CTXMARK_ABI_MAJOR)
        return err_set(
            e,
            "%s was built for plugin interface %u.%u, and this ctxmark (%s) has %u.%u: "
            "%s",
            path, h->abi_major, h->abi_minor, PACKAGE_VERSION, CTXMARK_ABI_MAJOR, CTXMARK_ABI_MINOR,
            h->abi_major > CTXMARK_ABI_MAJOR ? "install a newer ctxmark"
                                             : "rebuild the plugin, or install a newer one");
    if (h->needs & ~KNOWN_NEEDS)
        return err_set(
            e,
            "%s (plugin interface %u.%u) needs features that this ctxmark (%s, %u.%u) does "
            "not have (bits %llx): install a newer ctxmark",
            path, h->abi_major, h->abi_minor, PACKAGE_VERSION, CTXMARK_ABI_MAJOR, CTXMARK_ABI_MINOR,
            (unsigned long long)(h->needs & ~KNOWN_NEEDS));
    if (h->size < offsetof(struct ctxmark_plugin, backend) ||
        h->option_stride < offsetof(struct ctxmark_option, help) + sizeof(char *))
        return err_set(
            e, "%s has a descriptor of %u bytes and options of %u: the plugin was built wrongly",
            path, h->size, h->option_stride);
    return 0;
}

/* A zero-filled copy of a struct that may be shorter or longer than ours. */
static void *copy_struct(const void *from, size_t from_size, size_t our_size)
{
    void *copy = calloc(1, our_size);
    if (copy)
        memcpy(copy, from, from_size < our_size ? from_size : our_size);
    return copy;
}

static bool name_is_sound(const char *name)
{
    if (!name || name[0] < 'a' || name[0] > 'z')
        return false;
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0' && strlen(name) < 64;
}

static int check_members(const char *path, const struct ctxmark_plugin *p, struct err *e)
{
    if (!name_is_sound(p->name))
        return err_set(e, "%s: the descriptor's name must be [a-z][a-z0-9_]*", path);
    if (!p->version || !p->summary || !p->license)
        return err_set(e, "%s: the descriptor lacks version, summary or license", path);
    if (p->kind != CTXMARK_BACKEND && p->kind != CTXMARK_ANALYZER)
        return err_set(e, "%s: the descriptor's kind is %u; backends are 1, analyzers 2", path,
                       p->kind);
    if (p->kind == CTXMARK_BACKEND &&
        (!p->backend || !p->backend->open || !p->backend->load || !p->backend->run))
        return err_set(e, "%s: a backend needs open, load and run", path);
    if (p->kind == CTXMARK_ANALYZER && (!p->analyzer || !p->analyzer->analyze))
        return err_set(e, "%s: an analyzer needs analyze", path);
    if ((p->option_count && !p->options) || (p->model_key_count && !p->model_keys) ||
        (p->metric_count && !p->metrics))
        return err_set(e, "%s: the descriptor counts tables that it does not have", path);
    if (p->option_count > 1000 || p->model_key_count > 1000 || p->metric_count > 1000)
        return err_set(e, "%s: the descriptor has a table of more than 1000 entries", path);
    if (p->metric_count && p->metric_stride < sizeof(struct ctxmark_metric))
        return err_set(e, "%s: the descriptor's metrics of %u bytes are too short", path,
                       p->metric_stride);
    return 0;
}

/* The metrics one after the other as we know them: a later minor may have longer ones. */
static int copy_metrics(struct ctxmark_plugin *p)
{
    struct ctxmark_metric *metrics = calloc(p->metric_count + (size_t)1, sizeof *metrics);
    if (!metrics)
        return -1;
    for (uint32_t i = 0; i < p->metric_count; i++)
        memcpy(&metrics[i], (const char *)p->metrics + (size_t)i * p->metric_stride,
               sizeof *metrics);
    p->metrics = metrics;
    p->metric_stride = sizeof *metrics;
    return 0;
}

static void free_plugin(struct ctxmark_plugin *p)
{
    free((void *)p->backend);
    free((void *)p->analyzer);
    free(p);
}

/* Our own, full-size copy of the descriptor, its operations and its metrics. */
static struct ctxmark_plugin *copy_plugin(const char *path, const struct ctxmark_plugin *theirs,
                                          struct err *e)
{
    struct ctxmark_plugin *p = copy_struct(theirs, theirs->head.size, sizeof *p);
    if (!p) {
        err_memory(e);
        return NULL;
    }
    p->backend = p->kind == CTXMARK_BACKEND && p->backend
                     ? copy_struct(p->backend, p->backend->size, sizeof *p->backend)
                     : NULL;
    p->analyzer = p->kind == CTXMARK_ANALYZER && p->analyzer
                      ? copy_struct(p->analyzer, p->analyzer->size, sizeof *p->analyzer)
                      : NULL;
    if (check_members(path, p, e) < 0) {
        free_plugin(p);
        return NULL;
    }
    if (copy_metrics(p) < 0) {
        free_plugin(p);
        err_memory(e);
        return NULL;
    }
    return p;
}

static int check_hash(const char *path, const char *expected, struct err *e)
{
    char actual[65];
    if (!expected)
        return 0;
    if (sha256_file(strncmp(path, PLUGIN_STATIC_PREFIX, strlen(PLUGIN_STATIC_PREFIX)) == 0
                        ? "/proc/self/exe"
                        : path,
                    actual, e) < 0)
        return -1;
    if (strcmp(actual, expected) != 0)
        return err_set(
            e,
            "%s changed between being examined and being loaded (SHA-256 %.12s... became "
            "%.12s...): start again",
            path, expected, actual);
    return 0;
}

/* The last copy: it lives for as long as the process. */
static const struct ctxmark_plugin *volatile loaded;

int plugin_load(const char *path, const char *expected_sha256, enum plugin_binding binding,
                const struct ctxmark_plugin **ret, struct err *e)
{
    size_t prefix = strlen(PLUGIN_STATIC_PREFIX);
    bool is_static = strncmp(path, PLUGIN_STATIC_PREFIX, prefix) == 0;
    if (!is_static && plugin_trust(path, e) < 0)
        return -1;
    if (check_hash(path, expected_sha256, e) < 0)
        return -1;
    query_function *query =
        is_static ? find_static(path + prefix, e) : find_shared(path, binding, e);
    if (!query)
        return -1;
    const struct ctxmark_plugin *theirs = query();
    if (!theirs)
        return err_set(e, "%s: %s() returns nothing", path, CTXMARK_QUERY_SYMBOL);
    if (check_head(path, &theirs->head, e) < 0)
        return -1;
    struct ctxmark_plugin *p = copy_plugin(path, theirs, e);
    if (!p)
        return -1;
    *ret = loaded = p;
    return 0;
}
