/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/http.h"
#include "plugins/ollama/http_internal.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/ollama/reply.h"

#define ERROR_BODY_MAX ((size_t)1 << 16)
#define POLL_MS 100

/* ---- one call */

/* The body of an answer that is no success: kept for its words. */
static void keep_error(struct ollama_call *c, const char *data, size_t length)
{
    size_t room = ERROR_BODY_MAX - c->error_bytes;
    size_t n = length < room ? length : room;
    char *bigger = realloc(c->error_body, c->error_bytes + n + 1);
    if (!bigger)
        return;
    c->error_body = bigger;
    memcpy(bigger + c->error_bytes, data, n);
    c->error_bytes += n;
}

static size_t on_write(char *data, size_t size, size_t count, void *arg)
{
    struct ollama_call *c = arg;
    struct ollama_http *h = c->http;
    size_t length = size * count;
    int progress = 0;
    if (c->http_status == 0)
        curl_easy_getinfo(c->handle, CURLINFO_RESPONSE_CODE, &c->http_status);
    c->answered = true;
    /* What came before the request went out is no answer to it. */
    c->came_ns = h->ready_ns > c->sent_ns ? h->ready_ns : CTXMARK_UNKNOWN;
    if (c->http_status == 200)
        progress = c->on_data(c, data, length);
    else
        keep_error(c, data, length);
    h->ready_ns = c->came_ns;
    if (progress < 0)
        c->failed = true;
    if (progress > 0)
        c->progress_ns = h->turn_ns;
    return progress < 0 ? 0 : length;
}

static void tell_start(struct ollama_call *c)
{
    c->sent_ns = c->http->host->now_ns(c->http->host);
    if (c->on_start)
        c->on_start(c);
}

/* curl before 7.80 cannot tell when a connection is made: then making it counts as well. */
#if LIBCURL_VERSION_NUM >= 0x075000
#define START_IS_TOLD 1

static int on_request(void *arg, char *to, char *from, int to_port, int from_port)
{
    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    tell_start(arg);
    return CURL_PREREQFUNC_OK;
}

static void listen_for_start(CURL *easy, struct ollama_call *c)
{
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, (void *)c);
}
#else
#define START_IS_TOLD 0

static void listen_for_start(CURL *easy, struct ollama_call *c)
{
    (void)easy;
    (void)c;
}
#endif

/* Sets up a request; 0 or -1: no memory. */
static int prepare_call(const struct ollama_http *h, struct ollama_call *c)
{
    char url[2048];
    CURL *easy = curl_easy_init();
    if (!easy)
        return ollama_err_memory(&c->err);
    c->handle = easy;
    snprintf(url, sizeof url, "%s%s", h->url, c->path);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, h->connect_ms);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, h->headers);
    /* Asks for no compression, which would hold tokens back, and undoes it where it comes. */
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->curl_text);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)c);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, (void *)c);
    listen_for_start(easy, c);
    if (h->direct)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (h->unix_socket)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, h->unix_socket);
    if (h->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, h->ca_file);
    if (c->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body_bytes);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, c->body);
    }
    return 0;
}

static void reset_call(struct ollama_call *c)
{
    c->failed = c->answered = false;
    c->err = (struct ollama_err){0, ""};
    c->http_status = 0;
    c->came_ns = CTXMARK_UNKNOWN;
    c->handle = NULL;
    c->curl_text[0] = '\0';
    c->error_body = NULL;
    c->error_bytes = 0;
}

/* ---- its end */

static void fail_transfer(const struct ollama_http *h, struct ollama_call *c, CURLcode code)
{
    const char *why = c->curl_text[0] ? c->curl_text : curl_easy_strerror(code);
    const char *url = ollama_http_url(h);
    c->failed = true;
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        ollama_err_set(&c->err, CTXMARK_UNAVAILABLE,
                       "no Ollama server answers at %s (%s): start one with 'ollama serve', or set "
                       "ollama_url",
                       url, why);
        return;
    case CURLE_OPERATION_TIMEDOUT:
        ollama_err_set(&c->err, CTXMARK_UNAVAILABLE,
                       "no connection to %s within connect_timeout_s (%.3g s)", url,
                       (double)h->connect_ms / 1000.0);
        return;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        ollama_err_set(&c->err, CTXMARK_ERROR,
                       "the server at %s closed the connection in the middle of an answer (%s): it "
                       "was stopped, or it crashed",
                       url, why);
        return;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        ollama_err_set(&c->err, CTXMARK_UNAVAILABLE,
                       "%s is not trusted (%s): set ca_file to the certificate that its own is "
                       "signed with",
                       url, why);
        return;
    default:
        ollama_err_set(&c->err, CTXMARK_UNAVAILABLE, "%s%s: %s", url, c->path, why);
    }
}

