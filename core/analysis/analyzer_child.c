/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/analysis/analysis.h"

#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>

#include "core/analysis/services.h"
#include "core/analysis/store.h"
#include "core/base/child.h"
#include "core/base/wire.h"
#include "core/plugin/load.h"

static void on_terminate(int signal_number)
{
    (void)signal_number;
    host_cancel = 1;
}

static void write_member(struct buf *b, const char *key, const json_t *value)
{
    wire_key(b, key);
    wire_write(b, value);
}

/* Sends what came of it (m NULL: nothing); returns the exit status. */
static int answer(int32_t status, const char *reason, const struct emitted *m)
{
    struct err e;
    struct buf b = {0};
    json_t *words = json_string(reason);
    if (!words) /* it is not UTF-8 */
        words = json_string("");
    wire_begin_object(&b, m ? 5 : 2);
    wire_key(&b, "status");
    wire_integer(&b, status);
    if (words)
        write_member(&b, "reason", words);
    if (m) {
        write_member(&b, "findings", m->findings);
        write_member(&b, "plots", m->plots);
        wire_key(&b, "tables");
        emitted_write_tables(m, &b);
    }
    int sent = words ? message_send_bytes(CHILD_SOCKET_FD, &b, &e) : -1;
    json_decref(words);
    buf_free(&b);
    return sent == 0 ? 0 : 1;
}

static int run_analyzer(const struct ctxmark_plugin *plugin, const json_t *job,
                        const json_t *tables, struct store *store)
{
    struct host host;
    struct services services = {
        .store = store, .facts = json_object_get(job, "facts"), .tables = tables};
    if (emitted_init(&services.emitted, plugin->name) < 0)
        return answer(CTXMARK_ERROR, "out of memory", NULL);
    host_init(&host, plugin->name, json_object_get(job, "options"), NULL);
    services_install(&host, &services);
    host_begin(&host);
    int32_t status = plugin->analyzer->analyze(&host.table);
    int code = answer(status, host.reason, &services.emitted);
    services_finish(&services);
    emitted_free(&services.emitted);
    host_finish(&host);
    return code;
}

static int serve(const json_t *message)
{
    const json_t *job = json_object_get(message, "job");
    struct err e;
    struct store store;
    static const struct ctxmark_plugin *plugin; /* lives as long as the process */
    const char *path = json_string_value(json_object_get(job, "path"));
    const char *sha256 = json_string_value(json_object_get(job, "sha256"));
    log_set_level((enum log_level)json_integer_value(json_object_get(job, "log_level")));
    if (store_map(CHILD_EXTRA_FD, &store, &e) < 0)
        return answer(CTXMARK_ERROR, e.text, NULL);
    int code;
    if (!path ||
        plugin_load(path, sha256 && *sha256 ? sha256 : NULL, PLUGIN_BIND_LATE, &plugin, &e) < 0)
        code = answer(CTXMARK_ERROR, path ? e.text : "no plugin was named", NULL);
    else if (plugin->kind != CTXMARK_ANALYZER || !plugin->analyzer || !plugin->analyzer->analyze)
        code = answer(CTXMARK_ERROR, "the plugin is no analyzer", NULL);
    else
        code = run_analyzer(plugin, job, json_object_get(message, "tables"), &store);
    store_unmap(&store);
    return code;
}

/* A short life: memory is not handed back in between, and had in larger pieces. */
static void tune_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
#endif
}

int analyzer_child_main(void)
{
    struct err e;
    json_t *message = NULL;
    struct sigaction action = {.sa_handler = on_terminate};
    sigaction(SIGTERM, &action, NULL);
    tune_memory();
    enum message_result r = message_receive(CHILD_SOCKET_FD, 0, -1, &message, &e);
    if (r != MESSAGE_OK) {
        if (r == MESSAGE_BAD)
            log_error("analyzer child: %s", e.text);
        return 1;
    }
    int code = serve(message);
    json_decref(message);
    return code;
}
