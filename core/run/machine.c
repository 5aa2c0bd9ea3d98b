/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/run/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/child.h"
#include "core/run/nvml.h"

#define GPU_LIMIT_NS INT64_C(10000000000)

/* The first line of `path` that begins with `key`, what stands behind the key and a ':' or '='. */
static char *read_value(const char *path, const char *key)
{
    char line[1024], *value = NULL;
    FILE *f = fopen(path, "re");
    size_t len = strlen(key);
    while (f && !value && fgets(line, sizeof line, f)) {
        if (strncmp(line, key, len) != 0)
            continue;
        char *p = line + len + strspn(line + len, " \t:=\"");
        p[strcspn(p, "\"\n")] = '\0';
        value = strdup(p);
    }
    if (f)
        fclose(f);
    return value;
}

static void put_text(json_t *object, const char *key, char *text)
{
    if (text && text[0])
        json_object_set_new(object, key, json_string(text));
    free(text);
}

static void put_memory(json_t *object, const char *key, const char *name)
{
    char *text = read_value("/proc/meminfo", name);
    if (text)
        json_object_set_new(object, key, json_integer(strtoll(text, NULL, 10) / 1024));
    free(text);
}

static void put_load(json_t *object)
{
    double load[1];
    if (getloadavg(load, 1) == 1)
        json_object_set_new(object, "load_1min", json_real(load[0]));
}

/* A driver's library is foreign code like a plugin: it is asked in a child. */
static json_t *ask_gpu(void)
{
    struct child child;
    struct err e;
    char how[128];
    json_t *gpu = NULL;
    if (child_spawn("gpu", -1, &child, &e) < 0)
        return NULL;
    int64_t deadline = clock_now_ns() + GPU_LIMIT_NS;
    if (message_receive(child.fd, deadline, -1, &gpu, &e) != MESSAGE_OK)
        gpu = NULL;
    child_end(&child, deadline, how, sizeof how);
    return gpu;
}

int gpu_child_main(void)
{
    struct err e;
    json_t *gpu = nvml_describe();
    if (!gpu)
        return 0;
    int r = message_send(CHILD_SOCKET_FD, gpu, &e);
    json_decref(gpu);
    return r < 0;
}

json_t *machine_describe(void)
{
    json_t *m = json_object();
    struct utsname u;
    if (!m)
        return NULL;
    put_text(m, "cpu", read_value("/proc/cpuinfo", "model name"));
    json_object_set_new(m, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    put_memory(m, "memory_mib", "MemTotal");
    put_memory(m, "memory_available_mib", "MemAvailable");
    put_text(m, "os", read_value("/etc/os-release", "PRETTY_NAME"));
    if (uname(&u) == 0) {
        json_object_set_new(m, "kernel", json_string(u.release));
        json_object_set_new(m, "architecture", json_string(u.machine));
        json_object_set_new(m, "host", json_string(u.nodename));
    }
    put_text(m, "governor",
             read_value("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", ""));
    put_load(m);
    json_t *gpu = ask_gpu();
    if (gpu)
        json_object_set_new(m, "gpu", gpu);
    return m;
}
