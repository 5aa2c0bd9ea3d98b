#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# Sweeps against a server that takes, and reports, what a cost model says.
. "${top_srcdir:?}/tests/ollama/lib.sh"

# near WHAT GOT WANTED PERCENT
near() {
    awk -v a="$2" -v b="$3" -v p="$4" 'BEGIN { d = a - b; exit !((d < 0 ? -d : d) <= p / 100 * b) }' ||
        fail "$1 is $2, not $3 within $4 %"
}

# sweep OUT CACHE [OPTION...]
sweep() {
    out=$1 cache=$2
    shift 2
    config "$@"
    sed -i 's/\[64, 256\]/[512, 1024, 2048, 4096]/' c.yaml
    ctxmark 0 run c.yaml -o "$out" --set "prompt.cache=$cache"
}

# --- each version: every length hit exactly, no prompt from a cache, the server's times the model's
for version in 0.33.0 0.24.0 0.12.6; do
    for tokenizer in words pieces letters; do
        serve --version "$version" --tokenizer "$tokenizer" --load-ms 60 --prefill-ns 5000 \
            --prefill-ns-ctx 1 --decode-ns 300000 --decode-ns-ctx 20
        rm -rf bust
        sweep bust bust
        for n in 512 1024 2048 4096; do
            awk -F, -v n="$n" '$9 == n && $10 == "prefill" && ($20 < n - 2 || $20 > n + 2 || $16 != "ok") {
                print; bad = 1 } END { exit bad }' bust/metrics.csv || fail "$version $tokenizer: context $n"
            steps=$(awk -F, -v n="$n" '$9 == n && $10 == "decode" && $11 == "measured" { s = $18 } END { print s }' \
                bust/metrics.csv)
            near "$version $tokenizer: decode at $n" "$steps" \
                "$(awk -v n="$n" 'BEGIN { for (k = 1; k < 8; k++) s += 300000 + 20 * (n + k); print s / 1e6 }')" 0.2
        done
        if grep -qE ',(cached|reloaded|short|truncated)[ ,]' bust/metrics.csv; then
            fail "$version $tokenizer: a note that is not true"
        fi
        [ "$version" = 0.12.6 ] || awk -F, '$10 == "prefill" && $11 == "measured" {
            n = $9; t = (5000 * n + n * (n - 1) / 2) / 1e6; d = ($18 - t) / t
            if (d > 0.002 || d < -0.03) { print n, $18, t; bad = 1 } } END { exit bad }' bust/metrics.csv ||
            fail "$version $tokenizer: the prefill is not the cost model's"
        stop_servers
    done
done
says bust/metrics.csv last-batch-timing

# --- where the last batch is all that a server tells, one of a single token is no hit of the cache
serve --version 0.12.6 --load-ms 5 --prefill-ns 100000
config
sed -i 's/\[64, 256\]/[512, 1025]/' c.yaml
ctxmark 0 run c.yaml -o last
column last/metrics.csv note prefill | grep -q cached && fail 'the last batch of one token is taken for a cached prompt'
stop_servers

# --- a first token much later than the server's account of it
serve --load-ms 5 --wait-ms 300
config
ctxmark 0 run c.yaml -o gap
column gap/metrics.csv note prefill | grep -vq ttft-gap && fail 'a late first token is not told'
stop_servers

# --- the report's habit: one prompt again and again.  Its first reading is real, all others are cached
for version in 0.33.0 0.24.0; do
    serve --version "$version" --load-ms 60 --prefill-ns 100000
    rm -rf reuse again
    sweep reuse reuse
    column reuse/metrics.csv note prefill | grep -vq '^cached' && fail "$version: a cached prompt is not told"
    awk -F, '$10 == "prefill" && $11 == "warmup" && $9 > 1024 && ($36 ~ /cached/ || $15 != 1) { exit 1 }' \
        reuse/metrics.csv || fail "$version: the first reading is not cold, or is called cached"
    stop_servers
done

# --- the same with figures of the server's own
serve --cached-count --load-ms 60
rm -rf reuse
sweep reuse reuse
[ "$(column reuse/metrics.csv cached_tokens prefill | sort -un | tr '\n' ' ')" = '511 1023 2047 4095 ' ] ||
    fail 'prompt_eval_cached_count is not passed on'
stop_servers

# --- a load for each context, part of it beside the GPU
serve --load-ms 60 --vram-mib 20
rm -rf cell
sweep cell bust 'num_ctx: cell'
[ "$(grep -o '"server_context":[0-9]*' cell/details.jsonl | sort -u | wc -l)" -eq 4 ] ||
    fail 'num_ctx: cell does not load for each context'
says cell/metrics.csv ',offload,'
grep -q reloaded cell/metrics.csv && fail 'a load before the first request is called a reload'
stop_servers

# --- loaded once, the server's memory is what the longest context needs, and says nothing of others
serve --load-ms 5 --prefill-ns 100
rm -rf once turns
sweep once bust
awk -F, '$10 == "prefill" && ($9 == 4096) != ($25 != "") { bad = 1 } END { exit bad }' once/metrics.csv ||
    fail 'num_ctx: max: the memory is not that of the longest context alone'

# --- contexts in turn are not loaded for each repetition, whatever num_ctx says
config 'num_ctx: cell'
sed -i 's/\[64, 256\]/[512, 1024, 2048, 4096]/' c.yaml
ctxmark 0 run c.yaml -o turns --set order=interleaved
says err 'is now loaded once, with room for the longest'
[ "$(column turns/metrics.csv note prefill | grep -c reloaded)" -eq 0 ] || fail 'contexts in turn reload the model'
[ "$(tail -n 1 turns/details.jsonl | grep -o '"server_context":[0-9]*')" = '"server_context":4112' ] ||
    fail 'contexts in turn are not loaded with room for the longest'
stop_servers

# --- a server that gives less context than it is asked for
serve --load-ms 5 --prefill-ns 100 --give 1000
config
ctxmark 0 run c.yaml -o clamped
says err 'gives a context of 1000 tokens where 1024 were asked for'
says clamped/details.jsonl '"server_context":1000'
stop_servers

# --- a model that is gone after each request: every repetition loads it, and says so
serve --load-ms 60
rm -rf cold
sweep cold bust 'keep_alive: "0"'
column cold/metrics.csv note prefill | grep -vq reloaded && fail 'a reload is not told'
stop_servers

# --- early ends are repeated with another prompt, or told; a schema without an end forces them
serve --load-ms 5 --eos-every 2 --eos-at 4 --prefill-ns 100
rm -rf eos none forced
sweep eos bust 'short_retries: 30'
grep -qE ',short[ ,]' eos/metrics.csv && fail 'a short generation was not repeated'
grep -q '"attempts":[2-9]' eos/details.jsonl || fail 'nothing was repeated'
sweep none bust 'short_retries: 0'
says none/metrics.csv ',short,'
sweep forced bust 'short_retries: 0' 'force_length: format'
grep -qE ',short[ ,]' forced/metrics.csv && fail 'the schema does not force the length'
stop_servers

# --- several at once
serve --load-ms 5 --parallel 8 --prefill-ns 100
config
rm -rf many
ctxmark 0 run c.yaml -o many --set concurrency=8
[ "$(column many/metrics.csv request prefill | sort -un | wc -l)" -ge 8 ] || fail 'eight requests at once have not eight rows'
[ "$(grep -c '"group_tokens_per_s":[0-9]' many/details.jsonl)" -eq "$(wc -l <many/details.jsonl)" ] ||
    fail 'the rate of the whole group is not told'
stop_servers
