/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* replay: turns a recorded metrics.csv back into a run.  Its times are those of the recording, its
 * failures too; how it reads one is in recording.h and spans.h. */

#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <ctxmark/plugin.h>
#include <ctxmark/util.h>

#include "plugins/replay/recording.h"
#include "plugins/replay/spans.h"

/* ---------------------------------------------------------------- options */

static const struct ctxmark_option options[] = {
    {"file", CTXMARK_TYPE_PATH, CTXMARK_OPT_REQUIRED, NULL, 0, 0, NULL, NULL,
     "the recording: a metrics.csv, or a CSV file with the columns of the TR127 report"},
    {"backend", CTXMARK_TYPE_TEXT, 0, NULL, 0, 0, NULL, NULL,
     "the recorded backend to play; unset: the only one that the file has for the model"},
    {"time_scale", CTXMARK_TYPE_NUMBER, 0, "0", 0, 1e6, NULL, NULL,
     "how long a repetition takes, in recorded times: 0 is at once, 1 as long as it took"},
};

static const struct ctxmark_option model_keys[] = {
    {"recorded_model", CTXMARK_TYPE_TEXT, 0, NULL, 0, 0, NULL, NULL,
     "the model's name in the recording; unset: as in the config"},
};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* ---------------------------------------------------------------- state */

struct replay {
    const struct ctxmark_host *host;
    struct replay_recording recording;
    bool loaded;
    double time_scale;
    uint32_t *failed; /* per cell: failures played since load() */
};

/* ---------------------------------------------------------------- helpers */

static const char *plugin_text(const struct ctxmark_host *h, const char *name)
{
    return h->option_text(h, CTXMARK_SCOPE_PLUGIN, name, 0);
}

/* "512, 1024, ...": the recorded contexts of a launch. */
static void list_contexts(const struct replay_recording *r, int64_t launch, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < r->cell_count && used < size; i++) {
        if (r->cells[i].launch != launch)
            continue;
        int n = snprintf(out + used, size - used, "%s%" PRId64, used ? ", " : "",
                         r->cells[i].context_length);
        used += n > 0 ? (size_t)n : 0;
    }
}

static const struct replay_cell *find_cell(const struct replay *p, int64_t launch, int64_t context)
{
    char contexts[512];
    const struct replay_recording *r = &p->recording;
    const struct replay_cell *cell = replay_recording_find(r, launch, context);
    if (cell)
        return cell;
    list_contexts(r, launch, contexts, sizeof contexts);
    if (launch >= r->launch_count)
        ctxmark_failf(p->host, CTXMARK_UNSUPPORTED,
                      "the recording has %" PRId64 " launches: set launches to that or less",
                      r->launch_count);
    else
        ctxmark_failf(p->host, CTXMARK_UNSUPPORTED,
                      "context %" PRId64 " was not recorded in launch %" PRId64 "; what was: %s",
                      context, launch, contexts);
    return NULL;
}

/* Sleeps in steps short enough to be cancelled. */
static int32_t wait_ns(const struct replay *p, double ns)
{
    const int64_t step = 20000000;
    int64_t until = p->host->now_ns(p->host) + (ns < 9e18 ? (int64_t)ns : INT64_MAX / 2);
    for (;;) {
        int64_t left = until - p->host->now_ns(p->host);
        if (left <= 0)
            return CTXMARK_OK;
        if (p->host->cancelled(p->host))
            return p->host->fail(p->host, CTXMARK_CANCELLED, "cancelled");
        struct timespec t = {0, left < step ? (long)left : (long)step};
        nanosleep(&t, NULL);
    }
}

/* ---------------------------------------------------------------- callbacks */

static int32_t replay_probe(const struct ctxmark_host *h)
{
    const char *file = plugin_text(h, "file");
    if (!file || access(file, R_OK) == 0)
        return CTXMARK_OK;
    return ctxmark_failf(h, CTXMARK_UNAVAILABLE, "%s: the recording cannot be read", file);
}

static int32_t replay_open(const struct ctxmark_host *h, void **ret_self)
{
    struct replay *p = calloc(1, sizeof *p);
    if (!p)
        return h->fail(h, CTXMARK_ERROR, "out of memory");
    p->host = h;
    p->time_scale = h->option_number(h, CTXMARK_SCOPE_PLUGIN, "time_scale", 0, 0.0);
    *ret_self = p;
    return CTXMARK_OK;
}

