/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Every recorded answer of real servers, sent by the stand-in byte for byte and cut at random
 * places: each failure gives its row, each success its figures. */

#include "config.h"

#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "plugins/ollama/ollama.h"
#include "tests/ollama/traces.h"

static char root[2048], server[2048], url[64];
static pid_t server_pid;
static int server_in = -1;

/* ---- the stand-in */

static void start_server(const char *seed)
{
    int in[2], out[2];
    char line[64] = "";
    ck_assert(pipe(in) == 0 && pipe(out) == 0);
    server_pid = fork();
    if (server_pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[1]);
        execl(server, server, "--until-eof", "--replay", root, "--seed", seed, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    FILE *f = fdopen(out[0], "r");
    ck_assert(f && fgets(line, sizeof line, f) && strncmp(line, "port ", 5) == 0);
    fclose(f);
    server_in = in[1];
    snprintf(url, sizeof url, "http://127.0.0.1:%ld", strtol(line + 5, NULL, 10));
}

static void stop_server(void)
{
    close(server_in);
    waitpid(server_pid, NULL, 0);
}

/* ---- a host that listens */

static int64_t now_ns(const struct ctxmark_host *h)
{
    struct timespec t;
    (void)h;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void ignore_log(const struct ctxmark_host *h, uint32_t level, const char *message)
{
    (void)h;
    (void)level;
    (void)message;
}

static int32_t refuse_fail(const struct ctxmark_host *h, int32_t status, const char *message)
{
    (void)h;
    ck_abort_msg("host->fail(): %s", message);
    return status;
}

static int32_t never_cancelled(const struct ctxmark_host *h)
{
    (void)h;
    return 0;
}

static const struct ctxmark_host host = {.size = sizeof host,
                                         .now_ns = now_ns,
                                         .log = ignore_log,
                                         .fail = refuse_fail,
                                         .cancelled = never_cancelled};

struct heard {
    struct ctxmark_result result;
    char error[1024];
    int64_t tokens, results, starts, ends;
    int64_t last_ns; /* of what has come so far */
};

static void on_start(const struct ctxmark_emit *e, uint32_t request)
{
    struct heard *h = e->state;
    h->starts += request == 0;
    h->tokens = 0;
    h->last_ns = now_ns(&host);
}

/* Nothing came before what came before it, nor in the future. */
static void on_arrived(const struct ctxmark_emit *e, uint32_t request, int64_t at_ns)
{
    struct heard *h = e->state;
    ck_assert_uint_eq(request, 0);
    ck_assert_int_ge(at_ns, h->last_ns);
    ck_assert_int_le(at_ns, now_ns(&host));
    h->last_ns = at_ns;
}

static void on_tokens(const struct ctxmark_emit *e, uint32_t request, uint64_t count,
                      const int32_t *ids, const char *text, uint64_t text_bytes)
{
    struct heard *h = e->state;
    (void)ids;
    (void)text;
    (void)text_bytes;
    ck_assert_uint_eq(request, 0);
    ck_assert_uint_ge(count, 1);
    h->tokens += (int64_t)count;
}

static void on_end(const struct ctxmark_emit *e, uint32_t request)
{
    struct heard *h = e->state;
    (void)request;
    h->ends++;
}

static void on_metric(const struct ctxmark_emit *e, uint32_t request, uint32_t index, double value)
{
    (void)e;
    (void)request;
    (void)index;
    ck_assert(value == value);
}

static void on_result(const struct ctxmark_emit *e, const struct ctxmark_result *r)
{
    struct heard *h = e->state;
    h->result = *r;
    snprintf(h->error, sizeof h->error, "%s", r->error ? r->error : "");
    h->results++;
}

/* ---- playing a recording */

/* The recording's own num_predict; most where it has none to speak of. */
static int64_t asked_tokens(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.req.json", root, name);
    json_t *json = json_load_file(path, 0, NULL);
    json_int_t n =
        json_integer_value(json_object_get(json_object_get(json, "options"), "num_predict"));
    json_decref(json);
    return n > 0 ? n : 5000;
}

static struct heard play(const char *name, int64_t most)
{
    char header[1024];
    const char *headers[] = {header};
    struct heard heard = {.results = 0};
    struct ollama_err e = {0, ""};
    struct ctxmark_emit emit = {.size = sizeof emit,
                                .state = &heard,
                                .start = on_start,
                                .tokens = on_tokens,
                                .end = on_end,
                                .metric = on_metric,
                                .result = on_result,
                                .arrived = on_arrived};
    struct ctxmark_request q = {.size = sizeof q,
                                .concurrency = 1,
                                .max_new_tokens = most,
                                .cache_policy = CTXMARK_CACHE_BUST,
                                .text = "as recorded"};
    struct ollama_endpoint endpoint = {
        .url = url, .headers = headers, .header_count = 1, .connect_s = 10.0};
    struct ollama p = {.host = &host, .tag = "tiny", .num_ctx = 8192};
    snprintf(header, sizeof header, "X-Replay: %s", name);
    p.settings.request.whole_s = 60.0;
    p.settings.keep_alive = "5m";
    p.loaded = (struct ollama_loaded){CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, CTXMARK_UNKNOWN, 0};
    p.http = ollama_http_new(&host, &endpoint, &e);
    ck_assert_msg(p.http != NULL, "%s", e.text);
    ck_assert_int_eq(ollama_run(&p, &q, &emit), CTXMARK_OK);
    ollama_http_free(p.http);
    ck_assert_int_eq(heard.results, 1);
    ck_assert_int_eq(heard.starts, 1);
    return heard;
}

/* ---- all of them */

typedef void (*recording_fn)(const char *name, const char *body, size_t length);

static bool is_generate(const char *name)
{
    char path[4096], text[512] = "";
    snprintf(path, sizeof path, "%s/%s.meta", root, name);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    return strstr(text, "/api/generate") != NULL;
}

static void visit_file(const char *name, recording_fn visit)
{
    char path[4096];
    static char body[1 << 22];
    snprintf(path, sizeof path, "%s/%s.resp", root, name);
    FILE *f = fopen(path, "r");
    if (!f || !is_generate(name)) {
        if (f)
            fclose(f);
        return;
    }
    size_t n = fread(body, 1, sizeof body - 1, f);
    body[n] = '\0';
    fclose(f);
    visit(name, body, n);
}

/* Every recording below a folder, two levels deep. */
static void visit_all(const char *folder, int depth, recording_fn visit)
{
    char path[4096], name[1024];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    DIR *d = opendir(path);
    ck_assert_msg(d != NULL, "%s", path);
    for (struct dirent *entry; (entry = readdir(d));) {
        size_t n = strlen(entry->d_name);
        snprintf(name, sizeof name, "%.400s%s%.400s", folder, folder[0] ? "/" : "", entry->d_name);
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "README", 6) == 0 ||
            strncmp(entry->d_name, "SUMMARY", 7) == 0)
            continue;
        if (depth < 2) {
            visit_all(name, depth + 1, visit);
        } else if (n > 5 && strcmp(entry->d_name + n - 5, ".resp") == 0) {
            name[strlen(name) - 5] = '\0';
            visit_file(name, visit);
        }
    }
    closedir(d);
}

