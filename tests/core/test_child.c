/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Messages over a socket, and children: this program starts itself again in the roles below. */

#include "config.h"

#include "tests/core/support.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/child.h"
#include "core/base/wire.h"

#define SECOND INT64_C(1000000000)

static int ends[2];

static void make_pair(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

static void put(const void *bytes, size_t n)
{
    ck_assert_int_eq(write(ends[1], bytes, n), (ssize_t)n);
}

static enum message_result receive(int64_t limit_ns, int wake_fd, json_t **ret, struct err *e)
{
    return message_receive(ends[0], limit_ns ? clock_now_ns() + limit_ns : 0, wake_fd, ret, e);
}

START_TEST(a_message_arrives_as_it_was_sent)
{
    struct err e;
    json_t *back;
    json_t *sent =
        json_pack("{s:s, s:f, s:[i,n]}", "text", "gr\xc3\xbc\xc3\x9f", "x", 0.1 + 0.2, "list", 7);
    make_pair();
    ck_assert_int_eq(message_send(ends[1], sent, &e), 0);
    ck_assert_int_eq(message_send(ends[1], sent, &e), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(receive(0, -1, &back, &e), MESSAGE_OK);
        ck_assert(json_equal(sent, back));
        json_decref(back);
    }
    json_decref(sent);
}
END_TEST

START_TEST(a_large_message_arrives_whole)
{
    struct err e;
    json_t *back = NULL;
    size_t n = 8 << 20;
    char *text = malloc(n + 1);
    memset(text, 'x', n);
    text[n] = '\0';
    json_t *sent = json_string(text);
    make_pair();
    pid_t pid = fork();
    if (pid == 0)
        _exit(message_send(ends[1], sent, &e) != 0);
    ck_assert_int_eq(receive(30 * SECOND, -1, &back, &e), MESSAGE_OK);
    ck_assert_uint_eq(json_string_length(back), n);
    json_decref(back);
    json_decref(sent);
    free(text);
}
END_TEST

START_TEST(the_other_sides_end_is_told)
{
    struct err e;
    json_t *back;
    make_pair();
    close(ends[1]);
    ck_assert_int_eq(receive(SECOND, -1, &back, &e), MESSAGE_END);
    json_t *m = json_true();
    ck_assert_int_eq(message_send(ends[0], m, &e), -1);
    ck_assert_str_eq(e.text, "the other process is gone");
}
END_TEST

START_TEST(a_torn_message_is_an_end)
{
    struct err e;
    json_t *back;
    make_pair();
    put((uint32_t[]){10}, 4);
    put("[1,", 3);
    close(ends[1]);
    ck_assert_int_eq(receive(SECOND, -1, &back, &e), MESSAGE_END);
}
END_TEST

START_TEST(a_message_that_is_too_long_is_refused)
{
    struct err e;
    json_t *back;
    make_pair();
    put((uint32_t[]){UINT32_MAX}, 4);
    ck_assert_int_eq(receive(SECOND, -1, &back, &e), MESSAGE_BAD);
    ck_assert_str_eq(e.text, "a message of 4294967295 bytes cannot be read");
}
END_TEST

START_TEST(what_is_no_value_is_refused)
{
    struct err e;
    json_t *back;
    make_pair();
    put((uint32_t[]){3}, 4);
    put("{x}", 3);
    ck_assert_int_eq(receive(SECOND, -1, &back, &e), MESSAGE_BAD);
    ck_assert_ptr_nonnull(strstr(e.text, "a message of 3 bytes makes no sense"));
}
END_TEST

START_TEST(values_of_every_kind_come_back_and_none_of_their_parts_do)
{
    struct buf b = {0};
    json_t *sent = json_pack("{s:[n, b, b, I, f, f, s], s:{}, s:[]}", "a", 0, 1,
                             (json_int_t)INT64_MIN, 0.1, -1e300, "\xc3\xa4", "object", "array");
    wire_write(&b, sent);
    json_t *back = wire_read(b.data, b.len);
    ck_assert(json_equal(sent, back));
    json_decref(back);
    for (size_t n = 0; n < b.len; n++)
        ck_assert_ptr_null(wire_read(b.data, n));
    buf_putc(&b, 0);
    ck_assert_ptr_null(wire_read(b.data, b.len));
    json_decref(sent);
    buf_free(&b);
}
END_TEST

START_TEST(bytes_within_a_message_are_read_piece_by_piece)
{
    struct buf b = {0};
    struct wire_plain plain;
    uint32_t items = 0;
    json_t *sent = json_pack("[n, b, I, f, s, {}]", 1, (json_int_t)-7, 0.25, "\xc3\xa4");
    wire_begin_object(&b, 2);
    wire_key(&b, "rows");
    size_t begun = wire_begin_bytes(&b);
    wire_write(&b, sent);
    wire_end_bytes(&b, begun);
    wire_key(&b, "behind");
    wire_integer(&b, 5);
    json_t *back = wire_read(b.data, b.len), *rows = json_object_get(back, "rows");
    ck_assert_int_eq(json_integer_value(json_object_get(back, "behind")), 5);
    const char *bytes = json_string_value(rows);
    struct wire_reader r = {bytes, bytes + json_string_length(rows), 0};
    ck_assert(wire_take_array(&r, &items));
    ck_assert_uint_eq(items, 6);
    ck_assert(wire_take_plain(&r, &plain) && isnan(plain.number) && !plain.text);
    ck_assert(wire_take_plain(&r, &plain) && plain.number == 1);
    ck_assert(wire_take_plain(&r, &plain) && plain.number == -7);
    ck_assert(wire_take_plain(&r, &plain) && plain.number == 0.25);
    ck_assert(wire_take_plain(&r, &plain) && isnan(plain.number) && plain.len == 2);
    ck_assert_mem_eq(plain.text, "\xc3\xa4", 2);
    ck_assert(!wire_take_plain(&r, &plain));
    for (size_t n = 0; n < json_string_length(rows); n++) {
        struct wire_reader torn = {bytes, bytes + n, 0};
        bool whole = wire_take_array(&torn, &items);
        for (int i = 0; whole && i < 6; i++)
            whole = wire_take_plain(&torn, &plain);
        ck_assert(!whole);
    }
    json_decref(back);
    json_decref(sent);
    buf_free(&b);
}
END_TEST

START_TEST(a_value_nested_too_deeply_is_refused)
{
    struct buf b = {0};
    uint32_t one = 1;
    for (int i = 0; i < 1000; i++) {
        buf_putc(&b, 6); /* an array */
        buf_add(&b, &one, sizeof one);
    }
    buf_putc(&b, 0);
    ck_assert_ptr_null(wire_read(b.data, b.len));
    buf_free(&b);
}
END_TEST

START_TEST(a_deadline_ends_the_wait)
{
    struct err e;
    json_t *back;
    make_pair();
    ck_assert_int_eq(receive(SECOND / 100, -1, &back, &e), MESSAGE_TIMEOUT);
    put((uint32_t[]){10}, 4);
    put("[1,", 3);
    ck_assert_int_eq(receive(SECOND / 100, -1, &back, &e), MESSAGE_TIMEOUT);
}
END_TEST

START_TEST(a_wake_ends_the_wait_but_not_a_begun_message)
{
    struct err e;
    json_t *back;
    int wake[2];
    make_pair();
    ck_assert_int_eq(pipe(wake), 0);
    ck_assert_int_eq(write(wake[1], "", 1), 1);
    ck_assert_int_eq(receive(SECOND, wake[0], &back, &e), MESSAGE_WOKEN);
    /* It reads nothing from there: the next wait is woken too. */
    ck_assert_int_eq(receive(SECOND, wake[0], &back, &e), MESSAGE_WOKEN);
    /* What is there is taken first. */
    put((uint32_t[]){1}, 4);
    put("\2", 1); /* true */
    ck_assert_int_eq(receive(SECOND, wake[0], &back, &e), MESSAGE_OK);
    ck_assert(json_is_true(back));
}
END_TEST

/* ---- children */

static int role_echo(void)
{
    struct err e;
    json_t *m;
    while (message_receive(CHILD_SOCKET_FD, 0, -1, &m, &e) == MESSAGE_OK) {
        if (message_send(CHILD_SOCKET_FD, m, &e) < 0)
            return 1;
        json_decref(m);
    }
    return 0;
}

static int role_files(void)
{
    struct err e;
    char byte = 0, text[8] = "";
    json_t *m = json_pack("{s:b, s:b, s:b}", "stdin_is_empty", read(STDIN_FILENO, &byte, 1) == 0,
                          "extra", read(CHILD_EXTRA_FD, text, 5) == 5 && strcmp(text, "extra") == 0,
                          "others_closed", close(CHILD_EXTRA_FD + 1) < 0 && errno == EBADF);
    int r = message_send(CHILD_SOCKET_FD, m, &e);
    json_decref(m);
    return r;
}

static int role_hang(void)
{
    for (;;)
        pause();
    return 0;
}

/* Leaves a process behind that would live for a minute. */
static int role_leave(void)
{
    struct err e;
    pid_t pid = fork();
    if (pid == 0) {
        close(CHILD_SOCKET_FD);
        sleep(60);
        _exit(0);
    }
    json_t *m = json_integer(pid);
    int r = message_send(CHILD_SOCKET_FD, m, &e);
    json_decref(m);
    return r;
}

static int run_role(const char *role)
{
    if (strcmp(role, "echo") == 0)
        return role_echo();
    if (strcmp(role, "files") == 0)
        return role_files();
    if (strcmp(role, "hang") == 0)
        return role_hang();
    if (strcmp(role, "leave") == 0)
        return role_leave();
    if (strcmp(role, "crash") == 0) {
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    return 3;
}

START_TEST(a_child_answers_and_ends_cleanly)
{
    struct err e;
    struct child c;
    json_t *back;
    char how[128] = "?";
    ck_assert_int_eq(child_spawn("echo", -1, &c, &e), 0);
    for (int i = 0; i < 3; i++) {
        json_t *m = json_integer(i);
        ck_assert_int_eq(message_send(c.fd, m, &e), 0);
        ck_assert_int_eq(message_receive(c.fd, 0, -1, &back, &e), MESSAGE_OK);
        ck_assert(json_equal(m, back));
        json_decref(m);
        json_decref(back);
    }
    shutdown(c.fd, SHUT_WR);
    ck_assert_int_eq(child_end(&c, 0, how, sizeof how), 0);
    ck_assert_str_eq(how, "");
    ck_assert_int_eq(c.pid, 0);
}
END_TEST

START_TEST(a_child_gets_only_what_is_meant_for_it)
{
    struct err e;
    struct child c;
    json_t *back;
    char how[128];
    FILE *extra = fopen(support_write("extra", "extra"), "r");
    int open_for_exec = dup2(fileno(extra), 9); /* not close-on-exec */
    ck_assert_int_eq(open_for_exec, 9);
    ck_assert_int_eq(child_spawn("files", fileno(extra), &c, &e), 0);
    ck_assert_int_eq(message_receive(c.fd, 0, -1, &back, &e), MESSAGE_OK);
    ck_assert(json_is_true(json_object_get(back, "stdin_is_empty")));
    ck_assert(json_is_true(json_object_get(back, "extra")));
    ck_assert(json_is_true(json_object_get(back, "others_closed")));
    json_decref(back);
    ck_assert_int_eq(child_end(&c, 0, how, sizeof how), 0);
    fclose(extra);
}
END_TEST

START_TEST(how_a_child_ended_is_told)
{
    struct err e;
    struct child c;
    char how[128];
    ck_assert_int_eq(child_spawn("crash", -1, &c, &e), 0);
    ck_assert_int_eq(child_end(&c, 0, how, sizeof how), 1);
    ck_assert_str_eq(how, "killed by signal 11 (Segmentation fault)");
    ck_assert_int_eq(child_spawn("unknown", -1, &c, &e), 0);
    ck_assert_int_eq(child_end(&c, 0, how, sizeof how), 1);
    ck_assert_str_eq(how, "ended with exit status 3");
}
END_TEST

START_TEST(a_child_that_does_not_end_is_killed)
{
    struct err e;
    struct child c;
    char how[128];
    ck_assert_int_eq(child_spawn("hang", -1, &c, &e), 0);
    pid_t pid = c.pid;
    ck_assert_int_eq(child_end(&c, clock_now_ns() + SECOND / 100, how, sizeof how), 1);
    ck_assert_str_eq(how, "killed by signal 9 (Killed)");
    ck_assert_int_eq(kill(pid, 0), -1);
    ck_assert_int_eq(child_spawn("hang", -1, &c, &e), 0);
    pid = c.pid;
    child_kill(&c);
    ck_assert_int_eq(kill(pid, 0), -1);
    child_kill(&c); /* a second time is nothing */
    ck_assert_int_eq(child_end(&c, 0, how, sizeof how), 0);
}
END_TEST

START_TEST(what_a_child_leaves_running_goes_with_it)
{
    struct err e;
    struct child c;
    json_t *back;
    char how[128], state[64];
    ck_assert_int_eq(child_spawn("leave", -1, &c, &e), 0);
    ck_assert_int_eq(message_receive(c.fd, 0, -1, &back, &e), MESSAGE_OK);
    pid_t left = (pid_t)json_integer_value(back);
    json_decref(back);
    ck_assert_int_eq(kill(left, 0), 0);
    child_end(&c, 0, how, sizeof how);
    /* Gone, or a zombie that init has not reaped yet. */
    snprintf(state, sizeof state, "/proc/%d/stat", (int)left);
    for (int i = 0; i < 500; i++) {
        FILE *f = fopen(state, "r");
        char letter = 'Z';
        if (f && fscanf(f, "%*d (%*[^)]) %c", &letter) != 1)
            letter = 'Z';
        if (f)
            fclose(f);
        if (letter == 'Z' || letter == 'X')
            return;
        usleep(10000);
    }
    ck_abort_msg("the process that the child left is still there");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_message_arrives_as_it_was_sent);
    tcase_add_test(t, a_large_message_arrives_whole);
    tcase_add_test(t, the_other_sides_end_is_told);
    tcase_add_test(t, a_torn_message_is_an_end);
    tcase_add_test(t, a_message_that_is_too_long_is_refused);
    tcase_add_test(t, what_is_no_value_is_refused);
    tcase_add_test(t, values_of_every_kind_come_back_and_none_of_their_parts_do);
    tcase_add_test(t, bytes_within_a_message_are_read_piece_by_piece);
    tcase_add_test(t, a_value_nested_too_deeply_is_refused);
    tcase_add_test(t, a_deadline_ends_the_wait);
    tcase_add_test(t, a_wake_ends_the_wait_but_not_a_begun_message);
    tcase_add_test(t, a_child_answers_and_ends_cleanly);
    tcase_add_test(t, a_child_gets_only_what_is_meant_for_it);
    tcase_add_test(t, how_a_child_ended_is_told);
    tcase_add_test(t, a_child_that_does_not_end_is_killed);
    tcase_add_test(t, what_a_child_leaves_running_goes_with_it);
}

int main(int argc, char **argv)
{
    size_t n = strlen(CHILD_ARGUMENT);
    if (argc > 1 && strncmp(argv[1], CHILD_ARGUMENT, n) == 0)
        return run_role(argv[1] + n);
    return support_run("child", add);
}
