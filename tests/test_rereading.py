"""An essay that an earlier reader saw otherwise keeps its gaps, whatever is written of it."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from verbosify.essay import Block, Essay, essay_from_bytes, essay_from_text, read_essay, write_essay
from verbosify.essay.rereading import as_written, moved, recorded_essay

ROWS = "One is here.\n\n- Two was prose once. It is a list today.\n\nThree ends it.\n"


def blocks_of(text: str, kind: str = "paragraph") -> list[dict[str, Any]]:
    """Blocks as an earlier reader saw them: every run of lines a paragraph."""
    found, position = [], 0
    for part in text.split("\n\n"):
        found.append({"kind": kind, "start": position, "end": position + len(part.rstrip())})
        position += len(part) + 2
    return found


def word(*paragraphs: str) -> bytes:
    document = Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    saved = BytesIO()
    document.save(saved)
    return saved.getvalue()


def written(essay: Essay, insertions: dict[int, str], folder: Path) -> dict[str, str]:
    """What each file says that is written of an essay, by its suffix, white space made one space."""
    today, woven = as_written(essay, insertions)
    said = {}
    for suffix in (".md", ".txt", ".docx"):
        write_essay(today, woven, folder / f"new{suffix}")
        path = folder / f"new{suffix}"
        said[suffix] = " ".join((read_essay(path).text if suffix == ".docx" else path.read_text()).split())
    return said


def test_text_goes_where_the_record_has_a_paragraph_though_todays_reader_has_a_list(tmp_path: Path) -> None:
    assert essay_from_text(ROWS).blocks[1].kind == "verbatim"
    essay = recorded_essay("rows.md", "md", ROWS, blocks_of(ROWS), None)

    said = written(essay, {ROWS.index(" It is"): "NEW."}, tmp_path)

    for text in said.values():
        assert "Two was prose once. NEW. It is a list today." in text


def test_a_record_that_joins_what_is_apart_today_is_kept(tmp_path: Path) -> None:
    text = "One here.\n\nTwo here.\n"
    essay = recorded_essay("e.txt", "txt", text, [{"kind": "paragraph", "start": 0, "end": len(text) - 1}], None)

    assert "Two here. NEW." in written(essay, {len(text) - 1: "NEW."}, tmp_path)[".txt"]


@pytest.mark.parametrize(
    ("kind", "level", "expected"),
    [("paragraph", None, Block("paragraph", 0, 4, 0)), ("aside", 2, Block("verbatim", 0, 4, 2))],
)
def test_blocks_of_any_record_are_blocks(kind: str, level: int | None, expected: Block) -> None:
    block = {"kind": kind, "start": 0, "end": 4, "level": level, "more": "than we know"}

    essay = recorded_essay("../a/e.md", "md", "Two.", [block], None)

    assert essay == Essay("e.md", "md", "Two.", (expected,), b"Two.")


@pytest.mark.parametrize("form", ["odt", "docx", ""])
def test_a_record_of_another_format_or_without_its_word_file_is_text(form: str, tmp_path: Path) -> None:
    essay = recorded_essay("e.odt", form, "One here. Two.", blocks_of("One here. Two."), None)

    assert essay.format == "txt"
    assert "One here. NEW. Two." in written(essay, {9: "NEW."}, tmp_path)[".docx"]


def test_word_files_keep_their_gaps_when_paragraphs_are_read_otherwise(tmp_path: Path) -> None:
    source = word("D", "rop caps are here. They were two.", "A second one. It stays.", "A third one ends.")
    then = "Drop caps are here. They were two.\n\nA second one. It stays.\n\nA third\u00b9 one ends."
    essay = recorded_essay("e.docx", "docx", then, blocks_of(then), source)
    places = {then.index(" They"): "AAA.", then.index(" It stays"): "BBB.", len(then): "CCC."}

    for text in written(essay, places, tmp_path).values():
        assert "rop caps are here. AAA. They were two." in text
        assert "A second one. BBB. It stays." in text
        assert "A third one ends. CCC." in text


def test_word_files_in_which_less_is_read_today_keep_every_insertion_in_order(tmp_path: Path) -> None:
    source = word("The first paragraph is as it was. It ends.", "The last one too. It ends here.")
    hidden = "A hidden paragraph was read then. It is left out today."
    then = f"The first paragraph is as it was. It ends.\n\n{hidden}\n\nThe last one too. It ends here."
    essay = recorded_essay("e.docx", "docx", then, blocks_of(then), source)
    gaps = [then.index(" It ends."), then.index(" It is left"), then.index("\n\nThe last"), len(then)]

    for text in written(essay, dict(zip(gaps, ("A.", "B.", "C.", "D."), strict=True)), tmp_path).values():
        assert "as it was. A. It ends. B. C. The last one too. It ends here. D." in text


def test_word_files_that_hold_headings_tables_and_lists_take_text_where_they_can(tmp_path: Path) -> None:
    document = Document()
    document.add_heading("A heading that was prose. It had a gap.", 1)
    document.add_table(1, 1).cell(0, 0).text = "A cell that was prose then. So it was."
    document.add_paragraph("An item that was prose. It is listed.", style="List Bullet")
    saved = BytesIO()
    document.save(saved)
    today = essay_from_bytes(saved.getvalue(), "e.docx")
    assert {block.kind for block in today.blocks} == {"heading", "verbatim"}
    essay = recorded_essay("e.docx", "docx", today.text, blocks_of(today.text), saved.getvalue())
    places = {
        today.text.index(end) + len(end): f"{end} NEW."
        for end in ("was prose.", "prose then.", "was prose. It is listed.")
    }

    said = written(essay, places, tmp_path)

    for text in said.values():
        assert text.count("NEW.") == 3


def test_a_private_note_that_a_record_holds_is_written_nowhere(tmp_path: Path) -> None:
    text = "One is here. %% not yet %% Two is there.\n\n%%\nA note.\n%%\n\nThree ends.\n"
    essay = recorded_essay("e.md", "md", text, blocks_of(text), None)
    places = {text.index(" %% not"): "AAA.", text.index("%% Two") + 2: "BBB.", len(text) - 1: "CCC."}

    for said in written(essay, places, tmp_path).values():
        assert said == "One is here. AAA. BBB. Two is there. Three ends. CCC."


def test_a_file_that_todays_reader_refuses_is_written_from_its_record(tmp_path: Path) -> None:
    page = "<!DOCTYPE html><html><body><p>It was read as text. It was.</p></body></html>"
    for form, source in (("txt", None), ("docx", b"no longer a Word file")):
        essay = recorded_essay(f"e.{form}", form, page, blocks_of(page), source)

        said = written(essay, {page.index(" It was.</p>"): "NEW."}, tmp_path)

        assert "read as text. NEW. It was." in said[".txt"]


def test_what_is_read_as_it_was_is_taken_as_it_is() -> None:
    essay = essay_from_text(ROWS)

    assert as_written(essay, {12: "NEW."}) == (essay, {12: "NEW."})
    source = word("One here. Two.", "Three.")
    essay = essay_from_bytes(source, "e.docx")
    assert as_written(essay, {9: "NEW."}) == (essay, {9: "NEW."})
    blocks = [replace(block, kind="verbatim") for block in essay.blocks]
    assert as_written(replace(essay, blocks=tuple(blocks)), {9: "NEW."})[0].blocks[0].kind == "paragraph"


@given(st.lists(st.text("ab .\n", min_size=1, max_size=20), max_size=6), st.data())
def test_in_the_same_text_nothing_moves_but_over_white_space(parts: list[str], data: st.DataObject) -> None:
    text = "\n\n".join(["start", *parts])
    written = [offset + 1 for offset, character in enumerate(text) if not character.isspace()]
    offsets = data.draw(st.lists(st.sampled_from(written)))

    assert moved(text, text, offsets) == {offset: offset for offset in offsets}


@given(st.text("abc. \n", min_size=1), st.text("abc. \n", min_size=1), st.data())
def test_whatever_the_texts_places_lie_in_the_new_one_and_keep_their_order(
    old: str, new: str, data: st.DataObject
) -> None:
    old, new = f"o{old}", f"n{new}"
    offsets = data.draw(st.lists(st.integers(1, len(old))))

    places = [place for _, place in sorted(moved(old, new, offsets).items())]

    assert places == sorted(places)
    assert all(0 <= place <= len(new) for place in places)


def test_the_time_of_a_long_paragraph_grows_with_its_length_and_no_faster() -> None:
    text = "".join(f"Boat {number} comes in. " for number in range(3000))
    essay = replace(essay_from_bytes(word(text), "a.docx"), text=text.strip().replace("9 comes", "9 goes", 1))
    insertions = {match.end(): "NEW." for match in re.finditer(r"\.", essay.text)}
    start = process_time()

    _, woven = as_written(essay, insertions)

    assert process_time() - start < 5  # 0.5 s; a way whose time grows with the square needs 30
    assert len(woven) == len(insertions)
