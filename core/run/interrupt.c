/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#define _GNU_SOURCE 1 /* pipe2 */
#include "config.h"

#include "core/run/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int wake[2] = {-1, -1};
static volatile sig_atomic_t requested;

static void on_signal(int signal_number)
{
    if (requested) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
        return;
    }
    requested = 1;
    ssize_t ignored = write(wake[1], "", 1);
    (void)ignored;
}

int interrupt_watch(void)
{
    if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    struct sigaction act = {.sa_handler = on_signal};
    sigemptyset(&act.sa_mask);
    if (sigaction(SIGINT, &act, NULL) < 0 || sigaction(SIGTERM, &act, NULL) < 0 ||
        sigaction(SIGHUP, &act, NULL) < 0)
        return -1;
    return 0;
}

int interrupt_fd(void)
{
    return wake[0];
}

bool interrupt_requested(void)
{
    return requested;
}
