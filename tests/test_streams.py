"""Whatever the terminal, file or pipe can take, every command ends as it should and says what can be said."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import CHECKPOINTS, ROOT, Commands
from tests.speaking_model import ESSAY, PASSAGES
from verbosify import cli
from verbosify.essay.correcting import format_sentences, parse_sentences
from verbosify.essay.passages import essay_sentences
from verbosify.essay.reading import Essay, read_essay
from verbosify.essay.recoding import decode_sentences
from verbosify.piece import Piece
from verbosify.streams import READABLE
from verbosify.workflow import Progress, Summary

HARD = "# Türme → “oben”\n\nDer Käfer schläft — tief… Er träumt von Ελλάδα 🐞. Sie lacht.\n"
ENCODINGS = ["ascii", "cp1252", "latin-1", "cp437", "utf-16"]
SHORT = ("--samples", 2, "--most-samples", 2, "--length", 10, "--limit", 1)


def verbosify(*arguments: object, encoding: str = "utf-8", **how: object) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"PYTHONIOENCODING": encoding, "VERBOSIFY_CHECKPOINTS": str(CHECKPOINTS)}
    command = [sys.executable, "-m", "verbosify", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, **streams)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("said", "readable"),
    [
        ("90 → 180 (2.00 ×)", "90 -> 180 (2.00 x)"),
        ("“Käfer” – tief…", '"K\\xe4fer" - tief...'),
        ("🐞漢", "\\U0001f41e\\u6f22"),
        (os.fsdecode(b"caf\xe9.md"), "caf\\xe9.md"),
    ],
)
def test_what_ascii_lacks_is_spelled(said: str, readable: str) -> None:
    assert said.encode("ascii", READABLE).decode() == readable


def test_what_an_encoding_has_is_left_alone() -> None:
    assert "Käfer “×” → ż".encode("cp1252", READABLE).decode("cp1252") == "Käfer “×” -> \\u017c"


@pytest.fixture
def in_encoding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process, on streams of an encoding, beside an essay: exit code, output, errors."""
    monkeypatch.setenv("VERBOSIFY_CHECKPOINTS", str(CHECKPOINTS))
    monkeypatch.chdir(tmp_path)
    Path("türme.md").write_text(HARD, encoding="utf-8")

    def run(encoding: str, *arguments: object) -> tuple[int, str, str]:
        name, _, errors = encoding.partition(":")
        buffers = [io.BytesIO(), io.BytesIO()]
        streams = [io.TextIOWrapper(b, encoding=name, errors=errors or None, newline="\n") for b in buffers]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            patch.setattr(sys, "argv", ["verbosify", *map(str, arguments)])
            with pytest.raises(SystemExit) as end:
                cli.main()
        for stream in streams:
            stream.flush()
        out, err = (buffer.getvalue().decode(name) for buffer in buffers)
        return int(end.value.code or 0), out, err

    return run


