#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# A CUDA context that breaks in the middle of a cell, as after an illegal address: every call fails from
# then on, until the process ends.  The repetition has its row and its words, the worker is replaced, and
# all cells are measured as if nothing had been.
plugins=${CTXMARK_PLUGIN_PATH:?the folder of the plugins}
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
export CTXMARK_PLUGIN_PATH="$plugins"

works=$("$CTXMARK" plugins hf_fp16_cuda 2>/dev/null | sed -n 's/^works here: *//p')
[ "$works" = yes ] || skip "${works:-hf_fp16_cuda is not built}"

# The driver's functions come from dlsym(): some of them fail from launch number $BREAK_AT on, in the
# one process that finds the file $BREAK_ONCE.
cat >"$work/broken.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int broken, launches;

static int breaks(int launch)
{
    const char *once = getenv("BREAK_ONCE"), *at = getenv("BREAK_AT");
    if (!broken && launch && ++launches >= atoi(at ? at : "1"))
        broken = unlink(once ? once : "") == 0;
    return broken;
}

#define WRAP(name, launch, parameters, arguments)                                                  \
    static int (*real_##name) parameters;                                                          \
    static int my_##name parameters                                                                \
    {                                                                                              \
        return breaks(launch) ? 700 : real_##name arguments;                                       \
    }
WRAP(cuLaunchKernel, 1,
     (void *f, unsigned a, unsigned b, unsigned c, unsigned d, unsigned g, unsigned h, unsigned s,
      void *t, void **p, void **x),
     (f, a, b, c, d, g, h, s, t, p, x))
WRAP(cuLaunchKernelEx, 1, (void *config, void *f, void **p, void **x), (config, f, p, x))
WRAP(cuGraphLaunch, 1, (void *graph, void *stream), (graph, stream))
WRAP(cuEventQuery, 0, (void *event), (event))
WRAP(cuEventSynchronize, 0, (void *event), (event))
WRAP(cuStreamQuery, 0, (void *stream), (stream))
WRAP(cuStreamSynchronize, 0, (void *stream), (stream))
WRAP(cuCtxSynchronize, 0, (void), ())

void *dlsym(void *handle, const char *name)
{
    static void *(*next)(void *, const char *);
    if (!next)
        *(void **)&next = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    if (!next)
        *(void **)&next = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    void *found = next(handle, name);
#define GIVE(wrapped)                                                                              \
    if (found && strcmp(name, #wrapped) == 0) {                                                    \
        *(void **)&real_##wrapped = found;                                                         \
        return (void *)my_##wrapped;                                                               \
    }
    GIVE(cuLaunchKernel)
    GIVE(cuLaunchKernelEx)
    GIVE(cuGraphLaunch)
    GIVE(cuEventQuery)
    GIVE(cuEventSynchronize)
    GIVE(cuStreamQuery)
    GIVE(cuStreamSynchronize)
    GIVE(cuCtxSynchronize)
    return found;
}
C
${CC:-cc} -shared -fPIC -o "$work/broken.so" "$work/broken.c" -ldl || skip "no C compiler"

cat >"$work/config.yaml" <<YAML
context_lengths: [16, 24, 40]
models:
  - name: tiny
    path: $top_srcdir/tests/data/checkpoints/f32
backends:
  - {name: gpu, plugin: hf_fp16_cuda}
repetitions: 3
warmup_repetitions: 1
max_new_tokens: 6
modes: [e2e]
YAML
sweep() { # NAME BREAK_AT
    touch "$work/once"
    BREAK_ONCE=$work/once BREAK_AT=$2 LD_PRELOAD=$work/broken.so "$CTXMARK" run -q "$work/config.yaml" \
        -o "$work/$1" >"$work/out" 2>&1 || true
}
rows() { # NAME STATUS: contexts of the rows with that status
    sed -n 's/.*,tiny,[^,]*,\([0-9]*\),e2e,measured,.*,'"$2"',.*/\1/p' "$work/$1/metrics.csv" | sort -n | uniq -c |
        sed 's/^ *//' | tr '\n' ';'
}

sweep sound 100000000
[ "$(rows sound ok)" = "3 16;3 24;3 40;" ] || {
    cat "$work/sound/metrics.csv"
    fail "a sound context: $(rows sound ok)"
}
# In the first cell while its kernels are tried, in its steps, and in later cells; by a kernel of ours or by one
# of cuBLASLt's, which has words of its own: the repetition has its row, and is done again by a worker of a new
# process.
for at in 40 100 150 200; do
    sweep "broken-$at" "$at"
    [ ! -e "$work/once" ] || fail "launch $at never came"
    if [ "$(grep -c ',error,' "$work/broken-$at/metrics.csv")" -ne 1 ] ||
        ! grep -qE ',error,.*(, 700\)|CUBLAS_STATUS_EXECUTION_FAILED)' "$work/broken-$at/metrics.csv" ||
        [ "$(rows "broken-$at" ok)" != "3 16;3 24;3 40;" ]; then
        cat "$work/broken-$at/metrics.csv" "$work/out"
        fail "broken at launch $at: $(rows "broken-$at" ok)"
    fi
    echo "PASS: broken at launch $at"
done
