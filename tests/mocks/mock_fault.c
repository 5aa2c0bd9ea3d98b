/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Crashes, hangs or fails in the callback that its option `at` names. */

#include <fcntl.h>

#include "mock.h"

static const char *const places[] = {"none",    "probe", "open",   "load",  "limits", "describe",
                                     "prepare", "run",   "unload", "close", NULL};
static const char *const faults[] = {
    "crash", "exit", "hang", "hang_politely", "error", "oom", "lost", "unavailable", NULL};

static const struct ctxmark_option options[] = {
    {"at", CTXMARK_TYPE_CHOICE, 0, "none", 0, 0, places, NULL, "The callback that goes wrong."},
    {"fault", CTXMARK_TYPE_CHOICE, 0, "crash", 0, 0, faults, NULL, "What it does there."},
    {"context", CTXMARK_TYPE_INT, 0, "0", 0, 1e9, NULL, "tokens",
     "In prepare and run: only in cells of this context; 0: in all."},
    {"once", CTXMARK_TYPE_TEXT, 0, NULL, 0, 0, NULL, NULL,
     "A file that is made before the fault, and whose being there prevents it."},
};

static void hang(const struct ctxmark_host *h, int politely)
{
    while (!politely || !h->cancelled(h))
        mock_sleep_us(20000);
}

/* True if the file was there already. */
static int happened_before(const struct ctxmark_host *h)
{
    const char *file = h->option_text(h, CTXMARK_SCOPE_PLUGIN, "once", 0);
    int fd = file ? open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    if (fd >= 0)
        close(fd);
    return file && fd < 0;
}

static int32_t fault(const struct ctxmark_host *h, const char *place)
{
    if (!mock_option_is(h, "at", place) || happened_before(h))
        return CTXMARK_OK;
    if (mock_option_is(h, "fault", "crash"))
        mock_crash();
    if (mock_option_is(h, "fault", "exit"))
        _exit(3);
    if (mock_option_is(h, "fault", "hang"))
        hang(h, 0);
    if (mock_option_is(h, "fault", "hang_politely")) {
        hang(h, 1);
        return ctxmark_failf(h, CTXMARK_CANCELLED, "%s was told to end", place);
    }
    if (mock_option_is(h, "fault", "oom"))
        return ctxmark_failf(h, CTXMARK_OOM, "%s found no memory", place);
    if (mock_option_is(h, "fault", "lost"))
        return ctxmark_failf(h, CTXMARK_LOST, "%s lost its device", place);
    if (mock_option_is(h, "fault", "unavailable"))
        return ctxmark_failf(h, CTXMARK_UNAVAILABLE, "%s found no device", place);
    return ctxmark_failf(h, CTXMARK_ERROR, "%s failed", place);
}

static int32_t fault_in_cell(const struct mock *m, const char *place)
{
    int64_t context = mock_option_int(m->host, "context");
    return context == 0 || context == m->context_length ? fault(m->host, place) : CTXMARK_OK;
}

static int32_t probe(const struct ctxmark_host *h)
{
    return fault(h, "probe");
}

static int32_t open_it(const struct ctxmark_host *h, void **ret_self)
{
    int32_t status = fault(h, "open");
    return status == CTXMARK_OK ? mock_open(h, ret_self) : status;
}

static int32_t load(void *self, const struct ctxmark_model *model)
{
    const struct mock *m = self;
    (void)model;
    return fault(m->host, "load");
}

static int32_t limits(void *self)
{
    const struct mock *m = self;
    return fault(m->host, "limits");
}

static int32_t describe(void *self)
{
    const struct mock *m = self;
    return fault(m->host, "describe");
}

static int32_t prepare(void *self, const struct ctxmark_cell *cell)
{
    mock_prepare(self, cell);
    return fault_in_cell(self, "prepare");
}

static int32_t run(void *self, const struct ctxmark_request *request,
                   const struct ctxmark_emit *emit)
{
    int32_t status = fault_in_cell(self, "run");
    return status == CTXMARK_OK ? mock_run(self, request, emit) : status;
}

static void unload(void *self)
{
    const struct mock *m = self;
    fault(m->host, "unload");
}

static void close_it(void *self)
{
    const struct mock *m = self;
    fault(m->host, "close");
    mock_close(self);
}

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .probe = probe,
    .open = open_it,
    .load = load,
    .limits = limits,
    .describe = describe,
    .prepare = prepare,
    .run = run,
    .unload = unload,
    .close = close_it,
};

static const struct ctxmark_plugin plugin = {
    MOCK_DESCRIPTOR_INIT("mock_fault", "crashes, hangs or fails where it is told to"),
    .options = options,
    .option_count = MOCK_COUNT(options),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
