"""Install PyTorch for the processor alone where there is no NVIDIA card, whatever pip's index would choose.

`python tools/install_torch.py torch==2.13.0`. On Linux, the common package index gives a build that brings 3 GB of CUDA
libraries; some indexes and folders of wheels give a build for the processor. So pip is asked first what it would
install. If that holds CUDA and there is no card to use it, uv is asked for the build for the processor, and only where
uv cannot reach it either, pip's choice is taken, which works as well.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
CUDA = ("nvidia-", "nvidia_", "cuda-", "cuda_")


def main(requirement: str) -> int:
    if has_nvidia_card() or not brings_cuda(requirement):
        return pip(requirement)
    print("pip would fetch CUDA libraries, and no NVIDIA card is here: asking uv for the build without them.")
    if pip("uv>=0.7,<1") == 0 and uv(requirement) == 0:
        return 0
    print(
        "No build of PyTorch for the processor alone can be reached, so the one with CUDA comes: 3 GB more, and it "
        "works as well. To avoid that, stop here, fetch a CPU wheel by hand, and run: make demo TORCH=PATH_OF_THE_WHEEL"
    )
    return pip(requirement)


def has_nvidia_card() -> bool:
    """Whether the driver's own tool lists a card."""
    tool = shutil.which("nvidia-smi")
    return tool is not None and subprocess.run([tool, "-L"], capture_output=True, check=False).stdout.startswith(b"GPU")


def brings_cuda(requirement: str) -> bool:
    """Whether pip, as it is set up here, would install CUDA libraries with `requirement`.

    What pip cannot resolve brings nothing: its own error comes when it is asked to install.
    """
    plan = [*PIP, "--dry-run", "--ignore-installed", "--report", "-", requirement]
    done = subprocess.run(plan, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode:
        return False
    names = [item["metadata"]["name"].lower() for item in json.loads(done.stdout)["install"]]
    return any(name.startswith(CUDA) for name in names)


def pip(requirement: str) -> int:
    return subprocess.run([*PIP, requirement], check=False).returncode


def uv(requirement: str) -> int:
    command = ["-m", "uv", "pip", "install", "--quiet", "--python", sys.executable, "--torch-backend=cpu", requirement]
    return subprocess.run([sys.executable, *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
