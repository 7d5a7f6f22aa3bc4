"""Essays as safe HTML: marks, places, verbatim blocks, and everything hostile."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.making import HOSTILE
from verbosify.site.prose import Place, ProseBlock, plain_text, render_blocks, safe_address

SAFE_TAGS = {"a", "em", "strong", "s", "span", "br", "code"}


def paragraph(text: str, gaps: list[int] = [], form: str = "md", cuts: list[int] = []) -> ProseBlock:  # noqa: B006
    """A paragraph of sentences that end at `cuts`, rendered."""
    ends = [*cuts, len(text)]
    starts = [0, *(end + len(text[end:]) - len(text[end:].lstrip()) for end in cuts)]
    sentences = [
        {"start": start, "end": end, "text": text[start:end]}
        for start, end in zip(starts, ends, strict=True)
        if start < end
    ]
    block = {"kind": "paragraph", "start": 0, "end": len(text), "level": 0, "sentences": sentences}
    return render_blocks(text, form, [block], {0: [(gap, index) for index, gap in enumerate(gaps)]}, "A title")[0]


def html_of(block: ProseBlock) -> str:
    """Parts joined, sentences and gaps shown as in the page."""
    shown = {"open": "<i>", "close": "</i>", "gap": "^"}
    return "".join(part if isinstance(part, str) else shown[part.kind] for part in block.parts)


def verbatim(source: str, form: str = "md") -> str:
    block = {"kind": "verbatim", "start": 0, "end": len(source), "level": 0, "sentences": []}
    part = render_blocks(source, form, [block], {}, "A title")[0].parts[0]
    assert isinstance(part, str)
    return part


class Tags(HTMLParser):
    """The tags of a stretch of HTML; fails unless each is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, html

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("br", "hr", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag


def test_emphasis_links_and_code_become_elements() -> None:
    block = paragraph("A *b* **c** ~~d~~ `e<` [f](https://example.org/?a&b).")
    link = '<a href="https://example.org/?a&amp;b" rel="nofollow noopener noreferrer external">f</a>'
    assert html_of(block) == (f"<i>A <em>b</em> <strong>c</strong> <s>d</s> <code>e&lt;</code> {link}.</i>")
    assert block.plain == "A b c d e< f."


def test_an_element_is_closed_before_a_place_and_opened_again_after_it() -> None:
    block = paragraph("One *two. Three* four.", [9], cuts=[9])
    assert html_of(block) == "<i>One <em>two.</em></i>^ <i><em>Three</em> four.</i>"


def test_a_mark_beside_a_gap_keeps_its_meaning() -> None:
    assert html_of(paragraph("One. *Two.*", [4, 11], cuts=[4])) == "<i>One.</i>^ <i><em>Two.</em></i>^"


def test_a_gap_lost_in_an_address_leaves_the_paragraph_as_plain_text() -> None:
    text = "See ![a. B](https://x.example/a_b) there."
    block = paragraph("[x](<a. b> 'c. d')", [8])
    assert html_of(block).count("^") == 1
    assert html_of(paragraph(text, [8])).count("^") == 1


def test_plain_text_has_no_markup() -> None:
    assert html_of(paragraph("A *b* <i>.", form="txt")) == "<i>A *b* &lt;i&gt;.</i>"


def test_citation_marks_are_set_apart() -> None:
    assert html_of(paragraph("So it is.[1, 2–4]")) == '<i>So it is.<span class="cite">[1, 2–4]</span></i>'


def test_links_to_anything_but_https_are_words() -> None:
    for address in ("javascript:alert(1)", "http://example.org", "data:text/html,x", "//example.org", "/etc", "#top"):
        assert "href" not in html_of(paragraph(f"[word]({address})"))
        assert "href" not in verbatim(f"- [word]({address})")
        assert safe_address(address) is None
    assert safe_address("HTTPS://example.org") == "HTTPS://example.org"


def test_images_are_told_by_their_descriptions() -> None:
    assert "<img" not in html_of(paragraph("![a boat](https://example.org/b.png)"))
    assert "a boat" in html_of(paragraph("![a boat](https://example.org/b.png)"))
    assert verbatim("- ![a boat](https://example.org/b.png)").count("a boat") == 1
    assert "<img" not in verbatim("- ![a boat](https://example.org/b.png)")


def test_a_link_defined_elsewhere_in_the_essay_works() -> None:
    text = "See [it].\n\n[it]: https://example.org/it"
    blocks = [
        {"kind": "paragraph", "start": 0, "end": 9, "level": 0, "sentences": []},
        {"kind": "verbatim", "start": 11, "end": len(text), "level": 0, "sentences": []},
    ]
    rendered = render_blocks(text, "md", blocks, {}, "A title")
    assert 'href="https://example.org/it"' in html_of(rendered[0])
    assert len(rendered) == 1


def test_headings_go_down_one_level_at_a_time_and_the_title_is_not_said_twice() -> None:
    text = "# A *title*\n\n# B\n\n#### C\n\nD\n=\n\n## A title"
    spans = [(0, 11), (13, 16), (18, 24), (26, 29), (31, 41)]
    levels = [1, 1, 4, 1, 2]
    blocks = [
        {"kind": "heading", "start": start, "end": end, "level": level, "sentences": []}
        for (start, end), level in zip(spans, levels, strict=True)
    ]
    rendered = render_blocks(text, "md", blocks, {}, "A title")
    assert [(block.tag, block.plain) for block in rendered] == [
        ("h2", "B"),
        ("h3", "C"),
        ("h2", "D"),
        ("h2", "A title"),
    ]
    plain = render_blocks("A title", "txt", [blocks[0] | {"end": 7, "level": None}], {}, "B title")
    assert [(block.tag, block.plain) for block in plain] == [("h2", "A title")]


def test_tables_lists_and_code_are_kept_without_styles() -> None:
    html = verbatim(
        "| a | b |\n| --- | --: |\n| *1* | 2 |\n\n```\n<x>\n```\n\n# not a heading\n\n- [ok](https://example.org 'title')"
    )
    assert '<th class="right">' in html
    assert "style" not in html
    assert "&lt;x&gt;" in html
    assert "<p>not a heading</p>" in html
    assert "title=" not in html
    assert 'rel="nofollow noopener noreferrer external"' in html
    Tags(html)


def test_verbatim_plain_text_keeps_its_lines() -> None:
    assert verbatim("a\n  <b>", "txt") == '<div class="verbatim" dir="auto">a\n  &lt;b&gt;</div>'


def test_a_sentence_with_marks_that_turn_text_around_is_isolated() -> None:
    opened = [
        part for part in paragraph("A \u202eb. C.", cuts=[5]).parts if isinstance(part, Place) and part.kind == "open"
    ]
    assert [place.isolated for place in opened] == [True, False]


def test_scripts_without_spaces_say_so() -> None:
    assert not paragraph("他说了一句话。她没有回答。", form="txt").spaced
    assert paragraph("He said so.", form="txt").spaced


def test_a_paragraph_with_every_kind_of_space_still_has_its_gaps() -> None:
    spaces = "\u2005\u2006\u2004\u2008\u2007\u205f\u2001\u2000\u2003\u2002\u200a\u2009\u1680\u3000"
    assert html_of(paragraph(f"*One*.{spaces} Two.", [6])).startswith("<i>*One*.^")


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("form", ["md", "txt"])
def test_hostile_text_becomes_text(hostile: str, form: str) -> None:
    html = html_of(paragraph(hostile, [len(hostile)], form))
    assert {tag for tag, _ in Tags(html.replace("^", "")).found} <= SAFE_TAGS | {"i"}
    assert {name for _, attributes in Tags(verbatim(hostile, form)).found for name in attributes} <= {
        "class",
        "dir",
        "href",
        "rel",
    }


words = st.text(st.sampled_from(list("ab.*_~`[]()<>!&\\\n 1#|é\u2005\u202e漢🙂")), max_size=60)


@given(words, st.lists(st.integers(0, 60), max_size=4), st.sampled_from(["md", "txt"]))
def test_any_paragraph_has_all_its_gaps_in_order_between_whole_stretches_of_html(
    text: str, gaps: list[int], form: str
) -> None:
    offsets = sorted(min(gap, len(text)) for gap in gaps)
    block = paragraph(text, offsets, form, cuts=offsets[:1])
    assert [part.gap for part in block.parts if isinstance(part, Place) and part.kind == "gap"] == list(
        range(len(offsets))
    )
    stretches = [part for part in block.parts if isinstance(part, str)]
    assert {tag for tag, _ in Tags("".join(stretches)).found} <= SAFE_TAGS
    if form == "txt":
        assert block.plain == text
        assert plain_text("".join(stretches)) == text
    assert not re.search(r"<(?!/?(?:em|strong|s|span|code|br|a)[ >])", "".join(stretches))
