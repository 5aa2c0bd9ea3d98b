/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The ctxmark plugin contract, version 1.0.  Everything a plugin needs is here; <ctxmark/util.h>
 * adds inline helpers on top.  ctxmark-plugin(3) tells the same story with examples.
 *
 * Compiles alone as C99, C11, C++17 and under nvcc.
 *
 * Rules of the line between core and plugin:
 *  - No bool, enum, long, time_t, FILE or va_list crosses it.  Text is UTF-8, NUL-terminated unless
 *    a length stands beside it.  Times are int64_t nanoseconds of CLOCK_MONOTONIC.
 *  - Structs only ever grow at their end, and carry their size.  Whoever fills a struct sets `size`
 *    to what it was compiled with (the _INIT macros do); the reader takes the shorter of the two
 *    sizes and holds the rest to be zero, or unknown where the field says so.
 *  - Tables (options, columns, ...) carry their stride beside them for the same reason.
 *  - Who allocates frees.  What a callback receives is valid until the callback returns; what a
 *    plugin passes to a host service is copied before the service returns.
 *  - A plugin only ever runs in a child process of ctxmark, one plugin to a process.  It may crash;
 *    that costs a row, not the run.  It must not write to stdout: stdout is for data (the core
 *    points it at stderr to be safe).
 *  - Host services may be called only from the thread that core called the plugin on, except
 *    now_ns(), cancelled() and log(), which any thread may call.
 */

#ifndef CTXMARK_PLUGIN_H
#define CTXMARK_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A core loads a plugin of the same major.  The minor grows with every addition at a struct's end:
 * an older plugin runs on a newer core, and a newer plugin on an older core, which passes over what
 * it does not know unless `needs` says that the plugin cannot do without it. */
#define CTXMARK_ABI_MAJOR 1
#define CTXMARK_ABI_MINOR 0

#define CTXMARK_MAGIC UINT32_C(0x6b6d7463) /* "ctmk", little-endian */

/* ---------------------------------------------------------------- status and unknown values */

/* What a callback returns.  Anything but CTXMARK_OK should come with a sentence for the user, given
 * to host->fail(): what happened, and how to mend it. */
#define CTXMARK_OK INT32_C(0)
#define CTXMARK_ERROR INT32_C(1)       /* this call failed; later ones may work */
#define CTXMARK_OOM INT32_C(2)         /* not enough memory for this context: ends the cell */
#define CTXMARK_TIMEOUT INT32_C(3)     /* a limit of the plugin's own ran out */
#define CTXMARK_CANCELLED INT32_C(4)   /* host->cancelled() said so */
#define CTXMARK_UNAVAILABLE INT32_C(5) /* cannot work on this machine (no GPU, no server) */
#define CTXMARK_INVALID INT32_C(6)     /* the user's input is wrong (an option, a checkpoint) */
#define CTXMARK_UNSUPPORTED INT32_C(7) /* this plugin cannot do that */
#define CTXMARK_LOST                                                                               \
    INT32_C(8) /* failed, and the process is no longer sound (a sticky GPU                         \
                * error): core records the row and starts a new worker */

/* "Not known", for every int64_t below.  Never 0: an unknown value is an empty field. */
#define CTXMARK_UNKNOWN INT64_MIN

/* ---------------------------------------------------------------- options and model keys */

#define CTXMARK_TYPE_INT UINT32_C(1)    /* int64; in config also with suffix k, M, G (2^10...) */
#define CTXMARK_TYPE_NUMBER UINT32_C(2) /* finite double */
#define CTXMARK_TYPE_BOOL UINT32_C(3)   /* true/false, yes/no, on/off: delivered as 1 or 0 */
#define CTXMARK_TYPE_TEXT UINT32_C(4)
#define CTXMARK_TYPE_CHOICE UINT32_C(5) /* one of `choices` */
#define CTXMARK_TYPE_PATH                                                                          \
    UINT32_C(6) /* delivered absolute where the file was found: relative to                        \
                 * the config file, then to ctxmark's data folder; as                              \
                 * written where nothing was found */

#define CTXMARK_OPT_REQUIRED UINT32_C(1) /* no default: the config must give it */
#define CTXMARK_OPT_LIST UINT32_C(2)     /* takes one value or a list of them */
#define CTXMARK_OPT_SERVES                                                                         \
    UINT32_C(4) /* model keys only: the backend serves the models that                             \
                 * have this key (and not null); at most one key has it,                           \
                 * and without one it serves every model */

