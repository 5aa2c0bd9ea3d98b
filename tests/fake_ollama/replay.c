/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Serves a recorded answer: status and body as they were, byte for byte, cut at random places. */

#include "config.h"

#include "tests/fake_ollama/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

struct recording {
    char *body;
    size_t length;
    uint64_t state; /* of random borders */
    bool torn;      /* the connection was closed before the end */
};

static char *read_file(const char *name, const char *suffix, size_t *ret_length)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s%s", config.replay_root, name, suffix);
    FILE *f = strstr(name, "..") ? NULL : fopen(path, "rb");
    size_t capacity = (size_t)1 << 24;
    char *data = f ? malloc(capacity + 1) : NULL;
    if (data) {
        *ret_length = fread(data, 1, capacity, f);
        data[*ret_length] = '\0';
    }
    if (f)
        fclose(f);
    return data;
}

static long number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at ? strtol(at + strlen(key), NULL, 10) : 0;
}

static ssize_t read_recording(void *arg, uint64_t position, char *buffer, size_t most)
{
    struct recording *r = arg;
    if (position >= r->length)
        return r->torn ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    size_t n = (size_t)(r->state >> 33) % ((r->state >> 60) ? 40 : 4000) + 1;
    n = n < most ? n : most;
    n = n < r->length - position ? n : r->length - (size_t)position;
    memcpy(buffer, r->body + position, n);
    return (ssize_t)n;
}

static void free_recording(void *arg)
{
    struct recording *r = arg;
    free(r->body);
    free(r);
}

int fake_replay(struct MHD_Connection *c, const char *name)
{
    size_t length = 0;
    char *meta = read_file(name, ".meta", &length);
    struct recording *r = calloc(1, sizeof *r);
    char *body = r ? read_file(name, ".resp", &r->length) : NULL;
    if (!meta || !body) {
        free(meta);
        free(body);
        free(r);
        return fake_answer_text(c, 404, "text/plain", "no such recording");
    }
    long status = number_after(meta, "http_code=");
    r->body = body;
    r->state = (uint64_t)config.seed;
    r->torn = number_after(meta, "exit=") == 18;
    free(meta);
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 4096, read_recording, r, free_recording);
    int result = MHD_queue_response(c, status ? (unsigned)status : 500, response);
    MHD_destroy_response(response);
    return result;
}
