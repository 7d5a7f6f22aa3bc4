"""The house stands as designed: rooms import from below only, and the door opens without the furniture."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import verbosify
from tests.commands import ROOT

HEAVY = {
    "docx", "gguf", "ipywidgets", "jinja2", "lxml", "markdown_it", "matplotlib", "nltk", "numpy",
    "pandas", "pydantic", "rapidfuzz", "safetensors", "sentencex", "tensorflow", "tokenizers", "torch", "transformers",
}  # fmt: skip


def test_a_room_imports_from_the_floors_below_only() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The packages in memory when another Python has run `code`."""
    ending = "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
    program = f"import json, sys\ntry:\n    {code}\nfinally:\n    {ending}"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr))


def test_importing_the_package_loads_nothing_but_itself() -> None:
    loaded = loaded_by("import verbosify")

    assert "verbosify" in loaded
    assert not loaded & (HEAVY | {"typer", "rich", "click", "sqlite3"})


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("models", "--help")])
def test_asking_for_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    loaded = loaded_by("from verbosify.cli import main; main()", *arguments)

    assert "typer" in loaded
    assert not loaded & (HEAVY - {"markdown_it", "pydantic"})  # which rich and typer, which print the help, bring along


def test_making_pages_loads_no_model_code() -> None:
    loaded = loaded_by("import verbosify.site; verbosify.site.build_site")

    assert not loaded & {"torch", "tensorflow", "transformers", "tokenizers", "safetensors"}


@pytest.mark.parametrize("name", verbosify.__all__)
def test_every_public_name_is_there_and_described(name: str) -> None:
    value = getattr(verbosify, name)

    assert name == "RECIPES" or inspect.getdoc(value)


def test_the_public_names_are_those_that_type_checkers_see() -> None:
    tree = ast.parse(Path(verbosify.__file__).read_text())
    seen = {
        (alias.asname, node.module)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert {name for name, _ in seen} == set(verbosify.__all__)
    for name, module in seen:
        assert module is not None
        home = sys.modules[module]
        assert getattr(home, str(name)) is getattr(verbosify, str(name))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'verbosify' has no attribute 'condense'"):
        _ = verbosify.condense


@pytest.mark.parametrize(
    "path", sorted((ROOT / "verbosify").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())

    assert not tree.body or ast.get_docstring(tree)


def test_no_query_numbers_its_placeholders() -> None:
    """Python takes `?1` for a name from 3.14 on, and refuses a sequence of values; in 3.12 it warns."""
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "verbosify").rglob("*.py")}

    assert [path for path, text in texts.items() if re.search(r"[=(<>,] ?\?\d", text)] == []


def test_models_and_numbers_of_the_tests_are_drawn_from_seeds_that_can_be_shifted() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    del texts[Path(__file__).name]

    assert [name for name, text in texts.items() if 'environ.get("VERBOSIFY_TEST_SEED' in text] == ["seeds.py"]
    assert [name for name, text in texts.items() if re.search(r"manual_seed\(\d", text)] == []
