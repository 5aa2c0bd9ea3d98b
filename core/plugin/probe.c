/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/plugin/probe.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/child.h"
#include "core/base/sha256.h"
#include "core/plugin/host.h"
#include "core/plugin/load.h"

#define PROBE_LIMIT_S 10

/* ---- the child */

static json_t *answer_backend(const struct ctxmark_plugin *p, const json_t *options)
{
    if (p->kind != CTXMARK_BACKEND || !p->backend->probe)
        return json_pack("{s:b}", "works", 1);
    struct host h;
    host_init(&h, p->name, options, NULL);
    int32_t status = p->backend->probe(&h.table);
    json_t *answer = json_pack("{s:b, s:s}", "works", status == CTXMARK_OK, "reason", h.reason);
    host_finish(&h);
    return answer;
}

int probe_child_main(void)
{
    struct err e;
    json_t *job, *answer;
    if (message_receive(CHILD_SOCKET_FD, 0, -1, &job, &e) != MESSAGE_OK)
        return 1;
    const struct ctxmark_plugin *p;
    const json_t *options = json_object_get(job, "options");
    const char *path = json_string_value(json_object_get(job, "path"));
    if (plugin_load(path, json_string_value(json_object_get(job, "sha256")), PLUGIN_BIND_NOW, &p,
                    &e) < 0)
        answer = json_pack("{s:s%}", "error", e.text, strlen(e.text));
    else if (options)
        answer = answer_backend(p, options);
    else
        answer = descriptor_to_json(p);
    if (!answer)
        answer = json_pack("{s:s}", "error", "its descriptor has text that is not UTF-8");
    int r = message_send(CHILD_SOCKET_FD, answer, &e);
    json_decref(answer);
    json_decref(job);
    return r < 0;
}

/* ---- the parent */

/* The child's answer to `job` (stolen); NULL: e says why there is none. */
static json_t *ask(const char *path, json_t *job, struct err *e)
{
    struct child child;
    json_t *answer = NULL;
    char how[128];
    if (!job) {
        err_memory(e);
        return NULL;
    }
    if (child_spawn("probe", -1, &child, e) < 0) {
        json_decref(job);
        return NULL;
    }
    int64_t deadline = clock_now_ns() + INT64_C(1000000000) * PROBE_LIMIT_S;
    struct err send_error; /* a child that dies at once shows in how it ended */
    message_send(child.fd, job, &send_error);
    json_decref(job);
    enum message_result r = message_receive(child.fd, deadline, -1, &answer, e);
    if (r == MESSAGE_TIMEOUT) {
        child_kill(&child);
        err_set(e, "%s does not answer: it hung for %d s while it was examined", path,
                PROBE_LIMIT_S);
        return NULL;
    }
    /* A plugin's threads or destructors must not hold us up. */
    child_end(&child, r == MESSAGE_OK ? clock_now_ns() + 100000000 : deadline, how, sizeof how);
    if (r != MESSAGE_OK)
        err_set(e, "%s cannot be used: the process that opened it was %s", path,
                how[0] ? how : "ended by the plugin");
    return answer;
}

struct descriptor *probe_descriptor(const char *path, struct err *e)
{
    char sha256[65];
    bool is_static = strncmp(path, PLUGIN_STATIC_PREFIX, strlen(PLUGIN_STATIC_PREFIX)) == 0;
    if (!is_static && plugin_trust(path, e) < 0)
        return NULL;
    if (sha256_file(is_static ? "/proc/self/exe" : path, sha256, e) < 0)
        return NULL;
    json_t *answer = ask(path, json_pack("{s:s, s:s}", "path", path, "sha256", sha256), e);
    if (!answer)
        return NULL;
    const char *error = json_string_value(json_object_get(answer, "error"));
    struct descriptor *d = NULL;
    if (error)
        err_set(e, "%s", error);
    else
        d = descriptor_from_json(answer, e);
    json_decref(answer);
    if (d) {
        d->path = strdup(path);
        memcpy(d->sha256, sha256, sizeof d->sha256);
        if (!d->path) {
            descriptor_free(d);
            d = NULL;
            err_memory(e);
        }
    }
    return d;
}

int probe_backend(const struct descriptor *d, const json_t *options, struct err *e)
{
    json_t *job = json_pack("{s:s, s:s, s:O}", "path", d->path, "sha256", d->sha256, "options",
                            (json_t *)options);
    json_t *answer = ask(d->path, job, e);
    if (!answer)
        return -1;
    const char *error = json_string_value(json_object_get(answer, "error"));
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    int works = json_is_true(json_object_get(answer, "works"));
    if (error)
        err_set(e, "%s", error);
    else if (!works)
        err_set(e, "%s", reason && reason[0] ? reason : "the plugin gives no reason");
    json_decref(answer);
    return error ? -1 : works;
}
