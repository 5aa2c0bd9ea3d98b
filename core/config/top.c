/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/parts.h"

#include <string.h>

const char *const option_aliases[] = {"device", "ollama_url", "ollama_timeout_s", NULL};

/* struct option_schema owns its text elsewhere; here it is all constant. */
#define KEY(name, type, flags, value, min, max, choices)                                           \
    {                                                                                              \
        (char *)(name), (type), (flags), (char *)(value), (min), (max), (char **)(choices),        \
            (char *)"", (char *)""                                                                 \
    }
#define WHOLE(name, value, min, max) KEY(name, CTXMARK_TYPE_INT, 0, value, min, max, NULL)
#define CHOICE(name, value, choices) KEY(name, CTXMARK_TYPE_CHOICE, 0, value, 0, 0, choices)
#define ELSEWHERE(name) KEY(name, 0, 0, NULL, 0, 0, NULL)

static const char *const mode_choices[] = {"prefill", "decode", "e2e", NULL};
static const char *const order_choices[] = {"sequential", "shuffled", "interleaved", NULL};
static const char *const oom_choices[] = {"continue", "skip", NULL};
static const char *const missing_choices[] = {"stop", "rows", NULL};

/* Every key of the top level: first those that hold values, then those that others read. */
static const struct option_schema top_schemas[] = {
    KEY("experiment", CTXMARK_TYPE_TEXT, 0, NULL, 0, 0, NULL),
    {.name = (char *)"context_lengths",
     .type = CTXMARK_TYPE_INT,
     .flags = CTXMARK_OPT_LIST | CTXMARK_OPT_REQUIRED,
     .min = 1,
     .max = MOST_CONTEXT,
     .help = (char *)"context_lengths: 512-32768*2"},
    KEY("concurrency", CTXMARK_TYPE_INT, CTXMARK_OPT_LIST, "1", 1, 4096, NULL),
    KEY("modes", CTXMARK_TYPE_CHOICE, CTXMARK_OPT_LIST, "[prefill, decode, e2e]", 0, 0,
        mode_choices),
    WHOLE("repetitions", "10", 1, MOST_REPETITIONS),
    WHOLE("warmup_repetitions", "3", 0, MOST_REPETITIONS),
    WHOLE("max_new_tokens", "128", 1, 16777216),
    WHOLE("seed", "42", 0, MOST_SEED),
    CHOICE("order", "sequential", order_choices),
    WHOLE("launches", "1", 1, 1000),
    CHOICE("on_oom", "continue", oom_choices),
    WHOLE("max_failures", "3", 1, 1000000),
    CHOICE("on_missing_backend", "stop", missing_choices),
    KEY("timeout_s", CTXMARK_TYPE_NUMBER, 0, "3600", 0.001, 2592000, NULL),
#define VALUE_KEYS 14
    ELSEWHERE("models"),
    ELSEWHERE("backends"),
    ELSEWHERE("analyzers"),
    ELSEWHERE("prompt"),
    ELSEWHERE("stop"),
    ELSEWHERE("cold_start"),
    ELSEWHERE("facts"),
    ELSEWHERE("plugin_path"),
    ELSEWHERE("device"),
    ELSEWHERE("ollama_url"),
    ELSEWHERE("ollama_timeout_s"),
};

#define ALL_KEYS (sizeof top_schemas / sizeof *top_schemas)

static int check_keys(const struct node *root, struct err *e)
{
    const struct option_table all = {
        top_schemas, ALL_KEYS, "key", "", "ctxmark.yaml(5) lists the keys", false};
    for (size_t i = 0; i < root->count; i++)
        if (!option_find(&all, root->keys[i]->text))
            return option_unknown(&all, root->keys[i], e);
    return 0;
}

/* A list of whole numbers, each once. */
static int take_numbers(struct config *c, const struct node *root, const json_t *values,
                        const char *key, int64_t **ret, size_t *ret_count, struct err *e)
{
    const json_t *list = json_object_get(values, key);
    size_t count = json_array_size(list);
    int64_t *v = config_array(c, count, sizeof *v, e);
    if (!v)
        return -1;
    for (size_t i = 0; i < count; i++) {
        v[i] = json_integer_value(json_array_get(list, i));
        for (size_t j = 0; j < i; j++)
            if (v[i] == v[j])
                return node_fail(node_get(root, key), e,
                                 "'%s' holds %lld twice; name each value once", key,
                                 (long long)v[i]);
    }
    *ret = v;
    *ret_count = count;
    return 0;
}

static int take_modes(struct config *c, const struct node *root, const json_t *values,
                      struct err *e)
{
    const json_t *list = json_object_get(values, "modes");
    for (size_t i = 0; i < json_array_size(list); i++)
        for (int m = 0; m < MODE_COUNT; m++) {
            const char *name = json_string_value(json_array_get(list, i));
            if (strcmp(name, mode_name(m)))
                continue;
            if (c->modes[m])
                return node_fail(node_get(root, "modes"), e,
                                 "'modes' holds %s twice; name each mode once", name);
            c->modes[m] = true;
        }
    return 0;
}

static int64_t whole(const json_t *values, const char *key)
{
    return json_integer_value(json_object_get(values, key));
}

static bool is_choice(const json_t *values, const char *key, const char *choice)
{
    return !strcmp(json_string_value(json_object_get(values, key)), choice);
}

static void take_scalars(struct config *c, const json_t *values)
{
    c->repetitions = whole(values, "repetitions");
    c->warmup_repetitions = whole(values, "warmup_repetitions");
    c->max_new_tokens = whole(values, "max_new_tokens");
    c->launches = whole(values, "launches");
    c->max_failures = whole(values, "max_failures");
    c->seed = (uint64_t)whole(values, "seed");
    c->timeout_s = json_real_value(json_object_get(values, "timeout_s"));
    c->skip_after_oom = is_choice(values, "on_oom", "skip");
    c->missing_as_rows = is_choice(values, "on_missing_backend", "rows");
    if (is_choice(values, "order", "shuffled"))
        c->order = ORDER_SHUFFLED;
    else if (is_choice(values, "order", "interleaved"))
        c->order = ORDER_INTERLEAVED;
}

static int take_experiment(struct config *c, const struct node *root, struct err *e)
{
    const struct node *label = node_get(root, "experiment");
    if (label && check_name(label, "'experiment'", e))
        return -1;
    c->experiment = config_text(c, label ? label->text : "", e);
    return c->experiment ? 0 : -1;
}

static int read_values(struct config *c, const struct node *root, json_t *values, struct err *e)
{
    const struct option_table t = {top_schemas, VALUE_KEYS, "key", "", "", false};
    if (take_experiment(c, root, e) || options_from_map(&t, root, true, c->folder, values, e) ||
        options_complete(values, top_schemas, VALUE_KEYS, c->file, c->folder, e))
        return -1;
    if (take_numbers(c, root, values, "context_lengths", &c->context_lengths, &c->context_count,
                     e) ||
        take_numbers(c, root, values, "concurrency", &c->concurrency, &c->concurrency_count, e) ||
        take_modes(c, root, values, e))
        return -1;
    take_scalars(c, values);
    return 0;
}

int read_top(struct config *c, const struct node *root, struct err *e)
{
    if (check_keys(root, e))
        return -1;
    json_t *values = json_object();
    int rc = values ? read_values(c, root, values, e) : err_memory(e);
    for (size_t i = 0; i < VALUE_KEYS && !rc; i++) {
        json_t *value = json_object_get(values, top_schemas[i].name);
        if (value)
            rc = canonical_set(c, top_schemas[i].name, json_incref(value), e);
    }
    json_decref(values);
    return rc;
}
