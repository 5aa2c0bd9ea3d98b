/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Replays inputs without a fuzzer: the files and folders given as arguments, or else the target's
 * own corpus in the source tree.  A target that dislikes one ends the program. */

#include "config.h"

#include "fuzz/fuzz.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t replayed;

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        goto fail;
    long size = ftell(f);
    rewind(f);
    /* Of the exact size, so that a sanitizer sees a read beyond it. */
    uint8_t *data = size >= 0 ? malloc((size_t)size + !size) : NULL;
    if (!data || fread(data, 1, (size_t)size, f) != (size_t)size) {
        free(data);
        goto fail;
    }
    fclose(f);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    replayed++;
    return 0;
fail:
    perror(path);
    if (f)
        fclose(f);
    return -1;
}

static int replay_entry(const char *path, const struct stat *st, int type)
{
    (void)st;
    return type == FTW_F ? replay_file(path) : 0;
}

/* A target may change the folder it works in: names are made absolute before it first runs. */
static int replay(const char *path)
{
    char *full = realpath(path, NULL);
    int status = full ? ftw(full, replay_entry, 8) : -1;
    if (!full)
        perror(path);
    free(full);
    return status;
}

/* The corpus of fuzz_NAME is fuzz/corpus/NAME. */
static int replay_own_corpus(void)
{
    char path[4096];
    const char *source = getenv("top_srcdir"), *name = strchr(program_invocation_short_name, '_');
    snprintf(path, sizeof path, "%s/fuzz/corpus/%s", source ? source : ".", name ? name + 1 : "");
    return replay(path);
}

int main(int argc, char **argv)
{
    int status = argc > 1 ? 0 : replay_own_corpus();
    for (int i = 1; i < argc && status == 0; i++)
        status = replay(argv[i]);
    printf("%zu inputs replayed\n", replayed);
    return status == 0 && replayed ? EXIT_SUCCESS : EXIT_FAILURE;
}
