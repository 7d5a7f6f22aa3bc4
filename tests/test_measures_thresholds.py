from typing import Any

import pytest

from verbosify.errors import SettingsError
from verbosify.measures import Thresholds


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("copied_words", 0),
        ("copied_words", 2.5),
        ("copied_words", True),
        ("copied_share", -0.1),
        ("repetition", 1.1),
        ("similarity", float("nan")),
        ("sentence_similarity", "0.2"),
        ("sentence_similarity", True),
        ("surprise", -1),
        ("surprise", float("inf")),
    ],
)
def test_a_threshold_outside_its_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is "):
        Thresholds(**{name: value})


def test_the_ends_of_the_ranges_are_allowed() -> None:
    assert Thresholds(copied_words=1, copied_share=0, repetition=1, similarity=-1, surprise=1000).similarity == -1
