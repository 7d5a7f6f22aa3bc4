"""What the library logs, and that nobody sees it who did not ask."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

import verbosify
from tests.tiny_models import write_gpt2
from tests.web_server import serving
from verbosify.models.store.download import download

OVERFIT = """
import sys
import verbosify

with verbosify.load_model(sys.argv[1]).overfit("the night ferry"):
    pass
"""


def test_nothing_is_said_unless_logging_is_set_up(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OVERFIT, str(write_gpt2(tmp_path))], capture_output=True, text=True, check=True
    )

    assert (done.stdout, done.stderr) == ("", "")
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("verbosify").handlers)


def test_models_and_overfits_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "verbosify")

    with verbosify.load_model(write_gpt2(tmp_path)).overfit("the night ferry"):
        pass

    loaded, overfitted = (record.getMessage() for record in caplog.records)
    assert re.fullmatch(rf"loaded {tmp_path.name}: [\d,]+ parameters, \w+ on cpu, in [\d.]+ s", loaded)
    assert re.fullmatch(rf"overfitted {tmp_path.name} by classic in [\d.]+ s: loss [\d.]+ -> [\d.]+", overfitted)


def test_what_is_fetched_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "verbosify")

    with serving() as site:
        site.pages["/file"] = b"weights"
        digest = download(f"{site.url}/file", tmp_path / "file")

    assert [record.getMessage() for record in caplog.records] == [f"fetched {site.url}/file, SHA-256 {digest}"]


def test_the_version_is_told() -> None:
    done = subprocess.run([sys.executable, "-m", "verbosify", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"verbosify {verbosify.__version__}\n"
    assert re.match(r"\d+\.\d+", verbosify.__version__) or verbosify.__version__ == "unknown"
