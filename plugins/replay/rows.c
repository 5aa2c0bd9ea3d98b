/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/replay/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/replay/csv.h"

/* ---- columns */

enum kind {
    KIND_NUMBER,
    KIND_WHOLE,
    KIND_TEXT,
    KIND_MODE,
    KIND_STATUS,
    KIND_PHASE,
    KIND_NOTE,
    KIND_PRESENCE /* only whether it is there matters */
};

struct column {
    const char *name, *other_name;
    enum kind kind;
    size_t offset; /* of the member in struct replay_row; numbers and texts */
};

#define MEMBER(name) offsetof(struct replay_row, name)

enum { SEQ, RUN_ID, REP, REQUIRED }; /* where they are in `columns` */

/* From REQUIRED to OPTIONAL a file must have them; it must have seq or rep, too. */
static const struct column columns[] = {
    [SEQ] = {"seq", NULL, KIND_WHOLE, MEMBER(order)},
    [RUN_ID] = {"run_id", NULL, KIND_PRESENCE, 0},
    [REP] = {"rep", "repetition", KIND_WHOLE, MEMBER(order)},
    [REQUIRED] = {"model", NULL, KIND_TEXT, MEMBER(model)},
    {"backend", NULL, KIND_TEXT, MEMBER(backend)},
    {"context_length", NULL, KIND_WHOLE, MEMBER(context_length)},
    {"mode", NULL, KIND_MODE, 0},
    {"latency_ms", NULL, KIND_NUMBER, MEMBER(latency_ms)},
    {"status", NULL, KIND_STATUS, 0},
    {"phase", NULL, KIND_PHASE, 0},
    {"launch", NULL, KIND_WHOLE, MEMBER(launch)},
    {"concurrency", NULL, KIND_WHOLE, MEMBER(concurrency)},
    {"request", NULL, KIND_WHOLE, MEMBER(request)},
    {"device_ms", NULL, KIND_NUMBER, MEMBER(device_ms)},
    {"ttft_ms", NULL, KIND_NUMBER, MEMBER(ttft_ms)},
    {"load_ms", NULL, KIND_NUMBER, MEMBER(load_ms)},
    {"prompt_tokens", NULL, KIND_WHOLE, MEMBER(prompt_tokens)},
    {"cached_tokens", NULL, KIND_WHOLE, MEMBER(cached_tokens)},
    {"generated_tokens", NULL, KIND_WHOLE, MEMBER(generated_tokens)},
    {"peak_memory_mib", "peak_vram_mb", KIND_NUMBER, MEMBER(peak_mib)},
    {"memory_limit_mib", "memory_limit_mb", KIND_NUMBER, MEMBER(limit_mib)},
    {"spill", NULL, KIND_TEXT, MEMBER(spill)},
    {"spilled_mib", "spilled_mb", KIND_NUMBER, MEMBER(spilled_mib)},
    {"note", NULL, KIND_NOTE, 0},
    {"error", NULL, KIND_TEXT, MEMBER(error)},
};

#define COLUMNS (sizeof columns / sizeof *columns)
#define OPTIONAL (REQUIRED + 5)

struct reading {
    const char *path;
    struct replay_csv csv;
    size_t field_count;
    int field_of[COLUMNS]; /* -1: the file does not have it */
    bool is_ours;
};

static int fail_at(const struct reading *r, struct replay_err *e, const char *what)
{
    return replay_err_set(e, "%s:%zu: %s", r->path, r->csv.line, what);
}

/* ---- the first line */

static size_t column_named(const char *name)
{
    size_t i = 0;
    while (i < COLUMNS && strcmp(columns[i].name, name) != 0 &&
           (!columns[i].other_name || strcmp(columns[i].other_name, name) != 0))
        i++;
    return i;
}

static int check_header(const struct reading *r, struct replay_err *e)
{
    for (size_t i = REQUIRED; i < OPTIONAL; i++)
        if (r->field_of[i] < 0)
            return replay_err_set(e,
                                  "%s:%zu: no column '%s'; the first line must name the columns of "
                                  "a metrics.csv",
                                  r->path, r->csv.line, columns[i].name);
    if (r->field_of[SEQ] < 0 && r->field_of[REP] < 0)
        return fail_at(r, e, "no column 'rep', nor 'seq': repetitions cannot be told apart");
    return 0;
}

