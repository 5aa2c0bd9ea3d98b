/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The config file, read and checked: ctxmark.yaml(5) is the user's side of this header. */

#ifndef CORE_CONFIG_RUN_CONFIG_H
#define CORE_CONFIG_RUN_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/err.h"
#include "core/plugin/registry.h"

enum run_mode { MODE_PREFILL, MODE_DECODE, MODE_E2E, MODE_COUNT };
enum run_order { ORDER_SEQUENTIAL, ORDER_SHUFFLED, ORDER_INTERLEAVED };

/* "prefill", "decode", "e2e". */
const char *mode_name(enum run_mode mode);

struct doc;
struct node;

struct config_model {
    char *name;
    double params_m;     /* millions of parameters; NaN: not given */
    int64_t max_context; /* bounds the prompt; 0: not given */
    json_t *keys;        /* object: every further key as written (text, number, bool, null, list);
                          * checked against a backend's table when it serves the model */
    json_t *marks;       /* object: key -> "FILE:LINE:COLUMN", for messages */
    const struct node *node; /* as it stands in the file; the config's */
};

struct config_backend {
    char *name;   /* as the config has it, and as metrics.csv will */
    char *plugin; /* plugin name or file; = name unless the config says otherwise */
    const struct descriptor
        *descriptor;    /* NULL: not installed (missing says where it was sought) */
    char *missing;      /* NULL if installed */
    const char *serves; /* model key by which it serves models; NULL: all models */
    char **models; /* patterns of the models it is to run, NULL-terminated; NULL: all it serves */
    int64_t warmup_repetitions; /* its own, or the config's */
    json_t *options; /* object: option -> checked value (integer, real, string, boolean, list),
                      * defaults filled in, unset ones absent; as written if not installed */
};

struct config_analyzer {
    char *name;
    const struct descriptor *descriptor;
    json_t *options; /* as for backends */
};

struct config_stop {
    bool enabled;
    double ci_pct;      /* half-width of the median's interval, per cent */
    int64_t min, max;   /* measured repetitions */
    double max_seconds; /* 0: no limit */
};

struct config {
    char *path, *folder; /* the file, absolute, and its folder */
    char *file;          /* the file as it was named: what messages begin with */
    struct doc *doc;     /* the file's tree; owns all text here */
    char *experiment;    /* label; "" if not given */
    int64_t *context_lengths;
    size_t context_count;
    struct config_model *models;
    size_t model_count;
    struct config_backend *backends;
    size_t backend_count;
    struct config_analyzer *analyzers; /* all installed ones unless the config names some */
    size_t analyzer_count;
    bool modes[MODE_COUNT];
    int64_t repetitions, warmup_repetitions, max_new_tokens, launches, max_failures;
    int64_t *concurrency; /* like context_lengths; {1} by default */
    size_t concurrency_count;
    uint64_t seed;
    enum run_order order;
    struct config_stop stop;
    double cold_ratio;    /* cold_start.ratio */
    bool skip_after_oom;  /* on_oom: skip */
    bool missing_as_rows; /* on_missing_backend: rows */
    double timeout_s;     /* per repetition */
    bool prompt_reuse;    /* prompt.cache: reuse */
    char *prompt_text;    /* seed text given by prompt.text or prompt.file; NULL: none */
    json_t *facts;        /* object: key -> number or text, as given by `facts` */
    char **plugin_path;   /* NULL-terminated, absolute */
    json_t *canonical;    /* the whole config with defaults, for the manifest and for --resume; its
                           * "analyzers" is null where the config names none */
};

/* Overrides from the command line, in order. */
struct config_override {
    const char *key;   /* dotted for nested ones: "prompt.cache", "backends.ollama.ollama_url" */
    const char *value; /* a YAML scalar or flow sequence */
};

/* Reads, overrides, checks.  The registry is filled from CTXMARK_PLUGIN_PATH and the config's
 * plugin_path; *ret_registry is the caller's, and must outlive the config.  On failure e says
 * FILE:LINE:COLUMN, what, and how to mend it; nothing is returned.
 *
 * A backend that is not installed is no error here (descriptor NULL); one that is installed but
 * cannot be loaded is.  Errors in the options of installed plugins are. */
struct config *config_read(const char *path, const struct config_override *overrides,
                           size_t override_count, struct registry **ret_registry, struct err *e);
void config_free(struct config *c); /* NULL is fine */

/* The model's keys as a backend sees them: object key -> checked value, paths resolved, defaults
 * filled in.  Does not happen for backends that are not installed (an empty object then).
 * NULL on failure: e has file, line and column. */
json_t *config_model_keys(const struct config *c, const struct config_backend *b,
                          const struct config_model *m, struct err *e);

/* Whether backend b runs model m: the model has b's serving key, it is not null, and the model's
 * name matches b's `models` if there are any. */
bool config_serves(const struct config_backend *b, const struct config_model *m);

/* The absolute path of a file that the config names: relative to `folder`, then to ctxmark's data
 * folder (CTXMARK_DATADIR in the environment, else where it was installed); as written where
 * nothing was found.  The caller frees it.  NULL: out of memory. */
char *config_resolve_path(const char *folder, const char *path);

/* A value of one option, given as text on a command line ("--set KEY=VALUE"), checked against its
 * schema: as in config_backend.options.  where: for messages, e.g. "--set".  NULL: e is set. */
json_t *option_from_text(const struct option_schema *schema, const char *text, const char *where,
                         const char *folder, struct err *e);

/* Fills in the defaults of a table into `options`, and complains of required ones that are unset.
 * 0 or -1. */
int options_complete(json_t *options, const struct option_schema *schemas, size_t count,
                     const char *where, const char *folder, struct err *e);

#endif
