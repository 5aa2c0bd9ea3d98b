/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/record.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ctxmark/plugin.h>

#include "core/base/child.h"
#include "core/run/rows.h"

#define SYNC_EVERY_NS INT64_C(3000000000)

/* ---- the series of a cell */

static bool grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return true;
    size_t want = *capacity ? 2 * *capacity : 16;
    void *bigger = realloc(*array, want * size);
    if (!bigger)
        return false;
    *array = bigger;
    *capacity = want;
    return true;
}

int record_series_byte(struct record_series *s, off_t at, bool written, struct err *e)
{
    if (!grow((void **)&s->bytes, &s->byte_capacity, s->byte_count, sizeof *s->bytes))
        return err_memory(e);
    s->bytes[s->byte_count].at = at;
    s->bytes[s->byte_count].written = written;
    s->bytes[s->byte_count++].repetition = (uint32_t)s->count;
    return 0;
}

int record_series_repetition(struct record_series *s, const struct cold_repetition *repetition,
                             struct err *e)
{
    if (!grow((void **)&s->repetitions, &s->capacity, s->count, sizeof *s->repetitions))
        return err_memory(e);
    s->repetitions[s->count++] = *repetition;
    return 0;
}

/* The repetition's own latency is that of its first request: its prefill, else its e2e. */
static struct cold_repetition summarise(const struct record_repetition *rep)
{
    const json_t *result = json_array_get(rep->results, 0);
    struct spans spans = rows_spans(result);
    json_int_t notes = json_integer_value(json_object_get(result, "notes"));
    bool good = strcmp(rep->status, "ok") == 0;
    double ns = isnan(spans.first) ? spans.end : spans.first;
    return (struct cold_repetition){.latency_ms = good ? ns * 1e-6 : NAN,
                                    .warmup = rep->warmup,
                                    .reloaded = good && (notes & CTXMARK_NOTE_RELOADED)};
}

void record_series_free(struct record_series *s)
{
    free(s->repetitions);
    free(s->bytes);
    memset(s, 0, sizeof *s);
}

double record_last_latency(const struct record_series *s)
{
    return s->count ? s->repetitions[s->count - 1].latency_ms : NAN;
}

/* ---- the files */

static int write_whole(int fd, const struct buf *b, const char *what, struct err *e)
{
    if (!buf_ok(b))
        return err_memory(e);
    off_t before = lseek(fd, 0, SEEK_END);
    for (size_t done = 0; done < b->len;) {
        ssize_t n = write(fd, b->data + done, b->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int saved = n < 0 ? errno : ENOSPC;
            if (before >= 0 && ftruncate(fd, before) < 0)
                log_warning("%s ends in a torn line", what);
            return err_set(e, "%s cannot be written: %s", what, strerror(saved));
        }
        done += (size_t)n;
    }
    return 0;
}

/* flags: O_CREAT | O_EXCL for a new file, 0 for one that is there. */
static int open_file(const char *folder, const char *name, int flags, struct err *e)
{
    struct buf path = {0};
    buf_printf(&path, "%s/%s", folder, name);
    int fd = buf_ok(&path) ? open(path.data, O_RDWR | O_APPEND | O_CLOEXEC | flags, 0666) : -1;
    if (fd < 0)
        err_set(e, "%s cannot be %s: %s", buf_text(&path), flags ? "made" : "opened",
                strerror(errno));
    buf_free(&path);
    return fd;
}

static int open_files(struct record *r, const char *folder, const char *run_id, int flags,
                      struct err *e)
{
    memset(r, 0, sizeof *r);
    r->details_fd = -1;
    r->metrics_fd = open_file(folder, "metrics.csv", flags, e);
    if (r->metrics_fd >= 0)
        r->details_fd = open_file(folder, "details.jsonl", flags, e);
    r->run_id = strdup(run_id);
    r->synced_ns = clock_now_ns();
    if (r->metrics_fd >= 0 && r->details_fd >= 0 && r->run_id)
        return 0;
    record_close(r);
    return -1;
}

static int write_header(struct record *r, struct err *e)
{
    buf_printf(&r->lines, "%s\n", record_header);
    r->metrics_size = (off_t)r->lines.len;
    return write_whole(r->metrics_fd, &r->lines, "metrics.csv", e);
}

