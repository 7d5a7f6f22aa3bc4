"""PyTorch comes without gigabytes of CUDA libraries where there is no card to use them, the rest by uv where it can."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pip
import pytest
import uv

from tests.commands import ROOT
from tests.wheel_maker import make_wheel

UV = """
import pathlib, sys
overrides = pathlib.Path(sys.argv[sys.argv.index("--overrides") + 1]).read_text()
pathlib.Path({noted!r}).write_text(" ".join(sys.argv[-2:]) + "; " + overrides)
sys.exit({code})
"""
"""An uv that notes what it is asked for, and ends with a code."""
PROJECT = """
[project]
name = "room"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["lamp"]
[project.optional-dependencies]
dark = ["torch", "shade"]
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import shutil
def build_editable(folder, config_settings=None, metadata_directory=None):
    return shutil.copy("room-1.0-py3-none-any.whl", folder).rpartition("/")[2]
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of a virtual environment of its own, with pip."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    shutil.copytree(Path(pip.__file__).parent, packages_of(python) / "pip")
    return python


@pytest.fixture(autouse=True)
def _nothing_but_pip(python: Path) -> None:
    for path in packages_of(python).iterdir():
        if path.name != "pip":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def packages_of(python: Path) -> Path:
    return next(python.parent.parent.glob("lib/python*/site-packages"))


def install(
    python: Path, wheels: Path, *, path: str = "", script: str = "install_torch.py", wanted: str = "torch==2.13.0"
) -> subprocess.CompletedProcess[str]:
    """Run a script of tools/ against a folder of wheels and nothing else."""
    command = [str(python), str(ROOT / "tools" / script), *wanted.split()]
    env = nothing_but(wheels) | {"PATH": path}
    return subprocess.run(command, cwd=wheels, env=env, capture_output=True, text=True, check=False)


def nothing_but(wheels: Path) -> dict[str, str]:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    for_pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    for_uv = {"UV_OFFLINE": "1", "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels), "UV_CACHE_DIR": f"{wheels}/cache"}
    return surroundings | for_pip | for_uv


def installed(python: Path) -> set[str]:
    return {path.name.partition("-")[0] for path in packages_of(python).glob("*.dist-info")}


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


@pytest.mark.parametrize(("code", "by_pip"), [(0, False), (2, True)])
def test_other_packages_are_asked_of_uv_first_and_torch_stays(
    code: int, by_pip: bool, python: Path, tmp_path: Path
) -> None:
    noted = tmp_path / "noted"
    uv = UV.format(noted=str(noted), code=code).encode()
    make_wheel(tmp_path, {"uv/__init__.py": b"", "uv/__main__.py": uv}, project="uv", version="0.9")
    make_wheel(tmp_path, {"lamp.py": b""}, project="lamp")
    make_wheel(packages_of(python), {"torch.py": b""}, project="torch", version="2.13.0+cpu")
    with zipfile.ZipFile(next(packages_of(python).glob("torch*.whl"))) as wheel:
        wheel.extractall(packages_of(python))

    done = install(python, tmp_path, script="install.py", wanted="--pre lamp")

    assert done.returncode == 0, done.stderr
    assert noted.read_text() == "--pre lamp; torch==2.13.0+cpu\n"
    assert ("lamp" in installed(python)) is by_pip


def test_without_uv_pip_says_what_cannot_be_installed(python: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path, {"lamp.py": b""}, project="lamp", requires=("nowhere",))

    done = install(python, tmp_path, script="install.py", wanted="lamp")

    assert done.returncode == 1
    assert "nowhere" in done.stderr


@pytest.fixture
def locked(python: Path, tmp_path: Path) -> Path:
    """A project's folder with a lock that names lamp 1.0, and a newer lamp beside it; uv and torch are installed."""
    for name in ("uv", f"uv-{version('uv')}.dist-info"):
        (packages_of(python) / name).symlink_to(Path(uv.__file__).parents[1] / name)
    tool = python.parent / "uv"
    tool.unlink(missing_ok=True)
    tool.symlink_to(Path(sysconfig.get_path("scripts")) / "uv")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "backend.py").write_text(BACKEND)
    make_wheel(tmp_path, {"room.py": b""}, project="room", requires=("lamp",))
    for name in ("lamp", "shade", "nvidia-cublas"):
        make_wheel(tmp_path, {f"{name}.py": b""}, project=name)
    make_wheel(tmp_path, {"torch.py": b""}, project="torch", version="2.13.0", requires=("nvidia-cublas",))
    subprocess.run([tool, "lock", "--python", python], cwd=tmp_path, env=nothing_but(tmp_path), check=True)
    make_wheel(tmp_path, {"lamp.py": b""}, project="lamp", version="2.0")
    here = make_wheel(tmp_path, {"torch.py": b""}, project="torch", version="2.13.0+cpu")
    with zipfile.ZipFile(tmp_path / here.filename) as wheel:
        wheel.extractall(packages_of(python))
    return tmp_path


@pytest.mark.parametrize(("there", "lamp", "said"), [(True, "1.0", ""), (False, "2.0", "uv.lock's")])
def test_what_the_lock_names_is_installed_where_it_can_be_had_and_torch_stays(
    there: bool, lamp: str, said: str, python: Path, locked: Path
) -> None:
    if not there:
        next(locked.glob("lamp-1.0-*.whl")).unlink()

    done = install(python, locked, script="install.py", wanted="-e .[dark]")

    assert done.returncode == 0, done.stderr
    assert done.stdout.partition(" versions")[0] == said
    assert (packages_of(python) / f"lamp-{lamp}.dist-info").is_dir()
    assert {"room", "shade"} <= installed(python)
    assert "nvidia_cublas" not in installed(python)
    assert (packages_of(python) / "torch-2.13.0+cpu.dist-info").is_dir()
