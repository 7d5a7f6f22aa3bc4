import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verbosify.errors import RecordError, SettingsError
from verbosify.measures import THRESHOLDS, Measures, Thresholds, measure_sample

PASSAGE = "The rover slept through the winter. Nobody heard from it. In spring it woke and drove on."
WHOLESOME = "It climbed a low ridge. The camera saw dust, and then a light."


def measure(sample: str, *sentences: str, similarity: float | None = None, curve: tuple[float, ...] = ()) -> Measures:
    return measure_sample(PASSAGE, sample, sentences or (sample,), similarity, curve)


def test_a_sample_of_its_own_words_earns_no_badge() -> None:
    measures = measure(WHOLESOME, *WHOLESOME.split(". "), similarity=0.4, curve=(0.4, 0.3))

    assert measures.badges() == ()
    assert measures.words == 13
    assert measures.copied_share == 0
    assert measures.repetition == 0
    assert measures.loop_start is None
    assert measures.sentence_similarities == (0.4, 0.3)
    assert measures.drift_cut() is None


@pytest.mark.parametrize("sample", ["", " \n", "… !", "🙂"])
def test_a_sample_without_letters_or_digits_is_blank_and_nothing_else(sample: str) -> None:
    measures = measure(sample, similarity=0.0)

    assert measures.badges() == ("blank",)
    assert measures.copied_share is None
    assert measures.repetition is None
    assert measures.passage_bleu is None
    assert measures.passage_edit_distance == 1


def test_a_sample_that_repeats_the_passage_is_copied_not_blank() -> None:
    measures = measure(PASSAGE)

    assert measures.badges() == ("copied",)
    assert (measures.copied_start, measures.copied_end) == (0, len(PASSAGE) - 1)
    assert measures.copied_words == measures.words == 17
    assert measures.copied_share == 1
    assert measures.passage_bleu == 1
    assert measures.passage_edit_distance == 0


def test_eight_words_in_a_row_are_copied_and_seven_are_not() -> None:
    seven = measure(
        "Then, all at once and against all hope, “nobody HEARD from it. In spring it” was long gone again by then."
    )
    eight = measure(
        "Then, all at once and against all hope, “nobody HEARD from it. In spring it woke” and was long gone."
    )

    assert seven.copied_words == 7
    assert "copied" not in seven.badges()
    assert "copied" in eight.badges()
    assert eight.badges(Thresholds(copied_words=10, copied_share=1)) == ()


def test_the_place_of_a_copied_run_can_be_marked_in_the_sample() -> None:
    sample = "Then “nobody HEARD from it” again."

    measures = measure(sample)

    assert sample[measures.copied_start : measures.copied_end] == "nobody HEARD from it"


def test_a_short_sample_that_adds_nothing_is_copied() -> None:
    assert measure("Nobody heard.").badges() == ("copied",)


def test_short_runs_are_copied_once_they_fill_enough_of_the_sample() -> None:
    sample = "The rover slept through the night. Nobody heard from it at noon and drove on."

    measures = measure(sample)

    assert measures.copied_words == 5
    # 15 words, 11 five-grams, of which "the rover slept through the" alone is copied.
    assert measures.copied_share == pytest.approx(1 / 11)
    assert measures.badges() == ()
    assert measures.badges(Thresholds(copied_share=0.05)) == ("copied",)


def test_a_repeated_sentence_is_a_loop_and_its_place_is_known() -> None:
    sample = "A light. Then dust! A light. Then more."

    measures = measure(sample, "A light.", "Then dust!", "A light.", "Then more.")

    assert measures.badges() == ("looped",)
    assert measures.repeated_sentences == 1
    assert sample[measures.loop_start :] == "A light. Then more."


def test_a_phrase_over_and_over_is_a_loop() -> None:
    sample = "We saw a light and then a light and then a light and then a light and then dust."

    measures = measure(sample)

    assert measures.repeated_sentences == 0
    # 19 words, 16 four-grams; "a light and then" and its three rotations return 3, 2, 2 and 2 times.
    assert measures.repetition == 9 / 16
    assert measures.badges() == ("looped",)
    assert sample[: measures.loop_start] == "We saw a light and then "


def test_a_sample_unlike_its_passage_has_drifted() -> None:
    assert measure(WHOLESOME, similarity=0.19).badges() == ("drifted",)
    assert measure(WHOLESOME, similarity=0.2).badges() == ()
    assert measure(WHOLESOME, similarity=0.2).badges(Thresholds(similarity=0.3)) == ("drifted",)


