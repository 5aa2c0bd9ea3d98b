/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ctxmark/plugin.h>

#include "core/plugin/host.h"

const char record_header[] =
    "run_id,seq,launch,time_utc,backend,plugin,model,params_m,context_length,mode,phase,rep,"
    "request,"
    "concurrency,cold,status,latency_ms,device_ms,tokens_per_s,prompt_tokens,cached_tokens,"
    "generated_tokens,ttft_ms,load_ms,peak_memory_mib,memory_limit_mib,spill,spilled_mib,"
    "foreign_cpu,gpu_temp_c,gpu_clock_mhz,gpu_power_w,energy_j,throttle,note,error";

/* ---- one row */

/* The numbers of one row; NaN: unknown, an empty field. */
struct row {
    const char *mode;
    int64_t request;
    const char *status, *error;
    double latency_ms, device_ms, tokens_per_s, prompt_tokens, cached_tokens, generated_tokens;
    double ttft_ms, load_ms;
    const json_t *result; /* memory and notes; NULL: none */
};

static void field_text(struct buf *b, const char *text)
{
    buf_putc(b, ',');
    buf_csv(b, text ? text : "");
}

static void field_number(struct buf *b, double x)
{
    buf_putc(b, ',');
    buf_number(b, x);
}

static void field_fixed(struct buf *b, double x, int decimals)
{
    buf_putc(b, ',');
    if (isfinite(x))
        buf_printf(b, "%.*f", decimals, x);
}

static void field_int(struct buf *b, int64_t x)
{
    buf_printf(b, ",%lld", (long long)x);
}

static void field_time(struct buf *b, const struct timespec *t)
{
    struct tm utc;
    char text[40];
    gmtime_r(&t->tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    buf_printf(b, ",%s.%03dZ", text, (int)(t->tv_nsec / 1000000));
}

/* A number of a result in other units; NaN where it is not there. */
static double member(const json_t *object, const char *key, double scale)
{
    const json_t *v = json_object_get(object, key);
    return json_is_number(v) ? json_number_value(v) * scale : NAN;
}

static const char *member_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void put_word(struct buf *b, const char *word)
{
    if (!word[0])
        return;
    if (b->len)
        buf_putc(b, ' ');
    buf_puts(b, word);
}

static void field_notes(struct buf *b, const struct record_repetition *rep, const json_t *result)
{
    static const char *const words[] = {"short", "cached", "reloaded", "truncated"};
    struct buf note = {0};
    json_int_t bits = json_integer_value(json_object_get(result, "notes"));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (bits >> i & 1)
            put_word(&note, words[i]);
    put_word(&note, member_text(result, "note"));
    put_word(&note, rep->note);
    field_text(b, buf_text(&note));
    buf_free(&note);
}

static void put_telemetry(struct buf *b, const json_t *t)
{
    field_fixed(b, member(t, "foreign_cpu", 1), 2);
    field_fixed(b, member(t, "gpu_temp_c", 1), 0);
    field_fixed(b, member(t, "gpu_clock_mhz", 1), 0);
    field_fixed(b, member(t, "gpu_power_w", 1), 1);
    field_fixed(b, member(t, "energy_j", 1), 3);
    field_text(b, member_text(t, "throttle"));
}

static const double mib = 1.0 / (1 << 20);

/* Appends the row; returns where in the buffer its `cold` byte is. */
static size_t put_row(struct buf *b, const char *run_id, const struct record_cell *cell,
                      const struct record_repetition *rep, const struct row *row)
{
    const json_t *result = row->result;
    buf_csv(b, run_id);
    field_int(b, rep->seq);
    field_int(b, cell->launch);
    field_time(b, &rep->started);
    field_text(b, cell->backend);
    field_text(b, cell->plugin);
    field_text(b, cell->model);
    field_number(b, cell->params_m);
    field_int(b, cell->context_length);
    field_text(b, row->mode);
    field_text(b, rep->warmup ? "warmup" : "measured");
    field_int(b, rep->rep);
    field_int(b, row->request);
    field_int(b, cell->concurrency);
    buf_puts(b, ",0");
    size_t cold_at = b->len - 1;
    field_text(b, row->status);
    field_fixed(b, row->latency_ms, 6);
    field_fixed(b, row->device_ms, 6);
    field_number(b, row->tokens_per_s);
    field_number(b, row->prompt_tokens);
    field_number(b, row->cached_tokens);
    field_number(b, row->generated_tokens);
    field_fixed(b, row->ttft_ms, 6);
    field_fixed(b, row->load_ms, 3);
    field_fixed(b, member(result, "peak_memory_bytes", mib), 3);
    field_fixed(b, member(result, "memory_limit_bytes", mib), 3);
    field_text(b, member_text(result, "spill"));
    field_fixed(b, member(result, "spilled_bytes", mib), 3);
    put_telemetry(b, rep->telemetry);
    field_notes(b, rep, result);
    field_text(b, row->error);
    buf_putc(b, '\n');
    return cold_at;
}

/* ---- the rows of one request */

struct spans rows_spans(const json_t *result)
{
    const json_t *stamps = json_object_get(result, "token_ns");
    size_t n = json_array_size(stamps);
    struct spans s = {NAN, NAN, member(result, "e2e_ns", 1.0)};
    if (n) {
        s.first = json_number_value(json_array_get(stamps, 0));
        s.last = json_number_value(json_array_get(stamps, n - 1));
    }
    return s;
}

static double rate(double tokens, double latency_ms)
{
    return latency_ms > 0 ? tokens * 1000.0 / latency_ms : NAN;
}

static struct row base_row(const json_t *result, double load_ms)
{
    return (struct row){
        .request = json_integer_value(json_object_get(result, "request")),
        .status = "ok",
        .error = "",
        .prompt_tokens = member(result, "prompt_tokens", 1.0),
        .cached_tokens = member(result, "cached_tokens", 1.0),
        .ttft_ms = NAN,
        .load_ms =
            isnan(member(result, "load_ns", 1e-6)) ? load_ms : member(result, "load_ns", 1e-6),
        .result = result,
    };
}

struct row_set {
    struct row rows[3];
    size_t count;
};

/* prefill: prompt to first token, which belongs to it.  decode: the other N - 1 tokens.  e2e: the
 * whole request on the clock. */
static void make_rows(const struct record_cell *cell, const json_t *result, double load_ms,
                      struct row_set *set)
{
    struct spans s = rows_spans(result);
    double generated = member(result, "generated_tokens", 1.0);
    if (isnan(generated))
        generated = (double)json_array_size(json_object_get(result, "token_ns"));
    struct row row = base_row(result, load_ms);
    if (cell->prefill) {
        row.mode = "prefill";
        row.latency_ms = row.ttft_ms = s.first * 1e-6;
        row.device_ms = member(result, "device_prefill_ns", 1e-6);
        row.tokens_per_s = rate(row.prompt_tokens, row.latency_ms);
        row.generated_tokens = 1;
        set->rows[set->count++] = row;
    }
    row.load_ms = NAN;
    if (cell->decode && generated > 1) {
        row.mode = "decode";
        /* One report of all tokens says nothing about the time between them. */
        row.latency_ms = s.last > s.first ? (s.last - s.first) * 1e-6 : NAN;
        row.ttft_ms = NAN;
        row.device_ms = member(result, "device_decode_ns", 1e-6);
        row.tokens_per_s = rate(generated - 1, row.latency_ms);
        row.generated_tokens = generated - 1;
        set->rows[set->count++] = row;
    }
    if (cell->e2e) {
        row.mode = "e2e";
        row.latency_ms = s.end * 1e-6;
        row.ttft_ms = s.first * 1e-6;
        row.device_ms = member(result, "device_e2e_ns", 1e-6);
        row.tokens_per_s = rate(generated, row.latency_ms);
        row.generated_tokens = generated;
        set->rows[set->count++] = row;
    }
}

/* A failure is one row, mode prefill. */
static void make_failure(const char *status, const char *error, const json_t *result,
                         struct row_set *set)
{
    struct row row = base_row(result, NAN);
    row.mode = "prefill";
    row.status = status;
    row.error = error;
    row.latency_ms = row.device_ms = row.tokens_per_s = row.generated_tokens = NAN;
    set->rows[set->count++] = row;
}

static void put_rows(const struct rows *to, const char *run_id, const struct record_cell *cell,
                     const struct record_repetition *rep, const struct row_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        size_t at = put_row(to->lines, run_id, cell, rep, &set->rows[i]);
        buf_add(to->cold_at, &at, sizeof at);
    }
}

