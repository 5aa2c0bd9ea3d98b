/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/ollama/version.h"

#include <stdio.h>
#include <string.h>

bool ollama_version_read(const char *text, struct ollama_version *ret_version)
{
    struct ollama_version v = {0};
    if (sscanf(text, "%9d.%9d.%9d", &v.major, &v.minor, &v.patch) != 3)
        return false;
    snprintf(v.text, sizeof v.text, "%s", text);
    *ret_version = v;
    return true;
}

bool ollama_version_at_least(const struct ollama_version *v, int major, int minor, int patch)
{
    if (v->major != major)
        return v->major > major;
    if (v->minor != minor)
        return v->minor > minor;
    return v->patch >= patch;
}

static bool between(const struct ollama_version *v, int minor, int first, int last)
{
    return v->major == 0 && v->minor == minor && v->patch >= first && v->patch <= last;
}

/* "0.0.0" is what a server says that was built without a version: it is believed to be new. */
const char *ollama_version_refusal(const struct ollama_version *v)
{
    if (between(v, 30, 0, 0))
        return "it counts only the prompt tokens that its cache did not have, so that no rate can "
               "be told";
    if (between(v, 1, 0, 999))
        return "it leaves out the count of a cached prompt";
    return NULL;
}

bool ollama_version_last_batch(const struct ollama_version *v)
{
    return between(v, 12, 5, 6);
}

bool ollama_version_host_cache(const struct ollama_version *v)
{
    bool unnamed = v->major == 0 && v->minor == 0 && v->patch == 0;
    return unnamed || ollama_version_at_least(v, 0, 30, 0);
}