def test_the_drift_cut_follows_the_threshold() -> None:
    measures = measure("A. B. C.", "A.", "B.", "C.", similarity=0.3, curve=(0.5, 0.3, 0.1))

    assert measures.drift_cut() == 2
    assert measures.drift_cut(Thresholds(sentence_similarity=0.4)) == 1
    assert measures.drift_cut(Thresholds(sentence_similarity=0.0)) is None


def test_badges_come_in_one_order() -> None:
    sample = f"But actually, no. {PASSAGE} {PASSAGE} And so"

    measures = measure(sample, "But actually, no.", PASSAGE, PASSAGE, "And so", similarity=-0.5)

    assert measures.badges() == ("copied", "looped", "drifted", "reversal", "cut off")


def test_the_first_sentence_alone_decides_on_a_reversal() -> None:
    assert measure("In fact, it slept. It did not wake.", "In fact, it slept.", "It did not wake.").reversal is False
    assert measure_sample(PASSAGE, "In fact, it never slept.", (), None, ()).reversal is True


def test_measures_have_no_overall_score() -> None:
    assert not {"score", "quality", "total"} & measure(WHOLESOME).to_dict().keys()


@pytest.mark.parametrize("curve", [(0.1,), (0.1, 0.2, 0.3)])
def test_similarities_must_match_the_sentences(curve: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match=f"{len(curve)} similarities for 2 sentences"):
        measure("A. B.", "A.", "B.", curve=curve)


@pytest.mark.parametrize("similarity", [math.nan, math.inf, 1.5])
def test_a_similarity_that_is_no_cosine_is_refused(similarity: float) -> None:
    with pytest.raises(SettingsError, match="a cosine must be a number from -1 to 1"):
        measure(WHOLESOME, similarity=similarity)


def test_similarities_may_come_as_numpy_gives_them() -> None:
    curve: Any = np.array([1.0000001, 0.25], dtype=np.float32)

    measures = measure_sample(PASSAGE, "A. B.", ("A.", "B."), float(curve[0]), curve)

    assert measures.similarity == 1
    assert measures.sentence_similarities == (1.0, 0.25)
    assert json.dumps(measures.to_dict(), allow_nan=False)


@settings(deadline=None)
@given(st.text(), st.text(), st.integers(0, 5), st.none() | st.floats(-1, 1))
def test_measures_of_any_text_stay_in_range_and_survive_json(
    passage: str, sample: str, cut: int, similarity: float | None
) -> None:
    sentences = [sample[:cut], sample[cut:]]

    measures = measure_sample(passage, sample, sentences, similarity, [] if similarity is None else [similarity] * 2)

    values = json.loads(json.dumps(measures.to_dict(), allow_nan=False))
    assert Measures.from_dict(values) == measures
    assert measures.blank == (not any(character.isalnum() for character in sample))
    assert measures.copied_words <= measures.words
    assert measures.loop_start is None or 0 <= measures.loop_start < len(sample)
    assert (measures.copied_start is None) == (measures.copied_end is None) == (measures.copied_words == 0)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["Nobody", "heard", "it.", "spring", "—", "我", "It\n"])).map(" ".join))
def test_a_sample_against_itself_is_copied_unless_blank(text: str) -> None:
    measures = measure_sample(text, text, [text], None, ())

    badges = measures.badges()
    assert badges == ("blank",) if measures.blank else "copied" in badges


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("words", -1),
        ("words", True),
        ("blank", 0),
        ("copied_share", 1.5),
        ("repetition", math.nan),
        ("loop_start", 2.5),
        ("similarity", "high"),
        ("sentence_similarities", [0.1, None]),
        ("sentence_similarities", 0.1),
    ],
)
def test_a_damaged_record_is_refused_by_name(name: str, value: Any) -> None:
    values = measure(WHOLESOME).to_dict()

    with pytest.raises(RecordError, match=f"say {name} is "):
        Measures.from_dict(values | {name: value})


def test_a_record_with_other_fields_is_refused() -> None:
    values = measure(WHOLESOME).to_dict()
    damaged: Any = [values | {"score": 1}, {"words": 3}, {}, None]

    for record in damaged:
        with pytest.raises(RecordError, match="they must hold words, blank"):
            Measures.from_dict(record)


def test_long_texts_are_measured_in_seconds() -> None:
    words = [f"w{index * index % 9973}" for index in range(20_000)]
    passage, sample = " ".join(words), " ".join(reversed(words))

    measures = measure_sample(passage, sample + "x" * 10_000, [sample], None, ())

    assert measures.words == 20_000
    assert measures.passage_edit_distance is None


def test_the_default_thresholds_are_shared() -> None:
    assert replace(THRESHOLDS) == Thresholds()
