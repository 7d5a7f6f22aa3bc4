"""Text put into Word documents that stay as they are otherwise."""

from __future__ import annotations

import io
import zipfile
from time import process_time
from typing import Any

import pytest
from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.shared import RGBColor
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.docx_samples import add_xml, control, drop_cap, either_box, of_xml, ruby, run, saved, with_everything
from verbosify.essay.docx_editing import GENERATED_STYLE, edit_docx, xml_text
from verbosify.essay.passages import essay_passages, essay_sentences
from verbosify.essay.reading import essay_from_bytes
from verbosify.essay.writing import essay_bytes, weave

NEW = " NEW."
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = f"{W}r"


def edited(xml: str, offset: int, text: str = NEW) -> Any:
    """The first paragraph of a document after an edit."""
    source = edit_docx(of_xml(xml), "essay.docx", [(0, offset, text)])
    return Document(io.BytesIO(source)).paragraphs[0]._p


def outline(paragraph: Any) -> str:
    """A paragraph's XML in short: G(...) for generated runs, tags for what surrounds runs."""

    def short(element: Any) -> str:
        name = element.tag.rpartition("}")[2]
        if name == "t":
            return element.text or ""
        if name in ("rPr", "pPr"):
            return ""
        inside = "".join(map(short, element))
        generated = element.tag == R and element.xpath("w:rPr/w:rStyle[@w:val='Generated']")
        return f"G({inside})" if generated else inside if name == "r" else f"<{name}>{inside}</{name}>"

    return "".join(map(short, paragraph))


@pytest.mark.parametrize(
    ("xml", "offset", "expected"),
    [
        (run("One. Two."), 4, "One.G( NEW.) Two."),
        (run("One. Two."), 9, "One. Two.G( NEW.)"),
        (run("One.") + run(" Two."), 4, "One.G( NEW.) Two."),
        (run("  One. Two."), 4, "  One.G( NEW.) Two."),
        (
            run("One.") + '<w:r><w:footnoteReference w:id="2"/></w:r>' + run(" Two."),
            4,
            "One.<footnoteReference></footnoteReference>G( NEW.) Two.",
        ),
        (
            '<w:r><w:t>One.</w:t><w:endnoteReference w:id="2"/><w:t> Two.</w:t></w:r>',
            4,
            "One.<endnoteReference></endnoteReference>G( NEW.) Two.",
        ),
        (
            '<w:bookmarkStart w:id="1" w:name="b"/>' + run("One.") + '<w:bookmarkEnd w:id="1"/><w:proofErr w:type="x"/>' + run(" Two."),
            4,
            "<bookmarkStart></bookmarkStart>One.<bookmarkEnd></bookmarkEnd><proofErr></proofErr>G( NEW.) Two.",
        ),
        (
            run("One.")
            + '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>CITE</w:instrText></w:r>'
            + '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
            + run("[1]")
            + '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
            + run(" Two."),
            7,
            "One.<fldChar></fldChar><instrText></instrText><fldChar></fldChar>[1]<fldChar></fldChar>G( NEW.) Two.",
        ),
        (f'<w:hyperlink w:anchor="x">{run("One.")}</w:hyperlink>{run(" Two.")}', 4, "<hyperlink>One.</hyperlink>G( NEW.) Two."),
        (
            f'<w:hyperlink w:anchor="x">{run("One. Two.")}</w:hyperlink>',
            4,
            "<hyperlink>One.</hyperlink>G( NEW.)<hyperlink> Two.</hyperlink>",
        ),
        (
            f'<w:ins w:id="1" w:author="A">{run("One.")}{run(" Two.")}</w:ins>',
            4,
            "<ins>One.</ins>G( NEW.)<ins> Two.</ins>",
        ),
        (run("One.") + '<w:del w:id="1" w:author="A"><w:r><w:delText> No.</w:delText></w:r></w:del>', 4, "One.G( NEW.)<del><delText></delText></del>"),
        (
            f"<w:sdt><w:sdtContent>{run('One.')}{run(' Two.')}</w:sdtContent></w:sdt>{run(' Three.')}",
            4,
            "<sdt><sdtContent>One.G( NEW.) Two.</sdtContent></sdt> Three.",
        ),
        (f"<w:sdt><w:sdtContent>{run('One.')}</w:sdtContent></w:sdt>{run(' Two.')}", 4, "<sdt><sdtContent>One.</sdtContent></sdt>G( NEW.) Two."),
        ("<w:r><w:t>One.</w:t><w:br/><w:t>Two.</w:t></w:r>", 4, "One.G( NEW.)<br></br>Two."),
        ("<w:r><w:t>One</w:t><w:tab/></w:r>" + run("two. Three."), 8, "One<tab></tab>two.G( NEW.) Three."),
        (run("So ") + "<m:oMath><m:r><m:t>e=mc</m:t></m:r></m:oMath>" + run(" Two."), 7, "So <oMath>e=mc</oMath>G( NEW.) Two."),
    ],
)  # fmt: skip
def test_a_run_is_inserted_at_its_place(xml: str, offset: int, expected: str) -> None:
    assert outline(edited(xml, offset)) == expected


