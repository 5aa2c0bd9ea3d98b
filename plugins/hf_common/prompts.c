/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/prompts.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/hf_common/lengths.h"
#include "plugins/hf_common/path.h"
#include "plugins/hf_common/prompt.h"
#include "plugins/hf_common/tokenizer/tokenizer.h"

#define BETWEEN "\n\n" /* so that no token reaches from one copy of the text into the next */

static const char paragraph[] =
    "The library on the hill opened its doors every morning at eight. Visitors came from the "
    "valley to read about ships, weather and distant countries, and some of them stayed until the "
    "lamps were lit. A clerk at the front desk wrote each name into a large book, together with "
    "the hour and the titles that were asked for. In winter the rooms were quiet and the stoves "
    "burned low; in summer the windows stood open, and the noise of the market could be heard "
    "between the shelves. Nobody remembered who had built the house, but everyone agreed that it "
    "had to be kept.";

struct hf_prompts {
    const struct hf_config *config;
    struct hf_tokenizer *tokenizer; /* NULL: none */
    struct hf_err lack;
    char *text;           /* what `stream` was made of */
    struct hf_ids stream; /* the text again and again */
    size_t once;          /* tokens of the text alone */
};

/* ---------------------------------------------------------------- the tokenizer */

static void prompts_check_vocabulary(struct hf_prompts *p, const char *file)
{
    const struct hf_ids *ordinary = hf_tokenizer_ordinary(p->tokenizer);
    int32_t largest = ordinary->ids[ordinary->count - 1];
    if (largest < p->config->vocab_size)
        return;
    hf_err_set(&p->lack,
               "%s: its tokens go up to %d, the model has %lld: it belongs to another one", file,
               (int)largest, (long long)p->config->vocab_size);
    hf_tokenizer_free(p->tokenizer);
    p->tokenizer = NULL;
}

static void prompts_load(struct hf_prompts *p, const char *file)
{
    if (!hf_path_is_file(file))
        hf_err_set(&p->lack, "%s: there is no such file", file);
    else if (hf_tokenizer_load(file, &p->tokenizer, &p->lack) == 0)
        prompts_check_vocabulary(p, file);
}

int hf_prompts_open(const struct hf_config *c, const char *path, struct hf_prompts **ret_prompts,
                    struct hf_err *e)
{
    struct hf_prompts *p = calloc(1, sizeof *p);
    char *folder = hf_path_folder_of(path);
    char *snapshot = folder ? hf_path_snapshot(folder, e) : NULL;
    char *file = snapshot ? hf_path_join(snapshot, "tokenizer.json") : NULL;
    bool ready = p && file;
    if (ready) {
        p->config = c;
        prompts_load(p, file);
        *ret_prompts = p;
    } else {
        if (!p || !folder || snapshot)
            hf_err_memory(e, strlen(path) + sizeof *p);
        free(p);
    }
    hf_path_free(folder);
    hf_path_free(snapshot);
    hf_path_free(file);
    return ready ? 0 : -1;
}

void hf_prompts_close(struct hf_prompts *p)
{
    if (!p)
        return;
    hf_tokenizer_free(p->tokenizer);
    hf_ids_free(&p->stream);
    free(p->text);
    free(p);
}

const char *hf_prompts_lack(const struct hf_prompts *p)
{
    return p->tokenizer ? NULL : p->lack.text;
}

const char *hf_prompts_text(const struct hf_prompts *p, int32_t id, size_t *ret_length)
{
    return p->tokenizer ? hf_tokenizer_piece(p->tokenizer, id, ret_length) : NULL;
}

/* ---------------------------------------------------------------- text, repeated */

/* `copies` of the text as tokens. */
static int stream_encode(struct hf_prompts *p, const char *text, size_t copies, struct hf_err *e)
{
    size_t length = strlen(text), step = length + strlen(BETWEEN);
    char *all = copies < SIZE_MAX / (step + 1) ? malloc(copies * step + 1) : NULL;
    if (!all)
        return hf_err_memory(e, copies * step);
    for (size_t i = 0; i < copies; i++) {
        memcpy(all + i * step, text, length);
        memcpy(all + i * step + length, BETWEEN, strlen(BETWEEN));
    }
    p->stream.count = 0;
    int result = hf_tokenizer_encode(p->tokenizer, all, copies * step, &p->stream, e);
    free(all);
    return result;
}

