#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# What the analysis says of a server whose true costs are known: the prompt cache by its name where
# the same prompt is sent again, the true exponent and rates where each one is fresh; and the facts
# that tell which server it was.
. "${top_srcdir:?}/tests/ollama/lib.sh"
[ -e "$top_builddir/plugins/.libs/scaling.so" ] || "$CTXMARK" plugins scaling >out 2>err || {
    echo 'SKIP the analyzers are not built'
    exit 77
}
command -v jq >out || {
    echo 'SKIP jq is missing'
    exit 77
}

# --- what a server costs: tokens of a prompt, and tokens generated, in ns
prefill=40000 prefill_ctx=10 decode=1000000 decode_ctx=100

# sweep OUT CACHE
sweep() {
    config
    sed -i 's/\[64, 256\]/[512, 1024, 2048, 4096]/; s/^repetitions: .*/repetitions: 4/; /^analyzers/d' c.yaml
    ctxmark 0 run c.yaml -o "$1" --set "prompt.cache=$2"
}

# The times of the server's own clock, which are the cost model's, in place of this machine's.
on_its_clock() {
    awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) n[$i] = i; print; next }
        $n["mode"] != "e2e" {
            $n["latency_ms"] = $n["device_ms"]
            $n["tokens_per_s"] = 1000 * ($n["mode"] == "prefill" ? $n["prompt_tokens"] : $n["generated_tokens"]) / $n["device_ms"]
            print
        }' "$1/metrics.csv" >"$1.csv"
}

# near WHAT GOT WANTED: within 0.2 %
near() {
    awk -v what="$1" -v a="$2" -v b="$3" 'BEGIN {
        printf "%s: %s, the cost model says %s (%+.4f %%)\n", what, a, b, 100 * (a / b - 1)
        d = a / b - 1; exit !((d < 0 ? -d : d) <= 0.002) }' || fail "$1 is not the cost model's"
}

# The exponent of a * n^b through the true costs, by least squares as the analyzer's.
true_exponent() {
    awk -v p="$prefill" -v c="$prefill_ctx" '
        function rss(b,    n, x, xx, tx, r) {
            for (n = 512; n <= 4096; n *= 2) { x = n ^ b; xx += x * x; tx += t[n] * x }
            for (n = 512; n <= 4096; n *= 2) r += (t[n] - tx / xx * n ^ b) ^ 2
            return r
        }
        BEGIN {
            for (n = 512; n <= 4096; n *= 2) t[n] = p * n + c * n * (n - 1) / 2
            low = 0.5; high = 2.5
            while (high - low > 1e-9) {
                u = low + (high - low) / 3; v = high - (high - low) / 3
                if (rss(u) < rss(v)) high = v; else low = u
            }
            printf "%.6f", low
        }'
}

for version in 0.33.0 0.24.0; do
    serve --version "$version" --load-ms 60 --prefill-ns $prefill --prefill-ns-ctx $prefill_ctx \
        --decode-ns $decode --decode-ns-ctx $decode_ctx
    rm -rf bust reuse
    sweep bust bust
    sweep reuse reuse
    stop_servers

    on_its_clock reuse
    ctxmark 0 analyze reuse.csv --json
    jq -r '.findings[] | select(.analyzer == "cold_start") | .text' out >words
    says words 'hits of a prompt cache, not prefills'
    jq -r '.findings[] | select(.analyzer == "plausibility") | .text' out >words
    says words 'prompt cache'
    on_its_clock bust
    ctxmark 0 analyze bust.csv --json
    jq -r '.findings[].text' out >words
    grep -q 'prompt cache' words && fail "$version: a fresh prompt is called cached"

    ctxmark 0 analyze bust.csv -a scaling,decode --json
    near "$version: exponent of the prefill" "$(jq -r '[.tables[] | select(.name == "fits") |
        (.columns | map(.name)) as $c | .rows[] | [$c, .] | transpose | map({(.[0]): .[1]}) | add |
        select(.mode == "prefill")][0].power_b' out)" "$(true_exponent)"
    for n in 512 1024 2048 4096; do
        near "$version: decode at $n" "$(jq -r --argjson n $n '[.tables[] | select(.name == "rates") |
            (.columns | map(.name)) as $c | .rows[] | [$c, .] | transpose | map({(.[0]): .[1]}) | add |
            select(.context_length == $n)][0].decode_tok_s_median' out)" \
            "$(awk -v d=$decode -v c=$decode_ctx -v n=$n 'BEGIN {
                for (k = 1; k < 8; k++) s += d + c * (n + k); print 7e9 / s }')"
    done

    jq '[.. | objects | select(has("server_version"))][0]' bust/manifest.json >facts.json
    [ "$(jq -r .server_version.text facts.json)" = $version ] || fail 'server_version is not in the manifest'
    [ "$(jq -r .num_ctx.number facts.json)" = 4112 ] || fail 'num_ctx is not in the manifest'
    [ "$(jq -r .server_context.number facts.json)" = 4112 ] || fail 'server_context is not in the manifest'
    case $version in
    0.33.0) cache='device and host memory' in_host=1 ;;
    *) cache='device memory' in_host=0 ;;
    esac
    [ "$(jq -r .server_prompt_cache.text facts.json)" = "$cache" ] || fail 'server_prompt_cache is not in the manifest'
    ctxmark 0 analyze bust --json -a plausibility,memory
    [ "$(jq '[.findings[] | select(.id == "host_prompt_cache")] | length' out)" = "$in_host" ] ||
        fail "$version: the finding of a prompt cache in host memory is not there $in_host times"
    # 6 layers of 2 heads of 64 keys and 64 values, 2 bytes each
    [ "$(jq '[.tables[] | select(.name == "kv_theory") | (.columns | map(.name)) as $c | .rows[] |
        [$c, .] | transpose | map({(.[0]): .[1]}) | add][0].kv_bytes_per_token' out)" = 3072 ] ||
        fail "$version: the KV cache by theory is not that of the shape that the server tells"
    [ "$(jq -r .server_prefill_time facts.json)" = null ] || fail 'server_prefill_time is in the manifest'
done

serve --version 0.12.6 --load-ms 5
config
ctxmark 0 run c.yaml -o old
[ "$(jq -r '[.. | objects | select(has("server_version"))][0].server_prefill_time.text' old/manifest.json)" = 'last batch of 512 tokens only' ] ||
    fail 'the last-batch bug is not in the manifest'
ctxmark 0 analyze old --json -a plausibility
jq -r '.findings[] | select(.id == "server_prefill_time") | .text' out >words
says words 'last batch'
stop_servers
