"""Every word of an essay is in it whatever format it is written in."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from hypothesis import given, settings
from hypothesis import strategies as st

from verbosify.essay.docx_building import build_docx
from verbosify.essay.plain_writing import plain_text_of_markdown

INLINE = (
    "{}", "*{}*", "**{} {}**", "~~{}~~", "`{}`", "[{}](http://a.example)", "![{}](b.png)", "<b>{}</b>", "<span class=x>{}</span>",
    "{}.[^1]", "{}^[{} {}]", "{}<br>{}", "[{}][ref]", "[^{}]", "\\*{}\\*", "&amp;{}", "<i>{}", "<object>{}", "[*{}* `{}`](<c d>)",
)  # fmt: skip
BLOCKS = (
    "{}", "# {}", "{}\n===", "- {}\n- {}\n  1. {}\n\n     {}", "> {}\n>> {}\n\n> {}", "```\n{}\n```", "    {}", "| {} | {} |\n|---|---|\n| {} | {} |",
    "<p>{}</p>", "<div>\n{}\n\n{}\n</div>", "<ul><li>{}<li>{}</ul>", "<table><tr><td>{}</td></tr></table>", "<svg>{}", "[^{}]: {}\n\n    {}",
    "[{}]: http://b.example '{}'", "{}\n<!-- hidden\n\n-->\n{}", "{}  \n{}\\\n{}", "{}\n***\n{}",
)  # fmt: skip


def filled(pattern: str, words: Callable[[], str]) -> str:
    return re.sub(r"\{\}", lambda _: words(), pattern)


@st.composite
def markdown(draw: Any) -> str:
    """Markdown in which every word of the prose is another."""
    count = iter(range(10_000))

    def inline() -> str:
        return " ".join(
            filled(draw(st.sampled_from(INLINE)), lambda: f"word{next(count)}x") for _ in range(draw(st.integers(1, 2)))
        )

    blocks = [filled(draw(st.sampled_from(BLOCKS)), inline) for _ in range(draw(st.integers(1, 5)))]
    ends = "[^1]: A note of word9998x.\n\n[ref]: http://c.example\n"
    return draw(st.sampled_from(("", "---\nhidden: true\n---\n"))) + "\n\n".join([*blocks, ends])


def words(text: str) -> set[str]:
    return set(re.findall(r"word\d+x", text))


def docx_text(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [
            parse_xml(archive.read(name))
            for name in archive.namelist()
            if re.search(r"/(document|footnotes)\.xml", name)
        ]
    return " ".join(
        "".join(text.text or "" for text in p.iter(qn("w:t"))) for part in parts for p in part.iter(qn("w:p"))
    )


@given(markdown())
@settings(max_examples=50, deadline=None)
def test_no_word_of_markdown_is_lost_in_plain_text(source: str) -> None:
    assert words(plain_text_of_markdown(source)) >= words(source)
    assert "hidden" not in plain_text_of_markdown(source)


@given(markdown())
@settings(max_examples=10, deadline=None)
def test_no_word_of_markdown_is_lost_in_word(source: str) -> None:
    text = docx_text(build_docx(source, ("\ue000", "\ue001"), "A title"))

    assert words(text) >= words(source)
    assert "hidden" not in text
