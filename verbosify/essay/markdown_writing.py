"""Spans as Markdown that reads as they do, whatever is in them. Knows no file format and no blocks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from verbosify.essay.markdown import escape_characters
from verbosify.essay.spans import SUPERSCRIPTS, Span

_SPACE = re.compile(r"[ \t\r\n\f\v]+")
_DELIMITERS = (("strike", "~~", "s"), ("bold", "**", "b"), ("italic", "*", "i"))  # the outermost first
_TAGS = {"raised": "sup", "lowered": "sub"}
_DIGITS = {superscript: digit for digit, superscript in SUPERSCRIPTS.items()}
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*")


def markdown_lines(spans: Iterable[Span], *, cell: bool = False) -> list[str]:
    """The lines of a paragraph, of which none is blank, each inert but for what its spans say.

    Args:
        spans: its characters, where a newline breaks a line.
        cell: it stands in a table, where a `|` would end it, in code too.
    """
    lines = (_line(_merged(line), cell=cell).strip() for line in _split(spans))
    return [line for line in lines if line]


def note_mark(number: int) -> str:
    """The mark of a note, in the text and before the note."""
    return f"[^{number}]"


def _split(spans: Iterable[Span]) -> Iterator[list[Span]]:
    line: list[Span] = []
    for span in spans:
        first, *others = span.text.split("\n")
        line.append(Span(first, span.marks, span.link, span.note))
        for other in others:
            yield line
            line = [Span(other, span.marks, span.link)]
    yield line


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The same characters in as few spans, with single spaces and none at the line's start."""
    merged: list[Span] = []
    blank = True  # so far, or before what comes
    filled = (span for span in spans if span.text or span.note)
    for (marks, link, note), alike in groupby(filled, key=lambda span: (span.marks, span.link, span.note)):
        text = _SPACE.sub(" ", "".join(span.text for span in alike))
        text = text.lstrip() if not merged else text.lstrip(" ") if blank else text
        if text or note:
            blank = text.endswith(" ")
            merged.append(Span(text, marks, link, note))
    return merged


def _line(spans: Sequence[Span], *, cell: bool) -> str:
    written = ""
    position = 0
    for link, group in groupby(spans, key=lambda span: "" if "picture" in span.marks else span.link):
        linked = list(group)
        position += len(linked)
        words = "".join(span.text for span in linked)
        if not link or not words.strip():
            written = _pieces(linked, written, _first(spans[position:], link), cell=cell)
        elif words == link and _ABSOLUTE.fullmatch(link) and not re.search(r"[|`\\]", link):
            written += f"<{link}>"
        else:
            lead, tail = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
            inner = _pieces(linked, "[", "]", cell=cell)[1:].strip()
            written = f"{_no_picture(written + lead)}[{inner}]({_destination(link)}){tail}"
    return written


def _pieces(spans: Sequence[Span], written: str, end: str, *, cell: bool) -> str:
    """`written` with spans after it, before which `end` is the next character."""
    for number, span in enumerate(spans):
        if span.note:
            written = _no_picture(written) + note_mark(span.note)
        elif "picture" in span.marks:
            written += f"![{escape_characters(span.text, starts_line=False)}]({_destination(span.link)})"
        elif not span.marks:
            written += escape_characters(span.text, starts_line=not written)
        else:
            core = span.text.strip()
            lead, tail = span.text[: len(span.text) - len(span.text.lstrip())], span.text[len(span.text.rstrip()) :]
            after = tail or _first(spans[number + 1 :], span.link) or end
            written += lead
            written += (_marked(core, span, written, after, cell=cell) if core else "") + (tail if core else "")
    return written


def _no_picture(written: str) -> str:
    """The same where a `[` follows, which would make a picture of a link."""
    return f"{written[:-1]}\\!" if written.endswith("!") else written


def _first(spans: Sequence[Span], link: str) -> str:
    """The first character that spans are written with after others of that link, as far as it matters to those."""
    if not spans:
        return ""
    first = spans[0].text[:1]
    return first if first.isspace() or not (spans[0].marks or spans[0].note or spans[0].link != link) else "*"


def _marked(core: str, span: Span, before: str, after: str, *, cell: bool) -> str:
    """Characters between the marks that set them: Markdown's, or HTML's where those would not be seen as such."""
    core = core.translate(_DIGITS) if "raised" in span.marks else core
    words = _code(core, cell=cell) if "code" in span.marks else escape_characters(core, starts_line=False)
    wrapping = [(mark, tag) for name, mark, tag in _DELIMITERS if name in span.marks]
    tags = [tag for name, tag in _TAGS.items() if name in span.marks]
    before = ">" if tags else before[-1:]
    edged = "code" in span.marks or len({mark[0] for mark, _ in wrapping}) > 1
    fits = before not in ("*", "~", "_") and all(
        not (edged or _is_mark(inner)) or not outer or outer.isspace() or _is_mark(outer)
        for inner, outer in ((core[0], before), (core[-1], "<" if tags else after[:1]))
    )
    for mark, tag in reversed(wrapping):
        words = f"{mark}{words}{mark}" if fits else f"<{tag}>{words}</{tag}>"
    for tag in tags:
        words = f"<{tag}>{words}</{tag}>"
    return words


def _is_mark(character: str) -> bool:
    """Whether CommonMark counts a character as punctuation; symbols are, since its version 0.31."""
    return unicodedata.category(character)[0] in "PS"


def _code(words: str, *, cell: bool) -> str:
    if "]:" in words:  # which would define a link, at a line's start, whatever is around it
        return f"<code>{escape_characters(words, starts_line=False)}</code>"
    ticks = "`" * (max(map(len, re.findall("`+", words)), default=0) + 1)
    pad = " " if words[0] == "`" or words[-1] == "`" else ""
    return f"{ticks}{pad}{words.replace('|', chr(92) + '|') if cell else words}{pad}{ticks}"


def _destination(link: str) -> str:
    """An address as it stands in a link, its characters encoded that would end it, or a code span before it."""
    safe = re.sub(r"[\s<>|`\\\x00-\x1f]", lambda match: f"%{ord(match[0]):02X}" if match[0].isascii() else "%20", link)
    safe = re.sub(r"&(?=#?\w+;)", "&amp;", safe)
    return f"<{safe}>" if "(" in safe or ")" in safe else safe
