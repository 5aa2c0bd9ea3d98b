/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/path.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool hf_path_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool hf_path_is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

char *hf_path_copy(const char *path)
{
    return strdup(path);
}

char *hf_path_join(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", folder, name);
    return path;
}

char *hf_path_folder_of(const char *path)
{
    if (hf_path_is_folder(path))
        return strdup(path);
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* The first line of a small file, without its end; false: there is none. */
static bool path_read_line(const char *path, char *line, int size)
{
    FILE *f = fopen(path, "re");
    bool read = f && fgets(line, size, f);
    if (f)
        fclose(f);
    if (read)
        line[strcspn(line, "\r\n")] = '\0';
    return read;
}

/* The only entry of a folder; false: there are none or several. */
static bool path_only_entry(const char *folder, char *name, size_t size)
{
    int count = 0;
    DIR *d = opendir(folder);
    for (struct dirent *entry = d ? readdir(d) : NULL; entry; entry = readdir(d))
        if (entry->d_name[0] != '.' && count++ == 0)
            snprintf(name, size, "%s", entry->d_name);
    if (d)
        closedir(d);
    return count == 1;
}

static char *path_snapshot_of(const char *snapshots, const char *ref, struct hf_err *e)
{
    char name[256] = "";
    if (!path_read_line(ref, name, sizeof name) && !path_only_entry(snapshots, name, sizeof name)) {
        hf_err_set(e,
                   "%s: not one snapshot, but none or several, and no %s says which (give the "
                   "snapshot's own folder as path)",
                   snapshots, ref);
        return NULL;
    }
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/')) {
        hf_err_set(e, "%s: '%s' is no name of a snapshot", ref, name);
        return NULL;
    }
    char *path = hf_path_join(snapshots, name);
    if (!path)
        hf_err_memory(e, strlen(snapshots) + sizeof name);
    else if (hf_path_is_folder(path))
        return path;
    else
        hf_err_set(e, "%s: there is no such snapshot, which %s names (downloaded only in part?)",
                   path, ref);
    hf_path_free(path);
    return NULL;
}

static char *path_copy_or_say(const char *path, struct hf_err *e)
{
    char *copy = hf_path_copy(path);
    if (!copy)
        hf_err_memory(e, strlen(path) + 1);
    return copy;
}

char *hf_path_snapshot(const char *folder, struct hf_err *e)
{
    char *config = hf_path_join(folder, "config.json");
    char *snapshots = hf_path_join(folder, "snapshots"), *ref = hf_path_join(folder, "refs/main");
    char *result = NULL;
    if (!config || !snapshots || !ref)
        hf_err_memory(e, strlen(folder) + 16);
    else if (hf_path_is_file(config) || !hf_path_is_folder(snapshots))
        result = path_copy_or_say(folder, e);
    else
        result = path_snapshot_of(snapshots, ref, e);
    hf_path_free(config);
    hf_path_free(snapshots);
    hf_path_free(ref);
    return result;
}

void hf_path_free(char *path)
{
    free(path);
}
