# SPDX-License-Identifier: FSFAP
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# For authors of ctxmark plugins.  Copying and distribution of this file, with or without
# modification, are permitted in any medium without royalty provided the copyright notice and this
# notice are preserved.  This file is offered as-is, without any warranty.

# CTXMARK_DEVEL([CONTRACT], [ACTION-IF-FOUND], [ACTION-IF-NOT-FOUND])
#
# Looks for an installed ctxmark whose plugin contract is CONTRACT (such as 1.0): the same major, and
# at least that minor.  Without ACTION-IF-NOT-FOUND, configure ends where there is none.  Substitutes
#
#   CTXMARK_CFLAGS    where <ctxmark/plugin.h> is
#   CTXMARK_LDFLAGS   for libtool: a module that lacks no symbol (NAME_la_LDFLAGS)
#   CTXMARK           the program, for `make check`
#   plugindir         where plugins are installed, below this package's own ${libdir}: use it as
#                     plugin_LTLIBRARIES.  ctxmark finds them there by itself if it has the same
#                     prefix, else through CTXMARK_PLUGIN_PATH.
#
# Call it after LT_INIT.
AC_DEFUN([CTXMARK_DEVEL], [
AC_REQUIRE([PKG_PROG_PKG_CONFIG])
m4_pushdef([ctxmark_wanted], [m4_default([$1], [1.0])])dnl
ctxmark_problem=
PKG_CHECK_MODULES([CTXMARK], [ctxmark], [],
  [ctxmark_problem="pkg-config does not find ctxmark.pc: install ctxmark with its headers (Debian: ctxmark-dev), or set PKG_CONFIG_PATH=PREFIX/lib/pkgconfig"])
AS_IF([test -z "$ctxmark_problem"], [
  AC_MSG_CHECKING([for the plugin contract ctxmark_wanted of ctxmark])
  ctxmark_major=`$PKG_CONFIG --variable=abi_major ctxmark`
  ctxmark_minor=`$PKG_CONFIG --variable=abi_minor ctxmark`
  AC_MSG_RESULT([it has $ctxmark_major.$ctxmark_minor])
  AS_IF([test "$ctxmark_major" != m4_car(m4_unquote(m4_split(ctxmark_wanted, [\.]))) || test "$ctxmark_minor" -lt m4_unquote(m4_shift(m4_unquote(m4_split(ctxmark_wanted, [\.]))))],
    [ctxmark_problem="this plugin is written for the contract ctxmark_wanted, and the ctxmark that is installed has $ctxmark_major.$ctxmark_minor"])
])
AS_IF([test -n "$ctxmark_problem"],
  [m4_default([$3], [AC_MSG_ERROR([$ctxmark_problem])])],
  [AC_SUBST([CTXMARK_LDFLAGS], ["-module -avoid-version -shared -no-undefined -Wl,-z,defs"])
   AC_SUBST([plugindir], ['${libdir}/ctxmark/plugins-'"$ctxmark_major"])
   AC_PATH_PROG([CTXMARK], [ctxmark], [ctxmark],
     [`$PKG_CONFIG --variable=bindir ctxmark`$PATH_SEPARATOR$PATH])
   m4_default([$2], [:])])
m4_popdef([ctxmark_wanted])dnl
])
