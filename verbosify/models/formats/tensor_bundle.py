"""TensorFlow's checkpoint files (the "tensor bundle"), read and written without TensorFlow.

A bundle named PREFIX is `PREFIX.index` and `PREFIX.data-00000-of-00001` (or more such shards). The data files are the
tensors' bytes, little-endian, row by row, one tensor behind the other. The index is a sorted table: its empty key
holds a BundleHeaderProto, every other key is a tensor's name and holds a BundleEntryProto, both described in
tensorflow/core/protobuf/tensor_bundle.proto. Every tensor carries a masked CRC-32C, and it is always checked.

It is written here, not by TensorFlow, so that an overfit can be saved as a run of gpt-2-simple where only PyTorch is.
Knows nothing of any model: names and arrays only.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from verbosify.errors import ModelError
from verbosify.files import replace_file
from verbosify.models.formats.safetensors import is_git_lfs_pointer
from verbosify.models.formats.sorted_table import (
    CorruptError,
    decode_table,
    decode_varint,
    encode_table,
    encode_varint,
    masked_crc32c,
)

Array = np.ndarray[Any, np.dtype[Any]]

# TensorFlow's DataType numbers (tensorflow/core/framework/types.proto) for what numpy can hold.
DTYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    2: np.dtype("<f8"),
    3: np.dtype("<i4"),
    9: np.dtype("<i8"),
    19: np.dtype("<f2"),
}
_NUMBERS = {dtype: number for number, dtype in DTYPES.items()}
_HEADER = bytes([0x08, 1, 0x1A, 2, 0x08, 1])  # BundleHeaderProto: num_shards 1, little-endian, version.producer 1


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """Where one tensor lies: `size` bytes at `offset` of data file number `shard`."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc32c: int


def list_tensors(prefix: Path) -> dict[str, BundleEntry]:
    """The entries of the bundle's index, by tensor name. `ModelError` if there is none or it is damaged."""
    return _read_index(prefix)[1]


def read_tensors(prefix: Path, names: Iterable[str]) -> dict[str, Array]:
    """Those tensors of the bundle, as views into its memory-mapped files, each checked against its CRC-32C.

    The mapping is copy-on-write, as PyTorch likes it: what is written to a view never reaches the file.
    Raises `ModelError` for a name that is not in the index, for data that is cut short or altered, and for types
    other than those in `DTYPES`.
    """
    shard_count, entries = _read_index(prefix)
    shards: dict[int, Array] = {}
    tensors = {}
    for name in names:
        if name not in entries:
            raise ModelError(f"{prefix}.index names no tensor {name!r}: it belongs to another kind of model.")
        entry = entries[name]
        path = _data_path(prefix, entry.shard, shard_count)
        if entry.shard not in shards:
            shards[entry.shard] = _map(path)
        tensors[name] = _read_tensor(name, entry, shards[entry.shard], path)
    return tensors


def write_bundle(prefix: Path, tensors: Mapping[str, Array]) -> None:
    """Write the bundle `prefix`, the same bytes as TensorFlow's own saver. The index appears last, and whole.

    Raises `ModelError` for a type that is not in `DTYPES`.
    """
    values = {b"": _HEADER}
    offset = 0
    with _replacing(_data_path(prefix, 0, 1)) as partial, partial.open("wb") as file:
        for name in sorted(tensors, key=str.encode):
            array = tensors[name]
            dtype = array.dtype.newbyteorder("<")
            if dtype not in _NUMBERS:
                raise ModelError(f"The tensor {name} is of type {array.dtype}, which cannot be written: use float32.")
            content = np.ascontiguousarray(array, dtype=dtype).reshape(-1).view(np.uint8).data
            file.write(content)
            entry = BundleEntry(_NUMBERS[dtype], array.shape, 0, offset, len(content), masked_crc32c(content))
            values[name.encode()] = _encode_entry(entry)
            offset += entry.size
    with _replacing(Path(f"{prefix}.index")) as partial:
        partial.write_bytes(encode_table(values))


