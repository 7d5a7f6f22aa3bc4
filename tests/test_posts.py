"""What is to be posted: how long it is as each place counts, where it is cut, whom it calls, and what it repeats."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import SettingsError
from verbosify.pipeline.context import Context
from verbosify.pipeline.counting import Limit, graphemes, mastodon_length, x_length
from verbosify.pipeline.fitting import fit
from verbosify.pipeline.posts import drop_mentions, fit_post, line_of
from verbosify.words import plain_words

FAMILY, FLAG = "👨‍👩‍👧‍👦", "🇳🇿"
NOWHERE = Context({})


@pytest.mark.parametrize(
    ("text", "bluesky", "mastodon", "x"),
    [
        ("café", 4, 4, 4),
        ("cafe\u0301", 4, 4, 4),
        ("港へ", 2, 2, 4),
        (FAMILY, 1, 1, 2),
        (FLAG, 1, 1, 2),
        ("1️⃣", 1, 1, 2),
        ("“hm” – …", 8, 8, 9),
        ("see https://example.org/" + "a" * 60, 84, 27, 27),
        ("@ada@example.org hello", 22, 10, 34),
        ("©", 1, 1, 1),
    ],
)
def test_length_is_what_each_platform_says_it_is(text: str, bluesky: int, mastodon: int, x: int) -> None:
    assert (graphemes(text), mastodon_length(text), x_length(text)) == (bluesky, mastodon, x)


def test_bytes_count_too_where_a_platform_counts_them() -> None:
    limit = Limit(300, "graphemes", most_bytes=3000)

    assert limit.fits("a" * 300)
    assert not limit.fits("a" * 301)
    assert not limit.fits(FAMILY * 150)


def at_most(most: int) -> Limit:
    return Limit(most, "characters")


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("It is dim. It is late. It is", 100, "It is dim. It is late."),
        ("It is dim. It is late.", 15, "It is dim."),
        ("Is it dim? It is late and", 100, "Is it dim?"),
        ("So dim! It is late and", 100, "So dim!"),
        ('He said "it is dim." And then', 100, 'He said "it is dim."'),
        ("Ask Dr. Fern about it and", 100, "Ask Dr. Fern about it and"),
        ("it is dim and it is late", 12, "it is dim…"),
        ("No.", 100, ""),
        ("extraordinarily", 5, ""),
        ("extraordinarily dim", 16, ""),
        ("", 100, ""),
        ("One line.\nTwo lines.\nand", 100, "One line.\nTwo lines."),
    ],
)  # fmt: skip
def test_it_is_cut_at_a_sentence_or_a_word_and_never_to_one_word(text: str, most: int, kept: str) -> None:
    assert fit(text, at_most(most).fits) == kept


@given(text=st.text(st.sampled_from("ab .!?\n…é港👍"), max_size=80), most=st.integers(0, 60))
def test_what_is_kept_fits_and_begins_the_text(text: str, most: int) -> None:
    kept = fit(text, at_most(most).fits)

    assert len(kept) <= most
    assert text.strip().startswith(kept.removesuffix("…")) or text.strip().startswith(kept)
    assert not kept or plain_words(kept) >= 2


def test_a_reply_calls_nobody() -> None:
    assert drop_mentions("ask @ada or me@b, ＠bob", NOWHERE) == "ask ada or meb, bob"


def test_the_stage_counts_as_it_is_told() -> None:
    assert fit_post("It is dim. 港港港港.", NOWHERE, most=14, unit="x") == "It is dim."
    assert fit_post("It is dim. 港港港港.", NOWHERE, most=16) == "It is dim. 港港港港."
    with pytest.raises(SettingsError, match="no unit 'yards'"):
        fit_post("It is dim.", NOWHERE, most=10, unit="yards")


def test_a_line_of_the_corpus_is_no_reply(tmp_path: Path) -> None:
    corpus = tmp_path / "posts.csv"
    corpus.write_text(
        "text\nIt is dim.\nThe radiator came on at six and I have drafted a long letter to it.\n", encoding="utf-8"
    )

    def told(text: str, **inputs: str) -> str | None:
        return line_of(text, Context(inputs), corpus=str(corpus))

    assert told("it is DIM") == "is a line of the corpus"
    assert told("The radiator came on at six and I have drafted a long letter to it.") == "is a line of the corpus"
    assert told("Well: the radiator came on at six and I have drafted a long letter.") == "repeats the corpus"
    assert told("The radiator came on, and nobody asked me about it at all.") is None
    quoted = "the radiator came on at six and I have drafted a long letter"
    assert told(f"You say {quoted}", mention=quoted) is None
    assert line_of("It is dim.", NOWHERE, corpus=str(corpus), column="0") == "is a line of the corpus"
