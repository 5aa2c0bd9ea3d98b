/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/fake_ollama/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <unistd.h>

#include <microhttpd.h>

#include "tests/fake_ollama/fake.h"

/* ---- answers */

int fake_answer_text(struct MHD_Connection *c, unsigned status, const char *type, const char *text)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                             MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(r, "Content-Type", type);
    if (status == 301)
        MHD_add_response_header(r, "Location", "http://ollama.example/api/version");
    int result = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return result;
}

int fake_answer_json(struct MHD_Connection *c, unsigned status, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    int result = fake_answer_text(c, status, "application/json; charset=utf-8", text ? text : "{}");
    free(text);
    json_decref(object);
    return result;
}

int fake_answer_error(struct MHD_Connection *c, unsigned status, const char *text)
{
    return fake_answer_json(c, status, json_pack("{s:s}", "error", text));
}

/* ---- requests */

static int dispatch(struct MHD_Connection *c, struct fake_request *q)
{
    size_t prefix = config.prefix ? strlen(config.prefix) : 0;
    const char *recording = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Replay");
    if (recording && config.replay_root)
        return fake_replay(c, recording);
    if (prefix && strncmp(q->path, config.prefix, prefix) != 0)
        return fake_answer_text(c, 404, "text/plain", "404 page not found");
    q->path += prefix;
    if (strcmp(q->path, "/api/generate") != 0)
        return fake_meta(c, q);
    if (strcmp(q->method, "POST") != 0)
        return fake_answer_text(c, 405, "text/plain", "405 method not allowed");
    return fake_generate(c, q);
}

static int collect(struct fake_request *q, const char *data, size_t length)
{
    if (q->length + length + 1 > q->capacity) {
        size_t want = q->capacity * 2 + length + 1;
        char *bigger = realloc(q->body, want);
        if (!bigger)
            return MHD_NO;
        q->body = bigger;
        q->capacity = want;
    }
    memcpy(q->body + q->length, data, length);
    q->length += length;
    q->body[q->length] = '\0';
    return MHD_YES;
}

/* The first that is heard of a request. */
static void *begin(void *arg, const char *uri, struct MHD_Connection *c)
{
    (void)arg;
    (void)uri;
    (void)c;
    struct fake_request *q = calloc(1, sizeof *q);
    if (q)
        q->received_ns = fake_now_ns();
    return q;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *c, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *length, void **state)
{
    (void)arg;
    (void)version;
    struct fake_request *q = *state;
    if (!q)
        return MHD_NO;
    if (!q->method) {
        q->method = method;
        q->path = path;
        return MHD_YES;
    }
    if (*length) {
        size_t n = *length;
        *length = 0;
        return collect(q, data, n) ? MHD_YES : MHD_NO;
    }
    return dispatch(c, q) ? MHD_YES : MHD_NO;
}

static void complete(void *arg, struct MHD_Connection *c, void **state,
                     enum MHD_RequestTerminationCode code)
{
    (void)arg;
    (void)c;
    (void)code;
    struct fake_request *q = *state;
    if (q)
        free(q->body);
    free(q);
    *state = NULL;
}

/* ---- listening, on this machine only */

static int listen_on(const struct sockaddr *address, socklen_t length)
{
    int yes = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, address, length) == 0 && listen(fd, 512) == 0)
        return fd;
    close(fd);
    return -1;
}

static int open_socket(void)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)config.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons((uint16_t)config.port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (config.unix_socket) {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", config.unix_socket);
        unlink(config.unix_socket);
        return listen_on((struct sockaddr *)&local, sizeof local);
    }
    return config.ipv6 ? listen_on((struct sockaddr *)&v6, sizeof v6)
                       : listen_on((struct sockaddr *)&v4, sizeof v4);
}

static int port_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t length = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &length) < 0)
        return 0;
    if (a.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
    return a.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&a)->sin_port) : 0;
}

static char *read_pem(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = f ? calloc(1, 65536) : NULL;
    if (text && fread(text, 1, 65535, f) == 0)
        text[0] = '\0';
    if (f)
        fclose(f);
    return text;
}

bool fake_can_tls(void)
{
    return MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES;
}

/* Ends the options that the server starts with. */
static bool add_tls(struct MHD_OptionItem items[3])
{
    char *certificate = read_pem(config.tls_certificate);
    char *key = config.tls_key ? read_pem(config.tls_key) : NULL;
    items[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, certificate};
    items[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, key};
    items[2] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return certificate && key;
}

/* Fills the queue of connections that nobody takes: the next one waits. */
static bool go_deaf(int fd)
{
    struct sockaddr_storage a;
    socklen_t length = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &length) < 0 || listen(fd, 0) < 0)
        return false;
    for (int i = 0; i < 4; i++) {
        int queued = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (queued < 0)
            return false;
        connect(queued, (struct sockaddr *)&a, length);
    }
    return true;
}

bool fake_serve(int *ret_port)
{
    struct MHD_OptionItem tls[3] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
    if (config.tls_certificate && !add_tls(tls))
        return false;
    int fd = open_socket();
    if (fd < 0)
        return false;
    *ret_port = port_of(fd);
    if (config.deaf)
        return go_deaf(fd);
    struct MHD_Daemon *d = MHD_start_daemon(
        flags | (config.tls_certificate ? MHD_USE_TLS : 0), 0, NULL, NULL, handle, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, complete, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, begin, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)65536,
        MHD_OPTION_CONNECTION_LIMIT, 2000u, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    return d != NULL;
}
