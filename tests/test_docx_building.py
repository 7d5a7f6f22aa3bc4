"""Word documents made from Markdown."""

from __future__ import annotations

import io
from typing import Any

import pytest
from docx import Document

from verbosify.essay.docx_building import build_docx

MARKS = ("\ue000", "\ue001")


def built(text: str, title: str = "Title") -> Any:
    return Document(io.BytesIO(build_docx(text, MARKS, title)))


def paragraphs(text: str) -> list[tuple[str, str]]:
    return [(paragraph.style.name, paragraph.text) for paragraph in built(text).paragraphs]


def looks(text: str) -> list[tuple[str, str]]:
    """Each run of the first paragraph, and how it is set."""
    found = []
    for run in built(text).paragraphs[0].runs:
        font = run.font
        names = {"bold": font.bold, "italic": font.italic, "strike": font.strike, "raised": font.superscript}
        marks = [name for name, on in names.items() if on]
        marks += ["code"] if font.name == "Courier New" else []
        marks += [run.style.name] if run.style.name != "Default Paragraph Font" else []
        found.append((run.text, " ".join(marks)))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One\n\n#### Four", [("Heading 1", "One"), ("Heading 4", "Four")]),
        ("Prose that\nwraps  \nhard.", [("Normal", "Prose that wraps\nhard.")]),
        ("- a\n- b\n\n  more b\n  - c\n    - d\n      - e", [
            ("List Bullet", "a"), ("List Bullet", "b"), ("List Continue", "more b"), ("List Bullet 2", "c"), ("List Bullet 3", "d"),
            ("List Bullet 3", "e"),
        ]),
        ("- ```\n  code\n  ```", [("Code", "code")]),
        ("> One.\n>\n> Two.", [("Quote", "One."), ("Quote", "Two.")]),
        ("```py\na = 1\nb\n```\n\n    c", [("Code", "a = 1\nb"), ("Code", "c")]),
        ("a\n\n***\n\nb", [("Normal", "a"), ("Normal", "* * *"), ("Normal", "b")]),
        ("---\na: b\n---\nProse.\n\n<div>\nhidden\n</div>", [("Normal", "Prose.")]),
        ("Noted.[^1]\n\n[^1]: http://a.example", [("Normal", "Noted.[^1]"), ("Normal", "[^1]: http://a.example")]),
    ],
)  # fmt: skip
def test_each_kind_of_block_has_its_style(text: str, expected: list[tuple[str, str]]) -> None:
    assert paragraphs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a *b **c*** ~~d~~ `e`", [("a ", ""), ("b ", "italic"), ("c", "bold italic"), (" ", ""), ("d", "strike"), (" ", ""), ("e", "code")]),
        ("x<sup>2</sup> <b>y</b>", [("x", ""), ("2", "raised"), (" y", "")]),
        ("a<br>b", [("a\nb", "")]),
        ("[words](http://a.example) <http://b.example>", [("words (http://a.example) http://b.example", "")]),
        ("[here](#anchor) claim[1](http://a.example)", [("here claim[1] (http://a.example)", "")]),
        ("![a *picture*](x.png)", [("[a picture]", "")]),
        ("a \ue000New \\*one\\*.\ue001 b", [("a ", ""), ("New *one*.", "Generated"), (" b", "")]),
        ("*a \ue000new\ue001* b", [("a ", "italic"), ("new", "italic Generated"), (" b", "")]),
    ],
)  # fmt: skip
def test_each_kind_of_mark_is_set(text: str, expected: list[tuple[str, str]]) -> None:
    assert looks(text) == expected


def test_a_table_is_a_table_with_a_bold_head() -> None:
    table = built("| a | *b* |\n|---|---|\n| c |\n").tables[0]

    assert [[cell.text for cell in row.cells] for row in table.rows] == [["a", "b"], ["c", ""]]
    assert [run.bold for cell in table.rows[0].cells for run in cell.paragraphs[0].runs] == [True, True]
    assert table.style.name == "Table Grid"


def test_every_numbered_list_counts_from_its_own_start() -> None:
    document = built("1. a\n2. b\n\nProse.\n\n5. c\n6. d\n")

    ids = [
        paragraph._p.pPr.numPr.numId.val for paragraph in document.paragraphs if paragraph.style.name == "List Number"
    ]
    numbering = document.part.numbering_part.element
    starts = [numbering.num_having_numId(number).xpath(".//w:startOverride/@w:val") for number in ids]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert [start for (start,) in starts] == ["1", "1", "5", "5"]


def test_the_title_is_a_property_and_no_author_is_invented() -> None:
    properties = built("Prose.", title="On rafts\x00" + "!" * 300).core_properties

    assert properties.title == "On rafts" + "!" * 247
    assert properties.author == properties.comments == ""