static void put_details(struct buf *details, const struct record_repetition *rep,
                        const json_t *result)
{
    json_t *metrics = json_copy(json_object_get(result, "metrics"));
    if (metrics && rep->machine)
        json_object_update(metrics, (json_t *)rep->machine);
    json_t *stamps = json_object_get(result, "token_ns");
    json_t *line = json_pack("{s:I, s:I, s:o?, s:O?}", "seq", (json_int_t)rep->seq, "request",
                             json_integer_value(json_object_get(result, "request")), "metrics",
                             metrics, "token_ns", stamps);
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text)
        buf_printf(details, "%s\n", text);
    free(text);
    json_decref(line);
}

void rows_render(const struct rows *to, const char *run_id, const struct record_cell *cell,
                 const struct record_repetition *rep)
{
    size_t i;
    json_t *result;
    bool failed = strcmp(rep->status, "ok") != 0;
    if (failed || !json_array_size(rep->results)) {
        struct row_set set = {.count = 0};
        make_failure(rep->status, rep->error, json_array_get(rep->results, 0), &set);
        put_rows(to, run_id, cell, rep, &set);
        return;
    }
    json_array_foreach(rep->results, i, result)
    {
        struct row_set set = {.count = 0};
        int32_t status = (int32_t)json_integer_value(json_object_get(result, "status"));
        if (status == CTXMARK_OK)
            make_rows(cell, result, rep->load_ms, &set);
        else
            make_failure(host_status_name(status), member_text(result, "error"), result, &set);
        put_rows(to, run_id, cell, rep, &set);
        put_details(to->details, rep, result);
    }
}
