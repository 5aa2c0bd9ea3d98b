/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "plugins/replay/recording.h"

#define THEIRS                                                                                     \
    "model,backend,context_length,mode,rep,latency_ms,prompt_tokens,generated_tokens,"             \
    "peak_vram_mb,status\n"
#define OURS                                                                                       \
    "run_id,seq,launch,backend,model,context_length,mode,phase,rep,status,latency_ms,"             \
    "generated_tokens,note,error\n"

static char path[512];
static struct replay_recording recording;
static struct replay_err err;

static void setup(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/ctxmark-replay-XXXXXX", base ? base : "/tmp");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    memset(&recording, 0, sizeof recording);
}

static void teardown(void)
{
    replay_recording_free(&recording);
    unlink(path);
}

static int read_text(const char *text, const char *model, const char *backend)
{
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    replay_recording_free(&recording);
    return replay_recording_read(&recording, path, model, backend, &err);
}

static void take(const char *text, const char *model)
{
    ck_assert_msg(read_text(text, model, NULL) == 0, "%s", err.text);
}

/* Reading must fail with FILE, what follows it, and these words. */
static void refuse(const char *text, const char *behind_file, const char *words)
{
    ck_assert_int_eq(read_text(text, "m", NULL), -1);
    ck_assert_msg(strncmp(err.text, path, strlen(path)) == 0, "no file in '%s'", err.text);
    const char *rest = err.text + strlen(path);
    ck_assert_msg(strncmp(rest, behind_file, strlen(behind_file)) == 0 && strstr(rest, words),
                  "'%s' lacks '%s' or '%s'", rest, behind_file, words);
}

static double prefill_of(const struct replay_repetition *p)
{
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq(p->outcome, REPLAY_OK);
    return p->latency_ms[REPLAY_PREFILL];
}

START_TEST(reads_the_columns_of_the_report)
{
    take(THEIRS "m,b,512,prefill,1,11,500,0,100.5,ok\n"
                "m,b,512,prefill,0,10,500,0,100.5,ok\n"
                "m,b,512,decode,0,90,500,64,,ok\n"
                "m,b,512,e2e,0,101,500,64,,ok\n",
         "m");
    const struct replay_cell *c = replay_recording_find(&recording, 0, 512);
    ck_assert_ptr_nonnull(c);
    ck_assert_uint_eq(c->measured_count, 2);
    ck_assert_uint_eq(c->warmup_count + c->failure_count, 0);
    const struct replay_repetition *p = &c->measured[0];
    ck_assert(prefill_of(p) == 10 && p->latency_ms[REPLAY_DECODE] == 90 &&
              p->latency_ms[REPLAY_E2E] == 101);
    ck_assert(p->prompt_tokens == 500 && p->generated_tokens == 64 && p->peak_mib == 100.5);
    ck_assert(prefill_of(&c->measured[1]) == 11 && !c->measured[1].has[REPLAY_DECODE]);
    ck_assert_str_eq(recording.backend, "b");
}
END_TEST

START_TEST(takes_columns_in_any_order_and_passes_over_others)
{
    take("status,latency_ms,color,rep,mode,context_length,backend,model\n"
         "ok,7,red,0,prefill,512.0,b,m\n",
         "m");
    const struct replay_cell *c = replay_recording_find(&recording, 0, 512);
    ck_assert(prefill_of(&c->measured[0]) == 7);
    ck_assert(isnan(c->measured[0].prompt_tokens) && isnan(c->measured[0].peak_mib));
}
END_TEST

START_TEST(counts_tokens_as_each_format_does)
{
    take(THEIRS "m,b,1,prefill,0,1,1,0,,ok\nm,b,1,decode,0,1,1,64,,ok\n", "m");
    ck_assert(recording.repetitions[0].generated_tokens == 64);
    take(OURS "r,0,0,b,m,1,prefill,measured,0,ok,1,1,,\nr,0,0,b,m,1,decode,measured,0,ok,1,63,,\n",
         "m");
    ck_assert(recording.repetitions[0].generated_tokens == 64);
    take(OURS "r,0,0,b,m,1,decode,measured,0,ok,1,63,,\n", "m");
    ck_assert(recording.repetitions[0].generated_tokens == 64);
    take(OURS "r,0,0,b,m,1,decode,measured,0,ok,1,63,,\nr,0,0,b,m,1,e2e,measured,0,ok,1,64,,\n",
         "m");
    ck_assert(recording.repetitions[0].generated_tokens == 64);
    take(OURS "r,0,0,b,m,1,prefill,measured,0,ok,1,1,,\n", "m");
    ck_assert(isnan(recording.repetitions[0].generated_tokens));
}
END_TEST

