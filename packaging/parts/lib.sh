# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# shellcheck shell=bash
#
# What the parts of packaging/check share; read with `.`.  A part's last line says what it found.
set -eu
: "${top:?}" "${work:?}" "${jobs:?}" "${tarball:?}" "${debs:?}"
export HOME=/nonexistent

skip() {
    echo "$*"
    exit 77
}

need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || skip "$1 is not here (Debian: $2)"
}

# The tarball, made if it is not there.
need_tarball() {
    [ -e "$tarball" ] || "$top/packaging/parts/release"
}

# The Debian packages, built without tests if they are not there.
need_debs() {
    need dpkg-buildpackage dpkg-dev
    need dh debhelper
    need_tarball
    ls "$debs"/ctxmark_*.deb >/dev/null 2>&1 || "$top/packaging/build-deb" "$tarball" "$debs" nocheck
}

# unpack FOLDER: the tarball's tree there, anew.
unpack() {
    need_tarball
    rm -rf "$1"
    mkdir -p "$1"
    tar xf "$tarball" -C "$1" --strip-components=1
}

# own_mounts: whatever the part mounts is gone with its process, however that ends.
own_mounts() {
    [ "$(id -u)" -eq 0 ] || skip "only root can make a chroot"
    [ -n "${CTXMARK_OWN_MOUNTS-}" ] || CTXMARK_OWN_MOUNTS=1 exec unshare -m --propagation private "$0"
}

# make_root NAME [keep]: a Debian 12 in $root, a copy of a plain one; anew, or with "keep" that of the last call.
make_root() {
    local plain=${CTXMARK_CHROOT:-$work/roots/plain}
    need debootstrap debootstrap
    mkdir -p "$work/roots"
    if [ ! -x "$plain/usr/bin/apt-get" ]; then
        rm -rf --one-file-system "$plain.new"
        debootstrap --variant=minbase bookworm "$plain.new" >"$work/logs/debootstrap.log" 2>&1 ||
            skip "debootstrap found no mirror: $(tail -n 1 "$work/logs/debootstrap.log")"
        mv "$plain.new" "$plain"
    fi
    root=$work/roots/$1
    if [ "${2-}" != keep ] || [ ! -e "$root" ]; then
        rm -rf --one-file-system "$root" "$root.new"
        cp -a --reflink=auto "$plain" "$root.new"
        mv "$root.new" "$root"
    fi
    mount -t proc proc "$root/proc"
    mkdir -p "$root/dev/shm" "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
    ln -sf pts/ptmx "$root/dev/ptmx"
}

# drop_root: what nobody looks at again.
drop_root() {
    umount "$root/proc" "$root/dev/shm" "$root/dev/pts"
    rm -rf --one-file-system "$root"
}

# inside COMMAND...: by root in $root.  Parts define `through`, by way of which that is, anew.
through() { "$@"; }
inside() { through env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" "$@"; }

# as_nobody SCRIPT: by an ordinary user in $root.
as_nobody() { inside setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/nonexistent sh -ec "$1"; }

# install_inside PACKAGE...: installs them in $root.
install_inside() {
    inside apt-get update -qq
    inside apt-get install -y -qq --no-install-recommends "$@" >"$work/logs/apt.log" 2>&1 || {
        tail -n 20 "$work/logs/apt.log"
        return 1
    }
}

# The figures of automake's harness in a log, as a last line.
tests_of() { # LOG
    awk '/^# PASS:/ { p += $3 } /^# SKIP:/ { s += $3 } /^# (FAIL|ERROR):/ { f += $3 }
        END { printf "%d tests passed, %d skipped, %d failed\n", p, s, f }' "$1"
}
