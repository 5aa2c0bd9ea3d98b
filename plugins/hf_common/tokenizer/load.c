/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/json.h"
#include "plugins/hf_common/tokenizer/internal.h"

/* ---------------------------------------------------------------- model */

static int model_refuse(const struct reader *r, const char *what)
{
    return hf_err_set(r->e,
                      "%s: the tokenizer's model has %s, which is not supported: only byte-level "
                      "BPE is",
                      r->path, what);
}

static bool text_is_set(const json_t *object, const char *key)
{
    return json_string_length(json_object_get(object, key)) > 0;
}

static int model_read_unknown(struct vocabulary *v, const struct reader *r, const json_t *model)
{
    const char *text = json_string_value(json_object_get(model, "unk_token"));
    v->unknown = -1;
    if (!text)
        return 0;
    json_t *id = json_object_get(json_object_get(model, "vocab"), text);
    if (!json_is_integer(id))
        return hf_err_set(r->e, "%s: model.unk_token '%.60s' is not in the vocabulary", r->path,
                          text);
    v->unknown = (int32_t)json_integer_value(id);
    return 0;
}

static int model_read(struct hf_tokenizer *t, const struct reader *r)
{
    const json_t *model = json_object_get(r->root, "model");
    const char *type = json_string_value(json_object_get(model, "type"));
    const json_t *dropout = json_object_get(model, "dropout");
    if (!type || strcmp(type, "BPE") != 0)
        return hf_err_set(r->e, "%s: the tokenizer's model %s is not supported, only BPE", r->path,
                          type ? type : "without a type");
    if (json_is_true(json_object_get(model, "byte_fallback")))
        return model_refuse(r, "byte_fallback (SentencePiece)");
    if (text_is_set(model, "continuing_subword_prefix") || text_is_set(model, "end_of_word_suffix"))
        return model_refuse(r, "a prefix or suffix of words");
    if (json_is_number(dropout) && json_number_value(dropout) > 0.0)
        return model_refuse(r, "dropout");
    if (json_is_true(json_object_get(model, "fuse_unk")) && text_is_set(model, "unk_token"))
        return model_refuse(r, "fuse_unk");
    t->vocabulary.whole_first = json_is_true(json_object_get(model, "ignore_merges"));
    if (vocabulary_read(&t->vocabulary, r, model) != 0)
        return -1;
    return model_read_unknown(&t->vocabulary, r, model);
}

/* ---------------------------------------------------------------- normalizer */

static int normalizer_read_one(struct hf_tokenizer *t, const struct reader *r, const json_t *one)
{
    const char *type = json_string_value(json_object_get(one, "type"));
    if (!type || strcmp(type, "NFC") != 0)
        return hf_err_set(r->e, "%s: the normalizer %s is not supported, only NFC", r->path,
                          type ? type : "without a type");
    t->normal_form_c = true;
    return 0;
}