START_TEST(splits_note_words_from_flags)
{
    take(OURS "r,0,0,b,m,1,prefill,measured,0,ok,1,1,short throttled resumed reloaded slow,\n",
         "m");
    ck_assert_str_eq(recording.repetitions[0].note, "throttled slow");
    ck_assert_uint_eq(recording.repetitions[0].notes, REPLAY_NOTE_SHORT | REPLAY_NOTE_RELOADED);
    take(OURS "r,0,0,b,m,1,prefill,measured,0,ok,1,1,cached,\n", "m");
    ck_assert_str_eq(recording.repetitions[0].note, "");
    ck_assert_uint_eq(recording.repetitions[0].notes, REPLAY_NOTE_CACHED);
}
END_TEST

/* seq orders the repetitions of ours, rep the others'; rows of one may lie apart. */
START_TEST(orders_repetitions)
{
    take(OURS "r,4,0,b,m,1,prefill,measured,1,ok,14,1,,\n"
              "r,2,0,b,m,1,prefill,warmup,0,ok,12,1,,\n"
              "r,3,0,b,m,1,prefill,measured,0,ok,13,1,,\n"
              "r,9,0,b,m,1,prefill,warmup,1,ok,19,1,resumed,\n"
              "r,10,0,b,m,1,prefill,measured,2,ok,20,1,,\n",
         "m");
    const struct replay_cell *c = replay_recording_find(&recording, 0, 1);
    ck_assert(prefill_of(replay_cell_next(c, true, 0, 0)) == 12);
    ck_assert(prefill_of(replay_cell_next(c, true, 1, 0)) == 19);
    ck_assert_msg(prefill_of(replay_cell_next(c, true, 5, 0)) == 19, "the last warm-up again");
    ck_assert(prefill_of(replay_cell_next(c, false, 0, 0)) == 13);
    ck_assert(prefill_of(replay_cell_next(c, false, 1, 0)) == 14);
    ck_assert(prefill_of(replay_cell_next(c, false, 2, 0)) == 20);
    ck_assert_ptr_null(replay_cell_next(c, false, 3, 0));
    ck_assert_ptr_null(replay_cell_next(c, false, -1, 0));
}
END_TEST

START_TEST(borrows_measured_repetitions_to_warm_up)
{
    take(THEIRS "m,b,1,prefill,0,10,1,0,,ok\nm,b,1,prefill,1,11,1,0,,ok\n", "m");
    const struct replay_cell *c = replay_recording_find(&recording, 0, 1);
    ck_assert(prefill_of(replay_cell_next(c, true, 0, 0)) == 10);
    ck_assert(prefill_of(replay_cell_next(c, true, 1, 0)) == 11);
    ck_assert(prefill_of(replay_cell_next(c, true, 7, 0)) == 11);
    ck_assert(prefill_of(replay_cell_next(c, false, 0, 0)) == 10);
}
END_TEST

START_TEST(plays_failures_where_they_happened)
{
    take(OURS "r,0,0,b,m,1,prefill,warmup,0,error,,,,one\n"
              "r,1,0,b,m,1,prefill,warmup,0,ok,11,1,,\n"
              "r,2,0,b,m,1,prefill,measured,0,ok,12,1,,\n"
              "r,3,0,b,m,1,prefill,measured,1,crashed,,,,two\n"
              "r,4,0,b,m,1,prefill,warmup,1,ok,14,1,restarted,\n"
              "r,5,0,b,m,1,prefill,measured,1,ok,15,1,,\n"
              "r,6,0,b,m,1,prefill,measured,2,oom,,,ended,three\n",
         "m");
    const struct replay_cell *c = replay_recording_find(&recording, 0, 1);
    ck_assert_str_eq(replay_cell_next(c, true, 0, 0)->error, "one");
    ck_assert(prefill_of(replay_cell_next(c, true, 0, 1)) == 11);
    ck_assert(prefill_of(replay_cell_next(c, false, 0, 1)) == 12);
    ck_assert_str_eq(replay_cell_next(c, false, 1, 1)->error, "two");
    ck_assert_int_eq(replay_cell_next(c, false, 1, 1)->outcome, REPLAY_CRASHED);
    ck_assert_msg(!(replay_cell_next(c, false, 1, 1)->notes & REPLAY_NOTE_ENDED), "not the last");
    ck_assert(prefill_of(replay_cell_next(c, true, 1, 2)) == 14);
    ck_assert(prefill_of(replay_cell_next(c, false, 1, 2)) == 15);
    ck_assert_int_eq(replay_cell_next(c, false, 2, 2)->outcome, REPLAY_OOM);
    ck_assert_uint_eq(replay_cell_next(c, false, 2, 2)->notes, REPLAY_NOTE_ENDED);
    ck_assert_ptr_null(replay_cell_next(c, false, 2, 3));
    ck_assert_msg(replay_cell_next(c, false, 0, 0)->outcome == REPLAY_ERROR,
                  "a run without warm-up fails as the warm-up did");
}
END_TEST