/* One option of a plugin, or one key it reads from each model of the config.  Core parses the YAML,
 * checks type and range, reports errors with file, line and column, and documents the table in
 * `ctxmark plugins NAME`. */
struct ctxmark_option {
    const char *name;           /* [a-z][a-z0-9_]* */
    uint32_t type;              /* CTXMARK_TYPE_* */
    uint32_t flags;             /* CTXMARK_OPT_* */
    const char *default_text;   /* as it would stand in the config; NULL: unset */
    double min, max;            /* INT and NUMBER; both 0: no limit */
    const char *const *choices; /* CHOICE: NULL-terminated; else NULL */
    const char *unit;           /* "MiB", "s"; NULL: none */
    const char *help;           /* one sentence */
};

/* ---------------------------------------------------------------- what a backend measures */

/* A value only this backend knows.  It goes to details.jsonl, once per request of a repetition, and
 * analyzers see it as a column of this name. */
struct ctxmark_metric {
    const char *name; /* [a-z][a-z0-9_]*, with the unit as its last word: "queue_ms" */
    const char *unit; /* "ms", "bytes"; "" for a pure number */
    const char *help; /* one sentence: what it means */
};

#define CTXMARK_CACHE_BUST UINT32_C(0)  /* each request's prompt starts differently */
#define CTXMARK_CACHE_REUSE UINT32_C(1) /* each request of a cell has the same prompt */

/* The model to load: one entry of the config's `models`.  Its keys are read with the option
 * services, scope CTXMARK_SCOPE_MODEL. */
struct ctxmark_model {
    uint32_t size;
    uint32_t max_concurrency;  /* largest concurrency of the plan, at least 1 */
    const char *name;          /* the config's name for it */
    int64_t max_prompt_tokens; /* longest prompt of the plan: size caches for this, or grow */
    int64_t max_new_tokens;    /* most tokens any request will ask for */
};

/* One cell of the plan: what the next requests have in common. */
struct ctxmark_cell {
    uint32_t size;
    uint32_t concurrency;   /* requests in flight at once, at least 1 */
    int64_t context_length; /* nominal: the length of each prompt in tokens */
    int64_t max_new_tokens; /* tokens to generate, at least 1 */
    uint32_t cache_policy;  /* CTXMARK_CACHE_* */
    uint32_t reserved;
    uint64_t seed;
};

/* One repetition (for `concurrency` > 1: that many requests at once, numbered from 0). */
struct ctxmark_request {
    uint32_t size;
    uint32_t concurrency;   /* requests to run at once, at least 1 */
    int64_t prompt_tokens;  /* length of each prompt, to be hit exactly where the backend can */
    int64_t max_new_tokens; /* N >= 1, greedy.  The first belongs to the prefill */
    uint32_t cache_policy;  /* CTXMARK_CACHE_* */
    uint32_t flags;         /* 0; reserved */
    uint64_t seed;          /* the config's */
    uint64_t nonce;         /* differs in every request of every run under CACHE_BUST, also between
                             * runs; constant within a cell under CACHE_REUSE.  Request i of a
                             * concurrent group uses nonce + i */
    const int32_t *tokens;  /* the exact prompt as ids (prompt_tokens of them), or NULL: make a
                             * prompt of prompt_tokens tokens from seed_text, seed and nonce */
    const char *text;       /* the exact prompt as text, or NULL; not together with tokens */
    const char *seed_text;  /* text to build prompts from, or NULL: the backend's own */
    const int64_t *logit_positions; /* ascending positions whose logits are wanted (0 = first
                                     * prompt token; positions past the prompt are generated
                                     * tokens), or NULL; needs CTXMARK_CAN_LOGITS */
    uint64_t logit_position_count;
    uint32_t warmup;    /* 1: a warm-up, not a measured repetition */
    uint32_t failures;  /* how many repetitions of this cell failed before, in this launch */
    int64_t repetition; /* its number in its phase of the cell, from 0 */
    int64_t launch;     /* which launch of the worker this is, from 0 */
};

