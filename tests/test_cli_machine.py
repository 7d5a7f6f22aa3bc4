"""What works on this computer and what other packages add is told, line by line."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.commands import Call
from tests.plugged import write_plugin
from verbosify.workflow import checkup
from verbosify.workflow.checkup import Finding, examine


def findings(out: str) -> dict[str, dict[str, str]]:
    return {line["what"]: line for line in map(json.loads, out.splitlines())}


def test_the_doctor_looks_at_all_that_a_piece_needs(call: Call) -> None:
    code, out, err = call("doctor", "--offline", "--json")

    found = findings(out)
    assert (code, err) == (0, "")
    assert {"version", "processor", "memory", "disk for models", "disk for pieces", "[torch]", "[site]"} <= found.keys()
    assert found["model smollm2-135m"]["state"] == found["model minilm"]["state"] == "works"
    assert "package index" not in found


def test_what_is_missing_comes_with_what_to_do(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "none"))
    monkeypatch.setattr(checkup, "find_spec", lambda name: None if name in {"ray", "torch"} else object())

    code, out, _ = call("doctor", "--offline")

    assert code == 0
    assert "- [ray]: without ray\n    -> pip install 'verbosify-studio[ray]'" in out
    assert (
        "- model minilm: not fetched yet, which the first run does; for any piece\n    -> verbosify models get minilm"
        in out
    )


def test_too_little_room_is_a_failure(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**8))
    monkeypatch.setattr(checkup, "NEEDED_MEMORY", 1e18)

    code, out, _ = call("doctor", "--offline", "--json")

    found = findings(out)
    assert code == 1
    assert found["disk for pieces"]["state"] == found["memory"]["state"] == "fails"
    assert found["disk for pieces"]["advice"] == "make room: a first piece takes 1.5 GB"


def test_folders_that_cannot_be_written_to_or_are_shared_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "fails" in {finding.state for finding in examine(network=False) if finding.what.startswith("disk")}

    monkeypatch.undo()
    monkeypatch.setattr(checkup, "can_share_memory", lambda _: False)
    told = [finding.advice for finding in examine(network=False) if finding.what.startswith("disk")]
    assert told == ["let one program at a time use a piece"] * 2


def test_the_network_is_asked_only_where_that_is_wanted_and_its_silence_harms_nothing(
    monkeypatch: pytest.MonkeyPatch, hub_address: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_INDEX_URL", hub_address)

    found = {finding.what: finding for finding in examine()}

    assert found["package index"].state == "works"
    assert found["model hub"] == Finding(
        "model hub", "absent", found["model hub"].said, "nothing is needed of it once the models are here"
    )
    assert "http://127.0.0.1:9 does not answer" in found["model hub"].said


@pytest.fixture
def hub_address() -> object:
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # which answers that it knows no HEAD
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_plugins_are_listed_and_a_broken_one_is_named(call: Call, packages: Path) -> None:
    write_plugin(packages, "verbosify.measures", "letters", "def add(passage, sample):\n    return len(sample)")
    write_plugin(packages, "verbosify.splitters", "gone", "import nowhere_at_all", package="verbosify-gone")
    write_plugin(packages, "verbosify.splitter", "lost", "add = print", package="verbosify-lost")

    code, out, err = call("plugins")
    assert code == 0
    assert "may have meant 'verbosify.splitters'" in err
    assert "letters" in out
    assert "'gone' (verbosify.splitters) of verbosify-gone 1.0 cannot be loaded" in err

    code, out, _ = call("plugins", "--json")
    rows = {row["name"]: row for row in map(json.loads, out.splitlines())}
    assert rows["letters"]["problem"] is None
    assert rows["letters"]["kind"] == "measures"
    assert "nowhere_at_all" in rows["gone"]["problem"]

    code, out, _ = call("doctor", "--offline")
    assert code == 1
    assert "+ plug-in: letters (verbosify.measures) of verbosify-sample 1.0" in out
    assert "! plug-in: The plug-in 'lost' (verbosify.splitter)" in out


def test_without_plugins_it_says_what_could_be_added(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERBOSIFY_PLUGINS", "off")

    _, out, _ = call("plugins")

    assert "measures: a passage and a sample -> a number" in out
    assert "+ plug-ins: none are installed" in call("doctor", "--offline").out
