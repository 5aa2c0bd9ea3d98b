/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/identity.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/sha256.h"
#include "core/run/rundir.h"

#define HEAD_BYTES ((size_t)1 << 16)
#define FILES_MAX 1000 /* in one folder */

static void put_head(json_t *entry, const char *path)
{
    static char head[HEAD_BYTES];
    char hex[65];
    struct sha256 s;
    FILE *f = fopen(path, "rbe");
    if (!f)
        return;
    sha256_init(&s);
    sha256_add(&s, head, fread(head, 1, sizeof head, f));
    sha256_hex(&s, hex);
    fclose(f);
    json_object_set_new(entry, "head_sha256", json_string(hex));
}

static void put_file(json_t *files, const char *path, const struct stat *st)
{
    json_t *entry = json_pack("{s:I, s:I}", "bytes", (json_int_t)st->st_size, "modified",
                              (json_int_t)st->st_mtime);
    if (!entry)
        return;
    put_head(entry, path);
    json_object_set_new(files, path, entry);
}

static void put_folder(json_t *files, const char *folder)
{
    char path[PATH_MAX + 300];
    DIR *dir = opendir(folder);
    int count = 0;
    for (struct dirent *en; dir && count < FILES_MAX && (en = readdir(dir));) {
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", folder, en->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            put_file(files, path, &st);
            count++;
        }
    }
    if (dir)
        closedir(dir);
}

static void put_values(json_t *files, const struct option_schema *table, size_t count,
                       const json_t *values)
{
    for (size_t i = 0; i < count; i++) {
        const char *path = json_string_value(json_object_get(values, table[i].name));
        struct stat st;
        if (table[i].type != CTXMARK_TYPE_PATH || !path || stat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            put_folder(files, path);
        else if (S_ISREG(st.st_mode))
            put_file(files, path, &st);
    }
}

json_t *identity_files(const struct config *c, const struct plan *p)
{
    json_t *files = json_object();
    for (size_t i = 0; files && i < p->group_count; i++) {
        const struct plan_group *g = &p->groups[i];
        const struct descriptor *d = c->backends[g->backend].descriptor;
        if (!d || g->launch != 0)
            continue;
        put_values(files, d->model_keys, d->model_key_count, g->model_keys);
        put_values(files, d->options, d->option_count, c->backends[g->backend].options);
    }
    return files;
}

/* ---- whole files, hashed once */

static bool same_file(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"bytes", "modified", "head_sha256"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *x = json_object_get(a, keys[i]), *y = json_object_get(b, keys[i]);
        if (!x || !y || !json_equal(x, y))
            return false;
    }
    return true;
}

const char *identity_difference(const json_t *before, const json_t *now)
{
    const char *path;
    json_t *entry;
    json_object_foreach((json_t *)before, path, entry)
    {
        if (!same_file(entry, json_object_get(now, path)))
            return path;
    }
    json_object_foreach((json_t *)now, path, entry)
    {
        if (!json_object_get(before, path))
            return path;
    }
    return NULL;
}

/* The folder is made; NULL: there is none to be had. */
static char *cache_folder(void)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct buf b = {0};
    if (base && base[0] == '/')
        buf_printf(&b, "%s", base);
    else if (home && home[0] == '/')
        buf_printf(&b, "%s/.cache", home);
    else
        return NULL;
    if (buf_ok(&b))
        mkdir(b.data, 0700);
    buf_puts(&b, "/ctxmark");
    if (!buf_ok(&b) || (mkdir(b.data, 0700) < 0 && errno != EEXIST)) {
        buf_free(&b);
        return NULL;
    }
    return buf_take(&b);
}

static bool hash_entry(const char *path, json_t *entry, const json_t *known)
{
    char hex[65];
    struct err e;
    json_t *sha256 = same_file(entry, known) ? json_object_get(known, "sha256") : NULL;
    if (sha256) {
        json_object_set(entry, "sha256", sha256);
        return false;
    }
    if (sha256_file(path, hex, &e) < 0)
        return false;
    json_object_set_new(entry, "sha256", json_string(hex));
    return true;
}

void identity_hash(json_t *files)
{
    char *folder = cache_folder();
    struct err e;
    const char *path;
    json_t *entry, *cache = folder ? rundir_read_json(folder, "files.json", &e) : NULL;
    bool changed = false;
    if (!json_is_object(cache)) {
        json_decref(cache);
        cache = json_object();
    }
    json_object_foreach(files, path, entry)
    {
        if (!hash_entry(path, entry, json_object_get(cache, path)))
            continue;
        json_object_set(cache, path, entry);
        changed = true;
    }
    if (folder && changed && rundir_write_json(folder, "files.json", cache, &e) < 0)
        log_debug("%s", e.text);
    json_decref(cache);
    free(folder);
}
