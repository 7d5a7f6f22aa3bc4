"""PyTorch is installed without gigabytes of CUDA libraries where there is no card to use them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.wheel_maker import make_wheel

SCRIPT = ROOT / "tools" / "install_torch.py"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of a virtual environment of its own, with pip."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


def install(python: Path, wheels: Path, *, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run the script against a folder of wheels and nothing else."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    own = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "UV_OFFLINE": "1"}
    command = [str(python), str(SCRIPT), "torch==2.13.0"]
    return subprocess.run(
        command, env=surroundings | own | {"PATH": path}, capture_output=True, text=True, check=True
    )  # fmt: skip


def installed(python: Path) -> set[str]:
    done = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True)
    return {line.partition("=")[0].replace("_", "-") for line in done.stdout.splitlines()}


def test_a_build_without_cuda_is_taken_as_pip_finds_it(python: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path, {"torch/__init__.py": b""}, project="torch", version="2.13.0")

    done = install(python, tmp_path)

    assert done.stdout == ""
    assert "torch" in installed(python)


def test_cuda_comes_only_after_uv_was_asked_and_the_way_around_it_was_told(python: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path, {"nvidia/__init__.py": b""}, project="nvidia-cublas", version="1.0")
    make_wheel(tmp_path, {"torch/__init__.py": b""}, project="torch", version="2.13.0", requires=("nvidia-cublas",))

    done = install(python, tmp_path)

    assert "asking uv" in done.stdout
    assert "make demo TORCH=" in done.stdout
    assert "torch" in installed(python)


def test_uv_is_asked_for_the_build_of_the_processor(python: Path, tmp_path: Path) -> None:
    noted = tmp_path / "asked"
    command = f"import pathlib, sys; pathlib.Path({str(noted)!r}).write_text(' '.join(sys.argv[1:]))"
    make_wheel(tmp_path, {"nvidia/__init__.py": b""}, project="nvidia-cublas", version="1.0")
    make_wheel(tmp_path, {"torch/__init__.py": b""}, project="torch", version="2.13.0", requires=("nvidia-cublas",))
    make_wheel(tmp_path, {"uv/__init__.py": b"", "uv/__main__.py": command.encode()}, project="uv", version="0.9")

    done = install(python, tmp_path)

    assert noted.read_text().split()[-2:] == ["--torch-backend=cpu", "torch==2.13.0"]
    assert "3 GB" not in done.stdout


def test_with_a_card_cuda_is_wanted(python: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path, {"nvidia/__init__.py": b""}, project="nvidia-cublas", version="1.0")
    make_wheel(tmp_path, {"torch/__init__.py": b""}, project="torch", version="2.13.0", requires=("nvidia-cublas",))
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 'GPU 0: a card'\n")
    tool.chmod(0o755)

    done = install(python, tmp_path, path=str(tool.parent))

    assert done.stdout == ""
