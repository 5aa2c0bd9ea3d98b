/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* usage: client URL STREAMS TOKENS REPETITIONS
 * What the Ollama client itself costs and how well it times, against a stand-in whose tokens say
 * when they went out (--stamps).  Prints a line for each figure:
 *   tokens N       that have come
 *   cpu_us X       the process's time for all of them, user and system
 *   ttft X         for each request: its time to the first token less what the stand-in took, us
 *   late X         for each token: the time that the host is told for it after it went out, us */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "plugins/ollama/ollama.h"

struct samples {
    double *ttft, *late;
    size_t ttft_count, late_count, most;
    int64_t tokens, failures;
    double cpu_us;
    /* Of each stream. */
    int64_t *started, *arrived;
    bool *first_came;
};

static int64_t now_ns(const struct ctxmark_host *h)
{
    struct timespec t;
    (void)h;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int32_t print_failure(const struct ctxmark_host *h, int32_t status, const char *message)
{
    (void)h;
    fprintf(stderr, "client: %s\n", message);
    return status;
}

static int32_t never_cancelled(const struct ctxmark_host *h)
{
    (void)h;
    return 0;
}

static const struct ctxmark_host host = {
    .size = sizeof host, .now_ns = now_ns, .fail = print_failure, .cancelled = never_cancelled};

/* ---- what the client tells its host */

static void on_start(const struct ctxmark_emit *e, uint32_t request)
{
    struct samples *s = e->state;
    s->started[request] = now_ns(NULL);
    s->first_came[request] = false;
}

static void on_arrived(const struct ctxmark_emit *e, uint32_t request, int64_t at_ns)
{
    struct samples *s = e->state;
    s->arrived[request] = at_ns;
}

static void on_tokens(const struct ctxmark_emit *e, uint32_t request, uint64_t count,
                      const int32_t *ids, const char *text, uint64_t text_bytes)
{
    struct samples *s = e->state;
    int64_t at = s->arrived[request];
    char *rest;
    (void)ids;
    s->tokens += (int64_t)count;
    if (!text_bytes || s->late_count == s->most)
        return;
    int64_t came = strtoll(text, &rest, 10), went = strtoll(rest, NULL, 10);
    s->late[s->late_count++] = (double)(at - went) * 1e-3;
    if (!s->first_came[request])
        s->ttft[s->ttft_count++] = (double)(at - s->started[request] - (went - came)) * 1e-3;
    s->first_came[request] = true;
}

static void on_end(const struct ctxmark_emit *e, uint32_t request)
{
    (void)e;
    (void)request;
}

static void on_metric(const struct ctxmark_emit *e, uint32_t request, uint32_t index, double value)
{
    (void)e;
    (void)request;
    (void)index;
    (void)value;
}

static void on_result(const struct ctxmark_emit *e, const struct ctxmark_result *r)
{
    struct samples *s = e->state;
    s->failures += r->status != CTXMARK_OK;
    if (r->status != CTXMARK_OK)
        fprintf(stderr, "client: %s\n", r->error ? r->error : "failed");
}

/* ---- the requests */

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int32_t run_all(const char *url, uint32_t streams, int64_t tokens, long repetitions,
                       struct samples *s)
{
    struct ollama_err e = {0, ""};
    struct ollama_endpoint endpoint = {.url = url, .connect_s = 10.0};
    struct ollama p = {.host = &host, .tag = "tiny", .num_ctx = 8192};
    struct ctxmark_emit emit = {.size = sizeof emit,
                                .state = s,
                                .start = on_start,
                                .tokens = on_tokens,
                                .end = on_end,
                                .metric = on_metric,
                                .result = on_result,
                                .arrived = on_arrived};
    struct ctxmark_request q = {.size = sizeof q,
                                .concurrency = streams,
                                .max_new_tokens = tokens,
                                .cache_policy = CTXMARK_CACHE_REUSE,
                                .text = "the same prompt each time"};
    int32_t status = CTXMARK_OK;
    p.settings.request.whole_s = 300.0;
    p.settings.keep_alive = "30m";
    p.loaded = (struct ollama_loaded){CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, 0};
    p.http = ollama_http_new(&host, &endpoint, &e);
    if (!p.http)
        return print_failure(&host, e.status, e.text);
    double before = cpu_us();
    for (long i = 0; i < repetitions && status == CTXMARK_OK; i++)
        status = ollama_run(&p, &q, &emit);
    s->cpu_us = cpu_us() - before;
    ollama_http_free(p.http);
    return status;
}

static void print_samples(const struct samples *s)
{
    printf("tokens %" PRId64 "\ncpu_us %.1f\n", s->tokens, s->cpu_us);
    for (size_t i = 0; i < s->ttft_count; i++)
        printf("ttft %.3f\n", s->ttft[i]);
    for (size_t i = 0; i < s->late_count; i++)
        printf("late %.3f\n", s->late[i]);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    size_t streams = strtoul(argv[2], NULL, 10), tokens = strtoul(argv[3], NULL, 10),
           repetitions = strtoul(argv[4], NULL, 10);
    struct samples s = {.most = streams * tokens * repetitions};
    s.late = calloc(s.most + 1, sizeof *s.late);
    s.ttft = calloc(streams * repetitions + 1, sizeof *s.ttft);
    s.started = calloc(streams + 1, sizeof *s.started);
    s.arrived = calloc(streams + 1, sizeof *s.arrived);
    s.first_came = calloc(streams + 1, sizeof *s.first_came);
    if (!s.late || !s.ttft || !s.started || !s.arrived || !s.first_came)
        return 1;
    int32_t status = run_all(argv[1], (uint32_t)streams, (int64_t)tokens, (long)repetitions, &s);
    print_samples(&s);
    free(s.late);
    free(s.ttft);
    free(s.started);
    free(s.arrived);
    free(s.first_came);
    return status != CTXMARK_OK || s.failures;
}
