/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* usage: plain_loop IN OUT SYNC-EVERY
 * Writes the lines of IN to OUT with one write() each and an fdatasync() every so many lines: what
 * a recorder costs that does nothing else. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    long lines = 0, every = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
    FILE *in = argc == 4 ? fopen(argv[1], "r") : NULL;
    int out = in ? open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666) : -1;
    if (out < 0 || every < 1)
        return 2;
    while ((n = getline(&line, &capacity, in)) > 0) {
        if (write(out, line, (size_t)n) != n)
            return 1;
        if (++lines % every == 0 && fdatasync(out) < 0)
            return 1;
    }
    free(line);
    return fdatasync(out) < 0;
}
