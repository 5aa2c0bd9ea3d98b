/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Sends a generation: a line for each token when its time has come, then the closing line; or what
 * a fault makes of it. */

#include "config.h"

#include "tests/fake_ollama/fake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "tests/fake_ollama/gzip.h"

#define LINE_MAX_BYTES 1024
#define LONG_LINE 100000000

/* As they stand in JSON: with what makes a reader stumble. */
static const char *const pieces[] = {" the",   " caf\xc3\xa9",  "\\n\\n",       " \\\"quote\\\"",
                                     "}",      " \\u003c\\/x>", "\xe2\x82\xac", " \xf0\x9f\x99\x82",
                                     " number"};

struct stream {
    struct fake_job job;
    int64_t next;     /* the token to send next, from 0 */
    int64_t at_ns;    /* when it is there */
    int64_t eval_ns;  /* of all tokens but the first, so far */
    int64_t dripping; /* bytes sent of a line without an end */
    bool closed;      /* the closing line is on its way */
    char line[LINE_MAX_BYTES];
    size_t used, sent;
};

/* ---- lines */

static size_t token_line(const struct fake_job *j, int64_t index, char *out, size_t size)
{
    const char *piece = pieces[(size_t)index % (sizeof pieces / sizeof *pieces)];
    char stamps[64];
    if (j->fault == FAULT_REPEAT)
        piece = "a";
    if (config.stamps) {
        snprintf(stamps, sizeof stamps, "%" PRId64 " %" PRId64 " ", j->start_ns, fake_now_ns());
        piece = stamps;
    }
    int n = snprintf(out, size,
                     "{\"model\":\"%s\",\"created_at\":\"2026-11-23T04:06:34.092774013Z\","
                     "\"response\":\"%s\",\"done\":false}\n",
                     j->model, piece);
    return n > 0 ? (size_t)n : 0;
}

/* Newer versions have microseconds. */
static int64_t rounded(int64_t ns)
{
    return fake_version_at_least(30, 0) ? ns / 1000 * 1000 : ns;
}

static size_t put_figure(char *out, size_t size, const char *key, int64_t value)
{
    int n = value ? snprintf(out, size, ",\"%s\":%" PRId64, key, value) : 0;
    return n > 0 ? (size_t)n : 0;
}

static const char *impossible(enum fake_fault f)
{
    switch (f) {
    case FAULT_NAN:
        return "NaN";
    case FAULT_NEGATIVE:
        return "-5";
    case FAULT_HUGE:
        return "9223372036854775808";
    default:
        return NULL;
    }
}

static int64_t reported_count(const struct fake_job *j)
{
    bool only_new = config.minor == 30 && config.patch == 0;
    return only_new ? j->prompt_tokens - j->cached : j->prompt_tokens;
}

static size_t final_line(const struct stream *s, char *out, size_t size)
{
    const struct fake_job *j = &s->job;
    bool newer = fake_version_at_least(30, 0);
    int64_t eval_ns = j->new_tokens > 1 ? rounded(s->eval_ns) : newer ? 1000 : 0;
    size_t n =
        (size_t)snprintf(out, size,
                         "{\"model\":\"%s\",\"created_at\":\"2026-11-23T04:06:34.114159006Z\","
                         "\"response\":\"\",\"done\":true,\"done_reason\":\"%s\"",
                         j->model, j->stopped ? "stop" : "length");
    n += put_figure(out + n, size - n, "total_duration", fake_now_ns() - j->start_ns);
    n += put_figure(out + n, size - n, "load_duration", j->load_ns);
    n += put_figure(out + n, size - n, "prompt_eval_count", reported_count(j));
    if (config.cached_count)
        n += put_figure(out + n, size - n, "prompt_eval_cached_count", j->cached);
    n += put_figure(out + n, size - n, "prompt_eval_duration", rounded(j->prompt_ns));
    n += put_figure(out + n, size - n, "eval_count", j->new_tokens);
    if (impossible(j->fault))
        n += (size_t)snprintf(out + n, size - n, ",\"eval_duration\":%s", impossible(j->fault));
    else
        n += put_figure(out + n, size - n, "eval_duration", eval_ns);
    return n + (size_t)snprintf(out + n, size - n, "}\n");
}

/* ---- faults in the middle */

static ssize_t drip(struct stream *s, char *buffer)
{
    fake_sleep_until(fake_now_ns() + 50000000);
    buffer[0] = s->dripping++ ? 'x' : '{';
    return 1;
}

