"""How this process comes by memory. The system zeroes every page that is first touched, which costs time."""

from __future__ import annotations

import ctypes
import os
import platform

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Settings of glibc's malloc.h: free bytes at the heap's end that are kept, and pieces that are no part of the heap."""
KEPT_BYTES = 2**30
"""More than an overfit of 124 million weights needs for a moment."""


def use_large_pages() -> None:
    """Ask PyTorch for pages of 2 MB where the system has them. To be called before it first allocates any."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def keep_freed_memory() -> None:
    """Let what one passage frees stay with this process for the next, where the C library is glibc.

    Elsewhere nothing is done: it is glibc's own `mallopt`.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
