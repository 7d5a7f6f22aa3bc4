"""Install packages with uv, which is several times as fast as pip; with pip where uv cannot be had or cannot do it.

`python tools/install.py -e '.[torch,site]'`. The PyTorch that is installed stays, whatever uv's index would choose: see
`install_torch.py`. pip is set up in ways that uv does not read (mirrors, folders of wheels, proxies), so what uv cannot
fetch is left to pip without a word.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
UV = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable, "--compile-bytecode"]
UV_WANTED = "uv>=0.7,<1"


def main(requirements: list[str]) -> int:
    return 0 if with_uv(requirements) else subprocess.run([*PIP, *requirements], check=False).returncode


def with_uv(requirements: list[str]) -> bool:
    """Whether uv could be had, and installed all."""
    if find_spec("uv") is None and subprocess.run([*PIP, UV_WANTED], capture_output=True, check=False).returncode:
        return False
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder, "kept.txt")
        kept.write_text(torch_as_it_is(), encoding="utf-8")
        command = [*UV, "--overrides", str(kept), *requirements]
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def torch_as_it_is() -> str:
    """A requirement that only the PyTorch which is installed meets; empty if there is none."""
    try:
        return f"torch=={version('torch')}\n"
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
