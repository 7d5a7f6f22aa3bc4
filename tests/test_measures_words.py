import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.words import Word, find_words, ngrams, word_texts


def test_words_are_folded_and_placed() -> None:
    assert find_words("The cat, THE hat.") == [
        Word("the", 0, 3),
        Word("cat", 4, 7),
        Word("the", 9, 12),
        Word("hat", 13, 16),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \n… — 🙂👩‍💻 _ *", []),
        ("don't DON’T", ["don't", "don't"]),
        ("well-kept well\u2010kept well\u2011kept", ["well-kept"] * 3),
        ("'tis rock'n'roll, dogs' -- x--y", ["tis", "rock'n'roll", "dogs", "x", "y"]),
        ("Mars 2020, 3.5 km", ["mars", "2020", "3.5", "km"]),
        ("1,000.5, 7–8 and v1.2", ["1,000.5", "7", "8", "and", "v1.2"]),
        (
            "The A.I. of the U.S.A. said so.No, e.g. a.",
            ["the", "a.i", "of", "the", "u.s.a", "said", "so", "no", "e.g", "a"],
        ),
        ("(see https://a.b/c?d=e-1, HTTP://x.y/)", ["see", "https://a.b/c?d=e-1", "http://x.y"]),
        ("https://… https://是", ["https", "https", "是"]),
        ("so.[1] So said”.[2][13] all [3].", ["so", "so", "said", "all", "3"]),
        ("snake_case and/or", ["snake", "case", "and", "or"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("café cafe\u0301", ["café", "café"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("我爱你。", ["我", "爱", "你"]),
        ("時々 GPT-2は", ["時", "々", "gpt-2", "は"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        ("กิน", ["กิ", "น"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("mixed漢字text", ["mixed", "漢", "字", "text"]),
    ],
)
def test_what_a_word_is(text: str, words: list[str]) -> None:
    assert word_texts(text) == words


CITATION = re.compile(r"\[\d{1,3}\]")


@given(st.text())
def test_every_letter_and_digit_belongs_to_one_word(text: str) -> None:
    words = find_words(text)

    ends = [0, *(end for word in words for end in (word.start, word.end)), len(text)]
    assert ends == sorted(ends)
    gaps = [text[end:start] for end, start in zip(ends[::2], ends[1::2], strict=True)]
    assert not any(character.isalnum() for gap in gaps for character in CITATION.sub("", gap))
    assert all(re.search(r"[^\W_]", text[word.start : word.end]) for word in words)


def test_ngrams_are_every_run_of_n_words() -> None:
    assert list(ngrams(["a", "b", "c"], 1)) == [("a",), ("b",), ("c",)]
    assert list(ngrams(["a", "b", "c"], 2)) == [("a", "b"), ("b", "c")]
    assert list(ngrams(["a", "b", "c"], 4)) == []
