#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
"""usage: client.py URL STREAMS TOKENS REPETITIONS

What client.c does, in Python with aiohttp, or with requests for one stream: the same requests, each
line parsed, each token stamped.  Prints the same lines.
"""
import json
import resource
import sys
import time

url, streams, tokens, repetitions = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
library = sys.argv[5] if len(sys.argv) > 5 else "aiohttp"
body = {"model": "tiny", "prompt": "the same prompt each time", "raw": True, "stream": True,
        "truncate": False, "keep_alive": "30m",
        "options": {"num_ctx": 8192, "num_predict": tokens, "temperature": 0, "seed": 0}}
ttft, late, came = [], [], 0


def take(lines, state):
    """One line: its stamp, and what it says."""
    global came
    piece = json.loads(lines)
    now = time.monotonic_ns()
    if piece["response"]:
        received, sent = map(int, piece["response"].split())
        came += 1
        late.append((now - sent) / 1e3)
        if not state["first"]:
            state["first"] = True
            ttft.append((now - state["start"] - (sent - received)) / 1e3)
    if piece["done"]:
        state["done"] = piece["eval_count"]


async def stream(session):
    state = {"first": False, "done": None, "start": time.monotonic_ns()}
    async with session.post(url + "/api/generate", json=body) as answer:
        async for line in answer.content:
            take(line, state)
    assert state["done"] == tokens


async def run_aiohttp():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for _ in range(repetitions):
            await asyncio.gather(*(stream(session) for _ in range(streams)))


def run_requests():
    assert streams == 1
    session = requests.Session()
    session.trust_env = False
    for _ in range(repetitions):
        state = {"first": False, "done": None, "start": time.monotonic_ns()}
        with session.post(url + "/api/generate", json=body, stream=True) as answer:
            for line in answer.iter_lines(chunk_size=None):
                take(line, state)
        assert state["done"] == tokens


def cpu_us():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e6


if library == "aiohttp":
    import aiohttp
    import asyncio
    before = cpu_us()
    asyncio.run(run_aiohttp())
else:
    import requests
    before = cpu_us()
    run_requests()
print("tokens", came)
print("cpu_us", round(cpu_us() - before, 1))
for x in ttft:
    print("ttft", x)
for x in late:
    print("late", x)
