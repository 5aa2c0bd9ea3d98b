# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# shellcheck shell=sh
#
# What the scripts of this folder share; read with `.`: a folder of their own, stand-ins for a server
# in it, and a config.
set -eu
unset LC_ALL LANG http_proxy https_proxy all_proxy no_proxy
export LC_ALL=C
: "${CTXMARK:?}" "${top_builddir:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/ctxmark-ollama.XXXXXX")
servers=
trap 'stop_servers; rm -rf "$work"' EXIT
cd "$work"

stop_servers() {
    for pid in $servers; do
        kill "$pid" 2>"$work/kill" || :
        wait "$pid" 2>"$work/kill" || : # its port is free only then
    done
    servers=
}

fail() {
    echo "FAIL: $*"
    [ ! -s "$work/err" ] || sed 's/^/    stderr: /' "$work/err"
    [ ! -s "$work/fake" ] || sed 's/^/    stand-in: /' "$work/fake"
    kill -0 "${server:-0}" 2>"$work/kill" || echo "    the stand-in is not running"
    exit 1
}

# serve [OPTION]...: starts a stand-in; its port is in $port, its process in $server.
serve() {
    rm -f "$work/port"
    "$top_builddir/tests/fake_ollama/fake_ollama" "$@" >"$work/port" 2>"$work/fake" &
    server=$!
    servers="$servers $server"
    i=0
    until [ -s "$work/port" ]; do
        i=$((i + 1))
        [ "$i" -lt 200 ] || fail "the stand-in does not start"
        sleep 0.05
    done
    port=$(cut -d' ' -f2 "$work/port")
}

# config [OPTION]...: writes c.yaml for the last stand-in, with options of the backend.
config() {
    {
        cat <<YAML
experiment: test
context_lengths: [64, 256]
repetitions: 2
warmup_repetitions: 1
max_new_tokens: 8
analyzers: []
models: [{name: m, ollama_tag: tiny}]
backends:
  - name: ollama
    options:
      ollama_url: ${url:-http://127.0.0.1:$port}
YAML
        for line; do
            echo "      $line"
        done
    } >"$work/c.yaml"
}

# ctxmark STATUS ARGUMENT...: must end with that exit status.
ctxmark() {
    wanted=$1
    shift
    got=0
    "$CTXMARK" "$@" >"$work/out" 2>"$work/err" || got=$?
    [ "$got" -eq "$wanted" ] || fail "exit status $got, not $wanted, of ctxmark $*"
}

# says FILE WORDS
says() {
    grep -qF -- "$2" "$1" || {
        cut -d, -f9-12,16,35- "$1" | head -20
        fail "$1 does not say: $2"
    }
}

# column CSV NAME MODE: the values of a column, of measured rows of a mode; no quoted commas before it.
column() {
    awk -F, -v name="$2" -v mode="$3" 'NR == 1 { for (i = 1; i <= NF; i++) n[$i] = i; next }
        $n["mode"] == mode && $n["phase"] == "measured" { print $n[name] }' "$1"
}
