from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from verbosify.errors import ModelError
from verbosify.files import os_errors_as_model_errors, sha256_of
from verbosify.models.formats.safetensors import is_git_lfs_pointer, save_safetensors


def test_the_sum_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")  # the example of FIPS 180-4

    assert sha256_of(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_git_lfs_pointer_is_told_from_content(tmp_path: Path) -> None:
    (tmp_path / "pointer").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    (tmp_path / "content").write_text("version 1")

    assert is_git_lfs_pointer(tmp_path / "pointer")
    assert not is_git_lfs_pointer(tmp_path / "content")


def test_saved_tensors_come_back_and_may_be_read_like_any_file(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    tensors = {"w": np.arange(6, dtype=np.float32).reshape(2, 3)}
    (tmp_path / "any").touch()

    save_safetensors(tensors, tmp_path / "w.safetensors")

    assert np.array_equal(load_file(tmp_path / "w.safetensors")["w"], tensors["w"])
    assert (tmp_path / "w.safetensors").stat().st_mode == (tmp_path / "any").stat().st_mode


@pytest.mark.parametrize("place", ["folder", "nowhere/file"])
def test_tensors_that_cannot_be_saved_are_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(ModelError, match=r"(folder|file) cannot be"):
        save_safetensors({"w": np.zeros(2, np.float32)}, tmp_path / place)


def test_a_failure_names_the_file_concerned_or_else_the_place(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelError, match=r"missing\.txt cannot be read or written"),
        os_errors_as_model_errors(tmp_path),
    ):
        (tmp_path / "missing.txt").read_text()
    with pytest.raises(ModelError, match=f"{tmp_path} cannot be read or written"), os_errors_as_model_errors(tmp_path):
        raise OSError(28, "No space left on device")