static void replay_unload(void *self)
{
    struct replay *p = self;
    if (p->loaded)
        replay_recording_free(&p->recording);
    free(p->failed);
    p->failed = NULL;
    p->loaded = false;
}

static int32_t replay_load(void *self, const struct ctxmark_model *model)
{
    struct replay *p = self;
    struct replay_err e;
    const char *file = plugin_text(p->host, "file");
    const char *name = p->host->option_text(p->host, CTXMARK_SCOPE_MODEL, "recorded_model", 0);
    if (!file)
        return p->host->fail(p->host, CTXMARK_INVALID, "the option 'file' is not set");
    if (replay_recording_read(&p->recording, file, name ? name : model->name,
                              plugin_text(p->host, "backend"), &e) < 0)
        return p->host->fail(p->host, CTXMARK_INVALID, e.text);
    p->loaded = true;
    p->failed = calloc(p->recording.cell_count, sizeof *p->failed);
    return p->failed ? CTXMARK_OK : p->host->fail(p->host, CTXMARK_ERROR, "out of memory");
}

static int32_t replay_describe(void *self)
{
    const struct replay *p = self;
    const char *file = plugin_text(p->host, "file");
    const char *slash = strrchr(file, '/');
    ctxmark_fact_text(p->host, "replayed_from", slash ? slash + 1 : file, "user");
    ctxmark_fact_text(p->host, "recorded_backend", p->recording.backend, "user");
    return CTXMARK_OK;
}

static int32_t replay_prepare(void *self, const struct ctxmark_cell *cell)
{
    const struct replay *p = self;
    if (cell->concurrency > 1)
        return p->host->fail(p->host, CTXMARK_UNSUPPORTED, "a replay runs one request at a time");
    return CTXMARK_OK;
}

/* ---- a failure */

/* As a crash is: the process ends here, without a core file of a fault that is none. */
static int32_t crash(const struct replay *p)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return p->host->fail(p->host, CTXMARK_LOST, "the recorded crash could not be played");
}

static int32_t play_failure(const struct replay *p, const struct replay_repetition *failure)
{
    static const struct {
        int32_t status;
        const char *words;
    } as[] = {
        [REPLAY_OK] = {CTXMARK_ERROR, ""},
        [REPLAY_OOM] = {CTXMARK_OOM, "ran out of memory"},
        [REPLAY_TIMEOUT] = {CTXMARK_TIMEOUT, "ran out of time"},
        [REPLAY_ERROR] = {CTXMARK_ERROR, "failed"},
        [REPLAY_CRASHED] = {CTXMARK_LOST, "crashed"},
        [REPLAY_SKIPPED] = {CTXMARK_UNSUPPORTED, "was left out"},
    };
    int32_t status = as[failure->outcome].status;
    if (failure->outcome == REPLAY_CRASHED)
        return crash(p);
    /* With this one the cell was over: the core tries again after CTXMARK_ERROR. */
    if (status == CTXMARK_ERROR && failure->notes & REPLAY_NOTE_ENDED)
        status = CTXMARK_INVALID;
    if (failure->error[0])
        return p->host->fail(p->host, status, failure->error);
    return ctxmark_failf(p->host, status, "line %zu of the recording: it %s", failure->line,
                         as[failure->outcome].words);
}

/* ---- a repetition that succeeded */

static uint32_t notes_of(const struct replay_repetition *r, const struct replay_spans *s,
                         int64_t asked)
{
    uint32_t notes = r->notes & ~(REPLAY_NOTE_ENDED | REPLAY_NOTE_SHORT);
    if (s->count < (uint64_t)asked && (s->counted || r->notes & REPLAY_NOTE_SHORT))
        notes |= CTXMARK_NOTE_SHORT;
    return notes;
}

static const char *text_or_none(const char *text)
{
    return text[0] ? text : NULL;
}

