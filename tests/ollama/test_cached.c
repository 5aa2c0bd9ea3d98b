/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "plugins/ollama/cached.h"

#define MS INT64_C(1000000)

/* The figures are those of real servers: prompts of 509 to 5997 tokens, the first of each
 * evaluated, the second from the cache. */
static const struct {
    int64_t tokens, evaluated_ns, cached_ns, step_ns;
} measured[] = {
    {509, 117580000, 1960000, 1954000},     {2045, 755600000, 6510000, 6290000},
    {5997, 4374050000, 18890000, 14360000}, {509, 151900000, 1600000, 1800000},
    {2045, 1663900000, 8500000, 6000000},   {5997, 11997000000, 9200000, 11000000},
};

START_TEST(a_cached_prompt_is_told_by_its_time)
{
    struct ollama_cached c = {.count = 0};
    ollama_cached_learn(&c, 256, 50 * MS, false);
    ollama_cached_learn(&c, 256, 45 * MS, false);
    ck_assert(ollama_cached_detect(&c, measured[_i].tokens, measured[_i].cached_ns,
                                   measured[_i].step_ns));
    ck_assert(!ollama_cached_detect(&c, measured[_i].tokens, measured[_i].evaluated_ns,
                                    measured[_i].step_ns));
}
END_TEST

START_TEST(the_first_of_a_cell_is_reference_enough)
{
    struct ollama_cached c = {.count = 0};
    ollama_cached_learn(&c, 2045, 756 * MS, true);
    ck_assert(ollama_cached_detect(&c, 2045, 4 * MS, 6 * MS));
    ck_assert(!ollama_cached_detect(&c, 2045, 700 * MS, 6 * MS));
}
END_TEST

START_TEST(a_slow_first_evaluation_does_not_make_the_next_look_cached)
{
    struct ollama_cached c = {.count = 0};
    ollama_cached_learn(&c, 256, 300 * MS, false);
    ck_assert(!ollama_cached_detect(&c, 512, 15 * MS, 5 * MS));
    ollama_cached_learn(&c, 256, 8 * MS, false);
    ck_assert(!ollama_cached_detect(&c, 512, 15 * MS, 5 * MS));
}
END_TEST

START_TEST(a_shorter_prompt_proves_nothing_about_a_fast_one)
{
    struct ollama_cached c = {.count = 0};
    ollama_cached_learn(&c, 4096, 400 * MS, true);
    ck_assert(!ollama_cached_detect(&c, 512, 40 * MS, 10 * MS));
}
END_TEST

START_TEST(without_a_reference_nothing_is_called_cached)
{
    struct ollama_cached c = {.count = 0};
    ck_assert(!ollama_cached_detect(&c, 4096, 1, MS));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("cached");
    tcase_add_loop_test(t, a_cached_prompt_is_told_by_its_time, 0,
                        (int)(sizeof measured / sizeof *measured));
    tcase_add_test(t, the_first_of_a_cell_is_reference_enough);
    tcase_add_test(t, a_slow_first_evaluation_does_not_make_the_next_look_cached);
    tcase_add_test(t, a_shorter_prompt_proves_nothing_about_a_fast_one);
    tcase_add_test(t, without_a_reference_nothing_is_called_cached);
    Suite *s = suite_create("ollama cached");
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
