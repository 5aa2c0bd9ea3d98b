# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# shellcheck shell=sh
#
# What the scripts share; read with `.`.  Each has a folder of its own, $work, and a plugin folder in it
# that holds only the mocks it asks for.
set -eu
unset CTXMARK_PLUGIN_PATH LC_ALL LANG
export LC_ALL=C
work=$(mktemp -d "${TMPDIR:-/tmp}/ctxmark-e2e.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/plugins"
export CTXMARK_PLUGIN_PATH="$work/plugins"
cd "$work"

fail() {
    echo "FAIL: $*"
    [ ! -s "$work/err" ] || sed 's/^/    stderr: /' "$work/err"
    exit 1
}

skip() {
    echo "SKIP: $*"
    exit 77
}

# mocks NAME...: installs them.
mocks() {
    for mock; do
        ln -s "$CTXMARK_MOCKS/$mock.so" "$work/plugins/$mock.so"
    done
}

# expect WHAT GOT WANTED
expect() {
    [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"
}

# expect_in FILE WORDS: the words stand in the file.
expect_in() {
    grep -qF -- "$2" "$1" || fail "$1 does not say: $2"
}

# ctxmark STATUS ARGUMENT...: must end with that exit status; stdout in out, stderr in err.
ctxmark() {
    wanted=$1
    shift
    got=0
    "$CTXMARK" "$@" >"$work/out" 2>"$work/err" || got=$?
    expect "the exit status of ctxmark $*" "$got" "$wanted"
}

# rows CSV CONDITION VALUE: the awk expression VALUE of each row for which CONDITION holds.  Both name
# columns as f["status"].
rows() {
    awk '
    function fields(line, v,    n, i, c, quoted) {
        n = 1
        v[1] = ""
        for (i = 1; i <= length(line); i++) {
            c = substr(line, i, 1)
            if (quoted && c == "\"" && substr(line, i + 1, 1) == "\"") {
                v[n] = v[n] c
                i++
            } else if (c == "\"")
                quoted = !quoted
            else if (c == "," && !quoted)
                v[++n] = ""
            else
                v[n] = v[n] c
        }
        return quoted ? -1 : n
    }
    NR == 1 { columns = fields($0, name); next }
    {
        if (fields($0, value) != columns)
            print "a line that is not whole: " $0
        for (i = 1; i <= columns; i++)
            f[name[i]] = value[i]
    }
    NR > 1 && ('"$2"') { print '"$3"' }' "$1"
}

# count CSV CONDITION: how many rows.
count() {
    rows "$1" "$2" 1 | wc -l | tr -d ' '
}

# statuses CSV: "crashed=2 ok=9".
statuses() {
    rows "$1" 1 'f["status"]' | sort | uniq -c | awk '{ printf "%s%s=%s", (NR > 1 ? " " : ""), $2, $1 }'
}

# valid_csv FILE: whole lines, all with the columns of the header.
valid_csv() {
    expect "the last byte of $1" "$(tail -c 1 "$1" | od -An -tx1 | tr -d ' ')" "0a"
    expect "the number of broken lines" "$(rows "$1" 0 1)" ""
}

# config [LINE]...: writes c.yaml, a small sweep with these lines; a usual one gives way to one of its key.
config() {
    printf '%s\n' "$@" >"$work/lines"
    {
        cat <<YAML
experiment: test
context_lengths: [32, 64]
repetitions: 4
warmup_repetitions: 1
max_new_tokens: 3
analyzers: []
models: [{name: m}]
YAML
        cat "$work/lines"
    } | awk -F: '{ line[NR] = $0; key[NR] = $1; last[$1] = NR }
        END { for (i = 1; i <= NR; i++) if (key[i] ~ /^ / || last[key[i]] == i) print line[i] }' >"$work/c.yaml"
}
