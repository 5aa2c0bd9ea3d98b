/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Threads that share the pieces of one job after another.
 *
 * A job is a number of pieces.  Each thread, the caller included, has a share of its own, of pieces
 * that follow each other, so that what it reads is one stream; whoever is done with its share takes
 * from the ends of the others'.  The caller waits for pieces, not for threads: a helper that the
 * system keeps off its core delays a job only by a piece that it has begun.  Helpers wait actively
 * for a short while, since a decode step is some hundred jobs of microseconds, and then sleep. */

#ifndef HF_CPU_POOL_H
#define HF_CPU_POOL_H

#include <stdbool.h>

#define CPU_THREADS_MAX 1024

struct cpu_pool;

/* One piece of a job.  `thread` is 0 .. threads - 1: which scratch memory is free to use. */
typedef void cpu_pool_job(void *arg, int piece, int thread);

/* threads 1 .. CPU_THREADS_MAX, the caller being one of them.  With `pin` each keeps to a processor
 * of its own, as far as there are enough.  NULL: out of memory or of threads. */
struct cpu_pool *cpu_pool_start(int threads, bool pin);
void cpu_pool_stop(struct cpu_pool *p);

int cpu_pool_threads(const struct cpu_pool *p);

/* Does all pieces and returns; thread t begins with those from t * pieces / threads on.  Only from
 * the thread that started the pool, never from a job. */
void cpu_pool_run(struct cpu_pool *p, cpu_pool_job *job, void *arg, int pieces);

/* Processors that this process may run on. */
int cpu_pool_processors(void);

#endif
