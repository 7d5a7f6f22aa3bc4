"""Word documents written as Markdown and as plain text."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from docx import Document
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.docx_samples import W, add_xml, of_xml, run, saved
from verbosify.essay.docx_converting import docx_as_markdown, docx_as_plain_text
from verbosify.essay.passages import essay_passages, essay_sentences
from verbosify.essay.reading import essay_from_bytes, essay_from_text
from verbosify.essay.writing import write_essay

FOOTNOTE, ENDNOTE = '<w:r><w:footnoteReference w:id="{}"/></w:r>', '<w:r><w:endnoteReference w:id="{}"/></w:r>'
TYPES = {"footnotes": CONTENT_TYPE.WML_FOOTNOTES, "endnotes": CONTENT_TYPE.WML_ENDNOTES}


def field(instruction: str, shown: str) -> str:
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    words = f'<w:r><w:instrText xml:space="preserve">{instruction}</w:instrText></w:r>'
    return mark("begin") + words + mark("separate") + shown + mark("end")


def with_notes(document: Any, kind: str, notes: dict[int, str]) -> Part:
    """Add the part of a document's foot- or endnotes: XML of paragraphs by id."""
    inner = "".join(f'<w:{kind[:-1]} w:id="{number}">{xml}</w:{kind[:-1]}>' for number, xml in notes.items())
    source = f"<w:{kind} {W} xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'>{inner}</w:{kind}>"
    part = Part(PackURI(f"/word/{kind}.xml"), TYPES[kind], source.encode(), document.part.package)
    document.part.relate_to(part, getattr(RELATIONSHIP_TYPE, kind.upper()))
    return part


def both(source: bytes, insert: str = "") -> tuple[str, str]:
    """The document as Markdown and as plain text, with `insert` after each sentence."""
    essay = essay_from_bytes(source, "essay.docx")
    gaps = [passage.gap for passage in essay_passages(essay_sentences(essay), 1)] if insert else []
    starts = [block.start for block in essay.blocks]
    inserted: dict[int, list[tuple[int, str]]] = {}
    for gap in gaps:
        block = max(number for number, start in enumerate(starts) if start < gap)
        inserted.setdefault(block, []).append((gap - starts[block], f" {insert}"))
    return docx_as_markdown(essay, inserted), docx_as_plain_text(essay, inserted)


@pytest.mark.parametrize(
    ("xml", "markdown", "plain"),
    [
        (run("One ") + run("is", "<w:b/>") + run(" here", '<w:b w:val="0"/>') + run(".", "<w:i/>"), "One **is** here<i>.</i>", "One is here."),
        (run("a", "<w:strike/>") + run(" b", '<w:rStyle w:val="Emphasis"/>') + run(" c", '<w:rStyle w:val="Strong"/>'), "~~a~~ *b* **c**", "a b c"),
        (run("x = 1", '<w:rFonts w:ascii="Courier New"/>') + run(" H") + run("2", '<w:vertAlign w:val="subscript"/>'), "`x = 1` H<sub>2</sub>", "x = 1 H2"),
        (run("10") + run("2", '<w:vertAlign w:val="superscript"/>') + run(" 4") + run("th", '<w:vertAlign w:val="superscript"/>'), "10<sup>2</sup> 4<sup>th</sup>", "10² 4th"),
        (run("See ") + field(' HYPERLINK "http://a.example/b" \\o "tip" ', run("this", "<w:i/>")) + run("."), "See [*this*](http://a.example/b).", "See this (http://a.example/b)."),
        (run("See ") + f'<w:fldSimple w:instr="HYPERLINK http://a.example/">{run("http://a.example/")}</w:fldSimple>', "See <http://a.example/>", "See http://a.example/"),
        (field(' HYPERLINK \\l "there" ', run("here")) + field("PAGE", run("7")), "here7", "here7"),
        (field(' IF 1 ', run("a ") + field(' HYPERLINK "b.docx"', run("b")) + run(" c")), "a [b](b.docx) c", "a b (b.docx) c"),
        (f'<w:hyperlink w:anchor="x">{run("within")}</w:hyperlink>' + field('HYPERLINK "javascript:x()"', run(" and this")), "within and this", "within and this"),
        (run("a") + '<w:del><w:r><w:delText>no</w:delText></w:r>' + FOOTNOTE.format(9) + "</w:del>" + run("hidden", "<w:vanish/>") + run("b"), "ab", "ab"),
        (run("One.") + "<w:r><w:br/></w:r>" + run("1. *two*"), "One.\\\n1\\. \\*two\\*", "One.\n1. *two*"),
        (run("No such note.") + FOOTNOTE.format(99) + ENDNOTE.format(1), "No such note.", "No such note."),
    ],
)  # fmt: skip
def test_a_paragraph_keeps_how_it_is_set(xml: str, markdown: str, plain: str) -> None:
    assert both(of_xml(xml)) == (markdown + "\n", plain + "\n")


