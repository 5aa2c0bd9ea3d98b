/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A request on the engine: the prompt goes in, tokens come out one by one.
 *
 * The device writes each token into the host's memory, where the host watches for it: nothing is
 * copied, and the device need not stop between tokens. */

#include "config.h"

#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "plugins/hf_fp16_cuda/internal.h"

#define STEPS_AHEAD 16 /* graphs that the host may start before their tokens are there */
#define LOOKS 256      /* at the token, between questions to the driver */

static enum gpu_status check(const struct gpu_engine *g, CUresult r, const char *what,
                             struct hf_err *e)
{
    return gpu_driver_check(&g->driver, r, what, e);
}

/* GPU_INVALID for an id that the embedding has no row for. */
static enum gpu_status check_tokens(const struct gpu_engine *g, const int32_t *tokens,
                                    struct hf_err *e)
{
    for (int64_t i = 0; i < g->plan.prompt; i++)
        if (tokens[i] < 0 || tokens[i] >= g->config.vocab_size) {
            hf_err_set(
                e, "token %" PRId64 " of the prompt is %" PRId32 ", the vocabulary has %" PRId64, i,
                tokens[i], g->config.vocab_size);
            return GPU_INVALID;
        }
    return GPU_OK;
}

enum gpu_status gpu_engine_start(struct gpu_engine *g, const int32_t *tokens, struct hf_err *e)
{
    const struct gpu_plan *p = &g->plan;
    struct gpu_control *c = &g->control;
    enum gpu_status s = check_tokens(g, tokens, e);
    if (s != GPU_OK)
        return s;
    s = check(g, g->driver.cuStreamSynchronize(g->stream), "waiting for the GPU", e);
    memcpy(c->prompt, tokens, (size_t)p->prompt * sizeof *tokens);
    memset(c->sequence, 0, sizeof *c->sequence);
    c->sequence->position = (int32_t)p->prompt - 1;
    for (int64_t i = 0; i <= p->positions - p->prompt; i++)
        c->tokens[i] = GPU_TOKEN_NONE;
    g->generated = 0;
    return s;
}

/* Copies the prompt's ids and the sequence's start to the device. */
static enum gpu_status send_prompt(struct gpu_engine *g, struct hf_err *e)
{
    const struct gpu_driver *d = &g->driver;
    CUresult r = d->cuMemcpyHtoDAsync((CUdeviceptr)g->a.tokens, g->control.prompt,
                                      (size_t)g->plan.prompt * sizeof(int32_t), g->stream);
    if (r == CUDA_SUCCESS)
        r = d->cuMemcpyHtoDAsync((CUdeviceptr)g->a.sequence, g->control.sequence,
                                 sizeof *g->control.sequence, g->stream);
    return check(g, r, "copying the prompt to the GPU", e);
}

static enum gpu_status token_ask(struct gpu_engine *g, int64_t index, struct hf_err *e)
{
    CUresult r = g->driver.cuStreamQuery(g->stream);
    if (r == CUDA_SUCCESS && g->control.tokens[index] == GPU_TOKEN_NONE) {
        hf_err_set(e, "the GPU ended its work without a token");
        return GPU_ERROR;
    }
    if (r != CUDA_SUCCESS && r != CUDA_ERROR_NOT_READY)
        return check(g, r, "the GPU's work", e);
    return gpu_engine_cancelled(g, e);
}

/* Token number `index` of this sequence, as soon as the device has it.  Asks at least once whether
 * the caller has cancelled. */
static enum gpu_status token_wait(struct gpu_engine *g, int64_t index, int32_t *ret_token,
                                  struct hf_err *e)
{
    enum gpu_status s = gpu_engine_cancelled(g, e);
    for (unsigned looks = 1; s == GPU_OK; looks++) {
        *ret_token = g->control.tokens[index];
        if (*ret_token != GPU_TOKEN_NONE)
            return GPU_OK;
        if (looks % LOOKS == 0) {
            s = token_ask(g, index, e);
            sched_yield();
        }
    }
    return s;
}

bool gpu_engine_is_wished(const struct gpu_engine_wish *wish, int64_t position)
{
    for (uint64_t i = 0; i < wish->count; i++)
        if (wish->positions[i] == position)
            return true;
    return false;
}

enum gpu_status gpu_engine_give_logits(struct gpu_engine *g, const struct gpu_engine_wish *wish,
                                       int64_t position, struct hf_err *e)
{
    const struct gpu_driver *d = &g->driver;
    size_t bytes = (size_t)g->config.vocab_size * sizeof(float);
    CUresult r =
        d->cuMemcpyDtoHAsync(g->control.logits, (CUdeviceptr)g->a.logits, bytes, g->stream);
    if (r == CUDA_SUCCESS)
        r = d->cuStreamSynchronize(g->stream);
    enum gpu_status s = check(g, r, "copying logits from the GPU", e);
    if (s == GPU_OK)
        wish->logits(wish->arg, position, g->control.logits);
    return s;
}

