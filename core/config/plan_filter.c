/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/plan_filter.h"
#include "core/config/suggest.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"

enum { BY_BACKEND, BY_MODEL, BY_CONTEXT, BY_CONCURRENCY, BY_COUNT };

static const char *const filter_keys[BY_COUNT] = {"backend", "model", "context_length",
                                                  "concurrency"};

static int filter_key(const char *key)
{
    int k = 0;
    while (k < BY_COUNT && strcmp(filter_keys[k], key))
        k++;
    return k;
}

/* How many values the config has for a key. */
static size_t value_count(const struct config *c, int key)
{
    const size_t counts[BY_COUNT] = {c->backend_count, c->model_count, c->context_count,
                                     c->concurrency_count};
    return counts[key];
}

static const char *number_text(int64_t n, char *buffer, size_t size)
{
    snprintf(buffer, size, "%lld", (long long)n);
    return buffer;
}

/* Value i of a key as text. */
static const char *value_text(const struct config *c, int key, size_t i, char *buffer, size_t size)
{
    if (key == BY_BACKEND)
        return c->backends[i].name;
    if (key == BY_MODEL)
        return c->models[i].name;
    int64_t n = key == BY_CONTEXT ? c->context_lengths[i] : c->concurrency[i];
    return number_text(n, buffer, size);
}

static bool glob_matches_any(const struct config *c, int key, const char *glob)
{
    char number[32];
    for (size_t i = 0; i < value_count(c, key); i++)
        if (!fnmatch(glob, value_text(c, key, i, number, sizeof number), 0))
            return true;
    return false;
}

static int unknown_key(const char *key, struct err *e)
{
    char hint[128];
    struct suggest s = suggest_begin(key);
    for (int k = 0; k < BY_COUNT; k++)
        suggest_offer(&s, filter_keys[k]);
    return err_set(e, "--only %s: unknown key%s; use backend, model, context_length or concurrency",
                   key, suggest_words(&s, hint, sizeof hint));
}

static int no_match(const struct config *c, int key, const char *glob, struct err *e)
{
    struct buf values = {0};
    char number[32];
    size_t count = value_count(c, key), shown = count > 20 ? 20 : count;
    for (size_t i = 0; i < shown; i++)
        buf_printf(&values, "%s%s", i ? ", " : "", value_text(c, key, i, number, sizeof number));
    err_set(e, "--only %s=%s: matches none of: %s%s; write one of these, or a pattern with '*'",
            filter_keys[key], glob, buf_text(&values), shown < count ? ", ..." : "");
    buf_free(&values);
    return -1;
}

int plan_filters_check(const struct config *c, const struct plan_filter *filters, size_t count,
                       struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        int key = filter_key(filters[i].key);
        if (key == BY_COUNT)
            return unknown_key(filters[i].key, e);
        if (!glob_matches_any(c, key, filters[i].glob))
            return no_match(c, key, filters[i].glob, e);
    }
    return 0;
}

/* Several patterns for one key are alternatives. */
static bool matches_key(const struct plan_filter *filters, size_t count, int key, const char *text)
{
    bool asked = false;
    for (size_t i = 0; i < count; i++) {
        if (filter_key(filters[i].key) != key)
            continue;
        if (!fnmatch(filters[i].glob, text, 0))
            return true;
        asked = true;
    }
    return !asked;
}

bool plan_filters_match(const struct config *c, const struct plan_filter *filters, size_t count,
                        const struct plan_cell *cell)
{
    char context[32], concurrency[32];
    const char *const texts[BY_COUNT] = {
        c->backends[cell->backend].name, c->models[cell->model].name,
        number_text(cell->context_length, context, sizeof context),
        number_text(cell->concurrency, concurrency, sizeof concurrency)};
    for (int key = 0; key < BY_COUNT; key++)
        if (!matches_key(filters, count, key, texts[key]))
            return false;
    return true;
}

int plan_filters_explain(const struct plan_filter *filters, size_t count, struct err *e)
{
    struct buf asked = {0};
    for (size_t i = 0; i < count; i++)
        buf_printf(&asked, "%s--only %s=%s", i ? " " : "", filters[i].key, filters[i].glob);
    int rc = count ? err_set(e, "%s: no cell matches all of these; 'ctxmark check' lists the cells",
                             buf_text(&asked))
                   : 0;
    buf_free(&asked);
    return rc;
}
