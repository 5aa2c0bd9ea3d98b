/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "sample.h"

#include <check.h>

static const char sample[] =
    "{\"schema\": 1, \"run\": {}, \"data\": {\"rows\": 3, \"models\": [\"evil|<b>\"], "
    "\"backends\": "
    "[\"b\"], \"by_status\": {\"ok\": 2, \"oom\": 1}}, \"tables\": ["
    "{\"analyzer\": \"x\", \"name\": \"later\", \"title\": \"Later\", \"section\": \"memory\", "
    "\"order\": 1, \"columns\": [{\"name\": \"a_b\", \"type\": \"integer\", \"unit\": \"MiB\", "
    "\"role\": \"value\", \"definition\": \"an a\"}], \"rows\": [[1234567]]},"
    "{\"analyzer\": \"x\", \"name\": \"own\", \"title\": \"Own\", \"section\": \"my_chapter\", "
    "\"order\": 1, \"columns\": [{\"name\": \"a\", \"type\": \"flag\", \"unit\": \"\", \"role\": "
    "\"value\", \"definition\": \"\"}], \"rows\": [[true], [null]]},"
    "{\"analyzer\": \"x\", \"name\": \"first\", \"title\": \"First | one\", \"section\": "
    "\"prefill\", \"order\": 2, \"columns\": ["
    "{\"name\": \"model\", \"type\": \"text\", \"unit\": \"\", \"role\": \"key\", \"definition\": "
    "\"the model\"},"
    "{\"name\": \"mid\", \"type\": \"number\", \"unit\": \"ms\", \"role\": \"value\", "
    "\"definition\": \"middle\"},"
    "{\"name\": \"lo\", \"type\": \"number\", \"unit\": \"ms\", \"role\": \"low\", \"definition\": "
    "\"\"},"
    "{\"name\": \"hi\", \"type\": \"number\", \"unit\": \"ms\", \"role\": \"high\", "
    "\"definition\": \"\"},"
    "{\"name\": \"deep\", \"type\": \"number\", \"unit\": \"\", \"role\": \"detail\", "
    "\"definition\": \"deep inside\"}],"
    "\"rows\": [[\"evil|<b>\", 1.5, 1.25, 2, 9], [\"n\", 2.5, null, null, 9]]}],"
    "\"findings\": ["
    "{\"analyzer\": \"x\", \"id\": \"small\", \"severity\": \"info\", \"text\": \"small thing\", "
    "\"evidence\": []},"
    "{\"analyzer\": \"x\", \"id\": \"big\", \"severity\": \"error\", \"text\": \"big "
    "`thing`\\u001b\", "
    "\"evidence\": [{\"analyzer\": \"x\", \"table\": \"first\", \"row\": 0, \"column\": "
    "\"mid\"}]}],"
    "\"plots\": []}";

json_t *sample_analysis(void)
{
    json_t *analysis = json_loads(sample, 0, NULL);
    ck_assert_ptr_nonnull(analysis);
    return analysis;
}

char *sample_render_of(const json_t *analysis, const json_t *manifest, sample_view *view)
{
    struct buf b = {0};
    struct report r;
    struct err e;
    ck_assert_int_eq(report_build(&r, analysis, manifest, NULL, true, &e), 0);
    view(&r, &b);
    report_free(&r);
    ck_assert(buf_ok(&b));
    return buf_take(&b);
}

char *sample_render(const json_t *manifest, sample_view *view)
{
    json_t *analysis = sample_analysis();
    char *text = sample_render_of(analysis, manifest, view);
    json_decref(analysis);
    return text;
}