static int normalizer_read(struct hf_tokenizer *t, const struct reader *r)
{
    const json_t *root = json_object_get(r->root, "normalizer"), *one;
    const char *type = json_string_value(json_object_get(root, "type"));
    size_t i;
    if (!root || json_is_null(root))
        return 0;
    if (!type || strcmp(type, "Sequence") != 0)
        return normalizer_read_one(t, r, root);
    json_array_foreach(json_object_get(root, "normalizers"), i, one)
    {
        if (normalizer_read_one(t, r, one) != 0)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- added tokens */

static int added_check_id(const struct hf_tokenizer *t, const struct reader *r, const char *content,
                          const json_t *entry, int32_t *ret_id)
{
    const json_t *known =
        json_object_get(json_object_get(json_object_get(r->root, "model"), "vocab"), content);
    const json_t *value = json_object_get(entry, "id");
    json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
    if (id < 0 || id >= TOKENIZER_IDS_MAX)
        return hf_err_set(r->e, "%s: added_tokens: the id of '%.60s' must lie in 0 .. %d", r->path,
                          content, TOKENIZER_IDS_MAX - 1);
    bool taken = id < t->vocabulary.count && t->vocabulary.tokens[id].kind != TOKEN_NONE;
    if (known ? json_integer_value(known) != id : taken)
        return hf_err_set(r->e,
                          "%s: added_tokens: '%.60s' and the vocabulary differ about the id "
                          "%d",
                          r->path, content, (int)id);
    *ret_id = (int32_t)id;
    return 0;
}

/* Takes over nothing; the matcher gets a copy of the content, normalised where it asks for it. */
static int added_look_for(struct hf_tokenizer *t, const struct reader *r, const char *content,
                          bool normalised, struct added_token *a)
{
    if (normalised && t->normal_form_c) {
        a->content = normal_form_c(content, strlen(content), &a->length, r->e);
    } else {
        a->length = strlen(content);
        a->content = strdup(content);
        if (!a->content)
            hf_err_memory(r->e, a->length + 1);
    }
    if (!a->content)
        return -1;
    if (matcher_add(normalised ? &t->normalised : &t->raw, a, r->e) == 0)
        return 0;
    free(a->content);
    return -1;
}

static int added_read_one(struct hf_tokenizer *t, const struct reader *r, const json_t *entry)
{
    const char *content = json_string_value(json_object_get(entry, "content"));
    struct added_token a = {0};
    bool normalised = true;
    if (!content)
        return hf_err_set(r->e, "%s: added_tokens: an entry has no content", r->path);
    if (added_check_id(t, r, content, entry, &a.id) != 0 ||
        hf_json_bool(entry, r->path, "single_word", &a.single_word, r->e) != 0 ||
        hf_json_bool(entry, r->path, "lstrip", &a.left_strip, r->e) != 0 ||
        hf_json_bool(entry, r->path, "rstrip", &a.right_strip, r->e) != 0 ||
        hf_json_bool(entry, r->path, "normalized", &normalised, r->e) != 0 ||
        vocabulary_grow(&t->vocabulary, a.id + 1, r->e) != 0 ||
        vocabulary_set_added(&t->vocabulary, a.id, content, r->e) != 0)
        return -1;
    return content[0] ? added_look_for(t, r, content, normalised, &a) : 0;
}

static int added_read(struct hf_tokenizer *t, const struct reader *r)
{
    const json_t *entry;
    size_t i;
    json_array_foreach(json_object_get(r->root, "added_tokens"), i, entry)
    {
        if (added_read_one(t, r, entry) != 0)
            return -1;
    }
    matcher_sort(&t->raw);
    matcher_sort(&t->normalised);
    return 0;
}

/* ---------------------------------------------------------------- post-processor */

static int template_add(struct hf_tokenizer *t, const struct reader *r, const json_t *processor,
                        const char *name, struct hf_ids *ids)
{
    const json_t *special = json_object_get(json_object_get(processor, "special_tokens"), name);
    const json_t *list = json_object_get(special, "ids"), *value;
    size_t i;
    if (json_array_size(list) == 0)
        return hf_err_set(r->e, "%s: post_processor: the special token '%.60s' has no ids", r->path,
                          name);
    json_array_foreach(list, i, value)
    {
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        size_t length;
        if (id < 0 || id > INT32_MAX || !hf_tokenizer_piece(t, (int32_t)id, &length))
            return hf_err_set(r->e,
                              "%s: post_processor: the special token '%.60s' has an id that "
                              "is not in the vocabulary",
                              r->path, name);
        if (hf_ids_add(ids, (int32_t)id, r->e) != 0)
            return -1;
    }
    return 0;
}

/* What stands before and after the one sequence in `single`. */
static int template_read(struct hf_tokenizer *t, const struct reader *r, const json_t *processor)
{
    const json_t *part;
    bool behind = false;
    size_t i;
    json_array_foreach(json_object_get(processor, "single"), i, part)
    {
        const char *name =
            json_string_value(json_object_get(json_object_get(part, "SpecialToken"), "id"));
        if (json_object_get(part, "Sequence")) {
            if (behind)
                return hf_err_set(r->e, "%s: post_processor: a template with the text twice",
                                  r->path);
            behind = true;
        } else if (!name) {
            return hf_err_set(r->e, "%s: post_processor: a template with an unknown part", r->path);
        } else if (template_add(t, r, processor, name, behind ? &t->suffix : &t->prefix) != 0) {
            return -1;
        }
    }
    return 0;
}

static int post_processor_read(struct hf_tokenizer *t, const struct reader *r, const json_t *p,
                               bool nested)
{
    const char *type = json_string_value(json_object_get(p, "type"));
    const json_t *one;
    size_t i;
    if (!p || json_is_null(p) || (type && strcmp(type, "ByteLevel") == 0))
        return 0;
    if (type && strcmp(type, "TemplateProcessing") == 0 && t->prefix.count + t->suffix.count == 0)
        return template_read(t, r, p);
    if (!type || strcmp(type, "Sequence") != 0 || nested)
        return hf_err_set(r->e,
                          "%s: the post-processor %s is not supported; supported are ByteLevel and "
                          "one TemplateProcessing, and a Sequence of them",
                          r->path, type ? type : "without a type");
    json_array_foreach(json_object_get(p, "processors"), i, one)
    {
        if (post_processor_read(t, r, one, true) != 0)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- the whole */

static int decoder_check(const struct reader *r)
{
    const json_t *decoder = json_object_get(r->root, "decoder");
    const char *type = json_string_value(json_object_get(decoder, "type"));
    if (!decoder || json_is_null(decoder) || (type && strcmp(type, "ByteLevel") == 0))
        return 0;
    return hf_err_set(r->e, "%s: the decoder %s is not supported, only ByteLevel", r->path,
                      type ? type : "without a type");
}

static int ordinary_collect(struct hf_tokenizer *t, const struct reader *r)
{
    for (int32_t id = 0; id < t->vocabulary.count; id++)
        if (t->vocabulary.tokens[id].kind == TOKEN_BYTES && hf_ids_add(&t->ordinary, id, r->e) != 0)
            return -1;
    if (t->ordinary.count == 0)
        return hf_err_set(r->e, "%s: no token of the vocabulary stands for text", r->path);
    return 0;
}

int hf_tokenizer_load(const char *path, struct hf_tokenizer **ret_tokenizer, struct hf_err *e)
{
    struct hf_tokenizer *t = calloc(1, sizeof *t);
    json_t *root = t ? hf_json_load(path, e) : NULL;
    int result = t ? -1 : hf_err_memory(e, sizeof *t);
    if (root) {
        const struct reader r = {root, path, e};
        /* The model last but for what refers to its ids: what is refused is so before the work. */
        if (normalizer_read(t, &r) == 0 && decoder_check(&r) == 0 && model_read(t, &r) == 0 &&
            splitter_read(&t->splitter, &r) == 0 && added_read(t, &r) == 0 &&
            post_processor_read(t, &r, json_object_get(root, "post_processor"), false) == 0)
            result = ordinary_collect(t, &r);
        json_decref(root);
    }
    if (result == 0)
        *ret_tokenizer = t;
    else
        hf_tokenizer_free(t);
    return result;
}
