/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Child processes of ctxmark itself, and the messages between parent and child.
 *
 * Plugins only ever run in children: the program executes itself again with a role ("probe",
 * "worker", "analyzer"), and talks to it over a socket.  A message is a 32-bit length in host order
 * and that many bytes of a JSON value (wire.h). */

#ifndef CORE_BASE_CHILD_H
#define CORE_BASE_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/err.h"

#define CHILD_SOCKET_FD 3 /* in the child: its end of the socket */
#define CHILD_EXTRA_FD 4  /* in the child: the file passed along, if any */

/* How main() recognises a child: argv[1] is this and the role, argv[2] the log level. */
#define CHILD_ARGUMENT "--child="

struct child {
    pid_t pid; /* 0: none */
    int fd;    /* the parent's end, close-on-exec */
};

/* Starts ctxmark in a role.  extra_fd >= 0 becomes CHILD_EXTRA_FD there.  The child's stdin is
 * /dev/null, its stdout is stderr, it is killed when the calling thread ends, and it is in a
 * process group of its own (so that Ctrl-C in a terminal reaches the parent alone).  0 or -1. */
int child_spawn(const char *role, int extra_fd, struct child *ret_child, struct err *e);

/* The same under another program, such as {"/usr/bin/valgrind", "-q", NULL}; tool NULL: none. */
int child_spawn_under(const char *const *tool, const char *role, int extra_fd,
                      struct child *ret_child, struct err *e);

/* Waits until it ends, at most until deadline_ns (CLOCK_MONOTONIC; 0: no limit), then kills it.
 * Closes the socket.  `how` gets "ended with exit status 3", "killed by signal 11 (Segmentation
 * fault)", "" for a clean end.  Returns 0 for a clean end, 1 for any other. */
int child_end(struct child *c, int64_t deadline_ns, char *how, size_t how_size);

/* Kills its whole process group, and reaps it. */
void child_kill(struct child *c);

/* 0, or -1 (the other side is gone). */
int message_send(int fd, const json_t *message, struct err *e);
/* The same for a message as wire.h writes it. */
int message_send_bytes(int fd, const struct buf *message, struct err *e);

enum message_result {
    MESSAGE_OK,
    MESSAGE_END,     /* the other side closed its end */
    MESSAGE_TIMEOUT, /* nothing complete until the deadline */
    MESSAGE_WOKEN,   /* wake_fd became readable (nothing was read from it) */
    MESSAGE_BAD,     /* not a message; e says why */
};

/* The next message; *ret_message is the caller's.  deadline_ns 0: no limit.  wake_fd -1: none.  A
 * message that has begun is read to its end whatever wake_fd says. */
enum message_result message_receive(int fd, int64_t deadline_ns, int wake_fd, json_t **ret_message,
                                    struct err *e);

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t clock_now_ns(void);

#endif
