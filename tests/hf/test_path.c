/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Checkpoints in Hugging Face's cache: snapshots of links into blobs. */

#include "config.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

#include "plugins/hf_common/path.h"
#include "plugins/hf_common/weights.h"
#include "tests/hf/support.h"

static char *folder;
static struct hf_err err;

/* The folder's entry of that name; the text stays until the next call but one. */
static const char *at(const char *name)
{
    static char paths[2][1024];
    static int turn;
    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", folder, name);
    return paths[turn];
}

static void link_blob(const char *snapshot, const char *name)
{
    char from[1024], below[64];
    snprintf(below, sizeof below, "checkpoints/mistral/%s", name);
    snprintf(from, sizeof from, "%s/snapshots/%s/%s", folder, snapshot, name);
    ck_assert_int_eq(symlink(support_data(below), at(name)), 0);
    char to[128];
    snprintf(to, sizeof to, "../../blobs/%s", name);
    snprintf(below, sizeof below, "blobs/%s", name);
    rename(at(name), at(below));
    ck_assert_int_eq(symlink(to, from), 0);
}

static void setup(void)
{
    folder = support_folder();
    static const char *const folders[] = {"blobs", "refs", "snapshots", "snapshots/aaa",
                                          "snapshots/bbb"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        ck_assert_int_eq(mkdir(at(folders[i]), 0700), 0);
    link_blob("bbb", "config.json");
    link_blob("bbb", "model.safetensors");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void teardown(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

static void refuse(const char *words)
{
    struct hf_config c;
    ck_assert_int_eq(hf_config_load(folder, &c, &err), -1);
    ck_assert_msg(strstr(err.text, words), "'%s' lacks '%s'", err.text, words);
}

static void open_it(const char *path)
{
    struct hf_config c;
    struct hf_weights w;
    ck_assert_msg(hf_config_load(path, &c, &err) == 0, "%s", err.text);
    ck_assert_str_eq(c.model_type, "mistral");
    ck_assert_msg(hf_weights_open(&c, path, &w, &err) == 0, "%s", err.text);
    hf_weights_close(&w);
}

START_TEST(refs_main_chooses_the_snapshot)
{
    support_text(folder, "refs/main", "bbb\n");
    open_it(folder);
    support_text(folder, "refs/main", "bbb");
    open_it(folder);
    support_text(folder, "refs/main", "aaa");
    refuse("/snapshots/aaa/config.json: cannot read it");
}
END_TEST

START_TEST(a_snapshots_own_folder_is_a_plain_folder)
{
    open_it(at("snapshots/bbb"));
}
END_TEST

START_TEST(an_only_snapshot_needs_no_ref)
{
    refuse("none or several");
    ck_assert_int_eq(rmdir(at("snapshots/aaa")), 0);
    open_it(folder);
}
END_TEST

START_TEST(a_ref_names_a_snapshot_and_nothing_else)
{
    support_text(folder, "refs/main", "../../etc");
    refuse("'../../etc' is no name of a snapshot");
    support_text(folder, "refs/main", "..");
    refuse("'..' is no name of a snapshot");
    support_text(folder, "refs/main", "\n");
    refuse("'' is no name of a snapshot");
    support_text(folder, "refs/main", "ccc");
    refuse("/snapshots/ccc: there is no such snapshot");
}
END_TEST

START_TEST(a_link_that_leads_nowhere_is_a_missing_file)
{
    struct hf_config c;
    struct hf_weights w;
    support_text(folder, "refs/main", "bbb");
    ck_assert_int_eq(unlink(at("blobs/model.safetensors")), 0);
    ck_assert_int_eq(hf_config_load(folder, &c, &err), 0);
    ck_assert_int_eq(hf_weights_open(&c, folder, &w, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "neither model.safetensors nor"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hf path");
    TCase *t = tcase_create("path");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, refs_main_chooses_the_snapshot);
    tcase_add_test(t, a_snapshots_own_folder_is_a_plain_folder);
    tcase_add_test(t, an_only_snapshot_needs_no_ref);
    tcase_add_test(t, a_ref_names_a_snapshot_and_nothing_else);
    tcase_add_test(t, a_link_that_leads_nowhere_is_a_missing_file);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
