/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "support.h"

#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/analysis/csv.h"
#include "core/analysis/store.h"
#include "core/base/buf.h"

#define HEAD "model,backend,context_length,mode,latency_ms\n"

/* --- files that cannot be read at all: the message says where and what */

static const struct {
    const char *text;
    size_t len; /* 0: strlen */
    const char *says;
} unreadable[] = {
    {"", 0, ":1: the file is empty"},
    {"\xef\xbb\xbf", 0, ":1: the file is empty"},
    {"\n\n", 0, ":1: the file is empty"},
    {"model,backend,context_length,mode\n", 0, ":1: there is no column 'latency_ms'"},
    {"model;backend;context_length;mode;latency_ms\n", 0, ":1: there is no column 'backend'"},
    {"model,backend,context_length,mode,latency_ms,model\n", 0, ":1: two columns hold model"},
    {"model,backend,context_length,mode,latency_ms,peak_vram_mb,peak_memory_mib\n", 0,
     ":1: two columns hold peak_memory_mib"},
    {"mod\0el,backend,context_length,mode,latency_ms\n", 46, ":1: NUL bytes"},
    {"\"model,backend,context_length,mode,latency_ms\n", 0, ":1: the line of column names"},
};

START_TEST(what_is_no_table_is_refused_with_its_line)
{
    struct err e = {""};
    size_t len = unreadable[_i].len ? unreadable[_i].len : strlen(unreadable[_i].text);
    struct frame *f = frame_from(unreadable[_i].text, len, NULL, &e);
    ck_assert_ptr_null(f);
    ck_assert_msg(strstr(e.text, unreadable[_i].says) != NULL, "says: %s", e.text);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    struct err e;
    ck_assert_ptr_null(frame_read_csv("/nonexistent/metrics.csv", NULL, &e));
    ck_assert_msg(strstr(e.text, "/nonexistent/metrics.csv: cannot be opened") != NULL, "%s",
                  e.text);
}
END_TEST

/* --- files of which a part is sound */

static const struct {
    const char *text; /* after HEAD */
    size_t len;       /* 0: strlen */
    size_t rows, skipped, unreadable;
    double first_latency;
} partly[] = {
    {"m,b,512,prefill,1.5\n", 0, 1, 0, 0, 1.5},
    {"m,b,512,prefill,1.5", 0, 1, 0, 0, 1.5}, /* a foreign file may end so */
    {"m,b,512,prefill,1.5\r\nm,b,512,prefill,2\r\n", 0, 2, 0, 0, 1.5},
    {"m,b,512,prefill,1.5\n\n\nm,b,512,prefill,2\n", 0, 2, 0, 0, 1.5},
    {"m,b,512,prefill,1.5\r\n\r\nm,b,512,prefill,2", 0, 2, 0, 0, 1.5},
    {"m,b,512,prefill,1,5\nm,b,512,prefill,2\n", 0, 1, 1, 0, 2}, /* a comma for a point */
    {"m,b,512,prefill,1.234.567\n", 0, 1, 0, 1, NAN},
    {"m,b,512,prefill,\"1\"\"5\"\n", 0, 1, 0, 1, NAN},
    {"m,b,512,pre", 0, 0, 1, 0, 0}, /* torn */
    {"m,b,512,prefill,1.5\nm,b\n", 0, 1, 1, 0, 1.5},
    {"m,b,512,prefill,1.5,9\nm,b,512,prefill,2\n", 0, 1, 1, 0, 2},
    {"m,b,512,prefill,NaN\n", 0, 1, 0, 1, NAN},
    {"m,b,512,prefill,inf\n", 0, 1, 0, 1, NAN},
    {"m,b,512,prefill,0x10\n", 0, 1, 0, 1, NAN},
    {"m,b,512,prefill,1e999\n", 0, 1, 0, 1, NAN},
    {"m,b,512,prefill,\"1,5\"\n", 0, 1, 0, 1, NAN},
    {"m,b,512,prefill,\n", 0, 1, 0, 0, NAN},
    {"m,b,512,prefill, 2.5 \n", 0, 1, 0, 0, 2.5},
    {"m,b,512,prefill,\"7\"\n", 0, 1, 0, 0, 7},
    {"\"m\",\"a \"\"b\"\"\n c\",512,prefill,3\n", 0, 1, 0, 0, 3},
    {"\"m,b,512,prefill,1\nm,b,512,prefill,2\n", 0, 1, 1, 0, 2}, /* a quote never closed */
    {"\"m\"x,b,512,prefill,1\nm,b,512,prefill,2\n", 0, 1, 1, 0, 2},
    {"m,\0,512,prefill,1\nm,b,512,prefill,2\n", 36, 1, 1, 0, 2},
    {"\0\0\0\0\0\0\0\0", 8, 0, 1, 0, 0},
    {"m\xff,b,512,prefill,4\n", 0, 1, 0, 0, 4},
};

