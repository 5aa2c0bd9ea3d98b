# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# CTXMARK_CUDA: what hf_fp16_cuda is built with.  Sets have_cuda, or have_cuda=no and why_no_cuda, and
# NVCC, NVCC_FLAGS, CUDA_INCLUDE, CUDA_ARCHS, CUDA_GENCODE.  Nothing of CUDA is linked: its libraries
# are opened at run time.
AC_DEFUN([CTXMARK_CUDA], [
AC_ARG_VAR([NVCC], [CUDA compiler (default: nvcc in PATH, else /usr/local/cuda/bin/nvcc)])
AC_ARG_VAR([NVCC_FLAGS], [flags for NVCC (default: -O3)])
AC_ARG_VAR([CUDA_INCLUDE], [folder of cuda.h and cublasLt.h (default: beside NVCC)])
AC_ARG_VAR([CUDA_ARCHS], [GPUs to make code for (default: those of "80 86 89 90a" that NVCC knows; PTX for later ones is always there)])
have_cuda=no why_no_cuda="nvcc not found (NVIDIA's CUDA toolkit 12 or later)"
AC_PATH_PROG([NVCC], [nvcc], [], [$PATH$PATH_SEPARATOR/usr/local/cuda/bin])
: "${NVCC_FLAGS=-O3}"
AS_IF([test -n "$NVCC"], [
  AS_IF([test -z "$CUDA_INCLUDE"], [
    ctxmark_nvcc=`readlink -f "$NVCC" 2>/dev/null || AS_ECHO(["$NVCC"])`
    CUDA_INCLUDE=`AS_DIRNAME(["$ctxmark_nvcc"])`
    CUDA_INCLUDE=`AS_DIRNAME(["$CUDA_INCLUDE"])`/include])
  ctxmark_cppflags=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS -isystem $CUDA_INCLUDE"
  AC_CACHE_CHECK([for cuda.h and cublasLt.h of CUDA 12 or later], [ctxmark_cv_cuda_headers],
    [AC_PREPROC_IFELSE([AC_LANG_SOURCE([
#include <cuda.h>
#include <cublasLt.h>
#if CUDA_VERSION < 12000
#error too old
#endif
])], [ctxmark_cv_cuda_headers=yes], [ctxmark_cv_cuda_headers=no])])
  CPPFLAGS=$ctxmark_cppflags
  AS_IF([test "$ctxmark_cv_cuda_headers" = no],
    [why_no_cuda="cuda.h or cublasLt.h of CUDA 12 or later not found in $CUDA_INCLUDE (set CUDA_INCLUDE)"],
    [CTXMARK_CUDA_ARCHS])
])
])

# CTXMARK_CUDA_ARCHS: tries the compiler itself, once for each kind of device.
AC_DEFUN([CTXMARK_CUDA_ARCHS], [
AC_MSG_CHECKING([which GPUs nvcc can make code for])
ctxmark_archs=
CUDA_GENCODE="-gencode arch=compute_80,code=compute_80"
AS_ECHO(["__global__ void f(void) {}"]) >conftest.cu
for ctxmark_arch in ${CUDA_ARCHS-80 86 89 90a}; do
  ctxmark_code="-gencode arch=compute_$ctxmark_arch,code=sm_$ctxmark_arch"
  AS_IF(["$NVCC" -fatbin $ctxmark_code -o conftest.fatbin conftest.cu >&AS_MESSAGE_LOG_FD 2>&1],
    [ctxmark_archs="$ctxmark_archs $ctxmark_arch" CUDA_GENCODE="$CUDA_GENCODE $ctxmark_code"],
    [test -n "$CUDA_ARCHS" && AC_MSG_ERROR([$NVCC cannot make code for $ctxmark_arch, which CUDA_ARCHS asks for])])
done
rm -f conftest.cu conftest.fatbin
AC_MSG_RESULT([${ctxmark_archs:-none}])
AS_IF([test -n "$ctxmark_archs"], [have_cuda=yes],
  [why_no_cuda="$NVCC does not work (see config.log)"])
AC_SUBST([CUDA_GENCODE])
])
