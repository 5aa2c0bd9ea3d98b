/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <math.h>
#include <stdlib.h>

#include <check.h>

#include "plugins/replay/spans.h"

/* A repetition of N tokens with these latencies; NAN: the mode has no row. */
static struct replay_repetition repetition(double prefill, double decode, double e2e, double tokens)
{
    return (struct replay_repetition){.latency_ms = {prefill, decode, e2e},
                                      .has = {!isnan(prefill), !isnan(decode), !isnan(e2e)},
                                      .ttft_ms = NAN,
                                      .generated_tokens = tokens};
}

static void expect(const struct replay_spans *s, uint64_t count, int64_t first, int64_t last,
                   int64_t end)
{
    ck_assert_uint_eq(s->count, count);
    ck_assert_int_eq(s->first_ns, first);
    ck_assert_int_eq(s->last_ns, last);
    ck_assert_int_eq(s->end_ns, end);
}

START_TEST(gives_recorded_times_to_the_nanosecond)
{
    struct replay_repetition p = repetition(51.7951, 2696.1512, 2750.123456, 128);
    struct replay_spans s = replay_spans_of(&p, 128);
    expect(&s, 128, 51795100, 2747946300, 2750123456);
    ck_assert(s.counted && !s.derived && !s.adjusted);
}
END_TEST

START_TEST(gives_the_prefill_alone_where_one_token_is_asked_for)
{
    struct replay_repetition p = repetition(50, 2700, 2760, 128);
    struct replay_spans s = replay_spans_of(&p, 1);
    expect(&s, 1, 50000000, 50000000, 50000000);
    ck_assert(!s.derived);
}
END_TEST

START_TEST(takes_a_lone_prefill_for_one_token)
{
    struct replay_repetition p = repetition(50, NAN, NAN, NAN);
    struct replay_spans s = replay_spans_of(&p, 1);
    expect(&s, 1, 50000000, 50000000, 50000000);
    ck_assert(!s.derived && !s.counted);
    s = replay_spans_of(&p, 64);
    expect(&s, 1, 50000000, 50000000, 50000000);
    ck_assert(s.derived);
}
END_TEST

START_TEST(adds_up_where_e2e_is_missing)
{
    struct replay_repetition p = repetition(10, 20, NAN, 8);
    struct replay_spans s = replay_spans_of(&p, 8);
    expect(&s, 8, 10000000, 30000000, 30000000);
    ck_assert(s.derived);
}
END_TEST

START_TEST(decodes_to_the_end_where_decode_is_missing)
{
    struct replay_repetition p = repetition(10, NAN, 50, 8);
    struct replay_spans s = replay_spans_of(&p, 8);
    expect(&s, 8, 10000000, 50000000, 50000000);
    ck_assert(s.derived);
}
END_TEST

START_TEST(leaves_a_decode_without_latency_unknown)
{
    struct replay_repetition p = repetition(10, NAN, 50, 8);
    p.has[REPLAY_DECODE] = true;
    struct replay_spans s = replay_spans_of(&p, 8);
    expect(&s, 8, 10000000, 10000000, 50000000);
    ck_assert(!s.derived);
}
END_TEST

START_TEST(finds_the_first_token_without_a_prefill_row)
{
    struct replay_repetition p = repetition(NAN, 30, 50, 8);
    struct replay_spans s = replay_spans_of(&p, 8);
    expect(&s, 8, 20000000, 50000000, 50000000);
    ck_assert(s.derived);
    p.ttft_ms = 15;
    s = replay_spans_of(&p, 8);
    expect(&s, 8, 15000000, 45000000, 50000000);
    ck_assert(!s.derived);
    p = repetition(NAN, NAN, 50, 8);
    s = replay_spans_of(&p, 8);
    expect(&s, 8, 50000000, 50000000, 50000000);
    p = repetition(NAN, 30, NAN, 8);
    s = replay_spans_of(&p, 8);
    expect(&s, 8, 0, 30000000, 30000000);
}
END_TEST

START_TEST(raises_an_e2e_that_ends_before_its_tokens)
{
    struct replay_repetition p = repetition(10, 20, 29.9995, 8);
    struct replay_spans s = replay_spans_of(&p, 8);
    expect(&s, 8, 10000000, 30000000, 30000000);
    ck_assert_msg(!s.adjusted, "half a microsecond is rounding");
    p = repetition(10, 20, 25, 8);
    s = replay_spans_of(&p, 8);
    expect(&s, 8, 10000000, 30000000, 30000000);
    ck_assert(s.adjusted);
}
END_TEST

START_TEST(assumes_as_many_tokens_as_asked_for_where_none_are_recorded)
{
    struct replay_repetition p = repetition(10, 20, 30, NAN);
    struct replay_spans s = replay_spans_of(&p, 16);
    expect(&s, 16, 10000000, 30000000, 30000000);
    ck_assert(!s.counted);
}
END_TEST

START_TEST(converts_units)
{
    ck_assert_int_eq(replay_bytes(1121.863), 1176358617);
    ck_assert_int_eq(replay_bytes(NAN), INT64_MIN);
    ck_assert_int_eq(replay_ns(0.000001), 1);
    ck_assert_int_eq(replay_count(128), 128);
    ck_assert_int_eq(replay_count(NAN), INT64_MIN);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("replay/spans");
    TCase *t = tcase_create("spans");
    tcase_add_test(t, gives_recorded_times_to_the_nanosecond);
    tcase_add_test(t, gives_the_prefill_alone_where_one_token_is_asked_for);
    tcase_add_test(t, takes_a_lone_prefill_for_one_token);
    tcase_add_test(t, adds_up_where_e2e_is_missing);
    tcase_add_test(t, decodes_to_the_end_where_decode_is_missing);
    tcase_add_test(t, leaves_a_decode_without_latency_unknown);
    tcase_add_test(t, finds_the_first_token_without_a_prefill_row);
    tcase_add_test(t, raises_an_e2e_that_ends_before_its_tokens);
    tcase_add_test(t, assumes_as_many_tokens_as_asked_for_where_none_are_recorded);
    tcase_add_test(t, converts_units);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