/* ---- failures */

static const struct trace *find_trace(const char *name)
{
    for (size_t i = 0; i < trace_count; i++)
        if (strcmp(traces[i].name, name) == 0)
            return &traces[i];
    return NULL;
}

START_TEST(each_recorded_failure_gives_its_status_and_message)
{
    start_server("1");
    for (size_t i = 0; i < trace_count; i++) {
        const struct trace *t = &traces[i];
        struct heard h = play(t->name, asked_tokens(t->name));
        ck_assert_msg(h.result.status == t->status, "%s: status %d, '%s'", t->name,
                      (int)h.result.status, h.error);
        ck_assert_msg(strstr(h.error, t->words) != NULL, "%s: '%s' lacks '%s'", t->name, h.error,
                      t->words);
        ck_assert_msg(!strchr(h.error, '\n') && !strstr(h.error, "{\""),
                      "%s: '%s' is not unwrapped", t->name, h.error);
    }
    stop_server();
    printf("%zu recorded failures have their status and message\n", trace_count);
}
END_TEST

static size_t failures_seen;

static void expect_known(const char *name, const char *body, size_t length)
{
    (void)length;
    if (strstr(body, "\"done\":true"))
        return;
    failures_seen++;
    ck_assert_msg(find_trace(name) != NULL, "%s failed, and is not in the table", name);
}

