/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/wire.h"

#define MESSAGE_MAX (UINT32_C(1) << 30)

int64_t clock_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#define TOOL_WORDS_MOST 16

/* The command line of a child: [tool...] ctxmark --child=ROLE LEVEL. */
struct command_line {
    char program[PATH_MAX]; /* ctxmark itself, by name where a tool is to find it */
    char argument[64], level[4];
    char *argv[TOOL_WORDS_MOST + 4];
};

static int make_command(struct command_line *l, const char *const *tool, const char *role,
                        struct err *e)
{
    size_t n = 0;
    snprintf(l->level, sizeof l->level, "%d", (int)log_get_level());
    snprintf(l->argument, sizeof l->argument, CHILD_ARGUMENT "%s", role);
    snprintf(l->program, sizeof l->program, "ctxmark");
    for (; tool && tool[n] && n < TOOL_WORDS_MOST; n++)
        l->argv[n] = (char *)tool[n];
    if (tool) {
        ssize_t len = readlink("/proc/self/exe", l->program, sizeof l->program - 1);
        if (len < 0)
            return err_set(e, "/proc/self/exe: %s", strerror(errno));
        l->program[len] = '\0';
    }
    l->argv[n++] = l->program;
    l->argv[n++] = l->argument;
    l->argv[n++] = l->level;
    l->argv[n] = NULL;
    return 0;
}

/* All from `first` on. */
static void close_from(unsigned first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0U, 0) == 0)
        return;
#endif
    for (unsigned fd = first; fd < 256; fd++) /* before Linux 5.9 */
        close((int)fd);
}

/* In the child, between vfork and exec, in the parent's memory: only what is safe there. */
static void become_child(int socket_fd, int extra_fd, const struct command_line *line, bool tool,
                         pid_t parent, const sigset_t *signals)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    /* Both may stand on the numbers they are meant for: move them out of the way first. */
    int s = fcntl(socket_fd, F_DUPFD, 10);
    int x = extra_fd >= 0 ? fcntl(extra_fd, F_DUPFD, 10) : -1;
    int null = open("/dev/null", O_RDONLY);
    if (s < 0 || null < 0 || (extra_fd >= 0 && x < 0))
        _exit(127);
    dup2(null, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    dup2(s, CHILD_SOCKET_FD);
    if (x >= 0)
        dup2(x, CHILD_EXTRA_FD);
    close_from(x >= 0 ? CHILD_EXTRA_FD + 1 : CHILD_EXTRA_FD);
    sigprocmask(SIG_SETMASK, signals, NULL);
    execv(tool ? line->argv[0] : "/proc/self/exe", line->argv);
    _exit(127);
}

/* vfork: the memory of a parent that has read much is not copied just to be dropped by exec.  No
 * signal handler may run in the child meanwhile, in the memory of both. */
static pid_t start_child(int socket_fd, int extra_fd, const struct command_line *line, bool tool)
{
    sigset_t all, before;
    pid_t parent = getpid();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0)
        become_child(socket_fd, extra_fd, line, tool, parent, &before);
    int saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return pid;
}

int child_spawn(const char *role, int extra_fd, struct child *ret_child, struct err *e)
{
    return child_spawn_under(NULL, role, extra_fd, ret_child, e);
}

