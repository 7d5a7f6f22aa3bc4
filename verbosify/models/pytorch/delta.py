"""What an overfit did to the weights, packed small and without loss. Knows arrays of floats and nothing else.

Two floats that are close are close as whole numbers too, once their bits are read in the order of their size. Of each
weight only the difference of those numbers is kept; the differences' bytes, all the lowest first, then all the next,
are packed with deflate. In bfloat16 a step of 1e-4 moves most weights by -1, 0 or 1 places: about two bits a
weight. In float32 the lowest byte is noise, and half the size of the weights is what remains.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from verbosify.errors import ModelError

Bits = np.ndarray[Any, np.dtype[Any]]
"""The bits of floats, as signed whole numbers of the same width: int16 for bfloat16, int32 for float32."""


def pack_delta(before: Bits, after: Bits) -> bytes:
    """What turns `before` into `after`; both of one type and shape."""
    difference = _in_order(after) - _in_order(before)  # it wraps around, here and back again
    width = difference.dtype.itemsize * 8
    folded = (difference << 1) ^ (difference >> (width - 1))  # 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
    planes = folded.reshape(-1).view(np.uint8).reshape(-1, difference.dtype.itemsize).T
    packer = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    return packer.compress(np.ascontiguousarray(planes).data) + packer.flush()


def apply_delta(before: Bits, packed: bytes) -> Bits:
    """`after`, as `pack_delta` was given it. `ModelError` if `packed` is damaged or made for another shape."""
    width = before.dtype.itemsize
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, before.nbytes + 1)
    except zlib.error as error:
        raise ModelError(f"The kept step is damaged ({error}): make it again from its recipe.") from error
    if len(content) != before.nbytes or not unpacker.eof:
        raise ModelError("The kept step is damaged or belongs to a model of another shape: make it again.")
    planes = np.frombuffer(content, np.uint8).reshape(width, -1)
    folded = np.ascontiguousarray(planes.T).reshape(-1).view(f"u{width}").reshape(before.shape)
    difference = (folded >> 1).view(before.dtype) ^ -(folded & 1).view(before.dtype)
    return _in_order(_in_order(before) + difference)


def _in_order(bits: Bits) -> Bits:
    """The floats' bits as numbers in the floats' order; done twice it is undone."""
    return np.where(bits < 0, bits ^ np.iinfo(bits.dtype).max, bits)
