/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What the mock plugins have in common: a descriptor in one line, a good answer, small helpers.  A
 * mock includes this and then says only what is wrong with it. */

#ifndef TESTS_MOCKS_MOCK_H
#define TESTS_MOCKS_MOCK_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ctxmark/util.h>

#define MOCK_UNUSED __attribute__((unused))

/* The state of every mock backend: the host is all it needs. */
struct mock {
    const struct ctxmark_host *host;
    int64_t context_length; /* of the prepared cell; 0: none */
    int64_t runs;           /* so far in this process */
};

static MOCK_UNUSED int32_t mock_open(const struct ctxmark_host *h, void **ret_self)
{
    struct mock *m = calloc(1, sizeof *m);
    if (!m)
        return ctxmark_failf(h, CTXMARK_OOM, "no memory for the mock");
    m->host = h;
    *ret_self = m;
    return CTXMARK_OK;
}

static MOCK_UNUSED int32_t mock_load(void *self, const struct ctxmark_model *model)
{
    (void)self;
    (void)model;
    return CTXMARK_OK;
}

static MOCK_UNUSED int32_t mock_prepare(void *self, const struct ctxmark_cell *cell)
{
    struct mock *m = self;
    m->context_length = cell->context_length;
    return CTXMARK_OK;
}

static MOCK_UNUSED void mock_close(void *self)
{
    free(self);
}

static MOCK_UNUSED void mock_sleep_us(int64_t us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    if (us > 0)
        nanosleep(&t, NULL);
}

/* Every token and what it decodes to are functions of its number alone. */
static MOCK_UNUSED void mock_emit_tokens(const struct ctxmark_request *request,
                                         const struct ctxmark_emit *emit, uint32_t r,
                                         int64_t prefill_us, int64_t decode_us)
{
    for (int64_t i = 0; i < request->max_new_tokens; i++) {
        char text[32];
        int32_t id = (int32_t)(100 + i);
        int n = snprintf(text, sizeof text, " w%d", (int)i);
        mock_sleep_us(i == 0 ? prefill_us : decode_us);
        emit->tokens(emit, r, 1, &id, text, (uint64_t)n);
    }
}

static MOCK_UNUSED struct ctxmark_result mock_result(const struct ctxmark_request *request,
                                                     uint32_t r)
{
    struct ctxmark_result result = CTXMARK_RESULT_INIT;
    result.request = r;
    result.prompt_tokens = request->prompt_tokens;
    result.cached_tokens = 0;
    result.generated_tokens = request->max_new_tokens;
    return result;
}

/* One good answer to each request. */
static MOCK_UNUSED int32_t mock_run(void *self, const struct ctxmark_request *request,
                                    const struct ctxmark_emit *emit)
{
    (void)self;
    for (uint32_t r = 0; r < request->concurrency; r++) {
        struct ctxmark_result result = mock_result(request, r);
        emit->start(emit, r);
        mock_emit_tokens(request, emit, r, 0, 0);
        emit->end(emit, r);
        emit->result(emit, &result);
    }
    return CTXMARK_OK;
}

/* Dies of a signal, also where a sanitizer would catch it and leave in order. */
static MOCK_UNUSED void mock_crash(void)
{
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
}

/* Is the text option (or choice) `name` this word? */
static MOCK_UNUSED int mock_option_is(const struct ctxmark_host *h, const char *name,
                                      const char *word)
{
    const char *text = h->option_text(h, CTXMARK_SCOPE_PLUGIN, name, 0);
    return text && strcmp(text, word) == 0;
}

static MOCK_UNUSED int64_t mock_option_int(const struct ctxmark_host *h, const char *name)
{
    return h->option_int(h, CTXMARK_SCOPE_PLUGIN, name, 0, 0);
}

/* A backend that is right in all, to be changed in one point. */
#define MOCK_BACKEND_INIT                                                                          \
    .size = sizeof(struct ctxmark_backend), .capabilities = CTXMARK_CAN_EXACT, .open = mock_open,  \
    .load = mock_load, .prepare = mock_prepare, .run = mock_run, .close = mock_close

#define MOCK_DESCRIPTOR_INIT(name_text, summary_text)                                              \
    .head = CTXMARK_HEAD, .kind = CTXMARK_BACKEND, .metric_stride = sizeof(struct ctxmark_metric), \
    .name = name_text, .version = "1", .summary = summary_text, .license = "MIT"

#define MOCK_COUNT(table) ((uint32_t)(sizeof(table) / sizeof(table)[0]))

#endif
