"""Several essays together: every piece is, in the end, the one that a run by itself makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.commands import CHECKPOINTS, Call, lasting
from tests.speaking_model import ESSAY, PASSAGES
from verbosify.errors import OutputError, PieceError, SettingsError
from verbosify.essay.reading import Essay, essay_from_text
from verbosify.models.fleet import Fleet
from verbosify.models.loading import ModelSpec
from verbosify.models.settings import SamplingSettings
from verbosify.piece import Piece
from verbosify.workflow import Options, Progress, verbosify
from verbosify.workflow.run import load_embedder
from verbosify.workflow.together import Work, fleet_for, verbosify_together

SECOND = (
    "# The low bridge\n\nThe night watch counts the lamps along the quay. Nobody else is awake. The fog is slow. "
    "A boy with a lantern crosses the low bridge.\n"
)


@pytest.fixture(scope="module", autouse=True)
def _checkpoints() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERBOSIFY_CHECKPOINTS", str(CHECKPOINTS))
        yield


@pytest.fixture(scope="module")
def options(speaking_model: Path) -> Options:
    settings = SamplingSettings(n=3, length=30)
    return Options(model=str(speaking_model), settings=settings, most_samples=3, precision="fp32")


@pytest.fixture(scope="module")
def fleet(options: Options) -> Iterator[Fleet]:
    with fleet_for(options, "local") as opened:
        yield opened


@pytest.fixture(scope="module")
def alone(options: Options, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What piece.json says of the pieces that single runs make, by the essay's name."""
    home = tmp_path_factory.mktemp("alone")
    model, embed = ModelSpec(name=options.model, precision="fp32").load(), load_embedder()
    for essay in essays():
        verbosify(essay, home / essay.name, options, model=model, embed=embed)
    return {essay.name: lasting(home / essay.name) for essay in essays()}


def essays() -> list[Essay]:
    return [essay_from_text(ESSAY, "quay.md"), essay_from_text(SECOND, "bridge.md")]


def works(home: Path) -> list[Work]:
    return [Work(essay, home / essay.name) for essay in essays()]


class Backwards:
    """A fleet whose results arrive last come, first told; and which may die after some of them."""

    def __init__(self, fleet: Fleet, dies_after: int = 1000) -> None:
        self._fleet, self._dies_after, self.workers = fleet, dies_after, 1

    def map(self, function: Any, tasks: Any) -> Iterator[tuple[int, Any]]:
        results = list(self._fleet.map(function, tasks))
        for number, result in enumerate(reversed(results)):
            if number == self._dies_after:
                raise KeyboardInterrupt
            yield result


def canonical(record: dict[str, Any]) -> dict[str, Any]:
    """A record, whatever order its rows were recorded in: ids are replaced by what they stand for."""
    batches = {row["id"]: (row["passage"], row["number"]) for row in record["batches"]}
    samples = {row["id"]: (*batches[row["batch"]], row["index"]) for row in record["samples"]}
    overfits = {row["id"]: row["passage"] for row in record["overfits"]}
    known: dict[str, dict[Any, Any]] = {"sample": samples, "batch": batches, "overfit": overfits}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: known[key][item] if key in known and isinstance(item, int) else plain(item)
                for key, item in value.items()
                if key not in ("id", "act")
            }
        return [plain(item) for item in value] if isinstance(value, list) else value

    made = {key: plain(value) for key, value in record.items()}
    for key in ("batches", "samples", "overfits", "opinions"):
        made[key] = sorted(made[key], key=lambda row: json.dumps(row, sort_keys=True))
    return made


def test_pieces_made_together_are_those_made_alone(
    fleet: Fleet, options: Options, alone: dict[str, Any], tmp_path: Path
) -> None:
    told: list[tuple[int, Progress]] = []

    results = dict(
        verbosify_together(works(tmp_path), options, fleet, on_progress=lambda at, how: told.append((at, how)))
    )

    assert {name: lasting(tmp_path / name) for name in alone} == alone
    assert [results[at].passages for at in (0, 1)] == [PASSAGES, 2]
    assert [(at, how.passage, how.passages) for at, how in told] == [
        *((0, number, PASSAGES) for number in range(1, PASSAGES + 1)), (1, 1, 2), (1, 2, 2)
    ]  # fmt: skip
    assert told[-1][1].seconds_left == 0
    assert results[0].model_seconds > 0


def test_whatever_order_results_arrive_in_the_pieces_are_the_same(
    fleet: Fleet, options: Options, alone: dict[str, Any], tmp_path: Path
) -> None:
    list(verbosify_together(works(tmp_path), options, Backwards(fleet)))

    assert lasting(tmp_path / "quay.md") != alone["quay.md"], "the rows are in the order of arrival"
    for name, record in alone.items():
        assert canonical(lasting(tmp_path / name)) == canonical(record)


