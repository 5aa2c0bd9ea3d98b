/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/plugin/descriptor.h"

#include <stdlib.h>
#include <string.h>

/* ---- to JSON, in the probe child: the plugin's own tables, with its own strides */

static json_t *list_to_json(const char *const *list)
{
    json_t *array = json_array();
    for (size_t i = 0; list && list[i]; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *options_to_json(const struct ctxmark_option *table, uint32_t count, uint32_t stride)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < count; i++) {
        struct ctxmark_option o = {0};
        memcpy(&o, (const char *)table + (size_t)i * stride, stride < sizeof o ? stride : sizeof o);
        json_array_append_new(
            array, json_pack("{s:s?, s:i, s:i, s:o, s:f, s:f, s:o, s:s, s:s}", "name", o.name,
                             "type", (int)o.type, "flags", (int)o.flags, "default",
                             text_or_null(o.default_text), "min", o.min, "max", o.max, "choices",
                             o.choices ? list_to_json(o.choices) : json_null(), "unit",
                             o.unit ? o.unit : "", "help", o.help ? o.help : ""));
    }
    return array;
}

static json_t *metrics_to_json(const struct ctxmark_metric *table, uint32_t count, uint32_t stride)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < count; i++) {
        struct ctxmark_metric m = {0};
        memcpy(&m, (const char *)table + (size_t)i * stride, stride < sizeof m ? stride : sizeof m);
        json_array_append_new(array, json_pack("{s:s?, s:s, s:s}", "name", m.name, "unit",
                                               m.unit ? m.unit : "", "help", m.help ? m.help : ""));
    }
    return array;
}

json_t *descriptor_to_json(const struct ctxmark_plugin *p)
{
    uint32_t stride = p->head.option_stride;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:o, s:o, s:o, s:o, s:o}", "name", p->name,
        "version", p->version, "summary", p->summary, "license", p->license, "kind", (int)p->kind,
        "abi_major", (int)p->head.abi_major, "abi_minor", (int)p->head.abi_minor, "capabilities",
        (json_int_t)(p->backend ? p->backend->capabilities : 0), "aliases",
        list_to_json(p->aliases), "after", list_to_json(p->analyzer ? p->analyzer->after : NULL),
        "options", options_to_json(p->options, p->option_count, stride), "model_keys",
        options_to_json(p->model_keys, p->model_key_count, stride), "metrics",
        metrics_to_json(p->metrics, p->metric_count, p->metric_stride));
}

/* ---- from JSON, in the parent */

static char *copy_text(const json_t *v)
{
    const char *text = json_string_value(v);
    return strdup(text ? text : "");
}

static char **copy_list(const json_t *array)
{
    size_t n = json_array_size(array);
    char **list = calloc(n + 1, sizeof *list);
    for (size_t i = 0; list && i < n; i++)
        list[i] = copy_text(json_array_get(array, i));
    return list;
}

static struct option_schema *copy_options(const json_t *array, size_t *ret_count)
{
    size_t n = json_array_size(array);
    struct option_schema *table = calloc(n + 1, sizeof *table);
    *ret_count = table ? n : 0;
    for (size_t i = 0; table && i < n; i++) {
        const json_t *o = json_array_get(array, i);
        const json_t *choices = json_object_get(o, "choices");
        const json_t *text = json_object_get(o, "default");
        table[i] = (struct option_schema){
            .name = copy_text(json_object_get(o, "name")),
            .type = (uint32_t)json_integer_value(json_object_get(o, "type")),
            .flags = (uint32_t)json_integer_value(json_object_get(o, "flags")),
            .default_text = json_is_string(text) ? copy_text(text) : NULL,
            .min = json_number_value(json_object_get(o, "min")),
            .max = json_number_value(json_object_get(o, "max")),
            .choices = json_is_array(choices) ? copy_list(choices) : NULL,
            .unit = copy_text(json_object_get(o, "unit")),
            .help = copy_text(json_object_get(o, "help")),
        };
    }
    return table;
}

