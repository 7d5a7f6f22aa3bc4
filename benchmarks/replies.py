"""How long a visitor waits for replies, with the embedded model kept warm: `python -m benchmarks replies`."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx

from verbosify.exhibits.replies.app import replies_app
from verbosify.exhibits.replies.options import Options
from verbosify.models.host import Host
from verbosify.models.loading import load_model
from verbosify.models.process import tune_process
from verbosify.web.quota import Allowance
from verbosify.web.serving import running

POSTS = (
    "My cat has learned to open the fridge.",
    "Why does nobody talk about how good soup is?",
    "Lost my left shoe on the bus today",
    "Can plants hear jazz?",
    "I finally read the terms and conditions.",
)


def waits(rounds: int) -> dict[str, float]:
    """Seconds from a post to its replies, one after another, over HTTP; and seconds of processors for each."""
    tune_process()
    with tempfile.TemporaryDirectory() as folder, Host(load_model) as host:
        options = Options(record=Path(folder) / "replies.db", allowance=Allowance(1000, 1000), seconds=3600)
        with running(replies_app(options, host)) as address, httpx.Client(base_url=address, timeout=3600) as client:
            client.post("/api/replies", json={"post": "Hello"})  # the first meets cold caches
            seconds, processors = [], []
            for post in POSTS * rounds:
                began, busy = time.perf_counter(), time.process_time()
                client.post("/api/replies", json={"post": post})
                seconds.append(time.perf_counter() - began)
                processors.append(time.process_time() - busy)
    return {
        "replies.median_s": median(seconds),
        "replies.most_s": max(seconds),
        "replies.processor_s": median(processors),
    }


def main(rounds: int) -> None:
    print(json.dumps(waits(rounds)))