PICK = "A pick."


def picked(*paragraphs: str, document: Any = None) -> tuple[list[str], bytes]:
    """What each paragraph of a document reads as once every sentence is followed by a pick; and its file."""
    document = document or Document()
    for paragraph in paragraphs:
        add_xml(document, paragraph)
    essay = essay_from_bytes(saved(document), "essay.docx")
    insertions = {passage.gap: PICK for passage in essay_passages(essay_sentences(essay), size=1)}
    result = essay_bytes(essay, insertions)
    again = essay_from_bytes(result, "essay.docx")
    assert again.text == weave(essay, insertions)
    return ["".join(p.itertext(f"{W}t")) for p in Document(io.BytesIO(result)).element.body.iter(f"{W}p")], result


def test_picks_stand_inside_content_controls() -> None:
    block = control(control(f"<w:p>{run('One. Two.')}</w:p>"))
    inline = control(run("Three. Four.")) + run(" Five.")

    assert picked(block, f"<w:p>{inline}</w:p>")[0] == [
        "One. A pick. Two. A pick.",
        "Three. A pick. Four. A pick. Five. A pick.",
    ]


def test_a_content_control_with_a_pick_in_it_is_bound_to_nothing_else() -> None:
    bound = '<w:dataBinding w:xpath="/x" w:storeItemID="{1}"/><w15:dataBinding w:xpath="/x"/><w:text w:multiLine="1"/>'
    block = control(f"<w:p>{run('One. Two.')}</w:p>", f'<w:alias w:val="Abstract"/>{bound}')
    other = control(f"<w:p>{run('The title', '<w:b/>')}</w:p>", bound)

    _, result = picked(block, other)

    first, second = Document(io.BytesIO(result)).element.body.iter(f"{W}sdtPr")
    assert [child.tag.rpartition("}")[2] for child in first] == ["alias"]
    assert [child.tag.rpartition("}")[2] for child in second] == ["dataBinding", "dataBinding", "text"]


def test_picks_stand_on_their_side_of_two_line_breaks() -> None:
    paragraph = (
        "<w:p><w:r><w:t>One. Two.</w:t><w:br/><w:br/><w:t>Three.</w:t><w:br/><w:br/><w:t>Four.</w:t></w:r></w:p>"
    )

    _, result = picked(paragraph)

    assert outline(Document(io.BytesIO(result)).paragraphs[0]._p) == (
        "One.G( A pick.) Two.G( A pick.)<br></br><br></br>Three.G( A pick.)<br></br><br></br>Four.G( A pick.)"
    )


def test_picks_follow_a_drop_cap_in_the_paragraph_it_begins() -> None:
    capital = drop_cap("D")

    assert picked(capital, f"<w:p>{run('rop cap. It drops.')}</w:p>")[0] == ["D", "rop cap. A pick. It drops. A pick."]
    assert picked(drop_cap("One."), f"<w:p>{run(' Two.')}</w:p>")[0] == ["One. A pick.", " Two. A pick."]


