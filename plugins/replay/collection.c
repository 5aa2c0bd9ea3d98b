/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/replay/collection.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more element; -1: out of memory. */
static int make_room(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return 0;
    size_t more = *capacity ? *capacity * 2 : 64;
    void *bigger = realloc(*array, more * size);
    if (!bigger)
        return -1;
    *array = bigger;
    *capacity = more;
    return 0;
}

/* ---- names */

static bool pair_is(const struct replay_pair *p, const struct replay_row *row)
{
    return strcmp(p->backend, row->backend) == 0 && strcmp(p->model, row->model) == 0;
}

/* Rows of one pair mostly follow each other: the last one found comes first. */
static int add_pair(struct replay_collection *c, const struct replay_row *row)
{
    for (size_t i = c->pair_count; i-- > 0;)
        if (pair_is(&c->pairs[i], row)) {
            struct replay_pair last = c->pairs[c->pair_count - 1];
            c->pairs[c->pair_count - 1] = c->pairs[i];
            c->pairs[i] = last;
            return 0;
        }
    if (make_room((void **)&c->pairs, &c->pair_capacity, c->pair_count, sizeof *c->pairs) < 0)
        return -1;
    c->pairs[c->pair_count++] = (struct replay_pair){row->backend, row->model};
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "a, b, c": the models, or the backends of the model, cut where there are very many. */
static void list_names(const struct replay_collection *c, bool models, char *out, size_t size)
{
    const char **names = calloc(c->pair_count + 1, sizeof *names);
    size_t n = 0, used = 0;
    out[0] = '\0';
    for (size_t i = 0; names && i < c->pair_count; i++)
        if (models || strcmp(c->pairs[i].model, c->model) == 0)
            names[n++] = models ? c->pairs[i].model : c->pairs[i].backend;
    if (n)
        qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 0; i < n && used < size; i++) {
        if (i && strcmp(names[i], names[i - 1]) == 0)
            continue;
        int wrote = snprintf(out + used, size - used, "%s%s", used ? ", " : "", names[i]);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    free(names);
}

/* ---- rows */

int replay_collection_take(void *collection, const struct replay_row *row, struct replay_err *e)
{
    struct replay_collection *c = collection;
    if (add_pair(c, row) < 0)
        return replay_err_set(e, "out of memory while the recording was read");
    if (strcmp(row->model, c->model) != 0 || row->concurrency > 1 || row->request > 0)
        return 0;
    if (make_room((void **)&c->rows, &c->capacity, c->count, sizeof *c->rows) < 0)
        return replay_err_set(e, "out of memory while the recording was read");
    c->rows[c->count++] = *row;
    return 0;
}

static const char *only_backend(const struct replay_collection *c, const char *path,
                                struct replay_err *e)
{
    char names[512];
    const char *only = c->rows[0].backend;
    for (size_t i = 1; i < c->count; i++)
        if (strcmp(c->rows[i].backend, only) != 0) {
            list_names(c, false, names, sizeof names);
            replay_err_set(e,
                           "%s: more than one backend ran model '%s': %s; say which with the "
                           "option 'backend'",
                           path, c->model, names);
            return NULL;
        }
    return only;
}

static void keep_backend(struct replay_collection *c, const char *backend)
{
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->rows[i].backend, backend) == 0)
            c->rows[n++] = c->rows[i];
    c->count = n;
}

/* Why nothing is left to play. */
static const char *fail_nothing(const struct replay_collection *c, const char *path,
                                const char *wanted, struct replay_err *e)
{
    char names[512];
    list_names(c, false, names, sizeof names);
    if (names[0] && wanted) {
        replay_err_set(e, "%s: backend '%s' has no rows of model '%s'; it was run by: %s", path,
                       wanted, c->model, names);
        return NULL;
    }
    if (names[0]) {
        replay_err_set(e, "%s: model '%s' was run with parallel requests only: no replay of those",
                       path, c->model);
        return NULL;
    }
    list_names(c, true, names, sizeof names);
    replay_err_set(e,
                   "%s: no rows of model '%s'; it has %s%s: name one with the model's key "
                   "'recorded_model'",
                   path, c->model, names[0] ? "rows of " : "no rows at all", names);
    return NULL;
}

const char *replay_collection_choose(struct replay_collection *c, const char *path,
                                     const char *wanted, struct replay_err *e)
{
    if (!c->count)
        return fail_nothing(c, path, wanted, e);
    const char *backend = wanted ? wanted : only_backend(c, path, e);
    if (!backend)
        return NULL;
    keep_backend(c, backend);
    return c->count ? c->rows[0].backend : fail_nothing(c, path, wanted, e);
}

void replay_collection_free(struct replay_collection *c)
{
    free(c->rows);
    free(c->pairs);
    memset(c, 0, sizeof *c);
}