/* Facts about one finished request, beside the time stamps that core takes itself. */
#define CTXMARK_NOTE_SHORT UINT32_C(1)     /* stopped before max_new_tokens */
#define CTXMARK_NOTE_CACHED UINT32_C(2)    /* the prompt was served from a cache */
#define CTXMARK_NOTE_RELOADED UINT32_C(4)  /* the model was loaded during it: tagged cold */
#define CTXMARK_NOTE_TRUNCATED UINT32_C(8) /* the prompt was cut */

struct ctxmark_result {
    uint32_t size;
    uint32_t request;      /* 0 .. concurrency - 1 */
    int32_t status;        /* CTXMARK_* of this request */
    uint32_t notes;        /* CTXMARK_NOTE_* */
    int64_t prompt_tokens; /* real length; CTXMARK_UNKNOWN here and below where not known */
    int64_t cached_tokens; /* of those, taken from a cache */
    int64_t generated_tokens;
    int64_t device_prefill_ns; /* the backend's own clock for the same spans as core's */
    int64_t device_decode_ns;
    int64_t device_e2e_ns;
    int64_t load_ns;            /* model loading inside this request */
    int64_t peak_memory_bytes;  /* the backend allocator's peak during this repetition */
    int64_t memory_limit_bytes; /* what that allocator may use at most */
    int64_t spilled_bytes;      /* how much of the peak lay outside the device's own memory */
    const char *spill_kind;     /* "host", "managed", "offload"; NULL: none */
    const char *note;           /* further flags, space-separated words; NULL: none */
    const char *error;          /* sentence for the user when status is not OK; NULL: as fail() */
};

#define CTXMARK_RESULT_INIT                                                                        \
    {                                                                                              \
        (uint32_t)sizeof(struct ctxmark_result), 0, CTXMARK_OK, 0, CTXMARK_UNKNOWN,                \
            CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN,   \
            CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, NULL, NULL, NULL   \
    }

/* How run() reports, from the thread that core called it on.  All of it is buffered in memory until
 * run() returns, so that nothing is written inside a timed region.
 *
 * The spans that core derives for request r:
 *   start   start(r), or the entry of run() where the backend never calls it
 *   prefill start .. first tokens(r) call       decode   first .. last tokens(r) call
 *   e2e     start .. end(r), or the last tokens(r) call where the backend never calls end
 * So: do all preparation (building a prompt, a request body) before start(), and call tokens() only
 * once the tokens are really there (after the stream is synchronised).  A backend that keeps tokens
 * on its device until the end may report the first alone and the rest together. */
struct ctxmark_emit {
    uint32_t size;
    uint32_t reserved;
    void *state; /* core's */
    /* Called again, it begins the request anew: what was reported before is forgotten. */
    void (*start)(const struct ctxmark_emit *e, uint32_t request);
    /* `count` >= 1 more tokens of `request` are there now.  ids (count of them) and the text they
     * decode to (text_bytes bytes) are optional. */
    void (*tokens)(const struct ctxmark_emit *e, uint32_t request, uint64_t count,
                   const int32_t *ids, const char *text, uint64_t text_bytes);
    void (*end)(const struct ctxmark_emit *e, uint32_t request);
    /* logits[vocabulary] at one of the asked positions; outside the timed spans if it can be. */
    void (*logits)(const struct ctxmark_emit *e, uint32_t request, int64_t position,
                   const float *logits, uint64_t vocabulary);
    /* value of metrics[index] of the descriptor. */
    void (*metric)(const struct ctxmark_emit *e, uint32_t request, uint32_t index, double value);
    /* exactly once per request, last. */
    void (*result)(const struct ctxmark_emit *e, const struct ctxmark_result *result);
    /* Only for backends with CTXMARK_REPLAYS, instead of start(), tokens() and end(): the spans of
     * an earlier measurement, in nanoseconds from its start to the first token, to the last of
     * `count` tokens, and to the end.  The run says that it is a replay. */
    void (*recorded)(const struct ctxmark_emit *e, uint32_t request, uint64_t count,
                     int64_t first_ns, int64_t last_ns, int64_t end_ns);
    /* The next tokens(request) call tells of tokens that were there at at_ns already, a value of
     * host->now_ns(): for a backend that sees that something has come before it can read what. */
    void (*arrived)(const struct ctxmark_emit *e, uint32_t request, int64_t at_ns);
};

