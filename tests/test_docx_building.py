"""Word documents made from Markdown."""

from __future__ import annotations

import io
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml

from verbosify.essay.docx_building import build_docx

MARKS = ("\ue000", "\ue001")


def built(text: str, title: str = "Title") -> Any:
    return Document(io.BytesIO(build_docx(text, MARKS, title)))


def paragraphs(text: str) -> list[tuple[str, str]]:
    return [(paragraph.style.name, paragraph.text) for paragraph in built(text).paragraphs]


def looks(text: str) -> list[tuple[str, str]]:
    """Each run of the first paragraph, and how it is set."""
    found = []
    paragraph = built(text).paragraphs[0]
    for run in (run for part in paragraph.iter_inner_content() for run in getattr(part, "runs", [part])):
        font = run.font
        names = {
            "bold": font.bold,
            "italic": font.italic,
            "strike": font.strike,
            "raised": font.superscript,
            "lowered": font.subscript,
        }
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
        ("---\na: b\n---\nProse.\n\n<div>\nseen\n</div>", [("Normal", "Prose."), ("Normal", "seen")]),
        ("<p>One <b>is</b><br>here.</p><script>x()</script>\n<ul><li>Two &amp; <!-- no --> three</ul>", [
            ("Normal", "One is\nhere."), ("Normal", "- Two & three"),
        ]),
        ("Noted.[^1]\n\n[^1]: http://a.example", [("Normal", "Noted.")]),
        ("Noted.[^2]\n\n[^1]: Not *referred* to.", [("Normal", "Noted.[^2]"), ("Normal", "[1] Not referred to.")]),
        ("![](x.png)\n\n[a]: http://a.example 'Words'\n[//]: # (no)\n", [("Normal", "[a] Words http://a.example")]),
    ],
)  # fmt: skip
def test_each_kind_of_block_has_its_style(text: str, expected: list[tuple[str, str]]) -> None:
    assert paragraphs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a *b **c*** ~~d~~ `e`", [("a ", ""), ("b ", "italic"), ("c", "bold italic"), (" ", ""), ("d", "strike"), (" ", ""), ("e", "code")]),
        ("x<sup>2</sup> <b>y</b>", [("x", ""), ("2", "raised"), (" ", ""), ("y", "bold")]),
        ("H<sub>2</sub>O <i>a *b*</i> <q>c</q> <!-- no -->d", [
            ("H", ""), ("2", "lowered"), ("O ", ""), ("a b", "italic"), (" c d", ""),
        ]),
        ("a<br>b", [("a\nb", "")]),
        ("[words](http://a.example) <http://b.example>", [("words", "Hyperlink"), (" ", ""), ("http://b.example", "Hyperlink")]),
        ("[here](#anchor) claim[1](http://a.example)", [("here claim", ""), ("[1]", "Hyperlink")]),
        ("[a *b*](x.md) <a href='y.md'>c</a>", [("a ", "Hyperlink"), ("b", "italic Hyperlink"), (" ", ""), ("c", "Hyperlink")]),
        ("[a](http://b.example:port)", [("a", ""), (" (http://b.example:port)", "")]),
        ("![a *picture*](x.png) ![](y.png)<img alt='b' src=z>", [("[a picture] [b]", "")]),
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


def footnotes(document: Any) -> Any:
    return next(each.target_part for each in document.part.rels.values() if each.reltype.endswith("/footnotes"))


def note_texts(document: Any) -> dict[str, list[str]]:
    """The paragraphs of each footnote by its id, but for the lines that Word draws."""
    notes = parse_xml(footnotes(document).blob)
    return {
        note.get(qn("w:id")): ["".join(text.text for text in p.iter(qn("w:t"))) for p in note.iter(qn("w:p"))]
        for note in notes
        if note.get(qn("w:type")) is None
    }


def test_notes_are_footnotes_in_the_order_in_which_they_are_referred_to() -> None:
    document = built(
        "One.[^b] Two.[^a] Three.[^b] Four.^[On the *spot*.]\n\n[^a]: First [link](http://a.example).\n\n    - item\n\n"
        "[^b]: Second, see [^a] and [^c].\n[^c]: Only from a note.\n"
    )

    assert note_texts(document) == {
        "1": [" Second, see 2 and [c]."],
        "2": [" First link.", "item"],
        "3": [" On the spot."],
    }
    assert document.element.xpath("//w:footnoteReference/@w:id") == ["1", "2", "3"]
    assert document.paragraphs[0].text == "One. Two. Three.1 Four."
    assert [each.target_ref for each in footnotes(document).rels.values()] == ["http://a.example"]
    assert [paragraph.text for paragraph in document.paragraphs[1:]] == ["[c] Only from a note."]


def test_a_note_that_is_a_table_or_nothing_stands_between_paragraphs() -> None:
    document = built("One.[^a] Two.[^b]\n\n[^a]: | x |\n    |---|\n    | y |\n\n[^b]:\n")

    assert note_texts(document) == {"1": [" ", "x", "y", ""], "2": [" "]}


def test_a_document_without_notes_has_no_part_for_them() -> None:
    assert not [each for each in built("One.").part.rels.values() if "footnotes" in each.reltype]
