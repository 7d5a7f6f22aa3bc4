"""A web server on this computer that can be slow, forgetful, broken or wrong, for tests of downloading."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Site:
    """What is served, how badly, and what was asked for.

    Attributes:
        pages: path -> bytes.
        failures: answers to give before the first good one, in order; 0 is to hang up without one.
        cut_after: bytes of a body after which the line is cut, once for each number.
        ranges: whether `Range` is understood.
        etag: sent with each page, and compared with `If-Range`; None sends none.
        length_error: how much too large `Content-Length` is; None leaves it out.
        pause: seconds before each kilobyte.
        redirect: where everything is sent on to.
    """

    pages: dict[str, bytes] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    cut_after: list[int] = field(default_factory=list)
    ranges: bool = True
    etag: str | None = '"one"'
    length_error: int | None = 0
    pause: float = 0.0
    redirect: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def add_folder(self, folder: Path, under: str = "") -> None:
        self.pages |= {f"{under}/{path.name}": path.read_bytes() for path in folder.iterdir() if path.is_file()}


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers.get("Range")))
            self.close_connection = True
            if site.failures:
                answer = site.failures.pop(0)
                return self.send_error(answer) if answer else None
            if site.redirect:
                self.send_response(302)
                self.send_header("Location", site.redirect)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            if self.path not in site.pages:
                return self.send_error(404)
            return self.send_page(site.pages[self.path])

        def send_page(self, body: bytes) -> None:
            start = 0
            wanted = self.headers.get("Range")
            if wanted and site.ranges and self.headers.get("If-Range", site.etag) == site.etag:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                if start >= len(body):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(body)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream")
            if site.etag:
                self.send_header("ETag", site.etag)
            if site.length_error is not None:
                self.send_header("Content-Length", str(len(body) - start + site.length_error))
            self.end_headers()
            body = body[start : start + site.cut_after.pop(0)] if site.cut_after else body[start:]
            for position in range(0, len(body), 1024):
                time.sleep(site.pause)
                self.wfile.write(body[position : position + 1024])

        def log_message(self, *_: object) -> None:
            """Keep the test's output to itself."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that hung up is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