/* Memory that a cell will need, before anything is loaded. */
struct ctxmark_estimate {
    uint32_t size;
    uint32_t reserved;
    int64_t peak_bytes;  /* CTXMARK_UNKNOWN where not known */
    int64_t limit_bytes; /* what is there for it now */
};

/* ---------------------------------------------------------------- columns, tables, findings, plots
 */

#define CTXMARK_NUMBER UINT32_C(1)  /* double; NaN: unknown */
#define CTXMARK_INTEGER UINT32_C(2) /* integral double, shown without decimals; NaN: unknown */
#define CTXMARK_FLAG UINT32_C(3)    /* 1 yes, 0 no; NaN: unknown */
#define CTXMARK_TEXT UINT32_C(4)

/* A column of the measured rows, or of a table.  Number-like types fill `number`, CTXMARK_TEXT
 * fills `code` and `dictionary`.  Read-only, valid until analyze() returns. */
struct ctxmark_column {
    uint32_t size;
    uint32_t type;                 /* CTXMARK_NUMBER ... CTXMARK_TEXT */
    uint64_t count;                /* rows */
    const double *number;          /* [count] */
    const int32_t *code;           /* [count] index into dictionary, -1: unknown */
    const char *const *dictionary; /* [dictionary_count] distinct texts in order of appearance */
    uint64_t dictionary_count;
};

#define CTXMARK_ROLE_KEY UINT32_C(1)   /* says what the row is about: model, backend, mode, ... */
#define CTXMARK_ROLE_VALUE UINT32_C(2) /* a figure */
#define CTXMARK_ROLE_LOW UINT32_C(3)   /* bounds of an interval around the value before them */
#define CTXMARK_ROLE_HIGH UINT32_C(4)
#define CTXMARK_ROLE_NOTE UINT32_C(5)   /* words for a reader */
#define CTXMARK_ROLE_DETAIL UINT32_C(6) /* kept in analysis.json, left out of the short views */

struct ctxmark_table_column {
    const char *name; /* [a-z][a-z0-9_]*, unit last where it has one: "median_ms" is not needed,
                       * the unit stands beside it */
    uint32_t type;    /* CTXMARK_NUMBER ... CTXMARK_TEXT */
    uint32_t role;    /* CTXMARK_ROLE_* */
    const char *unit; /* "ms", "tok/s", "%"; "" for a pure number or text */
    const char *definition; /* one sentence: formula or meaning */
};

/* A table to emit.  Flat: one row per cell, series, comparison or effect, keys first. */
struct ctxmark_table {
    uint32_t size;
    uint32_t column_stride; /* sizeof(struct ctxmark_table_column) */
    const char *name;       /* [a-z][a-z0-9_]*, unique within the analyzer */
    const char *title;
    const char *section; /* a chapter of the report: "prefill", "decode", "memory", "ttft",
                          * "comparison", "questions", "reliability", "guidance"; a new word
                          * makes a new chapter at the end */
    int32_t order;       /* within the section, small first */
    uint32_t column_count;
    const struct ctxmark_table_column *columns;
};

/* One value of a table row: text for CTXMARK_TEXT columns (NULL: unknown), else number. */
struct ctxmark_value {
    double number;
    const char *text;
};

#define CTXMARK_SEVERITY_INFO UINT32_C(1)    /* worth knowing */
#define CTXMARK_SEVERITY_NOTICE UINT32_C(2)  /* changes how a figure should be read */
#define CTXMARK_SEVERITY_WARNING UINT32_C(3) /* a figure misleads if taken as it stands */
#define CTXMARK_SEVERITY_ERROR UINT32_C(4)   /* a figure is wrong or impossible */

/* What a finding rests on: a cell of a table (by row and column), a row (column NULL) or all of it
 * (row -1). */
struct ctxmark_evidence {
    const char *analyzer; /* NULL: the one that emits */
    const char *table;
    int64_t row;
    const char *column;
};

struct ctxmark_finding {
    uint32_t size;
    uint32_t severity; /* CTXMARK_SEVERITY_* */
    const char *id;    /* [a-z][a-z0-9_]*: stable, so that scripts can look for it */
    const char *text;  /* one or two sentences that stand alone, with their figures */
    const struct ctxmark_evidence *evidence;
    uint32_t evidence_count;
    uint32_t evidence_stride; /* sizeof(struct ctxmark_evidence) */
};

