"""The notebooks: clean in git, thin, and running from top to bottom with the embedded model."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import os
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from tests.commands import CHECKPOINTS, ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS_A_CELL = 240
QUICKER = (
    ("n=4, length=80, limit=2", 'recipe="passage", n=2, length=20, limit=1'),
    ('RECIPES["classic"]', 'RECIPES["two-steps"]'),
    ("n=2, length=50", "n=1, length=10"),
    ('"texts": ["lamp", "notice"]', '"texts": ["lamp"]'),
    ('"places": 1,\n        "samples": 5', '"places": 1,\n        "samples": 2'),
    ('"lengths": [60]', '"lengths": [12]'),
    ("steps = 400", "steps = 2"),
    ("BotSettings(", "BotSettings(tries=1, "),
    ('timeline.add("you", "@ambrose what is the meaning of life?");', ""),
)
"""What a notebook says, and what is put there here: as much of everything as is needed to see that it works."""
SEEN, FINE_TUNED = "load(tune=True)", 'vb.load_model("smollm2-135m")'
"""A tiny model is taken instead: the embedded one makes a piece in notebook 01, is looked into in `test_exercises`, studied
in `test_studies_tiny`, and fine-tuned in `test_bot_embedded`."""
PACKAGES = functools.cache(importlib.metadata.packages_distributions)


@pytest.fixture(autouse=True)
def _packages_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "packages_distributions", PACKAGES)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def code_of(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def test_holds_no_outputs(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)


def test_calls_the_library_and_defines_nothing(path: Path) -> None:
    for source in code_of(path):
        python = re.sub(r"^(\s*)%.*$", r"\1pass", source, flags=re.MULTILINE)
        nodes = list(ast.walk(ast.parse(python)))
        assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda) for node in nodes)


def test_names_no_address(path: Path) -> None:
    assert not re.search(r"\w\.(?:com|org|io|net)\b", path.read_text())


def test_the_first_cell_installs_from_a_form_field(path: Path) -> None:
    first = code_of(path)[0]
    assert 'source = ""  # @param {type:"string"}' in first
    assert "%load_ext verbosify.notebook" in first


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("https://example.org/verbosify", "verbosify-studio[notebook] @ git+https://example.org/verbosify"),
        (
            "https://example.org/verbosify_studio-1-py3-none-any.whl",
            "verbosify-studio[notebook] @ https://example.org/verbosify_studio-1-py3-none-any.whl",
        ),
        ("verbosify-main.zip", "./verbosify-main.zip[notebook]"),
    ],
)
def test_a_repository_a_wheel_and_an_uploaded_zip_can_be_installed(
    path: Path, source: str, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = code_of(path)[0].replace('source = ""', f"source = {source!r}")
    names: dict[str, str] = {}
    monkeypatch.chdir(tmp_path)
    exec(re.sub(r"^(\s*)%.*$", r"\1pass", first, flags=re.MULTILINE), names)  # noqa: S102  # our own notebook
    assert names["requirement"] == asked


def test_in_a_lent_runtime_what_is_in_use_is_held_and_no_jupyter_is_installed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    first = code_of(path)[0].replace('source = ""', "source = 'verbosify_studio-1-py3-none-any.whl'")
    names: dict[str, str] = {}

    exec(re.sub(r"^(\s*)%.*$", r"\1pass", first, flags=re.MULTILINE), names)  # noqa: S102  # our own notebook

    assert names["requirement"] == "./verbosify_studio-1-py3-none-any.whl[widgets]"
    held = (tmp_path / "held.txt").read_text().splitlines()
    assert f"numpy=={np.__version__}" in held
    assert any(line.startswith("torch==") for line in held)
    assert not any(line.startswith("verbosify") for line in held)


def test_what_is_made_quicker_here_stands_in_a_notebook() -> None:
    sources = [source for each in NOTEBOOKS for source in code_of(each)]
    assert all(any(usual in source for source in sources) for usual in (SEEN, FINE_TUNED))
    assert [usual for usual, _ in QUICKER if not any(usual in source for source in sources)] == []


@pytest.mark.embedded
@pytest.mark.timeout(900)
def test_runs_from_top_to_bottom(path: Path, tmp_path: Path, speaking_model: Path) -> None:
    from nbclient import NotebookClient

    for name in ("notebooks", "essays", "corpora", "docs/findings/tables"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("pieces"))
    environment = {"PYTHONPATH": str(ROOT), "VERBOSIFY_CHECKPOINTS": str(CHECKPOINTS), "IPYTHONDIR": str(tmp_path)}
    tiny = str(speaking_model)
    seen = f"load(__import__('verbosify').Options(model={tiny!r}))"
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        for usual, quick in (*QUICKER, (SEEN, seen), (FINE_TUNED, f"vb.load_model({tiny!r})")):
            cell.source = cell.source.replace(usual, quick)
    client = NotebookClient(
        notebook, timeout=SECONDS_A_CELL, resources={"metadata": {"path": str(tmp_path / "notebooks")}}
    )
    client.execute(env=os.environ | environment)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
