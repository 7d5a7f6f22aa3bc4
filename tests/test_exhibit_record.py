"""The record of an exhibit: questions before their answers, rounds as they are drawn, choices as acts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from verbosify.errors import InputError, RecordError
from verbosify.exhibits.record import Chosen, Exhibit, exhibit_tables
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import RECIPES, SamplingSettings
from verbosify.pipeline import Choice, Input, Overfitting, Pipeline, Step, run
from verbosify.record.migrations import Schema

SCHEMA = Schema("a show", int.from_bytes(b"vbts"), (exhibit_tables,))
PIPELINE = Pipeline(
    name="harbour",
    template="{{ who }} waits. ",
    opening="The",
    inputs=(Input(name="who", clean=(Step("one_line"),)),),
    settings=SamplingSettings(n=3),
    most=15,
    clean=(Step("trim"),),
    choose=Choice(answers=1, rounds=2),
)


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model)


@pytest.fixture
def exhibit(tmp_path: Path) -> Iterator[Exhibit]:
    with Exhibit.open_or_create(tmp_path / "show.db", SCHEMA) as opened:
        yield opened


def test_what_was_asked_and_answered_is_there_after_it_was_closed(model: LanguageModel, tmp_path: Path) -> None:
    with Exhibit.open_or_create(tmp_path / "show.db", SCHEMA) as exhibit:
        question = exhibit.ask(PIPELINE, {"who": "The\nbaker"}, seed=5, asked_by="visitor", about={"page": 1})
        outcome = run(PIPELINE, model, question.inputs, seed=question.seed, recorder=exhibit.recorder(question))
        exhibit.settle(question, outcome)
        exhibit.settle(question, outcome)

    with Exhibit.open(tmp_path / "show.db", SCHEMA) as exhibit:
        (again,) = exhibit.questions(settled=True)
        assert again == exhibit.question(1) == question
        assert again.inputs == {"who": "The baker"}
        assert exhibit.pipeline_of(again) == PIPELINE
        assert exhibit.questions(settled=False) == []
        answers = exhibit.answers(again)
        assert [answer.text for answer in answers] == [answer.text for answer in outcome.answers]
        assert [answer.raw for answer in answers] == [answer.raw for answer in outcome.answers]
        assert answers[0].trace[0]["stage"] == "trim"
        chosen, chooser = exhibit.standing(again)
        assert (chosen, chooser) == ((Chosen(outcome.chosen[0].generation, outcome.chosen[0].text),), "rule")
        batch = exhibit.batch_of(answers[0].id)
        assert batch.prompt == outcome.prompt
        assert batch.model["weights_sha256"] == model.card.weights_sha256
        redone = model.sample(str(batch.prompt), SamplingSettings.from_dict(batch.settings))
        assert [row.text for row in redone] == [answer.raw for answer in answers]
        assert exhibit.asked_before(PIPELINE, {"who": "The baker "}) == again
        assert exhibit.asked_before(PIPELINE, {"who": "Nobody"}) is None


def test_a_round_that_was_recorded_before_the_power_went_is_not_recorded_twice(
    model: LanguageModel, exhibit: Exhibit
) -> None:
    pipeline = replace(PIPELINE, refuse=(Step("has", {"texts": ["e"]}),))
    question = exhibit.ask(pipeline, {"who": "The baker"}, seed=5, asked_by="list")

    first = run(pipeline, model, question.inputs, seed=5, recorder=exhibit.recorder(question))
    again = run(pipeline, model, question.inputs, seed=5, recorder=exhibit.recorder(question))
    exhibit.settle(question, again)

    assert [answer.generation for answer in first.answers] == [answer.generation for answer in again.answers]
    assert len(exhibit.answers(question)) == 6
    assert exhibit.why(question) == "None of 6 answers passed (6 × holds 'e')."
    assert exhibit.standing(question) == ((), "")


def test_answers_of_overfitted_weights_name_their_one_overfit(model: LanguageModel, exhibit: Exhibit) -> None:
    pipeline = replace(
        PIPELINE,
        overfit=Overfitting(on="{{ who }} sleeps.", recipe=RECIPES["passage"]),
        refuse=(Step("has", {"texts": ["e"]}),),
    )
    question = exhibit.ask(pipeline, {"who": "The baker"}, seed=5, asked_by="list")

    run(pipeline, model, question.inputs, seed=5, recorder=exhibit.recorder(question))

    assert {exhibit.batch_of(answer.id).overfit for answer in exhibit.answers(question)} == {1}
    assert exhibit.database.number("SELECT count(*) FROM overfits") == 1


def test_a_person_chooses_edits_clears_and_takes_it_back(model: LanguageModel, exhibit: Exhibit) -> None:
    question = exhibit.ask(PIPELINE, {"who": "The baker"}, seed=5, asked_by="list")
    exhibit.settle(question, run(PIPELINE, model, question.inputs, seed=5, recorder=exhibit.recorder(question)))
    first, second, _ = exhibit.answers(question)

    exhibit.choose(question, [second.id], chooser="Ada", reason="funnier")
    exhibit.edit(question, second.id, "In other words.", chooser="Ada")
    assert exhibit.standing(question) == ((Chosen(second.id, "In other words.", edited=True),), "Ada")
    exhibit.clear(question, chooser="Ada")
    assert exhibit.standing(question) == ((), "")
    for _ in range(2):
        assert exhibit.undo(question, chooser="Ada")
    assert exhibit.standing(question) == ((Chosen(second.id, second.text),), "Ada")
    assert exhibit.undo(question, chooser="Ada")
    assert exhibit.standing(question) == ((Chosen(first.id, first.text),), "rule")
    assert exhibit.redo(question, chooser="Ada")
    assert exhibit.standing(question)[1] == "Ada"
    exhibit.edit(question, first.id, first.text, chooser="Ada")
    assert not exhibit.redo(question, chooser="Ada")
    assert [event.action for event in exhibit.history(question)][:4] == ["chosen", "chosen", "edited", "cleared"]


def test_a_reply_follows_an_answer(model: LanguageModel, exhibit: Exhibit) -> None:
    question = exhibit.ask(PIPELINE, {"who": "The baker"}, seed=5, asked_by="visitor")
    exhibit.settle(question, run(PIPELINE, model, question.inputs, seed=5, recorder=exhibit.recorder(question)))
    answer = exhibit.answers(question)[0]

    reply = exhibit.ask(PIPELINE, {"who": "The ferry"}, seed=6, asked_by="visitor", parent=answer.id)

    assert exhibit.following(answer.id) == [reply]


def test_what_does_not_fit_is_refused(model: LanguageModel, exhibit: Exhibit, tmp_path: Path) -> None:
    question = exhibit.ask(PIPELINE, {"who": "The baker"}, seed=5, asked_by="visitor")
    other = exhibit.ask(PIPELINE, {"who": "The ferry"}, seed=5, asked_by="visitor")
    exhibit.settle(question, run(PIPELINE, model, question.inputs, seed=5, recorder=exhibit.recorder(question)))
    answer = exhibit.answers(question)[0]

    for refused in (
        lambda: exhibit.question(9),
        lambda: exhibit.answer(99),
        lambda: exhibit.choose(other, [answer.id], chooser="Ada"),
        lambda: exhibit.choose(question, [Chosen(answer.id, "other words")], chooser="Ada"),
        lambda: exhibit.edit(question, answer.id, "  ", chooser="Ada"),
        lambda: exhibit.choose(question, [answer.id], chooser=""),
        lambda: Exhibit.open(tmp_path / "nowhere.db", SCHEMA),
        lambda: Exhibit.open(tmp_path / "show.db", Schema("a piece", 7, (exhibit_tables,))),
    ):
        with pytest.raises(RecordError):
            refused()
    with pytest.raises(InputError):
        exhibit.ask(PIPELINE, {"who": ""}, seed=5, asked_by="visitor")
    with pytest.raises(RecordError, match="never changed or deleted"), exhibit.database.writing():
        exhibit.database.execute("DELETE FROM questions")
    assert len(exhibit.questions()) == 2
