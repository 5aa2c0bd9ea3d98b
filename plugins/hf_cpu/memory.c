/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_cpu/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

int cpu_block_get(uint64_t bytes, struct cpu_block *ret_block)
{
    struct cpu_block b = {NULL, bytes};
    if (bytes > 0) {
        void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return -1;
        /* Huge pages where the kernel gives them: a hint, so its failure does not matter. */
        (void)madvise(p, bytes, MADV_HUGEPAGE);
        memset(p, 0, bytes);
        b.data = p;
    }
    *ret_block = b;
    return 0;
}

void cpu_block_free(struct cpu_block *b)
{
    if (b->data)
        munmap(b->data, b->bytes);
    b->data = NULL;
    b->bytes = 0;
}

/* The number after `key` in a file of "key number" lines, or the file's only number where key is
 * "".  -1: not there, or "max". */
static int64_t file_number(const char *path, const char *key)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    char line[256];
    int64_t value = -1;
    size_t n = strlen(key);
    while (value < 0 && fgets(line, sizeof line, f)) {
        if (strncmp(line, key, n) != 0)
            continue;
        char *end;
        long long x = strtoll(line + n, &end, 10);
        if (end != line + n)
            value = x;
    }
    fclose(f);
    return value;
}

static int64_t meminfo_bytes(const char *key)
{
    int64_t kib = file_number("/proc/meminfo", key);
    return kib < 0 ? -1 : kib * 1024;
}

/* This process's folder of the unified hierarchy; the root where it cannot be told. */
static void cgroup_folder(char *path, size_t size)
{
    char line[512];
    snprintf(path, size, "%s", CGROUP_ROOT);
    FILE *f = fopen("/proc/self/cgroup", "re");
    if (!f)
        return;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "0::", 3) == 0) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(path, size, CGROUP_ROOT "%s", line + 3);
        }
    fclose(f);
}

struct cgroup_memory {
    int64_t limit; /* -1: none */
    int64_t used;
};

/* The tightest limit on the way up to the root; version 1 of control groups at the end. */
static struct cgroup_memory cgroup_memory(void)
{
    struct cgroup_memory found = {-1, 0};
    char folder[600], file[700];
    cgroup_folder(folder, sizeof folder);
    for (;;) {
        snprintf(file, sizeof file, "%s/memory.max", folder);
        int64_t limit = file_number(file, "");
        if (limit >= 0 && (found.limit < 0 || limit < found.limit)) {
            snprintf(file, sizeof file, "%s/memory.current", folder);
            int64_t used = file_number(file, "");
            snprintf(file, sizeof file, "%s/memory.stat", folder);
            int64_t cache = file_number(file, "inactive_file ");
            found.limit = limit;
            found.used = (used > 0 ? used : 0) - (cache > 0 ? cache : 0);
        }
        if (strlen(folder) <= strlen(CGROUP_ROOT))
            break;
        *strrchr(folder, '/') = '\0';
    }
    int64_t v1 = file_number(CGROUP_ROOT "/memory/memory.limit_in_bytes", "");
    if (found.limit < 0 && v1 >= 0 && v1 < INT64_C(1) << 60) {
        int64_t used = file_number(CGROUP_ROOT "/memory/memory.usage_in_bytes", "");
        found.limit = v1;
        found.used = used > 0 ? used : 0;
    }
    return found;
}

int64_t cpu_memory_available(void)
{
    int64_t available = meminfo_bytes("MemAvailable:");
    if (available < 0)
        available = INT64_MAX;
    struct cgroup_memory group = cgroup_memory();
    if (group.limit >= 0 && group.limit - group.used < available)
        available = group.limit > group.used ? group.limit - group.used : 0;
    return available;
}

int64_t cpu_memory_limit(void)
{
    int64_t total = meminfo_bytes("MemTotal:");
    struct cgroup_memory group = cgroup_memory();
    if (total < 0 || (group.limit >= 0 && group.limit < total))
        return group.limit >= 0 ? group.limit : INT64_MAX;
    return total;
}

/* "5" sets the largest to the present one: proc(5). */
bool cpu_memory_peak_reset(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = write(fd, "5", 1) == 1;
    close(fd);
    return done;
}

int64_t cpu_memory_peak(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 && u.ru_maxrss > 0 ? (int64_t)u.ru_maxrss * 1024 : -1;
}