def test_picks_leave_hidden_text_and_placeholders_where_they_are() -> None:
    hidden = run(" Secret.", "<w:vanish/>")
    placeholder = control(run(" Click here."), "<w:showingPlcHdr/>")

    assert picked(f"<w:p>{run('One.')}{hidden}{run(' Two.')}{placeholder}{run(' Three.')}</w:p>")[0] == [
        "One. A pick. Secret. Two. A pick. Click here. Three. A pick."
    ]


@pytest.mark.parametrize("look", ["<w:vanish w:val='0'/>", "<w:rStyle w:val='Hidden'/>"])
def test_a_pick_is_seen_in_a_paragraph_that_its_style_hides(look: str) -> None:
    document = Document()
    for name, kind in (("Private", WD_STYLE_TYPE.PARAGRAPH), ("Hidden", WD_STYLE_TYPE.CHARACTER)):
        document.styles.add_style(name, kind).font.hidden = True
    words = run("One.", look) + run(" Secret.")

    texts, result = picked(f"<w:p><w:pPr><w:pStyle w:val='Private'/></w:pPr>{words}</w:p>", document=document)

    assert texts == ["One. A pick. Secret."]
    assert Document(io.BytesIO(result)).paragraphs[0].runs[1].font.hidden is False


def test_picks_stand_beside_text_boxes_and_leave_them_whole() -> None:
    box = either_box(f"<w:p>{run('A box. It stays.')}</w:p>")

    texts, _ = picked(f"<w:p>{run('One.')}{box}{run(' Two.')}</w:p>", f"<w:p>{box}</w:p>")

    assert texts == [
        "One. A pick.A box. It stays.A box. It stays. Two. A pick.",
        *["A box. It stays."] * 2,
        "A box. It stays.A box. It stays.",
        *["A box. It stays."] * 2,
    ]


def test_picks_stand_after_furigana_and_alternatives_never_in_them() -> None:
    emoji = "<mc:AlternateContent><mc:Choice Requires='w16se'/><mc:Fallback><w:t>Hm. 🚢</w:t></mc:Fallback></mc:AlternateContent>"
    essay = essay_from_bytes(of_xml(f"<w:r>{emoji}<w:t> Two.</w:t></w:r>"), "essay.docx")
    result = Document(io.BytesIO(essay_bytes(essay, {3: PICK})))
    assert outline(result.paragraphs[0]._p).endswith("</AlternateContent>G( A pick.) Two.")

    assert picked(f"<w:p>{run('今日は')}{ruby('学校。', 'がっこう')}{run('行く。')}</w:p>")[0][0] == (
        "今日はがっこう学校。A pick.行く。A pick."
    )


def test_texts_at_one_place_keep_their_order() -> None:
    result = edit_docx(of_xml(run("One. Two.")), "essay.docx", [(0, 4, " First."), (0, 4, " Second.")])

    assert outline(Document(io.BytesIO(result)).paragraphs[0]._p) == "One.G( First.)G( Second.) Two."


SENTENCE = "The boat left the harbour early. "


@pytest.mark.parametrize(
    "paragraph",
    [
        run(SENTENCE * 1500),
        run(SENTENCE) * 1500,
        f"<w:r>{f'<w:t>{SENTENCE}</w:t><w:br/><w:br/>' * 1500}</w:r>",
        f'<w:hyperlink w:anchor="x">{run(SENTENCE) * 1500}</w:hyperlink>',
    ],
)
def test_time_grows_with_the_text_and_no_faster(paragraph: str) -> None:
    essay = essay_from_bytes(of_xml(paragraph), "essay.docx")
    insertions = {passage.gap: PICK for passage in essay_passages(essay_sentences(essay), size=1)}
    assert len(insertions) == 1500
    start = process_time()

    result = essay_bytes(essay, insertions)
    again = essay_from_bytes(result, "essay.docx")

    assert process_time() - start < 5  # 0.3 to 0.7 s; a way whose time grows with the square needs 10 and more
    assert again.text == weave(essay, insertions)


def test_a_split_run_keeps_its_looks_on_both_sides() -> None:
    paragraph = edited(run("One. Two.", '<w:b/><w:color w:val="FF0000"/>'), 4)

    looks = [bool(each.xpath("w:rPr/w:b")) for each in paragraph.xpath("w:r")]
    assert looks == [True, False, True]
    assert all(
        each.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve" for each in paragraph.xpath(".//w:t")
    )