static int read_header(struct reading *r, struct replay_err *e)
{
    for (size_t i = 0; i < COLUMNS; i++)
        r->field_of[i] = -1;
    switch (replay_csv_next(&r->csv)) {
    case REPLAY_CSV_END:
        return fail_at(r, e, "the file is empty");
    case REPLAY_CSV_BAD:
        return fail_at(r, e, r->csv.problem);
    case REPLAY_CSV_ROW:
        break;
    }
    r->field_count = r->csv.field_count;
    for (size_t f = 0; f < r->field_count; f++) {
        size_t i = column_named(r->csv.fields[f]);
        if (i < COLUMNS && r->field_of[i] >= 0)
            return replay_err_set(e, "%s:%zu: two columns hold %s; remove or rename one", r->path,
                                  r->csv.line, columns[i].name);
        if (i < COLUMNS)
            r->field_of[i] = (int)f;
    }
    r->is_ours = r->field_of[SEQ] >= 0 && r->field_of[RUN_ID] >= 0;
    if (r->field_of[SEQ] >= 0)
        r->field_of[REP] = -1;
    return check_header(r, e);
}

/* ---- one field */

static int find_word(const char *const *words, const char *text)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return -1;
}

/* Takes the words that have a bit, and the core's own about a run's life, out of the note. */
static void take_note(struct replay_row *row, char *text)
{
    static const char *const words[] = {"short", "cached",  "reloaded",  "truncated",
                                        "ended", "resumed", "restarted", NULL};
    char *out = text, *p = text, *rest = NULL;
    row->note = text;
    for (char *word = strtok_r(p, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        int i = find_word(words, word);
        if (i >= 0) {
            row->notes |= i < 5 ? 1U << i : 0;
            continue;
        }
        size_t n = strlen(word);
        if (out > text)
            *out++ = ' ';
        memmove(out, word, n);
        out += n;
    }
    *out = '\0';
}

static const char *take_number(struct replay_row *row, const struct column *c, const char *text)
{
    double x;
    if (!replay_csv_number(text, &x))
        return "is no number";
    if (c->kind == KIND_WHOLE && !isnan(x) && x != floor(x))
        return "is no whole number";
    if (x < 0)
        return "is negative";
    if (x > 1e12)
        return "is too large";
    if (!isnan(x))
        memcpy((char *)row + c->offset, &x, sizeof x);
    return NULL;
}

/* NULL, or what is wrong with the text. */
static const char *take_field(struct replay_row *row, const struct column *c, char *text)
{
    static const char *const modes[] = {"prefill", "decode", "e2e", NULL};
    static const char *const outcomes[] = {"ok",      "oom",     "timeout", "error",
                                           "crashed", "skipped", NULL};
    static const char *const phases[] = {"measured", "warmup", NULL};
    int word;
    switch (c->kind) {
    case KIND_NUMBER:
    case KIND_WHOLE:
        return take_number(row, c, text);
    case KIND_TEXT:
        memcpy((char *)row + c->offset, &text, sizeof text);
        return NULL;
    case KIND_MODE:
        word = find_word(modes, text);
        row->mode = word < 0 ? REPLAY_OTHER : (enum replay_mode)word;
        return NULL;
    case KIND_STATUS:
        word = *text ? find_word(outcomes, text) : REPLAY_OK;
        row->outcome = word < 0 ? REPLAY_OK : (enum replay_outcome)word;
        return word < 0 ? "is none of ok, oom, timeout, error, crashed, skipped" : NULL;
    case KIND_PHASE:
        word = *text ? find_word(phases, text) : 0;
        row->warmup = word == 1;
        return word < 0 ? "is neither measured nor warmup" : NULL;
    case KIND_NOTE:
        take_note(row, text);
        return NULL;
    case KIND_PRESENCE:
        return NULL;
    }
    return NULL;
}

/* ---- one row */

static int check_row(const struct reading *r, const struct replay_row *row, struct replay_err *e)
{
    if (!row->model[0])
        return fail_at(r, e, "a row without a model");
    if (isnan(row->context_length) || row->context_length < 1)
        return fail_at(r, e, "a row without a context_length");
    if (isnan(row->order))
        return fail_at(r, e, "a row that says not which repetition it belongs to");
    if (row->outcome == REPLAY_OK && row->mode == REPLAY_OTHER)
        return fail_at(r, e, "a mode that is none of prefill, decode, e2e");
    return 0;
}

static int parse_row(const struct reading *r, struct replay_row *row, struct replay_err *e)
{
    *row = (struct replay_row){
        .backend = "",
        .model = "",
        .launch = 0,
        .context_length = NAN,
        .concurrency = 1,
        .request = 0,
        .order = NAN,
        .latency_ms = NAN,
        .device_ms = NAN,
        .ttft_ms = NAN,
        .load_ms = NAN,
        .prompt_tokens = NAN,
        .cached_tokens = NAN,
        .generated_tokens = NAN,
        .peak_mib = NAN,
        .limit_mib = NAN,
        .spilled_mib = NAN,
        .spill = "",
        .error = "",
        .note = "",
        .line = r->csv.line,
    };
    if (r->csv.field_count != r->field_count)
        return replay_err_set(e, "%s:%zu: a row of %zu fields under %zu columns", r->path,
                              r->csv.line, r->csv.field_count, r->field_count);
    for (size_t i = 0; i < COLUMNS; i++) {
        char *text = r->field_of[i] < 0 ? NULL : r->csv.fields[r->field_of[i]];
        const char *wrong = text ? take_field(row, &columns[i], text) : NULL;
        if (wrong)
            return replay_err_set(e, "%s:%zu: '%.40s' in column %s %s", r->path, r->csv.line, text,
                                  columns[i].name, wrong);
    }
    return check_row(r, row, e);
}

/* A last line without an end was cut while it was written, in a file of ours always; elsewhere if
 * it does not read well. */
static int read_rows(struct reading *r, replay_row_take *take, void *arg, struct replay_err *e)
{
    struct replay_row row;
    for (;;) {
        switch (replay_csv_next(&r->csv)) {
        case REPLAY_CSV_END:
            return 0;
        case REPLAY_CSV_BAD:
            return fail_at(r, e, r->csv.problem);
        case REPLAY_CSV_ROW:
            break;
        }
        if (!r->csv.ended && r->is_ours)
            return 0;
        if (parse_row(r, &row, e) < 0)
            return r->csv.ended ? -1 : 0;
        if (take(arg, &row, e) < 0)
            return -1;
    }
}

/* ---- the file */

static int read_all(int fd, struct replay_rows *rows, const char *path, struct replay_err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return replay_err_set(e, "%s: cannot be read: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return replay_err_set(e, "%s: is no file; name a metrics.csv", path);
    size_t size = (size_t)st.st_size;
    rows->text = malloc(size + 1);
    if (!rows->text)
        return replay_err_set(e, "%s: out of memory: the file has %zu bytes", path, size);
    while (rows->length < size) {
        ssize_t n = read(fd, rows->text + rows->length, size - rows->length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return replay_err_set(e, "%s: cannot be read: %s", path, strerror(errno));
        if (n == 0)
            break;
        rows->length += (size_t)n;
    }
    if (memchr(rows->text, '\0', rows->length))
        return replay_err_set(e, "%s: NUL bytes in it: this is no metrics.csv", path);
    return 0;
}

static int read_text(struct replay_rows *rows, const char *path, struct replay_err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return replay_err_set(e, "%s: cannot be opened: %s", path, strerror(errno));
    int status = read_all(fd, rows, path, e);
    close(fd);
    return status;
}

int replay_rows_read(struct replay_rows *rows, const char *path, replay_row_take *take, void *arg,
                     struct replay_err *e)
{
    struct reading r = {.path = path};
    *rows = (struct replay_rows){.text = NULL};
    if (read_text(rows, path, e) < 0)
        goto free_rows;
    replay_csv_open(&r.csv, rows->text, rows->length);
    if (read_header(&r, e) < 0)
        goto free_rows;
    rows->is_ours = r.is_ours;
    if (read_rows(&r, take, arg, e) == 0)
        return 0;
free_rows:
    replay_rows_free(rows);
    return -1;
}

void replay_rows_free(struct replay_rows *rows)
{
    free(rows->text);
    *rows = (struct replay_rows){.text = NULL};
}
