"""The words of HTML, paragraph by paragraph. Knows no Markdown; what a browser would not show is left out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from verbosify.essay.spans import Span

TAG_MARKS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "cite": "italic", "s": "strike", "del": "strike",
    "strike": "strike", "sup": "raised", "sub": "lowered", "code": "code", "kbd": "code", "samp": "code", "tt": "code",
}  # fmt: skip
"""How characters in a tag are set."""
CODE_TAGS = frozenset(("script", "style"))
HIDDEN_TAGS = CODE_TAGS | {"template", "head", "title", "iframe", "object", "svg"}
"""Tags whose content is not to be read."""

_INLINE = frozenset(
    (*TAG_MARKS, "a", "abbr", "acronym", "bdi", "bdo", "big", "data", "dfn", "font", "ins", "label", "mark", "q", "rb",
     "rp", "rt", "ruby", "small", "span", "time", "u", "var", "wbr", "img")
)  # fmt: skip
_CELLS = frozenset(("td", "th"))
_NOT_SHOWN = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<![^>]*(?:>|\Z)", re.DOTALL)
_SPACE = re.compile(r"[ \t\n\r\f]+")


def html_paragraphs(source: str) -> list[list[Span]]:
    """The paragraphs of a piece of HTML: items of lists after a hyphen, the cells of a row in one, pictures by name."""
    parser = _Words()
    parser.feed(_NOT_SHOWN.sub("", source))
    parser.close()
    return parser.paragraphs


class _Words(HTMLParser):
    """Collects spans while the library's parser tells of tags and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[list[Span]] = []
        self._spans: list[Span] = []
        self._marks: list[str] = []
        self._link = ""
        self._hidden: list[str] = []
        self._hidden_start = 0
        self._kept_spaces = 0
        self._lead = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in HIDDEN_TAGS:
            self._hidden_start = self._hidden_start if self._hidden else len(self._spans)
            self._hidden.append(tag)
        elif self._hidden:
            return
        elif tag == "br":
            self._add("\n")
        elif tag == "img":
            if alternative := _SPACE.sub(" ", given.get("alt") or "").strip():
                self._add(f"[{alternative}]")
        elif tag == "a":
            address = given.get("href") or ""
            self._link = "" if address.startswith(("#", "javascript:")) else address
        elif tag in _CELLS:
            self._lead = " | " if self._spans else ""
        elif tag in TAG_MARKS:
            self._marks.append(TAG_MARKS[tag])
        elif tag not in _INLINE:
            self.end_paragraph()
            self._lead = "- " if tag == "li" else ""
            self._kept_spaces += tag == "pre"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in HIDDEN_TAGS:  # such a tag is not closed by its own slash, but it would hide all that follows
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.pop()
                del self._spans[self._hidden_start if not self._hidden else len(self._spans) :]
        elif tag == "a":
            self._link = ""
        elif tag in TAG_MARKS:
            if TAG_MARKS[tag] in self._marks:
                self._marks.remove(TAG_MARKS[tag])
        elif tag not in _INLINE and tag not in _CELLS:
            self.end_paragraph()
            self._kept_spaces -= tag == "pre" and self._kept_spaces > 0

    def handle_data(self, data: str) -> None:
        self._add(data if self._kept_spaces else _SPACE.sub(" ", data))

    def close(self) -> None:
        """No HTML follows: what a tag would hide that is not closed is text, unless it is code."""
        super().close()
        if self._hidden and self._hidden[0] in CODE_TAGS:
            del self._spans[self._hidden_start :]
        self.end_paragraph()

    def end_paragraph(self) -> None:
        """What was collected is a paragraph, if there are words in it."""
        spans, self._spans, self._lead = self._spans, [], ""
        while spans and not spans[-1].text.strip():
            spans.pop()
        if spans:
            last = spans[-1]
            spans[-1] = Span(last.text.rstrip(), last.marks, last.link)
            self.paragraphs.append(spans)

    def _add(self, text: str) -> None:
        if self._lead and text.strip():
            self._spans.append(Span(self._lead))
            self._lead = ""
        before = self._spans[-1].text if self._spans else "\n"
        if self._kept_spaces and not self._spans:
            text = text.lstrip("\n")
        elif text != "\n" and before[-1].isspace():
            text = text.lstrip(" ")
        if text and (self._spans or text.strip()):
            self._spans.append(Span(text, frozenset(self._marks), self._link))
