#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# What hf_fp16_cuda says where there is no GPU to work on: the plugin loads and explains itself, names
# exactly what is missing, and a run gives error rows.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
unset CTXMARK_PLUGIN_PATH
"$CTXMARK" plugins hf_fp16_cuda >"$work/out" 2>/dev/null || skip "hf_fp16_cuda is not built"

# Libraries of CUDA that are there must not be found, and what stands in for them is ours.
stand_in() { # NAME SOURCE
    printf '%s\n' "$2" >"$work/$1.c"
    mkdir -p "$work/lib"
    ${CC:-cc} -shared -fPIC -o "$work/lib/$1" "$work/$1.c"
}
export LD_LIBRARY_PATH="$work/lib"
says() { # WORDS
    "$CTXMARK" plugins hf_fp16_cuda >"$work/out"
    grep -q "^works here: *no: .*$1" "$work/out" || {
        cat "$work/out"
        fail "plugins does not say '$1'"
    }
}

stand_in libcuda.so.1 'int nothing;'
says "too old: libcuda.so.1 has no cuInit"

# Every function that the driver must have, each failing with the given code.
functions=$(grep -oE 'X\(cu[A-Za-z0-9]+\)' "$top_srcdir/plugins/hf_fp16_cuda/driver.h" | tr -d 'X()')
driver() { # CODE-OF-cuInit VERSION DEVICES
    for f in $functions; do
        case $f in
        cuInit) echo "int cuInit(unsigned f) { (void)f; return $1; }" ;;
        cuDriverGetVersion) echo "int cuDriverGetVersion(int *v) { *v = $2; return 0; }" ;;
        cuDeviceGetCount) echo "int cuDeviceGetCount(int *n) { *n = $3; return 0; }" ;;
        cuGetErrorName) echo 'int cuGetErrorName(int r, const char **s) { *s = "ERROR"; return r * 0; }' ;;
        cuGetErrorString) echo 'int cuGetErrorString(int r, const char **s) { *s = "words"; return r * 0; }' ;;
        cuDeviceGetName) echo 'int cuDeviceGetName(char *s, int n, int d) { s[0] = 79; s[1] = 0; return 0 * n * d; }' ;;
        cuDeviceGetAttribute) echo 'int cuDeviceGetAttribute(int *v, int a, int d) { *v = a == 75 ? 7 : 5; return 0 * d; }' ;;
        cuDeviceTotalMem | cuDeviceGet) echo "int $f(void *n, int d) { (void)n; return 0 * d; }" ;;
        *) echo "int $f(void) { return 999; }" ;;
        esac
    done | sed -E 's/^int (cu[A-Za-z0-9]+)\((.*)$/int \1(\2\nextern __typeof__(\1) \1_v2 __attribute__((alias("\1")));\nextern __typeof__(\1) \1_v3 __attribute__((alias("\1")));/'
}
stand_in libcuda.so.1 "$(driver 100 13000 0)"
says "no GPU: the NVIDIA driver sees no device"
stand_in libcuda.so.1 "$(driver 0 11040 1)"
says "too old: it supports CUDA 11.4"
stand_in libcuda.so.1 "$(driver 0 99000 0)"
says "no GPU: the NVIDIA driver sees no device"
stand_in libcuda.so.1 "$(driver 0 99000 1)"
says "O has compute capability 7.5; this engine needs 8.0 or later"
stand_in libcuda.so.1 "$(driver 803 99000 1)"
says "different versions"

# A run gives one row for each cell, and ends with 1.
stand_in libcuda.so.1 'int nothing;'
cat >"$work/config.yaml" <<YAML
context_lengths: [16, 32]
models:
  - {name: m, path: $top_srcdir/tests/data/checkpoints/qwen3}
backends: [hf_fp16_cuda]
repetitions: 2
YAML
ctxmark 1 run "$work/config.yaml" -o "$work/run"
[ "$(grep -c ',error,' "$work/run/metrics.csv")" -eq 2 ] || fail "there are not two error rows"
expect_in "$work/run/metrics.csv" "the NVIDIA driver is too old"

# What is wrong with the options is said before any GPU is asked for.
ctxmark 1 try hf_fp16_cuda "$top_srcdir/tests/data/checkpoints/qwen3" --set device=cpu -n 1 \
    --tokens "$top_srcdir/tests/data/checkpoints/qwen3/expected.safetensors"
expect_in "$work/err" "device 'cpu' is not one of hf_fp16_cuda"
