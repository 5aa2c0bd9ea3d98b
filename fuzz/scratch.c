/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"

static char folder[4096];

void fuzz_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void scratch_remove(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Comes once in a process, and so silences the program's own messages, too. */
static void scratch_make(void)
{
    const char *where = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/ctxmark-fuzz-XXXXXX", where && *where ? where : "/tmp");
    REQUIRE(mkdtemp(folder));
    REQUIRE(atexit(scratch_remove) == 0);
    REQUIRE(chdir(folder) == 0);
    log_set_level(LOG_QUIET);
}

void scratch_write(const char *name, const void *data, size_t size)
{
    if (!folder[0])
        scratch_make();
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    REQUIRE(write(fd, data, size) == (ssize_t)size);
    close(fd);
}

size_t input_split(const uint8_t *data, size_t size, const char *mark, size_t *ret_first)
{
    size_t n = strlen(mark);
    const uint8_t *at = data;
    while (size && (at = memmem(at, (size_t)(data + size - at), mark, n))) {
        *ret_first = (size_t)(at - data);
        if (at == data || at[-1] == '\n')
            return *ret_first + n;
        at++;
    }
    *ret_first = size;
    return size;
}
