/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/child.h"
#include "core/plugin/load.h"
#include "core/plugin/probe.h"
#include "core/plugin/registry.h"

static void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(support_path(name), 0755), 0);
}

/* The mock as FOLDER/AS.so. */
static void install(const char *mock, const char *folder, const char *as)
{
    char name[300];
    snprintf(name, sizeof name, "%s/%s.so", folder, as);
    ck_assert_int_eq(symlink(support_mock(mock), support_path(name)), 0);
}

static struct registry *registry_with(const char *environment, const char *extra)
{
    struct err e;
    const char *const path[] = {extra, NULL};
    if (environment)
        setenv("CTXMARK_PLUGIN_PATH", environment, 1);
    else
        unsetenv("CTXMARK_PLUGIN_PATH");
    struct registry *r = registry_new(extra ? path : NULL, &e);
    ck_assert_msg(r != NULL, "%s", e.text);
    return r;
}

START_TEST(a_plugin_is_found_by_name_and_kept)
{
    struct err e;
    const struct descriptor *d, *again;
    make_folder("a");
    install("mock_ok", "a", "mock_ok");
    struct registry *r = registry_with(support_path("a"), NULL);
    ck_assert_int_eq(registry_find(r, "mock_ok", CTXMARK_BACKEND, &d, &e), REGISTRY_FOUND);
    ck_assert_str_eq(d->path, support_path("a/mock_ok.so"));
    ck_assert_int_eq(registry_find(r, "mock_ok", CTXMARK_BACKEND, &again, &e), REGISTRY_FOUND);
    ck_assert_ptr_eq(d, again);
    registry_free(r);
}
END_TEST

START_TEST(a_name_with_a_slash_is_that_file)
{
    struct err e;
    const struct descriptor *d;
    struct registry *r = registry_with(NULL, NULL);
    ck_assert_int_eq(registry_find(r, support_mock("mock_ok"), CTXMARK_BACKEND, &d, &e),
                     REGISTRY_FOUND);
    ck_assert_str_eq(d->name, "mock_ok");
    ck_assert_int_eq(registry_find(r, "/nowhere/x.so", CTXMARK_BACKEND, &d, &e),
                     REGISTRY_NOT_INSTALLED);
    ck_assert_str_eq(e.text,
                     "the backend plugin '/nowhere/x.so' is not installed: there is no such file");
    registry_free(r);
}
END_TEST

START_TEST(a_missing_plugin_names_the_searched_folders)
{
    struct err e;
    const struct descriptor *d;
    struct registry *r = registry_with("/one:/two", "/three");
    ck_assert_int_eq(registry_find(r, "frob", CTXMARK_ANALYZER, &d, &e), REGISTRY_NOT_INSTALLED);
    ck_assert_ptr_nonnull(strstr(
        e.text, "the analyzer plugin 'frob' is not installed: no frob.so in /one, /two, /three, "));
    ck_assert_ptr_nonnull(strstr(e.text, "/ctxmark/plugins-1"));
    ck_assert_ptr_nonnull(strstr(e.text, "CTXMARK_PLUGIN_PATH adds folders"));
    registry_free(r);
}
END_TEST

START_TEST(a_missing_plugin_of_ours_names_the_package)
{
    struct err e;
    const struct descriptor *d;
    struct registry *r = registry_with(NULL, NULL);
    ck_assert_int_eq(registry_find(r, "transformers-gpu", CTXMARK_BACKEND, &d, &e),
                     REGISTRY_NOT_INSTALLED);
    ck_assert_ptr_nonnull(strstr(e.text, "the backend plugin 'hf_fp16_cuda' is not installed "
                                         "('transformers-gpu' is another name for it): no "
                                         "hf_fp16_cuda.so in "));
    ck_assert_ptr_nonnull(strstr(e.text, "ctxmark-plugin-cuda"));
    registry_free(r);
}
END_TEST

START_TEST(relative_folders_are_passed_over)
{
    struct err e;
    const struct descriptor *d;
    make_folder("a");
    install("mock_ok", "a", "mock_ok");
    ck_assert_int_eq(chdir(support_folder()), 0);
    struct registry *r = registry_with("a:.:", NULL);
    ck_assert_int_eq(registry_find(r, "mock_ok", CTXMARK_BACKEND, &d, &e), REGISTRY_NOT_INSTALLED);
    ck_assert_ptr_null(strstr(e.text, "no mock_ok.so in a"));
    ck_assert_int_eq(chdir("/"), 0);
    registry_free(r);
}
END_TEST

