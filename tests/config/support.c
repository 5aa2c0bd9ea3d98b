/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/config/support.h"

#include <check.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/ctxmark-config-XXXXXX";

void enter_folder(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void leave_folder(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void write_file(const char *name, const char *text, size_t len)
{
    FILE *f = fopen(name, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

struct reading read_path(const char *path)
{
    struct reading r = {0};
    r.config = config_read(path, NULL, 0, &r.registry, &r.e);
    return r;
}

struct reading read_text(const char *text, const char *key, const char *value)
{
    struct reading r = {0};
    struct config_override o = {key, value};
    write_file("c.yaml", text, strlen(text));
    r.config = config_read("c.yaml", &o, key ? 1 : 0, &r.registry, &r.e);
    return r;
}

struct reading read_with(const char *line)
{
    struct buf text = {0};
    buf_printf(&text,
               "context_lengths: [128]\nmodels: [{name: m, path: x}]\nbackends: [fake]\n%s\n",
               line);
    struct reading r = read_text(buf_text(&text), NULL, NULL);
    buf_free(&text);
    return r;
}

void reading_free(struct reading *r)
{
    config_free(r->config);
    registry_free(r->registry);
    r->config = NULL;
    r->registry = NULL;
}

int run_suite(struct Suite *s)
{
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
