# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# shellcheck shell=bash
#
# A build for another architecture, with Debian's cross compiler and libraries, run under qemu-user.

cross() { # DEBIAN-ARCHITECTURE TRIPLET QEMU
    local arch=$1 triplet=$2 qemu=$3 libdir=/usr/lib/$2
    need "$triplet-gcc" "gcc-$triplet"
    [ -z "$qemu" ] || need "$qemu" qemu-user-static
    [ -e "$libdir/libyaml.so" ] && [ -e "$libdir/libjansson.so" ] ||
        skip "no libyaml-dev:$arch and libjansson-dev:$arch (dpkg --add-architecture $arch)"
    unpack "$work/$arch"
    cd "$work/$arch"
    PKG_CONFIG_LIBDIR=$libdir/pkgconfig:/usr/share/pkgconfig ./configure -q --host="$triplet" --build="$(gcc -dumpmachine)"
    make -s -j "$jobs" V=0
    file ./ctxmark 2>/dev/null || true
    ./ctxmark --version || skip "it is built, but this machine cannot run it (binfmt_misc)"
    ./ctxmark plugins >list
    ./ctxmark run conf/replay.yaml -o run -q >/dev/null || [ $? -eq 1 ]
    grep -q '^#' run/report.md
}
