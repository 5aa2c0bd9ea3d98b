/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "servers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/analysis/library/facts.h"
#include "plugins/analysis/library/figure.h"
#include "plugins/analysis/library/findings.h"

#define HOST_CACHE "host memory" /* as a part of the fact server_prompt_cache */

struct server_row {
    struct keys keys;
    const char *server_version, *prompt_cache, *prefill_time;
    double num_ctx, server_context, longest, device_share_pct;
};

#define V(member, type, role, unit, definition)                                                    \
    FIELD(struct server_row, member, type, role, unit, definition)
#define O(member, type, role, unit, definition)                                                    \
    FIELD_OPTIONAL(struct server_row, member, type, role, unit, definition)
static const struct field fields[] = {
    KEY_FIELDS(struct server_row),
    V(server_version, TEXT, VALUE, "", "the server's own version"),
    O(prompt_cache, TEXT, VALUE, "", "where this version keeps prompts that it has read"),
    O(prefill_time, TEXT, VALUE, "", "what this version's own prefill time covers, if not all"),
    O(num_ctx, INTEGER, VALUE, "tokens", "context that was asked for"),
    O(server_context, INTEGER, VALUE, "tokens", "context that the server gave"),
    V(longest, INTEGER, VALUE, "tokens", "longest nominal context that was measured"),
    O(device_share_pct, NUMBER, VALUE, "%",
      "the server's own prefill time over the wall clock's, of the last repetition at the longest "
      "context"),
};

static const struct table server_table =
    TABLE("servers", "What the servers say of themselves", "reliability", 9, fields);

/* The last prefill at the longest context: its device clock's share of the wall clock's. */
static void find_longest(struct server_row *s, const struct group *g, const struct rows *r,
                         const struct ctxmark_column *device)
{
    s->longest = s->device_share_pct = NAN;
    for (size_t i = 0; i < g->count; i++) {
        double context = rows_number(&r->context, group_row(g, i));
        if (rows_code(&r->mode, group_row(g, i)) != r->prefill || context < s->longest)
            continue;
        s->longest = context;
        s->device_share_pct =
            100 * rows_number(device, group_row(g, i)) / rows_number(&r->latency, group_row(g, i));
    }
}

static void say_host_cache(struct findings *said, const struct server_row *s, int64_t row)
{
    const struct saying what = {CTXMARK_SEVERITY_INFO, "host_prompt_cache", server_table.name,
                                "prompt_cache"};
    findings_say(said, &what, row, 0, label_of(&s->keys, "%s", s->server_version).text,
                 "The server of %s on %s (%s) keeps prompts that it has read in host memory too: "
                 "one that was sent before comes from there even if others came between, so only "
                 "prompts that were never sent measure a prefill, and its memory on the host grows "
                 "with every new prompt.",
                 s->keys.model ? s->keys.model : "?", s->keys.backend ? s->keys.backend : "?",
                 s->server_version);
}

static void say_prefill_time(struct findings *said, const struct server_row *s, int64_t row)
{
    const struct saying what = {CTXMARK_SEVERITY_WARNING, "server_prefill_time", server_table.name,
                                "prefill_time"};
    char share[128] = "";
    if (s->device_share_pct > 0)
        snprintf(share, sizeof share, " (at %.0f tokens %s %% of the wall clock's)", s->longest,
                 figure(s->device_share_pct).text);
    findings_say(said, &what, row, -s->device_share_pct,
                 label_of(&s->keys, "%s", s->server_version).text,
                 "The prefill time that the server of %s on %s (%s) gives, device_ms, is of the %s"
                 "%s: too short for every longer prompt. latency_ms, the wall clock, is right.",
                 s->keys.model ? s->keys.model : "?", s->keys.backend ? s->keys.backend : "?",
                 s->server_version, s->prefill_time, share);
}

static void say_context(struct findings *said, const struct server_row *s, int64_t row)
{
    const struct saying what = {s->longest >= s->server_context ? CTXMARK_SEVERITY_WARNING
                                                                : CTXMARK_SEVERITY_NOTICE,
                                "context_cut_down", server_table.name, "server_context"};
    findings_say(
        said, &what, row, s->num_ctx / s->server_context,
        label_of(&s->keys, "%.0f of %.0f tokens", s->server_context, s->num_ctx).text,
        "The server of %s on %s gives a context of %.0f tokens where %.0f were asked for, "
        "without saying so. %s",
        s->keys.model ? s->keys.model : "?", s->keys.backend ? s->keys.backend : "?",
        s->server_context, s->num_ctx,
        s->longest >= s->server_context
            ? "Longer prompts are cut or refused: their cells are not what they are called."
            : "All prompts that were measured are shorter.");
}

static void say_rows(const struct ctxmark_host *h, const struct server_row *s, size_t count)
{
    struct findings said = {0};
    for (size_t i = 0; i < count; i++) {
        if (s[i].prompt_cache && strstr(s[i].prompt_cache, HOST_CACHE))
            say_host_cache(&said, &s[i], (int64_t)i);
        if (s[i].prefill_time)
            say_prefill_time(&said, &s[i], (int64_t)i);
        if (s[i].server_context < s[i].num_ctx)
            say_context(&said, &s[i], (int64_t)i);
    }
    findings_emit(h, &said);
}

int servers_report(const struct ctxmark_host *h, const struct rows *r)
{
    struct groups g;
    struct ctxmark_column device = {.size = sizeof device};
    if (!h->column(h, "device_ms", &device))
        device = (struct ctxmark_column){0};
    if (groups_make(&g, r, 0, rows_is_usable) < 0)
        return -1;
    struct server_row *s = calloc(g.count + 1, sizeof *s);
    size_t count = 0;
    for (size_t i = 0; s && i < g.count; i++) {
        struct keys k = keys_of(&g.items[i]);
        const char *version = facts_text(h, k.backend, k.model, "server_version");
        if (!version)
            continue;
        s[count] = (struct server_row){
            .keys = k,
            .server_version = version,
            .prompt_cache = facts_text(h, k.backend, k.model, "server_prompt_cache"),
            .prefill_time = facts_text(h, k.backend, k.model, "server_prefill_time"),
            .num_ctx = facts_number(h, k.backend, k.model, "num_ctx"),
            .server_context = facts_number(h, k.backend, k.model, "server_context")};
        find_longest(&s[count++], &g.items[i], r, &device);
    }
    table_emit(h, &server_table, s, sizeof *s, s ? count : 0);
    if (s)
        say_rows(h, s, count);
    groups_free(&g);
    bool ready = s != NULL;
    free(s);
    return ready ? 0 : -1;
}
