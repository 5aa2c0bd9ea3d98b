/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Works, but does what a guest should not do. */

#include <locale.h>
#include <pthread.h>

#include "mock.h"

static const char *const cases[] = {"stdout",
                                    "locale",
                                    "thread",
                                    "process",
                                    "crash_with_process",
                                    "invalid_utf8",
                                    "long_reason",
                                    "control_characters",
                                    "no_reason",
                                    NULL};

static const struct ctxmark_option options[] = {
    {"does", CTXMARK_TYPE_CHOICE, CTXMARK_OPT_REQUIRED, NULL, 0, 0, cases, NULL, "What it does."},
};

static const struct ctxmark_metric metrics[] = {
    {"mock_half", "", "One half."},
};

static int does(const struct mock *m, const char *what)
{
    return mock_option_is(m->host, "does", what);
}

static void *sleep_for_ever(void *unused)
{
    (void)unused;
    for (;;)
        pause();
    return NULL;
}

static void leave_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleep_for_ever, NULL) == 0)
        pthread_detach(thread);
}

/* A child that outlives us for a minute, with whatever files it inherits. */
static void leave_process(void)
{
    if (fork() == 0) {
        static char *const argv[] = {(char *)"sleep", (char *)"60", NULL};
        execvp("sleep", argv);
        _exit(127);
    }
}

static void set_comma_locale(const struct ctxmark_host *h)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", NULL};
    for (size_t i = 0; names[i]; i++)
        if (setlocale(LC_ALL, names[i])) {
            ctxmark_logf(h, CTXMARK_LOG_INFO, "the locale is %s", names[i]);
            return;
        }
}

static int32_t load(void *self, const struct ctxmark_model *model)
{
    const struct mock *m = self;
    (void)model;
    if (does(m, "locale"))
        set_comma_locale(m->host);
    if (does(m, "thread"))
        leave_thread();
    if (does(m, "process") || does(m, "crash_with_process"))
        leave_process();
    return CTXMARK_OK;
}

static int32_t fail_badly(const struct mock *m)
{
    const struct ctxmark_host *h = m->host;
    if (does(m, "invalid_utf8"))
        return h->fail(h, CTXMARK_ERROR, "half a letter: \xc3, and a stray byte: \xff.");
    if (does(m, "control_characters"))
        return h->fail(h, CTXMARK_ERROR, "two\nlines, a \"quote\", a bell\a");
    if (does(m, "long_reason")) {
        /* 0xc3 0xa4 over and over: a cut at any length may split one. */
        static char text[5000];
        for (size_t i = 0; i + 2 < sizeof text; i += 2)
            memcpy(text + i, "\xc3\xa4", 2);
        return h->fail(h, CTXMARK_ERROR, text);
    }
    return CTXMARK_ERROR;
}

static int32_t run(void *self, const struct ctxmark_request *request,
                   const struct ctxmark_emit *emit)
{
    const struct mock *m = self;
    if (does(m, "stdout")) {
        printf("noise from a plugin\n");
        fflush(stdout);
    }
    if (does(m, "crash_with_process"))
        mock_crash();
    if (does(m, "invalid_utf8") || does(m, "control_characters") || does(m, "long_reason") ||
        does(m, "no_reason"))
        return fail_badly(m);
    emit->metric(emit, 0, 0, 0.5);
    return mock_run(self, request, emit);
}

static const struct ctxmark_backend backend = {
    .size = sizeof backend,
    .open = mock_open,
    .load = load,
    .run = run,
    .close = mock_close,
};

static const struct ctxmark_plugin plugin = {
    MOCK_DESCRIPTOR_INIT("mock_manners", "works, but does what a guest should not do"),
    .options = options,
    .option_count = MOCK_COUNT(options),
    .metrics = metrics,
    .metric_count = MOCK_COUNT(metrics),
    .backend = &backend,
};

CTXMARK_PLUGIN(plugin)
