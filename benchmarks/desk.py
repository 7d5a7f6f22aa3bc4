"""What a writer waits for at the desk, beside a plain server on transformers that does the same; and eight at once.

Both servers run on this computer, on the same model in the precision that the desk chooses here, and are asked the
same, in turn: the first token after a click, and the list of a hundred next tokens, on a text of 500 tokens that grows
by a token each time, which is taken from the list before. The plain server reads the text anew for every request, as a
plain `model.generate` behind Starlette does.

The load: eight users, each with a cookie of its own, generate one continuation after another for some time, and beside
them the same rows are drawn as one batch in one call; memory is looked at all along.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any

TOKENS = 500
ROUNDS = 9
USERS = 8
LENGTH = 40
_PLAIN = """
import json, sys, threading
from pathlib import Path
import torch, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route
from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer

folder, port, dtype = sys.argv[1], int(sys.argv[2]), getattr(torch, sys.argv[3])
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
lock = threading.Lock()

def listed(text):
    with lock, torch.inference_mode():
        ids = tokenizer(text, return_tensors="pt").input_ids
        best = model(ids).logits[0, -1].float().softmax(-1).topk(100)
    return [[tokenizer.decode([int(i)]), float(p)] for p, i in zip(best.values, best.indices)]

async def tokens(request):
    return JSONResponse(await __import__("asyncio").to_thread(listed, (await request.json())["text"]))

async def generate(request):
    asked = await request.json()
    ids = tokenizer(asked["text"], return_tensors="pt")
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True)
    how = dict(do_sample=True, temperature=0.8, top_k=30, max_new_tokens=asked["length"], pad_token_id=0)
    def run():
        with lock:
            model.generate(**ids, streamer=streamer, **how)
    threading.Thread(target=run).start()
    return StreamingResponse((f"data: {json.dumps(text)}\\n\\n" for text in streamer), media_type="text/event-stream")

app = Starlette(routes=[Route("/tokens", tokens, methods=["POST"]), Route("/generate", generate, methods=["POST"])])
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
"""


def costs(folder: Path, say: Callable[[str], None], seconds: float = 180.0) -> dict[str, dict[str, float]]:
    """Medians in milliseconds, side by side; and what eight users at once got, beside one batch of the same rows."""
    with TemporaryDirectory() as place, _served(folder, Path(place)) as desk, _plain(folder, desk) as plain:
        say("a click and a list, in turn")
        waits = _waits(desk, plain)
        say(f"{USERS} users for {seconds:.0f} s")
        return {"waiting": waits, "load": _load(desk, seconds)}


@contextmanager
def _served(folder: Path, place: Path) -> Iterator[Any]:
    from tests.desks import running_desk

    with running_desk(place / "desk", folder) as running:
        yield running


@contextmanager
def _plain(folder: Path, desk: Any) -> Iterator[Any]:
    import socket

    import httpx

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = desk.client()
    client.call("tokenize", text="Once")
    (loaded,) = client.call("status")["models"]
    process = subprocess.Popen([sys.executable, "-c", _PLAIN, str(folder), str(port), loaded["dtype"]])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
            while True:
                try:
                    client.post("/tokens", json={"text": "Once"})
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    time.sleep(0.2)
            yield client
    finally:
        process.kill()
        process.wait()


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _waits(desk: Any, plain: Any) -> dict[str, float]:
    client = desk.client()
    words = " ".join(path.read_text("utf-8") for path in sorted((Path(__file__).parent.parent / "essays").glob("*.md")))
    told = client.call("tokenize", text=words[: 8 * TOKENS])["tokens"][:TOKENS]
    draft = client.draft("".join(token["text"] for token in told))
    listed = client.call("tokens", draft=draft["id"])["tokens"]
    times: dict[str, list[float]] = {"list": [], "plain list": [], "first": [], "plain first": []}
    for _ in range(ROUNDS):
        token = listed[0]["token_id"]
        before = draft["node"]
        draft = client.call("take", draft=draft["id"], revision=draft["revision"], token_id=token)
        client.call("tree", draft=draft["id"], since=before)  # as the page does
        started = time.perf_counter()
        listed = client.call("tokens", draft=draft["id"])["tokens"]
        times["list"].append(time.perf_counter() - started)
        asked = {"text": draft["text"]}
        times["plain list"].append(_seconds(partial(plain.post, "/tokens", json=asked)))
        times["first"].append(_first_of_desk(client, draft))
        times["plain first"].append(_first_of_plain(plain, draft["text"]))
    found = {f"{name} ms": 1000 * median(some) for name, some in times.items()}
    return {
        **found,
        "list: plain / desk": found["plain list ms"] / found["list ms"],
        "first token: plain / desk": found["plain first ms"] / found["first ms"],
    }


def _first_of_desk(client: Any, draft: Any) -> float:
    started, waited = time.perf_counter(), 0.0
    for event in client.events("generate", draft=draft["id"], n=1, settings={"length": 4}):
        if event.name == "token" and not waited:
            waited = time.perf_counter() - started
    return waited


def _first_of_plain(plain: Any, text: str) -> float:
    started, waited = time.perf_counter(), 0.0
    with plain.stream("POST", "/generate", json={"text": text, "length": 4}) as response:
        for line in response.iter_lines():
            if line.startswith("data: ") and json.loads(line.removeprefix("data: ")) and not waited:
                waited = time.perf_counter() - started
    return waited


def _load(desk: Any, seconds: float) -> dict[str, float]:
    counts, errors, memory = [0] * USERS, [0], list[float]()
    clients = [desk.client() for _ in range(USERS)]
    text = "The ferry leaves the stone pier as soon as the rain stops. An old fisherman counts a crowd of gulls."
    drafts = [client.draft(text) for client in clients]
    settings = {"length": LENGTH, "least_length": LENGTH, "temperature": 0.8}
    clients[0].generate(drafts[0], n=1, settings=settings)
    ends = time.monotonic() + seconds

    def write(user: int) -> None:
        while time.monotonic() < ends:
            try:
                for event in clients[user].events("generate", draft=drafts[user]["id"], n=1, settings=settings):
                    counts[user] += event.name == "token" and time.monotonic() < ends
                    errors[0] += event.name == "error"
            except Exception:  # it counts
                errors[0] += 1

    threads = [threading.Thread(target=write, args=(user,)) for user in range(USERS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(min(2.0, seconds / 10))
        memory.append(clients[0].call("status")["memory"])
    for thread in threads:
        thread.join()
    drawn, batch = 0, 0.0
    while batch < seconds / 6:
        batch += _seconds(lambda: clients[0].generate(drafts[0], n=USERS, settings=settings))
        drawn += USERS * LENGTH
    half = len(memory) // 2
    return {
        "errors": float(errors[0]),
        "tokens a second": sum(counts) / seconds,
        "slowest user: mean / own": fmean(counts) / max(min(counts), 1),
        "throughput / one batch": (sum(counts) / seconds) / (drawn / batch),
        "memory, second half / first": max(memory[half:]) / max(memory[: half or 1]),
    }
