/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "core/base/tensors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "core/base/buf.h"

#define HEADER_MAX (UINT64_C(100) << 20)

static uint64_t tensor_bytes(const struct tensor *t)
{
    uint64_t n = 4;
    for (unsigned i = 0; i < t->dimensions; i++)
        n *= t->shape[i];
    return n;
}

static void put_header(struct buf *b, const struct tensor *tensors, size_t count)
{
    uint64_t at = 0;
    buf_putc(b, '{');
    for (size_t i = 0; i < count; i++) {
        const struct tensor *t = &tensors[i];
        buf_printf(b, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", i ? "," : "", t->name,
                   t->type == TENSOR_I32 ? "I32" : "F32");
        for (unsigned d = 0; d < t->dimensions; d++)
            buf_printf(b, "%s%llu", d ? "," : "", (unsigned long long)t->shape[d]);
        buf_printf(b, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)at,
                   (unsigned long long)(at + tensor_bytes(t)));
        at += tensor_bytes(t);
    }
    buf_putc(b, '}');
    while (b->len % 8)
        buf_putc(b, ' ');
}

static int write_tensors(FILE *f, const struct buf *header, const struct tensor *tensors,
                         size_t count)
{
    uint64_t len = header->len;
    int ok = fwrite(&len, sizeof len, 1, f) == 1 && fwrite(header->data, 1, len, f) == len;
    for (size_t i = 0; ok && i < count; i++) {
        size_t n = (size_t)tensor_bytes(&tensors[i]);
        ok = n == 0 || fwrite(tensors[i].data, 1, n, f) == n;
    }
    return ok ? 0 : -1;
}

int tensors_write(const char *path, const struct tensor *tensors, size_t count, struct err *e)
{
    struct buf header = {0}, temporary = {0};
    put_header(&header, tensors, count);
    buf_printf(&temporary, "%s.part", path);
    if (!buf_ok(&header) || !buf_ok(&temporary)) {
        buf_free(&header);
        buf_free(&temporary);
        return err_memory(e);
    }
    FILE *f = fopen(temporary.data, "wbe");
    int r = f ? write_tensors(f, &header, tensors, count) : -1;
    if (f && fclose(f) != 0)
        r = -1;
    if (r == 0)
        r = rename(temporary.data, path);
    if (r != 0) {
        err_set(e, "%s cannot be written: %s", path, strerror(errno));
        unlink(temporary.data);
    }
    buf_free(&header);
    buf_free(&temporary);
    return r;
}

static json_t *read_header(FILE *f, const char *path, uint64_t *ret_length, struct err *e)
{
    uint64_t len;
    json_error_t je;
    if (fread(&len, sizeof len, 1, f) != 1 || len > HEADER_MAX) {
        err_set(e, "%s is no safetensors file", path);
        return NULL;
    }
    char *text = malloc(len + 1);
    if (!text || fread(text, 1, len, f) != len) {
        free(text);
        err_set(e, "%s is no safetensors file: its header is cut short", path);
        return NULL;
    }
    json_t *header = json_loadb(text, len, 0, &je);
    free(text);
    if (!header)
        err_set(e, "%s is no safetensors file: %s", path, je.text);
    *ret_length = len;
    return header;
}

static int read_ids(FILE *f, const char *path, const char *name, const json_t *entry, uint64_t len,
                    int32_t **ret_ids, size_t *ret_count, struct err *e)
{
    const char *dtype;
    json_t *shape;
    json_int_t from, to;
    if (!entry)
        return err_set(e, "%s has no tensor '%s'", path, name);
    if (json_unpack((json_t *)entry, "{s:s, s:o, s:[I, I]}", "dtype", &dtype, "shape", &shape,
                    "data_offsets", &from, &to) < 0 ||
        strcmp(dtype, "I32") != 0 || json_array_size(shape) != 1 || from < 0 || to < from ||
        (to - from) % 4 != 0 || (to - from) / 4 != json_integer_value(json_array_get(shape, 0)))
        return err_set(e, "%s: tensor '%s' must be one-dimensional int32", path, name);
    size_t n = (size_t)(to - from) / 4;
    int32_t *ids = malloc(n * 4 + 4);
    if (!ids)
        return err_memory(e);
    if (fseeko(f, (off_t)(8 + len) + (off_t)from, SEEK_SET) != 0 || fread(ids, 4, n, f) != n) {
        free(ids);
        return err_set(e, "%s: tensor '%s' is cut short", path, name);
    }
    *ret_ids = ids;
    *ret_count = n;
    return 0;
}

int tensors_read_ids(const char *path, const char *name, int32_t **ret_ids, size_t *ret_count,
                     struct err *e)
{
    uint64_t len = 0;
    FILE *f = fopen(path, "rbe");
    if (!f)
        return err_set(e, "%s: %s", path, strerror(errno));
    json_t *header = read_header(f, path, &len, e);
    int r = header
                ? read_ids(f, path, name, json_object_get(header, name), len, ret_ids, ret_count, e)
                : -1;
    json_decref(header);
    fclose(f);
    return r;
}
