from __future__ import annotations

import random
import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.curation import Candidate, Mentions, Voice, candidates, prose, unfit
from verbosify.curation.candidates import MOST_COPIED_SHARE, MOST_WORDS
from verbosify.curation.english import leans
from verbosify.curation.prose import sentence_key
from verbosify.essay.sentences import split_sentences
from verbosify.words import plain_words, word_texts

PASSAGE = (
    "The rover crossed the plain before the dust came back. "
    "Its wheels were made of a light metal that nobody had tried on sand. "
    "A small lamp on the mast showed that it was still awake."
)
ESSAY = f"{PASSAGE} Engineers on Earth waited for a sign through the long winter of 2019."
VOICE, MENTIONS = Voice.of(ESSAY), Mentions.of(ESSAY)

CLOSE, FAR = "Dust settled on the cold panels every evening.", "A baker in the village sold warm bread at dawn."
LEANING = "It had never been so quiet on the hill."
LONG = "The valley " + "was wide and green and full of slow white birds " * 3 + "in that season."


def of_text(text: str, similarities: list[float] | None = None) -> list[Candidate]:
    spans = split_sentences(text)
    return candidates(
        7, text, spans, similarities or [0.5] * len(spans), passage=PASSAGE, mentions=MENTIONS, voice=VOICE
    )


def texts(text: str) -> list[str]:
    return [candidate.text for candidate in of_text(text)]


def test_every_run_of_whole_sentences_is_offered_shortest_first() -> None:
    third = "Clouds of fine sand moved over the ridge."

    assert texts(f" {CLOSE} {FAR} {third}") == [
        CLOSE,
        f"{CLOSE} {FAR}",
        f"{CLOSE} {FAR} {third}",
        FAR,
        f"{FAR} {third}",
        third,
    ]


def test_a_candidate_is_described_in_full() -> None:
    text = f"\n{CLOSE}  But a baker on Io sold warm bread at dawn."

    (first, _, last) = of_text(text, [0.75, 0.25])[:2] + of_text("But a baker on Io sold warm bread at dawn.", [0.25])

    assert first == Candidate(
        sample=7,
        start=1,
        end=1 + len(CLOSE),
        text=CLOSE,
        sentences=("dust settled on the cold panels every evening",),
        words=8,
        closeness=0.75,
        invents=False,
        reverses=False,
        new_words=frozenset({"settled", "cold", "panels", "every", "evening"}),
    )
    assert first.is_plain
    assert last.invents
    assert last.reverses
    assert not last.is_plain