static enum gpu_status mark(struct gpu_engine *g, enum gpu_event event, struct hf_err *e)
{
    return check(g, g->driver.cuEventRecord(g->events[event], g->stream), "recording an event", e);
}

/* After a failure nothing of the sequence may still be at work. */
static enum gpu_status sequence_end(struct gpu_engine *g, enum gpu_status s)
{
    struct hf_err ignored;
    if (s != GPU_OK && s != GPU_LOST) {
        enum gpu_status after =
            check(g, g->driver.cuStreamSynchronize(g->stream), "waiting for the GPU", &ignored);
        s = after == GPU_LOST ? GPU_LOST : s;
    }
    return s;
}

/* The graph has no place for logits on the way. */
static bool prompt_is_wished(const struct gpu_engine *g, const struct gpu_engine_wish *wish)
{
    return wish->count > 0 && wish->positions[0] < g->plan.prompt;
}

static enum gpu_status prompt_start(struct gpu_engine *g, const struct gpu_engine_wish *wish,
                                    struct hf_err *e)
{
    if (!g->prompt_graph || prompt_is_wished(g, wish))
        return gpu_forward_prompt(g, wish, e);
    enum gpu_status s = gpu_engine_cancelled(g, e);
    return s == GPU_OK ? check(g, g->driver.cuGraphLaunch(g->prompt_graph, g->stream),
                               "starting a graph", e)
                       : s;
}

enum gpu_status gpu_engine_prefill(struct gpu_engine *g, const struct gpu_engine_wish *wish,
                                   struct hf_err *e)
{
    int32_t token = GPU_TOKEN_NONE;
    enum gpu_status s = mark(g, GPU_EVENT_START, e);
    if (s == GPU_OK)
        s = send_prompt(g, e);
    if (s == GPU_OK)
        s = prompt_start(g, wish, e);
    if (s == GPU_OK)
        s = mark(g, GPU_EVENT_FIRST, e);
    if (s == GPU_OK)
        s = mark(g, GPU_EVENT_LAST, e);
    if (s == GPU_OK)
        s = token_wait(g, 0, &token, e);
    g->generated = 1;
    if (s == GPU_OK)
        wish->token(wish->arg, token);
    return sequence_end(g, s);
}

static enum gpu_status step_start(struct gpu_engine *g, const struct gpu_engine_wish *wish,
                                  struct hf_err *e)
{
    int64_t position = g->plan.prompt + g->generated - 1;
    enum gpu_status s;
    if (g->graph)
        s = check(g, g->driver.cuGraphLaunch(g->graph, g->stream), "starting a graph", e);
    else
        s = gpu_forward_token(g, position, e);
    g->generated++;
    if (s == GPU_OK && gpu_engine_is_wished(wish, position))
        s = gpu_engine_give_logits(g, wish, position, e);
    return s;
}

enum gpu_status gpu_engine_decode(struct gpu_engine *g, int64_t count,
                                  const struct gpu_engine_wish *wish, struct hf_err *e)
{
    const int64_t first = g->generated, ahead = g->graph ? STEPS_AHEAD : 2;
    enum gpu_status s = GPU_OK;
    for (int64_t seen = 0; s == GPU_OK && seen < count; seen++) {
        int32_t token;
        while (s == GPU_OK && g->generated - first < count && g->generated - first < seen + ahead) {
            s = step_start(g, wish, e);
            if (s == GPU_OK && g->generated - first == count)
                s = mark(g, GPU_EVENT_LAST, e);
        }
        if (s == GPU_OK)
            s = token_wait(g, first + seen, &token, e);
        if (s == GPU_OK)
            wish->token(wish->arg, token);
    }
    return sequence_end(g, s);
}

static int64_t elapsed(const struct gpu_engine *g, enum gpu_event from, enum gpu_event to)
{
    float ms = 0.0f;
    if (g->driver.cuEventSynchronize(g->events[to]) != CUDA_SUCCESS ||
        g->driver.cuEventElapsedTime(&ms, g->events[from], g->events[to]) != CUDA_SUCCESS)
        return -1;
    return (int64_t)((double)ms * 1e6);
}

void gpu_engine_times(const struct gpu_engine *g, int64_t *ret_prefill, int64_t *ret_decode)
{
    *ret_prefill = elapsed(g, GPU_EVENT_START, GPU_EVENT_FIRST);
    *ret_decode = elapsed(g, GPU_EVENT_FIRST, GPU_EVENT_LAST);
}
