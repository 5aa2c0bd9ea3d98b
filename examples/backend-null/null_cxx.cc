// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The ctxmark authors

// Backend "null_cxx": null.c in C++.  No exception may leave a callback: the core is in C.

#include <exception>
#include <memory>

#include <ctxmark/plugin.h>
#include <ctxmark/util.h>

namespace
{

class Null
{
  public:
    explicit Null(const ctxmark_host *h) : host(h)
    {
    }

    int32_t describe() const
    {
        ctxmark_fact_number(host, "layers", 0, "", "model");
        return CTXMARK_OK;
    }

    int32_t run(const ctxmark_request &q, const ctxmark_emit *emit) const
    {
        for (uint32_t r = 0; r < q.concurrency; r++)
            if (!answer(q, r, emit))
                return host->fail(host, CTXMARK_CANCELLED, "cancelled");
        return CTXMARK_OK;
    }

  private:
    bool answer(const ctxmark_request &q, uint32_t r, const ctxmark_emit *emit) const
    {
        ctxmark_result result = CTXMARK_RESULT_INIT;
        emit->start(emit, r);
        for (int64_t i = 0; i < q.max_new_tokens; i++) {
            if (host->cancelled(host))
                return false;
            emit->tokens(emit, r, 1, nullptr, nullptr, 0);
        }
        emit->end(emit, r);
        result.request = r;
        result.prompt_tokens = q.prompt_tokens;
        result.cached_tokens = 0;
        result.generated_tokens = q.max_new_tokens;
        emit->result(emit, &result);
        return true;
    }

    const ctxmark_host *host;
};

// Calls f, and makes a status of what it throws.
template <typename F> int32_t guarded(const ctxmark_host *h, F f)
{
    try {
        return f();
    } catch (const std::bad_alloc &) {
        return h->fail(h, CTXMARK_OOM, "out of memory");
    } catch (const std::exception &e) {
        return h->fail(h, CTXMARK_ERROR, e.what());
    }
}

const ctxmark_host *host_of_process; // one backend to a process

int32_t null_open(const ctxmark_host *h, void **ret_self)
{
    host_of_process = h;
    return guarded(h, [&] {
        *ret_self = new Null(h);
        return CTXMARK_OK;
    });
}

int32_t null_load(void *, const ctxmark_model *)
{
    return CTXMARK_OK;
}

int32_t null_describe(void *self)
{
    return guarded(host_of_process, [&] { return static_cast<Null *>(self)->describe(); });
}

int32_t null_run(void *self, const ctxmark_request *q, const ctxmark_emit *emit)
{
    return guarded(host_of_process, [&] { return static_cast<Null *>(self)->run(*q, emit); });
}

void null_close(void *self)
{
    delete static_cast<Null *>(self);
}

ctxmark_backend make_backend()
{
    ctxmark_backend b{};
    b.size = sizeof b;
    b.capabilities = CTXMARK_CAN_EXACT | CTXMARK_CAN_CONCURRENCY;
    b.open = null_open;
    b.load = null_load;
    b.describe = null_describe;
    b.run = null_run;
    b.close = null_close;
    return b;
}
const ctxmark_backend backend = make_backend();

ctxmark_plugin make_plugin()
{
    ctxmark_plugin p{};
    p.head = CTXMARK_HEAD;
    p.kind = CTXMARK_BACKEND;
    p.name = "null_cxx";
    p.version = "1.0";
    p.summary = "Answers at once: measures ctxmark itself (null in C++).";
    p.license = "MIT";
    p.backend = &backend;
    return p;
}
const ctxmark_plugin plugin = make_plugin();

} // namespace

CTXMARK_PLUGIN(plugin)
