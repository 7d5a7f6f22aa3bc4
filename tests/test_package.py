"""The wheel and the sdist are whole: what they install works without the checkout, and says one version."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import CHECKPOINTS, ROOT
from tests.desks import Client
from tests.speaking_model import ESSAY
from verbosify.web.access import Access, secret_in

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made out of it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def python(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the packages this one has, and of verbosify the wheel alone."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    packages = next(folder.glob("lib/python*/site-packages"))
    ours = [path for path in sys.path if "site-packages" in path and Path(path).is_dir()]
    (packages / "others.pth").write_text("\n".join(ours), encoding="utf-8")
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(packages)  # noqa: S202  # we have just made it
    return folder / "bin" / "python"


def run(python: Path, folder: Path, *arguments: object) -> str:
    command = [str(python), *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=surroundings(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def surroundings() -> dict[str, str]:
    """Variables that do not lead to the checkout's code."""
    here = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return here | {"VERBOSIFY_CHECKPOINTS": str(CHECKPOINTS)}


def test_both_hold_all_that_pages_and_widgets_need(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        in_wheel = set(wheel.namelist())
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        in_sdist = {name.partition("/")[2] for name in sdist.getnames()}

    tracked = subprocess.run(["git", "ls-files", "verbosify"], cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = {name for name in tracked.stdout.splitlines() if (ROOT / name).is_file()}
    assert wanted <= in_wheel
    assert wanted <= in_sdist
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "notebooks/01_verbosify.ipynb"} <= in_sdist
    assert not any(
        name.startswith(("tests/", "site/", "checkpoints/")) for name in in_sdist - {"checkpoints/README.md"}
    )


def test_the_wheel_makes_a_piece_and_its_page_alone_and_has_its_notebook(
    python: Path, tmp_path: Path, speaking_model: Path
) -> None:
    (tmp_path / "essay.md").write_text(ESSAY, encoding="utf-8")
    program = (
        "import verbosify, verbosify.notebook as n\nfrom verbosify.cli import main\n"
        "print(verbosify.__file__, verbosify.__version__, len([getattr(n, name) for name in n.__all__]))\nmain()\n"
    )
    quick = ("--samples", 2, "--most-samples", 2, "--length", 20)

    out = run(python, tmp_path, "-c", program, "run", "essay.md", "--model", speaking_model, *quick)

    file, said, names = out.split()[:3]
    assert (file, said) == (str(next(python.parents[1].rglob("verbosify/__init__.py"))), VERSION)
    assert int(names) > 15
    assert (tmp_path / "pieces" / "essay" / "site" / "index.html").is_file()


def test_the_wheel_has_its_desk(python: Path, tmp_path: Path, speaking_model: Path) -> None:
    program = "from verbosify.cli import main; main()"
    options = ("--folder", tmp_path, "--no-browser", "--port", 0, "--model", speaking_model)
    command = [str(python), "-c", program, "desk", *map(str, options)]

    with subprocess.Popen(command, cwd=tmp_path, env=surroundings(), stderr=subprocess.PIPE, text=True) as desk:
        try:
            assert desk.stderr is not None
            found = (re.search(r"(http://[\d.:]+)/\?token=", line) for line in desk.stderr)
            client = Client(next(match[1] for match in found if match), Access(secret_in(tmp_path)))
            with closing(client.http):
                parts = [client.http.get(path).status_code for path in ("/", "/desk.js", "/desk.css", "/icon.svg")]
                rows = client.generate(client.draft(), n=2, settings={"length": 5})
        finally:
            desk.terminate()

    assert parts == [200] * 4
    assert len(rows) == 2


def test_one_place_says_the_version() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    tutorial = (ROOT / "docs" / "tutorial" / "first-piece.md").read_text(encoding="utf-8")
    assert f"## {VERSION}" in changes
    assert (f"## {VERSION} (unreleased)" in changes) is (f"Version {VERSION} is not released yet" in tutorial)
    assert f"version: {VERSION}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_workflows_run_what_is_there() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"\b(?:tests|tools)/[\w/]+\.py\b", text):
            assert (ROOT / name).is_file(), name
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "optional-dependencies"
        ]
        for asked in re.findall(r"-e \"\.\[([\w,]+)\]\"", text):
            assert set(asked.split(",")) <= extras.keys()