#define CTXMARK_SERIES_POINTS UINT32_C(1)
#define CTXMARK_SERIES_LINE UINT32_C(2)
#define CTXMARK_SERIES_BOTH UINT32_C(3)
#define CTXMARK_SERIES_BAND UINT32_C(4) /* filled between low and high */

struct ctxmark_series {
    const char *name;  /* for the legend */
    const char *group; /* series of one group share a colour; NULL: one of its own */
    uint32_t kind;     /* CTXMARK_SERIES_* */
    uint32_t count;    /* points */
    const double *x, *y;
    const double *low, *high; /* interval of each point, or NULL */
};

struct ctxmark_limit_line {
    const char *name;
    uint32_t vertical; /* 1: at x = value; 0: at y = value */
    uint32_t reserved;
    double value;
};

struct ctxmark_axis {
    const char *label;
    const char *unit;
    uint32_t logarithmic; /* 1 or 0 */
    uint32_t reserved;
};

struct ctxmark_plot {
    uint32_t size;
    uint32_t series_stride; /* sizeof(struct ctxmark_series) */
    const char *name;       /* [a-z][a-z0-9_]*, unique within the analyzer */
    const char *title;
    const char *section; /* as in struct ctxmark_table */
    int32_t order;
    uint32_t series_count;
    struct ctxmark_axis x, y;
    const struct ctxmark_series *series;
    const struct ctxmark_limit_line *limits;
    uint32_t limit_count;
    uint32_t limit_stride; /* sizeof(struct ctxmark_limit_line) */
};

/* A table that another analyzer emitted before. */
struct ctxmark_table_view {
    uint32_t size;
    uint32_t column_count;
    uint64_t row_count;
    const char *title;
    const struct ctxmark_table_column *columns; /* [column_count], stride column_stride */
    const struct ctxmark_column *data;          /* [column_count], stride data_stride */
    uint32_t column_stride;
    uint32_t data_stride;
};

/* ---------------------------------------------------------------- host services */

#define CTXMARK_SCOPE_PLUGIN UINT32_C(0) /* the plugin's options */
#define CTXMARK_SCOPE_MODEL UINT32_C(1)  /* backends, from load() on: the model's keys */

#define CTXMARK_LOG_DEBUG UINT32_C(1) /* shown with -v */
#define CTXMARK_LOG_INFO UINT32_C(2)
#define CTXMARK_LOG_WARNING UINT32_C(3)

/* A fact about the run, a backend's device or a model. */
struct ctxmark_fact {
    uint32_t size;
    uint32_t is_number;     /* 1: number and unit; 0: text */
    double number;          /* NaN for text */
    const char *text;       /* "" for a number */
    const char *unit;       /* "" where it has none */
    const char *provenance; /* "measured", "table", "user", "model", "core" */
};

#define CTXMARK_FACT_INIT                                                                          \
    {                                                                                              \
        (uint32_t)sizeof(struct ctxmark_fact), 0, 0.0, "", "", ""                                  \
    }

/* The core's services.  Every function takes the table itself as its first argument.  A service
 * that the running core does not have is NULL: check only what came after the minor you need. */
struct ctxmark_host {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    void *state; /* core's */

    /* --- for everyone --- */
    int64_t (*now_ns)(const struct ctxmark_host *h); /* CLOCK_MONOTONIC */
    void (*log)(const struct ctxmark_host *h, uint32_t level, const char *message);
    /* Keep `message` as the reason why the running callback fails; returns `status`, so that
     * `return host->fail(host, CTXMARK_OOM, "...")` reads well.  The last one wins. */
    int32_t (*fail)(const struct ctxmark_host *h, int32_t status, const char *message);
    /* 1 once the user or a time limit wants the running callback to end: return
     * CTXMARK_CANCELLED within a second; the process is killed two seconds after that. */
    int32_t (*cancelled)(const struct ctxmark_host *h);

    /* Options by name, already checked against the plugin's table.  index is 0 but for list
     * options.  Unset: count 0, NULL, `otherwise`.  BOOL reads as integer 0 or 1. */
    uint64_t (*option_count)(const struct ctxmark_host *h, uint32_t scope, const char *name);
    const char *(*option_text)(const struct ctxmark_host *h, uint32_t scope, const char *name,
                               uint64_t index);
    int64_t (*option_int)(const struct ctxmark_host *h, uint32_t scope, const char *name,
                          uint64_t index, int64_t otherwise);
    double (*option_number)(const struct ctxmark_host *h, uint32_t scope, const char *name,
                            uint64_t index, double otherwise);

