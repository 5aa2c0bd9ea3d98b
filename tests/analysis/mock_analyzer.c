/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* An analyzer that does as its option says: one wrong thing at a time. */

#include "config.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ctxmark/util.h>

static const struct ctxmark_table_column columns[] = {
    {"model", CTXMARK_TEXT, CTXMARK_ROLE_KEY, "", "model"},
    {"value", CTXMARK_NUMBER, CTXMARK_ROLE_VALUE, "ms", "a figure"},
    {"count", CTXMARK_INTEGER, CTXMARK_ROLE_VALUE, "", "a count"},
    {"sure", CTXMARK_FLAG, CTXMARK_ROLE_VALUE, "", "a flag"},
};

static const struct ctxmark_table sound = {.size = sizeof sound,
                                           .column_stride = sizeof *columns,
                                           .name = "numbers",
                                           .title = "Numbers",
                                           .section = "prefill",
                                           .column_count = 4,
                                           .columns = columns};

static void emit_sound_table(const struct ctxmark_host *h)
{
    struct ctxmark_value row[] = {ctxmark_text("m"), ctxmark_number(0.1), ctxmark_number(3),
                                  ctxmark_number(1)};
    struct ctxmark_value unknown[] = {ctxmark_text(NULL), ctxmark_number(NAN),
                                      ctxmark_number(INFINITY), ctxmark_number(NAN)};
    int32_t t = h->table_begin(h, &sound);
    h->table_row(h, t, row, 4);
    h->table_row(h, t, unknown, 4);
}

static void emit_finding(const struct ctxmark_host *h, const char *id, uint32_t severity,
                         const char *text, const struct ctxmark_evidence *evidence)
{
    struct ctxmark_finding f = {.size = sizeof f,
                                .severity = severity,
                                .id = id,
                                .text = text,
                                .evidence = evidence,
                                .evidence_count = evidence ? 1 : 0,
                                .evidence_stride = sizeof *evidence};
    h->finding(h, &f);
}

/* Everything malformed; only the sound table and the sound finding must come through. */
static void emit_rubbish(const struct ctxmark_host *h)
{
    struct ctxmark_table t = sound;
    struct ctxmark_table_column bad[] = {columns[0], columns[0]};
    struct ctxmark_value one = ctxmark_number(1), wrong[] = {ctxmark_text("\xff"), one, one, one};
    struct ctxmark_evidence fine = {NULL, "numbers", 0, "value"},
                            no_row = {NULL, "numbers", 7, NULL},
                            no_table = {NULL, "nothing", -1, NULL},
                            no_column = {NULL, "numbers", 0, "nothing"};
    emit_sound_table(h);
    h->table_begin(h, &sound); /* the same name again */
    t.name = "Bad Name";
    h->table_begin(h, &t);
    t.name = "twice";
    t.columns = bad;
    t.column_count = 2;
    h->table_begin(h, &t);
    h->table_row(h, 0, &one, 1);
    h->table_row(h, 99, &one, 1);
    h->table_row(h, 0, wrong, 4);
    emit_finding(h, "fine", CTXMARK_SEVERITY_INFO, "It rests on a cell.", &fine);
    emit_finding(h, "no_row", CTXMARK_SEVERITY_INFO, "text", &no_row);
    emit_finding(h, "no_table", CTXMARK_SEVERITY_INFO, "text", &no_table);
    emit_finding(h, "no_column", CTXMARK_SEVERITY_INFO, "text", &no_column);
    emit_finding(h, "no_severity", 17, "text", NULL);
    emit_finding(h, "No Name", CTXMARK_SEVERITY_INFO, "text", NULL);
    emit_finding(h, "no_text", CTXMARK_SEVERITY_INFO, "", NULL);
    emit_finding(h, "not_utf8", CTXMARK_SEVERITY_INFO, "\xff", NULL);
}

static int32_t read_other_table(const struct ctxmark_host *h)
{
    struct ctxmark_table_view v = {.size = sizeof v};
    if (!h->table_find(h, "cold_start", "cold_start", &v))
        return h->fail(h, CTXMARK_ERROR, "the table of cold_start is not there");
    struct ctxmark_fact f = CTXMARK_FACT_INIT;
    if (h->fact_get(h, NULL, NULL, "nothing", &f))
        return h->fail(h, CTXMARK_ERROR, "a fact that nobody gave is there");
    struct ctxmark_value row[] = {
        ctxmark_text(v.columns[0].name), ctxmark_number((double)v.row_count),
        ctxmark_number(v.column_count), ctxmark_number(v.data[0].code && v.data[0].code[0] == 0)};
    h->table_row(h, h->table_begin(h, &sound), row, 4);
    return CTXMARK_OK;
}

static int32_t analyze(const struct ctxmark_host *h)
{
    const char *what = h->option_text(h, CTXMARK_SCOPE_PLUGIN, "behaviour", 0);
    if (!what || strcmp(what, "sound") == 0)
        emit_sound_table(h);
    else if (strcmp(what, "rubbish") == 0)
        emit_rubbish(h);
    else if (strcmp(what, "crash") == 0)
        raise(SIGKILL); /* as a crash does, without a sanitizer's handler */
    else if (strcmp(what, "exit") == 0)
        _exit(3);
    else if (strcmp(what, "hang") == 0)
        for (;;)
            pause();
    else if (strcmp(what, "fail") == 0)
        return h->fail(h, CTXMARK_ERROR, "it did not feel like it");
    else if (strcmp(what, "nothing") == 0)
        return h->fail(h, CTXMARK_UNSUPPORTED, "there is only one run");
    else if (strcmp(what, "read") == 0)
        return read_other_table(h);
    return CTXMARK_OK;
}

static const struct ctxmark_option options[] = {
    {.name = "behaviour", .type = CTXMARK_TYPE_TEXT, .help = "what it does"}};

static const char *const after[] = {"cold_start", "not_installed", NULL};

static const struct ctxmark_analyzer analyzer = {
    .size = sizeof analyzer, .after = after, .analyze = analyze};

static const struct ctxmark_plugin plugin = {
    .head = CTXMARK_HEAD,
    .kind = CTXMARK_ANALYZER,
    .name = "mock_analyzer",
    .version = "1",
    .summary = "Misbehaves on request.",
    .license = "MIT",
    .options = options,
    .option_count = 1,
    .analyzer = &analyzer,
};

CTXMARK_PLUGIN(plugin)
