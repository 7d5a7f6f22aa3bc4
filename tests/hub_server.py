"""A hub on this computer that speaks the protocol of Hugging Face's, for what a model's fetching needs of it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """One repository, `maker/tiny`, and how it misbehaves.

    Attributes:
        files: what lies in it.
        commits: a branch, tag or commit -> the commit that it is.
        announced: files as they are announced, where those that are sent are others.
        gated: whether its terms must be accepted first.
        cut_after: bytes of a body after which the line is cut, once for each number.
        asked: the requests, method and path.
        begun: where the weights that were asked for were to begin, in bytes.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=lambda: {"main": COMMIT, COMMIT: COMMIT})
    announced: dict[str, bytes] = field(default_factory=dict)
    gated: bool = False
    cut_after: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    url: str = ""

    def take(self, folder: Path) -> None:
        self.files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    def about(self, revision: str) -> dict[str, object]:
        siblings = []
        for name, content in (self.files | self.announced).items():
            sibling: dict[str, object] = {"rfilename": name, "size": len(content)}
            sibling["blobId"] = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324
            if name.endswith((".safetensors", ".bin")):
                sibling["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 1}
            siblings.append(sibling)
        return {
            "id": "maker/tiny",
            "sha": self.commits[revision],
            "siblings": siblings,
            "tags": ["license:mit"],
            "private": False,
            "gated": "auto" if self.gated else False,
        }


@contextmanager
def serving_hub() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(head=True)

        def do_GET(self) -> None:
            self.answer(head=False)

        def answer(self, *, head: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(f"{self.command} {path}")
            if path.startswith("/api/models/maker/tiny/revision/"):
                revision = path.rpartition("/")[2]
                if revision not in hub.commits:
                    return self.refuse(404, "RevisionNotFound")
                return self.send(json.dumps(hub.about(revision)).encode(), {}, head=head)
            if path.startswith(f"/maker/tiny/resolve/{COMMIT}/"):
                name = path.rpartition("/")[2]
                if hub.gated:
                    return self.refuse(403, "GatedRepo")
                if name not in hub.files:
                    return self.refuse(404, "EntryNotFound")
                body = hub.files[name]
                tag = f'"{hashlib.sha256(body).hexdigest()}"'
                return self.send(body, {"X-Repo-Commit": COMMIT, "ETag": tag}, head=head)
            return self.refuse(404 if path.startswith("/api/") else 401, "RepoNotFound")

        def refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send(self, body: bytes, headers: dict[str, str], *, head: bool) -> None:
            wanted = self.headers.get("Range")
            start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            if head:
                return
            if len(body) > 20_000:
                hub.begun.append(start)
            if hub.cut_after and len(body) > 20_000:
                self.close_connection = True
                self.wfile.write(body[start : start + hub.cut_after.pop(0)])
                return
            self.wfile.write(body[start:])

        def log_message(self, *_: object) -> None:
            """Keep the test's output to itself."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is no news
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
