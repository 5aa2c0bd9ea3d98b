/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/replay/spans.h"

#include <math.h>

/* What rounding to a few decimals of a millisecond may do to a sum. */
#define ROUNDING_NS 1000

static int64_t whole(double x)
{
    return isnan(x) ? INT64_MIN : (int64_t)llround(x);
}

int64_t replay_ns(double ms)
{
    return whole(ms * 1e6);
}

int64_t replay_bytes(double mib)
{
    return whole(mib * 1048576.0);
}

int64_t replay_count(double x)
{
    return whole(x);
}

/* Time to the first token. */
static double first_ms(const struct replay_repetition *p, bool *ret_derived)
{
    const double *ms = p->latency_ms;
    double apart = ms[REPLAY_E2E] - ms[REPLAY_DECODE];
    if (!isnan(ms[REPLAY_PREFILL]))
        return ms[REPLAY_PREFILL];
    if (!isnan(p->ttft_ms))
        return p->ttft_ms;
    *ret_derived = true;
    if (apart >= 0)
        return apart;
    return isnan(ms[REPLAY_E2E]) ? 0.0 : ms[REPLAY_E2E];
}

static uint64_t token_count(const struct replay_repetition *p, int64_t asked, bool *ret_counted)
{
    bool more = p->has[REPLAY_DECODE] || p->has[REPLAY_E2E];
    *ret_counted = !isnan(p->generated_tokens);
    if (*ret_counted)
        return (uint64_t)p->generated_tokens;
    return more ? (uint64_t)asked : 1;
}

/* From the start to the last token, of more than one. */
static int64_t last_ns(const struct replay_repetition *p, struct replay_spans *s)
{
    if (!isnan(p->latency_ms[REPLAY_DECODE]))
        return s->first_ns + replay_ns(p->latency_ms[REPLAY_DECODE]);
    if (p->has[REPLAY_DECODE]) /* all tokens came at once */
        return s->first_ns;
    s->derived = true;
    if (isnan(p->latency_ms[REPLAY_E2E]))
        return s->first_ns;
    int64_t end = replay_ns(p->latency_ms[REPLAY_E2E]);
    return end > s->first_ns ? end : s->first_ns;
}

struct replay_spans replay_spans_of(const struct replay_repetition *p, int64_t max_new_tokens)
{
    struct replay_spans s = {.count = 1};
    s.first_ns = replay_ns(first_ms(p, &s.derived));
    s.last_ns = s.end_ns = s.first_ns;
    s.count = token_count(p, max_new_tokens, &s.counted);
    if (max_new_tokens == 1 && s.count > 1) {
        s.count = 1;
        return s;
    }
    if (s.count > 1)
        s.last_ns = last_ns(p, &s);
    s.end_ns = s.last_ns;
    if (isnan(p->latency_ms[REPLAY_E2E])) {
        s.derived = s.derived || max_new_tokens > 1;
        return s;
    }
    s.end_ns = replay_ns(p->latency_ms[REPLAY_E2E]);
    if (s.end_ns < s.last_ns) {
        s.adjusted = s.last_ns - s.end_ns > ROUNDING_NS;
        s.end_ns = s.last_ns;
    }
    return s;
}
