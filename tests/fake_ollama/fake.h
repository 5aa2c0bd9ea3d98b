/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* A stand-in for an Ollama server, for tests and demos: it speaks the protocol of recorded versions
 * and takes, and reports, exactly the time that a cost model says.  It listens on this machine
 * only. */

#ifndef FAKE_OLLAMA_FAKE_H
#define FAKE_OLLAMA_FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum fake_tokenizer { FAKE_WORDS, FAKE_PIECES, FAKE_LETTERS };

enum fake_fault {
    FAULT_NONE,
    FAULT_STALL,   /* the stream stands still after `fault_at` tokens */
    FAULT_DRIP,    /* a byte in 50 ms, never the end of a line */
    FAULT_NO_DONE, /* ends without the closing line */
    FAULT_ERROR,   /* an error line in the stream */
    FAULT_CLOSE,   /* closes the connection */
    FAULT_EXIT,    /* the server ends at once */
    FAULT_GARBAGE, /* a line that is not JSON */
    FAULT_NAN,     /* figures that no server can mean */
    FAULT_NEGATIVE,
    FAULT_HUGE,
    FAULT_LONG_LINE, /* a line of 100 MB */
    FAULT_REPEAT,    /* equal tokens, then no closing line */
    FAULT_MORE,      /* more tokens than asked for */
    FAULT_GZIP,      /* compressed though nobody asked for it */
    FAULT_REDIRECT,
    FAULT_HTML,
    FAULT_BUSY, /* 503 */
};

struct fake_config {
    const char *version;
    int major, minor, patch;
    const char *model;
    const char *unix_socket;
    const char *tls_certificate, *tls_key; /* files in PEM; NULL: no TLS */
    const char *prefix;                    /* of every path */
    const char *replay_root;
    int port;
    bool ipv6, deaf;
    enum fake_tokenizer tokenizer;
    bool bos, cache, cached_count;
    /* Token i of a prompt costs prefill_ns + i * prefill_ns_ctx, one generated at context n
     * decode_ns + n * decode_ns_ctx. */
    double prefill_ns, prefill_ns_ctx, decode_ns, decode_ns_ctx;
    int64_t load_ns, wait_ns;
    int64_t give_context; /* 0: what is asked for, up to context_limit */
    int64_t context_limit, memory_bytes, vram_bytes, kv_bytes, weight_bytes;
    int parallel, max_queue;
    int64_t eos_every, eos_at; /* one prompt in eos_every ends after eos_at tokens; 0: none */
    enum fake_fault fault;
    int64_t fault_at, fault_from; /* after how many tokens; for prompts from that many on */
    int seed;                     /* of random chunk borders */
    bool stamps;                  /* the text of each token is when its request came, and when it
                                   * went out itself, in ns of CLOCK_MONOTONIC */
};

extern struct fake_config config;

int64_t fake_now_ns(void);
void fake_sleep_until(int64_t at_ns);
bool fake_version_at_least(int minor, int patch);

/* ---- engine.c: what is loaded, what is cached */

/* A prompt as tokens: hashes. */
struct fake_prompt {
    uint64_t *tokens;
    int64_t count;
};

struct fake_prompt fake_tokenize(const char *text);

/* What the server was asked to load. */
struct fake_load {
    int64_t num_ctx, num_gpu, num_thread, num_batch;
};

/* Makes sure that the model is there with these options; returns what that takes in ns, or -1: too
 * large for the memory. */
int64_t fake_engine_load(const struct fake_load *want);
void fake_engine_unload(void);
/* keep_alive in seconds from now; negative: for ever. */
void fake_engine_keep(double seconds);
bool fake_engine_loaded(struct fake_load *ret_load, double *ret_left_s);

/* Waits for a free slot; false: the queue is full. */
bool fake_engine_enter(void);
void fake_engine_leave(void);

/* How many of the prompt's tokens a cache has; the prompt is in it from now on.  Takes over
 * prompt.tokens. */
int64_t fake_engine_lookup(struct fake_prompt prompt);

int64_t fake_cost_prefill(int64_t first, int64_t count);
int64_t fake_cost_decode(int64_t context);

/* ---- answers */

struct MHD_Connection;

struct fake_request {
    const char *method, *path;
    char *body;
    size_t length, capacity;
    int64_t received_ns;
};

/* Each queues a response and returns MHD's result. */
int fake_answer_json(struct MHD_Connection *c, unsigned status, json_t *object);
int fake_answer_text(struct MHD_Connection *c, unsigned status, const char *type, const char *text);
int fake_answer_error(struct MHD_Connection *c, unsigned status, const char *text);
int fake_meta(struct MHD_Connection *c, const struct fake_request *q);
int fake_generate(struct MHD_Connection *c, struct fake_request *q);
int fake_replay(struct MHD_Connection *c, const char *name);

/* ---- stream.c: a generation, as planned */

struct fake_job {
    int64_t prompt_tokens, cached, max_new, new_tokens;
    int64_t start_ns, load_ns, prompt_ns;
    int64_t first_ns;        /* when the first token is there */
    bool streaming, stopped; /* stopped: by the end-of-text token */
    enum fake_fault fault;
    char model[128];
};

/* Sends it, and leaves the engine at its end. */
int fake_stream(struct MHD_Connection *c, const struct fake_job *job);

#endif
