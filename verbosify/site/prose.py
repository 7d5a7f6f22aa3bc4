"""The essay's blocks as safe HTML, with a place for each gap. Knows Markdown's inline marks, and no model.

An essay is untrusted: raw HTML in it is shown as text, only https links are followed, images are told by their
descriptions, and every character is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Literal

from verbosify.essay.language import is_unspaced
from verbosify.essay.markdown import markdown_parser, without_machine_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Values = Mapping[str, Any]
BlockKind = Literal["paragraph", "heading", "verbatim"]

# White space that Markdown takes for such, and that hardly any text holds: it marks a place in a paragraph's source
# without changing what the marks beside it mean.
_SPACES = "\u2005\u2006\u2004\u2008\u2007\u205f\u2001\u2000\u2003\u2002\u200a\u2009\u1680\u3000"
_CITATION = re.compile(r"\[\d+[a-z]?(?:\s?[,;–—-]\s?\d+[a-z]?)*\]")
_BIDI_MARK = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TAGS = {"em": "em", "strong": "strong", "s": "s"}
_DEEPEST_HEADING = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where something begins or ends in a paragraph.

    Attributes:
        kind: a sentence's beginning or end, or a gap.
        gap: of a gap, the passage's index.
        isolated: of a sentence's beginning, that its text holds marks that could turn the text after it around.
    """

    kind: Literal["open", "close", "gap"]
    gap: int = -1
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class ProseBlock:
    """One block: HTML between places, in order, and what it says as plain text.

    Attributes:
        tag: the element to put it in; verbatim blocks bring their own elements, and have none.
        parts: of a verbatim block one, its HTML.
        plain: what it says; of a verbatim block its source.
        spaced: whether its script sets a space between sentences.
    """

    kind: BlockKind
    tag: str
    parts: Sequence[str | Place]
    plain: str
    spaced: bool = True


def render_blocks(
    text: str, form: str, blocks: Sequence[Values], gaps: Mapping[int, list[tuple[int, int]]], title: str
) -> list[ProseBlock]:
    """All blocks of an essay.

    Args:
        text: the essay's.
        form: `md`, or anything else for plain text.
        blocks: as piece.json has them.
        gaps: by block number, (offset in the text, passage index) pairs in order.
        title: the piece's, which is not said again by the essay's first heading.
    """
    references = _references(text) if form == "md" else {}
    found: list[ProseBlock] = []
    level = 1
    for number, block in enumerate(blocks):
        source = text[block["start"] : block["end"]]
        match block["kind"]:
            case "paragraph":
                places = list(_places(block, gaps.get(number, [])))
                found.append(_paragraph(source, form, places, references))
            case "heading":
                rendered = _paragraph(_heading_source(source) if form == "md" else source, form, [], references)
                if not found and " ".join(rendered.plain.split()) == " ".join(title.split()):
                    continue
                wanted = block.get("level")
                level = max(2, min(wanted if isinstance(wanted, int) else 2, level + 1, _DEEPEST_HEADING))
                found.append(ProseBlock("heading", f"h{level}", rendered.parts, rendered.plain))
            case _:
                said = without_machine_lines(source) if form == "md" else source
                html = _verbatim(said, form, references)
                if plain_text(html).strip() or "<hr" in html:
                    found.append(ProseBlock("verbatim", "", [html], said.strip("\r\n")))
    return found


def _places(block: Values, gaps: Iterable[tuple[int, int]]) -> Iterator[tuple[int, Place]]:
    """The places of a paragraph by their offset in its source, in order, sentences nested in nothing."""
    start = block["start"]
    marks = [(offset - start, 1, Place("gap", index)) for offset, index in gaps]
    last = start
    for sentence in block["sentences"]:
        if last <= sentence["start"] < sentence["end"] <= block["end"]:
            turning = _BIDI_MARK.search(sentence["text"]) is not None
            marks.append((sentence["start"] - start, 2, Place("open", isolated=turning)))
            marks.append((sentence["end"] - start, 0, Place("close")))
            last = sentence["end"]
    for offset, _, place in sorted(marks, key=lambda mark: mark[:2]):
        yield offset, place


def _paragraph(source: str, form: str, places: Sequence[tuple[int, Place]], references: dict[str, Any]) -> ProseBlock:
    space = next((character for character in _SPACES if character not in source), None)
    if form == "md" and space is not None:
        marked = _marked(source, places, space)
        tokens = _parser().parseInline(marked, {"references": references})[0].children or []
        parts = _inline_parts(tokens, space, places)
        if parts is not None:
            return _block(parts)
    pieces: list[str | Place] = []
    position = 0
    for offset, place in places:
        pieces += [_text(source[position:offset]), place]
        position = offset
    return _block([*pieces, _text(source[position:])])


def _block(parts: Sequence[str | Place]) -> ProseBlock:
    plain = plain_text("".join(part for part in parts if isinstance(part, str)))
    return ProseBlock("paragraph", "p", [part for part in parts if part != ""], plain, not is_unspaced(plain))


