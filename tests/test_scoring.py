"""What was chosen is scored under the base and the overfitted model, once, token by token."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import pytest

from tests.commands import Commands
from tests.speaking_model import ESSAY
from tests.tiny_models import write_gpt2
from verbosify.errors import ModelError
from verbosify.essay.reading import essay_from_text
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings, TuningRecipe
from verbosify.piece import Pick, Piece, export_piece, import_piece, read_export
from verbosify.workflow import Options, verbosify
from verbosify.workflow.scoring import _token_scores, score_picks
from verbosify.workflow.visit import Embed


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model, precision="fp32")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, model: LanguageModel, speaking_model: Path, embed: Embed) -> Path:
    """Three samples of each of two passages stand in it, drawn after steps that leave no doubt that they were taken."""
    strong = TuningRecipe(name="strong", window="once", steps=5, learning_rate=2e-3)
    settings = SamplingSettings(n=3, length=40)
    options = Options(model=str(speaking_model), precision="fp32", recipe=strong, settings=settings, most_samples=3)
    folder = tmp_path_factory.mktemp("scoring") / "piece"
    verbosify(essay_from_text(ESSAY), folder, options, model=model, embed=embed, limit=2)
    with Piece.open(folder) as opened:
        for passage in (0, 1):
            batch = next(batch for batch in opened.batches(passage) if batch.overfit is not None)
            drawn = [sample for sample in opened.samples(passage) if sample.batch == batch.id]
            opened.pick("own", passage, [Pick(row.id, 0, len(row.text), row.text) for row in drawn], curator="Ada")
    return folder


@pytest.fixture
def piece(tmp_path: Path, made: Path) -> Iterator[Piece]:
    with Piece.open(shutil.copytree(made, tmp_path / "piece")) as opened:
        yield opened


def test_every_standing_sample_is_scored_as_the_model_would(piece: Piece, model: LanguageModel) -> None:
    told: list[tuple[str, int, int | None]] = []

    scored = score_picks(piece, model, on_progress=lambda *said: told.append(said))

    standing = {pick.sample for name in piece.readings() for picks in piece.picks(name).values() for pick in picks}
    assert {row.sample for row in piece.scores()} == standing
    assert scored == (len(standing), len(standing)) == told[-1][1:]
    gains = []
    for row in piece.scores():
        sample = piece.sample(row.sample)
        batch = next(batch for batch in piece.batches() if batch.id == sample.batch)
        passage = piece.passages()[batch.passage].text
        assert "".join(row.tokens) == sample.text
        recipe = TuningRecipe.from_dict(piece.overfit(batch.overfit or 0).recipe)
        base = model.score(passage + sample.text)[-len(row.tokens) :]
        with model.overfit(passage, recipe):
            overfitted = model.score(passage + sample.text)[-len(row.tokens) :]
        assert row.base == pytest.approx([math.exp(score.log_probability) for score in base], rel=1e-3)
        assert row.overfitted == pytest.approx([math.exp(score.log_probability) for score in overfitted], rel=1e-3)
        gains += [math.log(after / before) for before, after in zip(row.base, row.overfitted, strict=True)]
    assert len(gains) >= 240
    assert fmean(gains) > 0.3, "what an overfitted model said is likelier to it than to the base"


def test_what_is_scored_is_not_scored_again_and_goes_through_the_export(
    piece: Piece, model: LanguageModel, tmp_path: Path
) -> None:
    score_picks(piece, model)

    assert score_picks(piece, model) == (0, 0)
    with import_piece(export_piece(piece), tmp_path / "again") as again:
        assert again.scores() == piece.scores()


def test_what_several_tokens_spell_together_is_one(model: LanguageModel) -> None:
    scores = _token_scores(model, "The ferry left", " at dawn — 🙂 and")

    assert "".join(token for token, _ in scores) == " at dawn — 🙂 and"
    assert any("🙂" in token for token, _ in scores)
    assert all(0 < probability <= 1 for _, probability in scores)
    assert _token_scores(model, "The ferry left", "") == []
    assert _token_scores(model, "The ferry left", " at dawn" * model.card.context) == []


def test_other_weights_are_refused(piece: Piece, tmp_path: Path) -> None:
    other = load_model(write_gpt2(tmp_path / "other"))
    with pytest.raises(ModelError, match="are not those of the record"):
        score_picks(piece, other)


def test_the_command_scores_and_writes_the_export(piece: Piece, commands: Commands) -> None:
    result = commands.run("score", piece.folder)

    assert result.code == 0, result.err
    scores = read_export(piece.folder / "piece.json")["scores"]
    assert result.out == f"{len(scores)} of {len(scores)} samples scored: `verbosify site` shows it.\n"
    assert len(scores) == len(piece.scores()) > 0
