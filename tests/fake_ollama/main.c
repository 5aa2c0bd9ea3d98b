/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* fake_ollama: prints "port N" once it listens, and serves until it is killed.  `fake_ollama
 * --help` lists what it can be. */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fake_ollama/fake.h"
#include "tests/fake_ollama/http.h"

struct fake_config config = {
    .version = "0.33.0",
    .model = "tiny",
    .tokenizer = FAKE_WORDS,
    .bos = true,
    .cache = true,
    .prefill_ns = 20000,
    .decode_ns = 1000000,
    .load_ns = 250000000,
    .context_limit = 32768,
    .kv_bytes = 6144,
    .weight_bytes = 15000000,
    .parallel = 1,
    .max_queue = 512,
    .seed = 1,
};

static bool until_eof, can_tls;

static const char *const faults[] = {
    [FAULT_NONE] = "none",         [FAULT_STALL] = "stall",     [FAULT_DRIP] = "drip",
    [FAULT_NO_DONE] = "no-done",   [FAULT_ERROR] = "error",     [FAULT_CLOSE] = "close",
    [FAULT_EXIT] = "exit",         [FAULT_GARBAGE] = "garbage", [FAULT_NAN] = "nan",
    [FAULT_NEGATIVE] = "negative", [FAULT_HUGE] = "huge",       [FAULT_LONG_LINE] = "long-line",
    [FAULT_REPEAT] = "repeat",     [FAULT_MORE] = "more",       [FAULT_GZIP] = "gzip",
    [FAULT_REDIRECT] = "redirect", [FAULT_HTML] = "html",       [FAULT_BUSY] = "busy",
};
static const char *const tokenizers[] = {"words", "pieces", "letters"};

enum option_kind {
    KIND_FLAG_ON,
    KIND_FLAG_OFF,
    KIND_TEXT,
    KIND_INT,
    KIND_INT64,
    KIND_MIB,
    KIND_MS,
    KIND_NUMBER,
    KIND_VERSION,
    KIND_TOKENIZER,
    KIND_FAULT
};

static const struct {
    const char *name;
    enum option_kind kind;
    void *target;
    const char *help;
} options[] = {
    {"port", KIND_INT, &config.port, "0: any that is free"},
    {"ipv6", KIND_FLAG_ON, &config.ipv6, "listen on ::1"},
    {"unix", KIND_TEXT, &config.unix_socket, "listen on this socket"},
    {"tls-certificate", KIND_TEXT, &config.tls_certificate, "https with this certificate"},
    {"tls-key", KIND_TEXT, &config.tls_key, "and this key"},
    {"can-tls", KIND_FLAG_ON, &can_tls, "exit 0 if https can be had here, else 1"},
    {"deaf", KIND_FLAG_ON, &config.deaf, "let no connection be made"},
    {"prefix", KIND_TEXT, &config.prefix, "what every path begins with"},
    {"until-eof", KIND_FLAG_ON, &until_eof, "end when standard input ends"},
    {"version", KIND_VERSION, &config.version, "behave like this version: 0.33.0, 0.24.0, 0.12.6"},
    {"model", KIND_TEXT, &config.model, "its one model"},
    {"tokenizer", KIND_TOKENIZER, &config.tokenizer, "words, pieces (of 4 bytes) or letters"},
    {"no-bos", KIND_FLAG_OFF, &config.bos, "no token before the prompt's"},
    {"no-cache", KIND_FLAG_OFF, &config.cache, "no prompt cache"},
    {"cached-count", KIND_FLAG_ON, &config.cached_count, "report prompt_eval_cached_count"},
    {"prefill-ns", KIND_NUMBER, &config.prefill_ns, "cost of a prompt's token"},
    {"prefill-ns-ctx", KIND_NUMBER, &config.prefill_ns_ctx, "and as much more per token before it"},
    {"decode-ns", KIND_NUMBER, &config.decode_ns, "cost of a generated token"},
    {"decode-ns-ctx", KIND_NUMBER, &config.decode_ns_ctx, "and as much more per token before it"},
    {"load-ms", KIND_MS, &config.load_ns, "cost of loading"},
    {"wait-ms", KIND_MS, &config.wait_ns, "time before a prompt that no figure tells"},
    {"give", KIND_INT64, &config.give_context, "give no more context than this, whatever is asked"},
    {"context", KIND_INT64, &config.context_limit, "the model's context"},
    {"memory-mib", KIND_MIB, &config.memory_bytes, "memory that the model must fit into; 0: any"},
    {"vram-mib", KIND_MIB, &config.vram_bytes, "how much of it is a GPU's"},
    {"parallel", KIND_INT, &config.parallel, "requests at once"},
    {"max-queue", KIND_INT, &config.max_queue, "requests that may wait"},
    {"eos-every", KIND_INT64, &config.eos_every, "one prompt in so many ends early"},
    {"eos-at", KIND_INT64, &config.eos_at, "after so many tokens"},
    {"fault", KIND_FAULT, &config.fault, "what goes wrong"},
    {"fault-at", KIND_INT64, &config.fault_at, "after so many tokens"},
    {"fault-from", KIND_INT64, &config.fault_from, "for prompts of so many tokens or more"},
    {"replay", KIND_TEXT, &config.replay_root,
     "folder of recordings that the header X-Replay names"},
    {"seed", KIND_INT, &config.seed, "of the borders that a recording is cut at"},
    {"stamps", KIND_FLAG_ON, &config.stamps,
     "each token's text is two times: its request came, it went out (ns, monotonic clock)"},
};

