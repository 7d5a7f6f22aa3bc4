"""Captions, addresses and counts of words are no prose, in any format."""

from __future__ import annotations

import pytest

from tests.docx_samples import of_xml, run
from verbosify.essay.reading import Essay, essay_from_bytes, essay_from_text

PROSE = "We row across the bay. It rains, and nobody minds."


def prose(essay: Essay) -> list[str]:
    return [essay.text[block.start : block.end] for block in essay.paragraphs]


@pytest.mark.parametrize(
    "aside",
    [
        "Figure 1: The ferry at dawn. It sails. We wave.", "Fig. 2. The ferry at dawn.", "Table 3.1 – Boats by year.",
        "Abb. 4: Die Fähre.", "Tableau 2 : Les bacs.", "图1：渡轮", "https://example.org/a/b", "www.example.org",
        "https://example.org, https://example.org/b", "ruth.hale@example.org",
        "Word count: 1,204.", "(1,204 words).", "Keywords: boats, the sea.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["md", "txt", "docx"])
def test_an_aside_is_no_prose(aside: str, kind: str) -> None:
    if kind == "docx":
        essay = essay_from_bytes(of_xml(run(PROSE), run(aside), run(PROSE)), "essay.docx")
    else:
        essay = essay_from_text(f"{PROSE}\n\n{aside}\n\n{PROSE}\n", f"essay.{kind}")

    assert prose(essay) == [PROSE, PROSE]


@pytest.mark.parametrize(
    "sentence",
    [
        "Figure 1 shows the ferry at dawn.", "Table 3 is near the window.", "It is at https://example.org today.",
        "Words: they are what we have.", "Seven words. No more.", "http://" * 280 + " and more.",
    ],
)  # fmt: skip
def test_a_sentence_that_only_mentions_such_things_is_prose(sentence: str) -> None:
    assert prose(essay_from_text(f"{PROSE}\n\n{sentence}\n")) == [PROSE, sentence]


def test_an_essay_of_nothing_else_is_prose() -> None:
    assert prose(essay_from_text("Figure 1: We row. It rains.\n")) == ["Figure 1: We row. It rains."]
