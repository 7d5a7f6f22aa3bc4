"""Install a wheel with `[notebook]` into an empty environment, without the checkout, and run notebook 01 to its end.

`python tools/try_wheel.py dist/verbosify_studio-0.2.0-py3-none-any.whl`. It takes some minutes and a gigabyte, so it is
no part of `make test`: a workflow runs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=900, resources={"metadata": {"path": "notebooks"}}).execute()
print(sum(cell.cell_type == "code" for cell in notebook.cells), "cells have run")
"""


def main(wheel: Path) -> int:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        venv.create(folder / "environment", with_pip=True)
        python = folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
        for name in ("notebooks", "essays"):
            shutil.copytree(ROOT / name, folder / name)
        install = [python, ROOT / "tools" / "install_torch.py", "torch>=2.6,<3"]
        subprocess.run(install, check=True)
        subprocess.run([python, ROOT / "tools" / "install.py", f"{wheel.resolve()}[notebook]"], check=True)
        where = "import verbosify; print(verbosify.__file__, verbosify.__version__)"
        subprocess.run([python, "-c", where], cwd=folder, check=True)
        for command in (["--version"], ["models", "get", "smollm2-135m", "minilm"], ["doctor", "--offline"]):
            subprocess.run([python, "-m", "verbosify", *command], cwd=folder, check=True)
        subprocess.run([python, "-c", RUN, "notebooks/01_verbosify.ipynb"], cwd=folder, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
