/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/numbers.h"
#include "core/config/options.h"
#include "core/config/run_config.h"
#include "core/config/suggest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- what a value may be, in words */

static bool has_limits(const struct option_schema *s)
{
    return s->min != 0.0 || s->max != 0.0;
}

/* " from 1 to 128 MiB", as the schema's limits and unit say. */
static void limits_words(const struct option_schema *s, struct buf *out)
{
    if (has_limits(s)) {
        buf_puts(out, " from ");
        buf_number(out, s->min);
        buf_puts(out, " to ");
        buf_number(out, s->max);
    }
    if (s->unit && *s->unit)
        buf_printf(out, " (%s)", s->unit);
}

static void choices_words(const struct option_schema *s, struct buf *out)
{
    for (size_t i = 0; s->choices && s->choices[i]; i++)
        buf_printf(out, "%s%s", i ? ", " : "", s->choices[i]);
}

static const char *need_words(const struct option_schema *s)
{
    bool many = s->flags & CTXMARK_OPT_LIST;
    switch (s->type) {
    case CTXMARK_TYPE_INT:
        return many ? "whole numbers" : "a whole number";
    case CTXMARK_TYPE_NUMBER:
        if (!has_limits(s))
            return many ? "finite numbers" : "a finite number";
        return many ? "numbers" : "a number";
    case CTXMARK_TYPE_BOOL:
        return "true or false";
    case CTXMARK_TYPE_PATH:
        return many ? "paths" : "a path";
    default:
        return "text";
    }
}

static int wrong(const struct option_schema *s, const struct node *n, struct err *e)
{
    char word[64];
    struct buf limits = {0};
    limits_words(s, &limits);
    node_fail(n, e, "'%s' takes %s%s, not %s", s->name, need_words(s), buf_text(&limits),
              node_words(n, word, sizeof word));
    buf_free(&limits);
    return -1;
}

/* --- one scalar of each type */

static bool within(const struct option_schema *s, double x)
{
    return !has_limits(s) || (x >= s->min && x <= s->max);
}

static json_t *take_whole(const struct option_schema *s, const struct node *n, struct err *e)
{
    int64_t value;
    if (number_whole(n->text, strlen(n->text), &value) == NUMBER_OK && within(s, (double)value))
        return json_integer(value);
    wrong(s, n, e);
    return NULL;
}

static json_t *take_real(const struct option_schema *s, const struct node *n, struct err *e)
{
    double value;
    if (number_real(n->text, &value) == NUMBER_OK && within(s, value))
        return json_real(value);
    wrong(s, n, e);
    return NULL;
}

static json_t *take_bool(const struct option_schema *s, const struct node *n, struct err *e)
{
    static const char *const words[2][3] = {{"false", "no", "off"}, {"true", "yes", "on"}};
    for (size_t value = 0; value < 2; value++)
        for (size_t i = 0; i < 3; i++)
            if (!strcasecmp(n->text, words[value][i]))
                return json_boolean(value);
    wrong(s, n, e);
    return NULL;
}

static json_t *take_choice(const struct option_schema *s, const struct node *n, struct err *e)
{
    char word[64], hint[128];
    const char *text = n->kind == NODE_SCALAR ? n->text : "";
    struct suggest near = suggest_begin(text);
    for (size_t i = 0; s->choices && s->choices[i]; i++) {
        if (!strcmp(text, s->choices[i]))
            return json_string(text);
        suggest_offer(&near, s->choices[i]);
    }
    struct buf choices = {0};
    choices_words(s, &choices);
    node_fail(n, e, "'%s' takes one of: %s; not %s%s", s->name, buf_text(&choices),
              node_words(n, word, sizeof word), suggest_words(&near, hint, sizeof hint));
    buf_free(&choices);
    return NULL;
}

static json_t *take_path(const struct node *n, const char *folder, struct err *e)
{
    char *path = config_resolve_path(folder, n->text);
    json_t *value = path ? json_string(path) : NULL;
    free(path);
    if (!value)
        err_memory(e);
    return value;
}

static json_t *take_scalar(const struct option_schema *s, const struct node *n, const char *folder,
                           struct err *e)
{
    if (s->type == CTXMARK_TYPE_CHOICE)
        return take_choice(s, n, e);
    if (n->kind != NODE_SCALAR || node_is_null(n)) {
        wrong(s, n, e);
        return NULL;
    }
    switch (s->type) {
    case CTXMARK_TYPE_INT:
        return take_whole(s, n, e);
    case CTXMARK_TYPE_NUMBER:
        return take_real(s, n, e);
    case CTXMARK_TYPE_BOOL:
        return take_bool(s, n, e);
    case CTXMARK_TYPE_PATH:
        return take_path(n, folder, e);
    default:
        return json_string(n->text);
    }
}

/* --- lists */

/* Whole numbers of a list may also be ranges. */
static int add_wholes(const struct option_schema *s, const struct node *n, json_t *list,
                      struct err *e)
{
    char word[64];
    if (n->kind != NODE_SCALAR || node_is_null(n))
        return wrong(s, n, e);
    struct numbers *found = calloc(1, sizeof *found);
    if (!found)
        return err_memory(e);
    const char *problem = numbers_add(found, n->text);
    int rc = 0;
    if (problem)
        rc = node_fail(n, e, "'%s': %s %s", s->name, node_words(n, word, sizeof word), problem);
    for (size_t i = 0; i < found->count && !rc; i++) {
        if (!within(s, (double)found->v[i]))
            rc = wrong(s, n, e);
        else if (json_array_append_new(list, json_integer(found->v[i])))
            rc = err_memory(e);
    }
    free(found);
    return rc;
}

static int add_item(const struct option_schema *s, const struct node *n, const char *folder,
                    json_t *list, struct err *e)
{
    if (s->type == CTXMARK_TYPE_INT)
        return add_wholes(s, n, list, e);
    json_t *value = take_scalar(s, n, folder, e);
    if (!value)
        return -1;
    return json_array_append_new(list, value) ? err_memory(e) : 0;
}

static json_t *take_list(const struct option_schema *s, const struct node *n, const char *folder,
                         struct err *e)
{
    json_t *list = json_array();
    int rc = list ? 0 : err_memory(e);
    if (!rc && n->kind != NODE_LIST)
        rc = add_item(s, n, folder, list, e);
    else if (!rc && !n->count)
        rc = node_fail(n, e, "'%s' is an empty list; name at least one value", s->name);
    else
        for (size_t i = 0; i < n->count && !rc; i++)
            rc = add_item(s, n->items[i], folder, list, e);
    if (!rc && json_array_size(list) > NUMBERS_MOST)
        rc = node_fail(n, e, "'%s' has more than %d values; name fewer", s->name, NUMBERS_MOST);
    if (!rc)
        return list;
    json_decref(list);
    return NULL;
}

json_t *option_from_node(const struct option_schema *s, const struct node *value,
                         const char *folder, struct err *e)
{
    return s->flags & CTXMARK_OPT_LIST ? take_list(s, value, folder, e)
                                       : take_scalar(s, value, folder, e);
}