static ssize_t long_line(struct stream *s, char *buffer, size_t most)
{
    int64_t left = LONG_LINE - s->dripping;
    if (left <= 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    size_t n = (int64_t)most < left ? most : (size_t)left;
    memset(buffer, 'x', n);
    s->dripping += (int64_t)n;
    return (ssize_t)n;
}

static ssize_t send_text(char *buffer, size_t most, const char *text)
{
    size_t n = strlen(text) < most ? strlen(text) : most;
    memcpy(buffer, text, n);
    return (ssize_t)n;
}

/* What a fault sends in place of the next line; 0: nothing, go on. */
static ssize_t misbehave(struct stream *s, char *buffer, size_t most)
{
    if (s->next < config.fault_at && !s->dripping)
        return 0;
    switch (s->job.fault) {
    case FAULT_STALL:
        fake_sleep_until(fake_now_ns() + INT64_C(3600000000000));
        return MHD_CONTENT_READER_END_WITH_ERROR;
    case FAULT_DRIP:
        return drip(s, buffer);
    case FAULT_NO_DONE:
    case FAULT_REPEAT:
        return MHD_CONTENT_READER_END_OF_STREAM;
    case FAULT_ERROR:
        if (s->dripping++)
            return MHD_CONTENT_READER_END_OF_STREAM;
        return send_text(buffer, most,
                         "{\"error\":\"an error was encountered while running the model: "
                         "unexpected EOF\"}\n");
    case FAULT_GARBAGE:
        if (s->dripping++)
            return MHD_CONTENT_READER_END_OF_STREAM;
        return send_text(buffer, most, "{\"model\":\"tiny\",oops}\n");
    case FAULT_CLOSE:
        return MHD_CONTENT_READER_END_WITH_ERROR;
    case FAULT_EXIT:
        _exit(9);
    case FAULT_LONG_LINE:
        return long_line(s, buffer, most);
    default:
        return 0;
    }
}

/* ---- the reader */

/* Waits for the next line; false: there is none. */
static bool next_line(struct stream *s)
{
    s->sent = s->used = 0;
    int64_t visible = s->job.new_tokens - s->job.stopped;
    if (s->job.fault == FAULT_MORE)
        visible += 3;
    if (s->closed)
        return false;
    fake_sleep_until(s->at_ns);
    s->closed = s->next >= visible;
    s->used = s->closed ? final_line(s, s->line, sizeof s->line)
                        : token_line(&s->job, s->next, s->line, sizeof s->line);
    s->next++;
    if (s->next < s->job.new_tokens) {
        int64_t step = fake_cost_decode(s->job.prompt_tokens + s->next);
        s->eval_ns += step;
        s->at_ns += step;
    }
    return true;
}

static ssize_t read_stream(void *arg, uint64_t position, char *buffer, size_t most)
{
    struct stream *s = arg;
    (void)position;
    if (s->sent == s->used) {
        ssize_t n = misbehave(s, buffer, most);
        if (n != 0)
            return n;
        if (!next_line(s))
            return MHD_CONTENT_READER_END_OF_STREAM;
    }
    size_t n = s->used - s->sent < most ? s->used - s->sent : most;
    memcpy(buffer, s->line + s->sent, n);
    s->sent += n;
    return (ssize_t)n;
}

static void free_stream(void *arg)
{
    free(arg);
    fake_engine_leave();
}

/* The whole stream at once, as if compressed. */
static struct MHD_Response *gzip_response(struct stream *s)
{
    size_t room = (size_t)(s->job.new_tokens + 1) * LINE_MAX_BYTES, used = 0;
    char *text = malloc(room);
    unsigned char *packed = malloc(FAKE_GZIP_ROOM(room));
    while (text && next_line(s)) {
        memcpy(text + used, s->line, s->used);
        used += s->used;
    }
    size_t n = text && packed ? fake_gzip(text, used, packed) : 0;
    free(text);
    free_stream(s);
    struct MHD_Response *r = MHD_create_response_from_buffer(n, packed, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(r, "Content-Encoding", "gzip");
    return r;
}

int fake_stream(struct MHD_Connection *c, const struct fake_job *job)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s) {
        fake_engine_leave();
        return MHD_NO;
    }
    s->job = *job;
    s->at_ns = job->first_ns;
    struct MHD_Response *r = job->fault == FAULT_GZIP
                                 ? gzip_response(s)
                                 : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096,
                                                                     read_stream, s, free_stream);
    MHD_add_response_header(r, "Content-Type", "application/x-ndjson");
    int result = MHD_queue_response(c, 200, r);
    MHD_destroy_response(r);
    return result;
}
