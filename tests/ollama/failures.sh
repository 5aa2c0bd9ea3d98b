#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# Everything that can go wrong with a server is a row that says what; the sweep goes on, and a server
# that is back serves the next cell.
. "${top_srcdir:?}/tests/ollama/lib.sh"

# goes_wrong WORDS FAULT [OPTION...]: the larger context fails, the smaller one does not.
goes_wrong() {
    words=$1 fault=$2
    shift 2
    serve --load-ms 5 --fault "$fault" --fault-from 257 --fault-at 3
    config "$@"
    sed -i 's/256/257/' c.yaml
    rm -rf run
    ctxmark 1 run c.yaml -o run --set max_failures=1
    says run/metrics.csv "$words"
    column run/metrics.csv status prefill >statuses
    [ "$(grep -c '^ok$' statuses)" -ge 2 ] || fail "$fault: the smaller context did not run"
    stop_servers
    cases=$((cases + 1))
}

cases=0
goes_wrong 'within idle_timeout_s (0.5 s)' stall 'idle_timeout_s: 0.5'
goes_wrong 'within ollama_timeout_s (0.7 s)' stall 'ollama_timeout_s: 0.7'
goes_wrong 'within idle_timeout_s (0.5 s)' drip 'idle_timeout_s: 0.5'
goes_wrong "the stream ended without Ollama's closing line" no-done
goes_wrong 'an error was encountered while running the model: unexpected EOF' error
goes_wrong 'closed the connection in the middle of an answer' close
goes_wrong 'closed the connection in the middle of an answer' exit
goes_wrong 'a line that is not JSON' garbage
goes_wrong 'a line that is not JSON' nan
goes_wrong 'eval_duration is -5' negative
goes_wrong 'a line that is not JSON' huge
goes_wrong 'a line of more than 1048576 bytes' long-line
goes_wrong 'more than the 8 tokens asked for' more

# --- before any request
nothing_works() {
    words=$1
    shift
    serve --load-ms 5 "$@"
    config 'first_byte_timeout_s: 5'
    rm -rf run
    ctxmark 1 run c.yaml -o run
    says run/metrics.csv "$words"
    stop_servers
    cases=$((cases + 1))
}
nothing_works 'is not Ollama' --fault html
nothing_works 'somewhere else, at http://ollama.example' --fault redirect
nothing_works 'server busy, please try again' --fault busy
nothing_works "has no model 'tiny': fetch it with 'ollama pull tiny'" --model other
nothing_works 'insufficient memory' --memory-mib 10
nothing_works 'requires more system memory (57.2 GiB)' --memory-mib 10 --version 0.24.0
nothing_works 'Ollama 0.30.0 is not supported: it counts only' --version 0.30.0
nothing_works 'do not fit into the context that Ollama gives tiny: 260' --context 260

# --- each limit by itself: LIMIT WORDS SERVER-OPTION...
limit() {
    option=$1 words=$2
    shift 2
    serve "$@"
    config "$option"
    rm -rf run
    ctxmark 1 run c.yaml -o run --set max_failures=1
    says run/metrics.csv "$words"
    stop_servers
    cases=$((cases + 1))
}
limit 'connect_timeout_s: 0.3' 'within connect_timeout_s (0.3 s)' --deaf
limit 'load_timeout_s: 0.3' 'within load_timeout_s (0.3 s)' --load-ms 2000
limit 'first_byte_timeout_s: 0.4' 'within first_byte_timeout_s (0.4 s)' --load-ms 5 --fault stall --fault-from 60
limit 'first_byte_timeout_s: 0.4' 'within first_byte_timeout_s (0.4 s)' --load-ms 5 --prefill-ns 20000000

# --- a generation that Ollama gives up
serve --load-ms 5 --decode-ns 1000 --fault repeat --fault-at 31 --fault-from 200
config 'short_retries: 2'
rm -rf run
ctxmark 1 run c.yaml -o run --set max_failures=1 --set max_new_tokens=64
says run/metrics.csv 'it does so when 30 equal ones follow each other'
says run/metrics.csv ',64,prefill,measured,1,0,1,0,ok,'
stop_servers
cases=$((cases + 1))

# --- no server
config
rm -rf run
ctxmark 1 run c.yaml -o run
says run/metrics.csv "start one with 'ollama serve'"

# --- the report's own sweep where there is neither a GPU engine nor a server: rows, at once
sed "s|http://localhost:11434|http://127.0.0.1:$port|" "${top_srcdir:?}/conf/tr127.yaml" >report.yaml
rm -rf run
ctxmark 1 run report.yaml -o run --set on_missing_backend=rows
says run/metrics.csv "start one with 'ollama serve'"
grep -q ',ok,' run/metrics.csv && fail 'the report is measured without a server'
cases=$((cases + 1))

# --- compressed all the same
serve --load-ms 5 --fault gzip
config
rm -rf run
ctxmark 0 run c.yaml -o run
stop_servers

# --- a server that dies, and is back at once: one context fails, a later one does not
# serve_twice: such a pair on one port; false if another process took the port in between.
serve_twice() {
    serve
    stop_servers
    : >first
    : >second
    {
        "$top_builddir/tests/fake_ollama/fake_ollama" --port "$port" --load-ms 5 --fault exit \
            --fault-from 128 --fault-at 3 >first 2>fake1 || :
        exec "$top_builddir/tests/fake_ollama/fake_ollama" --port "$port" --load-ms 5 >second 2>fake2
    } &
    servers=$!
    for _ in $(seq 200); do
        [ ! -s first ] || return 0
        kill -0 "$servers" 2>"$work/kill" || break
        [ ! -s second ] || break
        sleep 0.05
    done
    stop_servers
    return 1
}
serve_twice || serve_twice || serve_twice || fail 'no port could be had twice'
config
sed -i 's/\[64, 256\]/16-1024+16/' c.yaml
rm -rf run
ctxmark 1 run c.yaml -o run --set max_failures=1 --set repetitions=2
says run/metrics.csv 'closed the connection in the middle'
[ -s second ] || fail 'the first server did not die'
tail -n 1 run/metrics.csv | grep -q ',ok,' || fail 'the server that is back is not used'
stop_servers
cases=$((cases + 1))
echo "$cases ways to fail have their rows"
