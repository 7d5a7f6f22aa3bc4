"""Our site for nginx, loaded by nginx where there is one: HTTPS in front of a real server of replies."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.commands import ROOT
from tests.replies_server import Served, hosted, replies_server
from verbosify.web.clients import read_networks
from verbosify.web.quota import Allowance

NAME = "replies.example.org"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
pytestmark = pytest.mark.skipif(not (NGINX and shutil.which("openssl")), reason="no nginx here, or no openssl")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def nginx_before(served: Served, folder: Path) -> Iterator[tuple[int, int]]:
    """The ports of HTTPS and HTTP, with a certificate of the moment."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    made += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(key), "-out"]
    subprocess.run([*made, str(certificate)], check=True, capture_output=True)
    secure, plain = free_port(), free_port()
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    for written, here in (
        ("listen 443 ", f"listen 127.0.0.1:{secure} "),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("    listen [::]:80;\n", ""),
        (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(certificate)),
        (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(key)),
        ("http://127.0.0.1:8002", served.address),
    ):
        assert site.count(written) == 1
        site = site.replace(written, here)
    paths = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    main = (
        f"daemon off; pid {folder}/pid; error_log {folder}/log; events {{}}\nhttp {{ access_log off; {paths}\n{site}}}"
    )
    (folder / "main.conf").write_text(main)
    command = [str(NGINX), "-p", str(folder), "-c", str(folder / "main.conf"), "-e", str(folder / "log")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 60
            while not listens(secure) and time.monotonic() < until:
                time.sleep(0.01)
            yield secure, plain
        finally:
            process.terminate()


def test_nginx_takes_our_site_and_says_who_asks_whatever_they_say_themselves(
    speaking_model: Path, tmp_path: Path
) -> None:
    options = {"hosts": (NAME,), "proxies": read_networks(["127.0.0.1"]), "allowance": Allowance(2, 100)}
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with (
        hosted(speaking_model) as host,
        replies_server(host, tmp_path / "replies.db", **options) as served,
        nginx_before(served, tmp_path) as (secure, plain),
    ):
        trusted.load_verify_locations(tmp_path / "cert.pem")

        def ask(method: str, path: str, source: str = "127.0.0.2", **more: str) -> httpx.Response:
            line = httpx.HTTPTransport(verify=trusted, local_address=source)
            body = {"post": "The ferry is late."} if method == "POST" else None
            with httpx.Client(transport=line, timeout=600) as client:
                request = client.build_request(
                    method, f"https://127.0.0.1:{secure}{path}", headers={"host": NAME} | more, json=body
                )
                request.extensions["sni_hostname"] = NAME
                return client.send(request)

        page = ask("GET", "/")
        posts = [ask("POST", "/api/replies", **{"x-forwarded-for": f"10.0.0.{n}"}) for n in range(3)]
        streamed = ask("POST", "/api/replies", "127.0.0.3", accept="text/event-stream")
        metrics = ask("GET", "/metrics")
        moved = httpx.get(f"http://127.0.0.1:{plain}/t/key?a=b", headers={"host": NAME})

    assert (page.status_code, page.headers["strict-transport-security"]) == (200, "max-age=31536000")
    assert [answer.status_code for answer in posts] == [201, 201, 429]
    assert streamed.text.startswith("event: drawing\n")
    assert "event: done\n" in streamed.text
    assert metrics.status_code == 404
    assert (moved.status_code, moved.headers["location"]) == (301, f"https://{NAME}/t/key?a=b")
