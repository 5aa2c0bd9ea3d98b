/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* usage: plain_reader PORT STREAMS TOKENS REPETITIONS
 * What client.c does, by a program that only sends and receives on sockets and parses nothing but
 * the stamps: what the kernel alone costs.  One stream blocks in recv(), more wait in epoll_wait().
 * Prints the same lines. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define STREAMS_MAX 1024

struct stream {
    int fd;
    int64_t start;
    bool first; /* its first token has not come */
};

static struct stream streams[STREAMS_MAX];
static double *ttft, *late;
static size_t ttft_count, late_count, stream_count, tokens, repetitions;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int connect_to(long port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? fd : -1;
}

/* A piece as received: every token in it came now. */
static void take(const char *data, struct stream *s, int64_t now)
{
    char *rest;
    for (const char *at = data; (at = strstr(at, "\"response\":\"")); at++) {
        int64_t came = strtoll(at + 12, &rest, 10), went = strtoll(rest, NULL, 10);
        if (came == 0 || late_count == tokens * stream_count * repetitions)
            continue;
        late[late_count++] = (double)(now - went) * 1e-3;
        if (s->first)
            ttft[ttft_count++] = (double)(now - s->start - (went - came)) * 1e-3;
        s->first = false;
    }
}

/* 1: that was the end of the answer; 0: more comes; -1: the connection is gone. */
static int receive(struct stream *s)
{
    static char data[65536];
    ssize_t n = recv(s->fd, data, sizeof data - 1, 0);
    if (n <= 0)
        return -1;
    data[n] = '\0';
    take(data, s, now_ns());
    return n >= 5 && memcmp(data + n - 5, "0\r\n\r\n", 5) == 0;
}

/* Reads what has come of any; how many have ended, or -1. */
static int receive_some(int epoll)
{
    struct epoll_event events[64];
    int ended = 0, n = stream_count > 1 ? epoll_wait(epoll, events, 64, -1) : 1;
    for (int i = 0; i < n; i++) {
        int r = receive(stream_count > 1 ? events[i].data.ptr : streams);
        if (r < 0)
            return -1;
        ended += r;
    }
    return ended;
}

/* True: all answers were read. */
static bool run_all(int epoll, const char *request, size_t length)
{
    for (size_t i = 0; i < stream_count; i++) {
        streams[i].first = true;
        streams[i].start = now_ns();
        if (send(streams[i].fd, request, length, 0) != (ssize_t)length)
            return false;
    }
    for (size_t open = stream_count; open;) {
        int ended = receive_some(epoll);
        if (ended < 0)
            return false;
        open -= (size_t)ended;
    }
    return true;
}

static bool connect_all(int epoll, long port)
{
    for (size_t i = 0; i < stream_count; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &streams[i]};
        streams[i].fd = connect_to(port);
        if (streams[i].fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, streams[i].fd, &e) < 0)
            return false;
    }
    return true;
}

static void print_samples(double cpu)
{
    printf("tokens %zu\ncpu_us %.1f\n", late_count, cpu);
    for (size_t i = 0; i < ttft_count; i++)
        printf("ttft %.3f\n", ttft[i]);
    for (size_t i = 0; i < late_count; i++)
        printf("late %.3f\n", late[i]);
}

int main(int argc, char **argv)
{
    char body[512], request[1024];
    bool good = argc == 5;
    if (!good)
        return 2;
    stream_count = strtoul(argv[2], NULL, 10);
    tokens = strtoul(argv[3], NULL, 10);
    repetitions = strtoul(argv[4], NULL, 10);
    if (stream_count < 1 || stream_count > STREAMS_MAX)
        return 2;
    ttft = calloc(stream_count * repetitions + 1, sizeof *ttft);
    late = calloc(stream_count * tokens * repetitions + 1, sizeof *late);
    int n = snprintf(body, sizeof body,
                     "{\"model\":\"tiny\",\"prompt\":\"the same prompt each time\",\"raw\":true,"
                     "\"truncate\":false,\"keep_alive\":\"30m\","
                     "\"options\":{\"num_ctx\":8192,\"num_predict\":%zu}}",
                     tokens);
    n = snprintf(request, sizeof request,
                 "POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s",
                 n, body);
    double before = cpu_us();
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    good = ttft && late && epoll >= 0 && connect_all(epoll, strtol(argv[1], NULL, 10));
    for (size_t i = 0; good && i < repetitions; i++)
        good = run_all(epoll, request, (size_t)n);
    print_samples(cpu_us() - before);
    free(ttft);
    free(late);
    return !good;
}
