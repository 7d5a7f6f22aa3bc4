"""Spans written as Markdown and read again."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.test_markdown import NASTY
from verbosify.essay.markdown_tree import markdown_tree, spans_of
from verbosify.essay.markdown_writing import markdown_lines
from verbosify.essay.spans import Span


def span(text: str, marks: str = "", link: str = "", note: int = 0) -> Span:
    return Span(text, frozenset(marks.split()), link, note)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([span("One "), span("two", "bold"), span(" three "), span("four", "italic"), span(".")], ["One **two** three *four*."]),
        ([span("a", "bold italic"), span(" "), span("b", "strike")], ["***a*** ~~b~~"]),
        ([span("a "), span(" b ", "bold"), span(" c")], ["a **b** c"]),
        ([span("a"), span("“b”", "bold"), span("c")], ["a<b>“b”</b>c"]),
        ([span("a", "bold"), span("b", "italic")], ["**a**<i>b</i>"]),
        ([span("下。", "bold"), span("文")], ["<b>下。</b>文"]),
        ([span("10"), span("²", "raised"), span(" H"), span("2", "lowered"), span("O")], ["10<sup>2</sup> H<sub>2</sub>O"]),
        ([span("a `b`", "code"), span(" "), span("`", "code bold")], ["`` a `b` `` **`` ` ``**"]),
        ([span("words", "", "http://a.example"), span(" and "), span("http://a.example", "", "http://a.example")], [
            "[words](http://a.example) and <http://a.example>",
        ]),
        ([span("a"), span(" b ", "", "x y.md"), span("c")], ["a [b](x%20y.md) c"]),
        ([span("a ", "bold", "(b)"), span("c", "", "(b)")], ["[**a** c](<(b)>)"]),
        ([span("One."), span("", "", "", 2), span(" Two.")], ["One.[^2] Two."]),
        ([span("A [raft]", "picture", "image1.png"), span("", "picture")], ["![A \\[raft\\]](image1.png)"]),
        ([span("\n1. a\n\n# b\n - c\n")], ["1\\. a", "\\# b", "\\- c"]),
        ([span("a - b"), span(" - c", "bold"), span("- d")], ["a - b **- c**- d"]),
        ([span(" \n ")], []),
    ],
)  # fmt: skip
def test_spans_are_written_as_markdown(spans: list[Span], expected: list[str]) -> None:
    assert markdown_lines(spans) == expected


def test_in_a_table_no_bar_ends_a_cell() -> None:
    spans = [span("a|b "), span("c|d", "code"), span("e", "", "f|g")]

    table = f"| {markdown_lines(spans, cell=True)[0]} | x |\n|---|---|\n"

    (row,) = markdown_tree(table).blocks[0].children[0].children
    assert [each.text for each in spans_of(row.children[0])] == ["a|b ", "c|d", "e"]


CHARACTERS = "ab cd  *_~`[](){}<>#+-.!|\\&;:/=^$@%“”é文。\u00a0\n"
marked = st.builds(
    lambda text, marks, link: Span(text, frozenset(marks), link),
    st.text(CHARACTERS, max_size=6) | st.sampled_from(NASTY),
    st.sets(st.sampled_from(("bold", "italic", "strike", "code", "raised", "lowered")), max_size=3),
    st.sampled_from(("", "", "", "http://a.example/b?c=d&e", "x(y).md", "#there")),
)


def seen(spans: list[Span]) -> list[tuple[str, frozenset[str], str]]:
    """Each character that can be seen, and how it is set."""
    return [
        (character, each.marks - {"soft"}, "" if each.link.startswith("#") else each.link)
        for each in spans
        for character in each.text
        if not character.isspace()
    ]


@example([Span(":::", frozenset(), "")])
@example([Span("::: note", frozenset(), "")])
@example([Span("import boats from 'harbour'", frozenset(), "")])
@example([Span("export default boats", frozenset(), "")])
@example([Span("#boats #harbour", frozenset(), "")])
@example([Span("tags: #boats", frozenset(), "")])
@example([Span("mood:: grey", frozenset(), "")])
@example([Span("!!! note", frozenset(), "")])
@example([Span("???+ note", frozenset(), "")])
@example([Span("+---+---+", frozenset(), "")])
@example([Span("---- ----", frozenset(), "")])
@given(st.lists(marked, max_size=5))
def test_what_is_written_reads_as_it_was_set(spans: list[Span]) -> None:
    text = "\\\n".join(markdown_lines(spans))

    blocks = markdown_tree(text).blocks

    assert [block.type for block in blocks] == ["paragraph"] * bool(text)
    read = [each for block in blocks for each in spans_of(block)]
    assert seen(read) == seen(spans)
