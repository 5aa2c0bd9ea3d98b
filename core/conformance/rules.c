/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What a descriptor must say, beyond what the loader refuses. */

#include "config.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/conformance/child.h"

static bool is_name(const char *name)
{
    return name && *name >= 'a' && *name <= 'z' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static bool is_sentence(const char *text)
{
    return text && text[0] && !strpbrk(text, "\n\t");
}

static struct ctxmark_option option_at(const struct conform *c, const struct ctxmark_option *table,
                                       uint32_t i)
{
    struct ctxmark_option o = {0};
    size_t stride = c->plugin->head.option_stride;
    memcpy(&o, (const char *)table + i * stride, stride < sizeof o ? stride : sizeof o);
    return o;
}

/* ---- options and model keys */

static bool is_choice(const struct ctxmark_option *o, const char *text)
{
    for (size_t i = 0; o->choices && o->choices[i]; i++)
        if (strcmp(o->choices[i], text) == 0)
            return true;
    return false;
}

static bool is_number(const struct ctxmark_option *o, const char *text)
{
    char *end;
    double x = strtod(text, &end);
    double factor = *end == 'k' ? 1024.0 : *end == 'M' ? 1048576.0 : *end == 'G' ? 1073741824.0 : 0;
    if (o->type == CTXMARK_TYPE_INT && factor != 0)
        end++, x *= factor;
    bool whole = o->type != CTXMARK_TYPE_INT || x == floor(x);
    bool within = (o->min == 0 && o->max == 0) || (x >= o->min && x <= o->max);
    return *text && !*end && isfinite(x) && whole && within;
}

static bool default_is_good(const struct ctxmark_option *o)
{
    static const char *const flags[] = {"true", "false", "yes", "no", "on", "off"};
    const char *text = o->default_text;
    bool flag = false;
    for (size_t i = 0; text && i < sizeof flags / sizeof flags[0]; i++)
        flag = flag || strcmp(text, flags[i]) == 0;
    if (!text || o->flags & CTXMARK_OPT_LIST)
        return true;
    switch (o->type) {
    case CTXMARK_TYPE_CHOICE:
        return is_choice(o, text);
    case CTXMARK_TYPE_BOOL:
        return flag;
    case CTXMARK_TYPE_INT:
    case CTXMARK_TYPE_NUMBER:
        return is_number(o, text);
    default:
        return true;
    }
}

static void check_option(struct conform *c, const char *what, const struct ctxmark_option *o)
{
    if (!is_name(o->name)) {
        conform_fail(c, "%s: the name '%s' is not [a-z][a-z0-9_]*", what, o->name ? o->name : "");
        return;
    }
    if (o->type < CTXMARK_TYPE_INT || o->type > CTXMARK_TYPE_PATH)
        conform_fail(c, "%s %s: type %u is none of CTXMARK_TYPE_INT to CTXMARK_TYPE_PATH", what,
                     o->name, (unsigned)o->type);
    if (o->type == CTXMARK_TYPE_CHOICE && (!o->choices || !o->choices[0]))
        conform_fail(c, "%s %s: a choice needs `choices`, ended by NULL", what, o->name);
    if (!is_sentence(o->help))
        conform_fail(c, "%s %s: `help` must be one sentence for `ctxmark plugins`", what, o->name);
    if (o->min > o->max || isnan(o->min) || isnan(o->max))
        conform_fail(c, "%s %s: min %g is above max %g (both 0: no limit)", what, o->name, o->min,
                     o->max);
    if (o->flags & CTXMARK_OPT_REQUIRED && o->default_text)
        conform_fail(c, "%s %s: it is required and has a default: drop one of them", what, o->name);
    if (!default_is_good(o))
        conform_fail(c,
                     "%s %s: the default '%s' is no value that its type, choices and bounds allow",
                     what, o->name, o->default_text);
}

static void check_options(struct conform *c, const char *what, const struct ctxmark_option *table,
                          uint32_t count)
{
    unsigned serving = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct ctxmark_option o = option_at(c, table, i);
        check_option(c, what, &o);
        serving += (o.flags & CTXMARK_OPT_SERVES) != 0;
        for (uint32_t k = 0; k < i; k++) {
            const char *before = option_at(c, table, k).name;
            if (before && o.name && strcmp(before, o.name) == 0)
                conform_fail(c, "%s %s: the name is there twice", what, o.name);
        }
    }
    if (serving && table != c->plugin->model_keys)
        conform_fail(c, "%s: CTXMARK_OPT_SERVES is for model keys alone", what);
    if (serving > 1)
        conform_fail(c, "%s: %u have CTXMARK_OPT_SERVES, at most one may", what, serving);
}

