/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* An analyzer over the rows that its parent passes, and what it emits. */

#include "config.h"

#include <string.h>

#include "core/analysis/services.h"
#include "core/base/child.h"
#include "core/conformance/child.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* ---- tables */

static void check_column(struct conform *c, const char *table, const json_t *column)
{
    if (!text_of(column, "definition")[0])
        conform_fail(c,
                     "table %s: the column %s has no definition: one sentence, formula or "
                     "meaning",
                     table, text_of(column, "name"));
}

static void check_table(struct conform *c, const json_t *table)
{
    size_t i;
    json_t *column;
    bool keys_over = false;
    json_array_foreach(json_object_get(table, "columns"), i, column)
    {
        bool key = strcmp(text_of(column, "role"), "key") == 0;
        check_column(c, text_of(table, "name"), column);
        if (key && keys_over)
            conform_fail(c,
                         "table %s: the key %s stands behind columns that are no keys: keys come "
                         "first",
                         text_of(table, "name"), text_of(column, "name"));
        keys_over = keys_over || !key;
    }
}

/* ---- findings */

static const json_t *find_named(const json_t *array, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        if (strcmp(text_of(item, "name"), name) == 0)
            return item;
    }
    return NULL;
}

/* Evidence of other analyzers' tables cannot be looked up here. */
static void check_evidence(struct conform *c, const struct emitted *m, const json_t *finding,
                           const json_t *evidence)
{
    const char *name = text_of(evidence, "table"), *column = text_of(evidence, "column");
    const json_t *row = json_object_get(evidence, "row");
    if (strcmp(text_of(evidence, "analyzer"), c->plugin->name) != 0)
        return;
    const json_t *table = find_named(m->tables, name);
    if (!table)
        conform_fail(c, "finding %s rests on the table '%s', which was not emitted",
                     text_of(finding, "id"), name);
    else if (*column && !find_named(json_object_get(table, "columns"), column))
        conform_fail(c, "finding %s rests on the column '%s', which table %s does not have",
                     text_of(finding, "id"), column, name);
    else if (json_is_integer(row) &&
             (size_t)json_integer_value(row) >= json_array_size(json_object_get(table, "rows")))
        conform_fail(c, "finding %s rests on row %lld of table %s, which has %zu",
                     text_of(finding, "id"), (long long)json_integer_value(row), name,
                     json_array_size(json_object_get(table, "rows")));
}

static void check_emitted(struct conform *c, const struct emitted *m)
{
    size_t i, k;
    json_t *item, *evidence;
    if (m->refused)
        conform_fail(c,
                     "%zu tables, rows, findings or plots were malformed and left out; the lines "
                     "above say why",
                     m->refused);
    json_array_foreach(m->tables, i, item)
    {
        check_table(c, item);
    }
    json_array_foreach(m->findings, i, item)
    {
        json_array_foreach(json_object_get(item, "evidence"), k, evidence)
        {
            check_evidence(c, m, item, evidence);
        }
    }
}

/* ---- the callback */

/* True if what it emitted would be taken. */
static bool call_analyze(struct conform *c)
{
    conform_enter(c, "analyze");
    int32_t status = c->plugin->analyzer->analyze(&c->host.table);
    bool without_memory = c->fail_callback != NULL;
    status = conform_leave(c, status);
    if (status != CTXMARK_OK && status != CTXMARK_UNSUPPORTED && status != CTXMARK_CANCELLED &&
        !without_memory && c->host.reason[0])
        conform_fail(c,
                     "analyze() failed: %s; where there is nothing to do, CTXMARK_UNSUPPORTED "
                     "says so",
                     c->host.reason);
    return status == CTXMARK_OK;
}

void scenario_analyze(struct conform *c)
{
    struct err e;
    struct store store;
    struct services services = {.store = &store,
                                .facts = json_object_get(c->job, "facts"),
                                .tables = json_object_get(c->job, "tables")};
    const char *name = text_of(c->job, "check");
    conform_begin(c, *name ? name : "analyze");
    c->cancel = json_is_true(json_object_get(c->job, "cancel"));
    if (store_map(CHILD_EXTRA_FD, &store, &e) < 0 ||
        emitted_init(&services.emitted, c->plugin->name) < 0) {
        conform_fail(c, "the rows could not be prepared");
        return;
    }
    services_install(&c->host, &services);
    bool sound = call_analyze(c);
    if (emitted_unpack(&services.emitted) < 0)
        conform_fail(c, "out of memory");
    else if (sound)
        check_emitted(c, &services.emitted);
    conform_send(json_pack("{s:{s:O, s:O, s:O}}", "output", "tables", services.emitted.tables,
                           "findings", services.emitted.findings, "plots", services.emitted.plots));
    services_finish(&services);
    emitted_free(&services.emitted);
    store_unmap(&store);
    conform_end(c);
}
