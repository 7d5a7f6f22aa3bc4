from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import tiny_gpt2
from verbosify.errors import ModelError
from verbosify.models.formats.openai import convert_to_safetensors
from verbosify.models.store.provenance import (
    Provenance,
    altered_files,
    damaged_files,
    read_provenance,
    weights_sha256,
    write_provenance,
)

FACTS = {"name": "sample", "source": "a test", "licence": "MIT", "fetched": "2026-01-31"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small tensors in safetensors, and a configuration."""
    from safetensors.numpy import save_file

    folder = tmp_path / "model"
    folder.mkdir()
    save_file({"b": np.arange(3, dtype=np.float16), "a": np.ones((2, 2), np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    return folder


def test_the_sum_is_over_names_types_shapes_and_bytes_in_order_of_names(folder: Path) -> None:
    a, b = np.ones((2, 2), "<f4").tobytes(), np.arange(3, dtype="<f2").tobytes()

    expected = hashlib.sha256(b"a\0F32\x002,2\0" + a + b"b\0F16\x003\0" + b).hexdigest()

    assert weights_sha256(folder) == expected


def test_the_sum_is_the_same_however_the_tensors_are_spread_over_files(folder: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    parts = tmp_path / "parts"
    parts.mkdir()
    save_file({"b": np.arange(3, dtype=np.float16)}, parts / "model-00001-of-00002.safetensors", {"format": "pt"})
    save_file({"a": np.ones((2, 2), np.float32)}, parts / "model-00002-of-00002.safetensors")

    assert weights_sha256(parts) == weights_sha256(folder)


def test_the_sum_differs_with_the_smallest_change(folder: Path) -> None:
    from safetensors.numpy import save_file

    sums = {weights_sha256(folder)}
    others: list[dict[str, Any]] = [
        {"a": np.ones((2, 2), np.float32), "c": np.arange(3, dtype=np.float16)},
        {"a": np.ones((4, 1), np.float32), "b": np.arange(3, dtype=np.float16)},
        {"a": np.ones((2, 2), np.float32), "b": np.arange(3, dtype=np.int16)},
        {"a": np.nextafter(np.ones((2, 2), np.float32), 2), "b": np.arange(3, dtype=np.float16)},
    ]
    for tensors in others:
        save_file(tensors, folder / "model.safetensors")
        sums.add(weights_sha256(folder))

    assert len(sums) == 5


def test_a_converted_gpt2_keeps_its_sum(tmp_path: Path) -> None:
    convert_to_safetensors(tiny_gpt2.FOLDER, tmp_path / "gpt2")

    assert weights_sha256(tmp_path / "gpt2") == weights_sha256(tiny_gpt2.FOLDER)


def test_types_that_numpy_lacks_are_summed_too(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    save_file({"w": torch.ones(3, dtype=torch.bfloat16)}, tmp_path / "model.safetensors")

    assert weights_sha256(tmp_path) == hashlib.sha256(b"w\0BF16\x003\0" + b"\x80\x3f" * 3).hexdigest()


def test_a_folder_without_weights_has_no_sum(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no weights"):
        weights_sha256(tmp_path)


@settings(max_examples=100, deadline=None)
@given(header=st.binary(max_size=80) | st.text('{}[]:,"w1 -', max_size=60).map(str.encode), tail=st.binary(max_size=9))
def test_no_file_however_odd_makes_anything_but_a_model_error(
    tmp_path_factory: pytest.TempPathFactory, header: bytes, tail: bytes
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + tail)

    if _is_empty_header(header):
        assert len(weights_sha256(folder)) == 64
    else:
        with pytest.raises(ModelError, match="is damaged or no safetensors file"):
            weights_sha256(folder)


def _is_empty_header(header: bytes) -> bool:
    """Whether it is a JSON object that names no tensor."""
    try:
        value = json.loads(header)
    except ValueError:
        return False
    return isinstance(value, dict) and value.keys() <= {"__metadata__"}


@pytest.mark.parametrize(
    "tensor",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 9]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2]},
        {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]},
        [],
    ],
)
def test_a_tensor_that_cannot_be_followed_is_refused(tmp_path: Path, tensor: object) -> None:
    header = json.dumps({"w": tensor}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))

    with pytest.raises(ModelError, match="is damaged or no safetensors file"):
        weights_sha256(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()

    with pytest.raises(ModelError, match="is empty"):
        weights_sha256(tmp_path)


def test_a_record_is_read_as_it_was_written(folder: Path) -> None:
    written = write_provenance(folder, **FACTS)

    assert read_provenance(folder) == written
    assert written.files.keys() == {"config.json", "model.safetensors"}
    assert written.weights_sha256 == weights_sha256(folder)
    assert json.loads((folder / "source.json").read_text())["licence"] == "MIT"


def test_a_recorded_sum_is_not_computed_again(folder: Path) -> None:
    record = write_provenance(folder, **FACTS)
    (folder / "source.json").write_text(json.dumps(asdict(record) | {"weights_sha256": "as recorded"}))

    assert weights_sha256(folder) == "as recorded"


def test_a_recorded_sum_is_computed_again_once_a_file_was_touched(folder: Path) -> None:
    record = write_provenance(folder, **FACTS)
    (folder / "source.json").write_text(json.dumps(asdict(record) | {"weights_sha256": "as recorded"}))
    os.utime(folder / "model.safetensors", ns=(1, 1))

    assert weights_sha256(folder) == record.weights_sha256


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"files": []}', '{"files": {"a": {}}, "name": "x"}'])
def test_a_record_that_cannot_be_read_counts_as_none(folder: Path, text: str) -> None:
    (folder / "source.json").write_text(text)

    assert read_provenance(folder) is None
    assert len(weights_sha256(folder)) == 64


def test_nothing_is_altered_at_first(folder: Path) -> None:
    record = write_provenance(folder, **FACTS)

    assert altered_files(folder, record) == []
    assert damaged_files(folder, record) == []


def change(folder: Path) -> None:
    (folder / "config.json").write_text("[]")
    os.utime(folder / "config.json", ns=(1, 1))


def grow(folder: Path) -> None:
    (folder / "config.json").write_text("{ }")


def remove(folder: Path) -> None:
    (folder / "config.json").unlink()


@pytest.mark.parametrize("harm", [change, grow, remove])
def test_a_file_that_is_not_what_it_was_is_named(folder: Path, harm: object) -> None:
    record = write_provenance(folder, **FACTS)

    harm(folder)  # type: ignore[operator]

    assert altered_files(folder, record) == ["config.json"]
    assert damaged_files(folder, record) == ["config.json"]
    assert read_provenance(folder) == record


def test_a_change_that_hides_behind_its_time_is_found_only_by_reading_every_byte(folder: Path) -> None:
    record = write_provenance(folder, **FACTS)
    time = (folder / "config.json").stat().st_mtime_ns
    (folder / "config.json").write_text("[]")
    os.utime(folder / "config.json", ns=(time, time))

    assert altered_files(folder, record) == []
    assert damaged_files(folder, record) == ["config.json"]


def test_a_copied_folder_is_read_once_and_then_trusted(folder: Path, tmp_path: Path) -> None:
    record = write_provenance(folder, **FACTS)
    shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile)
    copied = read_provenance(tmp_path / "copy")
    assert copied == record

    assert altered_files(tmp_path / "copy", record) == []

    renewed = read_provenance(tmp_path / "copy")
    assert isinstance(renewed, Provenance)
    assert renewed.files["config.json"].modified == (tmp_path / "copy" / "config.json").stat().st_mtime_ns


def test_a_copied_folder_that_cannot_be_written_is_read_every_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = write_provenance(folder, **FACTS)
    os.utime(folder / "config.json", ns=(1, 1))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(Path, "write_text", refuse)

    assert altered_files(folder, record) == []
    assert read_provenance(folder) == record
