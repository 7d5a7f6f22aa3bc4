"""Whatever is asked for that cannot be done is told in one sentence, with exit code 2, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, Call, Commands, Result, Said
from tests.pieces import put
from tests.speaking_model import ESSAY, harbour_sentences

SOME = ("--samples", 6, "--most-samples", 12, "--length", 40, "--target", 10)
"""More than a model can say in so few words, so that as much is drawn and written as may be."""
SHORT = ("--samples", 2, "--most-samples", 2, "--length", 10, "--limit", 1)


@pytest.fixture
def essay(tmp_path: Path) -> Path:
    path = tmp_path / "quay.md"
    path.write_text(ESSAY)
    return path


@pytest.fixture(scope="module")
def finished(commands: Commands, speaking_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with quay.md, and in `piece` what was made of it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "quay.md").write_text(ESSAY)
    made = commands.run("run", folder / "quay.md", "--out", folder / "piece", "--model", speaking_model, *SHORT)
    assert made.code == 0, made.err
    return folder


def assert_refused(result: Result | Said, *words: str) -> None:
    assert result.code == 2, result
    assert result.out == ""
    assert result.err.count("\n") == 1, result.err
    assert result.err.endswith(".\n")
    assert len(result.err) < 700
    for word in words:
        assert word in result.err


# What is handed over as the essay

ESSAYS: dict[str, tuple[str, bytes | None, str]] = {
    "missing": ("no.md", None, "There is no file"),
    "binary": ("photo.md", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
    "a .docx that is none": ("report.docx", b"PK\x03\x04, and no more", "not a Word document"),
    "empty": ("empty.md", b"", "empty"),
    "nothing but a byte order mark": ("bom.txt", b"\xef\xbb\xbf", "empty"),
    "nothing but white space": ("white.txt", b" \r\n\t\n", "empty"),
    "headings only": ("headings.md", b"# One\n\n## Two\n", "no paragraph"),
    "code only": ("code.md", b"```\na = 1\n```\n", "no paragraph"),
    "in damaged UTF-8": ("latin.md", b"\xef\xbb\xbfDer K\xe4fer schl\xe4ft.", "not UTF-8"),
    "in damaged UTF-16": ("wide.txt", "The beetle sleeps.".encode("utf-16")[:-1], "UTF-16"),
    "of an unknown kind": ("paper.pdf", b"The beetle sleeps.", "of the kind '.pdf'"),
    "without a suffix": ("paper", b"The beetle sleeps.", "without a suffix"),
    "of an endless name": ("a" * 300 + ".md", None, "cannot be read"),
}


@pytest.mark.parametrize(("name", "content", "reason"), ESSAYS.values(), ids=ESSAYS.keys())
def test_an_essay_that_is_none_is_refused(
    name: str, content: bytes | None, reason: str, call: Call, speaking_model: Path, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    result = call("run", tmp_path / name, "--out", tmp_path / "piece", "--model", speaking_model, *SHORT)

    assert_refused(result, reason)
    assert not (tmp_path / "piece").exists()


def test_a_folder_is_no_essay(call: Call, tmp_path: Path) -> None:
    assert_refused(call("run", tmp_path), "is a folder", "name a file in it")


def test_an_essay_without_a_passage_is_refused_before_a_model_is_fetched(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(tmp_path / "none"))
    (tmp_path / "headings.md").write_text("# One\n")

    assert_refused(call("run", tmp_path / "headings.md"), "no paragraph")


# What is asked for

OPTIONS: dict[str, tuple[tuple[object, ...], str]] = {
    "an unknown model": (("--model", "gpt5"), "There is no model and no folder 'gpt5': choose one of smollm2-135m"),
    "a model folder without weights": (("--model", "."), "holds no weights"),
    "an unknown engine": (("--engine", "steam"), "There is no engine 'steam'"),
    "an unknown precision": (("--precision", "fp7"), "There is no precision 'fp7'"),
    "an unknown device": (("--device", "abacus"), "The device 'abacus' is not available"),
    "an unknown recipe": (("--recipe", "stew"), "There is no recipe called 'stew': choose one of classic"),
    "a negative temperature": (("--temperature", -1), "temperature is -1.0"),
    "no number for a temperature": (("--temperature", "nan"), "temperature is nan"),
    "an endless temperature": (("--temperature", "inf"), "temperature is inf"),
    "no samples": (("--samples", 0), "n is 0"),
    "fewer samples than none": (("--samples", -3), "n is -3"),
    "a negative top-k": (("--top-k", -1), "top_k is -1"),
    "a top-p of nothing": (("--top-p", 0), "top_p is 0.0"),
    "a top-p beyond all": (("--top-p", 1.5), "top_p is 1.5"),
    "a setting that there is not": (("--set", "dreams=1"), "--set 'dreams=1' sets nothing: write NAME=VALUE"),
    "a setting out of its bounds": (("--set", "min_p=2"), "min_p is 2"),
    "too strong an overfit": (("--set", "strength=3"), "strength is 3"),
    "samples without length": (("--length", 0), "length is 0"),
    "samples longer than the model reads": (("--length", 1024), "length is 1024: it must be below 1024"),
    "a target below the essay": (("--target", 0.5), "target is 0.5"),
    "no number for a target": (("--target", "nan"), "target is nan"),
    "an absurd target": (("--target", 11), "target is 11.0"),
    "fewer samples than a batch": (("--samples", 9, "--most-samples", 8), "most_samples is 8: it must be at least 9"),
    "a negative seed": (("--seed", -1), "seed is -1"),
    "a seed of too many bits": (("--seed", 2**63), f"seed is {2**63}"),
    "a correction that is not there": (("--sentences", "no.txt"), "no.txt cannot be read"),
    "a folder for a correction": (("--sentences", "."), "cannot be read"),
    "a binary correction": (("--sentences", sys.executable), "The sentences of quay.md are not text"),
    "an empty correction": (("--sentences", os.devnull), "has another paragraph"),
    "a correction of another essay": (("--sentences", ROOT / "LICENSE"), "Line 1 differs from quay.md"),
}


@pytest.mark.parametrize(("options", "reason"), OPTIONS.values(), ids=OPTIONS.keys())
def test_an_option_outside_its_range_is_refused(
    options: tuple[object, ...], reason: str, call: Call, speaking_model: Path, essay: Path, tmp_path: Path
) -> None:
    out = tmp_path / "piece"

    result = call("run", essay, "--out", out, "--model", speaking_model, *SHORT, *options)

    assert_refused(result, reason)
    assert not out.exists()


USAGE: dict[str, tuple[object, ...]] = {
    "an unknown option": ("run", "essay.md", "--speed", 9),
    "an unknown command": ("walk",),
    "no essay": ("run",),
    "a word for a number": ("run", "essay.md", "--seed", "lucky"),
    "a limit of nothing": ("run", "essay.md", "--limit", 0),
    "at most no samples": ("run", "essay.md", "--most-samples", 0),
    "no sample to replay": ("replay", "piece"),
    "a word for a sample": ("replay", "piece", "best"),
    "no model to get": ("models", "get"),
    "no piece to show": ("site",),
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE.keys())
def test_a_command_line_that_makes_no_sense_is_told_how_it_is_used(arguments: tuple[object, ...], call: Call) -> None:
    result = call(*arguments)

    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("Usage: ")
    assert "Traceback" not in result.err


# Where things are to go

PLACES: dict[str, str] = {
    "a file": "{essay}",
    "a place below a file": "{essay}/piece",
    "a place the system keeps for itself": "/proc/piece",
    "a place below a device": "/dev/null/piece",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_piece_that_cannot_be_put_there_is_refused(place: str, call: Call, speaking_model: Path, essay: Path) -> None:
    out = place.format(essay=essay)

    result = call("run", essay, "--out", out, "--model", speaking_model, *SHORT)

    assert_refused(result, out.removesuffix("/piece"), "choose another place")
    assert essay.read_text() == ESSAY


def test_pages_that_cannot_be_put_there_are_refused(call: Call, finished: Path) -> None:
    result = call("site", finished / "piece", "--out", finished / "quay.md" / "site")

    assert_refused(result, "cannot be written (Not a directory)")


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    """A file system in memory at `place`; the test is skipped where none can be mounted."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", *options, "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_read_only_disk_is_refused(commands: Commands, speaking_model: Path, essay: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-o", "ro"):
        out = tmp_path / "disk" / "piece"
        assert_refused(commands.run("run", essay, "--out", out, "--model", speaking_model, *SHORT), "Read-only")


