/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/tensors.h"
#include "core/command/command.h"
#include "core/command/given.h"
#include "core/command/options.h"
#include "core/run/interrupt.h"
#include "core/run/rundir.h"
#include "core/run/worker.h"

static const char usage[] =
    "ctxmark try BACKEND MODEL [--text T|--tokens FILE] [-n N] [--set KEY=VALUE]... [--logits "
    "FILE]\n"
    "\n"
    "Sends one request and prints what came back: text, token ids, timing.  MODEL is what the "
    "backend\n"
    "serves models by (a checkpoint's folder, a server's tag).\n"
    "\n"
    "      --text T           the prompt as text\n"
    "      --tokens FILE      the prompt as ids: int32 `input_ids` of a safetensors file, or "
    "numbers in\n"
    "                         a text file; without both: 32 tokens of the backend's own\n"
    "  -n N                   tokens to generate (default 16)\n"
    "      --logits FILE      writes logits, their positions and the greedy tokens as safetensors\n"
    "      --positions P,...  the positions whose logits are wanted (default: all of the prompt)\n"
    "      --set KEY=VALUE    an option of the backend, or a key of the model\n";

#define PROMPT_DEFAULT 32
#define LIMIT_S 3600.0

struct trial {
    const struct options *o;
    const struct descriptor *d;
    struct given given;
    json_t *request;
    int64_t prompt_tokens;
    struct worker worker;
};

static int read_count(const char *text, int64_t otherwise, const char *name, int64_t *ret,
                      struct err *e)
{
    char *end;
    errno = 0;
    long long n = text ? strtoll(text, &end, 10) : otherwise;
    if (text && (errno || !*text || *end || n < 1 || n > 1000000))
        return err_set(e, "%s %s: give a number from 1 to 1000000", name, text);
    *ret = n;
    return 0;
}

/* ---- the prompt */

static int ids_from_text(const char *path, json_t *ids, struct err *e)
{
    char *text, *p;
    size_t size;
    if (file_read(path, &text, &size, e) < 0)
        return -1;
    for (p = text; *p;) {
        char *end;
        errno = 0;
        long id = strtol(p, &end, 10);
        if (end != p && (errno || id < 0 || id > INT32_MAX))
            break;
        if (end != p)
            json_array_append_new(ids, json_integer(id));
        else if (isspace((unsigned char)*p) || strchr(",[]", *p))
            end = p + 1;
        else
            break;
        p = end;
    }
    int r = *p ? err_set(e, "%s: '%.20s' is no token id", path, p) : 0;
    free(text);
    return r;
}

static int ids_from_tensors(const char *path, json_t *ids, struct err *e)
{
    int32_t *list;
    size_t n;
    if (tensors_read_ids(path, "input_ids", &list, &n, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(ids, json_integer(list[i]));
    free(list);
    return 0;
}

static int read_prompt(struct trial *t, struct err *e)
{
    const struct options *o = t->o;
    t->prompt_tokens = PROMPT_DEFAULT;
    if (o->text && o->tokens)
        return err_set(e, "give --text or --tokens, not both");
    if (o->text && !(t->d->capabilities & CTXMARK_CAN_TEXT))
        return err_set(e, "%s takes no text as prompt: give --tokens", t->d->name);
    if (o->tokens && !(t->d->capabilities & CTXMARK_CAN_TOKENS))
        return err_set(e, "%s takes no token ids: give --text", t->d->name);
    if (o->text)
        json_object_set_new(t->request, "text", json_string(o->text));
    if (!o->tokens)
        return 0;
    size_t len = strlen(o->tokens);
    bool tensors = len > 12 && strcmp(o->tokens + len - 12, ".safetensors") == 0;
    json_t *ids = json_array();
    json_object_set_new(t->request, "tokens", ids);
    if ((tensors ? ids_from_tensors(o->tokens, ids, e) : ids_from_text(o->tokens, ids, e)) < 0)
        return -1;
    t->prompt_tokens = (int64_t)json_array_size(ids);
    return t->prompt_tokens ? 0 : err_set(e, "%s holds no token ids", o->tokens);
}

static int read_positions(struct trial *t, int64_t new_tokens, struct err *e)
{
    json_t *positions = json_array();
    const char *p = t->o->positions;
    int64_t last = -1;
    json_object_set_new(t->request, "logit_positions", positions);
    for (int64_t i = 0; !p && i < t->prompt_tokens; i++)
        json_array_append_new(positions, json_integer(i));
    while (p && *p) {
        char *end;
        long long at = strtoll(p, &end, 10);
        if (end == p || (*end && *end != ',') || at <= last ||
            at >= t->prompt_tokens + new_tokens - 1)
            return err_set(e, "--positions %s: give ascending positions from 0 to %lld",
                           t->o->positions, (long long)(t->prompt_tokens + new_tokens - 2));
        json_array_append_new(positions, json_integer(last = at));
        p = *end ? end + 1 : end;
    }
    return 0;
}

static int make_request(struct trial *t, struct err *e)
{
    int64_t new_tokens = 0;
    char path[PATH_MAX * 2];
    const char *file = t->o->logits;
    if (read_count(t->o->count, 16, "-n", &new_tokens, e) < 0 || read_prompt(t, e) < 0)
        return -1;
    json_object_set_new(t->request, "prompt_tokens", json_integer(t->prompt_tokens));
    json_object_set_new(t->request, "max_new_tokens", json_integer(new_tokens));
    if (!file)
        return 0;
    if (!(t->d->capabilities & CTXMARK_CAN_LOGITS))
        return err_set(e, "%s gives no logits", t->d->name);
    char folder[PATH_MAX];
    if (file[0] != '/' && !getcwd(folder, sizeof folder))
        return err_set(e, "--logits %s: %s", file, strerror(errno));
    snprintf(path, sizeof path, "%s%s%s", file[0] == '/' ? "" : folder, file[0] == '/' ? "" : "/",
             file);
    json_object_set_new(t->request, "logits_path", json_string(path));
    return read_positions(t, new_tokens, e);
}

/* ---- the exchange */

/* The answer if it is OK; NULL: e says what happened. */
static json_t *ask(struct trial *t, json_t *message, struct err *e)
{
    json_t *reply;
    enum worker_result r = worker_ask(&t->worker, message, LIMIT_S, &reply);
    if (r == WORKER_STOPPED)
        err_set(e, "interrupted");
    else if (r == WORKER_DIED)
        err_set(e, "the backend's process was %s", t->worker.end);
    else if (r != WORKER_ANSWERED)
        err_set(e, "no answer within %g s", LIMIT_S);
    else if (json_integer_value(json_object_get(reply, "status")) != CTXMARK_OK)
        err_set(e, "%s", json_string_value(json_object_get(reply, "reason")));
    else
        return reply;
    json_decref(reply);
    return NULL;
}

static json_t *exchange(struct trial *t, const char *model, struct err *e)
{
    json_t *new_tokens = json_object_get(t->request, "max_new_tokens");
    if (worker_spawn(&t->worker, e) < 0)
        return NULL;
    json_t *reply =
        ask(t,
            json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:{s:s, s:I, s:O}, s:b}", "do", "start",
                      "plugin", t->d->path, "sha256", t->d->sha256, "name", t->d->name, "options",
                      t->given.options, "model_keys", t->given.keys, "model", "name", model,
                      "max_prompt_tokens", (json_int_t)t->prompt_tokens, "max_new_tokens",
                      new_tokens, "without_limits", 1),
            e);
    if (!reply)
        return NULL;
    json_decref(reply);
    reply = ask(t,
                json_pack("{s:s, s:{s:I, s:O}}", "do", "prepare", "cell", "context_length",
                          (json_int_t)t->prompt_tokens, "max_new_tokens", new_tokens),
                e);
    if (!reply)
        return NULL;
    json_decref(reply);
    return ask(t, json_pack("{s:s, s:O}", "do", "run", "request", t->request), e);
}