START_TEST(fails_in_the_warm_up_where_nothing_else_was_recorded)
{
    take(THEIRS "m,b,1,oom,0,,1,0,,oom\n", "m");
    const struct replay_cell *c = replay_recording_find(&recording, 0, 1);
    ck_assert_int_eq(replay_cell_next(c, true, 0, 0)->outcome, REPLAY_OOM);
    ck_assert_ptr_null(replay_cell_next(c, true, 0, 1));
}
END_TEST

START_TEST(numbers_launches_and_keeps_cells_apart)
{
    take(OURS "r,0,3,b,m,64,prefill,measured,0,ok,1,1,,\n"
              "r,1,3,b,m,128,prefill,measured,0,ok,2,1,,\n"
              "r,2,7,b,m,64,prefill,measured,0,ok,3,1,,\n",
         "m");
    ck_assert_int_eq(recording.launch_count, 2);
    ck_assert_uint_eq(recording.cell_count, 3);
    ck_assert(prefill_of(replay_recording_find(&recording, 0, 64)->measured) == 1);
    ck_assert(prefill_of(replay_recording_find(&recording, 0, 128)->measured) == 2);
    ck_assert(prefill_of(replay_recording_find(&recording, 1, 64)->measured) == 3);
    ck_assert_ptr_null(replay_recording_find(&recording, 1, 128));
    ck_assert_ptr_null(replay_recording_find(&recording, 2, 64));
}
END_TEST

START_TEST(takes_the_same_repetition_twice_for_two)
{
    take(THEIRS "m,b,1,prefill,0,10,1,0,,ok\nm,b,1,e2e,0,10,1,1,,ok\n"
                "m,b,1,prefill,0,20,1,0,,ok\nm,b,1,e2e,0,20,1,1,,ok\n",
         "m");
    ck_assert_uint_eq(replay_recording_find(&recording, 0, 1)->measured_count, 2);
}
END_TEST

START_TEST(passes_over_a_torn_last_line)
{
    const char *const torn[] = {"r,1,0,b,m,1,prefill,measured,1,ok,22,1,,", "r,1,0,b,m,1,pre",
                                "r,1,0,b,m,1,prefill,measured,1,error,,,,\"half a sen"};
    for (size_t i = 0; i < sizeof torn / sizeof *torn; i++) {
        char text[512];
        snprintf(text, sizeof text, "%sr,0,0,b,m,1,prefill,measured,0,ok,11,1,,\n%s", OURS,
                 torn[i]);
        take(text, "m");
        const struct replay_cell *c = replay_recording_find(&recording, 0, 1);
        ck_assert_uint_eq(c->measured_count + c->failure_count, 1);
    }
    take(THEIRS "m,b,1,prefill,0,10,1,0,,ok\nm,b,1,prefill,1,11,1,0,,o", "m");
    ck_assert_uint_eq(recording.cells[0].measured_count, 1);
    take(THEIRS "m,b,1,prefill,0,10,1,0,,ok\nm,b,1,prefill,1,11,1,0,,ok", "m");
    ck_assert_msg(recording.cells[0].measured_count == 2, "a whole line without an end counts");
}
END_TEST

