"""What streams, of a model that has learnt by heart what is hard to show: characters of many tokens, and stops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from verbosify.desk.lab import Lab
from verbosify.desk.steering import DEFAULTS, with_changes
from verbosify.errors import ModelError
from verbosify.models.loading import load_model
from verbosify.models.session import Session
from verbosify.models.settings import RECIPES

SIGNS = "🙂é“漢 " * 6
TALK = "Yes, said Ruth: no\nRuth: yes, said Ruth: no\n"


@pytest.fixture(scope="module")
def lab(speaking_model: Path) -> Iterator[Any]:
    lab = Lab(lambda name, _: load_model(name, precision="fp32"))
    yield lab
    lab.close()


def said(lab: Lab, model: Path, learnt: str, text: str, **settings: Any) -> tuple[list[str], dict[str, Any]]:
    """The texts that were told one after another, and the row that was made of them."""
    recipe = {**RECIPES["classic"].to_dict(), "window_tokens": 112, "steps": 400, "learning_rate": 0.003}
    steering = with_changes(DEFAULTS, {"settings": {"n": 1, "temperature": 0, "seed": 1, **settings}})  # type: ignore[typeddict-item]
    texts: list[str] = []

    def hear(event: str, data: dict[str, Any]) -> None:
        if event == "token":
            texts.append(data["text"])

    weights = {"text": learnt, "recipe": recipe}
    answer = lab.generate(str(model), weights, text, steering, hear, bool)
    return texts, answer["rows"][0]


@pytest.mark.parametrize("length", [12, 14])
def test_what_streams_is_whole_characters_and_the_whole_text(lab: Lab, speaking_model: Path, length: int) -> None:
    """Twelve tokens end within the last sign."""
    texts, row = said(lab, speaking_model, SIGNS, SIGNS, length=length)

    assert row["text"].lstrip().startswith("🙂é“漢"[: 3 if length == 12 else 4])
    assert "�" not in "".join(texts)
    assert "" in texts  # a token that is a part of a character shows nothing yet
    assert "".join(texts) == row["text"]


def test_stops_never_show_not_even_in_part(lab: Lab, speaking_model: Path) -> None:
    without, whole = said(lab, speaking_model, TALK * 2, TALK + "Yes, said", length=24)
    texts, row = said(lab, speaking_model, TALK * 2, TALK + "Yes, said", length=24, stops=["\n", "Ruth:"])

    assert "Ruth:" in "".join(without) == whole["text"]
    assert row["finish"] == "stop"
    assert "".join(texts) == row["text"] == whole["text"][: whole["text"].index("Ruth:")]


def test_a_part_of_a_character_is_taken_with_what_completes_it(lab: Lab, speaking_model: Path) -> None:
    recipe = {**RECIPES["classic"].to_dict(), "window_tokens": 112, "steps": 400, "learning_rate": 0.003}
    weights, model = {"text": SIGNS, "recipe": recipe}, str(speaking_model)
    before = f"{SIGNS} "
    listed = lab.tokens(model, weights, before, DEFAULTS, 10)["tokens"]
    part = next(each for each in listed if not each["whole"])

    taken = lab.take(model, weights, before, DEFAULTS, part["token_id"])

    assert taken["text"] == "🙂"
    assert len(taken["token_ids"]) > 1


def test_tokens_that_the_model_has_not_are_refused(lab: Lab, speaking_model: Path) -> None:
    model = str(speaking_model)
    for ask in (lambda: lab.detokenize(model, [10**9]), lambda: lab.score(model, None, [1, -1], 0)):
        with pytest.raises(ModelError, match="no token"):
            ask()


def test_a_token_that_is_taken_has_been_read_before_the_next_are_asked_for(
    lab: Lab, speaking_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, model = "The heron waits at the pier. ", str(speaking_model)
    bench = lab.bench(model)
    (letter,) = bench.model.encode(text + "T")[len(bench.model.encode(text)) :]
    taken = lab.take(model, None, text, DEFAULTS, letter)
    with bench.seat(None) as seat:
        seat.do(bool)  # whatever waited before it is done
    read: list[Sequence[int]] = []
    become = Session.become

    def noted(session: Session, whole: Sequence[int]) -> None:
        if list(session.token_ids) != list(whole):
            read.append(whole)
        become(session, whole)

    monkeypatch.setattr(Session, "become", noted)
    told = lab.tokens(model, None, text + taken["text"], DEFAULTS, 5)
    assert told["context_tokens"] == len(bench.model.encode(text + taken["text"]))
    assert len(told["tokens"]) == 5
    assert read == []
