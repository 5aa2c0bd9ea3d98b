/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

/* The limit of the reference implementation. */
#define HEADER_MAX 100000000

static const struct {
    const char *name;
    unsigned bits;
} dtypes[] = {
    {"BOOL", 8}, {"U8", 8},   {"I8", 8},   {"F8_E4M3", 8}, {"F8_E5M2", 8},
    {"U16", 16}, {"I16", 16}, {"F16", 16}, {"BF16", 16},   {"U32", 32},
    {"I32", 32}, {"F32", 32}, {"U64", 64}, {"I64", 64},    {"F64", 64},
};

static int tensor_read_dtype(const json_t *entry, struct hf_tensor *t, unsigned *ret_bytes)
{
    const char *text = json_string_value(json_object_get(entry, "dtype"));
    for (size_t i = 0; text && i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(text, dtypes[i].name) == 0) {
            memcpy(t->dtype, text, strlen(text) + 1);
            *ret_bytes = dtypes[i].bits / 8;
            return 0;
        }
    return -1;
}

/* Fills rank and shape; *ret_elements is their product, or -1 where it overflows. */
static int tensor_read_shape(const json_t *entry, struct hf_tensor *t, uint64_t *ret_elements)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape) || json_array_size(shape) > HF_RANK_MAX)
        return -1;
    t->rank = (int)json_array_size(shape);
    uint64_t elements = 1;
    for (int i = 0; i < t->rank; i++) {
        const json_t *n = json_array_get(shape, (size_t)i);
        if (!json_is_integer(n) || json_integer_value(n) < 0)
            return -1;
        t->shape[i] = json_integer_value(n);
        if (__builtin_mul_overflow(elements, (uint64_t)t->shape[i], &elements))
            return -1;
    }
    *ret_elements = elements;
    return 0;
}

static int tensor_read_offsets(const json_t *entry, uint64_t *ret_begin, uint64_t *ret_end)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return -1;
    *ret_begin = (uint64_t)json_integer_value(begin);
    *ret_end = (uint64_t)json_integer_value(end);
    return 0;
}

/* data: where the file's data begins; room: how many bytes of it there are. */
static int tensor_read(const struct hf_safetensors *f, const char *name, const json_t *entry,
                       const unsigned char *data, uint64_t room, struct hf_tensor *t,
                       struct hf_err *e)
{
    unsigned element_bytes;
    uint64_t elements, end, bytes;
    if (tensor_read_dtype(entry, t, &element_bytes) != 0)
        return hf_err_set(e, "%s: tensor %s: its dtype is missing or unknown", f->path, name);
    if (tensor_read_shape(entry, t, &elements) != 0 ||
        __builtin_mul_overflow(elements, (uint64_t)element_bytes, &bytes))
        return hf_err_set(e, "%s: tensor %s: its shape is missing or impossible", f->path, name);
    if (tensor_read_offsets(entry, &t->begin, &end) != 0)
        return hf_err_set(e, "%s: tensor %s: its data_offsets are missing or impossible", f->path,
                          name);
    if (end - t->begin != bytes)
        return hf_err_set(e,
                          "%s: tensor %s: %s of its shape takes %" PRIu64
                          " bytes, but its data_offsets span %" PRIu64,
                          f->path, name, t->dtype, bytes, end - t->begin);
    if (end > room)
        return hf_err_set(e,
                          "%s: tensor %s ends at byte %" PRIu64 " of the data, but the file has "
                          "only %" PRIu64 " (truncated, or still being copied?)",
                          f->path, name, end, room);
    t->bytes = bytes;
    t->data = data + t->begin;
    t->name = strdup(name);
    return t->name ? 0 : hf_err_memory(e, strlen(name) + 1);
}

