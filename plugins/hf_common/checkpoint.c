/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/json.h"
#include "plugins/hf_common/path.h"

#define SINGLE_NAME "model.safetensors"
#define INDEX_NAME "model.safetensors.index.json"
#define SHARDS_MAX 4096

static int checkpoint_open_single(const char *path, struct hf_checkpoint *c, struct hf_err *e)
{
    c->files = calloc(1, sizeof *c->files);
    if (!c->files)
        return hf_err_memory(e, sizeof *c->files);
    if (hf_safetensors_open(path, &c->files[0], e) != 0)
        return -1;
    c->count = 1;
    return 0;
}

/* The opened file with this name in the folder, or NULL. */
static struct hf_safetensors *checkpoint_file(const struct hf_checkpoint *c, const char *path)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->files[i].path, path) == 0)
            return &c->files[i];
    return NULL;
}

static int checkpoint_add_file(struct hf_checkpoint *c, const char *path, const char *index,
                               struct hf_err *e)
{
    if (c->count == SHARDS_MAX)
        return hf_err_set(e, "%s: names more than %d files", index, SHARDS_MAX);
    struct hf_safetensors *files = realloc(c->files, (c->count + 1) * sizeof *files);
    if (!files)
        return hf_err_memory(e, (c->count + 1) * sizeof *files);
    c->files = files;
    if (hf_safetensors_open(path, &files[c->count], e) != 0)
        return -1;
    c->count++;
    return 0;
}

/* One entry of the index: the tensor must be in the file that it names, inside the folder.  A link
 * there may lead out of it, as all do in Hugging Face's cache: who can lay links could lay files.
 */
static int checkpoint_add_entry(struct hf_checkpoint *c, const char *folder, const char *index,
                                const char *tensor, const json_t *value, struct hf_err *e)
{
    const char *name = json_string_value(value);
    if (!name || name[0] == '\0' || name[0] == '.' || strchr(name, '/'))
        return hf_err_set(e, "%s: tensor %s: its file must be a plain name in the same folder",
                          index, tensor);
    char *path = hf_path_join(folder, name);
    if (!path)
        return hf_err_memory(e, strlen(folder) + strlen(name) + 2);
    int result = 0;
    if (!checkpoint_file(c, path))
        result = checkpoint_add_file(c, path, index, e);
    if (result == 0 && !hf_safetensors_find(checkpoint_file(c, path), tensor))
        result = hf_err_set(e, "%s: tensor %s is not in %s", index, tensor, path);
    hf_path_free(path);
    return result;
}

static int checkpoint_check_duplicates(const struct hf_checkpoint *c, struct hf_err *e)
{
    for (size_t i = 0; i < c->count; i++)
        for (size_t t = 0; t < c->files[i].count; t++)
            for (size_t j = i + 1; j < c->count; j++)
                if (hf_safetensors_find(&c->files[j], c->files[i].tensors[t].name))
                    return hf_err_set(e, "%s: tensor %s is also in %s", c->files[j].path,
                                      c->files[i].tensors[t].name, c->files[i].path);
    return 0;
}

static int checkpoint_open_index(const char *folder, const char *index, struct hf_checkpoint *c,
                                 struct hf_err *e)
{
    json_t *root = hf_json_load(index, e);
    if (!root)
        return -1;
    int result = 0;
    json_t *map = json_object_get(root, "weight_map");
    if (json_object_size(map) == 0)
        result = hf_err_set(e, "%s: weight_map is missing or empty", index);
    const char *tensor;
    json_t *value;
    json_object_foreach(map, tensor, value)
    {
        result = checkpoint_add_entry(c, folder, index, tensor, value, e);
        if (result != 0)
            break;
    }
    if (result == 0)
        result = checkpoint_check_duplicates(c, e);
    json_decref(root);
    return result;
}

int hf_checkpoint_open(const char *folder, struct hf_checkpoint *ret_checkpoint, struct hf_err *e)
{
    struct hf_checkpoint c = {0};
    int result;
    char *single = hf_path_join(folder, SINGLE_NAME), *index = hf_path_join(folder, INDEX_NAME);
    if (!single || !index)
        result = hf_err_memory(e, strlen(folder) + sizeof INDEX_NAME + 1);
    else if (hf_path_is_file(single))
        result = checkpoint_open_single(single, &c, e);
    else if (hf_path_is_file(index))
        result = checkpoint_open_index(folder, index, &c, e);
    else
        result = hf_err_set(e,
                            "%s: there is neither " SINGLE_NAME " nor " INDEX_NAME
                            " in it (use `weights: random` to measure without a checkpoint)",
                            folder);
    hf_path_free(single);
    hf_path_free(index);
    if (result == 0)
        *ret_checkpoint = c;
    else
        hf_checkpoint_close(&c);
    return result;
}

void hf_checkpoint_close(struct hf_checkpoint *c)
{
    for (size_t i = 0; i < c->count; i++)
        hf_safetensors_close(&c->files[i]);
    free(c->files);
    memset(c, 0, sizeof *c);
}

const struct hf_tensor *hf_checkpoint_find(const struct hf_checkpoint *c, const char *name,
                                           const char **ret_file)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct hf_tensor *t = hf_safetensors_find(&c->files[i], name);
        if (t) {
            if (ret_file)
                *ret_file = c->files[i].path;
            return t;
        }
    }
    return NULL;
}
