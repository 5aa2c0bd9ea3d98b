/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Which files may be loaded.  The test's own folder is under TMPDIR, which must be a safe place
 * itself (/tmp is: it is sticky). */

#include "config.h"

#include "tests/core/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/plugin/load.h"

static const char *make_folder(const char *name, mode_t mode)
{
    const char *path = support_path(name);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_int_eq(chmod(path, mode), 0); /* mkdir heeds the umask */
    return path;
}

static const char *make_file(const char *name, mode_t mode)
{
    const char *path = support_write(name, "plugin");
    ck_assert_int_eq(chmod(path, mode), 0);
    return path;
}

static void expect_trusted(const char *path)
{
    struct err e = {""};
    ck_assert_msg(plugin_trust(path, &e) == 0, "%s", e.text);
}

static void expect_refused(const char *path, const char *words)
{
    struct err e = {""};
    ck_assert_int_eq(plugin_trust(path, &e), -1);
    ck_assert_msg(strstr(e.text, words) != NULL, "'%s' does not say '%s'", e.text, words);
    ck_assert_msg(strstr(e.text, path) != NULL, "'%s' does not name %s", e.text, path);
}

START_TEST(a_file_of_ones_own_is_trusted)
{
    expect_trusted(make_file("a.so", 0755));
    expect_trusted(make_file("b.so", 0664));
}
END_TEST

START_TEST(a_file_that_anyone_may_write_is_refused)
{
    const char *path = make_file("a.so", 0666);
    char words[5000];
    snprintf(words, sizeof words, "%s is refused: anyone may write to it; chmod o-w %s", path,
             path);
    expect_refused(path, words);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
    expect_refused(make_folder("a.so", 0755), "is refused: it is no regular file");
    expect_refused(support_path("none.so"), "No such file or directory");
}
END_TEST

START_TEST(a_file_of_somebody_else_is_refused)
{
    const char *path = make_file("a.so", 0644);
    if (geteuid() != 0) {
        puts("SKIP a file of somebody else: only root can give one away");
        return;
    }
    ck_assert_int_eq(chown(path, 12345, 12345), 0);
    expect_refused(path, "is refused: it belongs to user 12345, neither to root nor to you");
}
END_TEST

START_TEST(a_folder_that_anyone_may_write_is_refused)
{
    const char *folder = make_folder("open", 0777);
    char words[5000];
    snprintf(words, sizeof words,
             "is refused: anyone may replace it, because its folder %s is writable by all; "
             "chmod o-w %s",
             folder, folder);
    expect_refused(make_file("open/a.so", 0644), words);
}
END_TEST

START_TEST(a_folder_further_up_counts_too)
{
    make_folder("open", 0777);
    make_folder("open/closed", 0755);
    expect_refused(make_file("open/closed/a.so", 0644), "anyone may replace it");
}
END_TEST

START_TEST(a_sticky_folder_is_safe)
{
    make_folder("sticky", 01777);
    expect_trusted(make_file("sticky/a.so", 0644));
}
END_TEST

START_TEST(a_folder_of_somebody_else_is_refused)
{
    const char *folder = make_folder("theirs", 0755);
    if (geteuid() != 0) {
        puts("SKIP a folder of somebody else: only root can give one away");
        return;
    }
    const char *file = make_file("theirs/a.so", 0644);
    ck_assert_int_eq(chown(folder, 12345, 12345), 0);
    expect_refused(file, "belongs to user 12345, who could replace it");
    /* The owner of a sticky folder may rename everything in it all the same. */
    ck_assert_int_eq(chmod(folder, 01777), 0);
    expect_refused(file, "belongs to user 12345, who could replace it");
}
END_TEST

static const char *make_link(const char *name, const char *target)
{
    const char *path = support_path(name);
    ck_assert_int_eq(symlink(target, path), 0);
    return path;
}

