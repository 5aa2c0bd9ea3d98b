/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#define _GNU_SOURCE 1 /* memfd_create */
#include "config.h"

#include "core/conformance/child.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/child.h"
#include "core/base/utf8.h"
#include "core/conformance/allocations.h"
#include "core/conformance/conformance.h"
#include "core/plugin/load.h"

static struct conform *the_one; /* cancelled() has no other way to find it */

static const struct {
    const char *name;
    void (*run)(struct conform *c);
} scenarios[] = {
    {"rules", scenario_rules},
    {"probe", scenario_probe},
    {"life", scenario_life},
    {"bad_model", scenario_bad_model},
    {"no_options", scenario_no_options},
    {"cancel_load", scenario_cancel_load},
    {"cancel_run", scenario_cancel_run},
    {"cancel_later", scenario_cancel_later},
    {"memory", scenario_memory},
    {"analyze", scenario_analyze},
};

/* ---- messages */

void conform_send(json_t *message)
{
    struct err e;
    if (message)
        message_send(CHILD_SOCKET_FD, message, &e);
    json_decref(message);
}

static void tell(const char *verdict, const char *check, const char *text)
{
    conform_send(json_pack("{s:s, s:s, s:s}", "verdict", verdict, "check", check, "text", text));
}

__attribute__((format(printf, 3, 0))) static void
tell_format(const char *verdict, const char *check, const char *format, va_list ap)
{
    char text[1600];
    vsnprintf(text, sizeof text, format, ap);
    utf8_mend(text);
    tell(verdict, check, text);
}

void conform_begin(struct conform *c, const char *check)
{
    c->check = check;
    c->failed = false;
    conform_send(json_pack("{s:s}", "begin", check));
}

void conform_fail(struct conform *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    tell_format("fail", c->check, format, ap);
    va_end(ap);
    c->failed = true;
}

void conform_note(struct conform *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    tell_format("note", c->check, format, ap);
    va_end(ap);
}

void conform_end(struct conform *c)
{
    if (!c->failed)
        tell("pass", c->check, "");
}

void conform_skip(struct conform *c, const char *check, const char *why)
{
    (void)c;
    tell("skip", check, why);
}

int64_t conform_number(const struct conform *c, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(c->job, key);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

/* ---- around a callback */

static int32_t service_cancelled(const struct ctxmark_host *h)
{
    (void)h;
    the_one->asked++;
    return the_one->cancel || host_cancel ? 1 : 0;
}

static bool fails_here(const struct conform *c)
{
    return c->fail_callback && strcmp(c->fail_callback, c->inside) == 0;
}

void conform_enter(struct conform *c, const char *callback)
{
    c->inside = callback;
    c->asked = 0;
    host_begin(&c->host);
    conform_send(json_pack("{s:s}", "enter", callback));
    if (c->counts)
        allocations_arm(UINT64_MAX);
    else if (fails_here(c))
        allocations_arm(c->fail_nth);
    c->entered_ns = clock_now_ns();
}

static void count_allocations(struct conform *c)
{
    uint64_t n = allocations_disarm();
    int64_t before = json_integer_value(json_object_get(c->counts, c->inside));
    if (c->counts && (int64_t)n > before)
        json_object_set_new(c->counts, c->inside, json_integer((json_int_t)n));
    c->fail_callback = fails_here(c) ? NULL : c->fail_callback; /* once */
}

static void check_manners(struct conform *c)
{
    struct stat st;
    char folder[PATH_MAX];
    const char *locale = setlocale(LC_ALL, NULL);
    fflush(stdout);
    if (fstat(c->stdout_file, &st) == 0 && st.st_size != c->stdout_size) {
        conform_fail(c, "%s() wrote to standard output, which is for data: use host->log()",
                     c->inside);
        c->stdout_size = st.st_size;
    }
    if (locale && strcmp(locale, c->locale) != 0) {
        conform_fail(c,
                     "%s() changed the locale of the process to %s: use newlocale() and "
                     "uselocale() for a thread of your own",
                     c->inside, locale);
        setlocale(LC_ALL, c->locale);
    }
    if (getcwd(folder, sizeof folder) && strcmp(folder, c->folder) != 0) {
        conform_fail(c, "%s() changed the working folder to %s: use absolute paths", c->inside,
                     folder);
        memcpy(c->folder, folder, sizeof c->folder);
    }
}

void conform_leave_void(struct conform *c)
{
    count_allocations(c);
    check_manners(c);
}

int32_t conform_leave(struct conform *c, int32_t status)
{
    conform_leave_void(c);
    if (status < CTXMARK_OK || status > CTXMARK_LOST)
        conform_fail(c,
                     "%s() returned %d, which is no status: return one of CTXMARK_OK to "
                     "CTXMARK_LOST",
                     c->inside, (int)status);
    else if (status != CTXMARK_OK && !c->host.reason[0])
        conform_fail(c,
                     "%s() failed with status %d and gave no reason: call host->fail() with a "
                     "sentence for the user",
                     c->inside, (int)status);
    return status;
}

/* ---- the child's life */

static void watch_manners(struct conform *c)
{
    const char *locale = setlocale(LC_ALL, NULL);
    c->locale = strdup(locale ? locale : "C");
    c->stdout_file = memfd_create("ctxmark-stdout", MFD_CLOEXEC);
    if (c->stdout_file >= 0)
        dup2(c->stdout_file, STDOUT_FILENO);
    if (!getcwd(c->folder, sizeof c->folder))
        c->folder[0] = '\0';
}

static void run_scenario(struct conform *c)
{
    const char *wanted = json_string_value(json_object_get(c->job, "scenario"));
    for (size_t i = 0; wanted && i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (strcmp(scenarios[i].name, wanted) == 0)
            scenarios[i].run(c);
}

static int serve(struct conform *c)
{
    struct err e;
    watch_manners(c);
    c->check = "loading";
    if (!c->locale || plugin_load(json_string_value(json_object_get(c->job, "path")),
                                  json_string_value(json_object_get(c->job, "sha256")),
                                  PLUGIN_BIND_NOW, &c->plugin, &e) < 0) {
        conform_fail(c, "%s", c->locale ? e.text : "out of memory");
        return 1;
    }
    c->inside = "ctxmark_plugin_query";
    check_manners(c);
    host_init(&c->host, c->plugin->name, json_object_get(c->job, "options"),
              json_object_get(c->job, "model_keys"));
    c->host.table.cancelled = service_cancelled;
    run_scenario(c);
    host_finish(&c->host);
    free(c->locale);
    return 0;
}

static void on_terminate(int signal_number)
{
    (void)signal_number;
    host_cancel = 1;
}

int conformance_child_main(void)
{
    struct err e;
    static struct conform c;
    json_t *job = NULL;
    struct sigaction act = {.sa_handler = on_terminate};
    sigaction(SIGTERM, &act, NULL);
    if (message_receive(CHILD_SOCKET_FD, 0, -1, &job, &e) != MESSAGE_OK)
        return 1;
    c.job = job;
    the_one = &c;
    int status = serve(&c);
    conform_send(json_pack("{s:b}", "done", 1));
    json_decref(job);
    fflush(NULL);
    _exit(status);
}
