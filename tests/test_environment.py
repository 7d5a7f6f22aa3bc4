"""environment.yml and pyproject.toml name the same packages in the same versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ON_CONDA_FORGE = {"pytorch": "torch"}
USERS_LIST = ("gpt-2-simple", "tensorflow", "nltk", "jupyter", "ipywidgets", "pandas")


def requirements_of_pyproject() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in ("torch", "tensorflow", "notebook", "widgets", "site"):
        wanted += project["optional-dependencies"].get(extra, [])
    return dict(split(line.partition(";")[0]) for line in wanted if not line.startswith("verbosify-studio["))


def requirements_of_environment() -> dict[str, str]:
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    entries = [match[1] for line in lines if (match := re.match(r"\s+- ([a-z0-9][^:#]*?)(?:\s+#.*)?$", line))]
    return {ON_CONDA_FORGE.get(name, name): versions for name, versions in map(split, entries)}


def split(requirement: str) -> tuple[str, str]:
    match = re.match(r"([A-Za-z0-9._-]+?)\s*((?:[<>=!~].*)?)$", requirement.strip())
    assert match, requirement
    return match[1].lower(), match[2].strip()


def test_every_package_of_pyproject_is_in_the_environment_in_the_same_versions() -> None:
    there = requirements_of_environment()
    for name, versions in requirements_of_pyproject().items():
        assert there.get(name) == versions, name


@pytest.mark.parametrize("package", USERS_LIST)
def test_the_environment_holds_the_package_artists_know(package: str) -> None:
    assert any(name == package or name.startswith(f"{package}-") for name in requirements_of_environment())


def test_what_people_are_told_to_install_is_ours() -> None:
    """On the package index, the name `verbosify` alone is another project's."""
    texts = [*ROOT.glob("*.md"), *ROOT.glob("*.yml"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "notebooks").iterdir()]
    texts += (ROOT / "verbosify").rglob("*.py")
    wrong = re.compile(r"install[^\n]*[\s'\"]verbosify(?:\[|['\"`]|$)|\bverbosify\[", re.MULTILINE)

    told = {path.name: wrong.findall(path.read_text(encoding="utf-8")) for path in texts if path.is_file()}

    assert not {name: found for name, found in told.items() if found}
