/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The host services that every plugin gets, in the child that runs it. */

#ifndef CORE_PLUGIN_HOST_H
#define CORE_PLUGIN_HOST_H

#include <signal.h>
#include <stdbool.h>

#include <jansson.h>

#include <ctxmark/plugin.h>

struct host {
    struct ctxmark_host table; /* what the plugin sees; table.state is this struct */
    const char *label;         /* "hf_cpu": before its log lines */
    const json_t *options;     /* object: option -> checked value; borrowed */
    json_t *model_keys;        /* object: model key -> checked value; borrowed, may change */
    json_t *kv;                /* object: the key-value store; owned */
    bool kv_changed;
    json_t *facts;     /* object: key -> FACT, as the plugin set them in this callback; owned */
    char reason[1024]; /* the last fail(); "" if none */
    void *extension;   /* for the child's own services */
};

/* Set by SIGTERM in a child: what cancelled() answers. */
extern volatile sig_atomic_t host_cancel;

/* Fills in the services that backends and analyzers share.  options and model_keys may be NULL.
 * Also makes this thread read and write numbers in the C locale, whatever a plugin does to the
 * process's. */
void host_init(struct host *h, const char *label, const json_t *options, json_t *model_keys);
void host_finish(struct host *h);

/* Keeps why a callback fails, as UTF-8 whatever the plugin says, unless text is NULL or empty. */
void host_keep_reason(struct host *h, const char *text);

/* Forgets the last reason; before each callback. */
void host_begin(struct host *h);

/* The word of metrics.csv for what a callback returned: "ok", "oom", "timeout", "error". */
const char *host_status_name(int32_t status);

/* FACT = {"number": x | "text": t, "unit": u, "provenance": p}, as a new reference, and back. */
json_t *fact_to_json(const struct ctxmark_fact *f);
void fact_from_json(const json_t *json, struct ctxmark_fact *ret_fact);

#endif
