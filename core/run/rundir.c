/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/json.h"

static void make_run_id(char *ret_id, size_t size)
{
    unsigned char random[3] = {0};
    struct tm utc;
    time_t now = time(NULL);
    char text[32];
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y%m%d-%H%M%S", &utc);
    if (getrandom(random, sizeof random, 0) != sizeof random)
        random[0] = (unsigned char)getpid();
    snprintf(ret_id, size, "%s-%02x%02x%02x", text, random[0], random[1], random[2]);
}

static int folder_is_empty(const char *path)
{
    DIR *dir = opendir(path);
    int entries = 0;
    if (!dir)
        return 0;
    while (readdir(dir))
        entries++;
    closedir(dir);
    return entries <= 2;
}

/* Makes `path` and the folders above it. */
static int make_folders(const char *path, struct err *e)
{
    char *copy = strdup(path);
    if (!copy)
        return err_memory(e);
    int r = 0;
    for (char *p = copy + 1; *p && r == 0; p++)
        if (*p == '/') {
            *p = '\0';
            if (mkdir(copy, 0777) < 0 && errno != EEXIST)
                r = err_set(e, "the folder %s cannot be made: %s", copy, strerror(errno));
            *p = '/';
        }
    if (r == 0 && mkdir(copy, 0777) < 0) {
        if (errno != EEXIST)
            r = err_set(e, "the run directory %s cannot be made: %s", path, strerror(errno));
        else if (!folder_is_empty(path))
            r = err_set(e, "the run directory %s exists already: choose another with -o", path);
    }
    free(copy);
    return r;
}

static int lock_folder(struct rundir *d, struct err *e)
{
    char *path = rundir_file(d->path, ".lock");
    d->lock_fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
    free(path);
    if (d->lock_fd < 0)
        return err_set(e, "the run directory %s cannot be written to: %s", d->path,
                       strerror(errno));
    /* Children of a ctxmark that was just killed may hold on to it for a moment. */
    for (int tries = 0; flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0; tries++) {
        if (tries == 20)
            return err_set(e, "another ctxmark is working in %s", d->path);
        usleep(50000);
    }
    return 0;
}

int rundir_create(struct rundir *d, const char *folder, const char *experiment, struct err *e)
{
    struct buf path = {0};
    memset(d, 0, sizeof *d);
    d->lock_fd = -1;
    make_run_id(d->run_id, sizeof d->run_id);
    if (folder)
        buf_puts(&path, folder);
    else
        buf_printf(&path, "runs/%s%s%s", experiment, experiment[0] ? "-" : "", d->run_id);
    while (path.len > 1 && path.data[path.len - 1] == '/')
        path.data[--path.len] = '\0';
    d->path = buf_take(&path);
    if (!d->path)
        return err_memory(e);
    if (make_folders(d->path, e) < 0 || lock_folder(d, e) < 0) {
        rundir_close(d);
        return -1;
    }
    return 0;
}

int rundir_open(struct rundir *d, const char *folder, struct err *e)
{
    struct stat st;
    memset(d, 0, sizeof *d);
    d->lock_fd = -1;
    if (stat(folder, &st) < 0)
        return err_set(e, "%s: %s", folder, strerror(errno));
    char *metrics = rundir_file(folder, "metrics.csv");
    bool is_run = metrics && S_ISDIR(st.st_mode) && access(metrics, F_OK) == 0;
    free(metrics);
    if (!is_run)
        return err_set(e, "%s is no run directory: it has no metrics.csv", folder);
    d->path = strdup(folder);
    if (!d->path)
        return err_memory(e);
    if (lock_folder(d, e) == 0)
        return 0;
    rundir_close(d);
    return -1;
}

void rundir_close(struct rundir *d)
{
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    free(d->path);
    d->path = NULL;
    d->lock_fd = -1;
}

char *rundir_file(const char *folder, const char *name)
{
    struct buf b = {0};
    buf_printf(&b, "%s/%s", folder, name);
    return buf_take(&b);
}

static int write_synced(const char *path, const char *text, size_t n)
{
    FILE *f = fopen(path, "wbe");
    if (!f)
        return -1;
    int r = fwrite(text, 1, n, f) == n && fflush(f) == 0 && fsync(fileno(f)) == 0 ? 0 : -1;
    int saved = errno;
    if (fclose(f) != 0 && r == 0)
        return -1;
    errno = saved;
    return r;
}

int file_write(const char *path, const char *text, size_t n, struct err *e)
{
    struct buf temporary = {0};
    buf_printf(&temporary, "%s.part", path);
    char *part = buf_take(&temporary);
    if (!part)
        return err_memory(e);
    int r = write_synced(part, text, n);
    if (r == 0)
        r = rename(part, path);
    if (r < 0) {
        err_set(e, "%s cannot be written: %s", path, strerror(errno));
        unlink(part);
    }
    free(part);
    return r;
}

int rundir_write(const char *folder, const char *name, const char *text, size_t n, struct err *e)
{
    char *path = rundir_file(folder, name);
    int r = path ? file_write(path, text, n, e) : err_memory(e);
    free(path);
    return r;
}

int rundir_write_json(const char *folder, const char *name, const json_t *json, struct err *e)
{
    struct buf b = {0};
    json_write(&b, json);
    int r = buf_ok(&b) ? rundir_write(folder, name, b.data, b.len, e) : err_memory(e);
    buf_free(&b);
    return r;
}

json_t *rundir_read_json(const char *folder, const char *name, struct err *e)
{
    char *path = rundir_file(folder, name);
    json_error_t je;
    json_t *json = path ? json_load_file(path, 0, &je) : NULL;
    if (!path)
        err_memory(e);
    else if (!json && je.line < 0)
        err_set(e, "%s cannot be read: %s", path, strerror(errno));
    else if (!json)
        err_set(e, "%s:%d:%d: %s", path, je.line, je.column, je.text);
    free(path);
    return json;
}

int file_read(const char *path, char **ret_text, size_t *ret_size, struct err *e)
{
    struct buf b = {0};
    char chunk[1 << 14];
    size_t n;
    FILE *f = fopen(path, "rbe");
    if (!f)
        return err_set(e, "%s: %s", path, strerror(errno));
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(&b, chunk, n);
    int failed = ferror(f);
    int saved = errno;
    fclose(f);
    size_t size = b.len;
    char *text = buf_take(&b);
    if (failed || !text) {
        free(text);
        return failed ? err_set(e, "%s: %s", path, strerror(saved)) : err_memory(e);
    }
    *ret_text = text;
    *ret_size = size;
    return 0;
}
