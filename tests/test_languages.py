"""The whole job on an essay that is not in English: what is fit is told by what holds anywhere, and that is said."""

from __future__ import annotations

import re

import pytest

from tests.speaking_chinese import ESSAY
from tests.speaking_model import write_speaking_model
from verbosify.essay.reading import essay_from_text
from verbosify.models.loading import load_model
from verbosify.models.settings import SamplingSettings
from verbosify.piece import Piece
from verbosify.words import plain_words
from verbosify.workflow import Options, Summary, verbosify
from verbosify.workflow.visit import Embed


@pytest.fixture(scope="module")
def notices() -> list[str]:
    return []


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, embed: Embed, notices: list[str]) -> Summary:
    folder = tmp_path_factory.mktemp("chinese")
    model = write_speaking_model(folder / "model", "chinese")
    options = Options(model=str(model), settings=SamplingSettings(n=4, length=48), most_samples=4)
    essay = essay_from_text(ESSAY, "码头.md")
    return verbosify(essay, folder / "piece", options, model=load_model(model), embed=embed, on_notice=notices.append)


def test_a_chinese_essay_gets_whole_chinese_sentences(done: Summary) -> None:
    with Piece.open(done.outputs[0].parent) as piece:
        picks = [pick.text for chosen in piece.picks("fluffy").values() for pick in chosen]

    assert picks
    for text in picks:
        assert re.fullmatch(r"[\u4e00-\u9fff，]{8,}。(?:[\u4e00-\u9fff，]{8,}。)*", text)


def test_its_length_is_counted_in_characters(done: Summary) -> None:
    prose = "".join(ESSAY.splitlines()[2:])

    assert done.words_before == plain_words(prose) == len(re.findall(r"[\u4e00-\u9fff]", prose))
    assert done.words_after > done.words_before


def test_what_is_not_judged_is_said_once_and_recorded_as_not_judged(done: Summary, notices: list[str]) -> None:
    with Piece.open(done.outputs[0].parent) as piece:
        measures = [sample.measures for sample in piece.samples()]

    (notice,) = notices
    assert notice.startswith("The essay is in Chinese, so")
    assert all(measured["reversal"] is None for measured in measures)
    assert not all(measured["cut_off"] for measured in measures)
