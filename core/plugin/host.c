/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/plugin/host.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/child.h"
#include "core/base/err.h"
#include "core/base/utf8.h"

volatile sig_atomic_t host_cancel;

static struct host *self(const struct ctxmark_host *h)
{
    return h->state;
}

static int64_t service_now(const struct ctxmark_host *h)
{
    (void)h;
    return clock_now_ns();
}

static void service_log(const struct ctxmark_host *h, uint32_t level, const char *message)
{
    if (!message)
        return;
    if (level == CTXMARK_LOG_WARNING)
        log_warning("%s: %s", self(h)->label, message);
    else if (level == CTXMARK_LOG_INFO)
        log_note("%s: %s", self(h)->label, message);
    else
        log_debug("%s: %s", self(h)->label, message);
}

void host_keep_reason(struct host *h, const char *text)
{
    if (!text || !text[0])
        return;
    snprintf(h->reason, sizeof h->reason, "%s", text);
    utf8_mend(h->reason);
}

static int32_t service_fail(const struct ctxmark_host *h, int32_t status, const char *message)
{
    host_keep_reason(self(h), message);
    return status;
}

static int32_t service_cancelled(const struct ctxmark_host *h)
{
    (void)h;
    return host_cancel ? 1 : 0;
}

/* The value of an option, or element `index` of a list; NULL if unset. */
static const json_t *option_value(const struct ctxmark_host *h, uint32_t scope, const char *name,
                                  uint64_t index)
{
    const json_t *from = scope == CTXMARK_SCOPE_MODEL ? self(h)->model_keys : self(h)->options;
    const json_t *v = json_object_get(from, name);
    if (json_is_array(v))
        return json_array_get(v, (size_t)index);
    return index == 0 && !json_is_null(v) ? v : NULL;
}

static uint64_t service_option_count(const struct ctxmark_host *h, uint32_t scope, const char *name)
{
    const json_t *from = scope == CTXMARK_SCOPE_MODEL ? self(h)->model_keys : self(h)->options;
    const json_t *v = json_object_get(from, name);
    if (json_is_array(v))
        return json_array_size(v);
    return v && !json_is_null(v);
}

static const char *service_option_text(const struct ctxmark_host *h, uint32_t scope,
                                       const char *name, uint64_t index)
{
    return json_string_value(option_value(h, scope, name, index));
}

static int64_t service_option_int(const struct ctxmark_host *h, uint32_t scope, const char *name,
                                  uint64_t index, int64_t otherwise)
{
    const json_t *v = option_value(h, scope, name, index);
    if (json_is_boolean(v))
        return json_is_true(v);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static double service_option_number(const struct ctxmark_host *h, uint32_t scope, const char *name,
                                    uint64_t index, double otherwise)
{
    const json_t *v = option_value(h, scope, name, index);
    return json_is_number(v) ? json_number_value(v) : otherwise;
}

static void service_fact_set(const struct ctxmark_host *h, const char *key,
                             const struct ctxmark_fact *f)
{
    json_t *fact = key && f ? fact_to_json(f) : NULL;
    if (fact)
        json_object_set_new(self(h)->facts, key, fact);
}

/* Backends read back what they set; the analyzer child replaces this by a search of the run. */
static int32_t service_fact_get(const struct ctxmark_host *h, const char *backend,
                                const char *model, const char *key, struct ctxmark_fact *ret_fact)
{
    (void)backend;
    (void)model;
    const json_t *fact = json_object_get(self(h)->facts, key);
    if (!fact)
        return 0;
    fact_from_json(fact, ret_fact);
    return 1;
}

static int64_t service_kv_get(const struct ctxmark_host *h, const char *key, char *ret_value,
                              uint64_t capacity)
{
    const char *value = json_string_value(json_object_get(self(h)->kv, key));
    if (!value)
        return -1;
    size_t len = strlen(value);
    if (capacity) {
        size_t n = len < capacity ? len : (size_t)capacity - 1;
        memcpy(ret_value, value, n);
        ret_value[n] = '\0';
    }
    return (int64_t)len;
}

static int32_t service_kv_set(const struct ctxmark_host *h, const char *key, const char *value)
{
    self(h)->kv_changed = true;
    return json_object_set_new(self(h)->kv, key, json_string(value)) == 0 ? 0 : -1;
}

void host_init(struct host *h, const char *label, const json_t *options, json_t *model_keys)
{
    memset(h, 0, sizeof *h);
    h->label = label;
    h->options = options;
    h->model_keys = model_keys;
    h->kv = json_object();
    h->facts = json_object();
    h->table = (struct ctxmark_host){
        .size = sizeof h->table,
        .abi_major = CTXMARK_ABI_MAJOR,
        .abi_minor = CTXMARK_ABI_MINOR,
        .state = h,
        .now_ns = service_now,
        .log = service_log,
        .fail = service_fail,
        .cancelled = service_cancelled,
        .option_count = service_option_count,
        .option_text = service_option_text,
        .option_int = service_option_int,
        .option_number = service_option_number,
        .fact_set = service_fact_set,
        .fact_get = service_fact_get,
        .kv_get = service_kv_get,
        .kv_set = service_kv_set,
    };
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c)
        uselocale(c);
}

void host_finish(struct host *h)
{
    json_decref(h->kv);
    json_decref(h->facts);
    h->kv = h->facts = NULL;
}

void host_begin(struct host *h)
{
    h->reason[0] = '\0';
    json_object_clear(h->facts);
}

const char *host_status_name(int32_t status)
{
    switch (status) {
    case CTXMARK_OK:
        return "ok";
    case CTXMARK_OOM:
        return "oom";
    case CTXMARK_TIMEOUT:
        return "timeout";
    default:
        return "error";
    }
}

json_t *fact_to_json(const struct ctxmark_fact *f)
{
    const char *unit = f->unit ? f->unit : "";
    const char *provenance = f->provenance ? f->provenance : "";
    if (f->is_number)
        return isfinite(f->number) ? json_pack("{s:f, s:s, s:s}", "number", f->number, "unit", unit,
                                               "provenance", provenance)
                                   : NULL;
    return json_pack("{s:s, s:s, s:s}", "text", f->text ? f->text : "", "unit", unit, "provenance",
                     provenance);
}

static const char *text_or_empty(const json_t *v)
{
    const char *text = json_string_value(v);
    return text ? text : "";
}

void fact_from_json(const json_t *json, struct ctxmark_fact *ret_fact)
{
    const json_t *number = json_object_get(json, "number");
    uint32_t size = ret_fact->size;
    struct ctxmark_fact f = {
        .size = size,
        .is_number = json_is_number(number),
        .number = json_is_number(number) ? json_number_value(number) : NAN,
        .text = text_or_empty(json_object_get(json, "text")),
        .unit = text_or_empty(json_object_get(json, "unit")),
        .provenance = text_or_empty(json_object_get(json, "provenance")),
    };
    memcpy(ret_fact, &f, size < sizeof f ? size : sizeof f);
}
