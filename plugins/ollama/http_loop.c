/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Waits for many connections at once, and lets curl work on those alone that have something:
 * looking at each of 256 streams for every token of one takes longer than the token. See
 * curl_multi_socket_action(3).  When a connection has something is stamped as soon as it is known;
 * reading it comes later, in turn. */

#include "config.h"

#include "plugins/ollama/http_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Tokens of all streams of a batch come together, and each takes curl 5 to 10 us.  So after some it
 * is time to look what has come meanwhile. */
#define SOCKETS_A_TURN 8
#define EVENTS 512
#define MS INT64_C(1000000)

struct ollama_socket {
    curl_socket_t fd;
    uint32_t events; /* what it has; 0: it is not in the queue */
    int64_t ready_ns;
    struct ollama_socket *before, *after; /* in the queue */
};

/* ---- the queue of those that have something, the first one first */

static void put_last(struct ollama_http *h, struct ollama_socket *s)
{
    s->before = h->last;
    s->after = NULL;
    *(s->before ? &s->before->after : &h->first) = s;
    h->last = s;
}

static void take_out(struct ollama_http *h, struct ollama_socket *s)
{
    *(s->before ? &s->before->after : &h->first) = s->after;
    *(s->after ? &s->after->before : &h->last) = s->before;
    s->events = 0;
}

/* ---- what curl asks for */

static void forget_socket(struct ollama_http *h, struct ollama_socket *s)
{
    struct epoll_event e = {.events = 0};
    if (!s)
        return;
    epoll_ctl(h->epoll, EPOLL_CTL_DEL, s->fd, &e);
    if (s->events)
        take_out(h, s);
    free(s);
}

static int watch_socket(struct ollama_http *h, curl_socket_t fd, struct epoll_event *e)
{
    struct ollama_socket *s = calloc(1, sizeof *s);
    if (!s)
        return -1;
    s->fd = fd;
    e->data.ptr = s;
    if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, e) < 0) {
        free(s);
        return -1;
    }
    curl_multi_assign(h->multi, fd, s);
    return 0;
}

/* curl wants to hear of this socket, or no more. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct ollama_http *h = arg;
    struct epoll_event e = {.data.ptr = known};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        forget_socket(h, known);
        return 0;
    }
    e.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
               (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    return known ? epoll_ctl(h->epoll, EPOLL_CTL_MOD, fd, &e) : watch_socket(h, fd, &e);
}

/* curl wants to be called in so many ms; negative: no more. */
static int on_timer(CURLM *multi, long ms, void *arg)
{
    struct ollama_http *h = arg;
    (void)multi;
    h->timer_ns = ms < 0 ? CTXMARK_UNKNOWN : h->host->now_ns(h->host) + ms * MS;
    return 0;
}

int ollama_loop_init(struct ollama_http *h)
{
    h->timer_ns = h->ready_ns = CTXMARK_UNKNOWN;
    h->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (h->epoll < 0)
        return -1;
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, (void *)h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, (void *)h);
    return 0;
}

void ollama_loop_free(struct ollama_http *h)
{
    if (h->epoll >= 0)
        close(h->epoll);
}

/* ---- a turn */

static int wait_ms(const struct ollama_http *h, int most)
{
    if (h->first)
        return 0;
    if (h->timer_ns == CTXMARK_UNKNOWN)
        return most;
    int64_t left = h->timer_ns - h->host->now_ns(h->host);
    if (left <= 0)
        return 0;
    return left > most * MS ? most : (int)((left + MS - 1) / MS);
}

/* Stamps and queues what has something and was not known to. */
static void gather(struct ollama_http *h, int most_ms)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(h->epoll, events, EVENTS, wait_ms(h, most_ms));
    h->turn_ns = h->host->now_ns(h->host);
    for (int i = 0; i < n; i++) {
        struct ollama_socket *s = events[i].data.ptr;
        if (!s->events) {
            s->ready_ns = h->turn_ns;
            put_last(h, s);
        }
        s->events |= events[i].events;
    }
}

static void serve_socket(struct ollama_http *h, struct ollama_socket *s)
{
    uint32_t e = s->events;
    int running, what = (e & EPOLLIN ? CURL_CSELECT_IN : 0) |
                        (e & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                        (e & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    take_out(h, s);
    h->ready_ns = s->ready_ns;
    curl_multi_socket_action(h->multi, s->fd, what, &running);
    h->ready_ns = CTXMARK_UNKNOWN;
}

int64_t ollama_loop_turn(struct ollama_http *h, int most_ms)
{
    int running;
    gather(h, most_ms);
    for (int i = 0; h->first && i < SOCKETS_A_TURN; i++)
        serve_socket(h, h->first);
    if (h->timer_ns != CTXMARK_UNKNOWN && h->turn_ns >= h->timer_ns) {
        h->timer_ns = CTXMARK_UNKNOWN;
        curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    return h->turn_ns;
}