/* ---- metrics */

static void check_metrics(struct conform *c)
{
    const struct ctxmark_plugin *p = c->plugin;
    for (uint32_t i = 0; i < p->metric_count; i++) {
        const struct ctxmark_metric *m = &p->metrics[i];
        if (!is_name(m->name)) {
            conform_fail(c, "metric %u: the name '%s' is not [a-z][a-z0-9_]*", (unsigned)i,
                         m->name ? m->name : "");
            continue;
        }
        if (!m->unit)
            conform_fail(c, "metric %s: a unit of NULL; \"\" stands for a pure number", m->name);
        if (!is_sentence(m->help))
            conform_fail(c, "metric %s: `help` must be one sentence", m->name);
        for (uint32_t k = 0; k < i; k++)
            if (p->metrics[k].name && strcmp(p->metrics[k].name, m->name) == 0)
                conform_fail(c, "metric %s: the name is there twice", m->name);
    }
}

/* ---- the head */

static void check_file_name(struct conform *c)
{
    const char *path = json_string_value(json_object_get(c->job, "path"));
    const char *base = path ? strrchr(path, '/') : NULL;
    size_t n = strlen(c->plugin->name);
    if (base && (strncmp(base + 1, c->plugin->name, n) != 0 || strcmp(base + 1 + n, ".so") != 0))
        conform_fail(c, "the file is %s and the plugin calls itself %s: name the file %s.so",
                     base + 1, c->plugin->name, c->plugin->name);
}

static void check_backend(struct conform *c)
{
    const struct ctxmark_backend *b = c->plugin->backend;
    uint64_t known = CTXMARK_REPLAYS * 2 - 1;
    if (b->capabilities & ~known && c->plugin->head.abi_minor <= CTXMARK_ABI_MINOR)
        conform_fail(c, "capabilities %#llx are not of contract %u.%u",
                     (unsigned long long)(b->capabilities & ~known), CTXMARK_ABI_MAJOR,
                     CTXMARK_ABI_MINOR);
}

void scenario_rules(struct conform *c)
{
    const struct ctxmark_plugin *p = c->plugin;
    conform_begin(c, "descriptor");
    check_file_name(c);
    if (!is_sentence(p->summary) || !is_sentence(p->version))
        conform_fail(c, "version and summary are one line each");
    if (!is_sentence(p->license) || strchr(p->license, ','))
        conform_fail(c, "license '%s' is no SPDX expression (MIT, GPL-3.0-or-later, ...)",
                     p->license);
    for (size_t i = 0; p->aliases && p->aliases[i]; i++)
        if (!p->aliases[i][0] || strchr(p->aliases[i], '/'))
            conform_fail(c, "alias '%s' is no name", p->aliases[i]);
    if (p->kind == CTXMARK_BACKEND)
        check_backend(c);
    conform_end(c);
    if (p->option_count + p->model_key_count + p->metric_count) {
        conform_begin(c, "tables");
        check_options(c, "option", p->options, p->option_count);
        check_options(c, "model key", p->model_keys, p->model_key_count);
        check_metrics(c);
        conform_end(c);
    }
}
