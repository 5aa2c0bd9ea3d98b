#!/bin/bash
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# A build for another architecture in a Debian 12 of its own, by Debian's cross compiler and against
# Debian's libraries of that architecture; then the tests, by the machine itself or under qemu-user.
# shellcheck source=packaging/parts/lib.sh
. "$(dirname "$0")/lib.sh"

# in_own_binfmt COMMAND...: where $qemu runs the programs of its architecture, in a user namespace that has all users
# and a binfmt_misc of its own; the machine's is not touched.
in_own_binfmt() {
    local gate=$work/gate child
    rm -f "$gate"
    mkfifo "$gate"
    # shellcheck disable=SC2016 # the shell inside expands it
    unshare -U -m sh -ec 'read -r line <"$1"; magic=$2 qemu=$3; shift 3
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
        printf ":ctxmark:M::%s:%s:F" "$magic" "$qemu" >/proc/sys/fs/binfmt_misc/register
        exec "$@"' sh "$gate" "$magic" "$root$qemu" "$@" &
    child=$!
    while [ "$(readlink /proc/$child/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.1; done
    echo "0 0 65536" >/proc/$child/uid_map
    echo "0 0 65536" >/proc/$child/gid_map
    echo go >"$gate"
    wait $child
}

# cross ARCHITECTURE TRIPLET [QEMU MAGIC]: builds in $root/tmp/build/ctxmark.
cross() {
    local arch=$1 triplet=$2 libraries
    qemu=${3-} magic=${4-}
    own_mounts
    need_tarball
    make_root "$arch" keep
    inside dpkg --add-architecture "$arch"
    # shellcheck disable=SC2046 # one package a word
    install_inside "gcc-$triplet" make dpkg-dev pkg-config file jq xz-utils ${qemu:+qemu-user-static} $(printf "%s:$arch " \
        check libcurl4-openssl-dev libgsl-dev libjansson-dev libmicrohttpd-dev libpcre2-dev libutf8proc-dev libyaml-dev r-mathlib)
    rm -rf "$root/tmp/build"
    mkdir "$root/tmp/build"
    inside chown nobody /tmp/build
    cp "$tarball" "$root/tmp/build"
    libraries=/usr/lib/$(inside dpkg-architecture -a"$arch" -qDEB_HOST_MULTIARCH 2>/dev/null)
    as_nobody "cd /tmp/build; tar xf ctxmark.tar.xz; mv ctxmark-* ctxmark; cd ctxmark
        PKG_CONFIG_LIBDIR=$libraries/pkgconfig:/usr/share/pkgconfig ./configure -q --host=$triplet --enable-werror
        make -s -j $jobs V=0
        make -s -j $jobs V=0 check TESTS=
        file -L ctxmark | cut -d, -f1-2"
    if [ -n "$qemu" ]; then
        # shellcheck disable=SC2317 # by way of inside
        through() { in_own_binfmt "$@"; }
    fi
}

# cross_tests [TEST...]: all, or those that are named.
cross_tests() {
    local log=$work/logs/$1-tests.log
    shift
    as_nobody "cd /tmp/build/ctxmark; KILLS=4 make -k -j $jobs V=0 check ${*:+TESTS='$*'}" >"$log" 2>&1 || {
        grep -E '^(FAIL|ERROR)' "$log" || true
        tail -n 20 "$log"
        return 1
    }
    tests_of "$log"
}