START_TEST(refuses_bad_files_with_file_and_line)
{
    refuse("", ":1: ", "the file is empty");
    refuse("model,backend,mode,rep,latency_ms\n", ":1: ", "no column 'context_length'");
    refuse("model,backend,context_length,mode,latency_ms\n", ":1: ", "'rep'");
    refuse("model,model\n", ":1: ", "two columns hold model");
    refuse(THEIRS "m,b,1,prefill,0,1,1,0,,ok\nm,b,1,prefill\n", ":3: ", "4 fields under 10");
    refuse(THEIRS "m,b,1,prefill,0,fast,1,0,,ok\n", ":2: ", "'fast' in column latency_ms is no");
    refuse(THEIRS "m,b,1,prefill,0,-1,1,0,,ok\n", ":2: ", "is negative");
    refuse(THEIRS "m,b,1,prefill,0,1e13,1,0,,ok\n", ":2: ", "is too large");
    refuse(THEIRS "m,b,1.5,prefill,0,1,1,0,,ok\n", ":2: ", "no whole number");
    refuse(THEIRS "m,b,,prefill,0,1,1,0,,ok\n", ":2: ", "without a context_length");
    refuse(THEIRS ",b,1,prefill,0,1,1,0,,ok\n", ":2: ", "without a model");
    refuse(THEIRS "m,b,1,prefill,,1,1,0,,ok\n", ":2: ", "which repetition");
    refuse(THEIRS "m,b,1,warp,0,1,1,0,,ok\n", ":2: ", "none of prefill, decode, e2e");
    refuse(THEIRS "m,b,1,prefill,0,1,1,0,,fine\n", ":2: ", "'fine' in column status");
    refuse(THEIRS "m,b,1,prefill,0,1,1,0,,\"ok\nm,b\n", ":2: ", "never closed");
    refuse(OURS "r,0,0,b,m,1,prefill,hot,0,ok,1,1,,\n", ":2: ", "neither measured nor warmup");
}
END_TEST

START_TEST(names_what_a_file_has)
{
    const char *text = THEIRS "zeta,b,1,prefill,0,1,1,0,,ok\nalpha,b,1,prefill,0,1,1,0,,ok\n"
                              "alpha,c,1,prefill,0,2,1,0,,ok\nalpha,b,1,prefill,1,1,1,0,,ok\n";
    refuse(text, ": ", "no rows of model 'm'; it has rows of alpha, zeta:");
    ck_assert_int_eq(read_text(text, "alpha", NULL), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "more than one backend ran model 'alpha': b, c;"));
    ck_assert_int_eq(read_text(text, "zeta", "c"), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "backend 'c' has no rows of model 'zeta'; it was run "
                                           "by: b"));
    ck_assert_int_eq(read_text(text, "alpha", "c"), 0);
    ck_assert(prefill_of(recording.cells[0].measured) == 2);
    refuse(THEIRS, ": ", "it has no rows at all");
    ck_assert_int_eq(replay_recording_read(&recording, "/nowhere.csv", "m", NULL, &err), -1);
    ck_assert_str_eq(err.text, "/nowhere.csv: cannot be opened: No such file or directory");
    ck_assert_int_eq(replay_recording_read(&recording, "/", "m", NULL, &err), -1);
    ck_assert_str_eq(err.text, "/: is no file; name a metrics.csv");
}
END_TEST

#define PARALLEL                                                                                   \
    "model,backend,context_length,mode,rep,latency_ms,concurrency,request\n"                       \
    "m,b,1,prefill,0,1,2,0\nm,b,1,prefill,0,1,2,1\n"

START_TEST(leaves_out_parallel_requests)
{
    refuse(PARALLEL, ": ", "parallel requests only");
    take(PARALLEL "m,b,1,prefill,0,9,1,0\n", "m");
    ck_assert_uint_eq(recording.cells[0].measured_count, 1);
    ck_assert(prefill_of(recording.cells[0].measured) == 9);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("replay/recording");
    TCase *t = tcase_create("recording");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, reads_the_columns_of_the_report);
    tcase_add_test(t, takes_columns_in_any_order_and_passes_over_others);
    tcase_add_test(t, counts_tokens_as_each_format_does);
    tcase_add_test(t, splits_note_words_from_flags);
    tcase_add_test(t, orders_repetitions);
    tcase_add_test(t, borrows_measured_repetitions_to_warm_up);
    tcase_add_test(t, plays_failures_where_they_happened);
    tcase_add_test(t, fails_in_the_warm_up_where_nothing_else_was_recorded);
    tcase_add_test(t, numbers_launches_and_keeps_cells_apart);
    tcase_add_test(t, takes_the_same_repetition_twice_for_two);
    tcase_add_test(t, passes_over_a_torn_last_line);
    tcase_add_test(t, refuses_bad_files_with_file_and_line);
    tcase_add_test(t, names_what_a_file_has);
    tcase_add_test(t, leaves_out_parallel_requests);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
