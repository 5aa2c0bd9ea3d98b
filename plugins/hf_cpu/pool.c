/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_cpu/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Rounds of waiting before a helper sleeps and the caller lets others run: about 100 microseconds,
 * which is longer than anything between two jobs, and less than a neighbour would mind. */
#define SPINS 4000
#define LINE 64

/* The pieces of the present job that one thread begins with: the first free one (upper half) and
 * the one after the last (lower half).  The job and its argument are set before, and changed only
 * when all its pieces are done, so whoever takes a piece finds the job that it belongs to. */
struct share {
    _Alignas(LINE) _Atomic uint64_t free;
};

/* What is waited for has cache lines of its own: waiting on one does not slow the other. */
struct cpu_pool {
    _Alignas(LINE) _Atomic uint64_t jobs; /* given out so far */
    _Alignas(LINE) _Atomic int done;      /* pieces of the present one */
    _Alignas(LINE) _Atomic int asleep;
    _Atomic bool stopping;
    cpu_pool_job *job;
    void *arg;
    int threads;
    bool pin;
    cpu_set_t processors; /* that the caller had before it was pinned */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t *ids;       /* [threads - 1] */
    struct share *shares; /* [threads] */
};

struct helper {
    struct cpu_pool *pool;
    int thread;
};

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static uint64_t share_of(int first, int end)
{
    return (uint64_t)(uint32_t)first << 32 | (uint32_t)end;
}

/* Takes a piece, the first of the thread's own share or the last of another's; -1: there is none.
 */
static int share_take(struct share *s, bool own)
{
    uint64_t free = atomic_load_explicit(&s->free, memory_order_acquire);
    for (;;) {
        int first = (int)(free >> 32), end = (int)(uint32_t)free;
        if (first >= end)
            return -1;
        uint64_t left = own ? share_of(first + 1, end) : share_of(first, end - 1);
        if (atomic_compare_exchange_weak_explicit(&s->free, &free, left, memory_order_acq_rel,
                                                  memory_order_acquire))
            return own ? first : end - 1;
    }
}

/* The own share in order, then what others have not begun.  What is done is counted once, at the
 * end: processors that share no cache need half a microsecond to hand the counter over. */
static void pool_work(struct cpu_pool *p, int thread)
{
    int done = 0;
    for (int i = 0; i < p->threads; i++) {
        struct share *s = &p->shares[(thread + i) % p->threads];
        for (int piece = share_take(s, i == 0); piece >= 0; piece = share_take(s, i == 0)) {
            p->job(p->arg, piece, thread);
            done++;
        }
    }
    if (done > 0)
        atomic_fetch_add_explicit(&p->done, done, memory_order_release);
}

static bool pool_has_news(struct cpu_pool *p, uint64_t seen)
{
    return atomic_load(&p->jobs) != seen || atomic_load(&p->stopping);
}

static void pool_sleep(struct cpu_pool *p, uint64_t seen)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->asleep, 1);
    while (!pool_has_news(p, seen))
        pthread_cond_wait(&p->wake, &p->lock);
    atomic_fetch_sub(&p->asleep, 1);
    pthread_mutex_unlock(&p->lock);
}

static void pool_wake(struct cpu_pool *p)
{
    if (atomic_load(&p->asleep) == 0)
        return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

/* The calling thread keeps to the processor number `thread` of those allowed.  Where the system
 * refuses, it runs where it may. */
static void pool_pin(const struct cpu_pool *p, int thread)
{
    int left = thread % CPU_COUNT(&p->processors);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &p->processors) && left-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(i, &one);
            (void)pthread_setaffinity_np(pthread_self(), sizeof one, &one);
        }
}

static void *pool_helper(void *arg)
{
    struct helper h = *(struct helper *)arg;
    free(arg);
    if (h.pool->pin)
        pool_pin(h.pool, h.thread);
    while (!atomic_load(&h.pool->stopping)) {
        uint64_t seen = atomic_load(&h.pool->jobs);
        pool_work(h.pool, h.thread);
        int spins = 0;
        while (spins < SPINS && !pool_has_news(h.pool, seen)) {
            pause_briefly();
            spins++;
        }
        if (spins == SPINS)
            pool_sleep(h.pool, seen);
    }
    return NULL;
}

void cpu_pool_run(struct cpu_pool *p, cpu_pool_job *job, void *arg, int pieces)
{
    if (pieces <= 0)
        return;
    p->job = job;
    p->arg = arg;
    atomic_store_explicit(&p->done, 0, memory_order_relaxed);
    for (int64_t t = 0; t < p->threads; t++)
        atomic_store_explicit(
            &p->shares[t].free,
            share_of((int)(t * pieces / p->threads), (int)((t + 1) * pieces / p->threads)),
            memory_order_release);
    atomic_fetch_add(&p->jobs, 1);
    if (p->threads > 1 && pieces > 1)
        pool_wake(p);
    pool_work(p, 0);
    int spins = 0;
    while (atomic_load_explicit(&p->done, memory_order_acquire) < pieces) {
        pause_briefly();
        if (++spins > SPINS)
            sched_yield();
    }
}

static bool pool_start_helper(struct cpu_pool *p, int thread)
{
    struct helper *h = malloc(sizeof *h);
    if (!h)
        return false;
    h->pool = p;
    h->thread = thread;
    if (pthread_create(&p->ids[thread - 1], NULL, pool_helper, h) == 0)
        return true;
    free(h);
    return false;
}

static void pool_end_helpers(struct cpu_pool *p, int count)
{
    atomic_store(&p->stopping, true);
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < count; i++)
        pthread_join(p->ids[i], NULL);
}

static void pool_free(struct cpu_pool *p)
{
    free(p->shares);
    free(p->ids);
    free(p);
}

static struct cpu_pool *pool_make(int threads, bool pin)
{
    struct cpu_pool *p = aligned_alloc(LINE, sizeof *p);
    if (!p)
        return NULL;
    *p = (struct cpu_pool){.threads = threads};
    p->ids = calloc((size_t)threads, sizeof *p->ids);
    p->shares = aligned_alloc(LINE, (size_t)threads * sizeof *p->shares);
    if (!p->ids || !p->shares) {
        pool_free(p);
        return NULL;
    }
    memset(p->shares, 0, (size_t)threads * sizeof *p->shares);
    p->pin = pin && sched_getaffinity(0, sizeof p->processors, &p->processors) == 0 &&
             CPU_COUNT(&p->processors) > 0;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    return p;
}

struct cpu_pool *cpu_pool_start(int threads, bool pin)
{
    if (threads < 1 || threads > CPU_THREADS_MAX)
        return NULL;
    struct cpu_pool *p = pool_make(threads, pin);
    for (int i = 1; p && i < threads; i++)
        if (!pool_start_helper(p, i)) {
            p->threads = i;
            cpu_pool_stop(p);
            return NULL;
        }
    if (p && p->pin)
        pool_pin(p, 0);
    return p;
}

void cpu_pool_stop(struct cpu_pool *p)
{
    if (!p)
        return;
    pool_end_helpers(p, p->threads - 1);
    if (p->pin)
        (void)pthread_setaffinity_np(pthread_self(), sizeof p->processors, &p->processors);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    pool_free(p);
}

int cpu_pool_threads(const struct cpu_pool *p)
{
    return p->threads;
}

int cpu_pool_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 1)
        return 1;
    return CPU_COUNT(&set) < CPU_THREADS_MAX ? CPU_COUNT(&set) : CPU_THREADS_MAX;
}