@pytest.mark.parametrize(
    ("invents", "reverses", "plain"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_a_candidate_is_plain_if_it_neither_invents_nor_reverses(invents: bool, reverses: bool, plain: bool) -> None:
    candidate = Candidate(0, 0, 0, "", (), 0, 0.0, invents, reverses)

    assert candidate.is_plain is plain


def test_closeness_is_the_mean_over_words() -> None:
    both = next(candidate for candidate in of_text(f"{CLOSE} {FAR}", [0.8, 0.2]) if len(candidate.sentences) == 2)

    assert both.words == 18
    assert both.closeness == pytest.approx((8 * 0.8 + 10 * 0.2) / 18)


def test_a_run_does_not_begin_with_a_sentence_that_leans_on_what_is_left_out() -> None:
    assert leans(LEANING)
    assert texts(f"{CLOSE} {LEANING}") == [CLOSE, f"{CLOSE} {LEANING}"]
    assert texts(LEANING) == [LEANING]  # what comes first leans on the passage itself


def test_an_unfit_sentence_ends_every_run_that_reaches_it() -> None:
    assert texts(f"{CLOSE} Sure, here is more of it. {FAR}") == [CLOSE, FAR]


def test_an_unfinished_end_is_left_out() -> None:
    assert texts(f"{CLOSE} A baker in the village sold") == [CLOSE]


def test_what_follows_a_line_break_is_left_out() -> None:
    assert texts(f"{CLOSE}\n{FAR}") == [CLOSE]
    assert texts(f"{CLOSE}\n\n{FAR}") == [CLOSE]


def test_a_sample_that_opens_with_a_line_break_keeps_the_paragraph_after_it() -> None:
    assert texts(f"\n\n{CLOSE} {FAR}\n{LEANING}") == [CLOSE, f"{CLOSE} {FAR}", FAR]


def test_a_sentence_of_the_essay_is_not_said_again() -> None:
    assert texts("ENGINEERS on earth waited for a sign, through the long winter of 2019!") == []


class CountedPattern:
    """A pattern that counts the characters it is given to search."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.characters = 0

    def findall(self, text: str) -> list[str]:
        self.characters += len(text)
        return self.pattern.findall(text)


@pytest.mark.parametrize("name", ["_PART", "_NUMBER"])
def test_a_long_essay_is_read_once_and_not_for_every_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = CountedPattern(getattr(prose, name))
    monkeypatch.setattr(prose, name, pattern)
    sample = f"{CLOSE} {FAR} In 1984 a baker on Io sold {LONG.lower()}"
    spans = split_sentences(sample)
    essay = " ".join([ESSAY] * 200)
    mentions = Mentions.of(essay)
    read = pattern.characters
    for _ in range(20):
        candidates(7, sample, spans, [0.5] * 3, passage=PASSAGE, mentions=mentions, voice=VOICE)

    assert read <= len(essay)
    assert 0 < pattern.characters - read <= 20 * 2 * (len(sample) + len(PASSAGE))


def test_eight_words_in_a_row_of_the_passage_are_a_copy() -> None:
    tail = "seen from the slope of the old and silent mountain that the maps of that year leave without a name."

    assert texts(f"Wheels of a light metal that nobody had been {tail}") != []  # seven: of a light ... nobody had
    assert texts(f"Wheels of a light metal that nobody had tried {tail}") == []


def test_a_run_may_dilute_what_a_sentence_by_itself_would_copy_too_much_of() -> None:
    copying = "Wheels were made of a light metal, said Tom."
    diluting = " ".join(f"{word.title()} birds of quiet {word} fly over a {word} sea." for word in ("amber", "opal"))

    assert copying not in texts(copying)
    assert f"{copying} {diluting}" in texts(f"{copying} {diluting}")


def test_four_words_said_twice_are_a_loop() -> None:
    other = "Men of the north wind came on the cold panels every night."

    assert texts(f"{CLOSE} {other}") == [CLOSE, other]  # "on the cold panels every" stands in both


def test_a_sentence_said_twice_is_a_loop() -> None:
    assert texts(f"{LEANING} {FAR} {LEANING}") == [LEANING, f"{LEANING} {FAR}", FAR, f"{FAR} {LEANING}"]


def test_a_run_of_too_many_words_is_left_out() -> None:
    sentences = [
        f"The {word} valley lies {word} and wide below {word} hills where {word} slow birds rest {word} all season."
        for word in ("amber", "opal", "ivory", "ruby", "jade", "coral")
    ]

    found = of_text(" ".join(sentences))

    assert max(candidate.words for candidate in found) <= MOST_WORDS
    assert max(len(candidate.sentences) for candidate in found) == MOST_WORDS // len(sentences[0].split())


def test_a_sample_of_nothing_offers_nothing() -> None:
    assert of_text("") == []
    assert of_text("\n\n") == []


def test_two_sentences_are_the_same_whatever_their_case_and_punctuation() -> None:
    assert sentence_key("“Dust,” she said: it ISN’T gold!") == sentence_key("dust she said, it isn't gold.")
    assert sentence_key("Dust is gold.") != sentence_key("Gold is dust.")


PIECES = (
    CLOSE,
    FAR,
    LEANING,
    LONG,
    "However, the north side stayed dark until April.",
    "The rover crossed the plain before the dust came back.",
    "A light metal that nobody had tried on sand is heavy.",
    "Wheels were made of a light metal in 1984.",
    "1. The first of the stones was blue.",
    "Who counted the stars in that hour?",
    "We never asked what it was for.",
    "Dr. Vertesi paid 3.50 for a *map* of it.",
    "“Nothing moves here,” wrote someone in the log…",
    "It was (as they say",
    "lower case begins here and goes on.",
)
JOINTS = (" ", "  ", "\n", "\n\n", "")
samples = st.builds(
    lambda pieces, joints, cut: "".join(piece + joint for piece, joint in zip(pieces, joints, strict=False))[:cut],
    st.lists(st.sampled_from(PIECES) | st.text('Aab .,!?\n"”', max_size=30), max_size=8),
    st.lists(st.sampled_from(JOINTS), min_size=8, max_size=8),
    st.integers(0, 500),
)


@given(samples, st.randoms(use_true_random=False))
def test_the_candidates_are_exactly_the_runs_that_are_fit(text: str, rng: random.Random) -> None:
    spans = split_sentences(text)
    similarities = [rng.uniform(-1, 1) for _ in spans]
    said = {sentence_key(ESSAY[start:end]) for start, end in split_sentences(ESSAY)}
    passage_words = word_texts(PASSAGE)

    def grams(words: list[str], n: int) -> list[tuple[str, ...]]:
        return [tuple(words[place : place + n]) for place in range(len(words) - n + 1)]

    def is_fit(first: int, last: int) -> bool:
        run = [text[start:end] for start, end in spans[first:last]]
        kept = text[spans[first][0] : spans[last - 1][1]]
        words, keys = word_texts(kept), [sentence_key(sentence) for sentence in run]
        fives = grams(words, 5)
        return (
            all(unfit(sentence, VOICE) is None for sentence in run)
            and not said.intersection(keys)
            and not (first and leans(run[0]))
            and "\n" not in text[spans[0][0] : spans[last - 1][1]]
            and len(set(keys)) == len(keys)
            and len(set(grams(words, 4))) == len(grams(words, 4))
            and not set(grams(words, 8)).intersection(grams(passage_words, 8))
            and sum(five in grams(passage_words, 5) for five in fives) <= MOST_COPIED_SHARE * len(fives)
            and len(kept.split()) <= MOST_WORDS
        )

    found = candidates(1, text, spans, similarities, passage=PASSAGE, mentions=MENTIONS, voice=VOICE)

    expected = [(spans[a][0], spans[b - 1][1]) for a, b in combinations(range(len(spans) + 1), 2) if is_fit(a, b)]
    assert [(candidate.start, candidate.end) for candidate in found] == expected
    for candidate in found:
        assert candidate.text == text[candidate.start : candidate.end]
        assert candidate.text.rstrip("”\"’')»")[-1] in ".!?…"
        assert candidate.words == plain_words(candidate.text)
        assert min(similarities) - 1e-9 <= candidate.closeness <= max(similarities) + 1e-9