@pytest.fixture
def done_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run tell of one batch, and end."""

    def run(essay: Essay, out: Path, *_: object, on_progress: Callable[[Progress], None], **__: object) -> Summary:
        numbers = {"passage": 1, "passages": 2, "samples": 3, "words": 4, "wanted": 5}
        on_progress(Progress(loss_before=3.5, loss_after=2.5, usable=0.5, seconds_left=61, **numbers))
        return Summary(
            title=essay.title,
            words_before=90,
            words_after=180,
            ratio=2.0,
            target=2.0,
            target_met=True,
            passages=2,
            gaps=2,
            skipped=0,
            samples=3,
            picks=1,
            closeness={"fluffy": 0.5},
            usable=0.5,
            seconds=1,
            model_seconds=1,
            outputs=(out / "türme → oben.md",),
        )

    monkeypatch.setattr("verbosify.workflow.verbosify", run)
    monkeypatch.setattr("verbosify.cli.running.make_pages", lambda *_: Path("türme → oben.html"))


@pytest.mark.parametrize("encoding", [*ENCODINGS, "cp1252:strict"])
@pytest.mark.usefixtures("done_already")
def test_a_run_ends_well_in_every_encoding(encoding: str, in_encoding: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = in_encoding(encoding, "run", "türme.md")

    assert (code, err) == (0, "")
    assert "rme " in out.splitlines()[0]
    assert "90 -> 180 (2.00 " in out or "90 → 180 (2.00 ×)" in out
    assert out.endswith(" oben.html\n")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.usefixtures("done_already")
def test_json_stays_json_in_every_encoding(encoding: str, in_encoding: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = in_encoding(encoding, "run", "türme.md", "--json")

    assert (code, err) == (0, "")
    progress, summary = (json.loads(line) for line in out.splitlines())
    assert progress["loss_after"] == 2.5
    assert summary["title"] == "Türme → “oben”"
    assert summary["outputs"][-1] == "türme → oben.html"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.usefixtures("done_already")
def test_bars_and_refusals_are_shown_in_every_encoding(
    encoding: str, in_encoding: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # which makes any output a terminal to rich
    monkeypatch.setenv("COLUMNS", "160")

    assert "loss 3.50 " in in_encoding(encoding, "run", "türme.md")[2]
    code, _, err = in_encoding(encoding, "run", "Straße→.md")
    assert code == 2
    assert err.startswith("There is no file Stra")
    assert err.count("\n") == 1


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("arguments", [("models",), ("models", "--json"), ("--help",), ("run", "--help")])
def test_every_other_command_ends_well_too(
    encoding: str, arguments: tuple[str, ...], in_encoding: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = in_encoding(encoding, *arguments)

    assert (code, err) == (0, "")
    assert out.strip()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_split_that_was_printed_comes_back(encoding: str, in_encoding: Callable[..., tuple[int, str, str]]) -> None:
    essay = read_essay("türme.md")
    code, out, err = in_encoding(encoding, "sentences", "türme.md")

    assert (code, err) == (0, "")
    saved = out.replace("\n", "\r\n").encode("utf-16")
    assert parse_sentences(decode_sentences(saved, essay), essay) == essay_sentences(essay)


def test_a_split_goes_to_a_file_in_unicode(in_encoding: Callable[..., tuple[int, str, str]]) -> None:
    essay = read_essay("türme.md")

    assert in_encoding("ascii", "sentences", "türme.md", "--out", "split.txt") == (0, "split.txt\n", "")

    written = Path("split.txt").read_bytes().decode()
    assert written == format_sentences(essay, essay_sentences(essay))
    Path("split.txt").write_text("Corrected.\n")
    code, _, err = in_encoding("utf-8", "sentences", "türme.md", "--out", "split.txt")
    assert (code, err) == (
        2, "split.txt is there already, and may hold corrections: name another file, or delete it.\n",
    )  # fmt: skip


# Processes of their own, for what only the system can do to a stream


def test_a_real_run_ends_well_where_the_environment_names_a_narrow_encoding(
    speaking_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "türme.md").write_text(HARD, encoding="utf-8")
    options = ("--out", tmp_path / "piece", "--model", speaking_model, *SHORT)

    done = verbosify("run", tmp_path / "türme.md", *options, encoding="cp1252:strict")

    notice = (
        b"The essay is in German, so what only rules of English tell is not judged (who speaks to whom, questions, chat, "
        b"turns against what was said, headings, doubled words, numbers in words, made-up names), and closeness is told by "
        b"a model of English.\n"
    )
    assert (done.returncode, done.stderr) == (0, notice)
    assert "Türme -> “oben”" in done.stdout.splitlines()[0].decode("cp1252")


def closing(descriptors: str, *arguments: object, cwd: Path) -> int:
    """The exit code of a command that is started with these descriptors closed."""
    script = f'exec "$@" {descriptors}'
    command = [sys.executable, "-m", "verbosify", *map(str, arguments)]
    environment = os.environ | {"VERBOSIFY_CHECKPOINTS": str(CHECKPOINTS), "PYTHONPATH": str(ROOT)}
    return subprocess.run(["sh", "-c", script, "sh", *command], cwd=cwd, env=environment, check=False).returncode


def test_closed_streams_are_no_mistake_and_no_file_takes_their_place(speaking_model: Path, tmp_path: Path) -> None:
    (tmp_path / "quay.md").write_text(ESSAY)

    code = closing("<&- >&- 2>&-", "run", "quay.md", "--out", "piece", "--model", speaking_model, *SHORT, cwd=tmp_path)

    assert code == 0
    with Piece.open(tmp_path / "piece") as piece:
        assert len(piece.passages()) == PASSAGES
        assert piece.finished_passages() == {0}


def test_each_closed_stream_is_no_mistake_and_a_mistake_stays_one(tmp_path: Path) -> None:
    assert closing(">&-", "models", cwd=tmp_path) == 0
    assert closing("2>&-", "sentences", "nowhere.md", cwd=tmp_path) == 2


def test_a_stream_that_cannot_be_written_to_is_told() -> None:
    with Path(os.devnull).open("rb") as unwritable:
        done = verbosify("models", "--json", stdout=unwritable)

    assert done.returncode == 2
    assert done.stderr == b"What there is to say cannot be written (Bad file descriptor): send it elsewhere.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_refusal_that_cannot_be_said_keeps_its_exit_code() -> None:
    with Path("/dev/full").open("wb") as full:
        assert verbosify("run", "nowhere.md", stderr=full).returncode == 2


def test_a_reader_who_leaves_in_the_middle_of_a_run_loses_nothing(
    commands: Commands, speaking_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "quay.md").write_text(ESSAY)
    run = ["run", tmp_path / "quay.md", "--out", tmp_path / "piece", "--json", "--model", speaking_model]
    some = [*run, "--samples", 2, "--most-samples", 2, "--length", 10]
    process = subprocess.Popen(
        [sys.executable, "-m", "verbosify", *map(str, some)],
        cwd=ROOT,
        env=os.environ | {"VERBOSIFY_CHECKPOINTS": str(CHECKPOINTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["passage"] == 1
    process.stdout.close()

    assert process.stderr.read() == b""
    assert process.wait() == 1
    process.stderr.close()
    again = commands.run(*some)
    assert again.code == 0, again.err
    assert again.lines[-1]["gaps"] == PASSAGES
