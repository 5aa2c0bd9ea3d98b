/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/worker.h"

#include <signal.h>
#include <string.h>

#include "core/run/interrupt.h"

/* How long a backend may take to give up once it is told to. */
#define CANCEL_GRACE_NS INT64_C(3000000000)
#define STOP_GRACE_NS INT64_C(5000000000)

int worker_spawn(struct worker *w, struct err *e)
{
    memset(w, 0, sizeof *w);
    return child_spawn("worker", -1, &w->child, e);
}

static void worker_reap(struct worker *w)
{
    child_end(&w->child, clock_now_ns() + 1000000000, w->end, sizeof w->end);
    if (!w->end[0])
        snprintf(w->end, sizeof w->end, "ended by the backend");
}

/* After a limit or an interrupt: tell the backend, and see whether it answers. */
static enum worker_result worker_cancel(struct worker *w, bool stopped, json_t **ret_answer)
{
    struct err e;
    kill(w->child.pid, SIGTERM);
    enum message_result r =
        message_receive(w->child.fd, clock_now_ns() + CANCEL_GRACE_NS, -1, ret_answer, &e);
    if (r == MESSAGE_OK && !stopped)
        return WORKER_LATE;
    if (r == MESSAGE_OK) {
        json_decref(*ret_answer);
        *ret_answer = NULL;
        worker_stop(w);
        return WORKER_STOPPED;
    }
    child_kill(&w->child);
    snprintf(w->end, sizeof w->end, "killed, because it did not react to a cancel");
    return stopped ? WORKER_STOPPED : WORKER_HUNG;
}

enum worker_result worker_ask(struct worker *w, json_t *message, double limit_s,
                              json_t **ret_answer)
{
    struct err e;
    *ret_answer = NULL;
    int sent = message ? message_send(w->child.fd, message, &e) : -1;
    json_decref(message);
    if (sent < 0) {
        worker_reap(w);
        return WORKER_DIED;
    }
    int64_t deadline = clock_now_ns() + (int64_t)(limit_s * 1e9);
    switch (message_receive(w->child.fd, deadline, interrupt_fd(), ret_answer, &e)) {
    case MESSAGE_OK:
        return WORKER_ANSWERED;
    case MESSAGE_WOKEN:
        return worker_cancel(w, true, ret_answer);
    case MESSAGE_TIMEOUT:
        return worker_cancel(w, false, ret_answer);
    case MESSAGE_BAD:
        child_kill(&w->child);
        snprintf(w->end, sizeof w->end, "stopped, because it sent nonsense");
        return WORKER_DIED;
    case MESSAGE_END:
        break;
    }
    worker_reap(w);
    return WORKER_DIED;
}

void worker_stop(struct worker *w)
{
    struct err e;
    if (!worker_alive(w))
        return;
    json_t *stop = json_pack("{s:s}", "do", "stop");
    if (!stop || message_send(w->child.fd, stop, &e) < 0)
        child_kill(&w->child);
    else if (child_end(&w->child, clock_now_ns() + STOP_GRACE_NS, w->end, sizeof w->end))
        log_warning("while the backend was closed, its process was %s", w->end);
    json_decref(stop);
}
