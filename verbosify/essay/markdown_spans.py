"""The characters of a paragraph of Markdown and how they are set, from markdown-it-py's tokens. Knows no blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from verbosify.essay.html_words import CODE_TAGS, HIDDEN_TAGS, TAG_MARKS
from verbosify.essay.markdown import NUMBER_LABEL
from verbosify.essay.spans import PLAIN, Marks, Span

if TYPE_CHECKING:
    from markdown_it.token import Token

_TOKEN_MARKS = {"em": "italic", "strong": "bold", "s": "strike"}
_TAG = re.compile(r"<(?P<closes>/?)(?P<name>[a-z][\w-]*)", re.IGNORECASE)
_ATTRIBUTE = r"""\s{}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
_ALTERNATIVE, _ADDRESS = (re.compile(_ATTRIBUTE.format(name), re.IGNORECASE) for name in ("alt", "href"))
_NO_ADDRESS = re.compile(r"#|javascript:|\Z", re.IGNORECASE)


def inline_spans(tokens: Sequence[Token], marks: Marks = PLAIN) -> list[Span]:
    """The characters of inline `tokens`, in order, all set as `marks` say and as they say themselves.

    Links keep their address, but for one within the text; words that are just a number get brackets. A picture
    leaves its description in brackets, a tag of HTML its looks; the mark of a note has no characters.
    """
    reader = _Reader(marks)
    for token in tokens:
        reader.read(token)
    reader.close()
    return [span for span in reader.spans if span.text or span.note]


class _Reader:
    """Where in the tokens one has got, and what has been read."""

    def __init__(self, marks: Marks) -> None:
        self.spans: list[Span] = []
        self._base = marks
        self._opened: list[str] = []  # a mark may be switched on twice
        self._link = ""
        self._link_start = 0
        self._hidden = ""
        self._hidden_start = 0

    def close(self) -> None:
        """No token follows: what a tag would hide that is not closed is text, unless it is code."""
        if self._hidden in CODE_TAGS:
            del self.spans[self._hidden_start :]

    def read(self, token: Token) -> None:
        if token.type == "html_inline":
            self._read_tag(token.content)
        elif token.type == "link_open":
            self._open_link(str(token.attrs.get("href", "")))
        elif token.type == "link_close":
            self._close_link()
        elif token.type == "image":
            self._add_picture("".join(span.text for span in inline_spans(token.children or ())))
        elif token.type == "footnote_ref":
            self._add_note(token)
        elif token.type == "softbreak":
            self._add("\n", "soft")
        elif token.type == "hardbreak":
            self._add("\n")
        elif token.type == "code_inline":
            self._add(token.content, "code")
        elif (mark := _TOKEN_MARKS.get(token.type.rpartition("_")[0])) is not None:
            self._switch(mark, on=token.nesting > 0)
        else:
            self._add(token.content)

    def _read_tag(self, source: str) -> None:
        tag = _TAG.match(source)
        name = tag["name"].lower() if tag else ""
        closes = tag is not None and bool(tag["closes"])
        if self._hidden:
            if closes and name == self._hidden:
                del self.spans[self._hidden_start :]
                self._hidden = ""
        elif name in HIDDEN_TAGS and not closes and not source.endswith("/>"):
            self._hidden, self._hidden_start = name, len(self.spans)
        elif name == "a" and closes:
            self._close_link()
        elif name == "a":
            self._open_link(_attribute(_ADDRESS, source))
        elif name in TAG_MARKS:
            self._switch(TAG_MARKS[name], on=not closes)
        elif name == "br":
            self._add("\n")
        elif name == "img":
            self._add_picture(_attribute(_ALTERNATIVE, source))

    def _switch(self, mark: str, *, on: bool) -> None:
        if on:
            self._opened.append(mark)
        elif mark in self._opened:
            self._opened.remove(mark)

    def _open_link(self, address: str) -> None:
        self._link = "" if _NO_ADDRESS.match(address) else address
        self._link_start = len(self.spans)

    def _close_link(self) -> None:
        words = "".join(span.text for span in self.spans[self._link_start :])
        if NUMBER_LABEL.fullmatch(words):
            self.spans.insert(self._link_start, Span("[", self._base.union(self._opened), self._link))
            self._add("]")
        elif not words:
            self._add(self._link)
        self._link = ""

    def _add_picture(self, description: str) -> None:
        if words := " ".join(description.split()):
            self._add(f"[{words}]")

    def _add_note(self, token: Token) -> None:
        if number := token.meta.get("number", 0):
            self.spans.append(Span("", self._base, self._link, number, again=token.meta["again"]))
        else:
            self._add(f"[{token.meta['text']}]")

    def _add(self, text: str, *marks: str) -> None:
        self.spans.append(Span(text, self._base.union(self._opened, marks), self._link))


def _attribute(pattern: re.Pattern[str], source: str) -> str:
    from html import unescape

    found = pattern.search(source)
    return unescape(next(filter(None, found.groups()), "")) if found else ""
