/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* usage: plain_reader PORT TOKENS REPETITIONS
 * What client.c does for one stream, by a program that only sends and receives on a blocking socket
 * and parses nothing but the stamps: what the kernel alone costs.  Prints the same lines. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static double *ttft, *late;
static size_t ttft_count, late_count, tokens, requests;

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
static void take(const char *data, int64_t start, int64_t now, bool *first)
{
    char *rest;
    for (const char *at = data; (at = strstr(at, "\"response\":\"")); at++) {
        int64_t came = strtoll(at + 12, &rest, 10), went = strtoll(rest, NULL, 10);
        if (came == 0 || late_count == tokens * requests)
            continue;
        late[late_count++] = (double)(now - went) * 1e-3;
        if (*first)
            ttft[ttft_count++] = (double)(now - start - (went - came)) * 1e-3;
        *first = false;
    }
}

/* True: all of the answer was read. */
static bool run_one(int fd, const char *request, size_t length)
{
    char data[65536];
    bool first = true;
    int64_t start = now_ns();
    if (send(fd, request, length, 0) != (ssize_t)length)
        return false;
    for (ssize_t n; (n = recv(fd, data, sizeof data - 1, 0)) > 0;) {
        data[n] = '\0';
        take(data, start, now_ns(), &first);
        if (n >= 5 && memcmp(data + n - 5, "0\r\n\r\n", 5) == 0)
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    char body[512], request[1024];
    bool good = argc == 4;
    if (!good)
        return 2;
    tokens = strtoul(argv[2], NULL, 10);
    requests = strtoul(argv[3], NULL, 10);
    ttft = calloc(requests + 1, sizeof *ttft);
    late = calloc(tokens * requests + 1, sizeof *late);
    int fd = connect_to(strtol(argv[1], NULL, 10));
    if (!ttft || !late || fd < 0)
        return 1;
    int n = snprintf(body, sizeof body,
                     "{\"model\":\"tiny\",\"prompt\":\"the same prompt each time\",\"raw\":true,"
                     "\"truncate\":false,\"keep_alive\":\"30m\","
                     "\"options\":{\"num_ctx\":8192,\"num_predict\":%zu}}",
                     tokens);
    n = snprintf(request, sizeof request,
                 "POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s",
                 n, body);
    double before = cpu_us();
    for (size_t i = 0; good && i < requests; i++)
        good = run_one(fd, request, (size_t)n);
    printf("tokens %zu\ncpu_us %.1f\n", late_count, cpu_us() - before);
    for (size_t i = 0; i < ttft_count; i++)
        printf("ttft %.3f\n", ttft[i]);
    for (size_t i = 0; i < late_count; i++)
        printf("late %.3f\n", late[i]);
    free(ttft);
    free(late);
    return !good;
}
