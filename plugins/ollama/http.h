/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* HTTP requests to one server, any number at once, in the calling thread. */

#ifndef OLLAMA_HTTP_H
#define OLLAMA_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ctxmark/plugin.h>

#include "plugins/ollama/error.h"

struct ollama_http;

/* Where the server is.  Strings are copied. */
struct ollama_endpoint {
    const char *url;            /* http://host:port[/path], https too */
    const char *unix_socket;    /* a path; NULL: TCP */
    const char *ca_file;        /* certificates to trust with https; NULL: the system's */
    const char *const *headers; /* [header_count] "Name: value" */
    size_t header_count;
    double connect_s; /* limit of making a connection */
};

/* Limits of one call in seconds; 0: none. */
struct ollama_limits {
    double first_byte_s; /* until the answer's first byte */
    double idle_s;       /* between two pieces that on_data() calls progress */
    double whole_s;
};

/* One request.  The caller fills the first part and keeps it where it is until the call is over. */
struct ollama_call {
    const char *path;  /* "/api/generate" */
    const char *body;  /* JSON to POST; NULL: GET */
    size_t body_bytes; /* of body */
    struct ollama_limits limits;
    const char *whole_option; /* which option limits.whole_s comes from, for messages */
    void *arg;
    /* Right before the request goes out, on a connection that is there; may be NULL.  Called again
     * where curl has to send it once more, because the server had closed that connection. */
    void (*on_start)(struct ollama_call *c);
    /* A piece of the body of an answer with status 200.  1: progress; 0: none; -1: stop, with
     * c->err set. */
    int (*on_data)(struct ollama_call *c, const char *data, size_t length);

    /* From here on ollama_http_run() fills. */
    struct ollama_http *http;
    bool failed;           /* then err says why */
    struct ollama_err err; /* CTXMARK_UNAVAILABLE: no server there */
    long http_status;      /* 0: no answer */
    void *handle;          /* while it runs */
    int64_t started_ns, progress_ns;
    int64_t sent_ns; /* of on_start() */
    bool answered;   /* a byte of the body has come */
    /* When the first of what on_data() gets was seen to have come, before it was read;
     * CTXMARK_UNKNOWN: only now.  on_data() takes it away where it has used it. */
    int64_t came_ns;
    char curl_text[256];
    char *error_body; /* of an answer with another status; freed by ollama_http_run() */
    size_t error_bytes;
};

/* NULL and *e: a URL that is none, or no memory. */
struct ollama_http *ollama_http_new(const struct ctxmark_host *host,
                                    const struct ollama_endpoint *endpoint, struct ollama_err *e);
void ollama_http_free(struct ollama_http *h);

/* The server's URL, for messages. */
const char *ollama_http_url(const struct ollama_http *h);

/* Runs all calls at once until each is over: its outcome is in `failed` and `err`.  Looks at
 * host->cancelled() at least ten times a second. */
void ollama_http_run(struct ollama_http *h, struct ollama_call *calls[], size_t count);

/* Whether a URL's host is this machine: "localhost", 127.0.0.0/8, ::1, and the addresses that mean
 * any.  Proxies are not asked for those. */
bool ollama_http_is_loopback(const char *host);

#endif