START_TEST(what_is_sound_is_read_and_the_rest_counted)
{
    struct err e = {""};
    char text[512];
    size_t head = strlen(HEAD), len = partly[_i].len ? partly[_i].len : strlen(partly[_i].text);
    memcpy(text, HEAD, head);
    memcpy(text + head, partly[_i].text, len);
    struct frame *f = frame_from(text, head + len, NULL, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    ck_assert_uint_eq(f->row_count, partly[_i].rows);
    ck_assert_uint_eq(f->skipped, partly[_i].skipped);
    ck_assert_uint_eq(f->unreadable, partly[_i].unreadable);
    if (f->row_count) {
        double x = frame_column(f, "latency_ms")->number[0];
        ck_assert(isnan(partly[_i].first_latency) ? isnan(x) : x == partly[_i].first_latency);
    }
    frame_free(f);
}
END_TEST

START_TEST(a_torn_last_line_of_our_own_file_is_left_out_though_it_looks_whole)
{
    struct err e;
    const char text[] = "run_id,seq,model,backend,context_length,mode,latency_ms\n"
                        "r,0,m,b,512,prefill,12.5\nr,1,m,b,512,prefill,1";
    struct frame *f = frame_from(text, strlen(text), NULL, &e);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->row_count, 1);
    ck_assert_uint_eq(f->skipped, 1);
    frame_free(f);
}
END_TEST

START_TEST(a_line_of_many_megabytes_costs_that_line_only)
{
    struct err e;
    size_t head = strlen(HEAD), big = 8 << 20;
    const char *tail = "\nm,b,512,prefill,2\n";
    char *text = malloc(head + big + strlen(tail) + 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, HEAD, head);
    memset(text + head, 'x', big);
    memcpy(text + head + big, tail, strlen(tail) + 1);
    struct frame *f = frame_from(text, head + big + strlen(tail), NULL, &e);
    free(text);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->row_count, 1);
    ck_assert_uint_eq(f->skipped, 1);
    frame_free(f);
}
END_TEST

/* Nothing of it is there, on the disk or in memory, but its end. */
START_TEST(a_line_without_end_takes_no_memory)
{
    struct err e;
    char path[] = "/tmp/ctxmark-test-XXXXXX";
    struct rusage before, after;
    const char *tail = "\nm,b,512,prefill,2\n";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, HEAD, strlen(HEAD)), (ssize_t)strlen(HEAD));
    ck_assert_int_eq(pwrite(fd, tail, strlen(tail), 1 << 27), (ssize_t)strlen(tail));
    close(fd);
    getrusage(RUSAGE_SELF, &before);
    struct frame *f = frame_read_csv(path, NULL, &e);
    getrusage(RUSAGE_SELF, &after);
    unlink(path);
    ck_assert_msg(f != NULL, "%s", e.text);
    ck_assert_uint_eq(f->row_count, 1);
    ck_assert_uint_eq(f->skipped, 1);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 32 << 10); /* KiB */
    frame_free(f);
}
END_TEST

