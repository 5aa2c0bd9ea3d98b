/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/config/paths.h"
#include "core/config/run_config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"

char *path_join(const char *folder, const char *path)
{
    struct buf joined = {0};
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (path[0] != '/' && *folder) {
        buf_puts(&joined, folder);
        if (folder[strlen(folder) - 1] != '/')
            buf_putc(&joined, '/');
    }
    buf_puts(&joined, path);
    return buf_take(&joined);
}

static const char *data_folder(void)
{
    const char *folder = getenv("CTXMARK_DATADIR");
    return folder && folder[0] == '/' ? folder : CTXMARK_DATADIR;
}

char *config_resolve_path(const char *folder, const char *path)
{
    if (path[0] == '/' || !*path)
        return strdup(path);
    const char *const folders[] = {folder, data_folder()};
    for (size_t i = 0; i < 2; i++) {
        char *full = path_join(folders[i], path);
        if (!full || (full[0] == '/' && !access(full, F_OK)))
            return full;
        free(full);
    }
    return strdup(path);
}

char *path_absolute(const char *path, struct err *e)
{
    char here[PATH_MAX];
    char *full = NULL;
    if (path[0] == '/')
        full = strdup(path);
    else if (!getcwd(here, sizeof here)) {
        err_set(e, "%s: the current folder is gone: %s; go to another one", path, strerror(errno));
        return NULL;
    } else
        full = path_join(here, path);
    if (!full)
        err_memory(e);
    return full;
}

static int open_file(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, "cannot be read: %s; check the path", strerror(errno));
    struct stat st;
    if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) {
        close(fd);
        return err_set(e, "is a folder; name a file in it");
    }
    return fd;
}

int path_read_text(const char *path, size_t most, struct buf *out, struct err *e)
{
    char chunk[16384];
    ssize_t n;
    int fd = open_file(path, e);
    if (fd < 0)
        return -1;
    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || out->len > most)
            break;
        buf_add(out, chunk, (size_t)n);
    }
    int saved = errno;
    close(fd);
    if (n < 0)
        return err_set(e, "cannot be read: %s", strerror(saved));
    if (out->len > most)
        return err_set(e, "is larger than %zu KiB; use a shorter file", most / 1024);
    return buf_ok(out) ? 0 : err_memory(e);
}
