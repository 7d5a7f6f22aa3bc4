from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.tiny_models import write_gpt2
from verbosify.models.pytorch.allocator import KEPT_KERNELS, keep_few_kernels, use_large_pages
from verbosify.models.pytorch.model import has_fast_bf16

FAULTS = """
import resource
import torch
from verbosify.models.pytorch.allocator import keep_freed_memory

def faults():
    torch.ones(2**24)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**23)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

anew = faults()
keep_freed_memory()
print(anew, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_memory_that_was_freed_is_used_again() -> None:
    """32 MB after 64 are 8,192 pages of 4 kB, each of which the system hands out when it is first touched."""
    environment = {name: value for name, value in os.environ.items() if name != "THP_MEM_ALLOC_ENABLE"}
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True, env=environment)

    anew, again = (int(number) for number in done.stdout.split())
    assert anew > 8000
    assert again < 100


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from verbosify.models.pytorch import allocator as memory

    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: pytest.fail("glibc was asked"))

    memory.keep_freed_memory()


@pytest.mark.parametrize(
    ("ask", "variable", "ours"),
    [
        (use_large_pages, "THP_MEM_ALLOC_ENABLE", "1"),
        (keep_few_kernels, "LRU_CACHE_CAPACITY", str(KEPT_KERNELS)),
        (keep_few_kernels, "ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KEPT_KERNELS)),
    ],
)
def test_a_users_own_choice_is_respected(
    ask: Callable[[], None], variable: str, ours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "0")
    ask()
    assert os.environ[variable] == "0"

    monkeypatch.delenv(variable)
    ask()
    assert os.environ[variable] == ours


GROWTH = """
import sys
from pathlib import Path
import psutil
from verbosify.models.loading import load_model
from verbosify.models.settings import RECIPES, SamplingSettings

model = load_model(sys.argv[1], precision="bf16")
memory = []
for number in range(120):
    text = "rover " * (4 + number % 60)
    with model.overfit(text, RECIPES["passage"]):
        model.sample(text, SamplingSettings(n=2, length=12, seed=number))
    memory.append(psutil.Process().memory_info().rss)
print(max(memory) - memory[0], max(memory[60:]) - memory[59])
"""


@pytest.mark.skipif(not has_fast_bf16(torch.device("cpu")), reason="products are compiled by oneDNN where bf16 is fast")
def test_passages_of_all_lengths_take_no_more_memory_than_a_few(tmp_path: Path) -> None:
    """Every length twice. Without a bound the first round takes about 700 MB."""
    folder = write_gpt2(tmp_path, context=1024)
    done = subprocess.run([sys.executable, "-c", GROWTH, str(folder)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    first, second = (int(growth) for growth in done.stdout.split())
    assert first < 350e6
    assert second < 30e6
