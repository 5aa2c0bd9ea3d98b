/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What one JSON object of /api/generate says: a piece of text, the closing figures, or an error. */

#ifndef OLLAMA_REPLY_H
#define OLLAMA_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "plugins/ollama/error.h"

/* The closing object.  Durations in nanoseconds; CTXMARK_UNKNOWN where a field is not there: Ollama
 * leaves out every zero. */
struct ollama_final {
    char done_reason[24]; /* "length", "stop", "load", "unload", or "" */
    int64_t total_ns;     /* the whole request as the server saw it */
    int64_t load_ns;      /* until a runner was there */
    int64_t prompt_ns;    /* evaluating what was not cached, the first token with it */
    int64_t eval_ns;      /* all tokens but the first */
    int64_t prompt_count; /* tokens of the prompt */
    int64_t cached_count; /* of those, from a cache (servers of late 2026 on) */
    int64_t eval_count;   /* tokens generated, the end-of-text one too */
};

struct ollama_reply {
    json_t *json;     /* may hold the text; ollama_reply_free() */
    const char *text; /* text_bytes of them, not NUL-terminated, valid as long as the line is */
    size_t text_bytes;
    bool done; /* the closing object: `final` is filled */
    struct ollama_final final;
};

/* Reads one object.  0, or -1: not JSON, not an object of Ollama's, an impossible figure, or an
 * error that the server reports in it. */
int ollama_reply_parse(const char *line, size_t length, struct ollama_reply *ret_reply,
                       struct ollama_err *e);
void ollama_reply_free(struct ollama_reply *r);

/* The sentence inside an error body, unwrapped from JSON in JSON strings as deep as it goes; the
 * body itself, in one line, where it is none.  Cut to `size` bytes with its NUL. */
void ollama_error_text(const char *body, size_t length, char *ret_text, size_t size);

/* Which CTXMARK_* status the sentence means: CTXMARK_OOM or CTXMARK_ERROR. */
int32_t ollama_error_status(const char *text);

#endif
