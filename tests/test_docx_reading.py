"""What is read from a .docx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH

from tests.docx_samples import (
    CONTENTS,
    PLACEHOLDER,
    add_xml,
    control,
    drawn_box,
    drop_cap,
    either_box,
    of_xml,
    ruby,
    run,
    saved,
    vml_box,
    with_everything,
)
from verbosify.errors import EssayError
from verbosify.essay.docx_reading import docx_parts, open_docx
from verbosify.essay.reading import essay_from_bytes


def text_of(*paragraphs: str) -> str:
    return essay_from_bytes(of_xml(*paragraphs), "essay.docx").text


def roles(source: bytes) -> list[str]:
    return [part.role for part in docx_parts(open_docx(source, "essay.docx"))]


def test_each_kind_of_block_is_told_apart() -> None:
    essay = essay_from_bytes(with_everything(), "essay.docx")

    assert [(block.kind, block.level, essay.text[block.start : block.end]) for block in essay.blocks] == [
        ("heading", 1, "On rafts"),
        ("heading", 1, "First part"),
        ("paragraph", 0, "One is “here”. Two really is there. Three is a link. Four is near."),
        ("verbatim", 0, "A list item. Not prose."),
        ("verbatim", 0, "a | b\nc | d|e"),
        ("verbatim", 0, "Quoted. Not ours."),
        ("verbatim", 0, "Figure 1. A raft."),
        ("paragraph", 0, "Five.\nSix is after a soft break. Seven."),
        ("heading", 1, "References"),
        ("verbatim", 0, "Smith, A. A Book."),
    ]
    assert essay.title == "On rafts"


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (run("a") + "<w:r><w:tab/><w:t>b</w:t><w:cr/><w:t>c</w:t></w:r>", "a\tb\nc"),
        ('<w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t><w:softHyphen/><w:t>c</w:t><w:br w:type="page"/></w:r>', "a\u2011b\u00adc"),
        (run("x = 10") + run("6", '<w:vertAlign w:val="superscript"/>') + run(" th", '<w:vertAlign w:val="superscript"/>'), "x = 10⁶ th"),
        (f'<w:smartTag w:element="x">{run("in")}</w:smartTag> <w:fldSimple w:instr="X">{run("side")}</w:fldSimple>', "inside"),
        (f'<w:sdt><w:sdtContent>{run("a control")}</w:sdtContent></w:sdt>', ""),
        (run("E = ") + "<m:oMath><m:r><m:t>mc</m:t></m:r><m:r><m:t>²</m:t></m:r></m:oMath>" + run("."), "E = mc²."),
        ('<w:r><w:instrText>HYPERLINK "x"</w:instrText></w:r>' + run("shown"), "shown"),
        (f'<w:moveFrom w:id="1" w:author="A">{run("gone")}</w:moveFrom><w:moveTo w:id="2" w:author="A">{run("here")}</w:moveTo>', "here"),
        ("<w:r><w:t/></w:r>" + run("  a  "), "a"),
    ],
)  # fmt: skip
def test_a_paragraph_reads_as_a_reader_sees_it(xml: str, text: str) -> None:
    inside_control = xml.startswith("<w:sdt>")

    assert text_of(f"<w:p>{xml}</w:p>", run("End.")) == ("a control" if inside_control else text) + "\n\nEnd."


def p(content: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"


def read(*paragraphs: str) -> list[tuple[str, str]]:
    """The role and the words of each part."""
    return [(part.role, part.text.strip()) for part in docx_parts(open_docx(of_xml(*paragraphs), "essay.docx"))]


PROSE = "We row. We sing. We land."


@pytest.mark.parametrize(
    "block",
    [
        control(p(run(PROSE))),
        control(control(control(p(run(PROSE))))),
        control(p(run(PROSE)), "<w:docPartObj><w:docPartGallery w:val='Quick Parts'/></w:docPartObj>"),
        control(p(run(PROSE)), "<w:showingPlcHdr w:val='0'/>"),
        f"<w:customXml w:element='x'>{control(p(run(PROSE)))}</w:customXml>",
        p(control(run("We row. We ") + control(run("sing. "))) + run("We land.")),
        p(control(control(run("We row. ")), "<w:text/>") + f'<w:hyperlink w:anchor="x">{control(run("We sing. We"))}</w:hyperlink>' + run(" land.")),
        control(p(control(run(PROSE))), "<w15:repeatingSection/>"),
    ],
)  # fmt: skip
def test_what_stands_in_a_content_control_is_prose(block: str) -> None:
    assert read(block) == [("prose", PROSE)]


def test_a_content_control_may_hold_paragraphs_of_every_kind() -> None:
    table = f"<w:tbl><w:tr><w:tc>{p(run('A cell.'))}</w:tc></w:tr></w:tbl>"
    listed = p(run("An item."), "<w:numPr><w:numId w:val='3'/></w:numPr>")

    parts = read(control(p(run("First"), "<w:pStyle w:val='Heading1'/>") + p(run(PROSE)) + table + listed))

    assert parts == [("heading", "First"), ("prose", PROSE), ("table", "A cell."), ("list", "An item.")]


def test_rows_and_cells_in_content_controls_belong_to_their_table() -> None:
    def cell(words: str) -> str:
        return f"<w:tc>{p(run(words))}</w:tc>"

    rows = f"<w:tr>{cell('a')}{control(cell('b'))}</w:tr>" + control(f"<w:tr>{cell('c')}{cell('d')}</w:tr>")

    assert read(f"<w:tbl>{rows}</w:tbl>") == [("table", "a | b\nc | d")]
    assert read(f"<w:tbl><w:tr>{cell('a')}{control(cell('Name here'), PLACEHOLDER)}{cell('c')}</w:tr></w:tbl>") == [
        ("table", "a |  | c")
    ]


@pytest.mark.parametrize(
    "block",
    [
        control(p(run("Click or tap here to enter text.")), PLACEHOLDER),
        control(control(p(run("Click here."))), PLACEHOLDER),
        p(control(run("Click here."), PLACEHOLDER)),
        control(p(control(run("Click here."), "<w:alias w:val='Author'/>" + PLACEHOLDER + "<w:text/>"))),
    ],
)
def test_a_placeholder_is_not_the_writers(block: str) -> None:
    assert read(block, p(run(PROSE))) == [("prose", PROSE)]


def test_a_placeholder_within_a_paragraph_is_left_out_of_it() -> None:
    assert read(p(run("We row.") + control(run(" Click here."), PLACEHOLDER) + run(" We land."))) == [
        ("prose", "We row. We land.")
    ]


def test_a_table_of_contents_is_not_prose() -> None:
    contents = p(run("References", "<w:b/>")) + p(run("Rowing is fun. Page 3"))

    assert read(control(contents, CONTENTS), control(control(contents), CONTENTS), p(run(PROSE))) == [
        *[("other", "References"), ("other", "Rowing is fun. Page 3")] * 2,
        ("prose", PROSE),
    ]


def field(instruction: str, *content: str) -> list[str]:
    """Paragraphs that a field makes of that content."""
    begin, separate, end = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end"))
    instructed = f"<w:r><w:instrText> {instruction[:2]}</w:instrText></w:r><w:r><w:instrText>{instruction[2:]} </w:instrText></w:r>"
    return [p(each) for each in [begin + instructed + separate + content[0], *content[1:-1], content[-1] + end]]


@pytest.mark.parametrize("instruction", ['TOC \\o "1-3"', "INDEX", "BIBLIOGRAPHY \\l 1033"])
def test_what_a_field_lists_is_not_prose(instruction: str) -> None:
    page = "".join(each[len("<w:p><w:pPr></w:pPr>") : -len("</w:p>")] for each in field("PAGEREF x", run("3"), ""))
    listed = field(instruction, run("Update. This field.") + page, run("Two. More."), "")

    assert read(p(run(PROSE)), *listed, p(run(PROSE))) == [
        ("prose", PROSE),
        ("other", "Update. This field.3"),
        ("other", "Two. More."),
        ("prose", PROSE),
    ]
    assert (
        read(
            p(
                f'<w:fldSimple w:instr=" {instruction.split(maxsplit=1)[0]} x">{run("Update. This field.")}</w:fldSimple>'
            )
        )[0][0]
        == "other"
    )


@pytest.mark.parametrize("program", ["ZOTERO_BIBL {}", "EN.REFLIST", "Mendeley Bibliography CSL_BIBLIOGRAPHY"])
def test_what_a_program_for_sources_lists_is_not_prose(program: str) -> None:
    listed = field(f"ADDIN {program}", run("Adler, R. Boats. London."), run("Oduya, B. Seas. Lagos."), "")

    assert roles(of_xml(p(run(PROSE)), *listed, p(run(PROSE)))) == ["prose", "other", "other", "prose"]
    cited = "".join(
        each[len("<w:p><w:pPr></w:pPr>") : -len("</w:p>")] for each in field("ADDIN ZOTERO_ITEM {}", run("(1)"), "")
    )
    assert roles(of_xml(p(run(PROSE) + cited))) == ["prose"]


def test_a_field_that_does_not_end_or_lists_nothing_makes_nothing() -> None:
    unended = field('TOC \\o "1-3"', run("We row."), "")[0]

    assert [role for role, _ in read(unended, p(run(PROSE)))] == ["prose", "prose"]
    assert [role for role, _ in read(*field("REF x", run("We row."), run("We land.")))] == ["prose", "prose"]


def test_a_list_of_sources_that_word_made_is_not_prose() -> None:
    sources = p(run("Works"), "<w:pStyle w:val='Heading1'/>") + control(p(run("Adler, R. Boats.")), "<w:bibliography/>")

    assert read(control(sources, "<w:docPartObj><w:docPartGallery w:val='Bibliographies'/></w:docPartObj>")) == [
        ("heading", "Works"),
        ("other", "Adler, R. Boats."),
    ]


HIDDEN = [
    run(" Secret.", "<w:vanish/>"),
    run(" Secret.", "<w:vanish w:val='true'/><w:webHidden/>"),
    run(" Secret.", "<w:vanish/><w:specVanish/>"),
    run(" Secret.", "<w:rStyle w:val='Hidden'/>"),
    run(" Secret.", "<w:rStyle w:val='HiddenToo'/>"),
    f'<w:hyperlink w:anchor="x">{run(" Secret.", "<w:vanish/>")}</w:hyperlink>',
    control(run(" Secret.", "<w:vanish/>")),
    "<w:r><w:rPr><w:vanish/></w:rPr><w:tab/><w:t>Secret.</w:t><w:br/></w:r>",
    f"<w:r><w:rPr><w:vanish/></w:rPr>{drawn_box(p(run('Secret.'))).removeprefix('<w:r>')}",
]


def with_hidden_styles() -> Any:
    document = Document()
    for name, kind, base in (("Hidden", 2, None), ("HiddenToo", 2, "Hidden"), ("Private", 1, "Normal")):
        style = document.styles.add_style(name, kind)
        style.base_style = document.styles[base] if base else None
        style.font.hidden = None if base == "Hidden" else True
    return document


@pytest.mark.parametrize("hidden", HIDDEN)
def test_hidden_text_is_left_out(hidden: str) -> None:
    document = with_hidden_styles()
    add_xml(document, p(run("We row.") + hidden + run(" We land.")))
    add_xml(document, p(hidden, "<w:rPr><w:vanish/></w:rPr>"))

    assert essay_from_bytes(saved(document), "essay.docx").text == "We row. We land."


@pytest.mark.parametrize(
    "shown",
    [
        run(" We sing.", "<w:vanish w:val='0'/>"),
        run(" We sing.", "<w:webHidden/>"),
        run(" We sing.", "<w:rStyle w:val='Hidden'/><w:vanish w:val='false'/>"),
    ],
)
def test_what_a_reader_of_the_printed_page_sees_is_read(shown: str) -> None:
    document = with_hidden_styles()
    add_xml(document, p(run("We row.") + shown + run(" We land.")))

    assert essay_from_bytes(saved(document), "essay.docx").text == PROSE


def test_a_paragraph_may_be_hidden_by_its_style_or_by_default() -> None:
    document = with_hidden_styles()
    document.add_paragraph("Secret.", style="Private")
    add_xml(document, p(run("Secret.") + run("We row.", "<w:vanish w:val='0'/>"), "<w:pStyle w:val='Private'/>"))
    add_xml(document, p(run("Secret.") + run(" We land.", "<w:rStyle w:val='Hidden'/>"), "<w:pStyle w:val='Private'/>"))
    assert essay_from_bytes(saved(document), "essay.docx").text == "We row.\n\nWe land."

    defaults = document.styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr")[0]
    defaults.append(defaults.makeelement(defaults.tag.replace("rPr", "vanish")))
    add_xml(document, p(run("Secret.")))
    assert essay_from_bytes(saved(document), "essay.docx").text == "We row.\n\nWe land."


def test_hidden_rows_and_hidden_words_of_a_table_are_left_out() -> None:
    secret = f"<w:tc>{p(run('Secret.', '<w:vanish/>'))}</w:tc>"
    shown = f"<w:tc>{p(run('Shown.'))}</w:tc>"
    rows = f"<w:tr>{secret}{shown}</w:tr><w:tr><w:trPr><w:hidden/></w:trPr>{shown}</w:tr>"

    assert read(f"<w:tbl>{rows}</w:tbl>", p(run(PROSE))) == [("table", "| Shown."), ("prose", PROSE)]


def test_a_document_of_hidden_text_alone_is_empty() -> None:
    with pytest.raises(EssayError, match="is empty"):
        essay_from_bytes(of_xml(p(run("Secret.", "<w:vanish/>"))), "essay.docx")


@pytest.mark.parametrize("box", [drawn_box, vml_box, either_box])
def test_a_text_box_is_kept_verbatim_and_once(box: Callable[[str], str]) -> None:
    inside = p(run("A box. It has")) + p(run("")) + control(p(run("two lines.")))

    assert read(p(box(inside))) == [("other", "A box. It has\ntwo lines.")]
    assert read(p(run("We row. ") + box(inside) + run("We land.")), p(run("We sleep."))) == [
        ("prose", "We row. We land."),
        ("other", "A box. It has\ntwo lines."),
        ("prose", "We sleep."),
    ]
    assert read(f"<w:tbl><w:tr><w:tc>{p(run('A cell.') + box(inside))}</w:tc></w:tr></w:tbl>") == [
        ("table", "A cell."),
        ("other", "A box. It has\ntwo lines."),
    ]


def test_two_text_boxes_in_one_drawing_are_two() -> None:
    two = drawn_box(p(run("One."))).replace(
        "</wps:wsp>", "</wps:wsp>" + drawn_box(p(run("Two."))).removeprefix("<w:r>").removesuffix("</w:r>")
    )

    assert read(p(two)) == [("other", "One."), ("other", "Two.")]


def test_a_text_box_may_hold_a_table() -> None:
    table = f"<w:tbl><w:tr><w:tc>{p(run('a'))}</w:tc><w:tc>{p(run('b'))}</w:tc></w:tr></w:tbl>"

    assert read(p(either_box(p(run("Before.")) + table + p(run("After."))))) == [("other", "Before.\na\nb\nAfter.")]


@pytest.mark.parametrize(
    ("alternatives", "text"),
    [
        ('<mc:Choice Requires="w16se"><w16se:symEx w16se:char="1F6A2"/></mc:Choice><mc:Fallback><w:t>🚢</w:t></mc:Fallback>', "A 🚢."),
        ("<mc:Choice Requires='w15'><w:t>boat</w:t></mc:Choice><mc:Fallback><w:t>ship</w:t></mc:Fallback>", "A boat."),
        ("<mc:Choice Requires='w15'/><mc:Fallback/>", "A ."),
    ],
)  # fmt: skip
def test_of_alternatives_the_first_with_words_is_read(alternatives: str, text: str) -> None:
    within = f"<w:r><mc:AlternateContent>{alternatives}</mc:AlternateContent></w:r>"
    between = (
        within.replace("<w:t>", "<w:r><w:t>")
        .replace("</w:t>", "</w:t></w:r>")
        .removeprefix("<w:r>")
        .removesuffix("</w:r>")
    )

    assert read(p(run("A ") + within + run("."))) == read(p(run("A ") + between + run("."))) == [("prose", text)]


@pytest.mark.parametrize("lines", [drop_cap("D"), drop_cap("D").replace('"drop"', '"margin"'), drop_cap("D") + p("")])
def test_a_drop_cap_and_its_paragraph_are_one(lines: str) -> None:
    assert read(
        *(f"<w:p>{line}" for line in lines.split("<w:p>")[1:]), p(run("rop cap. It drops.")), p(run("Two."))
    ) == [
        ("prose", "Drop cap. It drops."),
        ("prose", "Two."),
    ]


def test_a_drop_cap_without_a_paragraph_stands_alone() -> None:
    table = f"<w:tbl><w:tr><w:tc>{p(run('A cell.'))}</w:tc></w:tr></w:tbl>"

    assert read(drop_cap("One."), table, p(run("Two.")), drop_cap("Three.")) == [
        ("prose", "One."),
        ("table", "A cell."),
        ("prose", "Two."),
        ("prose", "Three."),
    ]


def test_a_drop_cap_may_stand_in_a_content_control_and_be_hidden() -> None:
    assert read(control(drop_cap("“W") + p(run("e row.”")))) == [("prose", "“We row.”")]
    assert read(drop_cap("D").replace("<w:rPr>", "<w:rPr><w:vanish/>"), p(run("We row."))) == [("prose", "We row.")]


@pytest.mark.parametrize(
    "between",
    [
        "<w:r><w:br/><w:br/></w:r>",
        "<w:r><w:br/></w:r><w:r><w:br/></w:r>",
        "<w:r><w:cr/><w:t> </w:t><w:br w:type='textWrapping'/><w:tab/><w:br/></w:r>",
        "<w:r><w:br/></w:r><w:bookmarkStart w:id='1' w:name='b'/><w:r><w:br/></w:r><w:bookmarkEnd w:id='1'/>",
        "<w:r><w:br/><w:t>\u200b\u00a0</w:t><w:br/></w:r>",
        "<w:r><w:br w:type='page'/></w:r>",
        "<w:r><w:br w:type='column'/></w:r>",
        "<w:r><w:br/></w:r>" + run("Secret.", "<w:vanish/>") + "<w:r><w:br/></w:r>",
    ],
)
def test_two_line_breaks_end_a_paragraph(between: str) -> None:
    assert read(p(run("One. Two.") + between + run("  Three. Four."))) == [
        ("prose", "One. Two."),
        ("prose", "Three. Four."),
    ]


def test_one_line_break_does_not_end_a_paragraph() -> None:
    assert read(p("<w:r><w:t>One.</w:t><w:br/><w:t>Two.</w:t></w:r>")) == [("prose", "One.\nTwo.")]


def test_a_bold_line_above_two_line_breaks_is_a_heading() -> None:
    assert read(p(run("The raft", "<w:b/>") + "<w:r><w:br/><w:br/></w:r>" + run("It sank. We swam."))) == [
        ("heading", "The raft"),
        ("prose", "It sank. We swam."),
    ]


@pytest.mark.parametrize("role", ["List Bullet", "Quote", "Heading 1"])
def test_what_is_not_prose_is_not_cut_at_line_breaks(role: str) -> None:
    document = Document()
    document.add_paragraph("One.\n\nTwo.", style=role)

    assert len(roles(saved(document))) == 1


def test_of_furigana_the_word_is_read() -> None:
    assert read(
        p(run("今日は") + ruby("漢字", "かんじ") + run("を読む。") + ruby("学校", "がっこう") + run("へ行く。"))
    ) == [("prose", "今日は漢字を読む。学校へ行く。")]


def test_line_ends_in_the_words_of_a_run_are_white_space() -> None:
    assert read(p("<w:r><w:t>We\nrow.\n\nWe\tland.</w:t></w:r>")) == [("prose", "We row.  We land.")]


def test_styles_are_known_by_what_they_are_based_on() -> None:
    document = Document()
    for name, base in (
        ("My heading", "Heading 2"),
        ("My list", "List Number"),
        ("My code", "Normal"),
        ("Prose", "Normal"),
    ):
        document.styles.add_style(name, 1).base_style = document.styles[base]
        document.add_paragraph("Words. More words.", style=name)
    document.styles["Prose"].base_style = document.styles["Prose"]  # a circle, as broken files have it

    assert roles(saved(document)) == ["heading", "list", "other", "prose"]


@pytest.mark.parametrize(
    ("properties", "role"),
    [
        ('<w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr>', "list"),
        ('<w:numPr><w:numId w:val="0"/></w:numPr>', "prose"),
        ('<w:outlineLvl w:val="1"/>', "heading"),
        ('<w:outlineLvl w:val="9"/>', "prose"),
        ('<w:pStyle w:val="NoSuchStyle"/>', "prose"),
        ('<w:pStyle w:val="Title"/>', "heading"),
        ('<w:pStyle w:val="Subtitle"/>', "heading"),
    ],
)
def test_a_paragraph_may_say_itself_what_it_is(properties: str, role: str) -> None:
    assert roles(of_xml(f"<w:pPr>{properties}</w:pPr>{run('Words. More words.')}")) == [role]


BOLD, UNDERLINED, CENTRED = "<w:b/>", '<w:u w:val="single"/>', '<w:jc w:val="center"/>'


@pytest.mark.parametrize(
    "paragraph",
    [
        p(run("The raft", BOLD) + run("  ")),
        p(run("The ", BOLD) + run("raft", BOLD + "<w:i/>")),
        p(run("What is a ferry?", BOLD)),
        p(run("“What is a ferry?”", BOLD)),
        p(run("2. Who was Dr. Adler?", BOLD)),
        p(run("Rafts, at last!", BOLD)),
        p(run("Introduction:", BOLD)),
        p(run("フェリーとは何か？", BOLD)),
        p(run("¿Qué es un ferry?", BOLD)),
        p(run("The raft", "<w:rStyle w:val='Strong'/>")),
        p(run("What is a ferry?"), "<w:pStyle w:val='Loud'/>"),
        p(run("What is a ferry?", UNDERLINED)),
        p(run("What is a ferry?"), CENTRED),
        p(run("WHAT IS A FERRY?")),
    ],
)
def test_a_short_line_that_stands_out_is_a_heading(paragraph: str) -> None:
    document = Document()
    document.styles.add_style("Loud", 1).font.bold = True
    add_xml(document, paragraph)

    assert roles(saved(document)) == ["heading"]


@pytest.mark.parametrize(
    "paragraph",
    [
        p(run("The raft", BOLD) + run(" sank", '<w:b w:val="0"/>')),
        p(run("The raft sank.", BOLD)),
        p(run("The raft sank. Why?", BOLD)),
        p(run("What is a ferry?")),
        p(run("What is a ferry?", "<w:i/>")),
        p(run("What is a ferry? It is a boat.", BOLD)),
        p(run("Is a ferry " + "very " * 20 + "big?", BOLD)),
        p(run("* * *", BOLD), CENTRED),
        p(run("The raft sank", '<w:u w:val="none"/>')),
    ],
)
def test_what_only_seems_to_stand_out_is_prose(paragraph: str) -> None:
    assert roles(of_xml(paragraph)) == ["prose"]


def test_bold_and_centred_say_nothing_where_all_is_so() -> None:
    document = Document()
    document.styles["Normal"].font.bold = True
    document.styles["Normal"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    add_xml(document, p(run("What is a ferry?")))

    assert roles(saved(document)) == ["prose"]


def test_a_document_without_a_default_style_is_prose() -> None:
    document = Document()
    document.add_paragraph("Words. More words.")
    for style in document.styles.element.xpath("w:style[@w:default='1']"):
        style.attrib.pop("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}default")
        for name in style.xpath("w:name"):
            style.remove(name)

    assert roles(saved(document)) == ["prose"]


def lines_of(*lines: str, centred: int | None = None) -> list[tuple[str, str]]:
    """The kind and text of each block of a document of plain paragraphs, one of them perhaps centred."""
    document = Document()
    for number, line in enumerate(lines):
        paragraph = document.add_paragraph(line)
        if number == centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    essay = essay_from_bytes(saved(document), "essay.docx")
    return [(block.kind, essay.text[block.start : block.end]) for block in essay.blocks]


HEADER = ["Ruth Oduya", "Professor Smith", "English 101", "May 12, 2020"]


@pytest.mark.parametrize("title", ["On Ferries", "Why Do Ferries Sink?", "Ferries, and What to Do with Them"])
def test_the_header_of_a_school_essay_is_not_prose(title: str) -> None:
    assert lines_of(*HEADER, title, PROSE, centred=4) == [
        *(("heading", line) for line in [*HEADER, title]),
        ("paragraph", PROSE),
    ]


@pytest.mark.parametrize("line_break", ["\n", "\n\n"])
def test_a_header_may_be_one_paragraph(line_break: str) -> None:
    header = lines_of(line_break.join(HEADER), "On Ferries", PROSE, centred=1)

    assert {kind for kind, _ in header[:-1]} == {"heading"}
    assert header[-1] == ("paragraph", PROSE)


@pytest.mark.parametrize("line_break", ["\n", "\n\n"])
def test_the_centred_line_below_a_header_is_the_title(line_break: str) -> None:
    document = Document()
    document.add_paragraph(line_break.join(HEADER))
    document.add_paragraph("On Ferries").alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.add_paragraph(PROSE)

    assert essay_from_bytes(saved(document), "essay.docx").title == "On Ferries"


@pytest.mark.parametrize(
    "name", ["Works Cited", "Citations:", "Reference", "  Works   Cited\t", "BIBLIOGRAPHY :", "Quellen"]
)
def test_a_plain_paragraph_may_open_the_sources(name: str) -> None:
    sources = ["Adler, R. Boats. A Press, 1999.", "[1]Adler, R. Boats.", "[2]\tOduya, R. Rafts. It is long."]

    assert lines_of("On Ferries", PROSE, name, *sources) == [
        ("heading", "On Ferries"),
        ("paragraph", PROSE),
        ("heading", name.strip()),
        *(("verbatim", source) for source in sources),
    ]


def test_sources_after_two_line_breaks_are_sources() -> None:
    assert lines_of(PROSE, "\n\n".join([PROSE, "Works Cited", "[1]Adler, R. Boats.", "Oduya, R. Rafts."])) == [
        *[("paragraph", PROSE)] * 2,
        ("heading", "Works Cited"),
        ("verbatim", "[1]Adler, R. Boats."),
        ("verbatim", "Oduya, R. Rafts."),
    ]


def test_nothing_is_large_where_all_is() -> None:
    large = '<w:sz w:val="32"/>'

    assert roles(of_xml(p(run("We row. It rains.", large)), p(run("Is it far?", large)))) == ["prose", "prose"]
    assert roles(of_xml(p(run("We row.", '<w:sz w:val="x"/>')), p(run("Is it far?", large)))) == ["prose", "heading"]


def test_the_items_of_a_typed_list_are_not_prose_unless_all_is() -> None:
    items = [p(run(words)) for words in ("- bread", "• milk", "2) eggs")]

    assert roles(of_xml(p(run("We bought food.")), *items)) == ["prose", "other", "other", "other"]
    assert roles(of_xml(*items)) == ["prose"] * 3