def test_notes_follow_the_text_in_the_order_of_their_marks() -> None:
    document = Document()
    add_xml(
        document,
        run("One.") + ENDNOTE.format(5) + run(" Two.") + FOOTNOTE.format(3) + run(" Three.") + FOOTNOTE.format(3),
    )
    table = document.add_table(1, 1)
    add_xml(document, run("Four.") + FOOTNOTE.format(2))
    table.cell(0, 0).paragraphs[0]._p.extend(list(add_xml(document, run("In a cell.") + FOOTNOTE.format(4))))
    feet = {
        2: "<w:p/>",
        3: f"<w:p>{run('A ')}{run('note', '<w:i/>')}</w:p><w:p>{run('goes on.')}</w:p>",
        4: f"<w:p>{run('of a cell')}</w:p>",
    }
    part = with_notes(document, "footnotes", feet)
    address = part.relate_to("http://a.example", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    with_notes(document, "endnotes", {5: f"<w:p>{run('An end', '<w:b/>')}{FOOTNOTE.format(3)}</w:p>"})
    part._blob = part.blob.replace(
        b"of a cell</w:t></w:r>", f'</w:t></w:r><w:hyperlink r:id="{address}">{run("a link")}</w:hyperlink>'.encode()
    )

    markdown, plain = both(saved(document))

    assert "One.[^1] Two.[^2] Three.[^2]" in markdown
    assert markdown.endswith(
        "\nFour.\n\n[^1]: **An end**\n\n[^2]: A *note*\n\n    goes on.\n\n[^3]: [a link](http://a.example)\n"
    )
    assert "One.[1] Two.[2] Three.[2]" in plain
    assert plain.endswith("\nFour.\n\n[1] An end\n\n[2] A note\n\n    goes on.\n\n[3] a link (http://a.example)\n")


def test_notes_that_are_no_xml_are_left_out() -> None:
    document = Document()
    add_xml(document, run("One.") + FOOTNOTE.format(1))
    with_notes(document, "footnotes", {1: f"<w:p>{run('A note')}</w:p>"})._blob = b"<w:footnotes"

    assert both(saved(document)) == ("One.\n", "One.\n")


def test_what_is_inserted_follows_the_mark_of_a_note_and_is_set_apart_from_what_is_around_it() -> None:
    document = Document()
    add_xml(document, run(" One is. Two", "<w:i/>") + run(" is.", "<w:i/>") + FOOTNOTE.format(1) + run(" Three is."))
    with_notes(document, "footnotes", {1: f"<w:p>{run('A note')}</w:p>"})

    markdown, plain = both(saved(document), "New *one*.")

    assert (
        markdown == "*One is.* New \\*one\\*. *Two is.*[^1] New \\*one\\*. Three is. New \\*one\\*.\n\n[^1]: A note\n"
    )
    assert plain == "One is. New *one*. Two is.[1] New *one*. Three is. New *one*.\n\n[1] A note\n"


def test_lists_keep_their_levels_signs_and_numbers() -> None:
    document = Document()
    for style, words in (
        ("List Bullet", "a"), ("List Bullet 2", "b\nb"), ("List Continue 2", "still b"), ("List Bullet 3", "c"), ("List Bullet", "d"),
        ("List Number", "one"), ("List Number", "two"), ("List Number 2", "deep"), ("List Number", "three"), ("List Paragraph", "e"),
    ):  # fmt: skip
        document.add_paragraph(words, style=style)
    document.add_paragraph("Prose.")
    document.add_paragraph("four", style="List Number")

    markdown, plain = both(saved(document))

    assert markdown == (
        "- a\n  - b\\\n    b\n\n    still b\n    - c\n- d\n1. one\n2. two\n   1. deep\n3. three\n- e\n\nProse.\n\n4. four\n"
    )
    assert plain == markdown.replace("\\", "")


def test_a_numbering_begins_where_it_says_and_is_told_from_the_one_before() -> None:
    document = Document()
    document.add_paragraph("a", style="List Number")
    numbering = document.part.numbering_part.element
    usual = document.styles["List Number"].element.pPr.numPr.numId.val
    for start, levels in ((3, (0, 1, 1, 0)), (7, (0,))):
        new = numbering.add_num(numbering.num_having_numId(usual).abstractNumId.val)
        for level in (0, 1):
            new.add_lvlOverride(ilvl=level).add_startOverride(start)
        for level in levels:
            properties = document.add_paragraph("b", style="List Number")._p.get_or_add_pPr().get_or_add_numPr()
            properties.get_or_add_numId().val = new.numId
            properties.get_or_add_ilvl().val = level

    markdown, _ = both(saved(document))

    assert markdown == "1. a\n3) b\n\n   3. b\n   4. b\n4) b\n7. b\n"


def test_tables_keep_line_breaks_bars_and_how_cells_are_set() -> None:
    document = Document()
    table = document.add_table(2, 2)
    for cell, words in zip(table._cells, ("a\nb", "c|d", "", "e"), strict=True):
        cell.text = words
    table.cell(1, 1).add_paragraph().add_run("f").bold = True

    assert both(saved(document)) == (
        "| a<br>b | c\\|d |\n| --- | --- |\n|  | e<br>**f** |\n",
        "a / b | c|d\n | e / f\n",
    )


def test_pictures_leave_their_description_where_they_stand() -> None:
    document = Document()
    png = io.BytesIO()
    Image.new("1", (1, 1)).save(png, "PNG")
    for words in ("A raft", "A [boat]\nat sea", ""):
        document.add_picture(png)._inline.docPr.set("descr", words)
        document.add_paragraph("Prose.")
    run_ = document.paragraphs[-1].add_run(" With ")
    run_.add_picture(png)._inline.docPr.set("descr", "one")
    document.add_picture(png)._inline.docPr.set("title", "The last")

    markdown, plain = both(saved(document))

    assert markdown == (
        "![A raft](image1.png)\n\nProse.\n\n![A \\[boat\\] at sea](image1.png)\n\nProse.\n\nProse. With ![one](image1.png)\n\n"
        "![The last](image1.png)\n"
    )
    assert plain == "[A raft]\n\nProse.\n\n[A [boat] at sea]\n\nProse.\n\nProse. With [one]\n\n[The last]\n"


def test_headings_stand_on_one_line_without_their_bold() -> None:
    document = Document()
    heading = document.add_heading("On\n# rafts ", level=2)
    heading.add_run("and").bold = True
    heading.add_run(" boats").italic = True
    document.add_heading("Deep", level=8)

    assert both(saved(document)) == ("## On # rafts and *boats*\n\n###### Deep\n", "On # rafts and boats\n\nDeep\n")


def test_paragraphs_of_code_are_one_block_of_it(tmp_path: Any) -> None:
    source = "Prose.\n\n```\n*a* ``` b\n\n  c\n```\n"
    write_essay(essay_from_text(source), {}, tmp_path / "new.docx")

    markdown, plain = both((tmp_path / "new.docx").read_bytes())

    assert markdown == "Prose.\n\n````\n*a* ``` b\n\n  c\n````\n"
    assert plain == "Prose.\n\n    *a* ``` b\n\n      c\n"


def test_markdown_comes_back_from_word_as_it_went(tmp_path: Any) -> None:
    source = (
        "# On *rafts*\n\nOne *is* **here**.[^1] Two is [there](http://a.example).[^2]\\\nThree is H<sub>2</sub>O.\n\n"
        "- a\n  - b\n- c\n1. one\n2. two\n\n> Quoted.\n\n| **a** | **b** |\n| --- | --- |\n| c<br>d | `e` |\n\n"
        "```\ncode\n```\n\n[^1]: A *note*.\n\n    Its second paragraph.\n\n[^2]: See [this](http://b.example).\n"
    )
    write_essay(essay_from_text(source), {}, tmp_path / "new.docx")

    assert both((tmp_path / "new.docx").read_bytes())[0] == source


PROPERTIES = (
    "",
    "<w:b/>",
    "<w:i/>",
    "<w:b/><w:i/>",
    "<w:strike/>",
    '<w:rFonts w:ascii="Consolas"/>',
    '<w:vertAlign w:val="superscript"/>',
)
AROUND = (
    "{}",
    "<w:ins>{}</w:ins>",
    field('HYPERLINK "http://a.example"', "{}"),
    "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>",
    "<w:smartTag>{}</w:smartTag>",
    FOOTNOTE.format(1) + "{}",
)


@given(
    st.lists(
        st.tuples(st.sampled_from(("word", "*a* ", " [b](c) ", "“d.” ", "# ", "\n\n", "1. ", "| ")), st.sampled_from(PROPERTIES), st.sampled_from(AROUND)),
        min_size=1, max_size=8,
    )
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_no_word_is_lost(pieces: list[tuple[str, str, str]]) -> None:
    runs = [around.format(run(f"{lead}x{number}y", looks)) for number, (lead, looks, around) in enumerate(pieces)]
    document = Document()
    add_xml(document, "".join(runs))
    with_notes(document, "footnotes", {1: f"<w:p>{run('x99y')}</w:p>"})
    noted = any("footnote" in around for _, _, around in pieces)

    for text in both(saved(document)):
        assert set(re.findall(r"x\d+y", text)) == {f"x{number}y" for number in range(len(pieces))} | (
            {"x99y"} if noted else set()
        )