def plain_text(html: str) -> str:
    """What a stretch of HTML made here says."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def _marked(source: str, places: Sequence[tuple[int, Place]], space: str) -> str:
    pieces = []
    position = 0
    for offset, _ in places:
        pieces += [source[position:offset], space]
        position = offset
    return "".join([*pieces, source[position:]])


def _inline_parts(tokens: Sequence[Token], space: str, places: Sequence[tuple[int, Place]]) -> list[str | Place] | None:
    """HTML and places; None if a place was lost inside something that has no inside, such as a link's address.

    Elements are closed before a place and opened again after it, so that each stretch of HTML is whole.
    """
    parts: list[str | Place] = []
    wanted: list[tuple[str, str]] = []  # (tag, its opening) as the text has them
    opened: list[tuple[str, str]] = []  # as the HTML so far has them
    left = iter(place for _, place in places)

    def close_down_to(count: int) -> None:
        while len(opened) > count:
            parts.append(f"</{opened.pop()[0]}>")

    def say(text: str, tag: str = "") -> None:
        for number, stretch in enumerate(text.split(space)):
            if number:
                close_down_to(0)
                parts.append(next(left, Place("gap")))
            if stretch.isspace() and not tag:
                parts.append(stretch)
            elif stretch:
                shared = sum(1 for one, other in zip(opened, wanted, strict=False) if one is other)
                close_down_to(shared)
                for element in wanted[shared:]:
                    opened.append(element)
                    parts.append(element[1])
                parts.append(f"<{tag}>{escape(stretch)}</{tag}>" if tag else _text(stretch))

    for token in tokens:
        if token.type in ("text", "text_special", "html_inline"):
            say(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            close_down_to(len(wanted))
            parts.append("\n" if token.type == "softbreak" else "<br>")
        elif token.type == "code_inline":
            say(token.content, "code")
        elif token.type == "image":
            say(token.content)
        elif token.nesting == 1:
            wanted.append(_opening(token))
        elif token.nesting == -1 and wanted:
            wanted.pop()
            close_down_to(min(len(opened), len(wanted)))
    close_down_to(0)
    count = sum(isinstance(part, Place) for part in parts)
    return parts if count == len(places) and next(left, None) is None else None


def _opening(token: Token) -> tuple[str, str]:
    if token.type == "link_open" and (address := safe_address(str(token.attrGet("href") or ""))):
        return "a", f'<a href="{escape(address)}" rel="nofollow noopener noreferrer external">'
    tag = _TAGS.get(token.tag, "span")
    return tag, f"<{tag}>"


def safe_address(address: str) -> str | None:
    """The address if a link may lead there: https only."""
    return address if address.lower().startswith("https://") else None


def _text(text: str) -> str:
    """Escaped text, with citation marks such as [1] in an element of their own, to be set smaller."""
    pieces = []
    position = 0
    for match in _CITATION.finditer(text):
        pieces += [escape(text[position : match.start()]), f'<span class="cite">{escape(match[0])}</span>']
        position = match.end()
    return "".join([*pieces, escape(text[position:])])


def _heading_source(source: str) -> str:
    tokens = _parser().parse(source)
    return next((token.content for token in tokens if token.type == "inline"), source)


def _references(text: str) -> dict[str, Any]:
    environment: dict[str, Any] = {}
    _block_parser().parse(text, environment)
    references: dict[str, Any] = environment.get("references", {})
    return references


def _verbatim(source: str, form: str, references: dict[str, Any]) -> str:
    if form != "md":
        return f'<div class="verbatim" dir="auto">{_text(source)}</div>'
    parser = _parser()
    environment: dict[str, Any] = {"references": references}
    html: str = parser.renderer.render(_tamed(parser.parse(source, environment)), parser.options, environment)
    return html


def _tamed(tokens: Sequence[Token]) -> list[Token]:
    """Block tokens without what a page must not hold: styles, headings out of order, unsafe links, images."""
    from markdown_it.token import Token

    tame: list[Token] = []
    for token in tokens:
        align = re.search(r"text-align:(\w+)", str(token.attrs.pop("style", "")))
        if align:
            token.attrSet("class", align[1])
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"
        if token.type == "table_open":
            wide = '<div class="wide" tabindex="0" role="group" aria-label="Table">'
            tame.append(Token("html_block", "", 0, content=wide))
        if token.children:
            token.children = list(_tamed_inline(token.children))
        tame.append(token)
        if token.type == "table_close":
            tame.append(Token("html_block", "", 0, content="</div>"))
    return tame


def _tamed_inline(tokens: Iterable[Token]) -> Iterator[Token]:
    safe: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            safe.append(safe_address(str(token.attrGet("href") or "")) is not None)
            if not safe[-1]:
                continue
            token.attrSet("rel", "nofollow noopener noreferrer external")
            token.attrs.pop("title", None)
        elif token.type == "link_close":
            if not safe.pop():
                continue
        elif token.type == "image":
            token.type, token.tag, token.children, token.attrs = "text", "", None, {}
        yield token


@cache
def _block_parser() -> MarkdownIt:
    return _without_html(markdown_parser()).disable("inline")


@cache
def _parser() -> MarkdownIt:
    return _without_html(markdown_parser())


def _without_html(parser: MarkdownIt) -> MarkdownIt:
    parser.options["html"] = False
    return parser
