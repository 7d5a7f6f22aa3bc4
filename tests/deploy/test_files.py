"""The other files of `deploy/`: what can be said of them without the programs that read them."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT
from verbosify.models.store.entries import CATALOG

DEPLOY = ROOT / "deploy"


def test_the_image_holds_the_weights_whose_sum_the_catalogue_has() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    (weights,) = re.findall("ARG WEIGHTS=([0-9a-f]{64})", text)
    assert weights == CATALOG["smollm2-135m"].weights_sha256


def test_the_image_is_nobody_s_and_takes_what_make_takes() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert text.rindex("USER 10001") > text.rindex("FROM ")
    (torch,) = re.findall(r"TORCH \?= (\S+)", (ROOT / "Makefile").read_text())
    assert f"pip install {torch} " in text
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert ignored[0] == "*"
    copied = {name for names in re.findall(r"COPY (?!--)(.+) \S+", text) for name in names.split()}
    assert copied == {name.removeprefix("!") for name in ignored if name.startswith("!")}


def test_the_unit_runs_the_command_as_nobody() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(DEPLOY / "verbosify-replies.service")
    service = unit["Service"]
    assert " replies serve --record ${STATE_DIRECTORY}/" in service["ExecStart"]
    assert (service["DynamicUser"], service["ProtectSystem"], service["KillSignal"]) == ("yes", "strict", "SIGTERM")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_nothing_to_complain_of_in_the_unit() -> None:
    command = ["systemd-analyze", "verify", str(DEPLOY / "verbosify-replies.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if "is not executable" not in line]  # it is not installed here
    assert told == []


def test_the_proxy_says_who_asks_and_holds_nothing_back() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert "proxy_buffering off;" in text
    assert "location = /metrics { return 404; }" in text


@pytest.mark.skipif(shutil.which("nginx") is None or shutil.which("openssl") is None, reason="no nginx here")
def test_nginx_takes_the_proxys_file(tmp_path: Path) -> None:
    made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=replies.example.org"]
    made += ["-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")]
    subprocess.run(["openssl", "req", *made], check=True, capture_output=True)
    text = (DEPLOY / "nginx.conf").read_text().replace("/etc/letsencrypt/live/replies.example.org", str(tmp_path))
    text = re.sub(r"(?m)^ +listen \[::\].*\n", "", text).replace("443", "18443").replace("listen 80", "listen 18080")
    around = f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {text} }}"
    (tmp_path / "nginx.conf").write_text(around)

    done = subprocess.run(
        ["nginx", "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_the_costs_in_the_docs_are_those_that_are_worked_out() -> None:
    done = subprocess.run(
        [sys.executable, str(DEPLOY / "aws" / "costs.py")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() in (ROOT / "docs" / "deploying.md").read_text()
