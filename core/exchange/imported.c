/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/exchange/imported.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/exchange/llama_bench.h"

static const char *text_of(const json_t *test, const char *key)
{
    const char *text = json_string_value(json_object_get(test, key));
    return text ? text : "";
}

static json_int_t count_of(const json_t *test, const char *key)
{
    return json_integer_value(json_object_get(test, key));
}

static const json_t *test_at(const json_t *items, size_t i)
{
    return json_object_get(json_array_get(items, i), "test");
}

/* NULL: a prompt behind a filled context, which is no cell of ours. */
static const char *mode_of(const json_t *test)
{
    json_int_t prompt = count_of(test, "n_prompt"), depth = count_of(test, "n_depth");
    if (!prompt)
        return "decode";
    if (depth)
        return NULL;
    return count_of(test, "n_gen") ? "e2e" : "prefill";
}

/* ---- names */

/* Which fields of llama_fields[] are not the same in all tests. */
static void find_varying(const json_t *items, bool *ret_varies)
{
    for (size_t f = 0; f < llama_field_count; f++) {
        const char *name = llama_fields[f].name;
        bool counts = llama_fields[f].setting || strcmp(name, "build_commit") == 0;
        const json_t *first = json_object_get(test_at(items, 0), name);
        ret_varies[f] = false;
        for (size_t i = 1; counts && !ret_varies[f] && i < json_array_size(items); i++) {
            const json_t *other = json_object_get(test_at(items, i), name);
            ret_varies[f] = first ? !json_equal(first, other) : other != NULL;
        }
    }
}

static void put_value(struct buf *b, const json_t *value)
{
    char *text = value && !json_is_string(value) ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    buf_puts(b, json_is_string(value) ? json_string_value(value) : text ? text : "?");
    free(text);
}

/* Whether tests of this one's mode generate different numbers of tokens. */
static bool counts_vary(const json_t *items, const json_t *test)
{
    const char *mode = mode_of(test), *other;
    for (size_t i = 0; mode && i < json_array_size(items); i++)
        if ((other = mode_of(test_at(items, i))) && strcmp(mode, other) == 0 &&
            count_of(test_at(items, i), "n_gen") != count_of(test, "n_gen"))
            return true;
    return false;
}

static char *name_backend(const json_t *items, const json_t *test, const bool *varies)
{
    struct buf b = {0};
    buf_puts(&b, *text_of(test, "backends") ? text_of(test, "backends") : "llama-bench");
    for (size_t f = 0; f < llama_field_count; f++)
        if (varies[f]) {
            buf_printf(&b, " %s=", llama_fields[f].name);
            put_value(&b, json_object_get(test, llama_fields[f].name));
        }
    if (counts_vary(items, test))
        buf_printf(&b, " n_gen=%lld", (long long)count_of(test, "n_gen"));
    return buf_take(&b);
}

static char *name_model(const json_t *items, const json_t *test)
{
    struct buf b = {0};
    const char *type = text_of(test, "model_type"), *file = text_of(test, "model_filename");
    const char *slash = strrchr(file, '/');
    bool many = !*type;
    for (size_t i = 0; !many && i < json_array_size(items); i++)
        many = strcmp(text_of(test_at(items, i), "model_type"), type) == 0 &&
               strcmp(text_of(test_at(items, i), "model_filename"), file) != 0;
    buf_puts(&b, type);
    if (many)
        buf_printf(&b, "%s%s", *type ? " " : "", *file ? slash ? slash + 1 : file : "unnamed");
    return buf_take(&b);
}

/* "pp512", "tg128 @ d4096", "pp512+tg128": as llama-bench's own tables have it. */
static void put_test(struct buf *b, const json_t *test)
{
    json_int_t prompt = count_of(test, "n_prompt"), gen = count_of(test, "n_gen"),
               depth = count_of(test, "n_depth");
    if (prompt)
        buf_printf(b, "pp%lld%s", (long long)prompt, gen ? "+" : "");
    if (gen)
        buf_printf(b, "tg%lld", (long long)gen);
    if (depth)
        buf_printf(b, " @ d%lld", (long long)depth);
    buf_printf(b, " of %s on %s", text_of(test, "model_type"), text_of(test, "backends"));
}

/* ---- checks */

