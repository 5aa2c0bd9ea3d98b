/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/conformance/samples.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"

static const char header[] =
    "run_id,seq,launch,time_utc,backend,plugin,model,params_m,context_length,mode,phase,rep,"
    "request,"
    "concurrency,cold,status,latency_ms,device_ms,tokens_per_s,prompt_tokens,cached_tokens,"
    "generated_tokens,ttft_ms,load_ms,peak_memory_mib,memory_limit_mib,spill,spilled_mib,"
    "foreign_cpu,gpu_temp_c,gpu_clock_mhz,gpu_power_w,energy_j,throttle,note,error\n";

#define REPETITIONS 7 /* the first is a warm-up */
static const char *const backends[] = {"one", "two"};
static const char *const models[] = {"small", "large"};
static const int contexts[] = {128, 512, 2048, 8192};
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- a whole sweep: linear and quadratic parts, a first repetition that is slow, memory */

/* A little noise that is the same everywhere. */
static double noise(unsigned seq)
{
    return 1.0 + 0.02 * ((double)(seq * 7919u % 101u) / 100.0 - 0.5);
}

static void add_mode(struct buf *b, unsigned seq, size_t backend, size_t model, int context,
                     const char *mode, unsigned rep, double ms, int tokens)
{
    bool warmup = rep == 0;
    buf_printf(b, "check,%u,0,2026-01-01T00:00:00Z,%s,mock,%s,%d,%d,%s,%s,%u,0,1,%d,ok,", seq,
               backends[backend], models[model], model ? 1500 : 135, context, mode,
               warmup ? "warmup" : "measured", warmup ? 0 : rep - 1, warmup);
    buf_number(b, ms);
    buf_printf(b, ",,");
    buf_number(b, 1000.0 * tokens / ms);
    buf_printf(b, ",%d,0,64,,,%d,12288,,,0,,,,,,,\n", context, 500 + context / 8);
}

static void add_repetition(struct buf *b, unsigned seq, size_t backend, size_t model, int context,
                           unsigned rep)
{
    double scale = (backend ? 1.3 : 1.0) * (model ? 8.0 : 1.0) * noise(seq);
    double prefill = scale * (0.05 * context + 4e-6 * context * context) * (rep == 0 ? 3.0 : 1.0);
    double decode = scale * 63 * (1.0 + 1e-5 * context);
    add_mode(b, seq, backend, model, context, "prefill", rep, prefill, context);
    add_mode(b, seq, backend, model, context, "decode", rep, decode, 63);
    add_mode(b, seq, backend, model, context, "e2e", rep, prefill + decode, 64);
}

static void fill_sweep(struct buf *b)
{
    unsigned seq = 0;
    buf_puts(b, header);
    for (size_t backend = 0; backend < COUNT(backends); backend++)
        for (size_t model = 0; model < COUNT(models); model++)
            for (size_t context = 0; context < COUNT(contexts); context++)
                for (unsigned rep = 0; rep < REPETITIONS; rep++)
                    add_repetition(b, ++seq, backend, model, contexts[context], rep);
    buf_printf(
        b,
        "check,%u,0,,one,mock,large,1500,32768,prefill,measured,0,0,1,0,oom,,,,,,,,,,,,,,,,,,,,"
        "out of memory\n",
        ++seq);
}

static void fill_nothing(struct buf *b)
{
    buf_puts(b, header);
}

static void fill_one(struct buf *b)
{
    buf_puts(b, header);
    add_mode(b, 1, 0, 0, 512, "prefill", 1, 12.5, 512);
}

/* Rows whose every number is unknown, and that all failed or all were good. */
static void fill_unknown(struct buf *b)
{
    buf_puts(b, header);
    for (int i = 0; i < 6; i++)
        buf_printf(b, ",,,,,,,,,,,,,,,%s,,,,,,,,,,,,,,,,,,,,\n", i % 2 ? "ok" : "error");
}

/* A CSV of other makers: a few columns. */
static void fill_few(struct buf *b)
{
    buf_puts(b, "model,backend,context_length,mode,latency_ms\n");
    for (int i = 0; i < 12; i++)
        buf_printf(b, "m,b,%d,%s,%d.5\n", 512 << (i % 3), i % 2 ? "prefill" : "decode", 10 + i);
}

/* All the same, and zero: nothing may be divided by. */
static void fill_equal(struct buf *b)
{
    buf_puts(b, header);
    for (unsigned i = 0; i < 12; i++)
        buf_printf(b,
                   "check,%u,0,,one,mock,small,0,%d,prefill,measured,%u,0,1,0,ok,0,0,,0,0,0,,,0,0"
                   ",,,0,,,,,,,\n",
                   i, i < 6 ? 1 : 2, i % 6);
}

static const struct {
    const char *name;
    void (*fill)(struct buf *b);
} samples[] = {
    {"rows of a sweep", fill_sweep},
    {"no rows", fill_nothing},
    {"one row", fill_one},
    {"rows of which nothing is known", fill_unknown},
    {"a CSV with few columns", fill_few},
    {"values that are all 0", fill_equal},
};

const char *sample_name(size_t i)
{
    return i < COUNT(samples) ? samples[i].name : NULL;
}

/* ---- as a frame */

static struct frame *read_file(int fd, const char *path, const struct buf *b, struct err *e)
{
    const char *p = buf_text(b);
    for (size_t left = b->len; left > 0;) {
        ssize_t n = write(fd, p, left);
        if (n < 0 && errno != EINTR) {
            err_set(e, "%s: %s", path, strerror(errno));
            return NULL;
        }
        p += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    return frame_read_csv(path, NULL, e);
}

struct frame *sample_make(size_t i, struct err *e)
{
    struct buf b = {0};
    struct frame *frame = NULL;
    char path[PATH_MAX];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/ctxmark-check.XXXXXX", folder && folder[0] ? folder : "/tmp");
    samples[i].fill(&b);
    int fd = buf_ok(&b) ? mkstemp(path) : -1;
    if (fd < 0) {
        err_set(e, "%s: %s", path, buf_ok(&b) ? strerror(errno) : "out of memory");
    } else {
        frame = read_file(fd, path, &b, e);
        close(fd);
        unlink(path);
    }
    buf_free(&b);
    return frame;
}