START_TEST(a_byte_order_mark_is_no_part_of_the_first_name)
{
    struct err e;
    const char text[] = "\xef\xbb\xbf" HEAD "m,b,512,prefill,1\n";
    struct frame *f = frame_from(text, strlen(text), NULL, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    ck_assert_uint_eq(f->row_count, 1);
    frame_free(f);
}
END_TEST

/* --- columns */

/* Rows of all lengths, a few with quotes, over several of the reader's buffers: whatever ends
 * where, each value comes out as it was. */
START_TEST(rows_come_out_whole_wherever_a_block_or_buffer_ends)
{
    enum { ROWS = 20000 };
    struct err e;
    char *text = malloc((size_t)ROWS * 160), *p = text;
    ck_assert_ptr_nonnull(text);
    p += snprintf(p, 160, "%s", HEAD);
    for (int i = 0; i < ROWS; i++) {
        const char *quote = i % 97 == 0 ? "\"" : "";
        p += snprintf(p, 160, "%s%.*s%s,b%d,%d,prefill,%d.%06d%s", quote, i % 71,
                      "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm",
                      quote, i % 7, i, i, i, i % 3 ? "\n" : "\r\n");
    }
    struct frame *f = frame_from(text, (size_t)(p - text), NULL, &e);
    free(text);
    ck_assert_msg(f != NULL, "%s", e.text);
    ck_assert_uint_eq(f->row_count, ROWS);
    for (int i = 0; i < ROWS; i++) {
        char latency[40], model[80];
        snprintf(latency, sizeof latency, "%d.%06d", i, i);
        ck_assert_double_eq(frame_column(f, "latency_ms")->number[i], strtod(latency, NULL));
        ck_assert_double_eq(frame_column(f, "context_length")->number[i], i);
        const struct ctxmark_column *c = frame_column(f, "model");
        memset(model, 'm', sizeof model);
        model[i % 71] = '\0';
        ck_assert_str_eq(c->code[i] < 0 ? "" : c->dictionary[c->code[i]], model);
    }
    frame_free(f);
}
END_TEST

static const char *text_at(const struct frame *f, const char *column, size_t row)
{
    const struct ctxmark_column *c = frame_column(f, column);
    return c->code[row] < 0 ? NULL : c->dictionary[c->code[row]];
}

START_TEST(columns_are_found_by_name_in_any_order_and_under_their_alias)
{
    struct err e;
    const char text[] = "\xef\xbb\xbflatency_ms,unknown,mode,peak_vram_mb,backend,model,"
                        "context_length\n1.25,x,decode,100.5,b,m,1024\n";
    struct frame *f = frame_from(text, strlen(text), NULL, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    ck_assert_double_eq(frame_column(f, "peak_memory_mib")->number[0], 100.5);
    ck_assert_double_eq(frame_column(f, "context_length")->number[0], 1024);
    ck_assert_str_eq(text_at(f, "mode", 0), "decode");
    ck_assert_str_eq(text_at(f, "phase", 0), "measured");
    ck_assert_str_eq(text_at(f, "status", 0), "ok");
    ck_assert(isnan(frame_column(f, "load_ms")->number[0]));
    ck_assert_ptr_null(text_at(f, "error", 0));
    ck_assert_ptr_null(frame_column(f, "unknown"));
    ck_assert_ptr_null(frame_column(f, "tokens_per_s"));
    frame_free(f);
}
END_TEST

START_TEST(texts_are_told_apart_and_mended_to_utf8)
{
    struct err e;
    const char text[] = HEAD "m,b,1,prefill,1\nn,b,1,prefill,1\nm,\"c \"\"d\"\"\",1,prefill,1\n"
                             "\xc3\xa9\xff,b,1,prefill,1\n";
    struct frame *f = frame_from(text, strlen(text), NULL, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    const struct ctxmark_column *model = frame_column(f, "model");
    ck_assert_uint_eq(model->dictionary_count, 3);
    ck_assert_int_eq(model->code[0], model->code[2]);
    ck_assert_int_ne(model->code[0], model->code[1]);
    ck_assert_str_eq(text_at(f, "backend", 2), "c \"d\"");
    ck_assert_str_eq(text_at(f, "model", 3), "\xc3\xa9\xef\xbf\xbd");
    frame_free(f);
}
END_TEST

/* What is 0 in all rows, or the first text, is not written: it reads as if it were. */
START_TEST(columns_of_zeros_and_of_one_text_are_read_like_others)
{
    struct err e = {""};
    const char text[] =
        "model,backend,context_length,mode,latency_ms,rep,launch,foreign_cpu,ttft_ms,"
        "spilled_mib,energy_j,note,phase\n"
        "m,b,512,prefill,1,0,0,0,,-0,0,x,measured\n"
        "m,b,512,prefill,2,0,0,,0,0,0,x,measured\n"
        "m,b,512,prefill,3,0,7,0,0,0,,y,measured\n";
    const struct {
        const char *column;
        double number[3];
    } wanted[] = {
        {"rep", {0, 0, 0}},       {"launch", {0, 0, 7}},         {"foreign_cpu", {0, NAN, 0}},
        {"ttft_ms", {NAN, 0, 0}}, {"spilled_mib", {-0.0, 0, 0}}, {"energy_j", {0, 0, NAN}}};
    struct frame *f = frame_from(text, strlen(text), NULL, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        for (int row = 0; row < 3; row++) {
            double x = frame_column(f, wanted[i].column)->number[row], y = wanted[i].number[row];
            ck_assert_msg(isnan(y) ? isnan(x) : x == y && signbit(x) == signbit(y), "%s[%d] = %g",
                          wanted[i].column, row, x);
        }
    const struct ctxmark_column *note = frame_column(f, "note"), *phase = frame_column(f, "phase");
    for (int row = 0; row < 3; row++) {
        ck_assert_str_eq(phase->dictionary[phase->code[row]], "measured");
        ck_assert_str_eq(note->dictionary[note->code[row]], row < 2 ? "x" : "y");
    }
    frame_free(f);
}
END_TEST

/* Texts and numbers that repeat the row before, and those that only look so: of 1 to 18 bytes, with
 * the same beginning or the same end. */
START_TEST(fields_that_nearly_repeat_are_told_apart)
{
    static const char *const texts[] = {"1",
                                        "1",
                                        "",
                                        "1",
                                        "10",
                                        "1",
                                        "-1",
                                        "1.0",
                                        "1",
                                        "1234567",
                                        "12345678",
                                        "12345678",
                                        "123456789",
                                        "923456789",
                                        "123456780",
                                        "12345678.1234567",
                                        "12345678.1234567",
                                        "12345678.1234568",
                                        "12345678.12345678",
                                        "12345678.12345678",
                                        "12345678.12345679",
                                        "x1",
                                        "12345678.12345679",
                                        "123456789012345678"};
    size_t count = sizeof texts / sizeof *texts;
    struct buf b = {0};
    buf_puts(&b, HEAD);
    for (size_t i = 0; i < count; i++)
        buf_printf(&b, "m%s,b,512,prefill,%s\n", texts[i], texts[i]);
    struct err e = {""};
    struct frame *f = frame_from(buf_text(&b), b.len, NULL, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    const struct ctxmark_column *model = frame_column(f, "model"),
                                *latency = frame_column(f, "latency_ms");
    ck_assert_uint_eq(f->row_count, count);
    ck_assert_uint_eq(f->unreadable, 1);
    for (size_t i = 0; i < count; i++) {
        const char *name = model->dictionary[model->code[i]];
        ck_assert_str_eq(name + 1, texts[i]);
        if (strcmp(texts[i], "") == 0 || strcmp(texts[i], "x1") == 0)
            ck_assert(isnan(latency->number[i]));
        else
            ck_assert_double_eq(latency->number[i], strtod(texts[i], NULL));
    }
    frame_free(f);
    buf_free(&b);
}
END_TEST

START_TEST(numbers_are_the_nearest_doubles)
{
    static const struct {
        const char *text;
        double x;
    } cases[] = {{"0.1", 0.1},
                 {"123456789.012345", 123456789.012345},
                 {"-7", -7},
                 {"+7", 7},
                 {"1e-5", 1e-5},
                 {"0.30000000000000004", 0.30000000000000004},
                 {"9007199254740993", 9007199254740992.0},
                 {".5", .5},
                 {"5.", 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].text);
        struct csv_field f = {text, strlen(text)};
        double x = NAN;
        ck_assert_msg(csv_number(&f, &x), "%s", text);
        ck_assert_msg(x == cases[i].x, "%s is read as %.17g", text, x);
    }
}
END_TEST

static void expect_as_strtod(const char *digits)
{
    char text[64];
    snprintf(text, sizeof text, "%s", digits);
    struct csv_field f = {text, strlen(text)};
    double x = NAN, wanted = strtod(digits, NULL);
    ck_assert_msg(csv_number(&f, &x), "%s", digits);
    ck_assert_msg(x == wanted, "%s is read as %a, not %a", digits, x, wanted);
}

START_TEST(numbers_of_any_length_are_the_nearest_doubles)
{
    uint64_t bits = 5;
    char text[64];
    for (int i = 0; i < 200000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t digits = bits >> i % 50;
        int decimals = i % 20;
        if (decimals)
            snprintf(text, sizeof text, "%" PRIu64 ".%0*" PRIu64, digits % 1000000, decimals,
                     digits % 10000000000000);
        else
            snprintf(text, sizeof text, "%" PRIu64, digits);
        expect_as_strtod(text);
    }
    /* halfway between two doubles, and beside it */
    expect_as_strtod("9007199254740993");
    expect_as_strtod("9007199254740993.0");
    expect_as_strtod("9007199254740993.1");
    expect_as_strtod("900719925474099.45");
    expect_as_strtod("4503599627370496.5");
    expect_as_strtod("4503599627370497.5");
    expect_as_strtod("4503599627370497.500");
    expect_as_strtod("18446744073709551615");
    expect_as_strtod("0.0000000000000000001");
    expect_as_strtod("9999999999999999999");
}
END_TEST

START_TEST(children_cannot_change_the_columns)
{
    struct err e;
    const char text[] = HEAD "m,b,1,prefill,1\n";
    struct frame *f = frame_from(text, strlen(text), NULL, &e);
    ck_assert_ptr_nonnull(f);
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
    ck_assert_ptr_eq(p, MAP_FAILED);
    frame_free(f);
}
END_TEST

/* --- details.jsonl */

START_TEST(metrics_are_joined_by_seq_and_request)
{
    struct err e;
    const char csv[] = "seq,request,model,backend,context_length,mode,latency_ms\n"
                       "0,,m,b,1,prefill,1\n0,,m,b,1,decode,1\n1,0,m,b,1,prefill,1\n"
                       "1,1,m,b,1,prefill,1\n";
    const char details[] = "{\"seq\": 0, \"metrics\": {\"queue_ms\": 2.5}, \"tokens\": [1, 2]}\n"
                           "not json\n"
                           "{\"seq\": 1, \"request\": 1, \"metrics\": {\"queue_ms\": 7}}\n"
                           "{\"seq\": 9, \"metrics\": {\"queue_ms\": 8}}\n"
                           "{\"seq\": 1, \"metrics\": {\"Bad name\": 1, \"latency_ms\": 99}}\n"
                           "{\"seq\": 1, \"metr";
    struct frame *f = frame_from(csv, strlen(csv), details, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    const double *queue = frame_column(f, "queue_ms")->number;
    ck_assert_double_eq(queue[0], 2.5);
    ck_assert_double_eq(queue[1], 2.5);
    ck_assert(isnan(queue[2]));
    ck_assert_double_eq(queue[3], 7);
    ck_assert_double_eq(frame_column(f, "latency_ms")->number[2], 1);
    ck_assert_ptr_null(frame_column(f, "Bad name"));
    ck_assert_uint_eq(f->skipped, 2);
    frame_free(f);
}
END_TEST

#define TIMES 40000

START_TEST(texts_that_are_mostly_new_are_told_apart_all_the_same)
{
    struct err e = {""};
    char *text = malloc(TIMES * 64), *p = text;
    ck_assert_ptr_nonnull(text);
    p += snprintf(p, 64, "model,backend,context_length,mode,latency_ms,time_utc\n");
    for (int i = 0; i < TIMES; i++) /* all new up to 30000, then the first ones again */
        p += snprintf(p, 64, "m,b,1,e2e,1,%st%d\n", i % 5000 == 7 ? "\xff" : "", i % 30000);
    struct frame *f = frame_from(text, (size_t)(p - text), NULL, &e);
    free(text);
    ck_assert_msg(f != NULL, "%s", e.text);
    const struct ctxmark_column *c = frame_column(f, "time_utc");
    ck_assert_uint_eq(c->dictionary_count, 30000);
    for (int i = 0; i < TIMES; i++) {
        char time[64];
        snprintf(time, sizeof time, "%st%d", i % 5000 == 7 ? "\xef\xbf\xbd" : "", i % 30000);
        ck_assert_int_eq(c->code[i], i % 30000);
        ck_assert_str_eq(text_at(f, "time_utc", (size_t)i), time);
    }
    frame_free(f);
}
END_TEST

/* --- cells */

static const double *cell_numbers(const struct store *s, const char *table, uint32_t column,
                                  uint64_t count)
{
    struct ctxmark_table_view v;
    ck_assert(store_table(s, table, &v));
    ck_assert_uint_eq(v.row_count, count);
    ck_assert_uint_lt(column, v.column_count);
    ck_assert_uint_eq(v.data[column].count, count);
    return v.data[column].number;
}

static void expect_numbers(const double *have, const double *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(have[i] == expected[i] || (isnan(have[i]) && isnan(expected[i])),
                      "%zu: %g, not %g", i, have[i], expected[i]);
}

START_TEST(cells_are_rows_of_one_kind_with_their_latencies_in_order)
{
    struct err e = {""};
    struct store store;
    const char csv[] = "model,backend,context_length,mode,phase,status,latency_ms,peak_memory_mib\n"
                       "m,b,512,prefill,measured,ok,3,10\n"  /* 0 */
                       "m,b,512,decode,measured,ok,7,\n"     /* 1 */
                       "m,b,512,prefill,measured,ok,-1,30\n" /* 0 */
                       "m,b,512,prefill,warmup,ok,9,5\n"     /* 2 */
                       "m,b,512,prefill,measured,oom,,\n"    /* 3 */
                       "m,b,512,prefill,measured,ok,2,20\n"  /* 0 */
                       "m,b,512,prefill,measured,ok,,40\n"   /* 4: not timed */
                       "m,b,,decode,measured,ok,1,\n"        /* 5 */
                       "m,b,512,decode,measured,ok,6,\n"     /* 1 */
                       "m,b,,decode,measured,ok,0,\n";       /* 5: unknown contexts are alike */
    static const double begin[] = {0, 3, 5, 6, 7, 8}, count[] = {3, 2, 1, 1, 1, 2},
                        peak[] = {30, NAN, 5, NAN, 40, NAN}, row[] = {0, 2, 5, 1, 8, 3, 4, 6, 7, 9},
                        latency[] = {-1, 2, 3, 6, 7, 9, NAN, NAN, 0, 1};
    struct frame *f = frame_from(csv, strlen(csv), NULL, &e);
    ck_assert_msg(f != NULL, "%s", e.text);
    ck_assert_int_eq(store_map(f->fd, &store, &e), 0);
    expect_numbers(cell_numbers(&store, "cells", CELLS_BEGIN, 6), begin, 6);
    expect_numbers(cell_numbers(&store, "cells", CELLS_COUNT, 6), count, 6);
    expect_numbers(cell_numbers(&store, "cells", CELLS_PEAK, 6), peak, 6);
    expect_numbers(cell_numbers(&store, "cell_rows", CELL_ROWS_ROW, 10), row, 10);
    expect_numbers(cell_numbers(&store, "cell_rows", CELL_ROWS_LATENCY, 10), latency, 10);
    struct ctxmark_table_view v;
    ck_assert(!store_table(&store, "rows", &v));
    store_unmap(&store);
    frame_free(f);
}
END_TEST

START_TEST(cells_of_many_kinds_are_all_found_again)
{
    struct err e = {""};
    struct store store;
    char *text = malloc(6000 * 32), *p = text;
    ck_assert_ptr_nonnull(text);
    p += snprintf(p, 64, HEAD);
    for (int i = 0; i < 6000; i++)
        p += snprintf(p, 32, "m,b,%d,e2e,%d\n", i * 7919 % 3000, 6000 - i);
    struct frame *f = frame_from(text, (size_t)(p - text), NULL, &e);
    free(text);
    ck_assert_msg(f != NULL, "%s", e.text);
    ck_assert_int_eq(store_map(f->fd, &store, &e), 0);
    const double *row = cell_numbers(&store, "cell_rows", CELL_ROWS_ROW, 6000),
                 *latency = cell_numbers(&store, "cell_rows", CELL_ROWS_LATENCY, 6000);
    cell_numbers(&store, "cells", CELLS_BEGIN, 3000);
    for (int i = 0; i < 3000; i++) { /* row i, and 3000 later the same context */
        ck_assert(row[2 * i] == i && row[2 * i + 1] == i + 3000);
        ck_assert(latency[2 * i] == 3000 - i && latency[2 * i + 1] == 6000 - i);
    }
    store_unmap(&store);
    frame_free(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("frame");
    TCase *t = tcase_create("csv");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, what_is_no_table_is_refused_with_its_line, 0,
                        sizeof unreadable / sizeof *unreadable);
    tcase_add_test(t, a_missing_file_is_named);
    tcase_add_loop_test(t, what_is_sound_is_read_and_the_rest_counted, 0,
                        sizeof partly / sizeof *partly);
    tcase_add_test(t, a_torn_last_line_of_our_own_file_is_left_out_though_it_looks_whole);
    tcase_add_test(t, a_line_of_many_megabytes_costs_that_line_only);
    tcase_add_test(t, a_line_without_end_takes_no_memory);
    tcase_add_test(t, a_byte_order_mark_is_no_part_of_the_first_name);
    tcase_add_test(t, rows_come_out_whole_wherever_a_block_or_buffer_ends);
    tcase_add_test(t, columns_are_found_by_name_in_any_order_and_under_their_alias);
    tcase_add_test(t, texts_are_told_apart_and_mended_to_utf8);
    tcase_add_test(t, columns_of_zeros_and_of_one_text_are_read_like_others);
    tcase_add_test(t, fields_that_nearly_repeat_are_told_apart);
    tcase_add_test(t, numbers_are_the_nearest_doubles);
    tcase_add_test(t, numbers_of_any_length_are_the_nearest_doubles);
    tcase_add_test(t, children_cannot_change_the_columns);
    tcase_add_test(t, metrics_are_joined_by_seq_and_request);
    tcase_add_test(t, texts_that_are_mostly_new_are_told_apart_all_the_same);
    tcase_add_test(t, cells_are_rows_of_one_kind_with_their_latencies_in_order);
    tcase_add_test(t, cells_of_many_kinds_are_all_found_again);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
