"""Sentences and rolling passages of an essay."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbosify.errors import EssayError, SettingsError
from verbosify.essay.passages import Sentence, essay_passages, essay_sentences
from verbosify.essay.reading import Essay, essay_from_text
from verbosify.essay.writing import weave

ESSAY = essay_from_text(
    "# On rafts\n\nOne is here. Two is there. Three\nis *lost.*[1] Four is [found.](http://example.org)\n\n"
    "> Quoted. Not ours. At all.\n\nOnly one.\n\nFive. Six. Seven."
)

markdown_texts = st.lists(
    st.sampled_from(
        [
            "One is here.",
            "*Two* is",
            "there.[1]",
            "“Three?”",
            "\n\n",
            "\n",
            "- item",
            "# Head",
            "(Four.)",
            "`a[1]`",
            "终于。",
            "!",
            "**",
            "[x](y.z)",
            "&amp;",
            "\\",
        ]
    ),
    min_size=1,
    max_size=25,
).map(" ".join)


def texts(essay: Essay) -> list[list[str]]:
    return [[sentence.text for sentence in paragraph] for paragraph in essay_sentences(essay)]


def test_each_paragraph_has_its_sentences() -> None:
    assert texts(ESSAY) == [
        ["One is here.", "Two is there.", "Three is lost.", "Four is found."],
        ["Only one."],
        ["Five.", "Six.", "Seven."],
    ]


def test_a_sentence_spans_its_markup_and_its_marks() -> None:
    first = essay_sentences(ESSAY)[0]

    assert [ESSAY.text[sentence.start : sentence.end] for sentence in first] == [
        "One is here.",
        "Two is there.",
        "Three\nis *lost.*[1]",
        "Four is [found.](http://example.org)",
    ]
    assert {sentence.block for sentence in first} == {1}


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("Bees sleep.[1]", "Bees sleep."),
        ("Bees [2, 3] sleep [4–6].", "Bees sleep."),
        ("Bees sleep.¹² Often.", "Bees sleep. Often."),
        ("Bees sleep[^note] here.[^2]", "Bees sleep here."),
        ("Bees sleep [@smith2020, p. 3].", "Bees sleep."),
        ("Bees<sup>7</sup> sleep.<sup>8</sup>", "Bees sleep."),
        ("Bees sleep.[9](#n9)", "Bees sleep."),
        ("A field of 40 m² and x² bees.", "A field of 40 m² and x² bees."),
        ("Bees call `a[1]` *often*.", "Bees call a[1] often."),
        ("Bees  keep\u00a0“spaces” [sic], … too.", "Bees  keep\u00a0“spaces” [sic], … too."),
        ("Bees sleep  \nhere,\\\n   and\tthere.", "Bees sleep here, and\tthere."),
    ],
)
def test_the_model_reads_words_without_markup_and_marks(source: str, read: str) -> None:
    assert " ".join(" ".join(sentences) for sentences in texts(essay_from_text(source))) == read


def test_a_text_file_has_no_markup() -> None:
    assert texts(essay_from_text("Two *stars* here.[1] And `ticks` [there](x).", "essay.txt")) == [
        ["Two *stars* here.", "And `ticks` [there](x)."]
    ]


def test_a_sentence_of_marks_alone_joins_its_neighbour() -> None:
    essay = essay_from_text("[2] . One here. [1]. Two.", "essay.md")

    assert texts(essay_from_text("Before. [1]. After.")) == [["Before..", "After."]]
    assert all(any(map(str.isalnum, text)) for paragraph in texts(essay) for text in paragraph)
    assert texts(essay_from_text("Words.\n\n*[1]* …")) == [["Words."], []]


def test_emphasis_may_span_sentences() -> None:
    essay = essay_from_text("*One here. Two there.* Three.")

    assert texts(essay) == [["One here.", "Two there.", "Three."]]
    assert [essay.text[s.start : s.end] for s in essay_sentences(essay)[0]] == ["*One here.", "Two there.*", "Three."]


def test_passages_roll_by_one_and_never_cross_a_paragraph() -> None:
    passages = essay_passages(essay_sentences(ESSAY))

    assert [(passage.index, passage.block, passage.first, passage.last) for passage in passages] == [
        (0, 1, 0, 2),
        (1, 1, 1, 3),
        (2, 3, 0, 0),
        (3, 4, 0, 2),
    ]
    assert passages[0].text == "One is here. Two is there. Three is lost."
    assert ESSAY.text[passages[0].start : passages[0].end] == "One is here. Two is there. Three\nis *lost.*[1]"
    assert ESSAY.text[: passages[0].gap].endswith("*lost.*[1]")


def test_sentences_without_spaces_between_them_are_joined_without() -> None:
    passages = essay_passages(essay_sentences(essay_from_text("机器不会做梦。[1]它只是重复。谁在听呢？")))

    assert [passage.text for passage in passages] == ["机器不会做梦。它只是重复。谁在听呢？"]


def test_short_paragraphs_may_be_skipped() -> None:
    passages = essay_passages(essay_sentences(ESSAY), short="skip")

    assert [passage.block for passage in passages] == [1, 1, 4]


def sentences(count: int) -> list[Sentence]:
    return [Sentence(0, 10 * number, 10 * number + 8, f"Word {number}.") for number in range(count)]


@given(st.integers(1, 30), st.integers(1, 6), st.integers(1, 9))
def test_every_sentence_is_in_a_passage(count: int, size: int, stride: int) -> None:
    passages = essay_passages([sentences(count)], size, stride)

    assert passages[-1].last == count - 1
    assert all(passage.last - passage.first + 1 == min(size, count) for passage in passages)
    steps = [after.first - before.first for before, after in pairwise(passages)]
    assert all(0 < step <= stride for step in steps)
    if stride <= size:
        assert {n for passage in passages for n in range(passage.first, passage.last + 1)} == set(range(count))


@given(markdown_texts)
def test_sentences_cover_their_paragraphs_and_passages_their_sentences(text: str) -> None:
    try:
        essay = essay_from_text(text)
    except EssayError:
        return
    paragraphs = essay_sentences(essay)

    for block, paragraph in zip(essay.paragraphs, paragraphs, strict=True):
        position = block.start
        for sentence in paragraph:
            assert block.start <= sentence.start < sentence.end <= block.end
            assert not essay.text[position : sentence.start].strip()
            assert essay.blocks[sentence.block] == block
            assert any(map(str.isalnum, sentence.text))
            assert "\n" not in sentence.text
            position = sentence.end
        assert not paragraph or not essay.text[position : block.end].strip()
    if any(paragraphs):
        gaps = [passage.gap for passage in essay_passages(paragraphs)]
        assert gaps == sorted(set(gaps))
        assert weave(essay, dict.fromkeys(gaps, " ")) == text


@pytest.mark.parametrize("options", [{"size": 0}, {"stride": 0}, {"size": 2.5}, {"stride": True}, {"short": "no"}])
def test_settings_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=rf"{next(iter(options))} is .*: it must be"):
        essay_passages([sentences(3)], **options)  # type: ignore[arg-type]


def test_an_essay_without_a_passage_is_refused() -> None:
    essay = essay_from_text("# Only a heading\n\n- and a list\n")

    with pytest.raises(EssayError, match="no paragraph in the essay to make a passage of: write more prose"):
        essay_passages(essay_sentences(essay))
    with pytest.raises(EssayError, match="no paragraph of 4 sentences"):
        essay_passages([sentences(3)], size=4, short="skip")


def test_an_unknown_splitter_is_refused_before_any_essay_is_read() -> None:
    with pytest.raises(SettingsError):
        essay_sentences(ESSAY, "nobody's")