    /* Facts.  Backends give them from limits() (about the device: "matrix_flops", "read_bytes_s",
     * "host_to_device_bytes_s") and describe() (about the model: "layers", "hidden_size", ...;
     * ctxmark-plugin(3) lists the names that analyzers look for).  Analyzers read them: backend
     * and model name whom it is about, NULL for neither; what is not known about a model is looked
     * up for its backend, then for the run (the config's `facts` come first).  1 found, 0 not. */
    void (*fact_set)(const struct ctxmark_host *h, const char *key, const struct ctxmark_fact *f);
    int32_t (*fact_get)(const struct ctxmark_host *h, const char *backend, const char *model,
                        const char *key, struct ctxmark_fact *ret_fact);

    /* A small store kept with the run (survives --resume): keys and values are text.  kv_get
     * returns the value's length in bytes and copies at most capacity - 1 of them and a NUL;
     * -1: no such key.  kv_set: 0 done, -1 could not be kept (analyzers have no store). */
    int64_t (*kv_get)(const struct ctxmark_host *h, const char *key, char *ret_value,
                      uint64_t capacity);
    int32_t (*kv_set)(const struct ctxmark_host *h, const char *key, const char *value);

    /* --- for analyzers --- */
    /* Measured rows as columns, named as in metrics.csv, and declared metrics; rows in the file's
     * order.  column: 1 found, 0 not.  With two runs (`ctxmark compare`) there is a text column
     * `run`. */
    uint64_t (*row_count)(const struct ctxmark_host *h);
    int32_t (*column)(const struct ctxmark_host *h, const char *name,
                      struct ctxmark_column *ret_column);
    /* A table of an analyzer named in `after`, or of "ctxmark": which rows belong together (its
     * tables `cells` and `cell_rows`; ctxmark-plugin(3) has their columns).  1 found, 0 not. */
    int32_t (*table_find)(const struct ctxmark_host *h, const char *analyzer, const char *table,
                          struct ctxmark_table_view *ret_view);
    /* table_begin returns a handle >= 0, or -1 (and a log line) if the table is malformed.
     * table_row: values[value_count] in the order of the columns. */
    int32_t (*table_begin)(const struct ctxmark_host *h, const struct ctxmark_table *table);
    void (*table_row)(const struct ctxmark_host *h, int32_t table,
                      const struct ctxmark_value *values, uint32_t value_count);
    void (*finding)(const struct ctxmark_host *h, const struct ctxmark_finding *finding);
    void (*plot)(const struct ctxmark_host *h, const struct ctxmark_plot *plot);
};

/* ---------------------------------------------------------------- backends */

#define CTXMARK_CAN_TOKENS UINT64_C(1)      /* takes prompts as token ids */
#define CTXMARK_CAN_TEXT UINT64_C(2)        /* takes prompts as text */
#define CTXMARK_CAN_LOGITS UINT64_C(4)      /* gives logits at asked positions */
#define CTXMARK_CAN_CONCURRENCY UINT64_C(8) /* concurrency > 1 */
#define CTXMARK_CAN_EXACT UINT64_C(16)      /* prompt_tokens are hit exactly, N is always reached */
#define CTXMARK_REPLAYS UINT64_C(32)        /* gives time spans of an earlier measurement */

/* Callbacks in the order of their life:
 *
 *   probe | open -> [estimate]* -> load -> limits -> describe -> (prepare -> run*)* -> unload ->
 * close
 *
 * probe() may be called alone.  open() gives the plugin's state, passed to all that follow.  One
 * model is loaded at a time.  NULL is allowed for probe, estimate, limits, describe, prepare,
 * unload and close. */
