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

/* A folder is safe if only root or the user can rename what is in it.  A sticky one that all may
 * write to is, unless it belongs to somebody else: its owner may rename everything. */
static int trust_folder(const char *folder, const char *file, struct err *e)
{
    struct stat st;
    if (stat(folder, &st) < 0)
        return err_set(e, "%s: %s", folder, strerror(errno));
    if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
        return err_set(e,
                       "%s is refused: anyone may replace it, because its folder %s is writable by "
                       "all; chmod o-w %s",
                       file, folder, folder);
    if (!owner_trusted(&st))
        return err_set(
            e,
            "%s is refused: its folder %s belongs to user %u, who could replace it; use a "
            "folder owned by root or by you",
            file, folder, (unsigned)st.st_uid);
    return 0;
}

static int trust_link(const char *link, const char *file, struct err *e)
{
    struct stat st;
    if (lstat(link, &st) == 0 && !owner_trusted(&st))
        return err_set(e,
                       "%s is refused: the symbolic link %s belongs to user %u, who could point it "
                       "elsewhere",
                       file, link, (unsigned)st.st_uid);
    return 0;
}

/* The way from the root to a file, one name at a time, as the kernel walks it. */
struct walk {
    char done[PATH_MAX];     /* the folder reached, without symbolic links; "" is the root */
    char left[2 * PATH_MAX]; /* the names that are left */
    int links;               /* followed so far */
};

/* Puts what a symbolic link points to before the names that are left.  0, or -1: too long. */
static int walk_follow(struct walk *w, const char *target)
{
    char left[2 * PATH_MAX];
    int n = snprintf(left, sizeof left, "%s/%s", target, w->left);
    if (n < 0 || (size_t)n >= sizeof left)
        return -1;
    memcpy(w->left, left, (size_t)n + 1);
    if (target[0] == '/')
        w->done[0] = '\0';
    return 0;
}

/* Takes the next name off; false: none is left. */
static bool walk_next(struct walk *w, char *ret_name, size_t size)
{
    const char *from = w->left + strspn(w->left, "/");
    size_t n = strcspn(from, "/");
    snprintf(ret_name, size, "%.*s", (int)n, from);
    memmove(w->left, from + n, strlen(from + n) + 1);
    return n > 0;
}

/* One step: into a folder, up, or along a link. */
static int walk_step(struct walk *w, const char *name, const char *file, struct err *e)
{
    char at[2 * PATH_MAX], target[PATH_MAX];
    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(w->done, '/');
        if (slash)
            *slash = '\0';
        return 0;
    }
    if (trust_folder(w->done[0] ? w->done : "/", file, e) < 0)
        return -1;
    snprintf(at, sizeof at, "%s/%s", w->done, name);
    ssize_t n = readlink(at, target, sizeof target - 1);
    if (n < 0) {
        if (strlen(at) >= sizeof w->done)
            return err_set(e, "%s is refused: its path is too long", file);
        memcpy(w->done, at, strlen(at) + 1);
        return 0;
    }
    target[n] = '\0';
    if (trust_link(at, file, e) < 0)
        return -1;
    if (++w->links > 40 || walk_follow(w, target) < 0)
        return err_set(e, "%s is refused: too many symbolic links", file);
    return 0;
}

/* Every folder on the way, and every link: whoever can replace one of them can replace the file. */
static int trust_way(const char *path, struct err *e)
{
    struct walk w = {.links = 0};
    char name[PATH_MAX], here[PATH_MAX];
    if (path[0] != '/' && !getcwd(here, sizeof here))
        return err_set(e, "%s: %s", path, strerror(errno));
    int n = snprintf(w.left, sizeof w.left, "%s/%s", path[0] == '/' ? "" : here, path);
    if (n < 0 || (size_t)n >= sizeof w.left)
        return err_set(e, "%s is refused: its path is too long", path);
    while (walk_next(&w, name, sizeof name))
        if (walk_step(&w, name, path, e) < 0)
            return -1;
    return 0;
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
    return trust_way(path, e);
}
