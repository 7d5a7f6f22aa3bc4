"""The documentation does what it says: every command and every block of code in it is tried, and nothing in it is stale."""

from __future__ import annotations

import re
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

import verbosify as vb
from tests.commands import CHECKPOINTS, ROOT, Call
from tests.docs_blocks import KNOWN, Block, blocks_of, commands_of, parse, read_command
from tests.speaking_model import ESSAY
from verbosify.essay.reading import essay_from_text
from verbosify.essay.writing import write_essay
from verbosify.models import loading
from verbosify.piece import Piece

PAGES = [ROOT / "README.md", ROOT / "checkpoints" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ELSEWHERE = {"docs/gpt2.md": "tests/tensorflow/test_guide.py"}
"""Pages whose Python another test runs."""
SERVERS = ("desk", "bot", "gallery", "replies", "study", "corpus", "finetune", "exhibit", "pipeline")
"""Commands that do not end, or for which the folder of these tests has nothing; their options are read."""
SHELL = ("sh", "bash", "console", "")
QUICK = ("--limit", "1", "--samples", "2", "--most-samples", "2", "--length", "12", "--recipe", "passage")


def tool(name: str) -> Any:
    spec = spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, speaking_model: Path) -> Path:
    """A piece that a run has made, to be copied."""
    from verbosify.models.settings import SamplingSettings
    from verbosify.workflow import Options, verbosify

    folder = tmp_path_factory.mktemp("finished") / "piece"
    settings = SamplingSettings(n=3, length=30)
    options = Options(model=str(speaking_model), settings=settings, most_samples=3, portfolio=False)
    verbosify(essay_from_text(ESSAY, "essay.md"), folder, options)
    with Piece.open(folder) as piece:
        piece.choose_reading("own", piece.picks("strange"), curator="Ada")
    return folder


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speaking_model: Path, finished: Path) -> Path:
    """The folder in which the pages are tried, with what their readers have: an essay, a piece, letters.

    The embedded model is a tiny one here, and loaded once.
    """
    monkeypatch.chdir(tmp_path)
    for name in ("essay.md", "essays/rovers.md", "ESSAY.md"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(ESSAY, encoding="utf-8")
    for name in ("essay.docx", "YOUR_ESSAY.docx", "ESSAY.docx"):
        write_essay(essay_from_text(ESSAY, "essay.md"), {}, Path(name))
    for name in ("essay", "rovers", "YOUR_ESSAY", "ESSAY", "ONE", "TWO", "warmer"):
        shutil.copytree(finished, tmp_path / "pieces" / name)
    shutil.copytree(finished, tmp_path / "PIECE")
    Path("letters").mkdir()
    for number in range(6):
        Path(f"letters/{number}.txt").write_text(ESSAY, encoding="utf-8")
    located = loading.model_folder
    monkeypatch.setattr(
        loading,
        "model_folder",
        lambda name, **how: speaking_model if str(name).startswith("smollm2") else located(name, **how),
    )
    return tmp_path


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_page_says_to_type_works(path: Path, desk: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {}
    for block in blocks_of(path):
        if block.language in SHELL and _holds_commands(block):
            _try_commands(block, call, monkeypatch)
        elif block.language == "python":
            code = compile(block.text, str(block), "exec")
            if block.page not in ELSEWHERE and not block.reason:
                exec(block.before, names)  # noqa: S102  # our own examples
                exec(code, names)  # noqa: S102
        else:
            parse(block)


def _holds_commands(block: Block) -> bool:
    return block.language != "" or bool(re.match(r"(make|verbosify|pip|python|source|jupyter) ", block.text))


def _try_commands(block: Block, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in commands_of(block):
        if words[0] == "printf":
            Path(words[-1]).write_text("\n".join(words[2:-2]) + "\n", encoding="utf-8")
            continue
        if not block.reason or words[0] in KNOWN:
            read_command(words)
        if words[0] != "verbosify" or block.reason or not _can_be_run(words):
            continue
        for place in ("--out",):
            if place in words:
                _clear(Path(words[words.index(place) + 1]))
        monkeypatch.setattr("webbrowser.open", lambda _: True)
        monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
        monkeypatch.setattr("typer.prompt", lambda *_, **__: "1")
        short = QUICK if words[1] == "run" else ()
        new = (
            ("--out", f"pieces/new-{sum(1 for _ in Path('pieces').iterdir())}")
            if short and "--out" not in words
            else ()
        )
        arguments = [*words[1:], *short, *new]
        if words[1] == "replay":  # the number of a sample that the piece has
            arguments[-1] = "4"
        if words[1] == "doctor":
            arguments.append("--offline")
        code, out, err = call(*arguments)
        assert code == 0 or (words[1:2] == ["doctor"] and code == 1), (str(block), words, out, err)


def _can_be_run(words: list[str]) -> bool:
    """Not what starts a server, or asks the network for something large."""
    fetches = words[1:3] == ["models", "get"] or ("--model" in words and "smollm2-135m" not in words)
    serves = words[1] in SERVERS or "serve" in words
    return "COMMAND" not in words and not fetches and not serves and "--help" not in words


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    made = tool("describe_commands").page()

    assert (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8") == made, "run tools/describe_commands.py"


def test_the_help_of_every_command_ends_with_an_example() -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    commands = re.split(r"\n## verbosify ", page)[1:]

    assert len(commands) > 30
    assert [each.splitlines()[0] for each in commands if f"\nverbosify {each.splitlines()[0]}" not in each] == []


def test_every_public_name_is_in_the_reference() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "docs" / "reference").glob("*.md"))
    documented = set(re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE))

    for name, home in vb._HOMES.items():
        module = getattr(getattr(vb, name), "__module__", home)
        assert {f"{module}.{name}", module, home} & documented, name


def test_the_example_of_the_guide_is_the_example_package() -> None:
    blocks = [block.text for block in blocks_of(ROOT / "docs" / "guides" / "plugins.md")]

    for name in ("pyproject.toml", "verbosify_rhyme.py"):
        assert (ROOT / "examples" / "verbosify-rhyme" / name).read_text("utf-8") in blocks


def test_links_of_pages_from_elsewhere_lead_where_they_did() -> None:
    text = (
        "[more](../docs/models.md#x) [here](handout.html) [next](exercises.md) [there](https://example.org) [up](#top)"
    )

    made = tool("docs_hook").with_links_from("guides/class.md", "classroom/README.md", text)

    assert made == "[more](../models.md#x) here [next](exercises.md) [there](https://example.org) [up](#top)"


@pytest.mark.embedded
def test_the_first_commands_of_the_tutorial_work_with_the_embedded_model(call: Call, tmp_path: Path) -> None:
    tutorial = blocks_of(ROOT / "docs" / "tutorial" / "first-piece.md")
    commands = [words for block in tutorial for words in (commands_of(block) if block.language == "sh" else [])]
    (essay,) = (words for words in commands if words[0] == "printf")
    Path(essay[-1]).write_text("\n".join(essay[2:-2]) + "\n", encoding="utf-8")

    code, _, err = call("run", "essay.md", "--limit", 1, *QUICK[2:])

    assert (code, err) == (0, "")
    assert (tmp_path / "pieces" / "essay" / "site" / "index.html").is_file()
    assert CHECKPOINTS.is_dir()