def test_generated_text_takes_over_font_size_and_language_alone() -> None:
    properties = (
        '<w:rFonts w:ascii="Georgia"/><w:i/><w:sz w:val="30"/><w:vertAlign w:val="superscript"/><w:lang w:val="de-DE"/>'
    )

    generated = edited(run("Eins. Zwei.", properties), 5).xpath("w:r")[1]

    assert [child.tag.rpartition("}")[2] for child in generated.xpath("w:rPr/*")] == ["rStyle", "rFonts", "sz", "lang"]


def test_generated_text_is_set_apart_by_weight_and_by_colour() -> None:
    document = Document(io.BytesIO(edit_docx(of_xml(run("One.")), "essay.docx", [(0, 4, NEW)])))

    style = document.styles[GENERATED_STYLE]
    assert style.type == WD_STYLE_TYPE.CHARACTER
    assert style.font.bold
    assert style.font.color.rgb == RGBColor(0x1F, 0x4E, 0x79)


def test_a_second_edit_uses_the_same_style() -> None:
    once = edit_docx(of_xml(run("One.")), "essay.docx", [(0, 4, NEW)])

    twice = edit_docx(once, "essay.docx", [(0, 4, " AGAIN.")])

    names = [style.name for style in Document(io.BytesIO(twice)).styles]
    assert names.count(GENERATED_STYLE) == 1
    assert outline(Document(io.BytesIO(twice)).paragraphs[0]._p) == "One.G( AGAIN.)G( NEW.)"


def test_somebody_elses_style_of_that_name_is_left_alone() -> None:
    document = Document()
    document.styles.add_style(GENERATED_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("One.")

    result = Document(io.BytesIO(edit_docx(saved(document), "essay.docx", [(0, 4, NEW)])))

    assert result.paragraphs[0].runs[1].style.name == "Generated text"


def test_everything_else_in_the_file_is_kept() -> None:
    source = with_everything()
    essay = essay_from_bytes(source, "essay.docx")
    gaps = [passage.gap for passage in essay_passages(essay_sentences(essay))]

    result = essay_bytes(essay, dict.fromkeys(gaps, "New <b>\x00\ud800 & old."), note="A note.")

    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(io.BytesIO(result)) as new:
        assert sorted(new.namelist()) == sorted(old.namelist())
        same = {name for name in old.namelist() if old.read(name) == new.read(name)}
        assert {"word/footnotes.xml", "word/numbering.xml", "word/theme/theme1.xml", "docProps/thumbnail.jpeg"} <= same
        xml = new.read("word/document.xml").decode()
    for kept in (
        'footnoteReference w:id="2"',
        "never </w:delText>",
        'w:hyperlink w:anchor="x"',
        "<w:tbl>",
        "New &lt;b&gt; &amp; old.",
    ):
        assert kept in xml
    again = essay_from_bytes(result, "essay.docx")
    assert again.text == weave(essay, dict.fromkeys(gaps, "New <b> & old.")) + "\n\nA note."


words = st.text(alphabet="ab .é終", min_size=1, max_size=8)


@settings(max_examples=50)
@given(st.lists(st.tuples(words, st.sampled_from(["", "<w:i/>"])), min_size=1, max_size=5), st.data())
def test_the_text_is_the_old_text_with_the_insertion_in_it(runs: list[tuple[str, str]], data: st.DataObject) -> None:
    text = "".join(words for words, _ in runs).strip()
    if not text:
        return
    offset = data.draw(st.integers(1, len(text)))
    source = of_xml("".join(run(words, looks) for words, looks in runs))

    again = essay_from_bytes(edit_docx(source, "essay.docx", [(0, offset, "NEW")]), "essay.docx")

    assert again.text == text[:offset] + "NEW" + text[offset:]


def test_characters_that_xml_cannot_hold_are_left_out() -> None:
    assert xml_text("a\x00b\x0bc\ud800d\ufffee\uffff\tf\ng\U0001f600") == "abcde\tf\ng\U0001f600"
