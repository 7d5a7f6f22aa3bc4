"""Weaving generated text in, and writing essays out."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.docx_samples import with_everything
from tests.test_markdown import NASTY
from verbosify.errors import EssayError, OutputError
from verbosify.essay.converting import as_markdown, as_plain_text
from verbosify.essay.passages import essay_passages, essay_sentences
from verbosify.essay.reading import Essay, essay_from_bytes, essay_from_text, read_essay
from verbosify.essay.writing import essay_bytes, weave, write_essay

TEXT = "# On rafts\n\nOne is *here.*[1] Two is there.\nThree is lost.\n\n- a list\n\n终于。*到家。*\n"


def gaps(essay: Essay, size: int = 1) -> list[int]:
    return [passage.gap for passage in essay_passages(essay_sentences(essay), size)]


def test_weaving_nothing_changes_nothing() -> None:
    essay = essay_from_text(TEXT)

    assert weave(essay, {}) == weave(essay, dict.fromkeys(gaps(essay), " \n")) == TEXT
    assert essay_bytes(essay) == essay_bytes(essay, dict.fromkeys(gaps(essay), "")) == TEXT.encode()


def test_insertions_follow_their_sentence_on_its_line() -> None:
    essay = essay_from_text(TEXT)
    one, two, three, finally_, home = gaps(essay)

    woven = weave(essay, {one: "A *star*.\n\nNew line.", three: "B.", two: "C.", finally_: "你好。", home: "再见。"})

    assert woven == (
        "# On rafts\n\nOne is *here.*[1] A \\*star\\*. New line. Two is there. C.\nThree is lost. B.\n\n"
        "- a list\n\n终于。你好。*到家。* 再见。\n"
    )


def test_a_space_is_kept_between_an_insertion_and_what_follows() -> None:
    essay = essay_from_text("One.[1]Two.", "essay.txt")

    assert weave(essay, {7: "New *one*."}) == "One.[1] New *one*. Two."
    assert weave(essay_from_text("One. Two."), {5: "New."}) == "One. New. Two."


@pytest.mark.parametrize("generated", NASTY)
def test_what_is_generated_cannot_become_markup(generated: str) -> None:
    essay = essay_from_text("One is *here*.\n\nTwo is there.\n")
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])

    tokens = parser.parse(weave(essay, {gaps(essay)[0]: generated}))

    assert [token.type for token in tokens] == [token.type for token in parser.parse(essay.text)]
    inline = tokens[1].children or []
    assert {token.type for token in inline} == {"text", "em_open", "em_close"}
    assert "".join(token.content for token in inline) == f"One is here. {' '.join(generated.split())}"


def test_what_is_generated_is_no_private_note_when_it_is_read_again() -> None:
    essay = essay_from_text("One is here.")

    again = essay_from_text(weave(essay, {12: "A %%hidden%% <!-- word --> {>>is<<} kept."}))

    assert as_plain_text(again) == "One is here. A %%hidden%% <!-- word --> {>>is<<} kept.\n"


@given(st.dictionaries(st.sampled_from(gaps(essay_from_text(TEXT))), st.text(alphabet="Ab *_[]\n终\\", max_size=20)))
def test_what_is_between_the_gaps_stays_as_it_was(chosen: dict[int, str]) -> None:
    woven = weave(essay_from_text(TEXT), chosen)

    pattern, position = "", 0
    for gap in sorted(chosen):
        pattern += re.escape(TEXT[position:gap]) + (r"[^\n]+" if chosen[gap].split() else "")
        position = gap
    assert re.fullmatch(pattern + re.escape(TEXT[position:]), woven)


@pytest.mark.parametrize("offset", [-1, 0, 3, 11, 12, 9999])
def test_nothing_goes_outside_a_paragraph(offset: int) -> None:
    with pytest.raises(
        EssayError, match=rf"Nothing can be inserted at {offset} in essay\.md: that is not in a paragraph"
    ):
        weave(essay_from_text(TEXT), {offset: "New."})


def test_the_byte_order_mark_and_line_breaks_are_kept(tmp_path: Path) -> None:
    source = b"\xef\xbb\xbfOne is here.\r\n\r\nTwo is there.\r\n"
    essay = essay_from_bytes(source, "essay.txt")

    write_essay(essay, {12: "New."}, tmp_path / "new.txt", note="A note.")

    assert (tmp_path / "new.txt").read_bytes() == (
        b"\xef\xbb\xbfOne is here. New.\r\n\r\nTwo is there.\r\n\r\nA note.\r\n"
    )


def test_the_note_is_the_last_paragraph_and_inert() -> None:
    essay = essay_from_text("One is here.")

    assert essay_bytes(essay, {}, note="Made by *a model*.\n") == b"One is here.\n\nMade by \\*a model\\*.\n"


@pytest.mark.parametrize("name", ["essay.md", "essay.txt", "essay.docx"])
@pytest.mark.parametrize("suffix", [".md", ".txt", ".docx"])
def test_every_format_is_written_from_every_format(name: str, suffix: str, tmp_path: Path) -> None:
    essay = (
        essay_from_bytes(with_everything(), name)
        if name.endswith("docx")
        else essay_from_text("On rafts\n\nOne is here. Two is there.\n" if name.endswith("txt") else TEXT, name)
    )
    path = tmp_path / f"out{suffix}"

    write_essay(essay, {gaps(essay)[0]: "A generated *line*."}, str(path), note="A note.")

    again = read_essay(path)
    assert again.title == "On rafts"
    assert [sentence.text for sentence in essay_sentences(again)[0]][1] == "A generated *line*."
    assert again.text[again.blocks[-1].start : again.blocks[-1].end] == "A note."
    assert [block.kind for block in again.blocks[:2]] == [block.kind for block in essay.blocks[:2]]


def test_markdown_loses_its_inline_marks_as_plain_text(tmp_path: Path) -> None:
    source = (
        "# On *rafts*\r\n\r\nOne *is* [here](http://x.example).[1]\r\nTwo \\* three.\r\n\r\n* a *list*\r\n  - of `two`\r\n\r\n"
        "> a *quotation*\r\n\r\n```\r\n*code*\r\n```\r\n"
    )

    write_essay(essay_from_text(source), {}, tmp_path / "plain.txt")

    assert (tmp_path / "plain.txt").read_bytes().decode() == (
        "On rafts\r\n\r\nOne is here (http://x.example).[1]\r\nTwo * three.\r\n\r\n* a list\r\n  - of two\r\n\r\n"
        "> a quotation\r\n\r\n```\r\n*code*\r\n```\r\n"
    )


def test_plain_text_is_escaped_as_markdown(tmp_path: Path) -> None:
    source = "On #1 rafts\n\nOne *is* here\n# and there.\n\n• a *list*\n  going on\n2. two\n\n    a *rose*\n    is\n\nSources\n\n[1] A_B.\n[2] C."

    write_essay(essay_from_text(source, "essay.txt"), {}, tmp_path / "new.md")

    assert (tmp_path / "new.md").read_text() == (
        "# On #1 rafts\n\nOne \\*is\\* here\n\\# and there.\n\n- a \\*list\\*\n  going on\n2. two\n\n> a \\*rose\\*\\\n> is\n\n"
        "# Sources\n\n\\[1\\] A\\_B.\\\n\\[2\\] C.\n"
    )
    assert essay_sentences(read_essay(tmp_path / "new.md")) != []


def test_a_word_document_becomes_markdown_block_by_block(tmp_path: Path) -> None:
    essay = essay_from_bytes(with_everything(), "essay.docx")

    write_essay(essay, {}, tmp_path / "new.md")

    assert (tmp_path / "new.md").read_text() == (
        "# On rafts\n\n# First part\n\nOne is “here”.[^1] *Two* really is there. Three is a link. Four is near.\n\n"
        "- A list item. Not prose.\n\n| a | b |\n| --- | --- |\n| c | d\\|e |\n\n> Quoted. Not ours.\n\n"
        "Figure 1. A raft.\n\nFive.\\\nSix is after a soft break. Seven.\n\n# References\n\nSmith, A. A Book.\n\n[^1]: A note of the writer's.\n"
    )


def test_a_word_document_becomes_plain_text_that_shows_its_lists_and_quotations(tmp_path: Path) -> None:
    write_essay(essay_from_bytes(with_everything(), "essay.docx"), {}, tmp_path / "new.txt")

    assert (
        "near.\n\n- A list item. Not prose.\n\na | b\nc | d|e\n\n    Quoted. Not ours.\n\nFigure 1."
        in (tmp_path / "new.txt").read_text()
    )


def test_items_of_a_list_stay_together(tmp_path: Path) -> None:
    document = Document()
    for words in ("One.", "Two."):
        document.add_paragraph(words, style="List Bullet")
    document.add_paragraph("Prose.")
    file = io.BytesIO()
    document.save(file)

    write_essay(essay_from_bytes(file.getvalue(), "essay.docx"), {}, tmp_path / "new.md")

    assert (tmp_path / "new.md").read_text() == "- One.\n- Two.\n\nProse.\n"


def test_an_essay_already_in_the_format_stays_as_it_is() -> None:
    assert as_plain_text(essay_from_text("One *two*.\r\n", "essay.txt")) == "One *two*.\r\n"
    assert as_markdown(essay_from_text("One *two*.\r\n")) == "One *two*.\r\n"


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"new\.pdf cannot be written: an essay is written to a file ending in \.md"):
        write_essay(essay_from_text(TEXT), {}, tmp_path / "new.pdf")
    assert list(tmp_path.iterdir()) == []


def test_private_characters_of_the_essay_survive_word(tmp_path: Path) -> None:
    essay = essay_from_text("One \ue000is\ue001 here. Two.")

    write_essay(essay, {gaps(essay)[0]: "New \ue002."}, tmp_path / "new.docx")

    runs = Document(str(tmp_path / "new.docx")).paragraphs[0].runs
    assert [(run.text, run.style.name == "Generated") for run in runs] == [
        ("One \ue000is\ue001 here. ", False),
        ("New \ue002.", True),
        (" Two.", False),
    ]
    assert re.fullmatch(r"One .is. here\. New .\. Two\.", read_essay(tmp_path / "new.docx").text)
