#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
# Ways to the server: IPv6, a unix socket, a path, no proxy for this machine, headers of one's own.
. "${top_srcdir:?}/tests/ollama/lib.sh"

run_ok() {
    rm -rf run
    ctxmark 0 run c.yaml -o run
}

serve --load-ms 5
config
run_ok
url=http://localhost:$port/ config
http_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 run_ok

# elsewhere, the proxy is used
url=http://ollama.example:$port config 'connect_timeout_s: 2'
rm -rf run
http_proxy=http://127.0.0.1:1 "$CTXMARK" run c.yaml -o run >out 2>err && fail 'a server that is not there works'
says run/metrics.csv 'port 1 '

# headers: the stand-in answers what this one names, which is no recording it has
config 'headers: ["X-Test: yes", "Authorization: Bearer abc"]'
run_ok
config 'headers: ["no header"]'
rm -rf run
ctxmark 1 run c.yaml -o run
says run/metrics.csv "is no header, write 'Name: value'"
stop_servers

# a path before the API's own
serve --load-ms 5 --prefix /models/ollama
url=http://127.0.0.1:$port/models/ollama/ config
run_ok
stop_servers

serve --load-ms 5 --unix "$work/socket"
url=http://localhost config "unix_socket: $work/socket"
run_ok
stop_servers

if grep -q '^00000000000000000000000000000001' /proc/net/if_inet6 2>err; then
    serve --load-ms 5 --ipv6
    url="http://[::1]:$port" config
    run_ok
    stop_servers
fi

# https, with a certificate that nobody knows until ca_file names it
if ! command -v openssl >out; then
    echo 'left out: https, because openssl is missing'
elif ! "$top_builddir/tests/fake_ollama/fake_ollama" --can-tls; then
    echo 'left out: https, because libmicrohttpd was built without TLS'
else
    openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 2 \
        -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>err
    serve --load-ms 5 --tls-certificate certificate.pem --tls-key key.pem
    url=https://localhost:$port config "ca_file: $work/certificate.pem"
    run_ok
    url=https://localhost:$port config
    rm -rf run
    ctxmark 1 run c.yaml -o run
    says run/metrics.csv 'is not trusted'
    says run/metrics.csv 'set ca_file'
    url=https://localhost:$port config "ca_file: $work/missing.pem"
    rm -rf run
    ctxmark 1 run c.yaml -o run
    says run/metrics.csv 'set ca_file'
    stop_servers
fi

url=ftp://127.0.0.1 config
rm -rf run
ctxmark 1 run c.yaml -o run
says run/metrics.csv 'write http://HOST:PORT'