int record_create(struct record *r, const char *folder, const char *run_id, struct err *e)
{
    if (open_files(r, folder, run_id, O_CREAT | O_EXCL, e) < 0)
        return -1;
    return write_header(r, e);
}

int record_reopen(struct record *r, const char *folder, const char *run_id, off_t metrics_size,
                  off_t details_size, int64_t rows, struct err *e)
{
    if (open_files(r, folder, run_id, 0, e) < 0)
        return -1;
    if (ftruncate(r->metrics_fd, metrics_size) < 0 || ftruncate(r->details_fd, details_size) < 0)
        return err_set(e, "the run's files cannot be cut to their last whole repetition: %s",
                       strerror(errno));
    r->metrics_size = metrics_size;
    r->rows = rows;
    /* The run may have ended before its first line was whole. */
    return metrics_size > 0 ? 0 : write_header(r, e);
}

void record_close(struct record *r)
{
    if (r->metrics_fd >= 0)
        close(r->metrics_fd);
    if (r->details_fd >= 0)
        close(r->details_fd);
    buf_free(&r->lines);
    buf_free(&r->details);
    buf_free(&r->cold_at);
    free(r->run_id);
    memset(r, 0, sizeof *r);
    r->metrics_fd = r->details_fd = -1;
}

static int record_sync(struct record *r, struct err *e)
{
    r->synced_ns = clock_now_ns();
    if (fdatasync(r->metrics_fd) < 0 || fdatasync(r->details_fd) < 0)
        return err_set(e, "the run directory cannot be synced to disk: %s", strerror(errno));
    return 0;
}

/* Remembers where the rows' cold bytes will stand in the file. */
static int series_mark(struct record_series *s, off_t base, const struct buf *cold_at,
                       struct err *e)
{
    if (!buf_ok(cold_at))
        return err_memory(e);
    for (size_t i = 0; i < cold_at->len; i += sizeof(size_t)) {
        size_t at;
        memcpy(&at, cold_at->data + i, sizeof at);
        if (record_series_byte(s, base + (off_t)at, false, e) < 0)
            return -1;
    }
    return 0;
}

int record_add(struct record *r, const struct record_cell *cell,
               const struct record_repetition *rep, struct record_series *series, struct err *e)
{
    size_t bytes_before = series->byte_count;
    struct cold_repetition summary = summarise(rep);
    buf_clear(&r->lines);
    buf_clear(&r->details);
    buf_clear(&r->cold_at);
    rows_render(&(struct rows){&r->lines, &r->details, &r->cold_at}, r->run_id, cell, rep);
    if (series_mark(series, r->metrics_size, &r->cold_at, e) < 0 ||
        write_whole(r->details_fd, &r->details, "details.jsonl", e) < 0 ||
        write_whole(r->metrics_fd, &r->lines, "metrics.csv", e) < 0) {
        series->byte_count = bytes_before;
        return -1;
    }
    r->metrics_size += (off_t)r->lines.len;
    r->rows += (int64_t)(series->byte_count - bytes_before);
    if (record_series_repetition(series, &summary, e) < 0)
        return -1;
    return clock_now_ns() - r->synced_ns > SYNC_EVERY_NS ? record_sync(r, e) : 0;
}

int record_finish_series(struct record *r, struct record_series *series, double ratio,
                         struct err *e)
{
    if (cold_mark(series->repetitions, series->count, ratio) < 0)
        return err_memory(e);
    /* O_APPEND makes pwrite append on Linux: patch through a descriptor without it. */
    int flags = fcntl(r->metrics_fd, F_GETFL);
    fcntl(r->metrics_fd, F_SETFL, flags & ~O_APPEND);
    int status = 0;
    for (size_t i = 0; i < series->byte_count && status == 0; i++) {
        bool cold = series->repetitions[series->bytes[i].repetition].cold;
        if (cold == series->bytes[i].written)
            continue;
        if (pwrite(r->metrics_fd, cold ? "1" : "0", 1, series->bytes[i].at) != 1)
            status = err_set(e, "metrics.csv cannot be written: %s", strerror(errno));
        series->bytes[i].written = cold;
    }
    fcntl(r->metrics_fd, F_SETFL, flags);
    return status == 0 ? record_sync(r, e) : status;
}