def test_a_disk_that_fills_up_loses_nothing_and_the_run_goes_on_when_there_is_room(
    commands: Commands, speaking_model: Path, essay: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    command = ("run", essay, "--out", disk / "piece", "--model", speaking_model, *SOME, "--json")
    with mounted(disk, "-o", "size=250k"):
        full = commands.run(*command)

        assert full.code == 2
        assert full.err.count("\n") == 1
        assert "cannot be written" in full.err
        with closing(sqlite3.connect(disk / "piece" / "piece.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            kept = database.execute("SELECT count(*) FROM generations").fetchone()[0]
        assert kept > 0
        assert full.lines, "something had been told before the disk was full"

        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        again = commands.run(*command)

        assert again.code == 0, again.err
        assert again.lines[-1]["samples"] > kept
        assert all(Path(path).exists() for path in again.lines[-1]["outputs"])


def test_files_that_may_not_grow_are_told_as_a_full_disk(
    commands: Commands, speaking_model: Path, essay: Path, tmp_path: Path
) -> None:
    out = tmp_path / "piece"
    command = ("run", essay, "--out", out, "--model", speaking_model, *SOME)

    result = commands.run(*command, most_bytes=100_000)

    assert_refused(result, "piece.db cannot be written", "make room on the disk and go on")
    assert commands.run(*command).code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", [("models",), ("models", "--json"), ("--help",)])
def test_an_output_that_cannot_be_written_is_told(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "verbosify", *arguments], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert done.returncode == 2
    assert done.stderr.decode() == (
        "What there is to say cannot be written (No space left on device): make room on the disk.\n"
    )


def test_a_reader_who_leaves_is_no_mistake() -> None:
    essay = ROOT / "essays" / "rovers.md"
    process = subprocess.Popen(
        [sys.executable, "-m", "verbosify", "sentences", str(essay)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    assert process.stderr.read() == b""
    assert process.wait() == 1
    process.stderr.close()


# Pieces that are not what they were


def damage_head(piece: Path) -> None:
    (piece / "piece.db").write_bytes(b"No database begins like this." * 200)


def damage_half(piece: Path) -> None:
    content = (piece / "piece.db").read_bytes()
    (piece / "piece.db").write_bytes(content[: len(content) // 2])


def damage_middle(piece: Path) -> None:
    content = (piece / "piece.db").read_bytes()
    (piece / "piece.db").write_bytes(content[:8192] + bytes(len(content) - 8192))


def put_other_database(piece: Path) -> None:
    (piece / "piece.db").unlink()
    with closing(sqlite3.connect(piece / "piece.db")) as database:
        database.execute("CREATE TABLE shopping (milk)")
        database.commit()


def put_folder(piece: Path) -> None:
    (piece / "piece.db").unlink()
    (piece / "piece.db").mkdir()


@pytest.mark.parametrize("damage", [damage_head, damage_half, damage_middle, put_other_database, put_folder])
def test_a_damaged_piece_is_refused_and_left_as_it_is(
    damage: Any, call: Call, speaking_model: Path, finished: Path, tmp_path: Path
) -> None:
    piece = tmp_path / "piece"
    shutil.copytree(finished / "piece", piece)
    damage(piece)
    before = contents(piece)

    results = [
        call("run", finished / "quay.md", "--out", piece, "--model", speaking_model, *SHORT),
        call("replay", piece, 1),
    ]

    for result in results:
        assert_refused(result, f"{piece}")
    assert contents(piece) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the lock's and the write-ahead log's."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock" and not path.name.endswith(("-wal", "-shm"))
    }


def recorded(piece: Path) -> list[str]:
    with closing(sqlite3.connect(piece / "piece.db")) as database:
        return list(database.iterdump())


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (("--seed", 5), "seed was 0 and is 5"),
        (("--temperature", 0.7), "settings.temperature was 0.8 and is 0.7"),
        (("--recipe", "passage"), 'recipe.name was "classic" and is "passage"'),
    ],
)
def test_other_options_for_the_same_piece_are_refused_by_name(
    options: tuple[object, ...], difference: str, call: Call, speaking_model: Path, finished: Path
) -> None:
    piece = finished / "piece"
    before = recorded(piece)

    result = call("run", finished / "quay.md", "--out", piece, "--model", speaking_model, *SHORT, *options)

    assert_refused(
        result, f"The piece in {piece} was made with different settings ({difference}", "choose another folder"
    )
    assert recorded(piece) == before


def test_another_essay_or_another_split_for_the_same_piece_is_refused(
    call: Call, speaking_model: Path, finished: Path, tmp_path: Path
) -> None:
    other = tmp_path / "quay.md"
    other.write_text(ESSAY.replace("gulls", "terns"))
    split = tmp_path / "split.txt"
    split.write_text(call("sentences", finished / "quay.md").out.replace("gulls.\n", "gulls. "))
    arguments = ("--out", finished / "piece", "--model", speaking_model, *SHORT)

    assert_refused(call("run", other, *arguments), "other essay; other passages")
    assert_refused(call("run", finished / "quay.md", *arguments, "--sentences", split), "other passages")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("replay", "{}/nowhere", 1), "There is no piece in"),
        (("replay", "{}/piece", 999), "has no row 999 among its samples"),
        (("replay", "{}/piece/piece.db", 999), "has no row 999 among its samples"),
        (("replay", "{}/piece", 10**30), "does not fit 64 bits"),
        (("site", "{}/nowhere"), "There is no piece in"),
        (("site", "{}/quay.md"), "There is no piece in"),
        (("sentences", "{}/nowhere.md"), "There is no file"),
        (("sentences", "{}/quay.md", "--splitter", "axe"), "There is no sentence splitter called 'axe'"),
        (("models", "get", "gpt5"), "There is no model called 'gpt5' to fetch"),
    ],
)
def test_what_is_not_there_is_refused(arguments: tuple[object, ...], reason: str, call: Call, finished: Path) -> None:
    result = call(*(str(argument).format(finished) for argument in arguments))

    assert_refused(result, reason)


RECORDS: dict[str, bytes] = {
    "empty": b"",
    "cut short": b'{"format": "verbosify/piece", "version": 1, "samples": [',
    "binary": b"\xff\xfe\0\0",
    "of another kind": b"[]",
    "nested without end": b"[" * 100_000,
    "of another format": b'{"format": "recipe"}',
    "with numbers that are none": b'{"format": NaN}',
    "from the future": b'{"format": "verbosify/piece", "version": 99}',
}


@pytest.mark.parametrize("content", RECORDS.values(), ids=RECORDS.keys())
def test_a_corrupt_record_makes_no_page(content: bytes, call: Call, tmp_path: Path) -> None:
    (tmp_path / "piece.json").write_bytes(content)

    assert_refused(call("site", tmp_path), "piece.json")
    assert_refused(call("site", tmp_path / "piece.json"), "piece.json")
    assert [path.name for path in tmp_path.iterdir()] == ["piece.json"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("samples.0.batch", 999),
        ("batches.0.overfit", 999),
        ("passages.0.gap", 10**6),
        ("essay.blocks.0.end", -1),
        ("samples.0.measures", []),
        ("title", 7),
    ],
)
def test_a_record_that_does_not_hold_together_makes_no_page(
    place: str, value: Any, call: Call, finished: Path, tmp_path: Path
) -> None:
    data = json.loads((finished / "piece" / "piece.json").read_text())
    (tmp_path / "piece.json").write_text(json.dumps(put(data, place, value)))

    assert_refused(call("site", tmp_path, "--out", tmp_path / "site"), "piece.json is wrong at")
    assert not (tmp_path / "site").exists()