void imported_moments(const json_t *samples, double *ret_mean, double *ret_sd)
{
    size_t i, n = json_array_size(samples);
    json_t *x;
    double sum = 0, squares = 0;
    json_array_foreach((json_t *)samples, i, x) sum += json_number_value(x);
    double mean = n ? sum / (double)n : NAN;
    json_array_foreach((json_t *)samples, i, x)
    {
        double d = json_number_value(x) - mean;
        squares += d * d;
    }
    *ret_mean = mean;
    *ret_sd = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
}

/* llama-bench sums squares in 64 bits, which overflow for long samples. */
static int check_deviation(struct imported *m, const json_t *test, struct err *e)
{
    double mean, sd;
    const json_t *given = json_object_get(test, "stddev_ns");
    double said = json_number_value(given);
    imported_moments(json_object_get(test, "samples_ns"), &mean, &sd);
    if (!json_is_integer(given) || fabs(said - sd) <= fmax(0.01 * sd, 1000))
        return 0;
    struct buf name = {0};
    put_test(&name, test);
    json_t *entry = json_pack("{s:s, s:O, s:f}", "test", buf_text(&name), "stddev_ns", given,
                              "of_samples_ns", sd);
    buf_free(&name);
    return json_array_append_new(m->deviations, entry) < 0 ? err_memory(e) : 0;
}

static int leave_out(struct imported *m, const json_t *item, const json_t *test, struct err *e)
{
    struct buf words = {0};
    size_t n = json_array_size(json_object_get(test, "samples_ns"));
    put_test(&words, test);
    buf_printf(&words,
               " (line %lld, %zu %s): a prompt read behind a filled context is neither a prefill "
               "nor a decode",
               (long long)count_of(item, "line"), n, n == 1 ? "sample" : "samples");
    json_t *text = json_string(buf_text(&words));
    buf_free(&words);
    return json_array_append_new(m->left_out, text) < 0 ? err_memory(e) : 0;
}

/* ---- all tests */

static bool same_test(const struct imported_test *a, const struct imported_test *b)
{
    return a->context == b->context && strcmp(a->mode, b->mode) == 0 &&
           strcmp(a->backend, b->backend) == 0 && strcmp(a->model, b->model) == 0;
}

static int add_test(struct imported *m, const json_t *items, size_t i, const bool *varies,
                    struct err *e)
{
    const json_t *test = test_at(items, i);
    const char *mode = mode_of(test);
    if (check_deviation(m, test, e) < 0)
        return -1;
    if (!mode)
        return leave_out(m, json_array_get(items, i), test, e);
    json_int_t params = count_of(test, "model_n_params");
    struct imported_test *t = &m->tests[m->count++];
    *t = (struct imported_test){
        .backend = name_backend(items, test, varies),
        .model = name_model(items, test),
        .mode = mode,
        .context = count_of(test, strcmp(mode, "decode") == 0 ? "n_depth" : "n_prompt"),
        .params_m = params > 0 ? (double)params / 1e6 : NAN,
        .test = test,
    };
    if (!t->backend || !t->model)
        return err_memory(e);
    for (size_t k = 0; k + 1 < m->count; k++)
        t->launch += same_test(&m->tests[k], t);
    return 0;
}

int imported_make(struct imported *ret, const json_t *items, struct err *e)
{
    size_t n = json_array_size(items);
    struct imported m = {
        .tests = calloc(n + 1, sizeof *m.tests),
        .left_out = json_array(),
        .deviations = json_array(),
    };
    bool *varies = calloc(llama_field_count, sizeof *varies);
    int done = m.tests && m.left_out && m.deviations && varies ? 0 : err_memory(e);
    if (done == 0)
        find_varying(items, varies);
    for (size_t i = 0; done == 0 && i < n; i++)
        done = add_test(&m, items, i, varies, e);
    free(varies);
    if (done < 0)
        imported_free(&m);
    else
        *ret = m;
    return done;
}

void imported_free(struct imported *m)
{
    for (size_t i = 0; m->tests && i < m->count; i++) {
        free(m->tests[i].backend);
        free(m->tests[i].model);
    }
    free(m->tests);
    json_decref(m->left_out);
    json_decref(m->deviations);
    *m = (struct imported){0};
}