static void give_result(const struct ctxmark_emit *emit, const struct replay_repetition *r,
                        const struct replay_spans *s, int64_t asked)
{
    char note[256];
    struct ctxmark_result result = CTXMARK_RESULT_INIT;
    snprintf(note, sizeof note, "%s%s%s", r->note, s->derived ? " derived" : "",
             s->adjusted ? " adjusted" : "");
    result.notes = notes_of(r, s, asked);
    result.prompt_tokens = replay_count(r->prompt_tokens);
    result.cached_tokens = replay_count(r->cached_tokens);
    result.generated_tokens = (int64_t)s->count;
    result.device_prefill_ns = replay_ns(r->device_ms[REPLAY_PREFILL]);
    result.device_decode_ns = replay_ns(r->device_ms[REPLAY_DECODE]);
    result.device_e2e_ns = replay_ns(r->device_ms[REPLAY_E2E]);
    result.load_ns = replay_ns(r->load_ms);
    result.peak_memory_bytes = replay_bytes(r->peak_mib);
    result.memory_limit_bytes = replay_bytes(r->limit_mib);
    result.spilled_bytes = replay_bytes(r->spilled_mib);
    result.spill_kind = text_or_none(r->spill);
    result.note = text_or_none(note + strspn(note, " "));
    emit->result(emit, &result);
}

static int32_t play(const struct replay *p, const struct replay_repetition *r,
                    const struct ctxmark_request *q, const struct ctxmark_emit *emit)
{
    struct replay_spans s = replay_spans_of(r, q->max_new_tokens);
    if (s.count > (uint64_t)q->max_new_tokens)
        return ctxmark_failf(p->host, CTXMARK_INVALID,
                             "%" PRIu64 " tokens were generated in the recording, line %zu: set "
                             "max_new_tokens to that or more, not %" PRId64,
                             s.count, r->line, q->max_new_tokens);
    if (p->time_scale > 0) {
        int32_t status = wait_ns(p, p->time_scale * (double)s.end_ns);
        if (status != CTXMARK_OK)
            return status;
    }
    emit->recorded(emit, 0, s.count, s.first_ns, s.last_ns, s.end_ns);
    give_result(emit, r, &s, q->max_new_tokens);
    return CTXMARK_OK;
}

/* ---- a request */

static int32_t fail_over(const struct replay *p, const struct replay_cell *cell)
{
    return ctxmark_failf(p->host, CTXMARK_UNSUPPORTED,
                         "the recording of context %" PRId64
                         " ends here: it has %zu measured repetitions and %zu failures",
                         cell->context_length, cell->measured_count, cell->failure_count);
}

static int32_t replay_run(void *self, const struct ctxmark_request *asked,
                          const struct ctxmark_emit *emit)
{
    struct replay *p = self;
    struct ctxmark_request q = {0};
    memcpy(&q, asked, asked->size < sizeof q ? asked->size : sizeof q);
    if (q.concurrency > 1 || q.tokens || q.text)
        return p->host->fail(p->host, CTXMARK_UNSUPPORTED,
                             "a replay runs one request at a time, and no prompt that is given");
    const struct replay_cell *cell = find_cell(p, q.launch, q.prompt_tokens);
    if (!cell)
        return CTXMARK_UNSUPPORTED;
    /* The core counts over all workers of a cell, and a resumed run's too; the worker its own. */
    uint32_t failed = p->failed[cell->index] > q.failures ? p->failed[cell->index] : q.failures;
    const struct replay_repetition *r = replay_cell_next(cell, q.warmup != 0, q.repetition, failed);
    if (!r)
        return fail_over(p, cell);
    if (r->outcome == REPLAY_OK)
        return play(p, r, &q, emit);
    p->failed[cell->index] = failed + 1;
    return play_failure(p, r);
}

static void replay_close(void *self)
{
    replay_unload(self);
    free(self);
}

/* ---------------------------------------------------------------- descriptor */

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .capabilities = CTXMARK_REPLAYS,
    .probe = replay_probe,
    .open = replay_open,
    .load = replay_load,
    .describe = replay_describe,
    .prepare = replay_prepare,
    .run = replay_run,
    .unload = replay_unload,
    .close = replay_close,
};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_BACKEND,
    .metric_stride = sizeof(struct ctxmark_metric),
    .name = "replay",
    .version = "0.1.0",
    .summary = "a recorded metrics.csv as a run: its timings, failures and cold starts",
    .license = "MIT",
    .options = options,
    .model_keys = model_keys,
    .option_count = COUNT(options),
    .model_key_count = COUNT(model_keys),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
