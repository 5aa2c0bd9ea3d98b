/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef OLLAMA_HTTP_INTERNAL_H
#define OLLAMA_HTTP_INTERNAL_H

#include <curl/curl.h>

#include "plugins/ollama/http.h"

struct ollama_socket;

struct ollama_http {
    const struct ctxmark_host *host;
    CURLM *multi;
    struct curl_slist *headers;
    char *url, *unix_socket, *ca_file;
    long connect_ms;
    bool direct; /* no proxy, whatever the environment says */
    int epoll;
    int64_t timer_ns; /* when curl wants to be called; CTXMARK_UNKNOWN: by nothing but a socket */
    int64_t turn_ns;  /* when the loop last looked what has come */
    int64_t ready_ns; /* when the socket that curl works on was seen to have something;
                       * CTXMARK_UNKNOWN: that is used up, or curl works for another reason */
    struct ollama_socket *first, *last; /* those that have something */
};

/* ---- http_loop.c */

/* 0, or -1: no descriptor left. */
int ollama_loop_init(struct ollama_http *h);
void ollama_loop_free(struct ollama_http *h);

/* Waits until a connection has something, at most so long, and lets curl do what is to be done, or
 * some of it.  Returns when the waiting ended. */
int64_t ollama_loop_turn(struct ollama_http *h, int most_ms);

#endif
