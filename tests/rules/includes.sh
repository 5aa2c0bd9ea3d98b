#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# Who may include whom: core nothing of plugins; a plugin only <ctxmark/...>, its own folder, and (hf
# backends) plugins/hf_common; the public headers only each other and the system.
set -eu
cd "${top_srcdir:-.}"
bad=0

complain() {
    echo "FAIL: $1"
    bad=1
}

# Every quoted or <ctxmark/...> include as "FILE NAME".
includes() {
    grep -rnoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*("[^"]+"|<ctxmark/[^>]+>)' "$@" \
        --include='*.c' --include='*.h' --include='*.cu' --include='*.cuh' |
        sed -E 's/^([^:]+):[0-9]+:.*["<]([^">]+)[">]$/\1 \2/'
}

while read -r file name; do
    case $name in
    config.h | core/*) ;;
    ctxmark/*) ;;
    *) complain "$file includes $name: core may include core/..., <ctxmark/...> and libraries" ;;
    esac
done <<LIST
$(includes core)
LIST

while read -r file name; do
    own=$(printf '%s\n' "$file" | cut -d/ -f1-2)
    case $name in
    config.h | ctxmark/*) ;;
    "$own"/*) ;;
    plugins/hf_common/*)
        case $own in
        plugins/hf_*) ;;
        *) complain "$file includes $name: only the hf backends share plugins/hf_common" ;;
        esac
        ;;
    */*) complain "$file includes $name: a plugin includes <ctxmark/...> and its own folder" ;;
    *) [ -f "$(dirname "$file")/$name" ] || complain "$file includes $name: no such file beside it" ;;
    esac
done <<LIST
$(includes plugins)
LIST

while read -r file name; do
    case $name in
    ctxmark/*) ;;
    *) complain "$file includes $name: public headers stand alone" ;;
    esac
done <<LIST
$(includes include)
LIST

[ "$bad" -eq 0 ] && echo "every include keeps to the rules"
exit "$bad"
