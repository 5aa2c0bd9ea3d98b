/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#define _GNU_SOURCE 1
#include "config.h"

#include "core/plugin/registry.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/plugin/load.h"
#include "core/plugin/probe.h"

/* What became of one file (or built-in plugin). */
struct entry {
    char *path;
    struct descriptor *descriptor; /* NULL: problem says why */
    char *problem;
    struct entry *next;
};

struct registry {
    char **folders; /* NULL-terminated, absolute, in the order of search */
    size_t folder_count;
    struct entry *entries;
};

/* ---- the search path */

static int add_folder(struct registry *r, const char *folder, size_t len)
{
    char *text = strndup(folder, len);
    char **folders = realloc(r->folders, (r->folder_count + 2) * sizeof *folders);
    if (folders)
        r->folders = folders;
    if (!text || !folders) {
        free(text);
        return -1;
    }
    folders[r->folder_count++] = text;
    folders[r->folder_count] = NULL;
    return 0;
}

/* CTXMARK_PLUGIN_PATH: colon-separated.  Relative folders are passed over: nothing is loaded from
 * wherever the user happens to stand. */
static int add_environment(struct registry *r)
{
    const char *path = getenv("CTXMARK_PLUGIN_PATH");
    int status = 0;
    while (path && *path) {
        size_t len = strcspn(path, ":");
        if (path[0] == '/')
            status |= add_folder(r, path, len);
        else if (len)
            log_warning("CTXMARK_PLUGIN_PATH: %.*s is passed over: folders must be absolute",
                        (int)len, path);
        path += len + (path[len] == ':');
    }
    return status;
}

/* A program that runs from the tree it was built in finds the plugins beside it. */
static int add_build_tree(struct registry *r)
{
    char exe[PATH_MAX], probe[PATH_MAX + 32];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return 0;
    exe[n] = '\0';
    char *slash = strrchr(exe, '/');
    if (!slash)
        return 0;
    *slash = '\0';
    snprintf(probe, sizeof probe, "%s/config.status", exe);
    if (access(probe, F_OK) != 0)
        return 0;
    snprintf(probe, sizeof probe, "%s/plugins/.libs", exe);
    return add_folder(r, probe, strlen(probe));
}

struct registry *registry_new(const char *const *extra_path, struct err *e)
{
    struct registry *r = calloc(1, sizeof *r);
    int status = r ? add_environment(r) : -1;
    for (size_t i = 0; status == 0 && extra_path && extra_path[i]; i++)
        status = add_folder(r, extra_path[i], strlen(extra_path[i]));
    if (status == 0)
        status = add_build_tree(r);
    if (status == 0)
        status = add_folder(r, CTXMARK_PLUGINDIR, strlen(CTXMARK_PLUGINDIR));
    if (status != 0) {
        registry_free(r);
        err_memory(e);
        return NULL;
    }
    return r;
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    for (struct entry *en = r->entries, *next; en; en = next) {
        next = en->next;
        descriptor_free(en->descriptor);
        free(en->path);
        free(en->problem);
        free(en);
    }
    for (size_t i = 0; i < r->folder_count; i++)
        free(r->folders[i]);
    free(r->folders);
    free(r);
}

/* ---- probing, once for each file */

static struct entry *examine(struct registry *r, const char *path, struct err *e)
{
    for (struct entry *en = r->entries; en; en = en->next)
        if (strcmp(en->path, path) == 0)
            return en;
    struct entry *en = calloc(1, sizeof *en);
    if (!en || !(en->path = strdup(path))) {
        free(en);
        err_memory(e);
        return NULL;
    }
    struct err why;
    en->descriptor = probe_descriptor(path, &why);
    if (!en->descriptor)
        en->problem = strdup(why.text);
    en->next = r->entries;
    r->entries = en;
    return en;
}

/* ---- finding by name */

static bool has_static(const char *name)
{
    for (size_t i = 0; plugin_static_name(i); i++)
        if (strcmp(plugin_static_name(i), name) == 0)
            return true;
    return false;
}

static bool name_is_file(const char *name)
{
    return strchr(name, '/') != NULL;
}

/* The file of plugin `name`: 1 found, 0 not. */
static int locate(const struct registry *r, const char *name, char *ret_path, size_t size)
{
    if (name_is_file(name)) {
        char real[PATH_MAX];
        if (access(name, F_OK) != 0)
            return 0;
        if (name[0] == '/')
            snprintf(ret_path, size, "%s", name);
        else if (realpath(name, real))
            snprintf(ret_path, size, "%s", real);
        return 1;
    }
    for (size_t i = 0; i < r->folder_count; i++) {
        snprintf(ret_path, size, "%s/%s.so", r->folders[i], name);
        struct stat st;
        if (lstat(ret_path, &st) == 0)
            return 1;
    }
    if (has_static(name)) {
        snprintf(ret_path, size, PLUGIN_STATIC_PREFIX "%s", name);
        return 1;
    }
    return 0;
}

