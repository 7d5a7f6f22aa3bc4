"""How this process comes by memory, and how much of it libraries keep, for whoever owns the process.

It changes the environment and the C library for good, so a library may not: programs call it at their beginning
(the command line, workers, benchmarks), a notebook if it wants to. The system zeroes every page first touched.
"""

from __future__ import annotations

import ctypes
import os
import platform

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Settings of glibc's malloc.h: free bytes at the heap's end that are kept, and pieces that are no part of the heap."""
KEPT_BYTES = 3 * 2**29
"""More than an overfit of 124 million weights needs for a moment."""
SPINS = 5_000
"""Turns for which a thread waits awake for the others of its product: a tenth to a quarter of a millisecond, as much as
lies between two products of one token. GNU's own 300,000 are more than a product takes, and a processor that waits
awake is one that those others may be waiting for."""
KEPT_KERNELS = 64
"""Compiled products that are kept: more than one passage comes back to. Every length of a text makes others."""


def tune_process() -> None:
    """Make overfits on the CPU faster, and bound what PyTorch and oneDNN remember, for the whole process.

    About a tenth of the time of an overfit where the C library is glibc, and three quarters of that of a token where
    other programs keep the processors busy. Changes the process: sets THP_MEM_ALLOC_ENABLE, LRU_CACHE_CAPACITY,
    ONEDNN_PRIMITIVE_CACHE_CAPACITY and GOMP_SPINCOUNT in its environment unless they are set, and has glibc keep up to
    1.5 GB of freed memory. To be called before PyTorch is imported; later the environment has little effect. Calling it
    again changes nothing.
    """
    use_large_pages()
    sleep_soon()
    keep_few_kernels()
    keep_freed_memory()


def use_large_pages() -> None:
    """Ask PyTorch for pages of 2 MB where the system has them."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def sleep_soon() -> None:
    """Have threads that wait for each other leave the processor to whoever has work, where OpenMP is GNU's.

    Nothing is done where the user has said how they wait.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def keep_few_kernels() -> None:
    """Let PyTorch and oneDNN forget products that were compiled but not used for long.

    Each keeps 1,024 unless told otherwise: of passages of all lengths those took gigabytes, and time to look through.
    """
    os.environ.setdefault("LRU_CACHE_CAPACITY", str(KEPT_KERNELS))
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KEPT_KERNELS))


def keep_freed_memory() -> None:
    """Let what one passage frees stay with this process for the next, where the C library is glibc.

    Elsewhere nothing is done: it is glibc's own `mallopt`.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
