/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/identity.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/sha256.h"

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
