"""The whole job over the reference engine, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands import Call
from tests.speaking_model import ESSAY


def test_an_essay_is_verbosified_from_a_run_of_gpt_2_simple(call: Call, trained: Path, tmp_path: Path) -> None:
    """In this process, which has TensorFlow loaded."""
    essay = tmp_path / "quay.md"
    essay.write_text(ESSAY, encoding="utf-8")
    piece = tmp_path / "piece"
    options = ["--engine", "tensorflow", "--recipe", "passage", "--samples", "4", "--most-samples", "8"]

    code, _, err = call("run", essay, "--model", trained, *options, "--length", 40, "--out", piece)

    assert code == 0, err
    record = json.loads((piece / "piece.json").read_text(encoding="utf-8"))
    assert record["model"]["engine"] == "tensorflow"
    assert record["model"]["versions"].keys() >= {"tensorflow", "gpt-2-simple"}
    assert len(record["passages"]) == 4
    assert all(passage["finished"] for passage in record["passages"])
    assert all(overfit["loss_after"] < overfit["loss_before"] for overfit in record["overfits"])
    assert record["picks"]
    assert len((piece / "quay-fluffy.md").read_text(encoding="utf-8")) > len(ESSAY)
    assert (piece / "site" / "index.html").is_file()
