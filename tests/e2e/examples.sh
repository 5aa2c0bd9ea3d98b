#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# usage: examples.sh PREFIX [DESTDIR]
# The examples as `make install` left them under PREFIX, built by an ordinary user against that tree
# alone: with the compiler's one line, and as projects of their own.  Their plugins are listed, measure,
# and their table and finding stand in the report, with the ctxmark that was installed before them.
# With DESTDIR the tree lies under DESTDIR PREFIX, and nothing is at PREFIX.
set -eu
prefix=$1
root=${2-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

fail() {
    echo "FAIL: $*"
    exit 1
}

tree=$root$prefix
examples=$tree/share/doc/ctxmark/examples
program=$tree/bin/ctxmark
[ -d "$examples" ] || fail "$examples is not there"
cp -r "$examples/." "$work"
as_user=
if [ "$(id -u)" -eq 0 ]; then
    chown -R nobody "$work"
    as_user="setpriv --reuid=nobody --clear-groups"
fi
before=$(sha256sum <"$program")
plugins=
pkg_config_root=
if [ -n "$root" ]; then
    plugins=$tree/lib/ctxmark/plugins-1
    pkg_config_root="PKG_CONFIG_SYSROOT_DIR=$root"
fi

# user COMMAND...: as an ordinary user, who has nothing of this source tree and is told of PREFIX.
user() {
    # shellcheck disable=SC2086 # words
    $as_user env -i PATH="$PATH" LC_ALL=C.UTF-8 HOME=/nonexistent $pkg_config_root \
        PKG_CONFIG_PATH="$tree/lib/pkgconfig" ACLOCAL_PATH="$tree/share/aclocal" \
        CTXMARK_PLUGIN_PATH="${plugin_path-}" "$@"
}

says() { # FILE WORDS
    grep -qF -- "$2" "$1" || {
        sed 's/^/    /' "$1"
        fail "$(basename "$1") does not say: $2"
    }
}

# The report of a run of null.yaml: measured by `null`, and the table and the finding of `max` in it.
measures() { # FOLDER
    user "$program" run "$work/backend-null/null.yaml" -o "$1" -q >"$1.txt"
    [ "$(wc -l <"$1/metrics.csv")" -eq 37 ] || fail "metrics.csv has not 2 contexts of 6 repetitions"
    user "$program" analyze "$1" >"$1.txt"
    says "$1.txt" "The slowest measured repetition took"
    says "$1/report.md" "The slowest measured repetition took"
    says "$1/report.md" "Slowest repetition of each cell"
    user "$program" analyze "$1/metrics.csv" -a max >"$1.txt"
    says "$1.txt" "Slowest repetition of each cell"
}

# --- the compiler alone
cd "$work"
# shellcheck disable=SC2016 # the user's shell expands it
user sh -ec '
    mkdir alone
    flags="-fPIC -shared -Wl,-z,defs $(pkg-config --cflags ctxmark)"
    cc -std=c11 -Wall -Wextra -Werror $flags -o alone/null.so backend-null/null.c
    cc -std=c11 -Wall -Wextra -Werror $flags -o alone/max.so analyzer-max/max.c -lm
    c++ -std=c++17 -Wall -Wextra -Werror $flags -o alone/null_cxx.so backend-null/null_cxx.cc'
plugin_path=$work/alone${plugins:+:$plugins}
user "$program" plugins >list.txt
says list.txt "backend   null "
says list.txt "backend   null_cxx "
says list.txt "analyzer  max "
measures alone-run
echo "built by the compiler alone: fine"

# --- projects of their own
for project in backend-null analyzer-max; do
    cd "$work/$project"
    plugin_path=
    # shellcheck disable=SC2016 # the user's shell expands it
    user sh -ec 'autoreconf -fi && ./configure -q --prefix="$1" && make -s && make -s check CTXMARK="$2" &&
        make -s install' sh "$work/own" "$program" >"$work/$project.log" 2>&1 || {
        tail -n 30 "$work/$project.log"
        fail "$project cannot be built out of tree"
    }
done
cd "$work"
plugin_path=$work/own/lib/ctxmark/plugins-1${plugins:+:$plugins}
measures own-run
user "$program" try null_cxx nothing -n 2 >try.txt
[ "$(sha256sum <"$program")" = "$before" ] || fail "ctxmark itself changed"
for project in backend-null analyzer-max; do
    user make -s -C "$work/$project" uninstall >/dev/null
done
[ -z "$(find own -type f)" ] || fail "uninstall left $(find own -type f)"
echo "built as projects, installed to a prefix of their own: fine"
