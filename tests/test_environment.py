"""environment.yml and uv.lock ask for the packages that pyproject.toml asks for, in the same versions."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_the_lock_is_of_this_pyproject_and_names_public_addresses_alone() -> None:
    """`uv lock` makes it anew; that it still resolves is checked by a workflow, which has the network."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")
    lock = tomllib.loads(text)
    (ours,) = (package for package in lock["package"] if package["name"] == project["name"])
    asked = {"": project["dependencies"]} | project["optional-dependencies"]

    assert Counter(map(as_asked, ours["metadata"]["requires-dist"])) == Counter(
        normal(line, extra) for extra, lines in asked.items() for line in lines
    )
    assert set(ours["metadata"]["provides-extras"]) == project["optional-dependencies"].keys()
    assert (ours["version"], lock["requires-python"]) == (project["version"], project["requires-python"])
    assert set(re.findall(r"https?://[^/\"]+", text)) == {"https://pypi.org", "https://files.pythonhosted.org"}
    assert [*{package["source"].get("registry", "ours") for package in lock["package"]} - {"ours"}] == [
        "https://pypi.org/simple"
    ]


def as_asked(entry: dict[str, Any]) -> tuple[str, str]:
    """What the lock notes of a requirement, as pyproject.toml has it, and the extra whose it is."""
    found = re.fullmatch(r"(?:(.*) and )?extra == '([\w-]+)'", entry.get("marker", ""))
    marker, extra = (found[1], found[2]) if found else (entry.get("marker"), "")
    inner = f"[{','.join(entry['extras'])}]" if "extras" in entry else ""
    return normal(f"{entry['name']}{inner}{entry.get('specifier', '')}" + (f"; {marker}" if marker else ""), extra)


def normal(line: str, extra: str) -> tuple[str, str]:
    requirement = Requirement(line)
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement), extra
