/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

bool tool_find(const char *name, char *ret, size_t size)
{
    const char *path = getenv("PATH");
    for (path = path ? path : "/usr/bin:/bin"; *path;) {
        size_t len = strcspn(path, ":");
        int n = snprintf(ret, size, "%.*s/%s", (int)len, path, name);
        if (*path == '/' && n > 0 && (size_t)n < size && access(ret, X_OK) == 0)
            return true;
        path += len + (path[len] == ':');
    }
    return false;
}

static int wait_for(pid_t pid, const char *name, unsigned seconds, struct err *e)
{
    int status;
    struct timespec now, pause = {0, 5000000};
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + (time_t)seconds;
    for (;;) {
        pid_t done = waitpid(pid, &status, WNOHANG);
        if (done == pid)
            break;
        if (done < 0 && errno != EINTR)
            return err_set(e, "%s is lost: %s", name, strerror(errno));
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > end) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return err_set(e, "%s did not end within %u s", name, seconds);
        }
        nanosleep(&pause, NULL);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFSIGNALED(status))
        return err_set(e, "%s was killed by signal %d", name, WTERMSIG(status));
    return err_set(e, "%s ended with exit status %d", name, WEXITSTATUS(status));
}

int tool_run(const char *const *argv, const char *output, unsigned seconds, struct err *e)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return err_memory(e);
    int failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) ||
                 posix_spawn_file_actions_addopen(&actions, 1, output ? output : "/dev/null",
                                                  O_WRONLY | O_CREAT | O_TRUNC, 0666) ||
                 posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (!failed)
        failed = posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed)
        return err_set(e, "%s cannot be started: %s", argv[0], strerror(failed));
    return wait_for(pid, argv[0], seconds, e);
}