int child_spawn_under(const char *const *tool, const char *role, int extra_fd,
                      struct child *ret_child, struct err *e)
{
    struct command_line line;
    int pair[2];
    if (make_command(&line, tool, role, e) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_set(e, "cannot make a socket for a child process: %s", strerror(errno));
    pid_t pid = start_child(pair[1], extra_fd, &line, tool != NULL);
    if (pid < 0) {
        int saved = errno;
        close(pair[0]);
        close(pair[1]);
        return err_set(e, "cannot start a child process: %s", strerror(saved));
    }
    setpgid(pid, pid); /* also here, so that it holds before a kill whichever of us comes first */
    close(pair[1]);
    ret_child->pid = pid;
    ret_child->fd = pair[0];
    return 0;
}

static void describe_end(int status, char *how, size_t size)
{
    how[0] = '\0';
    if (WIFSIGNALED(status))
        snprintf(how, size, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else if (WIFEXITED(status) && WEXITSTATUS(status))
        snprintf(how, size, "ended with exit status %d", WEXITSTATUS(status));
}

static void child_close(struct child *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->pid = 0;
}

int child_end(struct child *c, int64_t deadline_ns, char *how, size_t how_size)
{
    int status = 0;
    if (c->pid <= 0)
        return 0;
    for (int step_us = 50;; step_us = step_us < 5000 ? step_us * 2 : 5000) {
        pid_t r = waitpid(c->pid, &status, deadline_ns ? WNOHANG : 0);
        if (r == c->pid)
            break;
        if (r < 0 && errno != EINTR)
            break;
        if (deadline_ns && clock_now_ns() >= deadline_ns) {
            kill(-c->pid, SIGKILL);
            deadline_ns = 0;
            continue;
        }
        usleep((useconds_t)step_us);
    }
    kill(-c->pid, SIGKILL); /* whatever it left running in its group */
    child_close(c);
    describe_end(status, how, how_size);
    return status != 0;
}

void child_kill(struct child *c)
{
    if (c->pid <= 0)
        return;
    kill(-c->pid, SIGKILL);
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    child_close(c);
}

/* Both parts in one system call, so that the other side wakes up once. */
static int write_both(int fd, struct iovec part[2])
{
    while (part[0].iov_len || part[1].iov_len) {
        struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};
        ssize_t w = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return -1;
        for (int i = 0; i < 2; i++) {
            size_t done = (size_t)w < part[i].iov_len ? (size_t)w : part[i].iov_len;
            part[i].iov_base = (char *)part[i].iov_base + done;
            part[i].iov_len -= done;
            w -= (ssize_t)done;
        }
    }
    return 0;
}

int message_send_bytes(int fd, const struct buf *message, struct err *e)
{
    if (!buf_ok(message) || message->len > MESSAGE_MAX)
        return err_set(e, "cannot encode a message: out of memory, or it is too long");
    uint32_t head = (uint32_t)message->len;
    struct iovec parts[2] = {{&head, sizeof head}, {message->data, message->len}};
    return write_both(fd, parts) == 0 ? 0 : err_set(e, "the other process is gone");
}

int message_send(int fd, const json_t *message, struct err *e)
{
    struct buf b = {0};
    wire_write(&b, message);
    int r = message_send_bytes(fd, &b, e);
    buf_free(&b);
    return r;
}

static enum message_result wait_readable(int fd, int64_t deadline_ns, int wake_fd)
{
    for (;;) {
        struct pollfd p[2] = {{fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};
        int timeout = -1;
        if (deadline_ns) {
            int64_t left = deadline_ns - clock_now_ns();
            timeout = left <= 0                       ? 0
                      : left > INT64_C(3600000000000) ? 3600000
                                                      : (int)(left / 1000000) + 1;
        }
        int n = poll(p, wake_fd >= 0 ? 2 : 1, timeout);
        if (n < 0 && errno != EINTR)
            return MESSAGE_BAD;
        if (n > 0 && p[0].revents)
            return MESSAGE_OK;
        if (n > 0 && p[1].revents)
            return MESSAGE_WOKEN;
        if (deadline_ns && clock_now_ns() >= deadline_ns)
            return MESSAGE_TIMEOUT;
    }
}

/* *started: some bytes of the message were read; from then on nothing but the deadline stops it. */
static enum message_result read_all(int fd, void *data, size_t n, int64_t deadline_ns, int wake_fd,
                                    bool *started)
{
    char *p = data;
    while (n) {
        /* What has begun is mostly there already. */
        ssize_t r = *started ? recv(fd, p, n, MSG_DONTWAIT) : -1;
        if (!*started || (r < 0 && errno == EAGAIN)) {
            enum message_result w = wait_readable(fd, deadline_ns, *started ? -1 : wake_fd);
            if (w != MESSAGE_OK)
                return w;
            r = recv(fd, p, n, MSG_DONTWAIT);
        }
        if (r < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (r <= 0)
            return MESSAGE_END;
        *started = true;
        p += r;
        n -= (size_t)r;
    }
    return MESSAGE_OK;
}

enum message_result message_receive(int fd, int64_t deadline_ns, int wake_fd, json_t **ret_message,
                                    struct err *e)
{
    uint32_t len;
    bool started = false;
    enum message_result r = read_all(fd, &len, sizeof len, deadline_ns, wake_fd, &started);
    if (r != MESSAGE_OK)
        return r;
    char *text = len <= MESSAGE_MAX ? malloc((size_t)len + 1) : NULL;
    if (!text) {
        err_set(e, "a message of %u bytes cannot be read", len);
        return MESSAGE_BAD;
    }
    r = read_all(fd, text, len, deadline_ns, -1, &started);
    if (r == MESSAGE_OK) {
        *ret_message = wire_read(text, len);
        if (!*ret_message) {
            err_set(e, "a message of %u bytes makes no sense", len);
            r = MESSAGE_BAD;
        }
    }
    free(text);
    return r;
}
