/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/plugin/load.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool owner_trusted(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

/* A folder is safe if only root or the user can rename what is in it. */
static int trust_folder(const char *folder, const char *file, struct err *e)
{
    struct stat st;
    if (stat(folder, &st) < 0)
        return err_set(e, "%s: %s", folder, strerror(errno));
    bool sticky = st.st_mode & S_ISVTX;
    if ((st.st_mode & S_IWOTH) && !sticky)
        return err_set(e,
                       "%s is refused: anyone may replace it, because its folder %s is writable by "
                       "all; chmod o-w %s",
                       file, folder, folder);
    if (!owner_trusted(&st) && !sticky)
        return err_set(
            e,
            "%s is refused: its folder %s belongs to user %u, who could replace it; use a "
            "folder owned by root or by you",
            file, folder, (unsigned)st.st_uid);
    return 0;
}

/* Every folder from the one of `path` up to the root. */
static int trust_folders_above(const char *path, const char *file, struct err *e)
{
    char folder[2 * PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash; (slash = strrchr(folder, '/'));) {
        slash[slash == folder ? 1 : 0] = '\0';
        if (trust_folder(folder, file, e) < 0)
            return -1;
        if (slash == folder)
            break;
    }
    return 0;
}

/* The folder in which a symlink lies matters too: follow the chain one link at a time. */
static int trust_links(const char *path, struct err *e)
{
    char at[PATH_MAX], target[PATH_MAX], joined[2 * PATH_MAX];
    snprintf(at, sizeof at, "%s", path);
    for (int hops = 0; hops < 40; hops++) {
        char real[PATH_MAX];
        char *slash = strrchr(at, '/');
        char folder[PATH_MAX];
        snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - at) + 1 : 2,
                 slash ? at : "./");
        if (!realpath(folder, real))
            return err_set(e, "%s: %s", folder, strerror(errno));
        snprintf(joined, sizeof joined, "%s/x", strcmp(real, "/") == 0 ? "" : real);
        if (trust_folders_above(joined, path, e) < 0)
            return -1;
        ssize_t n = readlink(at, target, sizeof target - 1);
        if (n < 0)
            return 0; /* no symlink: the end of the chain */
        struct stat link;
        if (lstat(at, &link) == 0 && !owner_trusted(&link))
            return err_set(
                e,
                "%s is refused: the symbolic link %s belongs to user %u, who could point "
                "it elsewhere",
                path, at, (unsigned)link.st_uid);
        target[n] = '\0';
        if (target[0] == '/')
            snprintf(joined, sizeof joined, "%s", target);
        else
            snprintf(joined, sizeof joined, "%s/%s", real, target);
        if (strlen(joined) >= sizeof at)
            return err_set(e, "%s is refused: its symbolic links are too long", path);
        memcpy(at, joined, strlen(joined) + 1);
    }
    return err_set(e, "%s is refused: too many symbolic links", path);
}

int plugin_trust(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return err_set(e, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(e, "%s is refused: it is no regular file", path);
    if (st.st_mode & S_IWOTH)
        return err_set(e, "%s is refused: anyone may write to it; chmod o-w %s", path, path);
    if (!owner_trusted(&st))
        return err_set(e, "%s is refused: it belongs to user %u, neither to root nor to you", path,
                       (unsigned)st.st_uid);
    return trust_links(path, e);
}
