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

# as_user COMMAND...: as an ordinary user without network and GPU, where root can arrange it.
as_user() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    elif unshare -n true 2>/dev/null; then
        unshare -n sh -c 'ip link set lo up 2>/dev/null || true; exec setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"' sh "$@"
    else
        setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    fi
}

# The figures of automake's harness in a log, as a last line.
tests_of() { # LOG
    awk '/^# PASS:/ { p += $3 } /^# SKIP:/ { s += $3 } /^# (FAIL|ERROR):/ { f += $3 }
        END { printf "%d tests passed, %d skipped, %d failed\n", p, s, f }' "$1"
}
