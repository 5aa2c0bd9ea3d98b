# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# Macros of ctxmark's own build.  (ctxmark.m4 is the one for plugin authors.)

# CTXMARK_WARNINGS: warnings are on, and never errors unless asked for.
AC_DEFUN([CTXMARK_WARNINGS], [
AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors (for CI)])])
CTXMARK_CFLAGS="-Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wvla"
AS_IF([test "x$enable_werror" = xyes], [CTXMARK_CFLAGS="$CTXMARK_CFLAGS -Werror"])
AC_SUBST([CTXMARK_CFLAGS])
])

# CTXMARK_FLOATS: float and double are computed in their own precision, so that a figure is the same on each
# machine and the kernels' roundings are where they are meant to be.  i386's first unit (x87) computes in 80
# bits; its second one, SSE2, is in all such processors since 2003.  Nor is a product that is added rounded
# with the sum alone, as arm64 can: where only the speed counts (hf_cpu), the makefile says so.
AC_DEFUN([CTXMARK_FLOATS], [
AC_CACHE_CHECK([for flags that compute in the precision of the type], [ctxmark_cv_float_flags], [
  ctxmark_cv_float_flags=unknown
  ctxmark_cflags=$CFLAGS
  for ctxmark_flags in "" "-msse2 -mfpmath=sse"; do
    CFLAGS="$ctxmark_cflags $ctxmark_flags"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <float.h>]], [[typedef int fits[FLT_EVAL_METHOD == 0 ? 1 : -1];]])],
      [ctxmark_cv_float_flags=${ctxmark_flags:-none}; break])
  done
  CFLAGS=$ctxmark_cflags])
AS_CASE([$ctxmark_cv_float_flags],
  [none], [],
  [unknown], [AC_MSG_WARN([this compiler computes with excess precision: figures differ in their last digits from those of other machines])],
  [CTXMARK_CFLAGS="$CTXMARK_CFLAGS $ctxmark_cv_float_flags"])
CTXMARK_CFLAGS="$CTXMARK_CFLAGS -ffp-contract=off"
])

# CTXMARK_SANITIZERS: --enable-sanitizers=address,undefined (the default list) or thread.
AC_DEFUN([CTXMARK_SANITIZERS], [
AC_ARG_ENABLE([sanitizers],
  [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@], [build with sanitizers; LIST is address,undefined unless given])],
  [], [enable_sanitizers=no])
AS_CASE([$enable_sanitizers],
  [no], [],
  [yes], [enable_sanitizers=address,undefined])
AS_IF([test "$enable_sanitizers" != no], [
  CFLAGS="$CFLAGS -fsanitize=$enable_sanitizers -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
  CXXFLAGS="$CXXFLAGS -fsanitize=$enable_sanitizers"
  LDFLAGS="$LDFLAGS -fsanitize=$enable_sanitizers"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [],
    [AC_MSG_ERROR([the compiler cannot link with -fsanitize=$enable_sanitizers; install its sanitizer runtime])])
  AC_DEFINE([CTXMARK_SANITIZED], [1], [Define to 1 when built with sanitizers.])
])
AM_CONDITIONAL([SANITIZED], [test "$enable_sanitizers" != no])
])

# AX_PTHREAD_SIMPLE: -pthread, as every supported compiler takes it.
AC_DEFUN([AX_PTHREAD_SIMPLE], [AC_SUBST([PTHREAD_CFLAGS], [-pthread])])

# CTXMARK_PLUGINS_DEFAULT: what --with-plugin-NAME=yes, or nothing, means.
AC_DEFUN([CTXMARK_PLUGINS_DEFAULT], [
AC_ARG_WITH([plugins],
  [AS_HELP_STRING([--with-plugins=shared|static|no], [form of all plugins not named by --with-plugin-NAME (default: shared)])],
  [], [with_plugins=shared])
AS_CASE([$with_plugins], [shared|static|no], [], [yes], [with_plugins=shared],
  [AC_MSG_ERROR([--with-plugins takes shared, static or no, not '$with_plugins'])])
ctxmark_static_plugins=
ctxmark_plugin_summary=
])