# What is not on this computer

OFFLINE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_FIND_LINKS": "", "PIP_NO_INDEX": ""}


@pytest.mark.parametrize("command", [("models", "get", "minilm"), ("run", "{essay}", "--out", "{folder}/piece")])
def test_a_model_that_cannot_be_fetched_is_told_with_a_way_out(
    command: tuple[str, ...], commands: Commands, essay: Path, tmp_path: Path
) -> None:
    arguments = [word.format(essay=essay, folder=tmp_path) for word in command]
    checkpoints = tmp_path / "checkpoints"

    result = commands.run(*arguments, env=OFFLINE | {"VERBOSIFY_CHECKPOINTS": str(checkpoints)})

    assert_refused(result, "pip could not fetch", "check that this computer is online")
    assert not (tmp_path / "piece").exists()
    assert not any(path for path in checkpoints.iterdir() if not path.name.startswith("."))


# A megabyte


def test_two_megabytes_reach_the_model_in_bounded_memory(
    commands: Commands, speaking_model: Path, essay: Path, tmp_path: Path
) -> None:
    sentences = harbour_sentences(29_000).split(". ")
    large = tmp_path / "large.md"
    large.write_text(
        "\n\n".join(". ".join(sentences[start : start + 6]) + "." for start in range(0, len(sentences), 6))
    )
    assert large.stat().st_size > 1_750_000
    command = ("--model", speaking_model, *SHORT, "--json")

    small = commands.run("run", essay, "--out", tmp_path / "small", *command)
    running = commands.start("run", large, "--out", tmp_path / "much", *command)
    running.await_output('"passage": 1')
    running.send(signal.SIGKILL)
    much = running.wait()

    assert (small.code, much.code) == (0, -signal.SIGKILL)
    assert much.memory - small.memory < 250 * 2**20
    with closing(sqlite3.connect(tmp_path / "much" / "piece.db")) as database:
        assert database.execute("SELECT count(*) FROM passages").fetchone()[0] > 14_000
