"""What the fresh model is asked, and what of it is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from math import log
from pathlib import Path
from statistics import fmean

import pytest

from tests.pieces import make_job
from verbosify.curation import Candidate
from verbosify.essay.passages import essay_passages, essay_sentences
from verbosify.essay.reading import essay_from_text
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import RECIPES
from verbosify.piece import Passage, Piece, Sample
from verbosify.workflow.opinions import ask, likelihood_of_prose, next_sentence

pytestmark = pytest.mark.drawn

ESSAY = (
    "The ferry leaves the stone pier. An old fisherman counts the gulls. The baker greets the night watch. "
    "Nobody sees the boats go."
)
SAID = " The ferry waits for the tide. The gulls sleep."


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model, precision="fp32")


@pytest.fixture
def piece(tmp_path: Path, model: LanguageModel) -> Iterator[Piece]:
    essay = essay_from_text(ESSAY)
    split = essay_sentences(essay)
    passages = [Passage(**asdict(passage)) for passage in essay_passages(split)]
    sentences = [{"start": s.start, "end": s.end, "text": s.text} for s in split[0]]
    blocks = [{"kind": "paragraph", "start": 0, "end": len(ESSAY), "level": 0, "sentences": sentences}]
    job = make_job(essay_text=ESSAY, essay_blocks=blocks, model=asdict(model.card))
    with Piece.open_or_create(tmp_path / "piece", job, passages) as made:
        for index in range(len(passages)):
            row = Sample(index=0, token_ids=[1], text=SAID, finish="length", measures={})
            made.add_batch(index, [row], settings={}, overfit=None, seconds=0.0)
        yield made


def candidate(sample: int, text: str) -> Candidate:
    start = SAID.index(text)
    return Candidate(sample, start, start + len(text), text, (text.lower(),), 6, 0.5, invents=False, reverses=False)


def offered(sample: int) -> list[Candidate]:
    return [candidate(sample, SAID.strip()), candidate(sample, "The gulls sleep.")]


def likelihoods(model: LanguageModel, prompt: str, text: str) -> list[float]:
    """Token by token, each from the list of next tokens."""
    found = []
    for token in model.encode(text):
        choices = {choice.token_id: choice.probability for choice in model.next_tokens(prompt, 10**6)}
        found.append(log(choices[token]))
        prompt += model.decode([token])
    return found


def test_an_opinion_is_what_the_fresh_model_says_token_by_token(piece: Piece, model: LanguageModel) -> None:
    passage, other = piece.passages()

    ask(piece, passage, model, -2.0, offered(1))
    ask(piece, other, model, -2.0, offered(2))

    whole, last = piece.opinions(0)
    said = likelihoods(model, passage.text, SAID)
    assert whole.information == pytest.approx(-sum(said), abs=1e-3)
    assert whole.fluency == pytest.approx(fmean(said) + 2.0, abs=1e-3)
    following = " Nobody sees the boats go."
    alone = fmean(likelihoods(model, passage.text, following))
    assert last.flow == pytest.approx(
        fmean(likelihoods(model, passage.text + " The gulls sleep.", following)) - alone, abs=1e-3
    )
    assert (last.start, last.end) == (SAID.index("The gulls"), len(SAID))
    assert [row.flow for row in piece.opinions(1)] == [None, None], "the paragraph ends there"
    assert len(piece.opinions()) == 4


def test_the_model_is_asked_fresh_and_what_it_said_is_recorded_once(piece: Piece, model: LanguageModel) -> None:
    passage = piece.passages()[0]
    with model.overfit(passage.text, RECIPES["passage"]):
        pass

    ask(piece, passage, model, -2.0, offered(1))
    before = piece.opinions()
    ask(piece, passage, model, -3.0, offered(1))

    assert piece.opinions() == before


def test_a_candidate_that_does_not_fit_the_model_is_not_asked_about(piece: Piece, model: LanguageModel) -> None:
    passage = piece.passages()[0]
    long = Candidate(
        1, 0, len(SAID), "The ferry waits. " * model.card.context, (), 6, 0.5, invents=False, reverses=False
    )

    ask(piece, passage, model, -2.0, [long])

    assert piece.opinions() == []


def test_a_next_sentence_that_does_not_fit_the_model_is_left_out(
    piece: Piece, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "Nobody sees the boats go. " * model.card.context
    monkeypatch.setattr("verbosify.workflow.opinions.next_sentence", lambda *_: long)

    ask(piece, piece.passages()[0], model, -2.0, offered(1))

    assert [row.flow for row in piece.opinions()] == [None, None]


def test_the_next_sentence_is_that_of_the_paragraph(piece: Piece) -> None:
    assert [next_sentence(piece, passage) for passage in piece.passages()] == ["Nobody sees the boats go.", None]


def test_the_likelihood_of_prose_is_that_of_its_tokens(model: LanguageModel) -> None:
    scores = [score.log_probability for score in model.score(ESSAY)]

    assert likelihood_of_prose(model, [ESSAY]) == pytest.approx(fmean(scores), abs=1e-4)
    assert likelihood_of_prose(model, [ESSAY] * 3) == pytest.approx(fmean(scores), abs=1e-4)
    assert likelihood_of_prose(model, ["", "a"]) == likelihood_of_prose(model, ["a"])
    assert likelihood_of_prose(model, []) == 0.0
