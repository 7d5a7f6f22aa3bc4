"""New lists of picks from old ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import PieceError
from verbosify.measures import measure_sample
from verbosify.notebook.picking import accepted, edited, moved_up, sentence_ends, suggested_end, without, words_of
from verbosify.piece import Pick, Sample

TEXT = " The tide turned at noon. Nobody saw it go. A second line\nbegins here. And stops in the"


def sample_of(text: str, similarities: tuple[float, ...] = ()) -> Sample:
    sentences = [text] * len(similarities)
    measures = measure_sample("A passage about tides.", text, sentences, None, similarities).to_dict()
    return Sample(id=7, index=0, token_ids=[], text=text, finish="length", measures=measures)


def test_the_suggested_cut_is_after_the_last_whole_sentence_of_the_first_line() -> None:
    assert TEXT[: suggested_end(sample_of(TEXT))] == " The tide turned at noon. Nobody saw it go."


def test_the_suggested_cut_is_before_the_sample_drifts() -> None:
    text = "The tide turned at noon. My aunt sells hats. She sells shoes."
    assert text[: suggested_end(sample_of(text, (0.6, -0.3, -0.3)))] == "The tide turned at noon."


@pytest.mark.parametrize("text", ["no sentence at all", "drifting from the start. ", "  half"])
def test_a_sample_without_a_whole_sentence_is_offered_as_it_is(text: str) -> None:
    assert suggested_end(sample_of(text, (-0.5,))) == len(text.rstrip())


def test_every_character_is_a_word_where_no_spaces_are_set() -> None:
    assert words_of("潮が変わった。") == [(place, place + 1) for place in range(7)]
    assert words_of(" two  words ") == [(1, 4), (6, 11)]


def test_a_stretch_without_words_is_refused() -> None:
    with pytest.raises(PieceError, match="has no words there"):
        accepted((), sample_of("   "))


def test_a_text_that_the_sample_says_is_not_marked_as_edited() -> None:
    sample = sample_of(TEXT)
    (pick,) = edited((), sample, "The tide turned at noon. Nobody saw it go.")
    assert not pick.edited
    (pick,) = edited((pick,), sample, "The tide turned at two.")
    assert pick.edited


@given(st.text(min_size=1), st.data())
def test_what_is_accepted_is_always_a_stretch_of_the_sample(text: str, data: st.DataObject) -> None:
    sample = sample_of(text)
    words = words_of(text)
    assert "".join(text.split()) == "".join(text[start:end] for start, end in words)
    assert all(0 <= end <= len(text) for end in sentence_ends(text))
    picks: tuple[Pick, ...] = ()
    for _ in range(3):
        if not words:
            return
        start, end = data.draw(st.sampled_from(words))
        picks = accepted(picks, sample, **data.draw(st.sampled_from([{"start": start}, {"end": end}, {}])))
        (pick,) = picks
        assert 0 <= pick.start < pick.end <= len(text)
        assert pick.text == text[pick.start : pick.end]
        assert pick.text.strip()


def test_picks_move_and_leave() -> None:
    sample = sample_of(TEXT)
    picks = accepted((), sample)
    assert moved_up(picks, 7) == picks
    assert moved_up(picks, 99) == picks
    assert without(picks, 7) == ()