static void explain_missing(const struct registry *r, const char *name, const char *asked,
                            uint32_t kind, struct err *e)
{
    struct buf b = {0};
    const struct known_plugin *k = known_plugin_find(name);
    buf_printf(&b, "%s plugin '%s' is not installed",
               kind == CTXMARK_BACKEND ? "the backend" : "the analyzer", name);
    if (strcmp(name, asked) != 0)
        buf_printf(&b, " ('%s' is another name for it)", asked);
    if (name_is_file(name))
        buf_puts(&b, ": there is no such file");
    else {
        buf_printf(&b, ": no %s.so in", name);
        for (size_t i = 0; i < r->folder_count; i++)
            buf_printf(&b, "%s %s", i ? "," : "", r->folders[i]);
    }
    if (k)
        buf_printf(&b, "; a distribution may have it in the package %s", k->package);
    else if (!name_is_file(name))
        buf_puts(&b, "; is the name right? `ctxmark plugins` lists what is installed, and "
                     "CTXMARK_PLUGIN_PATH adds folders");
    err_set(e, "%s", buf_text(&b));
    buf_free(&b);
}

static const char *kind_word(uint32_t kind)
{
    return kind == CTXMARK_BACKEND ? "a backend" : "an analyzer";
}

static bool name_is_safe(const char *name)
{
    return name[0] && name[0] != '.' && strlen(name) < 200;
}

enum registry_result registry_find(struct registry *r, const char *asked, uint32_t kind,
                                   const struct descriptor **ret, struct err *e)
{
    const struct known_plugin *k = known_plugin_find(asked);
    const char *name = k ? k->name : asked;
    char path[PATH_MAX + 256];
    if (!name_is_file(name) && !name_is_safe(name)) {
        err_set(e, "'%s' is no plugin name", name);
        return REGISTRY_REFUSED;
    }
    if (!locate(r, name, path, sizeof path)) {
        explain_missing(r, name, asked, kind, e);
        return REGISTRY_NOT_INSTALLED;
    }
    const struct entry *en = examine(r, path, e);
    if (!en)
        return REGISTRY_REFUSED;
    if (!en->descriptor) {
        err_set(e, "%s", en->problem ? en->problem : "out of memory");
        return REGISTRY_REFUSED;
    }
    if (!name_is_file(name) && strcmp(en->descriptor->name, name) != 0) {
        err_set(e, "%s calls itself '%s': the file must be named %s.so", path, en->descriptor->name,
                en->descriptor->name);
        return REGISTRY_REFUSED;
    }
    if (en->descriptor->kind != kind) {
        err_set(e, "%s is %s, not %s", path, kind_word(en->descriptor->kind), kind_word(kind));
        return REGISTRY_REFUSED;
    }
    *ret = en->descriptor;
    return REGISTRY_FOUND;
}

/* ---- listing */

struct listing {
    char **names;
    size_t count;
};

static void list_add(struct listing *l, const char *name, size_t len)
{
    for (size_t i = 0; i < l->count; i++)
        if (strlen(l->names[i]) == len && memcmp(l->names[i], name, len) == 0)
            return;
    char **names = realloc(l->names, (l->count + 1) * sizeof *names);
    if (!names)
        return;
    l->names = names;
    if ((names[l->count] = strndup(name, len)))
        l->count++;
}

static void list_folder(struct listing *l, const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *en; dir && (en = readdir(dir));) {
        size_t len = strlen(en->d_name);
        if (en->d_name[0] != '.' && len > 3 && strcmp(en->d_name + len - 3, ".so") == 0)
            list_add(l, en->d_name, len - 3);
    }
    if (dir)
        closedir(dir);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void registry_each(struct registry *r,
                   void (*visit)(void *arg, const char *path, const struct descriptor *d,
                                 const char *problem),
                   void *arg)
{
    struct listing l = {0};
    struct err e;
    for (size_t i = 0; i < r->folder_count; i++)
        list_folder(&l, r->folders[i]);
    for (size_t i = 0; plugin_static_name(i); i++)
        list_add(&l, plugin_static_name(i), strlen(plugin_static_name(i)));
    if (l.count)
        qsort(l.names, l.count, sizeof *l.names, compare_names);
    for (size_t i = 0; i < l.count; i++) {
        char path[PATH_MAX + 256];
        if (locate(r, l.names[i], path, sizeof path)) {
            const struct entry *en = examine(r, path, &e);
            if (en)
                visit(arg, path, en->descriptor, en->problem);
        }
        free(l.names[i]);
    }
    free(l.names);
}
