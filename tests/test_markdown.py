"""Markdown: blocks, inline markup with its offsets, escaping."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from verbosify.essay.markdown import (
    escape_markdown,
    heading_source,
    link_references,
    markdown_blocks,
    markdown_inline,
)

EVERYTHING = """---
title: Rovers
tags: [a, b]
---
# Heading

Prose that
wraps.
- item

  with a second paragraph
1. first

> quoted prose

    code

```
fence
```
| a | b |
|---|---|
| 1 | 2 |

---
<div>
html
</div>

![only an image](x.png)

[![badge](x.svg)](http://example.org)

$$ e = mc^2 $$

[^1]: A footnote.

[^2]: https://example.org/footnote

[link]: https://example.org "title"
More prose with a [link].

Setext heading
--------------
"""


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_only_top_level_paragraphs_are_prose(line_break: str) -> None:
    text = EVERYTHING.replace("\n", line_break)

    blocks = markdown_blocks(text)

    prose = [text[block.start : block.end] for block in blocks if block.kind == "paragraph"]
    headings = [(block.level, text[block.start : block.end]) for block in blocks if block.kind == "heading"]
    assert prose == [f"Prose that{line_break}wraps.", "More prose with a [link]."]
    assert headings == [(1, "# Heading"), (2, f"Setext heading{line_break}--------------")]


def test_front_matter_needs_a_key_and_an_end() -> None:
    assert [block.kind for block in markdown_blocks("---\na: b\n---")] == ["verbatim"]
    assert [block.kind for block in markdown_blocks("+++\na = 1\n+++\nText.")] == ["verbatim", "paragraph"]
    assert "paragraph" in [block.kind for block in markdown_blocks("---\nText first.\n\nMore.\n\n---\n")]
    assert "paragraph" in [block.kind for block in markdown_blocks("---\nkey: never closed\n\nText.")]


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("*a* **b** ***c*** _d_ __e__ ~~f~~", "a b c d e f"),
        ("**a****b** **c*** *d **e***", "a****b c* d e"),
        ("2 * 3 * 4, snake_case, a**", "2 * 3 * 4, snake_case, a**"),
        ("`code *x*` and ``a`b``", "code *x* and a`b"),
        ("[words](http://example.org 'title') [*more* words](<a b>)", "words more words"),
        ("[known][ref] [ref] [ref][] [unknown]", "known ref ref [unknown]"),
        ("a claim.[1](#note-1) [12](x) [^2](y)", "a claim.[1] [12] [^2]"),
        ("an ![image *of*](x.png) here", "an  here"),
        ("<b>bold</b> <!-- hidden --> a<br>b", "bold  a\nb"),
        ("claim.<sup>12</sup> x<sup>n</sup>", "claim.¹² xn"),
        ("<https://example.org/a> <me@example.org>", "https://example.org/a me@example.org"),
        (r"\*not emphasis\* \q &amp; &copy; &nope;", r"*not emphasis* \q & © &nope;"),
        ("hard  \nbreak\\\nagain", "hard  \nbreak\nagain"),
        ("~~~~~", "~~~~~"),
        ("~~a~~~", "a~"),
    ],
)
def test_inline_markup_is_reduced_to_its_words(source: str, plain: str) -> None:
    assert markdown_inline(source, {"references": {"REF": {"href": "x", "title": ""}}}).plain == plain


@given(st.text(alphabet="ab .*_~`[]()<>!\\&;\n\r1é終", max_size=60))
def test_pieces_hold_the_whole_source_in_order(source: str) -> None:
    inline = markdown_inline(source)

    position = 0
    for piece in inline.pieces:
        assert piece.start == position < piece.end
        position = piece.end
    assert position == len(source)
    assert [piece.text for piece in inline.between(0, len(source))] == [piece.text for piece in inline.pieces]


@given(st.text(alphabet="ab .*_~`[]()<>!\\&;\n1é終", min_size=1, max_size=60))
def test_the_words_are_those_that_markdown_it_renders(source: str) -> None:
    assume("[[" not in source)  # links between notes are no CommonMark
    parser = MarkdownIt("commonmark").enable("strikethrough")
    tokens = parser.parseInline(source)[0].children or []

    shown = {"text", "code_inline", "text_special"}
    rendered = "".join(token.content if token.type in shown else "\n" if token.tag == "br" else "" for token in tokens)

    assert "".join(markdown_inline(source).plain.split()) == "".join(rendered.split())


def test_link_definitions_are_found_and_footnotes_are_none_of_them() -> None:
    assert set(link_references(EVERYTHING, markdown_blocks(EVERYTHING))["references"]) == {"LINK"}


@pytest.mark.parametrize(
    ("source", "words"),
    [("## A ##", "A"), ("# A#", "A#"), ("#", ""), ("# #", ""), ("A\nb\n===", "A\nb"), ("A\r\n---  ", "A")],
)
def test_a_heading_loses_the_marks_that_make_it_one(source: str, words: str) -> None:
    assert heading_source(source) == words


@pytest.mark.parametrize(
    "heap", ["[" * 300, "![" * 300, "[" * 300 + "a" + "]" * 300 + "(b)", "[" + "a " * 6000 + "](b)"]
)
def test_heaps_of_brackets_are_text(heap: str) -> None:
    assert markdown_inline(f"One {heap}").plain.startswith(f"One {heap[:2]}")
    assert markdown_inline(f"{heap} [two](three)").plain.endswith(" two")


def test_a_paragraph_of_marks_is_no_prose() -> None:
    prose = "A [link](b) and *two* words, [another](c) with `code`, then <b>bold</b>. " * 20
    kinds = [block.kind for block in markdown_blocks("[a][" * 100 + f"\n\n{prose}\n\n" + "a*" * 200)]

    assert kinds == ["verbatim", "paragraph", "verbatim"]


NASTY = [
    "*a* _b_ **c** ~~d~~ `e`",
    "[x](javascript:alert(1)) ![y](z) [^1] <script>alert(1)</script> <b>",
    "# heading",
    "- item",
    "+ item",
    "12. item",
    "3) item",
    "> quote",
    "---",
    "===",
    "| a | b |",
    "&lt;b&gt; &#42;",
    "\\*a\\*",
    "https://example.org www.example.org me@example.org",
    "```",
    "~~~",
    ": definition",
    "{{ template }} {% raw %} $x$ a^2^ ==mark==",
    "line one\n\n# line two",
    "    indented",
]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("lead", ["", "Some *prose*. "])
def test_escaped_text_is_inert(text: str, lead: str) -> None:
    html = (
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(lead + escape_markdown(text))
    )

    start = "<p>" + lead.replace("*prose*", "<em>prose</em>")
    shown = (
        " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
    assert html == f"{start}{shown}</p>\n"


@given(st.text(min_size=1))
def test_any_escaped_text_reads_as_itself(text: str) -> None:
    escaped = escape_markdown(text)

    assert markdown_inline(escaped).plain == " ".join(text.split())
    assert [block.kind for block in markdown_blocks(escaped)] in ([], ["paragraph"]) or not any(map(str.isalnum, text))


def test_extensions_find_nothing_to_link_in_escaped_text() -> None:
    assert escape_markdown("https://a.example www.b.example c@d.example") == (
        r"https\://a.example www\.b.example c\@d.example"
    )


def test_two_tags_for_a_line_break_end_a_paragraph() -> None:
    def paragraphs(text: str) -> list[str]:
        return [text[block.start : block.end] for block in markdown_blocks(text) if block.kind == "paragraph"]

    assert paragraphs("We row.<br><br />\n<BR>It rains.<br>\n") == ["We row.", "It rains.<br>"]
    assert paragraphs("We `row<br><br>` it.") == ["We `row<br><br>` it."]
