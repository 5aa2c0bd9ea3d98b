/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* hf_cpu's engine beside the machine's limits, in one process: `bench_engine CHECKPOINT THREADS
 * ROUNDS DEPTH TESTS OPTIONS`, which bench/cpu/run calls.
 *
 * TESTS are letters: p prompt of 512 tokens, t 32 tokens one by one, P and T the same after DEPTH
 * tokens, r and g the probes between them: reading with all threads, sgemm of OpenBLAS.  OPTIONS
 * are letters too: f KV cache in float32, e eager attention, n threads pinned.  Prints a line for
 * each: name, tokens, seconds, CPU seconds of its own, cores that others kept busy. */

#include "config.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "plugins/hf_common/prompt.h"
#include "plugins/hf_cpu/internal.h"

#define PROMPT 512
#define STEPS 32
#define SGEMM 4096 /* the size at which OpenBLAS is fastest */
#define READ_BYTES (INT64_C(1) << 29)
#define READ_PIECE (INT64_C(1) << 20)

struct bench {
    struct cpu_engine *engine;
    int64_t depth;
    int32_t *tokens;
    float *matrices; /* three of SGEMM x SGEMM */
    struct cpu_block read;
    volatile float sink;
};

struct clock {
    double wall, process, machine; /* seconds; of all cores for the last two */
};

static double seconds(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Busy seconds of all cores since the start, what the hypervisor took included. */
static double machine_seconds(void)
{
    unsigned long long t[8] = {0};
    FILE *f = fopen("/proc/stat", "re");
    if (!f)
        return 0.0;
    int n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
                   &t[4], &t[5], &t[6], &t[7]);
    fclose(f);
    double ticks = (double)(t[0] + t[1] + t[2] + t[5] + t[6] + t[7]);
    return n == 8 ? ticks / (double)sysconf(_SC_CLK_TCK) : 0.0;
}

static struct clock clock_now(void)
{
    return (struct clock){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID),
                          machine_seconds()};
}

static void report(const char *name, int64_t count, const struct clock *before)
{
    struct clock now = clock_now();
    double wall = now.wall - before->wall;
    double own = now.process - before->process, others = now.machine - before->machine - own;
    printf("%s %lld %.6f %.6f %.2f\n", name, (long long)count, wall, own,
           others > 0.0 ? others / wall : 0.0);
    fflush(stdout);
}

/* ---------------------------------------------------------------- probes */

static void read_piece(void *arg, int piece, int thread)
{
    (void)thread;
    struct bench *b = arg;
    const int64_t floats = READ_PIECE / (int64_t)sizeof(float);
    b->sink += b->engine->kernels->sum((float *)b->read.data + piece * floats, floats);
}

/* Three passes; the best counts, as for every probe. */
static void probe_read(struct bench *b)
{
    for (int i = 0; i < 3; i++) {
        struct clock before = clock_now();
        cpu_pool_run(b->engine->pool, read_piece, b, (int)(READ_BYTES / READ_PIECE));
        report("read", READ_BYTES, &before);
    }
}

static void probe_sgemm(struct bench *b)
{
    const int n = SGEMM;
    float *a = b->matrices;
    struct clock before = clock_now();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, n, 1.0f, a, n, a + n * n, n, 0.0f,
                a + 2 * n * n, n);
    report("sgemm", INT64_C(2) * n * n * n, &before);
    /* Its threads wait actively for a while, which would slow what comes next. */
    usleep(100000);
}

/* ---------------------------------------------------------------- tests */

static int prefill(struct bench *b, int64_t count)
{
    struct hf_err e;
    if (cpu_engine_prefill(b->engine, b->tokens, count, NULL, 0, NULL, NULL, &e) == CPU_OK)
        return 0;
    fprintf(stderr, "bench_engine: %s\n", e.text);
    return -1;
}

static int bench_prompt(struct bench *b, const char *name)
{
    struct clock before = clock_now();
    int result = prefill(b, PROMPT);
    report(name, PROMPT, &before);
    return result;
}

static int bench_steps(struct bench *b, const char *name)
{
    struct hf_err e;
    struct clock before = clock_now();
    for (int i = 0; i < STEPS; i++)
        if (cpu_engine_decode(b->engine, b->tokens[i], &e) != CPU_OK) {
            fprintf(stderr, "bench_engine: %s\n", e.text);
            return -1;
        }
    report(name, STEPS, &before);
    return 0;
}