START_TEST(the_table_has_every_recorded_failure)
{
    failures_seen = 0;
    visit_all("", 0, expect_known);
    ck_assert_uint_eq(failures_seen, trace_count);
}
END_TEST

/* ---- successes */

static size_t successes;

static int64_t figure(const json_t *json, const char *key)
{
    const json_t *v = json_object_get(json, key);
    return v ? (int64_t)json_integer_value(v) : CTXMARK_UNKNOWN;
}

static json_t *last_object(const char *body, size_t length)
{
    while (length && body[length - 1] == '\n')
        length--;
    size_t from = length;
    while (from && body[from - 1] != '\n')
        from--;
    return json_loadb(body + from, length - from, 0, NULL);
}

static void expect_figures(const char *name, const char *body, size_t length)
{
    if (!strstr(body, "\"done\":true"))
        return;
    json_t *last = last_object(body, length);
    if (figure(last, "eval_count") > 0) {
        struct heard h = play(name, asked_tokens(name));
        const struct ctxmark_result *r = &h.result;
        int64_t count = figure(last, "eval_count");
        ck_assert_msg(r->status == CTXMARK_OK, "%s: %s", name, h.error);
        ck_assert_int_eq(h.tokens, count);
        ck_assert_int_eq(h.ends, 1);
        ck_assert_int_eq(r->generated_tokens, count);
        ck_assert_int_eq(r->prompt_tokens, figure(last, "prompt_eval_count"));
        ck_assert_int_eq(r->device_prefill_ns, figure(last, "prompt_eval_duration"));
        ck_assert_int_eq(r->device_decode_ns,
                         count > 1 ? figure(last, "eval_duration") : CTXMARK_UNKNOWN);
        ck_assert_int_eq(r->device_e2e_ns, figure(last, "total_duration"));
        ck_assert_int_eq(r->load_ns, figure(last, "load_duration"));
        ck_assert_msg(!(r->notes & CTXMARK_NOTE_RELOADED) == (r->load_ns <= OLLAMA_RELOAD_NS),
                      "%s: reloaded", name);
        ck_assert_msg(!(r->notes & CTXMARK_NOTE_SHORT) == (count == asked_tokens(name)),
                      "%s: short", name);
        successes++;
    }
    json_decref(last);
}

START_TEST(each_recorded_success_gives_its_figures)
{
    successes = 0;
    start_server("2");
    visit_all("", 0, expect_figures);
    stop_server();
    printf("%zu recorded successes have their figures\n", successes);
    ck_assert_uint_gt(successes, 100);
}
END_TEST

int main(void)
{
    const char *shared = getenv("CTXMARK_SHARED"), *build = getenv("top_builddir");
    snprintf(root, sizeof root, "%s/reference/ollama/traces", shared ? shared : "");
    snprintf(server, sizeof server, "%s/tests/fake_ollama/fake_ollama", build ? build : ".");
    if (access(root, R_OK) != 0) {
        printf("SKIP no recordings of Ollama at %s\n", root);
        return 77;
    }
    TCase *t = tcase_create("traces");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, each_recorded_failure_gives_its_status_and_message);
    tcase_add_test(t, the_table_has_every_recorded_failure);
    tcase_add_test(t, each_recorded_success_gives_its_figures);
    Suite *s = suite_create("ollama traces");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
