"""One passage's visit to the model: what it draws, when it goes on, and what of it is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.pieces import make_job, make_overfit
from tests.speaking_model import ESSAY
from tests.tiny_models import write_gpt2
from verbosify.errors import ModelError
from verbosify.essay.passages import essay_passages, essay_sentences
from verbosify.essay.reading import essay_from_text
from verbosify.measures import Measures
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import SamplingSettings
from verbosify.piece import Passage, Piece, Sample
from verbosify.record.database import Database
from verbosify.workflow import Options
from verbosify.workflow.finish import candidates_by_gap
from verbosify.workflow.options import batch_seed
from verbosify.workflow.visit import (
    BY_HAND,
    CONTROL_EVERY,
    Embed,
    Judge,
    Visit,
    advice_for,
    draw_more,
    drawn_together,
    measure,
    own_batches,
    visit,
)

OPTIONS = Options(settings=SamplingSettings(n=4, length=60), portfolio=False, most_samples=10)
"""Long enough for a whole sentence in every sample, nearly."""
PROSE = "The ferry leaves. " * 3
NEVER = Judge.of(PROSE, share=1e9)
"""A judge for whom no sample is long enough."""
SOON = Judge.of(PROSE, share=0.0)
"""A judge for whom any length will do."""


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model)


@pytest.fixture(scope="module")
def babbling(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    """A model with random weights, of which nothing can be printed."""
    return load_model(write_gpt2(tmp_path_factory.mktemp("babbling"), context=512))


def all_alike(texts: Sequence[str]) -> NDArray[np.float32]:
    """Embeddings by which everything means the same."""
    return np.ones((len(texts), 1), dtype=np.float32)


@pytest.fixture
def piece(tmp_path: Path, model: LanguageModel) -> Iterator[Piece]:
    with begin(tmp_path / "piece", model) as begun:
        yield begun


def begin(folder: Path, model: LanguageModel) -> Piece:
    essay = essay_from_text(ESSAY)
    passages = [Passage(**asdict(passage)) for passage in essay_passages(essay_sentences(essay))]
    blocks: list[dict[str, Any]] = [
        {"kind": b.kind, "start": b.start, "end": b.end, "level": b.level, "sentences": []} for b in essay.blocks
    ]
    return Piece.open_or_create(
        folder,
        make_job(essay_text=ESSAY, essay_blocks=blocks, model=asdict(model.card), options=OPTIONS.to_dict()),
        passages,
    )


def call(piece: Piece, index: int, model: LanguageModel, embed: Embed, judge: Judge) -> Iterator[Visit]:
    return visit(piece, piece.passages()[index], model, embed, judge, OPTIONS)


def plain(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in asdict(row).items() if name not in ("created", "seconds")} for row in rows]


# Measuring


def test_a_sample_that_was_split_otherwise_is_judged_by_its_mean(embed: Embed) -> None:
    text = "The ferry waits for the tide. The baker counts the gulls. Nobody sees the boats go."
    (measured,) = measure("The ferry leaves.", [text], embed, "en")
    sample = Sample(id=1, index=0, token_ids=[], text=text, finish="length", measures=measured.to_dict())
    then = replace(measured, sentence_similarities=(0.2, 0.4))

    today = SOON.candidates_of(sample, "The ferry leaves.")
    found = SOON.candidates_of(replace(sample, measures=then.to_dict()), "The ferry leaves.")

    assert [candidate.text for candidate in found] == [candidate.text for candidate in today] != []
    assert {round(candidate.closeness, 6) for candidate in found} == {0.3}


def test_samples_are_measured_against_their_passage_each_by_itself(embed: Embed) -> None:
    passage = "The ferry leaves the stone pier. A crowd of gulls follows it. Nobody counts them."
    texts = [" The ferry leaves the stone pier.", " Prime numbers have no end. They thin out slowly.", "", " The ferry"]

    said, strayed, blank, cut = measure(passage, texts, embed, "en")

    assert said.badges()[0] == "copied"
    assert said.similarity is not None
    assert strayed.similarity is not None
    assert said.similarity > 0.5 > strayed.similarity
    assert len(strayed.sentence_similarities) == 2
    assert blank.badges() == ("blank",)
    assert cut.cut_off
    alone = measure(passage, [texts[1]], embed, "en")[0]
    assert alone.similarity == pytest.approx(strayed.similarity, abs=1e-5)


def test_no_samples_have_no_measures(embed: Embed) -> None:
    assert measure("The ferry leaves.", [], embed, "en") == []


# Drawing


def test_a_visit_tells_of_a_batch_only_when_it_is_recorded(piece: Piece, model: LanguageModel) -> None:
    told = 0
    for state in call(piece, 1, model, all_alike, NEVER):
        told += 1
        assert len(piece.batches(1)) == told
        assert len(list(piece.samples(1))) == state.samples
        assert len(piece.overfits(1)) == 1
    assert told == 3


def test_a_passage_without_enough_gets_more_samples_up_to_the_most(piece: Piece, babbling: LanguageModel) -> None:
    states = list(call(piece, 1, babbling, all_alike, NEVER))

    assert [state.samples for state in states] == [4, 8, 10]
    batches = piece.batches(1)
    assert [batch.settings["n"] for batch in batches] == [4, 4, 2]
    assert len({batch.settings["seed"] for batch in batches}) == 3
    assert batches[0].reason == "the first samples"
    assert all(batch.reason and batch.reason != batches[0].reason for batch in batches[1:])
    assert piece.finished_passages() == {1}


def test_the_reason_for_other_settings_names_what_changed(piece: Piece, babbling: LanguageModel) -> None:
    list(call(piece, 1, babbling, all_alike, NEVER))

    for before, after in pairwise(piece.batches(1)):
        changed = {name for name in ("top_k", "temperature") if before.settings[name] != after.settings[name]}
        assert ("top-k" in after.reason) == ("top_k" in changed)
        assert ("temperature" in after.reason) == ("temperature" in changed)


def test_a_passage_with_enough_is_left(piece: Piece, model: LanguageModel) -> None:
    states = list(call(piece, 1, model, all_alike, SOON))

    assert [state.samples for state in states] == [4]
    assert len({candidate.sample for candidate in states[0].candidates}) >= 2
    assert piece.finished_passages() == {1}


def test_every_so_many_passages_the_fresh_base_speaks_too(piece: Piece, model: LanguageModel) -> None:
    for index in range(3):
        list(call(piece, index, model, all_alike, SOON))

    controls = [batch for batch in piece.batches() if batch.overfit is None]
    assert CONTROL_EVERY > 2
    assert [(batch.passage, batch.number) for batch in controls] == [(0, 0)]
    assert controls[0].settings["n"] == OPTIONS.settings.n
    assert "fresh base" in controls[0].reason


def test_what_the_fresh_base_says_is_never_offered(piece: Piece, model: LanguageModel) -> None:
    (state,) = call(piece, 0, model, all_alike, SOON)

    overfitted = {batch.id for batch in piece.batches(0) if batch.overfit is not None}
    offered = {candidate.sample for candidate in state.candidates}
    assert offered <= {sample.id for sample in piece.samples(0) if sample.batch in overfitted}
    assert state.samples == OPTIONS.settings.n


def test_the_record_holds_all_that_a_sample_followed_from(piece: Piece, model: LanguageModel, embed: Embed) -> None:
    (state, *_) = call(piece, 1, model, embed, NEVER)

    (overfit,) = piece.overfits(1)
    assert overfit.recipe == OPTIONS.recipe.to_dict()
    assert overfit.loss_after < overfit.loss_before
    assert (state.loss_before, state.loss_after) == (overfit.loss_before, overfit.loss_after)
    assert overfit.window_tokens == 1024
    assert overfit.model == asdict(model.card)
    batch = piece.batches(1)[0]
    assert batch.model == asdict(model.card)
    assert SamplingSettings.from_dict(batch.settings) == replace(OPTIONS.settings, seed=batch_seed(0, 1, 0))
    assert batch.diversity["samples"] == 4
    samples = [sample for sample in piece.samples(1) if sample.batch == batch.id]
    assert [sample.index for sample in samples] == [0, 1, 2, 3]
    for sample in samples:
        assert model.decode(sample.token_ids) == sample.text
        assert sample.finish == "length"
        assert Measures.from_dict(sample.measures).similarity is not None
    assert len({sample.text for sample in samples}) == 4


@pytest.mark.parametrize("text", ["the quiet harbour " * 600, "a"], ids=["too long", "a single token"])
def test_a_passage_that_cannot_be_taken_in_at_once_is_skipped(text: str, piece: Piece, model: LanguageModel) -> None:
    passage = replace(piece.passages()[2], text=text)

    assert list(visit(piece, passage, model, all_alike, SOON, OPTIONS)) == []

    assert piece.batches() == []
    assert piece.finished_passages() == {2}
    (entry,) = piece.log()
    assert (entry.event, entry.detail["passage"]) == ("passed over", 2)

    piece.skip_passage(2)
    assert len(piece.log()) == 1, "once is enough"


def test_a_passage_is_skipped_and_finished_or_neither(
    piece: Piece, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Database.insert

    def die(database: Database, table: str, row: Any) -> int:
        if table == "passage_done":
            raise KeyboardInterrupt
        return insert(database, table, row)

    with monkeypatch.context() as patch:
        patch.setattr(Database, "insert", die)
        with pytest.raises(KeyboardInterrupt):
            list(visit(piece, replace(piece.passages()[2], text="a"), model, all_alike, SOON, OPTIONS))

    assert (piece.log(), piece.finished_passages()) == ([], set())


# Several settings at once


PORTFOLIO = replace(OPTIONS, portfolio=True, most_samples=14)


def draw_portfolio(piece: Piece, model: LanguageModel, judge: Judge = NEVER) -> list[Visit]:
    return list(visit(piece, piece.passages()[1], model, all_alike, judge, PORTFOLIO))


def test_a_portfolio_is_drawn_at_once_with_the_settings_to_which_the_rule_may_lead(
    piece: Piece, model: LanguageModel
) -> None:
    (state,) = draw_portfolio(piece, model)

    batches = piece.batches(1)
    assert state.samples == PORTFOLIO.most_samples
    assert [
        (batch.settings["temperature"], batch.settings["top_k"], batch.settings["n"]) for batch in batches
    ] == [(0.8, 30, 4), (0.8, 15, 4), (0.7, 30, 4), (0.8, 80, 2)]  # fmt: skip
    assert [batch.settings["seed"] for batch in batches] == [batch_seed(0, 1, number) for number in range(4)]
    assert len({batch.overfit for batch in batches}) == 1
    assert piece.finished_passages() == {1}


def test_a_portfolio_says_what_its_settings_say_alone(piece: Piece, model: LanguageModel) -> None:
    draw_portfolio(piece, model)

    passage = piece.passages()[1]
    with model.overfit(passage.text, OPTIONS.recipe):
        for batch in piece.batches(1):
            alone = model.sample(passage.text, SamplingSettings.from_dict(batch.settings))
            said = [sample for sample in piece.samples(1) if sample.batch == batch.id]
            assert [row.text for row in alone] == [sample.text for sample in said]
            assert [sample.index for sample in said] == [row.index for row in alone]


def test_a_portfolio_that_is_cut_off_is_recorded_whole_or_not_at_all(
    piece: Piece, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Piece.add_batch

    def die_at_the_third(self: Piece, *args: Any, **how: Any) -> Any:
        if len(self.batches(1)) == 2:
            raise KeyboardInterrupt
        return add(self, *args, **how)

    with monkeypatch.context() as patch:
        patch.setattr(Piece, "add_batch", die_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            draw_portfolio(piece, model)

    assert (piece.batches(1), piece.overfits(1), list(piece.samples(1))) == ([], [], [])
    assert [state.samples for state in draw_portfolio(piece, model)] == [PORTFOLIO.most_samples]


def test_what_was_drawn_together_is_known_from_the_record(piece: Piece, model: LanguageModel) -> None:
    list(visit(piece, piece.passages()[0], model, all_alike, NEVER, PORTFOLIO))
    draw_more(piece, piece.passages()[0], model, all_alike, OPTIONS.settings, reason=BY_HAND)

    control, *portfolio, more = piece.batches(0)
    assert drawn_together(piece, control) == [control]
    assert len(portfolio) == 4
    assert all(drawn_together(piece, batch) == portfolio for batch in portfolio)
    assert drawn_together(piece, more) == [more]


# Going on


def test_an_interrupted_visit_goes_on_as_if_it_had_not_been(piece: Piece, model: LanguageModel, tmp_path: Path) -> None:
    with begin(tmp_path / "whole", model) as whole:
        list(call(whole, 0, model, all_alike, NEVER))

        for _ in range(2):
            begun = call(piece, 0, model, all_alike, NEVER)
            next(begun)
            begun.close()  # type: ignore[attr-defined]
        states = list(call(piece, 0, model, all_alike, NEVER))

        assert [state.samples for state in states] == [10]
        assert plain(piece.batches()) == plain(whole.batches())
        assert plain(list(piece.samples())) == plain(list(whole.samples()))
        assert plain(piece.overfits()) == plain(whole.overfits())


def test_the_weights_are_fresh_again_after_a_visit_that_was_left(piece: Piece, model: LanguageModel) -> None:
    before = model.score(ESSAY)

    begun = call(piece, 1, model, all_alike, NEVER)
    next(begun)
    during = model.score(ESSAY)
    begun.close()  # type: ignore[attr-defined]

    assert during != before
    assert model.score(ESSAY) == before


def test_a_passage_with_enough_that_was_not_finished_is_finished_without_another_sample(
    piece: Piece, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Piece, "finish_passage", die)
        with pytest.raises(KeyboardInterrupt):
            list(call(piece, 1, model, all_alike, SOON))
    assert piece.finished_passages() == set()
    asked = [row.id for row in piece.opinions()]

    (state,) = call(piece, 1, model, all_alike, SOON)

    assert state.samples == 4
    assert [row.id for row in piece.opinions()] == asked, "the model is not asked twice"
    assert state.loss_after == piece.overfits(1)[0].loss_after
    assert (len(piece.batches(1)), len(piece.overfits(1))) == (1, 1)
    assert piece.finished_passages() == {1}


# More, on request


def test_one_more_batch_is_drawn_from_an_overfit_of_its_own(piece: Piece, model: LanguageModel) -> None:
    passage = piece.passages()[1]
    assert advice_for(piece, passage, NEVER) is None
    list(visit(piece, passage, model, all_alike, SOON, OPTIONS))
    advice = advice_for(piece, passage, NEVER)
    assert advice is not None

    batch = draw_more(piece, passage, model, all_alike, advice.settings, reason="at will")

    run, more = piece.batches(1)
    assert more == batch
    assert (batch.reason, batch.settings["top_k"]) == ("at will", advice.settings.top_k)
    assert batch.overfit != run.overfit
    assert batch.settings["seed"] != run.settings["seed"]


def test_what_a_hand_draws_is_as_much_as_was_asked_for_whatever_a_run_may_draw(
    piece: Piece, model: LanguageModel
) -> None:
    asked = replace(OPTIONS.settings, n=OPTIONS.most_samples + 5)

    batch = draw_more(piece, piece.passages()[1], model, all_alike, asked, reason="at will")

    assert batch.settings["n"] == asked.n == len(list(piece.samples(1)))


@pytest.mark.parametrize("before", [0, 1])
def test_a_hand_in_the_middle_of_a_visit_changes_nothing_of_what_the_run_draws(
    before: int, piece: Piece, model: LanguageModel, tmp_path: Path
) -> None:
    with begin(tmp_path / "whole", model) as whole:
        list(call(whole, 1, model, all_alike, NEVER))
        if before:
            begun = call(piece, 1, model, all_alike, NEVER)
            next(begun)
            begun.close()  # type: ignore[attr-defined]
        hasty = SamplingSettings(n=1, length=5, temperature=1.7, top_k=3)
        by_hand = [draw_more(piece, piece.passages()[1], model, all_alike, hasty, reason="quick") for _ in range(2)]

        states = list(call(piece, 1, model, all_alike, NEVER))

        assert [batch.id for batch in by_hand] == [batch.id for batch in piece.batches(1)[before : before + 2]]
        assert states[-1].samples == OPTIONS.most_samples
        assert drawn_by_the_run(piece) == drawn_by_the_run(whole)
        assert piece.finished_passages() == {1}


def drawn_by_the_run(piece: Piece) -> list[tuple[Any, ...]]:
    """Of every batch of a run: settings, reason, and what it said."""
    said: dict[int, list[str]] = {}
    for sample in piece.samples():
        said.setdefault(sample.batch, []).append(sample.text)
    return [(batch.settings, batch.reason, said[batch.id]) for batch in own_batches(piece)]


def test_a_record_in_which_a_hand_took_over_goes_on_with_the_settings_and_unused_seeds_of_the_run(
    piece: Piece, model: LanguageModel
) -> None:
    hasty = SamplingSettings(n=1, length=5, top_k=3)
    begun = call(piece, 1, model, all_alike, NEVER)
    next(begun)
    begun.close()  # type: ignore[attr-defined]
    draw_more(piece, piece.passages()[1], model, all_alike, hasty, reason="quick")
    # As an earlier verbosify went on: the hand's settings, and the hand's batch counted among the run's.
    taken_over = replace(hasty, seed=batch_seed(0, 1, 2))
    overfit = piece.overfits(1)[0]
    sample = Sample(index=0, token_ids=[1], text=" Once.", finish="length", measures=next(piece.samples(1)).measures)
    piece.add_batch(1, [sample], settings=taken_over.to_dict(), overfit=overfit, seconds=0)

    list(call(piece, 1, model, all_alike, NEVER))

    settings = [SamplingSettings.from_dict(batch.settings) for batch in own_batches(piece)]
    assert [row.length for row in settings] == [60, 5, 60, 60]
    assert [row.n for row in settings] == [4, 1, 4, 1]
    assert len({row.seed for row in settings}) == 4
    assert settings[2].seed == batch_seed(0, 1, 3)


def test_batches_that_the_widget_drew_are_told_by_their_reason_too(piece: Piece) -> None:
    overfit = make_overfit()
    piece.add_batch(1, [], settings={}, overfit=overfit, seconds=0, reason="the first samples")
    piece.add_batch(1, [], settings={}, overfit=overfit, seconds=0, reason=f"{BY_HAND}: temperature 0.8")
    piece.add_batch(1, [], settings={}, overfit=None, seconds=0, reason="the fresh base, for comparison")

    assert [batch.number for batch in own_batches(piece, 1)] == [0]


def test_what_a_hand_drew_is_not_for_the_built_in_curator(piece: Piece, model: LanguageModel) -> None:
    list(call(piece, 1, model, all_alike, SOON))
    offered = candidates_by_gap(piece, SOON, {1})
    draw_more(piece, piece.passages()[1], model, all_alike, OPTIONS.settings, reason="at will")

    assert offered[1]
    assert candidates_by_gap(piece, SOON, {1}) == offered


def test_more_is_never_drawn_from_other_weights(piece: Piece, babbling: LanguageModel) -> None:
    with pytest.raises(ModelError, match="has other weights than the piece was made with"):
        draw_more(piece, piece.passages()[0], babbling, all_alike, OPTIONS.settings, reason="at will")