START_TEST(names_that_could_leave_the_folders_are_no_names)
{
    static const char *const names[] = {"", ".", "..", ".hidden"};
    struct err e;
    const struct descriptor *d;
    make_folder("a");
    install("mock_ok", "a", ".hidden");
    struct registry *r = registry_with(support_path("a"), NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_int_eq(registry_find(r, names[i], CTXMARK_BACKEND, &d, &e), REGISTRY_REFUSED);
    registry_free(r);
}
END_TEST

START_TEST(a_way_up_is_a_file_and_not_a_name_in_a_folder)
{
    struct err e;
    const struct descriptor *d;
    make_folder("a");
    make_folder("b");
    install("mock_ok", "b", "mock_ok");
    ck_assert_int_eq(chdir("/"), 0);
    struct registry *r = registry_with(support_path("a"), NULL);
    ck_assert_int_eq(registry_find(r, "../b/mock_ok", CTXMARK_BACKEND, &d, &e),
                     REGISTRY_NOT_INSTALLED);
    registry_free(r);
}
END_TEST

START_TEST(the_environment_comes_before_the_config)
{
    struct err e;
    const struct descriptor *d;
    char first[4096];
    make_folder("a");
    make_folder("b");
    install("mock_ok", "a", "mock_ok");
    install("mock_ok", "b", "mock_ok");
    snprintf(first, sizeof first, "%s", support_path("b"));
    struct registry *r = registry_with(first, support_path("a"));
    ck_assert_int_eq(registry_find(r, "mock_ok", CTXMARK_BACKEND, &d, &e), REGISTRY_FOUND);
    ck_assert_str_eq(d->path, support_path("b/mock_ok.so"));
    registry_free(r);
}
END_TEST

START_TEST(a_refused_file_stops_the_search)
{
    struct err e;
    const struct descriptor *d;
    char first[4096];
    make_folder("a");
    make_folder("b");
    ck_assert_int_eq(chmod(support_write("a/mock_ok.so", "anyone's"), 0666), 0);
    install("mock_ok", "b", "mock_ok");
    snprintf(first, sizeof first, "%s", support_path("a"));
    struct registry *r = registry_with(first, support_path("b"));
    ck_assert_int_eq(registry_find(r, "mock_ok", CTXMARK_BACKEND, &d, &e), REGISTRY_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.text, "a/mock_ok.so is refused: anyone may write to it"));
    registry_free(r);
}
END_TEST

START_TEST(a_link_to_nowhere_stops_the_search_too)
{
    struct err e;
    const struct descriptor *d;
    make_folder("a");
    ck_assert_int_eq(symlink("/nowhere/x.so", support_path("a/mock_ok.so")), 0);
    struct registry *r = registry_with(support_path("a"), NULL);
    ck_assert_int_eq(registry_find(r, "mock_ok", CTXMARK_BACKEND, &d, &e), REGISTRY_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.text, "a/mock_ok.so: No such file or directory"));
    registry_free(r);
}
END_TEST

START_TEST(a_file_must_bear_its_plugins_name)
{
    struct err e;
    const struct descriptor *d;
    make_folder("a");
    install("mock_misnamed", "a", "mock_misnamed");
    struct registry *r = registry_with(support_path("a"), NULL);
    ck_assert_int_eq(registry_find(r, "mock_misnamed", CTXMARK_BACKEND, &d, &e), REGISTRY_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.text, "a/mock_misnamed.so calls itself 'mock_other_name': the "
                                         "file must be named mock_other_name.so"));
    registry_free(r);
}
END_TEST

START_TEST(a_backend_is_no_analyzer)
{
    struct err e;
    const struct descriptor *d;
    make_folder("a");
    install("mock_ok", "a", "mock_ok");
    struct registry *r = registry_with(support_path("a"), NULL);
    ck_assert_int_eq(registry_find(r, "mock_ok", CTXMARK_ANALYZER, &d, &e), REGISTRY_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.text, "a/mock_ok.so is a backend, not an analyzer"));
    registry_free(r);
}
END_TEST

static void note_one(void *arg, const char *path, const struct descriptor *d, const char *problem)
{
    char *text = arg;
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (strncmp(path, PLUGIN_STATIC_PREFIX, strlen(PLUGIN_STATIC_PREFIX)) == 0)
        return;
    size_t n = strlen(text);
    snprintf(text + n, 1000 - n, "%s%s;", name, d ? "" : problem ? " refused" : " without reason");
}

START_TEST(a_listing_has_all_in_order_and_says_what_is_refused)
{
    char text[1000] = "";
    make_folder("a");
    make_folder("b");
    install("mock_ok", "a", "mock_ok");
    install("mock_magic", "a", "mock_magic");
    install("mock_newer", "b", "mock_newer");
    install("mock_ok", "b", "mock_ok");
    support_write("b/readme.txt", "no plugin");
    char first[4096];
    snprintf(first, sizeof first, "%s", support_path("a"));
    struct registry *r = registry_with(first, support_path("b"));
    registry_each(r, note_one, text);
    ck_assert_ptr_nonnull(strstr(text, "mock_magic.so refused;mock_newer.so;mock_ok.so;"));
    registry_free(r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_plugin_is_found_by_name_and_kept);
    tcase_add_test(t, a_name_with_a_slash_is_that_file);
    tcase_add_test(t, a_missing_plugin_names_the_searched_folders);
    tcase_add_test(t, a_missing_plugin_of_ours_names_the_package);
    tcase_add_test(t, relative_folders_are_passed_over);
    tcase_add_test(t, names_that_could_leave_the_folders_are_no_names);
    tcase_add_test(t, a_way_up_is_a_file_and_not_a_name_in_a_folder);
    tcase_add_test(t, the_environment_comes_before_the_config);
    tcase_add_test(t, a_refused_file_stops_the_search);
    tcase_add_test(t, a_link_to_nowhere_stops_the_search_too);
    tcase_add_test(t, a_file_must_bear_its_plugins_name);
    tcase_add_test(t, a_backend_is_no_analyzer);
    tcase_add_test(t, a_listing_has_all_in_order_and_says_what_is_refused);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], CHILD_ARGUMENT "probe") == 0)
        return probe_child_main();
    return support_run("registry", add);
}
