/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Waits for many connections at once, and lets curl work on those alone that have something:
 * looking at each of 256 streams for every token of one takes longer than the token. See
 * curl_multi_socket_action(3). */

#include "config.h"

#include "plugins/ollama/http_internal.h"

#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 64
#define MS INT64_C(1000000)

/* curl wants to hear of this socket, or no more. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    struct ollama_http *h = arg;
    struct epoll_event e = {.data.fd = fd};
    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(h->epoll, EPOLL_CTL_DEL, fd, &e);
        return 0;
    }
    e.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
               (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    if (epoll_ctl(h->epoll, EPOLL_CTL_MOD, fd, &e) == 0)
        return 0;
    return epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &e);
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
    h->timer_ns = CTXMARK_UNKNOWN;
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

static int wait_ms(const struct ollama_http *h, int most)
{
    if (h->timer_ns == CTXMARK_UNKNOWN)
        return most;
    int64_t left = h->timer_ns - h->host->now_ns(h->host);
    if (left <= 0)
        return 0;
    return left > most * MS ? most : (int)((left + MS - 1) / MS);
}

void ollama_loop_turn(struct ollama_http *h, int most_ms)
{
    struct epoll_event events[EVENTS];
    int running, n = epoll_wait(h->epoll, events, EVENTS, wait_ms(h, most_ms));
    for (int i = 0; i < n; i++) {
        uint32_t e = events[i].events;
        int what = (e & EPOLLIN ? CURL_CSELECT_IN : 0) | (e & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (e & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(h->multi, events[i].data.fd, what, &running);
    }
    if (h->timer_ns != CTXMARK_UNKNOWN && h->host->now_ns(h->host) >= h->timer_ns) {
        h->timer_ns = CTXMARK_UNKNOWN;
        curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}