/* Brings the sequence to `depth` tokens: what is there is kept. */
static int bench_deepen(struct bench *b)
{
    if (b->engine->length < b->depth) {
        cpu_engine_reset(b->engine);
        if (prefill(b, b->depth) != 0)
            return -1;
    }
    b->engine->length = b->depth;
    return 0;
}

static int bench_one(struct bench *b, char test)
{
    switch (test) {
    case 'r':
        probe_read(b);
        return 0;
    case 'g':
        probe_sgemm(b);
        return 0;
    case 'p':
    case 't':
        cpu_engine_reset(b->engine);
        return test == 'p' ? bench_prompt(b, "pp512") : bench_steps(b, "tg32");
    case 'P':
        return bench_deepen(b) == 0 ? bench_prompt(b, "pp512@d") : -1;
    case 'T':
        return bench_deepen(b) == 0 ? bench_steps(b, "tg32@d") : -1;
    default:
        fprintf(stderr, "bench_engine: no test %c\n", test);
        return -1;
    }
}

/* ---------------------------------------------------------------- the run */

static void describe(const struct bench *b)
{
    const struct hf_config *c = cpu_engine_config(b->engine);
    struct cpu_engine_memory m = cpu_engine_memory(b->engine);
    int64_t without;
    (void)hf_config_parameters(c, &without);
    printf("model %lld %lld %lld %lld\n", (long long)m.weights, (long long)without,
           (long long)(c->layers * c->heads * c->head_dim),
           (long long)(c->layers * c->kv_heads * c->head_dim * 2 *
                       (int64_t)hf_dtype_bytes(b->engine->frame.kv)));
}

static int bench_allocate(struct bench *b, const char *tests)
{
    int64_t positions = PROMPT + (strpbrk(tests, "PT") ? b->depth : 0);
    struct hf_err e;
    if (cpu_engine_prepare(b->engine, positions, positions, &e) != CPU_OK) {
        fprintf(stderr, "bench_engine: %s\n", e.text);
        return -1;
    }
    b->tokens = calloc((size_t)positions, sizeof *b->tokens);
    if (!b->tokens)
        return -1;
    hf_prompt_fill(cpu_engine_config(b->engine), 42, 1, positions, b->tokens);
    if (strchr(tests, 'r') && cpu_block_get(READ_BYTES, &b->read) != 0)
        return -1;
    if (!strchr(tests, 'g'))
        return 0;
    b->matrices = calloc(3 * (size_t)SGEMM * SGEMM, sizeof *b->matrices);
    for (int i = 0; b->matrices && i < 3 * SGEMM * SGEMM; i++)
        b->matrices[i] = (float)(i % 101) / 100.0f;
    return b->matrices ? 0 : -1;
}

static int bench_run(struct bench *b, int rounds, const char *tests)
{
    describe(b);
    for (int i = 0; i < rounds; i++)
        for (const char *t = tests; *t; t++)
            if (bench_one(b, *t) != 0)
                return -1;
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("peak_kib %ld\n", u.ru_maxrss);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fputs("usage: bench_engine CHECKPOINT THREADS ROUNDS DEPTH TESTS OPTIONS\n", stderr);
        return 2;
    }
    struct bench b = {.depth = strtoll(argv[4], NULL, 10)};
    struct cpu_engine_options o = {.path = argv[1],
                                   .threads = (int)strtol(argv[2], NULL, 10),
                                   .pin = strchr(argv[6], 'n') != NULL,
                                   .attention = strchr(argv[6], 'e') ? CPU_EAGER : CPU_FLASH,
                                   .kv = strchr(argv[6], 'f') ? HF_F32 : HF_F16};
    struct hf_err e;
    openblas_set_num_threads(o.threads);
    if (cpu_engine_load(&o, &b.engine, &e) != CPU_OK) {
        fprintf(stderr, "bench_engine: %s\n", e.text);
        return 1;
    }
    int failed = bench_allocate(&b, argv[5]) != 0 ||
                 bench_run(&b, (int)strtol(argv[3], NULL, 10), argv[5]) != 0;
    cpu_engine_free(b.engine);
    cpu_block_free(&b.read);
    free(b.matrices);
    free(b.tokens);
    return failed;
}
