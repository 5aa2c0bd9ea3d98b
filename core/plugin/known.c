/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include <string.h>

#include "core/plugin/registry.h"

/* So that a config can be planned where these are not installed, and a message can name the package
 * that is missing. */
static const struct known_plugin known_plugins[] = {
    {"hf_fp16_cuda", CTXMARK_BACKEND, "path", "ctxmark-plugin-cuda", {"transformers-gpu", NULL}},
    {"hf_cpu", CTXMARK_BACKEND, "path", "ctxmark", {NULL}},
    {"ollama", CTXMARK_BACKEND, "ollama_tag", "ctxmark-plugin-ollama", {NULL}},
    {"replay", CTXMARK_BACKEND, NULL, "ctxmark", {NULL}},
};

const struct known_plugin *known_plugin_find(const char *name)
{
    for (size_t i = 0; i < sizeof known_plugins / sizeof known_plugins[0]; i++) {
        const struct known_plugin *k = &known_plugins[i];
        if (strcmp(k->name, name) == 0)
            return k;
        for (size_t a = 0; k->aliases[a]; a++)
            if (strcmp(k->aliases[a], name) == 0)
                return k;
    }
    return NULL;
}
