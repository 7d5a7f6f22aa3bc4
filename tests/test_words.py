"""What a word is."""

from __future__ import annotations

import pytest

from verbosify.words import find_words, in_characters, is_written_without_spaces, plain_words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("— … 😀", 0),
        ("it's — … 3.5 km! ¿qué? 😀", 4),
        ("Niemand hat’s gesehen.", 3),
        ("机器不会做梦。", 6),
        ("AI是什么？", 4),
        ("彼は「AI」と言った。", 7),
        ("2019年、雨。", 3),
        ("문이 열려 있었다.", 3),
        ("दरवाज़ा खुला था।", 3),
        ("The word 夢 means dream.", 5),
        ("and/or, 7–8: 1,000 km, A.I.[1] https://a.b/c", 8),
    ],
)
def test_words_are_counted_as_they_are_found(text: str, count: int) -> None:
    assert plain_words(text) == count == len(find_words(text))


def test_a_bound_in_words_is_one_in_characters_where_these_are_words() -> None:
    assert in_characters(5, "The sea is deaf.") == 5
    assert in_characters(5, "机器不会做梦。") == 8
    assert is_written_without_spaces("ปู่ซ่อมประตู")
    assert not is_written_without_spaces("문이 열려 있었다.")
    assert not is_written_without_spaces("")
