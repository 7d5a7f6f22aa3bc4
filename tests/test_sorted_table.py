from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verbosify.models.formats.sorted_table import (
    CorruptError,
    decode_table,
    decode_varint,
    encode_table,
    encode_varint,
    masked_crc32c,
)

TABLES = st.dictionaries(st.binary(max_size=12), st.binary(max_size=40), min_size=1, max_size=60)
TABLE = {b"": b"header", b"model/h0/w": b"one", b"model/h1/w": b"two", b"model/wte": b"three"}


def rewrite(table: bytes, offset: int, size: int, block: bytes) -> bytes:
    """`table` with the block there replaced by one of the same size, its checksum made good."""
    assert len(block) == size + 1
    return table[:offset] + block + struct.pack("<I", masked_crc32c(block)) + table[offset + size + 5 :]


@settings(deadline=None)
@given(TABLES)
def test_a_table_holds_what_was_put_in(pairs: dict[bytes, bytes]) -> None:
    assert decode_table(encode_table(pairs)) == pairs


@settings(deadline=None)
@given(TABLES, st.data())
def test_a_changed_byte_is_found_or_does_not_matter(pairs: dict[bytes, bytes], data: st.DataObject) -> None:
    table = bytearray(encode_table(pairs))
    table[data.draw(st.integers(0, len(table) - 1))] ^= data.draw(st.integers(1, 255))

    try:
        found = decode_table(bytes(table))
    except CorruptError:
        return

    assert found in (pairs, {})  # {}: a footer that points at the empty meta index, whose checksum is good


@settings(deadline=None)
@given(TABLES, st.data())
def test_a_table_cut_short_is_refused(pairs: dict[bytes, bytes], data: st.DataObject) -> None:
    table = encode_table(pairs)

    with pytest.raises(CorruptError):
        decode_table(table[: data.draw(st.integers(0, len(table) - 1))])


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(CorruptError):
        decode_table(content)


@settings(deadline=None)
@given(st.integers(0, 2**63))
def test_a_number_is_read_as_it_was_written(value: int) -> None:
    assert decode_varint(b"x" + encode_varint(value) + b"y", 1) == (value, 1 + len(encode_varint(value)))


@pytest.mark.parametrize("content", [b"", b"\x80", b"\xff" * 11])
def test_a_number_without_an_end_is_refused(content: bytes) -> None:
    with pytest.raises(CorruptError, match="a number is"):
        decode_varint(content, 0)


def test_a_compressed_block_is_refused() -> None:
    table = encode_table({b"key": b"value"})
    size = len(b"\0\3\5keyvalue") + 8

    with pytest.raises(CorruptError, match="compressed"):
        decode_table(rewrite(table, 0, size, table[:size] + b"\1"))


def test_a_key_that_shares_more_than_there_is_is_refused() -> None:
    table = encode_table({b"key": b"value"})
    size = len(b"\0\3\5keyvalue") + 8

    with pytest.raises(CorruptError, match="leaves its block"):
        decode_table(rewrite(table, 0, size, b"\7" + table[1 : size + 1]))


def test_a_block_beyond_the_end_is_refused() -> None:
    table = encode_table({b"key": b"value"})
    footer = encode_varint(0) * 2 + encode_varint(10**9) + encode_varint(10**9)

    with pytest.raises(CorruptError, match="a block lies outside it"):
        decode_table(table[:-48] + footer.ljust(40, b"\0") + table[-8:])


def test_the_checksum_is_crc32c_masked() -> None:
    # CRC-32C of "123456789" is 0xE3069283 (RFC 3720); the mask rotates by 15 and adds a constant
    crc = 0xE3069283

    assert masked_crc32c(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


def test_a_key_of_highest_bytes_is_its_own_successor() -> None:
    assert decode_table(encode_table({b"\xff\xff": b"value"})) == {b"\xff\xff": b"value"}
