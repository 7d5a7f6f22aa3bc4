"""Install packages with uv, which is several times as fast as pip; with pip where uv cannot be had or cannot do it.

`python tools/install.py -e '.[torch,site]'`. Where `uv.lock` lies beside the project, its extras are installed in the
versions that the lock names, whose hashes are checked; where those cannot all be had, in the newest that fit. The
PyTorch that is installed stays, whatever uv's index or the lock would choose: see `install_torch.py`. pip is set up in
ways that uv does not read (mirrors, folders of wheels, proxies), so what uv cannot fetch is left to pip.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
UV = [sys.executable, "-m", "uv"]
UV_INSTALL = [*UV, "pip", "install", "--quiet", "--python", sys.executable]
UV_WANTED = "uv>=0.7,<1"
LOCK = Path("uv.lock")


def main(requirements: list[str]) -> int:
    if find_spec("uv") is not None or not failed([*PIP, UV_WANTED]):
        extras = extras_of(requirements) if LOCK.is_file() else None
        if extras is not None:
            if with_lock(extras):
                return 0
            print("uv.lock's versions cannot all be had here: the newest that fit are installed.", flush=True)
        if with_uv(requirements):
            return 0
    return subprocess.run([*PIP, *requirements], check=False).returncode


def extras_of(requirements: list[str]) -> list[str] | None:
    """The extras of the project in this folder, if it is all that is to be installed, and to be installed editably."""
    found = re.fullmatch(r"-e \.(?:\[([\w,-]+)\])?", " ".join(requirements))
    return None if found is None else (found[1] or "").split(",")


def with_lock(extras: list[str]) -> bool:
    """Whether uv could install the versions that the lock names, and the project.

    PyTorch is left out, with all that it alone brings: it is there already, in the build for this computer.
    """
    with tempfile.TemporaryDirectory() as folder:
        locked = Path(folder, "locked.txt")
        chosen = [word for extra in extras if extra for word in ("--extra", extra)]
        without = ["--no-emit-project", *(("--prune", "torch") if torch_as_it_is() else ())]
        return not (
            failed([*UV, "export", "--frozen", *without, *chosen, "--output-file", str(locked)])
            or failed([*UV_INSTALL, "--no-deps", "--requirements", str(locked)])
            or failed([*UV_INSTALL, "--no-deps", "--editable", "."])
        )


def with_uv(requirements: list[str]) -> bool:
    """Whether uv could install all."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder, "kept.txt")
        kept.write_text(torch_as_it_is(), encoding="utf-8")
        return not failed([*UV_INSTALL, "--overrides", str(kept), *requirements])


def torch_as_it_is() -> str:
    """A requirement that only the PyTorch which is installed meets; empty if there is none."""
    try:
        return f"torch=={version('torch')}\n"
    except PackageNotFoundError:
        return ""


def failed(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
