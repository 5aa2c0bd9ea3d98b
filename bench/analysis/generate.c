/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* usage: generate ROWS CELLS
 * Prints a metrics.csv of about so many rows: CELLS cells (backend x model x context length, a
 * multiple of 100), each repetition in its three modes, as a run writes them.  Latencies grow as a
 * power of the context length, with noise and some slow repetitions.  The same file everywhere. */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ctxmark/util.h>

#define BACKENDS 4
#define MODELS 25
#define NEW_TOKENS 128

static const char header[] =
    "run_id,seq,launch,time_utc,backend,plugin,model,params_m,context_length,mode,phase,rep,"
    "request,concurrency,cold,status,latency_ms,device_ms,tokens_per_s,prompt_tokens,"
    "cached_tokens,generated_tokens,ttft_ms,load_ms,peak_memory_mib,memory_limit_mib,spill,"
    "spilled_mib,foreign_cpu,gpu_temp_c,gpu_clock_mhz,gpu_power_w,energy_j,throttle,note,error";

struct cell {
    int backend, model;
    double context, params_m;
};

/* Uniform in (0, 1]. */
static double uniform(uint64_t counter)
{
    return ((double)(ctxmark_mix(counter) >> 11) + 1) * 0x1p-53;
}

/* Around 1: log-normal noise of 2 %, one repetition in 50 half as long again. */
static double noise(uint64_t counter)
{
    double z =
        sqrt(-2 * log(uniform(3 * counter))) * cos(6.283185307179586 * uniform(3 * counter + 1));
    return exp(0.02 * z) * (uniform(3 * counter + 2) < 0.02 ? 1.5 : 1);
}

/* The shortest decimals that read back the same, as a run writes rates. */
static void print_number(double x)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    fputs(text, stdout);
}

static void print_row(const struct cell *c, uint64_t seq, unsigned rep, const char *mode, double ms,
                      double ttft_ms, int generated)
{
    uint64_t at = seq * 137;
    printf("20261123-083445-f12e1f,%" PRIu64 ",0,2026-11-23T%02u:%02u:%02u.%03uZ,backend-%d,replay,"
           "model-%02d,%g,%g,%s,measured,%u,0,1,0,ok,%.6f,%.6f,",
           seq, (unsigned)(at / 3600000 % 24), (unsigned)(at / 60000 % 60),
           (unsigned)(at / 1000 % 60), (unsigned)(at % 1000), c->backend, c->model, c->params_m,
           c->context, mode, rep, ms, ms * 0.99);
    print_number((*mode == 'p' ? c->context : generated) / ms * 1000);
    printf(",%g,0,%d,", c->context, generated);
    if (*mode != 'd')
        printf("%.6f", ttft_ms);
    printf(",,%.3f,12288.000,,,%.2f,%u,%u,%.1f,%.3f,,,\n", 2 * c->params_m + 0.06 * c->context,
           0.01 * (double)(seq % 17), 60 + (unsigned)(seq / 100 % 12),
           1800 + 15 * (unsigned)(seq / 50 % 9), 180 + 0.1 * (double)(seq % 97), 0.18 * ms);
}

static void print_repetition(const struct cell *c, uint64_t seq, unsigned rep)
{
    double scale = c->params_m / 500 * (1 + 0.3 * c->backend);
    double prefill = 0.02 * scale * pow(c->context, 1.1) * noise(2 * seq);
    double decode = (1000 * scale + 0.05 * c->context) * noise(2 * seq + 1);
    print_row(c, seq, rep, "prefill", prefill, prefill, 1);
    print_row(c, seq, rep, "decode", decode, prefill, NEW_TOKENS - 1);
    print_row(c, seq, rep, "e2e", prefill + decode, prefill, NEW_TOKENS);
}

int main(int argc, char **argv)
{
    uint64_t rows = argc == 3 ? strtoull(argv[1], NULL, 10) : 0,
             cells = argc == 3 ? strtoull(argv[2], NULL, 10) : 0, seq = 0;
    if (!rows || !cells || cells % (BACKENDS * MODELS)) {
        fprintf(stderr, "usage: generate ROWS CELLS (a multiple of %d)\n", BACKENDS * MODELS);
        return 2;
    }
    puts(header);
    for (uint64_t i = 0; i < cells; i++) {
        struct cell c = {.backend = (int)(i % BACKENDS), .model = (int)(i / BACKENDS % MODELS)};
        c.context = 512 * (double)(i / (BACKENDS * MODELS) + 1);
        c.params_m = 500 + 250 * c.model;
        /* The repetitions of cell i, so that all rows come out at `rows`. */
        unsigned reps = (unsigned)(rows / 3 * (i + 1) / cells - rows / 3 * i / cells);
        for (unsigned rep = 0; rep < reps; rep++)
            print_repetition(&c, seq++, rep);
    }
    return ferror(stdout) || fclose(stdout) ? 1 : 0;
}
