/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/http.h"
#include "plugins/ollama/http_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- where the server is */

bool ollama_http_is_loopback(const char *host)
{
    static const char *const names[] = {"localhost", "[::1]", "::1", "0.0.0.0", "[::]", "::"};
    size_t n = strlen(host);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(host, names[i]) == 0)
            return true;
    return strncmp(host, "127.", 4) == 0 ||
           (n > 10 && strcasecmp(host + n - 10, ".localhost") == 0);
}

/* Reads the URL into h: its scheme must be http or https, and it must have a host. */
static int take_url(struct ollama_http *h, const char *url, struct ollama_err *e)
{
    char *scheme = NULL, *host = NULL;
    size_t n = strlen(url);
    while (n && url[n - 1] == '/')
        n--;
    h->url = strndup(url, n);
    CURLU *u = curl_url();
    if (!h->url || !u) {
        curl_url_cleanup(u);
        return ollama_err_memory(e);
    }
    bool good = curl_url_set(u, CURLUPART_URL, h->url, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
    h->direct = h->unix_socket || (good && ollama_http_is_loopback(host));
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(u);
    if (good)
        return 0;
    return ollama_err_set(e, CTXMARK_INVALID,
                          "ollama_url '%s' is no URL of a server: write http://HOST:PORT or "
                          "https://HOST:PORT",
                          url);
}

static int add_header(struct ollama_http *h, const char *line, struct ollama_err *e)
{
    struct curl_slist *more = curl_slist_append(h->headers, line);
    if (!more)
        return ollama_err_memory(e);
    h->headers = more;
    return 0;
}

static int take_headers(struct ollama_http *h, const struct ollama_endpoint *endpoint,
                        struct ollama_err *e)
{
    /* Without "Expect:", a large body waits a second for a leave to be sent. */
    if (add_header(h, "Content-Type: application/json", e) < 0 || add_header(h, "Expect:", e) < 0)
        return -1;
    for (size_t i = 0; i < endpoint->header_count; i++) {
        const char *line = endpoint->headers[i], *colon = strchr(line, ':');
        if (!colon || colon == line || strpbrk(line, "\r\n"))
            return ollama_err_set(e, CTXMARK_INVALID,
                                  "headers: '%s' is no header, write 'Name: value'", line);
        if (add_header(h, line, e) < 0)
            return -1;
    }
    return 0;
}

static int take_endpoint(struct ollama_http *h, const struct ollama_endpoint *endpoint,
                         struct ollama_err *e)
{
    h->connect_ms = (long)(endpoint->connect_s * 1000.0);
    if (endpoint->unix_socket && !(h->unix_socket = strdup(endpoint->unix_socket)))
        return ollama_err_memory(e);
    if (endpoint->ca_file && !(h->ca_file = strdup(endpoint->ca_file)))
        return ollama_err_memory(e);
    if (take_url(h, endpoint->url, e) < 0)
        return -1;
    return take_headers(h, endpoint, e);
}

struct ollama_http *ollama_http_new(const struct ctxmark_host *host,
                                    const struct ollama_endpoint *endpoint, struct ollama_err *e)
{
    struct ollama_http *h = calloc(1, sizeof *h);
    if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(h);
        ollama_err_memory(e);
        return NULL;
    }
    h->host = host;
    h->epoll = -1;
    h->multi = curl_multi_init();
    bool good = h->multi && ollama_loop_init(h) == 0;
    if (!good)
        ollama_err_memory(e);
    if (!good || take_endpoint(h, endpoint, e) < 0) {
        ollama_http_free(h);
        return NULL;
    }
    /* Every connection of a group stays open for the next one. */
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 1024L);
    return h;
}

void ollama_http_free(struct ollama_http *h)
{
    if (!h)
        return;
    curl_multi_cleanup(h->multi);
    ollama_loop_free(h);
    curl_slist_free_all(h->headers);
    free(h->url);
    free(h->unix_socket);
    free(h->ca_file);
    free(h);
    curl_global_cleanup();
}

const char *ollama_http_url(const struct ollama_http *h)
{
    return h->unix_socket ? h->unix_socket : h->url;
}