static void fail_status(const struct ollama_http *h, struct ollama_call *c)
{
    char text[600] = "";
    const char *location = NULL;
    c->failed = true;
    if (c->error_body)
        ollama_error_text(c->error_body, c->error_bytes, text, sizeof text);
    curl_easy_getinfo(c->handle, CURLINFO_REDIRECT_URL, &location);
    if (location)
        ollama_err_set(&c->err, CTXMARK_ERROR,
                       "%s%s is somewhere else, at %s (HTTP %ld): set ollama_url to the server "
                       "itself",
                       h->url, c->path, location, c->http_status);
    else if (c->http_status == 404 && strstr(text, "model"))
        ollama_err_set(&c->err, CTXMARK_INVALID, "Ollama: %s: fetch it with 'ollama pull'", text);
    else
        ollama_err_set(&c->err, ollama_error_status(text), "Ollama (HTTP %ld): %s", c->http_status,
                       text[0] ? text : "no reason given");
}

static void end_call(struct ollama_http *h, struct ollama_call *c, CURLcode code)
{
    if (c->http_status == 0)
        curl_easy_getinfo(c->handle, CURLINFO_RESPONSE_CODE, &c->http_status);
    if (c->failed) /* by on_data(), or over a limit: said already */
        ;
    else if (code != CURLE_OK)
        fail_transfer(h, c, code);
    else if (c->http_status != 200)
        fail_status(h, c);
    curl_multi_remove_handle(h->multi, c->handle);
    curl_easy_cleanup(c->handle);
    c->handle = NULL;
    free(c->error_body);
    c->error_body = NULL;
}

/* ---- limits */

static void fail_limit(const struct ollama_http *h, struct ollama_call *c, const char *what,
                       const char *option, double seconds)
{
    c->failed = true;
    ollama_err_set(&c->err, CTXMARK_TIMEOUT, "%s: %s within %s (%.3g s)", ollama_http_url(h), what,
                   option, seconds);
}

static bool is_over(int64_t now, int64_t since, double limit_s)
{
    return limit_s > 0.0 && (double)(now - since) > limit_s * 1e9;
}

/* True: the call has to end. */
static bool check_limits(const struct ollama_http *h, struct ollama_call *c, int64_t now)
{
    const struct ollama_limits *l = &c->limits;
    if (is_over(now, c->started_ns, l->whole_s)) {
        fail_limit(h, c, "no end of the answer", c->whole_option, l->whole_s);
        return true;
    }
    if (!c->answered && is_over(now, c->started_ns, l->first_byte_s)) {
        fail_limit(h, c, "no answer at all", "first_byte_timeout_s", l->first_byte_s);
        return true;
    }
    if (c->answered && is_over(now, c->progress_ns, l->idle_s)) {
        fail_limit(h, c, "the stream stood still: no whole line", "idle_timeout_s", l->idle_s);
        return true;
    }
    return false;
}

/* ---- all calls */

static bool start_call(struct ollama_http *h, struct ollama_call *c)
{
    c->http = h;
    c->started_ns = c->progress_ns = c->sent_ns = h->host->now_ns(h->host);
    if (!START_IS_TOLD)
        tell_start(c);
    if (curl_multi_add_handle(h->multi, c->handle) == CURLM_OK)
        return true;
    curl_easy_cleanup(c->handle);
    c->handle = NULL;
    c->failed = true;
    ollama_err_memory(&c->err);
    return false;
}

/* Ends what curl has finished; returns how many. */
static size_t collect_finished(struct ollama_http *h)
{
    size_t n = 0;
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left));) {
        char *owner = NULL;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &owner);
        end_call(h, (struct ollama_call *)(void *)owner, code);
        n++;
    }
    return n;
}

/* Ends what is over its limits, or everything once the host wants an end; returns how many. */
static size_t stop_late(struct ollama_http *h, struct ollama_call *calls[], size_t count)
{
    size_t n = 0;
    int64_t now = h->host->now_ns(h->host);
    bool cancelled = h->host->cancelled(h->host) != 0;
    for (size_t i = 0; i < count; i++) {
        struct ollama_call *c = calls[i];
        if (!c->handle || (!cancelled && !check_limits(h, c, now)))
            continue;
        if (cancelled) {
            c->failed = true;
            ollama_err_set(&c->err, CTXMARK_CANCELLED, "cancelled");
        }
        end_call(h, c, CURLE_OK);
        n++;
    }
    return n;
}

void ollama_http_run(struct ollama_http *h, struct ollama_call *calls[], size_t count)
{
    size_t open = 0;
    for (size_t i = 0; i < count; i++) {
        reset_call(calls[i]);
        if (prepare_call(h, calls[i]) < 0)
            calls[i]->failed = true;
    }
    for (size_t i = 0; i < count; i++)
        open += calls[i]->handle && start_call(h, calls[i]);
    int64_t looked = h->host->now_ns(h->host);
    while (open) {
        int64_t now = ollama_loop_turn(h, POLL_MS);
        open -= collect_finished(h);
        if (now - looked < POLL_MS * INT64_C(1000000) / 2)
            continue;
        looked = now;
        open -= stop_late(h, calls, count);
    }
}