/* ---- what came back */

static void print_ids(const json_t *result)
{
    const json_t *ids = json_object_get(result, "ids");
    if (!json_array_size(ids))
        return;
    printf("tokens  ");
    for (size_t i = 0; i < json_array_size(ids); i++)
        printf(" %" JSON_INTEGER_FORMAT, json_integer_value(json_array_get(ids, i)));
    printf("\n");
}

static void print_result(const json_t *result)
{
    const char *text = json_string_value(json_object_get(result, "text"));
    const json_t *stamps = json_object_get(result, "token_ns");
    const json_t *prompt = json_object_get(result, "prompt_tokens");
    size_t n = json_array_size(stamps);
    double first = n ? 1e-6 * json_number_value(json_array_get(stamps, 0)) : 0;
    double last = n ? 1e-6 * json_number_value(json_array_get(stamps, n - 1)) : 0;
    if (text)
        printf("text     %s\n", text);
    print_ids(result);
    printf("prefill  %.3f ms", first);
    if (json_is_integer(prompt))
        printf(", %" JSON_INTEGER_FORMAT " tokens", json_integer_value(prompt));
    printf("\n");
    if (n > 1)
        printf("decode   %.3f ms, %zu tokens, %.1f tok/s\n", last - first, n - 1,
               1e3 * (double)(n - 1) / (last - first));
    printf("e2e      %.3f ms\n", 1e-6 * json_number_value(json_object_get(result, "e2e_ns")));
}

static int trial_run(struct trial *t, const char *model, struct err *e)
{
    if (given_take(&t->given, t->d, model, t->o, e) < 0 || given_complete(&t->given, t->d, e) < 0 ||
        make_request(t, e) < 0 || interrupt_watch() < 0)
        return EXIT_USAGE;
    json_t *reply = exchange(t, model, e);
    if (!reply)
        return interrupt_requested() ? EXIT_INTERRUPTED : EXIT_SOME_FAILED;
    print_result(json_array_get(json_object_get(reply, "results"), 0));
    if (t->o->logits)
        printf("logits   %s\n", t->o->logits);
    json_decref(reply);
    return EXIT_DONE;
}

int command_try(int argc, char **argv)
{
    struct options o;
    struct err e;
    int r = options_parse(&o, argc, argv, "sNtklp", 2, 2, usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    struct registry *registry = r == 0 ? registry_new(NULL, &e) : NULL;
    struct trial t = {.o = &o, .request = json_object()};
    if (r == 0) {
        if (registry && given_init(&t.given) == 0 &&
            registry_find(registry, o.operands[0], CTXMARK_BACKEND, &t.d, &e) == REGISTRY_FOUND)
            status = trial_run(&t, o.operands[1], &e);
        if (status != EXIT_DONE)
            log_error("%s", e.text);
    }
    worker_stop(&t.worker);
    given_free(&t.given);
    json_decref(t.request);
    registry_free(registry);
    options_free(&o);
    return status;
}
