/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A registry without files: the plugins that the tests of the config speak of. */

#include "config.h"

#include "core/plugin/registry.h"

#include <stdlib.h>
#include <string.h>

#define T(text) ((char *)(text))
#define OPTION(n, t, f, d, lo, hi, c)                                                              \
    {                                                                                              \
        T(n), (t), (f), T(d), (lo), (hi), (char **)(c), T(""), T("")                               \
    }

static const char *const modes[] = {"slow", "fast", NULL};
static const char *const devices[] = {"cpu", "cuda", NULL};
static const char *const weights[] = {"file", "random", NULL};
static char *none[] = {NULL};

static struct option_schema fake_options[] = {
    OPTION("threads", CTXMARK_TYPE_INT, 0, "2", 1, 64, NULL),
    OPTION("share", CTXMARK_TYPE_NUMBER, 0, NULL, 0, 1, NULL),
    OPTION("verbose", CTXMARK_TYPE_BOOL, 0, "no", 0, 0, NULL),
    OPTION("speed", CTXMARK_TYPE_CHOICE, 0, "fast", 0, 0, modes),
    OPTION("label", CTXMARK_TYPE_TEXT, 0, NULL, 0, 0, NULL),
    OPTION("table", CTXMARK_TYPE_PATH, 0, NULL, 0, 0, NULL),
    OPTION("sizes", CTXMARK_TYPE_INT, CTXMARK_OPT_LIST, NULL, 1, 4096, NULL),
    OPTION("tags", CTXMARK_TYPE_TEXT, CTXMARK_OPT_LIST, NULL, 0, 0, NULL),
    OPTION("device", CTXMARK_TYPE_CHOICE, 0, NULL, 0, 0, devices),
};

static struct option_schema fake_keys[] = {
    OPTION("path", CTXMARK_TYPE_PATH, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL),
    OPTION("weights", CTXMARK_TYPE_CHOICE, 0, "file", 0, 0, weights),
    OPTION("revision", CTXMARK_TYPE_TEXT, 0, NULL, 0, 0, NULL),
};

static struct option_schema strict_options[] = {
    OPTION("server", CTXMARK_TYPE_TEXT, CTXMARK_OPT_REQUIRED, NULL, 0, 0, NULL),
};

static struct option_schema strict_keys[] = {
    OPTION("tag", CTXMARK_TYPE_TEXT, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL),
    OPTION("depth", CTXMARK_TYPE_INT, CTXMARK_OPT_REQUIRED, NULL, 1, 10, NULL),
};

static struct option_schema alpha_options[] = {
    OPTION("limit", CTXMARK_TYPE_INT, 0, "5", 0, 10, NULL),
};

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define BACKEND(n, o, oc, k, kc)                                                                   \
    {                                                                                              \
        .name = T(n), .kind = CTXMARK_BACKEND, .aliases = none, .after = none, .options = (o),     \
        .option_count = (oc), .model_keys = (k), .model_key_count = (kc)                           \
    }

static const struct descriptor installed[] = {
    {.name = T("alpha"),
     .kind = CTXMARK_ANALYZER,
     .aliases = none,
     .after = none,
     .options = alpha_options,
     .option_count = COUNT(alpha_options)},
    {.name = T("beta"), .kind = CTXMARK_ANALYZER, .aliases = none, .after = none},
    BACKEND("fake", fake_options, COUNT(fake_options), fake_keys, COUNT(fake_keys)),
    BACKEND("hf_cpu", NULL, 0, fake_keys, COUNT(fake_keys)),
    BACKEND("strict", strict_options, COUNT(strict_options), strict_keys, COUNT(strict_keys)),
    BACKEND("serves_all", NULL, 0, NULL, 0),
};

struct registry {
    int unused;
};

struct registry *registry_new(const char *const *extra_path, struct err *e)
{
    (void)extra_path;
    struct registry *r = calloc(1, sizeof *r);
    if (!r)
        err_memory(e);
    return r;
}

void registry_free(struct registry *r)
{
    free(r);
}

enum registry_result registry_find(struct registry *r, const char *name, uint32_t kind,
                                   const struct descriptor **ret, struct err *e)
{
    (void)r;
    for (size_t i = 0; i < COUNT(installed); i++)
        if (!strcmp(installed[i].name, name) && installed[i].kind == kind) {
            *ret = &installed[i];
            return REGISTRY_FOUND;
        }
    if (!strcmp(name, "broken")) {
        err_set(e, "/plugins/broken.so: built for ABI 2, this is ABI 1; rebuild it");
        return REGISTRY_REFUSED;
    }
    err_set(e, "plugin '%s' is not installed", name);
    return REGISTRY_NOT_INSTALLED;
}

void registry_each(struct registry *r,
                   void (*visit)(void *arg, const char *path, const struct descriptor *d,
                                 const char *problem),
                   void *arg)
{
    (void)r;
    for (size_t i = COUNT(installed); i > 0; i--)
        visit(arg, "/plugins/some.so", &installed[i - 1], NULL);
}