# CTXMARK_ANALYZER(NAME): an analysis plugin over GSL and plugins/libanalysis.la.
AC_DEFUN([CTXMARK_ANALYZER], [
CTXMARK_PLUGIN([$1], [$have_gsl], [GSL not found (libgsl-dev)])
AS_IF([test "$plugin_$1" != no], [need_analysis=yes])
])

# CTXMARK_PLUGIN(NAME, CAN, WHY-NOT): decides its form, sets plugin_NAME and the conditionals
# PLUGIN_NAME_SHARED and PLUGIN_NAME_STATIC.  CAN is "yes" where its libraries are there.
AC_DEFUN([CTXMARK_PLUGIN], [
AC_ARG_WITH([plugin-$1],
  [AS_HELP_STRING([--with-plugin-$1=yes|shared|static|no], [build the plugin $1])],
  [plugin_$1=$withval], [plugin_$1=default])
AS_CASE([$plugin_$1],
  [default|shared|static|no], [],
  [yes], [plugin_$1=$with_plugins; test "$with_plugins" = no && plugin_$1=shared; ctxmark_must=yes],
  [AC_MSG_ERROR([--with-plugin-$1 takes yes, shared, static or no, not '$plugin_$1'])])
ctxmark_why="asked not to"
AS_IF([test "$plugin_$1" = default],
  [plugin_$1=$with_plugins
   AS_IF([test "$2" != yes], [plugin_$1=no; ctxmark_why="$3"])],
  [test "$plugin_$1" != no && test "$2" != yes],
  [AC_MSG_ERROR([--with-plugin-$1=$withval cannot be met: $3])])
AS_CASE([$plugin_$1],
  [static], [ctxmark_static_plugins="$ctxmark_static_plugins $1"],
  [no], [])
AS_IF([test "$plugin_$1" = no],
  [ctxmark_line="no ($ctxmark_why)"], [ctxmark_line="$plugin_$1"])
ctxmark_plugin_summary="$ctxmark_plugin_summary
    m4_format([%-16s], [$1]) $ctxmark_line"
AM_CONDITIONAL(m4_toupper([PLUGIN_$1_SHARED]), [test "$plugin_$1" = shared])
AM_CONDITIONAL(m4_toupper([PLUGIN_$1_STATIC]), [test "$plugin_$1" = static])
])

# CTXMARK_PLUGIN_CUDA(NAME): a plugin over NVIDIA's libraries, after all others.  One program cannot
# hold these and the analyzers, which are under the GPL: where those are static it stays shared.
AC_DEFUN([CTXMARK_PLUGIN_CUDA], [
ctxmark_with_plugins=$with_plugins
AS_IF([test "$need_analysis$with_plugins" = yesstatic], [with_plugins=shared])
CTXMARK_PLUGIN([$1], [$have_cuda], [$why_no_cuda])
with_plugins=$ctxmark_with_plugins
])

# CTXMARK_PLUGINS_DONE: writes the list of plugins that are linked into the program.  GPL analyzers
# and CUDA, which is not free, must not become one work that is passed on.
AC_DEFUN([CTXMARK_PLUGINS_DONE], [
ctxmark_static_gpl=
ctxmark_static_cuda=
for p in $ctxmark_static_plugins; do
  AS_CASE([$p],
    [hf_fp16_cuda], [ctxmark_static_cuda=$p],
    [hf_cpu|ollama|replay], [],
    [ctxmark_static_gpl="$ctxmark_static_gpl $p"])
done
AS_IF([test -n "$ctxmark_static_gpl" && test -n "$ctxmark_static_cuda"],
  [AC_MSG_ERROR([$ctxmark_static_cuda and GPL plugins ($ctxmark_static_gpl ) cannot be linked into one program: build one of them as --with-plugin-NAME=shared])])
ctxmark_static_list=
for p in $ctxmark_static_plugins; do
  ctxmark_static_list="$ctxmark_static_list X($p)"
done
AC_DEFINE_UNQUOTED([CTXMARK_STATIC_PLUGINS(X)], [$ctxmark_static_list], [The plugins linked into the program: X(name) for each.])
])

AC_DEFUN([CTXMARK_SUMMARY], [
AS_ECHO(["
ctxmark $PACKAGE_VERSION

  installs to        $prefix
  compiler           $CC
  flags              $CFLAGS
  sanitizers         $enable_sanitizers
  tests (Check)      $have_check
  plugins:$ctxmark_plugin_summary
"])
])