def _data_path(prefix: Path, shard: int, shard_count: int) -> Path:
    return Path(f"{prefix}.data-{shard:05d}-of-{shard_count:05d}")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, which takes its place if all goes well."""
    partial = path.with_name(path.name + ".part")
    try:
        yield partial
        replace_file(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing, and the checkpoint cannot be read without it: copy it there as well.")
    if is_git_lfs_pointer(path):
        raise ModelError(f"{path} is a git-lfs pointer and not the file itself: run `git lfs pull` where it lies.")


def _map(path: Path) -> Array:
    _require_file(path)
    if path.stat().st_size == 0:
        return np.empty(0, np.uint8)  # there is nothing to map
    return np.memmap(path, np.uint8, mode="c")


def _read_tensor(name: str, entry: BundleEntry, shard: Array, path: Path) -> Array:
    if entry.dtype not in DTYPES:
        raise ModelError(f"The tensor {name} in {path} is of TensorFlow's type {entry.dtype}, which cannot be read.")
    dtype = DTYPES[entry.dtype]
    if entry.size != math.prod(entry.shape) * dtype.itemsize:
        raise ModelError(f"The tensor {name} in {path} has a size that belies its shape: get the checkpoint again.")
    end = entry.offset + entry.size
    if end > shard.size:
        raise ModelError(
            f"{path} is cut short: it has {shard.size:,} bytes and the tensor {name} ends at {end:,}; get it again."
        )
    content = shard[entry.offset : end]
    if masked_crc32c(content.data) != entry.crc32c:
        raise ModelError(f"{path} is damaged: the tensor {name} fails its checksum; get it again.")
    return np.asarray(content).view(dtype).reshape(entry.shape)


def _read_index(prefix: Path) -> tuple[int, dict[str, BundleEntry]]:
    """The number of data files, and the entries by name."""
    path = Path(f"{prefix}.index")
    _require_file(path)
    try:
        values = decode_table(path.read_bytes())
        shard_count = _decode_header(values.pop(b"", b""))
        return shard_count, {key.decode(): _decode_entry(value, shard_count) for key, value in values.items()}
    except (CorruptError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is damaged ({error}): get the checkpoint again.") from error


def _decode_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The field numbers and values of a protocol buffer message."""
    position = 0
    while position < len(message):
        tag, position = decode_varint(message, position)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, position = decode_varint(message, position)
            yield number, value
            continue
        if kind == 2:
            size, position = decode_varint(message, position)
        elif kind == 5:
            size = 4
        else:
            raise CorruptError(f"a field is of kind {kind}, which the index has not")
        if position + size > len(message):
            raise CorruptError("a field is cut short")
        content = message[position : position + size]
        position += size
        yield number, content if kind == 2 else int.from_bytes(content, "little")


def _decode_header(message: bytes) -> int:
    """The number of data files. BundleHeaderProto: num_shards = 1, endianness = 2 (0 is little), version = 3."""
    fields = dict(_decode_fields(message))
    if fields.get(2, 0) != 0:
        raise CorruptError("it comes from a big-endian machine")
    shard_count = fields.get(1, 0)
    if not isinstance(shard_count, int) or not 1 <= shard_count <= 99_999:
        raise CorruptError("it does not say how many data files there are")
    return shard_count


def _decode_entry(message: bytes, shard_count: int) -> BundleEntry:
    """BundleEntryProto: dtype = 1, shape = 2, shard_id = 3, offset = 4, size = 5, crc32c = 6, slices = 7."""
    numbers = dict.fromkeys((1, 3, 4, 5, 6), 0)
    shape: tuple[int, ...] = ()
    for number, value in _decode_fields(message):
        if number == 2 and isinstance(value, bytes):
            shape = tuple(_decode_dimension(dimension) for field, dimension in _decode_fields(value) if field == 2)
        elif number in numbers and isinstance(value, int):
            numbers[number] = value
        else:
            raise CorruptError("a tensor is kept in slices, or in a way unknown")
    if numbers[3] >= shard_count:
        raise CorruptError("a tensor lies in a data file that there is not")
    return BundleEntry(numbers[1], shape, numbers[3], numbers[4], numbers[5], numbers[6])


def _decode_dimension(message: int | bytes) -> int:
    """TensorShapeProto.Dim: size = 1."""
    size = dict(_decode_fields(message)).get(1, 0) if isinstance(message, bytes) else b""
    if not isinstance(size, int):
        raise CorruptError("a shape is garbled")
    return size


def _encode_entry(entry: BundleEntry) -> bytes:
    """The message that `_decode_entry` reads. As in every protocol buffer, numbers that are 0 are left out."""
    dimensions = b"".join(_encode_bytes(2, _encode_number(1, size)) for size in entry.shape)
    return (
        _encode_number(1, entry.dtype)
        + _encode_bytes(2, dimensions)
        + _encode_number(4, entry.offset)
        + _encode_number(5, entry.size)
        + (b"" if entry.crc32c == 0 else encode_varint(6 << 3 | 5) + entry.crc32c.to_bytes(4, "little"))
    )


def _encode_number(field: int, value: int) -> bytes:
    return b"" if value == 0 else encode_varint(field << 3) + encode_varint(value)


def _encode_bytes(field: int, content: bytes) -> bytes:
    return encode_varint(field << 3 | 2) + encode_varint(len(content)) + content
