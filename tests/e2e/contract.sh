#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# The contract's headers compile alone in every language they promise, and a plugin in C++ is found.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
include=${top_srcdir:?}/include
flags="-Wall -Wextra -Wpedantic -pedantic-errors -Werror -fsyntax-only"
tried=0

# compiles WHAT COMPILER... : a file with nothing but the include.
compiles() {
    what=$1
    shift
    for header in plugin util; do
        printf '#include <ctxmark/%s.h>\n#include <ctxmark/%s.h>\n' $header $header >"alone.$suffix"
        "$@" -I"$include" "alone.$suffix" 2>err || fail "<ctxmark/$header.h> as $what"
    done
    echo "$what: fine"
    tried=$((tried + 1))
}

# shellcheck disable=SC2086 # $CC and $flags are words
{
    suffix=c
    compiles "C99" $CC -std=c99 $flags
    compiles "C11" $CC -std=c11 $flags
    compiles "C11, linked in" $CC -std=c11 $flags -DCTXMARK_STATIC_NAME=x
    suffix=cc
    if command -v g++ >/dev/null; then
        compiles "C++11" g++ -std=c++11 $flags -Wno-unused-function
        compiles "C++17" g++ -std=c++17 $flags -Wno-unused-function
    else
        echo "SKIP C++: no g++ here"
    fi
    suffix=cu
    if command -v nvcc >/dev/null; then
        compiles "CUDA" nvcc -std=c++17 --cuda -o /dev/null
    else
        echo "SKIP CUDA: no nvcc here"
    fi
}

command -v g++ >/dev/null || exit 0
echo "a plugin in C++"
cat >mock_cxx.cc <<'CODE'
#include <ctxmark/util.h>

static int32_t open_it(const ctxmark_host *, void **) { return CTXMARK_OK; }
static int32_t load(void *, const ctxmark_model *) { return CTXMARK_OK; }
static int32_t run(void *, const ctxmark_request *, const ctxmark_emit *emit)
{
    ctxmark_result result = CTXMARK_RESULT_INIT;
    emit->start(emit, 0);
    emit->tokens(emit, 0, 1, nullptr, nullptr, 0);
    emit->result(emit, &result);
    return CTXMARK_OK;
}

static ctxmark_backend make_backend()
{
    ctxmark_backend b{};
    b.size = sizeof b;
    b.open = open_it;
    b.load = load;
    b.run = run;
    return b;
}
static const ctxmark_backend backend = make_backend();

static ctxmark_plugin make_plugin()
{
    ctxmark_plugin p{};
    p.head = CTXMARK_HEAD;
    p.kind = CTXMARK_BACKEND;
    p.name = "mock_cxx";
    p.version = "1";
    p.summary = "a backend in C++";
    p.license = "MIT";
    p.backend = &backend;
    return p;
}
static const ctxmark_plugin plugin = make_plugin();
CTXMARK_PLUGIN(plugin)
CODE
g++ -std=c++17 -fPIC -shared -fvisibility=hidden -Wl,-z,defs -I"$include" mock_cxx.cc -o plugins/mock_cxx.so 2>err ||
    fail "the plugin in C++ does not compile"
ctxmark 0 try mock_cxx anything -n 1
expect_in out "prefill "
[ "$tried" -ge 5 ]
