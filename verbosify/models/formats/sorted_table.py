"""LevelDB's sorted table, the file format of TensorFlow's checkpoint index: bytes in, keys and values out, and back.

The format is described at https://github.com/google/leveldb/blob/main/doc/table_format.md. A table is blocks of sorted
keys and values, each block with a masked CRC-32C, then an index of those blocks, then a footer with a magic number.
TensorFlow never compresses blocks and leaves the meta index empty; so does this. Knows nothing of what the values mean.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48  # two block handles, padded to 40 bytes, then the magic number
_TRAILER = 5  # behind every block: its compression (one byte) and its masked CRC-32C
_RESTART_INTERVAL = 16  # in a block of keys, every 16th is written whole
_CHUNK = 1 << 20


class CorruptError(Exception):
    """Bytes that do not hold to their format, and in what."""


def decode_table(table: bytes) -> dict[bytes, bytes]:
    """The keys and values of a whole table, every checksum verified. `CorruptError` if it is damaged."""
    if len(table) < _FOOTER or int.from_bytes(table[-8:], "little") != _MAGIC:
        raise CorruptError("its end is missing, or it is something else")
    _, _, position = _decode_handle(table, len(table) - _FOOTER)  # of the meta index
    offset, size, _ = _decode_handle(table, position)
    pairs: dict[bytes, bytes] = {}
    for _, handle in _decode_block(table, offset, size):
        block_offset, block_size, _ = _decode_handle(handle, 0)
        pairs.update(_decode_block(table, block_offset, block_size))
    return pairs


def encode_table(pairs: Mapping[bytes, bytes]) -> bytes:
    """The table of `pairs` (at least one), with all of them in one block."""
    keys = sorted(pairs)
    table = bytearray()
    block = _append_block(table, [(key, pairs[key]) for key in keys], _RESTART_INTERVAL)
    meta = _append_block(table, [], 1)
    index = _append_block(table, [(_short_successor(keys[-1]), block)], 1)
    table += (meta + index).ljust(_FOOTER - 8, b"\0") + struct.pack("<Q", _MAGIC)
    return bytes(table)


def masked_crc32c(content: bytes | memoryview) -> int:
    """The CRC-32C of `content`, masked as LevelDB does so that checksums may themselves be checksummed."""
    import google_crc32c

    crc = 0
    for start in range(0, len(content), _CHUNK):  # it takes only `bytes`, so copy a little at a time
        crc = google_crc32c.extend(crc, bytes(content[start : start + _CHUNK]))
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def decode_varint(content: bytes, position: int) -> tuple[int, int]:
    """The integer at `position`, seven bits a byte with the lowest first, and the position behind it."""
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(content):
            raise CorruptError("a number is cut short")
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise CorruptError("a number is too long")


def encode_varint(value: int) -> bytes:
    """`value` (from 0 up) as `decode_varint` reads it."""
    content = bytearray()
    while value >= 0x80:
        content.append(value & 0x7F | 0x80)
        value >>= 7
    content.append(value)
    return bytes(content)


def _decode_handle(content: bytes, position: int) -> tuple[int, int, int]:
    """A block's offset and size, and the position behind the handle."""
    offset, position = decode_varint(content, position)
    size, position = decode_varint(content, position)
    return offset, size, position


def _decode_block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The block's keys and values. A key is so many of the last one's first bytes, then some of its own."""
    if size < 4 or offset + size + _TRAILER > len(table):
        raise CorruptError("a block lies outside it")
    block = table[offset : offset + size]
    compression, crc = struct.unpack_from("<BI", table, offset + size)
    if masked_crc32c(table[offset : offset + size + 1]) != crc:
        raise CorruptError("a block fails its checksum")
    if compression != 0:
        raise CorruptError("a block is compressed, which TensorFlow never does")
    (restarts,) = struct.unpack_from("<I", block, size - 4)
    end = size - 4 - 4 * restarts
    position, key = 0, b""
    while position < end:
        shared, position = decode_varint(block, position)
        own, position = decode_varint(block, position)
        length, position = decode_varint(block, position)
        if shared > len(key) or position + own + length > end:
            raise CorruptError("a key or a value leaves its block")
        key = key[:shared] + block[position : position + own]
        position += own + length
        yield key, block[position - length : position]


def _append_block(table: bytearray, pairs: list[tuple[bytes, bytes]], restart_interval: int) -> bytes:
    """Append a block and its trailer to `table`; returns its handle."""
    block = bytearray()
    restarts = []
    last = b""
    for number, (key, value) in enumerate(pairs):
        shared = 0
        if number % restart_interval == 0:
            restarts.append(len(block))
        else:
            shared = _common_prefix(last, key)
        block += encode_varint(shared) + encode_varint(len(key) - shared) + encode_varint(len(value))
        block += key[shared:] + value
        last = key
    restarts = restarts or [0]
    block += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
    handle = encode_varint(len(table)) + encode_varint(len(block))
    block.append(0)  # not compressed
    table += block + struct.pack("<I", masked_crc32c(bytes(block)))
    return handle


def _common_prefix(one: bytes, other: bytes) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _short_successor(key: bytes) -> bytes:
    """A short key not below `key`: up to its first byte that can be raised by one."""
    for position, byte in enumerate(key):
        if byte != 0xFF:
            return key[:position] + bytes([byte + 1])
    return key
