/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "tests/ollama/traces.h"

#include <ctxmark/plugin.h>

#define TOO_LONG_NEW                                                                               \
    "request (3001 tokens) exceeds the available context size (2048 tokens), try increasing it"
#define TOO_LONG "the input length exceeds the context length"
#define BUSY "server busy, please try again.  maximum pending requests exceeded"
#define RUNNER "an error was encountered while running the model: unexpected EOF"
#define CLOSED "closed the connection in the middle of an answer"
#define NO_END "ended without"

/* The recordings of num_predict 0 were cut by hand, with a remark in place of what is left out. */
const struct trace traces[] = {
    {"head/04-truncate/over-shift-false", CTXMARK_ERROR, "the prompt is longer than the context"},
    {"head/04-truncate/over-stream-truncate-false", CTXMARK_ERROR, TOO_LONG_NEW},
    {"head/04-truncate/over-truncate-false-shift-false", CTXMARK_ERROR, TOO_LONG_NEW},
    {"head/04-truncate/over-truncate-false", CTXMARK_ERROR, TOO_LONG_NEW},
    {"head/05-eos/num_predict-0-stream", CTXMARK_ERROR, "not JSON"},
    {"head/05-eos/token-repeat-nonstream", CTXMARK_ERROR, NO_END},
    {"head/05-eos/token-repeat", CTXMARK_ERROR, "30 equal ones"},
    {"head/06-errors/empty-body", CTXMARK_ERROR, "missing request body"},
    {"head/06-errors/malformed", CTXMARK_ERROR, "unexpected EOF"},
    {"head/06-errors/no-done-partial-utf8-nonstream", CTXMARK_ERROR, NO_END},
    {"head/06-errors/no-done-partial-utf8", CTXMARK_ERROR, "part of a character"},
    {"head/06-errors/no-model", CTXMARK_INVALID, "model '' not found"},
    {"head/06-errors/runner-killed-nonstream", CTXMARK_ERROR, RUNNER},
    {"head/06-errors/runner-killed", CTXMARK_ERROR, RUNNER},
    {"head/06-errors/server-sigkill", CTXMARK_ERROR, CLOSED},
    {"head/06-errors/server-sigterm", CTXMARK_ERROR, CLOSED},
    {"head/06-errors/unknown-model-stream", CTXMARK_INVALID, "'nosuch' not found"},
    {"head/06-errors/unknown-model", CTXMARK_INVALID, "ollama pull"},
    {"head/06-errors/wrong-method", CTXMARK_ERROR, "405 method not allowed"},
    {"head/06-errors/wrong-type-option", CTXMARK_ERROR, "\"num_ctx\" must be of type integer"},
    {"head/07-tokens/context-ids-raw", CTXMARK_ERROR, "raw mode does not support"},
    {"head/07-tokens/debug_render_only", CTXMARK_ERROR, NO_END},
    {"head/07-tokens/prompt-as-ids", CTXMARK_ERROR, "cannot unmarshal array"},
    {"head/08-concurrency/maxqueue2", CTXMARK_ERROR, BUSY},
    {"head/08-concurrency/maxqueue3", CTXMARK_ERROR, BUSY},
    {"head/08-concurrency/maxqueue4", CTXMARK_ERROR, BUSY},
    {"head/08-concurrency/maxqueue6", CTXMARK_ERROR, BUSY},
    {"head/11-memory/ctx20000000", CTXMARK_OOM, "insufficient memory"},
    {"head/11-memory/ctx200000000", CTXMARK_OOM, "insufficient memory"},
    {"v126/04-truncate/over-truncate-false", CTXMARK_ERROR, TOO_LONG},
    {"v24/04-truncate/over-stream-truncate-false", CTXMARK_ERROR, TOO_LONG},
    {"v24/04-truncate/over-truncate-false-shift-false", CTXMARK_ERROR, TOO_LONG},
    {"v24/04-truncate/over-truncate-false", CTXMARK_ERROR, TOO_LONG},
    {"v24/05-eos/num_predict-0-stream", CTXMARK_ERROR, "not JSON"},
    {"v24/05-eos/token-repeat-nonstream", CTXMARK_ERROR, NO_END},
    {"v24/05-eos/token-repeat", CTXMARK_ERROR, "30 equal ones"},
    {"v24/06-errors/empty-body", CTXMARK_ERROR, "missing request body"},
    {"v24/06-errors/malformed", CTXMARK_ERROR, "unexpected EOF"},
    {"v24/06-errors/no-model", CTXMARK_INVALID, "model '' not found"},
    {"v24/06-errors/runner-killed-nonstream", CTXMARK_ERROR, RUNNER},
    {"v24/06-errors/runner-killed", CTXMARK_ERROR, RUNNER},
    {"v24/06-errors/server-sigkill", CTXMARK_ERROR, CLOSED},
    {"v24/06-errors/server-sigterm", CTXMARK_ERROR, CLOSED},
    {"v24/06-errors/unknown-model-stream", CTXMARK_INVALID, "'nosuch' not found"},
    {"v24/06-errors/unknown-model", CTXMARK_INVALID, "ollama pull"},
    {"v24/06-errors/wrong-method", CTXMARK_ERROR, "405 method not allowed"},
    {"v24/06-errors/wrong-type-option", CTXMARK_ERROR, "\"num_ctx\" must be of type integer"},
    {"v24/07-tokens/context-ids-raw", CTXMARK_ERROR, "raw mode does not support"},
    {"v24/07-tokens/debug_render_only", CTXMARK_ERROR, NO_END},
    {"v24/07-tokens/prompt-as-ids", CTXMARK_ERROR, "cannot unmarshal array"},
    {"v24/08-concurrency/maxqueue1", CTXMARK_ERROR, BUSY},
    {"v24/08-concurrency/maxqueue4", CTXMARK_ERROR, BUSY},
    {"v24/08-concurrency/maxqueue5", CTXMARK_ERROR, BUSY},
    {"v24/08-concurrency/maxqueue6", CTXMARK_ERROR, BUSY},
    {"v24/11-memory/ctx20000000", CTXMARK_OOM, "requires more system memory (57.2 GiB)"},
    {"v24/11-memory/ctx200000000", CTXMARK_OOM, "requires more system memory (572.2 GiB)"},
};

const size_t trace_count = sizeof traces / sizeof *traces;
