from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tests import tiny_gpt2
from verbosify.errors import ModelError
from verbosify.models.formats.sorted_table import decode_table, encode_table
from verbosify.models.formats.tensor_bundle import DTYPES, list_tensors, read_tensors, write_bundle

PREFIX = tiny_gpt2.FOLDER / "model-7"
HEADER = b"\x08\x01\x1a\x02\x08\x01"

ARRAYS = npst.arrays(
    dtype=st.sampled_from(list(DTYPES.values())),
    shape=npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The prefix of a copy of the committed bundle."""
    for path in tiny_gpt2.FOLDER.glob("model-7.*"):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path / "model-7"


def write_index(prefix: Path, values: dict[bytes, bytes]) -> None:
    Path(f"{prefix}.index").write_bytes(encode_table(values))
    Path(f"{prefix}.data-00000-of-00001").write_bytes(bytes(64))


def test_what_tensorflow_wrote_is_read_to_the_bit() -> None:
    weights = tiny_gpt2.checkpoint().tensors

    tensors = read_tensors(PREFIX, weights)

    assert tensors.keys() == weights.keys()
    assert all(np.array_equal(tensors[name], value) for name, value in weights.items())
    assert read_tensors(PREFIX, ["global_step"])["global_step"] == 7


def test_what_we_write_is_what_tensorflow_wrote(tmp_path: Path) -> None:
    write_bundle(tmp_path / "again", read_tensors(PREFIX, list_tensors(PREFIX)))

    for suffix in (".index", ".data-00000-of-00001"):
        assert (tmp_path / f"again{suffix}").read_bytes() == Path(f"{PREFIX}{suffix}").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.data-00000-of-00001", "again.index"]


@settings(max_examples=50, deadline=None)
@given(arrays=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), ARRAYS, max_size=5))
def test_arrays_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, Any]) -> None:
    prefix = tmp_path_factory.mktemp("bundle") / "model"

    write_bundle(prefix, arrays)
    read = read_tensors(prefix, arrays)

    for name, array in arrays.items():
        assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape)
        assert read[name].tobytes() == array.tobytes()


def test_rows_are_written_in_order_whatever_the_layout_in_memory(tmp_path: Path) -> None:
    array = np.arange(6, dtype=">f4").reshape(2, 3).T

    write_bundle(tmp_path / "model", {"w": array})

    assert np.array_equal(read_tensors(tmp_path / "model", ["w"])["w"], array)


def test_writing_to_a_tensor_leaves_the_file_alone(copy: Path) -> None:
    before = Path(f"{copy}.data-00000-of-00001").read_bytes()

    read_tensors(copy, ["model/wte"])["model/wte"][:] = 0

    assert Path(f"{copy}.data-00000-of-00001").read_bytes() == before


def test_a_tensor_that_cannot_be_stored_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="of type complex128, which cannot be written"):
        write_bundle(tmp_path / "model", {"w": np.zeros(2, np.complex128)})

    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_not_there_is_said(copy: Path) -> None:
    with pytest.raises(ModelError, match="names no tensor 'model/nothing'"):
        read_tensors(copy, ["model/nothing"])


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_a_missing_file_is_named(copy: Path, suffix: str) -> None:
    Path(f"{copy}{suffix}").unlink()

    with pytest.raises(ModelError, match=rf"model-7{suffix} is missing"):
        read_tensors(copy, ["model/wte"])


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_a_git_lfs_pointer_is_recognised(copy: Path, suffix: str) -> None:
    Path(f"{copy}{suffix}").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")

    with pytest.raises(ModelError, match="git lfs pull"):
        read_tensors(copy, ["model/wte"])


@pytest.mark.parametrize("length", [0, 100, 16_000])
def test_data_cut_short_is_refused(copy: Path, length: int) -> None:
    data = Path(f"{copy}.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:length])

    with pytest.raises(ModelError, match=rf"is cut short: it has {length:,} bytes"):
        read_tensors(copy, list_tensors(copy))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_changed_byte_of_data_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    prefix = tmp_path_factory.mktemp("bundle") / "model-7"
    for path in tiny_gpt2.FOLDER.glob("model-7.*"):
        shutil.copy(path, prefix.parent / path.name)
    content = bytearray(Path(f"{prefix}.data-00000-of-00001").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    Path(f"{prefix}.data-00000-of-00001").write_bytes(content)

    with pytest.raises(ModelError, match="fails its checksum"):
        read_tensors(prefix, list_tensors(prefix))


def test_a_damaged_index_is_refused(copy: Path) -> None:
    index = Path(f"{copy}.index")
    index.write_bytes(index.read_bytes()[:500] + b"\0" + index.read_bytes()[501:])

    with pytest.raises(ModelError, match=r"model-7\.index is damaged \(a block fails its checksum\)"):
        list_tensors(copy)


@settings(max_examples=300, deadline=None)
@given(header=st.binary(max_size=12), entry=st.binary(max_size=40), name=st.binary(min_size=1, max_size=4))
def test_no_index_however_odd_makes_anything_but_a_model_error(
    tmp_path_factory: pytest.TempPathFactory, header: bytes, entry: bytes, name: bytes
) -> None:
    prefix = tmp_path_factory.mktemp("bundle") / "model"
    write_index(prefix, {b"": HEADER if len(header) > 4 else header, name: entry})

    try:
        tensors = read_tensors(prefix, list_tensors(prefix))
    except ModelError:
        return

    assert sum(tensor.nbytes for tensor in tensors.values()) <= 64


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"\x08\x01\x10\x01", "big-endian"),
        (b"", "how many data files"),
        (b"\x08\x00", "how many data files"),
        (b"\x0a\x01x", "how many data files"),
        (b"\x09", "of kind 1"),
        (b"\x0a\x05x", "a field is cut short"),
    ],
)
def test_a_header_that_cannot_be_followed_is_refused(tmp_path: Path, header: bytes, reason: str) -> None:
    write_index(tmp_path / "model", {b"": header})

    with pytest.raises(ModelError, match=reason):
        list_tensors(tmp_path / "model")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (b"\x08\x01\x12\x04\x12\x02\x08\x02\x28\x08\x3a\x00", "kept in slices"),  # a slice
        (b"\x08\x01\x18\x01\x28\x04", "a data file that there is not"),  # shard 1 of 1
        (b"\x08\x01\x12\x02\x10\x02", "a shape is garbled"),  # a dimension that is no message
        (b"\x08\x01\x12\x05\x12\x03\x0a\x01x", "a shape is garbled"),  # a size that is no number
        (b"\x08\x07\x28\x04", "TensorFlow's type 7"),  # strings
        (b"\x08\x01\x28\x08", "a size that belies its shape"),  # 8 bytes for one float32
    ],
)
def test_a_tensor_that_cannot_be_followed_is_refused(tmp_path: Path, entry: bytes, reason: str) -> None:
    write_index(tmp_path / "model", {b"": HEADER, b"w": entry})

    with pytest.raises(ModelError, match=reason):
        read_tensors(tmp_path / "model", list_tensors(tmp_path / "model"))


def test_a_bundle_of_two_data_files_is_read(tmp_path: Path) -> None:
    write_bundle(tmp_path / "one", {"a": np.arange(3.0, dtype="f4")})
    write_bundle(tmp_path / "two", {"b": np.arange(4.0, dtype="f4")})
    one, two = (decode_table((tmp_path / f"{name}.index").read_bytes()) for name in ("one", "two"))
    second = two[b"b"].replace(b"\x28\x10", b"\x18\x01\x28\x10")  # shard_id 1 before the size
    (tmp_path / "both.index").write_bytes(encode_table({b"": b"\x08\x02", b"a": one[b"a"], b"b": second}))
    (tmp_path / "one.data-00000-of-00001").rename(tmp_path / "both.data-00000-of-00002")
    (tmp_path / "two.data-00000-of-00001").rename(tmp_path / "both.data-00001-of-00002")

    tensors = read_tensors(tmp_path / "both", ["a", "b"])

    assert tensors["a"].tolist() == [0, 1, 2]
    assert tensors["b"].tolist() == [0, 1, 2, 3]
