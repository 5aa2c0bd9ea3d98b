#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# Which files are loaded and which never: as the user who runs the tests and, where that is root, as an
# ordinary user too.  A plugin that is opened leaves a mark, which must not be there afterwards.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
mark=$work/mark
chmod 755 "$work"
cat >evil.c <<'CODE'
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void leave_mark(void)
{
    int fd = open(MARK, O_CREAT | O_WRONLY, 0666);
    if (fd >= 0)
        close(fd);
}
CODE
# shellcheck disable=SC2086 # $CC is words
$CC -shared -fPIC -DMARK="\"$mark\"" evil.c -o evil.so 2>err || skip "no shared object can be linked: $(head -n 1 err)"
checks=0

# As one user after the other: "" is who runs this.
as=
user() { # COMMAND...
    # shellcheck disable=SC2086 # words
    $as env CTXMARK_PLUGIN_PATH="$path" LC_ALL=C "$@"
}

# refuses WORDS ARGUMENT...: not loaded, and said why; the path of plugin folders is in $path.
refuses() {
    words=$1
    shift
    rm -f "$mark"
    got=0
    user "$CTXMARK" "$@" >"$work/out" 2>"$work/err" || got=$?
    expect "the exit status of ctxmark $*" "$got" 2
    expect_in "$work/err" "$words"
    [ ! -e "$mark" ] || fail "ctxmark $* opened the file"
    checks=$((checks + 1))
}

opens() { # ARGUMENT...: control: without the fault, the file is opened, and is no plugin
    rm -f "$mark"
    user "$CTXMARK" "$@" >"$work/out" 2>"$work/err" && fail "evil.so passes for a plugin"
    [ -e "$mark" ] || fail "ctxmark $* did not open the file, so that nothing was tested: $(cat "$work/err")"
    checks=$((checks + 1))
}

folder() { # NAME MODE: with evil.so in it, as evil.so
    mkdir -p "$1"
    cp "$work/evil.so" "$1/evil.so"
    chmod 644 "$1/evil.so"
    chmod "$2" "$1"
    path=$PWD/$1
}

try_all() {
    here=$PWD
    folder good 755
    opens plugins evil
    opens plugins "$here/good/evil.so"
    opens plugins "./good/evil.so"
    opens plugins "good/../good/evil.so"
    folder sticky 1777
    opens plugins evil

    folder open 777
    refuses "anyone may replace it, because its folder $here/open is writable by all" plugins evil
    refuses "anyone may replace it" plugins "$here/open/evil.so"
    refuses "anyone may replace it" plugins "./open/evil.so"
    refuses "anyone may replace it" plugins "good/../open/evil.so"
    folder open/inner 755
    refuses "anyone may replace it" plugins evil
    folder writable 755
    chmod 666 writable/evil.so
    refuses "anyone may write to it" plugins evil

    mkdir -p links
    ln -sf ../open/evil.so links/evil.so
    path=$here/links
    refuses "anyone may replace it" plugins evil
    ln -sfn "$here/open" way
    path=$here/way
    refuses "anyone may replace it" plugins evil
    mkdir -p pipe
    rm -f pipe/evil.so
    mkfifo pipe/evil.so
    path=$here/pipe
    refuses "it is no regular file" plugins evil
    rm pipe/evil.so

    # Nothing from the current folder, by no name that is not a path.
    cd good
    path=
    refuses "no evil.so in" plugins evil
    path=.
    refuses "no evil.so in" plugins evil
    path=":../good:"
    refuses "no evil.so in" plugins evil
    refuses "'..' is no plugin name" plugins ..
    cd ..
    path=$here/empty
    mkdir -p empty
    refuses "there is no such file" plugins "../empty/evil"
    # The same for what a config names.
    printf 'context_lengths: [8]\nmodels: [{name: m}]\nbackends: [evil]\nanalyzers: []\nplugin_path: [%s]\n' open >c.yaml
    refuses "anyone may replace it" run c.yaml -o out
    printf 'context_lengths: [8]\nmodels: [{name: m}]\nbackends: [open/evil.so]\nanalyzers: []\n' >c.yaml
    refuses "anyone may replace it" run c.yaml -o out
}

mkdir "$work/own"
cd "$work/own"
try_all
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    # A file of the user's is nothing that root loads.
    folder theirs 755
    chown nobody theirs/evil.so
    refuses "neither to root nor to you" plugins evil
    chown root theirs/evil.so
    chown nobody theirs
    refuses "who could replace it" plugins evil
    mkdir -m 1777 "$work/shared-folder"
    ln -s "$work/own/good/evil.so" "$work/shared-folder/evil.so"
    chown -h nobody "$work/shared-folder/evil.so"
    path=$work/shared-folder
    refuses "could point it elsewhere" plugins evil
    # The user's own folder, and root's, for the user.
    mkdir "$work/users"
    chown nobody "$work/users"
    as="setpriv --reuid=nobody --clear-groups"
    cd "$work/own"
    path=$work/own/good
    chmod 777 "$work"
    refuses "anyone may replace it" plugins evil
    chmod 1777 "$work"
    opens plugins evil
    cd "$work/users"
    $as sh -ec "$(printf 'mkdir good && cp %s good/evil.so && chmod 755 good' "$work/evil.so")"
    path=$work/users/good
    opens plugins evil
    $as chmod 777 good
    refuses "anyone may replace it" plugins evil
else
    echo "SKIP as another user: only root can become one"
fi

# --- exchanged after it was examined: the worker sees that it is another file
as=
chmod 755 "$work"
cd "$work"
mkdir exchanged
cp "$CTXMARK_MOCKS/mock_ok.so" exchanged/mock_ok.so
cat >c.yaml <<YAML
context_lengths: [32]
repetitions: 40
max_new_tokens: 3
analyzers: []
models: [{name: first}, {name: second}]
backends: [{name: mock_ok, options: {prefill_us: 50000}}]
YAML
CTXMARK_PLUGIN_PATH=$work/exchanged "$CTXMARK" run c.yaml -o run >out 2>err &
pid=$!
tries=0
while [ "$(count run/metrics.csv 1 2>/dev/null || echo 0)" -lt 3 ] && [ "$tries" -lt 600 ]; do
    sleep 0.05
    tries=$((tries + 1))
done
cp "$work/evil.so" exchanged/new.so
rm -f "$mark"
mv exchanged/new.so exchanged/mock_ok.so
got=0
wait $pid || got=$?
expect "the exit status of the run" "$got" 1
[ ! -e "$mark" ] || fail "an exchanged plugin was opened"
rows run/metrics.csv 'f["model"] == "second"' 'f["error"]' >errors
expect_in errors "changed between being examined and being loaded"
echo "$((checks + 1)) cases of loading came out as they must"
