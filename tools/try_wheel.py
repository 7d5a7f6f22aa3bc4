"""Install a wheel with `[notebook]` into an empty environment, without the checkout, and run notebook 01 to its end.

`python tools/try_wheel.py dist/*`, of which one is a wheel. What else is named, as the sdist, is then installed in its
place, and makes a piece of one passage. It takes some minutes and a gigabyte, so it is no part of `make test`: a
workflow runs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=900, resources={"metadata": {"path": "notebooks"}}).execute()
print(sum(cell.cell_type == "code" for cell in notebook.cells), "cells have run")
"""
WHERE = "import verbosify; print(verbosify.__file__, verbosify.__version__)"
COMMANDS = (["--version"], ["models", "get", "smollm2-135m", "minilm"], ["doctor", "--offline"])
PIECE = ["run", "essays/lamp.md", "--limit", "1", "--samples", "2", "--most-samples", "2", "--length", "20"]


def main(wheel: Path, others: Sequence[Path]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        venv.create(folder / "environment", with_pip=True)
        python = str(folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python")
        for name in ("notebooks", "essays"):
            shutil.copytree(ROOT / name, folder / name)

        def run(*command: str) -> None:
            subprocess.run([python, *command], cwd=folder, check=True)

        run(str(ROOT / "tools" / "install_torch.py"), "torch>=2.6,<3")
        run(str(ROOT / "tools" / "install.py"), f"{wheel}[notebook]")
        run("-c", WHERE)
        for command in COMMANDS:
            run("-m", "verbosify", *command)
        run("-c", RUN, "notebooks/01_verbosify.ipynb")
        for other in others:
            run("-m", "pip", "uninstall", "--quiet", "--yes", "verbosify-studio")
            run(str(ROOT / "tools" / "install.py"), str(other))
            run("-c", WHERE)
            run("-m", "verbosify", *PIECE)


if __name__ == "__main__":
    named = [Path(name).resolve() for name in sys.argv[1:]]
    (built,) = (path for path in named if path.suffix == ".whl")
    main(built, [path for path in named if path != built])