static int tensor_compare_begin(const void *a, const void *b)
{
    const struct hf_tensor *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int tensor_compare_name(const void *a, const void *b)
{
    const struct hf_tensor *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* The tensors must cover the data exactly. */
static int file_check_cover(struct hf_safetensors *f, uint64_t room, struct hf_err *e)
{
    if (f->count > 0)
        qsort(f->tensors, f->count, sizeof *f->tensors, tensor_compare_begin);
    uint64_t at = 0;
    for (size_t i = 0; i < f->count; i++) {
        const struct hf_tensor *t = &f->tensors[i];
        if (t->begin < at)
            return hf_err_set(e, "%s: tensor %s overlaps tensor %s", f->path, t->name,
                              f->tensors[i - 1].name);
        if (t->begin > at)
            return hf_err_set(e, "%s: %" PRIu64 " bytes before tensor %s belong to no tensor",
                              f->path, t->begin - at, t->name);
        at = t->begin + t->bytes;
    }
    if (at != room)
        return hf_err_set(e, "%s: %" PRIu64 " bytes at its end belong to no tensor", f->path,
                          room - at);
    if (f->count > 0)
        qsort(f->tensors, f->count, sizeof *f->tensors, tensor_compare_name);
    return 0;
}

static int file_read_tensors(struct hf_safetensors *f, json_t *header, const unsigned char *data,
                             uint64_t room, struct hf_err *e)
{
    size_t capacity = json_object_size(header);
    f->tensors = calloc(capacity + 1, sizeof *f->tensors);
    if (!f->tensors)
        return hf_err_memory(e, capacity * sizeof *f->tensors);
    const char *name;
    json_t *entry;
    json_object_foreach(header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        if (tensor_read(f, name, entry, data, room, &f->tensors[f->count], e) != 0)
            return -1;
        f->count++;
    }
    return file_check_cover(f, room, e);
}

static int file_read_header(struct hf_safetensors *f, struct hf_err *e)
{
    const unsigned char *bytes = f->map;
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | bytes[i];
    if (n > HEADER_MAX)
        return hf_err_set(e,
                          "%s: a header of %" PRIu64 " bytes is impossible: not a safetensors "
                          "file?",
                          f->path, n);
    if (n > f->map_bytes - 8)
        return hf_err_set(e, "%s: its header has %" PRIu64 " bytes, but the file has only %zu",
                          f->path, n, f->map_bytes);
    json_error_t error;
    json_t *header = json_loadb((const char *)bytes + 8, (size_t)n, JSON_REJECT_DUPLICATES, &error);
    if (!header)
        return hf_err_set(e, "%s: its header is not valid JSON: %s (byte %d)", f->path, error.text,
                          error.position);
    int result = -1;
    if (!json_is_object(header))
        hf_err_set(e, "%s: its header is not a JSON object", f->path);
    else
        result = file_read_tensors(f, header, bytes + 8 + n, f->map_bytes - 8 - n, e);
    json_decref(header);
    return result;
}

static int file_map(struct hf_safetensors *f, int fd, struct hf_err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return hf_err_set(e, "%s: %s", f->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return hf_err_set(e, "%s: not a regular file", f->path);
    if (st.st_size < 8)
        return hf_err_set(e, "%s: %lld bytes are too few for a safetensors file", f->path,
                          (long long)st.st_size);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return hf_err_set(e, "%s: cannot map it: %s", f->path, strerror(errno));
    /* What the page cache has not got yet comes in huge pages where the file system can: weights
     * stream a quarter faster from them.  A hint, so its failure does not matter. */
    (void)madvise(map, (size_t)st.st_size, MADV_HUGEPAGE);
    f->map = map;
    f->map_bytes = (size_t)st.st_size;
    return 0;
}

int hf_safetensors_open(const char *path, struct hf_safetensors *ret_file, struct hf_err *e)
{
    struct hf_safetensors f = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hf_err_set(e, "%s: %s", path, strerror(errno));
    f.path = strdup(path);
    int result = f.path ? file_map(&f, fd, e) : hf_err_memory(e, strlen(path) + 1);
    close(fd);
    if (result == 0)
        result = file_read_header(&f, e);
    if (result == 0)
        *ret_file = f;
    else
        hf_safetensors_close(&f);
    return result;
}

void hf_safetensors_close(struct hf_safetensors *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->tensors[i].name);
    free(f->tensors);
    if (f->map)
        munmap(f->map, f->map_bytes);
    free(f->path);
    memset(f, 0, sizeof *f);
}

const struct hf_tensor *hf_safetensors_find(const struct hf_safetensors *f, const char *name)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, f->tensors[middle].name);
        if (order == 0)
            return &f->tensors[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
