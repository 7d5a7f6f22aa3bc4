"""The examples of docs/gpt2.md, run in order as a reader would."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from tests.speaking_model import harbour_sentences

GUIDE = Path(__file__).parents[2] / "docs" / "gpt2.md"


def test_every_example_of_the_guide_does_what_it_says(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained, tmp_path / "checkpoint" / "run1")
    with (tmp_path / "tweets.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["tweet"], *([sentence + "."] for sentence in harbour_sentences(60).split(". "))])
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 5

    exec(compile("".join(examples), str(GUIDE), "exec"), {})  # noqa: S102  # our own examples

    said = capsys.readouterr().out
    assert "torch" in said
    assert "tensorflow" in said
    assert "steps were best" in said
    saved = {path.name for path in (tmp_path / "saved").iterdir()}
    assert saved == {"run1", "whole", "step", "recipe", "breaks", "tweets"}
    assert sum(path.stat().st_size for path in (tmp_path / "saved" / "recipe").iterdir()) < 1500