static struct metric_schema *copy_metrics(const json_t *array, size_t *ret_count)
{
    size_t n = json_array_size(array);
    struct metric_schema *table = calloc(n + 1, sizeof *table);
    *ret_count = table ? n : 0;
    for (size_t i = 0; table && i < n; i++) {
        const json_t *m = json_array_get(array, i);
        table[i].name = copy_text(json_object_get(m, "name"));
        table[i].unit = copy_text(json_object_get(m, "unit"));
        table[i].help = copy_text(json_object_get(m, "help"));
    }
    return table;
}

static bool options_sound(const struct option_schema *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool known = table[i].type >= CTXMARK_TYPE_INT && table[i].type <= CTXMARK_TYPE_PATH;
        bool choices = table[i].type != CTXMARK_TYPE_CHOICE || table[i].choices;
        if (!table[i].name || !table[i].name[0] || !known || !choices)
            return false;
    }
    return true;
}

struct descriptor *descriptor_from_json(const json_t *json, struct err *e)
{
    struct descriptor *d = calloc(1, sizeof *d);
    if (!d) {
        err_memory(e);
        return NULL;
    }
    d->name = copy_text(json_object_get(json, "name"));
    d->version = copy_text(json_object_get(json, "version"));
    d->summary = copy_text(json_object_get(json, "summary"));
    d->license = copy_text(json_object_get(json, "license"));
    d->kind = (uint32_t)json_integer_value(json_object_get(json, "kind"));
    d->abi_major = (uint16_t)json_integer_value(json_object_get(json, "abi_major"));
    d->abi_minor = (uint16_t)json_integer_value(json_object_get(json, "abi_minor"));
    d->capabilities = (uint64_t)json_integer_value(json_object_get(json, "capabilities"));
    d->aliases = copy_list(json_object_get(json, "aliases"));
    d->after = copy_list(json_object_get(json, "after"));
    d->options = copy_options(json_object_get(json, "options"), &d->option_count);
    d->model_keys = copy_options(json_object_get(json, "model_keys"), &d->model_key_count);
    d->metrics = copy_metrics(json_object_get(json, "metrics"), &d->metric_count);
    if (!d->name || !d->name[0] || !d->aliases || !d->after || !d->options || !d->model_keys ||
        !options_sound(d->options, d->option_count) ||
        !options_sound(d->model_keys, d->model_key_count)) {
        err_set(e, "the descriptor has an option without a name, of an unknown type, or a choice "
                   "without choices");
        descriptor_free(d);
        return NULL;
    }
    return d;
}

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

static void free_options(struct option_schema *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(table[i].name);
        free(table[i].default_text);
        free_list(table[i].choices);
        free(table[i].unit);
        free(table[i].help);
    }
    free(table);
}

void descriptor_free(struct descriptor *d)
{
    if (!d)
        return;
    free_options(d->options, d->option_count);
    free_options(d->model_keys, d->model_key_count);
    for (size_t i = 0; i < d->metric_count; i++) {
        free(d->metrics[i].name);
        free(d->metrics[i].unit);
        free(d->metrics[i].help);
    }
    free(d->metrics);
    free_list(d->aliases);
    free_list(d->after);
    free(d->name);
    free(d->version);
    free(d->summary);
    free(d->license);
    free(d->path);
    free(d);
}

static const struct option_schema *find_option(const struct option_schema *table, size_t n,
                                               const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct option_schema *descriptor_option(const struct descriptor *d, const char *name)
{
    return find_option(d->options, d->option_count, name);
}

const struct option_schema *descriptor_model_key(const struct descriptor *d, const char *name)
{
    return find_option(d->model_keys, d->model_key_count, name);
}

const struct option_schema *descriptor_serves(const struct descriptor *d)
{
    for (size_t i = 0; i < d->model_key_count; i++)
        if (d->model_keys[i].flags & CTXMARK_OPT_SERVES)
            return &d->model_keys[i];
    return NULL;
}
