"""A pipeline at work on a real model: answers with traces, bounded retries, the rules of choice, streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from verbosify.errors import InputError, ModelError
from verbosify.models.host import Host
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import RECIPES, SamplingSettings
from verbosify.pipeline import (
    Choice,
    Context,
    Draw,
    Event,
    Input,
    Overfitting,
    Pipeline,
    Step,
    definition,
    registry,
    run,
    stream,
)
from verbosify.pipeline.registry import Stage

HARBOUR = Pipeline(
    name="harbour",
    template="The harbour master forgets {{ what }}. ",
    opening="The ferry",
    inputs=(Input(name="what"),),
    settings=SamplingSettings(n=4, temperature=1.0, top_k=0),
    least=3,
    most=30,
    clean=(Step("trim"), Step("whole_sentences")),
    refuse=(Step("unfinished"),),
    choose=Choice(rule="first", answers=2, rounds=3),
)
GIVEN = {"what": "the quiet harbour"}


class Kept:
    """A recorder that keeps the rounds."""

    def __init__(self) -> None:
        self.draws: list[Draw] = []

    def add(self, draw: Draw) -> Sequence[int]:
        self.draws.append(draw)
        return [100 * len(self.draws) + answer.row for answer in draw.answers]


@pytest.fixture(scope="module")
def model(speaking_model: Path) -> LanguageModel:
    return load_model(speaking_model)


def silenced(model: LanguageModel) -> Pipeline:
    """The same, drawn so that the model can say nothing but line breaks."""
    (line,) = model.encode("\n")
    settings = replace(HARBOUR.settings, logit_bias=((line, 100.0),), top_k=2)
    return replace(HARBOUR, template="{{ what }}", opening="", least=0, settings=settings)


def test_an_answer_has_the_trace_of_its_way(model: LanguageModel) -> None:
    outcome = run(HARBOUR, model, GIVEN, seed=1)

    assert outcome.prompt == "The harbour master forgets the quiet harbour. The ferry"
    assert len(outcome.chosen) == 2
    assert not outcome.why
    for answer in outcome.chosen:
        assert answer.text.startswith("The ferry ")
        assert answer.text.endswith(".")
        assert [entry.stage for entry in answer.trace] == ["trim", "whole_sentences", "blank", "garbled", "unfinished"]
        assert answer.text in ("The ferry" + answer.raw, *(entry.text for entry in answer.trace))
    assert outcome.passed[:2] == outcome.chosen


def test_the_same_seed_gives_the_same_answers_streamed_or_not(model: LanguageModel) -> None:
    once, again, other = (run(HARBOUR, model, GIVEN, seed=seed) for seed in (1, 1, 2))
    events = list(stream(HARBOUR, model, GIVEN, seed=1))

    assert once == again != other
    assert events[-1].outcome == once
    shown = {row: "".join(e.text for e in events if e.kind == "text" and e.row == row) for row in range(4)}
    first = [answer for answer in once.answers if answer.round == 0]
    assert [shown[answer.row] for answer in first] == ["The ferry" + answer.raw for answer in first]
    assert [event.answer for event in events if event.kind == "answer"] == list(once.answers)


def test_what_is_blank_is_refused_a_stated_number_of_times_and_then_given_up(model: LanguageModel) -> None:
    kept = Kept()

    outcome = run(silenced(model), model, {"what": "The ferry"}, recorder=kept)

    assert outcome.chosen == ()
    assert outcome.rounds == 3 == len(kept.draws)
    assert outcome.why == "None of 12 answers passed (12 × is blank)."
    assert outcome.again == ("0 of 2 passed (4 × is blank).",) * 2
    assert [draw.reason for draw in kept.draws] == ["", *outcome.again]
    assert len({draw.settings["seed"] for draw in kept.draws}) == 3


def test_what_is_not_random_is_drawn_once(model: LanguageModel) -> None:
    greedy = replace(HARBOUR, settings=SamplingSettings(n=1, temperature=0), refuse=(Step("has", {"texts": [" "]}),))

    outcome = run(greedy, model, GIVEN)

    assert outcome.rounds == 1
    assert outcome.why == "None of 1 answers passed (1 × holds ' ')."


def test_an_answer_that_stops_before_its_least_is_refused(model: LanguageModel) -> None:
    short = replace(HARBOUR, stops=(" ",), least=4, most=30, choose=Choice(rounds=2))

    outcome = run(short, model, GIVEN)

    assert {answer.refused for answer in outcome.answers} <= {f"has {n} of 4 tokens" for n in range(4)} | {
        "ends inside a sentence"
    }
    assert outcome.chosen == ()


@pytest.mark.parametrize("most", [1, 7, 50])
def test_no_answer_has_more_tokens_than_its_most(model: LanguageModel, most: int) -> None:
    """† 000: it was asked for in chunks of 50, so that 150 tokens could be 200."""
    pipeline = replace(HARBOUR, most=most, least=0, stops=(), choose=Choice(rounds=1))

    answers = run(pipeline, model, GIVEN).answers

    assert max(len(answer.continuation.token_ids) for answer in answers) == most


def test_the_best_are_chosen_by_the_weighted_sum_of_measures(model: LanguageModel) -> None:
    measures = (Step("likelihood"), Step("words", {"enough": 50}, weight=0.01), Step("about", {"input": "what"}))
    best = replace(HARBOUR, choose=Choice(rule="best", enough=5, answers=1, measures=(*measures, Step("variety"))))

    outcome = run(best, model, GIVEN)

    assert outcome.chosen == (max(outcome.passed, key=lambda answer: answer.score),)
    for answer in outcome.passed:
        told = answer.measures
        assert set(told) == {"likelihood", "words", "about", "variety"}
        expected = told["likelihood"] + 0.01 * told["words"] + told["about"] + told["variety"]
        assert answer.score == pytest.approx(expected)
        assert told["likelihood"] <= 0


def test_where_a_person_chooses_the_rule_takes_none(model: LanguageModel) -> None:
    outcome = run(replace(HARBOUR, choose=Choice(rule="person", enough=3)), model, GIVEN)

    assert outcome.chosen == ()
    assert len(outcome.passed) >= 3


def test_fresh_weights_are_overfitted_on_what_the_pipeline_says_and_come_back(model: LanguageModel) -> None:
    kept = Kept()
    fresh = model.next_tokens("The ferry", 3)
    pipeline = replace(HARBOUR, overfit=Overfitting(on="{{ what }} sleeps.", recipe=RECIPES["passage"]))

    outcome = run(pipeline, model, GIVEN, recorder=kept)

    overfit = kept.draws[0].overfit
    assert overfit is not None
    assert overfit["loss_after"] < overfit["loss_before"]
    assert overfit["recipe"]["name"] == "passage"
    assert model.next_tokens("The ferry", 3) == fresh
    assert [answer.generation for answer in outcome.answers[:4]] == [100, 101, 102, 103]


def test_a_stream_shows_whole_words_and_none_of_them_forbidden(model: LanguageModel) -> None:
    open_minded = list(stream(HARBOUR, model, GIVEN, seed=3))
    shown = "".join(event.text for event in open_minded if event.kind == "text").split()
    word = next(word for word in shown if word not in ("The", "ferry") and word.isalpha() and len(word) > 4)

    strict = replace(HARBOUR, refuse=(Step("forbidden_words", {"words": [word]}), *HARBOUR.refuse))
    events = list(stream(strict, model, GIVEN, seed=3))

    texts = [event.text for event in events if event.kind == "text"]
    assert texts
    assert word not in " ".join(texts).split()
    rounds: list[list[Event]] = [[]]
    for event in events:
        rounds[-1].append(event)
        if event.kind == "again":
            rounds.append([])
    for drawn in rounds:
        for row in range(4):
            told = [event.text for event in drawn if event.kind == "text" and event.row == row]
            assert all(text.endswith(" ") for text in told[:-1])
    answers = [event.answer for event in events if event.answer]
    assert any("a word that is not wanted" in (answer.refused or "") for answer in answers)
    assert not any(word in answer.text.split() for answer in answers if not answer.refused)


def test_a_stream_tells_when_it_is_drawn_again(model: LanguageModel) -> None:
    pipeline = replace(HARBOUR, refuse=(Step("has", {"texts": ["e"]}),))

    events = list(stream(pipeline, model, GIVEN))

    assert [event.kind for event in events if event.kind in ("again", "done")] == ["again", "again", "done"]
    assert not any(event.kind == "text" and "e" in event.text for event in events)


def test_a_stream_that_is_stopped_ends_with_what_there_is(model: LanguageModel) -> None:
    asked = 0

    def stopped() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    events = list(stream(HARBOUR, model, GIVEN, until=stopped))

    outcome = events[-1].outcome
    assert outcome is not None
    assert outcome.stopped
    assert outcome.why == "It was stopped before there was an answer."
    assert run(HARBOUR, model, GIVEN, until=lambda: True).answers == ()


def test_a_guest_of_a_host_answers_too(speaking_model: Path, model: LanguageModel) -> None:
    with Host(lambda: load_model(speaking_model)) as host:
        guest = host.guest()
        assert run(HARBOUR, guest, GIVEN, seed=1).chosen == run(HARBOUR, model, GIVEN, seed=1).chosen
        assert list(stream(HARBOUR, guest, GIVEN, seed=1))[-1].outcome is not None


def test_what_the_pipeline_does_not_take_is_refused_before_the_model_is_asked(model: LanguageModel) -> None:
    with pytest.raises(InputError, match="needs an input 'what'"):
        run(HARBOUR, model, {})
    with pytest.raises(ModelError, match="reads at most"):
        run(HARBOUR, model, {"what": "the ferry " * 700})


def broken(_text: str, _context: Context) -> str:
    raise KeyError("lamp")


@pytest.mark.parametrize(("kind", "place"), [("cleaner", "clean"), ("refusal", "refuse"), ("measure", "measure")])
def test_a_stage_that_fails_costs_its_answer_and_is_named(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch, kind: registry.Kind, place: str
) -> None:
    real = registry.find_stage

    def find(name: str, wanted: registry.Kind) -> Stage:
        return Stage("broken", kind, broken) if name == "broken" else real(name, wanted)

    monkeypatch.setattr(definition, "find_stage", find)
    step = (Step("broken"),)
    pipeline = replace(
        HARBOUR,
        clean=step if place == "clean" else HARBOUR.clean,
        refuse=step if place == "refuse" else HARBOUR.refuse,
        choose=Choice(rule="best", measures=(Step("words"), *step), rounds=2)
        if place == "measure"
        else Choice(rounds=2),
    )
    monkeypatch.setattr("verbosify.pipeline.running.find_stage", find)

    outcome = run(pipeline, model, GIVEN)

    told = [entry.did for answer in outcome.answers for entry in answer.trace]
    assert any("made the stage broken fail (KeyError: 'lamp')" in did for did in told)
    if place == "measure":
        assert outcome.chosen
        assert "broken" not in outcome.chosen[0].measures
    else:
        assert outcome.chosen == ()
        assert "made the stage broken fail" in outcome.why
