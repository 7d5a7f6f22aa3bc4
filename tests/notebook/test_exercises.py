"""The lesson's exercises: what is right is told so, and what is not is told what to look at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import CHECKPOINTS, ROOT
from verbosify.models.loading import load_model
from verbosify.models.protocol import LanguageModel
from verbosify.models.settings import RECIPES, SamplingSettings, TuningRecipe
from verbosify.notebook import exercises
from verbosify.words import word_texts

PASSAGE = (
    "I learned to swim at forty-three, on Tuesday evenings, in the shallow end of a municipal pool. "
    "There were six of us in the class, and between us we had raised nine children, all of whom could swim. "
    "Nobody explained how they had come to miss it."
)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    """The model of the lesson."""
    return load_model(CHECKPOINTS / "smollm2-135m")


@pytest.mark.embedded
def test_the_least_expected_words_are_an_answer_and_the_most_expected_are_none(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = model.score(PASSAGE)
    monkeypatch.setattr(model, "score", lambda _: scores)  # once for all words
    said = {word: exercises.check_surprise(model, PASSAGE, word) for word in dict.fromkeys(word_texts(PASSAGE)[1:])}

    right = [word for word, told in said.items() if told.startswith("Right")]
    assert len(right) == exercises.SURPRISING
    assert said["of"].startswith("Not yet")
    assert (
        exercises.check_surprise(model, PASSAGE, "ferry")
        == "Not yet: 'ferry' is not one word of the passage after its first."
    )


@pytest.mark.embedded
def test_the_window_is_counted_and_the_weights_come_back(model: LanguageModel) -> None:
    tokens = len(model.encode(PASSAGE))
    assert exercises.check_copies(model, PASSAGE, 1024 / tokens).startswith("Right: 1,024 tokens are")
    assert exercises.check_copies(model, PASSAGE, tokens).startswith("Not yet")

    with model.overfit(PASSAGE, RECIPES["passage"]) as overfit:
        pass
    assert exercises.check_undone(model, PASSAGE, overfit.loss_before).startswith("Right")
    assert exercises.check_undone(model, PASSAGE, overfit.loss_after).startswith("Not yet")


@pytest.mark.embedded
def test_a_step_may_be_too_small_too_large_or_right(model: LanguageModel) -> None:
    settings = SamplingSettings(n=2, length=10)

    def check(**recipe: float) -> str:
        return exercises.check_gentle(model, PASSAGE, TuningRecipe(window="once", **recipe), settings)  # type: ignore[arg-type]

    assert "A larger step?" in check(learning_rate=1e-7)
    assert "A gentler step?" in check(steps=2, learning_rate=1e-3)
    assert check(learning_rate=5e-5).startswith("Right")


@pytest.mark.embedded
def test_greed_goes_round_in_circles_and_chance_does_not(model: LanguageModel) -> None:
    round_song = "Row, row, row your boat, gently down the stream."
    greedy = SamplingSettings(n=1, length=50, temperature=0)
    by_chance = SamplingSettings(n=2, length=20, temperature=1.5, top_k=0)

    assert exercises.check_loop(model, round_song, greedy).startswith("Right")
    assert exercises.check_loop(model, round_song, by_chance).startswith("Not yet")


def test_the_lesson_names_every_check_and_nothing_else() -> None:
    text = (ROOT / "classroom" / "exercises.md").read_text(encoding="utf-8")
    checks = {name for name in vars(exercises) if name.startswith("check_")}

    assert set(re.findall(r"\bcheck_\w+", text)) == checks


def test_the_lesson_lasts_ninety_minutes() -> None:
    text = (ROOT / "classroom" / "README.md").read_text(encoding="utf-8")

    assert sum(int(minutes) for minutes in re.findall(r"^\| (\d+) min \|", text, re.MULTILINE)) == 90


@pytest.mark.parametrize("name", ["README.md", "exercises.md", "handout.html"])
def test_what_the_lesson_links_to_is_there(name: str) -> None:
    folder = ROOT / "classroom"
    text = (folder / name).read_text(encoding="utf-8")
    links = [*re.findall(r"\]\(([^)#]+)", text), *re.findall(r'href="([^"#]+)"', text)]

    missing = [link for link in links if "://" not in link and not Path(folder / link).exists()]
    assert not missing
