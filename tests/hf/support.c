/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/hf/support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

char *support_folder(void)
{
    const char *base = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/ctxmark-test-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(path));
    char *copy = strdup(path);
    ck_assert_ptr_nonnull(copy);
    return copy;
}

void support_folder_remove(char *folder)
{
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(d);
    rmdir(folder);
    free(folder);
}

const char *support_file(const char *folder, const char *name, const void *bytes, size_t count)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, count, f), count);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

const char *support_text(const char *folder, const char *name, const char *text)
{
    return support_file(folder, name, text, strlen(text));
}

const char *support_safetensors(const char *folder, const char *name, const char *header,
                                size_t data)
{
    size_t length = strlen(header), n = length;
    if (length > 0 && header[length - 1] != ' ')
        n = (length + 7) / 8 * 8;
    size_t total = 8 + n + data;
    unsigned char *bytes = calloc(1, total);
    ck_assert_ptr_nonnull(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)n >> (8 * i));
    memset(bytes + 8, ' ', n);
    memcpy(bytes + 8, header, length);
    const char *path = support_file(folder, name, bytes, total);
    free(bytes);
    return path;
}

const char *support_reference(const char *name)
{
    static char path[1024];
    const char *shared = getenv("CTXMARK_SHARED");
    if (!shared)
        return NULL;
    snprintf(path, sizeof path, "%s/reference/models/%s", shared, name);
    struct stat st;
    return stat(path, &st) == 0 ? path : NULL;
}

const char *support_data(const char *path)
{
    static char whole[1024];
    const char *top = getenv("CTXMARK_SRCDIR");
    snprintf(whole, sizeof whole, "%s/tests/data/%s", top ? top : ".", path);
    return whole;
}