struct ctxmark_backend {
    uint32_t size;
    uint32_t reserved;
    uint64_t capabilities; /* CTXMARK_CAN_* */
    /* Can it work here, with these options?  CTXMARK_OK, or CTXMARK_UNAVAILABLE and fail(). */
    int32_t (*probe)(const struct ctxmark_host *h);
    /* h stays valid until close() returns. */
    int32_t (*open)(const struct ctxmark_host *h, void **ret_self);
    /* Memory a cell of this model would need.  The model's keys are readable; nothing is loaded. */
    int32_t (*estimate)(void *self, const struct ctxmark_model *model,
                        const struct ctxmark_cell *cell, struct ctxmark_estimate *ret_estimate);
    int32_t (*load)(void *self, const struct ctxmark_model *model);
    int32_t (*limits)(void *self);   /* at most 2 s; host->fact_set() for each */
    int32_t (*describe)(void *self); /* host->fact_set() for each */
    int32_t (*prepare)(void *self, const struct ctxmark_cell *cell);
    int32_t (*run)(void *self, const struct ctxmark_request *request,
                   const struct ctxmark_emit *emit);
    void (*unload)(void *self);
    void (*close)(void *self);
};

/* ---------------------------------------------------------------- analyzers */

struct ctxmark_analyzer {
    uint32_t size;
    uint32_t reserved;
    const char *const *after; /* NULL-terminated names of analyzers whose tables it reads where
                               * they are there; NULL: none */
    int32_t (*analyze)(const struct ctxmark_host *h);
};

/* ---------------------------------------------------------------- the descriptor */

/* Never moves, in no version: what the loader reads before it believes anything else. */
struct ctxmark_head {
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t size;          /* sizeof(struct ctxmark_plugin) */
    uint32_t option_stride; /* sizeof(struct ctxmark_option) */
    uint64_t needs;         /* features without which the plugin is wrong; none defined in 1.0 */
};

#define CTXMARK_BACKEND UINT32_C(1)
#define CTXMARK_ANALYZER UINT32_C(2)

struct ctxmark_plugin {
    struct ctxmark_head head;
    uint32_t kind;                           /* CTXMARK_BACKEND or CTXMARK_ANALYZER */
    uint32_t metric_stride;                  /* sizeof(struct ctxmark_metric) */
    const char *name;                        /* [a-z][a-z0-9_]*, the file's name without ".so" */
    const char *version;                     /* of the plugin */
    const char *summary;                     /* one line */
    const char *license;                     /* SPDX expression */
    const char *const *aliases;              /* NULL-terminated further names, or NULL */
    const struct ctxmark_option *options;    /* [option_count] */
    const struct ctxmark_option *model_keys; /* [model_key_count], backends */
    const struct ctxmark_metric *metrics;    /* [metric_count], backends */
    uint32_t option_count, model_key_count, metric_count;
    uint32_t reserved;
    const struct ctxmark_backend *backend;   /* CTXMARK_BACKEND */
    const struct ctxmark_analyzer *analyzer; /* CTXMARK_ANALYZER */
};

#define CTXMARK_HEAD                                                                               \
    {                                                                                              \
        CTXMARK_MAGIC, CTXMARK_ABI_MAJOR, CTXMARK_ABI_MINOR,                                       \
            (uint32_t)sizeof(struct ctxmark_plugin), (uint32_t)sizeof(struct ctxmark_option), 0    \
    }

/* The one function a plugin exports.  It returns its descriptor, a constant, and does nothing else.
 * CTXMARK_PLUGIN(descriptor) at the end of the plugin's file writes it.  A plugin that is linked
 * into ctxmark itself is compiled with -DCTXMARK_STATIC_NAME=name, so that names do not clash. */
#define CTXMARK_QUERY_SYMBOL "ctxmark_plugin_query"

#define CTXMARK_CAT2(a, b) a##b
#define CTXMARK_CAT(a, b) CTXMARK_CAT2(a, b)
#ifdef CTXMARK_STATIC_NAME
#define CTXMARK_QUERY CTXMARK_CAT(ctxmark_plugin_query_, CTXMARK_STATIC_NAME)
#else
#define CTXMARK_QUERY ctxmark_plugin_query
#endif

#ifdef __cplusplus
}
#define CTXMARK_C extern "C"
#else
#define CTXMARK_C extern
#endif

#define CTXMARK_PLUGIN(descriptor)                                                                 \
    CTXMARK_C __attribute__((visibility("default"))) const struct ctxmark_plugin *CTXMARK_QUERY(   \
        void);                                                                                     \
    const struct ctxmark_plugin *CTXMARK_QUERY(void)                                               \
    {                                                                                              \
        return &(descriptor);                                                                      \
    }

#endif