START_TEST(a_link_to_a_good_file_is_trusted)
{
    make_folder("one", 0755);
    make_folder("two", 0755);
    make_file("two/a.so", 0644);
    expect_trusted(make_link("one/relative.so", "../two/a.so"));
    expect_trusted(make_link("one/absolute.so", support_path("two/a.so")));
    expect_trusted(make_link("one/again.so", "./relative.so"));
    make_link("way", "one/../two");
    expect_trusted(support_path("way/a.so"));
}
END_TEST

START_TEST(a_link_into_an_open_folder_is_refused)
{
    make_folder("safe", 0755);
    make_folder("open", 0777);
    make_file("open/a.so", 0644);
    expect_refused(make_link("safe/a.so", "../open/a.so"), "anyone may replace it");
}
END_TEST

START_TEST(a_link_in_an_open_folder_is_refused)
{
    make_folder("safe", 0755);
    make_folder("open", 0777);
    make_file("safe/a.so", 0644);
    expect_refused(make_link("open/a.so", "../safe/a.so"), "anyone may replace it");
}
END_TEST

START_TEST(a_link_to_a_folder_in_an_open_folder_is_refused)
{
    make_folder("safe", 0755);
    make_folder("open", 0777);
    make_file("safe/a.so", 0644);
    make_link("open/way", "../safe");
    expect_refused(support_path("open/way/a.so"), "anyone may replace it");
}
END_TEST

START_TEST(a_link_in_the_middle_of_a_chain_counts)
{
    make_folder("safe", 0755);
    make_folder("open", 0777);
    make_file("safe/a.so", 0644);
    make_link("open/middle.so", "../safe/a.so");
    expect_refused(make_link("safe/first.so", "../open/middle.so"), "anyone may replace it");
}
END_TEST

START_TEST(a_link_of_somebody_else_is_refused)
{
    make_folder("sticky", 01777);
    make_file("a.so", 0644);
    const char *link = make_link("sticky/a.so", "../a.so");
    if (geteuid() != 0) {
        puts("SKIP a link of somebody else: only root can give one away");
        return;
    }
    ck_assert_int_eq(lchown(link, 12345, 12345), 0);
    expect_refused(link, "belongs to user 12345, who could point it elsewhere");
}
END_TEST

START_TEST(links_that_go_in_circles_are_refused)
{
    make_link("a.so", "b.so");
    expect_refused(make_link("b.so", "a.so"), strerror(ELOOP));
}
END_TEST

START_TEST(a_relative_name_is_walked_from_here)
{
    struct err e = {""};
    make_folder("open", 0777);
    make_file("a.so", 0644);
    make_file("open/a.so", 0644);
    ck_assert_int_eq(chdir(support_folder()), 0);
    ck_assert_msg(plugin_trust("a.so", &e) == 0, "%s", e.text);
    ck_assert_msg(plugin_trust("./open/../a.so", &e) == 0, "%s", e.text); /* out of it again */
    ck_assert_int_eq(plugin_trust("open/a.so", &e), -1);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_file_of_ones_own_is_trusted);
    tcase_add_test(t, a_file_that_anyone_may_write_is_refused);
    tcase_add_test(t, what_is_no_file_is_refused);
    tcase_add_test(t, a_file_of_somebody_else_is_refused);
    tcase_add_test(t, a_folder_that_anyone_may_write_is_refused);
    tcase_add_test(t, a_folder_further_up_counts_too);
    tcase_add_test(t, a_sticky_folder_is_safe);
    tcase_add_test(t, a_folder_of_somebody_else_is_refused);
    tcase_add_test(t, a_link_to_a_good_file_is_trusted);
    tcase_add_test(t, a_link_into_an_open_folder_is_refused);
    tcase_add_test(t, a_link_in_an_open_folder_is_refused);
    tcase_add_test(t, a_link_to_a_folder_in_an_open_folder_is_refused);
    tcase_add_test(t, a_link_in_the_middle_of_a_chain_counts);
    tcase_add_test(t, a_link_of_somebody_else_is_refused);
    tcase_add_test(t, links_that_go_in_circles_are_refused);
    tcase_add_test(t, a_relative_name_is_walked_from_here);
}

int main(void)
{
    return support_run("trust", add);
}
