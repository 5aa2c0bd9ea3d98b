/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#ifndef OLLAMA_HTTP_INTERNAL_H
#define OLLAMA_HTTP_INTERNAL_H

#include <curl/curl.h>

#include "plugins/ollama/http.h"

struct ollama_http {
    const struct ctxmark_host *host;
    CURLM *multi;
    struct curl_slist *headers;
    char *url, *unix_socket, *ca_file;
    long connect_ms;
    bool direct; /* no proxy, whatever the environment says */
};

#endif
