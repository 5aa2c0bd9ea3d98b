/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <errno.h>
#include <string.h>

#include "core/analysis/frame.h"
#include "core/command/command.h"
#include "core/command/options.h"
#include "core/command/source.h"
#include "core/exchange/flat.h"
#include "core/exchange/llama_bench.h"
#include "core/run/rundir.h"

static const char usage[] =
    "ctxmark export RUN|CSV -f FORMAT [-o FILE] [--label TEXT] [-q|-v]\n"
    "\n"
    "Writes a run's rows in another form to stdout.\n"
    "\n"
    "  -f, --format FORMAT  csv: all rows and columns, a backend's own metrics among them\n"
    "                       json: the same as objects\n"
    "                       benchstat: lines in the format of Go's benchmarks\n"
    "                       llama-bench-json, llama-bench-jsonl, llama-bench-csv, "
    "llama-bench-sql:\n"
    "                         as llama-bench prints them, for compare-llama-bench.py -t "
    "llama-bench\n"
    "  -o, --output FILE    writes to this file\n"
    "      --label TEXT     build_commit of llama-bench's forms (default: made from the run's id; "
    "give\n"
    "                         labels of one length, the script cuts to the shortest)\n";

/* What each format is made with: one of the three is set. */
static const struct format {
    const char *name;
    void (*flat)(struct buf *to, const struct frame *f);
    int (*checked)(struct buf *to, const struct frame *f, struct err *e);
    enum llama_form form;
} formats[] = {
    {.name = "csv", .flat = flat_csv},
    {.name = "json", .flat = flat_json},
    {.name = "benchstat", .checked = flat_benchstat},
    {.name = "llama-bench-json", .form = LLAMA_JSON},
    {.name = "llama-bench-jsonl", .form = LLAMA_JSONL},
    {.name = "llama-bench-csv", .form = LLAMA_CSV},
    {.name = "llama-bench-sql", .form = LLAMA_SQL},
};

static const struct format *format_of(const char *name, struct err *e)
{
    struct buf names = {0};
    for (size_t i = 0; name && i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", formats[i].name);
    if (name)
        err_set(e, "-f %s: the formats are: %s", name, buf_text(&names));
    else
        err_set(e, "export: name a format with -f; there are: %s", buf_text(&names));
    buf_free(&names);
    return NULL;
}

/* Blanks and quotes in it would trouble those who read it. */
static int check_label(const char *label, struct err *e)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (!label || (*label && strlen(label) <= 64 && !label[strspn(label, allowed)]))
        return 0;
    return err_set(e, "--label %s: write up to 64 letters, digits and ._-", label);
}

static int render(const struct format *format, const char *label, const struct source *s,
                  const struct frame *frame, struct buf *to, struct err *e)
{
    if (format->flat) {
        format->flat(to, frame);
        return 0;
    }
    if (format->checked)
        return format->checked(to, frame, e);
    json_t *tests = llama_tests(frame, s->manifest, label, e);
    if (!tests)
        return -1;
    if (format->form == LLAMA_JSONL && json_array_size(tests) == 1)
        log_warning("one line of JSONL looks like JSON to compare-llama-bench.py, which then "
                    "fails: give it -f llama-bench-json");
    llama_write(to, format->form, tests);
    json_decref(tests);
    return 0;
}

static int put(const char *path, const struct buf *b, struct err *e)
{
    if (!buf_ok(b))
        return err_memory(e);
    if (path)
        return file_write(path, b->data, b->len, e);
    if (fwrite(buf_text(b), 1, b->len, stdout) != b->len || fflush(stdout) != 0)
        return err_set(e, "the output cannot be written: %s", strerror(errno));
    return 0;
}

static int export(const struct options *o, const struct source *s, const struct format *format,
                  struct err *e)
{
    struct buf b = {0};
    int status = EXIT_USAGE;
    struct frame *frame = frame_read_csv(s->csv, s->details, e);
    if (frame && render(format, o->label, s, frame, &b, e) == 0)
        status = put(o->output, &b, e) == 0 ? EXIT_DONE : EXIT_SOME_FAILED;
    buf_free(&b);
    frame_free(frame);
    return status;
}

int command_export(int argc, char **argv)
{
    struct options o;
    struct source s = {0};
    struct err e;
    int r = options_parse(&o, argc, argv, "foL", 1, 1, usage);
    int status = r > 0 ? EXIT_DONE : EXIT_USAGE;
    if (r == 0) {
        const struct format *format = format_of(o.format, &e);
        if (format && check_label(o.label, &e) == 0 && source_open(&s, o.operands[0], &e) == 0)
            status = export(&o, &s, format, &e);
        if (status != EXIT_DONE)
            log_error("%s", e.text);
    }
    source_free(&s);
    options_free(&o);
    return status;
}
