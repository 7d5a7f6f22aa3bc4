from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from verbosify.models.memory import use_large_pages

FAULTS = """
import resource
import torch
from verbosify.models.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**23)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = faults(), faults()
keep_freed_memory()
faults()
print(*before, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_memory_that_was_freed_is_used_again() -> None:
    """32 MB are 8,192 pages of 4 kB, each of which the system hands out when it is first touched."""
    environment = {name: value for name, value in os.environ.items() if name != "THP_MEM_ALLOC_ENABLE"}
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True, env=environment)

    _, anew, again = (int(number) for number in done.stdout.split())
    assert anew > 8000
    assert again < 100


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from verbosify.models import memory

    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: pytest.fail("glibc was asked"))

    memory.keep_freed_memory()


def test_a_choice_about_large_pages_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")
    use_large_pages()
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "0"

    monkeypatch.delenv("THP_MEM_ALLOC_ENABLE")
    use_large_pages()
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "1"
