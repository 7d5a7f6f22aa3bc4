from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.tiny_models import write_gpt2
from verbosify.models.process import KEPT_KERNELS, SPINS, keep_few_kernels, sleep_soon, use_large_pages
from verbosify.models.pytorch.model import has_fast_bf16


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from verbosify.models import process as memory

    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr("verbosify.models.process.ctypes.CDLL", lambda _name: pytest.fail("glibc was asked"))

    memory.keep_freed_memory()


@pytest.mark.parametrize(
    ("ask", "variable", "ours"),
    [
        (use_large_pages, "THP_MEM_ALLOC_ENABLE", "1"),
        (sleep_soon, "GOMP_SPINCOUNT", str(SPINS)),
        (keep_few_kernels, "LRU_CACHE_CAPACITY", str(KEPT_KERNELS)),
        (keep_few_kernels, "ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KEPT_KERNELS)),
    ],
)
def test_a_users_own_choice_is_respected(
    ask: Callable[[], None], variable: str, ours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.setenv(variable, "0")
    ask()
    assert os.environ[variable] == "0"

    monkeypatch.delenv(variable)
    ask()
    assert os.environ[variable] == ours


def test_how_threads_wait_is_left_to_a_user_who_has_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    sleep_soon()
    assert "GOMP_SPINCOUNT" not in os.environ


GROWTH = """
import sys
from pathlib import Path
import psutil
from verbosify.models.loading import load_model
from verbosify.models.process import tune_process
from verbosify.models.settings import RECIPES, SamplingSettings

tune_process()
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


HOST = """
import ctypes
import json
import json
import os
import sys
import torch

asked = []

class Watched(ctypes.CDLL):
    def __getattr__(self, name):
        if name == "mallopt":
            asked.append(name)
        return super().__getattr__(name)

ctypes.CDLL = Watched
environment, threads = dict(os.environ), (torch.get_num_threads(), torch.get_num_interop_threads())
import verbosify
from verbosify.models.settings import SamplingSettings
model = verbosify.load_model(sys.argv[1])
with model.overfit("the night ferry"):
    model.sample("the night ferry", SamplingSettings(n=1, length=2))
print(json.dumps({
    "environment": dict(os.environ) == environment,
    "threads": (torch.get_num_threads(), torch.get_num_interop_threads()) == threads,
    "asked": asked,
}))
verbosify.tune_process()
print(json.dumps(asked))
"""


def test_a_library_changes_nothing_for_its_host_until_it_is_asked_to(tmp_path: Path) -> None:
    folder = write_gpt2(tmp_path)
    done = subprocess.run([sys.executable, "-c", HOST, str(folder)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    before, after = (json.loads(line) for line in done.stdout.splitlines())
    assert before == {"environment": True, "threads": True, "asked": []}
    assert bool(after) == (platform.libc_ver()[0] == "glibc")
