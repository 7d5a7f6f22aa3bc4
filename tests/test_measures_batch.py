import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verbosify.errors import RecordError
from verbosify.measures import Diversity, measure_batch
from verbosify.measures.batch import distinct


def test_diversity_by_hand() -> None:
    diversity = measure_batch(["The cat sat.", "The cat ran."])

    assert diversity.samples == 2
    assert diversity.distinct_1 == pytest.approx(4 / 6)  # the, cat, sat, ran
    assert diversity.distinct_2 == pytest.approx(3 / 4)  # the cat, cat sat, cat ran
    assert diversity.distinct_3 == 1
    assert diversity.edit_distance == pytest.approx(1 / 3)
    # BLEU of each: 2/3 words, 1/2 pairs, 0.1/1 triples, 0.1/1 fours.
    assert diversity.self_bleu == pytest.approx((2 / 3 * 1 / 2 * 0.1 * 0.1) ** 0.25)


def test_a_batch_of_one_text_over_and_over_has_no_diversity() -> None:
    diversity = measure_batch(["The cat sat on the mat."] * 4)

    assert diversity.self_bleu == 1
    assert diversity.edit_distance == 0


@pytest.mark.parametrize("samples", [[], ["The cat sat."], ["The cat sat.", "", "…"]])
def test_fewer_than_two_samples_with_words_have_no_diversity_to_measure(samples: list[str]) -> None:
    diversity = measure_batch(samples)

    assert diversity == Diversity(
        samples=diversity.samples,
        distinct_1=None,
        distinct_2=None,
        distinct_3=None,
        self_bleu=None,
        edit_distance=None,
    )


def test_blank_samples_are_left_out() -> None:
    assert measure_batch(["A b.", "", "C d."]) == measure_batch(["A b.", "C d."])


def test_distinct_3_of_shorter_texts_is_unknown() -> None:
    assert measure_batch(["A b.", "C d."]).distinct_3 is None
    assert distinct([["a"], ["b"]], 2) is None


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6))
def test_diversity_stays_in_range_and_survives_json(samples: list[str]) -> None:
    diversity = measure_batch(samples)

    values = json.loads(json.dumps(diversity.to_dict(), allow_nan=False))
    assert Diversity.from_dict(values) == diversity


def test_a_damaged_record_is_refused() -> None:
    values = measure_batch(["A b.", "C d."]).to_dict()

    with pytest.raises(RecordError, match="self_bleu is 2"):
        Diversity.from_dict(values | {"self_bleu": 2})