#define OPTION_COUNT (sizeof options / sizeof *options)

static int find_word(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return (int)i;
    return -1;
}

static int set_version(const char *text)
{
    config.version = text;
    return sscanf(text, "%9d.%9d.%9d", &config.major, &config.minor, &config.patch) == 3 ? 0 : -1;
}

static int set_word(enum option_kind kind, const char *value)
{
    int found = kind == KIND_FAULT
                    ? find_word(faults, sizeof faults / sizeof *faults, value)
                    : find_word(tokenizers, sizeof tokenizers / sizeof *tokenizers, value);
    if (found >= 0 && kind == KIND_FAULT)
        config.fault = (enum fake_fault)found;
    else if (found >= 0)
        config.tokenizer = (enum fake_tokenizer)found;
    return found < 0 ? -1 : 0;
}

static int set_number(enum option_kind kind, void *target, const char *value)
{
    char *end;
    double x = strtod(value, &end);
    if (end == value || *end)
        return -1;
    if (kind == KIND_INT)
        *(int *)target = (int)x;
    else if (kind == KIND_NUMBER)
        *(double *)target = x;
    else
        *(int64_t *)target = (int64_t)(x * (kind == KIND_MIB  ? 1048576.0
                                            : kind == KIND_MS ? 1e6
                                                              : 1.0));
    return 0;
}

static int set_option(size_t index, const char *value)
{
    void *target = options[index].target;
    switch (options[index].kind) {
    case KIND_FLAG_ON:
    case KIND_FLAG_OFF:
        *(bool *)target = options[index].kind == KIND_FLAG_ON;
        return 0;
    case KIND_TEXT:
        *(const char **)target = value;
        return 0;
    case KIND_VERSION:
        return set_version(value);
    case KIND_TOKENIZER:
    case KIND_FAULT:
        return set_word(options[index].kind, value);
    default:
        return set_number(options[index].kind, target, value);
    }
}

/* --NAME VALUE, or --NAME alone for a flag; 0 or -1. */
static int read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        while (k < OPTION_COUNT &&
               (strncmp(argv[i], "--", 2) != 0 || strcmp(argv[i] + 2, options[k].name) != 0))
            k++;
        bool flag = k < OPTION_COUNT && options[k].kind <= KIND_FLAG_OFF;
        const char *value = flag ? "" : i + 1 < argc ? argv[i + 1] : NULL;
        if (k == OPTION_COUNT || !value || set_option(k, value) < 0) {
            fprintf(stderr, "fake_ollama: %s: no such option, or a wrong value; see --help\n",
                    argv[i]);
            return -1;
        }
        i += !flag;
    }
    return 0;
}

static int print_help(void)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        printf("  --%-16s %s\n", options[i].name, options[i].help);
    return 0;
}

int main(int argc, char **argv)
{
    int port = 0;
    char byte;
    set_version(config.version);
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help();
    if (read_options(argc, argv) < 0)
        return 2;
    if (can_tls)
        return !fake_can_tls();
    signal(SIGPIPE, SIG_IGN);
    if (!fake_serve(&port)) {
        fprintf(stderr, "fake_ollama: cannot listen\n");
        return 1;
    }
    printf("port %d\n", port);
    fflush(stdout);
    while (until_eof ? read(STDIN_FILENO, &byte, 1) > 0 : pause() != 0)
        ;
    _exit(0);
}
