"""The example package is built, installed beside verbosify in an environment of its own, and found there."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.commands import ROOT
from verbosify.piece import import_piece, read_export


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python that has what this one has, and the example."""
    venv.create(tmp_path / "environment", with_pip=False)
    python = tmp_path / "environment" / "bin" / "python"
    packages = next((tmp_path / "environment").glob("lib/python*/site-packages"))
    (packages / "ours.pth").write_text("\n".join([str(ROOT), *(path for path in sys.path if "site-packages" in path)]))
    built = ROOT / "examples" / "verbosify-rhyme"
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(built)]
    subprocess.run(build, check=True, capture_output=True)
    wheel = next((tmp_path / "dist").glob("*.whl"))
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        str(packages),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    return python


def test_the_measure_of_the_example_is_listed_and_measures(python: Path, tmp_path: Path) -> None:
    import_piece(read_export(next((ROOT / "site").rglob("piece.json"))), tmp_path / "piece").close()
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}

    def run(*arguments: object) -> str:
        command = [str(python), "-m", "verbosify", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    assert '"name": "rhyme", "package": "verbosify-rhyme", "version": "0.1.0"' in run("plugins", "--json")
    rows = list(csv.DictReader(run("measure", tmp_path / "piece").splitlines()))
    assert rows
    assert all("rhyme" in row for row in rows)
