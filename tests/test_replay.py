"""A sample is made again from its record, token by token; what has been altered since is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.commands import Commands
from tests.speaking_model import ESSAY
from tests.tiny_models import write_gpt2
from verbosify.errors import ModelError, PieceError, VerbosifyError
from verbosify.essay.reading import essay_from_text
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings
from verbosify.piece import Batch, Piece, import_piece, read_export
from verbosify.workflow import Options, replay, verbosify
from verbosify.workflow.visit import Embed


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, model: LanguageModel, speaking_model: Path, embed: Embed) -> Path:
    """A piece with a control batch, first batches and later ones with other settings."""
    folder = tmp_path_factory.mktemp("made") / "piece"
    options = Options(
        model=str(speaking_model), settings=SamplingSettings(n=3, length=20, stops=("night",)), most_samples=6
    )
    verbosify(essay_from_text(ESSAY), folder, options, model=model, embed=embed)
    return folder


@pytest.fixture
def piece(made: Path, tmp_path: Path) -> Iterator[Piece]:
    shutil.copytree(made, tmp_path / "piece")
    with Piece.open(tmp_path / "piece") as opened:
        yield opened


def first_sample(piece: Piece, kind: str) -> int:
    def fits(batch: Batch) -> bool:
        found = "control" if batch.overfit is None else "first" if batch.reason == "the first samples" else "later"
        return found == kind

    wanted = next(batch.id for batch in piece.batches() if fits(batch))
    return next(sample.id for sample in piece.samples() if sample.batch == wanted)


def of_its_batch(first: int) -> range:
    """The samples of the batch that begins there."""
    return range(first, first + 3)


def alter(piece: Piece, table: str, column: str, value: dict[str, Any] | list[int]) -> None:
    """Change a column in every row of a table (of an object, the fields named), which the record never lets happen."""
    changed = "json_patch({}, ?)" if isinstance(value, dict) else "?"
    with closing(sqlite3.connect(piece.folder / "piece.db")) as database:
        database.execute(f"DROP TRIGGER IF EXISTS {table}_no_update")
        database.execute(f"UPDATE {table} SET {column} = {changed.format(column)}", (json.dumps(value),))  # noqa: S608
        database.commit()


@pytest.mark.parametrize("kind", ["control", "first", "later"])
def test_a_sample_comes_out_the_same_again(kind: str, piece: Piece, model: LanguageModel) -> None:
    sample = first_sample(piece, kind)

    for number in of_its_batch(sample):
        result = replay(piece, number, model=model)

        assert result.identical
        assert result.first_difference is None
        assert result.differing == ()
        assert result.again == result.recorded == piece.sample(number).text


def test_replaying_writes_nothing_and_leaves_the_model_fresh(piece: Piece, model: LanguageModel) -> None:
    before, scores = list(piece.database.rows("SELECT count(*) FROM log")[0]), model.score(ESSAY)

    replay(piece, first_sample(piece, "first"), model=model)

    assert list(piece.database.rows("SELECT count(*) FROM log")[0]) == before
    assert model.score(ESSAY) == scores


def test_a_sample_of_an_imported_piece_comes_out_the_same(made: Path, model: LanguageModel, tmp_path: Path) -> None:
    with import_piece(read_export(made / "piece.json"), tmp_path / "copy") as copy:
        assert replay(copy, first_sample(copy, "later"), model=model).identical


def test_where_an_altered_record_parts_from_what_comes_out_is_told(piece: Piece, model: LanguageModel) -> None:
    sample = next(sample.id for sample in piece.samples() if len(sample.token_ids) > 7)  # who says “night” falls silent
    ids = piece.sample(sample).token_ids

    for altered, place in ((([*ids[:5], ids[5] + 1, *ids[6:]]), 5), (ids[:-2], len(ids) - 2), ([*ids, 7], len(ids))):
        alter(piece, "generations", "token_ids", altered)
        result = replay(piece, sample, model=model)
        assert (result.identical, result.first_difference) == (False, place)


def is_made_again(piece: Piece, sample: int, model: LanguageModel) -> bool:
    try:
        return replay(piece, sample, model=model).identical
    except ModelError:  # an altered rate that some models bear and others do not
        return False


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("batches", "settings", {"seed": 1}),
        ("batches", "settings", {"temperature": 0}),
        ("overfits", "recipe", {"learning_rate": 0.02}),
        ("overfits", "recipe", {"learning_rate": 0.02, "window": "once"}),
    ],
)
def test_an_altered_setting_does_not_go_unnoticed(
    table: str, column: str, value: dict[str, Any], piece: Piece, model: LanguageModel
) -> None:
    alter(piece, table, column, value)

    samples = of_its_batch(first_sample(piece, "first"))
    assert not all(is_made_again(piece, sample, model) for sample in samples)


def test_what_is_not_as_it_was_on_the_machine_is_told(piece: Piece, model: LanguageModel) -> None:
    then = {"threads": 7, "device": "cuda", "versions": {"torch": "1.0", "python": "2.7"}}
    alter(piece, "batches", "model", then)

    told = replay(piece, first_sample(piece, "first"), model=model).differing

    assert told == (
        "device was cuda, is cpu",
        f"threads was 7, is {model.card.threads}",
        f"python was 2.7, is {model.card.versions['python']}",
        f"torch was 1.0, is {model.card.versions['torch']}",
    )


def test_other_weights_are_not_used_for_a_replay(piece: Piece, tmp_path: Path) -> None:
    other = load_model(write_gpt2(tmp_path / "other"))

    with pytest.raises(ModelError, match=r"weights of speaking here are not those of the record \([0-9a-f]{12}…\)"):
        replay(piece, 1, model=other)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("batches", "model", {"dtype": "int3"}),
        ("batches", "model", {"threads": 0}),
        ("batches", "model", {"threads": 10**9}),
        ("batches", "model", {"engine": "steam"}),
        ("batches", "model", {"device": "abacus"}),
        ("batches", "settings", {"n": 1}),
        ("batches", "settings", {"n": -1}),
        ("batches", "settings", {"temperature": "hot"}),
        ("batches", "settings", {"colour": "red"}),
        ("overfits", "recipe", {"window": "round"}),
        ("overfits", "recipe", {"colour": "red"}),
        ("job", "options", {"model": "no such model"}),
    ],
)
def test_a_record_that_cannot_be_replayed_is_refused_in_one_sentence(
    table: str, column: str, value: dict[str, Any], piece: Piece
) -> None:
    sample = first_sample(piece, "first") + 2
    alter(piece, table, column, value)

    with pytest.raises(VerbosifyError, match=r"^[^\n]+\.$"):
        replay(piece, sample)


def test_a_sample_that_is_not_there_is_refused(piece: Piece, model: LanguageModel) -> None:
    with pytest.raises(PieceError, match="has no row 999 among its samples"):
        replay(piece, 999, model=model)


# From the command line


@pytest.mark.parametrize("kind", ["control", "first", "later"])
def test_the_command_replays_in_another_process(kind: str, piece: Piece, commands: Commands) -> None:
    sample = first_sample(piece, kind)

    result = commands.run("replay", piece.folder, sample)

    assert (result.code, result.err) == (0, "")
    assert result.out == f"{piece.sample(sample).text}\nSample {sample}: identical.\n"


def test_the_command_computes_with_as_many_threads_as_are_recorded(piece: Piece, commands: Commands) -> None:
    alter(piece, "batches", "model", {"threads": 2})
    sample = first_sample(piece, "first")

    result = commands.run("replay", piece.folder, sample)

    assert result.code in (0, 1)
    assert "threads was" not in result.out


def test_the_number_of_threads_is_as_it_was_afterwards(piece: Piece) -> None:
    before = torch.get_num_threads()
    alter(piece, "batches", "model", {"threads": before + 1})

    result = replay(piece, first_sample(piece, "first"))

    assert not any("threads" in line for line in result.differing)
    assert torch.get_num_threads() == before


def test_the_command_shows_what_differs(piece: Piece, model: LanguageModel, commands: Commands) -> None:
    alter(piece, "batches", "settings", {"seed": 1})
    alter(piece, "batches", "model", {"versions": {"torch": "1.0"}})
    samples = of_its_batch(first_sample(piece, "first"))
    sample = next(sample for sample in samples if not replay(piece, sample, model=model).identical)

    result = commands.run("replay", piece.folder, sample)

    assert (result.code, result.err) == (1, "")
    assert "\n  torch was 1.0, is " in result.out
    assert f"\nSample {sample}: differs from token " in result.out
    assert result.out.endswith(f"Recorded was:\n{piece.sample(sample).text}\n")
