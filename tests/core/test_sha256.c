/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* The examples of FIPS 180-4 and NIST's CSRC. */

#include "config.h"

#include "tests/core/support.h"

#include <string.h>

#include "core/base/sha256.h"

static void expect_hash(const char *text, size_t times, const char *hex)
{
    struct sha256 s;
    char got[65];
    sha256_init(&s);
    for (size_t i = 0; i < times; i++)
        sha256_add(&s, text, strlen(text));
    sha256_hex(&s, got);
    ck_assert_str_eq(got, hex);
}

START_TEST(published_examples_agree)
{
    expect_hash("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect_hash("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    expect_hash("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    expect_hash("a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(pieces_of_any_length_give_the_same)
{
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-"
                               "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-.";
    char whole[65], pieces[65];
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, text, sizeof text - 1);
    sha256_hex(&s, whole);
    for (size_t cut = 0; cut < sizeof text; cut++) {
        sha256_init(&s);
        sha256_add(&s, text, cut);
        sha256_add(&s, text + cut, sizeof text - 1 - cut);
        sha256_hex(&s, pieces);
        ck_assert_str_eq(pieces, whole);
    }
}
END_TEST

static void hash_by(sha256_blocks *way, const char *text, size_t len, char hex[65])
{
    struct sha256 s;
    sha256_init(&s);
    s.add_blocks = way;
    sha256_add(&s, text, len);
    sha256_hex(&s, hex);
}

/* What this processor does not have is not tested here. */
START_TEST(all_ways_give_the_same)
{
    static char text[1000000];
    char plain[65], quick[65];
    sha256_blocks *way = sha256_blocks_x86();
    memset(text, 'a', sizeof text);
    hash_by(sha256_blocks_plain, text, sizeof text, plain);
    ck_assert_str_eq(plain, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 2654435761u >> 13);
    for (size_t len = 0; way && len <= 200; len++) {
        hash_by(sha256_blocks_plain, text, len, plain);
        hash_by(way, text, len, quick);
        ck_assert_str_eq(quick, plain);
        hash_by(sha256_blocks_plain, text + len, sizeof text / 10 + len, plain);
        hash_by(way, text + len, sizeof text / 10 + len, quick);
        ck_assert_str_eq(quick, plain);
    }
}
END_TEST

START_TEST(a_file_is_hashed_whole)
{
    struct err e;
    char hex[65];
    ck_assert_int_eq(sha256_file(support_write("abc", "abc"), hex, &e), 0);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named)
{
    struct err e;
    char hex[65];
    ck_assert_int_eq(sha256_file("/nowhere/x", hex, &e), -1);
    ck_assert_str_eq(e.text, "/nowhere/x: No such file or directory");
    ck_assert_int_eq(sha256_file("/", hex, &e), -1);
    ck_assert_str_eq(e.text, "/: Is a directory");
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, published_examples_agree);
    tcase_add_test(t, pieces_of_any_length_give_the_same);
    tcase_add_test(t, all_ways_give_the_same);
    tcase_add_test(t, a_file_is_hashed_whole);
    tcase_add_test(t, a_file_that_is_not_there_is_named);
}

int main(void)
{
    return support_run("sha256", add);
}
