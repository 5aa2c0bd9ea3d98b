/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* What is known of single versions of Ollama. */

#ifndef OLLAMA_VERSION_H
#define OLLAMA_VERSION_H

#include <stdbool.h>

struct ollama_version {
    int major, minor, patch;
    char text[64]; /* as the server says it */
};

/* "0.33.0-rc2" and the like; false: no version. */
bool ollama_version_read(const char *text, struct ollama_version *ret_version);

bool ollama_version_at_least(const struct ollama_version *v, int major, int minor, int patch);

/* Why figures of this version cannot be used at all; NULL: they can. */
const char *ollama_version_refusal(const struct ollama_version *v);

/* 0.12.5 and 0.12.6: prompt_eval_duration is that of the last batch of 512 tokens alone. */
bool ollama_version_last_batch(const struct ollama_version *v);

/* 0.30.0 and later keep prompts in the host's memory too: another prompt in between does not push
 * one out. */
bool ollama_version_host_cache(const struct ollama_version *v);

#endif