def test_what_is_recorded_when_all_is_interrupted_is_not_done_again(
    fleet: Fleet, options: Options, alone: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        list(verbosify_together(works(tmp_path), options, Backwards(fleet, dies_after=3)))
    with Piece.open(tmp_path / "quay.md") as piece:
        first = piece.finished_passages()
        assert piece.log()[-1].event == "interrupted"
    assert first

    told: list[tuple[int, Progress]] = []
    list(verbosify_together(works(tmp_path), options, fleet, on_progress=lambda at, how: told.append((at, how))))

    assert len(told) == PASSAGES + 2 - 3
    with Piece.open(tmp_path / "quay.md") as piece:
        assert len(piece.overfits()) == PASSAGES
        assert [entry.event for entry in piece.log()] == ["started", "interrupted", "resumed", "finished"]
    assert next(verbosify_together(works(tmp_path), options, fleet))[1].model_seconds == 0


def test_what_fails_when_a_piece_is_finished_is_what_is_told(
    fleet: Fleet, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OutputError("There is no room on the disk: make some.")

    monkeypatch.setattr("verbosify.workflow.together.finish", fail)

    with pytest.raises(OutputError, match=r"^There is no room on the disk: make some\.$"):
        list(verbosify_together(works(tmp_path)[:1], options, fleet))
    with Piece.open(tmp_path / "quay.md") as piece:
        assert len(piece.finished_passages()) == PASSAGES


def test_a_visit_that_was_begun_here_goes_on_elsewhere(fleet: Fleet, options: Options, tmp_path: Path) -> None:
    few = replace(options, portfolio=False, target=10.0, most_samples=6)  # several rounds a passage
    essay = essays()[0]
    verbosify(essay, tmp_path / "whole", few, limit=2)

    def interrupt(how: Progress) -> None:
        if how.passage == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verbosify(essay, tmp_path / "piece", few, limit=2, on_progress=interrupt)
    with Piece.open(tmp_path / "piece") as piece:
        assert len([batch for batch in piece.batches(1) if batch.overfit]) == 1
    list(verbosify_together([Work(essay, tmp_path / "piece")], few, fleet, limit=2))

    assert lasting(tmp_path / "piece") == lasting(tmp_path / "whole")


def test_a_passage_too_long_for_the_model_is_skipped_by_all(fleet: Fleet, options: Options, tmp_path: Path) -> None:
    long = essay_from_text(
        f"{'The quiet harbour waited, ' * 300}and nothing came.\n\nThe ferry leaves. It rains.", "l.md"
    )

    ((_, summary),) = verbosify_together([Work(long, tmp_path / "piece")], options, fleet)

    assert (summary.skipped, summary.gaps) == (1, 2)
    with Piece.open(tmp_path / "piece") as piece:
        assert {batch.passage for batch in piece.batches()} == {1}


def test_what_cannot_be_is_refused_before_any_visit(fleet: Fleet, options: Options, tmp_path: Path) -> None:
    twice = [Work(essay, tmp_path / "piece") for essay in essays()]
    with pytest.raises(OutputError, match=r"^Two essays would become one piece in .+: run one of them by itself\.$"):
        list(verbosify_together(twice, options, fleet))
    with pytest.raises(SettingsError, match=r"^limit is 0: it must be at least 1\.$"):
        list(verbosify_together(works(tmp_path), options, fleet, limit=0))
    with (
        Piece.open_or_create(tmp_path / "quay.md", *_begun(options, tmp_path)) as piece,
        piece.lock(),
        pytest.raises(PieceError, match="Another process is at work"),
    ):
        list(verbosify_together(works(tmp_path)[:1], options, fleet))


def _begun(options: Options, folder: Path) -> tuple[Any, Any]:
    from verbosify.workflow.plan import make_plan

    plan = make_plan(essays()[0], folder / "none", options)
    return plan.job(options, ModelSpec(name=options.model, precision="fp32").load().card), plan.passages


def test_the_command_line_takes_several_essays(call: Call, speaking_model: Path, tmp_path: Path) -> None:
    for essay in essays():
        (tmp_path / essay.name).write_text(essay.text)
    options = ("--model", speaking_model, "--length", 30, "--samples", 2, "--most-samples", 2, "--limit", 1)

    said = call("run", "quay.md", "bridge.md", "--out", "all", "--json", *options)

    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line.get("essay") for line in lines] == ["quay.md", "bridge.md", None, None]
    assert [line["title"] for line in lines[2:]] == ["The quay at night", "The low bridge"]
    assert all(Path(output).stat().st_size for line in lines[2:] for output in line["outputs"])
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"quay", "bridge"}

    refused = call("run", "quay.md", "bridge.md", "--sentences", "split.txt")
    assert refused.code == 2
    assert refused.err == "--sentences is the split of one essay: run that one by itself.\n"
    nowhere = call("run", "quay.md", "--on", "moon", *options)
    assert (nowhere.code, nowhere.err) == (2, "There is no 'moon' to work on: write local, ray, or ray://HOST:PORT.\n")
