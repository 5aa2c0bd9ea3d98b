/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Loads, but each entry of its tables is wrong in its own way. */

#include "mock.h"

static const char *const one_two[] = {"one", "two", NULL};

static const struct ctxmark_option options[] = {
    {"Upper", CTXMARK_TYPE_INT, 0, NULL, 0, 0, NULL, NULL, "A name that is none."},
    {"twice", CTXMARK_TYPE_INT, 0, NULL, 0, 0, NULL, NULL, "A name that is there twice."},
    {"twice", CTXMARK_TYPE_INT, 0, NULL, 0, 0, NULL, NULL, "A name that is there twice."},
    {"no_help", CTXMARK_TYPE_TEXT, 0, NULL, 0, 0, NULL, NULL, NULL},
    {"both", CTXMARK_TYPE_INT, CTXMARK_OPT_REQUIRED, "1", 0, 0, NULL, NULL, "Required, a default."},
    {"bounds", CTXMARK_TYPE_INT, 0, "11", 1, 10, NULL, NULL, "A default out of bounds."},
    {"crossed", CTXMARK_TYPE_INT, 0, NULL, 10, 1, NULL, NULL, "Least above most."},
    {"word", CTXMARK_TYPE_NUMBER, 0, "ten", 0, 0, NULL, NULL, "A default that is no number."},
    {"choice", CTXMARK_TYPE_CHOICE, 0, "three", 0, 0, one_two, NULL,
     "A default that is no choice."},
    {"serves", CTXMARK_TYPE_TEXT, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL, NULL, "No model key."},
};

static const struct ctxmark_option model_keys[] = {
    {"a", CTXMARK_TYPE_TEXT, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL, NULL, "One that serves."},
    {"b", CTXMARK_TYPE_TEXT, CTXMARK_OPT_SERVES, NULL, 0, 0, NULL, NULL, "Another that serves."},
};

static const struct ctxmark_metric metrics[] = {
    {"queue ms", "ms", "A name with a blank."},
    {"queue_ms", "ms", NULL},
};

static const struct ctxmark_backend backend = {MOCK_BACKEND_INIT};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_BACKEND,
    .metric_stride = sizeof(struct ctxmark_metric),
    .name = "mock_tables",
    .version = "1",
    .summary = "tables that are wrong",
    .license = "MIT, or so",
    .options = options,
    .option_count = MOCK_COUNT(options),
    .model_keys = model_keys,
    .model_key_count = MOCK_COUNT(model_keys),
    .metrics = metrics,
    .metric_count = MOCK_COUNT(metrics),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