static int stream_begin(struct hf_prompts *p, const char *text, struct hf_err *e)
{
    char *copy = strdup(text);
    if (!copy)
        return hf_err_memory(e, strlen(text) + 1);
    free(p->text);
    p->text = copy;
    p->once = 0;
    if (stream_encode(p, text, 1, e) != 0)
        return -1;
    p->once = p->stream.count;
    return p->once > 0 ? 0 : hf_err_set(e, "the prompt's text has no tokens");
}

/* Makes the stream longer than `count` by two copies: what is cut off does not change what is
 * before it, and so the first ids do not depend on how many were ever asked for. */
static int stream_reach(struct hf_prompts *p, const char *text, size_t count, struct hf_err *e)
{
    if ((!p->text || p->once == 0 || strcmp(p->text, text) != 0) && stream_begin(p, text, e) != 0)
        return -1;
    size_t wanted = count + 2 * p->once, copies = wanted / p->once + 1;
    while (p->stream.count < wanted) {
        if (stream_encode(p, text, copies, e) != 0)
            return -1;
        copies *= 2;
    }
    return 0;
}

/* ---------------------------------------------------------------- prompts */

static int prompt_of_text(struct hf_prompts *p, const char *text, int32_t **ret_ids,
                          int64_t *ret_count, struct hf_err *e)
{
    const struct hf_ids *prefix, *suffix;
    struct hf_ids all = {0};
    int result = 0;
    if (!p->tokenizer)
        return hf_err_set(e, "a prompt of text needs a tokenizer: %s", p->lack.text);
    prefix = hf_tokenizer_prefix(p->tokenizer);
    suffix = hf_tokenizer_suffix(p->tokenizer);
    for (size_t i = 0; result == 0 && i < prefix->count; i++)
        result = hf_ids_add(&all, prefix->ids[i], e);
    if (result == 0)
        result = hf_tokenizer_encode(p->tokenizer, text, strlen(text), &all, e);
    for (size_t i = 0; result == 0 && i < suffix->count; i++)
        result = hf_ids_add(&all, suffix->ids[i], e);
    if (result == 0 && all.count == 0)
        result = hf_err_set(e, "the prompt's text has no tokens");
    if (result == 0) {
        *ret_ids = all.ids;
        *ret_count = (int64_t)all.count;
    } else {
        hf_ids_free(&all);
    }
    return result;
}

/* Beginning, nonce and text, as far as there is room. */
static int prompt_fill_text(struct hf_prompts *p, const struct ctxmark_request *q, uint64_t nonce,
                            int32_t *ids, struct hf_err *e)
{
    const struct hf_ids *prefix = hf_tokenizer_prefix(p->tokenizer);
    const struct hf_ids *ordinary = hf_tokenizer_ordinary(p->tokenizer);
    size_t count = (size_t)q->prompt_tokens, at = 0;
    uint64_t digits[HF_PROMPT_DIGITS];
    int spelled = q->cache_policy == CTXMARK_CACHE_BUST
                      ? hf_prompt_spell(q->seed, nonce, ordinary->count, digits)
                      : 0;
    if (stream_reach(p, q->seed_text ? q->seed_text : paragraph, count, e) != 0)
        return -1;
    for (size_t i = 0; i < prefix->count && at < count; i++)
        ids[at++] = prefix->ids[i];
    for (int i = 0; i < spelled && at < count; i++)
        ids[at++] = ordinary->ids[digits[i]];
    memcpy(ids + at, p->stream.ids, (count - at) * sizeof *ids);
    return 0;
}

int hf_prompts_make(struct hf_prompts *p, const struct ctxmark_request *q, uint32_t index,
                    int32_t **ret_ids, int64_t *ret_count, struct hf_err *e)
{
    if (q->text)
        return prompt_of_text(p, q->text, ret_ids, ret_count, e);
    if (hf_length_check(q->prompt_tokens, q->max_new_tokens, e) != 0)
        return -1;
    size_t bytes = (size_t)q->prompt_tokens * sizeof(int32_t);
    int32_t *ids = malloc(bytes);
    int result = 0;
    if (!ids)
        return hf_err_memory(e, bytes);
    if (q->tokens)
        memcpy(ids, q->tokens, bytes);
    else if (p->tokenizer)
        result = prompt_fill_text(p, q, q->nonce + index, ids, e);
    else
        hf_prompt_fill(p->config, q->seed, q->nonce + index, q->prompt_tokens, ids);
    if (result == 0) {
        *ret_ids = ids;
        *ret_count = q->prompt_tokens;
    } else {
        free(ids);
    }
    return result;
}
